"""say-as: a stretch is read as the kind of thing that somebody says it is."""

from __future__ import annotations

import pytest

from edge.text.claims import How
from edge.text.languages import find_language
from edge.text.say_as import say_as
from edge.text.ssml import KINDS


@pytest.mark.parametrize(
    ("kind", "form", "text", "said"),
    [
        ("characters", "", "ABC", "eh B C"),
        ("spell-out", "", "A-1 b", "eh dash one, B"),
        ("verbatim", "", "x@y", "X at Y"),
        ("digits", "", "1205", "one two zero five"),
        ("number", "", "1,205", "one thousand two hundred five"),
        ("number", "", "-3.05", "minus three point zero five"),
        ("cardinal", "", "XIV", "fourteen"),
        ("ordinal", "", "23", "twenty-third"),
        ("ordinal", "", "1st", "first"),
        ("ordinal", "", "III", "third"),
        ("fraction", "", "3/4", "three quarters"),
        ("fraction", "", "2+1/2", "two and a half"),
        ("unit", "", "5 ft", "five feet"),
        ("unit", "", "10 kg", "ten kilograms"),
        ("telephone", "", "(555) 010-42", "five five five, zero one zero, four two"),
        ("telephone", "1", "+44 20 79", "plus four four, two zero, seven nine"),
        ("date", "mdy", "3/4/2026", "March fourth, twenty twenty-six"),
        ("date", "dmy", "3/4/2026", "the third of April, twenty twenty-six"),
        ("date", "ymd", "2026-04-03", "April third, twenty twenty-six"),
        ("date", "md", "4/3", "April third"),
        ("date", "dm", "3.4.", "the third of April"),
        ("date", "ym", "2026-04", "April twenty twenty-six"),
        ("date", "my", "Apr 2026", "April twenty twenty-six"),
        ("date", "y", "1905", "nineteen oh five"),
        ("date", "m", "4", "April"),
        ("date", "d", "3", "third"),
        ("date", "", "2026-04-03", "April third, twenty twenty-six"),
        ("time", "hms12", "2:30pm", "two thirty P M"),
        ("time", "hms12", "14:30", "two thirty P M"),
        ("time", "hms24", "14:30:05", "fourteen thirty and five seconds"),
        ("time", "", "1'21\"", "one minute and twenty-one seconds"),
        ("currency", "", "$42.01", "forty-two dollars and one cent"),
        ("address", "", "12 Elm St", "twelve Elm Street"),
        ("address", "", "Home", "Home"),
        ("expletive", "", "darn", "beep"),
    ],
)
def test_english(kind: str, form: str, text: str, said: str) -> None:
    assert say_as(find_language("en_US"), kind, text, form, How()) == said


def test_every_kind_has_a_case() -> None:
    tried = {
        case[0]
        for case in test_english.pytestmark[0].args[1]  # type: ignore[attr-defined]
    }
    assert tried == KINDS


@pytest.mark.parametrize(
    ("kind", "form", "text"),
    [
        ("digits", "", "none"),
        ("number", "", "twelve"),
        ("ordinal", "", "x y"),
        ("fraction", "", "half"),
        ("telephone", "", "call me"),
        ("date", "mdy", "13/45/2026"),
        ("date", "dmy", "tomorrow"),
        ("date", "zzz", "1/2/3"),
        ("time", "hms24", "25:61"),
        ("currency", "", "cheap"),
    ],
)
def test_what_is_nothing_of_the_kind_is_left(kind: str, form: str, text: str) -> None:
    assert say_as(find_language("en_US"), kind, text, form, How()) is None


@pytest.mark.parametrize("language", ["cs_CZ", "sv_SE", "uk_UA"])
def test_other_languages_have_what_all_have_alike(language: str) -> None:
    known, how = find_language(language), How(digits=True)
    assert say_as(known, "characters", "ab 1", "", how)
    assert say_as(known, "digits", "12-34", "", how)
    assert say_as(known, "telephone", "12-34", "", how)
    assert say_as(known, "number", "12", "", how)
    assert say_as(known, "address", "Weg 3", "", how)
    assert say_as(known, "expletive", "Mist", "", how) is not None
