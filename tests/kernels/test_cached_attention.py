"""Attention over a cache, against numpy, in any cut, on every path (2 s beside the build)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge import kernels
from tests.helpers.kernel_layers import Array, load

CAPACITY = 90
NAMES = ("qkv", "cos", "sin", "keys", "values", "last_row")


class Layer:
    """Random queries, keys and values of `rows` rows, and an operator that mixes them."""

    def __init__(self, heads: int, kv_heads: int, size: int, window: int, rows: int) -> None:
        random = np.random.default_rng(size + rows)
        self.heads, self.kv_heads, self.size, self.window = heads, kv_heads, size, window
        width = (heads + 2 * kv_heads) * size
        self.qkv = random.standard_normal((rows, width)).astype(np.float32)
        angles = np.arange(CAPACITY)[:, None] * 10_000.0 ** (-np.arange(size // 2) / (size // 2))
        self.turns = np.exp(1j * angles)

    def session(self, library: Path, threads: int = 1, **attributes: int) -> Any:
        sizes: dict[str, Any] = {"heads": self.heads, "kv_heads": self.kv_heads, "size": self.size}
        outputs = ("y", "next_keys", "next_values")
        node = helper.make_node(
            "CachedAttention",
            NAMES,
            outputs,
            domain=kernels.DOMAIN_2,
            **{"window": self.window, **sizes, **attributes},
        )
        kinds = {"last_row": TensorProto.INT32}
        fed = [n for n in NAMES if n not in ("cos", "sin")]
        tables = {"cos": self.turns.real, "sin": self.turns.imag}
        graph = helper.make_graph(
            [node],
            "one",
            [helper.make_tensor_value_info(n, kinds.get(n, TensorProto.FLOAT), None) for n in fed],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
            [numpy_helper.from_array(t.astype(np.float32), n) for n, t in tables.items()],
        )
        return load(graph, library, threads)

    def run(
        self, session: onnxruntime.InferenceSession, cuts: list[int], columns: bool = True
    ) -> tuple[Array, Array]:
        """What it gives, row by row, in runs that end at `cuts`, and its keys at the end."""
        cache = np.zeros((2, 1, self.kv_heads, CAPACITY, self.size), np.float32)
        found: list[Array] = []
        for part in np.split(self.qkv, cuts):
            done = sum(len(rows) for rows in found) + len(part)
            given = np.ascontiguousarray(part.T if columns else part)[None]
            last = np.array([done - 1], np.int32)
            fed = {"qkv": given, "keys": cache[0], "values": cache[1], "last_row": last}
            y, *after = session.run(None, fed)
            cache = np.stack(after)
            found.append(y[0].T if columns else y[0])
        return np.concatenate(found), cache[0]

    def exactly(self) -> Array:
        """The same in float64."""
        parts = self.qkv.astype(np.float64).reshape(len(self.qkv), -1, self.size)
        turned = parts[..., ::2] + 1j * parts[..., 1::2]
        turned = turned * self.turns[: len(parts), None]
        both = np.stack([turned.real, turned.imag], -1).reshape(parts.shape)
        mixed = np.zeros((len(parts), self.heads, self.size))
        for row in range(len(parts)):
            first = max(0, row - self.window + 1) if self.window else 0
            for head in range(self.heads):
                kv = self.heads + head * self.kv_heads // self.heads
                scores = both[first : row + 1, kv] @ both[row, head] / self.size**0.5
                shares = np.exp(scores - scores.max())
                values = parts[first : row + 1, kv + self.kv_heads]
                mixed[row, head] = shares @ values / shares.sum()
        return mixed.reshape(len(parts), -1)


@pytest.mark.parametrize(("window", "size"), [(0, 8), (20, 40)])
def test_it_is_numpys_and_no_cut_changes_a_bit(
    library: Path, kernel_path: str, window: int, size: int
) -> None:
    layer = Layer(4, 2, size, window, 70)
    session = layer.session(library)
    whole, keys = layer.run(session, [])
    np.testing.assert_allclose(whole, layer.exactly(), rtol=0, atol=3e-6)
    cut, kept = layer.run(session, [16, 18, 21, 53])
    np.testing.assert_array_equal(cut, whole)
    np.testing.assert_array_equal(kept, keys)
    in_rows, _ = layer.run(layer.session(library, rows=1), [30], columns=False)
    np.testing.assert_array_equal(in_rows, whole)


def test_a_single_row_is_as_near(library: Path, kernel_path: str) -> None:
    layer = Layer(4, 2, 32, 20, 40)
    made, _ = layer.run(layer.session(library), list(range(1, 40)))
    np.testing.assert_allclose(made, layer.exactly(), rtol=0, atol=3e-6)


def test_every_path_and_number_of_threads_gives_the_same_bits(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, cuts = Layer(4, 2, 32, 25, 60), [17, 18, 19]
    wanted, _ = layer.run(layer.session(library, threads=2), cuts)
    for path in kernels.paths(library):
        monkeypatch.setenv("EDGE_KERNELS_PATH", path)
        made, _ = layer.run(layer.session(library), cuts)
        np.testing.assert_array_equal(made, wanted)


def test_a_bound_cache_is_written_in_place(library: Path) -> None:
    layer = Layer(2, 1, 16, 0, 3)
    session = layer.session(library)
    binding = session.io_binding()
    cache = np.full((2, 1, 1, CAPACITY, 16), 7.0, np.float32)
    binding.bind_cpu_input("qkv", np.ascontiguousarray(layer.qkv.T)[None])
    binding.bind_cpu_input("last_row", np.array([6], np.int32))
    for name, part in zip(("keys", "values"), cache, strict=True):
        place = onnxruntime.OrtValue.ortvalue_from_numpy(part)
        binding.bind_ortvalue_input(name, place)
        binding.bind_ortvalue_output(f"next_{name}", place)
    binding.bind_output("y")
    session.run_with_iobinding(binding)
    assert (cache[..., [0, 3, 7, -1], :] == 7).all() and (cache[..., 4:7, :] != 7).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"last_row": np.array([90], np.int32)}, "of a cache of 90 and 90 positions"),
        ({"last_row": np.array([1], np.int32)}, "3 rows up to the row 2"),
        ({"last_row": np.array([-1], np.int32)}, "3 rows up to the row 0"),
        ({"qkv": np.zeros((1, 65, 3), np.float32)}, "the input is"),
        (
            {"keys": np.zeros((1, 2, 90, 16), np.float32)},
            r"\[1, 2, 90, 16\], not \[1, 1, 90, 16\]",
        ),
    ],
)
def test_what_does_not_fit_the_cache_is_refused(
    library: Path, wrong: dict[str, Array], said: str
) -> None:
    layer = Layer(2, 1, 16, 0, 3)
    fed = {
        "qkv": np.ascontiguousarray(layer.qkv.T)[None],
        "keys": np.zeros((1, 1, CAPACITY, 16), np.float32),
        "values": np.zeros((1, 1, CAPACITY, 16), np.float32),
        "last_row": np.array([5], np.int32),
    }
    with pytest.raises(Exception, match=said):
        layer.session(library).run(None, fed | wrong)
