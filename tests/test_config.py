"""The configuration: which file, how strict, and where each value is from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.cli import run
from edge.config import Config, config_file, load_config
from edge.errors import BadRecord

WHOLE = """\
format: 1
# every key
voice: tone
bundles: [/srv/voices]
any_board: true
lexicon: /etc/edge-voice/lexicon.yaml
text:
  normalize: false
  markdown: never
  urls: host
  emoji: say
  dates: dmy
  pause_s: 0.5
audio:
  device: USB Audio
  fallback: HDMI
  on_loss: fallback
  wait_s: 12.5
  wake_ms: 300
  keep_awake: true
  volume: 80
cache:
  memory_mb: 8
  folder: /var/cache/edge-voice/phrases
  folder_mb: 64
access:
  users: [root, 1000]
  groups: [root, 44]
  clients_per_user: 4
  utterances_per_user: 16
  stream_silence_s: 90
install:
  verify_with: /etc/edge-voice/signers
"""


@pytest.fixture(autouse=True)
def _nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have a configuration."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobodys"))
    monkeypatch.delenv("EDGE_VOICE_CONFIG", raising=False)
    monkeypatch.delenv("CONFIGURATION_DIRECTORY", raising=False)


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_can_be_given_and_names_its_line(tmp_path: Path) -> None:
    path = written(tmp_path / "config.yaml", WHOLE)
    rows = {key: (value, origin) for key, value, origin in load_config(path).rows()}
    lines = WHOLE.splitlines()
    for key, (_, origin) in rows.items():
        file, _, line = origin.rpartition(":")
        assert file == str(path) and lines[int(line) - 1].lstrip().startswith(key.split(".")[-1])
    assert rows["audio.volume"][0] == 80 and rows["access.users"][0] == ("root", 1000)
    assert load_config(path).config.access.uids() == {0, 1000}


@pytest.mark.parametrize("text", ["", "\n\n", "# voice: tone\n", "{}"])
def test_an_empty_file_is_all_defaults(tmp_path: Path, text: str) -> None:
    found = load_config(written(tmp_path / "config.yaml", text))
    assert found.config == Config() and found.path is not None
    assert {origin for _, _, origin in found.rows()} == {"default"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("vioce: tone", "unknown key 'vioce'; known here: format, voice"),
        ("audio: {volumen: 3}", "audio: unknown key 'volumen'"),
        ("audio: {volume: loud}", "audio.volume: expected a whole number, got 'loud'"),
        ("audio: {volume: true}", "audio.volume: expected a whole number"),
        ("audio: {volume: 101}", "audio: volume must be between 0 and 100, got 101"),
        ("audio: {wake_ms: -1}", "wake_ms must be between 0 and 10000"),
        ("audio: {device: ''}", "device is empty"),
        ("audio: USB", "audio: expected a mapping"),
        ("cache: {folder: phrases}", "folder 'phrases' must begin with /"),
        ("cache: {memory_mb: 1e9}", "memory_mb: expected a whole number"),
        ("bundles: voices", "bundles: expected a list"),
        ("bundles: [voices]", "'voices' must begin with /"),
        ("lexicon: words.yaml", "lexicon: 'words.yaml' must begin with /"),
        ("format: 2", "the file has format 2, and this version of edge-voice reads 1"),
        ("access: {users: [nobody-of-that-name]}", "no user 'nobody-of-that-name'"),
        ("access: {groups: [no-such-group]}", "no group 'no-such-group'"),
        ("access: {users: [true]}", "users[0]: expected str or int"),
        ("access: {clients_per_user: 0}", "clients_per_user must be between 1 and 256"),
        ("voice: a\nvoice: b", "line 2: key 'voice' again"),
        ("voice: &a b\naudio: *a", "line 2: aliases"),
        ("- voice", "expected a mapping"),
        ("voice: [", "not readable as YAML"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    path = written(tmp_path / "config.yaml", text)
    with pytest.raises(BadRecord) as raised:
        load_config(path)
    assert place in raised.value.message and str(path) in raised.value.message


def test_which_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config_file() is None or str(config_file()).startswith("/etc/")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    own = written(tmp_path / "own" / "edge-voice" / "config.yaml", "{}")
    assert config_file() == own
    monkeypatch.setenv("CONFIGURATION_DIRECTORY", str(tmp_path / "service"))
    assert config_file() is None  # a service has no user's file
    service = written(tmp_path / "service" / "config.yaml", "{}")
    assert config_file() == service
    monkeypatch.setenv("EDGE_VOICE_CONFIG", str(tmp_path / "environment.yaml"))
    assert config_file() == tmp_path / "environment.yaml"
    with pytest.raises(BadRecord, match="No such file"):
        load_config()  # a file that is named must be there
    assert config_file(tmp_path / "typed.yaml") == tmp_path / "typed.yaml"


def test_edge_config_says_where_each_value_is_from(
    tmp_path: Path, tone_bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(
        tmp_path / "config.yaml",
        f"any_board: true\nbundles: [{tone_bundle.path}]\naudio:\n  volume: 30\n",
    )
    assert run(["config", "--config", str(path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    origins = {row["key"]: (row["value"], row["from"]) for row in answer["keys"]}
    assert answer["file"] == str(path)
    assert origins["audio.volume"] == (30, f"{path}:4")
    assert origins["audio.device"] == ("default", "profile x86-64")
    assert origins["voice"] == ("tone", "the first bundle")
    assert origins["cache.memory_mb"] == (16, "default")
    assert run(["config", "--config", str(path)]) == 0
    people = capsys.readouterr().out
    assert all(key in people and where in people for key, (_, where) in origins.items())
    path.write_text("volume: 3\n", encoding="utf-8")
    assert run(["config", "--config", str(path)]) == 1
    assert "unknown key 'volume'" in capsys.readouterr().err


def test_a_configuration_that_is_not_ours_to_read(tmp_path: Path) -> None:
    path = written(tmp_path / "config.yaml", "{}")
    path.chmod(0)
    if os.geteuid() == 0:  # who may read all the same
        assert load_config(path).config == Config()
        return
    with pytest.raises(BadRecord, match="Permission denied"):
        load_config(path)
