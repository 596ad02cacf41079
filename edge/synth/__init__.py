"""Run a family: text -> segments -> PCM, from the graphs of one bundle.

`plan` does everything that can fail for a reason the caller can mend, before any inference.
`speak` is a generator: dropping it between two chunks is how speech is cancelled, and one
synthesizer may have several generators open at a time.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol, runtime_checkable

from edge.bundle import Bundle, Variant
from edge.bundle.measured import read_tuning
from edge.errors import BadStyle, BundleDamaged, ProviderMissing
from edge.families import FAMILIES
from edge.machine import keep_to_big_cores, read_machine
from edge.pcm import PcmChunk
from edge.synth.gpu.standby import Standby
from edge.synth.schedule import Decoder, Plan
from edge.synth.variants import on_gpu, runnable, windowed
from edge.synth.voice_print import VoicePrint
from edge.text import MAX_SPEED, MIN_SPEED
from edge.text.words import WordSpan

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Style:
    """How to speak."""

    speed: float = 1.0
    """Factor of the voice's own tempo: 2 is twice as fast."""
    speaker: str | None = None
    """One of the voice's own names, or of a print; None is the usual speaker."""
    language: str | None = None
    """Language of the text, if it is another than the voice's own and the family reads it."""
    how: str | None = None
    """Instruction in words, as "speak excitedly", for a family that takes one."""
    seed: int = 0
    """Fixes every noise, so that equal requests give equal audio, bit for bit."""

    def __post_init__(self) -> None:
        if not MIN_SPEED <= self.speed <= MAX_SPEED:
            raise BadStyle(
                f"speed {self.speed:g} is outside {MIN_SPEED:g} to {MAX_SPEED:g}",
                "Choose a speed in that range; 1 is the voice's own.",
            )


@dataclass(frozen=True)
class Segment:
    """A stretch of text that one inference speaks."""

    ids: tuple[int, ...]
    """The model's token ids, at most MAX_TOKENS of the text."""
    style: Style
    index: int = 0
    """Number of the segment in its text, from 0."""
    speaker: int | None = None
    """The model's number of the speaker."""
    durations: tuple[int, ...] = ()
    """Frames of each id at speed 1; the model's own if empty."""
    words: tuple[WordSpan, ...] = ()
    """Ids that speak each word of the text, if they were asked for."""
    rates: tuple[float, ...] = ()
    """Factor of the tempo of each id, beside that of the style; empty if all are 1."""
    pitches: tuple[float, ...] = ()
    """Factor of the fundamental frequency of each id; empty if all are 1."""

    @property
    def seed(self) -> tuple[int, int]:
        """Seed of the segment's own noise, so that it sounds the same wherever the text is cut."""
        return (self.style.seed, self.index)


class Synthesizer(Protocol):
    """A loaded voice. Not thread-safe: the synthesis thread owns it."""

    @property
    def rate(self) -> int:
        """Samples per second of every chunk, Hz."""
        ...

    @property
    def variant(self) -> str:
        """The bundle's variant that speaks."""
        ...

    @property
    def provider(self) -> str:
        """The execution provider really in use, for instance CPUExecutionProvider; in brackets
        behind it, why it is not a better one."""
        ...

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        """Turn cleaned text into segments, with their words if asked for.

        Raises EmptyText, TextTooLong, BadStyle, and MissingPackage for a speed that needs one.
        """
        ...

    def durations(self, segment: Segment) -> tuple[int, ...]:
        """Tell the frames that the model gives each id at speed 1; empty if the family has
        none."""
        ...

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        """Yield chunks without gain, with the segment's words in them; an empty one if work was
        done and the sound is held back, so that playback need not wait once it began. Raises
        ModelFailed."""
        ...


@runtime_checkable
class Streaming(Synthesizer, Protocol):
    """A synthesizer whose decoder runs several times for a segment."""

    decoder: Decoder

    def speak_in(self, segment: Segment, cut: Callable[[int], Plan]) -> Iterator[PcmChunk]:
        """Speak in the runs that `cut(frames)` gives: the first one has more than
        `decoder.look_ahead` frames, unless it is the only one."""
        ...


def _family(bundle: Bundle) -> ModuleType:
    """Import the module that runs the bundle's family; a board has only the packages of the
    families that it speaks with."""
    return importlib.import_module(FAMILIES[bundle.manifest.family].run_module)


def speakers(bundle: Bundle) -> tuple[str, ...]:
    """List the names that Style.speaker may have, read without the model; empty if the voice has
    one speaker. Raises BundleDamaged."""
    ask: Callable[[Bundle], tuple[str, ...]] | None = getattr(_family(bundle), "speakers", None)
    with damaged_if_unreadable(bundle, "its speakers"):
        return tuple(str(name) for name in ask(bundle)) if ask else ()


def phonemes(bundle: Bundle) -> frozenset[str]:
    """Tell what may stand in [[ ]] in a text for this voice, in place of a word; read without the
    model. Empty if the family takes none. Raises BundleDamaged."""
    ask: Callable[[Bundle], frozenset[str]] | None = getattr(_family(bundle), "phonemes", None)
    with damaged_if_unreadable(bundle, "its phonemes"):
        return ask(bundle) if ask else frozenset()


