"""The output module by itself: commands in, answers out, and a daemon of tones (4 s)."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.adapters.marked_text import between_tags, stretches
from edge.adapters.server_audio import QUIET, audio_event
from edge.adapters.speech_dispatcher import Module
from edge.adapters.speech_settings import Settings, choose, voices_of
from edge.adapters.symbols import Symbols
from edge.client import Client
from edge.protocol import Synthesize
from edge.synth import Segment, Style, time_stretch
from edge.synth.tone import ToneSynthesizer
from tests.helpers.daemon_under_test import ThreadDaemon
from tests.helpers.fakes import DEADLINE_S

ONE_MARK = '<speak>One two.<mark name="__spd_0"/> Three.</speak>'
LONG = "<speak>" + 'One two three four.<mark name="m"/> ' * 200 + "</speak>"


class Server:
    """The other end of the module's pipes."""

    def __init__(self, daemon: Path) -> None:
        theirs, self._commands = os.pipe()
        self._answers, self._ours = os.pipe()
        self._theirs = os.fdopen(theirs, "rb")
        self._thread = threading.Thread(target=Module(daemon, self._theirs, self._ours).run)
        self._thread.start()
        self._buffer = b""

    def send(self, *lines: str) -> None:
        os.write(self._commands, "".join(f"{line}\n" for line in lines).encode())

    def line(self) -> bytes:
        while b"\n" not in self._buffer:
            data = os.read(self._answers, 1 << 16)
            assert data, "the module is gone"
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line

    def answer(self) -> list[bytes]:
        """All lines of one."""
        lines = [self.line()]
        while lines[-1][3:4] == b"-":
            lines.append(self.line())
        return lines

    def set(self, **settings: str | int) -> None:
        self.send("SET", *(f"{key}={value}" for key, value in settings.items()), ".")
        assert [self.line()[:3] for _ in range(2)] == [b"203", b"203"]

    def speak(self, text: str, command: str = "SPEAK") -> None:
        self.send(command, text, ".")
        assert (self.line()[:3], self.line()[:3]) == (b"202", b"200")

    def events(self) -> list[str]:
        """Names up to the end; `sound` is the sound between them, `places` where in it each is."""
        names: list[str] = []
        self.places, pieces = [], [np.zeros(0, np.int16)]
        while not names or names[-1] not in ("702 END", "703 STOP", "704 PAUSE"):
            lines = self.answer()
            if lines[0].startswith(b"705"):
                pieces.append(self.samples(lines))
            else:
                names.append(lines[0].decode())
                self.places.append(sum(map(len, pieces)))
        self.sound = np.concatenate(pieces)
        return names

    def samples(self, lines: list[bytes]) -> np.ndarray:
        head, data = b"\n".join(lines[:-1]).split(b"705-AUDIO\0", 1)
        values = dict(re.findall(rb"705-(\w+)=(\d+)", head))
        self.rate = int(values[b"sample_rate"])
        plain = re.sub(rb"\x7d(.)", lambda m: bytes([m[1][0] ^ 0x20]), data, flags=re.DOTALL)
        samples = np.frombuffer(plain, "<i2")
        assert len(samples) == int(values[b"num_samples"])
        return samples

    def said(self, text: str, command: str = "SPEAK", **settings: str | int) -> np.ndarray:
        self.set(**settings)
        self.speak(text, command)
        assert self.events() == ["701 BEGIN", "702 END"]
        return self.sound

    def close(self) -> None:
        self.send("STOP", "QUIT")
        drain = threading.Thread(target=self._drain)
        drain.start()
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()
        drain.join(DEADLINE_S)
        self._theirs.close()
        for end in (self._commands, self._answers, self._ours):
            os.close(end)

    def _drain(self) -> None:
        while self.line() != b"210 OK QUIT":
            pass


@pytest.fixture
def server(daemon: ThreadDaemon) -> Iterator[Server]:
    running = Server(daemon.path)
    yield running
    running.close()


def made(daemon: ThreadDaemon, text: str, speed: float = 1.0) -> np.ndarray:
    """From its first audible sample on, as the module gives it."""
    with daemon.connect() as wire:
        wire.send(Synthesize(text, speed=speed))
        sound = wire.sound()
    return sound[np.flatnonzero(np.abs(sound.astype(int)) > QUIET)[0] :]


