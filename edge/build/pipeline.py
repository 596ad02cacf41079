"""One build, from two descriptions to a bundle: fetch, export, quantize, evaluate, pack."""

from __future__ import annotations

import json
import logging
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from edge import __version__, records, synth
from edge.build import corpus
from edge.build import report as pages
from edge.build.candidates import (
    REFERENCE,
    Candidate,
    Original,
    export,
    make_candidates,
    provisional,
    spoken_language,
    write_bundle,
)
from edge.build.fetch import fetch, place_checkpoint
from edge.build.gain import measure_gain
from edge.build.progress import Report
from edge.build.quality import REPORT_FORMAT, BuildReport, ExportStep, Sensitivity, Variant
from edge.build.quantize import STAGE_RECIPES
from edge.build.report_html import Clip
from edge.build.stage_cache import StageCache
from edge.build.stage_gate import NO_GAIN, STAGES, StageReport, choose_stages, warn
from edge.build.trial import trial
from edge.build.verdict import decide, gates
from edge.bundle import PROFILE, VOICE, Bundle, open_bundle, writing
from edge.errors import ExportFailed, QualityTooLow
from edge.machine import Machine
from edge.profile import Profile, load_profile, profiles_dir, read_machine, usable_variants
from edge.synth.variants import WINDOW
from edge.voice import Voice, load_voice, voice_path

log = logging.getLogger(__name__)

TOOLS = ("onnx", "onnxruntime", "onnxconverter-common", "numpy")


@dataclass(frozen=True)
class Wish:
    """What to build. `only` names one variant of the profile and packs it unmeasured; `judged`
    asks the judges of the `quality` extra too; `checkpoint` is the folder of a voice that
    is built from one."""

    voice: str
    profile: str
    only: str | None = None
    judged: bool = False
    checkpoint: Path | None = None


def build_bundle(wish: Wish, destination: Path, cache: Path, report: Report) -> Bundle:
    """Build a voice (a name in models/, or a YAML file) for a board (likewise) into a folder.

    The folder appears whole or not at all, with the report beside its manifest. Raises what
    fetching, exporting and packing raise, and QualityTooLow where no variant passes.
    """
    voice, profile = load_voice(wish.voice), load_profile(wish.profile)
    if warning := warn(voice.family, profile):
        log.warning("%s", warning)
    voice = place_checkpoint(voice, wish.checkpoint)
    stages = StageCache(cache / "stages")
    files = fetch(voice, cache, lambda name, held, size: report(f"fetch {name}", held, size))
    report("export", 0, 0)
    original = export(voice, files, stages, Path(f"{destination}.export-log.json"))
    candidates, sensitivity = make_candidates(original, voice, profile, stages, report, wish.only)
    if voice.family in STAGE_RECIPES:
        report("compare the stages", 0, 0)
        passed, rows = choose_stages(original, voice, profile, candidates, wish.only)
        report("pack", 0, 0)
        with writing(destination) as folder:
            _descriptions(wish, folder)
            write_bundle(folder, original, voice, profile, passed, NO_GAIN, _tools())
            found = StageReport(original.log, original.parity, tuple(rows))
            (folder / STAGES).write_text(records.dump_json(found), encoding="utf-8")
        return open_bundle(destination, machine=None)
    gain = _gain(original, voice, profile, candidates, stages, report)
    with writing(destination) as folder:
        made, clips = None, list[Clip]()
        if wish.only is None and original.graphs:
            with trial(original, voice, profile, candidates, stages) as side_by_side:
                measured = side_by_side.measure(gain, cache if wish.judged else None, report)
                seconds = side_by_side.seconds(gain)
                clips = side_by_side.clips(original.rate)
            made = _report(original, voice, profile, candidates, measured, seconds, sensitivity)
            order = [v.name for v in made.variants if v.verdict != "refused"]
            packed = [next(c for c in candidates if c.name == name) for name in order]
        else:
            packed = [c for c in candidates if wish.only in (None, c.name)]
            if packed and packed[0].failure:
                raise ExportFailed(packed[0].failure, "Build another variant, or all: edge build")
        report("pack", 0, 0)
        _descriptions(wish, folder)
        write_bundle(folder, original, voice, profile, packed, gain, _tools())
        if made is not None:
            # Written after the manifest, which does not list it: timings differ, bundles do not.
            pages.write(made, clips, folder)
            exported = records.dump_json(original.log)
            (folder / "export-log.json").write_text(exported, encoding="utf-8")
    return open_bundle(destination, machine=None)


