"""Install a bundle for the daemon to speak with; the one that it replaces is kept.

A daemon that runs is told of it, and speaks with it from the next utterance on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.commands.options import argument, option, socket_option, switch, system_option
from edge.commands.reload import tell_daemon

EXAMPLE = "edge install heart.tar --system"


@dataclass(frozen=True)
class Options:
    bundle: Path = argument("BUNDLE", "the bundle: a folder, or a tar file of one")
    system: bool = system_option()
    verify_with: Path | None = option(
        None, "FILE", "refuse a bundle that no key in FILE signed; the configuration's if left out"
    )
    any_board: bool = switch("accept a bundle built for another board")
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.bundle.default_voice import changed_default
    from edge.bundle.install import install
    from edge.bundle.store import PACKAGED, bundles_of, default_voice
    from edge.config import SYSTEM_FILE, load_config
    from edge.machine import read_machine
    from edge.owner import make_system_state
    from edge.synth.self_test import try_in_child

    policy = SYSTEM_FILE if options.system and SYSTEM_FILE.exists() else None
    configured = load_config(policy).config
    signers = options.verify_with or configured.install.verify_with
    if options.system:
        make_system_state()
    places = [bundles_of(options.system), PACKAGED]
    before = default_voice(places, configured.voice)
    done = install(
        options.bundle,
        bundles_of(options.system),
        None if options.any_board else read_machine(),
        try_in_child,
        Path(signers) if signers else None,
    )
    print(f"installed {done.bundle.path}")
    if done.replaced is not None:
        print(f"the one before is kept: edge rollback {done.bundle.voice.name}")
    if said := changed_default(before, default_voice(places, configured.voice)):
        print(said)
    tell_daemon(options.socket)
    return 0
