"""Print what the systemd service needs on this board: priority, memory, cores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.commands.options import option

if TYPE_CHECKING:
    from edge.machine import Machine
    from edge.profile import Profile

EXAMPLE = "edge drop-in --profile rpi5"

HEADROOM = 1.5
"""Factor on the budget's memory: a second voice, and what Python keeps back. Beyond it, something
leaks."""
MOST_OF_MEMORY = 0.75
"""Fraction of the machine's memory that the service never passes."""
NICE = -5
"""Speech before batch work; below what the sound server runs at."""


@dataclass(frozen=True)
class Options:
    profile: str | None = option(
        None, "P", "use this board's profile, not the one of this machine"
    )


def run(options: Options) -> int:
    from edge.detection import detect
    from edge.machine import read_machine
    from edge.profile import all_profiles, load_profile

    machine = read_machine()
    named = options.profile
    profile = load_profile(named) if named else detect(machine, all_profiles()).profile
    print(drop_in(profile, machine), end="")
    return 0


def drop_in(profile: Profile, machine: Machine) -> str:
    """Return the lines for /etc/systemd/system/edge-voice.service.d/board.conf on this machine."""
    limit = round(profile.budget.memory_mb * HEADROOM)
    if machine.memory_mb is not None:
        limit = min(limit, round(machine.memory_mb * MOST_OF_MEMORY))
    lines = [
        f"# {profile.title}. Made by `edge drop-in`; put your own changes into another file.",
        "[Service]",
        f"Nice={NICE}",
        f"MemoryMax={limit}M",
    ]
    if len(machine.big_cores) < machine.cores:
        lines.append(f"CPUAffinity={' '.join(map(str, machine.big_cores))}")
    return "\n".join(lines) + "\n"
