"""Build a voice for a board, as a bundle that the board speaks from."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from edge.commands.answers import print_table
from edge.commands.options import argument, option, positive, switch
from edge.errors import EdgeError
from edge.families import DEFAULT_VOICE
from edge.files import BUILT, cache_dir

VOICES = (
    "a name that edge voices lists, a Piper voice's .onnx file, a folder with one, or a YAML file"
)
EXAMPLE = "edge build en_US-joe-medium --profile rpi5"


@dataclass(frozen=True)
class Options:
    voice: str = argument("VOICE", VOICES, DEFAULT_VOICE)
    profile: str | None = option(
        None,
        "P",
        "the board: a name that edge profiles lists or a pattern, a YAML file, or all for every "
        "board; this machine if left out",
    )
    voice_: tuple[str, ...] = option(
        (), "PATTERN", "build every voice whose name fits, as 'de_*' does; a name or file too"
    )
    checkpoint: Path | None = option(None, "DIR", "build from this released folder of the voice")
    config: Path | None = option(
        None, "FILE", "the .onnx file's configuration, if it is not beside it as .onnx.json"
    )
    licence: str | None = option(None, "NAME", "the .onnx file's licence; private if left out")
    accept_terms: bool = switch(
        "agree to the terms of the voice's weights; asked for once, on a terminal, if left out"
    )
    jobs: int | None = option(
        None,
        "N",
        "of many, without --on: run N builds at a time; one per core if left out",
        parse=positive,
    )
    on: str | None = option(
        None, "ADDRESS", "build on the workers of the Dask scheduler at tcp://HOST:PORT"
    )
    out: Path = option(BUILT, "DIR", "put the bundle's folder into DIR")
    cache: Path | None = option(
        None, "DIR", "keep fetched files in DIR, not in ~/.cache/edge-voice"
    )
    without_cloning: bool = switch(
        "leave out what hears clips, for boards that are given their cloned voices"
    )
    only: str | None = option(None, "VARIANT", "make just this variant, unmeasured; fp32 is quick")
    every: bool = switch(
        "make and measure every variant of the profile, and pack all that pass, for edge tune"
    )
    quick: bool = switch(
        "judge by a fifth of the sentences and fall back on fp32: for a first word within a minute"
    )
    judge: bool = switch("ask DNSMOS, Whisper and a speaker encoder too (extra quality)")
    if_needed: bool = switch("do nothing if the bundle is there and whole")


def run(options: Options) -> int:
    from edge.bundle import open_bundle
    from edge.bundle.default_voice import changed_default
    from edge.bundler.evaluate.stage_gate import STAGES
    from edge.bundler.many import boards_like, destination, voices_like
    from edge.bundler.pipeline import build_bundle
    from edge.bundler.progress import progress
    from edge.commands.build.many import build_many, wish_of
    from edge.detection import detect
    from edge.machine import read_machine
    from edge.profile import all_profiles, load_profile
    from edge.remedies import check_can_build

    if sum((options.only is not None, options.every, options.quick)) > 1:
        print("edge build: give one of --only VARIANT, --every and --quick", file=sys.stderr)
        return 2
    check_can_build()
    first = () if options.voice_ and options.voice == DEFAULT_VOICE else (options.voice,)
    voices = voices_like((*first, *options.voice_))
    here = options.profile is None
    boards = boards_like(options.profile or detect(read_machine(), all_profiles()).profile.name)
    if len(voices) * len(boards) > 1 or options.on is not None:
        return build_many(options, voices, boards)
    [voice], [name] = voices, boards
    profile = load_profile(name)
    folder = destination(options.out, voice, name)
    if options.if_needed and folder.exists():
        open_bundle(folder, machine=None).verify()
        return 0
    wish = replace(wish_of(options, voice, name), here=here)
    wish = replace(wish, accepts_terms=wish.accepts_terms or _agreed(voice))
    before = _default()
    with progress(f"{voice} for {profile.title}") as report:
        bundle = build_bundle(wish, folder, options.cache or cache_dir(), report)
    size = sum(entry.bytes for entry in bundle.manifest.files.values())
    variants = ", then ".join(variant.name for variant in bundle.manifest.variants)
    print(f"{bundle.path}  ({size / 1e6:.1f} MB: {variants})")
    if said := changed_default(before, after := _default()):
        print(said[0].upper() + said[1:])
    if (page := bundle.path / "report.html").exists():
        print(f"Why: {page}")
    if (bundle.path / STAGES).exists():
        _print_stages(bundle.path / STAGES)
        if not options.without_cloning:
            print(f"Give it a voice: edge clone NAME CLIP.wav --bundle {bundle.path}")
        return 0
    named = "" if after == bundle.voice.name else f" --voice {bundle.voice.name}"
    print(f"Hear it: edge say --local{named} 'Hello.'")
    return 0


def _agreed(voice: str) -> bool:
    """Show terms that nobody has agreed to yet, and ask, if somebody is there."""
    from edge.bundler.terms import pending
    from edge.voice import load_voice, models_dir

    if not sys.stdin.isatty() or not (models_dir() / f"{voice}.yaml").is_file():
        return False
    terms = pending(load_voice(voice))
    if not terms:
        return False
    print(f'Terms of {voice}:\n{terms}Type "yes" to agree: ', end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() == "yes"


def _default() -> str | None:
    """Name the voice that a daemon of this user would speak with if nobody named one."""
    from edge.bundle.store import default_places, default_voice
    from edge.config import load_config

    try:
        config = load_config().config
    except EdgeError:  # whoever starts the daemon is told
        return None
    places = [Path(place) for place in config.bundles] or default_places()
    return default_voice(places, config.voice)


def _print_stages(path: Path) -> None:
    """Show how each stage was exported, how near it is to what it must be, and what int8 cost."""
    from edge import records
    from edge.bundler.evaluate.stage_gate import StageReport

    report = records.load_json(path, StageReport)
    steps = [
        (
            r.stage,
            r.exporter,
            r.error or "ok",
            f"{r.seconds:.1f} s" if r.seconds else "",  # of a layer nobody knows
            f"{r.nodes_after} nodes" if r.nodes_after else "",
        )
        for r in report.export
    ]
    print_table(("EXPORT", "BY", "", "TIME", "SIZE"), steps)
    parity = [(p.stage, f"{p.relative_l2:.1e}", f"{p.max_abs:.1e}") for p in report.parity]
    print_table(("PARITY", "RELATIVE L2", "LARGEST"), parity)
    quality = [
        (
            q.variant,
            q.stage,
            q.recipe,
            f"{q.bytes / 1e6:.1f} MB",
            f"{q.measure} {q.value:.3g}" + (f" (limit {q.limit:g})" if q.limit else ""),
        )
        for q in report.quality
    ]
    print_table(("VARIANT", "STAGE", "RECIPE", "SIZE", "AGAINST FLOAT32"), quality)
