"""Two builds of one voice, to exchange and to break."""

from __future__ import annotations

from pathlib import Path

from edge.bundle import Bundle
from edge.bundler.pipeline import Wish, build_bundle
from edge.voice import voice_path


def two_bundles(folder: Path) -> tuple[Bundle, Bundle]:
    text = voice_path("tone").read_text(encoding="utf-8")
    built = []
    for name in ("one", "two"):
        place = folder / name
        place.mkdir()
        (place / "tone.yaml").write_text(f"{text}# {name}\n", encoding="utf-8")
        wish = Wish(str(place / "tone.yaml"), "x86-64")
        built.append(build_bundle(wish, place / "tone", folder / "cache", lambda *_: None))
    return built[0], built[1]
