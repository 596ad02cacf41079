"""Make a blind listening test of bundles: one page for any browser, where people
tell sounds apart (ABX) and say which they like, and that counts the answers.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edge.commands.options import argument, choice, option, positive

if TYPE_CHECKING:
    from edge.bundle import Bundle

EXAMPLE = "edge listen build/bundles/en_US-heart--x86-64 build/float/en_US-heart--x86-64"


@dataclass(frozen=True)
class Options:
    bundle: tuple[Path, ...] = argument(
        "BUNDLE", "bundles' folders: of one all variants are compared, of several the one that "
        "each speaks with here"
    )  # fmt: skip
    variant: tuple[str, ...] = option((), "NAME", "compare this variant instead")
    sentences: int = option(12, "N", "ask about N sentences, each once a pair", parse=positive)
    texts: Path | None = option(
        None, "FILE", "speak the sentences in FILE, one a line, instead of our own"
    )
    kind: Literal["both", "abx", "preference"] = choice(
        "both", "ask which one X is, which one is better, or both"
    )
    format: Literal["flac", "opus", "wav"] = choice(
        "flac", "sound in the page: flac is exact, opus a sixth of it but with a noise of its own"
    )
    seed: int | None = option(
        None, "N", "make the order with N; another one for each listener if left out"
    )
    out: Path = option(Path("listen.html"), "FILE", "write the page to FILE")


def run(options: Options) -> int:
    """Raises NoBundle, UnknownVoice, BadRecord, MissingPackage, DiskFull."""
    from edge.bundle import open_bundle
    from edge.bundler.evaluate.listening import contenders, speak
    from edge.bundler.report.listening import Trials, to_page
    from edge.files import write_whole

    bundles = [open_bundle(place, machine=None) for place in options.bundle]
    who = contenders(bundles, options.variant)
    spoken = speak(who, _texts(options, bundles[0]), _told)
    trials = Trials(options.kind != "preference", options.kind != "abx", options.seed)
    page = to_page(who, spoken, trials, options.format)
    write_whole(options.out, page.encode(), option="--out FILE")
    print(f"{options.out}  ({len(page) / 1e6:.1f} MB): open it in a browser, with headphones")
    return 0


def _texts(options: Options, bundle: Bundle) -> tuple[str, ...]:
    """Raises BadRecord, UnknownVoice."""
    from edge.bundler.evaluate.listening import usual_sentences
    from edge.errors import BadRecord
    from edge.records import read_text

    if options.texts is None:
        return usual_sentences(bundle.manifest.language, options.sentences)
    lines = [line.strip() for line in read_text(options.texts).splitlines()]
    texts = tuple(line for line in lines if line)[: options.sentences]
    if not texts:
        raise BadRecord(f"{options.texts} has no sentence", "Write one a line.")
    return texts


def _told(what: str) -> None:
    print(f"edge: {what}", file=sys.stderr)
