"""Links, pipes and nonsense in a state folder, and a folder outside that they point at."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from edge.bundle.store import STARTS


class Outside:
    """A folder with a secret file, which nobody in a run may read, write or own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)
        (folder / "keys").mkdir(parents=True)
        for name in ("secret", "keys/host"):
            (folder / name).write_bytes(b"secret")
            (folder / name).chmod(0o600)
        self._before = self._look()

    def changes(self) -> list[str]:
        """Tell what is there now and was not so, and what is gone."""
        after = self._look()
        names = sorted(self._before.keys() | after.keys())
        return [
            f"{name} was {self._before.get(name)}, is {after.get(name)}"
            for name in names
            if self._before.get(name) != after.get(name)
        ]

    def _look(self) -> dict[str, object]:
        return {
            str(path.relative_to(self.folder)): (
                path.stat().st_mode,
                path.stat().st_uid,
                path.read_bytes() if path.is_file() else None,
            )
            for path in [self.folder, *self.folder.rglob("*")]
        }


def plant(phrases: Path, home: Path, outside: Path) -> list[Path]:
    """Put hostile entries beside and in place of what a daemon left; the paths to remove."""
    planted = []
    kept = sorted(phrases.glob("*.phrase"))
    for number, path in enumerate([*kept[:4], *(phrases / f"{n:064x}.phrase" for n in range(4))]):
        remove(path)
        if number % 4 == 0:
            os.mkfifo(path)
        elif number % 4 == 1:
            path.symlink_to(outside / "secret")
        elif number % 4 == 2:
            path.mkdir()
        else:
            path.write_bytes(os.urandom(100))
        planted.append(path)
    for path, target in (
        (phrases / ".partial-x", outside / "secret"),
        (home / STARTS, outside / "secret"),
        (home / ".beside", outside / "keys"),
        (home / "0" / "keys", outside / "keys"),
        (home.parent / ".lock", outside / "lock"),
        (home.parent / "another", outside),
    ):
        remove(path)
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(target)
        planted.append(path)
    return planted


def remove(path: Path) -> None:
    """Remove whatever it is, and not what it points at."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
