"""The report as one HTML page that needs nothing else: no script, no font, no address.

A content security policy in the page forbids anything but its own styles, pictures and sounds.
"""

from __future__ import annotations

import base64
import io
import re
import wave
from collections.abc import Sequence
from html import escape
from pathlib import Path

from edge.bundler.evaluate.quality import (
    MEASURES,
    BuildReport,
    Measure,
    Variant,
    shown,
    step_rows,
    taken,
)
from edge.bundler.evaluate.trial import Clip
from edge.bundler.metrics import log_mel_distance_db, mel_db
from edge.bundler.report import charts, png
from edge.pcm import Samples, to_int16

_POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"
_MOST_LAYERS = 20
_MINUS = "\N{MINUS SIGN}"
_SIGNS = {"at most": "\N{LESS-THAN OR EQUAL TO}", "at least": "\N{GREATER-THAN OR EQUAL TO}"}


def to_html(report: BuildReport, clips: Sequence[Clip]) -> str:
    """The page; ValueError if a clip lacks the reference or holds a variant not in the report."""
    known = {variant.name for variant in report.variants}
    for clip in clips:
        if not {report.reference} <= set(clip.sounds) <= known:
            raise ValueError(f"the clip {clip.text!r} holds {', '.join(clip.sounds)}")
    style = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    title = f"{escape(report.voice)} for {escape(report.profile)}"
    body = [
        f"<h1>{escape(report.voice)} <span>for</span> {escape(report.profile)}</h1>",
        f'<p class="lead">Measured on {escape(report.machine)}, {escape(report.created)}. '
        f"{report.sentences} sentences ({escape(report.language)}, {report.seconds:.0f} s of "
        f"sound); {escape(report.reference)} is what the others are compared with.</p>",
        _hero(report),
        "<h2>Every variant, and what became of it</h2>",
        '<p class="lead">A value in red breaks its gate; the limit stands under the heading.</p>',
        _variants(report),
        _skipped(report),
        _scatter(report),
        _listen(report, clips),
        _sensitivity(report),
        _appendix(report),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _hero(report: BuildReport) -> str:
    chosen, base = report.chosen, report.baseline
    if chosen is None:
        return (
            '<section class="card hero none"><div class="kicker">Nothing was packed</div>'
            "<h2>No variant was chosen</h2><p>The reasons stand in the table below.</p></section>"
        )
    smaller = 1.0 - chosen.bytes / base.bytes if base.bytes else 0.0
    figures = [
        (
            "Speed",
            f"{1.0 / chosen.cpu_ratio:.2f}\N{MULTIPLICATION SIGN}",
            f"as fast as {base.name}; RTF {chosen.rtf:.3f}",
        ),
        (
            "Size",
            f"{chosen.bytes / 1e6:.1f} MB",
            f"{abs(smaller):.0%} {'smaller' if smaller >= 0 else 'larger'} than "
            f"{base.bytes / 1e6:.1f} MB",
        ),
    ]
    for key in ("dnsmos_ovrl", "word_error_rate", "log_mel_db", "peak_rss_bytes"):
        measure = _measure(key)
        value, before = getattr(chosen, key), getattr(base, key)
        if value is not None and len(figures) < 5:
            unit = f" {measure.unit}" if measure.unit else ""
            note = "" if before is None else f"{base.name} {shown(measure, before)}{unit}"
            if key == "log_mel_db":
                note = f"spectral distance from {base.name}"
            figures.append((measure.label, f"{shown(measure, value)}{unit}", note))
    cells = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{escape(value)}<small>{escape(note)}</small></dd></div>"
        for label, value, note in figures
    )
    return (
        f'<section class="card hero"><div class="kicker">Chosen</div>'
        f"<h2>{escape(chosen.name)}</h2><p>{escape(chosen.reason)}</p>"
        f'<dl class="figures">{cells}</dl></section>'
    )


