"""Bundles that earlier versions wrote are kept in tests/data/bundles; none is ever changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import synth
from edge.bundle import FORMAT, open_bundle
from edge.synth import Style

KEPT = sorted((Path(__file__).parents[1] / "data/bundles").iterdir())


def format_of(folder: Path) -> int:
    return int(folder.name.split("--")[0].removeprefix("format-"))


def test_every_format_is_kept() -> None:
    assert {format_of(folder) for folder in KEPT} == set(range(1, FORMAT + 1))


@pytest.mark.parametrize("folder", KEPT, ids=lambda folder: folder.name)
def test_it_speaks(folder: Path) -> None:
    bundle = open_bundle(folder, machine=None)
    synthesizer = synth.load(bundle, synth.choose(bundle).name)
    [segment] = synthesizer.plan("Hello.", Style())
    assert sum(len(chunk.samples) for chunk in synthesizer.speak(segment)) > 0
