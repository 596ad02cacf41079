"""The page of `edge http` in a real Chromium, with keys and eyes: docs/use/page.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.config import Config
from edge.pcm import to_int16
from tests.daemon.test_daemon import spoken
from tests.helpers.browser import Browser
from tests.helpers.daemon_under_test import ThreadDaemon
from tests.helpers.http_under_test import TOKEN, Http

pytestmark = pytest.mark.browser

SENTENCES = "One two three four. Five six seven eight."
LONG = f"{SENTENCES} " * 20
CONTRAST = """
(() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255).map(
    c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4
  ).reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const found = channels(getComputedStyle(e).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility() || element.matches(":disabled, option")) continue;
    const style = getComputedStyle(element);
    const ink = channels(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [luminance(ink), luminance(ground(element))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) poor.push([element.outerHTML.slice(0, 80), style.color]);
  }
  return poor;
})()
"""


@pytest.fixture
def lexicon(tmp_path: Path) -> Config:
    file = tmp_path / "words.yaml"
    file.write_text("languages:\n  en:\n    say: {Nguyen: win, SQL: sequel}\n")
    return Config(lexicon=str(file))


@pytest.fixture
def running(
    tmp_path: Path, tone_bundle: Bundle, second_bundle: Bundle, lexicon: Config
) -> Iterator[ThreadDaemon]:
    daemon = ThreadDaemon(tmp_path / "edge.sock", [tone_bundle, second_bundle], config=lexicon)
    yield daemon
    daemon.stop()


@pytest.fixture
def door(running: ThreadDaemon, tmp_path: Path) -> Iterator[Http]:
    http = Http(running.path, tmp_path)
    yield http
    said = http.stop()
    assert "Traceback" not in said and TOKEN not in said


@pytest.fixture
def browser(door: Http, tmp_path: Path) -> Iterator[Browser]:
    """Chromium on the page without a token; it must have nothing to complain of at the end."""
    chromium = Browser(
        tmp_path / "profile",
        address(door),
        os.environ,
        ["--autoplay-policy=no-user-gesture-required"],
    )
    yield chromium
    complaints = chromium.complaints()
    chromium.close()
    assert not complaints


def address(door: Http, fragment: str = "") -> str:
    return door.url.removesuffix("v1") + fragment


def enter(browser: Browser, door: Http) -> None:
    """Open the address that `edge http` prints."""
    browser.open("about:blank")  # the same address with another fragment loads nothing
    browser.open(address(door, f"#token={TOKEN}"))
    browser.wait_for("!document.getElementById('open').hidden")


def write(browser: Browser, text: str) -> None:
    browser.run(
        f"text.value = {text!r}; text.dispatchEvent(new Event('input', {{bubbles: true}}))"
    )


def wait_for_state(browser: Browser, begins: str) -> None:
    browser.wait_for(f"document.getElementById('state').textContent.startsWith('{begins}')")


def test_the_token_is_typed_or_comes_with_the_address(browser: Browser, door: Http) -> None:
    browser.wait_for("!locked.hidden && document.activeElement === token")
    browser.run("token.value = 'wrong'; unlock.requestSubmit()")
    browser.wait_for("token.value === '' && !locked.hidden")
    browser.run(f"token.value = '{TOKEN}'; unlock.requestSubmit()")
    browser.wait_for("!document.getElementById('open').hidden && locked.hidden")
    browser.run("sessionStorage.clear()")
    enter(browser, door)
    assert browser.run("location.href") == address(door), "no history keeps the token"


def test_a_text_is_heard_here_and_kept(
    browser: Browser, door: Http, running: ThreadDaemon, tone_bundle: Bundle
) -> None:
    enter(browser, door)
    browser.run(
        "window.make = URL.createObjectURL; URL.createObjectURL = b => make(window.kept = b)"
    )
    assert browser.run("[...voice.options].map(o => o.value)") == ["tone", "second"]
    browser.run("text.focus()")
    write(browser, SENTENCES)
    browser.press("Enter", modifiers=2)
    browser.wait_for("document.querySelector('mark.now').textContent === 'three'")
    wait_for_state(browser, "Heard here")
    assert browser.run("document.querySelector('.said').textContent") == SENTENCES
    assert not running.card.blocks, "it was for the browser alone"
    assert browser.run("save.hidden") is False
    assert browser.run("plot.querySelectorAll('.dot').length") == 1
    kept = browser.run("kept.arrayBuffer().then(b => Array.from(new Int16Array(b, 44)))")
    assert kept == to_int16(spoken(tone_bundle, SENTENCES)).tolist()


def test_a_text_is_heard_on_the_device_word_by_word_and_stopped(
    browser: Browser, door: Http, running: ThreadDaemon
) -> None:
    enter(browser, door)
    write(browser, SENTENCES)
    browser.run(
        "window.seen = []; new MutationObserver(() => seen.push("
        "document.querySelector('mark.now').textContent)).observe(caption, "
        "{subtree: true, childList: true, characterData: true}); device.click()"
    )
    wait_for_state(browser, "Heard on the device")
    seen = browser.run("[...new Set(seen)].filter(Boolean)")
    assert set(seen) <= set(SENTENCES.split()) and len(seen) > 2
    assert running.card.blocks

    running.card.give_room(0)  # the card takes no more
    write(browser, LONG)
    browser.run("device.click()")
    browser.wait_for("!document.getElementById('stop').disabled")
    running.card.wait_until_held()
    browser.press("Escape")
    wait_for_state(browser, "Stopped")
    running.card.give_room()
    assert browser.run("document.getElementById('stop').disabled")
    browser.wait_for("facts.textContent.includes('1 stopped')")


def test_a_daemon_that_goes_is_missed_and_found_again(
    browser: Browser,
    door: Http,
    running: ThreadDaemon,
    lexicon: Config,
    second_bundle: Bundle,
) -> None:
    enter(browser, door)
    running.stop()
    browser.wait_for("!trouble.hidden && trouble.textContent.includes('edge serve')")
    write(browser, SENTENCES)
    browser.run("device.click()")
    wait_for_state(browser, "no daemon answers")
    again = ThreadDaemon(running.path, [second_bundle], config=lexicon)
    try:
        browser.wait_for("trouble.hidden")
        assert browser.run("[...voice.options].map(o => o.value)") == ["second"]
        browser.run("device.click()")
        wait_for_state(browser, "Heard on the device")
    finally:
        again.stop()
    browser.events.clear()  # a failed request is told in the console


def test_how_it_is_read_and_what_the_owner_wrote(browser: Browser, door: Http) -> None:
    enter(browser, door)
    browser.run("explain.open = true; lexicon.open = true")
    write(browser, "It is **so**. <b>No</b>")
    browser.wait_for("changes.textContent.includes('markdown')")
    assert browser.run("sentences.firstChild.textContent").startswith("It is so.")
    assert browser.run("sentences.querySelector('b')") is None, "a text is never markup"
    browser.wait_for("document.querySelectorAll('#lexicon-rows tr').length === 2")
    browser.run(
        "const f = document.getElementById('lexicon-filter'); f.value = 'WIN';"
        "f.dispatchEvent(new Event('input'))"
    )
    assert browser.run("document.getElementById('lexicon-rows').textContent").startswith("Nguyen")
    browser.run("loudness.value = 40; loudness.dispatchEvent(new Event('change'))")
    browser.run("pause.click()")
    browser.wait_for("pause.textContent === 'Resume' && link.textContent === 'paused'")
    assert browser.run("document.getElementById('loudness-shown').textContent") == "40 %"
    browser.run("pause.click()")
    browser.wait_for("pause.textContent === 'Pause'")


def test_keys_readers_and_eyes(browser: Browser, door: Http) -> None:
    """Every control is named and reached in the order of the page, every text has contrast, and
    the narrowest telephone shows the page without scrolling sideways."""
    enter(browser, door)
    browser.run("explain.open = true; lexicon.open = true")
    browser.wait_for("document.querySelectorAll('#lexicon-rows tr').length")
    controls = browser.named_controls()
    assert len(controls) > 12 and all(name for _, name in controls), controls
    order = []
    for _ in range(30):
        browser.press("Tab")
        at = browser.run("document.activeElement.id || document.activeElement.tagName")
        if at == "BODY":
            break
        order.append(at)
    wanted = ["A", "example", "text", "voice", "format", "speed", "volume", "here", "device",
              "loudness", "pause", "silence", "SUMMARY", "SUMMARY", "lexicon-filter"]  # fmt: skip
    assert [at for at in order if at in wanted] == wanted, order
    assert browser.run("document.querySelectorAll('h1').length") == 1
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        assert browser.run(CONTRAST) == [], scheme
    for width in (320, 390, 1180):
        browser.resize(width, 800)
        wide = "[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, .skip')"
        wide += (
            f" && e.getBoundingClientRect().right > {width}).map(e => e.outerHTML.slice(0, 90))"
        )
        assert browser.run(wide) == [], width
