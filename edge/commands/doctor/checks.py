"""What is wrong with this machine, and the command that mends it.

Whatever could take the process down (a wheel with instructions that this CPU lacks) or needs
another layer's imports is tried in a child process.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge import kernels
from edge.bundle import MANIFEST, Bundle, open_bundle
from edge.bundle.store import bundle_folders
from edge.client import Client
from edge.errors import EdgeError
from edge.jetpack import WHEELS, onnxruntime_packages, read_jetpack, wheel_trouble
from edge.profile import all_profiles, detect, read_machine

PROBE_TIMEOUT_S = 60
PREPARE_S = 20
"""How long a GPU is waited for: its libraries take seconds, a TensorRT engine takes minutes."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `remedy` is the command to type; empty when all is well."""

    subject: str
    verdict: Literal["ok", "warn", "fail"]
    message: str
    remedy: str = ""


def examine(places: Sequence[Path], socket_path: Path, tone: bool = False) -> list[Finding]:
    """Look at everything, whatever fails on the way. `places` hold bundles; a `tone` is played."""
    bundles: list[Bundle] = []
    checks: list[Callable[[], Iterator[Finding]]] = [
        _python,
        _onnxruntime,
        _one_onnxruntime,
        _jetpack,
        _kernels,
        _speed,
        _sound,
        *([_tone] if tone else []),
        _board,
        lambda: _bundles(places, bundles),
        lambda: _families(bundles),
        lambda: _providers(bundles),
        lambda: _socket(socket_path),
    ]
    findings: list[Finding] = []
    for check in checks:
        try:
            findings += check()
        except EdgeError as error:
            subject = check.__name__.strip("_<>")
            findings.append(Finding(subject, "fail", error.message, error.remedy))
    return findings


def _python() -> Iterator[Finding]:
    found = f"{platform.python_version()}, {platform.machine()}"
    if struct.calcsize("P") < 8:
        yield Finding(
            "python", "fail", f"{found}: a 32-bit system", "Install a 64-bit operating system."
        )
    else:
        yield Finding("python", "ok", found)


def _onnxruntime() -> Iterator[Finding]:
    code = (
        "import onnxruntime as o; print(json.dumps([o.__version__, o.get_available_providers()]))"
    )
    status, answer, said = _probe(code)
    if status == -signal.SIGILL:
        yield Finding(
            "onnxruntime",
            "fail",
            "it has instructions that this CPU lacks (as 1.21.0 on Cortex-A53 and A72)",
            _pip("'onnxruntime!=1.21.*' --upgrade"),
        )
    elif status != 0:
        yield Finding("onnxruntime", "fail", said, _pip("'edge-voice[cpu]'"))
    else:
        version, providers = answer
        yield Finding("onnxruntime", "ok", f"{version} with {', '.join(providers)}")


def _one_onnxruntime() -> Iterator[Finding]:
    packages = onnxruntime_packages()
    if len(packages) > 1:
        found = read_jetpack()
        wheel = WHEELS.get(found.major) if found else None
        install = wheel.install if wheel and wheel.install else "'edge-voice[cpu]'"
        yield Finding(
            "onnxruntime",
            "fail",
            f"{' and '.join(packages)} are installed into one folder; the last one has won",
            f"{_pip_uninstall(packages)} && {_pip(install)}",
        )


def _jetpack() -> Iterator[Finding]:
    found = read_jetpack()
    if found is None:
        return
    what = f"JetPack {found.version}, L4T {found.l4t}"
    trouble, remedy = wheel_trouble(found)
    if "onnxruntime-gpu" in onnxruntime_packages():
        yield Finding("jetpack", "ok", what)
    elif trouble:
        yield Finding("jetpack", "warn", f"{what}: {trouble}", remedy)
    else:
        missing = f"{what}: the onnxruntime here cannot use its GPU"
        yield Finding("jetpack", "warn", missing, _pip(WHEELS[found.major].install))


