"""Show how a voice reads a text: written, said, by which rule, its phonemes.

What will not be spoken stands below, with the reason. No model is loaded,
and nothing is spoken.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.answers import print_json, table
from edge.commands.options import (
    any_board_option,
    argument,
    bundles_option,
    config_option,
    json_option,
    option,
    switch,
)

if TYPE_CHECKING:
    from edge.protocol import Explained
    from edge.text import TextFormat

EXAMPLE = "edge explain 'Dr. Lee paid $5 on 3/4/2026.'"

_BOLD, _GREEN, _YELLOW, _DIM, _PLAIN = "\033[1m", "\033[32m", "\033[33m", "\033[2m", "\033[0m"


@dataclass(frozen=True)
class Options:
    text: str = argument("TEXT", "the text; - is standard input")
    voice: str | None = option(
        None, "VOICE", "explain for this voice; the default voice if left out", short="-v"
    )
    ssml: bool = switch("the text is SSML (docs/use/ssml.md)")
    markdown: bool = switch("the text is Markdown, a lone list item too")
    as_written: bool = switch("explain the text with your own words and no other rule")
    bundle: tuple[Path, ...] = bundles_option()
    any_board: bool = any_board_option()
    config: Path | None = config_option()
    json: bool = json_option()


def run(options: Options) -> int:
    from edge import records, synth
    from edge.config import load_config
    from edge.daemon.reloading import read_lexicon
    from edge.daemon.start import configured
    from edge.synth.explaining import explain
    from edge.synth.text_reader import make_reader

    typed = load_config(options.config)
    typed = typed.override("voice", options.voice, "--voice")
    typed = typed.override("any_board", options.any_board or None, "--any-board")
    places = tuple(str(place.absolute()) for place in options.bundle)
    config = typed.override("bundles", places or None, "--bundle").config
    text = sys.stdin.read() if options.text == "-" else options.text
    bundle = configured(config)[0]
    reader = make_reader(bundle, config.text, read_lexicon(config, [bundle]))
    normalize = config.text.normalize and not options.as_written
    format: TextFormat = "ssml" if options.ssml else "markdown" if options.markdown else "auto"
    explained = explain(bundle, reader, text, normalize, synth.phonemizer(bundle), format)
    if options.json:
        print_json(records.to_dict(explained))
    else:
        colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print(shown(explained, colours))
    return 0


def shown(explained: Explained, colours: bool) -> str:
    """Lay out an explanation for people."""

    def coloured(colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if colours else text

    rows = [
        (_visible(change.written), _visible(change.said) or "(nothing)", change.rule)
        for change in explained.changes
    ]
    parts = []
    if rows:
        head, *lines = table(("as written", "said", "rule"), rows).splitlines()
        parts.append("\n".join([coloured(_BOLD, head), *lines]))
    for sentence in explained.sentences:
        line = coloured(_GREEN, _visible(sentence.text))
        if sentence.phonemes:
            line += f"\n{coloured(_DIM, sentence.phonemes)}"
        parts.append(line)
    if explained.breaks or explained.marks:
        places = [(b.place, f"silence {b.seconds:g} s") for b in explained.breaks]
        places += [(m.place, f"mark {m.name}") for m in explained.marks]
        lines = [f"character {place}: {what}" for place, what in sorted(places)]
        parts.append(coloured(_DIM, "\n".join(lines)))
    parts += [coloured(_YELLOW, warning) for warning in explained.warnings]
    return "\n\n".join(parts)


def _visible(text: str) -> str:
    return text.replace("\n", "⏎")
