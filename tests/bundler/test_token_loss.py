"""Official tokens forced through variants of CosyVoice3's tiny random checkpoint; its float32
bundle stands in for the official code, and its draws are listened to. 4 s."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.bundler.evaluate.official import Official
from edge.bundler.evaluate.token_loss import TokenLoss, token_loss
from edge.bundler.quantize import maker
from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer
from tests.helpers.kept_cosyvoice3 import RATE, STAGES, VOICE, loaded, unpack
from tests.helpers.official_drawn import Arrays, write
from tests.helpers.packed import pack


def measured(
    folder: Path, arrays: Arrays, bundle: Bundle, voice: CosyVoice3Synthesizer
) -> TokenLoss:
    write(folder, "en-00", arrays)
    found = token_loss(voice, Official(folder, bundle).drawn("en", 1))
    assert found is not None
    return found


def test_the_model_itself_has_no_loss_and_a_smaller_one_has_more(
    cosyvoice3_bundle: Bundle, drawn: Arrays, tmp_path: Path
) -> None:
    exact = measured(tmp_path, drawn, cosyvoice3_bundle, loaded(cosyvoice3_bundle))
    assert 0 <= exact.kl < 1e-9 and exact.greedy == 1 and exact.mel_db == 0
    losses = []
    graphs = {stage: f"{stage}-fp32.onnx" for stage in STAGES}
    for number, (llm, flow) in enumerate((("int8-dynamic", "fp16"), ("int4", "int8-dynamic"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        unpack(folder)
        for stage, recipe in (("llm", llm), ("flow_step", flow)):
            small = f"{stage}-small.onnx"
            maker(recipe, large=True)(folder / graphs[stage], folder / small, None)
        small = {stage: f"{stage}-small.onnx" for stage in ("llm", "flow_step")}
        bundle = pack(folder, "cosyvoice3", RATE, graphs | small, VOICE)
        losses.append(measured(tmp_path, drawn, bundle, loaded(bundle)))
    print(exact, losses)
    assert 1e-7 < losses[0].kl < losses[1].kl
    assert 1e-4 < losses[0].mel_db < losses[1].mel_db


def test_other_chances_and_another_sound_are_heard(
    cosyvoice3_bundle: Bundle, drawn: Arrays, tmp_path: Path
) -> None:
    voice = loaded(cosyvoice3_bundle)
    moved = drawn["logp"] + np.random.default_rng(0).normal(0, 0.1, drawn["logp"].shape)
    moved -= np.log(np.exp(moved).sum(axis=1, keepdims=True))
    other = measured(tmp_path, drawn | {"logp": moved}, cosyvoice3_bundle, voice)
    # Of noise with a variance of 0.01 that is independent of the chances: half of it.
    assert other.kl == pytest.approx(0.005, rel=0.2) and other.mel_db == 0
    softer = drawn | {"sound": drawn["sound"] * np.float32(0.5)}
    assert measured(tmp_path, softer, cosyvoice3_bundle, voice).mel_db == pytest.approx(6, abs=0.2)


def test_the_form_without_the_clip_s_words_is_forced_like_the_other(
    cosyvoice3_bundle: Bundle, drawn: Arrays, tmp_path: Path
) -> None:
    """Tokens that the language model did not hear change what it gives chances to."""
    deaf = drawn | {"heard": np.zeros(0, np.int32)}
    found = measured(tmp_path, deaf, cosyvoice3_bundle, loaded(cosyvoice3_bundle))
    assert found.kl > 1e-4 and found.mel_db == 0
