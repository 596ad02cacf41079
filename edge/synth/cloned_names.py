"""Which names a cloned voice may have: none that already says who speaks."""

from __future__ import annotations

from collections.abc import Sequence

from edge import synth
from edge.bundle import Bundle
from edge.errors import BadVoicePrint
from edge.synth.voice_print import check_name

RESERVED = frozenset({"default"})
"""OpenAI's clients say so when they mean the daemon's own voice (edge/adapters/http.py)."""


def check_free(name: str, bundles: Sequence[Bundle]) -> None:
    """Check that no voice of these bundles, and no speaker of theirs, is called so. Raises
    BadVoicePrint."""
    check_name(name)
    if name in RESERVED:
        raise BadVoicePrint(f"{name!r} means the daemon's own voice", "Choose another name.")
    for bundle in bundles:
        if name == bundle.voice.name:
            raise BadVoicePrint(
                f"{name!r} is the name of a voice: {bundle.path}", "Choose another name."
            )
        if name in synth.speakers(bundle):
            raise BadVoicePrint(
                f"{name!r} is a speaker of the voice {bundle.voice.name}", "Choose another name."
            )
