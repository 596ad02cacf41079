"""Our operators on emulated x86-64 CPUs: an instruction that the model lacks ends them (20 s,
more on a busy machine)."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cpus import unhidden

PATHS = {
    "Nehalem": "sse4.1,scalar",
    "Haswell": "avx2,sse4.1,scalar",
}
"""CPU model of QEMU -> what the library finds there."""
LAYERS = 25
LIMIT_S = 600


@pytest.fixture(scope="module")
def program(library: Path) -> Path:
    """The self-test as a program."""
    if platform.machine() != "x86_64":
        pytest.skip("the paths of x86-64 are compiled on x86-64")
    if not shutil.which("qemu-x86_64"):
        pytest.skip("emulating a CPU needs: sudo apt-get install qemu-user")
    build = ["cmake", "--build", str(library.parent), "--target", "kernel_test"]
    subprocess.run(build, check=True, capture_output=True)
    return library.with_name("kernel_test")


@pytest.mark.parametrize("cpu", PATHS)
def test_every_path_of_an_emulated_cpu_gives_the_bits_of_the_reference(
    cpu: str, program: Path
) -> None:
    command = ["qemu-x86_64", "-cpu", cpu, str(program), str(LAYERS), "3"]
    done = subprocess.run(command, env=unhidden(), capture_output=True, text=True, timeout=LIMIT_S)
    assert done.stdout == f"{PATHS[cpu]}: {LAYERS} layers, seed 3: all paths agree\n", done.stderr
