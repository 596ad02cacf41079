"""Lesser CPUs on the one at hand: at full speed by hiding instruction sets, or by QEMU.

`python -m tests.cpus Haswell -- COMMAND ...` runs a command on such a CPU.
"""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

_AMX = ("amx_bf16", "amx_tile", "amx_int8", "amx_fp16")
_AVX_VNNI = ("avx_vnni", "avx_vnni_int8", "avx_vnni_int16", "avx_ifma", "avx_ne_convert", "avx10")
_LATER_512 = (
    *("avx512ifma", "avx512vbmi", "avx512_vbmi2", "avx512_bitalg", "avx512_vpopcntdq"),
    *("avx512_vp2intersect", "avx512_fp16", "avx512_bf16", "gfni", "vaes", "vpclmulqdq"),
)
_AVX512 = ("avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl")
_NO_VNNI = ("avx512_vnni", *_LATER_512, *_AVX_VNNI, *_AMX)

HIDDEN: Mapping[str, tuple[str, ...]] = {
    "Nehalem": ("avx", "avx2", "fma", "f16c", *_AVX512, *_NO_VNNI),  # SSE4.2
    "Haswell": (*_AVX512, *_NO_VNNI),  # AVX2
    "Skylake-Server": _NO_VNNI,  # AVX-512 without VNNI
    "Cascadelake-Server": (*_LATER_512, *_AVX_VNNI, *_AMX),  # AVX-512 with VNNI
    "Alderlake": ("avx512_vnni", *_LATER_512, *_AVX512, *_AMX),  # AVX-VNNI
}
"""Name as QEMU has it -> words of /proc/cpuinfo that such a CPU lacks."""


@functools.lru_cache(maxsize=1)
def _library() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="edge-cpus-"))
    made = folder / "mask.so"
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
