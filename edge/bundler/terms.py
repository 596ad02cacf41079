"""Terms that a voice's weights come with: agreed to once by each user, and then remembered."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from pathlib import Path

from edge.errors import TermsNotAccepted
from edge.files import state_dir, write_whole
from edge.voice import Voice


def pending(voice: Voice) -> str:
    """Return the terms that this user has not agreed to yet; empty if there are none."""
    return "" if not voice.licence.terms or _record(voice).exists() else voice.licence.terms


def agree(voice: Voice, agreed: bool) -> None:
    """Go on if there is nothing to agree to; with `agreed`, remember it. Raises
    TermsNotAccepted."""
    terms = pending(voice)
    if not terms:
        return
    if not agreed:
        raise TermsNotAccepted(
            f"nobody agreed to the terms of {voice.name}: {' '.join(terms.split())}",
            f"If you do: edge build {voice.name} --accept-terms",
        )
    place = _record(voice)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    write_whole(place, f"{now} {voice.name}\n{terms}".encode())


def _record(voice: Voice) -> Path:
    """Name the file that remembers these very words."""
    digest = hashlib.sha256(voice.licence.terms.encode()).hexdigest()
    return state_dir() / "terms" / f"{digest[:16]}.txt"
