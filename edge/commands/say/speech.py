"""`edge say`: one text through a daemon, to the sound card or into a file."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import sys
import threading
import wave
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.client import Client
from edge.errors import EdgeError, EmptyText, NoDaemon, NoSoundDevice, NotWritable
from edge.protocol import (
    Reply,
    Speak,
    SpeakCancelled,
    SpeakStart,
    Synthesize,
    SynthesizeStart,
    VoiceChoice,
)
from edge.text_input import TextInput, open_input

if TYPE_CHECKING:
    import subprocess

    from edge.pcm import PcmChunk

START_TIMEOUT_S = 60.0
"""For a private daemon to load a voice; a Zero 2 W takes some seconds."""


def say_text(text: str | None, options: argparse.Namespace) -> int:
    """Speak `text`, or the file or standard input while it comes. Exit status 0; 1 if somebody
    stopped it."""
    with open_input(options.file) as source:
        return _say(text, source, options)


def _say(text: str | None, source: TextInput, options: argparse.Namespace) -> int:
    if text is None and options.fallback:
        text = "".join(source.rest())  # needed twice, if there is no sound card
    with _daemon(options) as path, Client(path) as client:
        if options.out:
            _write(_sound(client, text, source, options), options.out)
            return 0
        try:
            if text is None:
                return _speak_input(client, source, options)
            request = Speak(text, **_wishes(options))
            return _follow(client, client.speak(request, wait=not options.no_wait))
        except EdgeError as error:
            if error.code != NoSoundDevice.code or options.fallback is None:
                raise
            _write(_sound(client, text, source, options), str(options.fallback))
            print(f"edge: {error.message}\n      So the speech is in {options.fallback}.")
            return 0


def prerender_lines(lines: Iterable[str], options: argparse.Namespace) -> None:
    """Have each line made, so that the daemon keeps it; the sound itself is thrown away."""
    phrases = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    seconds = 0.0
    with Client(options.socket) as client:
        for phrase in phrases:
            seconds += sum(chunk.seconds for chunk in _sound_of(client, phrase, options))
        kept = client.status().counters["phrases"]
    print(f"made {len(phrases)} phrases, {seconds:.1f} s of sound")
    if kept < len(phrases):
        print("The daemon has no room for all of them: edge serve --phrase-cache DIR keeps more.")


def _speak_input(client: Client, source: TextInput, options: argparse.Namespace) -> int:
    """One utterance after the other, each from its first clause on."""
    spoken, silent = 0, EmptyText(f"{source.name} has no text", "echo Hello. | edge say -")
    while source.begins():
        request = SpeakStart(**_wishes(options))
        answers = client.speak_stream(request, source.utterance(), wait=not options.no_wait)
        try:
            if _follow(client, answers):
                return 1
            spoken += 1
        except EdgeError as error:
            if error.code != EmptyText.code:  # a line of dashes among others is none
                raise
            silent = EmptyText(error.message, error.remedy)
    if not spoken:
        raise silent
    return 0


def _follow(client: Client, answers: Iterator[Reply]) -> int:
    """Until the utterance has ended; 1 if somebody stopped it."""
    id = None
    try:
        for message in answers:
            id = id or getattr(message, "id", None)
            if isinstance(message, SpeakCancelled):
                print(f"edge: stopped ({message.reason})", file=sys.stderr)
                return 1
    except KeyboardInterrupt:
        if id is not None:
            with contextlib.suppress(EdgeError), Client(client.path) as other:
                other.stop(id)
        raise
    return 0


def _sound(
    client: Client, text: str | None, source: TextInput, options: argparse.Namespace
) -> Iterator[PcmChunk]:
    from edge.pcm import PcmChunk

    if text is None:
        start = SynthesizeStart(voice=_choice(options), speed=options.speed)
        chunks = client.synthesize_stream(start, source.rest())
    else:
        chunks = _sound_of(client, text, options)
    for chunk in chunks:
        yield PcmChunk(chunk.samples * options.volume, chunk.rate)


def _sound_of(client: Client, text: str, options: argparse.Namespace) -> Iterator[PcmChunk]:
    return client.synthesize(Synthesize(text, voice=_choice(options), speed=options.speed))


def _wishes(options: argparse.Namespace) -> dict[str, Any]:
    names = ("voice", "speed", "volume", "priority", "ttl", "key")
    return {name: getattr(options, name) for name in names}


def _choice(options: argparse.Namespace) -> VoiceChoice | None:
    return VoiceChoice(name=options.voice) if options.voice else None


def _write(chunks: Iterator[PcmChunk], out: str) -> None:
    """A WAV file, whole or not at all; to standard output chunk by chunk as it comes."""
    from edge.pcm import endless_wav_header, to_int16

    first = next(chunks, None)
    if first is None:
        raise EmptyText("the text has no sound in this voice", 'Give words: edge say "Hello."')
    if out == "-":
        sys.stdout.buffer.write(endless_wav_header(first.rate))
        for chunk in itertools.chain([first], chunks):
            sys.stdout.buffer.write(to_int16(chunk.samples).tobytes())
            sys.stdout.buffer.flush()
        return
    path = Path(out)
    partial = path.with_name(path.name + ".part")
    try:
        _write_wav(itertools.chain([first], chunks), first.rate, partial)
        partial.replace(path)
    except OSError as error:
        raise NotWritable(
            f"{path} cannot be written: {error.strerror}", "Choose another place: --out FILE.wav"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def _write_wav(chunks: Iterator[PcmChunk], rate: int, path: Path) -> None:
    from edge.pcm import to_int16

    with path.open("wb") as file:
        with wave.open(file, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(rate)
            for chunk in chunks:
                writer.writeframesraw(to_int16(chunk.samples).tobytes())
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _daemon(options: argparse.Namespace) -> Iterator[Path | None]:
    """The socket to use: the running daemon's, or with --local that of a private one."""
    if not options.local:
        yield options.socket
        return
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="edge-voice-") as folder:
        path = Path(folder) / "edge-voice.sock"
        command = [sys.executable, "-m", "edge", "serve", "--socket", str(path)]
        for bundle in options.bundle or []:
            command += ["--bundle", str(bundle)]
        if options.voice:
            command += ["--voice", _spoken_by(options.voice)]
        if options.device:
            command += ["--device", options.device]
        if options.any_board:
            command += ["--any-board"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
            try:
                _wait_until_ready(daemon)
                yield path
            finally:
                daemon.terminate()
                daemon.communicate()


def _spoken_by(voice: str) -> str:
    """The voice that has a bundle: of a cloned one, the one that speaks with it."""
    from edge.synth.voice_print import find_print, read_label

    path = find_print(voice)
    return voice if path is None else read_label(path).voice


def _wait_until_ready(daemon: subprocess.Popen[str]) -> None:
    """Until its log says so."""
    assert daemon.stderr is not None
    said = ["it was not ready in time", "Start it by hand to see why: edge serve"]
    alarm = threading.Timer(START_TIMEOUT_S, daemon.kill)
    alarm.start()
    try:
        for line in daemon.stderr:
            if line.startswith("edge: ready on "):
                return
            said.append(line.strip())
    finally:
        alarm.cancel()
    why, remedy = said[-2:]
    raise NoDaemon(f"the private daemon did not start: {why}", remedy)
