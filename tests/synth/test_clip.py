"""Clips to clone from: what is read, and what is refused, with value, limit and remedy. 1 s."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from edge.errors import BadClip
from edge.pcm import PcmChunk, Samples
from edge.synth.clip import MOST_S, check_clip, read_clip, resampled


def voice(seconds: float = 2.0, rate: int = 24_000, level: float = 0.3) -> Samples:
    """A hum with syllables, which is what the checks look at."""
    t = np.arange(round(seconds * rate)) / rate
    syllables = 0.2 + 0.8 * np.abs(np.sin(2 * np.pi * 2 * t))
    return (level * syllables * np.sin(2 * np.pi * 150 * t)).astype(np.float32)


def write(
    path: Path, samples: Samples, rate: int = 24_000, width: int = 2, channels: int = 1
) -> Path:
    whole = np.rint(samples.astype(np.float64) * ((1 << (8 * width - 1)) - 1)).astype("<i4")
    raw = (whole + 128 * (width == 1)).astype("<i4").tobytes()
    pieces = np.frombuffer(raw, np.uint8).reshape(-1, 4)[:, :width]
    pieces = np.repeat(pieces[:, None], channels, axis=1)
    with path.open("wb") as file, wave.open(file, "wb") as clip:
        clip.setnchannels(channels)
        clip.setsampwidth(width)
        clip.setframerate(rate)
        clip.writeframes(pieces.tobytes())
    return path


@pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 1), (3, 1), (4, 1), (2, 2), (3, 6)])
def test_every_width_and_number_of_channels_is_read(
    tmp_path: Path, width: int, channels: int
) -> None:
    samples = voice()
    clip = read_clip(write(tmp_path / "c.wav", samples, width=width, channels=channels))
    assert clip.rate == 24_000 and clip.samples.dtype == np.float32
    np.testing.assert_allclose(clip.samples, samples, atol=0.02 if width == 1 else 1e-4)
    check_clip(clip)


def refusal(clip: PcmChunk, longest: float = 3.0) -> BadClip:
    with pytest.raises(BadClip) as caught:
        check_clip(clip, longest)
    assert caught.value.remedy
    return caught.value


def test_too_long_is_refused_before_the_sound_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "c.wav", voice(3.5))
    with pytest.raises(BadClip, match=r"3\.50 s; the limit is 3 s") as caught:
        read_clip(path)
    assert "-t 3" in caught.value.remedy and "--max-seconds" in caught.value.remedy
    assert read_clip(path, 30.0).seconds == pytest.approx(3.5)
    # A header that promises hours, with nothing behind it.
    raw = bytearray(path.read_bytes()[:100])
    raw[40:44] = struct.pack("<I", 0x7FFFFFF0)
    path.write_bytes(raw)
    with pytest.raises(BadClip, match="the limit is 30 s"):
        read_clip(path, MOST_S)


def test_too_short_silent_distorted_and_empty_sounds_are_refused() -> None:
    assert "0.50 s; at least 1 s" in refusal(PcmChunk(voice(0.5), 24_000)).message
    assert "0.00 s" in refusal(PcmChunk(voice(0.0), 24_000)).message
    silent = refusal(PcmChunk(voice(level=0.001), 24_000)).message
    assert "-60 dB" in silent and "-34 dB" in silent
    assert "silent" in refusal(PcmChunk(np.zeros(48_000, np.float32), 24_000)).message
    loud = np.clip(voice(level=3.0), -1, 1)
    assert "cut off at full scale, the limit is 0.1 %" in refusal(PcmChunk(loud, 24_000)).message
    broken = voice()
    broken[7] = np.nan
    assert "no numbers" in refusal(PcmChunk(broken, 24_000)).message


@pytest.mark.parametrize("level", [0.3, -0.9])
def test_a_constant_is_silence(level: float) -> None:
    assert "silent" in refusal(PcmChunk(np.full(48_000, level, np.float32), 24_000)).message
    shifted = PcmChunk(voice() + np.float32(0.1), 24_000)
    check_clip(shifted)


def test_a_click_is_no_speech() -> None:
    click = np.full(48_000, 1e-4, np.float32)
    click[10_000:10_500] = voice()[:500]
    assert "at least 0.5 s" in refusal(PcmChunk(click, 24_000)).message


def test_a_few_peaks_at_full_scale_are_no_distortion() -> None:
    samples = voice()
    samples[::4000] = 1.0
    check_clip(PcmChunk(samples, 24_000))


@pytest.mark.parametrize("rate", [8_000, 11_025, 400_000])
def test_rates_that_hold_no_voice_are_refused(tmp_path: Path, rate: int) -> None:
    with pytest.raises(BadClip, match=rf"{rate} Hz; 16,000 to 192,000 Hz"):
        read_clip(write(tmp_path / "c.wav", voice(2.0, rate), rate))


def test_files_that_are_no_wav_are_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "c.wav", voice()).read_bytes()
    float_wav = bytearray(whole)
    float_wav[20:22] = struct.pack("<H", 3)
    no_rate = bytearray(whole)
    no_rate[24:28] = bytes(4)
    wrong = {
        "empty": b"",
        "text": b"RIFF of nothing",
        "an mp3": b"ID3" + bytes(500),
        "float samples": bytes(float_wav),
        "a rate of 0": bytes(no_rate),
        "cut in its header": whole[:30],
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


def test_a_cut_file_gives_what_is_there(tmp_path: Path) -> None:
    path = write(tmp_path / "c.wav", voice())
    path.write_bytes(path.read_bytes()[: 44 + 30_001])
    clip = read_clip(path)
    assert len(clip.samples) == 15_000
    assert "0.62 s" in refusal(clip).message


def test_resampling_keeps_length_and_pitch() -> None:
    clip = PcmChunk(voice(2.0, 44_100), 44_100)
    low = resampled(clip, 16_000)
    assert len(low) == 32_000
    peak = np.abs(np.fft.rfft(low)).argmax() * 16_000 / len(low)
    assert peak == pytest.approx(150, abs=5)
    assert resampled(clip, 44_100) is clip.samples
