"""Makes a tiny random checkpoint with the files, names and quirks of the released CosyVoice3.

It says nothing: its speech is noise. Its weights have few values, and its tables repeat parts of
rows, so that what is exported from it packs into a tenth (kept_cosyvoice3.py beside it). It needs
the extra `cosyvoice3`. By hand, for a bundle: `python -m tests.helpers.tiny_cosyvoice3 DIR`, then
`edge build cosyvoice3-0.5b --checkpoint DIR`.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from edge.bundler.export.cosyvoice3.dimensions import read_dimensions
from edge.bundler.export.cosyvoice3.flow import FlowFront, FlowStep
from edge.bundler.export.cosyvoice3.llm import Llm, Tables
from edge.bundler.export.cosyvoice3.vocoder import F0Predictor, SourceModule, Vocoder

Spelling = Literal["parametrizations", "weight_g"]

MERGES = ("t h", "th e", "Ġ the", "i n", "e r", "a n", "Ġ a", "Ġ s", "h e", "l l", "o u", "Ġ w")
ENDINGS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CODES = 6561
EOS = CODES + 1
TEXT_ROWS = 640
TABLES = ("llm_decoder.weight", "speech_embedding.weight", "input_embedding.weight")
"""A row for each code."""

YAML = """\
__set_seed1: !apply:random.seed [1986]
__set_seed2: !apply:numpy.random.seed [1986]
__set_seed3: !apply:torch.manual_seed [1986]

sample_rate: 24000
llm_input_size: 64
llm_output_size: 64
spk_embed_dim: 192
qwen_pretrain_path: ''
token_frame_rate: 25
token_mel_ratio: 2
chunk_size: 25
num_decoding_left_chunks: -1

llm: !new:cosyvoice.llm.llm.CosyVoice3LM
    llm_input_size: !ref <llm_input_size>
    llm_output_size: !ref <llm_output_size>
    speech_token_size: 6561
    length_normalized_loss: True
    lsm_weight: 0
    mix_ratio: [5, 15]
    llm: !new:cosyvoice.llm.llm.Qwen2Encoder
        pretrain_path: !ref <qwen_pretrain_path>
    sampling: !name:cosyvoice.utils.common.ras_sampling
        top_p: 0.8
        top_k: 25
        win_size: 10
        tau_r: 0.1

flow: !new:cosyvoice.flow.flow.CausalMaskedDiffWithDiT
    input_size: 80
    output_size: 80
    spk_embed_dim: !ref <spk_embed_dim>
    output_type: 'mel'
    vocab_size: 6561
    input_frame_rate: !ref <token_frame_rate>
    only_mask_loss: True
    token_mel_ratio: !ref <token_mel_ratio>
    pre_lookahead_len: 3
    pre_lookahead_layer: !new:cosyvoice.transformer.upsample_encoder.PreLookaheadLayer
        in_channels: 80
        channels: 48
        pre_lookahead_len: 3
    decoder: !new:cosyvoice.flow.flow_matching.CausalConditionalCFM
        in_channels: 240
        n_spks: 1
        spk_emb_dim: 80
        cfm_params: !new:omegaconf.DictConfig
            content:
                sigma_min: 1e-06
                solver: 'euler'
                t_scheduler: 'cosine'
                training_cfg_rate: 0.2
                inference_cfg_rate: 0.7
                reg_loss_type: 'l1'
        estimator: !new:cosyvoice.flow.DiT.dit.DiT
            dim: 64
            depth: 2
            heads: 4
            dim_head: 16
            ff_mult: 2
            mel_dim: 80
            mu_dim: 80
            spk_dim: 80
            out_channels: 80
            static_chunk_size: !ref <chunk_size> * <token_mel_ratio>
            num_decoding_left_chunks: !ref <num_decoding_left_chunks>

hift: !new:cosyvoice.hifigan.generator.CausalHiFTGenerator
    in_channels: 80
    base_channels: 32
    nb_harmonics: 8
    sampling_rate: !ref <sample_rate>
    nsf_alpha: 0.1
    nsf_sigma: 0.003
    nsf_voiced_threshold: 10
    upsample_rates: [8, 5, 3]
    upsample_kernel_sizes: [16, 11, 7]
    istft_params:
        n_fft: 16
        hop_len: 4
    resblock_kernel_sizes: [3, 7, 11]
    resblock_dilation_sizes: [[1, 3, 5], [1, 3, 5], [1, 3, 5]]
    source_resblock_kernel_sizes: [7, 7, 11]
    source_resblock_dilation_sizes: [[1, 3, 5], [1, 3, 5], [1, 3, 5]]
    lrelu_slope: 0.1
    audio_limit: 0.99
    conv_pre_look_right: 4
    f0_predictor: !new:cosyvoice.hifigan.f0_predictor.CausalConvRNNF0Predictor
        num_class: 1
        in_channels: 80
        cond_channels: 24

