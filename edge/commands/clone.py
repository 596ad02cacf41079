"""Make a voice that speaks like the one in a clip."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import (
    any_board_option,
    argument,
    bundles_option,
    option,
    switch,
    system_option,
)
from edge.errors import BadClip, BadVoicePrint, NoConsent, UnknownVoice
from edge.families import FAMILIES

if TYPE_CHECKING:
    import io

    from edge.bundle import Bundle
    from edge.families import Family
    from edge.pcm import PcmChunk
    from edge.synth.clip_advice import ClipFigures

EXAMPLE = "edge clone anna clip.wav --text 'The words that the clip says.'"
CONSENT = "The speaker in the clip is me, or agreed that I make and use this voice."


@dataclass(frozen=True)
class Options:
    name: str = argument("NAME", "the name to give to edge say --voice")
    clip: Path = argument(
        "CLIP", "one person speaking, at 16 kHz or more: WAV; FLAC, Ogg or MP3 with soundfile"
    )
    text: str | None = option(
        None, "TEXT", "what the clip says, word for word: cosyvoice3 sounds more like it then"
    )
    language: str | None = option(
        None, "LANGUAGE", "language of the clip, if it is not the voice's own: zh, de"
    )
    consent: bool = switch("declare that the speaker agrees; asked for on a terminal if left out")
    replace: bool = switch("replace the cloned voice of this name")
    max_seconds: float | None = option(
        None, "S", "accept a clip of up to S seconds, 30 at most; what the voice asks for if left "
        "out"
    )  # fmt: skip
    voice: str | None = option(
        None, "VOICE", "speak with this voice's model, not the first that clones"
    )
    out: Path | None = option(
        None, "FILE", "write the voice to FILE, for edge install on other boards"
    )
    encrypt: tuple[str, ...] = option(
        (), "KEY", "encrypt it with age, for the machine with this public key, or a file of them"
    )
    system: bool = system_option("cloned voices")
    bundle: tuple[Path, ...] = bundles_option()
    any_board: bool = any_board_option()


def run(options: Options) -> int:
    """Raises BadClip, BadVoicePrint, NoConsent, UnknownVoice, ModelFailed."""
    from edge import synth
    from edge.owner import become_owner, make_system_state
    from edge.synth.clip_file import open_clip
    from edge.synth.voice_print import print_path

    path = options.out or print_path(options.name, options.system)
    if options.system:
        make_system_state()
    with open_clip(options.clip) as file:  # root may read what the owner of the voices may not
        become_owner(path.parent)
        bundle = _cloning(options, path)
        clip, figures = _judged(options, file, FAMILIES[bundle.manifest.family])
    consent = _consent(options.consent)
    _keep(options, path, bundle, clip, figures, consent)
    voice = f"{options.name}: {clip.seconds:.1f} s cloned for {bundle.voice.name}"
    print(f"{voice}, kept in {_short(path)}")
    if options.out is None:
        # What is kept would be in clear beside a voice that is not.
        if not options.encrypt and (kept := synth.keep_state(bundle, path)):
            print(f"{options.name}: {kept}")
        print(f"Hear it: edge say --voice {options.name} 'Hello.'")
    else:
        print(f"It is as private as the clip. On a board: edge install {_short(path)}")
    return 0


def _keep(
    options: Options,
    path: Path,
    bundle: Bundle,
    clip: PcmChunk,
    figures: ClipFigures,
    consent: str,
) -> None:
    """Make the print, and write it."""
    from edge import synth
    from edge.synth.loudness import levelled
    from edge.synth.voice_print import FORMAT, Label, checkpoint_of, save_print

    made = synth.enroll(bundle, levelled(clip), options.text)
    label = Label(
        format=FORMAT,
        name=options.name,
        family=made.family,
        voice=bundle.voice.name,
        checkpoint=checkpoint_of(bundle),
        language=options.language or bundle.manifest.language,
        made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        consent=consent,
        seconds=round(figures.seconds, 2),
        loudness=round(figures.loudness, 1),
    )
    save_print(made, label, path, options.encrypt)


def _cloning(options: Options, path: Path) -> Bundle:
    """Return the bundle to speak with, the named one, else the first that clones, if the name is
    free for its voice. Raises UnknownVoice, BadVoicePrint."""
    from edge import synth
    from edge.bundle.store import default_places, find_bundles
    from edge.synth.cloned_names import check_free

    bundles = find_bundles(
        options.bundle or default_places(options.system), None, options.any_board
    )
    check_free(options.name, bundles)
    if path.exists() and not options.replace:
        raise BadVoicePrint(
            f"there is a cloned voice {options.name!r} already: {path}",
            "Choose another name, or replace it: --replace",
        )
    able = [bundle for bundle in bundles if synth.enrolls(bundle)]
    for bundle in able:
        if options.voice in (None, bundle.voice.name):
            return bundle
    speaks = [b.voice.name for b in bundles if synth.clones(b) and not synth.enrolls(b)]
    if speaks and options.voice in (None, *speaks):
        raise UnknownVoice(
            f"{options.voice or speaks[0]} was built without the part that hears clips",
            f"Where it was built whole: edge clone {options.name} CLIP.wav --out "
            f"{options.name}.print; then here: edge install {options.name}.print",
        )
    names = ", ".join(bundle.voice.name for bundle in able)
    here = ", ".join(f"{b.voice.name} ({b.manifest.family})" for b in bundles)
    families = " or ".join(family.name for family in FAMILIES.values() if family.clip_s)
    raise UnknownVoice(
        f"no voice {options.voice!r} that clones"
        if options.voice
        else f"no voice here clones: {here}",
        f"Choose one of: {names}"
        if names
        else f"Build one of the family {families}: docs/use/clone-a-voice.md tells how.",
    )


def _judged(
    options: Options, file: io.BufferedReader, family: Family
) -> tuple[PcmChunk, ClipFigures]:
    """Read the clip and say what is to be said of it. Raises BadClip."""
    from edge.synth.clip_advice import advise, measure

    if options.text is not None and not family.takes_transcript:
        _note(f"A voice of the family {family.name} needs no words: --text is not used.")
    clip = _read(options, file, family)
    figures = measure(clip)
    print(f"clip: {figures.line}")
    for advice in advise(clip, figures, family):
        _note(advice)
    return clip, figures


def _read(options: Options, file: io.BufferedReader, family: Family) -> PcmChunk:
    """Read and check the clip; one that is too long is cut at a pause where that may be."""
    from edge.pcm import PcmChunk
    from edge.synth.clip import MAX_USEFUL_RATE, MIN_S, MOST_S, check_clip, resampled
    from edge.synth.clip_file import read_clip
    from edge.synth.clip_pauses import cut_at_pause

    longest = family.clip_s if options.max_seconds is None else options.max_seconds
    if not MIN_S <= longest <= MOST_S:
        raise BadClip(
            f"--max-seconds {longest:g}; {MIN_S:g} to {MOST_S:g} s can be allowed",
            f"Cut the clip: ffmpeg -i CLIP.wav -t {MOST_S:g} short.wav",
        )
    told = family.takes_transcript and options.text is not None  # a clip that is cut says less
    clip = read_clip(options.clip, longest, file, first=not told)
    if clip.rate > MAX_USEFUL_RATE:
        clip = PcmChunk(resampled(clip, MAX_USEFUL_RATE), MAX_USEFUL_RATE)
    if clip.seconds > longest:
        clip = cut_at_pause(clip, longest)
        _note(
            f"The clip is longer than {longest:g} s: {clip.seconds:.1f} s, to a pause, are used."
        )
    check_clip(clip, longest)
    return clip


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


def _note(text: str) -> None:
    print(f"edge: {text}", file=sys.stderr)


def _short(path: Path) -> str:
    home = str(Path.home())
    return "~" + str(path)[len(home) :] if str(path).startswith(home + "/") else str(path)
