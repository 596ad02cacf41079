"""Force the tokens that the official code drew through a variant, and measure what changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from edge.bundler.evaluate.drawn_file import Drawn
from edge.bundler.evaluate.stage_loss import divergence
from edge.bundler.metrics import log_mel_distance_db
from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer


@dataclass(frozen=True)
class TokenLoss:
    """A variant beside the official code, where both have the same tokens and the same clip."""

    kl: float
    """Kullback and Leibler's divergence of the variant's chances of the next token from the
    official ones, in nats: the mean over all tokens."""
    greedy: float
    """Share of the tokens whose likeliest choice is the same, 0 to 1."""
    mel_db: float
    """Mean over the sentences of how differently the sounds are coloured, dB. Equal tokens are
    equally long, so frames are compared as they stand."""


def token_loss(voice: CosyVoice3Synthesizer, sentences: Iterable[Drawn]) -> TokenLoss | None:
    """Compare over some sentences; None if there are none."""
    moved: list[float] = []
    same: list[bool] = []
    mels: list[float] = []
    for given in sentences:
        logits = voice.logits(given.text.tolist(), given.heard.tolist(), given.drawn.tolist())
        for wanted, got in zip(given.logp.astype(np.float64), logits, strict=True):
            moved.append(divergence(wanted, got.astype(np.float64)))
            same.append(int(wanted.argmax()) == int(got.argmax()))
        spoken = voice.speak_tokens(given.speaker, given.drawn.tolist())
        sound = np.concatenate([chunk.samples for chunk in spoken])
        mels.append(log_mel_distance_db(given.sound, sound, voice.rate))
    if not moved:
        return None
    return TokenLoss(float(np.mean(moved)), float(np.mean(same)), float(np.mean(mels)))
