"""Cloned voices on the disk: private, whole, bound to their bundle, and never trusted. 1 s."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.errors import BadVoicePrint
from edge.synth import voice_print
from edge.synth.voice_print import (
    Label,
    VoicePrint,
    all_labels,
    find_print,
    fitting,
    load_print,
    print_path,
    read_label,
    remove_print,
    save_print,
)

ARRAYS = {"tokens": np.arange(5, dtype=np.int32), "mel": np.ones((2, 3), np.float32)}


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def label(bundle: Bundle, name: str = "anna") -> Label:
    return Label(2, name, "some", bundle.voice.name, bundle.id, "en", "2026-01-01", "She agreed.")


def save(bundle: Bundle, name: str = "anna") -> Path:
    return save_print(VoicePrint("some", ARRAYS), label(bundle, name))


def test_what_was_saved_is_loaded(tone_bundle: Bundle) -> None:
    path = save(tone_bundle)
    found = load_print(path, tone_bundle)
    assert find_print("anna") == path and found.family == "some" and len(found.id) == 64
    assert found.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found.arrays[name], array)
    assert read_label(path) == label(tone_bundle) and all_labels() == [label(tone_bundle)]


def test_only_its_owner_may_read_it(tone_bundle: Bundle) -> None:
    path = save(tone_bundle)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["anna.print"]  # no temporary one is left


def test_another_bundle_refuses_it(tone_bundle: Bundle, second_bundle: Bundle) -> None:
    path = save(tone_bundle)
    with pytest.raises(BadVoicePrint, match=tone_bundle.id[:12]) as caught:
        load_print(path, second_bundle)
    assert (
        second_bundle.id[:12] in caught.value.message and "edge clone anna" in caught.value.remedy
    )
    assert fitting(path, [second_bundle, tone_bundle]) is tone_bundle
    with pytest.raises(BadVoicePrint, match="which is not here"):
        fitting(path, [second_bundle])


def test_wiped_is_gone(tone_bundle: Bundle) -> None:
    path = save(tone_bundle)
    kept = path.with_name("hard-link")
    kept.hardlink_to(path)
    remove_print("anna")
    assert find_print("anna") is None and all_labels() == []
    assert not any(kept.read_bytes())  # what was there is overwritten
    with pytest.raises(BadVoicePrint, match="no cloned voice 'anna'"):
        remove_print("anna")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "-a", "a--b", "a" * 65, "a b", "a\0", "ä"]
)
def test_names_that_are_no_file_names_are_refused(name: str) -> None:
    assert find_print(name) is None
    with pytest.raises(BadVoicePrint, match="cannot be a voice's name"):
        print_path(name)


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("the file was unpickled",))


def hostile(bundle: Bundle) -> dict[str, bytes]:
    """Files of every wrong kind, by what is wrong."""
    whole = save(bundle).read_bytes()
    text = np.frombuffer(json.dumps(label(bundle).__dict__).encode(), np.uint8)
    objects, packed, many, no_label, odd = (io.BytesIO() for _ in range(5))
    evil = np.empty(1, object)
    evil[0] = Evil()
    np.savez(objects, label=text, **{"array.x": evil})
    np.savez_compressed(packed, label=text, x=np.zeros(1 << 24, np.float32))
    np.savez(many, label=text, **{f"array.{i}": np.zeros(1) for i in range(100)})
    np.savez(no_label, x=np.zeros(3))
    np.savez(odd, label=text.astype(np.int64))
    with zipfile.ZipFile(pickled := io.BytesIO(), "w") as archive:
        archive.writestr("label.npy", pickle.dumps(Evil()))
    return {
        "nothing": b"",
        "text": b"hello" * 100,
        "a pickle": pickle.dumps(Evil()),
        "a pickle in a zip": pickled.getvalue(),
        "an array of objects": objects.getvalue(),
        "a bomb": packed.getvalue(),
        "many arrays": many.getvalue(),
        "no label": no_label.getvalue(),
        "a label of numbers": odd.getvalue(),
        "a shape of exabytes": _with_shape(bundle, b"(9, 999999999999999)"),
        "half of it": whole[: len(whole) // 2],
        "another format": whole.replace(b'"format": 2', b'"format": 9'),
        "an unknown key": whole.replace(b'"consent"', b'"consemt"'),
        "a flipped bit": whole[:900] + bytes([whole[900] ^ 255]) + whole[901:],
    }


def _with_shape(bundle: Bundle, shape: bytes) -> bytes:
    """A print whose mel says that it is larger than it is."""
    raw = _npy(ARRAYS["mel"])
    head, _, _ = raw.partition(b"(2, 3)")
    rest = raw[len(head) + 6 : 128]
    grown = head + shape + rest.rstrip(b" \n")
    raw = grown + b" " * (127 - len(grown)) + b"\n" + raw[128:]
    with np.load(save(bundle)) as kept:
        label = kept["label"]
    with zipfile.ZipFile(whole := io.BytesIO(), "w") as archive:
        for name, data in (("label.npy", _npy(label)), ("array.mel.npy", raw)):
            archive.writestr(name, data)
    return whole.getvalue()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_hostile_files_are_refused(tone_bundle: Bundle) -> None:
    path = print_path("anna")
    for what, raw in hostile(tone_bundle).items():
        path.write_bytes(raw)
        with pytest.raises(BadVoicePrint) as caught:
            load_print(path, tone_bundle)
        assert "anna.print is damaged" in caught.value.message, what


def test_a_damaged_one_hides_no_other(tone_bundle: Bundle) -> None:
    save(tone_bundle, "anna")
    save(tone_bundle, "bert").write_bytes(b"damaged")
    assert [one.name for one in all_labels()] == ["anna"]


def test_a_huge_file_is_not_read(tone_bundle: Bundle) -> None:
    path = save(tone_bundle)
    with path.open("r+b") as file:
        file.truncate(voice_print.MAX_BYTES + 1)  # a hole: it takes no room
    with pytest.raises(BadVoicePrint, match="larger than 67,108,864 bytes"):
        read_label(path)
