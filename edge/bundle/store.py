"""The bundles that are installed on this board: for each voice the current one and the previous.

$STATE/bundles/VOICE/VOICE--PROFILE--ID/   a bundle; at most two once an install is over
$STATE/bundles/VOICE/current  previous     links to their names, exchanged by rename
$STATE/bundles/VOICE/starts.json           how often the current one was begun to load in vain

At every moment `current` names a whole bundle, or does not exist yet. A link is never the first
to change: while two links change, both name the bundle that was current.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from edge import records
from edge.bundle import MANIFEST, Bundle, open_bundle
from edge.bundle.default_voice import default_of
from edge.errors import (
    BadRecord,
    BundleDamaged,
    BundleIncomplete,
    BundleTooNew,
    EdgeError,
    NoBundle,
    NotWritable,
    WrongBoard,
)
from edge.files import BUILT, SYSTEM_STATE, flush, state_dir, write_whole
from edge.machine import Machine, boot_id, read_machine
from edge.owner import become_owner
from edge.remedies import get_voice

log = logging.getLogger(__name__)

PACKAGED = Path("/usr/share/edge-voice/bundles")
"""Where Debian packages put bundles."""
CURRENT, PREVIOUS, STARTS = "current", "previous", "starts.json"
MAX_STARTS = 3
"""Loads that may begin and not end well before a bundle gives way to the previous one."""
MAX_BOOTS = 10
"""Starts of the board that may end in such a load: whoever switches it off while it starts says
nothing of the bundle, unless it is the bundle that takes the board down."""
_ID_DIGITS = 12


@dataclass(frozen=True)
class Starts:
    """How the loads of a voice's bundles ended."""

    bundle: str = ""
    """Name of the folder that `begun` counts."""
    begun: int = 0
    """Loads in a row that have not ended well since the board was started."""
    boot: str = ""
    """Name of the start of the board that `begun` counts."""
    boots: int = 0
    """Earlier starts of the board, in a row, of which no load ended well."""
    bad: tuple[str, ...] = ()
    """Folders that the daemon left by itself, the latest last."""
    why: str = ""
    """Reason for leaving the last of them, a sentence."""


def installed_dir() -> Path:
    return state_dir() / "bundles"


def bundles_of(system: bool) -> Path:
    """Name the folder of installed bundles: the service's, or that of whoever runs this."""
    return SYSTEM_STATE / "bundles" if system else installed_dir()


def default_places(system: bool = False) -> list[Path]:
    """List where bundles are looked for if nobody names a place: by the service, or by whoever
    runs this."""
    return [bundles_of(True), PACKAGED] if system else [installed_dir(), PACKAGED, BUILT]


def places_to_examine() -> list[Path]:
    """List where whoever looks after a board looks: also at what its service has."""
    places, system = default_places(), bundles_of(system=True)
    if system not in places and os.access(system, os.R_OK | os.X_OK):
        places.append(system)
    return places


def name_places(places: Sequence[Path]) -> str:
    """Name where bundles were looked for; the folder of builds only where there is one."""
    there = [place for place in places if place.is_absolute() or place.exists()]
    return ", ".join(map(str, there or places))


def folder_name(bundle: Bundle) -> str:
    return f"{bundle.voice.name}--{bundle.profile.name}--{bundle.id[:_ID_DIGITS]}"


def bundle_folders(place: Path) -> list[Path]:
    """List the bundles of a folder: those in it, and the current one of each installed voice.

    A dotted folder is a build's or an install's, half done or killed.
    """
    built = [manifest.parent for manifest in sorted(place.glob(f"[!.]*/{MANIFEST}"))]
    homes = sorted(place.glob("[!.]*"))
    return built + [folder for home in homes if (folder := linked(home, CURRENT))]


def home_of(folder: Path) -> Path | None:
    """Return the voice's folder that an installed bundle lies in; None for any other bundle."""
    return folder.parent if (folder.parent / CURRENT).is_symlink() else None


