"""Compute with Kokoro's official classes what our graphs must give.

    python -m tools.kokoro_reference [MODEL TABLE]

Of the small checkpoint of tests/helpers/small_kokoro.py it writes tests/data/kokoro/reference.npz,
which tests compare without torch. With a model file (an export or a released checkpoint) and a
table of styles as arguments it compares the graphs of that, stage by stage, and prints the errors.

Needs `pip install torch transformers attrs loguru huggingface_hub` and
`pip install --no-deps kokoro==0.9.4`; nothing of it is fetched from a hub.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt

from edge.bundler.export.kokoro import STAGES
from edge.bundler.export.kokoro.weights import read_weights
from tests.helpers import small_kokoro as small

Array = npt.NDArray[Any]
TOKENS = (0, 12, 30, 7, 1, 22, 41, 5, 2, 0)
DATA = Path(__file__).parents[1] / "tests" / "data" / "kokoro" / "reference.npz"
MOST = 2e-6
"""Relative L2 of float32 against float32."""


def main() -> None:
    if len(sys.argv) == 3:
        weights = read_weights(Path(sys.argv[1]))
        table = np.fromfile(sys.argv[2], "<f4").reshape(-1, 256)
        wanted = compute(weights, [0, *range(16, 60), 0], table[44:45], lambda text: text)
        errors = compare(weights, wanted)
        print(json.dumps(errors, indent=2))
        sys.exit(max(errors.values()) > MOST)
    folder = DATA.parent
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "small.pth"
    parts: dict[str, dict[str, Array]] = {}
    for name, value in small.weights().items():
        module, _, rest = name.partition(".")
        parts.setdefault(module, {})[rest] = value
    small.write_torch_file(path, parts)
    weights = read_weights(path)
    path.unlink()
    style = np.random.default_rng(2).standard_normal((1, 2 * small.STYLE)).astype(np.float32)
    wanted = compute(weights, list(TOKENS), style, _shrunken)
    np.savez_compressed(DATA, **wanted)  # type: ignore[arg-type]
    print(json.dumps(compare(weights, wanted), indent=2), DATA.stat().st_size, "bytes")


def _shrunken(source: str) -> str:
    """The decoder's widths stand in its source as numbers."""
    return source.replace("1024", str(small.WIDE)).replace("512", str(small.HIDDEN))


def compute(
    weights: Mapping[str, Array], ids: list[int], style: Array, change: Callable[[str], str]
) -> dict[str, Array]:
    """Return the inputs and outputs of each stage; the source is drawn without noise."""
    import torch

    model = _official(weights, change)
    half = style.shape[1] // 2
    timbre, manner = torch.tensor(style[:, :half]), torch.tensor(style[:, half:])
    seen: dict[str, Array] = {}
    generator = model.decoder.generator

    def keep(name: str) -> Callable[..., None]:
        return lambda _, inputs, *output: seen.update({name: (output or inputs)[0].numpy().copy()})

    generator.register_forward_pre_hook(keep("x"))
    generator.noise_convs[0].register_forward_pre_hook(keep("source"))
    generator.conv_post.register_forward_hook(keep("spectra"))
    with torch.no_grad(), mock.patch("torch.randn_like", lambda x, **_: torch.zeros_like(x)):
        tokens, lengths = torch.tensor([ids]), torch.tensor([len(ids)])
        mask = torch.zeros(1, len(ids), dtype=torch.bool)
        said = model.bert_encoder(model.bert(tokens, attention_mask=(~mask).int()))
        prosody = model.predictor.text_encoder(said.transpose(-1, -2), manner, lengths, mask)
        spread, _ = model.predictor.lstm(prosody)
        durations = torch.sigmoid(model.predictor.duration_proj(spread)).sum(-1)
        content = model.text_encoder(tokens, lengths, mask)
        repeats = torch.round(durations).clamp(min=1).long()[0]
        index = torch.repeat_interleave(torch.arange(len(ids)), repeats)
        prosody = prosody.transpose(-1, -2)
        f0, energy = model.predictor.F0Ntrain(prosody[:, :, index], manner)
        sound = model.decoder(content[:, :, index], f0, energy, timbre)
    return {
        "ids": np.array([ids]),
        "style": style,
        "durations": durations.numpy(),
        "prosody": prosody.numpy(),
        "content": content.numpy(),
        "index": index.numpy(),
        "f0": f0.numpy(),
        "energy": energy.numpy(),
        "sound": sound.numpy().reshape(-1),
        **seen,
    }


