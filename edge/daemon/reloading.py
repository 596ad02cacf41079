"""What a reload changes, in sentences for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from edge.bundle import Bundle
from edge.config import Config, InForce
from edge.daemon.voices import Voices

Reread = Callable[[], tuple[Sequence[Bundle], Config]]
"""Reads the configuration, and finds the bundles that it asks for; raises EdgeError."""

LATER = ("cache.memory_mb", "cache.folder", "cache.folder_mb")
"""Taken when the daemon starts."""


def changed_bundles(before: Voices, after: Voices) -> Iterator[str]:
    old = {bundle.voice.name: bundle for bundle in before.bundles}
    new = {bundle.voice.name: bundle for bundle in after.bundles}
    for name, bundle in new.items():
        if name not in old:
            yield f"voice {name} is new"
        elif old[name].id != bundle.id:
            yield f"voice {name} is {bundle.path.name}, was {old[name].path.name}"
    for name in old.keys() - new.keys():
        yield f"voice {name} is gone"


def changed_keys(before: Config, after: Config) -> Iterator[str]:
    old = {key: value for key, value, _ in InForce(before, {}).rows()}
    for key, value, _ in InForce(after, {}).rows():
        if old[key] != value:
            yield f"{key} is changed" + (", from the next start on" if key in LATER else "")
