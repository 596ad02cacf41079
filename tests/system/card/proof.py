"""A card's image on an emulated Raspberry Pi 3: it boots, speaks, obeys its file, outlives cuts.

    EDGE_CARD=build/images/edge-voice-0.1.0-rpi3.img.xz python -m pytest tests/system/card/proof.py

EDGE_CUTS says how often the plug is pulled while the board works, ten times if left out.
EDGE_WHISPER is the folder that keeps the recogniser, ~/.cache/edge-voice if left out.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
from pathlib import Path

import pytest

from tests.system.card.machine import CARD_BYTES, SECTOR, Boot, Card
from tests.system.listening import heard, transcribed, words

IMAGE = Path(os.environ["EDGE_CARD"])
CUTS = int(os.environ.get("EDGE_CUTS", "10"))
WHISPER = Path(os.environ.get("EDGE_WHISPER", Path.home() / ".cache/edge-voice"))
SAID = "Edge Voice has said it"
STARTED = "Edge Voice says:"
SETTINGS = b"\xef\xbb\xbfhostname: kitchen\r\nvolume: 90\r\nvoice: en_US-nobody\r\n"


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Card:
    card = Card(IMAGE, tmp_path_factory.mktemp("card") / "here")
    card.write("edge-voice.yaml", SETTINGS)
    return card


@pytest.fixture(scope="module")
def first(card: Card) -> Boot:
    return card.boot(SAID)


def test_it_is_a_pi_and_its_root_is_the_read_only_partition(first: Boot) -> None:
    assert "Machine model: Raspberry Pi 3 Model B" in first.console
    assert "squashfs" in first.console
    assert STARTED in first.console


def test_it_says_that_it_is_ready_and_that_a_setting_is_wrong(first: Boot) -> None:
    said = " ".join(transcribed(part, WHISPER) for part in heard(first.sound))
    assert {"is", "ready", "mistake"} <= set(words(said))  # of the name it makes what it likes


def test_the_mistake_lies_beside_the_file_and_the_rest_is_in_force(
    card: Card, first: Boot
) -> None:
    [line] = [row for row in card.read("edge-voice-errors.txt").split(b"\r\n") if row[:1] == b"*"]
    assert line == b"* voice 'en_US-nobody' is not on this card; there are: en_US-heart"
    config = of_state(card, "/etc/config.yaml")
    assert '"volume": 90' in config and "nobody" not in config


def test_the_state_has_grown_to_the_card(card: Card, first: Boot) -> None:
    last = card.partitions()[-1]
    assert CARD_BYTES - (last["start"] + last["size"]) * SECTOR < 1 << 20
    part = card.partition(3)
    found = subprocess.run(["dumpe2fs", "-h", part], check=True, capture_output=True, text=True)
    count, size = (
        int(re.search(rf"^Block {what}: +(\d+)$", found.stdout, re.MULTILINE)[1])  # type: ignore[index]
        for what in ("count", "size")
    )
    assert count * size > 0.95 * last["size"] * SECTOR


@pytest.mark.parametrize("number", range(CUTS))
def test_a_power_cut_leaves_a_card_that_speaks(card: Card, first: Boot, number: int) -> None:
    card.boot(random.Random(number).choice(["edge-state", STARTED]), then_s=number)
    mended = subprocess.run(["e2fsck", "-fp", card.partition(3)], capture_output=True, text=True)
    assert mended.returncode in (0, 1), mended.stdout
    if number == CUTS - 1:
        again = card.boot(SAID)
        assert heard(again.sound)


def of_state(card: Card, name: str) -> str:
    part = card.partition(3)
    subprocess.run(["e2fsck", "-fp", part], check=False, capture_output=True)
    command = ["debugfs", "-R", f"cat {name}", part]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
