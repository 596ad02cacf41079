"""`sd_edge_voice`, the output module of speech-dispatcher: screen readers and browsers speak.

The server starts it, writes commands to its standard input and reads answers from its standard
output. A module that dies stays dead, and a program that waits for it hangs, so this one knows
no failure: it connects to the daemon for each message, and answers a message that could not be
spoken as one that was stopped.

Source: speech-dispatcher 0.11.4, src/modules/module_main.c; docs/use/speech-dispatcher.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from edge.adapters.echo import Echo
from edge.adapters.marked_text import between_tags
from edge.adapters.server_audio import PIPE_BYTES
from edge.adapters.speaking import Message, Speaking
from edge.adapters.speech_settings import Settings, voices_of
from edge.adapters.symbols import Symbols
from edge.client import Client
from edge.errors import EdgeError
from edge.protocol import TtsVoice

log = logging.getLogger(__name__)


def run_module(path: Path) -> int:
    """Serve the server on standard input and output until it is gone. `path`: the daemon."""
    with contextlib.suppress(OSError):  # not a pipe: somebody tries it by hand
        fcntl.fcntl(sys.stdout.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    with contextlib.suppress(BrokenPipeError):
        Module(path, sys.stdin.buffer, sys.stdout.fileno()).run()
    return 0


class Module:
    def __init__(self, path: Path, commands: BinaryIO, answers: int) -> None:
        self._path, self._commands, self._answers = path, commands, answers
        self._lock = threading.Lock()
        self._settings = Settings()
        self._speaking: Speaking | None = None
        self._voices: list[TtsVoice] = []
        self._symbols = lru_cache(Symbols)
        self._echo = Echo(path, self._symbols, self._wait_for_quiet)

    def run(self) -> None:
        kinds: dict[str, Callable[[str], Message]] = {
            "SPEAK": self._text,
            "CHAR": self._character,
            "KEY": self._key,
            "SOUND_ICON": self._sound_icon,
        }
        while line := self._commands.readline():
            command = line.decode("utf-8", "replace").strip()
            if command in kinds:
                self._send(b"202 OK RECEIVING MESSAGE\n")
                self._speak(kinds[command]("\n".join(self._data())))
                if command in ("CHAR", "KEY"):
                    self._echo.prepare(self._settings)
            elif command == "STOP":
                if self._speaking is not None:
                    self._speaking.stop()
            elif command == "PAUSE":
                if self._speaking is not None:
                    self._speaking.pause()
            elif command == "SET":
                self._send(b"203 OK RECEIVING SETTINGS\n")
                self._settings = self._settings.changed(self._data())
                self._send(b"203 OK SETTINGS RECEIVED\n")
            elif command == "AUDIO":
                self._send(b"207 OK RECEIVING AUDIO SETTINGS\n")
                plays = "audio_output_method=server" in self._data()
                self._send(b"203 OK AUDIO INITIALIZED\n" if plays else b"300 ERR SERVER ONLY\n")
            elif command == "LOGLEVEL":
                self._send(b"207 OK RECEIVING LOGLEVEL SETTINGS\n")
                self._data()
                self._send(b"203 OK LOG LEVEL SET\n")
            elif command == "LIST VOICES":
                self._list_voices()
            elif command == "INIT":
                self._send(b"299-Edge Voice\n299 OK LOADED SUCCESSFULLY\n")
            elif command.startswith("DEBUG"):
                self._send(b"200 OK DEBUGGING SET\n")
            elif command == "QUIT":
                self._send(b"210 OK QUIT\n")
                return
            else:
                self._send(b"300 ERR UNKNOWN COMMAND\n")

    def _send(self, answer: bytes) -> None:
        """One whole answer; of both threads."""
        with self._lock:
            while answer:
                answer = answer[os.write(self._answers, answer) :]

    def _data(self) -> list[str]:
        """Lines up to the one with only a full stop."""
        lines: list[str] = []
        while line := self._commands.readline():
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            if text == ".":
                break
            lines.append(text[1:] if text.startswith("..") else text)
        return lines

    # Messages

    def _text(self, data: str) -> Message:
        settings = self._settings
        tags = "<speak" in data[:200]
        named = settings.spelling_mode == "on" or settings.punctuation_mode != "none"

        def make(symbols: Symbols) -> str:
            def spoken(text: str) -> str:
                if settings.spelling_mode == "on":
                    return symbols.spelled(text)
                return symbols.spoken(text, settings.punctuation_mode)

            if not named:
                return data
            return between_tags(data, spoken) if tags else spoken(data)

        return Message(make, settings, tags, as_written=named)

    def _character(self, data: str) -> Message:
        character = {"space": " ", "": "\n"}.get(data, data)
        mode = self._settings.cap_let_recogn if character.isupper() else "none"

        def make(symbols: Symbols) -> str:
            name = ", ".join(symbols.name(each) for each in character)
            english = symbols.english and mode == "spell"
            return f"capital {name}" if english else name

        return Message(make, self._settings, as_written=True, capital_tone=mode == "icon")

    def _key(self, data: str) -> Message:
        return Message(lambda symbols: _key_name(data, symbols), self._settings, as_written=True)

    def _sound_icon(self, data: str) -> Message:
        """There are no recordings: its name is said."""
        name = data.replace("_", " ").replace("-", " ")
        return Message(lambda _: name, self._settings)

    def _speak(self, message: Message) -> None:
        self._wait_for_quiet()
        self._send(b"200 OK SPEAKING\n")
        self._speaking = Speaking(message, self._path, self._symbols, self._send)

    def _wait_for_quiet(self) -> None:
        if (speaking := self._speaking) is not None:
            speaking.join()

    # Voices

    def _list_voices(self) -> None:
        """Those that are there now; while the daemon is away, those that were."""
        try:
            with Client(self._path) as client:
                self._voices = voices_of(client.describe())
        except EdgeError as error:
            log.warning("%s (%s)", error.message, error.remedy)
        if not self._voices:
            self._send(b"304 ERR CANT LIST VOICES\n")
            return
        rows = [
            f"200-{voice.name}\t{language.replace('_', '-')}\tnone\n"
            for voice in self._voices
            for language in voice.languages
        ]
        self._send("".join(rows).encode() + b"200 OK VOICE LIST SENT\n")


def _key_name(key: str, symbols: Symbols) -> str:
    """Name a key as SSIP writes it: shift_a, kp-enter, or a character."""
    if len(key) == 1:
        return symbols.name(key)
    keys = [part for part in key.split("_") if part]
    names = [
        symbols.name(part) if len(part) == 1 else part.replace("kp-", "keypad ").replace("-", " ")
        for part in keys
    ]
    return " ".join(names)
