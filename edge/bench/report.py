"""Keep what a measurement found, and show it to people."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Median and quartiles over rounds."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values: Iterable[float]) -> Spread:
        kept = sorted(values)
        if len(kept) < 2:
            return Spread(kept[0], kept[0], kept[0])
        low, median, high = statistics.quantiles(kept, n=4, method="inclusive")
        return Spread(median, low, high)


@dataclass(frozen=True)
class Loaded:
    """Once per process. Seconds; bytes resident after the last text, and at most."""

    engine: str
    threads: int
    settings: str
    import_wall_s: float
    import_cpu_s: float
    load_wall_s: float
    load_cpu_s: float
    rest_bytes: int
    peak_bytes: int


@dataclass(frozen=True)
class Row:
    """One engine and text. `first`: to the first block; `enough`: until 0.25 s of sound exist;
    `rtf`: seconds of work per second of sound. Each as wall and as CPU time of all threads."""

    engine: str
    threads: int
    text: str
    seconds: float
    block_s: float
    first_wall_s: Spread
    first_cpu_s: Spread
    enough_wall_s: Spread
    enough_cpu_s: Spread
    rtf_wall: Spread
    rtf_cpu: Spread


@dataclass(frozen=True)
class Ratio:
    """Engine / reference with the same threads, round by round."""

    engine: str
    reference: str
    threads: int
    text: str
    first_wall: Spread
    first_cpu: Spread
    enough_wall: Spread
    enough_cpu: Spread
    rtf_wall: Spread
    rtf_cpu: Spread


@dataclass(frozen=True)
class Report:
    machine: str
    versions: Mapping[str, str]
    bundle: str
    rounds: int
    loaded: tuple[Loaded, ...]
    rows: tuple[Row, ...]
    ratios: tuple[Ratio, ...]
    failures: Mapping[str, str]


def table(report: Report, command: str) -> str:
    """Aligned lines: the head, once per process, each text, and the ratios."""
    head = [
        f"bundle    {report.bundle}",
        f"machine   {report.machine}",
        "versions  " + ", ".join(f"{name} {text}" for name, text in report.versions.items()),
        f"command   {command}",
        f"rounds    {report.rounds}; median (quartiles); CPU time of all threads, then wall time",
    ]
    loaded = [
        [
            one.engine,
            str(one.threads),
            f"{1000 * one.import_cpu_s:.0f}",
            f"{1000 * one.load_cpu_s:.0f}",
            f"{1000 * one.load_wall_s:.0f}",
            f"{one.rest_bytes / 2**20:.0f}",
            f"{one.peak_bytes / 2**20:.0f}",
        ]
        for one in report.loaded
    ]
    rows = [
        [
            row.text,
            row.engine,
            str(row.threads),
            f"{row.seconds:.2f}",
            _spread(row.first_cpu_s, 1000, 1),
            _spread(row.first_wall_s, 1000, 1),
            f"{1000 * row.block_s:.0f}",
            f"{1000 * row.enough_cpu_s.median:.1f}",
            f"{1000 * row.enough_wall_s.median:.1f}",
            _spread(row.rtf_cpu, 1, 4),
            _spread(row.rtf_wall, 1, 4),
        ]
        for row in sorted(report.rows, key=_by_text)
    ]
    ratios = [
        [
            ratio.text,
            f"{ratio.engine} / {ratio.reference}",
            str(ratio.threads),
            *(
                _spread(spread, 1, 2)
                for spread in (
                    ratio.first_cpu,
                    ratio.first_wall,
                    ratio.enough_cpu,
                    ratio.enough_wall,
                    ratio.rtf_cpu,
                    ratio.rtf_wall,
                )
            ),
        ]
        for ratio in sorted(report.ratios, key=_by_text)
    ]
    loaded_head = [
        "PROCESS",
        "THREADS",
        "IMPORT CPU MS",
        "LOAD CPU MS",
        "WALL",
        "REST MIB",
        "PEAK",
    ]
    row_head = ["TEXT", "ENGINE", "THREADS", "SOUND S", "FIRST SOUND CPU MS", "WALL", "BLOCK MS"]
    row_head += ["0.25 S CPU MS", "WALL", "RTF CPU", "WALL"]
    ratio_head = ["TEXT", "RATIO", "THREADS", "FIRST CPU", "WALL", "0.25 S CPU", "WALL"]
    ratio_head += ["RTF CPU", "WALL"]
    blocks = ["\n".join(head), _aligned(loaded_head, loaded), _aligned(row_head, rows)]
    if ratios:
        blocks.append(_aligned(ratio_head, ratios))
    settings = {one.engine: one.settings for one in report.loaded}
    blocks.append("\n".join(f"{name}: {text}" for name, text in settings.items()))
    if report.failures:
        lines = (f"{name}: not measured: {why}" for name, why in report.failures.items())
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _by_text(row: Row | Ratio) -> tuple[int, int]:
    return (("short", "medium", "long").index(row.text), row.threads)


def _spread(spread: Spread, factor: float, digits: int) -> str:
    median, low, high = (
        f"{factor * value:.{digits}f}" for value in (spread.median, spread.low, spread.high)
    )
    return f"{median} ({low}-{high})"


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    every = [head, *rows]
    widths = [max(len(row[i]) for row in every) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in every
    )
