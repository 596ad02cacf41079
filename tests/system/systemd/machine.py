"""Boot systemd as PID 1 on a copy-on-write view of this machine, and run a driver there.

Everything happens in mount, network and process namespaces of its own, on memory: nothing of this
machine is changed. Needs root. What was written is told by the driver, as JSON.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
BOOT_LIMIT_S = 900
"""8 s on a quiet machine; the driver is given up first, so that it is told what is missing."""
PYTHON = f"/opt/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"

# /root and /home are hidden from the service, so Python, its packages and ours are seen in /opt.
EDGE = """#!/bin/sh
export LD_LIBRARY_PATH=/opt/python/lib
PYTHONHOME=/opt/python PYTHONPATH=/opt/ours:/opt/packages exec {python} -m edge "$@"
"""
# Played sound goes into a file that only the service may write; its pace is not a card's.
ASOUND = """pcm.!default {
  type plug
  slave.pcm { type file slave.pcm "null" file "/var/lib/edge-voice/heard.raw" format "raw" }
}
"""
DRIVER = """[Unit]
Requires=basic.target dbus.socket
After=basic.target dbus.socket
[Service]
Type=oneshot
TimeoutStartSec=800
Environment={home} PYTHONPATH=/opt/ours:/opt/packages ORT_DISABLE_TELEMETRY=1
ExecStart={python} -m {driver} /answers/answers.json
ExecStopPost=/bin/systemctl poweroff --force
StandardOutput=file:/answers/output
StandardError=file:/answers/output
"""


def boot(bundle: Path, folder: Path) -> dict[str, Any]:
    """Install the units with `bundle` on such a machine, and run driver.py there."""
    (folder / "edge").write_text(EDGE.format(python=PYTHON), encoding="utf-8")
    return run_in_machine("tests.system.systemd.driver", BY_HAND, {"BUNDLE": bundle}, folder)


def run_in_machine(
    driver: str, setup: str, words: dict[str, Path], folder: Path, tree: Path = Path("/")
) -> dict[str, Any]:
    """What the module `driver` wrote down. Before, `setup` changes the tree $R, in bash, with
    `words` as its variables. Another `tree` than this machine runs the driver with its own Python,
    so the driver may then need nothing but what Python brings."""
    answers = folder / "answers"
    answers.mkdir()
    (folder / "asound.conf").write_text(ASOUND, encoding="utf-8")
    python, home = (PYTHON, "PYTHONHOME=/opt/python")
    if tree != Path("/"):
        python, home = "/usr/bin/python3", ""
    (folder / "driver.service").write_text(
        DRIVER.format(python=python, home=home, driver=driver), encoding="utf-8"
    )
    words = words | {
        "BELOW": tree,
        "FOLDER": folder,
        "OURS": ROOT,
        "PYTHON": Path(sys.base_prefix),
        "PACKAGES": Path(sysconfig.get_path("purelib")),
    }
    script = "\n".join(f"{name}={shlex.quote(str(value))}" for name, value in words.items())
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-euc", script + TREE + setup + RUN],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOOT_LIMIT_S,
    )
    told = answers / "answers.json"
    if not told.exists():
        output = answers / "output"
        said = output.read_text(encoding="utf-8") if output.exists() else ""
        raise AssertionError(f"the machine gave no answers:\n{done.stdout}{done.stderr}{said}")
    found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    return found


TREE = """
mount -t tmpfs tmpfs /run
umount -R /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
D="$FOLDER/disk"
R="$D/root"
mkdir "$D"
mount -t tmpfs tmpfs "$D"
mkdir "$D"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=$BELOW,upperdir=$D/upper,workdir=$D/work" "$R"
rm -f "$R/etc/machine-id" "$R"/etc/systemd/system/*.wants/*

mkdir -p "$R"/opt/{python,packages,ours}
mount --bind "$PYTHON" "$R/opt/python"
mount --bind "$PACKAGES" "$R/opt/packages"
cp -r "$OURS"/{edge,profiles,models,tests} "$R/opt/ours"
cp "$FOLDER/asound.conf" "$R/etc/asound.conf"
cp "$FOLDER/driver.service" "$R/etc/systemd/system"
"""
BY_HAND = """
mkdir -p "$R/opt/edge-voice/bin" "$R/etc/edge-voice"
cp -rL "$BUNDLE" "$R/opt/ours/bundle"
install -m 755 "$FOLDER/edge" "$R/opt/edge-voice/bin/edge"
cp "$OURS"/systemd/edge-voice{,-http,-wyoming}.{service,socket} "$R/etc/systemd/system"
cp "$OURS/systemd/edge-voice.sysusers" "$R/usr/lib/sysusers.d/edge-voice.conf"
cp "$OURS/systemd/edge-voice.tmpfiles" "$R/usr/lib/tmpfiles.d/edge-voice.conf"
"""
RUN = """
chmod -R a+rX "$R/opt/ours"
exec systemd-nspawn --quiet --register=no --keep-unit --private-network --boot --console=pipe \\
  --directory="$R" --bind="$FOLDER/answers:/answers" -- systemd.unit=driver.service
"""
