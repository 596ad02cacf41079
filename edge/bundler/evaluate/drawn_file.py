"""Read the file of a sentence's tokens, as the script on docs/use/judge-a-voice.md writes it, and
refuse what is not of the bundle's own model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle
from edge.errors import NotComparable
from edge.pcm import Samples
from edge.synth.cosyvoice3.flow import NOISE
from edge.synth.cosyvoice3.language_model import ROOM, SPEECH_TABLE, TEXT_TABLE
from edge.synth.cosyvoice3.sampling import flow_tokens
from edge.synth.cosyvoice3.settings import read_settings
from edge.synth.cosyvoice3.speaker import Speaker
from edge.synth.tables import read_table

SCRIPT = "the script on docs/use/judge-a-voice.md"
SUM_OFF = 1e-3
"""How far from 1 the chances of a step may add up to: float32 is off by 1e-5, scores before their
softmax by far more."""
_AGAIN = f"Make it with {SCRIPT}, from the checkpoint that this bundle was built from."

Ids = npt.NDArray[np.int64]
Arrays = dict[str, npt.NDArray[Any]]
Shape = tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A sentence as the official models spoke it; arrays of its file."""

    text: Ids
    """Ids (n,) that the language model read: the prompt's, and the sentence's."""
    heard: Ids
    """Speech tokens (n,) of the clip that it read; none in the cross-lingual form."""
    drawn: Ids
    """Ids (steps,) that it drew, with the one that ended the speech, if one did."""
    logp: npt.NDArray[np.floating[Any]]
    """Logarithms (steps, ids) of the chances that they were drawn from, in nats."""
    clip_tokens: Ids
    """Speech tokens (n,) of the clip that the flow had."""
    clip_mel: npt.NDArray[np.float32]
    """(mels, 2 n), what goes with them."""
    clip_vector: npt.NDArray[np.float32]
    """(xvec,), the speaker's."""
    sound: Samples
    """(samples,) at the voice's rate."""

    @property
    def speaker(self) -> Speaker:
        return Speaker((), tuple(self.clip_tokens.tolist()), self.clip_mel, self.clip_vector)


class DrawnFiles:
    """Reads the files that fit one bundle, by the sizes of its model."""

    def __init__(self, bundle: Bundle) -> None:
        self._settings = settings = read_settings(bundle)
        self._texts = len(read_table(bundle, TEXT_TABLE, None, settings.hidden))
        self._ids = len(read_table(bundle, SPEECH_TABLE, None, settings.hidden))
        noise = read_table(bundle, NOISE, settings.flow.mels, None)
        self._longest = noise.shape[1] // settings.flow.frames_per_token

    def read(self, path: Path) -> Drawn:
        """Read a sentence. Raises NotComparable."""
        mels, xvec = self._settings.flow.mels, self._settings.flow.xvec
        ids = dict.fromkeys(("text", "heard", "drawn", "clip_tokens"), (None,))
        shapes = {"logp": (None, self._ids), "clip_mel": (mels, None), "clip_vector": (xvec,)}
        found = _arrays(path, ids, {**shapes, "sound": (None,)})
        for check in (self._ids_fault, self._chances_fault, self._lengths_fault):
            if fault := check(found):
                raise _refused(path, fault)
        if fault := self._room_fault(found):
            raise _refused(path, fault, f"Make it with {SCRIPT}, from a shorter clip.")
        for name in ("clip_mel", "clip_vector", "sound"):
            found[name] = np.ascontiguousarray(found[name], np.float32)
        return Drawn(**found)

    def _ids_fault(self, found: Arrays) -> str | None:
        codes = self._settings.codes
        limits = {"text": self._texts, "heard": codes, "clip_tokens": codes, "drawn": self._ids}
        for name, limit in limits.items():
            for place in np.flatnonzero((found[name] < 0) | (found[name] >= limit)):
                was = found[name][place]
                return f"{name}[{place}] is {was}; this model's are 0 to {limit - 1}"
        for place in np.flatnonzero(found["drawn"][:-1] >= codes):
            was = found["drawn"][place]
            return f"drawn[{place}] is {was}, and more follow; from {codes} on they end the speech"
        return None

    def _chances_fault(self, found: Arrays) -> str | None:
        logp, drawn = found["logp"], found["drawn"]
        if len(logp) != len(drawn):
            return f"logp has {len(logp)} rows; drawn has {len(drawn)} tokens, and each needs one"
        with np.errstate(over="ignore"):
            sums = np.exp(logp.astype(np.float64)).sum(axis=1)
        for place in np.flatnonzero(~(np.abs(sums - 1) <= SUM_OFF)):
            return (
                f"the chances in logp[{place}] add up to {sums[place]:.4g}; log_softmax's add up "
                f"to 1, within {SUM_OFF:g}"
            )
        return None

    def _lengths_fault(self, found: Arrays) -> str | None:
        settings, numbers = self._settings, self._settings.flow
        clip, frames = len(found["clip_tokens"]), found["clip_mel"].shape[1]
        if frames != numbers.frames_per_token * clip:
            wanted = numbers.frames_per_token * clip
            return f"clip_mel has {frames} frames; {clip} clip_tokens have {wanted}"
        tokens = len(flow_tokens(found["drawn"].tolist(), settings))
        if not tokens:
            return "drawn has 0 tokens that sound; 1 is the least"
        samples = tokens * numbers.frames_per_token * settings.source.frame
        if len(found["sound"]) != samples:
            return f"sound has {len(found['sound'])} samples; {tokens} tokens have {samples}"
        return None if found["sound"].any() else "every sample of sound is 0: it is silent"

    def _room_fault(self, found: Arrays) -> str | None:
        rows = 2 + sum(len(found[name]) for name in ("text", "heard", "drawn"))
        if rows > ROOM:
            return f"text, heard and drawn are {rows} rows; a bundle has room for {ROOM}"
        tokens = len(found["clip_tokens"]) + len(found["drawn"])
        if tokens > self._longest:
            return f"clip and speech are {tokens} tokens; a bundle has room for {self._longest}"
        return None


def _arrays(path: Path, ids: Mapping[str, Shape], numbers: Mapping[str, Shape]) -> Arrays:
    """Read ids as int64, and numbers as they are: each of its shape, and finite. Raises
    NotComparable."""
    wanted = {**ids, **numbers}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            found = {name: archive[name] for name in wanted if name in archive.files}
    except Exception as error:  # zipfile and numpy raise many kinds, and may learn more
        raise _refused(path, f"it is no .npz file of plain arrays ({error})") from None
    if missing := [name for name in wanted if name not in found]:
        raise _refused(path, f"it has no array {', '.join(missing)}; {len(wanted)} are needed")
    for name, shape in wanted.items():
        array, kinds = found[name], ("iu", "integers") if name in ids else ("f", "float32")
        if array.dtype.kind not in kinds[0] or not _fits(array.shape, shape):
            spelled = ", ".join("any" if size is None else str(size) for size in shape)
            raise _refused(
                path, f"{name} is {array.dtype} {array.shape}; expected {kinds[1]} ({spelled})"
            )
        if strange := int((~np.isfinite(array)).sum()):
            raise _refused(path, f"{name} has {strange} values that are no numbers; 0 may be so")
        if name in ids:
            found[name] = array.astype(np.int64)
    return found


def _fits(has: tuple[int, ...], wanted: Shape) -> bool:
    return len(has) == len(wanted) and all(
        b in (None, a) for a, b in zip(has, wanted, strict=True)
    )


def _refused(path: Path, why: str, remedy: str = _AGAIN) -> NotComparable:
    return NotComparable(f"{path}: {why}", remedy)