def _official(weights: Mapping[str, Array], change: Callable[[str], str]) -> Any:
    """KModel, filled with our weights; its package imports a pipeline that is not needed."""
    import torch

    found = importlib.util.find_spec("kokoro")
    assert found is not None and found.submodule_search_locations, __doc__
    folder = Path(next(iter(found.submodule_search_locations)))
    package = types.ModuleType("kokoro")
    package.__path__ = [str(folder)]
    sys.modules["kokoro"] = package
    for name in ("custom_stft", "istftnet", "modules", "model"):
        module = types.ModuleType(f"kokoro.{name}")
        sys.modules[f"kokoro.{name}"] = module
        exec(compile(change((folder / f"{name}.py").read_text()), name, "exec"), vars(module))
    width = weights["bert.encoder.embedding_hidden_mapping_in.bias"].size
    hidden = weights["bert_encoder.bias"].size
    layer = "bert.encoder.albert_layer_groups.0.albert_layers.0"
    config = {
        "istftnet": {
            **{"upsample_kernel_sizes": [20, 12], "upsample_rates": [10, 6]},
            **{"gen_istft_hop_size": 5, "gen_istft_n_fft": 20, "upsample_initial_channel": hidden},
            **{"resblock_dilation_sizes": [[1, 3, 5]] * 3, "resblock_kernel_sizes": [3, 7, 11]},
        },
        **{"dropout": 0.2, "hidden_dim": hidden, "max_dur": 50, "n_layer": 3, "n_mels": 80},
        **{"n_token": 178, "style_dim": weights["decoder.encode.norm1.fc.weight"].shape[1]},
        **{"text_encoder_kernel_size": 5, "vocab": {}},
        "plbert": {
            **{"hidden_size": width, "num_attention_heads": 12, "num_hidden_layers": 12},
            **{"intermediate_size": weights[f"{layer}.ffn.bias"].size, "dropout": 0.1},
            **{"max_position_embeddings": 512},
            "embedding_size": weights["bert.embeddings.LayerNorm.bias"].size,
        },
    }
    with mock.patch("torch.load", lambda *_, **__: {}):
        model = sys.modules["kokoro.model"].KModel("hexgrad/Kokoro-82M", config, "none")
    for module in model.modules():
        try:
            torch.nn.utils.remove_weight_norm(module)
        except ValueError:
            continue
    state = {name: _named(weights, name, value) for name, value in model.state_dict().items()}
    model.load_state_dict(state)
    return model.eval()


def _named(weights: Mapping[str, Array], name: str, value: Any) -> Any:
    """The official tensor of a name; norms that we lack are neutral, the pooler is not used."""
    import torch

    stem, _, part = name.rpartition(".")
    if name in weights:
        return torch.tensor(weights[name]).reshape(value.shape)
    if part.endswith(("_l0", "_l0_reverse")):
        side = int(part.endswith("_reverse"))
        half = weights[f"{stem}.B"].shape[1] // 2
        found = {
            "weight_ih": weights[f"{stem}.W"][side],
            "weight_hh": weights[f"{stem}.R"][side],
            "bias_ih": weights[f"{stem}.B"][side][:half],
            "bias_hh": weights[f"{stem}.B"][side][half:],
        }[part.split("_l0")[0]]
        first, output, forget, cell = np.split(found, 4)
        return torch.tensor(np.concatenate([first, forget, cell, output]))
    assert ".norm." in name or "pooler" in name, name
    return torch.ones_like(value) if part == "weight" else torch.zeros_like(value)


def compare(weights: Mapping[str, Array], wanted: Mapping[str, Array]) -> dict[str, float]:
    """Relative L2 of each output of our graphs, given the official inputs."""
    import onnxruntime

    index = wanted["index"]
    spread = {name: wanted[name][:, :, index] for name in ("prosody", "content")}
    inputs: dict[str, dict[str, Array]] = {
        "encoder": {"ids": wanted["ids"], "style": wanted["style"]},
        "frames": {**spread, "style": wanted["style"]},
        "decoder": {n: wanted[n] for n in ("x", "source", "style")},
    }
    errors = {}
    for stage, write in STAGES.items():
        session = onnxruntime.InferenceSession(write(weights).SerializeToString())
        names = [item.name for item in session.get_outputs()]
        for name, got in zip(names, session.run(names, inputs[stage]), strict=True):
            distance = np.linalg.norm(got.astype(np.float64) - wanted[name])
            errors[name] = float(distance / np.linalg.norm(wanted[name]))
    return errors


if __name__ == "__main__":
    main()
