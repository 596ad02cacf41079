"""Recognise the board: which profile fits this machine.

Boards are told apart by the device tree's `compatible` strings, which the kernel lists from the
exact board to its chip, and by the CPU features of /proc/cpuinfo.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import UnknownProfile
from edge.machine import Machine
from edge.profile import Profile

# The GPU, the firmware and the kernel take their part before MemTotal is counted: a Zero 2 W of
# 512 MB may show 400 (raspberrypi/firmware#1873).
_LEAST_VISIBLE = 2 / 3


@dataclass(frozen=True)
class Match:
    """The answer to whether a profile fits a machine."""

    reasons: tuple[str, ...]
    """Sentences that speak for it."""
    refusal: str | None
    """The sentence that says why not; None if it fits."""
    distance: int
    """Place of the claimed string in the machine's list: 0 is the exact board, -1 another one."""


@dataclass(frozen=True)
class Detection:
    profile: Profile
    reasons: tuple[str, ...]


def matches(profile: Profile, machine: Machine) -> Match:
    """Compare `machine` with a profile's board: reasons, or the refusal in one sentence."""
    board = profile.board
    if machine.architecture != board.architecture:
        return _refused(f"{profile.name} is for {board.architecture}", machine.architecture)
    distance = len(machine.compatible)
    reasons = [f"the processor is {board.architecture}"]
    if board.compatible:
        claimed = [text for text in machine.compatible if text in board.compatible]
        if not claimed:
            found = ", ".join(machine.compatible) or "nothing"
            return _refused(f"{profile.name} is for {board.compatible[0]} and its kin", found)
        distance = machine.compatible.index(claimed[0])
        reasons.append(f"the device tree names {claimed[0]}")
    missing = [name for name in board.cpu_features if name not in machine.features]
    if missing:
        found = "a CPU without " + " ".join(missing)
        needed = f"{profile.name} needs {' '.join(board.cpu_features)}"
        return _refused(needed, found, distance)
    if board.cpu_features:
        reasons.append(f"every core has {' '.join(board.cpu_features)}")
    if machine.memory_mb is not None:
        if machine.memory_mb < board.memory_mb * _LEAST_VISIBLE:
            needed = f"{profile.name} needs a board of {board.memory_mb} MB"
            return _refused(needed, f"{machine.memory_mb} MB", distance)
        reasons.append(f"{machine.memory_mb} MB of memory are enough")
    return Match(tuple(reasons), None, distance)


def detect(machine: Machine, profiles: Sequence[Profile]) -> Detection:
    """Choose the most specific profile that fits; raises UnknownProfile saying what was found."""
    fits = []
    for profile in profiles:
        match = matches(profile, machine)
        if match.refusal is None:
            # Of two that claim one string, the one that demands more knows the board better.
            demand = (-len(profile.board.cpu_features), -profile.board.memory_mb, profile.name)
            fits.append(((match.distance, *demand), profile, match))
    if not fits:
        raise _unknown(machine, profiles)
    _, profile, match = min(fits, key=lambda fit: fit[0])
    return Detection(profile, match.reasons)


def _unknown(machine: Machine, profiles: Sequence[Profile]) -> UnknownProfile:
    names = ", ".join(profile.name for profile in profiles)
    if machine.architecture not in {profile.board.architecture for profile in profiles}:
        return UnknownProfile(
            f"no profile is for {machine.architecture}, a 32-bit or unknown system",
            "Install a 64-bit operating system (aarch64 or x86_64) with a 64-bit Python.",
        )
    found = ", ".join(machine.compatible) or "no device tree"
    memory = "unknown" if machine.memory_mb is None else f"{machine.memory_mb} MB"
    asked = {
        name
        for profile in profiles
        if profile.board.architecture == machine.architecture
        for name in profile.board.cpu_features
    }
    message = (
        f"no profile fits this board: {machine.model or 'no model name'}; {found}; "
        f"{machine.cores} cores; memory {memory}; CPU with "
        f"{' '.join(sorted(asked & machine.features)) or 'nothing asked for'}, without "
        f"{' '.join(sorted(asked - machine.features)) or 'nothing'}"
    )
    near = [match for match in (matches(p, machine) for p in profiles) if match.distance >= 0]
    message += "".join(f". {match.refusal}" for match in near)
    close = _closest(machine, profiles)
    if close is None:
        return UnknownProfile(
            message, f"Build elsewhere: edge build VOICE --profile NAME ({names})"
        )
    claim = f"[{', '.join(repr(text) for text in machine.compatible[:1])}]"
    return UnknownProfile(
        f"{message}. The closest profile is {close.name}",
        f"Copy {close.name}.yaml to my-board.yaml with name: my-board and compatible: {claim}, "
        f"then: edge build VOICE --profile my-board.yaml. For another board: "
        f"edge build VOICE --profile NAME ({names})",
    )


def _closest(machine: Machine, profiles: Sequence[Profile]) -> Profile | None:
    """Choose the CPU-only profile that a stranger most resembles; the slower of two, to be
    safe."""

    def likeness(profile: Profile) -> tuple[float, ...]:
        board, budget = profile.board, profile.budget
        return (
            len(board.cpu_features),
            -abs(board.cores - machine.cores),
            board.memory_mb,
            budget.real_time_factor,
        )

    candidates = []
    for profile in profiles:
        anywhere = dataclasses.replace(profile.board, compatible=())
        match = matches(dataclasses.replace(profile, board=anywhere), machine)
        if not profile.has_accelerator and match.refusal is None:
            candidates.append(profile)
    return max(candidates, key=likeness, default=None)


def _refused(needed: str, found: str, distance: int = -1) -> Match:
    return Match((), f"{needed}; this machine has {found}", distance)
