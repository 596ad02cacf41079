"""Clips as files: what is read, and what is refused before its sound is. 2 s."""

from __future__ import annotations

import os
import struct
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.errors import BadClip, MissingPackage
from edge.pcm import Samples
from edge.synth.clip import check_clip
from edge.synth.clip_file import MAX_HEADER, open_clip, read_clip
from tests.synth.test_clip import voice, write

COMPRESSED = (("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"))


@pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 1), (3, 1), (4, 1), (2, 2), (3, 6)])
def test_every_width_and_number_of_channels_is_read(
    tmp_path: Path, width: int, channels: int
) -> None:
    samples = voice()
    clip = read_clip(write(tmp_path / "c.wav", samples, width=width, channels=channels))
    assert clip.rate == 24_000 and clip.samples.dtype == np.float32
    np.testing.assert_allclose(clip.samples, samples, atol=0.02 if width == 1 else 1e-4)
    check_clip(clip)


@pytest.mark.parametrize("form", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE", "PCM_24", "PCM_U8"])
def test_floats_and_what_other_programs_write_are_read_without_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, subtype: str
) -> None:
    stereo = np.stack([voice(), np.zeros(48_000, np.float32)], axis=1)
    soundfile.write(tmp_path / "c.wav", stereo, 24_000, subtype=subtype, format=form)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    clip = read_clip(tmp_path / "c.wav")
    np.testing.assert_allclose(clip.samples, voice() / 2, atol=0.01)


@pytest.mark.parametrize(("form", "subtype"), COMPRESSED)
def test_compressed_clips_sound_as_they_did(tmp_path: Path, form: str, subtype: str) -> None:
    path = tmp_path / "c"
    stereo = np.repeat(voice(2.0, 48_000)[:, None], 2, axis=1)
    soundfile.write(path, stereo, 48_000, format=form, subtype=subtype)
    clip = read_clip(path)
    assert clip.rate == 48_000 and abs(len(clip.samples) - 96_000) < 3_000
    check_clip(clip)
    power = np.sqrt((clip.samples**2).mean()) / np.sqrt((stereo**2).mean())
    assert power == pytest.approx(1, abs=0.05)
    with pytest.raises(BadClip, match=r"s; the limit is 1\.5 s"):
        read_clip(path, 1.5)
    assert len(read_clip(path, 1.5, first=True).samples) == 72_001


@pytest.mark.parametrize("clone", [True, False])
def test_without_soundfile_it_is_said_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clone: bool
) -> None:
    path = tmp_path / "my clip.flac"
    soundfile.write(path, voice(), 24_000)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    monkeypatch.setattr("edge.synth.clip_file.for_speaking_alone", lambda: not clone)
    with pytest.raises(MissingPackage, match="soundfile") as caught:
        read_clip(path)
    assert "ffmpeg -i 'my clip.flac' -ac 1" in caught.value.remedy
    assert ("[clips]" in caught.value.remedy) == clone


def test_too_long_is_refused_before_the_sound_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "c.wav", voice(3.5))
    with pytest.raises(BadClip, match=r"3\.50 s; the limit is 3 s") as caught:
        read_clip(path, 3.0)
    assert "-t 3" in caught.value.remedy and "--max-seconds" in caught.value.remedy
    assert "words that are left" in caught.value.remedy
    assert read_clip(path).seconds == pytest.approx(3.5)
    long = tmp_path / "long.wav"
    with soundfile.SoundFile(long, "w", 48_000, 2, "FLOAT") as file:
        for _ in range(120):
            file.write(np.zeros((48_000, 2), np.float32))
    tracemalloc.start()
    with pytest.raises(BadClip, match=r"120\.00 s; the limit is 30 s"):
        read_clip(long)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20  # of 46 MB
    assert len(read_clip(long, 30.0, first=True).samples) == 30 * 48_000 + 1
    assert tracemalloc.get_traced_memory()[1] < 16 << 20  # mono, and never all channels
    tracemalloc.stop()


def test_a_header_without_a_size_gives_what_is_there(tmp_path: Path) -> None:
    path = write(tmp_path / "c.wav", voice())
    raw = bytearray(path.read_bytes())  # as ffmpeg and arecord write into a pipe
    raw[40:44] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(raw)
    assert len(read_clip(path).samples) == 48_000
    path.write_bytes(raw[:100])
    with pytest.raises(BadClip, match=r"0\.00 s; at least 1 s"):
        read_clip(path)


