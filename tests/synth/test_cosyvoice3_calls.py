"""The example calls of the released code: what our family gives its model for each. 3 s.

tests/data/exported/cosyvoice3-calls.json has what the released front end (commit ace7c47:
frontend.py's text_normalize without wetext, frontend_utils.py, and the tokens of
CosyVoice3Tokenizer in transformers' Qwen2Tokenizer, with the vocabulary of the tiny checkpoint)
makes of the calls in example.py.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.pcm import PcmChunk
from edge.synth import Style
from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer
from edge.synth.text_reader import sounds_of
from edge.synth.voice_print import FORMAT, Label, VoicePrint, checkpoint_of, save_print
from edge.text.markup import Phonemes
from tests.helpers.kept_cosyvoice3 import loaded
from tests.synth.test_clip import voice as hum

CALLS = json.loads(
    (Path(__file__).parents[1] / "data/exported/cosyvoice3-calls.json").read_text(encoding="utf-8")
)
ASSISTANT, END = "You are a helpful assistant.", "<|endofprompt|>"


@pytest.fixture(scope="module")
def voice(cosyvoice3_bundle: Bundle) -> CosyVoice3Synthesizer:
    return loaded(cosyvoice3_bundle)


@pytest.fixture(scope="module")
def print_(cosyvoice3_bundle: Bundle) -> VoicePrint:
    return synth.enroll(cosyvoice3_bundle, PcmChunk(hum(2.5, 44_100), 44_100), None)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def keep(
    bundle: Bundle, print_: VoicePrint, ids: tuple[int, ...] = (), language: str = "en"
) -> None:
    arrays = dict(print_.arrays) | {"text": np.array(ids, np.int32)}
    fits = checkpoint_of(bundle)
    label = Label(
        FORMAT, "anna", print_.family, bundle.voice.name, fits, language, "2026-01-01", "Yes."
    )
    save_print(dataclasses.replace(print_, arrays=arrays), label)


def asked(voice: CosyVoice3Synthesizer, text: str, style: Style) -> list[tuple[Any, ...]]:
    """Speak, and return what the language model was asked for: text, count, speech tokens; and
    how many tokens of the clip the flow has."""
    found: list[tuple[Any, ...]] = []

    def listen(text: tuple[int, ...], new: int, spoken: Any, *rest: object) -> Iterator[int]:
        found.append((tuple(text), new, len(spoken)))
        return iter([5] * 8)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(voice._model, "speak", listen)
        for segment in voice.plan(text, style):
            assert sum(len(chunk.samples) for chunk in voice.speak(segment)) > 0
    return found


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call["text"][-12:-6])
def test_an_example_call_gives_the_model_the_same_ids(
    cosyvoice3_bundle: Bundle, voice: CosyVoice3Synthesizer, print_: VoicePrint, call: Any
) -> None:
    prompt = (call["prompt_text"] or "").removeprefix(ASSISTANT)
    how, _, said = prompt.partition(END)
    keep(cosyvoice3_bundle, print_, voice._tokenizer.encode(said))
    style = Style(speaker="anna", how=how.strip() or None)
    found = asked(voice, call["text"].removeprefix(ASSISTANT + END), style)
    assert [list(text) for text, _, _ in found] == [
        call["prompt_ids"] + ids for ids in call["segments"]
    ]
    heard = 62 if call["speech_tokens_to_llm"] else 0
    assert [tokens for _, _, tokens in found] == [heard] * len(found)


def test_another_language_than_the_clip_s_is_spoken_without_its_tokens(
    cosyvoice3_bundle: Bundle, voice: CosyVoice3Synthesizer, print_: VoicePrint
) -> None:
    keep(cosyvoice3_bundle, print_, (1, 2, 3), language="de_DE")
    for language, tokens in ((None, 0), ("zh", 0), ("de", 62)):
        [(_, _, heard)] = asked(voice, "Guten Tag.", Style(speaker="anna", language=language))
        assert heard == tokens, language


def test_phonemes_become_the_model_s_tokens(
    cosyvoice3_bundle: Bundle, voice: CosyVoice3Synthesizer
) -> None:
    encode, names = voice._tokenizer.encode, voice._settings.special_tokens
    assert encode("[[j.ǐ]]") == encode("[j][i\u030c]") == (names["[j]"], names["[ǐ]"])
    sounds = sounds_of(cosyvoice3_bundle)
    assert sounds(Phonemes("təˈmɑːtoʊ", "ipa")) == "T.AH0.M.AA1.T.OW0"
    assert sounds(Phonemes("ˈʃɜːtʃ ɹɪŋz", "ipa")) == "SH.ER1.CH .R.IH0.NG.Z"
    said = sounds(Phonemes('tS3:dZ"eI', "x-sampa"))
    assert said == "CH.ER0.JH.EY1"
    assert len(encode(f"[[{said}]]")) == 4
    assert encode("[[no such]]") == encode("no such")
