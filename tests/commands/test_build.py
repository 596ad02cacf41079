"""edge build: what it refuses before it begins."""

from __future__ import annotations

import pytest

from edge.cli import run


def test_one_variant_and_every_variant_cannot_both_be_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["build", "--only", "fp32", "--every"]) == 2
    assert "give --only VARIANT or --every, not both" in capsys.readouterr().err
