"""The int8 operators when memory ends, or when a graph asks for more than any voice needs.

Every allocation of theirs fails in turn, in a plain build: AddressSanitizer's `new` ends the
process where it should throw. So does SQLite test itself (sqlite.org/testing.html).
"""

from __future__ import annotations

import ctypes
import gc
import itertools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge import kernels
from tests.helpers.kernel_layers import INPUTS, LATER, Array, layer, load

THREADS = 4
MOST_ALLOCATIONS = 1000
"""A run makes some dozens; one that makes so many is a loop."""


@dataclass(frozen=True)
class Case:
    """One node: its inputs in order are `x`, the constants, and `inputs` by name; a convolution's
    of the later domain lie where their names do."""

    op: str
    x: tuple[int, ...]
    constants: Mapping[str, Array]
    inputs: Mapping[str, Array] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    domain: str = kernels.DOMAIN
    outputs: tuple[str, ...] = ("y",)

    def session(self, library: Path) -> onnxruntime.InferenceSession:
        fed = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
            )
            for name, array in self.feed().items()
        ]
        names = ["x", *self.constants, *self.inputs]
        if "weights" in names and self.domain == kernels.DOMAIN_2:
            names = [n if n in names else "" for n in (*INPUTS, *LATER)]
        node = helper.make_node(
            self.op, names, self.outputs, domain=self.domain, **dict(self.attributes)
        )
        graph = helper.make_graph(
            [node],
            "one",
            fed,
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in self.outputs],
            [numpy_helper.from_array(a, n) for n, a in self.constants.items()],
        )
        return load(graph, library, THREADS)

    def feed(self) -> dict[str, Array]:
        x = np.random.default_rng(1).normal(size=self.x).astype(np.float32)
        return {"x": x, **self.inputs}

    def run(self, library: Path) -> Array:
        """Run it where nothing is kept of an earlier run: a thread of its own, a new session."""

        def once() -> Array:
            made: Array = self.session(library).run(None, self.feed())[0]
            return made

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(once).result()


def constants(o: int, c: int, k: int) -> dict[str, Array]:
    return layer(1, o, c, k)[1]


def floats(*shape: int) -> Array:
    return np.full(shape, 0.5, np.float32)


CASES = {
    "many batches": Case("QConv1d", (1, 32, 4000), constants(32, 32, 3)),
    "few batches": Case("QConv1d", (1, 128, 300), constants(128, 128, 3)),
    "on one thread": Case("QConv1d", (1, 8, 50), constants(8, 8, 3)),
    "gate": Case("QConv1d", (1, 32, 4000), constants(64, 32, 3), attributes={"gate": 1}),
    "transposed": Case(
        "QConvTranspose1d", (1, 64, 2000), constants(32, 64, 8), attributes={"stride": 4}
    ),
    "affine and Snake": Case(
        "QConv1d",
        (1, 32, 4000),
        constants(32, 32, 3) | {"alpha": floats(32)},
        {"mul": floats(32), "add": floats(32)},
        domain=kernels.DOMAIN_2,
    ),
    "causal": Case(
        "QConvTranspose1d",
        (1, 64, 2000),
        constants(32, 64, 20),
        attributes={"stride": 10, "left": 0, "elu": 1},
        domain=kernels.DOMAIN_2,
    ),
    "norm over time": Case(
        "TimeNorm",
        (1, 32, 1000),
        {"scale": floats(32), "shift": floats(32)},
        domain=kernels.DOMAIN_2,
        outputs=("mul", "add"),
    ),
    "attention": Case(
        "CachedAttention",
        (1, 64, 20),
        {"cos": floats(40, 8), "sin": floats(40, 8)},
        {
            "keys": floats(1, 1, 40, 16),
            "values": floats(1, 1, 40, 16),
            "last_row": np.array([30], np.int32),
        },
        {"heads": 2, "kv_heads": 1, "size": 16, "window": 9},
        domain=kernels.DOMAIN_2,
        outputs=("y", "next_keys", "next_values"),
    ),
    "float": Case("FloatConv1d", (1, 32, 4000), {"w": floats(1, 32, 7), "b": floats(1)}),
    "delay": Case(
        "Delay",
        (1, 8, 50),
        {},
        {"state": floats(1, 8, 20), "first": np.array(False), "last": np.array(False)},
        {"delay": 20},
    ),
    "norm": Case("ChannelNorm", (1, 32, 100), {"gamma": floats(32), "beta": floats(32)}),
    "norm with taps": Case(
        "ChannelNorm",
        (1, 32, 100),
        {"gamma": floats(32), "beta": floats(32), "w": floats(32, 3), "b": floats(32)},
    ),
    "norm in chunks": Case(
        "ChunkNorm",
        (1, 32, 100),
        {"gamma": floats(32), "beta": floats(32), "w": floats(32, 3), "b": floats(32)},
        {"state": floats(1, 32, 2), "first": np.array(False), "last": np.array(False)},
        domain=kernels.DOMAIN_2,
        outputs=("y", "late", "t"),
    ),
    "softmax": Case("BandSoftmax", (2, 30, 30), {}, {"near": floats(2, 9, 30)}),
    "spline": Case("InverseSpline", (1, 30, 40), {}, {"values": floats(1, 1, 40)}),
}


