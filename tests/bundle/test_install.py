"""Bundles on the board: installed whole or not at all, exchanged, gone back from; a stranger's
are looked at before anything of them is run."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from edge.bundle import MANIFEST, Bundle, file_sha256, open_bundle
from edge.bundle.install import install
from edge.bundle.safety import MAX_FILES, SIGNATURE, check_graph
from edge.bundle.store import (
    CURRENT,
    MAX_STARTS,
    PREVIOUS,
    counted,
    find_bundles,
    linked,
    read_starts,
    roll_back,
    warnings,
)
from edge.errors import (
    BundleDamaged,
    BundleIncomplete,
    DiskFull,
    EdgeError,
    ModelFailed,
    NoBundle,
    NotWritable,
    UnsafeBundle,
)
from edge.pcm import PcmChunk
from edge.synth.self_test import speak, try_in_child
from edge.synth.tone import ToneSynthesizer
from tests.bundle.test_bundle import edit_manifest, files
from tests.helpers.daemon_under_test import ROOT
from tests.helpers.fakes import DEADLINE_S

Change = Callable[[Path], None]


def put(source: Path, root: Path, signers: Path | None = None) -> Bundle:
    """Without the self-test, which has tests of its own below."""
    return install(source, root, None, lambda folder: None, signers).bundle


def found(root: Path) -> Bundle:
    [bundle] = find_bundles([root], None, any_board=True)
    return bundle


def refused(source: Path, root: Path, kind: type[EdgeError] = UnsafeBundle) -> str:
    """And nothing has changed."""
    before = sorted(root.rglob("*")) if root.exists() else []
    with pytest.raises(kind) as raised:
        put(source, root)
    assert type(raised.value) is kind and raised.value.remedy
    left = [path for path in root.rglob("*") if path.name != ".lock"]
    assert left == [path for path in before if path.name != ".lock"]
    return raised.value.message


def packed(folder: Path, to: Path) -> Path:
    with tarfile.open(to, "w") as tar:
        tar.add(folder, folder.name)
    return to


# What goes well


@pytest.mark.parametrize("how", ["folder", "tar", "tar of what is inside", "tar by hand"])
def test_a_bundle_is_installed_and_found(tmp_path: Path, tone_bundle: Bundle, how: str) -> None:
    source, root = tone_bundle.path, tmp_path / "state" / "bundles"
    if how == "tar":
        source = packed(source, tmp_path / "tone.tar")
    elif how == "tar of what is inside":
        with tarfile.open(tmp_path / "tone.tar", "w") as tar:
            tar.add(source, ".")
        source = tmp_path / "tone.tar"
    elif how == "tar by hand":
        subprocess.run(
            ["tar", "-cf", tmp_path / "tone.tar", "-C", source.parent, source.name], check=True
        )
        source = tmp_path / "tone.tar"
    done = install(source, root, None, try_in_child)
    assert done.replaced is None and done.bundle.id == tone_bundle.id
    assert files(done.bundle.path) == files(tone_bundle.path)
    assert done.bundle.path.stat().st_mode & 0o777 == 0o755  # a service's user reads it
    assert found(root).path == done.bundle.path


def test_the_reports_of_a_build_stay_where_they_are(tmp_path: Path, copied_bundle: Path) -> None:
    (copied_bundle / "report.html").write_text("long", encoding="utf-8")
    installed = put(copied_bundle, tmp_path / "bundles")
    assert not (installed.path / "report.html").exists()


def test_two_are_kept_and_the_third_replaces_the_older(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle, third_tone: Bundle
) -> None:
    for bundle in (tone_bundle, newer_tone, third_tone):
        installed = put(bundle.path, tmp_path)
    home = installed.path.parent
    assert found(tmp_path).id == third_tone.id
    assert sorted(p.name for p in home.iterdir() if p.is_dir() and not p.is_symlink()) == sorted(
        f"tone--x86-64--{bundle.id[:12]}" for bundle in (newer_tone, third_tone)
    )
    roll_back(tmp_path, "tone")
    assert found(tmp_path).id == newer_tone.id
    assert put(newer_tone.path, tmp_path).id == newer_tone.id  # again: nothing to do
    previous = linked(home, PREVIOUS)
    assert previous and open_bundle(previous, None).id == third_tone.id


def test_a_damaged_one_is_mended_by_installing_it_again(
    tmp_path: Path, tone_bundle: Bundle
) -> None:
    installed = put(tone_bundle.path, tmp_path)
    (installed.path / "voice.yaml").write_bytes(b"x")
    with pytest.raises(BundleDamaged):
        found(tmp_path)
    put(tone_bundle.path, tmp_path)
    assert found(tmp_path).id == tone_bundle.id


def test_voices_beside_each_other(
    tmp_path: Path, tone_bundle: Bundle, second_bundle: Bundle
) -> None:
    for bundle in (tone_bundle, second_bundle):
        broken = put(bundle.path, tmp_path).path
    assert len(find_bundles([tmp_path], None, any_board=True)) == 2
    (broken / "voice.yaml").unlink()
    assert found(tmp_path).id == tone_bundle.id  # a broken voice does not silence the other


# What goes wrong


def test_what_does_not_speak_is_not_installed(
    tmp_path: Path, tone_bundle: Bundle, copied_bundle: Path
) -> None:
    root = tmp_path / "bundles"
    put(tone_bundle.path, root)
    edit_manifest(copied_bundle, lambda manifest: manifest.update(variants=[]))
    with pytest.raises(ModelFailed, match=r"self-test.*no variant"):
        install(copied_bundle, root, None, try_in_child)
    assert found(root).id == tone_bundle.id
    assert sorted(p.name for p in root.iterdir()) == [".lock", "tone"]


def test_no_room(tmp_path: Path, tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    few = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: few)
    assert "1,000 are free" in refused(tone_bundle.path, tmp_path / "bundles", DiskFull)


def test_a_root_that_cannot_be_written(tmp_path: Path, tone_bundle: Bundle) -> None:
    (tmp_path / "file").touch()
    assert "file" in refused(tone_bundle.path, tmp_path / "file" / "bundles", NotWritable)


def test_no_bundle_at_all(tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("no tar", encoding="utf-8")
    for place, kind in (("nowhere", NoBundle), (".", NoBundle), ("text.tar", BundleDamaged)):
        refused(tmp_path / place, tmp_path / "state", kind)


def test_nothing_to_go_back_to(tmp_path: Path, tone_bundle: Bundle) -> None:
    put(tone_bundle.path, tmp_path)
    for voice in ("tone", "nobody"):
        with pytest.raises(NoBundle, match=f"no previous bundle of {voice}"):
            roll_back(tmp_path, voice)


def test_a_sound_that_cannot_be_speech(
    tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(tone_bundle.path)
    for value, words in ((0.0, "silent"), (np.nan, "no numbers")):
        broken = PcmChunk(np.full(22_050, value, np.float32), 22_050)
        monkeypatch.setattr(ToneSynthesizer, "speak", lambda _, segment, c=broken: iter([c]))
        with pytest.raises(ModelFailed, match=words):
            speak(tone_bundle.path)
    monkeypatch.setattr(ToneSynthesizer, "speak", lambda _, segment: iter([]))
    with pytest.raises(ModelFailed, match=r"last 0\.00 s"):
        speak(tone_bundle.path)


# Going back by itself


def test_a_damaged_bundle_gives_way_to_the_previous_one(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    put(tone_bundle.path, tmp_path)
    broken = put(newer_tone.path, tmp_path)
    (broken.path / "profile.yaml").unlink()
    assert found(tmp_path).id == tone_bundle.id
    [warning] = warnings([found(tmp_path)])
    assert broken.path.name in warning and "profile.yaml is missing" in warning
    shutil.rmtree(broken.path)
    (found(tmp_path).path / "voice.yaml").unlink()  # and there is no way back to the broken one
    with pytest.raises(BundleIncomplete):
        found(tmp_path)
    put(newer_tone.path, tmp_path)
    assert warnings([found(tmp_path)]) == [] and found(tmp_path).id == newer_tone.id


def test_a_bundle_whose_loads_die_gives_way(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    put(tone_bundle.path, tmp_path)
    put(newer_tone.path, tmp_path)
    for start in range(MAX_STARTS):
        bundle = found(tmp_path)
        assert bundle.id == newer_tone.id, f"gave up after {start} starts"
        with pytest.raises(ModelFailed), counted(bundle):
            raise ModelFailed("it does not load", "")
    bundle = found(tmp_path)
    assert bundle.id == tone_bundle.id
    assert f"failed to load {MAX_STARTS} times" in warnings([bundle])[0]
    for _ in range(MAX_STARTS + 1):  # the one before that was good is not left for the bad one
        with pytest.raises(ModelFailed), counted(found(tmp_path)):
            raise ModelFailed("nor does this", "")
    assert found(tmp_path).id == tone_bundle.id


def test_a_process_that_dies_while_it_loads_is_counted(
    tmp_path: Path, tone_bundle: Bundle
) -> None:
    bundle = put(tone_bundle.path, tmp_path)
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom edge.bundle import open_bundle\n"
        "from edge.bundle.store import counted\n"
        "with counted(open_bundle(Path(sys.argv[1]), None)):\n    os.kill(os.getpid(), 9)\n"
    )
    for died in (1, 2):
        subprocess.run([sys.executable, "-c", code, bundle.path], cwd=ROOT, timeout=DEADLINE_S)
        assert read_starts(bundle.path.parent).begun == died


def test_a_current_bundle_that_is_gone_gives_way(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    put(tone_bundle.path, tmp_path)
    shutil.rmtree(put(newer_tone.path, tmp_path).path)
    assert found(tmp_path).id == tone_bundle.id
    assert warnings([found(tmp_path)])


def test_a_bundle_named_by_its_link_stays_the_same(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    home = put(tone_bundle.path, tmp_path).path.parent
    [bundle] = find_bundles([home / CURRENT], None, any_board=True)
    put(newer_tone.path, tmp_path)
    assert open_bundle(bundle.path, None).id == tone_bundle.id


def test_a_load_that_ends_well_is_not_held_against_it(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    put(tone_bundle.path, tmp_path)
    put(newer_tone.path, tmp_path)
    for _ in range(2 * MAX_STARTS):
        with pytest.raises(ModelFailed), counted(found(tmp_path)):
            raise ModelFailed("once in a while", "")
        with counted(found(tmp_path)):
            pass
    assert found(tmp_path).id == newer_tone.id
    assert read_starts(found(tmp_path).path.parent).begun == 0


def test_a_count_that_cannot_be_read_or_written_stops_nobody(
    tmp_path: Path, tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = put(tone_bundle.path, tmp_path).path.parent
    (home / "starts.json").unlink()
    (home / "starts.json").mkdir()  # neither is possible
    with counted(found(tmp_path)):
        pass


# A stranger's


def test_a_folder_with_links_or_pipes(tmp_path: Path, copied_bundle: Path) -> None:
    target = tmp_path / "secret.json"
    target.write_text("{}", encoding="utf-8")
    odd = copied_bundle / "config.json"
    makes: list[Change] = [
        lambda path: path.symlink_to(target),
        lambda path: path.symlink_to(tmp_path, target_is_directory=True),
        lambda path: path.symlink_to("voice.yaml"),
        os.mkfifo,
    ]
    for make in makes:
        make(odd)
        assert "plain files" in refused(copied_bundle, tmp_path / "bundles")
        odd.unlink()


@pytest.mark.parametrize(
    "name", ["run.py", "model.pkl", "graph.pt", "lib.so", "a.npz", ".hidden.json", "a b.json", "x"]
)
def test_a_file_of_a_kind_that_bundles_have_not(
    tmp_path: Path, copied_bundle: Path, name: str
) -> None:
    (copied_bundle / name).write_text("", encoding="utf-8")
    assert name in refused(copied_bundle, tmp_path / "bundles")


def test_a_file_that_the_manifest_does_not_list(tmp_path: Path, copied_bundle: Path) -> None:
    (copied_bundle / "more.onnx").write_text("", encoding="utf-8")
    assert "more.onnx" in refused(copied_bundle, tmp_path / "bundles")


def test_too_many_files(tmp_path: Path, copied_bundle: Path) -> None:
    for number in range(2 * MAX_FILES):
        (copied_bundle / f"{number}.json").touch()
    assert str(MAX_FILES) in refused(copied_bundle, tmp_path / "bundles")


def _member(name: str, **fields: object) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(member, key, value)
    return member


@pytest.mark.parametrize(
    "member",
    [
        _member("../outside.json"),
        _member("/tmp/outside.json"),
        _member("a/../../outside.json"),
        _member("a/b/c/d/e.json"),
        _member("x" * 300 + ".json"),
        _member("é.json"),
        _member("link.json", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        _member("hard.json", type=tarfile.LNKTYPE, linkname="voice.yaml"),
        _member("device.json", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        _member("pipe.json", type=tarfile.FIFOTYPE),
        _member("hole.json", type=tarfile.GNUTYPE_SPARSE),
    ],
    ids=lambda member: member.name[:20],
)
def test_a_tar_file_that_reaches_out(
    tmp_path: Path, tone_bundle: Bundle, member: tarfile.TarInfo
) -> None:
    source = packed(tone_bundle.path, tmp_path / "evil.tar")
    with tarfile.open(source, "a") as tar:
        tar.addfile(member)
    refused(source, tmp_path / "a" / "bundles")
    assert not list(tmp_path.rglob("outside*"))


def test_a_tar_file_that_says_it_is_long(tmp_path: Path, tone_bundle: Bundle) -> None:
    """Only as much as there is, and a block at a time, is ever read."""
    member = _member("voice.yaml", size=3 << 30)
    (tmp_path / "long.tar").write_bytes(member.tobuf(tarfile.USTAR_FORMAT))
    refused(tmp_path / "long.tar", tmp_path / "bundles")
    header = _member("a.json", type=tarfile.XHDTYPE, size=1 << 30).tobuf(tarfile.USTAR_FORMAT)
    with (tmp_path / "header.tar").open("wb") as file:
        file.write(header)
        file.truncate(2 << 30)  # a hole: no disk is used
    said = refused(tmp_path / "header.tar", tmp_path / "bundles", BundleDamaged)
    assert "header" in said
    whole = packed(tone_bundle.path, tmp_path / "cut.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 4])
    with pytest.raises(EdgeError):
        put(tmp_path / "cut.tar", tmp_path / "bundles")


def test_the_same_name_twice_in_a_tar_file(tmp_path: Path, tone_bundle: Bundle) -> None:
    source = packed(tone_bundle.path, tmp_path / "twice.tar")
    with tarfile.open(source, "a") as tar:
        tar.add(tone_bundle.path / "voice.yaml", f"{tone_bundle.path.name}/voice.yaml")
    assert "twice" in refused(source, tmp_path / "bundles")


@pytest.mark.parametrize("key", ["voice", "family", "language", "profile"])
def test_a_manifest_that_says_another_thing_than_its_descriptions(
    tmp_path: Path, copied_bundle: Path, key: str
) -> None:
    edit_manifest(copied_bundle, lambda manifest: manifest.update({key: "../../etc"}))
    assert key in refused(copied_bundle, tmp_path / "bundles")


def test_a_graph_that_is_not_of_the_bundle(tmp_path: Path, copied_bundle: Path) -> None:
    edit_manifest(
        copied_bundle,
        lambda m: m["variants"][0].update(graphs={"decoder": "../../../other.onnx"}),
    )
    assert "other.onnx" in refused(copied_bundle, tmp_path / "bundles")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("trt_extra_plugin_lib_paths", "evil.so"),
        ("trt_engine_cache_path", "/etc"),
        ("trt_timing_cache_path", "{cache}/../.."),
        ("trt_onnx_model_folder_path", "x"),
        ("trt_engine_cache_prefix", "../../x"),
    ],
)
def test_a_profile_that_names_libraries_or_files(
    tmp_path: Path, copied_bundle: Path, key: str, value: str
) -> None:
    profile = (copied_bundle / "profile.yaml").read_text(encoding="utf-8")
    plain = "{name: CPUExecutionProvider"
    assert plain in profile
    evil = f"{{name: TensorrtExecutionProvider, options: {{{key}: '{value}'}}"
    text = profile.replace(plain, evil, 1).encode()
    (copied_bundle / "profile.yaml").write_bytes(text)
    entry = {"sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)}
    edit_manifest(copied_bundle, lambda m: m["files"].update({"profile.yaml": entry}))
    assert key in refused(copied_bundle, tmp_path / "bundles")


def test_values_of_a_graph_outside_its_file(tmp_path: Path) -> None:
    tensor = onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [2], [1.0, 2.0])
    outside = onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [2], [1.0, 2.0])
    outside.ClearField("float_data")
    outside.data_location = onnx.TensorProto.EXTERNAL
    entry = outside.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"

    def graph(place: str, value: object) -> bytes:
        node = onnx.helper.make_node("Constant", [], ["c"], value=tensor)
        inner = onnx.helper.make_graph([node], "inner", [], [])
        nodes, initializers = [node], [tensor]
        if place == "initializer":
            initializers = [value]
        elif place == "constant":
            nodes = [onnx.helper.make_node("Constant", [], ["c"], value=value)]
        elif place == "inner graph":
            inner.initializer.append(value)
        nodes.append(onnx.helper.make_node("If", ["w"], ["d"], then_branch=inner))
        made = onnx.helper.make_graph(nodes, "g", [], [], initializers)
        model = onnx.helper.make_model(made)
        if place == "function":
            one = onnx.helper.make_node("Constant", [], ["c"], value=value)
            model.functions.append(onnx.helper.make_function("d", "f", [], ["c"], [one], []))
        return bytes(model.SerializeToString())

    path = tmp_path / "g.onnx"
    for place in ("initializer", "constant", "inner graph", "function"):
        path.write_bytes(graph(place, tensor))
        check_graph(path)
        path.write_bytes(graph(place, outside))
        with pytest.raises(UnsafeBundle, match=r"g\.onnx.*elsewhere than in g\.onnx\.weights"):
            check_graph(path)
    entry.value = "g.onnx.weights"
    path.write_bytes(graph("initializer", outside))
    check_graph(path)


@pytest.mark.parametrize("raw", [b"", b"\xff" * 40, b"\x3a\xff\xff\xff\xff\x0f", b"\x3b"])
def test_what_is_no_graph(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "g.onnx").write_bytes(raw)
    with pytest.raises(UnsafeBundle):
        check_graph(tmp_path / "g.onnx")


# Signatures


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of ours and of a stranger, and the file of those that may sign."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "theirs"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    public = (folder / "ours.pub").read_text(encoding="ascii")
    (folder / "signers").write_text(f"us@example.org {public}", encoding="ascii")
    return folder


def sign(bundle: Path, key: Path, namespace: str = "edge-voice-bundle") -> None:
    (bundle / SIGNATURE).unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", key, bundle / MANIFEST]
    subprocess.run(command, check=True, capture_output=True)


def test_only_what_one_of_us_signed(tmp_path: Path, copied_bundle: Path, keys: Path) -> None:
    root, signers = tmp_path / "bundles", keys / "signers"

    def unsigned() -> str:
        with pytest.raises(UnsafeBundle) as raised:
            put(copied_bundle, root, signers)
        return raised.value.message

    assert "no manifest.json.sig" in unsigned()
    sign(copied_bundle, keys / "theirs")
    assert "not of anyone" in unsigned()
    sign(copied_bundle, keys / "ours", "git")
    assert "not of anyone" in unsigned()
    sign(copied_bundle, keys / "ours")
    assert (put(copied_bundle, root, signers).path / SIGNATURE).is_file()
    edit_manifest(copied_bundle, lambda manifest: manifest.update(gain=2.0))
    assert "not of anyone" in unsigned()
    (copied_bundle / SIGNATURE).write_text("no signature", encoding="ascii")
    assert "not of anyone" in unsigned()


def test_a_file_of_signers_that_is_not_there(
    tmp_path: Path, copied_bundle: Path, keys: Path
) -> None:
    sign(copied_bundle, keys / "ours")
    with pytest.raises(UnsafeBundle):
        put(copied_bundle, tmp_path / "bundles", tmp_path / "nowhere")


# Old bundles


@pytest.mark.parametrize(
    "folder",
    sorted((Path(__file__).parents[1] / "data/bundles").iterdir()),
    ids=lambda path: path.name,
)
def test_an_old_bundle_opens_or_names_the_build_command(folder: Path) -> None:
    """tests/data/bundles has one of every format that ever was; none is ever changed."""
    try:
        bundle = open_bundle(folder, None)
    except EdgeError as error:
        assert "build" in error.remedy
    else:
        try_in_child(bundle.path)


# Whole again, and within bounds


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_flipped_bit_is_mended_and_not_gone_back_to(
    tmp_path: Path, copied_bundle: Path, newer_tone: Bundle
) -> None:
    """One of a file that only its own checksum protects."""
    (copied_bundle / "NOTICE").write_text("Whose voice it is.", encoding="utf-8")
    entry = {"sha256": file_sha256(copied_bundle / "NOTICE"), "bytes": 18}
    edit_manifest(copied_bundle, lambda manifest: manifest["files"].update(NOTICE=entry))
    installed = put(copied_bundle, tmp_path)
    flip(installed.path / "NOTICE")
    put(copied_bundle, tmp_path).verify()
    put(newer_tone.path, tmp_path)
    flip(installed.path / "NOTICE")
    with pytest.raises(BundleDamaged):
        roll_back(tmp_path, "tone")


@pytest.mark.parametrize("key, value", [("gain", 8.1), ("gain", 0.0), ("gain", -1.0), ("rate", 1)])
def test_a_gain_or_rate_of_no_voice(
    tmp_path: Path, copied_bundle: Path, key: str, value: float
) -> None:
    def change(manifest: dict[str, float]) -> None:
        manifest[key] = value

    edit_manifest(copied_bundle, change)
    assert key in refused(copied_bundle, tmp_path / "bundles")


def test_an_engine_compiled_elsewhere(tmp_path: Path) -> None:
    node = onnx.helper.make_node("EPContext", ["x"], ["y"], domain="com.microsoft")
    x, y = (onnx.helper.make_tensor_value_info(n, 1, [1]) for n in "xy")
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [x], [y]))
    (tmp_path / "decoder.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(UnsafeBundle, match="EPContext"):
        check_graph(tmp_path / "decoder.onnx")
