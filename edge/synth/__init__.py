"""Run a family: text -> segments -> PCM, from the graphs of one bundle.

`plan` does everything that can fail for a reason the caller can mend, before any inference.
`speak` is a generator: dropping it between two chunks is how speech is cancelled, and one
synthesizer may have several generators open at a time.
"""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from edge.bundle import Bundle, Variant
from edge.bundle.measured import read_tuning
from edge.errors import BadStyle, ProviderMissing
from edge.machine import keep_to_big_cores, read_machine
from edge.pcm import PcmChunk
from edge.synth.schedule import Decoder, Plan
from edge.synth.standby import Standby
from edge.synth.variants import on_gpu, runnable, windowed
from edge.synth.voice_print import VoicePrint
from edge.synth.words import WordSpan

log = logging.getLogger(__name__)

MIN_SPEED, MAX_SPEED = 0.5, 3.0


@dataclass(frozen=True)
class Style:
    """How to speak: `speed` is a factor (2 = twice as fast), `speaker` a name of the voice's own.

    `seed` fixes every noise, so equal requests give equal audio, bit for bit.
    """

    speed: float = 1.0
    speaker: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not MIN_SPEED <= self.speed <= MAX_SPEED:
            raise BadStyle(
                f"speed {self.speed:g} is outside {MIN_SPEED:g} to {MAX_SPEED:g}",
                "Choose a speed in that range; 1 is the voice's own.",
            )


@dataclass(frozen=True)
class Segment:
    """A stretch of text that one inference speaks: at most MAX_TOKENS tokens, as model ids.

    `durations`, frames of each id at speed 1, are the model's own unless they are given. `words`
    say which ids speak which word of the text.
    """

    ids: tuple[int, ...]
    style: Style
    index: int = 0
    speaker: int | None = None
    durations: tuple[int, ...] = ()
    words: tuple[WordSpan, ...] = ()

    @property
    def seed(self) -> tuple[int, int]:
        """One noise stream per segment, so that a segment sounds the same wherever it is cut."""
        return (self.style.seed, self.index)


class Synthesizer(Protocol):
    """A loaded voice. Not thread-safe: the synthesis thread owns it."""

    @property
    def rate(self) -> int:
        """Of every chunk, in Hz."""
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
        """Cleaned text to segments, with their words if asked for.

        Raises EmptyText, TextTooLong, BadStyle, and MissingPackage for a speed that needs one.
        """
        ...

    def durations(self, segment: Segment) -> tuple[int, ...]:
        """Frames that the model gives each id at speed 1; empty where the family has none."""
        ...

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        """Chunks without gain, with the segment's words in them; an empty one where work was done
        and the sound is held back, so that playback need not wait once it began.
        Raises ModelFailed."""
        ...


@runtime_checkable
class Streaming(Synthesizer, Protocol):
    """One whose decoder runs several times for a segment."""

    decoder: Decoder

    def speak_in(self, segment: Segment, cut: Callable[[int], Plan]) -> Iterator[PcmChunk]:
        """As speak, in the runs that `cut(frames)` gives: the first one of more than
        `decoder.look_ahead` frames, unless it is the only one."""
        ...


FAMILIES = {
    "piper": "edge.synth.piper",
    "hibari": "edge.synth.hibari",
    "tone": "edge.synth.tone",
    "cosyvoice3": "edge.synth.cosyvoice3",
}
"""Family -> the module whose `load(bundle, variant, cost)` makes its Synthesizer, and whose
`enroll(bundle, clip, transcript)` its VoicePrint, if it clones; loaded on demand, because a board
has only the packages of the families that it speaks with."""


def speakers(bundle: Bundle) -> tuple[str, ...]:
    """The names that Style.speaker may have, read without the model; empty where the voice has
    one speaker."""
    if bundle.manifest.family != "piper":
        return ()
    config = json.loads((bundle.path / "config.json").read_text(encoding="utf-8"))
    return tuple(config.get("speaker_id_map", ())) if config.get("num_speakers", 1) > 1 else ()


def phonemes(bundle: Bundle) -> frozenset[str]:
    """What may stand in [[ ]] in a text for this voice, in place of a word; read without the
    model. Empty where the family takes none."""
    if bundle.manifest.family == "hibari":
        return frozenset(json.loads(bundle.file("vocab.json").read_text(encoding="utf-8")))
    if bundle.manifest.family != "piper":
        return frozenset()
    config = json.loads(bundle.file("config.json").read_text(encoding="utf-8"))
    known = config["phoneme_id_map"] if config.get("phoneme_type", "espeak") == "espeak" else ()
    return frozenset(known)


def choose(bundle: Bundle) -> Variant:
    """The variant that `edge tune` found to be the fastest on this board; else the first that this
    machine can run, the reasons of those before it logged. Raises NoBundle."""
    machine = read_machine()
    able, passed_over = runnable(bundle, machine)
    for reason in passed_over:
        log.warning("%s: %s", bundle.voice.name, reason)
    tuning = read_tuning(bundle, machine)
    return next((v for v in able if tuning and v.name == tuning.variant), able[0])


def load(bundle: Bundle, variant: str | None = None, *, background: bool = False) -> Synthesizer:
    """The bundle's synthesizer: the named variant, or the one to choose here.

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
    """As load, but what speaks on the CPU where a GPU would have to be waited for."""
    chosen = choose(bundle)
    return _load(bundle, _spare(bundle, chosen) or chosen)


def _spare(bundle: Bundle, chosen: Variant) -> Variant | None:
    """What speaks on the CPU where `chosen`, on a GPU, is not ready; None where nothing may."""
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
    module = importlib.import_module(FAMILIES[bundle.manifest.family])
    synthesizer: Synthesizer = module.load(bundle, variant, cost)
    return synthesizer


def clones(bundle: Bundle) -> bool:
    """Whether this voice can speak as somebody else."""
    return hasattr(importlib.import_module(FAMILIES[bundle.manifest.family]), "enroll")


def enroll(bundle: Bundle, clip: PcmChunk, transcript: str | None) -> VoicePrint:
    """A print of whoever speaks in the clip, for this bundle. None of the models that speak are
    loaded. `transcript`: what is said, where the family needs it.

    Raises BadClip, BadVoicePrint, ModelFailed, MissingPackage.
    """
    module = importlib.import_module(FAMILIES[bundle.manifest.family])
    made: VoicePrint = module.enroll(bundle, clip, transcript)
    return made
