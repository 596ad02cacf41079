"""Lesser CPUs on the one at hand: at full speed by hiding instruction sets, or slowly by QEMU.

`python -m tests.cpus Haswell -- COMMAND ...` runs a command on such a CPU at full speed.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_AMX = ("amx_bf16", "amx_tile", "amx_int8", "amx_fp16")
_AVX_VNNI = ("avx_vnni", "avx_vnni_int8", "avx_vnni_int16", "avx_ifma", "avx_ne_convert", "avx10")
_LATER_512 = (
    *("avx512ifma", "avx512vbmi", "avx512_vbmi2", "avx512_bitalg", "avx512_vpopcntdq"),
    *("avx512_vp2intersect", "avx512_fp16", "avx512_bf16", "gfni", "vaes", "vpclmulqdq"),
)
_AVX512 = ("avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl")
_NO_VNNI = ("avx512_vnni", *_LATER_512, *_AVX_VNNI, *_AMX)

MASK = "mask.so"
"""mask.c, compiled; preloaded into a program from which instruction sets are hidden."""
EMULATED = ("Nehalem", "Haswell")
"""Models that QEMU 7.2 has whole in user mode: it emulates no AVX-512 and no VNNI."""
SATURATES = ("Haswell", "Skylake-Server")
"""Models where onnxruntime adds two products of u8 x s8 in 16 bits: AVX2, AVX-512 without VNNI."""
HIDDEN: Mapping[str, tuple[str, ...]] = {
    "Nehalem": ("avx", "avx2", "fma", "f16c", *_AVX512, *_NO_VNNI),  # SSE4.2
    "Haswell": (*_AVX512, *_NO_VNNI),  # AVX2
    "Skylake-Server": _NO_VNNI,  # AVX-512 without VNNI
    "Cascadelake-Server": (*_LATER_512, *_AVX_VNNI, *_AMX),  # AVX-512 with VNNI
    "Alderlake": ("avx512_vnni", *_LATER_512, *_AVX512, *_AMX),  # AVX-VNNI
}
"""Name as QEMU has it -> words of /proc/cpuinfo that such a CPU lacks."""


@dataclass(frozen=True)
class Cpu:
    """A CPU to run a program on: this one, this one with less, or an emulated one."""

    name: str
    way: str
    """"native", "hidden" or "emulated"."""

    def missing(self) -> str:
        """Say what this machine lacks for it; empty where nothing does."""
        if self.way == "hidden" and not can_hide():
            return "this CPU or kernel cannot hide CPUID (no cpuid_fault in /proc/cpuinfo)"
        if self.way == "emulated" and platform.machine() != "x86_64":
            return "emulating x86-64 needs a Python for it"
        if self.way == "emulated" and not shutil.which("qemu-x86_64"):
            return "emulating x86-64 needs: sudo apt-get install qemu-user"
        return ""

    def run(self, words: list[str], folder: Path) -> str:
        """Run this Python with `words` there and return what it printed; `folder` is for the
        emulator's files. Raises AssertionError with what the program said of its failure."""
        command, environment = [sys.executable, *words], dict(os.environ)
        if self.way == "hidden":
            environment = hiding(self.name)
        elif self.way == "emulated":
            root = _root(self.name, folder / f"root-{self.name}")
            command = ["qemu-x86_64", "-L", str(root), "-cpu", self.name, *command]
            environment = unhidden()
        repository = Path(__file__).parent.parent.parent
        done = subprocess.run(
            command, env=environment, cwd=repository, check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise AssertionError(
                f"{self.way} {self.name}: {done.returncode}: {done.stderr[-3000:]}"
            )
        return done.stdout


def cpus() -> tuple[Cpu, ...]:
    """Every CPU that can be tried here or elsewhere, this one first."""
    return (
        Cpu("native", "native"),
        *(Cpu(name, "hidden") for name in HIDDEN),
        *(Cpu(name, "emulated") for name in EMULATED),
    )


def _root(model: str, root: Path) -> Path:
    """A folder whose files hide the host's from QEMU's guest: its /proc/cpuinfo."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    kept = [
        " ".join(word for word in line.split(" ") if word not in HIDDEN[model])
        if line.startswith("flags")
        else line
        for line in lines
    ]
    (root / "proc").mkdir(parents=True, exist_ok=True)
    (root / "proc/cpuinfo").write_text("\n".join(kept) + "\n", encoding="utf-8")
    return root


@functools.lru_cache(maxsize=1)
def _library() -> Path:
    """Compile mask.c once in a process; the operating system clears /tmp."""
    folder = Path(tempfile.mkdtemp(prefix="edge-cpus-"))
    made = folder / MASK
    source = Path(__file__).with_name("mask.c")
    flags = ["-O1", "-shared", "-fPIC", "-Wall", "-Wno-nonnull-compare"]
    subprocess.run(["gcc", *flags, "-o", made, source, "-ldl"], check=True)
    return made


def can_hide() -> bool:
    """Whether this CPU and kernel let CPUID fault: Intel's since Ivy Bridge."""
    with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
        return any("cpuid_fault" in line.split() for line in file if line.startswith("flags"))


def hiding(model: str) -> dict[str, str]:
    """Environment in which programs find no more than `model` has; see can_hide()."""
    preload = f"{_library()} {os.environ.get('LD_PRELOAD', '')}".strip()
    return {**os.environ, "LD_PRELOAD": preload, "EDGE_CPU_HIDE": " ".join(HIDDEN[model])}


def unhidden() -> dict[str, str]:
    """Environment without what hiding() put there: a guest of QEMU cannot let CPUID fault."""
    kept = {name: value for name, value in os.environ.items() if name != "EDGE_CPU_HIDE"}
    preloads = kept.pop("LD_PRELOAD", "").split()
    if others := [path for path in preloads if Path(path).name != MASK]:
        kept["LD_PRELOAD"] = " ".join(others)
    return kept
