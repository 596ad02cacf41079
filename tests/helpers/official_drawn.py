"""Files of tokens as the script on docs/use/judge-a-voice.md writes them, made by a bundle of ours
in place of the official code: the draw is listened to while a sentence is spoken."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from edge import synth
from edge.bundle import Bundle
from edge.pcm import PcmChunk
from edge.synth import Style
from edge.synth.cosyvoice3.sampling import Sampler
from edge.synth.cosyvoice3.settings import read_settings
from edge.synth.cosyvoice3.speaker import Speaker, from_print
from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer, SpokenSegment
from tests.helpers.kept_cosyvoice3 import loaded
from tests.synth.test_clip import voice as hum

Arrays = dict[str, Any]


def sentence(bundle: Bundle) -> Arrays:
    """A sentence in the voice of a clip, from the bundle's first variant."""
    clip = PcmChunk(hum(2.5, 44_100), 44_100)
    speaker = from_print(synth.enroll(bundle, clip, "Hello there."), read_settings(bundle))
    return speak(loaded(bundle), "The kettle is on, and the toast is done.", speaker)


def speak(voice: CosyVoice3Synthesizer, text: str, speaker: Speaker) -> Arrays:
    """Speak a text of one segment in the voice of a clip, whose words are `speaker.text`."""
    [planned] = voice.plan(text, Style())
    assert isinstance(planned, SpokenSegment)
    before = (*planned.before, *speaker.text)
    segment = dataclasses.replace(planned, voice=speaker, before=before, goes_on=True)
    logits: list[Any] = []
    drawn: list[int] = []
    draw = Sampler.draw

    def listened(sampler: Sampler, scores: Any, early: bool) -> int:
        logits.append(scores.astype(np.float64))
        drawn.append(draw(sampler, scores, early))
        return drawn[-1]

    with mock.patch.object(Sampler, "draw", listened):
        sound = np.concatenate([chunk.samples for chunk in voice.speak(segment)])
    rows = np.stack(logits)
    rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
    return {
        "text": np.array((*before, *segment.ids), np.int32),
        "heard": np.array(speaker.tokens, np.int32),
        "drawn": np.array(drawn),
        "logp": rows.astype(np.float32),
        "clip_tokens": np.array(speaker.tokens, np.int32),
        "clip_mel": speaker.mel,
        "clip_vector": speaker.vector,
        "sound": sound,
    }


def write(folder: Path, name: str, arrays: Arrays) -> Path:
    path = folder / f"{name}.npz"
    np.savez(path, **arrays)
    return path
