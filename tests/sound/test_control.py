"""Interruption, pause and volume as an ear has them: `edge serve` on a real sound server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edge.bundle import Bundle
from edge.client import Client
from edge.pcm import INT16_PEAK
from edge.protocol import Speak, SpeakFinished, Synthesize
from tests.helpers.daemon_under_test import ProcessDaemon
from tests.helpers.fakes import DEADLINE_S
from tests.sound.server import SoundServer

pytestmark = [
    pytest.mark.sound,
    pytest.mark.parametrize("sound_server", [22050], indirect=True),  # the voice's own rate
]

Pcm = npt.NDArray[np.int16]
STORY = "a bb ccc dddd eeeee ffffff ggggggg hhhhhhhh iiiiiiiii jjjjjjjjjj"
FIRE = "ccc bb a"
WORD, BLOCK = 3969, 441  # frames of the tone voice's beep and gap, and of 20 ms


@pytest.fixture
def path(sound_server: SoundServer, tone_bundle: Bundle, tmp_path: Path) -> Iterator[Path]:
    running = ProcessDaemon(tmp_path / "edge.sock", tone_bundle.path)
    yield running.path
    running.stop()


def made(client: Client, text: str) -> Pcm:
    chunks = [chunk.samples for chunk in client.synthesize(Synthesize(text))]
    return np.rint(np.concatenate(chunks) * INT16_PEAK).astype(np.int16)


def speaking(path: Path, request: Speak) -> threading.Thread:
    def speak() -> None:
        with Client(path) as client:
            assert isinstance(list(client.speak(request))[-1], SpeakFinished)

    thread = threading.Thread(target=speak, name="speaking")
    thread.start()
    return thread


def common(one: Pcm, other: Pcm) -> int:
    """How many samples the two begin with alike."""
    length = min(len(one), len(other))
    different = np.flatnonzero(one[:length] != other[:length])
    return int(different[0]) if len(different) else length


def starts_with_sound(samples: Pcm) -> Pcm:
    return samples[np.flatnonzero(samples)[0] :]


def test_urgent_speech_cuts_in_and_the_story_goes_on_from_its_word(
    sound_server: SoundServer, path: Path
) -> None:
    with sound_server.capture() as capture, Client(path) as client:
        story, fire = made(client, STORY), made(client, FIRE)
        telling = speaking(path, Speak(STORY))
        capture.wait_for_sound()
        capture.wait_for(capture.count + 3 * WORD)
        list(client.speak(Speak(FIRE, priority="urgent")))
        telling.join(DEADLINE_S)
        heard = capture.heard()
    story, fire = starts_with_sound(story), starts_with_sound(fire)
    cut = common(heard, story)
    assert WORD < cut < len(story) - WORD, "it cut into the middle of the story"
    # Behind a block that fades out.
    [begin] = [i for i in range(3 * BLOCK) if common(heard[cut + i :], fire) == len(fire)]
    rest = starts_with_sound(heard[cut + begin + len(fire) :])
    resumed = np.trim_zeros(story[cut // WORD * WORD :])
    np.testing.assert_array_equal(rest, resumed)


def test_pause_and_resume_lose_nothing_and_repeat_nothing(
    sound_server: SoundServer, path: Path
) -> None:
    with sound_server.capture() as capture, Client(path) as client:
        story = starts_with_sound(made(client, STORY))
        telling = speaking(path, Speak(STORY))
        capture.wait_for_sound()
        capture.wait_for(capture.count + 2 * WORD)
        client.pause()
        while client.status().device != "closed":
            time.sleep(0.01)  # between two looks, not instead of one
        capture.wait_for(capture.count + WORD)
        client.resume()
        telling.join(DEADLINE_S)
        heard = capture.heard()
    held = common(heard, story)
    assert WORD < held < len(story) - WORD
    before, after = story[:held], np.trim_zeros(heard[held:], "f")
    rest = np.trim_zeros(story[len(before) :])
    np.testing.assert_array_equal(after[: len(rest)], rest)
    assert len(heard) - len(np.trim_zeros(story)) > WORD, "there was a pause"


def test_a_new_volume_does_not_click(sound_server: SoundServer, path: Path) -> None:
    with sound_server.capture() as capture, Client(path) as client:
        story = starts_with_sound(made(client, STORY))
        telling = speaking(path, Speak(STORY))
        capture.wait_for_sound()
        for percent in (10, 100, 0, 60):
            capture.wait_for(capture.count + WORD)
            client.set_volume(percent)
        telling.join(DEADLINE_S)
        heard = capture.heard()
    places = np.flatnonzero(np.abs(story[: len(heard)]) > 2000)
    gain = heard[places] / story[places]
    step = np.abs(np.diff(gain)) / np.diff(places)
    assert {0, 10, 60, 100} <= {round(100 * g) for g in gain}, "every volume was heard"
    # At most its whole range in a block; a sample of 2000 rounds by 1/4000.
    assert step.max() <= 1 / BLOCK + 1 / 2000
