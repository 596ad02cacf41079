"""One build, from two descriptions to a bundle: fetch, export, quantize, evaluate, pack."""

from __future__ import annotations

import logging
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from shlex import quote

from edge import __version__, records
from edge.bundle import PROFILE, VOICE, Bundle, open_bundle, writing
from edge.bundler import corpus
from edge.bundler import report as pages
from edge.bundler.candidates import (
    Candidate,
    Original,
    export,
    make_candidates,
    planned_recipe,
    plans,
    with_learnt,
    write_bundle,
)
from edge.bundler.evaluate.quality import REPORT_FORMAT, BuildReport, ExportStep, Skipped
from edge.bundler.evaluate.selection import Selected, Selection, ask
from edge.bundler.evaluate.stage_gate import NO_GAIN, STAGES, StageReport, choose_stages, warn
from edge.bundler.evaluate.trial import trial
from edge.bundler.fetch import fetch
from edge.bundler.fetch.hub import bring, bring_checkpoint, judge, listed
from edge.bundler.fetch.kept import Progress
from edge.bundler.own_voice import described
from edge.bundler.progress import Report, Steps
from edge.bundler.stage_cache import StageCache
from edge.bundler.terms import agree
from edge.errors import ExportFailed, QualityTooLow
from edge.families import FAMILIES
from edge.machine import read_machine
from edge.profile import Profile, load_profile, profiles_dir
from edge.voice import Voice

log = logging.getLogger(__name__)

QUICK = 5
"""A quick build listens to one of so many evaluation sentences."""
TOOLS = ("onnx", "onnxruntime", "onnxconverter-common", "numpy")


@dataclass(frozen=True)
class Wish:
    """One thing to build. `here`: for this machine alone, which is such a board; else for all that
    are. `only` names one variant of the profile and packs it unmeasured; `every` measures all and
    packs those that pass; `quick` holds the first that passes against a fifth of the sentences,
    packs float beside it and writes no report; `judged` asks the judges of the `quality` extra
    too; `checkpoint` is the folder of a voice that is built from one; `config` and `licence` are
    those of a model without a description; `accepts_terms` agrees to those of the voice;
    `without_cloning` leaves out what only `edge clone` runs."""

    voice: str
    profile: str
    only: str | None = None
    judged: bool = False
    checkpoint: Path | None = None
    here: bool = False
    every: bool = False
    quick: bool = False
    config: Path | None = None
    licence: str | None = None
    accepts_terms: bool = False
    without_cloning: bool = False

    @property
    def whole(self) -> str:
        """The command that measures every variant for the same machines."""
        board = "" if self.here else f" --profile {self.profile}"
        config = f" --config {quote(str(self.config))}" if self.config else ""
        return f"edge build {quote(self.voice)}{board}{config} --every"


@dataclass(frozen=True)
class _Job:
    """All that an evaluation may ask for."""

    wish: Wish
    original: Original
    voice: Voice
    profile: Profile
    stages: StageCache
    steps: Steps
    judges: Path | None


@dataclass(frozen=True)
class _Evaluated:
    """The variants worth packing, best first, and the pages that say why."""

    packed: list[Candidate]
    gain: float
    """Linear; one for the whole voice."""
    write_pages: Callable[[Path], None]
    """Writes into the bundle's folder, once it is sealed: timings differ, bundles do not."""


def build_bundle(wish: Wish, destination: Path, cache: Path, report: Report) -> Bundle:
    """Build a voice (a name in models/ or in the catalogue, a YAML file, a model or its folder)
    for a board (a name in profiles/ or a YAML file) into a folder.

    The folder appears whole or not at all, with the report beside its manifest. Raises what
    fetching, exporting and packing raise, and QualityTooLow where no variant passes.
    """
    profile, steps = load_profile(wish.profile), Steps(report)

    def fetching(name: str, held: int, size: int) -> None:
        steps(f"fetch {name}", held, size)

    voice, description = _described(wish, cache, fetching)
    log.info("licence class %s", judge(voice).line)
    if wish.without_cloning and not FAMILIES[voice.family].enrols:
        raise ExportFailed(
            f"a bundle of the family {voice.family} has no part for cloning alone",
            "Leave --without-cloning out.",
        )
    if warning := warn(voice.family, profile):
        log.warning("%s", warning)
    agree(voice, wish.accepts_terms)
    voice = bring_checkpoint(voice, wish.checkpoint, cache, fetching)
    stages = StageCache(cache / "stages")
    files = fetch(voice, cache, fetching)
    steps("export", 0, 0)
    original = export(voice, files, stages, Path(f"{destination}.export-log.json"), steps)
    original = with_learnt(original, voice, profile, stages, steps, wish.only)
    evaluate = _by_stage if FAMILIES[voice.family].stages else _by_sound
    judges = cache if wish.judged else None
    job = _Job(wish, original, voice, profile, stages, steps, judges)
    with writing(destination) as folder, evaluate(job) as evaluated:
        steps("pack", 0, 0)
        _descriptions(wish, description, folder)
        packed, gain = evaluated.packed, evaluated.gain
        left_out = FAMILIES[voice.family].enrols if wish.without_cloning else ()
        write_bundle(folder, original, voice, profile, packed, gain, _tools(), left_out)
        evaluated.write_pages(folder)
    return open_bundle(destination, machine=None)


def _described(wish: Wish, cache: Path, report: Progress) -> tuple[Voice, str]:
    """Find the voice, and the text that describes it; one of the catalogue is fetched for that."""
    row = listed(wish.voice)
    if row is None or wish.config is not None or wish.licence is not None:
        return described(wish.voice, wish.config, wish.licence)
    return bring(row, cache, report)


