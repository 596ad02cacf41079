"""Who speaks: what a voice print holds for this family, or nobody in particular."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.errors import BadVoicePrint
from edge.synth.cosyvoice3.flow_state import ReadOnlyState
from edge.synth.cosyvoice3.settings import Settings
from edge.synth.voice_print import VoicePrint

FAMILY = "cosyvoice3"


@dataclass(frozen=True, eq=False)
class Speaker:
    """`text` and `tokens` of the clip as ids, the text empty if nobody told it; `mel` (mels,
    frames per token x tokens); `vector` (xvec,), of any length; `language` of the clip; `state`:
    what the flow computes of the clip, where it is kept with the print."""

    text: tuple[int, ...]
    tokens: tuple[int, ...]
    mel: npt.NDArray[np.float32]
    vector: npt.NDArray[np.float32]
    language: str | None = None
    state: ReadOnlyState | None = None


def nobody(settings: Settings) -> Speaker:
    """No clip: the model is asked in its cross-lingual form and chooses how to sound."""
    flow = settings.flow
    mel, vector = np.zeros((flow.mels, 0), np.float32), np.zeros(flow.xvec, np.float32)
    return Speaker((), (), mel, vector)


def to_arrays(speaker: Speaker) -> dict[str, npt.NDArray[np.generic]]:
    return {
        "text": np.array(speaker.text, np.int32),
        "tokens": np.array(speaker.tokens, np.int32),
        "mel": speaker.mel,
        "vector": speaker.vector,
    }


def from_print(print_: VoicePrint, settings: Settings) -> Speaker:
    """Raises BadVoicePrint where the arrays are not this model's."""
    flow, arrays = settings.flow, print_.arrays
    try:
        text, tokens = arrays["text"], arrays["tokens"]
        mel, vector = arrays["mel"], arrays["vector"]
        whole = (
            print_.family == FAMILY
            and text.ndim == tokens.ndim == 1
            and text.dtype == tokens.dtype == np.int32
            and mel.shape == (flow.mels, flow.frames_per_token * len(tokens))
            and vector.shape == (flow.xvec,)
            and mel.dtype == vector.dtype == np.float32
            and bool(np.isfinite(mel).all() and np.isfinite(vector).all())
            and bool((tokens >= 0).all() and (tokens < settings.codes).all() and (text >= 0).all())
        )
    except KeyError:
        whole = False
    if not whole:
        raise BadVoicePrint(
            "a voice print does not hold what this model needs",
            "Make it again: edge clone NAME CLIP.wav",
        )
    return Speaker(tuple(map(int, text)), tuple(map(int, tokens)), mel, vector)
