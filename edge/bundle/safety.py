"""Check what a bundle holds, wherever it comes from, before anything of it is run.

Checksums find damage; here it is assumed that somebody made the bundle with intent.
"""

from __future__ import annotations

import math
import mmap
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from edge.bundle import MANIFEST, MANIFEST_SUM, WEIGHTS, Bundle
from edge.errors import UnsafeBundle
from edge.profile import Provider

SIGNATURE = f"{MANIFEST}.sig"
MAX_FILES = 256
MAX_FILE_BYTES = (2 << 30) - 1  # a graph is one protobuf message, which ends there
MAX_BUNDLE_BYTES = 4 << 30
TABLE = ".npy"
SUFFIXES = frozenset({".onnx", WEIGHTS, ".json", ".yaml", ".txt", TABLE})
"""Endings of data that is parsed; none that is run or unpickled: no .pkl, .pt, .npz, .so, .py. A
.npy may hold pickles, so what it holds is looked at (`check_table`)."""
NAMES = frozenset({"NOTICE", "LICENSE", MANIFEST_SUM, SIGNATURE})
MAX_NESTING = 32  # graphs in attributes of nodes; ours have none
MAX_GAIN = 8.0
"""Largest factor of a voice's samples, 18 dB."""
RATES = frozenset({8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000})
"""Samples per second, Hz, that families speak at, or may."""
DOMAINS = frozenset({"", "ai.onnx", "edge.voice", "edge.voice.2"})
"""Owners of the operators that a graph may hold: ONNX's own and ours. onnxruntime brings others
that run an engine compiled elsewhere (EPContext), which TensorRT takes as it is: NVIDIA says to
trust only one's own. Those of this machine lie in its cache, never in a bundle (synth/engines.py).
"""
_MICROSOFTS = (
    *("MatMulNBits", "GroupQueryAttention", "MultiHeadAttention", "RotaryEmbedding"),
    *("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "FastGelu", "QuickGelu"),
)
OPERATORS = frozenset(("com.microsoft", name) for name in _MICROSOFTS)
"""Operators of other owners that our own recipes and exporters write."""

_SIZE = rb"(?:0|[1-9][0-9]{0,12})"
_SHAPE = rb"(?:%b,|%b(?:, %b){1,7})?" % (_SIZE, _SIZE, _SIZE)
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>..)\{'descr': '[<|][fiu](?P<item>[1248])', "
    rb"'fortran_order': False, 'shape': \((?P<shape>" + _SHAPE + rb")\), \} *\n",
    re.DOTALL,
)
"""Beginning of a .npy file of numbers, letter for letter as numpy.save writes it:
numpy.org/doc/stable/reference/generated/numpy.lib.format.html"""
_HEADER_BYTES = 128
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MAX_PARTS = 4
_REMEDY = "Do not use it. Ask whoever made it for one that edge build wrote."

# Options that tune a provider. Others name libraries to load or files to write.
_SAFE_OPTION = re.compile(
    r"(cudnn_conv\w+|cudnn_conv1d_pad_to_nc1d|do_copy_in_default_stream|device_id|use_tf32"
    r"|arena_extend_strategy|gpu_mem_limit|enable_cuda_graph"
    r"|trt_\w+_enable|trt_builder_\w+|trt_max_\w+|trt_min_\w+|trt_profile_\w+|trt_cuda_graph\w*"
    r"|trt_engine_cache_prefix|trt_build_heuristics_enable|trt_sparsity_enable)"
)
_CACHE_OPTIONS = frozenset({"trt_engine_cache_path", "trt_timing_cache_path"})

# Where a message of onnx.proto holds others: field number -> which message. A tensor's field 13
# says where its values lie, if not in the graph: pairs of a key and a value.
# github.com/onnx/onnx/blob/main/onnx/onnx.proto
_FIELDS: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {
        "model": {7: "graph", 20: "training", 25: "function"},
        "training": {1: "graph", 2: "graph"},
        "function": {7: "node", 11: "attribute"},
        "graph": {1: "node", 5: "tensor", 15: "sparse"},
        "node": {5: "attribute"},
        "attribute": {
            5: "tensor",
            6: "graph",
            10: "tensor",
            11: "graph",
            22: "sparse",
            23: "sparse",
        },
        "sparse": {1: "tensor", 2: "tensor"},
        "tensor": {},
    }
)
_EXTERNAL_DATA = 13
_OPERATOR, _DOMAIN = 4, 7
_KEY, _VALUE = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True)
class _Field:
    number: int
    kind: int
    start: int
    end: int


def check_name(name: str) -> None:
    """Check that `name` is a relative path of plain names, and of a kind that bundles have.

    Raises UnsafeBundle.
    """
    parts = name.split("/")
    if len(parts) > _MAX_PARTS or not all(_PART.fullmatch(part) for part in parts):
        raise UnsafeBundle(f"the bundle holds {name[:200]!r}, which is no plain name", _REMEDY)
    if parts[-1] not in NAMES and PurePosixPath(name).suffix not in SUFFIXES:
        kinds = ", ".join(sorted(SUFFIXES))
        raise UnsafeBundle(f"the bundle holds {name!r}; it may hold {kinds}", _REMEDY)


