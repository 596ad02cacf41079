"""Kinds of sound output, and how long each swallows the beginning of what is played after idle.

To add a kind, or to correct one: a row in KINDS, and its row in docs/sound.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """`pattern` is searched, in any case, in the names of a device: PortAudio's, and the sound
    server's for its sink. `wake_ms`: milliseconds of silence before the first sound after idle."""

    name: str
    wake_ms: int
    pattern: str


# The first that fits. Names are as ALSA's drivers, PulseAudio and PipeWire give them. The times
# are what users report (rhasspy/wyoming-satellite#122, eltmon/overdeck#1028: 50 ms on board, 500 ms
# USB), not measured by us: `edge calibrate-audio` measures.
KINDS = (
    Kind("bluetooth", 1000, r"bluez|bluealsa|bluetooth|a2dp"),
    Kind("hdmi", 500, r"hdmi|displayport"),  # before i2s: Raspberry Pi OS says "MAI PCM i2s-hifi"
    Kind("usb", 500, r"\busb\b|usb[-_ ]audio|\.usb-"),
    Kind(
        "i2s",
        100,
        r"i2s|hifiberry|iqaudio|justboom|allo|snd_?rpi|wm8960|seeed|voicecard|max98357|pcm51|"
        r"audioinjector|simple-audio-card|tegra",
    ),
    Kind(
        "built-in",
        50,
        r"headphones|bcm2835|analog|\bpch\b|\bhda\b|es83\d\d|rt56\d\d|rk3588|platform-",
    ),
)


def kind_of(*names: str | None) -> Kind | None:
    """The kind of the device that has these names; None if no row knows it."""
    text = "\n".join(name for name in names if name)
    return next((kind for kind in KINDS if re.search(kind.pattern, text, re.IGNORECASE)), None)
