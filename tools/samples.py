"""Make docs/samples/: a dozen sentences of a voice, float beside int8, to hear and to see.

    python -m tools.samples docs/samples FLOAT_BUNDLE INT8_BUNDLE

On demand, with bundles of one voice by `edge build VOICE --only fp32 --out DIR` and `edge build
VOICE`. Each is heard as it would speak here. Writes for each sentence NN-VARIANT.opus (24 kHz,
Ogg), NN-VARIANT.png (mel spectrogram, MELS bands, 80 dB), and the pages index.html, with players,
and README.md, with links.
"""

from __future__ import annotations

import base64
import html
import importlib.metadata
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from edge import __version__
from edge.bundle import open_bundle
from edge.bundler.evaluate.listening import Contender, contenders, speak, usual_sentences
from edge.bundler.metrics import MELS, log_mel_distance_db, mel_db
from edge.bundler.report.listening import encoded
from edge.bundler.report.png import level_picture

SENTENCES = 12
MOST_BYTES = 1_500_000
"""All that may lie in the folder: everybody who clones the repository gets it."""
STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; max-width: 70rem; margin: 0 auto;
  padding: 1rem; }
section { border-top: 1px solid #8888; padding: .75rem 0; }
h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
.pair { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); }
figure { margin: 0; }
audio, img { display: block; width: 100%; }
img { height: 10rem; border-radius: .3rem; }
figcaption { font-size: .9rem; }
"""
POLICY = (
    "default-src 'none'; img-src 'self' file:; media-src 'self' file:; style-src 'unsafe-inline'"
)


@dataclass(frozen=True)
class Row:
    """A sentence, and the names of its files for each variant, without their endings."""

    text: str
    files: tuple[str, ...]
    distance_db: float | None
    """Log-mel distance of the second to the first; None if they are not equally long."""


def main(folder: Path, places: list[Path]) -> None:
    who = contenders([open_bundle(place, machine=None) for place in places], [])
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.opus"), *folder.glob("*.png")]:
        old.unlink()
    texts = usual_sentences(who[0].bundle.manifest.language, SENTENCES)
    rows = []
    for number, spoken in enumerate(speak(who, texts, print), 1):
        first, second = spoken.sounds
        files = tuple(f"{number:02}-{one.variant}" for one in who)
        for file, sound in zip(files, spoken.sounds, strict=True):
            (folder / f"{file}.opus").write_bytes(encoded(sound, "opus"))
            picture = level_picture(mel_db(sound.samples, sound.rate, first.samples))
            (folder / f"{file}.png").write_bytes(base64.b64decode(picture.partition(",")[2]))
        alike = len(first.samples) == len(second.samples)
        distance = (
            log_mel_distance_db(first.samples, second.samples, first.rate) if alike else None
        )
        rows.append(Row(spoken.text, files, distance))
    (folder / "index.html").write_text(players(who, rows), encoding="utf-8")
    (folder / "README.md").write_text(links(who, rows), encoding="utf-8")
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder}: {size:,} bytes")
    if size > MOST_BYTES:
        sys.exit(f"that is more than {MOST_BYTES:,}")


def made(who: list[Contender]) -> str:
    """Say what was heard, and where it was made."""
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}"
        for name in ("onnxruntime", "numpy", "soundfile", "soxr")
    )
    variants = " and ".join(f"`{one.variant}`" for one in who)
    voice = who[0].bundle.voice
    return (
        f"{voice.title} ({voice.name}), {variants}, spoken by their bundles with edge-voice "
        f"{__version__} on {platform.machine()} ({cpu()}), Python {platform.python_version()}, "
        f"{versions}."
    )


def cpu() -> str:
    names = [
        line.partition(": ")[2]
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return names[0] if names else "unknown"


def players(who: list[Contender], rows: list[Row]) -> str:
    sections = []
    for row in rows:
        pair = "".join(
            f'<figure><img src="{file}.png" alt="mel spectrogram of {one.variant}">'
            f'<audio controls preload="none" src="{file}.opus"></audio>'
            f"<figcaption>{one.variant}</figcaption></figure>"
            for one, file in zip(who, row.files, strict=True)
        )
        sections.append(
            f'<section><h2>{html.escape(row.text)}</h2>\n<div class="pair">{pair}</div></section>'
        )
    about = html.escape(made(who).replace("`", ""))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{html.escape(who[0].bundle.voice.title)}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>Float beside int8</h1>\n<p>{about}</p>\n"
        + "\n".join(sections)
        + "\n</body>\n</html>\n"
    )


def links(who: list[Contender], rows: list[Row]) -> str:
    first, second = (one.variant for one in who)
    table = "\n".join(
        f"| {row.text} | [{first}]({row.files[0]}.opus), [{second}]({row.files[1]}.opus) "
        f"| {'-' if row.distance_db is None else f'{row.distance_db:.1f}'} "
        f"| ![{first}]({row.files[0]}.png) | ![{second}]({row.files[1]}.png) |"
        for row in rows
    )
    top = who[0].bundle.manifest.rate // 2000
    return f"""# How does it sound?

{made(who)}
Float is `{first}`, int8 is `{second}`. [index.html](index.html), opened in a browser from a clone,
has players. The folder is made by `python -m tools.samples docs/samples FLOAT_BUNDLE INT8_BUNDLE`.

The sentences are the {SENTENCES} nearest to middle length of those that no build is calibrated
with; none was chosen by ear. Both sounds of a sentence are equally loud. Opus adds a noise of its
own: for a fair comparison `edge listen` makes [a blind test](../use/listening-test.md) with the
exact sounds.

The distance is that of their log-mel spectrograms in dB ({MELS} bands, before Opus), and "-" where
they are not equally long: where int8 gives one sound another length, all that follows is moved.
So it is in a distance far above the others, too: there a later sound takes the difference back.
The pictures have 0 to {top} kHz from below, on the mel scale, and 80 dB from the peak of the float
sound to black.

joe is not here: its training began from recordings whose terms may reach it
([README.md](../../README.md#voices-and-their-licences)), and what lies here is for everybody.

| Sentence | Sound | Distance, dB | Float | int8 |
|---|---|---|---|---|
{table}

The sounds may be used as the voice may, under Apache-2.0; its NOTICE is in
[models/en_US-heart.yaml](../../models/en_US-heart.yaml).
"""


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(place) for place in sys.argv[2:]])
