"""The flow's kept state: what a chunk costs, what it needs, when none is kept (3 s)."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle, Variant
from edge.pcm import PcmChunk
from edge.profile import load_profile
from edge.synth import Style
from edge.synth.cosyvoice3.flow import Flow, FlowRun, block_mask
from edge.synth.cosyvoice3.flow_state import FlowState, Layout, room
from edge.synth.cosyvoice3.flow_steps import (
    ArrayRun,
    DeviceRun,
    DeviceState,
    Mel,
    RecordedSteps,
    StepRun,
)
from edge.synth.cosyvoice3.prompt_state import (
    key_of,
    make_state,
    read_state,
    share_of_work,
    write_state,
)
from edge.synth.cosyvoice3.settings import read_settings
from edge.synth.cosyvoice3.speaker import Speaker, nobody
from edge.synth.session import Session
from edge.synth.voice_print import (
    FORMAT,
    Label,
    checkpoint_of,
    remove_print,
    save_print,
    state_file,
)
from tests.helpers.kept_cosyvoice3 import loaded
from tests.synth.test_clip import voice as hum

RELEASED = Layout((44, 2, 1024), np.float32, (2, 2, 1024, 30), 10)
CHUNKS = (28, 53, 103, 117)
"""Tokens at each push: blocks of 25 and 3 to look ahead to; then the last."""


@pytest.fixture(scope="module")
def flow(cosyvoice3_bundle: Bundle) -> Flow:
    return loaded(cosyvoice3_bundle)._flow


@pytest.fixture(scope="module")
def someone(flow: Flow, cosyvoice3_bundle: Bundle) -> Speaker:
    """With a clip of one second and a block's rest: 37 tokens, so that no block ends with it."""
    random = np.random.default_rng(0)
    mel = random.standard_normal((80, 74)).astype(np.float32) - 5
    vector = random.standard_normal(192).astype(np.float32)
    tokens = tuple(map(int, random.integers(0, 6561, 37)))
    return dataclasses.replace(
        nobody(read_settings(cosyvoice3_bundle)), tokens=tokens, mel=mel, vector=vector
    )


TOKENS = tuple(map(int, np.random.default_rng(1).integers(0, 6561, CHUNKS[-1])))


def push(run: FlowRun, tokens: Sequence[int], final: bool) -> Mel:
    return finished(run.push(tokens, final))


def finished(steps: Generator[None, None, Mel]) -> Mel:
    while True:
        try:
            next(steps)
        except StopIteration as done:
            mel: Mel = done.value
            return mel


def all_of(run: FlowRun, first: int = 0) -> Mel:
    """`first` more tokens fill the block that the clip began."""
    parts = [push(run, TOKENS[: count + first], final=False) for count in CHUNKS[:-1]]
    return np.concatenate([*parts, push(run, TOKENS, final=True)], axis=1)


