"""Boot the arm64 disk of image.sh as a Raspberry Pi 5 without a network, and let driver.py work.

Time in there is counted in instructions, one for a nanosecond, and the sound card follows that
clock: a busy host makes the run longer, and neither the sound nor a deadline in there knows of it.
It is no measure of the board's own speed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LIMIT_S = 3600
MODEL = "Raspberry Pi 5 Model B Rev 1.0"
COMPATIBLE = ("raspberrypi,5-model-b", "brcm,bcm2712", "linux,dummy-virt")
MACHINE = [
    *("qemu-system-aarch64", "-cpu", "cortex-a76", "-smp", "1", "-m", "2048"),
    *("-icount", "shift=0,sleep=on", "-nic", "none", "-display", "none"),
]


def boot(image: Path, packages: list[Path], sentences: list[str], folder: Path) -> dict[str, Any]:
    """What the driver saw. `folder`/sound.wav holds what the emulated card played, at the rate
    and in the channels of its header, and `folder`/console what the kernel and systemd said."""
    shared = folder / "shared"
    shared.mkdir(parents=True)
    for file in (*packages, HERE / "driver.py"):
        shutil.copy(file, shared)
    (shared / "sentences.json").write_text(json.dumps(sentences), encoding="utf-8")
    disk = folder / "disk.img"
    subprocess.run(
        ["cp", "--sparse=always", "--reflink=auto", image / "disk.img", disk], check=True
    )
    command = [
        *MACHINE,
        *("-machine", "virt,gic-version=3", "-dtb", str(_device_tree(folder / "board.dtb"))),
        *("-kernel", str(image / "vmlinuz"), "-initrd", str(image / "initrd")),
        *("-append", "root=/dev/vda rw console=ttyAMA0 systemd.show_status=1"),
        *("-serial", f"file:{folder / 'console'}", "-monitor", "none"),
        *("-drive", f"file={disk},if=virtio,format=raw,cache=unsafe"),
        *("-virtfs", f"local,path={shared},mount_tag=host,security_model=none"),
        # An HDA codec without a mixer: a real board's is turned up by its own image.
        *("-audiodev", f"wav,id=card,path={folder / 'sound.wav'},out.frequency=48000"),
        *("-device", "intel-hda", "-device", "hda-output,audiodev=card,mixer=off"),
    ]
    try:
        subprocess.run(command, check=True, timeout=LIMIT_S)
    finally:
        disk.unlink()
    found: dict[str, Any] = json.loads((shared / "answers.json").read_text(encoding="utf-8"))
    return found


def _device_tree(path: Path) -> Path:
    """That of QEMU's machine, which says that it is a Raspberry Pi 5."""
    dump = ["-machine", f"virt,gic-version=3,dumpdtb={path}"]
    subprocess.run([*MACHINE, *dump], check=True, capture_output=True)
    subprocess.run(["fdtput", "-t", "s", path, "/", "compatible", *COMPATIBLE], check=True)
    subprocess.run(["fdtput", "-t", "s", path, "/", "model", MODEL], check=True)
    return path
