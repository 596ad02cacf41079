"""The Home Assistant app: its files against the store's rules, and what it runs.

Sources of the rules: https://developers.home-assistant.io/docs/apps/configuration and
/presentation, and the Supervisor's own schema, supervisor/addons/validate.py and options.py.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from edge.bundle import Bundle
from edge.client import Client
from tests.helpers.daemon_under_test import ROOT
from tests.helpers.home_assistant_app import APP, running_app

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its audio module imports audioop
    from wyoming.audio import AudioChunk, AudioStop
    from wyoming.client import AsyncClient
    from wyoming.info import Describe, Info
    from wyoming.tts import Synthesize

_ELEMENT = (
    r"(str|password)(\((\d+)?,(\d+)?\))?|bool|email|url|port|device(\(.+\))?|match\(.*\)|list\(.+\)"
    r"|(int|float)(\((-?[\d.]+)?,(-?[\d.]+)?\))?"
)
_ON_OFF = (lambda value: isinstance(value, bool),)
_TEXT = (lambda value: isinstance(value, str) and value,)
_TEXTS = (lambda value: isinstance(value, list) and all(isinstance(v, str) for v in value),)


def matches(pattern: str) -> tuple[Callable[[Any], Any]]:
    return (lambda value: isinstance(value, str) and re.fullmatch(pattern, value),)


def one_of(*known: str) -> tuple[Callable[[Any], Any]]:
    return (lambda value: value in known,)


def _ports(value: Any) -> bool:
    numbers = (port is None or 0 < port < 65536 for port in value.values())
    return all(re.fullmatch(r"\d+/(tcp|udp)", name) for name in value) and all(numbers)


REQUIRED: dict[str, tuple[Callable[[Any], Any]]] = {
    "name": _TEXT,
    "version": matches(r"\d+\.\d+\.\d+"),
    "slug": matches(r"[-_.A-Za-z0-9]+"),
    "description": _TEXT,
    "arch": (lambda value: value and set(value) <= {"aarch64", "amd64"},),
}
OPTIONAL: dict[str, tuple[Callable[[Any], Any]]] = {
    "url": matches(r"https://\S+"),
    "startup": one_of("initialize", "system", "services", "application", "once"),
    "boot": one_of("auto", "manual", "manual_only"),
    "init": _ON_OFF,
    "discovery": _TEXTS,
    "ports": (_ports,),
    "watchdog": matches(r"(https?|\[PROTO:\w+\]|tcp)://\[HOST\]:(\[PORT:\d+\]|\d+).*"),
    "audio": _ON_OFF,
    "stdin": _ON_OFF,
    "tmpfs": _ON_OFF,
    "backup_exclude": _TEXTS,
    "options": (lambda value: isinstance(value, dict),),
    "schema": (lambda value: all(re.fullmatch(f"({_ELEMENT})\\??", v) for v in value.values()),),
    "image": matches(r"([a-zA-Z\-.:\d{}]+/)*[\-\w{}]+/[\-\w{}]+"),
}
"""What the store knows and a speech service may use. Not among them: what opens the host, as
host_network, privileged, full_access and docker_api."""


def load(name: str) -> Any:
    return yaml.safe_load((APP / name).read_text(encoding="utf-8"))


def test_the_app_keeps_the_stores_rules() -> None:
    config = load("config.yaml")
    assert set(REQUIRED) <= set(config) <= set(REQUIRED) | set(OPTIONAL)
    for key, (right,) in (REQUIRED | OPTIONAL).items():
        assert key not in config or right(config[key]), f"{key}: {config[key]}"
    must = {key for key, kind in config["schema"].items() if not kind.endswith("?")}
    assert must <= set(config["options"]) <= set(config["schema"])
    assert set(config["ports"].values()) == {None}, "nothing is open to the home's network"
    project = (ROOT / "pyproject.toml").read_text()
    assert f'\nversion = "{config["version"]}"\n' in project


def test_the_app_is_presented_as_the_store_wants_it() -> None:
    config, docs = load("config.yaml"), (APP / "DOCS.md").read_text()
    for path in sorted((APP / "translations").iterdir()):
        words = load(f"translations/{path.name}")
        assert re.fullmatch(r"[a-z]{2}\.yaml", path.name)
        assert set(words) == {"configuration", "network"}
        assert set(words["configuration"]) == set(config["schema"])
        assert all(set(row) == {"name", "description"} for row in words["configuration"].values())
        assert set(words["network"]) == set(config["ports"])
    assert all(f"`{option}`" in docs for option in config["schema"])
    icon = (APP / "icon.png").read_bytes()
    assert icon[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", icon[16:24]) == (128, 128)
    assert {"README.md", "DOCS.md", "Dockerfile"} <= {path.name for path in APP.iterdir()}


async def _asked(uri: str) -> tuple[list[str], bytes]:
    """Return the names of the voices and the sound of a sentence, as Home Assistant asks."""
    async with AsyncClient.from_uri(uri) as client:
        await client.write_event(Describe().event())
        event = await client.read_event()
        assert event is not None
        voices = [voice.name for program in Info.from_event(event).tts for voice in program.voices]
        await client.write_event(Synthesize("The kettle is on.").event())
        sound = b""
        while (event := await client.read_event()) is not None:
            if AudioChunk.is_type(event.type):
                sound += AudioChunk.from_event(event).audio
            elif AudioStop.is_type(event.type):
                break
        return voices, sound


def test_the_app_serves_home_assistant_and_announces(
    tone_bundle: Bundle, second_bundle: Bundle, tmp_path: Path
) -> None:
    bundles = tmp_path / "bundles"
    for bundle in (tone_bundle, second_bundle):
        shutil.copytree(bundle.path, bundles / bundle.path.name)
    with running_app(tmp_path, bundles, {"voice": "second", "volume": 40}) as app:
        [(path, token, told)] = app.supervisor.told
        assert (path, token, told["service"]) == ("/discovery", "Bearer secret", "wyoming")
        assert told["config"]["uri"].endswith(f":{app.port}")
        voices, sound = asyncio.run(_asked(f"tcp://127.0.0.1:{app.port}"))
        assert set(voices) == {"tone", "second"} and any(sound)
        with Client(app.socket) as client:
            before = client.status()
            assert (before.volume, before.voices[0].name) == (40, "second")
            app.send('nonsense\n"Tea."\n{"text": "Milk.", "priority": "urgent"}\n')
            while ended(client) < 2:  # spoken, or failed where there is no sound card
                assert app.process.poll() is None
    assert "not an announcement" in app.said and "Tea" not in app.said
    assert "Traceback" not in app.said
    assert app.process.returncode == 0


def ended(client: Client) -> int:
    counters = client.status().counters
    return counters["spoken"] + counters["failed"]