def test_a_pipe_is_read_to_its_limit(tmp_path: Path) -> None:
    raw = write(tmp_path / "c.wav", voice()).read_bytes()
    assert _through_a_pipe(tmp_path, raw) == 48_000
    endless = raw[:40] + struct.pack("<I", 0xFFFFFFFF) + raw[44:] * 50
    with pytest.raises(BadClip, match="the limit is 30 s"):
        _through_a_pipe(tmp_path, endless)
    flac = tmp_path / "c.flac"
    soundfile.write(flac, voice(), 24_000)
    with pytest.raises(BadClip, match="soundfile cannot read it"):
        _through_a_pipe(tmp_path, flac.read_bytes())


def _through_a_pipe(folder: Path, raw: bytes) -> int:
    pipe = folder / "pipe"
    os.mkfifo(pipe)

    def fill() -> None:
        with open(pipe, "wb", buffering=0) as file:  # noqa: PTH123
            try:
                file.write(raw)
            except BrokenPipeError:
                return

    writer = threading.Thread(target=fill)
    writer.start()
    try:
        return len(read_clip(pipe).samples)
    finally:
        writer.join()
        pipe.unlink()


@pytest.mark.parametrize("rate", [8_000, 11_025, 400_000])
def test_rates_that_hold_no_voice_are_refused(tmp_path: Path, rate: int) -> None:
    with pytest.raises(BadClip, match=rf"{rate} Hz; 16,000 to 192,000 Hz"):
        read_clip(write(tmp_path / "c.wav", voice(2.0, rate), rate))


def test_files_that_are_no_clips_are_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "c.wav", voice()).read_bytes()
    soundfile.write(tmp_path / "c.flac", voice(), 24_000)
    wrong = {
        "empty": b"",
        "text": b"RIFF of nothing, and more of it",
        "an mp3 that is none": b"ID3" + bytes(500),
        "an ogg that is none": b"OggS" + bytes(500),
        "half a flac's header": (tmp_path / "c.flac").read_bytes()[:30],
        "mu-law": _changed(whole, 20, "<H", 7),
        "floats of 16 bits": _changed(whole, 20, "<H", 3),
        "integers of 64 bits": _changed(whole, 34, "<H", 64),
        "a rate of 0": _changed(whole, 24, "<I", 0),
        "no channels": _changed(whole, 22, "<H", 0),
        "a hundred channels": _changed(whole, 22, "<H", 100),
        "cut in its header": whole[:30],
        "sound before its format": whole[:12] + whole[36:],
        "a huge picture": whole[:12] + b"LIST" + struct.pack("<I", MAX_HEADER + 1),
        "no sound": whole[:44],
    }
    for what, raw in wrong.items():
        path = tmp_path / "x.wav"
        path.write_bytes(raw)
        with pytest.raises(BadClip) as caught:
            check_clip(read_clip(path))
        assert caught.value.remedy, what
    with pytest.raises(BadClip, match="No such file"):
        read_clip(tmp_path / "nowhere.wav")
    with pytest.raises(BadClip, match="Is a directory"):
        read_clip(tmp_path)


def _changed(whole: bytes, place: int, form: str, value: int) -> bytes:
    raw = bytearray(whole)
    struct.pack_into(form, raw, place, value)
    return bytes(raw)


def test_floats_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    samples: Samples = voice()
    for odd in (np.nan, np.inf):
        samples[100] = odd
        soundfile.write(tmp_path / "c.wav", samples, 24_000, subtype="FLOAT")
        with pytest.raises(BadClip, match="no numbers"):
            check_clip(read_clip(tmp_path / "c.wav"))
    soundfile.write(tmp_path / "c.wav", np.full(48_000, 1e300), 24_000, subtype="DOUBLE")
    with pytest.raises(BadClip, match="no numbers"):
        check_clip(read_clip(tmp_path / "c.wav"))


def test_a_cut_file_gives_what_is_there(tmp_path: Path) -> None:
    path = write(tmp_path / "c.wav", voice(4.0))
    path.write_bytes(path.read_bytes()[: 44 + 100_001])
    assert len(read_clip(path).samples) == 50_000


def test_a_file_that_was_opened_before_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "c.wav", voice())
    file = open_clip(path)
    path.unlink()
    assert read_clip(path, opened=file).seconds == 2.0
