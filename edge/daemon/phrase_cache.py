"""Repeated phrases: sound is kept, and played again without a model.

It stands between the synthesis thread and the synthesizer. Sound is kept as the synthesizer made
it, float32 and before any gain, so a repetition equals the first time bit for bit.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict

import numpy as np

from edge.daemon.phrase_store import Phrase, PhraseStore
from edge.daemon.saving import Saving
from edge.pcm import PcmChunk
from edge.synth import Style
from edge.synth.word_timing import with_words

MEMORY_BYTES = 16 << 20
"""Bytes of sound in memory: three minutes at 22,050 Hz."""
PHRASE_SHARE = 8
"""Part of the memory that one phrase may take, some 24 s: a novel must not push out all others."""
CHUNK_FRAMES = 8192


class PhraseCache:
    """Forgets what was not used for longest. The synthesis thread owns it."""

    def __init__(self, store: PhraseStore | None = None, limit: int = MEMORY_BYTES) -> None:
        self._store, self._limit = store, limit
        self._secret = os.urandom(32) if store is None else store.secret
        self._phrases: OrderedDict[str, Phrase] = OrderedDict()
        self._bytes = 0
        self._saving = None if store is None else Saving(store)
        self.repeats = 0

    @property
    def count(self) -> int:
        """Phrases that are kept: on the disk if there is a folder for them, else in memory."""
        return len(self._phrases) if self._store is None else self._store.count + self.unsaved

    @property
    def unsaved(self) -> int:
        """Phrases that the saving thread has not written yet."""
        return 0 if self._saving is None else self._saving.unsaved

    def key(self, text: str, voice: str, variant: str, style: Style, words: bool) -> str:
        """Name a phrase so that nobody finds the text without the secret. `voice` is what
        Voices.identity gave."""
        said = json.dumps([text, voice, variant, asdict(style), words])
        return hmac.new(self._secret, said.encode(), hashlib.sha256).hexdigest()

    def speak(self, key: str, make: Callable[[], Iterable[PcmChunk]]) -> Iterator[PcmChunk]:
        """Yield a phrase's chunks: those that are kept, else those of `make`, and keep them."""
        phrase = self._find(key)
        if phrase is not None:
            self.repeats += 1
            yield from _chunks(phrase)
            return
        made: list[PcmChunk] = []
        size = 0
        for chunk in make():
            size += chunk.samples.nbytes
            if size <= self._limit // PHRASE_SHARE:
                made.append(chunk)
            else:
                made.clear()
            yield chunk
        if made:
            phrase = _joined(made)
            self._keep(key, phrase)
            if self._saving is not None:
                self._saving.put(key, phrase)

    def close(self) -> None:
        """Let what is unsaved be written, for some seconds at the most."""
        if self._saving is not None:
            self._saving.close()

    def _find(self, key: str) -> Phrase | None:
        phrase = self._phrases.get(key)
        if phrase is not None:
            self._phrases.move_to_end(key)
        elif self._store is not None and (phrase := self._store.load(key)) is not None:
            self._keep(key, phrase)
        return phrase

    def _keep(self, key: str, phrase: Phrase) -> None:
        before = self._phrases.pop(key, None)  # two may have made it at once
        if before is not None:
            self._bytes -= before.samples.nbytes
        self._phrases[key] = phrase
        self._bytes += phrase.samples.nbytes
        while self._bytes > self._limit:
            _, oldest = self._phrases.popitem(last=False)
            self._bytes -= oldest.samples.nbytes


def _joined(chunks: list[PcmChunk]) -> Phrase:
    samples = np.concatenate([chunk.samples for chunk in chunks])
    samples.setflags(write=False)  # whoever gets it must not change what others hear
    words, place = [], 0
    for chunk in chunks:
        words += [word.moved(place) for word in chunk.words]
        place += len(chunk.samples)
    return Phrase(samples, chunks[0].rate, tuple(words))


def _chunks(phrase: Phrase) -> Iterator[PcmChunk]:
    whole = (
        PcmChunk(phrase.samples[start : start + CHUNK_FRAMES], phrase.rate)
        for start in range(0, len(phrase.samples), CHUNK_FRAMES)
    )
    return with_words(whole, phrase.words)
