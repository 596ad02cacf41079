"""docs/use/ssml.md says what is true: each example of the page is read."""

from __future__ import annotations

import html
import re

import pytest

from edge.errors import BadSsml
from edge.text import MAX_CHARACTERS, MAX_STREAM, prosody
from edge.text.alphabets import ALPHABETS
from edge.text.markup import Item, Run, Warned
from edge.text.ssml import KINDS, SsmlReader
from edge.text.tags import MAX_ATTRIBUTES, MAX_DEPTH, MAX_TAG, MAX_TAGS
from tests.helpers.pages import DOCS, table

PAGE = DOCS / "use/ssml.md"
TEXT = PAGE.read_text(encoding="utf-8")


def read(example: str) -> list[Item]:
    source = example if example.startswith("<speak") else f"<speak>{example}</speak>"
    reader = SsmlReader()
    return [*reader.feed(source), *reader.finish()]


def examples(heading: str) -> list[str]:
    """The code in the column `Example` of the table whose first column has this heading."""
    place = 1 if heading == "Element" or heading == "What" else 0
    return [row[place].strip("`").replace("``", "") for row in table(PAGE, heading)]


@pytest.mark.parametrize("example", examples("Element"))
def test_what_is_supported_is_done_without_a_warning(example: str) -> None:
    items = read(example)
    assert not [item for item in items if isinstance(item, Warned)]
    assert any(isinstance(item, Run) and item.text.strip() for item in items)


@pytest.mark.parametrize("example", examples("What"))
def test_what_is_not_supported_is_warned_of_and_spoken(example: str) -> None:
    items = read(example)
    assert [item for item in items if isinstance(item, Warned)]
    words = re.sub(r"<[^<>]*>", "", html.unescape(example))
    assert "".join(item.text for item in items if isinstance(item, Run)) == words


def test_the_mistake_is_told_as_the_page_says() -> None:
    with pytest.raises(BadSsml) as raised:
        read("<speak>Five <5</speak>".replace("Five <5", "Five <"))
    message, remedy = re.findall(r"edge: (ssml: .*)\n +(.*)\n", TEXT)[0]
    assert raised.value.remedy == remedy
    assert raised.value.message.split(": ", 2)[2] == message.split(": ", 2)[2]


def test_the_page_lists_every_name_and_limit() -> None:
    for name in (*KINDS, *prosody.STRENGTHS, *prosody.EMPHASES, *(set(ALPHABETS.values()))):
        assert f"`{name}`" in TEXT or f'"{name}"' in TEXT, name
    for number in (MAX_CHARACTERS, MAX_STREAM, MAX_TAGS, MAX_TAG, MAX_ATTRIBUTES, MAX_DEPTH):
        assert f"{number:,}" in TEXT
