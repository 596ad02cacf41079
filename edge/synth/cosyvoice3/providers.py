"""Where the stages run: what the profile plans for a decoder, without what harms this family."""

from __future__ import annotations

from edge.bundle import Bundle
from edge.profile import Provider

CPU = (Provider("CPUExecutionProvider"),)
"""For the pitch, in float64, which a GPU is slow at; for the flow's small front; and for the
encoders of a clip, which run once."""


def heavy(bundle: Bundle) -> tuple[Provider, ...]:
    """For the language model, the flow and the vocoder.

    Not TensorRT: it would build an engine for every length, and its float16 makes the flow's norms
    overflow (silence in 64 of 64 sentences, CosyVoice issue 1930). The language model is no
    encoder of a sentence: it runs once a token, so it goes where the decoder goes.
    """
    planned = bundle.profile.runtime.providers.decoder
    return tuple(p for p in planned if p.name != "TensorrtExecutionProvider") or CPU


def chains(bundle: Bundle) -> tuple[tuple[Provider, ...], ...]:
    """`heavy`, and what is left of it when its first ones turn out to be unable to run."""
    planned = heavy(bundle)
    return tuple(planned[place:] for place in range(len(planned)))
