"""The command line. Each command is a function; what it needs is imported when it runs, so that
`edge say` on a Pi does not wait for what only a build uses."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge import __version__
from edge.errors import EdgeError

DEFAULT_VOICE = "en_US-joe-medium"
BUNDLES = Path("build/bundles")
"""Where a build puts its bundles, and the first place where the daemon looks for one."""

Command = Callable[[argparse.Namespace], int]


def run(arguments: Sequence[str]) -> int:
    """Exit status: 0 done, 1 an error that was explained, 2 wrong usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="edge: %(message)s",
        stream=sys.stderr,
    )
    try:
        command: Command = options.run
        status = command(options)
        sys.stdout.flush()  # here, where a reader that has left is known to be no error
        return status
    except EdgeError as error:
        print(f"edge: {error.message}", file=sys.stderr)
        print(f"      {error.remedy}", file=sys.stderr)
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
            _print_json({"profile": found.profile.name, "reasons": found.reasons})
        else:
            print(found.profile.name)
            print(f"  {found.profile.title}, because " + "; ".join(found.reasons))
        return 0
    rows = [(p.name, p.title, ", ".join(v.name for v in p.variants)) for p in all_profiles()]
    if options.json:
        _print_json([{"name": n, "title": t, "variants": v.split(", ")} for n, t, v in rows])
    else:
        _print_table(("PROFILE", "BOARD", "VARIANTS, BEST FIRST"), rows)
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
        _print_json([records.to_dict(voice) for voice in every])
        return 0
    for voice in every:
        _print_table(
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
    manifest = bundle.manifest
    if options.json:
        _print_json(records.to_dict(manifest))
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
    _print_table((bundle.path.name, ""), rows)
    return 0


# Building


def build(options: argparse.Namespace) -> int:
    from edge.build.pipeline import Wish, build_bundle
    from edge.build.progress import progress
    from edge.bundle import open_bundle
    from edge.profile import all_profiles, detect, load_profile, read_machine

    if options.profile:
        profile = load_profile(options.profile)
    else:
        profile = detect(read_machine(), all_profiles()).profile
    destination = options.out / f"{Path(options.voice).stem}--{profile.name}"
    if options.if_needed and destination.exists():
        open_bundle(destination, machine=None)
        return 0
    wish = Wish(options.voice, options.profile or profile.name, options.only, options.judge)
    with progress(f"{options.voice} for {profile.title}") as report:
        bundle = build_bundle(wish, destination, options.cache, report)
    size = sum(entry.bytes for entry in bundle.manifest.files.values())
    print(f"{bundle.path}  ({size / 1e6:.1f} MB, {bundle.manifest.variants[0].name})")
    print("Hear it: edge say --local 'Hello.'")
    return 0


# Speaking


def serve(options: argparse.Namespace) -> int:
    from edge.client import socket_path
    from edge.daemon.serve import find_bundles, serve_bundles

    bundles = find_bundles(options.bundle or [BUNDLES], options.voice, options.any_board)
    path = options.socket or socket_path()
    serve_bundles(bundles, path, options.device, options.phrase_cache)
    return 0


def say(options: argparse.Namespace) -> int:
    from edge.say import say_text

    text = options.text
    if text is None or text == "-":
        if text is None and sys.stdin.isatty():
            print("edge: type the text, then Ctrl-D", file=sys.stderr)
        text = None
    return say_text(text, options)


def prerender(options: argparse.Namespace) -> int:
    from edge.records import read_text
    from edge.say import prerender_lines

    if options.file == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    else:
        text = read_text(Path(options.file))
    prerender_lines(text.splitlines(), options)
    return 0


def stop(options: argparse.Namespace) -> int:
    from edge.client import Client

    with Client(options.socket) as client:
        stopped = client.stop(options.id)
    print(f"stopped {len(stopped)}" if stopped else "nothing was being spoken")
    return 0


def status(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from edge.client import Client

    with Client(options.socket) as client:
        report = client.status()
    if options.json:
        _print_json(asdict(report))
        return 0
    counted = ", ".join(f"{count} {name}" for name, count in report.counters.items())
    rows = [
        ("speaking", report.speaking or "nothing"),
        ("waiting", str(report.waiting)),
        ("voices", ", ".join(report.voices)),
        ("provider", report.provider or "none"),
        ("sound", report.device or "closed"),
        ("since start", f"{counted}; up {report.uptime_s:.0f} s"),
    ]
    _print_table((f"edge-voice {report.version}", ""), rows)
    return 0


def doctor(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from edge.client import socket_path
    from edge.doctor import examine

    findings = examine(options.bundle or [BUNDLES], options.socket or socket_path())
    if options.json:
        _print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.verdict:5} {finding.subject}: {finding.message}")
            if finding.verdict != "ok":
                print(f"      {finding.remedy}")
    return int(any(finding.verdict == "fail" for finding in findings))


# The options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="edge", description="Text to speech on the device.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"edge-voice {__version__}")
    parser.add_argument("--verbose", action="store_true", help="say more on standard error")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(work: Command, help: str, example: str) -> Callable[..., Any]:
        sub = commands.add_parser(
            work.__name__,
            help=help,
            description=help[0].upper() + help[1:] + ".",
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        sub.set_defaults(run=work)
        return sub.add_argument

    add = command(profiles, "list the boards there are profiles for", "edge profiles --detect")
    add("--detect", action="store_true", help="name this machine's profile and say why")
    add("--json", action="store_true", help="answer as JSON")

    add = command(voices, "list the voices that can be built, with their licences", "edge voices")
    add("voice", nargs="?", metavar="VOICE", help="show this voice's whole licence statement")
    add("--json", action="store_true", help="answer as JSON")

    add = command(build, "build a voice for a board", "edge build en_US-heart --profile rpi5")
    add(
        "voice", nargs="?", default=DEFAULT_VOICE, metavar="VOICE", help=f"default {DEFAULT_VOICE}"
    )
    add("--profile", metavar="P", help="the board; default: this machine")
    add("--out", type=Path, default=BUNDLES, metavar="DIR", help=f"default {BUNDLES}")
    add("--cache", type=Path, default=cache_dir(), metavar="DIR", help="keep fetched files here")
    add("--only", metavar="VARIANT", help="make just this variant, unmeasured; fp32 is quick")
    add("--judge", action="store_true", help="ask DNSMOS, Whisper and a speaker encoder too")
    add("--if-needed", action="store_true", help="do nothing if the bundle is there and whole")

    add = command(
        inspect, "verify a bundle and show what is in it", "edge inspect build/bundles/*"
    )
    add("bundle", type=Path, metavar="BUNDLE")
    add("--json", action="store_true", help="answer as JSON")

    add = command(serve, "run the daemon in the foreground", "edge serve --device 'USB Audio'")
    add(
        "--bundle", type=Path, action="append", metavar="DIR", help="a bundle, or a folder of them"
    )
    add("--voice", metavar="VOICE", help="which voice is the default one")
    add("--socket", type=Path, metavar="PATH", help="listen here")
    add("--device", metavar="NAME", help="the sound device, by name; edge doctor lists them")
    add("--phrase-cache", type=Path, metavar="DIR", help="keep the sound of phrases here")
    add("--any-board", action="store_true", help="accept bundles built for other boards")

    add = command(say, "speak a text", "edge say 'The train to Oxford leaves at nine.'")
    add(
        "text",
        nargs="?",
        metavar="TEXT",
        help="the text; - or nothing speaks standard input as it comes",
    )
    add("--voice", metavar="VOICE", help="default: the daemon's first")
    add("--speed", type=float, default=1.0, metavar="X", help="0.5 to 3; default 1")
    add("--volume", type=float, default=1.0, metavar="X", help="0 to 2; default 1")
    add("--out", metavar="FILE.wav", help="write the sound there instead; - is standard output")
    add("--fallback", type=Path, metavar="FILE.wav", help="write there if there is no sound card")
    add("--no-wait", action="store_true", help="return once the daemon has accepted it")
    add("--local", action="store_true", help="start a private daemon for this one call")
    add("--bundle", type=Path, action="append", metavar="DIR", help="for --local")
    add("--device", metavar="NAME", help="for --local: the sound device, by name")
    add("--any-board", action="store_true", help="for --local: accept bundles of other boards")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command(
        prerender,
        "have announcements made before they are needed",
        "edge prerender announcements.txt",
    )
    add("file", metavar="FILE", help="one phrase a line; - is standard input")
    add("--voice", metavar="VOICE", help="default: the daemon's first")
    add("--speed", type=float, default=1.0, metavar="X", help="0.5 to 3; default 1")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command(stop, "stop what is being spoken, and what waits", "edge stop")
    add("id", nargs="?", metavar="ID", help="only this utterance")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command(status, "show what the daemon does", "edge status --json")
    add("--json", action="store_true", help="answer as JSON")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command(doctor, "find out what is wrong with this machine", "edge doctor")
    add("--json", action="store_true", help="answer as JSON")
    add("--bundle", type=Path, action="append", metavar="DIR", help="where to look for bundles")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")
    return parser


def cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "edge-voice"


def _print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    every = [row for row in (head, *rows) if any(row)]
    widths = [max(len(row[i]) for row in every) for i in range(len(head) - 1)]
    for row in every:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[-1]]).rstrip())
