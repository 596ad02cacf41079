"""Home Assistant itself adds the app, lists its voices and streams a text from them; as root.

`sudo make test-home-assistant` makes a tree with Home Assistant in it, and runs this in a network
of its own, which leads nowhere. The app is what its container runs, with real heart; a stand-in
takes its discovery for the Supervisor, and hands it to Home Assistant.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edge.bundle import Bundle
from edge.client import Client
from edge.pcm import Samples, to_int16
from edge.protocol import Synthesize
from tests.helpers.fakes import DEADLINE_S
from tests.helpers.home_assistant_app import App, running_app

TREE = Path(os.environ["EDGE_HOME_ASSISTANT"])
INSIDE = Path("tmp/proof")
"""Where this test's files are in the tree; tmp/ is a file system in memory, gone with the run."""
TEXT = "The kettle is on, and tea comes in five minutes."
FIRST, REST = "The kettle is on. Tea comes ", ["in five ", "minutes. Then there ", "is cake."]
SECONDS = (1.5, 6.0)
"""Length of TEXT in a voice that speaks; heart needs 2.8 s."""


class Home:
    """Home Assistant in its tree, which does what it is asked by home.py."""

    def __init__(self) -> None:
        folder = TREE / INSIDE
        (folder / "config").mkdir(parents=True)
        shutil.copy(Path(__file__).with_name("home.py"), folder)
        self.folder = folder / "config"
        (TREE / "etc/hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
        ours, theirs = os.pipe()
        self.log = (folder / "log").open("w+")
        command = ["chroot", TREE, "/ha/bin/python", f"/{INSIDE}/home.py", f"/{INSIDE}/config"]
        self.process = subprocess.Popen(
            [*command, str(theirs)],
            stdin=subprocess.PIPE,
            stdout=self.log,
            stderr=self.log,
            text=True,
            pass_fds=[theirs],
        )
        os.close(theirs)
        self._answers = os.fdopen(ours)
        self.version = self._answer()["version"]

    def _answer(self) -> Any:
        line = self._answers.readline()
        assert line, f"Home Assistant ended:\n{self.said()}"
        return json.loads(line)

    def ask(self, name: str, **request: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": name, **request}) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        assert "error" not in answer, f"{answer}\n{self.said()}"
        return answer

    def said(self) -> str:
        self.log.flush()
        return Path(self.log.name).read_text()

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        print(self.said())
        self.process.wait()
        self._answers.close()
        self.log.close()


@pytest.fixture(scope="module")
def app(
    heart_bundle: Bundle, tone_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("app")
    for bundle in (heart_bundle, tone_bundle):
        shutil.copytree(bundle.path, folder / "bundles" / bundle.path.name)
    options = {"voice": heart_bundle.voice.name, "volume": 100}
    with running_app(folder, folder / "bundles", options) as app:
        yield app


@pytest.fixture(scope="module")
def home(app: App) -> Iterator[Home]:
    home = Home()
    yield home
    home.stop()


@contextmanager
def added(home: Home, app: App) -> Iterator[str]:
    """Have the app added by its address, and yield the engine that speaks."""
    made = home.ask("add", host="127.0.0.1", port=app.port)
    try:
        [engine] = home.ask("entries")["entities"]
        yield engine
    finally:
        home.ask("remove", entry=made["result"]["entry_id"])


@pytest.fixture
def engine(home: Home, app: App) -> Iterator[str]:
    with added(home, app) as engine:
        yield engine


def loudness(samples: Samples) -> float:
    """Return the root mean square, in dB of full scale."""
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


def wav(sound: bytes) -> tuple[int, Samples]:
    """Read a WAV that was streamed: its header does not know how long it is."""
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), np.frombuffer(sound[44:], np.int16)


def ours(app: App, text: str) -> Samples:
    """Ask the daemon itself for the same words, on its own socket."""
    with Client(app.socket) as client:
        return np.concatenate(
            [to_int16(chunk.samples) for chunk in client.synthesize(Synthesize(text))]
        )


def test_it_is_added_by_its_address_and_is_gone_when_removed(home: Home, app: App) -> None:
    made = home.ask("add", host="127.0.0.1", port=app.port)
    assert (made["type"], made["title"]) == ("create_entry", "edge-voice")
    now = home.ask("entries")
    entry = made["result"]["entry_id"]
    assert now == {"entries": {entry: "loaded"}, "entities": ["tts.edge_voice"]}
    assert home.ask("remove", entry=entry)["require_restart"] is False
    assert home.ask("entries") == {"entries": {}, "entities": []}
    with Client(app.socket) as client:
        assert client.status().counters["clients"] == 1  # whoever asks
    assert app.process.poll() is None


def test_what_the_app_announces_is_what_home_assistant_understands(home: Home, app: App) -> None:
    [(_, _, told)] = app.supervisor.told
    assert told["service"] == "wyoming"
    made = home.ask("discover", config=told["config"])
    assert (made["asked"], made["type"]) == ("hassio_confirm", "create_entry"), made
    assert made["title"] == "Edge Voice"
    assert home.ask("entries")["entities"] == ["tts.edge_voice"]
    home.ask("remove", entry=made["result"]["entry_id"])


def test_the_picker_shows_our_voices_by_language(
    home: Home, engine: str, heart_bundle: Bundle, tone_bundle: Bundle
) -> None:
    shown = home.ask("voices")[engine]
    for bundle in (heart_bundle, tone_bundle):
        for language in bundle.languages:
            assert shown[language][bundle.voice.name] == bundle.voice.title
    assert set(shown) == {*heart_bundle.languages, *tone_bundle.languages}
    assert home.ask("matching", language="en", country="US") == list(heart_bundle.languages)


def test_a_text_is_spoken_as_the_daemon_speaks_it(home: Home, engine: str, app: App) -> None:
    options = {"voice": "en_US-heart", "preferred_format": "wav"}
    done = home.ask("speak", engine_id=engine, message=TEXT, options=options)
    assert (done["status"], done["type"]) == (200, "audio/x-wav")
    rate, samples = wav((home.folder / done["file"]).read_bytes())
    assert SECONDS[0] < len(samples) / rate < SECONDS[1]
    assert -35 < loudness(samples / np.float32(32768)) < -10
    assert np.array_equal(samples, ours(app, TEXT))


def test_a_media_player_gets_mp3_and_nobody_chose_a_voice(home: Home, engine: str) -> None:
    done = home.ask("speak", engine_id=engine, message=TEXT)
    assert (done["status"], done["type"]) == (200, "audio/mpeg")
    samples, rate = soundfile.read(home.folder / done["file"], dtype="float32")
    assert SECONDS[0] < len(samples) / rate < SECONDS[1]
    assert -35 < loudness(samples) < -10


def test_a_text_that_is_being_written_is_heard_before_it_is_whole(
    home: Home, engine: str, app: App
) -> None:
    with Client(app.socket) as client:
        before = client.status().counters
        done = home.ask(
            "stream",
            engine=engine,
            first=FIRST,
            rest=REST,
            patience_s=DEADLINE_S,
            preferred_format="wav",
        )
        after = client.status().counters
    assert done["supported"] and done["before_the_rest"] > 0
    rate, samples = wav((home.folder / done["file"]).read_bytes())
    assert len(samples) / rate > 3 and -35 < loudness(samples / np.float32(32768)) < -10
    assert after["failed"] == before["failed"]


def test_a_voice_is_chosen_by_its_name(home: Home, engine: str) -> None:
    options = {"voice": "tone", "preferred_format": "wav"}
    done = home.ask("speak", engine_id=engine, message=TEXT, options=options)
    rate, samples = wav((home.folder / done["file"]).read_bytes())
    spectrum = np.abs(np.fft.rfft(samples[:rate] / np.float32(32768)))
    assert np.sort(spectrum)[-50:].sum() > spectrum.sum() / 2, "tones, not speech"


def test_a_voice_that_is_gone_is_told_in_home_assistants_log(home: Home, engine: str) -> None:
    options = {"voice": "nobody", "preferred_format": "wav"}
    assert home.ask("speak", engine_id=engine, message=TEXT, options=options)["status"] == 500
    assert "Error from Wyoming service: no voice 'nobody' here" in home.said()


def test_a_voice_that_is_installed_later_is_in_the_picker(
    home: Home, engine: str, app: App, second_bundle: Bundle
) -> None:
    assert "second" not in str(home.ask("voices"))
    shutil.copytree(second_bundle.path, app.bundles / second_bundle.path.name)
    with Client(app.socket) as client:
        assert client.reload() == ("voice second is new",)
    home.ask("refresh")
    assert "second" in home.ask("voices")[engine][second_bundle.languages[0]]