@pytest.mark.parametrize("all_after", [False, True], ids=["one", "all from there on"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_allocation_may_fail(failing_library: Path, case: Case, all_after: bool) -> None:
    """The run ends in an error that says so, and the next one gives the same sound as ever."""
    hook = ctypes.CDLL(str(failing_library))
    fail = hook.edge_kernels_fail_allocation
    fail.argtypes, fail.restype = [ctypes.c_int64, ctypes.c_int], None
    fail(0, 0)
    expected = case.run(failing_library)
    failed = 0
    for nth in range(1, MOST_ALLOCATIONS):
        fail(nth, all_after)
        try:
            made = case.run(failing_library)
        except Exception as error:  # onnxruntime has a class for each code, none of them public
            assert "not enough memory" in str(error)
            failed += 1
        else:
            if hook.edge_kernels_allocations() < nth:
                break
            pytest.fail(f"allocation {nth} failed, and nobody said so: {made.shape}")
        finally:
            fail(0, 0)
    else:
        pytest.fail(f"{MOST_ALLOCATIONS} allocations, and no end")
    assert failed or case.op == "Delay"
    np.testing.assert_array_equal(case.run(failing_library), expected)


def test_layers_with_the_same_weights_hold_them_once(failing_library: Path) -> None:
    """As ALBERT's, which runs through one layer twelve times."""
    held = constants(256, 256, 3)
    names = [f"v{i}" for i in range(13)]
    nodes = [
        helper.make_node("QConv1d", [a, *held], [b], domain=kernels.DOMAIN)
        for a, b in itertools.pairwise(names)
    ]
    graph = helper.make_graph(
        nodes,
        "twelve",
        [helper.make_tensor_value_info("v0", TensorProto.FLOAT, [1, 256, None])],
        [helper.make_tensor_value_info("v12", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(a, n) for n, a in held.items()],
    )
    live = ctypes.CDLL(str(failing_library)).edge_kernels_live_bytes
    live.restype = ctypes.c_int64
    before = live()
    session = load(graph, failing_library, 1)
    one = held["weights"].nbytes
    assert one <= live() - before < 2 * one
    del session
    gc.collect()
    assert live() - before < one / 100


# What a graph may ask for

WIDE = {"dilation": 1 << 20, "lookahead": 1 << 20}
"""A window of a million positions, for each of the channels."""
HUGE = 1 << 62


@pytest.mark.parametrize(
    "case, said",
    [
        (Case("QConv1d", (1, 32768, 1), constants(16, 32768, 2), attributes=WIDE), "the limit is"),
        (
            Case(
                "FloatConv1d",
                (1, 512, 1),
                {"w": floats(1, 512, 3), "b": floats(1)},
                {},
                {"dilation": 1 << 19},
            ),
            "the limit is",
        ),
        (
            Case(
                "ChannelNorm",
                (1, 512, 1),
                {"gamma": floats(512), "beta": floats(512), "w": floats(512, 3), "b": floats(512)},
                {},
                {"dilation": 1 << 18},
            ),
            "the limit is",
        ),
        *(
            (Case("QConv1d", (1, 4, 9), constants(4, 4, 3), attributes={name: value}), name)
            for name in ("dilation", "lookahead", "delay", "tile", "granule", "phase")
            for value in (HUGE, -HUGE, -1)
        ),
        *(
            (
                Case(
                    "QConvTranspose1d", (1, 4, 9), constants(4, 4, 4), attributes={"stride": value}
                ),
                "stride",
            )
            for value in (HUGE, -HUGE, 0)
        ),
        *(
            (
                Case(
                    "QConvTranspose1d",
                    (1, 4, 9),
                    constants(4, 4, 4),
                    attributes={"stride": 2, "left": value},
                    domain=kernels.DOMAIN_2,
                ),
                "left",
            )
            for value in (HUGE, -1, 3)
        ),
        *(
            (
                Case(
                    "FloatConv1d",
                    (1, 4, 9),
                    {"w": floats(1, 4, 3), "b": floats(1)},
                    attributes={"lookahead": value},
                    domain=kernels.DOMAIN_2,
                ),
                "lookahead",
            )
            for value in (HUGE, -1, 3)
        ),
        (Case("Delay", (1, 8, 50), {}, dict(CASES["delay"].inputs), {"delay": HUGE}), "delay"),
        (
            Case(
                "FloatConv1d",
                (1, 4, 9),
                {"w": floats(1, 4, 3), "b": floats(1)},
                {},
                {"dilation": HUGE},
            ),
            "dilation",
        ),
        (
            Case(
                "QConv1d",
                (1, 4, 9),
                {"w": np.zeros((0, 4, 3), np.int8), "s": floats(0), "b": floats(0)},
            ),
            "weights",
        ),
    ],
)
def test_what_no_voice_needs_is_refused_at_load(library: Path, case: Case, said: str) -> None:
    with pytest.raises(Exception, match=said):
        case.session(library)
