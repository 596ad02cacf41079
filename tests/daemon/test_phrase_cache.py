"""Repeated phrases: the same sound bit for bit, within limits, and on the disk only if wished."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.daemon.phrase_cache import MEMORY_BYTES, PhraseCache
from edge.daemon.phrase_store import PhraseStore
from edge.errors import NotWritable
from edge.pcm import PcmChunk, Word
from edge.protocol import (
    AudioStop,
    AudioWord,
    Speak,
    SpeakFinished,
    Stop,
    Stopped,
    Synthesize,
)
from edge.synth import Style
from tests.daemon.test_daemon import put_in, spoken
from tests.helpers.daemon_under_test import ThreadDaemon
from tests.helpers.fakes import FakeVoice, Gate

TEXT = "The kettle is on."
RATE = 22050


def chunks(seed: int, count: int = 3, frames: int = 9000) -> list[PcmChunk]:
    noise = np.random.default_rng(seed)
    return [
        PcmChunk(noise.standard_normal(frames, np.float32), RATE, (Word(n, n + 1, 5, 700),))
        for n in range(count)
    ]


def said(cache: PhraseCache, text: str, made: list[PcmChunk] | None = None) -> list[PcmChunk]:
    def make() -> Iterator[PcmChunk]:
        assert made is not None, "it was made again"
        yield from made

    return list(cache.speak(cache.key(text, "bundle", "fp32", Style(), False), make))


def same(one: list[PcmChunk], other: list[PcmChunk]) -> bool:
    def flat(some: list[PcmChunk]) -> tuple[bytes, list[Word]]:
        words, place = [], 0
        for chunk in some:
            words += [word.moved(place) for word in chunk.words]
            place += len(chunk.samples)
        return b"".join(chunk.samples.tobytes() for chunk in some), words

    return flat(one) == flat(other)


# The cache


def test_a_repetition_is_the_first_time_bit_for_bit() -> None:
    cache = PhraseCache()
    first = said(cache, "a", chunks(1))
    assert same(said(cache, "a"), first) and same(first, chunks(1))
    assert (cache.count, cache.repeats) == (1, 1)


@pytest.mark.parametrize("other", [
    ("b", "bundle", "fp32", Style(), False), ("a", "c", "fp32", Style(), False),
    ("a", "bundle", "int8", Style(), False), ("a", "bundle", "fp32", Style(seed=1), False),
    ("a", "bundle", "fp32", Style(speed=1.1), False), ("a", "bundle", "fp32", Style(), True),
])  # fmt: skip
def test_whatever_changes_the_sound_is_in_the_key(
    other: tuple[str, str, str, Style, bool],
) -> None:
    cache = PhraseCache()
    assert cache.key(*other) != cache.key("a", "bundle", "fp32", Style(), False)
    assert PhraseCache().key(*other) != cache.key(*other), "the hash has a secret"


def test_memory_is_bounded_and_the_least_used_goes_first() -> None:
    size = sum(chunk.samples.nbytes for chunk in chunks(0))
    cache = PhraseCache(limit=9 * size)
    for number in range(9):
        said(cache, str(number), chunks(number))
    said(cache, "0")
    said(cache, "new", chunks(99))
    assert cache.count == 9
    said(cache, "0")
    with pytest.raises(AssertionError, match="made again"):
        said(cache, "1")


def test_a_long_text_is_not_kept() -> None:
    cache = PhraseCache()
    said(cache, "a", chunks(1, frames=MEMORY_BYTES // 8 // 4 // 3 + 1))
    assert cache.count == 0


def test_what_was_not_made_to_its_end_is_not_kept() -> None:
    cache = PhraseCache()
    half = cache.speak("key", lambda: chunks(1))
    next(half)
    half.close()  # type: ignore[attr-defined]
    assert cache.count == 0


def test_nobody_can_change_what_others_hear() -> None:
    cache = PhraseCache()
    said(cache, "a", chunks(1))
    with pytest.raises(ValueError, match="read-only"):
        said(cache, "a")[0].samples[:] = 0


def test_what_two_made_at_once_counts_once() -> None:
    """A room and its satellites say the same; the memory must not shrink by it."""
    size = sum(chunk.samples.nbytes for chunk in chunks(0))
    cache = PhraseCache(limit=8 * size)
    for number in range(40):
        for both in zip(*(cache.speak(str(number), lambda: chunks(1)) for _ in "ab"), strict=True):
            assert len(both) == 2
    assert cache.count == 8


# The disk


def saved(folder: Path, text: str = "a") -> Path:
    cache = PhraseCache(PhraseStore(folder))
    said(cache, text, chunks(1))
    cache.close()
    [file] = folder.glob("*.phrase")
    return file


def test_phrases_outlive_the_daemon(tmp_path: Path) -> None:
    file = saved(tmp_path / "cache")
    assert same(said(PhraseCache(PhraseStore(tmp_path / "cache")), "a"), chunks(1))
    for path in (file, file.parent / "secret"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert sorted(p.name for p in file.parent.iterdir()) == sorted([file.name, "secret"])


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone", "secret", "pipe", "link"])
def test_a_damaged_file_is_no_phrase(tmp_path: Path, damage: str) -> None:
    file = saved(tmp_path)
    raw = bytearray(file.read_bytes())
    if damage == "flip":
        raw[5000] ^= 1
        file.write_bytes(raw)
    elif damage == "gone":
        file.unlink()
    elif damage == "pipe":  # nobody waits for its other end
        file.unlink()
        os.mkfifo(file)
    elif damage == "link":
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
    elif damage == "secret":
        (tmp_path / "secret").write_bytes(b"short")
    else:
        file.write_bytes(raw[:-4] if damage == "cut" else b"")
    cache = PhraseCache(PhraseStore(tmp_path))
    assert same(said(cache, "a", chunks(2)), chunks(2))
    cache.close()
    assert same(said(PhraseCache(PhraseStore(tmp_path)), "a"), chunks(2))


def test_the_disk_is_bounded(tmp_path: Path) -> None:
    size = sum(chunk.samples.nbytes for chunk in chunks(0))
    store = PhraseStore(tmp_path, limit=3 * size + 2000)
    cache = PhraseCache(store)
    for number in range(6):
        said(cache, str(number), chunks(number))
    cache.close()
    assert len(list(tmp_path.glob("*.phrase"))) == store.count == 3


def test_the_text_is_not_on_the_disk(tmp_path: Path) -> None:
    saved(tmp_path, "Zanzibar")
    for path in tmp_path.iterdir():
        assert b"Zanzibar" not in path.read_bytes() and "Zanzibar" not in path.name


def test_a_full_disk_is_only_slower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    cache = PhraseCache(PhraseStore(tmp_path))
    monkeypatch.setattr("edge.daemon.phrase_store.os.fsync", full)
    said(cache, "a", chunks(1))
    cache.close()
    assert same(said(cache, "a"), chunks(1))
    assert [p.name for p in tmp_path.iterdir()] == ["secret"]


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("somebody's", encoding="utf-8")
    with pytest.raises(NotWritable) as raised:
        PhraseStore(tmp_path / "file")
    assert "--phrase-cache" in raised.value.remedy


# In the daemon


def test_the_daemon_says_a_phrase_again_without_its_voice(
    daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    voice = FakeVoice(synth.load(tone_bundle), lambda _: None)
    put_in(daemon, tone_bundle, voice)
    with daemon.connect() as wire:
        wire.send(Synthesize(TEXT), Synthesize(f" {TEXT} "))
        one, two = wire.sound(), wire.sound()
        np.testing.assert_array_equal(one, two)
        made = voice.made
        wire.send(Speak(TEXT, volume=0.5))
        wire.until(SpeakFinished)
        assert voice.made == made == 4
        wire.send(Synthesize(TEXT, words=True), Synthesize("..." + TEXT, words=True))
        [first, again] = [
            [r for r in wire.until(AudioStop) if isinstance(r, AudioWord)] for _ in range(2)
        ]
    assert [w.start_s for w in first] == [w.start_s for w in again]
    sound = spoken(tone_bundle, TEXT) * np.float32(0.5)
    np.testing.assert_allclose(daemon.card.heard()[: len(sound)], sound, atol=1e-6)


def test_a_phrase_that_was_stopped_is_made_again(
    daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    gate = Gate(2)
    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), gate))
    with daemon.connect() as wire:
        wire.send(Synthesize(TEXT))
        gate.wait_until_reached()
        wire.send(Stop())
        wire.until(Stopped)
        gate.open()
        wire.until(AudioStop)
        wire.send(Synthesize(TEXT))
        assert len(wire.sound()) == len(spoken(tone_bundle, TEXT))
