"""A voice for a GPU: the provider chain, TensorRT's engines, the change-over, exact windows.

No GPU is here: tests/helpers/fake_gpu.py says what is faked and why. tools/gpu/ measures on a
real one.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import records, synth
from edge.bench.tune import Timed, slower_somewhere, tune
from edge.bundle import PROFILE, VOICE, Bundle, file_sha256, open_bundle
from edge.bundler.candidates import export, make_candidates, write_bundle
from edge.bundler.fetch import fetch
from edge.bundler.metrics import log_mel_distance_db, snr_db
from edge.bundler.stage_cache import StageCache
from edge.errors import ModelFailed, ProviderMissing
from edge.files import cache_dir
from edge.machine import read_machine
from edge.pcm import Samples
from edge.profile import Profile, Provider, Stages, load_profile
from edge.synth import Style, Synthesizer
from edge.synth.gpu.engines import Engine, shape_profile
from edge.synth.gpu.standby import Standby
from edge.synth.gpu.windows import SIZES, plan_windows
from edge.synth.piper.synthesizer import PiperSynthesizer
from edge.synth.session import Session
from edge.synth.variants import on_gpu
from edge.voice import load_voice
from tests.helpers.fake_gpu import CPU, CUDA, TENSORRT, FakeOnnxruntime
from tests.helpers.fakes import DEADLINE_S

pytestmark = pytest.mark.voice
TEXTS = ("no", "Hmm", "The kettle is on.", "Turn left after the bridge, then keep to the right.")


@pytest.fixture(scope="module")
def jetson(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The default voice for an Orin, unmeasured (8 s, or 2 with a warm stage cache)."""
    voice = load_voice("en_US-joe-medium")
    profile = dataclasses.replace(
        load_profile("jetson-orin-nano"),
        board=load_profile("x86-64").board,  # it is to run here
    )
    stages = StageCache(cache_dir() / "stages")
    files = fetch(voice, cache_dir(), lambda *_: None)
    folder = tmp_path_factory.mktemp("jetson")
    original = export(voice, files, stages, folder / "log.json")
    made, _ = make_candidates(original, voice, profile, stages, lambda *_: None)
    (folder / VOICE).write_text(records.dump_json(voice), encoding="utf-8")
    (folder / PROFILE).write_text(records.dump_json(profile), encoding="utf-8")
    write_bundle(folder, original, voice, profile, made, gain=1.0, tools={})
    return open_bundle(folder, None)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return tmp_path / "engines"


def demanding(bundle: Bundle, *required: str) -> Bundle:
    """The same with `require: true` for these providers of the decoder."""
    runtime = bundle.profile.runtime
    chain = tuple(
        dataclasses.replace(p, require=p.name in required) for p in runtime.providers.decoder
    )
    stages = Stages(runtime.providers.encoder, chain)
    profile = dataclasses.replace(
        bundle.profile, runtime=dataclasses.replace(runtime, providers=stages)
    )
    return dataclasses.replace(bundle, profile=profile)


def speak(voice: Synthesizer, text: str) -> Samples:
    chunks = [c for segment in voice.plan(text, Style()) for c in voice.speak(segment)]
    return np.concatenate([chunk.samples for chunk in chunks])


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


# Windows


@given(st.integers(1, 3000))
def test_the_windows_of_a_sentence_give_each_frame_once_and_see_around_it(frames: int) -> None:
    done = 0
    for window in plan_windows(frames, 43):
        assert window.begin == done < window.end <= frames
        assert window.size in SIZES and window.start >= 0
        assert window.start == 0 or window.begin - window.start >= 43
        stop = window.start + window.size
        assert stop - window.end >= 43 or window.end == frames <= stop
        done = window.end
    assert done == frames


