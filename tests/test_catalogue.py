"""The list of voices: made from others' lists, read a row at a time, judged by what is known."""

from __future__ import annotations

import gzip
import importlib.metadata
import json
import re
from pathlib import Path

import pytest

from edge.catalogue import Catalogue, load_catalogue, nearest
from edge.errors import BadRecord
from edge.families import FAMILIES
from edge.licences import SELL, TERMS, ModelCard, classify, read_card
from edge.voice import is_name, load_voice, models_dir
from tests.helpers.pages import DOCS, table
from tools.catalogue import KNOWN, LICENCES, Lists, WrongList, make

PATH = models_dir() / "catalogue.json"
DATA = Path(__file__).parent / "data/catalogue"
CATALOGUE = load_catalogue(PATH)
LISTS = Lists(
    gzip.decompress((DATA / "voices.json.gz").read_bytes()).decode("utf-8"),
    LICENCES.read_text("utf-8"),
    Path(
        str(importlib.metadata.distribution("hibari-tts").locate_file("hibari/assets/voices.json"))
    ).read_text("utf-8"),
    KNOWN.read_text("utf-8"),
)
LESSAC = "Finetuned from U.S. English lessac voice (medium quality)."


def changed(**texts: str) -> Lists:
    return Lists(**{**vars(LISTS), **texts})


def test_the_tool_makes_the_committed_list_of_upstreams() -> None:
    assert make(LISTS) == PATH.read_text("utf-8"), "make it anew: python -m tools.catalogue"


def test_every_row_can_be_built_from() -> None:
    rows = list(CATALOGUE)
    assert sum(row.collection == "piper" for row in rows) == len(json.loads(LISTS.piper)) == 176
    assert sum(row.collection == "hibari" for row in rows) == 5
    for row in rows:
        family = FAMILIES[CATALOGUE.family(row)]
        assert is_name(row.name) and row.terms in TERMS and row.why, row.name
        assert family.needs <= row.files.keys() <= family.needs | family.may, row.name
        assert CATALOGUE.words(row.language).english.isascii()
        for role, file in row.files.items():
            assert file.bytes > 0 and (file.sha256 or re.fullmatch("[0-9a-f]{32}", file.md5))
            if not file.package:
                address = CATALOGUE.address(row, role, "https://hub.example/")
                assert re.fullmatch(r"https://[!-~]+", address), address


def test_the_addresses_are_those_of_the_pinned_state() -> None:
    row = CATALOGUE.find("pt_PT-tugão-medium")
    assert row is not None and row.name == "pt_PT-tugao-medium"
    assert CATALOGUE.address(row, "model", "https://huggingface.co") == (
        "https://huggingface.co/rhasspy/piper-voices/resolve/"
        "c10ece1aade47bb51c153c893d14e5bf8e5b7117/pt/pt_PT/tug%C3%A3o/medium/"
        "pt_PT-tug%C3%A3o-medium.onnx"
    )


@pytest.mark.parametrize("name", ["en_US-joe-medium", "en_US-heart"])
def test_a_row_and_a_description_of_the_same_voice_agree(name: str) -> None:
    row, voice = CATALOGUE.find(name), load_voice(name)
    assert row is not None
    for role in set(voice.files) - {"card"}:  # the package's lacks the last byte of the hub's
        assert (row.files[role].bytes, row.files[role].sha256) == (
            voice.files[role].bytes,
            voice.files[role].sha256,
        )


def test_a_correction_for_a_list_that_has_changed_again_is_refused() -> None:
    old, new = "e100bf09d16007b666d822f1e267358f", "0b4d9553883e439fd7bda5475e820bfe"
    upstream_caught_up = make(changed(piper=LISTS.piper.replace(old, new)))
    assert new in upstream_caught_up
    with pytest.raises(WrongList, match="it_IT-serena-high"):
        make(changed(piper=LISTS.piper.replace(old, "0" * 32)))


def test_a_fact_about_a_voice_that_is_in_no_list_is_refused() -> None:
    with pytest.raises(WrongList, match="de_DE-torsten-medium"):
        make(changed(known=LISTS.known.replace("de_DE-thorsten-medium", "de_DE-torsten-medium")))


def test_who_sells_is_kept_from_voices_that_come_from_restricted_ones() -> None:
    for_sale = {row.name for row in CATALOGUE if row.terms in SELL}
    assert {"en_US-heart", "uk_UA-lada-x_low", "sv_SE-nst-medium"} <= for_sale
    assert not for_sale & {"en_US-joe-medium", "en_US-lessac-medium", "de_DE-thorsten-low"}
    low = CATALOGUE.find("de_DE-thorsten-low")
    assert low is not None and low.terms == "restricted" and low.parent == "en_US-ryan-low"
    assert "'none' all the same" in low.why, "what the other list says is not hidden"