def test_it_starts_as_the_server_expects(server: Server) -> None:
    server.send("INIT")
    assert server.answer()[-1] == b"299 OK LOADED SUCCESSFULLY"
    server.send("AUDIO", "audio_output_method=server", ".")
    assert [server.line()[:3] for _ in range(2)] == [b"207", b"203"]
    server.send("AUDIO", "audio_output_method=alsa", ".")
    assert [server.line()[:3] for _ in range(2)] == [b"207", b"300"]
    server.send("LOGLEVEL", "log_level=3", ".")
    assert [server.line()[:3] for _ in range(2)] == [b"207", b"203"]
    server.send("NONSENSE")
    assert server.line()[:3] == b"300"
    server.send("LIST VOICES")
    assert server.answer() == [
        b"200-tone\tzxx\tnone",
        b"200-second\tde-DE\tnone",
        b"200 OK VOICE LIST SENT",
    ]


def test_the_sound_is_the_daemon_s_and_marks_stand_where_they_belong(
    server: Server, daemon: ThreadDaemon
) -> None:
    server.speak(ONE_MARK)
    assert server.events() == ["701 BEGIN", "700-__spd_0", "702 END"]
    np.testing.assert_array_equal(server.sound, made(daemon, "One two. Three."))
    # The tone voice tells its words' times: the mark stands before "Three.", not in a word.
    np.testing.assert_array_equal(
        server.sound[server.places[1] :][-len(last := made(daemon, "Three.")) :], last
    )
    assert len(server.sound) - server.places[1] - len(last) < server.rate // 100


def test_without_libsonic_fast_speech_is_slower_and_not_silent(
    server: Server, daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(self: ToneSynthesizer, text: str, style: Style, words: bool = False) -> list[Segment]:
        time_stretch.check_speed(style.speed)
        return own_plan(self, text, style, words)

    own_plan = ToneSynthesizer.plan
    monkeypatch.setattr(time_stretch, "LIBRARY", "libsonic-is-not-here.so.0")
    monkeypatch.setattr(ToneSynthesizer, "plan", plan)  # a tone needs no library
    np.testing.assert_array_equal(
        server.said("One two.", rate=100), made(daemon, "One two.", speed=1.5)
    )


def test_escaping_gives_the_same_bytes_back() -> None:
    every = np.arange(-32768, 32768, dtype=np.int16)
    event = audio_event(every, 22050)
    assert event.endswith(b"\n705 AUDIO\n")
    lines = event[:-1].split(b"\n")
    assert len(lines) == 7, "a newline within the data"
    reader = Server.__new__(Server)
    np.testing.assert_array_equal(reader.samples(lines), every)


def test_rate_volume_and_pitch(server: Server, daemon: ThreadDaemon) -> None:
    plain = made(daemon, "One two.")
    np.testing.assert_array_equal(
        server.said("One two.", rate=100), made(daemon, "One two.", speed=3.0)
    )
    np.testing.assert_array_equal(
        server.said("One two.", rate=-100), made(daemon, "One two.", speed=0.5)
    )
    assert not server.said("One two.", rate=0, volume=-100).any()
    half = server.said("One two.", volume=0).astype(int)
    assert np.abs(half - plain / 2).max() <= 1
    rate = server.rate
    higher = server.said("One two.", volume=100, pitch=100)
    assert server.rate == round(rate * 2**0.5)
    assert len(higher) / server.rate == pytest.approx(len(plain) / rate, rel=0.02)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (Settings(language="zxx"), "tone"),
        (Settings(language="de-at"), "second"),
        (Settings(language="de", synthesis_voice="tone"), "tone"),
        (Settings(language="c"), "tone"),
        (Settings(language="fr", synthesis_voice="nobody"), "tone"),
    ],
)
def test_the_voice_by_name_by_language_or_the_default(
    daemon: ThreadDaemon, settings: Settings, name: str
) -> None:
    with Client(daemon.path) as client:
        voice = choose(voices_of(client.describe()), settings)
    assert voice is not None and voice.name == name


@pytest.mark.parametrize(
    ("command", "text", "settings", "as_text"),
    [
        ("CHAR", "a", {}, "A"),
        ("CHAR", ",", {}, "comma"),
        ("CHAR", "space", {}, "space"),
        ("KEY", "shift_a", {}, "shift A"),
        ("KEY", "kp-enter", {}, "keypad enter"),
        ("SOUND_ICON", "new-mail", {}, "new mail"),
        ("SPEAK", "<speak>ab c</speak>", {"spelling_mode": "on"}, "A B, C"),
        ("SPEAK", "<speak>a &lt; b.</speak>", {"punctuation_mode": "all"}, "a  less  b dot."),
    ],
)
def test_characters_keys_icons_and_modes(
    server: Server,
    daemon: ThreadDaemon,
    command: str,
    text: str,
    settings: dict[str, str],
    as_text: str,
) -> None:
    heard = server.said(text, command, language="en", **settings)
    np.testing.assert_array_equal(heard, made(daemon, as_text))


