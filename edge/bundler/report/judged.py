"""Write what `edge judge` found as a page, with every sound beside its sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from edge.bundler.evaluate import transcript
from edge.bundler.evaluate.judgement import OFFICIAL, Plan, Score, texts

HEAD = ("VARIANT", "LANGUAGE", "ERRORS", "LIKENESS", "DNSMOS", "FIRST SOUND", "RTF")
COMPARED: Mapping[str, tuple[str, str, float]] = {
    "kl": ("KL", "{:.2g} nats", 1),
    "greedy": ("GREEDY", "{:.1f} %", 100),
    "mel_db": ("MEL", "{:.2f} dB", 1),
}
"""Field that a score has only beside what is official -> its head, how it is written, times."""
_POLICY = "default-src 'none'; media-src 'self' file:; style-src 'unsafe-inline'"


def table(scores: Sequence[Score]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Make head and rows, with the columns of COMPARED that any of the scores has."""
    there = _compared(scores)
    head = (*HEAD, *(COMPARED[field][0] for field in there))
    return head, [(*_cells(s), *(_cell(s, field) for field in there)) for s in scores]


def to_rows(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """Make the same of it for a program."""
    left_out = set(COMPARED).difference(_compared(scores))
    return [{k: v for k, v in vars(score).items() if k not in left_out} for score in scores]


def _compared(scores: Sequence[Score]) -> tuple[str, ...]:
    return tuple(f for f in COMPARED if any(getattr(s, f) is not None for s in scores))


def _cell(score: Score, field: str) -> str:
    value, (_, spelling, times) = getattr(score, field), COMPARED[field]
    return "-" if value is None else spelling.format(times * value)


def _cells(score: Score) -> tuple[str, ...]:
    unit = "CER" if score.language in transcript.WITHOUT_SPACES else "WER"
    first, rtf = score.first_sound_ms, score.rtf
    return (
        score.variant,
        score.language,
        f"{unit} {100 * score.errors:.1f} %",
        f"{score.similarity:.3f}",
        f"{score.dnsmos:.2f}",
        "-" if first is None else f"{first:.0f} ms",
        "-" if rtf is None else f"{rtf:.2f}",
    )


def to_page(voice: str, command: str, scores: Sequence[Score], plan: Plan) -> str:
    style = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    likeness = "the clip" if plan.reference else f"{plan.variants[0]}'s own first sentences"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escape(voice)}, judged</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<h1>{escape(voice)}, judged</h1>\n"
        f'<p class="lead">Made by: {escape(command)}. {plan.sentences} sentences a language. '
        f"Errors are those of Whisper base; likeness is the cosine to {escape(likeness)}; DNSMOS "
        "is P.835 overall. Times are those of this machine, with whatever else it did."
        f"{_compared_with(scores)}</p>\n"
        f"{_table(*table(scores))}\n"
        + "\n".join(_heard(language, scores, plan) for language in plan.languages)
        + "\n</body>\n</html>\n"
    )


def _compared_with(scores: Sequence[Score]) -> str:
    there = _compared(scores)
    if "kl" in there:
        return (
            " KL is how far a variant's chances of the next token diverge from the official ones, "
            "in nats a token; GREEDY is how often the likeliest token is the same; both are given "
            "the official tokens, and MEL is how far the sounds of these are apart."
        )
    return " MEL is the distance from official sounds of equal length." if there else ""


def _heard(language: str, scores: Sequence[Score], plan: Plan) -> str:
    ours = [s.variant for s in scores if s.language == language and s.variant != OFFICIAL]
    rows = [
        (escape(text), *(_player(f"{name}/{language}-{number:02}.wav") for name in ours))
        for number, text in enumerate(texts(plan, language))
    ]
    head = ("sentence", *map(escape, ours))
    return f"<h2>{escape(language)}</h2>\n{_table(head, rows, safe=True)}"


def _player(place: str) -> str:
    return f'<audio controls preload="none" src="{escape(place)}"></audio>'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], safe: bool = False) -> str:
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{cell if safe else escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table>\n<tr>{top}</tr>\n{body}\n</table>"
