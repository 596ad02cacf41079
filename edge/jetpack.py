"""Tell which of NVIDIA's systems a Jetson has, and which onnxruntime it takes."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from edge.families import FAMILIES

INDEX = "https://pypi.jetson-ai-lab.io"
_L4T = {32: 4, 34: 5, 35: 5, 36: 6, 38: 7, 39: 7}
"""Major release of L4T (the kernel and drivers) -> JetPack that came with it."""


@dataclass(frozen=True)
class JetPack:
    """A release of NVIDIA's system."""

    major: int
    version: str
    """The package nvidia-jetpack's version, or just the major one."""
    l4t: str
    """Release of the kernel and drivers, like 36.4.3."""


@dataclass(frozen=True)
class Wheel:
    """The onnxruntime that uses the GPU of one JetPack."""

    python: tuple[int, int]
    """Version of Python that the wheels are for."""
    install: str
    """Arguments of `pip install`; empty if there are no wheels."""
    instead: str = ""
    """Sentence that says what to do then."""


WHEELS = {
    4: Wheel((3, 6), "", "JetPack 4 (the first Jetson Nano) has Python 3.6: not supported."),
    5: Wheel(
        (3, 8),
        "",
        "Its onnxruntime with CUDA is for Python 3.8, and Edge Voice needs 3.10: flash JetPack 6; "
        "or speak on the CPU, with your own Python 3.10, in the clone: pip install '.[cpu]'",
    ),
    6: Wheel((3, 10), f"onnxruntime-gpu --index-url {INDEX}/jp6/cu126"),
    7: Wheel(
        (3, 12),
        "",
        "No wheel is known to hold code for an Orin (8.7) or a Thor (11.0) with CUDA 13: build "
        "onnxruntime from its source (docs/install/jetson.md); until then: "
        "In the clone of Edge Voice: pip install '.[cpu]'",
    ),
}
"""Major JetPack -> its wheel. The public index has wheels for arm64 without TensorRT, for other
GPUs."""


def read_jetpack(root: Path = Path("/")) -> JetPack | None:
    """Read it from /etc/nv_tegra_release and dpkg's list; None on any other machine."""
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
    """Tell what stands between this JetPack and its onnxruntime, and the remedy; both empty if
    nothing does."""
    python = python or sys.version_info[:2]
    wheel = WHEELS.get(jetpack.major)
    if wheel is None:
        return f"JetPack {jetpack.version} is not known", "See docs/install/jetson.md."
    if wheel.instead:
        return f"JetPack {jetpack.version} has no onnxruntime for us", wheel.instead
    if python != wheel.python:
        name = f"python{wheel.python[0]}.{wheel.python[1]}"
        return (
            f"the GPU's onnxruntime of JetPack {jetpack.version} is for {name}, "
            f"this is Python {python[0]}.{python[1]}",
            f"Make the environment anew: {name} -m venv ~/edge-voice; in a clone: make clean, "
            f"then make install PYTHON=/usr/bin/{name}",
        )
    return "", ""


def pip_calls(
    project: str,
    extras: list[str],
    provider: str = "",
    onnxruntime: str = "",
    root: Path = Path("/"),
    python: tuple[int, int] | None = None,
) -> list[list[str]]:
    """List the arguments of `pip install`, call by call, for `project` with these extras on the
    machine at `root`. `provider` "cpu" takes the CPU's onnxruntime on a Jetson too; `onnxruntime`
    is the path of a wheel, or the address of a wheel or an index, in place of what JetPack names.
    Raises Refused where a Jetson has none and neither was given."""
    if provider not in ("", "cpu") or (provider and onnxruntime):
        raise Refused(f"PROVIDER={provider}: it may be cpu, and then without ONNXRUNTIME=")
    jetpack = read_jetpack(root)
    unknown = jetpack is None and (root / "etc/nv_tegra_release").exists()
    if provider or not (onnxruntime or jetpack or unknown):
        return [["--constraint", PINS, f"{project}[{','.join(extras)}]"]]
    if onnxruntime.endswith(".whl"):
        wheel = [str(Path(onnxruntime).expanduser()) if "://" not in onnxruntime else onnxruntime]
    elif "://" in onnxruntime:
        wheel = ["onnxruntime-gpu", "--index-url", onnxruntime]
    elif onnxruntime:
        raise Refused(f"ONNXRUNTIME={onnxruntime} is no wheel (.whl) and no index (https://)")
    else:
        if jetpack is None:
            trouble, remedy = "this release of L4T is not known", "See docs/install/jetson.md."
        else:
            trouble, remedy = wheel_trouble(jetpack, python)
        if trouble or jetpack is None:
            raise Refused(f"{trouble}. {remedy}\n{CHOICES}")
        wheel = WHEELS[jetpack.major].install.split()
    apart = {f.extra: f.without_ort for f in FAMILIES.values() if f.without_ort}
    ours = [name for name in extras if name not in ("cpu", *apart)]
    calls = [["--constraint", PINS, f"{project}[{','.join(ours)}]"]]
    if names := [name for extra in extras for name in apart.get(extra, ())]:
        calls.append(["--no-deps", "--constraint", PINS, *names])  # they ask for the CPU's
    return [*calls, ["--no-deps", *wheel]]


def onnxruntime_packages(path: list[str] | None = None) -> list[str]:
    """List those installed in this environment, or in the folders of `path`, like onnxruntime and
    onnxruntime-gpu: all of them install into one folder, and the last one has won."""
    found = distributions() if path is None else distributions(path=path)
    names = {(one.metadata["Name"] or "").lower().replace("_", "-") for one in found}
    return sorted(n for n in names if n in PACKAGES)


class Refused(Exception):
    """`make install` must not go on; the message says what to type instead."""


PINS = ".ci/constraints.txt"
CHOICES = """With a wheel or an index of your own: make install ONNXRUNTIME=/path/to/the.whl
To speak on the CPU: make install PROVIDER=cpu"""
PACKAGES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
