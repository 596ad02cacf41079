#!/usr/bin/env python3
"""Speak the arguments: python3 speak.py The kettle is on. No packages are needed."""

import json
import os
import socket
import sys

path = os.environ.get("EDGE_VOICE_SOCKET", "/run/edge-voice/edge-voice.sock")
with socket.socket(socket.AF_UNIX) as daemon:
    daemon.connect(path)
    request = {"type": "speak", "data": {"text": " ".join(sys.argv[1:])}}
    daemon.sendall(json.dumps(request).encode() + b"\n")
    answers = daemon.makefile("rb")
    for line in answers:
        head = json.loads(line)
        data = json.loads(answers.read(head.get("data_length", 0)) or "{}")
        answers.read(head.get("payload_length", 0))
        print(head["type"])
        if head["type"] == "error":
            sys.exit(f"{data['text']}\n{data['remedy']}")
        if head["type"] in ("speak-finished", "speak-cancelled"):
            break
