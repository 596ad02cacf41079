"""People's texts are read right, and no sign and no digit is lost, in every language there is a
voice for."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.text.claims import How, force
from edge.text.cleaning import Piece
from edge.text.languages import find_language
from edge.text.languages.sign_names import sign_names
from edge.text.languages.tables import load_table
from edge.text.reader import Reader
from tools import cldr_tables
from tools.text_accuracy import DATA, accepted, espeak, folded, own, sounded

RULED = ("de", "es", "fr", "it", "nl", "pl", "pt")
HOW = How(digits=True, dates="dmy")


@cache
def _reader(language: str) -> Reader:
    return Reader(language, HOW, sounds=partial(own, "espeak", language))


def _read(language: str, text: str) -> str:
    return _reader(language).read(Piece(text)).text


@cache
def _phonemes(language: str) -> Callable[[str], str]:
    return espeak(language)


@pytest.mark.parametrize("language", RULED)
def test_texts_are_read_as_a_person_would(language: str) -> None:
    classes = yaml.safe_load((DATA / f"{language}.yaml").read_text(encoding="utf-8"))
    phonemize = _phonemes(language)
    texts = [row for rows in classes.values() for row in rows]
    wrong = []
    for _, text, *forms in texts:
        good = {
            folded(phonemize(sounded("espeak", language, each)))
            for form in forms
            for each in accepted(form)
        }
        if folded(phonemize(said := _read(language, text))) not in good:
            wrong.append((text, said))
    assert len(wrong) <= 0.05 * len(texts), wrong


_NUMBERS = (
    "7 12 3,5 0.75 1.250 2024 05 007 1/2 ½ 2½ 10–12 3-1 4:5 2.4.1 5·3 II A-7 3.14 0,05 .5 −.5 20 "
    "5−3 1,250.50 −4 -4 +3 -1/2 3>2 3*4"
)
_SIGNED = (
    "− < > ≤ ≥ = ≠ ≈ ± × ÷ √16 % ‰ ° € $ £ § °C km <5 >3 ≤9 =−3 <= >= != −€5 -$5 x² −x −− Haus"
)
_TEXTS = st.lists(
    st.one_of(st.sampled_from(_NUMBERS.split()), st.sampled_from(_SIGNED.split())),
    min_size=1,
    max_size=5,
).map(lambda words: "x " + " ".join(words))
_LANGUAGES = st.sampled_from([name for name in cldr_tables.LANGUAGES if name != "en"])
"""All but English, whose rules read half of such a text as a formula."""
_LOST = frozenset("−<>≤≥=≠≈±×÷√%‰°€$£½²")
"""Signs that one phonemizer or another leaves out, or reads in English."""


@settings(max_examples=300, deadline=None)
@given(language=_LANGUAGES, text=_TEXTS)
def test_no_sign_is_left_for_a_phonemizer_to_lose(language: str, text: str) -> None:
    assert _LOST.isdisjoint(_read(language, text))


@settings(max_examples=300, deadline=None)
@given(language=_LANGUAGES, text=_TEXTS, data=st.data())
def test_another_sign_or_digit_is_read_otherwise(
    language: str, text: str, data: st.DataObject
) -> None:
    places = [i for i, c in enumerate(text) if c in _LOST or ("0" <= c <= "9")]
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    sign = text[place]
    other = " " if sign in _LOST else "8" if sign == "3" else "3"
    changed = text[:place] + other + text[place + 1 :]
    assert _read(language, changed).split() != _read(language, text).split()


@pytest.mark.parametrize("language", cldr_tables.LANGUAGES)
def test_a_decimal_sign_is_heard(language: str) -> None:
    table = load_table(language)
    assert table is not None
    phonemize = _phonemes(language)
    number = f"3{table.decimal}7"
    assert folded(phonemize(_read(language, f"x {number}"))) != folded(phonemize("x 3 7"))


@pytest.mark.parametrize("language", cldr_tables.LANGUAGES)
def test_the_signs_of_every_language_have_names_of_their_own(language: str) -> None:
    names = sign_names(language)
    apart = [names[sign] for sign in "−+×÷=≠<>≤≥√^/@"]
    assert len(set(apart)) == len(apart)
    assert find_language(language).name == language


@pytest.mark.parametrize(
    ("language", "kind", "written", "form", "said"),
    [
        ("de", "date", "3.5.2024", "dmy", "dritter Mai 2024"),
        ("de", "characters", "A7-b", "", "A sieben Strich B"),
        ("fr", "ordinal", "21", "", "vingt et unième"),
        ("fr", "time", "14:37", "hms24", "14 heures 37"),
        ("es", "date", "05/2024", "my", "mayo 2024"),
        ("es", "currency", "3,50 €", "", "3 euros con 50"),
        ("pl", "telephone", "+48 22 12", "", "plus cztery osiem, dwa dwa, jeden dwa"),
        ("nl", "digits", "4071", "", "vier nul zeven één"),
        ("it", "cardinal", "-1.250,5", "", "meno 1250,5"),
        ("pt", "time", "25:99", "", None),
    ],
)
def test_say_as_reads_one_way(
    language: str, kind: str, written: str, form: str, said: str | None
) -> None:
    assert force(find_language(language), kind, written, form, HOW) == said


def test_the_tables_are_what_the_tool_makes() -> None:
    babel = pytest.importorskip("babel", reason="the tables are made with Babel")
    carried = json.loads((cldr_tables.FOLDER / "de.json").read_text(encoding="utf-8"))
    if carried["source"] != cldr_tables.source():
        pytest.skip(f"Babel {babel.__version__} carries another CLDR than {carried['source']}")
    for language in cldr_tables.LANGUAGES:
        made = cldr_tables.written(cldr_tables.table(language))
        assert made == (cldr_tables.FOLDER / f"{language}.json").read_text(encoding="utf-8")
    for language in cldr_tables.BY_COUNTRY:
        path = cldr_tables.FOLDER / f"{language}-countries.json"
        made = cldr_tables.written(dict(cldr_tables.countries(language)))
        assert made == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("es_MX", "Cuesta $1,250.50.", "Cuesta 1250 pesos con 50."),
        ("es_AR", "Cuesta $1.250.", "Cuesta 1250 pesos."),
        ("es_ES", "Cuesta $20.", "Cuesta 20 dólares."),
    ],
)
def test_a_country_writes_numbers_and_money_in_its_own_way(
    language: str, written: str, said: str
) -> None:
    assert Reader(language, HOW).read(Piece(written)).text == said


@pytest.mark.parametrize("language", ["de", "es", "fr", "it", "nl", "pt"])
def test_the_owner_says_in_which_order_a_date_is(language: str) -> None:
    month_first = Reader(language, How(digits=True, dates="mdy"))
    day_first = Reader(language, How(digits=True, dates="dmy"))
    assert month_first.read(Piece("4/3/2026")).text == day_first.read(Piece("3/4/2026")).text
    for written in ("3.4.2026", "13/4/2026"):  # which can be read in one order alone
        assert month_first.read(Piece(written)).text == day_first.read(Piece(written)).text
