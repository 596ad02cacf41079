"""The commands and their options, as argparse wants them; edge/cli.py does the work."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge import __version__
from edge.files import BUILT

DEFAULT_VOICE = "en_US-joe-medium"
ROUNDS = 7
CLIP_S, MOST_CLIP_S = 3.0, 30.0
"""Seconds of a clip: the longest, unless more is asked for, and the longest that may be."""
HTTP = "127.0.0.1:8880"

_SYSTEM = "for the service, in /var/lib/edge-voice"
_CONFIG = "read this file, not one that is found"

Command = Callable[[argparse.Namespace], int]


def parser(works: Mapping[str, Command]) -> argparse.ArgumentParser:
    """`works`: what each command does, by its name."""
    root = argparse.ArgumentParser(
        prog="edge", description="Text to speech on the device.", allow_abbrev=False
    )
    root.add_argument("--version", action="version", version=f"edge-voice {__version__}")
    root.add_argument("--verbose", action="store_true", help="say more on standard error")
    commands = root.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, help: str, example: str) -> Callable[..., Any]:
        sub = commands.add_parser(
            name,
            help=help,
            description=help[0].upper() + help[1:] + ".",
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        sub.set_defaults(run=works[name])
        return sub.add_argument

    add = command("profiles", "list the boards there are profiles for", "edge profiles --detect")
    add("--detect", action="store_true", help="name this machine's profile and say why")
    add("--json", action="store_true", help="answer as JSON")

    add = command(
        "voices", "list the voices that can be built, with their licences", "edge voices"
    )
    add("voice", nargs="?", metavar="VOICE", help="show this voice's whole licence statement")
    add("--json", action="store_true", help="answer as JSON")

    add = command("build", "build a voice for a board", "edge build en_US-heart --profile rpi5")
    add(
        "voice", nargs="?", default=DEFAULT_VOICE, metavar="VOICE", help=f"default {DEFAULT_VOICE}"
    )
    add(
        "--profile", metavar="P", help="the board; all builds for every one; default: this machine"
    )
    add("--checkpoint", type=Path, metavar="DIR", help="for a voice made from a released folder")
    add(
        "--jobs", type=int, default=os.cpu_count(), metavar="N", help="for all: how many at a time"
    )
    add("--out", type=Path, default=BUILT, metavar="DIR", help=f"default {BUILT}")
    add("--cache", type=Path, default=cache_dir(), metavar="DIR", help="keep fetched files here")
    add("--only", metavar="VARIANT", help="make just this variant, unmeasured; fp32 is quick")
    add("--judge", action="store_true", help="ask DNSMOS, Whisper and a speaker encoder too")
    add("--if-needed", action="store_true", help="do nothing if the bundle is there and whole")

    add = command(
        "inspect", "verify a bundle and show what is in it", "edge inspect build/bundles/*"
    )
    add("bundle", type=Path, metavar="BUNDLE")
    add("--json", action="store_true", help="answer as JSON")

    add = command(
        "install", "install a bundle for the daemon to speak with", "edge install joe.tar --system"
    )
    add("bundle", type=Path, metavar="BUNDLE", help="a folder, or a tar file of one")
    add("--system", action="store_true", help=_SYSTEM)
    add("--verify-with", type=Path, metavar="FILE", help="only if signed by a key in this file")
    add("--any-board", action="store_true", help="accept a bundle built for another board")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command(
        "rollback", "go back to a voice's previous bundle", "edge rollback en_US-joe-medium"
    )
    add("voice", metavar="VOICE")
    add("--system", action="store_true", help=_SYSTEM)
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command("config", "show the configuration, and where it comes from", "edge config")
    add("--config", type=Path, metavar="FILE", help=_CONFIG)
    add("--json", action="store_true", help="answer as JSON")

    add = command("bench", "measure the speed and memory of a bundle", "edge bench --rounds 20")
    add("--bundle", type=Path, metavar="DIR", help="default: the first one there is")
    add("--variant", action="append", metavar="NAME", help="only this one; may be given again")
    add(
        "--threads",
        type=_count,
        action="append",
        metavar="N",
        help="of onnxruntime; may be given again; default: the profile's",
    )
    add("--rounds", type=_count, default=ROUNDS, metavar="N", help=f"default {ROUNDS}")
    add("--peers", action="store_true", help="other engines too, with 1 and 2 threads")
    add("--json", action="store_true", help="answer as JSON")

    add = command("tune", "find the fastest variant on this board and keep to it", "edge tune")
    add("voice", nargs="?", metavar="VOICE", help="default: every bundle for this board")
    add("--bundle", type=Path, action="append", metavar="DIR", help="default: all there are")
    add("--json", action="store_true", help="answer as JSON")

    add = command("serve", "run the daemon in the foreground", "edge serve --device 'USB Audio'")
    add(
        "--bundle", type=Path, action="append", metavar="DIR", help="a bundle, or a folder of them"
    )
    add("--voice", metavar="VOICE", help="which voice is the default one")
    add("--socket", type=Path, metavar="PATH", help="listen here")
    add("--device", metavar="NAME", help="the sound device, by name; edge doctor lists them")
    add("--fallback-device", metavar="NAME", help="the device to use while that one is lost")
    add(
        "--on-loss",
        choices=("wait", "fallback"),
        help="lost in a word: wait for it first (the default), or move at once",
    )
    add("--wait", type=float, metavar="S", help="how long to wait; default 30")
    add("--wake-ms", type=float, metavar="MS", help="silence first; edge calibrate-audio finds it")
    add(
        "--keep-awake",
        action="store_true",
        help="keep the device open, with a tone too low to hear",
    )
    add("--phrase-cache", type=Path, metavar="DIR", help="keep the sound of phrases here")
    add("--any-board", action="store_true", help="accept bundles built for other boards")
    add("--config", type=Path, metavar="FILE", help=_CONFIG)

    add = command(
        "reload", "have the daemon read its configuration and bundles again", "edge reload"
    )
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command("say", "speak a text", "edge say 'The train to Oxford leaves at nine.'")
    add(
        "text",
        nargs="?",
        metavar="TEXT",
        help="the text; - or nothing speaks standard input as it comes",
    )
    add("-f", "--file", metavar="FILE", help="speak this file; - is standard input")
    add("-v", "--voice", metavar="VOICE", help="default: the daemon's first")
    add("--speed", type=float, default=1.0, metavar="X", help="0.5 to 3; default 1")
    add("--volume", type=float, default=1.0, metavar="X", help="0 to 2; default 1")
    add("--priority", choices=("urgent", "normal", "background"), default="normal")
    add("--ttl", type=float, metavar="S", help="drop it if it has not begun after S seconds")
    add("--key", metavar="KEY", help="replace what waits with the same key")
    add("-w", "--out", metavar="FILE.wav", help="write the sound there; - is standard output")
    add("--fallback", type=Path, metavar="FILE.wav", help="write there if there is no sound card")
    add("--no-wait", action="store_true", help="return once the daemon has accepted it")
    add("--local", action="store_true", help="start a private daemon for this one call")
    add("--bundle", type=Path, action="append", metavar="DIR", help="for --local")
    add("--device", metavar="NAME", help="for --local: the sound device, by name")
    add("--any-board", action="store_true", help="for --local: accept bundles of other boards")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command(
        "prerender",
        "have announcements made before they are needed",
        "edge prerender announcements.txt",
    )
    add("file", metavar="FILE", help="one phrase a line; - is standard input")
    add("--voice", metavar="VOICE", help="default: the daemon's first")
    add("--speed", type=float, default=1.0, metavar="X", help="0.5 to 3; default 1")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command(
        "clone",
        "make a voice that speaks like the one in a clip",
        "edge clone anna clip.wav --text 'The words that the clip says.'",
    )
    add("name", metavar="NAME", help="for edge say --voice NAME")
    add("clip", type=Path, metavar="CLIP.wav", help="one person speaking; 1 to 3 s are enough")
    add("--text", metavar="TEXT", help="what the clip says, word for word")
    add("--consent", action="store_true", help="declare that the speaker agrees, without asking")
    add("--replace", action="store_true", help="in place of the cloned voice of this name")
    add(
        "--max-seconds",
        type=float,
        default=CLIP_S,
        metavar="S",
        help=f"allow a longer clip, up to {MOST_CLIP_S:g}; default {CLIP_S:g}",
    )
    add("--voice", metavar="VOICE", help="which voice is to speak; default: the first that clones")
    add("--bundle", type=Path, action="append", metavar="DIR", help="default: all there are")
    add("--any-board", action="store_true", help="accept bundles built for other boards")

    add = command("unclone", "wipe a cloned voice", "edge unclone anna")
    add("name", metavar="NAME")

    add = command("stop", "stop what is being spoken, and what waits", "edge stop")
    add("id", nargs="?", metavar="ID", help="only this utterance")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command("pause", "hold back all but urgent speech", "edge pause")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command("resume", "go on where pause came", "edge resume")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command("volume", "set how loud the sound card speaks", "edge volume 60")
    add("percent", type=int, metavar="N", help="0 to 100; 100 is the voice as it is")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command("status", "show what the daemon does", "edge status --watch")
    add("--json", action="store_true", help="answer as JSON")
    add("--watch", action="store_true", help="each second anew, until Ctrl-C")
    add("--until-idle", type=float, metavar="S", help="first wait, at most so long, for silence")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command(
        "http",
        "offer OpenAI's speech interface to programs on this machine",
        "edge http --token-file ~/.config/edge-voice/http-token",
    )
    add("--listen", default=HTTP, metavar="PLACE", help=f"HOST:PORT or a path; default {HTTP}")
    add("--token-file", type=Path, metavar="FILE", help="what clients must send as their api_key")
    add("--alias", action="append", metavar="NAME=VOICE", help="as alloy=en_US-heart; repeatable")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command(
        "calibrate-audio",
        "find by listening what a sound device swallows",
        "edge calibrate-audio --device 'USB Audio' --record 'USB Audio'",
    )
    add("--device", metavar="NAME", help="the sound device, by name; edge doctor lists them")
    add("--record", metavar="NAME", help="a microphone near it, or a loopback")
    add("--idle", type=float, default=10.0, metavar="S", help="let it sleep first; default 10")
    add("--json", action="store_true", help="answer as JSON")

    add = command(
        "speech-dispatcher-module",
        "speak for speech-dispatcher, which starts this by itself",
        "edge speech-dispatcher-module --socket ~/edge-voice.sock",
    )
    add("config", nargs="?", metavar="FILE", help="what speech-dispatcher gives; not read")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")

    add = command(
        "drop-in",
        "print the part of the systemd service that depends on the board",
        "edge drop-in --profile rpi5",
    )
    add("--profile", metavar="P", help="the board; default: this machine")

    add = command("doctor", "find out what is wrong with this machine", "edge doctor")
    add("--tone", action="store_true", help="play one, to be heard")
    add("--as-service", action="store_true", help="in the service's sandbox; needs root")
    add("--json", action="store_true", help="answer as JSON")
    add("--bundle", type=Path, action="append", metavar="DIR", help="where to look for bundles")
    add("--socket", type=Path, metavar="PATH", help="the daemon's socket")
    return root


def _count(text: str) -> int:
    """A whole number from 1 on, as argparse wants it."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "edge-voice"
