"""Draw the plots of docs/measurements/performance.md from the raw data that lie beside its notes.

    python -m tools.plots

To replace a measurement, put its JSON beside a new note, name it in PLOTS, and draw again. The
colours are of middle brightness and the ground is transparent, so that a plot can be read on a
light page and on a dark one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "docs/measurements"

WIDTH = 440
"""Pixels: two plots stand side by side on a page of GitHub."""
LEFT, RIGHT, TOP = 118, 58, 44
ROW, BAR, GAP = 19, 13, 12
INK, OURS, FLOAT, THEIRS, GRID = "#737a82", "#1a8f63", "#4a89c8", "#9a8f86", "#737a8255"
COLOURS = {"fused": OURS, "int8": OURS, "int8-decoder": OURS, "int8-encoder": OURS, "fp32": FLOAT}
"""Green computes in int8, blue in floats; an engine that is not named here is not ours."""

PEERS = ("fused", "fp32", "piper-tts", "sherpa-onnx", "streaming-vits")
TEXTS = ("short", "medium", "long")
BOARDS = {
    "rpi3": ("Pi 3", ("fused", "fp32", "piper-tts")),
    "rpi4": ("Pi 4", ("fp32", "piper-tts")),
    "rpi5": ("Pi 5", ("fused", "int8", "fp32", "piper-tts")),
}
"""Profile to its short name and the variants that are shown of it."""


@dataclass(frozen=True)
class Bar:
    label: str
    value: float


def bars(title: str, unit: str, groups: Sequence[tuple[str, Sequence[Bar]]], decimals: int) -> str:
    """Horizontal bars from zero, in groups that share one scale."""
    longest = max(bar.value for _, group in groups for bar in group)
    scale = (WIDTH - LEFT - RIGHT) / longest
    drawn, y = [], TOP
    for head, group in groups:
        if head:
            drawn.append(_text(4, y + 11, head, weight="bold"))
            y += ROW
        for bar in group:
            width = max(1.0, bar.value * scale)
            colour = COLOURS.get(bar.label, THEIRS)
            drawn.append(_text(LEFT - 8, y + 11, bar.label, anchor="end"))
            drawn.append(
                f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>'
            )
            drawn.append(_text(LEFT + width + 6, y + 11, f"{bar.value:.{decimals}f}"))
            y += ROW
        y += GAP
    return _page(title, unit, drawn, y)


def line(
    title: str, unit: str, points: Sequence[tuple[float, float]], along: str, step: int
) -> str:
    """One line over its x, from zero, so that a slope looks as large as it is."""
    height, base, left = 226, 186, 44
    last = points[-1][0]
    top = step * (int(max(y for _, y in points) / step) + 1)
    across, up = (WIDTH - left - 24) / last, (base - TOP) / top

    def place(x: float, y: float) -> str:
        return f"{left + x * across:.1f},{base - y * up:.1f}"

    drawn = []
    for tick in range(0, top + 1, step):
        y = base - tick * up
        drawn.append(f'<path d="M{left} {y:.1f}H{WIDTH - 24}" stroke="{GRID}"/>')
        drawn.append(_text(left - 8, y + 4, str(tick), anchor="end"))
    for part in (0.0, 0.5, 1.0):
        x = left + part * last * across
        drawn.append(_text(x, base + 18, f"{part * last:,.0f}", anchor="middle"))
    track = " ".join(place(x, y) for x, y in points)
    drawn.append(f'<polyline points="{track}" fill="none" stroke="{OURS}" stroke-width="2"/>')
    drawn.append(_text(left + last * across / 2, base + 32, along, anchor="middle"))
    return _page(title, unit, drawn, height)


def first_sound(data: Any) -> str:
    return bars(
        "First sound, from the text",
        "ms of CPU time, one thread",
        _by_text(data, "first_cpu_s", 1000),
        1,
    )


def work(data: Any) -> str:
    return bars(
        "Work for one second of sound (RTF)",
        "seconds of CPU time, one thread",
        _by_text(data, "rtf_cpu", 1),
        3,
    )


def memory(data: Any) -> str:
    peaks = {one["engine"]: one["peak_bytes"] for one in data["loaded"] if one["threads"] == 1}
    group = [Bar(engine, peaks[engine] / 2**20) for engine in PEERS]
    return bars("Memory, at most", "MiB resident, one thread", [("", group)], 0)


def growth(data: Any) -> str:
    points = [(float(x), float(y)) for x, y in data["by_utterances"]]
    return line("Memory over 2,000 utterances", "MiB resident", points, "utterances", 50)


def arm(data: Any) -> str:
    """The whole voice on each emulated core."""
    counts = {(row["profile"], row["variant"]): row["millions"] for row in data["voice"]}
    cores = {row["profile"]: row["cpu"].replace("cortex-a", "Cortex-A") for row in data["voice"]}
    groups = [
        (f"{board}, {cores[profile]}", [Bar(name, counts[profile, name]) for name in names])
        for profile, (board, names) in BOARDS.items()
    ]
    return bars("ARM: instructions for a second of sound", "millions, counted", groups, 0)


def hidden(data: Any) -> str:
    """The medium text with ever fewer instructions of the CPU, each run beside piper-tts."""
    groups = []
    for cpu, run in data["runs"].items():
        rtf = {
            row["engine"]: row["rtf_cpu"]["median"]
            for row in run["rows"]
            if row["threads"] == 1 and row["text"] == "medium"
        }
        groups.append((cpu, [Bar(engine, rtf[engine]) for engine in ("fused", "piper-tts")]))
    return bars("Work on lesser PCs (RTF)", "seconds of CPU time, medium text", groups, 3)


PLOTS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "first-sound.svg": ("2026-11-23-beside-the-peers.json", first_sound),
    "work.svg": ("2026-11-23-beside-the-peers.json", work),
    "memory.svg": ("2026-11-23-beside-the-peers.json", memory),
    "growth.svg": ("2026-11-22-growth.json", growth),
    "without-vnni.svg": ("2026-11-30-without-vnni.json", hidden),
    "arm.svg": ("2026-11-23-arm-instructions.json", arm),
}
"""Picture to its raw data and the function that draws it."""


def draw(name: str) -> str:
    """Return the plot of that name as SVG."""
    data, function = PLOTS[name]
    return function(json.loads((FOLDER / data).read_text(encoding="utf-8")))


def main() -> None:
    for name in PLOTS:
        (FOLDER / name).write_text(draw(name), encoding="utf-8")
        print(FOLDER / name)


def _by_text(data: Any, key: str, scale: float) -> list[tuple[str, list[Bar]]]:
    """Medians of each engine on one thread, in a group for each text."""
    groups = []
    for text in TEXTS:
        rows = {
            row["engine"]: row
            for row in data["rows"]
            if row["threads"] == 1 and row["text"] == text
        }
        head = f"{text} text, {rows[PEERS[0]]['seconds']:.1f} s of sound"
        groups.append((head, [Bar(name, scale * rows[name][key]["median"]) for name in PEERS]))
    return groups


def _text(x: float, y: float, text: str, anchor: str = "start", weight: str = "normal") -> str:
    kind = "" if weight == "normal" else f' font-weight="{weight}"'
    side = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}"{side}{kind}>{escape(text)}</text>'


def _page(title: str, unit: str, drawn: Sequence[str], height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}" role="img" font-family="sans-serif" font-size="12" '
        f'fill="{INK}">\n<title>{escape(f"{title}: {unit}")}</title>\n'
        + _text(4, 14, title, weight="bold").replace("<text ", '<text font-size="13" ')
        + _text(4, 30, unit)
        + "\n"
        + "\n".join(drawn)
        + "\n</svg>\n"
    )


if __name__ == "__main__":
    main()
