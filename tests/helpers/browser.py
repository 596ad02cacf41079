"""Chromium without a window, driven by the DevTools protocol through two pipes."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from tests.helpers.fakes import DEADLINE_S

_CODES = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
APT = "sudo apt-get install -y --no-install-recommends chromium"


class Browser:
    """One page. Without the sandbox, which root has not; the profile is `folder`."""

    def __init__(
        self, folder: Path, page: str, environment: Mapping[str, str], options: Sequence[str]
    ) -> None:
        program = shutil.which("chromium")
        assert program, f"chromium is not installed: {APT}"
        theirs, to_browser = os.pipe()
        from_browser, answers = os.pipe()
        self._numbers = itertools.count(1)
        # The browser reads its descriptor 3 and writes 4. bash: dash knows descriptors to 9 only.
        command = [
            "bash", "-c", f'exec "$@" 5<&{theirs} 6>&{answers} 3<&5 4>&6', "bash", program,
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--disable-sync",
            "--disable-component-update", "--remote-debugging-pipe",
            f"--user-data-dir={folder}", *options, "about:blank",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command,
            env=dict(environment),
            start_new_session=True,
            pass_fds=(theirs, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(answers)
        self._write = os.fdopen(to_browser, "wb", buffering=0)
        self._read = os.fdopen(from_browser, "rb")
        self._watch = threading.Timer(DEADLINE_S, self._process.kill)  # a browser that hangs
        self._watch.start()
        self._session = ""
        self.events: list[dict[str, Any]] = []
        """What the browser told unasked since the last page was opened."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Log", "Runtime"):
            self._call(f"{domain}.enable")
        self.open(page)

    def open(self, page: str) -> None:
        """Go to a page, until it is loaded."""
        self.events.clear()
        self._call("Page.navigate", url=page)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._note(json.loads(self._next()))

    def complaints(self) -> list[Any]:
        """List what its console has of errors: exceptions, and what a policy forbade."""
        return [
            event["params"]
            for event in self.events
            if event["method"] == "Runtime.exceptionThrown"
            or (
                event["method"] == "Log.entryAdded"
                and event["params"]["entry"]["source"] in ("security", "javascript")
            )
        ]

    def named_controls(self) -> list[tuple[str, str]]:
        """List role and name of each control, as a screen reader is told."""
        nodes = self._call("Accessibility.getFullAXTree")["nodes"]
        told = [(node["role"]["value"], node) for node in nodes if not node["ignored"]]
        roles = {"button", "combobox", "link", "searchbox", "slider", "textbox"}
        return [(role, node["name"]["value"].strip()) for role, node in told if role in roles]

    def _note(self, message: dict[str, Any]) -> None:
        if "method" in message:
            self.events.append(message)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._write.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer)
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _next(self) -> bytes:
        data = bytearray()
        while (byte := self._read.read(1)) != b"\0":
            assert byte, "the browser is gone"
            data += byte
        return bytes(data)

    def run(self, script: str) -> Any:
        """The value of an expression; a promise's once it is there."""
        result = self._call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Until the expression is true."""
        deadline = time.monotonic() + DEADLINE_S
        while not self.run(f"Boolean({script})"):
            assert time.monotonic() < deadline, f"never true: {script}"

    def resize(self, width: int, height: int) -> None:
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    def prefer(self, scheme: Literal["light", "dark"]) -> None:
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._call("Emulation.setEmulatedMedia", features=[feature])

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press a key where the focus is; 2 is Ctrl, 8 is Shift."""
        for kind in ("keyDown", "keyUp"):
            self._call(
                "Input.dispatchKeyEvent",
                type=kind, key=key, code=key, modifiers=modifiers,
                windowsVirtualKeyCode=_CODES.get(key, ord(key[0].upper())),
            )  # fmt: skip

    def screenshot(self, path: Path, whole: bool = False) -> None:
        """Take a picture of what is seen, or of the whole page."""
        picture = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(picture["data"]))

    def close(self) -> None:
        """Killed, with its processes: a profile of a minute has nothing to save."""
        self._watch.cancel()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(DEADLINE_S)
        self._write.close()
        self._read.close()