def linked(home: Path, link: str) -> Path | None:
    """Read the link `current` or `previous`; the folder need not be there. None without a link."""
    try:
        return home / (home / link).readlink().name
    except OSError:
        return None


def switch(home: Path, folder: Path) -> None:
    """Make the bundle in this folder of `home` the current one, and the current the previous."""
    current = linked(home, CURRENT)
    if current == folder:
        return
    if current is not None and current.is_dir():
        _link(home, PREVIOUS, current)
    _link(home, CURRENT, folder)


def roll_back(root: Path, voice: str) -> Path:
    """Exchange a voice's current bundle with the previous one, which is verified first.

    Raises NoBundle, NotWritable, and what open_bundle does.
    """
    home = root / voice
    previous = linked(home, PREVIOUS)
    if previous is None or previous == linked(home, CURRENT):
        there = ", ".join(sorted(link.parent.name for link in root.glob(f"[!.]*/{PREVIOUS}")))
        raise NoBundle(
            f"there is no previous bundle of {voice} in {root}",
            f"These voices have one: {there or 'none'}. edge install keeps the one it replaces.",
        )
    become_owner(root)
    open_bundle(previous, None).verify()
    try:
        switch(home, previous)
    except OSError as error:
        raise NotWritable(
            f"{home} cannot be written: {error.strerror}",
            f"Type it as somebody who may: sudo edge rollback {voice} --system",
        ) from None
    write_starts(home, Starts())
    return previous


def fall_back(home: Path, why: str) -> Path | None:
    """Leave the current bundle because of `why`: the previous one, which is verified first,
    becomes current.

    None if there is none, if it is damaged, or if it was left in this way itself.
    """
    current, previous = linked(home, CURRENT), linked(home, PREVIOUS)
    starts = read_starts(home)
    if current is None or previous is None or not previous.is_dir():
        return None
    if previous == current or previous.name in starts.bad:
        return None
    try:
        open_bundle(previous, None).verify()
    except EdgeError as error:
        log.error("no way back: %s", error.message)
        return None
    switch(home, previous)
    why = f"{home.name}: went back from {current.name} to {previous.name}, because {why}"
    log.error("%s", why)
    write_starts(home, Starts(bad=(*starts.bad, current.name)[-8:], why=why))
    return previous


def open_installed(folder: Path, machine: Machine | None) -> Bundle:
    """Open the current bundle of a voice; if it is damaged, or its starts failed, the previous.

    Raises what open_bundle does, of the current one where none can replace it.
    """
    if folder.is_symlink():  # its bundle stays the same, wherever the link leads later
        folder = folder.resolve()
    home = home_of(folder)
    if home is None:
        return open_bundle(folder, machine)
    starts = _counts(home, folder)
    if starts.begun >= MAX_STARTS or starts.boots >= MAX_BOOTS:
        times = max(starts.begun, starts.boots)
        other = fall_back(home, f"it failed to load {times} times")
        if other is not None:
            return open_bundle(other, machine)
    try:
        return open_bundle(folder, machine)
    except (BundleDamaged, BundleIncomplete, BundleTooNew, BadRecord, NoBundle) as error:
        log.error("%s", error.message)
        other = fall_back(home, error.message)
        if other is None:
            raise
        return open_bundle(other, machine)


