"""The page of `edge listen` in a real Chromium, answered to its end by keys."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.cli import run
from edge.records import parse_json
from tests.helpers.browser import Browser
from tools import pool_listening
from tools.pool_listening import Results

pytestmark = pytest.mark.browser

SENTENCES = 4


@pytest.fixture
def browser(tone_bundle: Bundle, newer_tone: Bundle, tmp_path: Path) -> Iterator[Browser]:
    """Chromium on the page, which must have nothing to complain of at the end."""
    texts, page = tmp_path / "texts.txt", tmp_path / "listen.html"
    texts.write_text("".join(f"One two {n}.\n" for n in range(SENTENCES)))
    bundles = [str(tone_bundle.path), str(newer_tone.path)]
    words = ["--texts", str(texts), "--seed", "5", "--out", str(page)]
    assert run(["listen", *bundles, *words]) == 0
    chromium = Browser(
        tmp_path / "profile",
        page.as_uri(),
        os.environ,
        ["--autoplay-policy=no-user-gesture-required"],
    )
    yield chromium
    complaints = chromium.complaints()
    chromium.close()
    assert not complaints


def begin(browser: Browser) -> None:
    browser.run("byId('listening').value = 'headphones'; byId('note').value = '<b>quiet</b>'")
    browser.run("byId('begin').requestSubmit()")
    browser.wait_for("!byId('question').hidden")


def hear(browser: Browser) -> None:
    for key in "abx" if browser.run("trial().kind === 'abx'") else "ab":
        browser.press(key)
        browser.wait_for(f"plays['abx'.indexOf('{key}')] > 0")


def test_every_question_is_answered_by_keys_and_the_answers_are_counted(
    browser: Browser, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    assert browser.run("byId('total').textContent") == str(2 * SENTENCES)
    begin(browser)
    browser.press("1")
    assert browser.run("answers.length") == 0, "who has not listened has no answer"
    liked = 0
    for number in range(2 * SENTENCES):
        browser.wait_for(f"answers.length === {number}")
        assert not browser.run("document.body.innerText.includes('tone')"), "it is blind"
        hear(browser)
        if browser.run("trial().kind === 'abx'"):
            assert browser.run("byId('answer-none').hidden")
            browser.press("0")  # is no answer here
            browser.press(str(1 + browser.run("trial().x")))
        elif liked == 3:
            browser.press("0")
        else:  # the second system, wherever it is
            liked += 1
            browser.press(str(1 + browser.run("trial().order.indexOf(1)")))
    browser.wait_for("!byId('results').hidden")
    results = json.loads(browser.run("byId('json').textContent"))
    assert [s["bundle"] for s in results["systems"]] == [tone_bundle.id, newer_tone.id]
    assert results["listener"] == {"listening": "headphones", "note": "<b>quiet</b>"}
    assert results["seed"] == 5 and len(results["answers"]) == results["questions"] == 8
    rows = {row["kind"]: row for row in results["results"]}
    assert (rows["abx"]["hits"], rows["abx"]["asked"]) == (SENTENCES, SENTENCES)
    assert rows["abx"]["p"] == pytest.approx(1 / 16)
    assert (rows["preference"]["hits"], rows["preference"]["ties"]) == (0, 1)
    assert rows["preference"]["p"] == pytest.approx(1 / 4)
    assert browser.run("byId('rows').textContent").count("not shown") == 1
    pooled = pool_listening.count(parse_json(json.dumps(results), Results, "results"))
    told = {kind: (row["hits"], row["ties"], row["asked"]) for (kind, *_), row in pooled.items()}
    first = min(tone_bundle.id, newer_tone.id) == tone_bundle.id
    assert told == {"abx": (4, 0, 4), "preference": (0 if first else 3, 1, 4)}
    saved = "byId('save').href.startsWith('blob:') && byId('save').download"
    assert browser.run(saved) == "listening.json"


def test_it_may_be_ended_early_and_is_shown_on_a_telephone(browser: Browser) -> None:
    browser.resize(320, 640)
    begin(browser)
    assert browser.run("document.documentElement.scrollWidth") <= 320
    controls = browser.named_controls()
    assert len(controls) > 4 and all(name for _, name in controls), controls
    hear(browser)
    browser.run("byId('play-0').click()")
    browser.wait_for("byId('play-0').classList.contains('on')")
    browser.run("document.activeElement.blur()")
    browser.press(" ")
    browser.wait_for("!byId('play-0').classList.contains('on')")
    browser.press("1")
    browser.wait_for("answers.length === 1")
    browser.run("byId('finish').click()")
    browser.wait_for("!byId('results').hidden")
    assert browser.run("byId('summary').textContent").startswith("You answered 1 of 8")
    assert browser.run("document.documentElement.scrollWidth") <= 320
