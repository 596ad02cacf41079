"""Root and a folder of somebody else: two users in a mount namespace, and the links that the other
one may leave there. Needs root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bundle import Bundle
from tests.helpers.daemon_under_test import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a second user")

OTHER = pwd.getpwnam("nobody")
# Python may lie in /root, into which the other user cannot look: seen through a folder that opens.
OPEN = """
if ! setpriv --reuid nobody --clear-groups test -x {python}; then
  home=$(mktemp -d); mount -t tmpfs -o mode=755 open "$home"
  prefix={prefix}; below=${{prefix#/root/}}; mkdir -p "$home/$below"
  mount --bind "$prefix" "$home/$below"
  mount --move "$home" /root 2>/dev/null || mount --rbind "$home" /root
fi
exec "$@"
"""
SAVE = """
import numpy as np
from edge.synth.voice_print import Label, VoicePrint, save_print
print_ = VoicePrint("cosyvoice3", {"mel": np.ones(3, np.float32)})
save_print(print_, Label(2, "anna", "cosyvoice3", "c", "0" * 64, "en", "2026", "yes"))
"""


@pytest.fixture
def place(tone_bundle: Bundle) -> Iterator[Path]:
    """`state` is the other user's, `etc` is root's; a bundle that only root may read."""
    folder = Path(tempfile.mkdtemp(prefix="edge-owner-"))  # pytest's own folders are root's alone
    folder.chmod(0o755)
    for name in ("state", "etc", "etc/ssh", "private"):
        (folder / name).mkdir()
    (folder / "private").chmod(0o700)
    shutil.copytree(tone_bundle.path, folder / "private/tone")
    (folder / "etc/ssh/host_key").write_text("key", encoding="utf-8")
    (folder / "etc/shadow").write_text("root:x", encoding="utf-8")
    (folder / "etc/shadow").chmod(0o600)
    os.chown(folder / "state", OTHER.pw_uid, OTHER.pw_gid)
    yield folder
    shutil.rmtree(folder)


def python(place: Path, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python as root; the state folder is the other user's. `before`: what the shell does
    first, in the namespace."""
    opened = before + OPEN.format(python=sys.executable, prefix=sys.base_prefix)
    return subprocess.run(
        ["unshare", "--mount", "bash", "-euc", opened, "-", sys.executable, *arguments],
        cwd=place,
        env={
            "PATH": os.environ["PATH"],
            "STATE_DIRECTORY": str(place / "state"),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ORT_DISABLE_TELEMETRY": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )


def install(place: Path, source: str = "private/tone") -> subprocess.CompletedProcess[str]:
    socket = str(place / "none.sock")
    edge = (str(ROOT / "edge/child.py"), "edge")
    return python(place, *edge, "install", source, "--any-board", "--socket", socket)


def link(place: Path, name: str, to: str) -> None:
    """Do all that the other user does."""
    path = place / "state" / name
    for parent in reversed(path.relative_to(place / "state").parents[:-1]):
        if not (place / "state" / parent).exists():
            (place / "state" / parent).mkdir()
            os.chown(place / "state" / parent, OTHER.pw_uid, OTHER.pw_gid)
    path.symlink_to(place / to)
    os.chown(path, OTHER.pw_uid, OTHER.pw_gid, follow_symlinks=False)


def of_root(place: Path) -> dict[str, tuple[int, int, bytes]]:
    """Describe what lies in root's folder: owner, mode and content of each."""
    found = sorted((place / "etc").rglob("*"))
    return {
        str(path): (
            path.stat().st_uid,
            path.stat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in (place / "etc", *found)
    }


def test_what_root_installs_is_the_owners(place: Path) -> None:
    """And root's own bundle, in a folder that nobody else may read, reaches it all the same."""
    done = install(place)
    assert done.returncode == 0, done.stderr
    installed = list((place / "state").rglob("*"))
    assert len(installed) > 5
    assert {path.lstat().st_uid for path in installed} == {OTHER.pw_uid}


@pytest.mark.parametrize("name", ["bundles/tone", "bundles"])
def test_a_link_to_a_folder_of_roots(place: Path, name: str) -> None:
    before = of_root(place)
    link(place, name, "etc")
    done = install(place)
    assert done.returncode == 1 and "Permission denied" in done.stderr
    assert of_root(place) == before


def test_a_lock_that_is_a_link(place: Path) -> None:
    before = of_root(place)
    link(place, "bundles/.lock", "etc/nologin")
    done = install(place)
    assert done.returncode == 1 and "edge: " in done.stderr and "Traceback" not in done.stderr
    assert of_root(place) == before


def test_a_cloned_voice_and_a_link(place: Path) -> None:
    before = of_root(place)
    link(place, "prints", "etc")
    done = python(place, "-c", SAVE)
    assert done.returncode and "NotWritable" in done.stderr
    assert of_root(place) == before


def test_a_cloned_voice_is_the_owners(place: Path) -> None:
    done = python(place, "-c", SAVE)
    assert done.returncode == 0, done.stderr
    made = place / "state/prints/anna.print"
    assert (made.stat().st_uid, made.stat().st_mode & 0o777) == (OTHER.pw_uid, 0o600)


def test_an_installed_voice_is_read_by_the_owner(place: Path) -> None:
    """Root opens what lies in a folder of its own; a stranger's bytes are parsed by the owner."""
    (place / "private/x.print").write_bytes(b"PK\3\4" + bytes(200))
    done = install(place, "private/x.print")
    assert done.returncode == 1 and "is damaged" in done.stderr, done.stderr
    assert not (place / "state/prints").exists()


def test_no_module_of_the_current_folder_is_run(place: Path) -> None:
    """A yaml.py where somebody types `sudo edge install`; the self-test's process too."""
    for name in ("yaml.py", "numpy.py", "edge.py"):
        (place / name).write_text("open('was-run', 'w')\nraise SystemExit(7)", encoding="utf-8")
    done = install(place)
    assert done.returncode == 0, done.stderr
    assert not (place / "was-run").exists() and not list((place / "state").rglob("was-run"))


# The service's folder, before the service was ever started

SERVICE = """
mount -t tmpfs -o mode=755 state /var/lib
cp /etc/passwd passwd
echo 'edge-voice:x:61234:61234::/var/lib/edge-voice:/usr/sbin/nologin' >>passwd
mount --bind passwd /etc/passwd
"""
MAKE = """
import os
from pathlib import Path
from edge.errors import EdgeError
from edge.owner import make_system_state
folder = Path("/var/lib/edge-voice")
try:
    make_system_state()
except EdgeError as error:
    print(error.message, error.remedy, sep="; ")
if folder.exists():
    print(folder.stat().st_uid, oct(folder.stat().st_mode & 0o777), *os.listdir(folder))
"""


@pytest.mark.parametrize(
    "before, said",
    [
        ("", "61234 0o750"),
        ("mkdir /var/lib/edge-voice", "61234 0o755"),  # as a package or a person left it
        ("mkdir -m 700 /var/lib/edge-voice; chown 61234 /var/lib/edge-voice", "61234 0o700"),
        ("mkdir -p /var/lib/edge-voice/bundles", "0 0o755 bundles"),  # whose are those?
    ],
)
def test_the_services_folder_is_the_services(place: Path, before: str, said: str) -> None:
    done = python(place, "-c", MAKE, before=f"{SERVICE}\n{before}\n")
    assert done.returncode == 0, done.stderr
    *refused, made = done.stdout.splitlines()
    assert made == said
    assert bool(refused) == said.startswith("0 ")
    if refused:
        assert "belongs to root" in refused[0] and "chown -R edge-voice:" in refused[0]


def test_no_folder_without_the_services_user(place: Path) -> None:
    empty = "mount -t tmpfs -o mode=755 state /var/lib\n"
    without = "grep -v ^edge-voice: /etc/passwd >passwd; mount --bind passwd /etc/passwd\n"
    done = python(place, "-c", MAKE, before=empty + without)
    assert done.returncode == 0, done.stderr
    [said] = done.stdout.splitlines()
    assert "no user edge-voice" in said and "make install" in said


def test_nobody_but_root_makes_it(place: Path) -> None:
    as_other = f"import os\nos.setresuid(*[{OTHER.pw_uid}] * 3)\n"
    done = python(place, "-c", as_other + MAKE, before=SERVICE)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_bundle_for_a_service_that_was_never_started(place: Path) -> None:
    """`edge install --system` on a fresh board: what it makes is the service's, all of it."""
    edge = (str(ROOT / "edge/child.py"), "edge", "install", "private/tone", "--system")
    code = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode or " + (
        "subprocess.run(['find', '/var/lib/edge-voice', '-printf', '%U %P\\n']).returncode)"
    )
    given = ("-c", code, sys.executable, *edge, "--any-board", "--socket", str(place / "none"))
    done = python(place, *given, before=SERVICE)
    assert done.returncode == 0, done.stderr
    made = [line.split(" ") for line in done.stdout.splitlines() if line[0].isdigit()]
    assert {uid for uid, _ in made} == {"61234"}
    assert "bundles/tone/current" in {path for _, path in made}
