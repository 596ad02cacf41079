"""`edge doctor`: what it finds, and what it asks of a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.commands.doctor import probe
from edge.commands.doctor.probe import ProbeDied, ask
from edge.errors import EdgeError
from tests.helpers.command_line import edge
from tests.helpers.daemon_under_test import ThreadDaemon


def test_doctor_names_what_is_wrong(daemon: ThreadDaemon, tmp_path: Path) -> None:
    done = edge("doctor", "--json", "--socket", daemon.path, "--bundle", tmp_path)
    findings = {f["subject"]: f for f in json.loads(done.stdout)}
    assert done.returncode == 1
    assert findings["daemon"]["verdict"] == "ok"
    assert findings["bundle"]["verdict"] == "fail"
    assert findings["bundle"]["remedy"] == "Build one: edge build"
    assert all(f["remedy"] for f in findings.values() if f["verdict"] != "ok")


def test_an_answer_comes_back_as_it_was() -> None:
    version, providers = ask(probe.onnxruntime)
    assert version and "CPUExecutionProvider" in providers
    assert ask(probe.modules, "edge.synth.tone") is None
    assert isinstance(ask(probe.sound), list)


def test_an_error_comes_back_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="is not a bundle") as raised:
        ask(probe.provider, str(tmp_path))
    assert raised.value.remedy


def test_a_child_that_dies_leaves_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProbeDied, match="No module named") as raised:
        ask(probe.modules, "morse")
    assert raised.value.status == 1
    monkeypatch.setattr(probe, "TIMEOUT_S", 0.01)
    with pytest.raises(ProbeDied, match="no answer within"):
        ask(probe.speed)


def test_a_bundle_that_loads(tone_bundle: Bundle) -> None:
    _, preferred = ask(probe.provider, str(tone_bundle.path))
    assert preferred == "CPUExecutionProvider"
