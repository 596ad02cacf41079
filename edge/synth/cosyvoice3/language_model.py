"""Text to speech tokens: one graph, run once over the prompt and then once per token."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np

from edge.bundle import Bundle, Variant
from edge.synth.cosyvoice3.providers import heavy
from edge.synth.cosyvoice3.sampling import Sampler
from edge.synth.cosyvoice3.settings import Settings
from edge.synth.session import Array, Session
from edge.synth.tables import read_table

log = logging.getLogger(__name__)

TEXT_TABLE, SPEECH_TABLE = "text_embed.npy", "speech_embed.npy"

LEAST_PER_TEXT_TOKEN, MOST_PER_TEXT_TOKEN = 2, 20
"""Speech tokens for a token of text: fewer and more are a failure of the model."""


class LanguageModel:
    def __init__(self, bundle: Bundle, variant: Variant, settings: Settings) -> None:
        self._settings = settings
        self._session = Session(bundle, variant.graphs["llm"], heavy(bundle))
        self._text = read_table(bundle, TEXT_TABLE, None, settings.hidden)
        self._speech = read_table(bundle, SPEECH_TABLE, None, settings.hidden)

    def speak(
        self,
        text: Sequence[int],
        new: int,
        spoken: Sequence[int],
        sampler: Sampler,
        most: int,
    ) -> Iterator[int]:
        """The tokens that follow `spoken`, the prompt's, for `text`, the prompt's text and then
        `new` ids of new text. It ends where the model does, or at `most`."""
        settings = self._settings
        before = self._speech[[settings.sos]], self._text[list(text)]
        after = self._speech[[settings.task]], self._speech[list(spoken)]
        rows = np.concatenate([*before, *after])
        shape = (2 * settings.layers, 1, settings.kv_heads, 0, settings.head)
        past: Array = np.zeros(shape, np.float32)
        limit = min(most, MOST_PER_TEXT_TOKEN * new)
        for count in range(limit):
            inputs = {"x": rows[None].astype(np.float32), "past": past}
            outputs = self._session.run(inputs)
            past = outputs["present"]
            token = sampler.draw(outputs["logits"][0], early=count < LEAST_PER_TEXT_TOKEN * new)
            if token >= settings.codes:  # not only eos: every id without a sound ends it
                return
            yield token
            rows = self._speech[[token]]
        log.warning("speech of %d text tokens was cut at the limit of %d tokens", new, limit)
