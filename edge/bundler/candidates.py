"""Every variant that a profile plans, made: graphs in one folder, each file once."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from edge import kernels, records
from edge.bundle import (
    FORMAT,
    LEFT_OUT,
    PROFILE,
    VOICE,
    Bundle,
    Manifest,
    Variant,
    file_sha256,
    open_bundle,
    seal,
)
from edge.bundler import corpus, pack
from edge.bundler.export import exporter, learner
from edge.bundler.export.export_log import ExportLog, ExportRow, Parity
from edge.bundler.export.record import Learnt
from edge.bundler.progress import Report
from edge.bundler.quantize import Calibration, maker
from edge.bundler.quantize.calibrate import latents
from edge.bundler.quantize.recipe import Activations, Sensitivity
from edge.bundler.stage_cache import StageCache
from edge.errors import ExportFailed
from edge.families import FAMILIES
from edge.pcm import Samples
from edge.profile import Profile, Provider, Runtime, Stages, VariantPlan
from edge.recipes import RECIPES, graph_name
from edge.synth.variants import no_kernels
from edge.voice import Voice

log = logging.getLogger(__name__)

REFERENCE = VariantPlan("fp32", "fp32", "fp32")
"""The variant that all others are measured against; made even if no board asks for it."""
CALIBRATION_SENTENCES = 30
SEARCH_SHARE = 0.6
"""Share of the profile's log-mel budget: the search sees calibration text, the gate other text."""


@dataclass(frozen=True)
class Original:
    """The exporter's work: float graphs by stage, all of them in `folder`."""

    folder: Path
    rate: int
    graphs: Mapping[str, str]
    log: tuple[ExportRow, ...]
    parity: tuple[Parity, ...]
    model: Path | None
    """The voice's own file, where recipes of its family write graphs anew."""
    beside: tuple[Path, ...] = ()
    """Files of the bundle that were learnt of its speakers."""
    learnt: tuple[Learnt, ...] = ()

    @property
    def shas(self) -> dict[str, str]:
        return {stage: file_sha256(self.folder / name) for stage, name in self.graphs.items()}


@dataclass(frozen=True)
class Candidate:
    """A planned variant: recipe and graph by stage, or why it could not be made."""

    name: str
    recipes: Mapping[str, str]
    graphs: Mapping[str, Path]
    failure: str = ""
    remedy: str = ""
    sensitivity: tuple[Sensitivity, ...] = ()
    options: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_reference(self) -> bool:
        """Made, and float throughout: what the others are measured against."""
        return set(self.recipes.values()) <= {"fp32"} and not self.options and not self.failure

    def is_like(self, other: Candidate) -> bool:
        """Tell whether it speaks as another one does, by whatever name."""
        return (self.recipes, self.options) == (other.recipes, other.options)

    @property
    def bytes(self) -> int:
        return sum(path.stat().st_size for path in self.graphs.values())


@dataclass(frozen=True)
class _Described:
    """exported.json of the export stage."""

    rate: int
    graphs: Mapping[str, str]
    log: tuple[ExportRow, ...]
    parity: tuple[Parity, ...]


def export(
    voice: Voice,
    files: Mapping[str, Path],
    stages: StageCache,
    log_file: Path,
    report: Report = lambda step, done, total: None,
) -> Original:
    """The float graphs of a voice. Raises ExportFailed; what was tried is then in `log_file`."""
    steps = ExportLog(lambda stage: report(f"export, {stage}", 0, 0))

    def make(folder: Path) -> None:
        exported = exporter(voice.family)(files, folder, steps)
        graphs = exported.variants[0].graphs
        described = _Described(exported.rate, graphs, tuple(steps.rows), tuple(steps.parity))
        (folder / "exported.json").write_text(records.dump_json(described), encoding="utf-8")

    shas = {role: file_sha256(path) for role, path in files.items()}
    try:
        folder = stages.get("export", {"family": voice.family, "files": shas}, make)
    except ExportFailed as error:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        log_file.write_text(records.dump_json(steps.rows), encoding="utf-8")
        raise ExportFailed(error.message, f"{error.remedy} What was tried: {log_file}") from None
    described = records.load_json(folder / "exported.json", _Described)
    return Original(
        folder,
        described.rate,
        described.graphs,
        described.log,
        described.parity,
        files.get(FAMILIES[voice.family].original),
    )