get_tokenizer: !name:cosyvoice.tokenizer.tokenizer.get_qwen_tokenizer
    token_path: !ref <qwen_pretrain_path>
    skip_special_tokens: True
    version: cosyvoice3
allowed_special: 'all'
feat_extractor: !name:matcha.utils.audio.mel_spectrogram
    n_fft: 1920
    num_mels: 80
    sampling_rate: !ref <sample_rate>
    hop_size: 480
    win_size: 1920
    fmin: 0
    fmax: null
    center: False
"""

CONFIG = {
    "architectures": ["Qwen2ForCausalLM"],
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06,
    "rope_theta": 1000000.0,
    "tie_word_embeddings": True,
    "vocab_size": TEXT_ROWS,
}


def released_sizes() -> tuple[str, dict[str, object]]:
    """cosyvoice3.yaml and config.json with the sizes of the released model, 0.5 billion."""
    text = YAML
    for small, real in {
        "channels: 48": "channels: 1024",
        "dim: 64": "dim: 1024",
        "depth: 2": "depth: 22",
        "heads: 4": "heads: 16",
        "dim_head: 16": "dim_head: 64",
        "base_channels: 32": "base_channels: 512",
        "cond_channels: 24": "cond_channels: 512",
    }.items():
        assert text.count(small) == 1
        text = text.replace(small, real)
    sizes = {"hidden_size": 896, "intermediate_size": 4864, "num_attention_heads": 14}
    return text, CONFIG | sizes | {"num_hidden_layers": 24, "vocab_size": 151_936}


def write_checkpoint(
    folder: Path,
    spelling: Spelling = "parametrizations",
    generator: bool = False,
    seed: int = 0,
    released: bool = False,
) -> Path:
    """Fill `folder` as the released one is filled, and return it. `generator` puts that prefix
    before the vocoder's names, as training leaves it. `released`: in its sizes too (3.5 GB), but
    for the two encoders of a clip."""
    text = folder / "CosyVoice-BlankEN"
    text.mkdir(parents=True, exist_ok=True)
    described, config = released_sizes() if released else (YAML, CONFIG)
    (folder / "cosyvoice3.yaml").write_text(described, encoding="utf-8")
    (text / "config.json").write_text(json.dumps(config), encoding="utf-8")
    _write_tokenizer(text)
    d = read_dimensions(folder / "cosyvoice3.yaml", text / "config.json")
    torch.manual_seed(seed)
    kept = _as_it_is if released else _packable
    llm, tables = kept(Llm(d.llm).state_dict()), kept(Tables(d.llm).state_dict())
    llm["llm_decoder.weight"][CODES:] = 0  # so that speech does not end at once ...
    llm["llm_decoder.weight"][EOS] = 0.4 * torch.randn(d.llm.hidden)  # ... but now and then
    state = {}
    for name, value in (llm | tables).items():
        plain = name.startswith(("llm_decoder", "speech_embedding"))
        state[name if plain else f"llm.model.model.{name}"] = value
    state["llm.model.lm_head.weight"] = state["llm.model.model.embed_tokens.weight"]
    torch.save(state, folder / "llm.pt")

    front, step = kept(FlowFront(d.flow).state_dict()), kept(FlowStep(d.flow).state_dict())
    head = torch.arange(0, d.flow.head, 2).float() / d.flow.head
    step["estimator.rotary_embed.inv_freq"] = 1.0 / 10_000.0**head
    state = front | {f"decoder.{name}": value for name, value in step.items()}
    torch.save(state, folder / "flow.pt")

    f0 = F0Predictor(d.vocoder).float()
    nn.init.constant_(f0.classifier.bias, 140.0)  # Hz
    nn.init.normal_(f0.classifier.weight, std=100.0)
    vocoder = Vocoder(d.vocoder)
    for name, parameter in vocoder.named_parameters():
        if name.endswith("alpha"):
            nn.init.uniform_(parameter, 0.5, 2.0)
    state = _with_weight_norm(kept(vocoder.state_dict()), spelling)
    for name, value in _with_weight_norm(kept(f0.state_dict()), spelling).items():
        state[f"f0_predictor.{name}"] = value
    for name, value in SourceModule(d.vocoder.harmonics).state_dict().items():
        state[f"m_source.{name}"] = value
    prefix = "generator." if generator else ""
    torch.save({prefix + name: value for name, value in state.items()}, folder / "hift.pt")
    _write_campplus(folder / "campplus.onnx")
    _write_speech_tokenizer(folder / "speech_tokenizer_v3.onnx")
    return folder


def _as_it_is(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return state


def _packable(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Round to multiples of a power of two near the spread; two halves tell the codes apart."""
    found = {}
    for name, value in state.items():
        if name in TABLES:
            code, half = torch.arange(CODES), value.shape[1] // 2
            value[:CODES, :half] = value[:81][code % 81, :half]
            value[:CODES, half:] = value[:81][code // 81, half:]
        if value.numel() >= 512 and (spread := float(value.std())):
            step = 2.0 ** math.floor(math.log2(spread))
            value = torch.round(value / step) * step
        found[name] = value
    return found


def _with_weight_norm(state: dict[str, Tensor], spelling: Spelling) -> dict[str, Tensor]:
    g, v = {
        "parametrizations": (
            "parametrizations.weight.original0",
            "parametrizations.weight.original1",
        ),
        "weight_g": ("weight_g", "weight_v"),
    }[spelling]
    found = {}
    for name, value in state.items():
        if value.ndim < 3 or name.startswith(("source_downs", "classifier")):
            found[name] = value
            continue
        layer = name.removesuffix(".weight")
        ones = (1,) * (value.ndim - 1)
        found[f"{layer}.{g}"] = value.flatten(1).norm(dim=1).view(-1, *ones)
        found[f"{layer}.{v}"] = value * torch.empty(len(value)).uniform_(0.5, 2.0).view(-1, *ones)
    return found


def _write_tokenizer(folder: Path) -> None:
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = [chr(byte) for byte in printable]
    letters += [chr(256 + i) for i in range(len(others))]
    words = [*letters, *(merge.replace(" ", "") for merge in MERGES)]
    vocabulary = {word: i for i, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    lines = "\n".join(("#version: 0.2", *MERGES, ""))
    (folder / "merges.txt").write_text(lines, encoding="utf-8")
    added = {str(len(words) + i): {"content": ending} for i, ending in enumerate(ENDINGS)}
    described = {"added_tokens_decoder": added, "tokenizer_class": "Qwen2Tokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(described), encoding="utf-8")


def _write_campplus(path: Path) -> None:
    """feats float32 (1, T, 80) -> float32 (1, 192)."""
    weight = np.random.default_rng(1).standard_normal((80, 192)).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["input", "axes"], ["mean"], keepdims=0),
        helper.make_node("Abs", ["input"], ["size"]),
        helper.make_node("ReduceMean", ["size", "axes"], ["spread"], keepdims=0),
        helper.make_node("Add", ["mean", "spread"], ["both"]),
        helper.make_node("MatMul", ["both", "weight"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "campplus",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["B", "T", 80])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["B", 192])],
        [
            numpy_helper.from_array(weight, "weight"),
            numpy_helper.from_array(np.array([1]), "axes"),
        ],
    )
    _save(graph, path)


