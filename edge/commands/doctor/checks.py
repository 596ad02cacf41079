"""Find what is wrong with this machine, and the command that mends it.

Whatever could take the process down is asked of a child process: probe.py.
"""

from __future__ import annotations

import os
import platform
import signal
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge import kernels
from edge.bundle import MANIFEST, Bundle, open_bundle
from edge.bundle.store import bundle_folders, name_places
from edge.client import Client
from edge.commands.doctor import probe
from edge.commands.doctor.probe import ProbeDied, ask
from edge.detection import detect
from edge.errors import EdgeError
from edge.families import FAMILIES
from edge.jetpack import WHEELS, onnxruntime_packages, read_jetpack, wheel_trouble
from edge.machine import read_machine
from edge.profile import all_profiles
from edge.remedies import add_packages, for_speaking_alone, get_voice, start_daemon
from edge.text.languages import LANGUAGES

Verdict = Literal["ok", "warn", "fail"]
Result = tuple[Verdict, str, str]
"""Verdict, message, and the command to type; that is empty when all is well."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at, and what came out."""

    subject: str
    verdict: Verdict
    message: str
    remedy: str


def examine(places: Sequence[Path], socket_path: Path, tone: bool = False) -> list[Finding]:
    """Look at everything, whatever fails on the way. `places` hold bundles; a `tone` is played."""
    bundles: list[Bundle] = []
    checks: list[tuple[str, Verdict, Callable[[], Iterator[Result]]]] = [
        ("python", "fail", check_python),
        ("onnxruntime", "fail", check_onnxruntime),
        ("onnxruntime", "fail", check_one_onnxruntime),
        ("jetpack", "fail", check_jetpack),
        ("kernels", "warn", check_kernels),
        ("speed", "warn", check_speed),
        ("sound", "fail", check_sound),
        ("board", "fail", check_board),
        ("bundle", "fail", lambda: check_bundles(places, bundles)),
        ("family", "fail", lambda: check_families(bundles)),
        ("text", "fail", lambda: check_text(bundles)),
        ("provider", "fail", lambda: check_providers(bundles)),
        ("daemon", "fail", lambda: check_daemon(socket_path)),
    ]
    if tone:
        checks.insert(7, ("tone", "fail", check_tone))
    findings: list[Finding] = []
    for subject, verdict, check in checks:
        try:
            findings.extend(Finding(subject, *result) for result in check())
        except EdgeError as error:
            findings.append(Finding(subject, verdict, error.message, error.remedy))
    return findings


def check_python() -> Iterator[Result]:
    found = f"{platform.python_version()}, {platform.machine()}"
    if struct.calcsize("P") < 8:
        yield "fail", f"{found}: a 32-bit system", "Install a 64-bit operating system."
    else:
        yield "ok", found, ""


def check_onnxruntime() -> Iterator[Result]:
    try:
        version, providers = ask(probe.onnxruntime, died=add_packages("cpu"))
    except ProbeDied as died:
        if died.status != -signal.SIGILL:
            raise
        yield (
            "fail",
            "it has instructions that this CPU lacks (as 1.21.0 on Cortex-A53 and A72)",
            _other_onnxruntime(),
        )
    else:
        yield "ok", f"{version} with {', '.join(providers)}", ""


def check_one_onnxruntime() -> Iterator[Result]:
    packages = onnxruntime_packages()
    if len(packages) > 1:
        found = read_jetpack()
        wheel = WHEELS.get(found.major) if found else None
        install = wheel.install if wheel and wheel.install else "'.[cpu]'"
        yield (
            "fail",
            f"{' and '.join(packages)} are installed into one folder; the last one has won",
            f"{_pip_uninstall(packages)} && {_pip(install)}",
        )


def check_jetpack() -> Iterator[Result]:
    found = read_jetpack()
    if found is None:
        return
    what = f"JetPack {found.version}, L4T {found.l4t}"
    trouble, remedy = wheel_trouble(found)
    if "onnxruntime-gpu" in onnxruntime_packages():
        yield "ok", what, ""
    elif trouble:
        yield "warn", f"{what}: {trouble}", remedy
    else:
        missing = f"{what}: the onnxruntime here cannot use its GPU"
        yield "warn", missing, _pip(WHEELS[found.major].install)


def check_kernels() -> Iterator[Result]:
    why, paths = ask(probe.kernels, died=kernels.how_to_build())
    if why:
        yield "warn", f"the fast int8 variants cannot run: {why}", kernels.how_to_build()
    else:
        yield "ok", f"int8 operators for {', '.join(paths)}", ""


