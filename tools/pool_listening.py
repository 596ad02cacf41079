"""Count many listeners' answers together: the files that pages of `edge listen` saved.

    python -m tools.pool_listening FILE...

Whatever a file says of its own results is passed over: its answers are counted anew. Answers
about other bundles are counted by themselves.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import ClassVar, Literal

from edge.commands.answers import print_table
from edge.errors import EdgeError
from edge.records import load_json

Z = 1.959964
"""Standard deviations of 95 %."""


@dataclass(frozen=True)
class System:
    OPEN: ClassVar = True
    bundle: str
    variant: str


@dataclass(frozen=True)
class Answer:
    OPEN: ClassVar = True
    kind: Literal["abx", "preference"]
    pair: tuple[int, ...]
    order: tuple[int, ...]
    answer: int | None
    """0 is A, 1 is B; None: no difference was heard."""
    x: int | None = None

    def __post_init__(self) -> None:
        sides = {self.answer, self.x} - {None}
        if len(self.pair) != 2 or sorted(self.order) != sorted(self.pair) or not sides <= {0, 1}:
            raise ValueError("an answer that the page does not give")
        if self.kind == "abx" and None in (self.answer, self.x):
            raise ValueError("an answer about X without X")


@dataclass(frozen=True)
class Results:
    OPEN: ClassVar = True
    format: int
    systems: tuple[System, ...]
    answers: tuple[Answer, ...]

    def __post_init__(self) -> None:
        if self.format != 1:
            raise ValueError(f"format {self.format}; this version reads 1")
        if any(not 0 <= i < len(self.systems) for a in self.answers for i in a.pair):
            raise ValueError("an answer about a system that is not listed")


Question = tuple[str, System, System]


def count(results: Results) -> dict[Question, Counter[str]]:
    """Count for each question what was asked, the ties, and the hits: X found, or the system that
    comes first in the alphabet of bundles liked better."""
    found: dict[Question, Counter[str]] = {}
    for given in results.answers:
        one, other = sorted(given.pair, key=lambda i: _key(results.systems[i]))
        question = (given.kind, results.systems[one], results.systems[other])
        row = found.setdefault(question, Counter(listeners=1))
        row["asked"] += 1
        if given.answer is None:
            row["ties"] += 1
        elif given.kind == "abx":
            row["hits"] += given.answer == given.x
        else:
            row["hits"] += given.order[given.answer] == one
    return found


def shown(question: Question, rows: list[Counter[str]]) -> tuple[str, ...]:
    kind, one, other = question
    total: Counter[str] = sum(rows, Counter())
    hits, counted = total["hits"], total["asked"] - total["ties"]
    low, high = wilson(hits, counted)
    ends = sum(comb(counted, k) for k in range(hits, counted + 1)) / 2**counted
    if kind == "preference":
        ends = min(1, 2 * min(ends, sum(comb(counted, k) for k in range(hits + 1)) / 2**counted))
    each = ", ".join(f"{row['hits']}/{row['asked'] - row['ties']}" for row in rows)
    return (
        kind, _name(one), _name(other), str(total["listeners"]), f"{hits} of {counted}",
        str(total["ties"]), f"{100 * low:.0f} to {100 * high:.0f} %", f"{ends:.2g}", each,
    )  # fmt: skip


def wilson(hits: int, counted: int) -> tuple[float, float]:
    if not counted:
        return 0.0, 1.0
    share, square = hits / counted, Z * Z / counted
    half = Z * (share * (1 - share) / counted + square / (4 * counted)) ** 0.5
    middle = share + square / 2
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))


def _key(system: System) -> tuple[str, str]:
    return system.variant, system.bundle


def _name(system: System) -> str:
    return f"{system.variant} {system.bundle[:8]}"


def main(files: Iterable[Path]) -> None:
    questions: dict[Question, list[Counter[str]]] = {}
    for file in files:
        for question, row in count(load_json(file, Results)).items():
            questions.setdefault(question, []).append(row)
    head = ("KIND", "FIRST", "SECOND", "LISTENERS", "HITS", "TIES", "95 %", "CHANCE", "EACH")
    print_table(head, [shown(question, rows) for question, rows in questions.items()])


if __name__ == "__main__":
    try:
        main(map(Path, sys.argv[1:]))
    except EdgeError as error:
        sys.exit(f"{error.message}\n{error.remedy}")
