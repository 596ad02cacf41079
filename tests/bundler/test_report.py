"""The report: what people read is pinned, hostile names stay text, the JSON loads again. 2 s.

The golden files are rewritten by `EDGE_REWRITE_GOLDEN=1 pytest tests/bundler/test_report.py`.
"""

from __future__ import annotations

import base64
import dataclasses
import io
import os
import re
import struct
import wave
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from edge import records
from edge.bundler.evaluate import quality
from edge.bundler.evaluate.quality import (
    BuildReport,
    ExportStep,
    Gate,
    Parity,
    Sensitivity,
    Skipped,
    StepCost,
    Variant,
)
from edge.bundler.report import charts, png, to_markdown, write
from edge.bundler.report.html import Clip, to_html
from edge.errors import BadRecord
from edge.pcm import Samples

GOLDEN = Path(__file__).parents[1] / "data/golden"
RATE = 16000

KNOWN_ATTRIBUTES = """
    alt aria-label class charset colspan content controls cx cy d dx height http-equiv lang name
    open points preload r role rx src style title text-anchor transform viewbox width x x1 x2 y y1
    y2
"""

FP32 = Variant(
    name="fp32",
    recipes={"encoder": "fp32", "decoder": "fp32"},
    verdict="packed",
    reason="The reference; packed in case the board finds it faster.",
    bytes=63_100_000,
    cpu_ratio=1.0,
    rtf=0.075,
    log_mel_db=0.0,
    dnsmos_ovrl=3.282,
    word_error_rate=0.01,
    duration_change=0.0,
)
INT8 = Variant(
    name="int8-partly",
    recipes={"encoder": "int8 MatMul", "decoder": "int8 flow"},
    verdict="chosen",
    reason="The fastest that keeps every gate.",
    bytes=20_000_000,
    cpu_ratio=0.664,
    rtf=0.0498,
    first_audio_ms=23.6,
    peak_rss_bytes=200 << 20,
    log_mel_db=1.4,
    dnsmos_ovrl=3.263,
    word_error_rate=0.0149,
    duration_change=-0.0041,
)
HISS = Variant(
    name="int8-all",
    recipes={"encoder": "int8 MatMul", "decoder": "int8 all", "vocoder": "none"},
    verdict="refused",
    reason="Log-mel distance 10.70 dB is above the limit of 2.00 dB.",
    bytes=19_600_000,
    cpu_ratio=0.45,
    rtf=0.034,
    log_mel_db=10.7,
    dnsmos_ovrl=3.034,
)
REPORT = BuildReport(
    format=2,
    voice="en_US-made-up",
    profile="rpi5",
    language="en",
    machine="a test bench, 1 thread",
    created="2026-01-02T03:04:05Z",
    versions={"onnxruntime": "1.99.0", "numpy": "2.0.0"},
    sentences=40,
    seconds=119.6,
    reference="fp32",
    gates=(Gate("log_mel_db", "at most", 2.0), Gate("dnsmos_ovrl", "at least", 3.232)),
    variants=(FP32, INT8, HISS),
    sensitivity=tuple(Sensitivity(f"dec.layer{i}", 0.9**i) for i in range(23)),
    parity=(Parity("encoder", 3.1e-7, 1.9e-6),),
    export=(ExportStep("encoder", "fuse", "12 LayerNormalization | 6 QKV"),),
    skipped=(
        Skipped(
            "int8-encoder",
            {"encoder": "int8-dynamic", "decoder": "fp32"},
            "Not made: int8-partly comes before it in the profile's order and runs wherever it "
            "does.",
        ),
    ),
    every="edge build en_US-made-up --profile rpi5 --every",
    steps=(StepCost("export", 2.4, 3.1), StepCost("compare int8-partly", 17.66, 21.0)),
)


def tone(seed: int, seconds: float = 0.5) -> Samples:
    draws = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (0.1 * draws).astype(np.float32)


