"""The part of the service that depends on the board: a drop-in for edge-voice.service."""

from __future__ import annotations

from edge.machine import Machine
from edge.profile import Profile

HEADROOM = 1.5
"""Of the budget: a second voice, and what Python keeps back. Beyond it, something leaks."""
MOST_OF_MEMORY = 0.75
NICE = -5
"""Speech before batch work; below what the sound server runs at."""
GPU = {"CUDAExecutionProvider", "TensorrtExecutionProvider"}


def drop_in(profile: Profile, machine: Machine) -> str:
    """Lines for /etc/systemd/system/edge-voice.service.d/board.conf on this machine."""
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
