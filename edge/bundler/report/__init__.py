"""Write what a build found: report.json for programs, report.md and report.html for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from edge.bundler.evaluate.quality import (
    BuildReport,
    Gate,
    Measure,
    Variant,
    shown,
    step_rows,
    taken,
)
from edge.bundler.evaluate.trial import Clip
from edge.bundler.report.html import to_html
from edge.files import write_whole
from edge.records import dump_json

_MOST_LAYERS = 20


def write(report: BuildReport, clips: Sequence[Clip], folder: Path) -> None:
    """Put report.json, report.md and report.html into `folder`, each whole or not at all.

    `clips` are the sentences to listen to, in the HTML only; a few seconds each, or the page
    grows past what a browser likes. Raises DiskFull.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages = {
        "report.json": dump_json(report),
        "report.md": to_markdown(report),
        "report.html": to_html(report, clips),
    }
    for name, text in pages.items():
        write_whole(folder / name, text.encode())


def to_markdown(report: BuildReport) -> str:
    """The report as GitHub-flavoured Markdown, without pictures and sounds."""
    chosen = report.chosen
    lines = [
        f"# {_md(report.voice)} for {_md(report.profile)}",
        "",
        f"**Chosen: {_md(chosen.name)}.** {_md(chosen.reason)}"
        if chosen
        else "**No variant was chosen.**",
        "",
        f"Measured on {_md(report.machine)}, {_md(report.created)}, over {report.sentences} "
        f"sentences ({_md(report.language)}, {report.seconds:.0f} s of sound), against "
        f"{_md(report.reference)}.",
        "",
        "## Variants",
        "",
    ]
    measures = taken(report)
    heads = ["Variant", "Verdict", *(_heading(measure) for measure in measures)]
    rows = [[_name(v), v.verdict, *_cells(report, v, measures)] for v in report.variants]
    lines += _table(heads, rows)
    lines += ["", *(f"* {_name(v)}, {v.verdict}: {_md(v.reason)}" for v in report.variants)]
    if report.skipped:
        lines += ["", _skipped_words(report), ""]
        lines += [f"* {_md(one.name)}: {_md(one.reason)}" for one in report.skipped]
    if report.gates:
        lines += ["", "Gates (a value that breaks one is marked with !):", ""]
        lines += [f"* {gate_words(gate)}" for gate in report.gates]
    lines += ["", "## Recipes", ""]
    stages = list(dict.fromkeys(stage for _, recipes in report.planned for stage in recipes))
    lines += _table(
        ["Variant", *map(_md, stages)],
        [
            [_md(name), *(_md(recipes.get(stage, "")) for stage in stages)]
            for name, recipes in report.planned
        ],
    )
    if report.sensitivity:
        worst = sorted(report.sensitivity, key=lambda row: -row.error)
        lines += ["", "## Layers that lose most when only they are quantized", ""]
        lines += _table(
            ["Layer", "Log-mel dB"],
            [[_md(row.layer), f"{row.error:.3f}"] for row in worst[:_MOST_LAYERS]],
        )
        if len(worst) > _MOST_LAYERS:
            rest = worst[_MOST_LAYERS:]
            lines += ["", f"{len(rest)} more layers lose at most {rest[0].error:.3f} dB each."]
    if report.parity:
        lines += ["", "## Parity of the rebuilt graphs with the original model", ""]
        lines += _table(
            ["Stage", "Relative L2", "Largest difference"],
            [[_md(p.stage), f"{p.relative_l2:.2e}", f"{p.max_abs:.2e}"] for p in report.parity],
        )
    if report.export:
        lines += ["", "## Export", ""]
        lines += _table(
            ["Stage", "Step", "Detail"],
            [[_md(e.stage), _md(e.step), _md(e.detail)] for e in report.export],
        )
    if report.steps:
        lines += ["", "## What each step cost", ""]
        heads = ["Step", "CPU, s", "Wall clock, s"]
        lines += _table(heads, [[_md(name), *times] for name, *times in step_rows(report)])
    lines += ["", "## Versions", ""]
    lines += _table(["Package", "Version"], [[_md(k), _md(v)] for k, v in report.versions.items()])
    return "\n".join(lines) + "\n"


def gate_words(gate: Gate) -> str:
    """A gate in words: `Log-mel at most 2.00 dB`."""
    measure = gate.of
    unit = f" {measure.unit}" if measure.unit else ""
    return f"{measure.label} {gate.bound} {shown(measure, gate.limit)}{unit}"


def _skipped_words(report: BuildReport) -> str:
    """The line above the variants that were not measured, with the command that does."""
    to_have = f"; to have them measured: {_md(report.every)}" if report.every else ""
    return f"Not measured{to_have}:"


def _heading(measure: Measure) -> str:
    return f"{measure.label}, {measure.unit}" if measure.unit else measure.label


def _cells(report: BuildReport, variant: Variant, measures: Sequence[Measure]) -> list[str]:
    broken = {g.measure for g in report.gates if g.holds(variant) is False}
    return [
        shown(m, getattr(variant, m.key)) + (" !" if m.key in broken else "") for m in measures
    ]


def _name(variant: Variant) -> str:
    name = _md(variant.name)
    return f"**{name}**" if variant.verdict == "chosen" else name


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _md(text: str) -> str:
    """Text in which nothing is markup: neither Markdown's nor HTML's; one line."""
    one_line = " ".join(text.split())
    escaped = re.sub(r"([\\`*_{}\[\]|~#])", r"\\\1", one_line)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
