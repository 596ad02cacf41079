"""Files of checkpoints as they should be, small: what the mutations of tests/fuzz begin with."""

from __future__ import annotations

import json
import struct
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from edge.synth.pocket.tokenizer import SPACE
from tests.fuzz.checkpoints import PIECES, STYLE
from tests.helpers.small_kokoro import write_torch_file

EXPORTED = Path(__file__).parents[1] / "data" / "exported" / "pocket.zip"
_NAMES = ["<unk>", "<s>", *(f"<0x{i:02X}>" for i in range(256)), SPACE, f"{SPACE}a"]
assert len(_NAMES) == PIECES


def safetensors() -> list[bytes]:
    """Three tensors, one of each kind of numbers."""
    header, numbers = {}, b""
    for name, kind, width in (("a", "F32", 4), ("b", "BF16", 2), ("c", "F16", 2)):
        end = len(numbers) + 6 * width
        header[name] = {"dtype": kind, "shape": [2, 3], "data_offsets": [len(numbers), end]}
        numbers += bytes(6 * width)
    head = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    return [struct.pack("<Q", len(head)) + head + numbers]


def layouts() -> list[bytes]:
    """The YAML of each kind of checkpoint, as kept for the export's tests."""
    with zipfile.ZipFile(EXPORTED) as archive:
        return [archive.read(name) for name in archive.namelist() if name.endswith(".yaml")]


def vocabularies() -> list[bytes]:
    """Both forms of one vocabulary."""
    kinds = [2, 3, *[6] * 256, 1, 1]
    pieces = [
        _field(1, name.encode()) + b"\x15" + struct.pack("<f", -n / 9) + b"\x18" + bytes([kind])
        for n, (name, kind) in enumerate(zip(_NAMES, kinds, strict=True))
    ]
    trainer = b"\x18\1" + b"\x98\x02\1"  # unigram; byte fallback, field 35
    normalizer = b"\x20\0" + b"\x28\1"  # white space is kept, and marked
    model = b"".join(_field(1, piece) for piece in pieces)
    described = {
        "added_tokens": [{"id": 1, "special": True}],
        "normalizer": {"type": "Prepend", "prepend": SPACE},
        "pre_tokenizer": None,
        "model": {
            **{"type": "Unigram", "byte_fallback": True, "unk_id": 0},
            "vocab": [[name, -n] for n, name in enumerate(_NAMES)],
        },
    }
    return [
        model + _field(2, trainer) + _field(3, normalizer),
        json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode(),
    ]


def _field(number: int, data: bytes) -> bytes:
    """Write a protobuf field of bytes."""
    size = (
        bytes([len(data)]) if len(data) < 128 else bytes([len(data) & 127 | 128, len(data) >> 7])
    )
    return bytes([number << 3 | 2]) + size + data


def torch_files() -> list[bytes]:
    with tempfile.TemporaryDirectory(prefix="edge-fuzz-") as folder:
        path = Path(folder) / "model.pt"
        write_torch_file(path, {"net": {"a.weight": np.ones((2, 3), np.float32)}})
        return [path.read_bytes()]


def styles() -> list[bytes]:
    table = np.ones((3, 2 * STYLE), np.float32)
    with tempfile.TemporaryDirectory(prefix="edge-fuzz-") as folder:
        path = Path(folder) / "anna.pt"
        write_torch_file(path, {"style": table})
        return [table.tobytes(), path.read_bytes()]


def settings() -> list[bytes]:
    """A description that each family takes for its own."""
    pocket = {
        **{"rate": 24000, "frame": 1920, "inner": 512, "positions": 750, "layers": 6},
        **{"heads": 16, "kv_heads": 16, "head": 64, "temperature": 0.7, "eos_threshold": -4.0},
        **{"text": {"replace": {"…": "..."}, "frames_after": None}},
        **{"codec": {"capacity": 250, "context": 250}, "encoder": {"capacity": 1, "context": 1}},
        **{"watched": [{"layer": 1, "head": 2}], "watched_known": True},
    }
    kokoro = {
        **{"vocabulary": {"a": 1, "b": 2}, "speakers": ["anna"]},
        **{"harmonics": [0.5, 0.25], "offset": 0.1},
    }
    cosyvoice3 = {
        **{"rate": 24000, "token_rate": 25, "codes": 6561, "sos": 6561, "task": 6563},
        **{"hidden": 896, "layers": 24, "kv_heads": 2, "head": 64},
        **{"special_tokens": {"<|endofprompt|>": 151646}, "silent_tokens": [1, 2]},
        "sampling": {"top_p": 0.8, "top_k": 25, "window": 10, "tau": 0.1},
        "flow": {
            **{"mels": 80, "xvec": 192, "frames_per_token": 2, "look_ahead_tokens": 3},
            **{"block_frames": 50, "steps": 10},
        },
        "mel": {"n_fft": 1920, "hop": 480, "window": 1920},
        "source": {
            **{"frame": 480, "harmonics": 1, "sine": 0.1, "noise": 0.003, "voiced_hz": 10.0},
            **{"weight": [1.0], "bias": 0.0},
        },
        "vocoder": {"hop": 4},
    }
    pieces = {
        **{"pieces": _NAMES, "scores": [-0.5] * PIECES, "controls": [1], "unknown": 0},
        **{"bytes_from": 2, "bits": 32},
    }
    return [json.dumps(each).encode() for each in (pocket, kokoro, cosyvoice3, pieces)]
