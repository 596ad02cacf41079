"""Judge a clip that can be used: what would make a better voice of it, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.families import Family
from edge.pcm import PcmChunk
from edge.synth.clip_pauses import contrast_db, ends_in_speech
from edge.synth.loudness import loudness_lufs

QUIET_LUFS = -36.0
"""Recordings of speech have -30 to -16. What is softer is made louder, with its noise."""
QUIET_ROOM_DB = 30.0
"""A living room without a fan; what is less is heard behind every word of the voice."""
GOOD_RATE = 22_050
"""Hz; models speak at 22 to 24 kHz, and do not know what the clip lacks above half of its rate."""
_NEAR_FULL = 0.98
_FEW = 3  # peaks that may be chance


@dataclass(frozen=True)
class ClipFigures:
    """Measurements of a clip."""

    seconds: float
    loudness: float
    """LUFS."""
    contrast: float
    """Decibels from its pauses, which are its noise, to its speech."""

    @property
    def line(self) -> str:
        return (
            f"{self.seconds:.1f} s, {self.loudness:.0f} LUFS, "
            f"noise {self.contrast:.0f} dB below the speech"
        )


def measure(clip: PcmChunk) -> ClipFigures:
    """Measure a clip that check_clip() let through."""
    return ClipFigures(clip.seconds, loudness_lufs(clip), contrast_db(clip))


def advise(clip: PcmChunk, figures: ClipFigures, family: Family) -> list[str]:
    """List what is worth mending, the most audible first; empty for a good clip."""
    advice = []
    if figures.contrast < QUIET_ROOM_DB:
        advice.append(
            f"Its noise is only {figures.contrast:.0f} dB below the speech ({QUIET_ROOM_DB:.0f} "
            "is good), and is cloned too: switch off fans, close the window, go nearer to the "
            "microphone, and leave short pauses."
        )
    if (peaks := int((np.abs(clip.samples) >= _NEAR_FULL).sum())) > _FEW:
        advice.append(
            f"{peaks} of its samples touch full scale: record it a little softer (alsamixer, F4)."
        )
    if figures.loudness < QUIET_LUFS:
        advice.append(
            f"It is soft, {figures.loudness:.0f} LUFS: go within a hand's breadth of the "
            "microphone, or raise its gain (alsamixer, F4)."
        )
    if figures.seconds < family.enough_s:
        advice.append(
            f"It is short, {figures.seconds:.1f} s: from {family.enough_s:g} s on a voice is "
            "caught well."
        )
    if clip.rate < GOOD_RATE:
        advice.append(
            f"It has {clip.rate} Hz, and so nothing above {clip.rate // 2} Hz: record it at "
            "24000 Hz or more (arecord -r 48000)."
        )
    if ends_in_speech(clip):
        advice.append(
            "It ends while somebody speaks, and the voice may go on with that word: leave half a "
            "second of silence at the end."
        )
    return advice