def check_content(bundle: Bundle) -> None:
    """Check an opened bundle, whose files have been counted and named, and verify them all.

    Raises UnsafeBundle, BundleDamaged.
    """
    manifest, voice, profile = bundle.manifest, bundle.voice, bundle.profile
    for key, said, is_ in (
        ("voice", manifest.voice, voice.name),
        ("family", manifest.family, voice.family),
        ("language", manifest.language, voice.language),
        ("profile", manifest.profile, profile.name),
    ):
        if said != is_:
            raise UnsafeBundle(
                f"the manifest says {key} {said!r}, the description in it {is_!r}", _REMEDY
            )
    if not 0 < manifest.gain <= MAX_GAIN:
        raise UnsafeBundle(
            f"the gain is {manifest.gain:g}; a voice's is above 0 and at most {MAX_GAIN:g}",
            _REMEDY,
        )
    if manifest.rate not in RATES:
        known = ", ".join(map(str, sorted(RATES)))
        raise UnsafeBundle(f"the rate is {manifest.rate} Hz; voices have {known}", _REMEDY)
    for variant in manifest.variants:
        for graph in variant.graphs.values():
            if graph not in manifest.files:
                raise UnsafeBundle(
                    f"variant {variant.name} takes {graph!r}, which is not of the bundle", _REMEDY
                )
    stages = profile.runtime.providers
    for provider in (*stages.encoder, *stages.decoder):
        _check_options(provider)
    for name in manifest.files:
        path = bundle.file(name)
        if path.suffix == ".onnx":
            check_graph(path)
        elif path.suffix == TABLE:
            check_table(path)


def check_table(path: Path) -> None:
    """Check that a .npy file holds numbers, as many as it says, and nothing else.

    Raises UnsafeBundle.
    """
    with path.open("rb") as file:
        found = _HEADER.match(file.read(_HEADER_BYTES))
    if found is None:
        raise UnsafeBundle(f"{path.name} is no table of numbers that numpy wrote", _REMEDY)
    start = 10 + int.from_bytes(found["length"], "little")  # behind the mark, version and length
    sizes = [int(size) for size in found["shape"].replace(b" ", b"").split(b",") if size]
    expected = found.end() + math.prod(sizes) * int(found["item"])
    if found.end() != start or path.stat().st_size != expected:
        raise UnsafeBundle(
            f"{path.name} has {path.stat().st_size:,} bytes, and its own header says {expected:,}",
            _REMEDY,
        )


def check_graph(path: Path) -> None:
    """Check that all values of a graph are in its own file or the weights' beside it, and that its
    operators are ONNX's own or ours.

    Only the messages that may hold tensors are walked, and no value is read. Raises UnsafeBundle.
    """
    if not path.stat().st_size:
        raise UnsafeBundle(f"{path.name} is empty", _REMEDY)
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        try:
            _walk(data, "model", 0, len(data), 0, path.name + WEIGHTS)
        except UnsafeBundle as error:
            raise UnsafeBundle(f"{path.name}: {error.message}", error.remedy) from None


def _check_options(provider: Provider) -> None:
    for key, value in provider.options.items():
        if key in _CACHE_OPTIONS and value == "{cache}":
            continue
        if not _SAFE_OPTION.fullmatch(key) or "/" in value or ".." in value:
            raise UnsafeBundle(
                f"the profile in it gives {provider.name} the option {key}: {value[:100]!r}, "
                "which can name files of this machine",
                _REMEDY,
            )


def _walk(data: mmap.mmap, message: str, start: int, end: int, depth: int, weights: str) -> None:
    if depth > MAX_NESTING:
        raise UnsafeBundle(f"messages lie more than {MAX_NESTING} deep", _REMEDY)
    inner = _FIELDS[message]
    if message == "node":
        _check_operator(data, start, end)
    for field in _fields(data, start, end):
        if message == "tensor" and field.number == _EXTERNAL_DATA:
            pair = {
                part.number: data[part.start : part.end]
                for part in _fields(data, field.start, field.end)
                if part.kind == _BYTES  # protobuf passes over any other
            }
            if pair.get(_KEY) == b"location" and pair.get(_VALUE) != weights.encode():
                raise UnsafeBundle(f"a tensor's values lie elsewhere than in {weights}", _REMEDY)
        if field.number in inner:
            if field.kind != _BYTES:
                raise UnsafeBundle(f"it is no ONNX graph at byte {field.start}", _REMEDY)
            _walk(data, inner[field.number], field.start, field.end, depth + 1, weights)


def _check_operator(data: mmap.mmap, start: int, end: int) -> None:
    """Check one node's owner and name. Raises UnsafeBundle."""
    told = {_OPERATOR: b"", _DOMAIN: b""}
    for field in _fields(data, start, end):
        if field.number in told and field.kind == _BYTES:  # the last one counts, in protobuf
            told[field.number] = data[field.start : field.end]
    operator, domain = (told[key].decode(errors="replace") for key in (_OPERATOR, _DOMAIN))
    if domain not in DOMAINS and (domain, operator) not in OPERATORS:
        raise UnsafeBundle(
            f"it holds the operator {operator[:80]!r} of {domain[:80]!r}; known are ONNX's own, "
            f"those of edge.voice and {', '.join(_MICROSOFTS)}",
            _REMEDY,
        )


def _fields(data: mmap.mmap, at: int, end: int) -> Iterator[_Field]:
    """Yield the fields of one protobuf message: protobuf.dev/programming-guides/encoding."""
    while at < end:
        key, at = _varint(data, at, end)
        kind, start = key & 7, at
        if kind == _VARINT:
            _, at = _varint(data, at, end)
        elif kind == _BYTES:
            length, start = _varint(data, at, end)
            at = start + length
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            at = end + 1
        if at > end:
            raise UnsafeBundle(f"it is no ONNX graph at byte {start}", _REMEDY)
        yield _Field(key >> 3, kind, start, at)


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at + shift // 7 >= end:
            break
        byte = data[at + shift // 7]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at + shift // 7 + 1
    raise UnsafeBundle(f"it is no ONNX graph at byte {at}", _REMEDY)
