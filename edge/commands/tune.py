"""Time the variants of the bundles on this board, and keep to the fastest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.answers import print_json, print_table
from edge.commands.options import argument, bundles_option, json_option

if TYPE_CHECKING:
    from edge.bench.tune import Outcome

EXAMPLE = "edge tune"
HEAD = ("VARIANT", "RTF", "FIRST SOUND MS", "A RUN MS", "+ EACH FRAME MS")


@dataclass(frozen=True)
class Options:
    voice: str | None = argument("VOICE", "tune only the bundle of this voice", None)
    bundle: tuple[Path, ...] = bundles_option()
    json: bool = json_option()


def run(options: Options) -> int:
    from edge import records
    from edge.bench.tune import tune_and_keep
    from edge.bundle.store import default_places, find_bundles
    from edge.files import state_dir
    from edge.owner import become_owner

    become_owner(state_dir())
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


def rows(outcome: Outcome) -> list[tuple[str, ...]]:
    """Lay out what was timed, under HEAD."""
    return [
        (
            one.variant,
            f"{one.rtf:.4f}",
            f"{1000 * one.first_audio_s:.0f}",
            f"{1000 * one.cost.fixed_s:.1f}" if one.cost else "-",
            f"{1000 * one.cost.per_frame_s:.2f}" if one.cost else "-",
        )
        for one in outcome.timed
    ]
