"""Put a daemon together from bundles, and run it until it is told to stop."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from edge import systemd
from edge.bundle import Bundle
from edge.bundle.store import default_places, find_bundles
from edge.config import Config
from edge.daemon.listener import listening, refuse
from edge.daemon.phrase_store import PhraseStore
from edge.daemon.reloading import Reread, read_lexicon
from edge.daemon.server import Server
from edge.daemon.waiting import wait_until_it_can_speak
from edge.errors import EdgeError, NotWritable
from edge.sound.failover import SoundCard
from edge.sound.settings import Output, Wishes
from edge.sound.sink import Sink
from edge.synth.voice_print import model_voice

log = logging.getLogger(__name__)


def configured(config: Config) -> list[Bundle]:
    """Find the bundles that this configuration asks for, the default voice's first; a cloned
    voice's is that which speaks with it."""
    places = [Path(place) for place in config.bundles] or default_places()
    return find_bundles(places, model_voice(config.voice), config.any_board)


def serve_bundles(read: Reread, path: Path) -> None:
    """Run the daemon on `path` until SIGTERM; SIGHUP has it `read()` again.

    Where the configuration leaves the sound open, the default voice's profile decides.
    Where there is no voice, or a file is wrong, a service waits until that is put right.
    """

    def read_all() -> tuple[Sequence[Bundle], Config]:
        bundles, config = read()
        read_lexicon(config, bundles)
        return bundles, config

    try:
        bundles, config = read_all()
    except EdgeError as error:
        if not systemd.listens():
            refuse(error)
            raise
        with listening(path) as listener:
            asyncio.run(_wait_and_speak(error, read_all, path, listener))
        return
    try:
        asyncio.run(_speak(bundles, config, read, path))
    except EdgeError as error:
        refuse(error)
        raise


async def _wait_and_speak(
    why: EdgeError, read: Reread, path: Path, listener: socket.socket
) -> None:
    """One event loop for both, so that no signal comes while nobody minds it."""
    found = await wait_until_it_can_speak(read, listener, why)
    if found is not None:
        await _speak(*found, read, path, listener)


async def _speak(
    bundles: Sequence[Bundle],
    config: Config,
    read: Reread,
    path: Path,
    listener: socket.socket | None = None,
) -> None:
    store, trouble = None, ""
    try:
        if config.cache.folder:
            store = PhraseStore(Path(config.cache.folder), config.cache.folder_mb << 20)
    except NotWritable as error:  # a full or read-only disk must not silence a board
        trouble = f"no phrases are kept on the disk: {error.message}"
        log.error("%s", trouble)

    def tell_of_loss(lost: bool) -> None:
        server.player.device_lost(lost)

    card = SoundCard(output(config, bundles[0]), tell_of_loss)

    def open_sink(rate: int) -> Sink:
        """Open the sound card as the configuration has it now."""
        nonlocal card
        wanted = output(server.setup.config, server.voices.bundles[0])
        if wanted != card.output:
            card.close()
            card = SoundCard(wanted, tell_of_loss)
        return card.open(rate)

    server = Server(bundles, open_sink, store, config, read)
    server.setup.trouble = trouble
    threading.excepthook = _end_the_process
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    if not sys.stderr.isatty():  # else it says that the terminal was closed
        loop.add_signal_handler(signal.SIGHUP, server.begin_reload)
    try:
        await server.run(path, listener=listener)
    finally:
        card.close()


def _end_the_process(args: threading.ExceptHookArgs) -> None:
    """End a daemon one of whose threads has ended by a failure: it would live on without a voice,
    and where no watchdog is, nobody would start it again. The failure's words are not written:
    they could quote a text."""
    name = "a thread" if args.thread is None else f"the thread {args.thread.name}"
    log.critical("%s ended by %s; so does the daemon", name, args.exc_type.__name__)
    os._exit(70)  # EX_SOFTWARE: systemd's Restart= starts it anew


def output(config: Config, bundle: Bundle) -> Output:
    """Decide where speech goes: as configured, else as the bundle's profile says."""
    keys, audio = config.audio, bundle.profile.audio
    device = keys.device or audio.device
    wishes = {wish.name: getattr(keys, wish.name) for wish in dataclasses.fields(Wishes)}
    return Output(
        **wishes | {"device": None if device == "default" else device},
        usual_wake_ms=audio.wake_ms,
        block_ms=audio.block_ms,
        latency_ms=audio.latency_ms,
    )
