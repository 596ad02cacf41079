"""The candidates of one build side by side, by the code that the board runs: timed, compared with
the float reference, judged. What was measured of the same graphs before is not measured again."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from edge import records, synth
from edge.build import corpus
from edge.build.candidates import Candidate, Original, provisional, spoken_language
from edge.build.evaluate import (
    Opinion,
    Sound,
    Speed,
    Spoken,
    compare,
    judge,
    peak_memory,
    say,
    speak_all,
    time_variants,
)
from edge.build.progress import Report
from edge.build.quality import Variant
from edge.build.report_html import Clip
from edge.build.stage_cache import StageCache
from edge.bundle import file_sha256
from edge.profile import Profile, read_machine
from edge.synth import Synthesizer
from edge.voice import Voice

LISTEN_SENTENCES = 2
"""In the report: a person hears the difference in two, and more make the page heavy."""


@dataclass(frozen=True)
class _Cost:
    """What a variant costs a board: CPU time, and the peak of its memory."""

    speed: Speed
    peak_rss_bytes: int


@contextmanager
def trial(
    original: Original,
    voice: Voice,
    profile: Profile,
    candidates: Sequence[Candidate],
    stages: StageCache,
) -> Iterator[Trial]:
    """All that could be made of the candidates, loaded; gone at the end."""
    made = [c for c in candidates if not c.failure]
    with provisional(original, voice, profile, made) as bundle:
        loaded = {c.name: synth.load(bundle, c.name) for c in made}
        yield Trial(bundle.path, made, loaded, spoken_language(voice), stages)


class Trial:
    """`loaded` has a synthesizer for each of the candidates, one of which is the reference."""

    def __init__(
        self,
        bundle: Path,
        candidates: Sequence[Candidate],
        loaded: Mapping[str, Synthesizer],
        language: str,
        stages: StageCache,
    ) -> None:
        self._bundle, self._candidates, self._loaded = bundle, candidates, loaded
        self._language, self._stages = language, stages
        self._reference = next(c.name for c in candidates if c.is_reference)
        self._texts = corpus.sentences("evaluation", language)
        self._shas = {
            c.name: {stage: file_sha256(path) for stage, path in c.graphs.items()}
            for c in candidates
        }

    def measure(self, gain: float, judges: Path | None, report: Report) -> list[Variant]:
        """A row for each candidate; where the judges' files are kept, their opinion is asked."""
        report("time the variants", 0, 0)
        costs = self._costs()
        rows = []
        for number, candidate in enumerate(self._candidates):
            name = candidate.name
            report("compare the variants", number, len(self._candidates))
            numbers = asdict(self._sound(name, gain))
            del numbers["seconds"]
            if judges is not None:
                report("ask the judges", number, len(self._candidates))
                numbers |= asdict(self._opinion(name, gain, judges))
            rows.append(
                Variant(
                    name=name,
                    recipes=dict(candidate.recipes),
                    verdict="packed",
                    reason="",
                    bytes=candidate.bytes,
                    peak_rss_bytes=costs[name].peak_rss_bytes,
                    **asdict(costs[name].speed),
                    **numbers,
                )
            )
        return rows

    def seconds(self, gain: float) -> float:
        """Of sound, in the evaluation sentences as the reference speaks them."""
        return self._sound(self._reference, gain).seconds

    def clips(self, rate: int) -> list[Clip]:
        """A few sentences as each candidate says them, to be heard in the report."""
        middle = len(self._texts) // 2  # long enough to hear a difference, short for a page
        texts = sorted(self._texts, key=len)[middle : middle + LISTEN_SENTENCES]
        reference = self._loaded[self._reference]
        return [
            Clip(
                spoken.text,
                rate,
                {
                    name: spoken.samples if v is reference else say(v, spoken.segments)
                    for name, v in self._loaded.items()
                },
            )
            for spoken in speak_all(reference, texts)
        ]

    @cached_property
    def _heard(self) -> list[Spoken]:
        return speak_all(self._loaded[self._reference], self._texts)

    def _costs(self) -> Mapping[str, _Cost]:
        def make(folder: Path) -> None:
            speeds = time_variants(self._loaded, self._reference, self._texts)
            costs = {n: _Cost(speeds[n], peak_memory(self._bundle, n)) for n in self._loaded}
            text = json.dumps({name: asdict(cost) for name, cost in costs.items()})
            (folder / "costs.json").write_text(text, encoding="utf-8")

        machine = read_machine()
        inputs = {
            "graphs": self._shas,
            "machine": f"{platform.node()} {machine.model} {machine.cores}",
        }
        text = (self._stages.get("speed", inputs, make) / "costs.json").read_text(encoding="utf-8")
        return {
            name: _Cost(Speed(**cost["speed"]), cost["peak_rss_bytes"])
            for name, cost in json.loads(text).items()
        }

    def _sound(self, name: str, gain: float) -> Sound:
        def make(folder: Path) -> None:
            found = compare(self._loaded[name], self._heard, gain)
            (folder / "sound.json").write_text(records.dump_json(found), encoding="utf-8")

        folder = self._stages.get("sound", self._inputs(name, gain), make)
        return records.load_json(folder / "sound.json", Sound)

    def _opinion(self, name: str, gain: float, judges: Path) -> Opinion:
        def make(folder: Path) -> None:
            said = judge(self._loaded[name], self._heard, self._language, judges)
            (folder / "opinion.json").write_text(records.dump_json(said), encoding="utf-8")

        folder = self._stages.get("opinion", self._inputs(name, gain), make)
        return records.load_json(folder / "opinion.json", Opinion)

    def _inputs(self, name: str, gain: float) -> dict[str, object]:
        return {
            "graphs": self._shas[name],
            "reference": self._shas[self._reference],
            "gain": gain,
        }
