"""CosyVoice3 with the kept graphs of a tiny random checkpoint: it clones and speaks, and what it
says is noise (20 s)."""

from __future__ import annotations

import dataclasses
import itertools
import os
import pty
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.commands.clone import CONSENT
from edge.errors import BadClip, BadStyle, BadVoicePrint, TextTooLong
from edge.pcm import PcmChunk, Samples
from edge.profile import load_profile
from edge.protocol import Describe, ErrorReply, Info, Speak, SpeakFinished, Synthesize, VoiceChoice
from edge.synth import Style
from edge.synth.binding import Bound
from edge.synth.cosyvoice3.flow import Flow, FlowRun
from edge.synth.cosyvoice3.providers import heavy
from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer
from edge.synth.cosyvoice3.vocoder import SIZES, SoundStream
from edge.synth.session import Session
from edge.synth.voice_print import (
    Label,
    VoicePrint,
    checkpoint_of,
    fitting,
    load_print,
    read_label,
    save_print,
)
from tests.helpers.daemon_under_test import ROOT, ThreadDaemon
from tests.helpers.fakes import DEADLINE_S
from tests.helpers.kept_cosyvoice3 import loaded, unpack
from tests.synth.test_clip import voice as hum
from tests.synth.test_clip import write
from tests.test_cli import edge, refusal

TEXT = "The kettle is on, and the toast is done."
SAID = "Hello there."


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="module")
def voice(cosyvoice3_bundle: Bundle) -> CosyVoice3Synthesizer:
    return loaded(cosyvoice3_bundle)


@pytest.fixture(scope="module")
def print_(cosyvoice3_bundle: Bundle) -> VoicePrint:
    return synth.enroll(cosyvoice3_bundle, PcmChunk(hum(2.5, 44_100), 44_100), SAID)


def keep(bundle: Bundle, print_: VoicePrint, name: str = "anna") -> Path:
    said = "The speaker agreed."
    fits = checkpoint_of(bundle)
    label = Label(2, name, print_.family, bundle.voice.name, fits, "en", "2026-01-01", said)
    return save_print(print_, label)


def speak(voice: CosyVoice3Synthesizer, text: str, style: Style) -> Samples:
    segments = voice.plan(text, style)
    return np.concatenate([c.samples for segment in segments for c in voice.speak(segment)])


def test_a_print_holds_tokens_and_the_mel_that_goes_with_them(print_: VoicePrint) -> None:
    arrays = print_.arrays
    count = len(arrays["tokens"])
    assert count == 62  # 25 a second: the 63rd has half of its frames
    assert arrays["mel"].shape == (80, 2 * count) and arrays["vector"].shape == (192,)
    assert len(arrays["text"]) > 3 and arrays["tokens"].max() < 6561


def test_the_encoders_are_let_go_of(
    cosyvoice3_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, weakref.ref[Session]]] = []
    most: list[int] = []
    real = Session.__init__

    def counted(self: Session, bundle: Bundle, graph: str, providers: object) -> None:
        made.append((graph, weakref.ref(self)))
        most.append(sum(ref() is not None for _, ref in made))
        real(self, bundle, graph, providers)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "__init__", counted)
    synth.enroll(cosyvoice3_bundle, PcmChunk(hum(1.5), 24_000), SAID)
    # Never two at a time, none of those that speak, and none is left.
    assert sorted(graph for graph, _ in made) == ["campplus.onnx", "speech_tokenizer_v3.onnx"]
    assert max(most) == 1 and not any(ref() for _, ref in made)


def test_a_clip_changes_the_sound(
    cosyvoice3_bundle: Bundle, voice: CosyVoice3Synthesizer, print_: VoicePrint
) -> None:
    keep(cosyvoice3_bundle, print_)
    nobody = speak(voice, TEXT, Style(seed=3))
    anna = speak(voice, TEXT, Style(seed=3, speaker="anna"))
    assert len(nobody) != len(anna) or not np.allclose(nobody, anna)
    assert np.array_equal(anna, speak(voice, TEXT, Style(seed=3, speaker="anna")))


