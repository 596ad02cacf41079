"""Wipe a cloned voice."""

from __future__ import annotations

from dataclasses import dataclass

from edge.commands.options import argument

EXAMPLE = "edge unclone anna"


@dataclass(frozen=True)
class Options:
    name: str = argument("NAME", "the name that edge clone gave it")


def run(options: Options) -> int:
    """Raises BadVoicePrint, NotWritable."""
    from edge.synth.voice_print import remove_print

    remove_print(options.name)
    print(f"{options.name} is wiped")
    return 0
