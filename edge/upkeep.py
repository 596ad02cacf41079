"""The commands of whoever keeps a board: bundles in and back, the configuration seen and read."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from dataclasses import asdict
from pathlib import Path

from edge.bundle.install import install as install_bundle
from edge.bundle.store import bundles_of, roll_back
from edge.client import Client
from edge.config import SYSTEM_FILE, load_config
from edge.daemon.reloading import read_lexicon
from edge.daemon.start import configured
from edge.drop_in import drop_in as service_drop_in
from edge.errors import EdgeError, NoDaemon
from edge.profile import all_profiles, detect, load_profile, read_machine
from edge.sound.calibrate import RATE, calibrate, microphone
from edge.sound.portaudio import PortAudioSink
from edge.sound.sink import Sink
from edge.synth.self_test import try_in_child
from edge.tables import print_json, print_table


def reload(options: argparse.Namespace) -> int:
    with Client(options.socket) as client:
        changed = client.reload()
    print("\n".join(changed) or "nothing has changed")
    return 0


def config(options: argparse.Namespace) -> int:
    found = load_config(options.config)
    try:
        [bundle, *_] = bundles = configured(found.config)
    except EdgeError as error:
        print(f"edge: without the profile's values: {error.message}", file=sys.stderr)
        bundles = []
    else:
        decided = {"audio.device": bundle.profile.audio.device}
        found = found.completed({"voice": bundle.voice.name}, "the first bundle")
        found = found.completed(decided, f"profile {bundle.profile.name}")
    lexicon = read_lexicon(found.config, bundles)
    if options.json:
        rows = [
            {"key": key, "value": value, "from": origin} for key, value, origin in found.rows()
        ]
        print_json({"file": found.path and str(found.path), "keys": rows})
        return 0
    print(found.path or "no file: all values are defaults")
    print_table(
        ("KEY", "VALUE", "FROM"),
        [(key, json.dumps(value), origin) for key, value, origin in found.rows()],
    )
    if found.config.lexicon is not None:
        print(f"{found.config.lexicon}: {lexicon.entries} entries")
    return 0


def install(options: argparse.Namespace) -> int:
    policy = SYSTEM_FILE if options.system and SYSTEM_FILE.exists() else None
    signers = options.verify_with or load_config(policy).config.install.verify_with
    done = install_bundle(
        options.bundle,
        bundles_of(options.system),
        None if options.any_board else read_machine(),
        try_in_child,
        Path(signers) if signers else None,
    )
    print(f"installed {done.bundle.path}")
    if done.replaced is not None:
        print(f"the one before is kept: edge rollback {done.bundle.voice.name}")
    return _tell_daemon(options)


def rollback(options: argparse.Namespace) -> int:
    print(f"current is {roll_back(bundles_of(options.system), options.voice)}")
    return _tell_daemon(options)


def calibrate_audio(options: argparse.Namespace) -> int:
    def open_sink(wake_ms: float) -> Sink:
        return PortAudioSink(options.device, RATE, wake_ms=wake_ms)

    def idle() -> None:
        print(f"edge: silence for {options.idle:g} s, then a rising tone", file=sys.stderr)
        time.sleep(max(0.0, options.idle))

    found = calibrate(open_sink, lambda: microphone(options.record), idle)
    if options.json:
        print_json(asdict(found))
        return 0
    rows = [
        ("latency", f"{found.latency_ms} ms, with the recording's own"),
        ("swallowed", f"{found.swallowed_ms} ms of the beginning, after {options.idle:g} s idle"),
        ("wake_ms to set", str(found.wake_ms)),
    ]
    if found.wake_ms:
        rows.append(("left with it", f"{found.left_ms} ms swallowed"))
    print_table((found.device, ""), rows)
    name = f" --device {shlex.quote(options.device)}" if options.device else ""
    print(f"\nSet it: edge serve{name} --wake-ms {found.wake_ms}")
    print(f"Or in {SYSTEM_FILE}:\n  audio:\n    wake_ms: {found.wake_ms}")
    if found.left_ms:
        print("It needs silence for longer each time: edge serve --keep-awake may help.")
    return 0


def drop_in(options: argparse.Namespace) -> int:
    machine = read_machine()
    named = options.profile
    profile = load_profile(named) if named else detect(machine, all_profiles()).profile
    print(service_drop_in(profile, machine), end="")
    return 0


def _tell_daemon(options: argparse.Namespace) -> int:
    try:
        with Client(options.socket) as client:
            changed = client.reload()
    except NoDaemon:
        print("no daemon runs; the next one speaks with it")
    else:
        print("the daemon: " + ("; ".join(changed) or "nothing has changed for it"))
    return 0
