"""List the voices that can be built and those that were cloned; show all of one."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.commands.answers import print_json
from edge.commands.options import argument, choice, json_option, option, positive, switch

EXAMPLE = "edge voices --language de --licence sell --board rpi4"


def known_family(text: str) -> str:
    """Parse the name of a family."""
    from edge.families import FAMILIES

    if text not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise argparse.ArgumentTypeError(f"there is no family {text!r}; choose one of: {known}")
    return text


@dataclass(frozen=True)
class Options:
    voice: str | None = argument(
        "VOICE",
        "show all of this voice: files, scores, licence statement, what a seller must do; or, for "
        "a Piper voice's .onnx file or a bundle, the description that it is built from",
        None,
    )
    language: str | None = option(
        None,
        "LANGUAGE",
        "only voices of this language: de, de_DE, German or Deutsch; with --listen its own, as de",
    )
    licence: (
        Literal["sell", "none", "credit", "copyleft", "unclear", "unknown", "restricted"] | None
    ) = choice(None, "only voices of this class of licence; sell: none and credit")
    board: str | None = option(
        None,
        "P",
        "only voices predicted to keep up on this board; a name that edge profiles lists",
    )
    family: str | None = option(
        None, "FAMILY", "only voices of this family, as piper or hibari", parse=known_family
    )
    speakers: int | None = option(
        None, "N", "only voices with at least N speakers", parse=positive
    )
    built: bool = switch("only voices that there is a bundle of")
    cloned: bool = switch("the voices that edge clone made on this machine, and nothing else")
    listen: bool = switch(
        "speak a sentence of VOICE's language with it; builds its float variant if there is no "
        "bundle for this board"
    )
    json: bool = json_option()


def run(options: Options) -> int:
    from edge.bundle import MANIFEST, VOICE, open_bundle
    from edge.bundler.own_voice import described, is_own
    from edge.commands.voices.cloned import (
        find_cloned,
        note_cloned,
        print_cloned,
        print_every_cloned,
    )
    from edge.commands.voices.one_voice import as_data, print_voice
    from edge.commands.voices.rows import every_row, find_row, print_rows
    from edge.remedies import check_can_build

    if options.listen:
        return _listen(options.voice, options.language)
    if options.cloned and not options.voice:
        print_every_cloned(options.json)
        return 0
    if options.voice and (row := find_row(options.voice)):
        if options.json:
            print_json(as_data(row))
        else:
            print_voice(row)
        return 0
    if options.voice and (cloned := find_cloned(options.voice)):
        print_cloned(cloned, options.json)
        return 0
    if options.voice and (Path(options.voice) / MANIFEST).is_file():
        print(
            open_bundle(Path(options.voice), machine=None).file(VOICE).read_text("utf-8"), end=""
        )
        return 0
    if options.voice and is_own(options.voice):
        check_can_build()
        print(described(options.voice, None, None)[1], end="")
        return 0
    if options.voice:
        from edge.commands.voices.one_voice import print_terms
        from edge.voice import load_voice

        print_terms(load_voice(options.voice))
        return 0
    rows, slow, board = every_row(options)
    if options.json:
        print_json([as_data(row) for row in rows])
    else:
        print_rows(rows, slow, board)
        note_cloned()
    return 0


def _listen(voice: str | None, language: str | None) -> int:
    if voice is None:
        print("edge voices: --listen wants a VOICE, as edge voices lists them", file=sys.stderr)
        return 2
    from edge.commands.voices.listening import listen

    return listen(voice, language)
