"""Why a variant was chosen, packed, refused or left out: what the rule saw, and its sentence.

The rule (verdict.py) makes one of these for each variant from the numbers that it compared, and
the report says their sentences: a sentence cannot say what was not decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

from edge.bundler.evaluate.quality import Gate, shown


@dataclass(frozen=True)
class First:
    """Chosen: no variant before it in the profile's order passes; `here`: and runs here, where
    none that was timed beats it by SAME_SPEED. `ratio`: CPU time over the reference's."""

    here: bool
    ratio: float

    @property
    def sentence(self) -> str:
        if not self.here:
            return "The first in the profile's order that keeps every gate."
        return (
            "The first in the profile's order that keeps every gate and runs on this machine: "
            f"{self.ratio:.2f} of the reference's CPU time. Nothing that was timed here is faster "
            "by more than may be chance."
        )


@dataclass(frozen=True)
class Faster:
    """Chosen: the clock of the machine that it was built for prefers it to the profile's first."""

    than: str
    ratio: float
    other: float

    @property
    def sentence(self) -> str:
        own, other = apart(self.ratio, self.other)
        return (
            f"Faster on this machine than {self.than}, which comes before it in the profile's "
            f"order: {own} against {other} of the reference's CPU time."
        )


@dataclass(frozen=True)
class ForOthers:
    """Packed: the first that passes for machines of this board on which `before` do not run;
    these lack `lacking`, of which each of `before` needs some."""

    before: tuple[str, ...]
    lacking: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return (
            f"For such boards without {listed(self.lacking, 'or')}, which {listed(self.before)} "
            f"{'needs' if len(self.before) == 1 else 'need'}: the first that keeps every gate and "
            "runs there."
        )


@dataclass(frozen=True)
class Fallback:
    """Packed: it runs on every such board, with onnxruntime's own operators alone."""

    bytes: int

    @property
    def sentence(self) -> str:
        return (
            "The one to fall back on: the smallest that keeps every gate and runs on every such "
            "board without our operators and without calibration."
        )


@dataclass(frozen=True)
class Asked:
    """Packed: it passes, and --every asked for all that do."""

    @property
    def sentence(self) -> str:
        return (
            "It keeps every gate, and --every asked for it: edge tune on the board may choose it."
        )


@dataclass(frozen=True)
class FailsGate:
    """Refused: measures beyond their limits."""

    broken: tuple[tuple[Gate, float], ...]

    @property
    def sentence(self) -> str:
        words = []
        for gate, value in self.broken:
            measure = gate.of
            unit = f" {measure.unit}" if measure.unit else ""
            words.append(
                f"{measure.label} is {shown(measure, value)}{unit}, "
                f"{gate.bound} {shown(measure, gate.limit)} is demanded"
            )
        return "; ".join(words) + "."


@dataclass(frozen=True)
class CannotRun:
    """Refused or left out: the machine that the bundle is for has none of `lacking`."""

    lacking: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return (
            f"It cannot run on this machine: it needs {listed(self.lacking, 'or')}, which this "
            "CPU does not have."
        )


@dataclass(frozen=True)
class Slower:
    """Refused: the clock of the machine that it was built for."""

    than: str
    ratio: float
    other: float

    @property
    def sentence(self) -> str:
        own, other = apart(self.ratio, self.other)
        return (
            f"Slower on this machine than {self.than}: {own} against {other} of the reference's "
            "CPU time."
        )


@dataclass(frozen=True)
class NoFaster:
    """Refused: the clock does not tell it from the chosen one, which the profile prefers."""

    than: str
    ratio: float
    other: float

    @property
    def sentence(self) -> str:
        return (
            f"As fast on this machine as {self.than}, within what may be chance: {self.ratio:.2f} "
            f"against {self.other:.2f} of the reference's CPU time; {self.than} comes before it "
            "in the profile's order."
        )


@dataclass(frozen=True)
class After:
    """Refused or left out: `before` come before it in the profile's order, pass, and run wherever
    it would. `made`: it was made, and keeps every gate."""

    before: tuple[str, ...]
    made: bool

    @property
    def sentence(self) -> str:
        begin = "It keeps every gate, but " if self.made else "Not made: "
        comes, runs = ("comes", "runs") if len(self.before) == 1 else ("come", "run")
        return (
            f"{begin}{listed(self.before)} {comes} before it in the profile's order and {runs} "
            "wherever it does."
        )


@dataclass(frozen=True)
class Larger:
    """Left out: made, but not measured, since one that is no larger can be fallen back on, and
    `before` are preferred to it otherwise."""

    than: str
    bytes: int
    other: int
    before: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return (
            f"Made, but not measured: to fall back on, {self.than} is no larger "
            f"({self.other / 1e6:.1f} MB against {self.bytes / 1e6:.1f}), and otherwise "
            f"{listed(self.before)} {'comes' if len(self.before) == 1 else 'come'} before it in "
            "the profile's order."
        )


@dataclass(frozen=True)
class Failed:
    """Left out: what the recipe said, and what to do."""

    message: str
    remedy: str

    @property
    def sentence(self) -> str:
        return f"Could not be made: {self.message}. {self.remedy}".strip()


Reason = Union[  # noqa: UP007 - isinstance on 3.10 takes either, this one reads as a list
    First,
    Faster,
    ForOthers,
    Fallback,
    Asked,
    FailsGate,
    CannotRun,
    Slower,
    NoFaster,
    After,
    Larger,
    Failed,
]


def apart(one: float, other: float) -> tuple[str, str]:
    """Two ratios with as many decimals, two or more, as tell them apart."""
    digits = next((d for d in range(2, 9) if f"{one:.{d}f}" != f"{other:.{d}f}"), 2)
    return f"{one:.{digits}f}", f"{other:.{digits}f}"


def listed(names: Sequence[str], word: str = "and") -> str:
    """`a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
