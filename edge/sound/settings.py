"""Where sound goes, as data: the settings, and the presets for kinds of outputs.

To add a kind of output, or to correct one: a row in KINDS, and its row in docs/use/sound.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

OnLoss = Literal["wait", "fallback"]


@dataclass(frozen=True)
class Kind:
    """A kind of output, and what its devices need."""

    name: str
    wake_ms: int
    """Milliseconds of silence before the first sound after idle."""
    pattern: str
    """Searched, in any case, in the names of a device: PortAudio's, and the server's sink's."""


# The first that fits. Names are as ALSA's drivers, PulseAudio and PipeWire give them. Times are
# what users report (rhasspy/wyoming-satellite#122; eltmon/overdeck#1028: 50 ms on board, 500 ms on
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
    """Find the kind of the device that has these names; None if no row knows it."""
    text = "\n".join(name for name in names if name)
    return next((kind for kind in KINDS if re.search(kind.pattern, text, re.IGNORECASE)), None)


@dataclass(frozen=True)
class Wishes:
    """The settings of the sound that are a user's to choose: each is a key of the configuration.
    Devices have the names that `edge doctor` lists."""

    device: str | None = None
    fallback: str | None = None
    """Second choice; None is no other device."""
    on_loss: OnLoss = "wait"
    """For a device that is lost in an utterance: wait for it for `wait_s` seconds and then move to
    the fallback, or move there at once."""
    wait_s: float = 30.0
    wake_ms: float | None = None
    """Milliseconds of silence before the first sound after idle, for outputs that swallow the
    beginning (HDMI, USB, Bluetooth); None is the preset of the device's kind in KINDS."""
    keep_awake: bool = False
    """Never close the device, and hum."""

    def __post_init__(self) -> None:
        if self.on_loss not in ("wait", "fallback"):
            raise ValueError(f"on_loss must be wait or fallback, got {self.on_loss!r}")
        if self.on_loss == "fallback" and self.fallback is None:
            raise ValueError("on_loss: fallback needs the name of a fallback device")
        for name, value, most in (("wait_s", self.wait_s, 600), ("wake_ms", self.wake_ms, 10_000)):
            if value is not None and not 0 <= value <= most:
                raise ValueError(f"{name} must be between 0 and {most}, got {value}")


@dataclass(frozen=True)
class Output(Wishes):
    """The devices to play to, and how: the wishes, and what a board's profile adds to them. The
    device None is the machine's default."""

    usual_wake_ms: float = 0.0
    """Stands for `wake_ms` where the kind of the device is not known."""
    block_ms: float = 10.0
    """Milliseconds of one write, and so of the longest wait of an abort."""
    latency_ms: float = 60.0
    """Milliseconds of sound that the device is asked to hold."""