def check_speed() -> Iterator[Result]:
    ask(probe.speed)
    yield "ok", "libsonic is there: speech up to three times as fast", ""


def check_sound() -> Iterator[Result]:
    if names := ask(probe.sound, died=add_packages("audio")):
        yield "ok", "; ".join(names), ""
    else:
        yield (
            "warn",
            "no sound device: only edge say --out FILE.wav will work",
            "Plug one in; then: aplay -l. For a service: sudo usermod -aG audio USER",
        )


def check_tone() -> Iterator[Result]:
    yield "ok", f"a second of 440 Hz was played to {ask(probe.tone)}", ""


def check_board() -> Iterator[Result]:
    found = detect(read_machine(), all_profiles())
    reasons = "; ".join(found.reasons)
    yield "ok", f"{found.profile.title} ({found.profile.name}): {reasons}", ""


def check_bundles(places: Sequence[Path], found: list[Bundle]) -> Iterator[Result]:
    folders = [
        folder
        for place in places
        for folder in ([place] if (place / MANIFEST).exists() else bundle_folders(place))
    ]
    machine = read_machine()
    for folder in folders:
        try:
            bundle = open_bundle(folder, machine)
            bundle.verify()
        except EdgeError as error:
            verdict: Verdict = "warn" if error.code == "wrong-board" else "fail"
            yield verdict, error.message, error.remedy
        else:
            found.append(bundle)
            yield "ok", f"{folder} is whole and for this board", ""
            yield from too_slow(found[-1])
    if not found:
        yield "fail", f"none for this board in {name_places(places)}", get_voice()


def too_slow(bundle: Bundle) -> Iterator[Result]:
    estimate = bundle.profile.estimates.get(bundle.manifest.family, 0.0)
    if estimate > 1:
        yield (
            "warn",
            f"{bundle.path.name}: about {estimate:g} seconds of work for a second of speech here "
            "(an estimate, not measured)",
            "Have announcements made beforehand: edge prerender FILE",
        )


def check_families(bundles: Sequence[Bundle]) -> Iterator[Result]:
    for name in sorted({bundle.manifest.family for bundle in bundles}):
        family = FAMILIES[name]
        try:
            ask(probe.modules, family.run_module, *family.imports)
        except EdgeError as error:
            yield "fail", f"{name}: {error.message}", add_packages(family.extra or "cpu")
        else:
            yield "ok", f"{name} can run here", ""


def check_text(bundles: Sequence[Bundle]) -> Iterator[Result]:
    languages = sorted({bundle.manifest.language for bundle in bundles})
    ruled = [name for name in languages if name.split("_")[0] in LANGUAGES]
    partly = [name for name in languages if name not in ruled]
    shows = "edge explain TEXT shows what is said, and why"
    if ruled:
        yield (
            "ok",
            f"numbers, dates and names are read as people do in {', '.join(ruled)}; {shows}",
            "",
        )
    if partly:
        yield "ok", f"signs, units and money are read in {', '.join(partly)}; {shows}", ""


def check_providers(bundles: Sequence[Bundle]) -> Iterator[Result]:
    for bundle in bundles:
        if not bundle.manifest.variants[0].graphs:
            continue
        name = bundle.voice.name
        try:
            used, preferred = ask(probe.provider, str(bundle.path))
        except EdgeError as error:
            yield "fail", f"{name} does not load: {error.message}", get_voice(name)
            continue
        if used == preferred:
            yield "ok", f"{name} runs on {used}", ""
        else:
            yield (
                "warn",
                f"{name} runs on {used}; its profile prefers {preferred}",
                "edge tune builds what is being prepared, and measures. If it cannot be used: "
                "docs/install/jetson.md names the onnxruntime build of this board.",
            )


def check_daemon(path: Path) -> Iterator[Result]:
    if not path.exists():
        yield "warn", f"not running: no {path}", start_daemon()
    elif not os.access(path, os.W_OK):
        yield (
            "fail",
            f"no permission for {path}",
            "sudo usermod -aG edge-voice $USER, then log in again",
        )
    else:
        try:
            with Client(path) as client:
                report = client.status()
        except EdgeError as error:
            message = f"it answers on {path}, but does not speak: {error.message}"
            yield "fail", message, error.remedy
        else:
            yield "ok", f"{report.version} answers on {path}", ""


def _pip_uninstall(packages: Sequence[str]) -> str:
    return f"{sys.executable} -m pip uninstall -y {' '.join(packages)}"


def _other_onnxruntime() -> str:
    return add_packages("cpu") if for_speaking_alone() else _pip("'onnxruntime!=1.21.*' --upgrade")


def _pip(what: str) -> str:
    return f"{sys.executable} -m pip install {what}"
