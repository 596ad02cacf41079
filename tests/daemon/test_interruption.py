"""Urgent speech cuts in, and what it interrupts goes on: to the sample, under any interleaving."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.bundle import Bundle
from edge.daemon.events import Cancelled
from edge.sound.events import Finished, Started, WordHeard
from tests.helpers.counting_voice import RATE, WORD_FRAMES, CountingVoice, Stage
from tests.helpers.fakes import FakeSink


@pytest.mark.parametrize("chunk_frames", [100, 500, 700, 100_000])
@pytest.mark.parametrize("blocks", [1, 2, 5, 7])
def test_the_interrupted_goes_on_from_its_last_word(
    tone_bundle: Bundle, blocks: int, chunk_frames: int
) -> None:
    with Stage(tone_bundle, CountingVoice(chunk_frames)) as stage:
        stage.say(1, words=8)
        stage.card.play(blocks)
        stage.cut_in(2, words=3)
        stage.card.give_room()
        stage.wait_for_ends(2)
        before, urgent, after = stage.heard()
    cut = before[2]
    assert before == (1, 0, cut) and cut > 0
    assert urgent == (2, 0, 3 * WORD_FRAMES)
    assert after == (1, (cut - 1) // WORD_FRAMES * WORD_FRAMES, 8 * WORD_FRAMES)
    assert stage.ends() == [("2", "Finished"), ("1", "Finished")]
    assert [e.id for e in stage.events if isinstance(e, Started)] == ["1", "2"]
    seconds = [e.seconds for e in stage.events if isinstance(e, Finished)]
    assert seconds == pytest.approx([3 * WORD_FRAMES / RATE, 8 * WORD_FRAMES / RATE])


def test_its_word_is_told_again(tone_bundle: Bundle) -> None:
    with Stage(tone_bundle, CountingVoice(700)) as stage:
        stage.say(1, words=4, tell_words=True)
        stage.card.play(3)
        stage.cut_in(2)
        stage.card.give_room()
        stage.wait_for_ends(2)
    told = [event.text_start for event in stage.events if isinstance(event, WordHeard)]
    assert told in ([0, 1, 2, 2, 3], [0, 1, 2, 3, 3]), "the word that comes again, and no other"


def test_a_long_text_goes_on_from_its_sentence(tone_bundle: Bundle) -> None:
    sentence = " ".join(["b" * 120] * 3)
    text = f"a {sentence}. {sentence}. {sentence}"  # over 600 characters: its words are not found
    with Stage(tone_bundle) as stage:
        stage.say(1, text=text)
        stage.card.play(6)
        stage.cut_in(2, words=3)
        stage.card.give_room()
        stage.wait_for_ends(2)
        before, _, after = stage.heard()
    assert before[2] > 4 * WORD_FRAMES, "the test must cut into the second sentence"
    assert after == (1, 4 * WORD_FRAMES, 10 * WORD_FRAMES)


def test_urgent_speech_waits_for_urgent_speech(tone_bundle: Bundle) -> None:
    with Stage(tone_bundle) as stage:
        stage.say(1, priority="urgent")
        stage.card.play(3)
        stage.card.wait_until_held()
        stage.say(2, priority="urgent")
        stage.say(3)
        stage.card.give_room()
        stage.wait_for_ends(3)
        assert [number for number, _, _ in stage.heard()] == [1, 2, 3]


def test_background_waits_for_silence(tone_bundle: Bundle) -> None:
    with Stage(tone_bundle) as stage:
        stage.say(1, priority="background")
        stage.card.play(1)
        stage.say(2, priority="background")
        stage.say(3)
        stage.card.give_room()
        stage.wait_for_ends(3)
        assert [number for number, _, _ in stage.heard()] == [1, 3, 2]


def test_what_cut_in_can_be_stopped_and_nothing_is_missing(tone_bundle: Bundle) -> None:
    with Stage(tone_bundle) as stage:
        stage.say(1)
        stage.card.play(3)
        stage.cut_in(2, words=30)
        stage.card.play(3)
        stage.card.wait_until_held()
        assert stage.synthesis.cancel(None, "2") == ["2"]
        # Here, before the stage closes: closing silences the device too.
        assert not stage.card.aborts, "the device still held the interrupted one's words"
        stage.card.give_room()
        stage.wait_for_ends(2)
        before, urgent, after = stage.heard()
    assert urgent[:2] == (2, 0) and urgent[2] < 30 * WORD_FRAMES
    assert after == (1, (before[2] - 1) // WORD_FRAMES * WORD_FRAMES, 8 * WORD_FRAMES)


def test_the_interrupted_can_be_stopped(tone_bundle: Bundle) -> None:
    with Stage(tone_bundle) as stage:
        stage.say(1)
        stage.card.play(3)
        stage.cut_in(2, words=30)
        stage.card.play(2)
        stage.synthesis.cancel(None, "1")
        stage.say(3)
        stage.card.give_room()
        stage.wait_for_ends(3)
        assert [number for number, _, _ in stage.heard()] == [1, 2, 3]
    assert stage.ends() == [("1", "Cancelled"), ("2", "Finished"), ("3", "Finished")]


def test_pause_and_resume_are_exact_to_the_sample(tone_bundle: Bundle) -> None:
    with Stage(tone_bundle) as stage:
        stage.say(1, words=20)
        for _ in range(3):
            stage.card.play(3)
            stage.card.wait_until_held()
            stage.player.pause(True)
            stage.card.play(2)  # the block that was held, and a silent one
            stage.player.pause(False)
        stage.card.give_room()
        stage.wait_for_ends(1)
        assert stage.heard() == [(1, 0, 20 * WORD_FRAMES)]
        assert stage.player.gaps == 0, "a pause is no gap"


def test_the_device_is_let_go_while_paused_and_urgent_speech_sounds(tone_bundle: Bundle) -> None:
    with Stage(tone_bundle) as stage:
        stage.say(1)
        stage.card.play(3)
        stage.card.wait_until_held()
        stage.player.pause(True)
        stage.card.give_room()
        stage.say(2, words=3, priority="urgent")
        stage.wait_for_ends(1)
        stage.wait_until(lambda: stage.player.device == "closed")
        assert [number for number, _, _ in stage.heard()] == [1, 2]
        stage.player.pause(False)
        stage.wait_for_ends(2)
        before, _, after = stage.heard()
    assert after == (1, (before[2] - 1) // WORD_FRAMES * WORD_FRAMES, 8 * WORD_FRAMES)
    assert len(stage.card.rates) > 1, "opened anew"


def test_a_pause_while_the_device_opens_is_before_the_start(tone_bundle: Bundle) -> None:
    with Stage(tone_bundle) as stage:

        def open_and_pause(rate: int) -> FakeSink:
            stage.player.pause(len(stage.card.rates) == 0)
            return stage.card.open(rate)

        stage.player._open_sink = open_and_pause
        stage.card.give_room()
        stage.say(1)
        stage.wait_until(lambda: stage.player.paused and stage.player.device == "closed")
        assert not stage.events and not stage.heard()
        stage.player.pause(False)
        stage.wait_for_ends(1)
        assert stage.heard() == [(1, 0, 8 * WORD_FRAMES)]
    assert [type(event) for event in stage.events] == [Started, Finished]


# Dropped before they begin


def test_what_is_stale_is_dropped_in_the_queue_and_in_the_buffer(tone_bundle: Bundle) -> None:
    with Stage(tone_bundle) as stage:
        stage.say(1, words=30)
        stage.card.play(1)
        stage.say(2, expires=5.0)  # made ahead, and not begun
        stage.say(3, words=400)
        stage.say(4, expires=5.0)  # still in the queue
        stage.say(5)
        stage.now = 6.0
        stage.synthesis.nudge()
        stage.wait_for(Cancelled("2", "expired"), Cancelled("4", "expired"))
        stage.card.give_room()
        stage.wait_for_ends(5)
        assert [number for number, _, _ in stage.heard()] == [1, 3, 5]


def test_what_has_begun_does_not_expire(tone_bundle: Bundle) -> None:
    with Stage(tone_bundle) as stage:
        stage.say(1, expires=5.0)
        stage.card.play(1)
        stage.now = 6.0
        stage.synthesis.nudge()
        stage.say(2, expires=7.0)
        stage.card.give_room()
        stage.wait_for_ends(2)
    assert stage.ends() == [("1", "Finished"), ("2", "Finished")]


def test_a_newer_one_of_its_key_replaces_what_has_not_begun(tone_bundle: Bundle) -> None:
    with Stage(tone_bundle) as stage:
        stage.say(1, words=30, key="clock")
        stage.card.play(1)
        for number in (2, 3, 4):
            stage.say(number, key="clock")
        stage.wait_for(Cancelled("2", "replaced"), Cancelled("3", "replaced"))
        stage.card.give_room()
        stage.wait_for_ends(4)
        assert [number for number, _, _ in stage.heard()] == [1, 4]


# Any interleaving

steps = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(["normal", "normal", "urgent", "background"])),
    st.tuples(st.just("play"), st.integers(1, 12)),
    st.tuples(st.just("stop"), st.integers(1, 10)),
    st.tuples(st.just("pause"), st.booleans()),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=25), st.sampled_from([90, 441, 700, 5000]))
def test_nothing_is_lost_or_said_twice(
    tone_bundle: Bundle, script: list[tuple[str, object]], chunk_frames: int
) -> None:
    words, kinds = 9, {}
    with Stage(tone_bundle, CountingVoice(chunk_frames)) as stage:
        said = 0
        for kind, value in script:
            if kind == "say":
                said += 1
                kinds[said] = value
                stage.say(said, words, priority=value)  # type: ignore[arg-type]
            elif kind == "play":
                stage.card.give_room(value)  # type: ignore[arg-type]
                with stage.card.changed:  # as far as it gets: there may be nothing to play
                    stage.card.changed.wait_for(lambda: stage.card.room == 0, 0.01)
            elif kind == "stop":
                stage.synthesis.cancel(None, str(value))
            else:
                stage.player.pause(bool(value))
        stage.player.pause(False)
        stage.card.give_room()
        stage.wait_for_ends(said)
        ends, heard = dict(stage.ends()), stage.heard()
        assert len(stage.ends()) == len(ends) == said
        assert "Failed" not in ends.values()
    urgent = {number for number in kinds if kinds[number] == "urgent"}
    place: dict[int, int] = {}
    cut: set[int] = set()
    for number, first, last in heard:
        begun = place.get(number, 0)
        again = (begun - 1) // WORD_FRAMES * WORD_FRAMES
        assert first == begun or (number in cut and first == again), (number, heard)
        assert number not in urgent or first == 0, "urgent speech was cut"
        place[number] = last
        cut = (cut | set(place)) - {number} if number in urgent else cut - {number}
    for number in range(1, said + 1):
        if ends[str(number)] == "Finished":
            assert place[number] == words * WORD_FRAMES
    for kind in kinds.values():
        begun = [number for number in place if kinds[number] == kind]
        assert begun == sorted(begun), "not first in, first out"
