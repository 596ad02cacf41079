"""Family `pocket`: speech in the voice of a clip, on a CPU. docs/design/pocket.md is its page.

This module is light; `load` and `enroll` import the rest.
"""

from __future__ import annotations

from edge.bundle import Bundle, Variant
from edge.bundle.measured import Cost
from edge.pcm import PcmChunk
from edge.synth import Style, Synthesizer
from edge.synth.voice_print import VoicePrint


def load(bundle: Bundle, variant: Variant, cost: Cost | None) -> Synthesizer:
    from edge.synth.pocket.synthesizer import PocketSynthesizer

    return PocketSynthesizer(bundle, variant)


def trial_style(bundle: Bundle) -> Style:
    """The style to try a bundle with, which may have no voice before somebody clones one."""
    from edge.synth.pocket.speaker import DEFAULT, NOBODY

    return Style() if DEFAULT in bundle.manifest.files else Style(speaker=NOBODY)


def check_print(bundle: Bundle, print_: VoicePrint) -> None:
    from edge.synth.pocket.settings import read_settings
    from edge.synth.pocket.speaker import from_print

    from_print(print_, read_settings(bundle).inner)


def enroll(bundle: Bundle, clip: PcmChunk, transcript: str | None) -> VoicePrint:
    """Make a print of whoever speaks in `clip`; what is said in it need not be known. The encoder
    is loaded, run and let go of. Raises BadClip, ModelFailed, MissingPackage."""
    from edge.synth.pocket.enrol import enrol

    return enrol(bundle, clip)
