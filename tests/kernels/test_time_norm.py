"""The norm over time, and that it is what a convolution takes on load (2 s beside the build)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from edge import kernels
from tests.helpers.kernel_layers import Array, load


def norm(
    library: Path, threads: int = 1, given: bool = False, **attributes: Any
) -> onnxruntime.InferenceSession:
    inputs = ["x", "scale", "shift", *(["given"] if given else [])]
    outputs = ["mul", "add", *(["statistics"] if given else [])]
    node = helper.make_node("TimeNorm", inputs, outputs, domain=kernels.DOMAIN_2, **attributes)
    number = TensorProto.FLOAT
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(n, number, None) for n in inputs],
        [helper.make_tensor_value_info(n, number, None) for n in outputs],
    )
    return load(graph, library, threads)


def affine(x: Array, scale: Array, shift: Array) -> tuple[Array, Array]:
    """The same in float64."""
    mean, deviation = x.mean(axis=1, dtype=np.float64), x.astype(np.float64).std(axis=1)
    mul = scale / np.sqrt(np.square(deviation) + 1e-5)
    return mul, shift - mean * mul


@pytest.mark.parametrize("n", [1, 63, 64, 65, 1000, 19201])
def test_a_norm_over_time_is_numpys(library: Path, kernel_path: str, n: int) -> None:
    """Also of a channel whose mean is a thousand deviations, and of one that does not move."""
    rng = np.random.default_rng(n)
    x = rng.normal(size=(6, n)).astype(np.float32)
    x[1] = x[1] * np.float32(3) + np.float32(3000)
    x[2] = 7
    x[3] *= np.float32(1e-4)
    scale, shift = (rng.normal(size=6).astype(np.float32) for _ in range(2))
    feeds = {"x": x[None], "scale": scale[None], "shift": shift[None, :, None]}
    mul, add = norm(library).run(None, feeds)
    exact = affine(x, scale, shift)
    np.testing.assert_allclose(mul, exact[0], rtol=2e-6)
    np.testing.assert_allclose(add, exact[1], rtol=2e-6, atol=1e-6)


def test_a_norm_over_time_is_the_same_on_every_path_and_number_of_threads(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    feeds = {n: rng.normal(size=9).astype(np.float32) for n in ("scale", "shift")}
    feeds["x"] = rng.normal(size=(1, 9, 5003)).astype(np.float32)
    wanted = norm(library, threads=2).run(None, feeds)
    for path in kernels.paths(library):
        monkeypatch.setenv("EDGE_KERNELS_PATH", path)
        for made, one in zip(norm(library).run(None, feeds), wanted, strict=True):
            np.testing.assert_array_equal(made, one)


def test_statistics_that_are_given_take_the_place_of_the_inputs_own(library: Path) -> None:
    """Those of a whole sentence, given to a part of it, make the affine of the whole."""
    rng = np.random.default_rng(2)
    feeds = {n: rng.normal(size=5).astype(np.float32) for n in ("scale", "shift")}
    x = rng.normal(3, 2, size=(1, 5, 700)).astype(np.float32)
    session = norm(library, given=True)
    none = np.zeros((2, 0), np.float32)
    whole = session.run(None, feeds | {"x": x, "given": none})
    np.testing.assert_allclose(whole[2][0], x[0].mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(whole[2][1], x[0].std(axis=1), rtol=1e-5)
    for part in (x[:, :, :16], x[:, :, :0]):
        for made, one in zip(
            session.run(None, feeds | {"x": part, "given": whole[2]}), whole, strict=True
        ):
            np.testing.assert_array_equal(made, one)
    with pytest.raises(Exception, match=r"deviations is \[2, 4\], not 10 values"):
        session.run(None, feeds | {"x": x, "given": whole[2][:, :4]})


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"x": np.zeros((1, 4, 0), np.float32)}, "over no positions"),
        ({"x": np.zeros((2, 4, 9), np.float32)}, r"the input is \[2, 4, 9\]"),
        ({"scale": np.zeros(3, np.float32)}, r"the scale is \[3\], not 4 values"),
        ({"shift": np.zeros((2, 4), np.float32)}, r"the shift is \[2, 4\], not 4 values"),
    ],
)
def test_wrong_inputs_of_a_norm_are_refused(
    library: Path, wrong: dict[str, Array], said: str
) -> None:
    feeds = {"x": np.ones((1, 4, 9), np.float32)} | {
        n: np.ones(4, np.float32) for n in ("scale", "shift")
    }
    with pytest.raises(Exception, match=said):
        norm(library).run(None, feeds | wrong)
