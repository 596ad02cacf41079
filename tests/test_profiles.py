"""Every shipped profile, and the board that each public description of a machine leads to."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import shutil
import typing
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.detection import detect, matches
from edge.errors import BadRecord, EdgeError, UnknownProfile
from edge.machine import Machine, keep_to_big_cores, read_machine
from edge.profile import (
    Profile,
    Provider,
    all_profiles,
    load_profile,
    profiles_dir,
    usable_variants,
)
from edge.records import dump_json, load_yaml, parse_json

ROOT = Path(__file__).parent.parent
BOARDS = Path(__file__).parent / "data/boards"

EXPECTED = {
    path.parent.name: re.findall(r"^expected: (\S+)$", path.read_text("utf-8"), re.MULTILINE)
    for path in sorted(BOARDS.glob("*/SOURCE.txt"))
}
"""The profile that each fixture says it is."""
NAMES = [profile.name for profile in all_profiles()]


@functools.cache
def shipped() -> tuple[Profile, ...]:
    return all_profiles()


def board(name: str) -> Machine:
    return read_machine(BOARDS / name, "x86_64" if name.startswith("pc-") else "aarch64")


def known() -> tuple[Profile, ...]:
    """Return the boards that were there when the closest ones were chosen by hand."""
    return tuple(map(load_profile, ("rk3588", "rpi-zero2w", "rpi3", "rpi4", "rpi5", "x86-64")))


def stranger(**changes: Any) -> Machine:
    """A NanoPi R5S: four A55 with a dot product (github.com/hrw/arm-socs-table issue 48)."""
    features = "fp asimd evtstrm aes pmull atomics fphp asimdhp cpuid lrcpc dcpop asimddp"
    machine = Machine(
        architecture="aarch64",
        compatible=("friendlyarm,nanopi-r5s", "rockchip,rk3568"),
        model="FriendlyElec NanoPi R5S",
        features=frozenset(features.split()),
        cores=4,
        big_cores=(0, 1, 2, 3),
        memory_mb=3800,
    )
    return dataclasses.replace(machine, **changes)


def test_every_file_is_a_profile_under_its_own_name() -> None:
    files = sorted(path.stem for path in profiles_dir().glob("*.yaml"))
    assert files == sorted([*NAMES, "example"])


def test_every_fixture_has_one_expected_profile_and_a_source() -> None:
    assert {path.name for path in BOARDS.iterdir()} == set(EXPECTED)
    for name, expected in EXPECTED.items():
        assert len(expected) == 1 and set(expected) <= set(NAMES), name
        assert "proc/cpuinfo:" in (BOARDS / name / "SOURCE.txt").read_text()
        assert "Serial" not in (BOARDS / name / "proc/cpuinfo").read_text()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_board_finds_its_profile_and_the_reasons_say_why(name: str) -> None:
    machine = board(name)
    detection = detect(machine, shipped())
    assert [detection.profile.name] == EXPECTED[name]
    claimed = [text for text in machine.compatible if text in detection.profile.board.compatible]
    assert not machine.compatible or claimed[0] in " ".join(detection.reasons)
    assert machine.cores >= detection.profile.runtime.threads
    assert len(machine.big_cores) >= detection.profile.board.big_cores
    assert detection.profile.budget.memory_mb < (machine.memory_mb or 0)


def test_this_machine_is_recognised() -> None:
    machine = read_machine()
    assert machine.memory_mb and machine.cores and machine.features
    if machine.architecture == "x86_64":
        assert detect(machine, shipped()).profile.name == "x86-64"


@pytest.mark.parametrize("profile", shipped(), ids=lambda profile: str(profile.name))
def test_a_shipped_profile_is_sound(profile: Profile) -> None:
    assert parse_json(dump_json(profile), Profile, "round trip") == profile
    assert all(source.strip() for source in profile.board.sources)
    stages = profile.runtime.providers
    for providers in (stages.encoder, stages.decoder):
        assert providers[-1].name == "CPUExecutionProvider"  # something speaks on every board
        for provider in providers:
            # Paths and shapes belong to the board and the graph: the session fills them in.
            assert not [key for key in provider.options if "path" in key or "shapes" in key]
    if {"asimd", "asimddp"}.intersection(profile.board.cpu_features) == {"asimd"}:
        slow = [plan for plan in profile.variants if not plan.needs]
        assert slow[0].encoder == slow[0].decoder == "fp32"
        assert "int8-dynamic" not in {recipe for p in slow for recipe in (p.encoder, p.decoder)}


@pytest.mark.parametrize("name", ["rpi-zero2w", "rpi3", "rpi4", "rpi5", "rk3588"])
def test_nothing_is_preferred_that_takes_more_instructions_than_fp32(name: str) -> None:
    """Against the counts of a board with the same cores."""
    same_cores = {"rpi-zero2w": "rpi3", "rk3588": "rpi5"}.get(name, name)
    kept = ROOT / "docs/measurements/2026-11-23-arm-instructions.json"
    rows = json.loads(kept.read_text(encoding="utf-8"))["voice"]
    counts = {row["variant"]: row["millions"] for row in rows if row["profile"] == same_cores}
    planned = [plan.name for plan in load_profile(name).variants]
    for preferred in planned[: planned.index("fp32")]:
        assert counts[preferred] <= counts["fp32"], f"{preferred} on {name}: {counts}"


@pytest.mark.parametrize(
    ("name", "recipe", "place"),
    [
        ("x86-64", "int8-fused", "first"),
        ("rpi5", "int8-fused", "first"),
        ("rk3588", "int8-fused", "first"),
        ("rpi3", "int8-fused-7bit", "after fp32"),
        ("rpi-zero2w", "int8-fused-7bit", "after fp32"),
        ("rpi4", "int8-fused", "nowhere"),
    ],
)
def test_our_operators_are_preferred_where_they_pay(name: str, recipe: str, place: str) -> None:
    """docs/design/kernels.md: measured on x86-64, counted on ARM; left out on A72 until timed."""
    decoders = [plan.decoder for plan in load_profile(name).variants]
    found = [i for i, decoder in enumerate(decoders) if decoder.startswith("int8-fused")]
    assert [decoders[i] for i in found] == ([] if place == "nowhere" else [recipe])
    if place == "first":
        assert found == [0]
    if place == "after fp32":
        assert decoders[0] == "fp32"


def test_no_two_profiles_claim_one_board() -> None:
    owner: dict[str, str] = {}
    for profile in shipped():
        for text in profile.board.compatible:
            assert text not in owner, f"{text} is in {owner.get(text)} and {profile.name}"
            owner[text] = profile.name
    generic = [p.board.architecture for p in shipped() if not p.board.compatible]
    assert generic == ["x86_64"]


def test_a_jetson_decodes_with_tensorrt_then_cuda_then_the_cpu() -> None:
    for name in ("jetson-orin-nano", "jetson-agx-orin", "jetson-thor"):
        stages = load_profile(name).runtime.providers
        assert [provider.name for provider in stages.decoder] == [
            "TensorrtExecutionProvider",
            "CUDAExecutionProvider",
            "CPUExecutionProvider",
        ]
        assert [provider.name for provider in stages.encoder] == ["CPUExecutionProvider"]
        assert stages.decoder[0].build_s > 0
        budget = load_profile(name).budget
        assert 0 < budget.gpu_memory_mb < budget.memory_mb


def test_a_cpu_without_vnni_is_given_all_that_others_are() -> None:
    profile = load_profile("x86-64")
    assert usable_variants(profile, board("pc-celeron-j4105")) == profile.variants


def test_the_big_cores_of_an_rk3588_are_the_last_four() -> None:
    assert board("radxa-rock-5b").big_cores == (4, 5, 6, 7)
    assert board("raspberry-pi-5b").big_cores == (0, 1, 2, 3)


def test_a_voice_is_loaded_by_a_thread_of_the_big_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[set[int]] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3, 4, 5})
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, cores: kept.append(cores))
    keep_to_big_cores(board("radxa-rock-5b"))
    keep_to_big_cores(board("raspberry-pi-5b"))  # has four, and this process may use six
    assert kept == [{4, 5}, {0, 1, 2, 3}]
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    keep_to_big_cores(board("radxa-rock-5b"))  # it may not use any: nothing is changed
    keep_to_big_cores(board("raspberry-pi-5b"))
    assert len(kept) == 2


def test_the_exact_board_wins_over_its_chip() -> None:
    zero = board("raspberry-pi-zero-2-w")
    assert matches(load_profile("rpi3"), zero).distance == 1
    assert matches(load_profile("rpi-zero2w"), zero).distance == 0
    industrial = dataclasses.replace(zero, compatible=("kunbus,revpi-connect", "brcm,bcm2837"))
    assert detect(industrial, shipped()).profile.name == "rpi3"


def test_of_two_profiles_for_one_string_the_more_demanding_wins() -> None:
    small = load_profile("rpi4")
    large = dataclasses.replace(
        small, name="rpi4-4gb", board=dataclasses.replace(small.board, memory_mb=4096)
    )
    assert detect(board("raspberry-pi-400"), (small, large)).profile is large
    assert detect(board("raspberry-pi-4b"), (small, large)).profile is small


@pytest.mark.parametrize(
    ("profile", "machine", "refusal"),
    [
        ("rpi5", "raspberry-pi-4b", "rpi5 is for raspberrypi,5-model-b"),
        ("rpi4", "pc-celeron-j4105", "rpi4 is for aarch64; this machine has x86_64"),
        ("x86-64", "raspberry-pi-5b", "x86-64 is for x86_64"),
        ("jetson-thor", "jetson-agx-orin-64gb", "nvidia,p3737-0000+p3701-0005"),
        ("jetson-agx-orin", "jetson-orin-nx-16gb", "jetson-agx-orin is for"),
    ],
)
def test_a_bundle_for_another_board_is_refused(profile: str, machine: str, refusal: str) -> None:
    match = matches(load_profile(profile), board(machine))
    assert match.refusal is not None and refusal in match.refusal
    assert match.reasons == ()


def test_missing_cpu_features_and_memory_are_refused_with_the_values() -> None:
    pi5 = board("raspberry-pi-5b")
    weak = dataclasses.replace(pi5, features=pi5.features - {"asimddp"})
    assert "without asimddp" in (matches(load_profile("rpi5"), weak).refusal or "")
    small = dataclasses.replace(pi5, memory_mb=500)
    refusal = matches(load_profile("rpi5"), small).refusal or ""
    assert "1024 MB" in refusal and "500 MB" in refusal
    with pytest.raises(UnknownProfile, match="rpi5 needs a board of 1024 MB"):
        detect(small, shipped())


def test_an_unknown_board_is_told_what_was_found_and_what_is_closest() -> None:
    with pytest.raises(UnknownProfile) as caught:
        detect(stranger(), known())
    message, remedy = caught.value.message, caught.value.remedy
    for part in ("friendlyarm,nanopi-r5s", "rockchip,rk3568", "asimddp", "3800 MB"):
        assert part in message
    assert "The closest profile is rpi5" in message
    assert "['friendlyarm,nanopi-r5s']" in remedy
    assert "edge build VOICE --profile" in remedy
    assert all(profile.name in remedy for profile in known())


def test_the_remedy_for_an_unknown_board_works(tmp_path: Path) -> None:
    text = (profiles_dir() / "rpi5.yaml").read_text()
    data = yaml.safe_load(text)
    data["name"], data["board"]["compatible"] = "my-board", ["friendlyarm,nanopi-r5s"]
    (tmp_path / "my-board.yaml").write_text(yaml.safe_dump(data))
    mine = load_profile(str(tmp_path / "my-board.yaml"))
    assert detect(stranger(), (*shipped(), mine)).profile.name == "my-board"


@pytest.mark.parametrize(
    ("changes", "closest"),
    [
        ({"features": frozenset({"fp", "asimd", "crc32"})}, "rpi3 rpi4"),
        ({"cores": 8, "memory_mb": 16000}, "rk3588"),
        ({"compatible": (), "model": ""}, "rpi5"),
    ],
)
def test_the_closest_profile_is_one_that_would_run(changes: Any, closest: str) -> None:
    with pytest.raises(UnknownProfile) as caught:
        detect(stranger(**changes), known())
    assert caught.value.message.split()[-1] in closest.split()


def test_a_machine_too_small_for_all_still_gets_a_plain_error() -> None:
    with pytest.raises(UnknownProfile) as caught:
        detect(stranger(memory_mb=64), shipped())
    assert "64 MB" in caught.value.message and "edge build VOICE" in caught.value.remedy


def test_a_32_bit_system_is_told_to_install_a_64_bit_one() -> None:
    machine = dataclasses.replace(board("raspberry-pi-4b"), architecture="armv8l")
    with pytest.raises(UnknownProfile) as caught:
        detect(machine, shipped())
    assert "armv8l" in caught.value.message and "64-bit" in caught.value.remedy


def test_a_machine_without_readable_files_is_unknown_not_a_crash(tmp_path: Path) -> None:
    machine = read_machine(tmp_path, "aarch64")
    assert machine == Machine("aarch64", (), "", frozenset(), 0, (), None)
    with pytest.raises(UnknownProfile, match="no device tree"):
        detect(machine, shipped())


def test_the_other_place_of_the_device_tree_is_read_too(tmp_path: Path) -> None:
    shutil.copytree(BOARDS / "raspberry-pi-4b", tmp_path, dirs_exist_ok=True)
    place = tmp_path / "sys/firmware/devicetree"
    place.mkdir(parents=True)
    (tmp_path / "proc/device-tree").rename(place / "base")
    assert read_machine(tmp_path, "aarch64") == board("raspberry-pi-4b")


@pytest.mark.parametrize("name", ["proc/cpuinfo", "proc/meminfo", "proc/device-tree/compatible"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\0\0\x1b[31m", b"MemTotal: " + b"9" * 9000 + b" kB\n", b"\0" * 5000],
    ids=["empty", "binary", "digits", "zeros"],
)
def test_a_damaged_system_file_does_not_crash(tmp_path: Path, name: str, content: bytes) -> None:
    shutil.copytree(BOARDS / "radxa-rock-5b", tmp_path, dirs_exist_ok=True)
    (tmp_path / name).write_bytes(content)
    (tmp_path / "sys/devices/system/cpu/cpu0/cpu_capacity").write_bytes(content)
    machine = read_machine(tmp_path, "aarch64")
    assert all(text.isprintable() for text in machine.compatible)
    try:
        assert detect(machine, shipped()).profile.name == "rk3588"
    except UnknownProfile as error:
        assert error.remedy


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("  threads: 3", "  threads: three"), "runtime.threads"),
        (("  threads: 3", "  threads: 0"), "threads must be between 1 and 64, got 0"),
        (("decoder: fp32", "decoder: fp31"), "variants[0]: decoder"),
        (("CPUExecutionProvider", "CpuExecutionProvider"), "encoder[0].name"),
        (("  memory_mb: 1024", "  memory: 1024"), "unknown key 'memory'"),
        (("name: weights-int8", "name: fp32"), "different names"),
        (("real_time_factor: 0.5", "real_time_factor: 1.5"), "real_time_factor"),
        (("architecture: aarch64", "architecture: armv7l"), "board.architecture"),
        (("  block_ms: 20", "  block_ms: [20"), "YAML"),
    ],
)
def test_a_wrong_profile_is_refused_at_its_place(
    tmp_path: Path, change: tuple[str, str], place: str
) -> None:
    text = (profiles_dir() / "rpi4.yaml").read_text()
    assert change[0] in text
    (tmp_path / "rpi4.yaml").write_text(text.replace(*change, 1))
    with pytest.raises(BadRecord) as caught:
        all_profiles(tmp_path)
    assert place in caught.value.message and "rpi4.yaml" in caught.value.message


def test_a_cut_or_binary_profile_is_an_edge_error(tmp_path: Path) -> None:
    whole = (profiles_dir() / "rpi4.yaml").read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"\xff\0\xfe", b"- 1\n", b"[" * 5000):
        (tmp_path / "rpi4.yaml").write_bytes(content)
        with pytest.raises(EdgeError):
            load_profile("rpi4", tmp_path)


def test_a_file_and_the_name_in_it_must_agree(tmp_path: Path) -> None:
    shutil.copy(profiles_dir() / "rpi4.yaml", tmp_path / "rpi6.yaml")
    with pytest.raises(UnknownProfile, match=r"rpi6\.yaml.*'rpi4'"):
        load_profile("rpi6", tmp_path)


@pytest.mark.parametrize("name", ["rpi9", "example", "../profiles/rpi4", ""])
def test_an_unknown_name_lists_those_that_exist(name: str) -> None:
    with pytest.raises(UnknownProfile) as caught:
        load_profile(name)
    assert all(known in caught.value.remedy for known in NAMES)


def test_a_build_of_days_is_refused() -> None:
    with pytest.raises(ValueError, match="build_s"):
        Provider("TensorrtExecutionProvider", build_s=100_000)


def test_the_example_loads_and_shows_every_key() -> None:
    example = profiles_dir() / "example.yaml"
    load_yaml(example, Profile)
    assert _missing(Profile, yaml.safe_load(example.read_text())) == []


def _missing(cls: Any, data: Any) -> list[str]:
    """Keys of the dataclass `cls`, at any depth, that stand nowhere in `data`."""
    items = data if isinstance(data, list) else [data]
    missing = []
    for name, hint in typing.get_type_hints(cls).items():
        found = [item[name] for item in items if name in item]
        if not found:
            missing.append(f"{cls.__name__}.{name}")
            continue
        for part in (hint, *typing.get_args(hint)):
            if dataclasses.is_dataclass(part):
                flat = [
                    x for value in found for x in (value if isinstance(value, list) else [value])
                ]
                missing += _missing(part, flat)
    return missing


def test_an_installed_package_uses_its_own_profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "edge" / "profiles"
    installed.mkdir(parents=True)
    monkeypatch.setattr("edge.profile.__file__", str(tmp_path / "edge" / "profile.py"))
    assert profiles_dir() == installed


def test_the_readme_names_every_command_and_the_example() -> None:
    readme = (profiles_dir() / "README.md").read_text()
    assert "example.yaml" in readme and "edge profiles --detect" in readme
    assert len(readme.splitlines()) <= 60  # a page
