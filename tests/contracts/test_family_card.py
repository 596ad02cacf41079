"""A family is its card and two modules: all of FAMILIES, and a toy that is nowhere else. 10 s."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import wave
from pathlib import Path

import pytest

from edge.bundler.export import exporter
from edge.families import FAMILIES
from tests.helpers.command_line import ROOT, edge

CARD = """
from edge.families import FAMILIES, Family
FAMILIES["toy"] = Family("toy", needs=frozenset({"seed"}), run="toy_run", make="toy_make",
                         imports=("toy_run",))
"""
RUN = """
from edge.synth.tone import ToneSynthesizer
def load(bundle, variant, cost):
    return ToneSynthesizer(variant)
def speakers(bundle):
    return ("ann", "bob")
"""
MAKE = """
from edge.bundler.export.record import Exported
from edge.bundle import Variant
def export(files, folder, log):
    assert files["seed"].read_text() == "7"
    return Exported(rate=22_050, variants=(Variant("toy", {}),))
"""
VOICE = """
name: toy
title: A toy
family: toy
language: en_US
licence: {name: MIT, statement: s, attribution: a, seller_note: n}
files:
  seed: {path: seed.txt}
"""


@pytest.mark.parametrize("name", FAMILIES)
def test_a_card_keeps_its_word(name: str) -> None:
    family = FAMILIES[name]
    assert family.name == name and not family.needs & family.may
    module = importlib.import_module(family.run_module)
    assert callable(module.load)
    for function in ("enroll", "check_print"):
        assert hasattr(module, function) == bool(family.clip_s), function
    assert callable(exporter(name))
    for module in family.imports:
        assert importlib.util.find_spec(module.split(".")[0])
    extras = re.findall(r"^([a-z0-9-]+) = \[", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert not family.extra or family.extra in extras


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python imports sitecustomize at every start, so each process has the toy's card."""
    folder = tmp_path_factory.mktemp("toy")
    texts = {"sitecustomize.py": CARD, "toy_run.py": RUN, "toy_make.py": MAKE}
    for name, text in (texts | {"toy.yaml": VOICE, "seed.txt": "7"}).items():
        (folder / name).write_text(text)
    done = edge("build", folder / "toy.yaml", "--out", folder / "bundle", PYTHONPATH=str(folder))
    assert done.returncode == 0, done.stderr.decode()
    return folder


def test_a_new_family_speaks(toy: Path) -> None:
    wav = toy / "hello.wav"
    said = ("say", "--local", "--bundle", toy / "bundle", "--out", wav, "Hello there.")
    done = edge(*said, PYTHONPATH=str(toy))
    assert done.returncode == 0, done.stderr.decode()
    with wave.open(str(wav)) as sound:
        assert sound.getnframes() > 0


def test_a_new_family_is_measured(toy: Path) -> None:
    asked = ("bench", "--bundle", toy / "bundle", "--rounds", "1", "--json")
    report = json.loads(edge(*asked, PYTHONPATH=str(toy)).stdout)
    assert report["rows"] and report["failures"] == {}


def test_doctor_looks_at_a_new_family(toy: Path) -> None:
    done = edge("doctor", "--bundle", toy / "bundle", "--json", PYTHONPATH=str(toy))
    findings = {finding["subject"]: finding for finding in json.loads(done.stdout)}
    assert findings["family"]["message"] == "toy can run here"
    assert findings["bundle"]["verdict"] == "ok"
