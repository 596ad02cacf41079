"""Write what `edge judge` found as a page, with every sound beside its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from edge.bundler.evaluate import transcript
from edge.bundler.evaluate.judgement import OFFICIAL, Plan, Score, texts

HEAD = ("VARIANT", "LANGUAGE", "ERRORS", "LIKENESS", "DNSMOS", "FIRST SOUND", "RTF")
_POLICY = "default-src 'none'; media-src 'self' file:; style-src 'unsafe-inline'"


def cells(score: Score) -> tuple[str, ...]:
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
        "is P.835 overall. Times are those of this machine, with whatever else it did.</p>\n"
        f"{_table(HEAD, [cells(score) for score in scores])}\n"
        + "\n".join(_heard(language, scores, plan) for language in plan.languages)
        + "\n</body>\n</html>\n"
    )


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