@pytest.mark.parametrize(
    ("licence", "terms"),
    [
        ("CC0", "none"),
        ("Public Domain", "none"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "none"),
        ("CC BY 4.0", "credit"),
        ("https://creativecommons.org/licenses/by/4.0/", "credit"),
        ("Apache-2.0", "credit"),
        ("AGPL-3.0", "copyleft"),
        ("CC BY-NC-SA 4.0", "restricted"),
        ("https://creativecommons.org/licenses/by-nc/4.0/", "restricted"),
        ("Non-commercial use (see the address)", "restricted"),
        ("See URL", "unclear"),
        ("", "unclear"),
        ("private", "unknown"),
    ],
)
def test_a_licence_is_judged_by_its_name(licence: str, terms: str) -> None:
    assert classify(licence).terms.name == terms


def test_the_page_tells_every_class_as_the_command_does() -> None:
    rows = table(DOCS / "use/voices.md", "Class")
    assert rows == [[f"`{each.name}`", each.meaning, each.duty] for each in TERMS.values()]


def test_a_model_card_tells_licence_recordings_and_parent() -> None:
    card = read_card(
        "# Model card for x (low)\n\n* Language: nl_BE\n\n## Dataset\n\n* URL: https://a.example/x\n"
        f"* License: CC0\n\n## Training\n\n{LESSAC}\n\n## Thanks\n\nto all\n"
    )
    assert card == ModelCard("CC0", "https://a.example/x", LESSAC)
    assert read_card("nothing of the kind") == ModelCard("", "", "")


@pytest.mark.parametrize(
    ("said", "parent", "began"),
    [
        (LESSAC, "lessac", True),
        ("Finetuned from U.S. English Ryan voice (low quality).", "ryan", True),
        ("Fine-tuned from Xiao Ya voice (medium quality)", "xiao_ya", True),
        ("Trained from scratch on google's recordings.", "google", False),
        (LESSAC, "less", False),
        ("", "lessac", False),
    ],
)
def test_a_card_tells_which_voice_the_training_began_from(
    said: str, parent: str, began: bool
) -> None:
    assert ModelCard("", "", said).began_from(parent) is began


@pytest.mark.parametrize(
    ("name", "licence", "training", "terms"),
    [
        ("nl_BE-rdh-medium", "CC0", "Trained from scratch.", "none"),
        ("nl_BE-rdh-medium", "CC0", LESSAC, "restricted"),  # the card knows more than the list
        ("nl_BE-rdh-medium", "CC BY-NC 4.0", "", "restricted"),
        ("nl_BE-rdh-medium", "See URL", "", "none"),  # the list's authors followed it
        ("en_GB-vctk-medium", "CC BY 4.0", "Trained from scratch.", "unknown"),
        (None, "CC0", "Finetuned from U.S. English Ryan voice (low quality).", "restricted"),
        (None, "CC0", "Finetuned from my own voice.", "none"),
    ],
)
def test_the_strictest_of_all_that_is_known_wins(
    name: str | None, licence: str, training: str, terms: str
) -> None:
    row = CATALOGUE.find(name) if name else None
    assert CATALOGUE.judge(licence, ModelCard(licence, "", training), row).terms.name == terms


def test_a_mistyped_name_is_answered_with_the_nearest_five() -> None:
    found = nearest("de_DE-torsten-medium", CATALOGUE.names)
    assert found[0] == "de_DE-thorsten-medium" and len(found) == 5
    assert nearest("Thorsten", CATALOGUE.names)[0].startswith("de_DE-thorsten")
    assert nearest("pt_PT-tugão", CATALOGUE.names)[0] == "pt_PT-tugao-medium"


def test_a_damaged_list_is_a_bad_record(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"voices": {}}'):
        (tmp_path / "catalogue.json").write_text(text)
        load_catalogue.cache_clear()
        with pytest.raises(BadRecord, match="is no catalogue"):
            load_catalogue(tmp_path / "catalogue.json")
    row = {"a": {"collection": "c", "quality": "low", "speakers": "two", "files": {}}}
    with pytest.raises(BadRecord, match=r"voices\.a\.speakers"):
        Catalogue({"voices": row, "languages": {}, "credit": "", "collections": {}}, "x").find("a")
