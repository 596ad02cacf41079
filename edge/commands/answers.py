"""Print what commands answer on standard output: columns for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge.protocol import Playback


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out columns as wide as their widest cell; the last one stays as it is."""
    every = [row for row in (head, *rows) if any(row)]
    widths = [max(len(row[i]) for row in every) for i in range(len(head) - 1)]
    lines = []
    for row in every:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return "\n".join(lines)


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(table(head, rows))


def print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))


def print_playback(playback: Playback) -> None:
    print(f"{'paused' if playback.paused else 'not paused'}, volume {playback.volume} %")