def with_learnt(
    original: Original,
    voice: Voice,
    profile: Profile,
    stages: StageCache,
    report: Report,
    only: str | None = None,
) -> Original:
    """Learn what a family learns of its speakers, by the first plan that can: the original with
    that beside it."""
    learns = FAMILIES[voice.family].learns
    for plan in plans(original, profile, voice.family, only) if learns else ():
        if planned_recipe(plan, voice.family, "decoder") not in learns:
            continue
        candidate = make_candidate(original, voice, profile, plan, stages, report)
        if candidate.failure:
            continue

        def make(folder: Path, made: Candidate = candidate) -> None:
            with provisional(original, voice, profile, [made]) as bundle:
                told = partial(report, "learn of the speakers")
                learner(voice.family)(bundle, made.name, folder, told)

        graphs = {stage: file_sha256(path) for stage, path in candidate.graphs.items()}
        inputs = {"graphs": graphs, "export": original.folder.name, "language": voice.language}
        folder = stages.get("learnt", inputs, make)
        beside = tuple(sorted(path for path in folder.iterdir() if path.suffix != ".json"))
        rows = json.loads((folder / "learnt.json").read_text(encoding="utf-8"))
        return replace(original, beside=beside, learnt=tuple(Learnt(**row) for row in rows))
    return original


def make_candidates(
    original: Original,
    voice: Voice,
    profile: Profile,
    stages: StageCache,
    report: Report,
    only: str | None = None,
) -> tuple[list[Candidate], tuple[Sensitivity, ...]]:
    """Each of the profile's plans, and the reference; with `only`, that one and the reference."""
    candidates: list[Candidate] = []
    for plan in plans(original, profile, voice.family, only):
        made = make_candidate(original, voice, profile, plan, stages, report)
        same = next((c for c in candidates if c.is_like(made)), None)
        if same is None or not FAMILIES[voice.family].stages:
            candidates.append(made)
        elif not plan.needs:  # the name under which more machines run it
            candidates[candidates.index(same)] = made
    searched = [c.sensitivity for c in candidates if c.sensitivity]
    return candidates, searched[-1] if searched else ()


def plans(
    original: Original, profile: Profile, family: str, only: str | None = None
) -> list[VariantPlan]:
    """The profile's that are for this family, in its order; the reference last where none is."""
    known = FAMILIES[family].options.keys()
    wanted = [p for p in profile.variants if only in (None, p.name) and p.options.keys() <= known]
    if not original.graphs:
        wanted = []  # nothing to make: the family computes its sound
    if not any(is_float(plan) for plan in wanted):
        wanted.append(REFERENCE)
    return wanted


def is_float(plan: VariantPlan) -> bool:
    """Tell whether a plan is what all others are measured against, by whatever name."""
    same = (plan.encoder, plan.decoder) == (REFERENCE.encoder, REFERENCE.decoder)
    return same and not plan.options


def make_candidate(
    original: Original,
    voice: Voice,
    profile: Profile,
    plan: VariantPlan,
    stages: StageCache,
    report: Report,
) -> Candidate:
    """All graphs of a plan; one that cannot be made is a `failure`, which is also logged."""
    recipes: dict[str, str] = {}
    graphs: dict[str, Path] = {}
    sensitivity: tuple[Sensitivity, ...] = ()
    twice = FAMILIES[voice.family].twice
    for stage in (*original.graphs, *(stage for stage in twice if stage in plan.stages)):
        recipe = recipes[stage] = planned_recipe(plan, voice.family, stage)
        report(f"{stage} {recipe}", 0, 0)
        try:
            graphs[stage], rows = _apply(original, voice, profile, stage, recipe, stages, report)
        except ExportFailed as error:
            failure = f"{stage}, {recipe}: {error.message}"
            log.warning("%s is left out: %s", plan.name, failure)
            return Candidate(plan.name, recipes, graphs, failure, error.remedy)
        sensitivity = rows or sensitivity
    return Candidate(plan.name, recipes, graphs, sensitivity=sensitivity, options=plan.options)


def planned_recipe(plan: VariantPlan, family: str, stage: str) -> str:
    """Name the recipe that a plan means for a stage, never below what the stage may become."""
    card = FAMILIES[family]
    if not card.stages:
        planned: str = getattr(plan, card.follows.get(stage, stage))
        return card.instead.get(f"{stage} {planned}", card.instead.get(planned, planned))
    if stage not in card.follows:
        return "fp32"
    wanted: str = plan.stages.get(stage, getattr(plan, card.follows[stage]))
    known = card.stages[stage]
    if wanted in known or not (nearest := RECIPES[wanted].nearest):
        return wanted
    return nearest if nearest in known else "fp32"


