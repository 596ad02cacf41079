"""A voice of Pocket TTS by name, from a folder and from a hub on this machine; its terms. 20 s."""

from __future__ import annotations

import http.server
import json
import threading
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.bundler.evaluate.pocket_stages import PAUSE_DB, SOUND_DB
from edge.bundler.evaluate.stage_gate import MOST, STAGES
from edge.bundler.fetch.hub import TOKEN, VARIABLE, bring_checkpoint
from edge.bundler.own_voice import described
from edge.bundler.pipeline import Wish, build_bundle
from edge.commands import clone
from edge.errors import BadRecord, FetchFailed, TermsNotAccepted, UnknownVoice
from edge.synth import Style
from edge.synth.voice_print import checkpoint_of
from edge.voice import Voice, load_voice
from tests.helpers.kept_pocket import unpack
from tests.synth.test_clip import voice as hum


def quiet(step: str, done: int, total: int) -> None:
    """The progress of a build that shows none."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def write_clip(path: Path) -> None:
    with wave.open(str(path), "wb") as clip:
        clip.setparams((1, 2, 24_000, 0, "NONE", ""))
        clip.writeframes((hum(2.0, 24_000) * 32767).astype("<i2").tobytes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("checkpoint") / "my-pocket"
    unpack("pointwise", made)
    for spare in ("reference.npz", "texts.json"):
        (made / spare).unlink()
    return made


@pytest.fixture(scope="module")
def bundle(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    place = tmp_path_factory.mktemp("built")
    return build_bundle(Wish(str(folder), "x86-64"), place / "b", place / "cache", quiet)


def test_a_folder_of_ones_own_becomes_a_bundle(bundle: Bundle) -> None:
    assert (bundle.voice.name, bundle.voice.licence.name) == ("my-pocket", "private")
    assert bundle.manifest.family == "pocket"
    names = [variant.graphs["lm"] for variant in bundle.manifest.variants]
    assert names[0] == "lm-int8-dynamic.onnx"
    assert {v.graphs["encoder"] for v in bundle.manifest.variants} == {"encoder-fp32.onnx"}
    voice = synth.load(bundle)
    [segment] = voice.plan("The kettle is on again today.", synth.trial_style(bundle))
    assert sum(len(chunk.samples) for chunk in voice.speak(segment)) >= 6 * 1920


def test_its_stages_are_held_against_float_pauses_too(bundle: Bundle) -> None:
    told = json.loads((bundle.path / STAGES).read_text(encoding="utf-8"))
    rows = {row["measure"]: row for row in told["quality"] if row["stage"] == "lm"}
    assert rows[PAUSE_DB]["limit"] == MOST[PAUSE_DB] and rows[SOUND_DB]["limit"] <= MOST[SOUND_DB]
    assert 0 < rows[SOUND_DB]["value"] < rows[SOUND_DB]["limit"]
    assert {row["stage"] for row in told["export"]} >= {"lm", "codec: seanet.11"}
    assert all(row["relative_l2"] < 1e-5 for row in told["parity"])


def test_a_bundle_without_cloning_speaks_with_voices_of_a_whole_one(
    bundle: Bundle, folder: Path, tmp_path: Path
) -> None:
    wish = Wish(str(folder), "x86-64", "fp32", without_cloning=True)
    board = build_bundle(wish, tmp_path / "b", tmp_path / "cache", quiet)
    assert not list(board.path.glob("encoder*")) and list(bundle.path.glob("encoder*"))
    assert checkpoint_of(board) == checkpoint_of(bundle)
    clip = tmp_path / "clip.wav"
    write_clip(clip)
    options = clone.Options("anna", clip, consent=True, any_board=True, bundle=(board.path,))
    with pytest.raises(UnknownVoice, match="without the part that hears clips") as caught:
        clone.run(options)
    assert "edge install anna.print" in caught.value.remedy
    clone.run(replace(options, bundle=(bundle.path,)))
    voice = synth.load(board)
    [segment] = voice.plan("The kettle is on again today.", Style(speaker="anna"))
    assert sum(len(chunk.samples) for chunk in voice.speak(segment)) >= 6 * 1920


def test_what_a_folder_lacks_is_named(folder: Path, tmp_path: Path) -> None:
    for name in ("config.yaml", "model.safetensors"):
        (tmp_path / name).hardlink_to(folder / name)
    with pytest.raises(BadRecord, match=r"no tokenizer\.model or tokenizer\.json"):
        described(str(tmp_path), None, None)


def test_a_voice_that_a_folder_brings_speaks_if_nobody_is_named(
    folder: Path, tmp_path: Path
) -> None:
    own = tmp_path / "voiced"
    own.mkdir()
    for file in folder.iterdir():
        (own / file.name).hardlink_to(file)
    write_clip(own / "voice.wav")
    wish = Wish(str(own), "x86-64", "fp32")
    made = build_bundle(wish, tmp_path / "b", tmp_path / "cache", quiet)
    assert np.load(made.file("voice.npy")).shape == (26, 32)
    assert synth.load(made).plan("Hello there.", Style())


def test_terms_are_agreed_to_once(tmp_path: Path) -> None:
    wish = Wish("pocket-en-2m", "x86-64", "fp32", checkpoint=tmp_path / "nowhere")
    place = tmp_path / "b", tmp_path / "cache"
    with pytest.raises(TermsNotAccepted, match="lawful consent") as caught:
        build_bundle(wish, *place, quiet)
    assert "--accept-terms" in caught.value.remedy
    agreed = replace(wish, accepts_terms=True)
    with pytest.raises(FetchFailed, match=r"lacks model\.safetensors, tokenizer\.model"):
        build_bundle(agreed, *place, quiet)
    with pytest.raises(FetchFailed):  # remembered
        build_bundle(wish, *place, quiet)


class _Gated(http.server.BaseHTTPRequestHandler):
    """Answers as a hub does whose repository asks for a token."""

    folder: Path
    asked: list[tuple[str, str]]

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.wfile.write(self._answer())

    def _answer(self) -> bytes:
        self.asked.append((self.command, self.path))
        if self.headers["Authorization"] != "Bearer secret":
            self.send_error(401)
            return b""
        data = (self.folder / self.path.rpartition("/")[2]).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        return data

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def hub(folder: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    handler = type("Handler", (_Gated,), {"folder": folder, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler.asked  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


def test_weights_come_from_the_hub_by_their_commit(
    hub: tuple[str, list[tuple[str, str]]],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, asked = hub
    monkeypatch.setenv(VARIABLE, address)
    monkeypatch.delenv(TOKEN, raising=False)
    voice = load_voice("pocket-en-2m")
    with pytest.raises(FetchFailed, match="401") as caught:
        bring_checkpoint(voice, None, tmp_path, quiet, delays=())
    assert TOKEN in caught.value.remedy and "--checkpoint" in caught.value.remedy
    monkeypatch.setenv(TOKEN, "secret")
    asked.clear()
    found = bring_checkpoint(voice, None, tmp_path, quiet, delays=())
    for role, name in (("model", "model.safetensors"), ("tokenizer", "tokenizer.model")):
        assert Path(str(found.files[role].path)).read_bytes() == (folder / name).read_bytes()
    source = voice.files["model"]
    assert ("GET", f"/{source.hub}/resolve/{source.revision}/{source.place}") in asked
    asked.clear()
    bring_checkpoint(voice, None, tmp_path, quiet, delays=())
    assert not [path for method, path in asked if method == "GET"]  # kept


def test_a_copy_of_the_hub_may_lie_in_a_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice: Voice = load_voice("pocket-en-2m")
    for role in ("model", "tokenizer"):
        source = voice.files[role]
        place = tmp_path / str(source.hub) / str(source.place)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.hardlink_to(folder / place.name)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    found = bring_checkpoint(voice, None, tmp_path / "cache", quiet)
    assert Path(str(found.files["model"].path)).is_file()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    with pytest.raises(FetchFailed, match="no such file"):
        bring_checkpoint(voice, None, tmp_path / "cache", quiet)
