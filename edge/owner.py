"""Whose a folder is, and how root goes on as its owner.

Root that works by path in a folder of somebody else does what that somebody's links say: it
removes, overwrites or gives away files anywhere. So root does not: before the first write, and
before anything of a stranger's is parsed, it becomes the owner of the folder, for good.
"""

from __future__ import annotations

import os
import pwd
import stat
import sys
from pathlib import Path

from edge.errors import NotWritable
from edge.files import SYSTEM_CACHE, SYSTEM_STATE

SERVICE_USER = "edge-voice"
MAX_STEPS = 4096
"""Folders and links on the way to one, PATH_MAX of Linux: more are links in a circle."""


def become_owner(folder: Path) -> None:
    """Become the owner of `folder`, or of the first folder on the way to it that is not root's.

    Nothing happens to anybody but root, nor in a folder of root's own. Raises NotWritable.
    """
    if os.geteuid() != 0 or (owner := _first_stranger(folder)) is None:
        return
    uid, gid = owner
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        raise NotWritable(
            f"{folder} belongs to the user with the number {uid}, who does not exist",
            f"Give it to somebody: sudo chown -R {SERVICE_USER}: {folder}",
        ) from None
    os.setgroups(os.getgrouplist(user.pw_name, gid))
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        os.environ.pop(name, None)
    os.environ["HOME"] = user.pw_dir
    if user.pw_name == SERVICE_USER and os.access(SYSTEM_CACHE, os.W_OK):
        # What a GPU's provider compiles for a self-test takes minutes; the service finds it here.
        os.environ.setdefault("CACHE_DIRECTORY", str(SYSTEM_CACHE))
    for needed in (Path(sys.executable), Path(__file__)):
        if not os.access(needed, os.R_OK):
            raise NotWritable(
                f"{folder} belongs to {user.pw_name}, who cannot read {needed}",
                "Use the installed program: sudo /opt/edge-voice/bin/edge",
            )


def make_system_state(folder: Path = SYSTEM_STATE) -> None:
    """Make the service's folders of state and cache, as systemd does at its first start, where
    root is asked to write there before. Raises NotWritable where only root could own the state."""
    if os.geteuid() != 0:
        return
    try:
        user = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        raise NotWritable(
            f"there is no user {SERVICE_USER}, to whom {folder} would belong",
            "Install the service first: sudo apt install ./edge-voice_*.deb, or sudo make install",
        ) from None
    for each in (folder, SYSTEM_CACHE):
        each.mkdir(mode=0o750, exist_ok=True)
        if not each.stat().st_uid and not any(each.iterdir()):
            os.chown(each, user.pw_uid, user.pw_gid)
    if not folder.stat().st_uid:
        raise NotWritable(
            f"{folder} belongs to root, and the service is {SERVICE_USER}",
            f"Give it to the service: sudo chown -R {SERVICE_USER}: {folder}",
        )


def _first_stranger(folder: Path) -> tuple[int, int] | None:
    """Return uid and gid of the first folder or link on the way, from / on, that root does not
    own. Links are followed by hand: one that is another user's leads wherever that user likes."""
    ahead = list(reversed((Path.cwd() / folder).parts[1:]))
    place = Path("/")
    for _ in range(MAX_STEPS):
        if not ahead:
            return None
        part = ahead.pop()
        if part == "..":
            place = place.parent
            continue
        place /= part
        try:
            found = place.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if found.st_uid:
            return found.st_uid, found.st_gid
        if stat.S_ISLNK(found.st_mode):
            target = place.readlink()
            place = Path("/") if target.is_absolute() else place.parent
            ahead += reversed([step for step in target.parts if step != "/"])
    raise NotWritable(f"{folder} leads through too many links", "Name the folder itself.")
