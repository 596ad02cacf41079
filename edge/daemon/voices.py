"""The voices that this daemon speaks with: opened bundles, their models loaded on first use."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from edge import synth
from edge.bundle import Bundle, file_sha256
from edge.bundle.store import counted
from edge.config import TextKeys
from edge.daemon.memory import let_go
from edge.errors import BadStyle, EdgeError, NoBundle, UnknownVoice
from edge.families import FAMILIES
from edge.protocol import Explained
from edge.remedies import get_voice
from edge.synth import Synthesizer
from edge.synth.explaining import Phonemize, explain
from edge.synth.text_reader import language_of, make_reader, written_sounds
from edge.synth.voice_print import Label, all_labels, checkpoint_of, find_print, fitting
from edge.text import TextFormat
from edge.text.claims import Markdown, spoken
from edge.text.cleaning import Piece
from edge.text.lexicon import Lexicon
from edge.text.mapping import Spoken
from edge.text.markup import Warned
from edge.text.reader import Reader
from edge.text.scripts import UNREAD

log = logging.getLogger(__name__)


class Voices:
    """`bundles`: the first one is the default voice. Loading is the synthesis thread's work.

    An utterance keeps to the bundle that its voice had when it was accepted: `choose` gives a
    key, which is the voice's name, with a part of the bundle's id once another one came.
    """

    def __init__(self, bundles: Sequence[Bundle]) -> None:
        if not bundles:
            raise NoBundle("no bundle to speak with", get_voice())
        self._bundles = {bundle.voice.name: bundle for bundle in bundles}  # by key
        self._keys = {name: name for name in self._bundles}
        self._default = bundles[0].voice.name
        self._variants: dict[str, str] = {}
        self._loaded: dict[str, Synthesizer] = {}
        self._lexicon = Lexicon()
        self.usual: str | None = None  # the configured voice, which may be a cloned one
        self.unread = 0  # characters in scripts that their voices cannot read
        self._wishes = TextKeys()
        self._readers: dict[tuple[str, str | None], Reader] = {}
        self._phonemizers: dict[str, Phonemize | None] = {}  # by the bundle's id
        self._speakers: dict[str, tuple[str, ...]] = {}  # by the bundle's id, as first read

    @property
    def default(self) -> str:
        """The key of the default voice."""
        return self._keys[self._default]

    @property
    def bundles(self) -> list[Bundle]:
        """All bundles in force, the default voice's first."""
        return [self._bundles[key] for key in self._keys.values()]

    def choose(self, name: str | None, language: str | None, speaker: str | None = None) -> str:
        """Choose by name, else by a speaker who is a cloned voice, else by language (en_US, or
        just en), else the default; returns its key. A cloned voice's name chooses the bundle that
        speaks with it.

        Raises UnknownVoice, BadVoicePrint.
        """
        if name is None and speaker is not None and find_print(speaker) is not None:
            name = speaker
        if name is not None:
            if name in self._keys:
                return self._keys[name]
            if (path := find_print(name)) is not None:
                return self._keys[fitting(path, self.bundles).voice.name]
            raise self._unknown(f"no voice {name!r} here")
        if language is None:
            return self.default
        wanted = language.replace("-", "_").lower()
        for bundle in self.bundles:
            spoken = bundle.manifest.language.lower()
            if spoken == wanted or spoken.split("_")[0] == wanted:
                return self._keys[bundle.voice.name]
        for bundle in self.bundles:  # then one that speaks it among others
            if len(bundle.languages) > 1 and bundle.speaks(wanted):
                return self._keys[bundle.voice.name]
        raise self._unknown(f"no voice speaks {language!r} here")

    def speaks(self, name: str, language: str) -> bool:
        """True if this voice speaks a language, and no other here speaks it better: en_US speaks
        en_GB, unless a voice of that is here."""
        wanted, own = language.lower(), self._bundles[name].manifest.language.lower()
        if own == wanted:
            return True
        others = {bundle.manifest.language.lower() for bundle in self.bundles}
        return own.split("_")[0] == wanted.split("_")[0] and wanted not in others

    def other_language(self, name: str, language: str | None) -> str | None:
        """Name the language that a request means, if it is another of this voice's than the one
        that its texts are in otherwise."""
        bundle = self._bundles[name]
        if language is None or not bundle.speaks(language):
            return None
        wanted, own = language.replace("-", "_"), bundle.manifest.language
        return None if wanted.split("_")[0].lower() == own.split("_")[0].lower() else wanted

    def check_how(self, name: str, how: str | None) -> None:
        """Raises BadStyle if this voice cannot be told how to speak."""
        family = FAMILIES[self._bundles[name].manifest.family]
        if how is None or family.instructs:
            return
        able = " or ".join(family.name for family in FAMILIES.values() if family.instructs)
        here = [b.voice.name for b in self.bundles if FAMILIES[b.manifest.family].instructs]
        raise BadStyle(
            f"how: the voice {self._bundles[name].voice.name} ({family.name}) cannot be told how "
            "to speak",
            f"Choose a voice that can: {', '.join(here)}"
            if here
            else f"A voice of the family {able} can; or leave it out.",
        )

    def speaker(
        self, name: str | None, speaker: str | None, language: str | None = None
    ) -> str | None:
        """Name the speaker of a request for the voice `name`: a cloned voice of that name if there
        is one, else the speaker that was asked for. Who asks for nothing hears the usual voice."""
        if name is None and speaker is None and language is None:
            name = self.usual
        if name is None or name in self._keys or find_print(name) is None:
            return speaker
        return name

    def cloned(self) -> list[Label]:
        """List the cloned voices that these bundles speak with."""
        here = {(bundle.voice.name, checkpoint_of(bundle)) for bundle in self.bundles}
        return [
            label
            for label in all_labels()
            if (label.voice, label.checkpoint) in here and label.name not in self._keys
        ]

    def speakers(self, bundle: Bundle) -> tuple[str, ...]:
        """Name a voice's own speakers, then those that were cloned for it."""
        cloned = (label.name for label in self.cloned() if label.voice == bundle.voice.name)
        return (*self._own_speakers(bundle), *cloned)

    def _own_speakers(self, bundle: Bundle) -> tuple[str, ...]:
        """Name none where the bundle is damaged, which its own speech tells, and which must not
        keep the other voices from being described."""
        if bundle.id not in self._speakers:
            try:
                self._speakers[bundle.id] = synth.speakers(bundle)
            except EdgeError as error:
                log.error("%s", error.message)
                self._speakers[bundle.id] = ()
        return self._speakers[bundle.id]

    def identity(self, name: str, speaker: str | None) -> str:
        """Name this voice and speaker so that the name changes whenever their sound may."""
        path = None if speaker is None else find_print(speaker)
        return self._bundles[name].id + ("" if path is None else file_sha256(path))

    def bundle(self, name: str) -> Bundle:
        return self._bundles[name]

    @property
    def lexicon(self) -> Lexicon:
        return self._lexicon

    @lexicon.setter
    def lexicon(self, lexicon: Lexicon) -> None:
        """Take a lexicon for every text that is begun from now on."""
        self._lexicon, self._readers = lexicon, {}

    @property
    def wishes(self) -> TextKeys:
        return self._wishes

    @wishes.setter
    def wishes(self, wishes: TextKeys) -> None:
        """Take the owner's wishes for every text that is begun from now on."""
        self._wishes, self._readers = wishes, {}

    def reader(self, name: str, language: str | None = None) -> Reader:
        """Find who reads texts for this voice, in its language or another. Any thread."""
        readers, key = self._readers, (name, language)  # another thread may put others there
        if (found := readers.get(key)) is None:
            bundle = self._bundles[name]
            found = make_reader(bundle, self._wishes, self._lexicon, language)
            readers[key] = found
        return found

    def reads(self, name: str, language: str) -> bool:
        """True if this voice can read another language than its own."""
        return synth.reads(self._bundles[name], language)

    def read(
        self,
        name: str,
        piece: Piece,
        normalize: bool = True,
        markdown: Markdown | None = None,
        warned: list[Warned] | None = None,
        language: str | None = None,
    ) -> Spoken:
        """Turn a piece of text into what this voice is to read; the owner's words alone, and what
        SSML gives, are changed unless it is to `normalize`. `markdown` goes before the owner's
        wish; what SSML asks for and is not done is added to `warned`."""
        bundle = self._bundles[name]
        reader = self.reader(name, language or language_of(bundle, piece.text))
        if markdown is not None:
            reader = reader.taking(markdown)
        given, missed = reader.given(piece)
        if not given:
            given = written_sounds(bundle, piece.text)
        if warned is not None:
            warned += missed
        if not normalize or not self._wishes.normalize:
            return reader.as_written(piece.text, given)
        claims = reader.claims(piece, given)
        self.unread += sum(made.end - made.start for made in claims if made.rule == UNREAD)
        return spoken(piece.text, claims)

    def explain(
        self, name: str, text: str, normalize: bool, format: TextFormat = "auto"
    ) -> Explained:
        """Tell how this voice would read a text. The synthesis thread's work: a phonemizer serves
        one thread. Raises MissingPackage, BadSsml."""
        bundle = self._bundles[name]
        if bundle.id not in self._phonemizers:
            self._phonemizers = {bundle.id: synth.phonemizer(bundle)}  # one: they are large
        normalize = normalize and self._wishes.normalize
        phonemizer = self._phonemizers[bundle.id]
        return explain(bundle, self.reader(name), text, normalize, phonemizer, format)

    def variant(self, name: str) -> str:
        """Name the variant that speaks, or that synthesizer() would load. Raises NoBundle."""
        if (loaded := self._loaded.get(name)) is not None:
            return loaded.variant
        if name not in self._variants:
            self._variants[name] = synth.choose(self._bundles[name]).name
        return self._variants[name]

    def synthesizer(self, name: str) -> Synthesizer:
        """Load the model, once. Raises ModelFailed, MissingPackage, ProviderMissing."""
        if name not in self._loaded:
            variant = self.variant(name)
            with counted(self._bundles[name]):
                loaded = synth.load(self._bundles[name], variant, background=True)
            log.info("voice %s, variant %s on %s", name, loaded.variant, loaded.provider)
            self._loaded[name] = loaded
        return self._loaded[name]

    def provider(self, name: str) -> str | None:
        """Name the execution provider really in use; None if the model is not loaded."""
        loaded = self._loaded.get(name)
        return None if loaded is None else loaded.provider

    def load_beside(self, bundles: Sequence[Bundle]) -> Voices:
        """Make the voices of these bundles, loaded where the same voice is loaded here, which
        speaks on meanwhile; equal ones are shared. Any thread. Raises what synthesizer() does."""
        fresh = Voices(bundles)
        here = {bundle.id: key for key, bundle in self._bundles.items()}
        loaded = {self._bundles[key].voice.name for key in list(self._loaded)}
        for bundle in bundles:
            name = bundle.voice.name
            same = here.get(bundle.id)
            known = name in self._bundles
            fresh._rename(name, same or (f"{name}@{bundle.id[:8]}" if known else name))
            if same in self._loaded:
                fresh._loaded[same], fresh._variants[same] = self._loaded[same], self.variant(same)
            elif name in loaded:
                fresh.synthesizer(fresh._keys[name])
        fresh.synthesizer(fresh.default)
        return fresh

    def exchange(self, fresh: Voices) -> None:
        """New utterances speak with `fresh`; those that were accepted keep what they have."""
        self._bundles.update(fresh._bundles)
        self._variants.update(fresh._variants)
        self._loaded.update(fresh._loaded)
        self._keys, self._default = fresh._keys, fresh._default

    @property
    def has_former(self) -> bool:
        """True if bundles are here that only utterances of before an exchange need."""
        return not self._bundles.keys() <= set(self._keys.values())

    def release(self, in_use: Collection[str]) -> None:
        """Let go of what only former bundles need, but for those with these keys."""
        former = self._bundles.keys() - set(in_use) - set(self._keys.values())
        for key in former:
            del self._bundles[key]
            self._variants.pop(key, None)
            if self._loaded.pop(key, None) is not None:
                log.info("voice %s: the former bundle is no longer loaded", key)
        if former:
            let_go()  # 40 MB, measured over exchanges of joe

    def _rename(self, name: str, key: str) -> None:
        self._bundles[key] = self._bundles.pop(self._keys[name])
        self._keys[name] = key

    def _unknown(self, message: str) -> UnknownVoice:
        here = [(b.voice.name, ", ".join(b.languages)) for b in self.bundles]
        here += [(label.name, f"cloned, {label.language}") for label in self.cloned()]
        names = ", ".join(f"{name} ({language})" for name, language in here)
        return UnknownVoice(message, f"Choose one of: {names}; or build it: edge build VOICE")
