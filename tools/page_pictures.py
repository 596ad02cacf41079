"""Pictures of the page of `edge http` while it speaks: light, dark, as wide as a telephone.

    python -m tools.page_pictures FOLDER BUNDLE...

On demand, to be looked at. Wants chromium and pulseaudio; nothing is heard, for the sound server
is one of its own. docs/use/page.png is its page-light.png.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from tests.helpers.browser import Browser
from tests.helpers.daemon_under_test import ProcessDaemon
from tests.helpers.http_under_test import TOKEN, Http
from tests.sound.server import private_server

LEXICON = """languages:
  en:
    say: {Nguyen: win, SQL: sequel, nginx: engine x}
    ipa: {La Jolla: lə ˈhɔɪə}
"""
TEXTS = (
    "The kettle is on.",
    "Is the tea in the pot?",
    "Dr. Lee paid $5.20 on 3/4/2026, and left at 7:30 p.m. with Mrs. Nguyen. "
    "Where they went, nobody in the office could say.",
)
SIZES = (("light", 1180, 1000), ("dark", 1180, 1000), ("phone", 390, 844))


def main(folder: Path, bundles: list[Path]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-")))
        stack.enter_context(private_server(48000))
        (place / "words.yaml").write_text(LEXICON, encoding="utf-8")
        (place / "config.yaml").write_text(f"lexicon: {place}/words.yaml\n", encoding="utf-8")
        options = ["--config", str(place / "config.yaml")]
        options += [word for bundle in bundles for word in ("--bundle", str(bundle))]
        daemon = ProcessDaemon(place / "edge.sock", None, options=options)
        stack.callback(daemon.stop)
        door = Http(daemon.path, place)
        stack.callback(door.stop)
        page = door.url.removesuffix("v1") + f"#token={TOKEN}"
        browser = Browser(
            place / "profile", page, os.environ, ["--autoplay-policy=no-user-gesture-required"]
        )
        stack.callback(browser.close)
        browser.wait_for("!document.getElementById('open').hidden")
        for text in TEXTS[:-1]:
            speak(browser, text)
            browser.wait_for("document.getElementById('state').textContent.startsWith('Heard')")
        browser.run("for (const part of document.querySelectorAll('details')) part.open = true")
        for name, width, height in SIZES:
            browser.prefer("dark" if name == "dark" else "light")
            browser.resize(width, height)
            speak(browser, TEXTS[-1])
            browser.wait_for("document.querySelector('mark.now').textContent === 'left'")
            browser.screenshot(folder / f"page-{name}.png", whole=name == "phone")
            browser.run("document.getElementById('stop').click()")
            browser.wait_for("document.getElementById('state').textContent === 'Stopped.'")


def speak(browser: Browser, text: str) -> None:
    browser.run(
        f"document.getElementById('text').value = {text!r};"
        "document.getElementById('text').dispatchEvent(new Event('input', {bubbles: true}));"
        "document.getElementById('device').click()"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(place) for place in sys.argv[2:]])
