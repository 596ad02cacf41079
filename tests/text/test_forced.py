"""What SSML's say-as forces on a stretch of English."""

from __future__ import annotations

import pytest

from edge.text.claims import How, force
from edge.text.languages import find_language


@pytest.mark.parametrize(
    ("kind", "form", "text", "said"),
    [
        ("characters", "", "Ab1-", "eh B one dash"),
        ("spell-out", "", "hi 5", "H I, five"),
        ("digits", "", "2026", "two zero two six"),
        ("cardinal", "", "2026", "two thousand twenty-six"),
        ("number", "", "-1,204.5", "minus one thousand two hundred four point five"),
        ("ordinal", "", "23rd", "twenty-third"),
        ("fraction", "", "2 3/4", "two and three quarters"),
        ("unit", "", "5'11\"", "five feet eleven inches"),
        ("unit", "", "10kg", "ten kilograms"),
        ("telephone", "", "5551234", "five five five one two three four"),
        ("telephone", "", "(555) 123-4567", "five five five, one two three, four five six seven"),
        ("date", "mdy", "3/4/2026", "March fourth, twenty twenty-six"),
        ("date", "dmy", "3/4/2026", "the third of April, twenty twenty-six"),
        ("date", "ymd", "20260304", "March fourth, twenty twenty-six"),
        ("date", "md", "12-25", "December twenty-fifth"),
        ("date", "my", "3/2026", "March twenty twenty-six"),
        ("date", "y", "1984", "nineteen eighty-four"),
        ("date", "", "2026-03-04", "March fourth, twenty twenty-six"),
        ("time", "hms12", "2:30pm", "two thirty P M"),
        ("time", "hms24", "14:05", "fourteen oh five"),
        ("time", "hms12", "14:30", "two thirty P M"),
        ("time", "", "1'21\"", "one minute twenty-one seconds"),
        ("time", "hms24", "25:61", None),
        ("cardinal", "", "XIV", "fourteen"),
        ("ordinal", "", "III", "third"),
        ("fraction", "", "2+1/2", "two and a half"),
        ("telephone", "", "call me", None),
        ("date", "dmy", "tomorrow", None),
        ("date", "zzz", "1/2/3", None),
        ("currency", "", "$42.01", "forty-two dollars and one cent"),
        ("address", "", "12 Elm St.", "twelve Elm Street."),
        ("expletive", "", "darn", "beep"),
        ("date", "mdy", "13/40/2026", None),
        ("cardinal", "", "many", None),
        ("fraction", "", "half", None),
        ("weather", "", "rain", None),
    ],
)
def test_say_as(kind: str, form: str, text: str, said: str | None) -> None:
    assert force(find_language("en_US"), kind, text, form, How()) == said


def test_a_language_without_rules_has_what_is_alike_in_all() -> None:
    known = find_language("uk_UA")
    said = {kind: force(known, kind, "а-1 2", "", How(digits=True)) for kind in known.forced}
    assert said["digits"] == "1, 2" and said["address"] == "а-1 2" and said["expletive"] == ""
    spelled = said["characters"]
    assert spelled is not None and spelled.startswith("А ") and spelled.endswith(", 2")
    assert force(known, "telephone", "а", "", How()) is None
