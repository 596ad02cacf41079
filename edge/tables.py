"""Answers on the command line: as a table for people, as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    every = [row for row in (head, *rows) if any(row)]
    widths = [max(len(row[i]) for row in every) for i in range(len(head) - 1)]
    for row in every:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[-1]]).rstrip())