@pytest.mark.parametrize("speaker", [None, "anna"])
@pytest.mark.parametrize("speed", [1.0, 1.3])
@pytest.mark.parametrize("keeps", [True, False])
def test_streaming_says_what_one_run_in_blocks_says(
    cosyvoice3_bundle: Bundle,
    voice: CosyVoice3Synthesizer,
    print_: VoicePrint,
    speaker: str | None,
    speed: float,
    keeps: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However the sentence is cut into steps and windows: relative L2 of 1e-7 to 4e-6, most of it
    by the pitch, whose rounding the phase adds up."""
    keep(cosyvoice3_bundle, print_)
    style = Style(seed=10, speaker=speaker, speed=speed)  # says enough for several steps
    text = f"{TEXT} " * 5
    monkeypatch.setattr(voice, "streams", True)
    assert voice._flow.room > 700  # the tiny model's state is tiny
    if not keeps:
        monkeypatch.setattr(voice._flow, "room", 0)
    streamed = speak(voice, text, style)
    monkeypatch.setattr(voice, "streams", False)
    monkeypatch.setattr(Flow, "begin", lambda flow, who, *_: FlowRun(flow, who, True, None))
    monkeypatch.setattr("edge.synth.cosyvoice3.vocoder.LONGEST", 10_000)
    whole = speak(voice, text, style)
    assert len(streamed) == len(whole) > 24_000
    assert np.linalg.norm(streamed - whole) < 1e-4 * np.linalg.norm(whole)


def test_the_first_sound_comes_while_tokens_are_still_made(
    voice: CosyVoice3Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice, "streams", True)
    monkeypatch.setattr(voice._flow, "room", 0)
    # The tiny model ends when it likes, so that it must be kept from it.
    sampling = dataclasses.replace(voice._settings.sampling, least="enforced")
    patient = dataclasses.replace(voice._settings, sampling=sampling)
    monkeypatch.setattr(voice, "_settings", patient)
    made: list[int] = []
    monkeypatch.setattr(SoundStream, "push", _counted(SoundStream.push, made))
    [segment] = voice.plan("a quick brown fox jumps over the lazy dog, really", Style(speed=2.0))
    sound = [len(chunk.samples) > 0 for chunk in voice.speak(segment)]
    assert made[:2] == [50, 100]  # one block of frames, then two
    first = sound.index(True)
    assert 28 < first < 28 + 11 + 3 < len(sound) - 40  # tokens, steps; most tokens come later


def _counted(push: object, made: list[int]) -> object:
    def counted(self: SoundStream, mel: Samples, final: bool) -> Iterator[Samples]:
        made.append(mel.shape[1])
        return push(self, mel, final)  # type: ignore[operator,no-any-return]

    return counted


def test_windows_of_a_second_are_as_good_as_the_whole(voice: CosyVoice3Synthesizer) -> None:
    mel = np.random.default_rng(0).standard_normal((80, 130)).astype(np.float32) - 5
    whole = np.concatenate(list(SoundStream(voice._vocoder, 1.0, (1,)).push(mel, final=True)))
    cut = SoundStream(voice._vocoder, 1.0, (1,))
    parts = [p for a in range(0, 130, 13) for p in cut.push(mel[:, a : a + 13], a == 117)]
    assert len(whole) == 130 * 480
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)


def test_a_gpus_windows_have_two_lengths_and_say_the_same(
    voice: CosyVoice3Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a window is filled up with is behind the end of the sentence, and masked."""
    mel = np.random.default_rng(0).standard_normal((80, 130)).astype(np.float32) - 5
    whole = np.concatenate(list(SoundStream(voice._vocoder, 1.0, (1,)).push(mel, final=True)))
    lengths: list[int] = []
    real = Session.run_fixed

    def run_fixed(self: Session, inputs: dict[str, Samples], shapes: object) -> dict[str, Samples]:
        lengths.append(inputs["mel"].shape[2])
        return real(self, inputs, shapes)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "run_fixed", run_fixed)
    monkeypatch.setattr(voice._vocoder, "_sizes", SIZES)
    for cuts in ((0, 130), (0, 50, 63, 113, 129, 130)):
        cut = SoundStream(voice._vocoder, 1.0, (1,))
        parts = [p for a, b in itertools.pairwise(cuts) for p in cut.push(mel[:, a:b], b == 130)]
        np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)
    assert set(lengths) == set(SIZES) == {48, 80}


def test_work_can_be_dropped_between_tokens_steps_and_windows(
    voice: CosyVoice3Synthesizer,
) -> None:
    [segment] = voice.plan(TEXT[:20], Style(seed=2))
    chunks = list(voice.speak(segment))
    silent = [len(c.samples) == 0 for c in chunks]
    frames = sum(len(c.samples) for c in chunks) // 480
    assert sum(silent) >= frames // 2 + 10  # every token, every Euler step
    assert max(len(c.samples) for c in chunks) <= 24_000  # a stop is heard within a second's work
    for count in (1, sum(silent) - 3, len(chunks) - 1):
        steps = voice.speak(segment)
        list(itertools.islice(steps, count))
        steps.close()  # type: ignore[attr-defined]


