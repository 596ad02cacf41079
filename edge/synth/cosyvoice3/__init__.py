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


def enroll(bundle: Bundle, clip: PcmChunk, transcript: str) -> VoicePrint:
    """Make a print of whoever speaks in `clip`, and says `transcript`. The encoders are loaded,
    run and let go of. Raises BadClip, ModelFailed."""
    from edge.synth.cosyvoice3.enrol import enrol

    return enrol(bundle, clip, transcript)


def keep_state(bundle: Bundle, variant: Variant, path: Path) -> str:
    """Compute what the flow makes of the clip of the print in `path`, and keep it beside it where
    that pays on this board; a sentence that says what was done. Raises DiskFull, NotWritable."""
    from edge.synth.cosyvoice3.prompt_state import keep_beside

    return keep_beside(bundle, variant, path)
