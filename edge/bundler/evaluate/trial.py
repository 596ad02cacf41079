"""The candidates of one build beside the float reference, by the code that the board runs: spoken,
compared, judged, timed. What was measured of the same graphs before is not measured again."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from edge import kernels, records, synth
from edge.bundle import Bundle, file_sha256
from edge.bundler import corpus
from edge.bundler.candidates import Candidate, Original, provisional
from edge.bundler.evaluate.gain import measure_gain
from edge.bundler.evaluate.measurements import (
    Opinion,
    Sound,
    Speed,
    Spoken,
    Told,
    as_reference,
    compare,
    judge,
    peak_memory,
    say,
    speak_all,
    time_variants,
)
from edge.bundler.progress import Report
from edge.bundler.stage_cache import StageCache
from edge.machine import read_machine
from edge.pcm import Samples
from edge.profile import Profile
from edge.recipes import RECIPES
from edge.synth import Style, Synthesizer
from edge.voice import Voice

LISTEN_SENTENCES = 2
"""In the report: a person hears the difference in two, and more make the page heavy."""


@dataclass(frozen=True)
class Clip:
    """One sentence spoken by several variants: name of the variant -> float32 (frames,)."""

    text: str
    rate: int
    sounds: Mapping[str, Samples]


@dataclass(frozen=True)
class Cost:
    """Cost of a variant on a board: CPU time, and the peak of its memory."""

    speed: Speed
    peak_rss_bytes: int


@contextmanager
def trial(
    original: Original,
    voice: Voice,
    profile: Profile,
    reference: Candidate,
    stages: StageCache,
    report: Report,
    few: int = 1,
) -> Iterator[Trial]:
    """Candidates are loaded when they are first asked for, and gone at the end. `few`: one of so
    many sentences is listened to."""
    with ExitStack() as bundles:
        yield Trial(original, voice, profile, reference, stages, report, bundles, few)


class Trial:
    """`gain` is the voice's; everything else is asked for one candidate or several."""

    def __init__(
        self,
        original: Original,
        voice: Voice,
        profile: Profile,
        reference: Candidate,
        stages: StageCache,
        report: Report,
        bundles: ExitStack,
        few: int,
    ) -> None:
        self._original, self._voice, self._profile = original, voice, profile
        self._reference, self._stages = reference, stages
        self._report, self._bundles = report, bundles
        self._loaded: dict[str, tuple[Bundle, Synthesizer]] = {}
        self._language = corpus.covered(voice.language)
        self._texts = corpus.spread(corpus.sentences("evaluation", self._language), few)

    @cached_property
    def gain(self) -> float:
        """Measured on the sentences as the reference speaks them."""

        def make(folder: Path) -> None:
            sounds = self._sounds
            self._report("measure loudness", 0, 0)
            gain = measure_gain(np.concatenate(sounds), self._load(self._reference).rate)
            (folder / "gain.json").write_text(json.dumps(gain), encoding="utf-8")

        self._report("measure loudness", 0, 0)
        inputs = {
            "graphs": self._shas(self._reference),
            "language": self._language,
            "sentences": len(self._texts),
        }
        folder = self._stages.get("gain", inputs, make)
        return float(json.loads((folder / "gain.json").read_text(encoding="utf-8")))

    def sound(self, candidate: Candidate) -> Sound:
        """The candidate beside the reference, in the reference's rhythm."""

        def make(folder: Path) -> None:
            heard, loaded = self._heard, self._load(candidate)
            if candidate.name == self._reference.name:
                found = as_reference(loaded, heard, self.gain, told)
            else:
                found = compare(loaded, heard, self.gain, told)
            (folder / "sound.json").write_text(records.dump_json(found), encoding="utf-8")

        told = self._told(f"compare {candidate.name}")
        folder = self._stages.get("sound", self._inputs(candidate), make)
        return records.load_json(folder / "sound.json", Sound)

    def opinion(self, candidate: Candidate, judges: Path) -> Opinion:
        """Ask what the judges, whose files are kept in a folder, say of it by itself."""

        def make(folder: Path) -> None:
            heard = self._heard
            said = judge(self._load(candidate), heard, self._language, judges, told)
            (folder / "opinion.json").write_text(records.dump_json(said), encoding="utf-8")

        told = self._told(f"judge {candidate.name}")
        folder = self._stages.get("opinion", self._inputs(candidate), make)
        return records.load_json(folder / "opinion.json", Opinion)

    def costs(self, candidates: Sequence[Candidate], memory: bool = True) -> Mapping[str, Cost]:
        """All of them timed in turn, the reference among them; 0 bytes without `memory`."""

        def make(folder: Path) -> None:
            loaded = {c.name: self._load(c) for c in candidates}
            told = self._told("time the variants")
            speeds = time_variants(loaded, self._reference.name, self._texts, told)
            costs = {}
            for number, name in enumerate(loaded):
                peak = 0
                if memory:
                    self._report("measure memory", number, len(loaded))
                    peak = peak_memory(self._loaded[name][0].path, name)
                costs[name] = asdict(Cost(speeds[name], peak))
            (folder / "costs.json").write_text(json.dumps(costs), encoding="utf-8")

        machine = read_machine()
        inputs = {
            "graphs": {c.name: self._shas(c) for c in candidates},
            "machine": f"{platform.node()} {machine.model} {machine.cores}",
            "features": sorted(machine.features),
            "sentences": len(self._texts),
            "memory": memory,
            "kernels": self._kernels(*candidates),
        }
        text = (self._stages.get("speed", inputs, make) / "costs.json").read_text(encoding="utf-8")
        return {
            name: Cost(Speed(**cost["speed"]), cost["peak_rss_bytes"])
            for name, cost in json.loads(text).items()
        }

    def clips(self, candidates: Sequence[Candidate]) -> list[Clip]:
        """A few sentences as each of them says them, to be heard in the report."""
        middle = len(self._texts) // 2  # long enough to hear a difference, short for a page
        texts = sorted(self._texts, key=len)[middle : middle + LISTEN_SENTENCES]
        reference = self._load(self._reference)
        return [
            Clip(
                spoken.text,
                reference.rate,
                {
                    c.name: spoken.samples
                    if c.name == self._reference.name
                    else say(self._load(c), spoken.segments)
                    for c in candidates
                },
            )
            for spoken in speak_all(reference, texts)
        ]

    @cached_property
    def _heard(self) -> list[Spoken]:
        told = self._told(f"speak with {self._reference.name}")
        return speak_all(self._load(self._reference), self._texts, told)

    @property
    def _sounds(self) -> list[Samples]:
        if self._original.graphs:
            return [spoken.samples for spoken in self._heard]
        voice = self._load(self._reference)  # one that computes its sound has no durations to fix
        return [say(voice, voice.plan(text, Style())) for text in self._texts]

    def _load(self, candidate: Candidate) -> Synthesizer:
        if candidate.name not in self._loaded:
            made = provisional(self._original, self._voice, self._profile, [candidate])
            bundle = self._bundles.enter_context(made)
            self._loaded[candidate.name] = bundle, synth.load(bundle, candidate.name)
        return self._loaded[candidate.name][1]

    def _told(self, step: str) -> Told:
        return partial(self._report, step)

    def _inputs(self, candidate: Candidate) -> dict[str, object]:
        return {
            "graphs": self._shas(candidate),
            "reference": self._shas(self._reference),
            "gain": self.gain,
            "sentences": len(self._texts),
            "kernels": self._kernels(candidate),
        }

    def _shas(self, candidate: Candidate) -> dict[str, str]:
        return {stage: file_sha256(path) for stage, path in candidate.graphs.items()}

    def _kernels(self, *candidates: Candidate) -> str:
        """Checksum of our operators' library, for graphs that are computed by it."""
        library = kernels.library_path()
        recipes = [recipe for c in candidates for recipe in c.recipes.values()]
        if library is None or not any(RECIPES[recipe].operators for recipe in recipes):
            return ""
        return file_sha256(library)
