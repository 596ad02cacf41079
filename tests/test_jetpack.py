"""Which JetPack a Jetson has, and what edge doctor tells its owner to type."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from edge.commands.doctor import checks
from edge.commands.doctor.checks import Finding
from edge.jetpack import (
    JetPack,
    Refused,
    onnxruntime_packages,
    pip_calls,
    read_jetpack,
    wheel_trouble,
)

BOARDS = Path(__file__).parent / "data/boards"


@pytest.mark.parametrize(
    ("board", "expected"),
    [
        ("jetson-orin-nano-super", JetPack(6, "6.2", "36.4.3")),
        ("jetson-orin-nano-8gb-jetpack5", JetPack(5, "5", "35.4.1")),
        ("jetson-agx-thor-devkit", JetPack(7, "7.0", "38.2.0")),
        ("raspberry-pi-5b", None),
    ],
)
def test_the_system_of_a_board_is_recognised(board: str, expected: JetPack | None) -> None:
    assert read_jetpack(BOARDS / board) == expected


@pytest.mark.parametrize(
    ("release", "major"),
    [("R32", 4), ("R35", 5), ("R36", 6), ("R38", 7), ("R39", 7), ("R99", None)],
)
def test_a_release_without_the_package_is_placed_by_its_number(
    tmp_path: Path, release: str, major: int | None
) -> None:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc/nv_tegra_release"
    file.write_text(f"# {release} (release), REVISION: 1.0, GCID: 1, BOARD: generic\n")
    found = read_jetpack(tmp_path)
    assert (found.major if found else None) == major
    file.write_text("# something else\n")
    assert read_jetpack(tmp_path) is None


@pytest.mark.parametrize(
    ("major", "python", "trouble", "remedy"),
    [
        (6, (3, 10), "", ""),
        (6, (3, 11), "is for python3.10, this is Python 3.11", "python3.10 -m venv"),
        (7, (3, 12), "has no onnxruntime for us", "build onnxruntime from its source"),
        (5, (3, 10), "has no onnxruntime for us", "flash JetPack 6"),
        (4, (3, 10), "has no onnxruntime for us", "not supported"),
        (9, (3, 10), "is not known", "install/jetson.md"),
    ],
)
def test_what_stands_between_a_jetpack_and_its_onnxruntime(
    major: int, python: tuple[int, int], trouble: str, remedy: str
) -> None:
    found = wheel_trouble(JetPack(major, str(major), "1.0"), python)
    assert trouble in found[0] and remedy in found[1] and bool(found[0]) == bool(trouble)


def seen(
    monkeypatch: pytest.MonkeyPatch, packages: list[str], jetpack: JetPack | None
) -> list[Finding]:
    monkeypatch.setattr(checks, "onnxruntime_packages", lambda: packages)
    monkeypatch.setattr(checks, "read_jetpack", lambda: jetpack)
    monkeypatch.setattr(checks, "wheel_trouble", lambda j: wheel_trouble(j, (3, 10)))
    found = [*checks.check_one_onnxruntime(), *checks.check_jetpack()]
    return [Finding("jetpack", *result) for result in found]


def test_doctor_names_the_line_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    orin = JetPack(6, "6.2", "36.4.3")
    assert seen(monkeypatch, ["onnxruntime"], None) == []
    [finding] = seen(monkeypatch, ["onnxruntime-gpu"], orin)
    assert (finding.verdict, finding.message) == ("ok", "JetPack 6.2, L4T 36.4.3")
    [finding] = seen(monkeypatch, ["onnxruntime"], orin)
    line = "pip install onnxruntime-gpu --index-url https://pypi.jetson-ai-lab.io/jp6/cu126"
    assert finding.verdict == "warn" and finding.remedy.endswith(line)
    [finding] = seen(monkeypatch, [], JetPack(7, "7.2", "39.0"))
    assert "build onnxruntime from its source" in finding.remedy


@pytest.mark.parametrize("jetpack", [None, JetPack(6, "6.2", "36.4.3")], ids=["pc", "jetson"])
def test_doctor_refuses_two_onnxruntime_packages(
    monkeypatch: pytest.MonkeyPatch, jetpack: JetPack | None
) -> None:
    finding, *_ = seen(monkeypatch, ["onnxruntime", "onnxruntime-gpu"], jetpack)
    assert finding.verdict == "fail"
    assert "uninstall -y onnxruntime onnxruntime-gpu && " in finding.remedy
    assert finding.remedy.endswith("jp6/cu126" if jetpack else "'.[cpu]'")


def test_this_environment_has_one_onnxruntime() -> None:
    assert onnxruntime_packages() == ["onnxruntime"]


def installed(board: str, **given: object) -> list[list[str]]:
    return pip_calls(".", ["cpu", "audio", "piper"], root=BOARDS / board, **given)  # type: ignore[arg-type]


PINNED = ["--constraint", ".ci/constraints.txt"]
BESIDE = [[*PINNED, ".[audio]"], ["--no-deps", *PINNED, "piper-tts", "pathvalidate"]]


def test_make_install_takes_the_wheels_that_the_jetpack_names() -> None:
    index = ["--index-url", "https://pypi.jetson-ai-lab.io/jp6/cu126"]
    wheel = ["--no-deps", "onnxruntime-gpu", *index]
    assert installed("jetson-orin-nano-super", python=(3, 10)) == [*BESIDE, wheel]
    on_the_cpu = [[*PINNED, ".[cpu,audio,piper]"]]
    assert installed("raspberry-pi-5b") == on_the_cpu
    assert installed("jetson-agx-thor-devkit", provider="cpu") == on_the_cpu
    given = installed("jetson-agx-thor-devkit", onnxruntime="/my/onnxruntime_gpu-1.whl")
    assert given == [*BESIDE, ["--no-deps", "/my/onnxruntime_gpu-1.whl"]]
    given = installed("jetson-agx-thor-devkit", onnxruntime="https://mine")
    assert given[-1] == ["--no-deps", "onnxruntime-gpu", "--index-url", "https://mine"]


@pytest.mark.parametrize(
    ("board", "given", "said"),
    [
        ("jetson-orin-nano-8gb-jetpack5", {}, "make install PROVIDER=cpu"),
        ("jetson-agx-thor-devkit", {}, "make install ONNXRUNTIME="),
        ("jetson-orin-nano-super", {"python": (3, 12)}, "python3.10 -m venv"),
        ("raspberry-pi-5b", {"provider": "cuda"}, "it may be cpu"),
        ("jetson-orin-nano-super", {"provider": "cpu", "onnxruntime": "a.whl"}, "without ONNX"),
        ("jetson-orin-nano-super", {"onnxruntime": "/my/wheel"}, "is no wheel"),
    ],
)
def test_make_install_refuses_and_says_what_to_type(
    board: str, given: dict[str, object], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        installed(board, **given)


def wheel(folder: Path, name: str, needs: tuple[str, ...] = (), extra: str = "") -> Path:
    """A package that is nothing but its name and what it asks for."""
    file = folder / f"{name.replace('-', '_')}-1-py3-none-any.whl"
    lines = [f"Requires-Dist: {n}{extra}" for n in needs]
    if extra:
        lines.insert(0, "Provides-Extra: audio")
    head = [f"Metadata-Version: 2.1\nName: {name}\nVersion: 1", *lines]
    info = f"{name.replace('-', '_')}-1.dist-info"
    with ZipFile(file, "w") as packed:
        packed.writestr(f"{name.replace('-', '_')}.py", "")
        packed.writestr(f"{info}/METADATA", "\n".join(head) + "\n")
        tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        packed.writestr(f"{info}/WHEEL", tag)
        packed.writestr(f"{info}/RECORD", "")
    return file


@pytest.mark.parametrize("asks_for_the_cpu", [False, True])
def test_the_packages_of_make_install_hold_one_onnxruntime_or_nothing_changes(
    tmp_path: Path, asks_for_the_cpu: bool
) -> None:
    """With pip itself, from a folder of wheels; 4 s."""
    needs = ("onnxruntime-openvino",) if asks_for_the_cpu else ()
    wheel(tmp_path, "tiny-edge", needs, "; extra == 'audio'")
    wheel(tmp_path, "onnxruntime-openvino")  # the CPU's own is pinned to a true version
    gpu = wheel(tmp_path, "onnxruntime-gpu", ("onnxruntime",))
    folder = tmp_path / "lib/python3.10"
    folder.mkdir(parents=True)
    (folder / "old").touch()
    script = [sys.executable, "contrib/install-packages", str(folder), "audio,cpu"]
    script += ["--wheels", str(tmp_path), "--project", "tiny-edge", "--onnxruntime", str(gpu)]
    done = subprocess.run(
        [*script, "--root", str(BOARDS / "jetson-agx-thor-devkit")],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
    )
    assert [(folder / "old").exists(), bool(done.returncode)] == [asks_for_the_cpu] * 2
    if asks_for_the_cpu:
        assert "onnxruntime-gpu and onnxruntime-openvino would be installed" in done.stderr
        assert "type: make install" in done.stderr
    else:
        assert onnxruntime_packages([str(folder)]) == ["onnxruntime-gpu"], done.stderr
    assert [found.name for found in folder.parent.iterdir()] == [folder.name]