def find_bundles(places: Sequence[Path], voice: str | None, any_board: bool) -> list[Bundle]:
    """Open the bundles at these places (each a bundle or a folder of them) that suit this machine.

    The first is the default voice's: `voice`, else the first that was named itself, else as
    default_voice.py says. A bundle of another board is passed over if it was found in a folder,
    and an error if it was named itself.
    Raises NoBundle, WrongBoard, and what open_bundle does.
    """
    machine = None if any_board else read_machine()
    found: dict[str, Bundle] = {}
    failed: list[EdgeError] = []
    others, named = "", None
    for place in places:
        if (place / MANIFEST).exists():
            bundle = open_installed(place, machine)
            found.setdefault(bundle.voice.name, bundle)
            named = named or bundle.voice.name
            continue
        for folder in bundle_folders(place):
            try:
                bundle = open_installed(folder, machine)
            except WrongBoard as error:
                log.debug("passed over: %s", error.message)
                others = " (or accept another board's: --any-board)"
            except EdgeError as error:
                if home_of(folder) is None:
                    raise
                failed.append(error)  # one that is broken must not silence the other voices
            else:
                found.setdefault(bundle.voice.name, bundle)
    if not found and failed:
        raise failed[0]
    if not found:
        message = f"no bundle for this board in {name_places(places)}"
        raise NoBundle(message, get_voice() + others)
    if voice is not None and voice not in found:
        raise NoBundle(
            f"no bundle of {voice} for this board; there are {', '.join(found)}",
            get_voice(voice),
        )
    first = found.pop(default_of(found, voice or named))
    return [first, *found.values()]


def default_voice(places: Sequence[Path], configured: str | None) -> str | None:
    """Name the voice that speaks where nobody names one; None where nothing can be spoken with."""
    try:
        return find_bundles(places, configured, any_board=False)[0].voice.name
    except EdgeError:
        return None


@contextmanager
def counted(bundle: Bundle) -> Iterator[None]:
    """Count the load inside: a process that dies in it, or fails, has been counted."""
    home = home_of(bundle.path)
    if home is None:
        yield
        return
    starts = _counts(home, bundle.path)
    _note(home, replace(starts, begun=starts.begun + 1))
    yield
    _note(home, replace(starts, begun=0, boots=0))


def warnings(bundles: Sequence[Bundle]) -> list[str]:
    """Say of each voice that went back to its previous bundle by itself why it did."""
    homes = [home_of(bundle.path) for bundle in bundles]
    return [starts.why for home in homes if home and (starts := read_starts(home)).why]


def remove_others(home: Path) -> None:
    """Remove all but the current and the previous bundle, and what a killed switch left.

    Where that fails, the next install tries again.
    """
    kept = {linked(home, CURRENT), linked(home, PREVIOUS)}
    try:
        for entry in home.iterdir():
            if entry.is_dir() and not entry.is_symlink() and entry not in kept:
                shutil.rmtree(entry)
            elif entry.name.startswith("."):
                entry.unlink()
        flush(home)
    except OSError as error:
        log.warning("%s could not be removed: %s", error.filename or home, error.strerror)


def read_starts(home: Path) -> Starts:
    """Read the counts; none if there is no such file or it cannot be used."""
    path = home / STARTS
    if not path.exists():
        return Starts()
    try:
        return records.load_json(path, Starts)
    except BadRecord as error:
        log.warning("passed over: %s", error.message)
        return Starts()


def write_starts(home: Path, starts: Starts) -> None:
    write_whole(home / STARTS, records.dump_json(starts).encode())


def _counts(home: Path, folder: Path) -> Starts:
    """Read the counts, as they are for this bundle since the board was started."""
    starts, boot = read_starts(home), boot_id()
    if starts.bundle != folder.name:
        return replace(starts, bundle=folder.name, begun=0, boot=boot, boots=0)
    if starts.boot != boot:
        boots = starts.boots + (starts.begun > 0)
        return replace(starts, begun=0, boot=boot, boots=boots)
    return starts


def _note(home: Path, starts: Starts) -> None:
    """Write the counts. On a read-only disk a voice speaks all the same, and cannot go back by
    itself."""
    try:
        write_starts(home, starts)
    except EdgeError as error:
        log.warning("starts are not counted: %s", error.message)


def _link(home: Path, link: str, folder: Path) -> None:
    fresh = home / f".{link}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    fresh.replace(home / link)
    flush(home)
