"""Run a real Home Assistant, and do in it what each line of the input asks; proof.py sends them.

It runs with Home Assistant's own Python. What a person does in a browser goes through Home
Assistant's HTTP port, as a browser sends it; what its own parts do, through its Python functions.
    python home.py FOLDER FD
A line is {"do": NAME, ...}; its answer, on the file descriptor FD, {...} or {"error": TEXT}.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any, TextIO

import aiohttp
from homeassistant import bootstrap, runner
from homeassistant.auth.const import GROUP_ID_ADMIN
from homeassistant.components import tts
from homeassistant.config_entries import SOURCE_HASSIO
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.hassio import HassioServiceInfo

CONFIG = """
homeassistant: {name: Proof, country: US, time_zone: UTC}
http: {server_host: 127.0.0.1, server_port: 8123}
"""
URL = "http://127.0.0.1:8123"
FLOW = "/api/config/config_entries/flow"
WAV_HEADER = 44
"""Bytes of what Home Assistant itself sends before any sound has come."""


class Home:
    """A running Home Assistant and a person who is signed in to it."""

    def __init__(self, hass: HomeAssistant, http: aiohttp.ClientSession, folder: Path) -> None:
        self.hass = hass
        self.http = http
        self.folder = folder

    async def _request(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, path, json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def _websocket(self, **command: Any) -> Any:
        async with self.http.ws_connect("/api/websocket") as socket:
            assert (await socket.receive_json())["type"] == "auth_required"
            token = self.http.headers["Authorization"].removeprefix("Bearer ")
            await socket.send_json({"type": "auth", "access_token": token})
            assert (await socket.receive_json())["type"] == "auth_ok"
            await socket.send_json({"id": 1, **command})
            return (await socket.receive_json())["result"]

    async def add(self, host: str, port: int) -> dict[str, Any]:
        """Add the Wyoming integration with an address, in Home Assistant's own form."""
        form = await self._request("POST", FLOW, {"handler": "wyoming"})
        assert form["type"] == "form" and not form["errors"], form
        made = await self._request(
            "POST", f"{FLOW}/{form['flow_id']}", {"host": host, "port": port}
        )
        return made

    async def discover(self, config: dict[str, Any]) -> dict[str, Any]:
        """Take an app's discovery, as from the Supervisor, and let a person agree to it."""
        found = HassioServiceInfo(config, "Edge Voice", "local_edge_voice", "the-apps-uuid")
        form = await self.hass.config_entries.flow.async_init(
            "wyoming", context={"source": SOURCE_HASSIO}, data=found
        )
        made = await self._request("POST", f"{FLOW}/{form['flow_id']}", {})
        return {**made, "asked": form["step_id"]}

    async def entries(self) -> dict[str, Any]:
        found = self.hass.config_entries.async_entries("wyoming")
        states = {entry.entry_id: entry.state.value for entry in found}
        return {"entries": states, "entities": self.hass.states.async_entity_ids("tts")}

    async def remove(self, entry: str) -> dict[str, Any]:
        gone = await self._request("DELETE", f"/api/config/config_entries/entry/{entry}")
        return gone

    async def refresh(self) -> dict[str, Any]:
        """Let it ask now for what it asks for every half minute."""
        for entry in self.hass.config_entries.async_entries("wyoming"):
            await entry.runtime_data.coordinator.async_refresh()
        return {}

    async def voices(self) -> dict[str, Any]:
        """List what the picker shows: by engine and language, the voices and their titles."""
        engines = (await self._websocket(type="tts/engine/list"))["providers"]
        return {
            engine["engine_id"]: {
                language: {
                    voice["voice_id"]: voice["name"]
                    for voice in (
                        await self._websocket(
                            type="tts/engine/voices",
                            engine_id=engine["engine_id"],
                            language=language,
                        )
                    )["voices"]
                }
                for language in engine["supported_languages"]
            }
            for engine in engines
        }

    async def matching(self, language: str, country: str) -> list[str]:
        """List the languages that an assistant of this language and country is offered."""
        found = await self._websocket(type="tts/engine/list", language=language, country=country)
        return found["providers"][0]["supported_languages"]

    async def speak(self, **request: Any) -> dict[str, Any]:
        """Ask for the address of a sound, and get that as a media player does."""
        place = await self._request("POST", "/api/tts_get_url", {"cache": False, **request})
        async with self.http.get(place["path"]) as answer:
            file = await self._kept(await answer.read())
            return {"status": answer.status, "type": answer.content_type, "file": file}

    async def stream(
        self, engine: str, first: str, rest: list[str], patience_s: float, **options: Any
    ) -> dict[str, Any]:
        """Speak a text that is being written, as an assistant's: the rest of it is held back
        until the first of it is heard."""
        heard = asyncio.Event()

        async def text() -> AsyncGenerator[str]:
            yield first
            await heard.wait()
            for piece in rest:
                yield piece

        stream = tts.async_create_stream(self.hass, engine, options=options)
        stream.async_set_message_stream(text())
        sound, before = b"", 0
        async with (
            asyncio.timeout(patience_s),
            aclosing(stream.async_stream_result()) as chunks,
        ):
            async for chunk in chunks:
                sound += chunk
                if len(sound) > WAV_HEADER and not heard.is_set():
                    before = len(sound) - WAV_HEADER
                    heard.set()
        supported = stream.supports_streaming_input
        file = await self._kept(sound)
        return {"file": file, "before_the_rest": before, "supported": supported}

    async def _kept(self, sound: bytes) -> str:
        await asyncio.to_thread((self.folder / "sound").write_bytes, sound)
        return "sound"


async def run(folder: Path, answers: TextIO) -> int:
    (folder / "configuration.yaml").write_text(CONFIG, encoding="utf-8")
    # Analytics ask a person first; nobody is asked, so nothing would be sent had it a network.
    hass = await bootstrap.async_setup_hass(runner.RuntimeConfig(str(folder), skip_pip=True))
    assert hass is not None and not hass.config.recovery_mode
    await hass.async_start()
    user = await hass.auth.async_create_user("Proof", group_ids=[GROUP_ID_ADMIN])
    refresh = await hass.auth.async_create_refresh_token(user, client_id=URL)
    token = hass.auth.async_create_access_token(refresh)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(URL, headers=headers) as http:
        home = Home(hass, http, folder)
        print(json.dumps({"version": __version__}), file=answers, flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            request = json.loads(line)
            try:
                answer = await getattr(home, request.pop("do"))(**request)
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), file=answers, flush=True)
    await hass.async_stop(force=True)
    return 0


if __name__ == "__main__":
    with (
        os.fdopen(int(sys.argv[2]), "w", encoding="utf-8") as answers,
        asyncio.Runner(loop_factory=runner.create_event_loop) as loop,
    ):
        sys.exit(loop.run(run(Path(sys.argv[1]), answers)))