@contextmanager
def _by_stage(job: _Job) -> Iterator[_Evaluated]:
    """Hold a family's stages against float one by one: it speaks with the voice of a clip, and a
    build has none."""
    original, voice, profile, only = job.original, job.voice, job.profile, job.wish.only
    candidates, _ = make_candidates(original, voice, profile, job.stages, job.steps, only)
    job.steps("compare the stages", 0, 0)
    passed, rows = choose_stages(original, voice, profile, candidates, only)

    def write_pages(folder: Path) -> None:
        found = StageReport(original.log, original.parity, tuple(rows))
        (folder / STAGES).write_text(records.dump_json(found), encoding="utf-8")

    yield _Evaluated(passed, NO_GAIN, write_pages)


@contextmanager
def _by_sound(job: _Job) -> Iterator[_Evaluated]:
    """Let the variants speak beside float, and measure them as the profile's order asks."""
    original, voice, profile, wish = job.original, job.voice, job.profile, job.wish
    selection = Selection(original, voice, profile, job.stages, job.steps, job.judges)
    reference = selection.reference()
    few = QUICK if wish.quick else _one_of(voice)
    with trial(original, voice, profile, reference, job.stages, job.steps, few) as side_by_side:
        if wish.only is not None or not original.graphs:
            packed = _only(job)
            yield _Evaluated(packed, side_by_side.gain, lambda folder: None)
            return
        here = read_machine() if wish.here else None
        question = ask(original, voice, profile, here, wish.every)
        if wish.quick:
            packed = selection.run_quickly(question, side_by_side).packed
            yield _Evaluated(packed, side_by_side.gain, lambda folder: None)
            return
        selected = selection.run(question, side_by_side)
        packed = selected.packed or _refuse(selected, voice, profile)

        def write_pages(folder: Path) -> None:
            job.steps("write the report", 0, 0)
            clips = side_by_side.clips([selected.made[name] for name in selected.measured])
            page = _report(job, selected, side_by_side.sound(reference).seconds)
            pages.write(replace(page, steps=job.steps.costs()), clips, folder)
            exported = records.dump_json(original.log)
            (folder / "export-log.json").write_text(exported, encoding="utf-8")

        yield _Evaluated(packed, side_by_side.gain, write_pages)


def _descriptions(wish: Wish, voice: str, folder: Path) -> None:
    """Byte for byte, so that the board needs nothing else."""
    (folder / VOICE).write_bytes(voice.encode("utf-8"))
    shutil.copyfile(profile_path(wish.profile), folder / PROFILE)


def profile_path(name: str) -> Path:
    """The file that load_profile(name) reads."""
    return Path(name) if name.endswith(".yaml") else profiles_dir() / f"{name}.yaml"


def _only(job: _Job) -> list[Candidate]:
    """Make the one variant that was named, or the one of a family that computes its sound."""
    only = job.wish.only
    candidates, _ = make_candidates(
        job.original, job.voice, job.profile, job.stages, job.steps, only
    )
    packed = [c for c in candidates if only in (None, c.name)]
    if packed and packed[0].failure:
        raise ExportFailed(packed[0].failure, "Build another variant, or all: edge build")
    return packed


def _refuse(selected: Selected, voice: Voice, profile: Profile) -> list[Candidate]:
    why = "; ".join(f"{one.name}: {one.why.sentence}" for one in selected.decided)
    raise QualityTooLow(
        f"no variant of {voice.name} passes for {profile.name}: {why}",
        "Plan other variants or a wider budget in the profile.",
    )


def _report(job: _Job, selected: Selected, seconds: float) -> BuildReport:
    original, voice, profile, wish = job.original, job.voice, job.profile, job.wish
    language = corpus.covered(voice.language)
    planned = {plan.name: plan for plan in plans(original, profile, voice.family)}
    skipped = tuple(
        Skipped(
            one.name,
            {s: planned_recipe(planned[one.name], voice.family, s) for s in original.graphs},
            one.why.sentence,
        )
        for one in selected.decided
        if one.verdict == "skipped"
    )
    return BuildReport(
        format=REPORT_FORMAT,
        voice=voice.name,
        profile=profile.name,
        language=language,
        machine=f"{read_machine().model or platform.machine()}, one thread",
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        versions=_tools(),
        sentences=len(corpus.spread(corpus.sentences("evaluation", language), _one_of(voice))),
        seconds=round(seconds, 1),
        reference=next(c.name for c in selected.made.values() if c.is_reference),
        gates=tuple(selected.limits),
        variants=tuple(
            replace(selected.measured[one.name], verdict=one.verdict, reason=one.why.sentence)
            for one in selected.decided
            if one.verdict != "skipped"
        ),
        sensitivity=selected.sensitivity,
        parity=original.parity,
        export=tuple(
            ExportStep(
                row.stage,
                row.exporter,
                row.error or f"{row.seconds:.2f} s, {row.nodes_after} nodes",
            )
            for row in original.log
        )
        + tuple(
            ExportStep(
                one.speaker,
                "norms",
                f"{one.log_mel_db:.2f} dB from whole sentences, "
                + ("spoken in runs" if one.kept else "spoken in whole sentences"),
            )
            for one in original.learnt
        ),
        skipped=skipped,
        every="" if wish.every else wish.whole,
    )


def _one_of(voice: Voice) -> int:
    """Tell of how many evaluation sentences one is listened to."""
    count = len(corpus.sentences("evaluation", corpus.covered(voice.language)))
    return max(1, count // FAMILIES[voice.family].listens)


def _tools() -> dict[str, str]:
    return {
        "edge-voice": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in TOOLS},
    }
