"""Wipe a cloned voice."""

from __future__ import annotations

from dataclasses import dataclass

from edge.commands.options import argument, system_option

EXAMPLE = "edge unclone anna"


@dataclass(frozen=True)
class Options:
    name: str = argument("NAME", "the name that edge clone gave it")
    system: bool = system_option("cloned voices")


def run(options: Options) -> int:
    """Raises BadVoicePrint, NotWritable."""
    from edge.synth.voice_print import remove_print

    remove_print(options.name, options.system)
    print(f"{options.name} is wiped")
    return 0
