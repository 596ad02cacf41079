"""Read what the official code made of the sentences: sounds, and the tokens behind them.

All of it is read and checked before anything is spoken, for to speak takes an hour.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from edge.bundle import Bundle
from edge.bundler.evaluate.drawn_file import SCRIPT, Drawn, DrawnFiles
from edge.errors import BadClip, NotComparable
from edge.pcm import Samples
from edge.synth.clip_file import read_clip

LONGEST_S = 60.0
"""Seconds of a sentence's sound: no sentence to judge with takes 20."""
DRAWS = "llm"
"""Stage of the bundles whose tokens drawn_file.py knows."""
_NAME = re.compile(r"[a-z]{2,3}-\d\d\.(?:wav|npz)")


class Official:
    """A folder of LANGUAGE-NN.wav and LANGUAGE-NN.npz, by the number of the sentence. Raises
    NotComparable."""

    def __init__(self, folder: Path, bundle: Bundle) -> None:
        every = {path.name: path for path in folder.glob("*") if _NAME.fullmatch(path.name)}
        if not every:
            raise NotComparable(
                f"{folder} holds no LANGUAGE-NN.wav and no LANGUAGE-NN.npz",
                f"Make them with {SCRIPT}.",
            )
        self._sounds = {name: path for name, path in every.items() if path.suffix == ".wav"}
        self._drawn = {name: path for name, path in every.items() if path.suffix == ".npz"}
        self._read: DrawnFiles | None = None
        if self._drawn:
            self._read = _files(bundle, min(self._drawn.values()))
            for path in sorted(self._drawn.values()):
                self._read.read(path)
        for path in self._sounds.values():
            _read_sound(path)

    def sound(self, language: str, number: int) -> tuple[Samples, int] | None:
        """Read the sound of a sentence, and its rate in Hz; None if there is none."""
        path = self._sounds.get(f"{language}-{number:02}.wav")
        return None if path is None else _read_sound(path)

    def drawn(self, language: str, sentences: int) -> Iterator[Drawn]:
        """Yield those of the first so many sentences that have tokens: one after the other, for
        the chances of 4 s are 3 MB."""
        for number in range(sentences):
            path = self._drawn.get(f"{language}-{number:02}.npz")
            if path is not None and self._read is not None:
                yield self._read.read(path)


def _files(bundle: Bundle, first: Path) -> DrawnFiles:
    if not all(DRAWS in variant.graphs for variant in bundle.manifest.variants):
        raise NotComparable(
            f"{first} holds speech tokens, and {bundle.voice.name} is of the family "
            f"{bundle.manifest.family}, which draws none",
            "Leave the .npz files out: only sounds can be compared with such a voice's.",
        )
    return DrawnFiles(bundle)


def _read_sound(path: Path) -> tuple[Samples, int]:
    try:
        clip = read_clip(path, LONGEST_S, shortest=0.0)
    except BadClip as error:
        raise NotComparable(
            f"{path} cannot be judged: {error.message}",
            f"Make it a WAV file of at most {LONGEST_S:g} s; {SCRIPT} does.",
        ) from None
    return clip.samples, clip.rate
