"""espeak's voice is set when it changes, and only then (0.1 s)."""

from __future__ import annotations

import ctypes
import random
import subprocess
import sys

import pytest
from piper import espeakbridge
from piper.phonemize_espeak import EspeakPhonemizer

from edge.bundler import corpus
from edge.synth.piper.espeak import Voice, keep_voice
from tests.helpers.daemon_under_test import ROOT

TEXTS = [text for name in ("en", "de") for text in corpus.sentences("evaluation", name)]


class Bridge:
    """Notes what espeak is told; it has no voice "xx"."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def set_voice(self, name: str) -> None:
        self.told.append(name)
        if name == "xx":
            raise RuntimeError(name)

    def initialize(self, folder: str) -> None:
        self.told.append(folder)


def test_only_a_change_reaches_espeak() -> None:
    bridge = Bridge()
    voice = Voice(bridge)
    for name in ("en-us", "en-us", "de", "de", "en-us"):
        voice.set(name)
    with pytest.raises(RuntimeError):
        voice.set("xx")
    voice.set("en-us")  # what espeak did with the one that it lacks is not known
    voice.start("data")
    voice.set("en-us")
    assert bridge.told == ["en-us", "de", "en-us", "xx", "en-us", "data", "en-us"]


def test_the_phonemes_are_those_of_a_voice_set_each_time() -> None:
    keep_voice()
    set_always = espeakbridge.set_voice.__self__._set
    espeak = EspeakPhonemizer()
    wanted = {}
    for voice in ("en-us", "de"):
        for text in TEXTS:
            set_always(voice)
            wanted[voice, text] = espeakbridge.get_phonemes(text)
    espeak = EspeakPhonemizer()  # forgets the voice
    order = list(wanted)
    random.Random(1).shuffle(order)
    for voice, text in order:
        espeak.phonemize(voice, "One.")
        assert espeakbridge.get_phonemes(text) == wanted[voice, text]


def test_speaking_keeps_no_memory() -> None:
    """2,000 texts kept 2.7 MB before; counted by the C library, in a process of its own."""
    if not hasattr(ctypes.CDLL(None), "mallinfo2"):
        pytest.skip("mallinfo2 is in glibc from 2.33 on")
    code = """
import ctypes
from piper.phonemize_espeak import EspeakPhonemizer
from edge.synth.piper.espeak import keep_voice
class Info(ctypes.Structure):
    _fields_ = [(n, ctypes.c_size_t) for n in "abcdefghij"]
count = ctypes.CDLL(None).mallinfo2
count.restype = Info
keep_voice()
espeak = EspeakPhonemizer()
espeak.phonemize("en-us", "One.")
before = count().h
for _ in range(500):
    espeak.phonemize("en-us", "One.")
print(count().h - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < 100_000  # 680,000 without
