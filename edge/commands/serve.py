"""Run the daemon in the foreground; what is typed goes before the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import (
    any_board_option,
    bundles_option,
    choice,
    config_option,
    option,
    switch,
)
from edge.sound.settings import OnLoss

if TYPE_CHECKING:
    from edge.bundle import Bundle
    from edge.config import Config, InForce

EXAMPLE = "edge serve --device 'USB Audio'"


@dataclass(frozen=True)
class Options:
    """None, False and empty: the configuration decides."""

    bundle: tuple[Path, ...] = bundles_option()
    voice: str | None = option(None, "VOICE", "speak with this voice if a request names none")
    socket: Path | None = option(None, "PATH", "listen at PATH instead of the usual socket")
    device: str | None = option(None, "NAME", "play on this sound device; edge doctor lists them")
    fallback_device: str | None = option(None, "NAME", "play on this one while that is lost")
    on_loss: OnLoss | None = choice(
        None,
        "if the device is lost in the middle of a word: wait for it, which is usual, or move to "
        "the fallback at once",
    )
    wait: float | None = option(None, "S", "wait S seconds for it; 30 if left out")
    wake_ms: float | None = option(
        None,
        "MS",
        "play MS milliseconds of silence before the first word after idle; edge calibrate-audio "
        "measures it; the device's kind decides if left out",
    )
    keep_awake: bool = switch("never close the device; hum faintly at 30 Hz between utterances")
    phrase_cache: Path | None = option(
        None, "DIR", "keep the sound of repeated phrases over a restart, in DIR"
    )
    any_board: bool = any_board_option()
    config: Path | None = config_option()


def run(options: Options) -> int:
    from edge.client import socket_path
    from edge.config import load_config
    from edge.daemon.start import configured, serve_bundles

    def read() -> tuple[Sequence[Bundle], Config]:
        config = in_force(load_config(options.config), options).config
        return configured(config), config

    serve_bundles(read, options.socket or socket_path())
    return 0


def in_force(found: InForce, options: Options) -> InForce:
    """Return the configuration with what was typed in place of what the file says."""
    folders = tuple(str(place.absolute()) for place in options.bundle)
    phrases = options.phrase_cache and str(options.phrase_cache.absolute())
    return (
        found.override("voice", options.voice, "--voice")
        .override("bundles", folders or None, "--bundle")
        .override("any_board", options.any_board or None, "--any-board")
        .override("audio.device", options.device, "--device")
        .override("audio.fallback", options.fallback_device, "--fallback-device")
        .override("audio.on_loss", options.on_loss, "--on-loss")
        .override("audio.wait_s", options.wait, "--wait")
        .override("audio.wake_ms", options.wake_ms, "--wake-ms")
        .override("audio.keep_awake", options.keep_awake or None, "--keep-awake")
        .override("cache.folder", phrases, "--phrase-cache")
    )
