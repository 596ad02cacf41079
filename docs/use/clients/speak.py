#!/usr/bin/env python3
"""Speak the arguments: python3 speak.py The kettle is on. No packages are needed.

It asks again as docs/reference/protocol.md says, so that a restart of the daemon loses nothing.
"""

import json
import os
import socket
import sys
import time
import uuid
from pathlib import Path

PATH = os.environ.get("EDGE_VOICE_SOCKET")
if not PATH:
    PATH = "/run/edge-voice/edge-voice.sock"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and not Path(PATH).exists():
        PATH = runtime + "/edge-voice.sock"
PATIENCE_S = float(os.environ.get("EDGE_VOICE_PATIENCE_S", "10"))
WANTED = {"text": " ".join(sys.argv[1:]), "id": uuid.uuid4().hex, "again": "speak"}


def answers():
    """Send the request on a new connection, and yield what comes back."""
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.connect(PATH)
        daemon.sendall(json.dumps({"type": "speak", "data": WANTED}).encode() + b"\n")
        stream = daemon.makefile("rb")
        for line in stream:
            head = json.loads(line)
            data = json.loads(stream.read(head.get("data_length", 0)) or "{}")
            stream.read(head.get("payload_length", 0))
            yield head["type"], data


reached = time.monotonic()
while True:
    lost = "the daemon went away"
    try:
        for type, data in answers():
            reached = time.monotonic()
            if type == "speak-cancelled" and data["reason"] == "shutdown":
                if WANTED["again"] == "report":
                    sys.exit(f"broken off after {data['seconds']} s")
                break  # it was not begun
            if type == "error":
                sys.exit(f"{data['text']}\n{data['remedy']}")
            if WANTED["again"] == "speak" or type in ("speak-finished", "speak-cancelled"):
                print(type)
            if type == "speak-started":
                WANTED["again"] = "report"
            if type in ("speak-finished", "speak-cancelled"):
                sys.exit()
    except OSError as error:
        lost = str(error)
    if time.monotonic() - reached > PATIENCE_S:
        sys.exit(lost)
    time.sleep(0.2)
