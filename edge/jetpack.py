"""NVIDIA's system for the Jetson boards: which is installed, and which onnxruntime it takes."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

INDEX = "https://pypi.jetson-ai-lab.io"
_L4T = {32: 4, 34: 5, 35: 5, 36: 6, 38: 7, 39: 7}
"""Major release of L4T (the kernel and drivers) -> JetPack that came with it."""


@dataclass(frozen=True)
class JetPack:
    """`version` as the package nvidia-jetpack says it, or just the major one; `l4t` as 36.4.3."""

    major: int
    version: str
    l4t: str


@dataclass(frozen=True)
class Wheel:
    """`python` that the wheels are for; `install` is the line to type, empty where there are no
    wheels, and then `instead` says what to do."""

    python: tuple[int, int]
    install: str
    instead: str = ""


WHEELS = {
    4: Wheel((3, 6), "", "JetPack 4 (the first Jetson Nano) has Python 3.6: not supported."),
    5: Wheel(
        (3, 8),
        "",
        "Its onnxruntime with CUDA is for Python 3.8, and Edge Voice needs 3.10: flash JetPack 6; "
        "or speak on the CPU, with a Python 3.10 of your own: pip install 'edge-voice[cpu]'",
    ),
    6: Wheel((3, 10), f"onnxruntime-gpu --index-url {INDEX}/jp6/cu126"),
    7: Wheel(
        (3, 12),
        "",
        "No wheel is known to hold code for an Orin (8.7) or a Thor (11.0) with CUDA 13: build "
        "onnxruntime from its source (docs/install-jetson.md); until then: "
        "pip install 'edge-voice[cpu]'",
    ),
}
"""By major JetPack. The public index has wheels for arm64 without TensorRT, for other GPUs."""


def read_jetpack(root: Path = Path("/")) -> JetPack | None:
    """From /etc/nv_tegra_release and dpkg's list; None on any other machine, or an unknown one."""
    release = re.search(
        r"^# R(\d+) \(release\), REVISION: ([0-9.]+)", _text(root / "etc/nv_tegra_release")
    )
    package = re.search(
        r"^Package: nvidia-jetpack\n(?:.+\n)*?Version: ((\d+)[0-9.]*)",
        _text(root / "var/lib/dpkg/status"),
        re.MULTILINE,
    )
    if release is None:
        return None
    l4t = f"{release.group(1)}.{release.group(2)}"
    if package is not None:
        return JetPack(int(package.group(2)), package.group(1), l4t)
    major = _L4T.get(int(release.group(1)))
    return None if major is None else JetPack(major, str(major), l4t)


def wheel_trouble(jetpack: JetPack, python: tuple[int, int] | None = None) -> tuple[str, str]:
    """What stands between this JetPack and its onnxruntime, and the remedy; both empty if nothing
    does."""
    python = python or sys.version_info[:2]
    wheel = WHEELS.get(jetpack.major)
    if wheel is None:
        return f"JetPack {jetpack.version} is not known", "See docs/install-jetson.md."
    if wheel.instead:
        return f"JetPack {jetpack.version} has no onnxruntime for us", wheel.instead
    if python != wheel.python:
        name = f"python{wheel.python[0]}.{wheel.python[1]}"
        return (
            f"the GPU's onnxruntime of JetPack {jetpack.version} is for {name}, "
            f"this is Python {python[0]}.{python[1]}",
            f"Make the environment anew: {name} -m venv ~/edge-voice",
        )
    return "", ""


def onnxruntime_packages() -> list[str]:
    """Those installed in this environment, such as onnxruntime and onnxruntime-gpu: all of them
    install into one folder, and what came last has won."""
    names = {(found.metadata["Name"] or "").lower().replace("_", "-") for found in distributions()}
    return sorted(n for n in names if n in PACKAGES)


PACKAGES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
