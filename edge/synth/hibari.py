"""Family `hibari`: a graph predicts spectra for a whole clause, numpy turns them into sound.

The English front end and the signal half are those of the package hibari-tts (Apache-2.0).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from edge import text as words
from edge.bundle import Bundle, Variant
from edge.errors import BadStyle, EmptyText, MissingPackage
from edge.pcm import PcmChunk
from edge.synth import Segment, Style
from edge.synth.session import Session

_PAD = 0
_SPECTRA = ("lh", "theta", "ln", "lr", "phi", "f0")


class HibariSynthesizer:
    def __init__(self, bundle: Bundle, variant: Variant) -> None:
        try:
            from hibari import dsp
            from hibari.g2p import G2P
            from hibari.tts import Hibari
        except ImportError as error:
            raise MissingPackage(
                f"the hibari family needs the package hibari-tts: {error}",
                "python -m pip install 'edge-voice[hibari]'",
            ) from None
        self._dsp, self._sentences = dsp, Hibari.split_sentences
        self._g2p = G2P(british=bundle.manifest.language == "en_GB")
        self._vocabulary: dict[str, int] = json.loads(
            bundle.file("vocab.json").read_text(encoding="utf-8")
        )
        self.rate = bundle.manifest.rate
        providers = bundle.profile.runtime.providers.encoder
        self._model = Session(bundle, variant.graphs["model"], providers)
        self.provider = self._model.provider

    def plan(self, text: str, style: Style) -> list[Segment]:
        if style.speaker is not None:
            raise BadStyle(
                f"this voice has one speaker, not {style.speaker!r}", "Leave the speaker out."
            )
        limit = min(words.MAX_TOKENS, round(words.MAX_TOKENS * style.speed))
        segments: list[Segment] = []
        for sentence in self._sentences(words.clean(text)):
            phonemes = [p for p in self._g2p(sentence) if p in self._vocabulary]
            for tokens in words.cut_at_clauses(phonemes, limit):
                ids = (_PAD, *(self._vocabulary[token] for token in tokens), _PAD)
                segments.append(Segment(ids, style, len(segments)))
        if not segments:
            raise EmptyText(
                f"the text of {len(text)} characters has no sound in English",
                "Give words in the voice's own language; edge voices lists the languages.",
            )
        return segments

    def durations(self, segment: Segment) -> tuple[int, ...]:
        return ()

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        outputs = self._model.run(
            {
                "ids": np.array([segment.ids], np.int64),
                "speed": np.array([segment.style.speed], np.float32),
            }
        )
        noise = np.random.default_rng(segment.seed)
        samples = self._dsp.synth(*(outputs[name][0] for name in _SPECTRA), noise)
        yield PcmChunk(np.asarray(samples, np.float32), self.rate)


def load(bundle: Bundle, variant: Variant) -> HibariSynthesizer:
    return HibariSynthesizer(bundle, variant)