def _kernels() -> Iterator[Finding]:
    code = (
        "from edge import kernels\nfrom edge.synth.variants import no_kernels\n"
        "why = no_kernels()\n"
        "print(json.dumps([why, [] if why else kernels.paths(kernels.library_path())]))"
    )
    status, answer, said = _probe(code)
    why = said if status else answer[0]
    if why:
        message = f"the fast int8 variants cannot run: {why}"
        yield Finding("kernels", "warn", message, kernels.how_to_build())
    else:
        yield Finding("kernels", "ok", f"int8 operators for {', '.join(answer[1])}")


def _speed() -> Iterator[Finding]:
    code = (
        "from edge.errors import EdgeError\n"
        "from edge.synth.stretch import check_speed\n"
        "from edge.synth import MAX_SPEED\n"
        "try: check_speed(MAX_SPEED); print(json.dumps(['', '']))\n"
        "except EdgeError as e: print(json.dumps([e.message, e.remedy]))"
    )
    status, answer, said = _probe(code)
    trouble, remedy = (said, "edge doctor --verbose") if status else answer
    if trouble:
        yield Finding("speed", "warn", trouble, remedy)
    else:
        yield Finding("speed", "ok", "libsonic is there: speech up to three times as fast")


def _sound() -> Iterator[Finding]:
    code = (
        "from edge.errors import EdgeError\n"
        "from edge.sound.devices import list_devices\n"
        "try: print(json.dumps([[d.name + (' (default)' if d.default else '') "
        "for d in list_devices()], '', '']))\n"
        "except EdgeError as e: print(json.dumps([[], e.message, e.remedy]))"
    )
    status, answer, said = _probe(code)
    if status != 0:
        yield Finding("sound", "fail", said, _pip("'edge-voice[audio]'"))
        return
    names, trouble, remedy = answer
    if trouble:
        yield Finding("sound", "fail", trouble, remedy)
    elif not names:
        yield Finding(
            "sound",
            "warn",
            "no sound device: only edge say --out FILE.wav will work",
            "Plug one in; then: aplay -l. For a service: sudo usermod -aG audio USER",
        )
    else:
        yield Finding("sound", "ok", "; ".join(names))


def _tone() -> Iterator[Finding]:
    code = (
        "import numpy as np\n"
        "from edge.errors import EdgeError\n"
        "from edge.sound.portaudio import PortAudioSink\n"
        "from edge.config import load_config\n"
        "device = load_config().config.audio.device\n"
        "sink = PortAudioSink(None if device == 'default' else device, 22050)\n"
        "t = np.arange(22050, dtype=np.float32) / 22050\n"
        "wave = 0.1 * np.sin(2 * np.pi * 440 * t) * np.minimum(1, 20 * np.minimum(t, 1 - t))\n"
        "try:\n"
        "  sink.write(wave.astype(np.float32)); sink.finish(); sink.close()\n"
        "  print(json.dumps([sink.name, '', '']))\n"
        "except EdgeError as e: print(json.dumps(['', e.message, e.remedy]))"
    )
    status, answer, said = _probe(code)
    if status != 0:
        yield Finding("tone", "fail", said, "edge doctor --verbose")
        return
    name, trouble, remedy = answer
    if trouble:
        yield Finding("tone", "fail", trouble, remedy)
    else:
        yield Finding("tone", "ok", f"a second of 440 Hz was played to {name}")


def _board() -> Iterator[Finding]:
    found = detect(read_machine(), all_profiles())
    reasons = "; ".join(found.reasons)
    yield Finding("board", "ok", f"{found.profile.title} ({found.profile.name}): {reasons}")


def _bundles(places: Sequence[Path], found: list[Bundle]) -> Iterator[Finding]:
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
            verdict: Literal["warn", "fail"] = "warn" if error.code == "wrong-board" else "fail"
            yield Finding("bundle", verdict, error.message, error.remedy)
        else:
            found.append(bundle)
            yield Finding("bundle", "ok", f"{folder} is whole and for this board")
            yield from _too_slow(found[-1])
    if not found:
        where = ", ".join(map(str, places))
        yield Finding("bundle", "fail", f"none for this board in {where}", "edge build")


