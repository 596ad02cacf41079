"""Which speech token comes next: repetition-aware sampling, as the model was tuned with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge.synth.cosyvoice3.settings import Sampling, Settings

Scores = npt.NDArray[np.float64]

SILENT_RUN = 5
"""So many silent tokens in a row are spoken; the rest of a run is left out."""


class Sampler:
    """Draws the tokens of one segment; equal seeds draw equal tokens."""

    def __init__(self, sampling: Sampling, codes: int, seed: Sequence[int]) -> None:
        self._sampling, self._codes = sampling, codes
        self._random = np.random.default_rng(seed)
        self._drawn: list[int] = []

    def draw(self, logits: npt.NDArray[np.float32], early: bool) -> int:
        """The next id, from (ids,) logits; one of at least `codes` ends the speech. `early`:
        there are fewer tokens than the text should have."""
        scores = logits.astype(np.float64)
        if not self._drawn or (early and self._sampling.least == "enforced"):
            # The first one always: speech of no length is what no caller can use.
            scores[self._codes :] = -np.inf
        elif early:
            scores[self._codes] = -np.inf  # sos, where eos was meant: see Sampling.least
        token = self._nucleus(scores)
        sampling = self._sampling
        recent = self._drawn[-sampling.window :].count(token)
        if sampling.window and recent >= sampling.window * sampling.tau:
            # Drawn from all that is left, not from the nucleus: so the released code does.
            scores[token] = -np.inf
            token = self._one_of(_softmax(scores))
        self._drawn.append(token)
        return token

    def _nucleus(self, scores: Scores) -> int:
        """Draw one of the likeliest; the one that crosses `top_p` is among them."""
        chances = _softmax(scores)
        order = likeliest(chances, self._sampling.top_k)
        before = np.cumsum(chances[order]) - chances[order]
        kept = order[before < self._sampling.top_p]
        return int(kept[self._one_of(chances[kept])])

    def _one_of(self, weights: Scores) -> int:
        """A place, in proportion to weights that need not add up to 1."""
        ends = np.cumsum(weights)
        place = int(np.searchsorted(ends, self._random.random() * ends[-1], side="right"))
        return min(place, len(weights) - 1)


class SilenceFilter:
    """Which tokens the flow gets. The language model goes on seeing those that are left out."""

    def __init__(self, silent: frozenset[int]) -> None:
        self._silent, self._run = silent, 0

    def keeps(self, token: int) -> bool:
        self._run = self._run + 1 if token in self._silent else 0
        return self._run <= SILENT_RUN


def flow_tokens(drawn: Sequence[int], settings: Settings) -> list[int]:
    """Leave out what the flow does not get of tokens that are all drawn."""
    silence = SilenceFilter(frozenset(settings.silent_tokens))
    return [token for token in drawn if token < settings.codes and silence.keeps(token)]


def likeliest(chances: Scores, count: int) -> npt.NDArray[np.intp]:
    """The ids of the largest, in falling order; of equal ones the lower id first. To sort all of
    the thousands takes ten times as long."""
    if count >= len(chances):
        return np.argsort(-chances, kind="stable")
    least = np.partition(chances, len(chances) - count)[len(chances) - count]
    best = np.flatnonzero(chances >= least)
    return best[np.argsort(-chances[best], kind="stable")[:count]]


def _softmax(scores: Scores) -> Scores:
    powers = np.exp(scores - scores.max())
    chances: Scores = powers / powers.sum()
    return chances
