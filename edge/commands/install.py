"""Install a bundle, or a cloned voice, for the daemon to speak with.

Of a bundle the one that it replaces is kept.

A daemon that runs is told of it, and speaks with it from the next utterance on.
With --from, the bundle for this board is taken from a repository, which edge
repository makes; only then, and only to that address, a connection is opened.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from edge.commands.options import argument, option, socket_option, switch, system_option
from edge.commands.reload import tell_daemon

EXAMPLE = "edge install heart.tar --system"


@dataclass(frozen=True)
class Options:
    bundle: Path = argument(
        "BUNDLE",
        "the bundle: a folder, or a tar file of one; or a cloned voice, from edge clone --out; "
        "with --from, the name of a voice",
    )
    from_: str | None = option(
        None, "PLACE", "take it from the repository at PLACE, a folder or an https address"
    )
    system: bool = system_option()
    verify_with: Path | None = option(
        None, "FILE", "refuse a bundle that no key in FILE signed; the configuration's if left out"
    )
    replace: bool = switch("replace the cloned voice of the same name")
    any_board: bool = switch("accept a bundle built for another board")
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.bundle.default_voice import changed_default
    from edge.bundle.install import install
    from edge.bundle.store import PACKAGED, bundles_of, default_voice
    from edge.bundler.fetch.repository import is_address
    from edge.config import SYSTEM_FILE, load_config
    from edge.machine import read_machine
    from edge.owner import make_system_state
    from edge.synth.print_install import is_print
    from edge.synth.self_test import try_in_child

    policy = SYSTEM_FILE if options.system and SYSTEM_FILE.exists() else None
    configured = load_config(policy).config
    demanded = options.verify_with or configured.install.verify_with
    signers = Path(demanded) if demanded else None
    if options.system:
        make_system_state()
    if options.from_ is None and is_print(options.bundle):
        return _install_print(options, signers)
    root = bundles_of(options.system)
    places = [root, PACKAGED]
    before = default_voice(places, configured.voice)
    given = options.bundle
    if options.from_ is not None:
        given = _fetched(options.from_, str(options.bundle), root, signers)
    done = install(
        given,
        root,
        None if options.any_board else read_machine(),
        try_in_child,
        signers,
    )
    if options.from_ is not None and is_address(options.from_):
        given.unlink(missing_ok=True)  # its copy is installed; a card is small
    print(f"installed {done.bundle.path}")
    if done.replaced is not None:
        print(f"the one before is kept: edge rollback {done.bundle.voice.name}")
    if said := changed_default(before, default_voice(places, configured.voice)):
        print(said)
    tell_daemon(options.socket)
    return 0


def _install_print(options: Options, signers: Path | None) -> int:
    """Keep a cloned voice; a running daemon finds it at its next request."""
    from edge.bundle.store import default_places, find_bundles
    from edge.synth.print_install import install_print

    done = install_print(
        options.bundle,
        lambda: find_bundles(default_places(options.system), None, options.any_board),
        system=options.system,
        replace=options.replace,
        signers=signers,
    )
    label = done.label
    print(f"{label.name}: {'is there already' if done.known else 'installed'}, {done.path}")
    print(f"It speaks with {label.voice}: edge say --voice {label.name} 'Hello.'")
    return 0


def _fetched(place: str, voice: str, root: Path, signers: Path | None) -> Path:
    """Bring the voice's bundle for this board; root becomes the owner of `root` before it talks to
    a server."""
    from edge.bundle.repository import choose
    from edge.bundler.fetch.repository import bring, is_address, read_index
    from edge.files import cache_dir
    from edge.machine import read_machine
    from edge.owner import become_owner

    if is_address(place):
        become_owner(root)
    entry = choose(read_index(place, signers), voice, read_machine())
    print(f"{entry.voice} for {entry.profile}: {entry.file}, {entry.bytes / 1e6:.1f} MB")
    told = -1

    def report(_: str, held: int, total: int) -> None:
        nonlocal told
        if (tenths := 10 * held // total) > told and is_address(place):
            told = tenths
            print(f"edge: {10 * tenths} % of {total / 1e6:.1f} MB", file=sys.stderr)

    return bring(place, entry, cache_dir() / "bundles", report)
