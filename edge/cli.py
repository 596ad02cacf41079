"""The command line. Each command is a function; what it needs is imported when it runs, so that
`edge say` on a Pi does not wait for what only a build uses."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import EdgeError
from edge.options import Command, parser
from edge.options import cache_dir as cache_dir
from edge.tables import print_json, print_table

if TYPE_CHECKING:
    from edge.bundle import Bundle
    from edge.config import Config


def run(arguments: Sequence[str]) -> int:
    """Exit status: 0 done, 1 an error that was explained, 2 wrong usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    options.typed = arguments
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="edge: %(message)s",
        stream=sys.stderr,
    )
    command: Command = options.run
    try:
        status = command(options)
        sys.stdout.flush()  # here, where a reader that has left is known to be no error
        return status
    except EdgeError as error:
        print(f"edge: {error.message}", file=sys.stderr)
        print(f"      {error.remedy}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if str(error.name).startswith("edge"):
            raise  # a fault of ours, not of the installation
        extra = "build" if command is build else "cpu,audio,piper"
        print(f"edge: the Python package {error.name} is not installed", file=sys.stderr)
        print(f"      {sys.executable} -m pip install 'edge-voice[{extra}]'", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has left, as `edge voices | head -1` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


# Looking things up


def profiles(options: argparse.Namespace) -> int:
    from edge.profile import all_profiles, detect, read_machine

    if options.detect:
        found = detect(read_machine(), all_profiles())
        if options.json:
            print_json({"profile": found.profile.name, "reasons": found.reasons})
        else:
            print(found.profile.name)
            print(f"  {found.profile.title}, because " + "; ".join(found.reasons))
        return 0
    rows = [(p.name, p.title, ", ".join(v.name for v in p.variants)) for p in all_profiles()]
    if options.json:
        print_json([{"name": n, "title": t, "variants": v.split(", ")} for n, t, v in rows])
    else:
        print_table(("PROFILE", "BOARD", "VARIANTS, BEST FIRST"), rows)
    return 0


def voices(options: argparse.Namespace) -> int:
    from edge import records
    from edge.voice import all_voices, load_voice

    if options.voice:
        voice = load_voice(options.voice)
        print(f"{voice.name}: {voice.title}\n\nLicence: {voice.licence.name}")
        print(f"{voice.licence.attribution}\n\n{voice.licence.statement.strip()}\n")
        print(f"If you sell it: {voice.licence.seller_note}")
        return 0
    every = all_voices()
    if options.json:
        print_json([records.to_dict(voice) for voice in every])
        return 0
    for voice in every:
        print_table(
            (voice.name, ""),
            [
                ("  is", f"{voice.title} ({voice.language}, {voice.family})"),
                ("  from", f"{', '.join(voice.origins) or 'nowhere'}, {voice.size / 1e6:.1f} MB"),
                ("  licence", voice.licence.name),
                ("  to sell it", " ".join(voice.licence.seller_note.split())),
            ],
        )
    print("\nThe whole statement of a licence: edge voices NAME")
    return 0


def inspect(options: argparse.Namespace) -> int:
    from edge import records
    from edge.bundle import open_bundle

    bundle = open_bundle(options.bundle, machine=None)
    bundle.verify()
    manifest = bundle.manifest
    if options.json:
        print_json(records.to_dict(manifest))
        return 0
    size = sum(entry.bytes for entry in manifest.files.values())
    rows = [
        ("voice", f"{bundle.voice.title} ({manifest.voice}, {manifest.language})"),
        ("board", f"{bundle.profile.title} ({manifest.profile})"),
        ("sound", f"{manifest.rate} Hz, gain {manifest.gain:.3f}"),
        ("variants", ", ".join(variant.name for variant in manifest.variants)),
        ("licence", bundle.voice.licence.name),
        ("size", f"{size / 1e6:.1f} MB in {len(manifest.files)} files, all checksums right"),
        ("built with", ", ".join(f"{k} {v}" for k, v in manifest.tools.items())),
    ]
    print_table((bundle.path.name, ""), rows)
    return 0


# Building


def build(options: argparse.Namespace) -> int:
    from edge.build.bundles import destination
    from edge.build.pipeline import Wish, build_bundle
    from edge.build.progress import progress
    from edge.build.stage_gate import STAGES
    from edge.build.terminal import build_everywhere, print_stages
    from edge.bundle import open_bundle
    from edge.profile import all_profiles, detect, load_profile, read_machine

    if options.profile == "all":
        return build_everywhere(options)
    name = options.profile or detect(read_machine(), all_profiles()).profile.name
    profile = load_profile(name)
    folder = destination(options.out, options.voice, name)
    if options.if_needed and folder.exists():
        open_bundle(folder, machine=None).verify()
        return 0
    wish = Wish(options.voice, name, options.only, options.judge, options.checkpoint)
    with progress(f"{options.voice} for {profile.title}") as report:
        bundle = build_bundle(wish, folder, options.cache, report)
    size = sum(entry.bytes for entry in bundle.manifest.files.values())
    variants = ", then ".join(variant.name for variant in bundle.manifest.variants)
    print(f"{bundle.path}  ({size / 1e6:.1f} MB: {variants})")
    if (page := bundle.path / "report.html").exists():
        print(f"Why: {page}")
    if (bundle.path / STAGES).exists():
        print_stages(bundle.path / STAGES)
        print(f"Give it a voice: edge clone NAME CLIP.wav --bundle {bundle.path}")
        return 0
    print("Hear it: edge say --local 'Hello.'")
    return 0


# On the board


def bench(options: argparse.Namespace) -> int:
    from edge import records
    from edge.bench.measure import measure
    from edge.bench.report import table

    bundle = _one_bundle(options.bundle)
    threads = options.threads or ([1, 2] if options.peers else [bundle.profile.runtime.threads])
    report = measure(bundle, options.variant or [], threads, options.rounds, options.peers)
    if options.json:
        print_json({"command": shlex.join(["edge", *options.typed]), **records.to_dict(report)})
    else:
        print(table(report, shlex.join(["edge", *options.typed])))
    return 0


def tune(options: argparse.Namespace) -> int:
    from edge import records
    from edge.bundle.store import default_places, find_bundles
    from edge.tune import HEAD, rows, tune_and_keep

    bundles = find_bundles(options.bundle or default_places(), options.voice, any_board=False)
    answers = []
    for bundle in bundles[: 1 if options.voice else None]:
        outcome, path = tune_and_keep(bundle)
        answers.append({"bundle": bundle.path.name, "file": str(path)} | records.to_dict(outcome))
        if not options.json:
            print(bundle.path.name)
            print_table(HEAD, rows(outcome))
            print(f"chosen: {outcome.chosen}, {outcome.reason}")
            print(f"warning: {outcome.warning}" if outcome.warning else "this board keeps up")
            print(f"kept in {path}; a running daemon takes it when it starts again")
    if options.json:
        print_json(answers)
    return 0


# Speaking


def serve(options: argparse.Namespace) -> int:
    from edge.client import socket_path
    from edge.config import load_config
    from edge.daemon.start import configured, serve_bundles

    def read() -> tuple[Sequence[Bundle], Config]:
        config = load_config(options.config).typed(options).config
        return configured(config), config

    serve_bundles(read, options.socket or socket_path())
    return 0


def reload(options: argparse.Namespace) -> int:
    from edge import upkeep

    return upkeep.reload(options)


def config(options: argparse.Namespace) -> int:
    from edge import upkeep

    return upkeep.config(options)


def install(options: argparse.Namespace) -> int:
    from edge import upkeep

    return upkeep.install(options)


def calibrate_audio(options: argparse.Namespace) -> int:
    from edge import upkeep

    return upkeep.calibrate_audio(options)


def rollback(options: argparse.Namespace) -> int:
    from edge import upkeep

    return upkeep.rollback(options)


def say(options: argparse.Namespace) -> int:
    from edge.say import say_text

    text = options.text
    if text is not None and options.file is not None:
        print("edge say: give TEXT or -f FILE, not both", file=sys.stderr)
        return 2
    if text is None and options.file is None and sys.stdin.isatty():
        print("edge: type the text, then Ctrl-D", file=sys.stderr)
    return say_text(None if text == "-" else text, options)


def http(options: argparse.Namespace) -> int:
    from edge.adapters.http_listener import serve

    return serve(options)


def prerender(options: argparse.Namespace) -> int:
    from edge.records import read_text
    from edge.say import prerender_lines

    if options.file == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    else:
        text = read_text(Path(options.file))
    prerender_lines(text.splitlines(), options)
    return 0


def clone(options: argparse.Namespace) -> int:
    from edge.clone import clone_voice

    return clone_voice(options)


def unclone(options: argparse.Namespace) -> int:
    from edge.clone import wipe_voice

    return wipe_voice(options)


def stop(options: argparse.Namespace) -> int:
    from edge import control

    return control.stop(options)


def pause(options: argparse.Namespace) -> int:
    from edge import control

    return control.pause(options)


def resume(options: argparse.Namespace) -> int:
    from edge import control

    return control.resume(options)


def volume(options: argparse.Namespace) -> int:
    from edge import control

    return control.volume(options)


def status(options: argparse.Namespace) -> int:
    from edge import control

    return control.status(options)


def drop_in(options: argparse.Namespace) -> int:
    from edge import upkeep

    return upkeep.drop_in(options)


def speech_dispatcher_module(options: argparse.Namespace) -> int:
    from edge.adapters.speech_dispatcher import run_module
    from edge.client import socket_path

    return run_module(options.socket or socket_path())


def doctor(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from edge.bundle.store import default_places
    from edge.client import socket_path
    from edge.doctor import examine
    from edge.sandbox import run_as_service

    if options.as_service:
        words = [word for word in options.typed if word != "--as-service"]
        return run_as_service([*words, *([] if options.tone else ["--tone"])])
    places = options.bundle or default_places()
    findings = examine(places, options.socket or socket_path(), options.tone)
    if options.json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.verdict:5} {finding.subject}: {finding.message}")
            if finding.verdict != "ok":
                print(f"      {finding.remedy}")
    return int(any(finding.verdict == "fail" for finding in findings))


def _one_bundle(place: Path | None) -> Bundle:
    """The bundle of a place, of any board; of several there the first."""
    from edge.bundle.store import default_places, find_bundles

    return find_bundles([place] if place else default_places(), voice=None, any_board=True)[0]


def _parser() -> argparse.ArgumentParser:
    works = (
        profiles,
        voices,
        build,
        inspect,
        install,
        rollback,
        config,
        bench,
        tune,
        serve,
        reload,
        say,
        prerender,
        http,
        clone,
        unclone,
        stop,
        pause,
        resume,
        volume,
        status,
        calibrate_audio,
        speech_dispatcher_module,
        drop_in,
        doctor,
    )
    return parser({work.__name__.replace("_", "-"): work for work in works})
