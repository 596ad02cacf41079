"""The configuration and the bundles in force, and their exchange while the daemon speaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from edge.bundle import Bundle
from edge.bundle.default_voice import changed_default
from edge.bundle.store import warnings
from edge.config import Config, InForce
from edge.daemon.access import Rules
from edge.daemon.voices import Voices
from edge.errors import BadRecord, EdgeError, ModelFailed
from edge.synth import phonemes
from edge.synth.text_reader import sounds_of
from edge.text.lexicon import Lexicon, load_lexicon

log = logging.getLogger(__name__)

Reread = Callable[[], tuple[Sequence[Bundle], Config]]
"""Reads the configuration, and finds the bundles that it asks for; raises EdgeError."""

LATER = ("cache.memory_mb", "cache.folder", "cache.folder_mb")
"""Keys that are read only when the daemon starts."""


class Setup:
    """`config` is the one in force. The sockets' loop owns it."""

    def __init__(self, voices: Voices, config: Config, reread: Reread | None) -> None:
        """Raises what read_lexicon() does."""
        self.config, self.rules = config, Rules.of(config.access)
        self.trouble = ""  # what the daemon does without since it was started
        self._voices, self._reread, self._lock = voices, reread, asyncio.Lock()
        voices.lexicon = read_lexicon(config, voices.bundles)
        voices.wishes, voices.usual = config.text, config.voice
        self._refused = ""  # why the last reload changed nothing

    async def reload(self) -> tuple[str, ...]:
        """Take the configuration and the bundles that are there now; what sounds or waits keeps
        what it was accepted with. Returns what has changed; if it raises, nothing has."""
        if self._reread is None:
            return ()
        async with self._lock:
            try:
                bundles, config = await asyncio.to_thread(self._reread)
                rules = await asyncio.to_thread(Rules.of, config.access)
                lexicon = await asyncio.to_thread(read_lexicon, config, bundles)
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
            if lexicon != self._voices.lexicon:
                changed = (*changed, f"the lexicon has {lexicon.entries} entries")
            self._voices.exchange(fresh)
            self._voices.lexicon = lexicon
            self._voices.wishes, self._voices.usual = config.text, config.voice
            self.config, self.rules, self._refused = config, rules, ""
            log.info("reloaded: %s", "; ".join(changed) or "nothing has changed")
            return changed

    def _refuse(self, error: EdgeError) -> EdgeError:
        self._refused = f"the last reload changed nothing: {error.message}"
        log.error("%s", self._refused)
        return error

    def warnings(self) -> tuple[str, ...]:
        """Say what was mended by itself, and what was not taken, a sentence each."""
        return (*warnings(self._voices.bundles), *filter(None, [self.trouble, self._refused]))


def read_lexicon(config: Config, bundles: Sequence[Bundle]) -> Lexicon:
    """Read the configured lexicon; an empty one if none is configured. Raises BadRecord with the
    place of the mistake, also where one of these voices does not know a phoneme."""
    if config.lexicon is None:
        return Lexicon()
    lexicon = load_lexicon(Path(config.lexicon))
    for bundle in bundles:
        known = phonemes(bundle)
        sounds = sounds_of(bundle)
        language = bundle.manifest.language
        if known and (place := lexicon.strange(language, known.__contains__, sounds)):
            raise BadRecord(
                f"{config.lexicon}: {place} is no phoneme of {bundle.voice.name}",
                f"Write it with these: {' '.join(sorted(known))}",
            )
    return lexicon


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
    if said := changed_default(before.bundles[0].voice.name, after.bundles[0].voice.name):
        yield said


def changed_keys(before: Config, after: Config) -> Iterator[str]:
    old = {key: value for key, value, _ in InForce(before, {}).rows()}
    for key, value, _ in InForce(after, {}).rows():
        if old[key] != value:
            yield f"{key} is changed" + (", from the next start on" if key in LATER else "")
