"""Speak a text, and wait until it has been heard."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.commands.options import (
    any_board_option,
    argument,
    bundles_option,
    choice,
    option,
    socket_option,
    switch,
)
from edge.text import MAX_SPEED, MIN_SPEED

EXAMPLE = "edge say 'The train to Oxford leaves at nine.'"

Priority = Literal["urgent", "normal", "background"]


@dataclass(frozen=True)
class Options:
    text: str | None = argument(
        "TEXT", "the text; - or nothing speaks standard input as it comes", None
    )
    file: str | None = option(
        None, "FILE", "speak what is in FILE; - is standard input", short="-f"
    )
    voice: str | None = option(
        None, "VOICE", "speak with this voice; the daemon's default voice if left out", short="-v"
    )
    speed: float = option(
        1.0,
        "X",
        f"speak X times as fast, {MIN_SPEED:g} to {MAX_SPEED:g}; "
        "above 1.5 most voices need libsonic",
    )
    how: str | None = option(
        None, "WORDS", "how to speak, for a voice that can be told: 'speak excitedly'"
    )
    language: str | None = option(
        None, "LANGUAGE", "language of the text: a voice that speaks it is chosen, or told so"
    )
    volume: float = option(1.0, "X", "make it X times as loud, 0 to 2; edge volume applies too")
    priority: Priority = choice(
        "normal",
        "urgent cuts in, and what it interrupts goes on at its last word; normal waits its turn; "
        "background waits for silence",
    )
    ttl: float | None = option(None, "S", "drop it if it has not begun to sound after S seconds")
    key: str | None = option(None, "KEY", "replace what this user has waiting with the same key")
    out: str | None = option(
        None,
        "FILE.wav",
        "write the sound there instead of playing it; - is standard output",
        short="-w",
    )
    captions: Path | None = option(
        None,
        "FILE",
        "with --out: write captions of the sound there, WebVTT if FILE ends with .vtt, "
        "SubRip if with .srt",
    )
    fallback: Path | None = option(
        None, "FILE.wav", "write the sound there if there is no sound card"
    )
    while_connected: bool = switch("be silent as soon as this command ends, however it ends")
    ssml: bool = switch("the text is SSML (docs/use/ssml.md)")
    markdown: bool = switch("the text is Markdown, a lone list item too")
    pause: float | None = option(
        None,
        "S",
        "be silent S seconds longer between sentences, 0 to 10; twice that between paragraphs",
    )
    as_written: bool = switch("read numbers, signs and Markdown as they are written")
    no_wait: bool = switch("return once the daemon has accepted the text")
    local: bool = switch("start a private daemon for this one call")
    bundle: tuple[Path, ...] = bundles_option("with --local: ")
    device: str | None = option(None, "NAME", "with --local: play on this sound device")
    any_board: bool = any_board_option("with --local: ")
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    """Return 0; 1 if somebody stopped the speech; 2 for a text that was given twice, or
    that is two things, and for captions of no file or in no known format."""
    from edge.commands.say.speech import say_text

    if options.text is not None and options.file is not None:
        print("edge say: give TEXT or -f FILE, not both", file=sys.stderr)
        return 2
    if options.ssml and options.markdown:
        print("edge say: give --ssml or --markdown, not both", file=sys.stderr)
        return 2
    if options.captions is not None:
        if options.out is None:
            print("edge say: --captions wants --out FILE.wav, whose clock it has", file=sys.stderr)
            return 2
        if options.captions.suffix not in (".vtt", ".srt"):
            print("edge say: --captions FILE ends with .vtt or .srt", file=sys.stderr)
            return 2
    if options.text is None and options.file is None and sys.stdin.isatty():
        print("edge: type the text, then Ctrl-D", file=sys.stderr)
    return say_text(options)
