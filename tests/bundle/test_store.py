"""Installed bundles: found, counted, and gone back from by itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.bundle import Bundle, open_bundle
from edge.bundle.store import (
    CURRENT,
    MAX_BOOTS,
    MAX_STARTS,
    counted,
    find_bundles,
    linked,
    read_starts,
    roll_back,
    warnings,
)
from edge.errors import (
    BundleIncomplete,
    ModelFailed,
    NoBundle,
)
from tests.helpers.daemon_under_test import ROOT
from tests.helpers.fakes import DEADLINE_S
from tests.helpers.installing import add_notice, flip, found, put


def test_nothing_to_go_back_to(tmp_path: Path, tone_bundle: Bundle) -> None:
    put(tone_bundle.path, tmp_path)
    for voice in ("tone", "nobody"):
        with pytest.raises(NoBundle, match=f"no previous bundle of {voice}"):
            roll_back(tmp_path, voice)


def test_a_damaged_bundle_gives_way_to_the_previous_one(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    put(tone_bundle.path, tmp_path)
    broken = put(newer_tone.path, tmp_path)
    (broken.path / "profile.yaml").unlink()
    assert found(tmp_path).id == tone_bundle.id
    [warning] = warnings([found(tmp_path)])
    assert broken.path.name in warning and "profile.yaml is missing" in warning
    shutil.rmtree(broken.path)
    (found(tmp_path).path / "voice.yaml").unlink()  # and there is no way back to the broken one
    with pytest.raises(BundleIncomplete):
        found(tmp_path)
    put(newer_tone.path, tmp_path)
    assert warnings([found(tmp_path)]) == [] and found(tmp_path).id == newer_tone.id


def test_a_bundle_whose_loads_die_gives_way(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    put(tone_bundle.path, tmp_path)
    put(newer_tone.path, tmp_path)
    for start in range(MAX_STARTS):
        bundle = found(tmp_path)
        assert bundle.id == newer_tone.id, f"gave up after {start} starts"
        with pytest.raises(ModelFailed), counted(bundle):
            raise ModelFailed("it does not load", "")
    bundle = found(tmp_path)
    assert bundle.id == tone_bundle.id
    assert f"failed to load {MAX_STARTS} times" in warnings([bundle])[0]
    for _ in range(MAX_STARTS + 1):  # the one before that was good is not left for the bad one
        with pytest.raises(ModelFailed), counted(found(tmp_path)):
            raise ModelFailed("nor does this", "")
    assert found(tmp_path).id == tone_bundle.id


def test_a_board_that_is_switched_off_while_it_loads(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Says nothing of the bundle, until it was never anything else."""
    put(tone_bundle.path, tmp_path)
    put(newer_tone.path, tmp_path)

    def start(name: str) -> Bundle:
        monkeypatch.setattr("edge.bundle.store.boot_id", lambda: name)
        return found(tmp_path)

    def cut_off() -> None:
        for name in map(str, range(MAX_BOOTS)):
            assert start(name).id == newer_tone.id, f"gave up after {name} starts"
            for _ in range(MAX_STARTS - 1):
                with pytest.raises(KeyboardInterrupt), counted(found(tmp_path)):
                    raise KeyboardInterrupt

    cut_off()
    monkeypatch.setattr("edge.bundle.store.boot_id", lambda: str(MAX_BOOTS - 1))
    with counted(found(tmp_path)):
        pass
    cut_off()
    assert start("the last").id == tone_bundle.id
    assert f"failed to load {MAX_BOOTS} times" in warnings([found(tmp_path)])[0]


def test_a_process_that_dies_while_it_loads_is_counted(
    tmp_path: Path, tone_bundle: Bundle
) -> None:
    bundle = put(tone_bundle.path, tmp_path)
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom edge.bundle import open_bundle\n"
        "from edge.bundle.store import counted\n"
        "with counted(open_bundle(Path(sys.argv[1]), None)):\n    os.kill(os.getpid(), 9)\n"
    )
    for died in (1, 2):
        subprocess.run([sys.executable, "-c", code, bundle.path], cwd=ROOT, timeout=DEADLINE_S)
        assert read_starts(bundle.path.parent).begun == died


def test_a_current_bundle_that_is_gone_gives_way(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    put(tone_bundle.path, tmp_path)
    shutil.rmtree(put(newer_tone.path, tmp_path).path)
    assert found(tmp_path).id == tone_bundle.id
    assert warnings([found(tmp_path)])


def test_a_bundle_named_by_its_link_stays_the_same(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    home = put(tone_bundle.path, tmp_path).path.parent
    [bundle] = find_bundles([home / CURRENT], None, any_board=True)
    put(newer_tone.path, tmp_path)
    assert open_bundle(bundle.path, None).id == tone_bundle.id


def test_a_load_that_ends_well_is_not_held_against_it(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    put(tone_bundle.path, tmp_path)
    put(newer_tone.path, tmp_path)
    for _ in range(2 * MAX_STARTS):
        with pytest.raises(ModelFailed), counted(found(tmp_path)):
            raise ModelFailed("once in a while", "")
        with counted(found(tmp_path)):
            pass
    assert found(tmp_path).id == newer_tone.id
    assert read_starts(found(tmp_path).path.parent).begun == 0


def test_a_count_that_cannot_be_read_or_written_stops_nobody(
    tmp_path: Path, tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = put(tone_bundle.path, tmp_path).path.parent
    (home / "starts.json").unlink()
    (home / "starts.json").mkdir()  # neither is possible
    with counted(found(tmp_path)):
        pass


def test_no_way_back_to_a_damaged_one(
    tmp_path: Path, copied_bundle: Path, newer_tone: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    """A bundle that did not load three times is still better than one that is rotten."""
    root = tmp_path / "bundles"
    add_notice(copied_bundle)
    installed = put(copied_bundle, root)
    put(newer_tone.path, root)
    flip(installed.path / "NOTICE")
    for _ in range(MAX_STARTS):
        with pytest.raises(ModelFailed), counted(found(root)):
            raise ModelFailed("it does not load", "")
    assert found(root).id == newer_tone.id
    assert "no way back" in caplog.text and "NOTICE differs from its checksum" in caplog.text
    (found(root).path / "profile.yaml").unlink()
    with pytest.raises(BundleIncomplete, match=r"profile\.yaml"):
        found(root)
    assert linked(installed.path.parent, CURRENT) != installed.path
