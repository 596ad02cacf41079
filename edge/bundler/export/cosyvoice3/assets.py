"""Write what a bundle carries beside the graphs: tables, fixed noise, the tokenizer, the numbers.

Nothing here needs torch.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from edge.bundler.export.cosyvoice3.dimensions import Dimensions, FlowDimensions
from edge.bundler.export.cosyvoice3.special_tokens import SPECIAL
from edge.errors import BadRecord, ExportFailed
from edge.records import to_dict
from edge.synth.cosyvoice3.settings import FlowNumbers

COPIED = {
    "vocab": "vocab.json",
    "merges": "merges.txt",
    "campplus": "campplus.onnx",
    "speech_tokenizer": "speech_tokenizer_v3.onnx",
}
SILENT_TOKENS = (1, 2, 28, 29, 55, 248, 494, 2241, 2242, 2322, 2323)
STEPS = 10
"""Steps of the released code; a variant may take fewer that divide them."""
MAX_ONNX_BYTES = 2 << 30  # the released speech tokenizer has 0.97 GB


_REMEDY = "Give the checkpoint folder as it was released."


def step_times(steps: int) -> npt.NDArray[np.float32]:
    """Small steps first: 1 - cos of even ones (steps + 1,)."""
    even = np.linspace(0, 1, steps + 1, dtype=np.float32)
    # In float64, then rounded: numpy's cosines of float32 end in other bits on other CPUs.
    cosines = np.cos((even * np.float32(0.5 * np.pi)).astype(np.float64))
    return np.asarray(1 - cosines.astype(np.float32), np.float32)


def flow_numbers(flow: FlowDimensions) -> FlowNumbers:
    return FlowNumbers(
        mels=flow.mels,
        xvec=flow.xvec,
        frames_per_token=flow.frames_per_token,
        look_ahead_tokens=flow.look_ahead,
        block_frames=flow.block,
        steps=STEPS,
        guidance=flow.guidance,
        times=tuple(float(time) for time in step_times(STEPS)),
    )


def special_tokens(vocab: Path, tokenizer_config: Path, rows: int) -> dict[str, int]:
    """Ids of the special tokens; raises BadRecord where files disagree. `rows`: of the table."""
    words = _read(vocab)
    ids = list(words.values()) if isinstance(words, dict) else []
    if not ids or not all(type(i) is int for i in ids) or set(ids) != set(range(len(ids))):
        raise BadRecord(f"{vocab}: expected words with the ids from 0 on, each once", _REMEDY)
    found = {text: len(ids) + i for i, text in enumerate(SPECIAL)}
    config = _read(tokenizer_config)
    added = config.get("added_tokens_decoder", {}) if isinstance(config, dict) else None
    if not isinstance(added, dict) or not all(isinstance(v, dict) for v in added.values()):
        raise BadRecord(f"{tokenizer_config}: added_tokens_decoder is not a mapping", _REMEDY)
    for text, said in {str(v.get("content")): i for i, v in added.items()}.items():
        if text in found and said != str(found[text]):
            raise BadRecord(
                f"{tokenizer_config}: {text} has the id {said}, {found[text]} is expected", _REMEDY
            )
    if max(found.values()) >= rows:
        raise BadRecord(
            f"{vocab}: {len(ids)} words and {len(SPECIAL)} special tokens do not fit the "
            f"{rows} rows of the text table",
            _REMEDY,
        )
    return found


def check_encoder(path: Path, inputs: Mapping[str, tuple[int, int | None]]) -> None:
    """The graphs that the release carries as ONNX: by input its number of axes and the size of
    the one that the clip does not decide (the last but the time). Raises ExportFailed."""
    try:
        size = path.stat().st_size
        if size > MAX_ONNX_BYTES:
            raise ExportFailed(f"{path}: {size:,} bytes, the limit is {MAX_ONNX_BYTES:,}", _REMEDY)
        model = onnx.load(str(path), load_external_data=False)
    except OSError as error:
        raise ExportFailed(f"{path}: {error.strerror}", _REMEDY) from None
    except Exception:  # protobuf's own errors
        raise ExportFailed(f"{path}: not an ONNX model, or cut short", _REMEDY) from None
    held = {tensor.name for tensor in model.graph.initializer}
    outside = [t.name for t in model.graph.initializer if t.external_data]
    if outside:
        raise ExportFailed(f"{path}: the weights of {outside[0]} are in another file", _REMEDY)
    found = [item for item in model.graph.input if item.name not in held]
    shapes = {
        item.name: tuple(axis.dim_value for axis in item.type.tensor_type.shape.dim)
        for item in found
    }
    expected = list(inputs.values())
    if len(shapes) != len(expected) or any(
        len(shape) != axes or (fixed is not None and fixed not in shape)
        for shape, (axes, fixed) in zip(shapes.values(), expected, strict=False)
    ):
        wanted = ", ".join(f"{name} of {axes} axes" for name, (axes, _) in inputs.items())
        raise ExportFailed(f"{path}: its inputs are {shapes}, expected {wanted}", _REMEDY)


def copy_files(files: Mapping[str, Path], folder: Path) -> None:
    for role, name in COPIED.items():
        shutil.copyfile(files[role], folder / name)


def numbers(
    d: Dimensions, special: Mapping[str, int], source: tuple[list[float], float]
) -> dict[str, Any]:
    """config.json of the bundle: all that the board must know besides the graphs."""
    llm, flow, vocoder = d.llm, d.flow, d.vocoder
    return {
        "rate": vocoder.rate,
        "token_rate": vocoder.rate // vocoder.frame // flow.frames_per_token,
        "codes": llm.codes,
        "sos": llm.codes,
        "eos": llm.codes + 1,
        "task": llm.codes + 2,
        "fill": llm.codes + 3,
        "hidden": llm.hidden,
        "layers": llm.layers,
        "kv_heads": llm.kv_heads,
        "head": llm.head,
        "special_tokens": dict(special),
        "silent_tokens": [token for token in SILENT_TOKENS if token < llm.codes],
        "sampling": {
            "top_p": d.sampling.top_p,
            "top_k": d.sampling.top_k,
            "window": d.sampling.window,
            "tau": d.sampling.tau,
        },
        "flow": to_dict(flow_numbers(flow)),
        "mel": {"n_fft": d.mel_fft, "hop": d.mel_hop, "window": d.mel_window},
        "source": {
            "frame": vocoder.frame,
            "harmonics": vocoder.harmonics + 1,
            "sine": vocoder.sine,
            "noise": vocoder.noise,
            "voiced_hz": vocoder.voiced_hz,
            "weight": source[0],
            "bias": source[1],
        },
        "vocoder": {"look_right": vocoder.look_right, "n_fft": vocoder.n_fft, "hop": vocoder.hop},
    }


def _read(path: Path) -> Any:
    try:
        return json.loads(_large_text(path))
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"{path}: not readable as JSON: {error}", _REMEDY) from None


def _large_text(path: Path) -> str:
    """vocab.json has 2.8 MB, more than a description may have."""
    limit = 32 << 20
    try:
        if path.stat().st_size > limit:
            raise BadRecord(f"{path}: larger than {limit} bytes", _REMEDY)
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadRecord(f"{path}: not UTF-8 text", _REMEDY) from None
    except OSError as error:
        raise BadRecord(f"{path}: {error.strerror}", _REMEDY) from None
