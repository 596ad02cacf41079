"""Text to speech tokens: one run over the prompt and then one per token.

Keys and values lie in tensors with room for the longest segment, which each run goes on filling
where they are; segments that are spoken in turns have one set each. On CUDA the
run of a token is recorded once for each set and played back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from edge.bundle import Bundle, Variant
from edge.errors import ModelFailed
from edge.profile import Provider
from edge.synth.binding import Place, new_place
from edge.synth.cosyvoice3.sampling import Sampler
from edge.synth.cosyvoice3.settings import Settings
from edge.synth.session import Array, Session
from edge.synth.tables import read_table

log = logging.getLogger(__name__)

TEXT_TABLE, SPEECH_TABLE = "text_embed.npy", "speech_embed.npy"

LEAST_PER_TEXT_TOKEN, MOST_PER_TEXT_TOKEN = 2, 20
"""Speech tokens for a token of text: fewer and more are a failure of the model."""
ROOM = 1536
"""Rows that the keys and values have room for: 30 s of a clip, two texts of 200 tokens, and 10 s
of speech. 38 MB of float32 at the released sizes."""


WARM_ROWS = 128
"""Rows of the prompt that a GPU meets first: a clip of 3 s, what is said in it, and a sentence."""


class Memory:
    """Keys and values of what one segment's run has seen, and the places of its runs."""

    def __init__(self, one: Session, prompt: Session, settings: Settings) -> None:
        self._session, self._prompt = one, prompt
        shape = (1, settings.kv_heads, ROOM, settings.head)
        names = [name for name in one.inputs if name.startswith(("key.", "value."))]
        # Zeros, not what the memory holds: attention multiplies what it does not see by 0, which
        # of NaN makes NaN (on CUDA, of one prompt in five where another voice had been before).
        self._cache = {name: one.place(np.zeros(shape, one.types[name])) for name in names}
        self._after = {f"next.{name}": place for name, place in self._cache.items()}
        self._logits = one.room(tuple(one.output_shapes["logits"]))
        self._row = one.room((1, 1, settings.hidden))
        self._last = one.place(np.zeros(1, np.int32))
        # The CPU reads it, wherever the rest runs. A recorded run keeps what it was recorded with,
        # so there it tells all the room, and `last` the part of it that counts.
        self._filled = new_place(np.array(ROOM, np.int32), "cpu")
        self._recorded = one.device != "cpu"
        self._token = one.bind(*self._places(self._row), recorded=True)

    def _places(self, x: Place) -> tuple[dict[str, Place], dict[str, Place]]:
        inputs = {"x": x, "last": self._last, "room": self._filled, **self._cache}
        return inputs, {"logits": self._logits, **self._after}

    def read(self, rows: Array) -> Array:
        """Begin anew with these rows (n, hidden); what may follow, (1, ids)."""
        self._tell(len(rows), len(rows))
        x = self._prompt.place(rows[None])
        self._prompt.run_bound(self._prompt.bind(*self._places(x)))
        logits: Array = self._logits.numpy()
        return logits

    def go_on(self, row: Array, seen: int) -> Array:
        """Go on with one row (hidden,), the last of `seen`."""
        self._row.update_inplace(row[None, None].astype(np.float32))
        self._tell(seen, ROOM if self._recorded else seen)
        self._session.run_bound(self._token)
        logits: Array = self._logits.numpy()
        return logits

    def _tell(self, seen: int, room: int) -> None:
        self._last.update_inplace(np.array([seen - 1], np.int32))
        self._filled.update_inplace(np.array(room, np.int32))


class LanguageModel:
    """`llm_prompt`, where a variant has one, is the same model in another form, for the prompt:
    many rows at once are another work than one."""

    def __init__(
        self, bundle: Bundle, variant: Variant, settings: Settings, chain: tuple[Provider, ...]
    ) -> None:
        self._settings = settings
        graph = variant.graphs["llm"]
        prompt = variant.graphs.get("llm_prompt", graph)
        self._session = one = Session(bundle, graph, chain, records=True)
        if "last" not in one.inputs:
            raise ModelFailed(
                f"{graph} was made by an earlier version, whose graphs are no longer run",
                f"Build it again: edge build {bundle.voice.name}",
            )
        self._prompt = one if prompt == graph else Session(bundle, prompt, chain)
        self._text = read_table(bundle, TEXT_TABLE, None, settings.hidden)
        self._speech = read_table(bundle, SPEECH_TABLE, None, settings.hidden)
        self._free = [self._memory()]

    def _memory(self) -> Memory:
        return Memory(self._session, self._prompt, self._settings)

    @contextmanager
    def memory(self) -> Iterator[Memory]:
        """Lend a memory that no other segment uses; one is made where all are lent."""
        lent = self._free.pop() if self._free else self._memory()
        try:
            yield lent
        finally:
            self._free.append(lent)

    def warm_up(self) -> None:
        """On a GPU, run a prompt, and record the run of a token."""
        if self._session.device != "cpu":
            rows = np.zeros((WARM_ROWS, self._settings.hidden), np.float32)
            with self.memory() as memory:
                memory.read(rows)
                memory.go_on(rows[0], WARM_ROWS + 1)

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
        rows = self._rows(text, spoken)
        settings, seen = self._settings, len(rows)
        limit = min(most, MOST_PER_TEXT_TOKEN * new, ROOM - seen)
        with self.memory() as memory:
            logits = memory.read(rows)
            for count in range(limit):
                token = sampler.draw(logits[0], early=count < LEAST_PER_TEXT_TOKEN * new)
                if token >= settings.codes:  # not only eos: every id without a sound ends it
                    return
                yield token
                seen += 1
                logits = memory.go_on(self._speech[token], seen)
            log.warning("speech of %d text tokens was cut at the limit of %d tokens", new, limit)

    def follow(
        self, text: Sequence[int], spoken: Sequence[int], drawn: Sequence[int]
    ) -> Iterator[Array]:
        """Yield the logits (ids,) that each of `drawn` would have been drawn from, where those
        before it were. Text and tokens of the clip are as for `speak`; all must have room in ROOM
        rows."""
        rows = self._rows(text, spoken)
        with self.memory() as memory:
            logits = memory.read(rows)
            for count, token in enumerate(drawn, 1):
                yield logits[0].copy()  # the next run writes there
                if count < len(drawn):
                    logits = memory.go_on(self._speech[token], len(rows) + count)

    def _rows(self, text: Sequence[int], spoken: Sequence[int]) -> Array:
        """Gather the rows (n, hidden) that are read before the first token is drawn."""
        settings = self._settings
        before = self._speech[[settings.sos]], self._text[list(text)]
        after = self._speech[[settings.task]], self._speech[list(spoken)]
        return np.concatenate([*before, *after]).astype(np.float32)
