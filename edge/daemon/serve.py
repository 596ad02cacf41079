"""Put a daemon together from bundles, and run it until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence
from pathlib import Path

from edge.bundle import MANIFEST, Bundle, open_bundle
from edge.daemon.failover import SoundCard
from edge.daemon.phrase_store import PhraseStore
from edge.daemon.server import Server
from edge.errors import NoBundle, WrongBoard
from edge.output import Output
from edge.profile import read_machine

log = logging.getLogger(__name__)


def find_bundles(places: Sequence[Path], voice: str | None, any_board: bool) -> list[Bundle]:
    """The bundles at these places (each a bundle or a folder of them) that suit this machine.

    `voice` names the one that goes first. A bundle of another board is passed over if it was
    found in a folder, and an error if it was named itself.
    Raises NoBundle, WrongBoard, and what open_bundle does.
    """
    machine = None if any_board else read_machine()
    found: dict[str, Bundle] = {}
    for place in places:
        if (place / MANIFEST).exists():
            bundle = open_bundle(place, machine)
            found.setdefault(bundle.voice.name, bundle)
            continue
        # A dotted folder is a build's, half done or killed.
        for manifest in sorted(place.glob(f"[!.]*/{MANIFEST}")):
            try:
                bundle = open_bundle(manifest.parent, machine)
            except WrongBoard as error:
                log.debug("passed over: %s", error.message)
            else:
                found.setdefault(bundle.voice.name, bundle)
    if not found:
        raise NoBundle(
            "no bundle for this board in " + ", ".join(map(str, places)),
            "Build one: edge build (or accept another board's: --any-board)",
        )
    if voice is None:
        return list(found.values())
    if voice not in found:
        raise NoBundle(
            f"no bundle of {voice} for this board; there are {', '.join(found)}",
            f"Build it: edge build {voice}",
        )
    first = found.pop(voice)
    return [first, *found.values()]


def serve_bundles(
    bundles: Sequence[Bundle], path: Path, output: Output, phrases: Path | None = None
) -> None:
    """Run the daemon on `path` until SIGTERM.

    `phrases` is a folder in which phrases are kept over a restart.
    """
    store = None if phrases is None else PhraseStore(phrases)
    card = SoundCard(output)

    async def run() -> None:
        server = Server(bundles, card.open, store)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, server.stop)
        await server.run(path)

    try:
        asyncio.run(run())
    finally:
        card.close()