def test_limits_are_checked_before_any_inference(
    voice: CosyVoice3Synthesizer, cosyvoice3_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(self: Session, inputs: object) -> None:
        raise AssertionError("a model ran")

    monkeypatch.setattr(Session, "run", never)
    with pytest.raises(TextTooLong, match=r"200 text tokens; the limit for one segment is 80"):
        voice.plan("b" * 200, Style())
    with pytest.raises(BadStyle, match="no speaker 'anna'") as caught:
        voice.plan(TEXT, Style(speaker="anna"))
    assert "edge clone anna" in caught.value.remedy
    assert all(len(s.ids) <= 81 for s in voice.plan(TEXT * 20, Style()))
    for clip, words in (
        (PcmChunk(hum(31.0), 24_000), "31.00 s; the limit is 30 s"),
        (PcmChunk(np.zeros(48_000, np.float32), 24_000), "silent"),
    ):
        with pytest.raises(BadClip, match=words):
            synth.enroll(cosyvoice3_bundle, clip, SAID)
    with pytest.raises(TextTooLong, match="limit is 200"):
        synth.enroll(cosyvoice3_bundle, PcmChunk(hum(), 24_000), "word " * 100)


def test_a_print_with_wrong_arrays_is_refused(
    voice: CosyVoice3Synthesizer, cosyvoice3_bundle: Bundle, print_: VoicePrint
) -> None:
    good = dict(print_.arrays)
    wrong = {
        "a token too high": {"tokens": good["tokens"] + 6561},
        "mel of another length": {"mel": good["mel"][:, :-1]},
        "a vector with NaN": {"vector": good["vector"] * np.nan},
        "floats for ids": {"text": good["text"].astype(np.float32)},
    }
    for what, arrays in wrong.items():
        keep(cosyvoice3_bundle, VoicePrint(print_.family, good | arrays), "bad")
        with pytest.raises(BadVoicePrint):
            voice.plan(TEXT, Style(speaker="bad"))
            pytest.fail(what)


def test_clone_and_say_through_the_daemon(
    cosyvoice3_bundle: Bundle, tone_bundle: Bundle, tmp_path: Path
) -> None:
    clip = write(tmp_path / "clip.wav", hum(2.5, 44_100), 44_100, channels=2)
    ours = ("--bundle", cosyvoice3_bundle.path, "--any-board")
    daemon = ThreadDaemon(tmp_path / "edge.sock", [tone_bundle, cosyvoice3_bundle])
    try:
        with daemon.connect() as wire:
            wire.send(Speak("Hi.", voice="anna"))
            early = wire.receive()
            assert isinstance(early, ErrorReply) and early.code == "unknown-voice"
            done = edge("clone", "anna", clip, "--text", SAID, "--consent", *ours)
            assert done.returncode == 0, done.stderr
            assert b"edge say --voice anna" in done.stdout
            assert b"what is computed of the clip is kept" in done.stdout or b"anew" in done.stdout
            wire.send(Describe())
            info = wire.receive()
            assert isinstance(info, Info)
            assert "anna" in [v.name for program in info.tts for v in program.voices]
            wire.send(Synthesize(TEXT, voice=VoiceChoice(name="anna"), seed=4))
            first = wire.sound()
            assert len(first) > 10_000 and first.any()
            wire.send(Synthesize(TEXT, voice=VoiceChoice(name="anna"), seed=4))
            np.testing.assert_array_equal(wire.sound(), first)
            assert daemon.server.phrases.repeats == 1
            wire.send(Speak(TEXT, voice="anna"))
            wire.until(SpeakFinished)
            assert np.abs(daemon.card.heard()).max() > 0

            other = write(tmp_path / "other.wav", hum(1.5)[::-1])
            edge("clone", "anna", other, "--text", "Quite.", "--consent", "--replace", *ours)
            wire.send(Synthesize(TEXT, voice=VoiceChoice(name="anna"), seed=4))
            again = wire.sound()  # not the phrase that is kept of the former clip
            assert len(again) != len(first) or not np.array_equal(again, first)

            assert edge("unclone", "anna").returncode == 0
            wire.send(Speak("Hi.", voice="anna"))
            gone = wire.receive()
            assert isinstance(gone, ErrorReply) and gone.code == "unknown-voice"
    finally:
        daemon.stop()


def test_a_stop_is_heard_in_the_middle_of_a_sentence(
    cosyvoice3_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While tokens are drawn, long before there is any sound."""
    drawing, stopped = threading.Event(), threading.Event()
    run, run_bound = Session.run, Session.run_bound
    runs: list[str] = []

    def seen(self: Session, inputs: dict[str, Samples]) -> dict[str, Samples]:
        runs.append(self._graph)
        return run(self, inputs)

    def seen_bound(self: Session, bound: Bound) -> None:
        runs.append(self._graph)
        if runs.count("llm-fp32.onnx") == 2:
            drawing.set()
            assert stopped.wait(DEADLINE_S)
        run_bound(self, bound)

    daemon = ThreadDaemon(tmp_path / "edge.sock", [cosyvoice3_bundle])
    monkeypatch.setattr(Session, "run", seen)
    monkeypatch.setattr(Session, "run_bound", seen_bound)
    try:
        with daemon.connect() as wire:
            wire.send(Speak(TEXT, id="a"))
            assert drawing.wait(DEADLINE_S)
            done = edge("stop", "--socket", daemon.path)
            assert done.stdout == b"stopped 1\n"
            stopped.set()
    finally:
        stopped.set()
        daemon.stop()
    assert not [graph for graph in runs if graph.startswith(("flow", "vocoder"))]


@pytest.mark.parametrize(("answer", "status"), [("yes", 0), ("no", 1), ("", 1)])
def test_consent_is_asked_once_on_a_terminal_and_kept(
    cosyvoice3_bundle: Bundle, tmp_path: Path, state: Path, answer: str, status: int
) -> None:
    clip = write(tmp_path / "clip.wav", hum())
    mine, theirs = pty.openpty()
    words = ["clone", "anna", str(clip), "--text", SAID]
    os.write(mine, f"{answer}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "edge", *words, "--any-board", "--bundle", cosyvoice3_bundle.path],
        stdin=theirs,
        capture_output=True,
        timeout=3 * DEADLINE_S,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    os.close(mine)
    os.close(theirs)
    assert done.returncode == status and done.stderr.count(CONSENT.encode()) == 1, done.stderr
    kept = state / "edge-voice" / "prints" / "anna.print"
    assert kept.exists() == (status == 0)
    if status == 0:
        assert read_label(kept).consent == CONSENT and read_label(kept).made.startswith("20")


def test_a_gpu_is_used_where_the_profile_plans_one_but_not_tensorrt(
    cosyvoice3_bundle: Bundle,
) -> None:
    planned = load_profile("jetson-agx-orin")
    bundle = dataclasses.replace(cosyvoice3_bundle, profile=planned)
    names = [provider.name for provider in heavy(bundle)]
    assert names == ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert [provider.name for provider in heavy(cosyvoice3_bundle)] == ["CPUExecutionProvider"]


def test_the_command_line_names_what_is_wrong(
    cosyvoice3_bundle: Bundle, tone_bundle: Bundle, tmp_path: Path
) -> None:
    clip = write(tmp_path / "clip.wav", hum())
    ours = ("--bundle", cosyvoice3_bundle.path, "--any-board")
    said = ("--text", SAID)
    assert "--consent" in refusal("clone", "anna", clip, *said, *ours)
    assert "0.20 s" in refusal(
        "clone", "anna", write(tmp_path / "s.wav", hum(0.2)), *said, "--consent", *ours
    )
    tone = ("--bundle", tone_bundle.path, "--any-board")
    assert "tone (tone)" in refusal("clone", "anna", clip, *said, "--consent", *tone)
    assert "1 to 30 s" in refusal("clone", "anna", clip, "--max-seconds", "60", *ours)
    assert "name of a voice" in refusal("clone", "cosyvoice3-0.5b", clip, *said, *ours)
    assert edge("clone", "anna", clip, *said, "--consent", *ours).returncode == 0
    assert "--replace" in refusal("clone", "anna", clip, *said, "--consent", *ours)
    out = tmp_path / "a.wav"
    done = edge("say", "--local", "--voice", "anna", "--out", out, *ours, "Hello, hello.")
    assert done.returncode == 0 and out.stat().st_size > 1_000, done.stderr


@pytest.mark.parametrize(
    ("said", "seconds", "why"),
    [
        ("The kettle is on, and so is the toast, " * 4, 2.5, "more than the clip can say"),
        ("Hm", 3.0, "too little"),
    ],
)
def test_a_transcript_that_cannot_be_its_clips_is_refused_before_any_model(
    cosyvoice3_bundle: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    seconds: float,
    why: str,
) -> None:
    monkeypatch.setattr(Session, "__init__", lambda *_: pytest.fail("a model was loaded"))
    with pytest.raises(BadClip, match=f"says {why}: .* speech tokens for each; 2 to 20") as caught:
        synth.enroll(cosyvoice3_bundle, PcmChunk(hum(seconds), 24_000), said)
    assert "word for word" in caught.value.remedy


def test_a_print_fits_every_build_of_the_checkpoint(
    cosyvoice3_bundle: Bundle, print_: VoicePrint, tmp_path: Path
) -> None:
    other_build = unpack(tmp_path / "other", least="enforced")
    assert other_build.id != cosyvoice3_bundle.id
    path = keep(cosyvoice3_bundle, print_)
    assert load_print(path, other_build).arrays.keys() == print_.arrays.keys()
    assert fitting(path, [other_build]) is other_build