def _too_slow(bundle: Bundle) -> Iterator[Finding]:
    estimate = bundle.profile.estimates.get(bundle.manifest.family, 0.0)
    if estimate > 1:
        yield Finding(
            "bundle",
            "warn",
            f"{bundle.path.name}: about {estimate:g} seconds of work for a second of speech here "
            "(an estimate, not measured)",
            "Have announcements made beforehand: edge prerender FILE",
        )


def _families(bundles: Sequence[Bundle]) -> Iterator[Finding]:
    for family in sorted({bundle.manifest.family for bundle in bundles}):
        status, _, said = _probe(f"import edge.synth.{family}" + _PACKAGES.get(family, ""))
        if status == 0:
            yield Finding("family", "ok", f"{family} can run here")
        else:
            extra = _EXTRAS.get(family, family)
            yield Finding("family", "fail", f"{family}: {said}", _pip(f"'edge-voice[{extra}]'"))


_PACKAGES = {
    "piper": "; import piper",
    "hibari": "; import hibari",
    "cosyvoice3": "; import soxr, tokenizers",
}
_EXTRAS = {"cosyvoice3": "cosyvoice3-run"}
"""Of a family whose own name is the extra that builds it."""


def _providers(bundles: Sequence[Bundle]) -> Iterator[Finding]:
    for bundle in bundles:
        if not bundle.manifest.variants[0].graphs:
            continue
        code = (
            "from pathlib import Path\nfrom edge import synth\n"
            "from edge.bundle import open_bundle\n"
            f"b = open_bundle(Path({str(bundle.path)!r}), None)\n"
            "v = synth.load(b, background=True)\n"
            f"getattr(v, 'wait', lambda s: None)({PREPARE_S})\n"
            "v.plan('a', synth.Style())\n"  # changes over, if there is something to change to
            "print(json.dumps([v.provider, b.profile.runtime.providers.decoder[0].name]), "
            "flush=True)\n"
            "import os; os._exit(0)"  # an engine may be half built: nobody is to wait for it
        )
        status, answer, said = _probe(code)
        name = bundle.voice.name
        if status != 0:
            yield Finding(
                "provider", "fail", f"{name} does not load: {said}", f"edge build {name}"
            )
        elif answer[0] != answer[1]:
            message = f"{name} runs on {answer[0]}; its profile prefers {answer[1]}"
            remedy = (
                "edge tune builds what is being prepared, and measures. If it cannot be used: "
                "docs/install/jetson.md names the onnxruntime build of this board."
            )
            yield Finding("provider", "warn", message, remedy)
        else:
            yield Finding("provider", "ok", f"{name} runs on {answer[0]}")


def _socket(path: Path) -> Iterator[Finding]:
    if not path.exists():
        yield Finding("daemon", "warn", f"not running: no {path}", "edge serve")
    elif not os.access(path, os.W_OK):
        yield Finding(
            "daemon",
            "fail",
            f"no permission for {path}",
            "sudo usermod -aG edge-voice $USER, then log in again",
        )
    else:
        with Client(path) as client:
            report = client.status()
        yield Finding("daemon", "ok", f"{report.version} answers on {path}")


def _probe(code: str) -> tuple[int, Any, str]:
    """Run Python code elsewhere: its exit status, the JSON that it printed, its last words."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", "import json, edge\n" + code],
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return 1, None, f"no answer within {PROBE_TIMEOUT_S} s"
    lines = done.stdout.strip().splitlines()
    words = done.stderr.strip().splitlines()
    answer = json.loads(lines[-1]) if done.returncode == 0 and lines else None
    return done.returncode, answer, words[-1] if words else f"exit status {done.returncode}"


def _pip_uninstall(packages: Sequence[str]) -> str:
    return f"{sys.executable} -m pip uninstall -y {' '.join(packages)}"


def _pip(what: str) -> str:
    return f"{sys.executable} -m pip install {what}"
