"""A board of tests/data/boards as a command: a Python that runs on an emulated CPU and sees the
board's /proc and /sys."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

BOARDS = Path(__file__).parents[2] / "data/boards"
REPOSITORY = Path(__file__).parents[3]
FOLDER = Path(os.environ.get("EDGE_ARM64", "~/.cache/edge-voice/arm64")).expanduser()
"""What prepare.sh filled."""
CPUS = {
    "cortex-a53": "raspberry-pi-3b",
    "cortex-a72": "raspberry-pi-4b",
    "cortex-a76": "raspberry-pi-5b",
}
"""QEMU's models, and a board that has such cores."""


def emulated(board: str, cpu: str, root: Path, *more: Path) -> Path:
    """Make the board under `root`; returns its Python, an executable, which also imports from
    `more` folders.

    A path that exists under `root` hides the host's (qemu -L); all others are the host's. It is a
    script of the host's shell, so what the guest starts with sys.executable is emulated too.
    """
    tree = FOLDER / "tree"
    root.mkdir(parents=True)
    for name in ("bin", "etc", "lib", "usr"):
        (root / name).symlink_to(tree / name)
    for name in ("proc", "sys"):
        if (BOARDS / board / name).is_dir():
            shutil.copytree(BOARDS / board / name, root / name)
    cpus = root / "sys/devices/system/cpu"
    cpus.mkdir(parents=True, exist_ok=True)
    cores = (root / "proc/cpuinfo").read_text(encoding="utf-8").count("processor\t:")
    for name in ("online", "possible", "present"):  # onnxruntime counts the cores here
        (cpus / name).write_text(f"0-{cores - 1}\n", encoding="ascii")
    home = root / "home"
    home.mkdir()
    python = root / "python"
    variables = {
        "HOME": home,
        "LANG": "C.UTF-8",
        "PYTHONHOME": tree / "usr",
        "PYTHONPATH": ":".join(map(str, (FOLDER / "site", *more, REPOSITORY))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "EDGE_KERNELS": FOLDER / "kernels/libedge_kernels.so",
        "EDGE_VOICE_SOCKET": root / "edge.sock",
        "QEMU_LD_PREFIX": root,
        "QEMU_CPU": cpu,
    }
    given = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in variables.items())
    python.write_text(
        f"#!/bin/sh\nexec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin {given} "
        f'${{QEMU_PLUGIN:+QEMU_PLUGIN="$QEMU_PLUGIN"}} '
        f"qemu-aarch64 -0 {shlex.quote(str(python))} "
        f'{shlex.quote(str(tree / "usr/bin/python3.11"))} "$@"\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    return python


def counted_on(
    cpu: str, place: Path, module: str, *arguments: str | Path
) -> list[tuple[list[str], int]]:
    """Run a module on an emulated CPU, its board under `place`. Returns the fields of each line
    that it prints, with the instructions of the stretch that it measured for it."""
    python, numbers = emulated(CPUS[cpu], cpu, place), place / "counts"
    done = subprocess.run(
        [python, "-m", module, *arguments],
        env=os.environ | {"QEMU_PLUGIN": f"{FOLDER / 'count.so'},out={numbers}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{module} on {cpu} ended with {done.returncode}: {done.stderr[-2000:]}")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    counts = map(int, numbers.read_text(encoding="ascii").split())
    return list(zip(lines, counts, strict=True))
