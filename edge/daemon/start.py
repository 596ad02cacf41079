"""Put a daemon together from bundles, and run it until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path

from edge.bundle import Bundle
from edge.bundle.store import default_places, find_bundles
from edge.config import Config
from edge.daemon.listener import refuse
from edge.daemon.phrase_store import PhraseStore
from edge.daemon.reloading import Reread
from edge.daemon.server import Server
from edge.errors import EdgeError, NotWritable
from edge.sound.failover import SoundCard
from edge.sound.settings import Output
from edge.sound.sink import Sink

log = logging.getLogger(__name__)


def configured(config: Config) -> list[Bundle]:
    """Find the bundles that this configuration asks for, the default voice's first."""
    places = [Path(place) for place in config.bundles] or default_places()
    return find_bundles(places, config.voice, config.any_board)


def serve_bundles(read: Reread, path: Path) -> None:
    """Run the daemon on `path` until SIGTERM; SIGHUP has it `read()` again.

    Where the configuration leaves the sound open, the default voice's profile decides.
    """
    try:
        _serve(read, path)
    except EdgeError as error:
        refuse(error)
        raise


def _serve(read: Reread, path: Path) -> None:
    bundles, config = read()
    store, trouble = None, ""
    try:
        if config.cache.folder:
            store = PhraseStore(Path(config.cache.folder), config.cache.folder_mb << 20)
    except NotWritable as error:  # a full or read-only disk must not silence a board
        trouble = f"no phrases are kept on the disk: {error.message}"
        log.error("%s", trouble)
    card = SoundCard(output(config, bundles[0]))

    async def run() -> None:
        def open_sink(rate: int) -> Sink:
            """Open the sound card as the configuration has it now."""
            nonlocal card
            wanted = output(server.setup.config, server.voices.bundles[0])
            if wanted != card.output:
                card.close()
                card = SoundCard(wanted)
            return card.open(rate)

        server = Server(bundles, open_sink, store, config, read)
        server.setup.trouble = trouble
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop)
        if not sys.stderr.isatty():  # else it says that the terminal was closed
            loop.add_signal_handler(signal.SIGHUP, server.begin_reload)
        await server.run(path)

    try:
        asyncio.run(run())
    finally:
        card.close()


def output(config: Config, bundle: Bundle) -> Output:
    """Decide where speech goes: as configured, else as the bundle's profile says."""
    keys, audio = config.audio, bundle.profile.audio
    device = keys.device or audio.device
    return Output(
        device=None if device == "default" else device,
        fallback=keys.fallback,
        on_loss=keys.on_loss,
        wait_s=keys.wait_s,
        wake_ms=keys.wake_ms,
        usual_wake_ms=audio.wake_ms,
        keep_awake=keys.keep_awake,
        block_ms=audio.block_ms,
        latency_ms=audio.latency_ms,
    )
