"""Every figure has its dated note, every note its question, and every plot its raw data."""

from __future__ import annotations

import datetime
import json

import pytest

from tests.helpers.pages import DOCS, LINK, README, pages, prose, table
from tools import plots

MEASUREMENTS = DOCS / "measurements"


def test_every_note_is_dated_and_every_raw_data_belongs_to_one() -> None:
    """A note is DATE-question.md; its raw data lie beside it under the same name."""
    notes = {note.stem for note in MEASUREMENTS.glob("*.md")} - {"performance"}
    for note in notes:
        datetime.date.fromisoformat(note[:10])
        first = (MEASUREMENTS / f"{note}.md").read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# ") and first.endswith("?"), f"{note} asks no question"
    for kept in MEASUREMENTS.glob("*.json"):
        assert kept.stem in notes, f"{kept.name} belongs to no note"
        assert f"({kept.name})" in (MEASUREMENTS / f"{kept.stem}.md").read_text(encoding="utf-8")
        data = json.loads(kept.read_text(encoding="utf-8"))
        assert data["date"] == kept.name[:10]
        for run in data.get("runs", {"": data}).values():
            assert all(run[key] for key in ("machine", "versions", "command")), kept.name


def test_every_note_can_be_reached_from_a_page() -> None:
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in pages()
        for target in LINK.findall(prose(page))
    }
    for note in MEASUREMENTS.iterdir():
        assert note.name == "performance.md" or note in linked, f"no page links to {note.name}"


@pytest.mark.parametrize("name", plots.PLOTS)
def test_a_plot_is_what_the_tool_draws_of_the_raw_data(name: str) -> None:
    drawn = (MEASUREMENTS / name).read_text(encoding="utf-8")
    assert drawn == plots.draw(name), "draw it again: python -m tools.plots"


def test_no_plot_is_left_over() -> None:
    assert {picture.name for picture in MEASUREMENTS.glob("*.svg")} == set(plots.PLOTS)


def test_the_table_of_the_readme_is_that_of_the_raw_data() -> None:
    kept = MEASUREMENTS / plots.PLOTS["work.svg"][0]
    data = json.loads(kept.read_text(encoding="utf-8"))
    peaks = {one["engine"]: one["peak_bytes"] for one in data["loaded"] if one["threads"] == 1}
    medium = {
        row["engine"]: row
        for row in data["rows"]
        if row["threads"] == 1 and row["text"] == "medium"
    }
    rows = table(README, "Engine")
    assert rows
    for engine, first, rtf, peak in rows:
        name = engine.removeprefix("Edge Voice, ").split()[0]
        assert first == f"{1000 * medium[name]['first_cpu_s']['median']:.0f} ms", engine
        assert rtf == f"{medium[name]['rtf_cpu']['median']:.3f}", engine
        assert peak == f"{peaks[name] / 2**20:.0f} MiB", engine