def _variants(report: BuildReport) -> str:
    gated = {gate.measure for gate in report.gates}
    measures = [m for m in taken(report) if m.headline or m.key in gated]
    rows = []
    for variant in report.variants:
        rows.append(
            f'<tr class="{variant.verdict}"><th>{_breakable(variant.name)}</th>'
            f"<td>{_pill(variant)}</td>{_cells(report, variant, measures)}</tr>"
            f'<tr class="why {variant.verdict}"><td colspan="{len(measures) + 2}">'
            f"<p>{escape(variant.reason)}</p></td></tr>"
        )
    return (
        '<div class="card scroll"><table class="variants"><thead><tr><th>Variant</th><th></th>'
        f"{_heads(report, measures)}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _skipped(report: BuildReport) -> str:
    if not report.skipped:
        return ""
    to_have = (
        f" To have them measured: <code>{escape(report.every)}</code>" if report.every else ""
    )
    rows = "".join(
        f"<tr><th>{_breakable(one.name)}</th><td>{escape(one.reason)}</td></tr>"
        for one in report.skipped
    )
    return (
        f'<p class="lead">The profile plans these too; they were not measured.{to_have}</p>'
        f'<div class="card scroll"><table class="words"><tbody>{rows}</tbody></table></div>'
    )


def _all_measures(report: BuildReport) -> str:
    measures = taken(report)
    rows = "".join(
        f'<tr class="{variant.verdict}"><th>{_breakable(variant.name)}</th>'
        f"{_cells(report, variant, measures)}</tr>"
        for variant in report.variants
    )
    return (
        "<details><summary>All measures of all variants</summary>"
        '<div class="scroll"><table class="variants"><thead><tr><th>Variant</th>'
        f"{_heads(report, measures)}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _heads(report: BuildReport, measures: Sequence[Measure]) -> str:
    limits = {gate.measure: gate for gate in report.gates}
    heads = []
    for m in measures:
        gate = limits.get(m.key)
        sign = _SIGNS[gate.bound] if gate else ""
        limit = f'<span class="limit">{sign} {shown(m, gate.limit)}</span>' if gate else ""
        unit = f"<small>{escape(m.unit)}</small>" if m.unit else ""
        heads.append(f'<th title="{escape(m.meaning)}">{escape(m.label)}{unit}{limit}</th>')
    return "".join(heads)


def _cells(report: BuildReport, variant: Variant, measures: Sequence[Measure]) -> str:
    broken = {gate.measure for gate in report.gates if gate.holds(variant) is False}
    return "".join(
        f"<td{' class=broken' if m.key in broken else ''}>{shown(m, getattr(variant, m.key))}</td>"
        for m in measures
    )


def _scatter(report: BuildReport) -> str:
    for key in ("dnsmos_ovrl", "log_mel_db"):
        if sum(getattr(v, key) is not None for v in report.variants) >= 2:
            return (
                "<h2>Speed, quality and size together</h2>"
                '<p class="lead">Up and to the right is better; a smaller disc is a smaller '
                "voice.</p>"
                f'<div class="card"><div class="scroll">{charts.scatter(report, _measure(key))}'
                "</div></div>"
            )
    return ""


def _listen(report: BuildReport, clips: Sequence[Clip]) -> str:
    if not clips:
        return ""
    verdicts = {variant.name: variant for variant in report.variants}
    out = [
        "<h2>Listen and look</h2>",
        '<p class="lead">Above, the sound: time to the right, low tones below. Beneath it, what '
        f"differs from {escape(report.reference)}: black is equal.</p>",
        f'<div class="key"><span>quiet<i style="background:{png.level_gradient()}"></i>loud'
        f"</span><span>{_MINUS}{png.DIFFERENCE_DB:.0f} dB"
        f'<i style="background:{png.difference_gradient()}"></i>+{png.DIFFERENCE_DB:.0f} dB'
        "</span></div>",
    ]
    for clip in clips:
        reference = clip.sounds[report.reference]
        out.append(f"<h3>“{escape(clip.text)}”</h3>")
        figures = [
            _figure(verdicts[name], sound, reference, clip.rate)
            for name, sound in clip.sounds.items()
        ]
        out.append(f'<div class="listen">{"".join(figures)}</div>')
    return "\n".join(out)


def _figure(variant: Variant, sound: Samples, reference: Samples, rate: int) -> str:
    mel = mel_db(sound, rate, reference)
    name = escape(variant.name)
    if sound is reference:
        below = '<p class="soft">The reference.</p>'
    elif len(sound) != len(reference):
        change = len(sound) / len(reference) - 1.0
        below = (
            f'<p class="soft">{abs(change):.1%} {"longer" if change > 0 else "shorter"} than the '
            "reference, so they cannot be laid over each other.</p>"
        )
    else:
        picture = png.difference_picture(mel_db(reference, rate), mel)
        distance = log_mel_distance_db(reference, sound, rate)
        below = (
            f'<img alt="Difference of {name} from the reference" src="{picture}">'
            f'<p class="soft">Log-mel distance {distance:.2f} dB</p>'
        )
    return (
        f'<figure class="{variant.verdict}"><figcaption><span>{_breakable(variant.name)}'
        f"</span>{_pill(variant)}</figcaption>"
        f'<img alt="Spectrogram of {name}" src="{png.level_picture(mel)}">{below}'
        f'<audio controls preload="metadata" src="{_wav_uri(sound, rate)}"></audio></figure>'
    )


def _sensitivity(report: BuildReport) -> str:
    if not report.sensitivity:
        return ""
    errors = sorted((row.error for row in report.sensitivity), reverse=True)
    rest = errors[_MOST_LAYERS:]
    more = (
        f'<p class="soft">{len(rest)} more layers lose at most {rest[0]:.3f} dB each.</p>'
        if rest
        else ""
    )
    bars = charts.sensitivity_bars(report.sensitivity, _MOST_LAYERS)
    return (
        "<h2>Which layers lose most</h2>"
        '<p class="lead">Log-mel distance, in dB, when only that layer is quantized.</p>'
        f'<div class="card"><div class="scroll">{bars}</div>{more}</div>'
    )


def _appendix(report: BuildReport) -> str:
    stages = list(dict.fromkeys(stage for _, recipes in report.planned for stage in recipes))
    parts = [
        "<h2>How it was made</h2>",
        '<div class="card">',
        _table(
            "Recipes",
            ["Variant", *stages],
            [
                [name, *(recipes.get(stage, "") for stage in stages)]
                for name, recipes in report.planned
            ],
        ),
        _table(
            "Parity of the rebuilt graphs with the original model",
            ["Stage", "Relative L2", "Largest difference"],
            [[p.stage, f"{p.relative_l2:.2e}", f"{p.max_abs:.2e}"] for p in report.parity],
        ),
        _table(
            "Export",
            ["Stage", "Step", "Detail"],
            [[row.stage, row.step, row.detail] for row in report.export],
        ),
        _all_measures(report),
        _table(
            "What the measures mean",
            ["Measure", "Unit", "Better", "Meaning"],
            [[m.label, m.unit, m.better, m.meaning] for m in taken(report)],
        ),
        _table(
            "What each step cost",
            ["Step", "CPU, s", "Wall clock, s"],
            step_rows(report) if report.steps else [],
        ),
        _table("Versions", ["Package", "Version"], [[*pair] for pair in report.versions.items()]),
        "</div>",
    ]
    return "".join(parts)


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    opened = " open" if len(rows) <= 12 else ""
    return (
        f"<details{opened}><summary>{escape(title)}</summary>"
        f'<div class="scroll"><table class="words"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></details>"
    )


def _measure(key: str) -> Measure:
    return next(measure for measure in MEASURES if measure.key == key)


def _breakable(name: str) -> str:
    """An escaped name that may be broken after its joints, and nowhere else if that is enough."""
    return re.sub(r"([+/_,:-])", r"\1<wbr>", escape(name, quote=False))


def _pill(variant: Variant) -> str:
    return f'<span class="pill {variant.verdict}">{variant.verdict}</span>'


def _wav_uri(samples: Samples, rate: int) -> str:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(to_int16(samples).tobytes())
    return "data:audio/wav;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
