"""Family `cosyvoice3`: speech in a cloned voice. docs/design/cosyvoice3.md is its page.

This module is light; `load` and `enroll` import the rest.
"""

from __future__ import annotations

from pathlib import Path

from edge.bundle import Bundle, Variant
from edge.bundle.measured import Cost
from edge.pcm import PcmChunk
from edge.synth import Synthesizer
from edge.synth.voice_print import VoicePrint


def load(bundle: Bundle, variant: Variant, cost: Cost | None) -> Synthesizer:
    from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer

    return CosyVoice3Synthesizer(bundle, variant)


def phonemes(bundle: Bundle) -> frozenset[str]:
    """Characters of the phones and pinyin that the model has tokens for, and the point between
    two of them; none in a bundle of before."""
    from edge.synth.cosyvoice3.settings import read_settings

    known = read_settings(bundle).special_tokens
    if "[AA]" not in known:
        return frozenset()
    pieces = (token[1:-1] for token in known if token.startswith("[") and token.endswith("]"))
    return frozenset("".join(pieces)) | {"."}


def check_print(bundle: Bundle, print_: VoicePrint) -> None:
    from edge.synth.cosyvoice3.settings import read_settings
    from edge.synth.cosyvoice3.speaker import from_print

    from_print(print_, read_settings(bundle))


def enroll(bundle: Bundle, clip: PcmChunk, transcript: str | None) -> VoicePrint:
    """Make a print of whoever speaks in `clip`, and says `transcript` if that is known. The
    encoders are loaded, run and let go of. Raises BadClip, ModelFailed."""
    from edge.synth.cosyvoice3.enrol import enrol

    return enrol(bundle, clip, transcript)


def keep_state(bundle: Bundle, variant: Variant, path: Path) -> str:
    """Compute what the flow makes of the clip of the print in `path`, and keep it beside it where
    that pays on this board; a sentence that says what was done. Raises DiskFull, NotWritable."""
    from edge.synth.cosyvoice3.prompt_state import keep_beside

    return keep_beside(bundle, variant, path)
