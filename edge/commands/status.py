"""Show what the daemon does: what sounds, what waits, how quickly it answered,
how warm the board is. It never shows a text.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.answers import print_json, table
from edge.commands.options import json_option, option, socket_option, switch

if TYPE_CHECKING:
    from edge.client import Client
    from edge.protocol import LiveUtterance, StatusReport

EXAMPLE = "edge status --watch"

WATCH_S = 1.0
IDLE_S = 0.1
MOST_WAITING = 8
"""Rows of the queue: the picture must fit on a small terminal."""
_HOME_AND_CLEAR = "\x1b[H\x1b[J"


@dataclass(frozen=True)
class Options:
    json: bool = json_option()
    watch: bool = switch("show it anew each second until Ctrl-C; with --json one answer a line")
    until_idle: float | None = option(None, "S", "first wait for silence, at most S seconds")
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.client import Client

    with Client(options.socket) as client:
        if options.until_idle:
            _wait_until_idle(client, options.until_idle)
        if not options.watch:
            report = client.status()
            print_json(asdict(report)) if options.json else print(picture(report))
            return 0
        try:
            while True:
                report = client.status()
                if options.json:
                    print(json.dumps(asdict(report), ensure_ascii=False), flush=True)
                else:
                    clear = _HOME_AND_CLEAR if sys.stdout.isatty() else ""
                    print(clear + picture(report), flush=True)
                time.sleep(WATCH_S)
        except KeyboardInterrupt:
            return 0


def _wait_until_idle(client: Client, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        report = client.status()
        if report.paused or (report.speaking is None and not report.queue):
            return
        time.sleep(IDLE_S)


def picture(report: StatusReport) -> str:
    """Lay the status out for people."""
    counted = ", ".join(f"{count} {name}" for name, count in report.counters.items())
    speaking = "nothing" if report.speaking is None else _line(report.speaking)
    rows = [("speaking", speaking + (" (paused: edge resume)" if report.paused else ""))]
    shown = report.queue[:MOST_WAITING]
    rows += [("next" if i == 0 else "", _line(each)) for i, each in enumerate(shown)]
    if len(report.queue) > len(shown):
        rows.append(("", f"and {len(report.queue) - len(shown)} more"))
    rows += [
        ("voice" if i == 0 else "", f"{v.name} {v.bundle[:12]}, {v.provider}, {v.variant}")
        if v.provider
        else ("voice" if i == 0 else "", f"{v.name} {v.bundle[:12]}, not loaded")
        for i, v in enumerate(report.voices)
    ]
    rows.append(("sound", f"{report.device or 'closed'}, volume {report.volume} %"))
    if (latency := report.latency_ms) is not None:
        rows.append(
            (
                "first sound",
                f"p50 {latency.p50:.0f} ms, p95 {latency.p95:.0f} ms, of the last {latency.count}",
            )
        )
    board = [] if report.temperature is None else [f"{report.temperature:.0f} °C"]
    if report.throttled is not None:
        board += report.throttled or ("not throttled",)
    if board:
        rows.append(("board", ", ".join(board)))
    rows += [("warning", sentence) for sentence in report.warnings]
    rows.append(("since start", f"{counted}; up {report.uptime_s:.0f} s"))
    return table((f"edge-voice {report.version}", ""), rows)


def _line(utterance: LiveUtterance) -> str:
    sounded = f", {utterance.seconds:.1f} s" if utterance.seconds else ""
    priority = "" if utterance.priority == "normal" else f", {utterance.priority}"
    return f"{utterance.id} of client {utterance.client}, {utterance.voice}{priority}{sounded}"
