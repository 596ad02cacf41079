"""Find out by listening how much of a beginning a sound device swallows, and what
to set.
"""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from edge.commands.answers import print_json, print_table
from edge.commands.options import json_option, option

if TYPE_CHECKING:
    from edge.sound.calibrate import Calibration
    from edge.sound.sink import Sink

EXAMPLE = "edge calibrate-audio --device 'USB Audio' --record 'USB Audio'"


@dataclass(frozen=True)
class Options:
    device: str | None = option(
        None, "NAME", "a sound device that edge doctor lists; the machine's default if left out"
    )
    record: str | None = option(None, "NAME", "a microphone near it, or a loopback")
    idle: float = option(10.0, "S", "first let the device sleep for S seconds")
    json: bool = json_option()


def run(options: Options) -> int:
    from edge.sound.calibrate import RATE, calibrate, microphone
    from edge.sound.portaudio import PortAudioSink
    from edge.sound.settings import Output

    def open_sink(wake_ms: float) -> Sink:
        return PortAudioSink(Output(options.device, wake_ms=wake_ms), RATE)

    def idle() -> None:
        print(f"edge: silence for {options.idle:g} s, then a rising tone", file=sys.stderr)
        time.sleep(max(0.0, options.idle))

    found = calibrate(open_sink, lambda: microphone(options.record), idle)
    if options.json:
        print_json(asdict(found))
    else:
        _print_for_people(found, options)
    return 0


def _print_for_people(found: Calibration, options: Options) -> None:
    from edge.config import SYSTEM_FILE

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
