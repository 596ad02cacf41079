"""Put a card's image into an emulated Raspberry Pi 3 with a USB sound card, and pull its plug.

QEMU starts the card's own kernel, with its initrd, device tree and command line: the board's
firmware is not run. The card's partitions are read and written as files, without mounting.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CARD_BYTES = 4 << 30
"""Size of the card that the image is written to; QEMU wants a power of two."""
FAT = "@@4M"
"""Where the first partition begins, as mtools say it."""
SECTOR = 512
LIMIT_S = 3600
CONSOLE = "console=ttyAMA0,115200"


@dataclass(frozen=True)
class Boot:
    """What a boot left behind on this machine."""

    console: str
    """What the kernel said, and the units that speak through it."""
    sound: Path
    """What the USB sound card played."""


class Card:
    def __init__(self, image: Path, folder: Path) -> None:
        self.folder, self.disk = folder, folder / "disk.img"
        folder.mkdir(parents=True)
        with self.disk.open("wb") as disk:
            subprocess.run(["xz", "--decompress", "--stdout", image], stdout=disk, check=True)
        subprocess.run(["truncate", f"--size={CARD_BYTES}", self.disk], check=True)
        self._boots = 0

    def names(self) -> list[str]:
        command = ["mdir", "-b", "-i", f"{self.disk}{FAT}", "::"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return [line.removeprefix("::/") for line in listed.splitlines()]

    def read(self, name: str) -> bytes:
        command = ["mcopy", "-n", "-i", f"{self.disk}{FAT}", f"::{name}", "-"]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.write_bytes(content)
        subprocess.run(["mcopy", "-o", "-i", f"{self.disk}{FAT}", path, f"::{name}"], check=True)

    def partitions(self) -> list[dict[str, Any]]:
        listed = subprocess.run(["sfdisk", "--json", self.disk], check=True, capture_output=True)
        found: list[dict[str, Any]] = json.loads(listed.stdout)["partitiontable"]["partitions"]
        return found

    def partition(self, number: int) -> Path:
        """Copy a partition out, so that it can be looked at and mended without harm."""
        part = self.partitions()[number - 1]
        out = self.folder / f"part{number}"
        with self.disk.open("rb") as disk, out.open("wb") as file:
            disk.seek(part["start"] * SECTOR)
            left = part["size"] * SECTOR
            while left:
                piece = disk.read(min(left, 1 << 20))
                if piece.strip(b"\0"):
                    file.write(piece)
                else:
                    file.seek(len(piece), 1)
                left -= len(piece)
            file.truncate(part["size"] * SECTOR)
        return out

    def boot(self, until: str, then_s: float = 0) -> Boot:
        """Run until the console says `until` and `then_s` seconds more, then pull the plug."""
        here = self.folder / f"boot{self._boots}"
        here.mkdir()
        self._boots += 1
        for name in self.names():
            if re.match(r"vmlinuz|initrd|bcm2837-rpi-3-b\.dtb|cmdline", name):
                (here / name.split("-")[0]).write_bytes(self.read(name))
        said = (here / "cmdline.txt").read_text().split()
        line = " ".join([word for word in said if not word.startswith("console=")] + [CONSOLE])
        console = here / "console"
        command = [
            *("qemu-system-aarch64", "-M", "raspi3b", "-nic", "none", "-display", "none"),
            *("-kernel", here / "vmlinuz", "-initrd", here / "initrd.img", "-append", line),
            *("-dtb", here / "bcm2837", "-drive", f"file={self.disk},if=sd,format=raw"),
            *("-audiodev", f"wav,id=card,path={here / 'sound.wav'}"),
            *("-device", "usb-audio,audiodev=card"),
            *("-serial", f"file:{console}", "-serial", "null", "-monitor", "none"),
        ]
        board = subprocess.Popen(list(map(str, command)))
        deadline = time.monotonic() + LIMIT_S
        try:
            while not (console.exists() and until in console.read_text(errors="replace")):
                assert board.poll() is None, "the emulator ended"
                assert time.monotonic() < deadline, console.read_text(errors="replace")[-4000:]
                time.sleep(1)
            time.sleep(then_s)
        finally:
            board.terminate()  # for the board a power cut; for the recording, its length
            board.wait()
        return Boot(console.read_text(errors="replace"), here / "sound.wav")
