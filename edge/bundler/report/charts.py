"""The report's two charts as inline SVG: colours come from the page's style sheet by class."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
import numpy.typing as npt

from edge.bundler.evaluate.quality import BuildReport, Measure, Variant, shown
from edge.bundler.quantize.recipe import Sensitivity

_WIDTH, _HEIGHT = 1030, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 340, 20, 52
_LABEL_GAP = 26  # px between the baselines of two labels
_ROW = 22  # px for one layer


def scatter(report: BuildReport, quality: Measure) -> str:
    """Speed to the right, better upwards, size as area: a labelled disc for each variant."""
    points = [v for v in report.variants if getattr(v, quality.key) is not None]
    speed = np.array([1.0 / v.cpu_ratio for v in points])
    worth = np.array([getattr(v, quality.key) * quality.scale for v in points])
    x_ticks, y_ticks = _ticks(speed), _ticks(worth)
    decimals = max(len(f"{tick:g}".partition(".")[2]) for tick in y_ticks)
    flip = quality.better == "lower"  # better is always up

    def x(value: float) -> float:
        part = (value - x_ticks[0]) / (x_ticks[-1] - x_ticks[0])
        return float(_LEFT + part * (_WIDTH - _LEFT - _RIGHT))

    def y(value: float) -> float:
        part = (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])
        part = part if flip else 1.0 - part
        return float(_TOP + part * (_HEIGHT - _TOP - _BOTTOM))

    out = [_open(_WIDTH, _HEIGHT, f"Speed against {quality.label} for each variant")]
    for tick in x_ticks:
        out.append(
            f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{_TOP}" '
            f'y2="{_HEIGHT - _BOTTOM}"/><text class="tick" text-anchor="middle" x="{x(tick):.1f}" '
            f'y="{_HEIGHT - _BOTTOM + 18}">{tick:g}\N{MULTIPLICATION SIGN}</text>'
        )
    for tick in y_ticks:
        out.append(
            f'<line class="grid" y1="{y(tick):.1f}" y2="{y(tick):.1f}" x1="{_LEFT}" '
            f'x2="{_WIDTH - _RIGHT}"/><text class="tick" text-anchor="end" x="{_LEFT - 8}" '
            f'y="{y(tick) + 4:.1f}">{tick:.{decimals}f}</text>'
        )
    unit = f", {quality.unit}" if quality.unit else ""
    out.append(
        f'<text class="axis" x="{_LEFT}" y="{_HEIGHT - 12}">'
        f"times as fast as {escape(report.reference)} \N{RIGHTWARDS ARROW}</text>"
        f'<text class="axis" transform="rotate(-90)" x="{_BOTTOM - _HEIGHT}" y="14">'
        f"better \N{RIGHTWARDS ARROW} ({escape(quality.label)}{escape(unit)})</text>"
    )
    out += _gate_line(report, quality, y, y_ticks)
    biggest = max(v.bytes for v in points) or 1
    places = [(x(1.0 / v.cpu_ratio), y(getattr(v, quality.key) * quality.scale)) for v in points]
    column = _WIDTH - _RIGHT + 44
    rows = list(zip(points, places, _spread([py for _, py in places]), strict=True))
    for variant, (px, py), label in rows:  # all leaders under all discs
        out.append(
            f'<polyline class="leader {variant.verdict}" points="{px:.1f},{py:.1f} '
            f'{column - 24},{label:.1f} {column - 6},{label:.1f}"/>'
        )
    for variant, (px, py), label in sorted(rows, key=lambda row: -row[0].bytes):
        radius = max(5.0, 24.0 * (variant.bytes / biggest) ** 0.5)
        out.append(
            f'<g class="{variant.verdict}"><circle cx="{px:.1f}" cy="{py:.1f}" r="{radius:.1f}">'
            f"<title>{escape(_hint(variant, quality, report.reference))}</title></circle>"
            f'<text x="{column}" y="{label + 4:.1f}">{escape(_short(variant.name))}'
            f'<tspan class="tick" dx="7">{variant.bytes / 1e6:.1f} MB</tspan></text></g>'
        )
    return "".join([*out, "</svg>"])


def sensitivity_bars(rows: tuple[Sensitivity, ...], most: int = 20) -> str:
    """The layers that lose most when quantized, worst first."""
    worst = sorted(rows, key=lambda row: -row.error)[:most]
    height = _ROW * len(worst) + 8
    left, right = 300, 70
    longest = max((row.error for row in worst), default=0.0) or 1.0
    out = [_open(_WIDTH, height, "Log-mel distance when only one layer is quantized")]
    for index, row in enumerate(worst):
        top = 4 + index * _ROW
        width = max(1.0, (_WIDTH - left - right) * max(row.error, 0.0) / longest)
        out.append(
            f'<g><title>{escape(row.layer)}</title><text class="layer" text-anchor="end" '
            f'x="{left - 10}" y="{top + 14}">{escape(_short(row.layer, 42))}</text>'
            f'<rect class="bar" x="{left}" y="{top + 3}" width="{width:.1f}" '
            f'height="{_ROW - 7}" rx="3"/><text class="tick" x="{left + width + 7:.1f}" '
            f'y="{top + 14}">{row.error:.3f}</text></g>'
        )
    return "".join([*out, "</svg>"])


def _open(width: int, height: int, label: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'


def _hint(variant: Variant, quality: Measure, reference: str) -> str:
    return (
        f"{variant.name}: {1.0 / variant.cpu_ratio:.2f} times as fast as {reference}, "
        f"{quality.label} {shown(quality, getattr(variant, quality.key))}, "
        f"{variant.bytes / 1e6:.1f} MB"
    )


def _gate_line(
    report: BuildReport, quality: Measure, y: Callable[[float], float], ticks: list[float]
) -> list[str]:
    for gate in report.gates:
        limit = gate.limit * quality.scale
        if gate.measure == quality.key and ticks[0] <= limit <= ticks[-1]:
            return [
                f'<line class="gate" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(limit):.1f}" '
                f'y2="{y(limit):.1f}"/><text class="gate" x="{_LEFT + 8}" '
                f'y="{y(limit) - 6:.1f}">gate: {gate.bound} {limit:g}</text>'
            ]
    return []


def _ticks(values: npt.NDArray[np.float64]) -> list[float]:
    """Round numbers that enclose the values with a little room: 1, 2 or 5 times a power of ten."""
    low, high = float(values.min()), float(values.max())
    room = 0.12 * (high - low) or 0.1 * abs(high) or 1.0
    low, high = low - room, high + room
    rough = (high - low) / 5.0
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(float(k * power) for k in (1, 2, 5, 10) if k * power >= rough)
    first, last = int(np.floor(low / step)), int(np.ceil(high / step))
    return [round(index * step, 10) for index in range(first, last + 1)]


def _spread(heights: list[float]) -> list[float]:
    """Where the labels of points of these heights stand in a column: none covers another."""
    result = list(heights)
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    lowest = _HEIGHT - _BOTTOM - _LABEL_GAP * (len(heights) - 1)
    for rank, index in enumerate(order):
        # Late enough for the ones above, early enough to leave room for the ones below.
        above = result[order[rank - 1]] + _LABEL_GAP if rank else float(_TOP)
        result[index] = max(above, min(result[index], lowest + rank * _LABEL_GAP))
    return result


def _short(text: str, most: int = 32) -> str:
    return text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"
