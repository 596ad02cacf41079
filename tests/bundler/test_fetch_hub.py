"""Voices by their names: from a hub on this machine to a bundle that speaks."""

from __future__ import annotations

import hashlib
import logging
import shutil
from pathlib import Path

import pytest
import yaml

from edge import synth
from edge.bundle import Bundle, open_bundle
from edge.bundler import corpus
from edge.bundler.fetch import fetch, hub
from edge.bundler.fetch.hub import PUBLIC, VARIABLE, bring
from edge.catalogue import Catalogue
from edge.cli import run
from edge.errors import ChecksumMismatch, FetchFailed
from edge.files import cache_dir
from edge.synth import Style
from edge.voice import load_voice
from tests.helpers.hub import PREFIX, card_of, catalogue_of, served, shelve
from tests.helpers.random_voices import write_letters
from tests.helpers.vits_layers import VoiceShape

LESSAC = "Finetuned from U.S. English lessac voice (medium quality)."
SENTENCE = "the train leaves at nine, and so do we, with all the others and what they carry."
SHAPES = {
    "nl_NL-tiny-x_low": VoiceShape(hidden=4, inter=4, filter=8, rate=16_000),
    "pt_PT-tugão-low": VoiceShape(rate=16_000, scoped=False, folded=False),
    "fr_FR-many-medium": VoiceShape(speakers=904),
    "es_ES-grand-high": VoiceShape(
        resblock=1,
        upsample=((4, 8), (2, 4), (2, 4)),
        kernels=(3, 7),
        dilations=((1, 3, 5), (1, 3, 5)),
    ),
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the hub's repository: joe under another name, and a random voice of each shape."""
    folder = tmp_path_factory.mktemp("hub")
    for key, shape in SHAPES.items():
        made = tmp_path_factory.mktemp("voice")
        write_letters(shape, made)
        card = card_of("tiny", "CC BY-SA 4.0", LESSAC) if "tiny" in key else ""
        shelve(folder, key, made / "voice.onnx", made / "voice.onnx.json", card)
    joe = fetch(load_voice("en_US-joe-medium"), cache_dir())
    model = tmp_path_factory.mktemp("joe") / "model"
    model.write_bytes(joe["model"].read_bytes())
    shelve(folder, "en_GB-real-medium", model, joe["config"], joe["card"].read_text("utf-8"))
    return folder


@pytest.fixture
def catalogue(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    made = catalogue_of(repository)
    monkeypatch.setattr(hub, "open_catalogue", lambda: made)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(corpus, "sentences", lambda purpose, language: (SENTENCE,))
    return made


def quiet(name: str, held: int, size: int) -> None:
    """Progress that nobody looks at."""


def built(name: str, folder: Path, profile: str = "rpi4") -> Bundle:
    words = ["--profile", profile, "--only", "fp32", "--out", str(folder), "--cache", str(folder)]
    assert run(["build", name, *words]) == 0
    [path] = folder.glob(f"*--{profile}")
    bundle = open_bundle(path, machine=None)
    bundle.verify()
    return bundle


def spoken(bundle: Bundle, text: str) -> bytes:
    voice = synth.load(bundle)
    return b"".join(c.samples.tobytes() for s in voice.plan(text, Style()) for c in voice.speak(s))


@pytest.mark.parametrize("name", SHAPES)
def test_a_name_becomes_a_bundle_that_speaks(
    name: str,
    repository: Path,
    catalogue: Catalogue,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with served(repository) as there:
        monkeypatch.setenv(VARIABLE, there.url)
        bundle = built(name, tmp_path)
    assert bundle.voice.name == name.replace("ã", "a")
    assert bundle.manifest.rate == SHAPES[name].rate
    assert spoken(bundle, "tea")


def test_a_real_voice_under_another_name_says_what_it_said(
    repository: Path,
    catalogue: Catalogue,
    joe_bundle: Bundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "stages").symlink_to(cache_dir() / "stages")  # joe_bundle made its graphs
    with served(repository) as there, caplog.at_level(logging.INFO):
        monkeypatch.setenv(VARIABLE, there.url)
        bundle = built("en_GB-real-medium", tmp_path, "x86-64")
    joe = load_voice("en_US-joe-medium")
    assert bundle.voice.files["model"].sha256 == joe.files["model"].sha256
    assert bundle.voice.licence.statement == joe.licence.statement
    assert spoken(bundle, "The kettle is on.") == spoken(joe_bundle, "The kettle is on.")
    [said] = [line for line in caplog.messages if line.startswith("licence class")]
    assert said.startswith("licence class unknown: the credited list")


def test_the_bundle_has_card_checksums_and_the_public_address_and_not_the_mirrors(
    repository: Path, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = catalogue.find("nl_NL-tiny-x_low")
    assert row is not None
    with served(repository) as there:
        monkeypatch.setenv(VARIABLE, there.url)
        voice, text = bring(row, tmp_path, quiet)
    monkeypatch.setenv(VARIABLE, str(repository))
    assert bring(row, tmp_path / "other", quiet)[1] == text, "a folder gives the same bundle"
    assert not (tmp_path / "other").exists(), "nothing is copied out of a folder"
    card = repository / "nl/nl_NL/tiny/x_low/MODEL_CARD"
    licence = yaml.safe_load(text)["licence"]
    assert (licence["name"], licence["statement"]) == ("CC BY-SA 4.0", card.read_text("utf-8"))
    assert "https://data.example/tiny" in licence["attribution"]
    assert "must have the same licence" in licence["seller_note"]
    for role, source in yaml.safe_load(text)["files"].items():
        assert source["url"].startswith(PUBLIC + PREFIX)
        assert (
            source["sha256"]
            == hashlib.sha256(Path(str(voice.files[role].path)).read_bytes()).hexdigest()
        )
    assert "127.0.0.1" not in text


def test_a_card_reaches_the_bundle_word_for_word(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(repository / "nl", copy / "nl")
    odd = "* License: CC0\r\n  | # x: y\x85\u2028\ttabs \n\n\x07 bell, 'quotes\" \ufeff ü\n "
    (copy / "nl/nl_NL/tiny/x_low/MODEL_CARD").write_bytes(odd.encode())
    made = catalogue_of(copy)
    monkeypatch.setattr(hub, "open_catalogue", lambda: made)
    monkeypatch.setenv(VARIABLE, str(copy))
    row = made.find("nl_NL-tiny-x_low")
    assert row is not None
    voice, _ = bring(row, tmp_path, quiet)
    assert (voice.licence.statement, voice.licence.name) == (odd, "CC0")


def test_what_the_card_says_of_a_restricted_parent_is_said(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = catalogue_of(
        repository,
        restricted={"research only": ["es_ES-grand-high"]},
        parents={"es_ES-grand-high": ["nl_NL-tiny-x_low"]},
    )
    monkeypatch.setattr(hub, "open_catalogue", lambda: made)
    monkeypatch.setenv(VARIABLE, str(repository))
    row = made.find("nl_NL-tiny-x_low")
    assert row is not None
    voice, _ = bring(row, tmp_path, quiet)
    note = voice.licence.seller_note
    assert note.startswith(
        "Licence class restricted: its training began from es_ES-grand-high, whose data is under "
        "research only. Do not sell it"
    )


def test_a_cut_download_goes_on_where_it_stopped(
    repository: Path, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = catalogue.find("nl_NL-tiny-x_low")
    assert row is not None
    model = "nl_NL-tiny-x_low.onnx"
    with served(repository, **{model: 1000}) as there:
        monkeypatch.setenv(VARIABLE, there.url)
        bring(row, tmp_path, quiet, delays=(0.0,))
        assert [wanted for name, wanted in there.asked if name == model] == [None, "bytes=1000-"]
        asked = len(there.asked)
        bring(row, tmp_path, quiet)
        assert len(there.asked) == asked, "what is in the cache is not asked for"


def test_another_file_than_the_listed_one_is_not_used(
    repository: Path, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = catalogue.find("nl_NL-tiny-x_low")
    assert row is not None
    copy = tmp_path / "copy"
    place = copy / "nl/nl_NL/tiny/x_low"
    place.mkdir(parents=True)
    for file in (repository / "nl/nl_NL/tiny/x_low").iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    card = place / "MODEL_CARD"
    card.write_bytes(card.read_bytes().replace(b"BY-SA", b"BY-NC"))  # as long as before
    with served(copy) as there:
        for address in (there.url, str(copy)):
            monkeypatch.setenv(VARIABLE, address)
            with pytest.raises(ChecksumMismatch, match=r"MODEL_CARD .*expected md5") as caught:
                bring(row, tmp_path / "cache", quiet)
            assert "other files than the catalogue lists" in caught.value.remedy
    card.unlink()
    with served(copy) as there:
        monkeypatch.setenv(VARIABLE, there.url)
        with pytest.raises(FetchFailed, match="404") as caught:
            bring(row, tmp_path / "cache", quiet)
    assert VARIABLE in caught.value.remedy
    monkeypatch.setenv(VARIABLE, str(copy))
    with pytest.raises(FetchFailed, match="MODEL_CARD: no such file"):
        bring(row, tmp_path / "cache", quiet)
    card.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(FetchFailed, match="pointer of Git LFS"):
        bring(row, tmp_path / "cache", quiet)


def test_a_mistyped_name_is_answered_with_those_that_are_near(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["build", "de_DE-torsten-medium"]) == 1
    said = capsys.readouterr().err
    assert "no voice 'de_DE-torsten-medium'" in said
    assert "Did you mean de_DE-thorsten-medium or " in said and said.count(" or de_DE-") == 4


def test_the_card_of_the_helper_is_read_as_the_hubs_are() -> None:
    card = hub.read_card(card_of("n", "CC0", LESSAC))
    assert (card.licence, card.training) == ("CC0", LESSAC)