def _write_speech_tokenizer(path: Path) -> None:
    """feats float32 (1, 128, T), feats_length int32 (1,) -> indices int32 (1, length // 4)."""
    weight = 40 * np.random.default_rng(2).standard_normal((1, 128)).astype(np.float32)
    arrays = {
        "weight": weight,
        "four": np.array([4], np.int32),
        "zero": np.array([0], np.int32),
        "time": np.array([1], np.int32),
        "middle": np.array([1]),
        "codes": np.array([CODES], np.int32),
    }
    nodes = [
        helper.make_node("AveragePool", ["feats"], ["slow"], kernel_shape=[4], strides=[4]),
        helper.make_node("MatMul", ["weight", "slow"], ["line"]),
        helper.make_node("Squeeze", ["line", "middle"], ["flat"]),
        helper.make_node("Div", ["feats_length", "four"], ["count"]),
        helper.make_node("Slice", ["flat", "zero", "count", "time"], ["kept"]),
        helper.make_node("Abs", ["kept"], ["positive"]),
        helper.make_node("Cast", ["positive"], ["whole"], to=TensorProto.INT32),
        helper.make_node("Mod", ["whole", "codes"], ["indices"]),
    ]
    graph = helper.make_graph(
        nodes,
        "speech_tokenizer",
        [
            helper.make_tensor_value_info("feats", TensorProto.FLOAT, [1, 128, "T"]),
            helper.make_tensor_value_info("feats_length", TensorProto.INT32, [1]),
        ],
        [helper.make_tensor_value_info("indices", TensorProto.INT32, [1, "n"])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    _save(graph, path)


def _save(graph: onnx.GraphProto, path: Path) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


if __name__ == "__main__":
    print(write_checkpoint(Path(sys.argv[1])))
