"""One text through a daemon, to the sound card or into a file."""

from __future__ import annotations

import contextlib
import signal
import sys
import uuid
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from edge.client import Client, SoundMessage, pcm, speak_once
from edge.commands.say import Options
from edge.commands.say.text_input import TextInput, open_input
from edge.errors import EdgeError, EmptyText, NoSoundDevice
from edge.protocol import (
    Normalize,
    Reply,
    Speak,
    SpeakCancelled,
    SpeakStart,
    Synthesize,
    SynthesizeStart,
    TextFormat,
    VoiceChoice,
)

if TYPE_CHECKING:
    from edge.pcm import PcmChunk


PATIENCE_S = 10.0
"""Seconds without a daemon, after one was there, before somebody at a terminal is told so."""


def say_text(options: Options) -> int:
    """Speak the text that was typed, or the file or standard input while it comes.

    Returns the exit status: 0; 1 if somebody stopped it.
    """
    text = None if options.text == "-" else options.text
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(open_input(options.file))
        if text is None and options.fallback:
            text = "".join(source.rest())  # needed twice, if there is no sound card
        path = options.socket
        if options.local:
            from edge.commands.say.private_daemon import private_daemon

            path = stack.enter_context(private_daemon(options))
        client = stack.enter_context(Client(path))
        if options.out:
            if options.captions:
                _write_captioned(client, text, source, options, options.captions)
            else:
                messages = _messages(client, text, source.rest(), options)
                _write(_sound(messages, options), options.out)
            return 0
        try:
            if text is None:
                stack.enter_context(_ended_by_signals())
                return _speak_input(client, source, options)
            request = Speak(text, **asdict(_start(options)))
            stack.enter_context(_ended_by_signals())
            if options.no_wait or options.local:
                answers = client.speak(request, not options.no_wait)
            else:  # a restart of the daemon loses nothing
                answers = speak_once(request, path, PATIENCE_S)
            return _follow(client, request.id, answers)
        except EdgeError as error:
            if error.code != NoSoundDevice.code or options.fallback is None:
                raise
            messages = _messages(client, text, source.rest(), options)
            _write(_sound(messages, options), str(options.fallback))
            print(f"edge: {error.message}\n      So the speech is in {options.fallback}.")
            return 0


def _speak_input(client: Client, source: TextInput, options: Options) -> int:
    """Speak one utterance after the other, each from its first clause on."""
    spoken, silent = 0, EmptyText(f"{source.name} has no text", "echo Hello. | edge say -")
    while source.begins():
        start = _start(options)
        # Tags go on over a pause: a document is one utterance.
        text = source.rest() if options.ssml else source.utterance()
        answers = client.speak_stream(start, text, not options.no_wait)
        try:
            if _follow(client, start.id, answers):
                return 1
            spoken += 1
        except EdgeError as error:
            if error.code != EmptyText.code:  # a line of dashes among others is none
                raise
            silent = EmptyText(error.message, error.remedy)
    if not spoken:
        raise silent
    return 0


def _follow(client: Client, id: str | None, answers: Iterator[Reply]) -> int:
    """Wait until the utterance has ended; return 1 if somebody stopped it."""
    try:
        for message in answers:
            if isinstance(message, SpeakCancelled):
                print(f"edge: stopped ({message.reason})", file=sys.stderr)
                return 1
    except KeyboardInterrupt:
        with contextlib.suppress(EdgeError), Client(client.path) as other:
            other.stop(id)
        raise
    return 0


def _start(o: Options) -> SpeakStart:
    return SpeakStart(
        voice=o.voice,
        language=o.language,
        how=o.how,
        speed=o.speed,
        volume=o.volume,
        priority=o.priority,
        ttl=o.ttl,
        key=o.key,
        while_connected=o.while_connected,
        normalize=_normalize(o),
        pause=o.pause,
        text_format=_text_format(o),
        id=uuid.uuid4().hex,  # known before the answer, for whoever ends us at once
    )


def _text_format(options: Options) -> TextFormat:
    return "ssml" if options.ssml else "markdown" if options.markdown else "auto"


def _normalize(options: Options) -> Normalize:
    return "off" if options.as_written else "on"


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Have SIGTERM and SIGHUP stop the speech as Ctrl-C does: a program that ends this command
    wants silence. A signal that is ignored, as under nohup, stays so."""

    def end(number: int, _: FrameType | None) -> None:
        raise Ended(number)

    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, end)
    try:
        yield
    except Ended as ended:
        raise SystemExit(128 + ended.number) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Ended(KeyboardInterrupt):
    """A signal asked the command to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _messages(
    client: Client, text: str | None, rest: Iterator[str], options: Options
) -> Iterator[SoundMessage]:
    """Ask for the sound of the text, or of the rest of the input if there is none."""
    start = SynthesizeStart(
        voice=VoiceChoice(options.voice, options.language),
        how=options.how,
        text_format=_text_format(options),
        speed=options.speed,
        normalize=_normalize(options),
        pause=options.pause,
        words=options.captions is not None,
    )
    if text is None:
        return client.sound_stream(start, rest)
    return client.sound(Synthesize(text, **vars(start)))


def _sound(messages: Iterator[SoundMessage], options: Options) -> Iterator[PcmChunk]:
    for chunk in pcm(messages):
        yield replace(chunk, samples=chunk.samples * options.volume)


def _write_captioned(
    client: Client, text: str | None, source: TextInput, options: Options, path: Path
) -> None:
    """Write the sound, then its captions: they are of no use without it."""
    from edge.commands.say.caption_file import CaptionFile

    captions = CaptionFile(path, options.ssml)
    rest = captions.text(source.rest() if text is None else [text])
    if text is not None:
        [text] = rest
    messages = _messages(client, text, rest, options)
    assert options.out is not None
    _write(_sound(captions.sound(messages), options), options.out)
    captions.write()


def _write(chunks: Iterator[PcmChunk], out: str) -> None:
    from edge.commands.say import wav_file  # numpy comes with it

    wav_file.write(chunks, out)
