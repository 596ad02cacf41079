"""Run the generator: a whole sentence with its own norms, or chunks of it with foreseen ones.

Chunks give the same bits however a sentence is cut into whole granules: the source is made in
stretches of its own, and the graph keeps states (edge/kernels/README.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edge.pcm import Samples
from edge.synth.kokoro.settings import HOP, PLACE, Settings
from edge.synth.kokoro.source import Source
from edge.synth.session import Array, Session

STRETCH = 16
"""Places of the source that are made at once: numpy rounds a transform by how many it makes."""
_SPECTRA = PLACE // HOP
"""Spectra of a place; a sentence has one more."""


class Generator:
    def __init__(self, session: Session) -> None:
        self._session = session
        self.streams = "norms" in session.inputs
        """False if it can only make whole sentences."""
        self.look_ahead = int(session.metadata.get("look_ahead", 0))
        """Places that go in before a sound comes out."""
        self.granularity = int(session.metadata.get("granularity", 1))
        self._states = zero_states(session)

    def whole(self, x: Array, source: Array, style: Samples) -> tuple[Array, Array | None]:
        """Return all spectra (22, n), and the means and deviations (2, C) of all norms if the
        graph tells them."""
        given: dict[str, Array] = {"x": x, "source": source[None], "style": style}
        if self._states:
            given |= _flags(True, True) | self._states
        if self.streams:
            given["norms"] = np.zeros((2, 0), np.float32)
        made = self._session.run(given)
        return made["spectra"][0], made.get("norms_taken")

    def chunks(
        self,
        x: Array,
        source: Callable[[int, bool], Array],
        style: Samples,
        norms: Array,
        lengths: Sequence[int],
    ) -> Iterator[Array]:
        """Yield the spectra that each run makes, of so many places of x each; `source(places,
        last)` is asked for theirs."""
        states, at = self._states, 0
        for length in lengths:
            first, last = at == 0, at + length == x.shape[2]
            made = self._session.run(
                {
                    **{"x": x[:, :, at : at + length], "source": source(length, last)[None]},
                    **{"style": style, "norms": norms},
                    **_flags(first, last),
                    **states,
                }
            )
            states = {name: made[f"next_{name}"] for name in states}
            at += length
            yield made["spectra"][0]


class SourceInPlaces:
    """The source of a sentence from one of its places on, as runs of the generator take it."""

    def __init__(self, settings: Settings, f0: Samples, seed: object, begin: int) -> None:
        self._source = Source(settings, np.random.default_rng(seed))  # type: ignore[arg-type]
        self._f0, self._fed, self._skip = f0, 0, begin * _SPECTRA
        self._made: list[Array] = []
        self._known = 0

    def take(self, places: int, last: bool) -> Array:
        """Return the spectra of the next places, and one more if they are the last."""
        count = places * _SPECTRA + last
        while self._known < count + self._skip:
            until = min(len(self._f0), self._fed + STRETCH)
            made = self._source.spectra(self._f0[self._fed : until], until == len(self._f0))
            self._fed, self._known = until, self._known + made.shape[1]
            self._made.append(made)
        both = np.concatenate(self._made, axis=1)[:, self._skip :]
        self._skip, self._made, self._known = 0, [both[:, count:]], both.shape[1] - count
        return both[:, :count]


def zero_states(session: Session) -> dict[str, Array]:
    """Return what a sentence begins with; nothing for a graph without states."""
    states = {n: s for n, s in session.inputs.items() if n.startswith("state_")}
    return {name: np.zeros(shape, np.float32) for name, shape in states.items()}


def whole(session: Session) -> dict[str, Array]:
    """Say to a graph that keeps states that it gets a whole sentence; nothing to others."""
    states = zero_states(session)
    return _flags(True, True) | states if states else {}


def _flags(first: bool, last: bool) -> dict[str, Array]:
    return {"first": np.array([first]), "last": np.array([last])}
