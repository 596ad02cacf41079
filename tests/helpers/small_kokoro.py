"""A Kokoro checkpoint of a released one's layout and a thousandth of its size.

Its random weights say nothing. It is what torch.save would write, written without torch.
"""

from __future__ import annotations

import json
import pickle
import sys
import types
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
HIDDEN, STYLE, WIDE, BERT, ROWS = 32, 8, 24, 24, 510
SIGNS = " .,!?:;—“”abcdefhijklmnopstuvwxzæðŋɑɔəɛɜɡɪɹʃʊʌʒʤʧˈˌθAIOWYᵊTɾ"
SPEAKERS = ("af_one", "am_two")
_DILATED = (3, 7, 11)


def weights(seed: int = 0) -> dict[str, Array]:
    """Return what the official classes hold, by their names; no norm is neutral."""
    return dict(_Made(np.random.default_rng(seed)).all())


class _Made:
    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def all(self) -> Iterator[tuple[str, Array]]:
        yield from self._bert()
        yield from self._linear("bert_encoder.module", HIDDEN, BERT)
        yield from self._predictor()
        yield from self._text()
        yield from self._decoder()

    def _draw(self, *shape: int, gain: float = 1.0, mean: float = 0.0) -> Array:
        spread = gain / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.1
        return (mean + spread * self._random.standard_normal(shape)).astype(np.float32)

    def _linear(self, name: str, out: int, size: int) -> Iterator[tuple[str, Array]]:
        yield f"{name}.weight", self._draw(out, size)
        yield f"{name}.bias", self._draw(out)

    def _norm(
        self, name: str, size: int, parts: tuple[str, str] = ("weight", "bias")
    ) -> Iterator[tuple[str, Array]]:
        yield f"{name}.{parts[0]}", self._draw(size, mean=1.0)
        yield f"{name}.{parts[1]}", self._draw(size)

    def _conv(
        self, name: str, *shape: int, bias: int | None = None
    ) -> Iterator[tuple[str, Array]]:
        """A layer with weight norm; `bias`: of how many outputs, 0 for none."""
        value = self._draw(*shape)
        lengths = np.sqrt((value**2).sum((1, 2), keepdims=True))
        yield f"{name}.weight_v", value
        yield f"{name}.weight_g", (lengths * self._draw(len(value), mean=1.0)[:, None, None])
        if bias != 0:
            yield f"{name}.bias", self._draw(bias or shape[0])

    def _lstm(self, name: str, size: int, hidden: int) -> Iterator[tuple[str, Array]]:
        for end in ("l0", "l0_reverse"):
            yield f"{name}.weight_ih_{end}", self._draw(4 * hidden, size)
            yield f"{name}.weight_hh_{end}", self._draw(4 * hidden, hidden)
            yield f"{name}.bias_ih_{end}", self._draw(4 * hidden)
            yield f"{name}.bias_hh_{end}", self._draw(4 * hidden)

    def _bert(self) -> Iterator[tuple[str, Array]]:
        embeddings = "bert.module.embeddings"
        for table, rows in (("word", 178), ("position", 512), ("token_type", 2)):
            yield f"{embeddings}.{table}_embeddings.weight", self._draw(rows, 16, gain=4)
        yield from self._norm(f"{embeddings}.LayerNorm", 16)
        yield from self._linear("bert.module.encoder.embedding_hidden_mapping_in", BERT, 16)
        layer = "bert.module.encoder.albert_layer_groups.0.albert_layers.0"
        for part in ("query", "key", "value", "dense"):
            yield from self._linear(f"{layer}.attention.{part}", BERT, BERT)
        yield from self._norm(f"{layer}.attention.LayerNorm", BERT)
        yield from self._linear(f"{layer}.ffn", 32, BERT)
        yield from self._linear(f"{layer}.ffn_output", BERT, 32)
        yield from self._norm(f"{layer}.full_layer_layer_norm", BERT)

    def _predictor(self) -> Iterator[tuple[str, Array]]:
        name = "predictor.module"
        for i in range(3):
            yield from self._lstm(
                f"{name}.text_encoder.lstms.{2 * i}", HIDDEN + STYLE, HIDDEN // 2
            )
            yield from self._linear(f"{name}.text_encoder.lstms.{2 * i + 1}.fc", 2 * HIDDEN, STYLE)
        for part in ("lstm", "shared"):
            yield from self._lstm(f"{name}.{part}", HIDDEN + STYLE, HIDDEN // 2)
        yield f"{name}.duration_proj.linear_layer.weight", self._draw(50, HIDDEN, gain=2)
        yield f"{name}.duration_proj.linear_layer.bias", self._draw(50, mean=-3.0)  # 3 frames
        for curve, middle in (("F0", 150.0), ("N", 5.0)):
            yield from self._block(f"{name}.{curve}.0", HIDDEN, HIDDEN)
            yield from self._block(f"{name}.{curve}.1", HIDDEN, HIDDEN // 2, doubles=True)
            yield from self._block(f"{name}.{curve}.2", HIDDEN // 2, HIDDEN // 2)
            yield f"{name}.{curve}_proj.weight", self._draw(1, HIDDEN // 2, 1)
            yield f"{name}.{curve}_proj.bias", self._draw(1, mean=middle)

    def _text(self) -> Iterator[tuple[str, Array]]:
        name = "text_encoder.module"
        yield f"{name}.embedding.weight", self._draw(178, HIDDEN, gain=4)
        for i in range(3):
            yield from self._conv(f"{name}.cnn.{i}.0", HIDDEN, HIDDEN, 5)
            yield from self._norm(f"{name}.cnn.{i}.1", HIDDEN, ("gamma", "beta"))
        yield from self._lstm(f"{name}.lstm", HIDDEN, HIDDEN // 2)

    def _decoder(self) -> Iterator[tuple[str, Array]]:
        name = "decoder.module"
        yield from self._block(f"{name}.encode", HIDDEN + 2, WIDE)
        for i in range(4):
            out = HIDDEN if i == 3 else WIDE
            yield from self._block(f"{name}.decode.{i}", WIDE + 2 + 64, out, doubles=i == 3)
        for curve in ("F0", "N"):
            yield from self._conv(f"{name}.{curve}_conv", 1, 1, 3)
        yield from self._conv(f"{name}.asr_res.0", 64, HIDDEN, 1)
        generator = f"{name}.generator"
        yield from self._linear(f"{generator}.m_source.l_linear", 1, 9)
        for stage, (kernel, taps, noise) in enumerate(((20, 12, 7), (12, 1, 11))):
            before, size = HIDDEN >> stage, HIDDEN >> (stage + 1)
            yield from self._conv(f"{generator}.ups.{stage}", before, size, kernel, bias=size)
            yield f"{generator}.noise_convs.{stage}.weight", self._draw(size, 22, taps)
            yield f"{generator}.noise_convs.{stage}.bias", self._draw(size)
            yield from self._resblock(f"{generator}.noise_res.{stage}", size, noise)
            for i, kernel_size in enumerate(_DILATED):
                yield from self._resblock(
                    f"{generator}.resblocks.{3 * stage + i}", size, kernel_size
                )
        for part, value in self._conv(f"{generator}.conv_post", 22, size, 7, bias=0):
            yield part, value / 50 if part.endswith("_g") else value
        bias = self._draw(22)
        bias[:11] += 0.5  # as loud as speech
        yield f"{generator}.conv_post.bias", bias

    def _resblock(self, name: str, size: int, kernel: int) -> Iterator[tuple[str, Array]]:
        for i in range(3):
            for half in (1, 2):
                yield from self._conv(f"{name}.convs{half}.{i}", size, size, kernel)
                yield from self._linear(f"{name}.adain{half}.{i}.fc", 2 * size, STYLE)
                yield f"{name}.alpha{half}.{i}", self._draw(1, size, 1, gain=0.5, mean=1.0)

    def _block(
        self, name: str, size: int, out: int, doubles: bool = False
    ) -> Iterator[tuple[str, Array]]:
        yield from self._conv(f"{name}.conv1", out, size, 3)
        yield from self._conv(f"{name}.conv2", out, out, 3)
        yield from self._linear(f"{name}.norm1.fc", 2 * size, STYLE)
        yield from self._linear(f"{name}.norm2.fc", 2 * out, STYLE)
        if size != out:
            yield from self._conv(f"{name}.conv1x1", out, size, 1, bias=0)
        if doubles:
            yield from self._conv(f"{name}.pool", size, 1, 3)


def write_voice(folder: Path) -> Path:
    """Write the checkpoint, two tables and a description of them; return the description."""
    folder.mkdir(parents=True, exist_ok=True)
    parts: dict[str, dict[str, Array]] = {}
    for name, value in weights().items():
        module, _, rest = name.partition(".")
        parts.setdefault(module, {})[rest] = value
    write_torch_file(folder / "small.pth", parts)
    random = np.random.default_rng(1)
    for speaker in SPEAKERS:
        table = random.standard_normal((ROWS, 2 * STYLE)).astype("<f4")
        (folder / f"{speaker}.bin").write_bytes(table.tobytes())
    ids = {sign: number for number, sign in enumerate(SIGNS, 1)}
    (folder / "vocab.json").write_text(json.dumps({"vocab": ids}), encoding="utf-8")
    files = {"model": "small.pth", "vocab": "vocab.json"}
    files |= {f"voice-{speaker}": f"{speaker}.bin" for speaker in SPEAKERS}
    description = {
        **{"name": "en_US-small-kokoro", "title": "Small", "family": "kokoro"},
        **{"language": "en_US", "licence": {"name": "CC0-1.0"}},
        "files": {role: {"path": name} for role, name in files.items()},
    }
    path = folder / "small-kokoro.yaml"
    path.write_text(json.dumps(description), encoding="utf-8")
    return path


def write_torch_file(path: Path, state: Mapping[str, Any]) -> None:
    """Write what torch.save writes of nested dicts of arrays."""
    storages: list[bytes] = []
    with _torch_names() as (rebuild, storage), zipfile.ZipFile(path, "w") as archive:

        class Tensor:
            def __init__(self, value: Array) -> None:
                self.value = value

            def __reduce__(self) -> tuple[Any, ...]:
                value = np.ascontiguousarray(self.value)
                strides = tuple(s // value.itemsize for s in value.strides)
                return rebuild, (_Storage(value), 0, value.shape, strides, False, None)

        class _Storage:
            def __init__(self, value: Array) -> None:
                self.value = value

        class Pickler(pickle.Pickler):
            def persistent_id(self, item: object) -> tuple[Any, ...] | None:
                if not isinstance(item, _Storage):
                    return None
                storages.append(item.value.astype("<f4").tobytes())
                return "storage", storage, str(len(storages) - 1), "cpu", item.value.size

        def wrap(value: Any) -> Any:
            if isinstance(value, Mapping):
                return {key: wrap(part) for key, part in value.items()}
            return Tensor(value) if isinstance(value, np.ndarray) else value

        with archive.open("archive/data.pkl", "w") as file:
            Pickler(file, protocol=2).dump(wrap(state))
        for number, raw in enumerate(storages):
            archive.writestr(f"archive/data/{number}", raw)


@contextmanager
def _torch_names() -> Iterator[tuple[Any, Any]]:
    """Stand-ins that a pickle names as torch's own."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2() -> None: ...

    storage = type("FloatStorage", (), {"__module__": "torch"})
    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = (
        "torch._utils",
        "_rebuild_tensor_v2",
    )
    vars(torch)["FloatStorage"] = storage
    vars(utils)["_rebuild_tensor_v2"] = _rebuild_tensor_v2
    kept = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        yield _rebuild_tensor_v2, storage
    finally:
        for name, module in kept.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
