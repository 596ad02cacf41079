"""contrib/edge.sh: the command of an installed Edge Voice."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHONS = [path.name for path in Path("/usr/bin").glob("python3.*") if path.name[8:].isdigit()]


def package(folder: Path, says: str) -> None:
    (folder / "edge").mkdir(parents=True)
    (folder / "edge/__init__.py").touch()
    text = f"import sys\ndef main():\n    print({says!r}, *sys.argv[1:])\n    return 3\n"
    text += "if __name__ == '__main__': sys.exit(main())\n"
    (folder / "edge/__main__.py").write_text(text, encoding="utf-8")


def launcher(folder: Path) -> Path:
    path = folder / "edge.sh"
    text = (ROOT / "contrib/edge.sh").read_text(encoding="utf-8")
    path.write_text(text.replace("/opt/edge-voice", str(folder)), encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.skipif(not PYTHONS, reason="the system has no Python in /usr/bin")
def test_a_package_in_the_current_folder_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Whoever types `sudo edge` in a stranger's folder would run that as root."""
    package(tmp_path / "lib" / PYTHONS[0], "ours")
    package(tmp_path / "downloads", "theirs")
    command = [launcher(tmp_path), "say", "a b"]
    done = subprocess.run(command, cwd=tmp_path / "downloads", capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("ours say a b\n", "", 3)


def test_without_its_python_it_says_what_to_install(tmp_path: Path) -> None:
    package(tmp_path / "lib/python3.99", "ours")
    done = subprocess.run([launcher(tmp_path), "say"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "python3.99" in done.stderr and "Install the .deb" in done.stderr
