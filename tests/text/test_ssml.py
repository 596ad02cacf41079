"""SSML: what each element means, what is refused with its place, what is warned of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import BadSsml
from edge.text.markup import (
    Break,
    End,
    Item,
    Manner,
    Mark,
    Pause,
    Phonemes,
    Run,
    SayAs,
    Warned,
)
from edge.text.ssml import KINDS, SsmlReader


def read(source: str, lenient: bool = False, step: int = 10_000) -> list[Item]:
    reader, found = SsmlReader(lenient), list[Item]()
    for start in range(0, len(source), step):
        found += reader.feed(source[start : start + step])
    return [*found, *reader.finish()]


def inside(source: str) -> list[Item]:
    return read(f"<speak>{source}</speak>")


def manner(source: str) -> Manner:
    """How the x of a text is spoken."""
    runs = (item for item in inside(source) if isinstance(item, Run))
    (found,) = (run.manner for run in runs if run.text == "x")
    return found


def texts(items: list[Item]) -> str:
    return "".join(item.text for item in items if isinstance(item, Run))


def test_runs_have_the_places_of_their_characters() -> None:
    source = "<speak>One &amp; <s>two</s></speak>"
    runs = [item for item in read(source) if isinstance(item, Run)]
    assert [(run.text, source[run.start : run.end]) for run in runs] == [
        ("One ", "One "), ("&", "&amp;"), (" ", " "), ("two", "two"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "items"),
    [
        ("<break time='500ms'/>", [Break(0.5, 7)]),
        ("<break time='1.5s'/>", [Break(1.5, 7)]),
        ("<break time='10s'/>", [Break(10.0, 7)]),
        ("<break/>", [Pause(0.3, 7)]),
        ("<break strength='x-strong'/>", [Pause(0.9, 7)]),
        ("<break strength='none'/>", [Pause(0.0, 7)]),
        ("<mark name='here'/>", [Mark("here", 7)]),
        ("<mark name='a&#10;702 END'/>", [Mark("a702 END", 7)]),
        ("<p/>", [End(7), End(11)]),
        ("<sub alias='World Wide'>WWW</sub>", [Run("World Wide", 7, 40)]),
        ("<w>a</w><w>b</w>", [Run("a", 10, 11), Run(" ", 15, 15), Run("b", 18, 19)]),
        ("<desc>no</desc><metadata><x>no</x></metadata>", []),
        ("<!-- no --><?no?>", []),
        ("<![CDATA[<p>]]>", [Run("<p>", 16, 19)]),
        ("<ssml:break time='1s'/>", [Break(1.0, 7)]),
    ],
)
def test_what_an_element_means(source: str, items: list[Item]) -> None:
    assert inside(source) == items


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<prosody rate='80%'>x</prosody>", Manner(rate=0.8)),
        ("<prosody rate='+25%'>x</prosody>", Manner(rate=1.25)),
        ("<prosody rate='-25%'>x</prosody>", Manner(rate=0.75)),
        ("<prosody rate='1.5'>x</prosody>", Manner(rate=1.5)),
        ("<prosody rate='slow'>x</prosody>", Manner(rate=0.75)),
        ("<prosody rate='900%'>x</prosody>", Manner(rate=3.0)),
        ("<prosody rate='2'><prosody rate='80%'>x</prosody></prosody>", Manner(rate=1.6)),
        ("<prosody rate='2'><prosody rate='default'>x</prosody></prosody>", Manner()),
        ("<prosody rate='2'>y</prosody>x", Manner()),
        ("<prosody volume='+6dB'>x</prosody>", Manner(decibels=6.0)),
        ("<prosody volume='-3.5dB'>x</prosody>", Manner(decibels=-3.5)),
        ("<prosody volume='silent'>x</prosody>", Manner(decibels=-96.0)),
        ("<prosody volume='soft'>x</prosody>", Manner(decibels=-6.0)),
        ("<prosody volume='100'>x</prosody>", Manner()),
        ("<prosody pitch='+2st'>x</prosody>", Manner(semitones=2.0)),
        ("<prosody pitch='low'>x</prosody>", Manner(semitones=-3.0)),
        ("<emphasis>x</emphasis>", Manner(rate=0.95, decibels=1.0)),
        ("<emphasis level='strong'>x</emphasis>", Manner(rate=0.9, decibels=2.0)),
        ("<emphasis level='none'>x</emphasis>", Manner()),
        ("<lang xml:lang='de-DE'>x</lang>", Manner(language="de_DE")),
        ("<s xml:lang='fr'>x</s>", Manner(language="fr")),
        ("<voice name='joe'>x</voice>", Manner(voice="joe")),
    ],
)
def test_how_it_is_spoken(source: str, expected: Manner) -> None:
    assert manner(source) == expected


def test_percent_is_a_pitch_and_a_volume_too() -> None:
    assert manner("<prosody pitch='+100%'>x</prosody>").semitones == pytest.approx(12.0)
    assert manner("<prosody volume='-50%'>x</prosody>").decibels == pytest.approx(-6.02, abs=0.01)
    assert manner("<prosody volume='silent'>x</prosody>").gain == 0.0


def test_the_document_s_language_is_marked_as_such() -> None:
    (run,) = read('<speak xml:lang="en-US">x</speak>')
    assert isinstance(run, Run) and run.manner == Manner(language="en_US", document=True)


def test_what_is_given_covers_all_of_an_element() -> None:
    items = inside("<say-as interpret-as='date' format='dmy'>1/2&#47;3</say-as>.")
    given = [item.given for item in items if isinstance(item, Run)]
    assert given == [SayAs("date", "dmy")] * 3 + [None]
    assert given[0] is given[2]
    (run,) = inside("<phoneme alphabet='x-sampa' ph='t@&quot;mA:t@U'>x</phoneme>")
    assert isinstance(run, Run) and run.given == Phonemes('t@"mA:t@U', "x-sampa")
    (run,) = inside("<phoneme ph='pa'/>")
    assert run == Run("pa", 25, 25, given=Phonemes("pa", "ipa"))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_say_as_is_taken(kind: str) -> None:
    (run,) = inside(f"<say-as interpret-as='{kind}'>1</say-as>")
    assert isinstance(run, Run) and run.given == SayAs(kind)


@pytest.mark.parametrize(
    "source",
    [
        "<audio src='http://a.example/b.mp3'>x</audio>",
        "<lexicon uri='http://a.example/b.pls'/>x",
        "<amazon:effect name='whispered'>x</amazon:effect>",
        "<mstts:express-as style='sad'>x</mstts:express-as>",
        "<par><media>x</media></par>",
        "<say-as interpret-as='music'>x</say-as>",
        "<prosody contour='(0%,+20Hz)'>x</prosody>",
        "<voice gender='female'>x</voice>",
    ],
)
def test_what_is_not_supported_is_warned_of_and_its_words_are_spoken(source: str) -> None:
    items = inside(source)
    assert texts(items) == "x"
    warned = [item for item in items if isinstance(item, Warned)]
    assert warned and "a.example" not in warned[0].what


@pytest.mark.parametrize(
    ("source", "says", "mend"),
    [
        ("<break time='11s'/>", "break: time", "at most 10 s"),
        ("<break time='soon'/>", "break: time", '"500ms"'),
        ("<break time='-1s'/>", "break: time", '"500ms"'),
        ("<break strength='huge'/>", "break: strength", "x-strong"),
        ("<mark/>", "mark: name is missing", "<mark name="),
        ("<mark name=''/>", "mark: name has 1 to 128", "here"),
        ("<sub>a</sub>", "sub: alias is missing", "<sub alias="),
        ("<say-as>1</say-as>", "say-as: interpret-as is missing", "interpret-as="),
        ("<phoneme>a</phoneme>", "phoneme: ph is missing", "ph="),
        ("<phoneme ph=''>a</phoneme>", "ph is empty", "təˈmɑːtoʊ"),
        ("<phoneme ph='t5'>a</phoneme>", "'5' in ph is no sign of ipa", "docs/use/ssml.md"),
        ("<phoneme alphabet='x-sampa' ph='ñ'>a</phoneme>", "no sign of x-sampa", "ssml.md"),
        ("<phoneme alphabet='arpabet' ph='T'>a</phoneme>", "alphabet", "ipa, x-sampa"),
        ("<prosody rate='quick'>a</prosody>", "prosody: rate", "x-fast"),
        ("<prosody rate='0%'>a</prosody>", "prosody: rate", "above 0"),
        ("<prosody volume='11'  pitch='?'>a</prosody>", "prosody: pitch", '"+2st"'),
        ("<emphasis level='x'>a</emphasis>", "emphasis: level", "strong"),
        ("<lang>a</lang>", "lang: xml:lang is missing", "xml:lang="),
        ("<lang xml:lang='Deutsch!'>a</lang>", "xml:lang is no language", "en-US"),
    ],
)
def test_a_wrong_value_is_refused_and_where_lenient_its_words_are_spoken(
    source: str, says: str, mend: str
) -> None:
    with pytest.raises(BadSsml) as raised:
        inside(f"\n {source}")
    assert raised.value.message.startswith("ssml: line 2, column 2: ")
    assert says in raised.value.message and mend in raised.value.remedy
    items = read(f"<speak>{source} b</speak>", lenient=True)
    assert texts(items).strip("a1 ") == "b"
    assert any(isinstance(item, Warned) for item in items)


SOURCE = st.lists(
    st.sampled_from(
        [
            "one ", "two. ", "&amp;", "<break/>", "<break time='1s'/>", "<mark name='m'/>", "<p>",
            "</p>", "<s>", "</s>", "<sub alias='a b'>", "</sub>", "<prosody rate='slow'>",
            "</prosody>", "<say-as interpret-as='date'>", "</say-as>", "<x>", "</x>", "<desc>",
            "</desc>", "<emphasis>", "</emphasis>", "<phoneme ph='a'>", "</phoneme>", "<", ">",
        ]
    ),
    max_size=12,
)  # fmt: skip


def characters(items: list[Item]) -> list[object]:
    found: list[object] = []
    for item in items:
        if isinstance(item, Run) and len(item.text) == item.end - item.start:
            found += [
                (c, item.start + i, item.manner, item.given) for i, c in enumerate(item.text)
            ]
        else:
            found.append(item)
    return found


@given(SOURCE, st.booleans(), st.integers(1, 20))
def test_any_cutting_means_the_same(parts: list[str], lenient: bool, step: int) -> None:
    source = f"<speak>{''.join(parts)}</speak>"
    try:
        whole = characters(read(source, lenient))
    except BadSsml as error:
        with pytest.raises(BadSsml) as raised:
            read(source, lenient, step)
        assert raised.value.message == error.message
        return
    assert characters(read(source, lenient, step)) == whole
