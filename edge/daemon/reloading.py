"""The configuration and the bundles in force, and their exchange while the daemon speaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence

from edge.bundle import Bundle
from edge.config import Config, InForce
from edge.daemon.voices import Voices
from edge.errors import EdgeError, ModelFailed
from edge.installed import warnings

log = logging.getLogger(__name__)

Reread = Callable[[], tuple[Sequence[Bundle], Config]]
"""Reads the configuration, and finds the bundles that it asks for; raises EdgeError."""

LATER = ("cache.memory_mb", "cache.folder", "cache.folder_mb")
"""Taken when the daemon starts."""


class Setup:
    """`config` is the one in force. The sockets' loop owns it."""

    def __init__(self, voices: Voices, config: Config, reread: Reread | None) -> None:
        self.config = config
        self.trouble = ""  # what the daemon does without since it was started
        self._voices, self._reread, self._lock = voices, reread, asyncio.Lock()
        self._refused = ""  # why the last reload changed nothing

    async def reload(self) -> tuple[str, ...]:
        """Take the configuration and the bundles that are there now; what sounds or waits keeps
        what it was accepted with. Returns what has changed; if it raises, nothing has."""
        if self._reread is None:
            return ()
        async with self._lock:
            try:
                bundles, config = await asyncio.to_thread(self._reread)
                fresh = await asyncio.to_thread(self._voices.load_beside, bundles)
            except EdgeError as error:
                raise self._refuse(error) from None
            except Exception as error:  # a package broke, or there is no memory for two voices
                log.debug("the failure", exc_info=True)
                failed = ModelFailed(
                    f"a bundle could not be loaded: {type(error).__name__}",
                    "The daemon speaks on as before; edge doctor checks the bundles.",
                )
                raise self._refuse(failed) from None
            changed = (*changed_bundles(self._voices, fresh), *changed_keys(self.config, config))
            self._voices.exchange(fresh)
            self.config, self._refused = config, ""
            log.info("reloaded: %s", "; ".join(changed) or "nothing has changed")
            return changed

    def _refuse(self, error: EdgeError) -> EdgeError:
        self._refused = f"the last reload changed nothing: {error.message}"
        log.error("%s", self._refused)
        return error

    def warnings(self) -> tuple[str, ...]:
        """What was mended by itself, and what was not taken."""
        return (*warnings(self._voices.bundles), *filter(None, [self.trouble, self._refused]))


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
