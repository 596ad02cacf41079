"""Weights of a checkpoint into our modules: nothing is unpickled but tensors, every complaint
about a file is told at once, and no memory is taken for a tensor that does not fit."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from edge.errors import EdgeError, ExportFailed

MAX_BYTES = 8 << 30  # llm.pt of the released model has 2.02 GB
MAX_FOLDED = 1 << 26  # values of one layer with weight norm; the largest released has 2,097,152
SHOWN = 50

State = dict[str, Tensor]
M = TypeVar("M", bound=nn.Module)

_AGAIN = "Give the checkpoint folder as it was released, and see that the download is whole."
_MAGNITUDE = re.compile(r"(.+)\.(?:weight_g|parametrizations\.weight\.original0)")
_DIRECTION = re.compile(r"(.+)\.(?:weight_v|parametrizations\.weight\.original1)")
_PROGRESS = {"epoch", "step"}  # numbers that training leaves beside the weights


def refuse(message: str) -> ExportFailed:
    return ExportFailed(message, _AGAIN)


def read_state(path: Path) -> State:
    """The tensors of a .pt file by name, weight norm folded; raises ExportFailed.

    The prefix `generator.` is taken off, and both spellings of weight norm are known. Files are
    mapped, not read.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise refuse(f"{path}: {error.strerror}") from None
    if size > MAX_BYTES:
        raise refuse(f"{path}: {size:,} bytes, the limit is {MAX_BYTES:,}")
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        found = re.search(r"(GLOBAL [\w.]+|Unsupported \w+|Unsupported operand \d+)", str(error))
        what = f" ({found[1]})" if found else ""
        raise refuse(f"{path}: holds something other than weights{what}; it was not run") from None
    except EdgeError:
        raise
    except Exception as error:  # torch raises whatever a damaged file makes it stumble over
        first = (str(error).strip() or repr(error)).splitlines()[0][:200]
        raise refuse(
            f"{path}: not a file of weights, or cut short ({size:,} bytes): {first}"
        ) from None
    if not isinstance(loaded, dict):
        raise refuse(f"{path}: holds {type(loaded).__name__}, expected weights by name")
    state: State = {}
    for key, value in loaded.items():
        if key in _PROGRESS and not isinstance(value, Tensor):
            continue
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise refuse(f"{path}: {str(key)[:80]!r} is {type(value).__name__}, not weights")
        state[key.replace("generator.", "")] = value
    return _folded(state, path)


def _folded(state: State, path: Path) -> State:
    """Weight norm as one weight, g v / |v|, in float64: the pitch predictor needs every digit."""
    found: State = {}
    for key, value in state.items():
        if _MAGNITUDE.fullmatch(key):
            continue
        part = _DIRECTION.fullmatch(key)
        if part is None:
            found[key] = value
            continue
        layer = part[1]
        names = (f"{layer}.weight_g", f"{layer}.parametrizations.weight.original0")
        g = next((state[name] for name in names if name in state), None)
        ones = (1,) * (value.ndim - 1)
        if g is None or value.ndim < 2 or g.shape != (value.shape[0], *ones):
            shape = None if g is None else tuple(g.shape)
            raise refuse(
                f"{path}: {layer}: weight norm of {tuple(value.shape)} with magnitudes {shape}"
            )
        if value.numel() > MAX_FOLDED:
            raise refuse(
                f"{path}: {layer} has shape {tuple(value.shape)}; with weight norm at most "
                f"{MAX_FOLDED:,} values are expected"
            )
        v = value.double()
        norm = v.flatten(1).norm(dim=1).view(-1, *ones)
        found[f"{layer}.weight"] = g.double() * v / norm.clamp(min=1e-300)
    return found


def build(make: Callable[[], M]) -> M:
    """A module without memory for its weights, for `fill`."""
    with torch.device("meta"):
        return make().eval()


def fill(modules: Sequence[tuple[str, nn.Module]], state: State, path: Path) -> None:
    """Give modules their weights; each comes with what the file puts before its own names.

    Raises ExportFailed listing all that is missing, unknown or of another shape.
    """
    expected = {
        prefix + name: (module, name, tensor)
        for prefix, module in modules
        for name, tensor in module.state_dict().items()
    }
    complaints = [f"{name} is missing" for name in expected if name not in state]
    complaints += [f"{name} is unknown" for name in state if name not in expected]
    for name in expected.keys() & state.keys():
        wanted, got = expected[name][2], state[name]
        if wanted.shape != got.shape:
            complaints.append(
                f"{name} has shape {tuple(got.shape)}, {tuple(wanted.shape)} is expected"
            )
        elif not got.is_floating_point():
            complaints.append(f"{name} has type {got.dtype}, float is expected")
    complaints.sort()
    if not complaints:
        complaints = [
            f"{name} holds a value that is no number"
            for name in expected
            if not bool(torch.isfinite(state[name]).all())
        ]
    if complaints:
        more = f"; and {len(complaints) - SHOWN} more" if len(complaints) > SHOWN else ""
        raise refuse(f"{path}: " + "; ".join(complaints[:SHOWN]) + more)
    for _, module in modules:
        own = {
            name: state[full].to(tensor.dtype)
            for full, (owner, name, tensor) in expected.items()
            if owner is module
        }
        module.load_state_dict(own, strict=True, assign=True)
        module.requires_grad_(False)
