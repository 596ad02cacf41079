"""Speak a sample sentence of a voice's language, with a bundle that is here or a quick one."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from edge.bundle import MANIFEST, VOICE, open_bundle
from edge.bundler import corpus
from edge.bundler.own_voice import described, is_own
from edge.commands import build, say
from edge.commands.say.speech import say_text
from edge.commands.voices.rows import find_row
from edge.detection import detect
from edge.errors import EdgeError
from edge.files import BUILT
from edge.machine import read_machine
from edge.profile import all_profiles
from edge.remedies import check_can_build
from edge.voice import Voice, load_voice

QUICKEST = "fp32"
"""Variant that needs neither calibration nor a judgement, so it is there in seconds."""


def listen(typed: str, language: str | None = None) -> int:
    """Speak a sample with the voice that was typed: a name, a file, a folder or a bundle; in its
    own language, or in another that it speaks.

    Returns the exit status, as `edge say` does. Raises what edge build and edge say raise.
    """
    place = Path(typed)
    if (place / MANIFEST).is_file():
        voice = load_voice(place / VOICE)
        here = open_bundle(place, read_machine()).path
        return _speak(voice.name, language or voice.language, here)
    row = find_row(typed)
    if row is not None:
        name, own, folders = row.name, row.language, list(map(Path, row.built))
    else:
        voice = _described(typed)
        known = find_row(voice.name)
        name, own = voice.name, voice.language
        folders = list(map(Path, known.built)) if known else []
    folder = _for_this_board(folders)
    if folder is None:
        board = detect(read_machine(), all_profiles()).profile.name
        folder = BUILT / f"{name}--{board}"
        if status := build.run(build.Options(typed, only=QUICKEST)):
            return status
    return _speak(name, language or own, folder)


def _described(typed: str) -> Voice:
    if is_own(typed):
        check_can_build()
    return described(typed, None, None)[0]


def _for_this_board(folders: list[Path]) -> Path | None:
    """Choose the first bundle that this machine may speak with."""
    machine = read_machine()
    for folder in folders:
        with suppress(EdgeError):
            return open_bundle(folder, machine).path
    return None


def _speak(name: str, language: str, folder: Path) -> int:
    text = corpus.sample(language)
    print(f"{name}: {text}", flush=True)
    fallback = Path(f"{name}.wav")
    return say_text(
        say.Options(
            text, voice=name, language=language, local=True, bundle=(folder,), fallback=fallback
        )
    )
