"""`edge clone`: a clip of somebody, who agrees, to a voice that `edge say` speaks with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from edge import synth
from edge.bundle import Bundle
from edge.bundle.store import default_places, find_bundles
from edge.errors import BadClip, BadVoicePrint, NoConsent, UnknownVoice
from edge.synth.clip import MIN_S, MOST_S, check_clip, read_clip
from edge.synth.voice_print import FORMAT, Label, find_print, print_path, remove_print, save_print

CONSENT = "The speaker in the clip is me, or agreed that I make and use this voice."


def clone_voice(options: argparse.Namespace) -> int:
    """Exit status 0. Raises BadClip, BadVoicePrint, NoConsent, UnknownVoice, ModelFailed."""
    name: str = options.name
    path = print_path(name)
    bundles = find_bundles(options.bundle or default_places(), None, options.any_board)
    bundle = _cloning(bundles, options.voice)
    if name in {bundle.voice.name for bundle in bundles}:
        raise BadVoicePrint(f"{name!r} is the name of a voice", "Choose another name.")
    if find_print(name) is not None and not options.replace:
        raise BadVoicePrint(
            f"there is a cloned voice {name!r} already: {path}",
            "Choose another name, or replace it: --replace",
        )
    longest: float = options.max_seconds
    if not MIN_S <= longest <= MOST_S:
        raise BadClip(
            f"--max-seconds {longest:g}; {MIN_S:g} to {MOST_S:g} s can be allowed",
            f"Cut the clip: ffmpeg -i CLIP.wav -t {MOST_S:g} short.wav",
        )
    clip = read_clip(options.clip, longest)
    check_clip(clip, longest)
    consent = _consent(options.consent)
    made = synth.enroll(bundle, clip, options.text)
    label = Label(
        format=FORMAT,
        name=name,
        family=made.family,
        voice=bundle.voice.name,
        bundle=bundle.id,
        language=bundle.manifest.language,
        made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        consent=consent,
    )
    save_print(made, label)
    print(f"{name}: {clip.seconds:.1f} s cloned for {bundle.voice.name}, kept in {_short(path)}")
    print(f"Hear it: edge say --voice {name} 'Hello.'")
    return 0


def wipe_voice(options: argparse.Namespace) -> int:
    """Exit status 0. Raises BadVoicePrint, NotWritable."""
    remove_print(options.name)
    print(f"{options.name} is wiped")
    return 0


def _cloning(bundles: Sequence[Bundle], voice: str | None) -> Bundle:
    """The bundle to speak with: the named one, else the first that clones."""
    able = [bundle for bundle in bundles if synth.clones(bundle)]
    for bundle in able:
        if voice in (None, bundle.voice.name):
            return bundle
    names = ", ".join(bundle.voice.name for bundle in able)
    here = ", ".join(f"{b.voice.name} ({b.manifest.family})" for b in bundles)
    raise UnknownVoice(
        f"no voice {voice!r} that clones" if voice else f"no voice here clones: {here}",
        f"Choose one of: {names}"
        if names
        else "Build one that does: edge build cosyvoice3-0.5b --checkpoint DIR",
    )


def _consent(given: bool) -> str:
    """What was declared, for the print. Raises NoConsent."""
    if given:
        return CONSENT
    if not sys.stdin.isatty():
        raise NoConsent(
            "nobody said that the speaker in the clip agrees",
            f'If this is true, add --consent: "{CONSENT}"',
        )
    print(f'{CONSENT}\nType "yes" if this is true: ', end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() != "yes":
        raise NoConsent(
            "the speaker's consent was not confirmed", "Ask whoever speaks in the clip."
        )
    return CONSENT


def _short(path: Path) -> str:
    home = str(Path.home())
    return "~" + str(path)[len(home) :] if str(path).startswith(home + "/") else str(path)
