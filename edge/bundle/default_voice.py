"""Choose the voice that speaks where nobody names one; docs/reference/configuration.md has the
rule: the configured one, else heart, else the oldest.

A voice is as old as the first of its bundles in that place, since whatever replaces one there
keeps the date of its manifest (`keep_date`): a newer build makes no voice younger.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.bundle import MANIFEST, Bundle
from edge.families import DEFAULT_VOICE


def default_of(found: Mapping[str, Bundle], configured: str | None) -> str:
    """Name the default of these bundles, which are by voice; there is at least one.

    `configured`: the voice that the configuration or a command names, if it does.
    """
    for name in (configured, DEFAULT_VOICE):
        if name is not None and name in found:
            return name
    return min(found, key=lambda name: (_age(found[name]), name))


def changed_default(before: str | None, after: str | None) -> str:
    """Say that another voice is the default now, and how to keep to the former one; empty if it
    is not."""
    if before is None or after is None or before == after:
        return ""
    return (
        f"the default voice is {after} now, was {before}; "
        f"to keep that: voice: {before} in the configuration"
    )


def _age(bundle: Bundle) -> int:
    return (bundle.path / MANIFEST).stat().st_mtime_ns