def _apply(
    original: Original,
    voice: Voice,
    profile: Profile,
    stage: str,
    recipe: str,
    stages: StageCache,
    report: Report,
) -> tuple[Path, tuple[Sensitivity, ...]]:
    card, row = FAMILIES[voice.family], RECIPES[recipe]
    source = original.folder / original.graphs[card.twice.get(stage, stage)]
    activations: Activations = "u8" if profile.board.architecture == "x86_64" else "s8"
    limit = profile.budget.log_mel_db * SEARCH_SHARE
    inputs: dict[str, object] = {"source": file_sha256(source), "recipe": recipe}
    if row.calibrated:
        inputs |= {"activations": activations, "limit": limit, "encoder": original.shas}
    learns = row.calibrated or row.rewritten
    if card.stages:
        able = recipe in card.stages[stage]
    elif row.rewritten:
        able = recipe in card.rewrites
    else:
        able = bool(row.make) and (card.calibrates or not row.calibrated)
    if not able:
        raise ExportFailed(
            f"{recipe} is not known for {stage} of the family {voice.family}",
            "Plan another recipe for this voice in the profile.",
        )
    if row.operators and (why := no_kernels()):
        raise ExportFailed(f"needs our int8 operators: {why}", kernels.how_to_build())

    def make(folder: Path) -> None:
        calibration = None
        if learns:
            told = partial(report, f"{stage} {recipe}, calibration")
            calibration = Calibration(
                latents=_latents(original, voice, told)
                if row.calibrated and card.calibrates
                else (),
                rate=original.rate,
                log_mel_db=limit,
                activations=activations,
                original=original.model,
                family=voice.family,
                report=lambda done, total: report(f"{stage} {recipe}", done, total),
            )
        apply = maker(recipe, large=bool(card.stages))
        log = apply(source, folder / f"{stage}.onnx", calibration)
        (folder / "layers.json").write_text(
            json.dumps([(row.layer, row.error) for row in log.sensitivity]), encoding="utf-8"
        )

    folder = stages.get(f"{stage}-{recipe}", inputs, make)
    rows = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
    return folder / f"{stage}.onnx", tuple(Sensitivity(layer, error) for layer, error in rows)


def _latents(
    original: Original, voice: Voice, told: Callable[[int, int], None]
) -> tuple[Samples, ...]:
    """Compute what the float encoder gives the decoder for the calibration sentences."""
    every = corpus.sentences("calibration", corpus.covered(voice.language))
    # They are sorted by kind; each step takes short and long ones.
    texts = every[:: max(1, len(every) // CALIBRATION_SENTENCES)]
    folder = original.folder
    encoder, config = folder / original.graphs["encoder"], folder / "config.json"
    return latents(encoder, config, texts, told=told)


@contextmanager
def provisional(
    original: Original, voice: Voice, profile: Profile, candidates: list[Candidate]
) -> Iterator[Bundle]:
    """A bundle with all candidates, on one CPU thread, to be measured and thrown away."""
    cpu = (Provider("CPUExecutionProvider", require=True),)
    runtime = Runtime(Stages(cpu, cpu), 1, memory_pattern=False, spinning=False, arena=True)
    with TemporaryDirectory(prefix="edge-build-") as name:
        folder = Path(name)
        (folder / VOICE).write_text(records.dump_json(voice), encoding="utf-8")
        bare = records.to_dict(profile) | {"runtime": records.to_dict(runtime)}
        (folder / PROFILE).write_text(json.dumps(bare), encoding="utf-8")  # JSON is YAML too
        write_bundle(folder, original, voice, profile, candidates, gain=1.0, tools={})
        yield open_bundle(folder, machine=None)


def write_bundle(
    folder: Path,
    original: Original,
    voice: Voice,
    profile: Profile,
    candidates: list[Candidate],
    gain: float,
    tools: Mapping[str, str],
    left_out: Collection[str] = (),
) -> None:
    """Copy what the candidates need, each file once, and seal it; the descriptions lie there.
    `left_out`: stages and files that stay away; the checksums of these files go into LEFT_OUT."""
    graphs = set(original.graphs.values())
    sums = ""
    for file in sorted(original.folder.iterdir()):
        if file.name in left_out:
            sums += f"{file_sha256(file)}  {file.name}\n"
        elif file.name not in graphs and file.name != "exported.json":
            shutil.copyfile(file, folder / file.name)
    if sums:
        (folder / LEFT_OUT).write_text(sums, encoding="ascii")
    for file in original.beside:
        shutil.copyfile(file, folder / file.name)
    variants = []
    for candidate in candidates:
        names = {}
        for stage, path in candidate.graphs.items():
            if stage in left_out:
                continue
            names[stage] = graph_name(stage, candidate.recipes[stage])
            if not (folder / names[stage]).exists():
                pack.store(path, folder / names[stage], FAMILIES[voice.family].halves)
        variants.append(Variant(candidate.name, names, candidate.options))
    seal(
        folder,
        lambda files: Manifest(
            format=FORMAT,
            voice=voice.name,
            profile=profile.name,
            family=voice.family,
            language=voice.language,
            rate=original.rate,
            gain=gain,
            variants=tuple(variants),
            files=files,
            tools=tools,
        ),
    )
