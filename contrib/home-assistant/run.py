"""Run the daemon in a Home Assistant app: its Wyoming port, its discovery, and announcements.

Only Python's own library. It begins as root, which alone reads the options, and gives the daemon
and the port to the user edge-voice.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

DATA = Path(os.environ.get("DATA", "/data"))
SUPERVISOR = os.environ.get("SUPERVISOR", "http://supervisor")
PORT = int(os.environ.get("PORT", "10200"))
EDGE = os.environ.get("EDGE", "/usr/bin/edge").split()
USER = "edge-voice" if os.geteuid() == 0 and "EDGE" not in os.environ else None
"""Who the daemon is; in a trial outside the container, whoever tries it."""


def main() -> int:
    options = json.loads((DATA / "options.json").read_text())
    state, phrases = DATA / "state", DATA / "phrases"
    for folder in (state, phrases):
        folder.mkdir(exist_ok=True)
        if USER:
            import shutil

            shutil.chown(folder, USER, USER)
    path = state / "edge-voice.sock"
    os.environ |= {"EDGE_VOICE_SOCKET": str(path), "STATE_DIRECTORY": str(state)}
    command = [*EDGE, "serve", "--socket", str(path), "--phrase-cache", str(phrases)]
    if voice := options.get("voice"):
        command += ["--voice", voice]
    daemon = started([*command], stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGTERM, lambda *_: daemon.terminate())
    if not ready(daemon):
        return daemon.wait() or 1
    subprocess.run([*EDGE, "volume", str(options["volume"])], check=True)
    port = f"TCP-LISTEN:{PORT},fork,reuseaddr"
    bridge = started(["socat", port, f"UNIX-CONNECT:{path}"])
    try:
        while not listens() and bridge.poll() is None:
            time.sleep(0.05)
        discover()
        threading.Thread(target=announce, name="announce", daemon=True).start()
        return daemon.wait()
    finally:
        bridge.terminate()
        bridge.wait()


def started(command: list[str], **settings: object) -> subprocess.Popen[str]:
    """Start a process that has nothing of what Home Assistant entrusts to the app."""
    environment = {k: v for k, v in os.environ.items() if k != "SUPERVISOR_TOKEN"}
    if USER:
        settings |= {"user": USER, "group": USER, "extra_groups": ["audio"]}
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, **settings)


def ready(daemon: subprocess.Popen[str]) -> bool:
    """Wait until it says so, and pass on what it says, then and later."""
    assert daemon.stderr is not None
    for line in daemon.stderr:
        print(line, end="", file=sys.stderr)
        if "ready on" in line:
            threading.Thread(target=passed_on, args=(daemon.stderr,), daemon=True).start()
            return True
    return False


def passed_on(lines: object) -> None:
    for line in lines:
        print(line, end="", file=sys.stderr)


def listens() -> bool:
    """Tell whether the port answers: who is told of the service may come at once."""
    try:
        socket.create_connection(("127.0.0.1", PORT)).close()
    except OSError:
        return False
    return True


def discover() -> None:
    """Tell Home Assistant that here is a Wyoming service; its integration offers to add it."""
    config = {"uri": f"tcp://{socket.gethostname()}:{PORT}"}
    request = urllib.request.Request(
        f"{SUPERVISOR}/discovery",
        json.dumps({"service": "wyoming", "config": config}).encode(),
        {
            "Authorization": f"Bearer {os.environ.get('SUPERVISOR_TOKEN', '')}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30):
            print("app: Home Assistant knows of this service", file=sys.stderr)
    except OSError as error:
        print(f"app: Home Assistant was not told of this service: {error}", file=sys.stderr)
        print("     Add the Wyoming integration by hand, or restart the app.", file=sys.stderr)


def announce() -> None:
    """Speak what Home Assistant's action `hassio.app_stdin` sends: a text, or an object with
    `text` and what else `edge say` can be told: `voice`, `speed`, `priority`."""
    for line in sys.stdin:
        try:
            wish = json.loads(line)
            wish = {"text": wish} if isinstance(wish, str) else dict(wish)
            text = str(wish.pop("text"))
        except (ValueError, TypeError, KeyError):
            print("app: not an announcement; send a text, or {text: ...}", file=sys.stderr)
            continue
        known = [key for key in ("voice", "speed", "priority") if key in wish]
        options = [word for key in known for word in (f"--{key}", str(wish[key]))]
        # Behind --no-wait nobody waits: the daemon has the queue.
        say = [*EDGE, "say", "--no-wait", *options, "-f", "-"]
        subprocess.run(say, input=text, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
