"""Judge a bundle's variants by listening: words, likeness, DNSMOS, speed."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.answers import print_json, print_table
from edge.commands.options import argument, json_option, option, positive, switch

if TYPE_CHECKING:
    from edge.bundle import Bundle
    from edge.pcm import Samples

EXAMPLE = "edge judge cosyvoice3-0.5b --clip anna.wav --text 'What anna says.' --language en"


@dataclass(frozen=True)
class Options:
    voice: str = argument("VOICE", "the voice to judge, installed or built; or a bundle's folder")
    clip: Path | None = option(
        None, "CLIP", "speak like the one in this clip, and compare with it; a voice that clones "
        "nobody is compared with it"
    )  # fmt: skip
    text: str | None = option(None, "TEXT", "what the clip says, as for edge clone")
    consent: bool = switch("declare that the speaker of the clip agrees")
    language: tuple[str, ...] = option(
        (), "LANGUAGE", "speak this language only; all of the voice's if left out"
    )
    variant: tuple[str, ...] = option((), "NAME", "judge only this variant; all if left out")
    sentences: int = option(20, "N", "speak N sentences of each language", parse=positive)
    against: Path | None = option(
        None,
        "DIR",
        "judge the sounds in DIR too, LANGUAGE-NN.wav as the original made them, and "
        "compare with the tokens in LANGUAGE-NN.npz",
    )
    out: Path = option(Path("judged"), "DIR", "write the page and every sound into DIR")
    json: bool = json_option()


def run(options: Options) -> int:
    """Raises BadClip, NotComparable, NoConsent, UnknownVoice, MissingPackage."""
    from edge.bundle.store import default_places, find_bundles
    from edge.bundler.evaluate.judgement import Plan, judge_bundle
    from edge.bundler.evaluate.official import Official
    from edge.bundler.report.judged import table, to_page, to_rows
    from edge.files import BUILT, cache_dir

    place = Path(options.voice)
    places = [place] if place.is_dir() else [*default_places(), BUILT]
    name = None if place.is_dir() else options.voice
    bundle = find_bundles(places, name, any_board=True)[0]
    variants = [bundle.variant(v).name for v in options.variant]
    official = None if options.against is None else Official(options.against, bundle)
    with ExitStack() as stack:
        speaker, reference = _speaker(options, bundle, stack)
        plan = Plan(
            variants=tuple(variants or (v.name for v in bundle.manifest.variants)),
            languages=tuple(
                options.language or (known.split("_")[0] for known in bundle.languages)
            ),
            sentences=options.sentences,
            speaker=speaker,
            reference=reference,
            against=official,
            sounds=options.out,
        )
        scores = judge_bundle(bundle, plan, cache_dir(), _told)
    typed = shlex.join(["edge", *sys.argv[1:]])
    page = options.out / "index.html"
    page.write_text(to_page(bundle.voice.name, typed, scores, plan), encoding="utf-8")
    if options.json:
        print_json({"command": typed, "scores": to_rows(scores)})
        return 0
    print_table(*table(scores))
    print(f"\nThe sounds, to hear for yourself: {page}")
    return 0


def _speaker(
    options: Options, bundle: Bundle, stack: ExitStack
) -> tuple[str | None, tuple[Samples, int] | None]:
    """Clone the clip for as long as this command runs, and return the speaker's name with the
    clip's sound. Raises BadClip, NoConsent."""
    if options.clip is None:
        return None, None
    from edge import synth
    from edge.commands import clone
    from edge.families import FAMILIES
    from edge.synth.clip import MOST_S
    from edge.synth.clip_file import open_clip, read_clip

    with open_clip(options.clip) as file:
        clip = read_clip(options.clip, MOST_S, file, first=True)
    reference = clip.samples, clip.rate
    if not synth.enrolls(bundle):
        return None, reference
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    before = {key: os.environ.get(key) for key in ("XDG_STATE_HOME", "STATE_DIRECTORY")}
    stack.callback(_restore, before)
    os.environ["XDG_STATE_HOME"] = folder
    os.environ.pop("STATE_DIRECTORY", None)
    longest = max(FAMILIES[bundle.manifest.family].clip_s, min(clip.seconds + 0.01, MOST_S))
    wish = clone.Options(
        "judged",
        options.clip,
        text=options.text,
        consent=options.consent,
        max_seconds=longest,
        voice=bundle.voice.name,
        bundle=(bundle.path,),
        any_board=True,
    )
    with redirect_stdout(sys.stderr):  # the answer is the table
        clone.run(wish)
    return "judged", reference


def _restore(before: dict[str, str | None]) -> None:
    for key, value in before.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value


def _told(what: str) -> None:
    print(f"edge: {what}", file=sys.stderr)
