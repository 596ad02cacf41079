"""The board's side on an emulated Cortex-A53 and A76; `make test-arm64` is the long form.

An instruction that the CPU model lacks ends the guest with SIGILL (50 s, and 80 MB of Debian and
207 MB of wheels at first).
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.profile import VariantPlan
from tests.cpus.operators import Array, check_exact, quantized, write_operators
from tests.system.arm64.boards import CPUS, FOLDER, REPOSITORY, emulated
from tests.system.arm64.bundles import make
from tests.system.arm64.proof import check_kernels, run, spoken_here, spoken_there

PROGRAMS = {
    "qemu-aarch64": "qemu-user",
    "mmdebstrap": "mmdebstrap",
    "aarch64-linux-gnu-g++": "g++-aarch64-linux-gnu",
}
FUSED = {"cortex-a53": "int8-fused-7bit", "cortex-a76": "int8-fused"}
"""What the boards with such cores are given, beside fp32."""
LIMIT_S = 1800
"""For 290 MB and a cross compiler on a busy machine."""


def prepare(script: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [REPOSITORY / "tests/system/arm64" / script, FOLDER, sys.executable, *words],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


@pytest.fixture(scope="module", autouse=True)
def emulator() -> None:
    if platform.machine() != "x86_64":
        pytest.skip("compares ARM with x86-64, which this machine is not")
    if missing := [package for name, package in PROGRAMS.items() if not shutil.which(name)]:
        pytest.skip(f"emulating ARM needs: sudo apt-get install {' '.join(missing)}")
    fetched = prepare("fetch.sh")
    if fetched.returncode:
        pytest.skip(f"Debian for arm64 or its wheels cannot be fetched: {fetched.stderr[-300:]}")
    compiled = prepare("prepare.sh", "short")
    assert compiled.returncode == 0, compiled.stderr


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Array]]:
    """The folder of the stock recipes' integer operators, and what each must give."""
    folder = tmp_path_factory.mktemp("operators")
    return folder, write_operators(quantized(tmp_path_factory.mktemp("recipes")), folder)


@pytest.mark.parametrize("cpu", FUSED)
def test_every_stock_recipe_gives_the_exact_integers(
    cpu: str, operators: tuple[Path, dict[str, Array]], tmp_path: Path
) -> None:
    """test_cpus.py asks the same of PCs: a builder hears what the board will say."""
    folder, wanted = operators
    python = emulated(CPUS[cpu], cpu, tmp_path / "board")
    run(python, "-m", "tests.cpus.run_graphs", folder, tmp_path / "made.npz")
    with np.load(tmp_path / "made.npz") as there:
        check_exact(wanted, there)
        assert np.array_equal(there["control-uint8 0"], wanted["control-uint8 0"])


@pytest.mark.voice
@pytest.mark.parametrize("cpu", FUSED)
def test_joe_speaks_on_an_emulated_board(
    cpu: str, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_KERNELS", str(library))
    recipe = FUSED[cpu]
    plans = (VariantPlan("fp32", "fp32", "fp32"), VariantPlan(recipe, "fp32", recipe))
    make("rpi5", plans, tmp_path / "bundle")
    spoken_there(cpu, tmp_path / "bundle", tmp_path, spoken_here(tmp_path / "bundle"))


@pytest.mark.parametrize("cpu", FUSED)
def test_our_operators_give_the_bits_of_the_reference(cpu: str) -> None:
    check_kernels(cpu, 60)
