"""One build, from two descriptions to a bundle: fetch, export, quantize, evaluate, pack."""

from __future__ import annotations

import functools
import json
import logging
import platform
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
from edge.build.evaluate import (
    Opinion,
    Sound,
    Speed,
    compare,
    judge,
    peak_memory,
    say,
    speak_all,
    time_variants,
)
from edge.build.fetch import fetch, place_checkpoint
from edge.build.gain import measure_gain
from edge.build.progress import Report
from edge.build.quality import REPORT_FORMAT, BuildReport, ExportStep, Sensitivity, Variant
from edge.build.quantize import STAGE_RECIPES
from edge.build.report_html import Clip
from edge.build.stage_cache import StageCache
from edge.build.stage_gate import NO_GAIN, STAGES, StageReport, choose_stages, warn
from edge.build.verdict import decide, gates
from edge.bundle import PROFILE, VOICE, Bundle, file_sha256, open_bundle, writing
from edge.errors import ExportFailed, QualityTooLow
from edge.machine import Machine
from edge.profile import Profile, load_profile, profiles_dir, read_machine, usable_variants
from edge.synth.variants import WINDOW
from edge.voice import Voice, load_voice, voice_path

log = logging.getLogger(__name__)

TOOLS = ("onnx", "onnxruntime", "onnxconverter-common", "numpy")
LISTEN_SENTENCES = 2
"""In the report: a person hears the difference in two, and more make the page heavy."""


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
        if wish.only is None and original.graphs:
            measured, seconds = _measure(
                wish, original, voice, profile, candidates, gain, stages, cache, report
            )
            made = _report(original, voice, profile, candidates, measured, seconds, sensitivity)
            kept = {v.name for v in made.variants if v.verdict != "refused"}
            order = [v.name for v in made.variants if v.name in kept]
            clips = _clips(original, voice, profile, candidates)
        else:
            made, clips = None, []
            wanted = [c for c in candidates if wish.only in (None, c.name)]
            if wanted and wanted[0].failure:
                raise ExportFailed(wanted[0].failure, "Build another variant, or all: edge build")
            order = [c.name for c in wanted]
        report("pack", 0, 0)
        _descriptions(wish, folder)
        packed = sorted(
            (c for c in candidates if c.name in order), key=lambda c: order.index(c.name)
        )
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
    reference = [c for c in candidates if _is_reference(c)]

    def make(folder: Path) -> None:
        with provisional(original, voice, profile, reference) as bundle:
            gain = measure_gain(synth.load(bundle), voice.language)
        (folder / "gain.json").write_text(json.dumps(gain), encoding="utf-8")

    folder = stages.get("gain", {"graphs": original.shas, "language": voice.language}, make)
    return float(json.loads((folder / "gain.json").read_text(encoding="utf-8")))


def _measure(
    wish: Wish,
    original: Original,
    voice: Voice,
    profile: Profile,
    candidates: list[Candidate],
    gain: float,
    stages: StageCache,
    cache: Path,
    report: Report,
) -> tuple[list[Variant], float]:
    """Every candidate that could be made, measured; and the seconds of sound in that."""
    whole = [c for c in candidates if not c.failure]
    reference = next(c.name for c in whole if _is_reference(c))
    language = spoken_language(voice)
    texts = corpus.sentences("evaluation", language)
    shas = {c.name: {s: file_sha256(p) for s, p in c.graphs.items()} for c in whole}
    rows, seconds = [], 0.0
    with provisional(original, voice, profile, whole) as bundle:
        loaded = {c.name: synth.load(bundle, c.name) for c in whole}
        report("time the variants", 0, 0)

        def make_speed(folder: Path) -> None:
            speeds = time_variants(loaded, reference, texts)
            (folder / "speed.json").write_text(
                json.dumps({name: asdict(speed) for name, speed in speeds.items()})
            )
            (folder / "memory.json").write_text(
                json.dumps({name: peak_memory(bundle.path, name) for name in loaded})
            )

        machine = f"{platform.node()} {read_machine().model} {read_machine().cores}"
        timed = stages.get("speed", {"graphs": shas, "machine": machine}, make_speed)
        speeds = json.loads((timed / "speed.json").read_text())
        memory = json.loads((timed / "memory.json").read_text())
        heard = functools.cache(lambda: speak_all(loaded[reference], texts))
        for number, candidate in enumerate(whole):
            name = candidate.name
            report("compare the variants", number, len(whole))
            inputs = {"graphs": shas[name], "reference": shas[reference], "gain": gain}

            def make_sound(folder: Path, name: str = name) -> None:
                found = compare(loaded[name], heard(), gain)
                (folder / "sound.json").write_text(records.dump_json(found))

            def make_opinion(folder: Path, name: str = name) -> None:
                said = judge(loaded[name], heard(), language, cache)
                (folder / "opinion.json").write_text(records.dump_json(said))

            found = records.load_json(
                stages.get("sound", inputs, make_sound) / "sound.json", Sound
            )
            numbers = asdict(found)
            seconds = numbers.pop("seconds")
            if wish.judged:
                report("ask the judges", number, len(whole))
                said = stages.get("opinion", inputs, make_opinion) / "opinion.json"
                numbers |= asdict(records.load_json(said, Opinion))
            speed = Speed(**speeds[name])
            rows.append(
                Variant(
                    name=name,
                    recipes=dict(candidate.recipes),
                    verdict="packed",
                    reason="",
                    bytes=candidate.bytes,
                    cpu_ratio=speed.cpu_ratio,
                    rtf=speed.rtf,
                    first_audio_ms=speed.first_audio_ms,
                    peak_rss_bytes=memory[name],
                    **numbers,
                )
            )
    return rows, seconds


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


def _clips(
    original: Original, voice: Voice, profile: Profile, candidates: list[Candidate]
) -> list[Clip]:
    whole = [c for c in candidates if not c.failure]
    every = sorted(corpus.sentences("evaluation", spoken_language(voice)), key=len)
    middle = len(every) // 2  # long enough to hear a difference, short enough for a page
    texts = every[middle : middle + LISTEN_SENTENCES]
    with provisional(original, voice, profile, whole) as bundle:
        loaded = {c.name: synth.load(bundle, c.name) for c in whole}
        reference = next(loaded[c.name] for c in whole if _is_reference(c))
        return [
            Clip(
                spoken.text,
                original.rate,
                {
                    name: spoken.samples if v is reference else say(v, spoken.segments)
                    for name, v in loaded.items()
                },
            )
            for spoken in speak_all(reference, texts)
        ]


def _is_reference(candidate: Candidate) -> bool:
    return set(candidate.recipes.values()) <= {"fp32"} and not candidate.failure


def _tools() -> dict[str, str]:
    return {
        "edge-voice": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in TOOLS},
    }