def test_a_capital_letter_has_a_tone(server: Server) -> None:
    plain = server.said("A", "CHAR", cap_let_recogn="none")
    assert len(server.said("A", "CHAR", cap_let_recogn="icon")) > len(plain)


def test_stop_and_the_next_message(server: Server) -> None:
    server.speak(LONG)
    assert server.line() == b"701 BEGIN"
    server.send("STOP")
    assert server.events()[-1] == "703 STOP"
    assert server.said("One.").any()


def test_pause_is_at_a_mark(server: Server) -> None:
    server.speak(LONG)
    server.send("PAUSE")
    events = server.events()
    assert events[-2:] == ["700-m", "704 PAUSE"]
    assert events.count("700-m") == 1


def test_without_a_daemon_a_message_is_stopped_and_the_next_one_is_spoken(
    daemon: ThreadDaemon, tmp_path: Path
) -> None:
    server = Server(tmp_path / "later.sock")
    server.send("LIST VOICES")
    assert server.answer() == [b"304 ERR CANT LIST VOICES"]
    for text in ("Hello.", ONE_MARK):
        server.speak(text)
        assert server.events() == ["701 BEGIN", "703 STOP"]
    (tmp_path / "later.sock").symlink_to(daemon.path)
    assert server.said("One.").any()
    server.close()


def test_text_without_words_ends_as_any_other(server: Server) -> None:
    for text in ("", "<speak></speak>", "<speak>...</speak>"):
        server.speak(text)
        assert server.events() == ["701 BEGIN", "702 END"]
    server.speak('<speak><mark name="a"/></speak>')
    assert server.events() == ["701 BEGIN", "700-a", "702 END"]


def test_lines_that_begin_with_a_full_stop(server: Server, daemon: ThreadDaemon) -> None:
    server.send("SPEAK", "One.", "..", "Two.", ".")
    assert (server.line()[:3], server.line()[:3]) == (b"202", b"200")
    assert server.events() == ["701 BEGIN", "702 END"]
    np.testing.assert_array_equal(server.sound, made(daemon, "One.\n.\nTwo."))


@pytest.mark.parametrize(
    ("ssml", "changed"),
    [
        (ONE_MARK, '<speak>ONE TWO.<mark name="__spd_0"/> THREE.</speak>'),
        ("<speak>Tom &amp; Jerry &lt;3</speak>", "<speak>TOM &amp; JERRY &lt;3</speak>"),
        ("<speak>a<mark name='x'/>b", "<speak>A<mark name='x'/>B"),
        (
            "<emphasis>so</emphasis> < 3 and <unfinished",
            "<emphasis>SO</emphasis> &lt; 3 AND &lt;UNFINISHED",
        ),
        ("<speak><!-- no -->a<![CDATA[<b]]></speak>", "<speak>A&lt;B</speak>"),
    ],
)
def test_what_stands_between_tags_is_changed_and_they_are_not(ssml: str, changed: str) -> None:
    assert between_tags(ssml, str.upper) == changed


def test_a_long_text_is_cut_in_front_of_a_tag_or_behind_a_space() -> None:
    tags, words = "ab<mark name='1'/>" * 9, "word " * 9
    assert "".join(stretches(tags, 40, tags=True)) == tags
    assert all(part.endswith("ab") for part in [*stretches(tags, 40, tags=True)][:-1])
    assert "".join(stretches(words, 12, tags=False)) == words
    assert all(len(part) == 10 for part in [*stretches(words, 12, tags=False)][:-1])
    assert [*stretches("x" * 30, 12, tags=True)][1:] == ["x" * 12, "x" * 6]
    assert [*stretches("x" * 30, 12, tags=False)][1:] == ["x" * 12, "x" * 6]


def test_a_text_longer_than_one_request_keeps_its_marks(server: Server) -> None:
    server.set(rate=100)
    server.speak("<speak>" + "One two three four five six.<mark name='m'/> " * 400 + "</speak>")
    assert server.events().count("700-m") == 400


def test_names_come_from_the_tables_of_the_voice_s_language(tmp_path: Path) -> None:
    for place, rows in (("base", ",\tcomma\tall\né\te acute\tchar\n"), ("de", ",\tKomma\tall\n")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "symbols.dic").write_text(f"symbols:\n{rows}", encoding="utf-8")
    german, english = Symbols("de_DE", tmp_path), Symbols("en_US", tmp_path)
    assert (german.name(","), german.name("é")) == ("komma", "é")
    assert (english.name(","), english.name("é")) == ("comma", "e acute")
    assert english.spoken("a, b", "some") == "a, b"
    assert english.spoken("a, b", "all") == "a comma, b"
    assert Symbols("", tmp_path / "none").name("%") == "percent sign"