@contextmanager
def damaged_if_unreadable(bundle: Bundle, what: str) -> Iterator[None]:
    """Make BundleDamaged of what is raised where a family's description is not what it should be:
    its checksum says only that it is what its maker wrote."""
    try:
        yield
    except (OSError, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BundleDamaged(
            f"{bundle.path.name}: {what} cannot be read: {type(error).__name__}",
            "Install the voice again: edge install BUNDLE",
        ) from None


def phonemizer(bundle: Bundle) -> Callable[[str], list[list[str]]] | None:
    """Make what turns a text into sentences of phonemes, without the model; None if the family
    has no phonemes. Not thread-safe. Raises MissingPackage."""
    ask: Callable[[Bundle], Callable[[str], list[list[str]]]] | None = getattr(
        _family(bundle), "phonemizer", None
    )
    return ask(bundle) if ask else None


def reads(bundle: Bundle, language: str) -> bool:
    """True if this voice can read another language than its own; asked without the model."""
    if bundle.speaks(language):
        return True
    ask: Callable[[Bundle, str], bool] | None = getattr(_family(bundle), "reads", None)
    return ask is not None and ask(bundle, language)


def trial_style(bundle: Bundle) -> Style:
    """The style to try a bundle with: its own, or that of a voice which speaks for nobody yet."""
    ask: Callable[[Bundle], Style] | None = getattr(_family(bundle), "trial_style", None)
    return ask(bundle) if ask else Style()


def choose(bundle: Bundle) -> Variant:
    """Choose the variant that `edge tune` found to be the fastest on this board; else the first
    that this machine can run, with the reasons of those before it logged. Raises NoBundle."""
    machine = read_machine()
    able, passed_over = runnable(bundle, machine)
    for reason in passed_over:
        log.warning("%s: %s", bundle.voice.name, reason)
    tuning = read_tuning(bundle, machine)
    return next((v for v in able if tuning and v.name == tuning.variant), able[0])


def load(bundle: Bundle, variant: str | None = None, *, background: bool = False) -> Synthesizer:
    """Load the bundle's synthesizer: the named variant, or the one to choose here.

    With `background` one for a GPU gets ready while another speaks on the CPU, unless the profile
    requires the GPU's provider. Raises NoBundle, ModelFailed, MissingPackage, ProviderMissing.
    """
    chosen = choose(bundle) if variant is None else bundle.variant(variant)
    spare = _spare(bundle, chosen)
    if spare is None:
        return _load(bundle, chosen)
    if background:
        names = [p.name for p in on_gpu(bundle.profile.runtime.providers.decoder)]
        what = f"{chosen.name} on {' or '.join(names)}"
        return Standby(_load(bundle, spare), lambda: _load(bundle, chosen), what)
    try:
        return _load(bundle, chosen)
    except ProviderMissing as error:
        if variant is not None:
            raise
        log.warning("%s: %s", chosen.name, error.message)
        return _load(bundle, spare)


def load_at_once(bundle: Bundle) -> Synthesizer:
    """Load like load(), but take the CPU's variant if a GPU would have to be waited for."""
    chosen = choose(bundle)
    return _load(bundle, _spare(bundle, chosen) or chosen)


def _spare(bundle: Bundle, chosen: Variant) -> Variant | None:
    """Find the CPU's variant for as long as `chosen`, on a GPU, is not ready; None if none may."""
    chain = bundle.profile.runtime.providers.decoder
    required = any(provider.require for provider in on_gpu(chain))
    if not windowed(chosen) or required:
        return None
    able, _ = runnable(bundle, read_machine())
    return next((v for v in able if not windowed(v)), None)


def _load(bundle: Bundle, variant: Variant) -> Synthesizer:
    machine = read_machine()
    keep_to_big_cores(machine)  # onnxruntime's threads are started from this one
    tuning = read_tuning(bundle, machine)
    cost = tuning.costs.get(variant.name) if tuning else None
    synthesizer: Synthesizer = _family(bundle).load(bundle, variant, cost)
    return synthesizer


def clones(bundle: Bundle) -> bool:
    """True if this voice can speak as somebody else."""
    return FAMILIES[bundle.manifest.family].clip_s > 0


def enrolls(bundle: Bundle) -> bool:
    """True if this bundle can make a voice of a clip itself."""
    stages = (stage for variant in bundle.manifest.variants for stage in variant.graphs)
    here = {*bundle.manifest.files, *stages}
    return clones(bundle) and here.issuperset(FAMILIES[bundle.manifest.family].enrols)


def check_print(bundle: Bundle, print_: VoicePrint) -> None:
    """Check that a print holds what this voice needs, without its models. Raises BadVoicePrint."""
    _family(bundle).check_print(bundle, print_)


def enroll(bundle: Bundle, clip: PcmChunk, transcript: str | None) -> VoicePrint:
    """Make a print of whoever speaks in the clip, for this bundle. None of the models that speak
    are loaded. `transcript`: the words of the clip, if the family needs them.

    Raises BadClip, BadVoicePrint, ModelFailed, MissingPackage.
    """
    made: VoicePrint = _family(bundle).enroll(bundle, clip, transcript)
    return made


def keep_state(bundle: Bundle, path: Path) -> str:
    """Compute beforehand, for the print in `path`, what every sentence would compute of its clip;
    a sentence that says what was kept, empty if the family keeps nothing. Raises DiskFull,
    NotWritable, ModelFailed."""
    keep: Callable[[Bundle, Variant, Path], str] | None
    keep = getattr(_family(bundle), "keep_state", None)
    return keep(bundle, choose(bundle), path) if keep else ""