class Page(HTMLParser):
    """The tags of a page with their attributes, and the text outside of tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "wbr", "i"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag != "i":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def attributes(self, *names: str) -> list[str]:
        return [value or "" for _, a in self.tags for name, value in a.items() if name in names]


@pytest.mark.parametrize("kind", ["md", "html"])
def test_the_pages_are_as_pinned(kind: str) -> None:
    text = to_markdown(REPORT) if kind == "md" else to_html(REPORT, [])
    # The style sheet is a file of its own; pinning it again would only make it hard to improve.
    text = re.sub("<style>.*</style>", "<style></style>", text, flags=re.DOTALL)
    path = GOLDEN / f"report.{kind}"
    if os.environ.get("EDGE_REWRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_asks_nothing_of_a_network() -> None:
    fp32 = tone(1)
    clips = [Clip("One.", RATE, {"fp32": fp32, "int8-partly": tone(2), "int8-all": fp32[:-99]})]
    html = to_html(REPORT, clips)
    page = Page(html)
    assert page.open == []
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in page.tags}
    sources = page.attributes("src", "href", "srcset", "poster", "action")
    assert len(sources) == 3 + 3 + 1  # sounds, spectrograms, one difference
    assert all(source.startswith("data:") for source in sources)
    assert "://" not in html
    assert not re.search(r"url\(|@import", html)
    assert "default-src 'none'" in html
    assert "1.2% shorter than the reference" in "".join(page.words)


def test_the_sounds_in_the_page_are_the_sounds() -> None:
    sound = tone(3)
    page = Page(to_html(REPORT, [Clip("One.", RATE, {"fp32": sound})]))
    (uri,) = [source for source in page.attributes("src") if source.startswith("data:audio/wav")]
    with wave.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as file:
        assert (file.getframerate(), file.getnchannels()) == (RATE, 1)
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    np.testing.assert_allclose(heard / 32767, sound, atol=1 / 32767)


def test_hostile_names_stay_text() -> None:
    evil = "<script>alert('1')</script>\"|`*_[x](y)\n# head & <b>"
    hostile = dataclasses.replace(
        REPORT,
        voice=evil,
        profile=evil,
        machine=evil,
        language=evil,
        created=evil,
        reference=evil,
        versions={evil: evil},
        variants=(
            dataclasses.replace(FP32, name=evil, reason=evil, recipes={evil: evil}),
            INT8,
        ),
        sensitivity=(Sensitivity(evil, 1.0),),
        parity=(Parity(evil, 0.0, 0.0),),
        export=(ExportStep(evil, evil, evil),),
        skipped=(Skipped(evil + evil, {evil: evil}, evil),),
        every=evil,
        steps=(StepCost(evil, 1.0, 1.0),),
    )
    page = Page(to_html(hostile, [Clip(evil, RATE, {evil: tone(4)})]))
    assert page.open == []
    assert "script" not in {tag for tag, _ in page.tags}
    assert "b" not in {tag for tag, _ in page.tags}
    assert evil in page.words  # as text, whole
    assert {name for _, a in page.tags for name in a} <= set(KNOWN_ATTRIBUTES.split())

    markdown = to_markdown(hostile)
    assert "<" not in markdown
    assert "\n# head" not in markdown
    # Each row of a table has as many cells as its heading: no name broke out of its cell.
    for table in re.findall(r"(?:^\|.*\n)+", markdown, flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table


def test_the_json_loads_again_strictly(tmp_path: Path) -> None:
    write(REPORT, [], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
    ]
    assert records.load_json(tmp_path / "report.json", BuildReport) == REPORT
    text = (tmp_path / "report.json").read_text(encoding="utf-8")
    with pytest.raises(BadRecord, match=r"variants\[1\]\.verdict: expected one of chosen"):
        records.parse_json(text.replace('"chosen"', '"best"'), BuildReport, "report.json")
    with pytest.raises(BadRecord, match="format 1 is not 2"):
        records.parse_json(text.replace('"format": 2', '"format": 1'), BuildReport, "r")
    with pytest.raises(BadRecord, match="variants of one name: fp32, int8-all, int8-partly, int"):
        records.parse_json(text.replace('"int8-encoder"', '"int8-partly"'), BuildReport, "r")
    with pytest.raises(BadRecord, match="more than one variant is chosen"):
        records.parse_json(text.replace('"packed"', '"chosen"'), BuildReport, "r")
    with pytest.raises(BadRecord, match="no measure 'beauty'"):
        records.parse_json(text.replace('"log_mel_db",', '"beauty",'), BuildReport, "r")


def test_a_report_without_a_winner_says_so() -> None:
    lost = dataclasses.replace(REPORT, variants=(dataclasses.replace(FP32, verdict="refused"),))
    assert "**No variant was chosen.**" in to_markdown(lost)
    assert "No variant was chosen" in to_html(lost, [])


def test_a_clip_without_the_reference_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'One\.' holds int8-partly"):
        to_html(REPORT, [Clip("One.", RATE, {"int8-partly": tone(1)})])


def test_gates_judge_unscaled_values() -> None:
    gate = Gate("word_error_rate", "at most", 0.0149)
    assert gate.holds(INT8) is True
    assert gate.holds(dataclasses.replace(INT8, word_error_rate=0.015)) is False
    assert gate.holds(HISS) is None  # not measured is not passed
    assert Gate("dnsmos_ovrl", "at least", 3.263).holds(INT8) is True


def test_every_number_of_a_variant_can_be_shown() -> None:
    words = {"name", "recipes", "verdict", "reason"}
    assert {f.name for f in dataclasses.fields(Variant)} - words == {
        measure.key for measure in quality.MEASURES
    }


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [("snr_db", -0.04, "0.0"), ("snr_db", -3.21, "−3.2"), ("bytes", 20_049_999, "20.0")],
)
def test_numbers_as_people_read_them(key: str, value: float, text: str) -> None:
    (measure,) = [m for m in quality.MEASURES if m.key == key]
    assert quality.shown(measure, value) == text
    assert quality.shown(measure, None) == "–"


def test_scatter_labels_never_cover_each_other_and_equal_values_are_drawn() -> None:
    same = tuple(dataclasses.replace(FP32, name=f"v{i}") for i in range(12))
    crowd = dataclasses.replace(REPORT, reference="v0", variants=same)
    (measure,) = [m for m in quality.MEASURES if m.key == "dnsmos_ovrl"]
    svg = charts.scatter(crowd, measure)
    heights = sorted(float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)">v', svg))
    assert len(heights) == 12
    assert np.diff(heights).min() >= 16
    assert 0 < heights[0] < heights[-1] < 400


def test_a_png_holds_the_pixels_it_was_given() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    palette = np.random.default_rng(0).integers(0, 256, (256, 3)).astype(np.uint8)
    data = png.encode(pixels, palette)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    blocks, place = {}, 8
    while place < len(data):
        (size,) = struct.unpack(">I", data[place : place + 4])
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        (crc,) = struct.unpack(">I", data[place + 8 + size : place + 12 + size])
        assert crc == zlib.crc32(kind + body)
        blocks[kind] = body
        place += 12 + size
    assert list(blocks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", blocks[b"IHDR"]) == (4, 3, 8, 3, 0, 0, 0)
    rows = np.frombuffer(zlib.decompress(blocks[b"IDAT"]), np.uint8).reshape(3, 5)
    np.testing.assert_array_equal(rows[:, 1:], pixels)
    assert blocks[b"PLTE"] == palette.tobytes()
