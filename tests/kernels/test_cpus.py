"""int8 on CPUs with and without VNNI: the same integers, whatever multiplies them. About 40 s.

A CPU is tried natively, with its instruction sets hidden at full speed (tests/cpus), and emulated;
ARM in tests/system/test_arm64.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from edge.bundler.quantize.recipe import LARGEST_WEIGHT, constants
from tests.cpus import SATURATES, Cpu, cpus
from tests.cpus.operators import Array, check_exact, quantized, write_operators

CPUS = [pytest.param(cpu, id=f"{cpu.way}-{cpu.name}") for cpu in cpus()]


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, onnx.ModelProto]:
    """Name -> what a stock int8 recipe makes of random weights."""
    return quantized(tmp_path_factory.mktemp("recipes"))


@pytest.fixture(scope="module")
def graphs(
    recipes: dict[str, onnx.ModelProto], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Array]]:
    """The folder of all single operators, and what each must give."""
    folder = tmp_path_factory.mktemp("graphs")
    return folder, write_operators(recipes, folder)


@pytest.fixture(scope="module", params=CPUS)
def cpu(request: pytest.FixtureRequest) -> Cpu:
    chosen: Cpu = request.param
    if why := chosen.missing():
        pytest.skip(why)
    return chosen


@pytest.fixture(scope="module")
def there(
    cpu: Cpu,
    graphs: tuple[Path, dict[str, Array]],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Array]:
    """What every operator gives on that CPU."""
    folder = tmp_path_factory.mktemp("there")
    cpu.run(["-m", "tests.cpus.run_graphs", str(graphs[0]), str(folder / "made.npz")], folder)
    with np.load(folder / "made.npz") as made:
        return dict(made)


def test_every_recipe_gives_the_exact_integers_on_every_cpu(
    graphs: tuple[Path, dict[str, Array]], there: dict[str, Array]
) -> None:
    check_exact(graphs[1], there)


def test_eight_bits_would_be_wrong_without_vnni_and_only_signed_ones(
    cpu: Cpu, graphs: tuple[Path, dict[str, Array]], there: dict[str, Array]
) -> None:
    """The reason for LARGEST_WEIGHT, and the proof that the test above can fail."""
    same = {
        kind: np.array_equal(there[f"control-{kind} 0"], graphs[1][f"control-{kind} 0"])
        for kind in ("int8", "uint8")
    }
    assert same["uint8"]
    if cpu.way != "native":
        assert same["int8"] == (cpu.name not in SATURATES)


def test_no_recipe_has_larger_weights(recipes: dict[str, onnx.ModelProto]) -> None:
    assert 2 * 255 * LARGEST_WEIGHT < 2**15 <= 2 * 255 * (LARGEST_WEIGHT + 1)
    for name, model in recipes.items():
        sizes = [int(np.abs(w.astype(int)).max()) for w in int8_weights(model)]
        assert max(sizes, default=LARGEST_WEIGHT) == LARGEST_WEIGHT, name


def int8_weights(model: onnx.ModelProto) -> Iterator[Array]:
    held = constants(model)
    places = {"MatMulInteger": 1, "QLinearConv": 3}
    for node in model.graph.node:
        if node.op_type in places:
            yield held[node.input[places[node.op_type]]]
