"""Read /proc and /sys for the machine that this runs on; nothing is guessed."""

from __future__ import annotations

import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

# A core counts as big from this share of the largest capacity: the A55 of an RK3588 has half.
_BIG_SHARE = 0.75
_MAX_SYSTEM_FILE_BYTES = 1 << 20  # /proc/cpuinfo of a 256-core server is 400 kB
# Bits of the Raspberry Pi firmware's get_throttled; 16 further up: since the board started.
# Source: raspberrypi/documentation, "vcgencmd get_throttled".
_THROTTLING = ("under-voltage", "frequency capped", "throttled", "temperature limit")
_HOT, _COLD = 150.0, -40.0  # degrees Celsius: a zone that says more or less is not wired


@dataclass(frozen=True)
class Machine:
    """Linux's own account of this machine; empty or None where it says nothing."""

    architecture: str
    """uname's name of it: aarch64 or x86_64."""
    compatible: tuple[str, ...]
    """Device-tree strings, from the exact board to its chip."""
    model: str
    """The board's name for people, or the processor's."""
    features: frozenset[str]
    """Names of /proc/cpuinfo that every core has."""
    cores: int
    big_cores: tuple[int, ...]
    """CPU numbers of the fast cores."""
    memory_mb: int | None
    """MemTotal, MB."""


def read_machine(root: Path = Path("/"), architecture: str | None = None) -> Machine:
    """Read this machine from /proc and /sys under `root`; unreadable files count as silent."""
    compatible: tuple[str, ...] = ()
    model = ""
    for tree in ("proc/device-tree", "sys/firmware/devicetree/base"):
        if not compatible:
            raw = _system_file(root / tree / "compatible")
            compatible = tuple(part for part in raw.split("\0") if part and part.isprintable())
            model = _system_file(root / tree / "model").strip("\0 \n")
    cpuinfo = _system_file(root / "proc/cpuinfo")
    lines = re.findall(r"^(?:Features|flags)[ \t]*:(.*)$", cpuinfo, re.MULTILINE)
    features = [frozenset(line.split()) for line in lines]
    cores = len(re.findall(r"^processor[ \t]*:", cpuinfo, re.MULTILINE))
    named = re.search(r"^(?:model name|Model)[ \t]*:(.*)$", cpuinfo, re.MULTILINE)
    memory = re.search(
        r"^MemTotal:\s*(\d{1,12}) kB", _system_file(root / "proc/meminfo"), re.MULTILINE
    )
    return Machine(
        architecture=architecture or _own_architecture(),
        compatible=compatible,
        model=model or (named.group(1).strip() if named else ""),
        features=frozenset.intersection(*features) if features else frozenset(),
        cores=cores,
        big_cores=_big_cores(root / "sys/devices/system/cpu", cores),
        memory_mb=int(memory.group(1)) // 1024 if memory else None,
    )


def available_memory_mb(root: Path = Path("/")) -> int | None:
    """Read how many MB new programs can have without swapping; None if Linux does not say."""
    text = _system_file(root / "proc/meminfo")
    found = re.search(r"^MemAvailable:\s*(\d{1,12}) kB", text, re.MULTILINE)
    return int(found.group(1)) // 1024 if found else None


def boot_id(root: Path = Path("/")) -> str:
    """Read the name that Linux gives to each of its starts; empty if it does not say."""
    return _system_file(root / "proc/sys/kernel/random/boot_id").strip()


def keep_to_big_cores(machine: Machine) -> None:
    """Run this thread, and those that it starts, on the fast cores if a machine has slow ones too:
    a run waits for its slowest thread."""
    allowed = os.sched_getaffinity(0)
    big = allowed.intersection(machine.big_cores)
    if big and big != allowed:
        os.sched_setaffinity(0, big)


def _own_architecture() -> str:
    machine = platform.machine()
    # Raspberry Pi OS pairs a 64-bit kernel with 32-bit programs on some boards; no onnxruntime
    # exists for those. armv8l is Linux' own name for this.
    return "armv8l" if machine == "aarch64" and sys.maxsize < 2**32 else machine


def _big_cores(folder: Path, cores: int) -> tuple[int, ...]:
    capacities: dict[int, int] = {}
    for number in range(cores):
        text = _system_file(folder / f"cpu{number}" / "cpu_capacity").strip()
        if re.fullmatch(r"[0-9]{1,6}", text):
            capacities[number] = int(text)
    if not capacities:  # the kernel writes them only where cores differ
        return tuple(range(cores))
    least = max(capacities.values()) * _BIG_SHARE
    return tuple(number for number, capacity in capacities.items() if capacity >= least)


def _system_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_SYSTEM_FILE_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def read_temperature(root: Path = Path("/")) -> float | None:
    """Read the hottest zone's temperature in degrees Celsius; None if Linux tells none."""
    found = []
    try:
        zones = list((root / "sys/class/thermal").glob("thermal_zone*/temp"))
    except OSError:  # no descriptor is left to look with, and `status` is answered all the same
        return None
    for zone in zones:
        text = _system_file(zone).strip()
        if re.fullmatch(r"-?\d{1,7}", text) and _COLD < int(text) / 1000 < _HOT:
            found.append(int(text) / 1000)
    return round(max(found), 1) if found else None


def read_throttling(root: Path = Path("/")) -> tuple[str, ...] | None:
    """List what a Raspberry Pi holds back for now, or did "before" since it started; None
    elsewhere."""
    text = _system_file(root / "sys/devices/platform/soc/soc:firmware/get_throttled").strip()
    if not re.fullmatch(r"(0x)?[0-9a-fA-F]{1,8}", text):
        return None
    bits = int(text, 16)
    now = [word for i, word in enumerate(_THROTTLING) if bits >> i & 1]
    before = [f"{word} before" for i, word in enumerate(_THROTTLING) if bits >> 16 + i & 1]
    return (*now, *before)