def test_a_window_decoder_says_what_the_streaming_one_says(
    jetson: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fp16 against fp32: the figures of docs/measurements/2026-11-23-cuda.md, on a CPU."""
    FakeOnnxruntime(CUDA).use(monkeypatch)
    fast = PiperSynthesizer(jetson, jetson.variant("fp16-gpu-fp32"))
    plain = PiperSynthesizer(jetson, jetson.variant("fp32"))
    assert fast.provider == CUDA
    for text in TEXTS:
        mine, theirs = speak(fast, text), speak(plain, text)
        assert snr_db(theirs, mine) > 35, text
        assert log_mel_distance_db(theirs, mine, plain.rate) < 0.1, text
        [segment] = fast.plan(text, Style(), words=True)
        words = [word for chunk in fast.speak(segment) for word in chunk.words]
        assert len(words) == len(text.split())


def test_cuda_records_two_lengths_before_the_first_word_and_none_later(
    jetson: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeOnnxruntime(CUDA)
    fake.use(monkeypatch)
    voice = PiperSynthesizer(jetson, jetson.variant("fp16-gpu-fp32"))
    assert voice._windows is not None
    recorded = voice._windows._session._recorded
    assert [shape[2] for shape in fake.recorded] == list(SIZES)
    before = set(recorded)
    for text in TEXTS:
        speak(voice, text)
    assert set(recorded) == before
    assert len(fake.recorded) > len(TEXTS)


# The chain


@pytest.mark.parametrize(
    ("offered", "raising", "silent", "provider", "said"),
    [
        ((TENSORRT, CUDA), {}, set(), TENSORRT, ""),
        ((CUDA,), {}, set(), CUDA, "not TensorrtExecutionProvider: this onnxruntime offers"),
        ((TENSORRT, CUDA), {TENSORRT: "no libnvinfer"}, set(), CUDA, "no libnvinfer"),
        ((TENSORRT, CUDA), {}, {TENSORRT}, CUDA, "gave CUDAExecutionProvider instead"),
        ((TENSORRT, CUDA), {TENSORRT: "a", CUDA: "no cuDNN"}, set(), CPU, "no cuDNN"),
        ((TENSORRT, CUDA), {}, {TENSORRT, CUDA}, CPU, "gave CPUExecutionProvider instead"),
        ((), {}, set(), CPU, "needs TensorrtExecutionProvider or CUDAExecutionProvider"),
    ],
)
def test_the_next_provider_is_taken_and_the_reason_is_said(
    jetson: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    offered: tuple[str, ...],
    raising: dict[str, str],
    silent: set[str],
    provider: str,
    said: str,
) -> None:
    fake = FakeOnnxruntime(*offered)
    fake.raising, fake.silent = raising, silent
    fake.use(monkeypatch)
    with caplog.at_level(logging.WARNING):
        voice = synth.load(jetson)
    assert voice.provider == provider
    assert voice.variant == ("fp32" if provider == CPU else "fp16-gpu")
    warned = [
        record.getMessage()
        for record in caplog.records
        if "fused needs a CPU with asimddp" not in record.getMessage()  # this one is no Jetson's
    ]
    assert said in "".join(warned) and bool(said) == bool(warned)
    assert len(speak(voice, "no"))


@pytest.mark.parametrize("without_code", [{CUDA}, {TENSORRT}, {TENSORRT, CUDA}], ids=sorted)
def test_a_provider_that_was_not_compiled_for_this_gpu_is_passed_over(
    jetson: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    without_code: set[str],
) -> None:
    """As the public wheels for arm64 on an Orin: offered, loaded, and no code for the GPU."""
    fake = FakeOnnxruntime(*([TENSORRT] if TENSORRT in without_code else []), CUDA)
    fake.without_code = without_code
    fake.use(monkeypatch)
    voice = synth.load(jetson)
    assert voice.provider == (CPU if CUDA in without_code else CUDA)
    assert "cudaErrorNoKernelImageForDevice" in caplog.text and len(speak(voice, "no"))


@pytest.mark.parametrize(
    ("offered", "raising", "tensorrt", "why"),
    [
        ((CUDA,), {}, "10.3.0", "offers CUDAExecutionProvider"),
        ((TENSORRT, CUDA), {TENSORRT: "bad option trt_fp61"}, "10.3.0", "trt_fp61"),
        ((TENSORRT, CUDA), {}, None, "TensorRT's library cannot be loaded"),
    ],
)
def test_what_the_profile_demands_is_an_error_if_it_cannot_be_had(
    jetson: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    offered: tuple[str, ...],
    raising: dict[str, str],
    tensorrt: str | None,
    why: str,
) -> None:
    fake = FakeOnnxruntime(*offered)
    fake.raising = raising
    fake.use(monkeypatch, tensorrt)
    bundle = demanding(jetson, TENSORRT)
    for background in (True, False):
        with pytest.raises(ProviderMissing, match=TENSORRT) as caught:
            synth.load(bundle, background=background)
        assert why in caught.value.message and "require: false" in caught.value.remedy


def test_two_onnxruntime_packages_are_named_as_the_reason(
    jetson: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeOnnxruntime().use(monkeypatch)
    both = ["onnxruntime", "onnxruntime-gpu"]
    monkeypatch.setattr("edge.synth.session.onnxruntime_packages", lambda: both)
    with pytest.raises(ProviderMissing, match="onnxruntime and onnxruntime-gpu are both"):
        synth.load(jetson, "fp16-gpu")


def test_a_gpu_is_not_given_memory_that_is_not_free(
    jetson: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeOnnxruntime(CUDA).use(monkeypatch)
    monkeypatch.setattr("edge.synth.session.available_memory_mb", lambda: 700)
    with pytest.raises(ProviderMissing, match="700 MB of memory are free and the GPU needs 1400"):
        synth.load(jetson, "fp16-gpu")
    assert synth.load(jetson).provider == CPU


def test_a_damaged_graph_is_no_matter_of_providers(
    jetson: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeOnnxruntime(CUDA)
    fake.raising = {CPU: "protobuf parsing failed"}
    fake.use(monkeypatch)
    with pytest.raises(ModelFailed, match="protobuf parsing failed"):
        synth.load(jetson, "fp32")


# TensorRT's engines


def test_the_shape_profile_names_every_input_states_included() -> None:
    inputs: dict[str, list[int | str | None]] = {
        "latent": [1, 192, "n"],
        "first": [1],
        "state_000": [1, 96, 4],
        "open": [1, None],
    }
    assert shape_profile(inputs, (64, 256)) == {
        "trt_profile_min_shapes": "latent:1x192x64,first:1,state_000:1x96x4,open:1x64",
        "trt_profile_opt_shapes": "latent:1x192x256,first:1,state_000:1x96x4,open:1x256",
        "trt_profile_max_shapes": "latent:1x192x256,first:1,state_000:1x96x4,open:1x256",
    }


def test_one_engine_is_built_for_all_lengths_and_found_again(
    jetson: Bundle, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    fake = FakeOnnxruntime(TENSORRT, CUDA)
    fake.use(monkeypatch)
    voice = synth.load(jetson)
    [options] = fake.builds
    assert options["trt_fp16_enable"] == "True"
    assert options["trt_profile_min_shapes"] == "latent:1x192x64,mask:1x1x1x64"
    kept = files(cache)
    for text in (*TEXTS, "word " * 40):
        speak(voice, text)
    assert speak(synth.load(jetson), "no").tobytes() == speak(voice, "no").tobytes()
    assert len(fake.builds) == 1 and files(cache) == kept
    loaded, options = fake.sessions[-1]
    assert loaded.endswith("_ctx.onnx") and "trt_dump_ep_context_model" not in options


def decoder(bundle: Bundle) -> Session:
    """The GPU's decoder alone, without a warm-up."""
    chain = on_gpu(bundle.profile.runtime.providers.decoder)
    return Session(bundle, bundle.variant("fp16-gpu").graphs["decoder"], chain, SIZES)


@pytest.mark.parametrize("harm", ["cut", "changed", "record", "refused", "half built"])
def test_a_damaged_engine_is_built_anew(
    jetson: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    cache: Path,
    caplog: pytest.LogCaptureFixture,
    harm: str,
) -> None:
    fake = FakeOnnxruntime(TENSORRT)
    fake.use(monkeypatch)
    decoder(jetson)
    [record] = cache.glob("*/engine.json")
    [context] = cache.glob("*/*_ctx.onnx")
    if harm == "cut":
        context.unlink()
    elif harm == "changed":
        next(cache.glob("*/engine/*.engine")).write_text("rotten")
    elif harm == "record":
        record.write_text("{")
    elif harm == "half built":
        record.unlink()
    else:  # whole, but TensorRT does not take it
        context.write_text("of another version")
        text = record.read_text()
        engine = records.parse_json(text, Engine, "engine")
        shas = {**engine.files, context.name: file_sha256(context)}
        record.write_text(records.dump_json(dataclasses.replace(engine, files=shas)))
    with caplog.at_level(logging.WARNING):
        assert decoder(jetson).provider == TENSORRT
    assert len(fake.builds) == 2 and "built anew" in caplog.text
    decoder(jetson)
    assert len(fake.builds) == 2


def test_another_tensorrt_builds_anew_and_the_old_engine_goes(
    jetson: Bundle, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    fake = FakeOnnxruntime(TENSORRT)
    fake.use(monkeypatch)
    decoder(jetson)
    fake.use(monkeypatch, tensorrt="10.16.2")
    decoder(jetson)
    assert len(fake.builds) == 2
    [record] = cache.glob("*/engine.json")
    assert '"10.16.2"' in record.read_text()


def test_engines_not_used_for_the_longest_are_evicted(
    jetson: Bundle, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    fake = FakeOnnxruntime(TENSORRT)
    fake.use(monkeypatch)
    for number in range(6):
        other = dataclasses.replace(
            jetson, manifest=dataclasses.replace(jetson.manifest, gain=1.0 + number)
        )
        monkeypatch.setattr(Bundle, "id", property(lambda b: f"{b.manifest.gain:064.3f}"))
        decoder(other)
    assert len(fake.builds) == 6 and len(list(cache.glob("*/engine.json"))) == 4
    decoder(other)
    assert len(fake.builds) == 6


def test_a_build_that_fails_leaves_nothing(
    jetson: Bundle, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    fake = FakeOnnxruntime(TENSORRT)
    fake.raising = {TENSORRT: "out of memory"}
    fake.use(monkeypatch)
    assert synth.load(jetson).provider == CPU
    assert [p for p in files(cache) if p.name != ".lock"] == []


# Speaking meanwhile


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOnnxruntime]:
    fake = FakeOnnxruntime(TENSORRT, CUDA)
    fake.may_build.clear()
    fake.use(monkeypatch)
    yield fake
    fake.may_build.set()


def test_the_cpu_speaks_while_the_engine_is_built_and_then_no_more(
    jetson: Bundle, slow: FakeOnnxruntime
) -> None:
    voice = synth.load(jetson, background=True)
    assert isinstance(voice, Standby) and slow.building.wait(DEADLINE_S)
    on_cpu = speak(voice, "Turn left.")
    assert not slow.builds and voice.variant == "fp32"
    assert voice.provider == (f"{CPU} (fp16-gpu on {TENSORRT} or {CUDA} is being prepared)")
    [segment] = voice.plan("Turn left.", Style())
    begun = voice.speak(segment)
    first = next(begun)
    slow.may_build.set()
    assert voice.wait(DEADLINE_S)
    rest = [first, *begun]  # what was begun on the CPU ends there
    assert np.concatenate([c.samples for c in rest]).tobytes() == on_cpu.tobytes()
    assert len(speak(voice, "Turn left."))
    assert (voice.provider, voice.variant) == (TENSORRT, "fp16-gpu")
    assert len(slow.builds) == 1


def test_a_gpu_that_cannot_be_had_leaves_the_cpu_speaking_and_says_why(
    jetson: Bundle, slow: FakeOnnxruntime
) -> None:
    slow.raising = {CUDA: "no cuDNN", TENSORRT: "no libnvinfer"}
    voice = synth.load(jetson, background=True)
    assert isinstance(voice, Standby) and voice.wait(DEADLINE_S)
    assert len(speak(voice, "no"))
    assert voice.variant == "fp32"
    assert voice.provider.startswith(CPU) and "no cuDNN" in voice.provider


# Tuning


def test_a_gpu_is_chosen_only_if_it_wins_at_every_length() -> None:
    cpu = Timed("fp32", 0.04, 0.02, None, (0.02, 0.15, 0.35))
    fast = Timed("fp16-gpu", 0.01, 0.02, None, (0.005, 0.02, 0.04))
    slow_once = dataclasses.replace(fast, seconds=(0.021, 0.02, 0.04))
    assert slower_somewhere((fast, cpu), {"fp16-gpu"}) == {}
    [why] = slower_somewhere((slow_once, cpu), {"fp16-gpu"}).values()
    assert "6 characters on the GPU" in why
    assert slower_somewhere((slow_once,), {"fp16-gpu"}) == {}


def test_tuning_here_takes_the_cpu_because_the_gpu_is_none(
    jetson: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeOnnxruntime(CUDA).use(monkeypatch)  # float16 on this CPU is slower than fp32
    monkeypatch.setattr("edge.bench.tune.TEXTS", ("no", "Turn left.", "no"))
    outcome = tune(jetson, read_machine(), rounds=1)
    assert outcome.chosen == "fp32"
    assert "on the GPU and fp32" in outcome.reason


def test_tuning_passes_over_a_gpu_that_cannot_be_had(
    jetson: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeOnnxruntime(CUDA)
    fake.raising = {CUDA: "no cuDNN"}
    fake.use(monkeypatch)
    monkeypatch.setattr("edge.bench.tune.TEXTS", ("no", "Turn left.", "no"))
    outcome = tune(jetson, read_machine(), rounds=1)
    assert [one.variant for one in outcome.timed] == ["fp32"]


def test_a_profile_without_a_gpu_runs_a_window_decoder_on_the_cpu(jetson: Bundle) -> None:
    """As the build does, to judge its sound."""
    stages = Stages((Provider(CPU),), (Provider(CPU),))
    runtime = dataclasses.replace(jetson.profile.runtime, providers=stages)
    profile: Profile = dataclasses.replace(jetson.profile, runtime=runtime)
    voice = synth.load(dataclasses.replace(jetson, profile=profile), "fp16-gpu")
    assert voice.provider == CPU and len(speak(voice, "no"))