def _descriptions(wish: Wish, folder: Path) -> None:
    """Byte for byte, so that the board needs nothing else."""
    shutil.copyfile(voice_path(wish.voice), folder / VOICE)
    shutil.copyfile(profile_path(wish.profile), folder / PROFILE)


def profile_path(name: str) -> Path:
    """The file that load_profile(name) reads."""
    return Path(name) if name.endswith(".yaml") else profiles_dir() / f"{name}.yaml"


def _gain(
    original: Original,
    voice: Voice,
    profile: Profile,
    candidates: list[Candidate],
    stages: StageCache,
    report: Report,
) -> float:
    report("measure loudness", 0, 0)
    reference = [c for c in candidates if c.is_reference]

    def make(folder: Path) -> None:
        with provisional(original, voice, profile, reference) as bundle:
            gain = measure_gain(synth.load(bundle), voice.language)
        (folder / "gain.json").write_text(json.dumps(gain), encoding="utf-8")

    folder = stages.get("gain", {"graphs": original.shas, "language": voice.language}, make)
    return float(json.loads((folder / "gain.json").read_text(encoding="utf-8")))


def _report(
    original: Original,
    voice: Voice,
    profile: Profile,
    candidates: list[Candidate],
    measured: list[Variant],
    seconds: float,
    sensitivity: tuple[Sensitivity, ...],
) -> BuildReport:
    reference = next(v for v in measured if set(v.recipes.values()) == {"fp32"})
    limits = gates(profile.budget, reference)
    decided = decide(profile, measured, limits, _runnable(profile, measured, read_machine()))
    if all(v.verdict == "refused" for v in decided):
        why = "; ".join(f"{v.name}: {v.reason}" for v in decided)
        raise QualityTooLow(
            f"no variant of {voice.name} passes for {profile.name}: {why}",
            "Plan other variants or a wider budget in the profile.",
        )
    language = spoken_language(voice)
    texts = corpus.sentences("evaluation", language)
    return BuildReport(
        format=REPORT_FORMAT,
        voice=voice.name,
        profile=profile.name,
        language=language,
        machine=f"{read_machine().model or platform.machine()}, one thread",
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        versions=_tools(),
        sentences=len(texts),
        seconds=round(seconds, 1),
        reference=reference.name,
        gates=limits,
        variants=tuple(decided),
        sensitivity=sensitivity,
        parity=original.parity,
        export=tuple(
            ExportStep(
                row.stage,
                row.exporter,
                row.error or f"{row.seconds:.2f} s, {row.nodes_after} nodes",
            )
            for row in original.log
        )
        + tuple(ExportStep(c.name, "not made", c.failure) for c in candidates if c.failure),
    )


def _runnable(
    profile: Profile, measured: list[Variant], machine: Machine
) -> Mapping[str, bool] | None:
    # What is for a GPU is timed there: the CPU's time says nothing of it.
    for_gpu = any(plan.decoder.endswith(WINDOW) for plan in profile.variants)
    if for_gpu or machine.architecture != profile.board.architecture:
        return None
    usable = {plan.name for plan in usable_variants(profile, machine)} | {REFERENCE.name}
    return {variant.name: variant.name in usable for variant in measured}


def _tools() -> dict[str, str]:
    return {
        "edge-voice": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in TOOLS},
    }
