"""The synthesis thread where memory ends while it hands sound on."""

from __future__ import annotations

import pytest

from edge.bundle import Bundle
from edge.sound.playback import Player
from tests.helpers.counting_voice import Stage


def test_without_memory_for_a_chunk_one_utterance_fails_and_the_next_is_spoken(
    tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, refused = Player.put, iter([MemoryError])

    def starved(player: Player, *arguments: object, **others: object) -> None:
        if (failure := next(refused, None)) is not None:
            raise failure
        put(player, *arguments, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(Player, "put", starved)
    with Stage(tone_bundle) as stage:
        stage.card.give_room()
        stage.say(1, words=3)
        stage.say(2, words=3)
        stage.wait_for_ends(2)
    assert stage.ends() == [("1", "Failed"), ("2", "Finished")]
