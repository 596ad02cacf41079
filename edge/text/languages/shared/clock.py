"""Read times of the day, and durations that are written like them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.text.claims import How, Rule, before
from edge.text.languages.vocabulary import DASH, DIGITS, Vocabulary, any_of, whole_stop

_LEAD = 24
"""Characters before a time that tell how it is said: "a la 1:15"."""


@dataclass(frozen=True)
class Clock:
    """How a language says the time of the day."""

    say: Callable[[int, int, int | None, str], str]
    """Says a time: hours, minutes, seconds, and what stands before it."""
    say_range: Callable[[str, str], str]
    """Joins two times that were said."""
    marks: Sequence[str] = ()
    """Words or signs behind a time: Uhr, h."""
    letter: str = ""
    """A letter between hours and minutes, besides the colon."""
    duration_marks: Sequence[str] = ("h",)
    """Behind 1:45:30, if it is a stretch of time."""
    scores: re.Pattern[str] = re.compile("(?!)")
    """Words before two numbers that are no time but a score."""
    half_days: str = ""
    """Pattern of a. m. and p. m."""
    say_half: Callable[[str | None], str] = lambda half: ""


def times(v: Vocabulary, words: Clock) -> tuple[Rule, ...]:
    """Make the rules of a language's times."""
    mark = rf"\s?(?P<mark>{any_of(words.marks)})(?![^\W_]|/)"
    half = rf"(?:\s?(?P<half>{words.half_days}))?" if words.half_days else "(?P<half>(?!))?"
    sign = f"[:{words.letter}]"
    hour, minute = r"(?:[01]?\d|2[0-4])", r"[0-5]\d"
    full = rf"{hour}{sign}{minute}(?::{minute})?"
    if words.letter:
        full = rf"{hour}(?:{sign}{minute}(?::{minute})?|[{words.letter}](?![\w/]))"
    loose = rf"{hour}(?:[:.]{minute})?"

    def say(match: re.Match[str], how: How) -> str | None:
        if not match["mark"] and words.scores.search(before(match)):
            return None
        # A mark has its word, where an article before a time stands for it: a las 9, 9 h.
        said = _say(words, match["a"], "" if match["mark"] else before(match, _LEAD))
        if match["b"]:
            said = words.say_range(said, _say(words, match["b"], ""))
        return whole_stop(match, said + words.say_half(match["half"]))

    def marked(match: re.Match[str], how: How) -> str:
        clock = match["a"] + (f":{match['more'].strip()}" if match["more"] else "")
        said = _say(words, clock, "") + words.say_half(match["half"])
        return whole_stop(match, said)

    def parts(match: re.Match[str], how: How) -> str:
        return duration(v, match["h"], match["m"], match["s"] or "0")

    def minutes_of(match: re.Match[str], how: How) -> str:
        name = v.unit("min", match["m"])
        part = match["s"].lstrip("0") if match["s"][1] not in ".," else match["s"]
        seconds = v.plain(part if part[:1].isdigit() else f"0{part}")
        return f"{v.count(str(int(match['m'])), name)} {name} {seconds} {v.unit('s', seconds)}"

    rules = [
        Rule(
            "duration",
            re.compile(
                r"(?<![\w:.,])(?P<h>\d{1,3})\s?h\s?(?P<m>[0-5]?\d)\s?(?:min|mn)(?![^\W\d_])\.?"
                r"(?:\s?(?P<s>[0-5]?\d)\s?s\b)?"
            ),
            parts,
            ("2h03min15s", duration(v, "2", "3", "15")),
            frozenset("h"),
        ),
        Rule(
            "duration",
            re.compile(
                r"(?<![\w:.,])(?P<m>\d{1,3}):(?P<s>[0-5]\d(?:[.,]\d{1,3})?)\s(?:min|Min)\b"
            ),
            minutes_of,
            (
                "3:45 min",
                f"3 {v.unit('min', '3')} 45 {v.unit('s', '45')}",
            ),
            frozenset(":"),
        ),
        Rule(
            "duration",
            re.compile(r"(?<![\w.,/:-])(?:24/7|50/50)(?![\w/]|[.,]\d)"),
            lambda match, how: match[0].replace("/", " "),
            ("24/7", "24 7"),
            frozenset("/"),
        ),
        Rule(
            "duration",
            re.compile(
                r"(?<![\w:.,])(?P<h>\d{1,3}):(?P<m>[0-5]\d):(?P<s>[0-5]\d)(?:[.,]\d{1,3})?"
                rf"\s(?:{any_of(words.duration_marks)})(?!\w)"
            ),
            lambda match, how: duration(v, match["h"], match["m"], match["s"]),
            (f"1:45:30 {words.duration_marks[0]}", duration(v, "1", "45", "30")),
            DIGITS,
        ),
        Rule(
            "time",
            re.compile(
                rf"(?<![\w:,-])(?<!\d\.)(?P<a>{full})(?:\s?[{DASH}]\s?(?P<b>{full}))?"
                rf"(?:{mark})?{half}(?![\d:]|[.,]\d|[^\W\d_])"
            ),
            say,
            ("14:37", _say(words, "14:37", "")),
            DIGITS,
        ),
    ]
    if words.half_days:
        rules.append(
            Rule(
                "time",
                re.compile(rf"(?<![\w:,.-])(?P<a>{hour})\s?(?P<half>{words.half_days})"),
                lambda match, how: whole_stop(
                    match, _say(words, match["a"], "la ") + words.say_half(match["half"])
                ),
                ("8 a. m. x", _say(words, "8", "la ") + words.say_half("a. m.") + " x"),
                DIGITS,
            )
        )
    if words.marks:
        rules += [
            # The mark stands behind the last one, as in 9–17 Uhr.
            Rule(
                "time",
                re.compile(
                    rf"(?<![\w:,.-])(?P<a>{loose})\s?[{DASH}]\s?(?P<b>{loose}){mark}{half}"
                ),
                say,
                (
                    f"9–17 {words.marks[0]}",
                    words.say_range(_say(words, "9", ""), _say(words, "17", "")),
                ),
                DIGITS,
            ),
            Rule(
                "time",
                re.compile(
                    rf"(?<![\w:,/-])(?<!\d\.)(?P<a>{hour}(?:\.{minute})?){mark}"
                    rf"(?P<more>\s?{minute}(?!\d|\s?[^\W\d_]))?{half}"
                ),
                marked,
                (f"14 {words.marks[0]}", _say(words, "14", "")),
                DIGITS,
            ),
        ]
    return tuple(rules)


def _say(words: Clock, clock: str, lead: str) -> str:
    hours, minutes, seconds = (*map(int, re.findall(r"\d{1,2}", clock)), None, None)[:3]
    return words.say(hours or 0, minutes or 0, seconds, lead)


def duration(v: Vocabulary, hours: str, minutes: str, seconds: str) -> str:
    """Say hours, minutes and seconds; none that is nothing."""
    said = []
    for digits, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")):
        number = str(int(digits))
        if number != "0":
            name = v.unit(unit, number)
            said.append(f"{v.count(number, name)} {name}")
    return " ".join(said) or f"0 {v.unit('s', '0')}"
