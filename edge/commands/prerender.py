"""Have announcements made before they are needed, so that they start at once."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from edge.commands.options import argument, option, socket_option
from edge.text import MAX_SPEED, MIN_SPEED

EXAMPLE = "edge prerender announcements.txt"


@dataclass(frozen=True)
class Options:
    file: str = argument("FILE", "a file with one phrase a line; - is standard input")
    voice: str | None = option(None, "VOICE", "speak with this voice, not the daemon's default")
    speed: float = option(1.0, "X", f"speak X times as fast, {MIN_SPEED:g} to {MAX_SPEED:g}")
    captions: Path | None = option(
        None, "DIR", "write captions of each phrase to DIR/LINE.vtt, LINE being that of FILE"
    )
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.client import Client, pcm
    from edge.protocol import Synthesize, VoiceChoice
    from edge.records import read_text

    if options.file == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    else:
        text = read_text(Path(options.file))
    phrases: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if phrase := line.strip():
            phrases.setdefault(phrase, number)
    voice = VoiceChoice(name=options.voice) if options.voice else None
    seconds = 0.0
    with Client(options.socket) as client:
        for phrase, number in phrases.items():  # the daemon keeps the sound; here it is not kept
            words = options.captions is not None
            request = Synthesize(phrase, voice=voice, speed=options.speed, words=words)
            messages = client.sound(request)
            if options.captions is None:
                seconds += sum(chunk.seconds for chunk in pcm(messages))
                continue
            from edge.commands.say.caption_file import CaptionFile

            captions = CaptionFile(options.captions / f"{number}.vtt")
            [phrase] = captions.text([phrase])
            seconds += sum(chunk.seconds for chunk in pcm(captions.sound(messages)))
            captions.write()
        kept = client.status().counters["phrases"]
    print(f"made {len(phrases)} phrases, {seconds:.1f} s of sound")
    if kept < len(phrases):
        print("The daemon has no room for all of them: edge serve --phrase-cache DIR keeps more.")
    return 0
