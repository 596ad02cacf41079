"""An int8 bundle carried to a CPU without VNNI speaks as it was judged, or another of its variants
does and it is said why: today's, with weights of 7 bits, and one from before, with 8. About 30 s.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnxruntime.quantization import QuantType, quantize_dynamic

from edge import synth
from edge.bundle import PROFILE, Bundle, Variant, open_bundle, seal
from edge.bundler import pack
from edge.bundler.metrics import log_mel_distance_db, snr_db
from edge.bundler.pipeline import Wish, build_bundle
from edge.bundler.quantize.dynamic import int8_dynamic
from edge.bundler.quantize.recipe import constants
from edge.bundler.quantize.storage import weights_int8
from edge.pcm import Samples
from edge.profile import load_profile
from tests.cpus import SATURATES, Cpu, cpus
from tests.helpers.random_voices import VoiceShape, write_letters

TEXT = "a late train"
SHAPE = VoiceShape(hidden=96, inter=32, filter=64, symbols=30, flows=1)
OLD_PROFILE = Path(__file__).parents[1] / "data/bundles/format-1--tone--x86-64" / PROFILE
LEAST = [cpu for cpu in cpus() if cpu.name == "Nehalem"]
GATE_DB = load_profile("x86-64").budget.log_mel_db


@pytest.fixture(scope="module")
def fp32(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A small random voice as a build packs it for a PC."""
    folder = tmp_path_factory.mktemp("fp32")
    wish = Wish(write_letters(SHAPE, folder / "voice"), "x86-64", "fp32")
    return build_bundle(wish, folder / "bundle", folder / "cache", lambda *_: None)


@pytest.fixture(scope="module")
def spoken(fp32: Bundle) -> tuple[tuple[int, ...], Samples]:
    """How long each sound lasts in fp32 on this CPU, and the sentence so spoken."""
    voice = synth.load(fp32, "fp32")
    [segment] = voice.plan(TEXT, synth.Style())
    fixed = replace(segment, durations=voice.durations(segment))
    return fixed.durations, np.concatenate([chunk.samples for chunk in voice.speak(fixed)])


@pytest.fixture(scope="module")
def today(fp32: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """int8-encoder and fp32, as a build packs them."""
    return with_int8_encoder(fp32, tmp_path_factory.mktemp("today") / "bundle")


@pytest.fixture(scope="module")
def stored(fp32: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """weights-int8 alone, as a build packs it."""
    folder = tmp_path_factory.mktemp("stored") / "bundle"
    shutil.copytree(fp32.path, folder)
    [packed], graphs = fp32.manifest.variants, {}
    for stage, name in packed.graphs.items():
        whole, small = folder.parent / "whole.onnx", folder.parent / "small.onnx"
        onnx.save(onnx.load(fp32.graph(name)), whole)
        weights_int8(whole, small, None)
        graphs[stage] = f"{stage}-weights-int8.onnx"
        pack.store(small, folder / graphs[stage])
    variants = (Variant("weights-int8", graphs),)
    seal(folder, lambda files: replace(fp32.manifest, variants=variants, files=files))
    return open_bundle(folder, machine=None)


@pytest.fixture(scope="module")
def before(fp32: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as an earlier version built it: weights of 8 bits, and its profile."""
    return with_int8_encoder(fp32, tmp_path_factory.mktemp("before") / "bundle", bits=8)


def with_int8_encoder(built: Bundle, folder: Path, bits: int = 7) -> Path:
    shutil.copytree(built.path, folder)
    whole, small = folder.parent / "encoder.onnx", folder.parent / "small.onnx"
    floats = built.manifest.variants[0].graphs
    onnx.save(onnx.load(built.graph(floats["encoder"])), whole)
    quantized = int8_dynamic(whole, small, None).quantized
    if bits == 8:
        shutil.copyfile(OLD_PROFILE, folder / PROFILE)
        quantize_dynamic(
            whole,
            small,
            op_types_to_quantize=["MatMul"],
            nodes_to_quantize=list(quantized),
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
    weights = [w for w in constants(onnx.load(small)).values() if w.dtype == np.int8 and w.ndim]
    assert max(int(np.abs(w.astype(int)).max()) for w in weights) == (64 if bits == 7 else 127)
    pack.store(small, folder / "encoder-int8-dynamic.onnx")
    graphs = {**floats, "encoder": "encoder-int8-dynamic.onnx"}
    variants = (Variant("int8-encoder", graphs), Variant("fp32", floats))
    seal(folder, lambda files: replace(built.manifest, variants=variants, files=files))
    return folder


def carried(
    bundle: Path, cpu: Cpu, durations: tuple[int, ...], folder: Path
) -> tuple[str, str, Samples]:
    """What speaks there, what was passed over, and the sound."""
    (folder / "text").write_text(TEXT, encoding="utf-8")
    np.save(folder / "durations.npy", durations)
    said = json.loads(cpu.run(["-m", "tests.cpus.speak", str(bundle), str(folder)], folder))
    return said["variant"], "; ".join(said["passed_over"]), np.load(folder / "samples.npy")


@pytest.fixture(scope="module", params=cpus(), ids=lambda cpu: f"{cpu.way}-{cpu.name}")
def cpu(request: pytest.FixtureRequest) -> Cpu:
    chosen: Cpu = request.param
    if why := chosen.missing():
        pytest.skip(why)
    return chosen


def test_a_bundle_of_today_sounds_everywhere_as_it_was_judged(
    today: Path, cpu: Cpu, spoken: tuple[tuple[int, ...], Samples], tmp_path: Path
) -> None:
    durations, reference = spoken
    rate = open_bundle(today, machine=None).manifest.rate
    judged = synth.load(open_bundle(today, machine=None), "int8-encoder")
    [segment] = judged.plan(TEXT, synth.Style())
    here = np.concatenate([c.samples for c in judged.speak(replace(segment, durations=durations))])
    variant, _, there = carried(today, cpu, durations, tmp_path)
    assert variant == "int8-encoder"
    figures = [log_mel_distance_db(reference, sound, rate) for sound in (here, there)]
    assert figures[1] < GATE_DB
    assert abs(figures[0] - figures[1]) < 0.02


@pytest.mark.parametrize("lesser", LEAST, ids=lambda cpu: str(cpu.way))
def test_what_is_int8_in_storage_alone_is_computed_in_floats_everywhere(
    lesser: Cpu, stored: Bundle, spoken: tuple[tuple[int, ...], Samples], tmp_path: Path
) -> None:
    """Where onnxruntime rounds activations, with AVX2 or more, it was 41 dB from this."""
    if why := lesser.missing():
        pytest.skip(why)
    voice = synth.load(stored, "weights-int8")
    [segment] = voice.plan(TEXT, synth.Style())
    fixed = replace(segment, durations=spoken[0])
    here = np.concatenate([chunk.samples for chunk in voice.speak(fixed)])
    variant, _, there = carried(stored.path, lesser, spoken[0], tmp_path)
    assert variant == "weights-int8"
    assert snr_db(here, there) > 70


def test_a_bundle_from_before_speaks_within_its_gate_or_says_why_not(
    before: Path, cpu: Cpu, spoken: tuple[tuple[int, ...], Samples], tmp_path: Path
) -> None:
    durations, reference = spoken
    variant, passed_over, there = carried(before, cpu, durations, tmp_path)
    if cpu.name in SATURATES:
        assert variant == "fp32"
        assert passed_over == "int8-encoder needs a CPU with avx512_vnni or avx_vnni"
    distance = log_mel_distance_db(
        reference, there, open_bundle(before, machine=None).manifest.rate
    )
    assert distance < GATE_DB