@pytest.fixture
def lengths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The frames of each run of flow_step."""
    found: list[int] = []
    real = Session.run

    def run(self: Session, inputs: dict[str, Mel]) -> dict[str, Mel]:
        if "attn_mask" in inputs:
            found.append(inputs["x"].shape[2])
        return real(self, inputs)

    monkeypatch.setattr(Session, "run", run)
    return found


def test_a_chunk_costs_its_own_length(flow: Flow, someone: Speaker, lengths: list[int]) -> None:
    """And is what one run over blocks gives: to the bit here, in float32 on a CPU."""
    first = 13
    kept = all_of(flow.begin(someone, True, 110), first)
    prompt = 74
    assert lengths[::10] == [prompt + 2 * (25 + first), 50, 100, 2 * (117 - 100 - first)]
    lengths.clear()
    whole = push(FlowRun(flow, someone, True, None), TOKENS, final=True)
    assert lengths[::10] == [prompt + 2 * 117]
    assert kept.shape == whole.shape == (80, 2 * 117)
    assert np.linalg.norm(kept - whole) < 1e-6 * np.linalg.norm(whole)
    blind = push(FlowRun(flow, someone, False, None), TOKENS, final=True)
    assert np.linalg.norm(blind - whole) > 1e-4 * np.linalg.norm(whole)  # blocks do matter


def test_more_said_than_expected_goes_on_without_the_state(
    flow: Flow, someone: Speaker, lengths: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "room", 210)  # frames: the first chunk and the second
    run = flow.begin(someone, True, 60)
    assert run.keeps_state
    mel = all_of(run, 13)
    assert not run.keeps_state
    assert lengths[::10] == [150, 50, 74 + 2 * 113, 74 + 2 * 117]  # then all of it anew
    whole = push(FlowRun(flow, someone, True, None), TOKENS, final=True)
    assert np.linalg.norm(mel - whole) < 1e-6 * np.linalg.norm(whole)


def test_the_state_is_kept_where_the_sentence_fits_and_nowhere_else(
    flow: Flow, someone: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert flow.begin(someone, True, 100).keeps_state
    assert not flow.begin(someone, False, 100).keeps_state  # all frames see all: nothing to keep
    monkeypatch.setattr(flow, "room", 2 * (37 + 100) - 1)
    assert not flow.begin(someone, True, 100).keeps_state
    monkeypatch.setattr(flow, "room", 2 * (37 + 100))
    assert flow.begin(someone, True, 100).keeps_state


def test_no_state_is_kept_where_the_memory_is_taken_by_others(
    flow: Flow,
    someone: Speaker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("edge.synth.cosyvoice3.flow_state.available_memory_mb", lambda: 1)
    with caplog.at_level("INFO"):
        assert not flow.begin(someone, True, 100).keeps_state
    assert "to keep the flow's state" in caplog.text


def test_what_a_second_takes_is_computed() -> None:
    assert RELEASED.frame_bytes == 3_604_480  # 3.6 MB: 10 steps, 22 blocks, key and value, twice
    assert dataclasses.replace(RELEASED, type=np.float16).frame_bytes * 50 == 90_112_000


@pytest.mark.parametrize(
    ("profile", "fits"),
    [("jetson-agx-orin", 650), ("jetson-thor", 650), ("jetson-orin-nano", 0), ("rpi5", 0)],
)
def test_boards_with_room_for_ten_seconds_and_a_clip_keep_them(
    cosyvoice3_bundle: Bundle, tmp_path: Path, profile: str, fits: int
) -> None:
    """Graphs of the released sizes: int4, fp16 and the rest in float32."""
    sizes = {"llm": 336, "flow_step": 675, "flow_front": 4, "f0": 27, "vocoder": 70}
    for name, size in sizes.items():
        with (tmp_path / name).open("wb") as file:
            file.truncate(size * 1_000_000)
    graphs = Variant("fp16-gpu", {name: name for name in sizes})
    bundle = dataclasses.replace(cosyvoice3_bundle, path=tmp_path, profile=load_profile(profile))
    frames = room(bundle, graphs, dataclasses.replace(RELEASED, type=np.float16))
    assert frames >= fits if fits else frames == 0


def one_run(flow: Flow, begin: int, count: int, run: str, state: DeviceState | None = None) -> Mel:
    """All steps of `count` frames from `begin` on, by one of the ways to run them."""
    random = np.random.default_rng(begin)
    columns = random.standard_normal((3, 1, 80, begin + count)).astype(np.float32)
    x, mu, cond = columns[:, :, :, begin:]
    mask = block_mask(begin + count, 50)[None, None, begin:]
    spks = np.ones((1, 80), np.float32)
    inputs = {"mu": mu, "cond": cond, "spks": spks, "attn_mask": mask, "place": np.array([begin])}
    made: StepRun
    if run == "recorded":
        made = RecordedSteps(flow._step, 80, flow.grid).run(x, inputs)
    elif state is not None:
        made = DeviceRun(flow._step, x, inputs, state, flow.grid)
    else:
        made = ArrayRun(flow._step, x, inputs, None, flow.grid)
    for step in range(10):
        made.step(step)
    return made.mel()


@pytest.mark.parametrize("count", [50, 56, 174])
def test_runs_that_a_gpu_records_are_padded_and_say_the_same(flow: Flow, count: int) -> None:
    """On the CPU here, between places that stay: what the padding holds is never seen."""
    wanted = one_run(flow, 0, count, "arrays")
    assert np.linalg.norm(one_run(flow, 0, count, "recorded") - wanted) < 1e-6 * np.linalg.norm(
        wanted
    )


def test_recorded_runs_in_turns_do_not_hear_each_other(
    flow: Flow, someone: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mels() -> list[Mel]:
        found: dict[int, Mel] = {}
        runs = {n: FlowRun(flow, someone, True, None).push(TOKENS[:n], True) for n in (40, 50)}
        while len(found) < 2:
            for n in runs.keys() - found.keys():
                try:
                    next(runs[n])
                except StopIteration as done:
                    found[n] = done.value
        return [found[40], found[50]]

    wanted = mels()
    monkeypatch.setattr(flow, "_recorded", RecordedSteps(flow._step, 80, flow.grid))
    for mel, exact in zip(mels(), wanted, strict=True):
        assert np.linalg.norm(mel - exact) < 1e-5 * np.linalg.norm(exact)


def test_a_state_that_stays_where_it_is_is_that_of_arrays(flow: Flow, someone: Speaker) -> None:
    """Steps write behind what they read, in one piece of memory."""
    held = FlowState(flow.layout, 200)
    place = DeviceState(flow._step, flow.layout, 200, 10)
    run = FlowRun(flow, someone, True, place)
    parts = [push(run, TOKENS[:count], final=False) for count in (16, 41)]
    other = FlowRun(flow, someone, True, held)
    wanted = [push(other, TOKENS[:count], final=False) for count in (16, 41)]
    for one, two in zip(parts, wanted, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)
    assert place.frames == held.frames == 2 * (37 + 38)
    np.testing.assert_allclose(place.past.numpy()[:, :150], held.whole()[0], atol=1e-5)


def test_a_state_that_stays_begins_with_the_voices_own(flow: Flow, someone: Speaker) -> None:
    """Its frames are copied to their places in each step, and nothing else is."""
    voice = make_state(flow, someone)
    assert voice is not None
    place = DeviceState(flow._step, flow.layout, 200, 10)
    before = place.past.numpy()
    place.fill(voice.past, voice.tails)
    assert place.frames == 50
    np.testing.assert_array_equal(place.past.numpy()[:, 50:], before[:, 50:])
    held = FlowState(flow.layout, 200, (voice.past, voice.tails))
    one, two = (FlowRun(flow, someone, True, state) for state in (place, held))
    for said in (TOKENS[:16], TOKENS[:41]):
        mels = push(one, said, final=False), push(two, said, final=False)
        np.testing.assert_allclose(*mels, atol=1e-5)


def test_a_voices_own_frames_are_computed_once_and_mapped(
    flow: Flow, someone: Speaker, cosyvoice3_bundle: Bundle, tmp_path: Path, lengths: list[int]
) -> None:
    """A sentence then costs its own frames, and sounds as from the clip in blocks."""
    state = make_state(flow, someone)
    assert state is not None and state.frames == 50  # a whole block; 24 frames are of the next
    key = key_of(cosyvoice3_bundle, flow.made_by, someone)
    write_state(tmp_path / "a.state", key, state)
    assert (tmp_path / "a.state").stat().st_mode & 0o777 == 0o600
    read = read_state(tmp_path / "a.state", key, flow.layout)
    assert read is not None and isinstance(read.past, np.memmap)
    kept = dataclasses.replace(someone, state=read)
    lengths.clear()
    mel = push(flow.begin(kept, False, 50), TOKENS[:50], final=True)
    assert lengths[::10] == [24 + 100]
    # What the last of its frames look ahead to is in the clip here, so both are the same sums.
    mask = np.ones((1, 1, 174, 174), np.bool_)
    mask[..., :50, 50:] = False
    mu, spks = flow.condition(TOKENS[:50], someone)
    cond = np.zeros((1, 80, 174), np.float32)
    cond[0, :, :74] = someone.mel
    steps = flow.euler(0, {"mu": mu, "cond": cond, "spks": spks, "attn_mask": mask}, None)
    whole = finished(steps)[:, 74:]
    assert mel.shape == whole.shape == (80, 100)
    assert np.linalg.norm(mel - whole) < 1e-6 * np.linalg.norm(whole)
    assert share_of_work(flow, someone, state) > 0


def test_a_state_of_something_else_is_not_used(
    flow: Flow, someone: Speaker, cosyvoice3_bundle: Bundle, tmp_path: Path
) -> None:
    path = tmp_path / "a.state"
    state = make_state(flow, someone)
    assert state is not None
    key = key_of(cosyvoice3_bundle, flow.made_by, someone)
    assert read_state(path, key, flow.layout) is None
    write_state(path, key, state)
    other = dataclasses.replace(someone, tokens=(*someone.tokens[1:], 5))
    others = [key_of(cosyvoice3_bundle, flow.made_by, other)]
    others.append(key_of(cosyvoice3_bundle, "flow_step-fp16.onnx", someone))
    assert all(read_state(path, each, flow.layout) is None for each in others)
    half = dataclasses.replace(flow.layout, type=np.float16, shape=(3, 2, 64))
    assert read_state(path, key, half) is None
    path.write_bytes(path.read_bytes()[:-1])
    assert read_state(path, key, flow.layout) is None
    short = dataclasses.replace(someone, tokens=someone.tokens[:20], mel=someone.mel[:, :40])
    assert make_state(flow, short) is None


def test_what_is_kept_is_wiped_and_replaced_with_the_print(
    cosyvoice3_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    clip = PcmChunk(hum(2.5), 24_000)
    fits = checkpoint_of(cosyvoice3_bundle)
    told = ("anna", "cosyvoice3", cosyvoice3_bundle.voice.name, fits)
    label = Label(FORMAT, *told, "en", "2026-01-01", "The speaker agreed.")
    made = synth.enroll(cosyvoice3_bundle, clip, "Hello there.")
    path = save_print(made, label)
    kept = state_file(path)
    monkeypatch.setattr("edge.synth.cosyvoice3.prompt_state.share_of_work", lambda *_: 0.4)
    assert "MB in anna.state" in synth.keep_state(cosyvoice3_bundle, path)
    voice = synth.load(cosyvoice3_bundle)
    [segment] = voice.plan("Hello.", Style(speaker="anna"))
    assert segment.voice.state.frames == 100  # type: ignore[attr-defined]
    save_print(made, label)
    assert not kept.exists()
    # Where it is no faster, nothing is kept.
    monkeypatch.setattr("edge.synth.cosyvoice3.prompt_state.share_of_work", lambda *_: 1.2)
    assert "anew" in synth.keep_state(cosyvoice3_bundle, path) and not kept.exists()
    monkeypatch.setattr("edge.synth.cosyvoice3.prompt_state.share_of_work", lambda *_: 0.4)
    synth.keep_state(cosyvoice3_bundle, path)
    remove_print("anna")
    assert not path.exists() and not kept.exists()
