"""A stranger's bundle is looked at before anything of it is run."""

from __future__ import annotations

import hashlib
import os
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from edge.bundle import Bundle
from edge.bundle.safety import MAX_FILES, check_graph, check_table
from edge.errors import (
    BundleDamaged,
    EdgeError,
    UnsafeBundle,
)
from tests.helpers.installing import edit_manifest, packed, put, refused

Change = Callable[[Path], None]


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


def table(descr: str = "<f4", shape: str = "(2, 3)", data: bytes = bytes(24)) -> bytes:
    head = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    head = head.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + data


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "no table"),
        (table("|O", data=pickle.dumps([1])), "no table"),
        (table(shape="(__import__('os'),)"), "no table"),
        (table(data=bytes(23)), "header says 152"),
        (table(shape="(1000000, 3)"), "header says 12,000,128"),
        (table()[:8] + b"\xff\x00" + table()[10:], "header says"),
    ],
)
def test_a_table_that_holds_no_numbers(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "noise.npy"
    path.write_bytes(table())
    check_table(path)
    np.testing.assert_array_equal(np.load(path), np.zeros((2, 3)))
    path.write_bytes(data)
    with pytest.raises(UnsafeBundle, match=said):
        check_table(path)


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
