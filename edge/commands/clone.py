"""Make a voice that speaks like the one in a clip."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import any_board_option, argument, bundles_option, option, switch
from edge.errors import BadClip, BadVoicePrint, NoConsent, UnknownVoice

if TYPE_CHECKING:
    from edge.bundle import Bundle

EXAMPLE = "edge clone anna clip.wav --text 'The words that the clip says.'"
CONSENT = "The speaker in the clip is me, or agreed that I make and use this voice."


@dataclass(frozen=True)
class Options:
    name: str = argument("NAME", "the name to give to edge say --voice")
    clip: Path = argument("CLIP.wav", "one person speaking for 1 to 3 s, at 16 kHz or more")
    text: str | None = option(None, "TEXT", "what the clip says, word for word")
    consent: bool = switch("declare that the speaker agrees; asked for on a terminal if left out")
    replace: bool = switch("replace the cloned voice of this name")
    max_seconds: float | None = option(
        None, "S", "accept a clip of up to S seconds, 30 at most; 3 if left out"
    )
    voice: str | None = option(
        None, "VOICE", "speak with this voice's model, not the first that clones"
    )
    bundle: tuple[Path, ...] = bundles_option()
    any_board: bool = any_board_option()


def run(options: Options) -> int:
    """Raises BadClip, BadVoicePrint, NoConsent, UnknownVoice, ModelFailed."""
    from edge import synth
    from edge.bundle.store import default_places, find_bundles
    from edge.owner import become_owner
    from edge.synth.clip import MAX_S, MIN_S, MOST_S, check_clip, open_clip, read_clip
    from edge.synth.voice_print import FORMAT, Label, find_print, print_path, save_print

    name = options.name
    path = print_path(name)
    file = open_clip(options.clip)  # root may read what the owner of the voices may not
    become_owner(path.parent)
    bundles = find_bundles(options.bundle or default_places(), None, options.any_board)
    bundle = _cloning(bundles, options.voice)
    if name in {bundle.voice.name for bundle in bundles}:
        raise BadVoicePrint(f"{name!r} is the name of a voice", "Choose another name.")
    if find_print(name) is not None and not options.replace:
        raise BadVoicePrint(
            f"there is a cloned voice {name!r} already: {path}",
            "Choose another name, or replace it: --replace",
        )
    longest = MAX_S if options.max_seconds is None else options.max_seconds
    if not MIN_S <= longest <= MOST_S:
        raise BadClip(
            f"--max-seconds {longest:g}; {MIN_S:g} to {MOST_S:g} s can be allowed",
            f"Cut the clip: ffmpeg -i CLIP.wav -t {MOST_S:g} short.wav",
        )
    clip = read_clip(options.clip, longest, file)
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
    if kept := synth.keep_state(bundle, path):
        print(f"{name}: {kept}")
    print(f"Hear it: edge say --voice {name} 'Hello.'")
    return 0


def _cloning(bundles: Sequence[Bundle], voice: str | None) -> Bundle:
    """Return the bundle to speak with: the named one, else the first that clones."""
    from edge import synth

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
    """Return what was declared, to be kept with the voice. Raises NoConsent."""
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
