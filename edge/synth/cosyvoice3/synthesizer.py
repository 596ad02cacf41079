"""Family `cosyvoice3`: text -> speech tokens -> mel -> sound, in the voice of a print."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from edge.bundle import Bundle, Variant
from edge.errors import BadStyle, ModelFailed
from edge.pcm import PcmChunk, Samples
from edge.synth import Segment, Style
from edge.synth.cosyvoice3.flow import Flow, FlowRun
from edge.synth.cosyvoice3.flow_steps import Mel
from edge.synth.cosyvoice3.language_model import LanguageModel
from edge.synth.cosyvoice3.prompt_state import key_of, read_state
from edge.synth.cosyvoice3.providers import CPU, chains
from edge.synth.cosyvoice3.sampling import Sampler, SilenceFilter, flow_tokens
from edge.synth.cosyvoice3.segments import SPEECH_PER_TEXT_TOKEN, cut
from edge.synth.cosyvoice3.settings import read_settings
from edge.synth.cosyvoice3.speaker import Speaker, from_print, nobody
from edge.synth.cosyvoice3.tokenizer import TextTokenizer
from edge.synth.cosyvoice3.vocoder import SoundStream, Vocoder
from edge.synth.cosyvoice3.word_times import WordTimes
from edge.synth.print_cache import PrintCache
from edge.synth.session import Array
from edge.synth.voice_print import find_print, read_label, state_file
from edge.text.cleaning import clean

log = logging.getLogger(__name__)

LEAST_HOP = 12
"""Tokens of the first step: the sound of fewer is over before the next step is done. 12 give 16
frames of sound, 0.3 s, behind the 8 that the vocoder looks ahead to."""
LONGEST_HOP = 4
"""Blocks of the longest step where each makes the whole mel anew: they grow, 1, 2, 4, 4, ..."""
NO_SEED = (0, 0, 1)
"""Fixes the noise of tokens that were drawn elsewhere: that of a text's first segment."""


@dataclass(frozen=True)
class SpokenSegment(Segment):
    """`voice` is whose, from planning on: a print may be replaced or wiped meanwhile."""

    voice: Speaker | None = field(default=None, compare=False, repr=False)
    before: tuple[int, ...] = ()
    """Ids that stand before those of the text: the prefix, and what the clip says."""
    goes_on: bool = False
    """True if the language model goes on from the clip's own speech tokens."""


class CosyVoice3Synthesizer:
    """`streams`: sound comes while speech tokens are still made, from frames in blocks. Where the
    budget has no room for the flow's state, each step makes all frames of before anew, so it pays
    only where the flow is far faster than speech; else the flow runs once for a segment. None: it
    streams on everything but a CPU.
    """

    def __init__(self, bundle: Bundle, variant: Variant, streams: bool | None = None) -> None:
        settings = read_settings(bundle)
        self._bundle, self._settings = bundle, settings
        self._tokenizer = TextTokenizer(bundle, settings)
        for chain in chains(bundle):
            try:
                self._model = LanguageModel(bundle, variant, settings, chain)
                self._flow = Flow(bundle, variant, settings, chain)
                self._vocoder = Vocoder(bundle, variant, settings, chain)
                self._warm_up()
                break
            except ModelFailed as error:
                # A provider that was not compiled for this GPU is offered, and cannot run.
                if chain[0].name == CPU[0].name or chain[0].require:
                    raise
                log.warning("not %s: %s", chain[0].name, error.message)
        self._nobody, self._prints = nobody(settings), PrintCache(bundle)
        self.rate, self.provider = settings.rate, self._flow.provider
        self.variant = variant.name
        self.streams = self.provider != "CPUExecutionProvider" if streams is None else streams

    def _warm_up(self) -> None:
        self._model.warm_up()
        self._flow.warm_up()
        self._vocoder.warm_up()

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        voice = self._nobody if style.speaker is None else self._print(style.speaker)
        goes_on = self._goes_on(voice, style)
        before = (*self._tokenizer.prefix(style.how), *(voice.text if goes_on else ()))
        cleaned = clean(text)
        pieces = cut(cleaned, self._tokenizer.encode)
        return [
            SpokenSegment(
                piece.ids,
                style,
                index,
                words=piece.words if words else (),
                voice=voice,
                before=before,
                goes_on=goes_on,
            )
            for index, piece in enumerate(pieces)
        ]

    def _goes_on(self, voice: Speaker, style: Style) -> bool:
        """Tell which of the model's forms is asked for. With an instruction, in another language
        than the clip's, and where nobody told what the clip says, the language model hears
        nothing of the clip, or it would speak as the clip does; the flow keeps it."""
        own = style.language or self._bundle.manifest.language
        foreign = voice.language is not None and own.split("_")[0] != voice.language.split("_")[0]
        return bool(voice.text) and style.how is None and not foreign

    def durations(self, segment: Segment) -> tuple[int, ...]:
        return ()

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        assert isinstance(segment, SpokenSegment)
        voice = segment.voice or self._nobody
        settings, flow = self._settings, self._settings.flow
        sampler = Sampler(settings.sampling, settings.codes, segment.seed)
        silence = SilenceFilter(frozenset(settings.silent_tokens))
        sound = SoundStream(self._vocoder, segment.style.speed, (*segment.seed, 1))
        expected = SPEECH_PER_TEXT_TOKEN * len(segment.ids)
        words = WordTimes(segment.words, len(segment.ids))
        tokens: list[int] = []
        flow_run = self._flow.begin(voice, self.streams, expected)
        hop, step = self._first_hop(voice), settings.block_tokens
        text, heard = (*segment.before, *segment.ids), voice.tokens if segment.goes_on else ()
        most = self._flow.longest - len(voice.tokens)
        speech = self._model.speak(text, len(segment.ids), heard, sampler, most)
        for token in speech:
            yield self._chunk()  # a stop is heard between tokens, steps and windows
            if silence.keeps(token):
                tokens.append(token)
            if self.streams and len(tokens) >= hop + flow.look_ahead_tokens:
                mel = yield from self._mel(flow_run, tokens, final=False)
                for samples in sound.push(mel, final=False):
                    yield words.place(self._chunk(samples), self._samples(expected, segment))
                if not flow_run.keeps_state:
                    step = min(2 * step, LONGEST_HOP * settings.block_tokens)
                hop += step
        mel = yield from self._mel(flow_run, tokens, final=True)
        total = self._samples(len(tokens), segment)
        for samples in sound.push(mel, final=True):
            yield words.place(self._chunk(samples), total, last=sound.ended)

    def logits(
        self, text: Sequence[int], spoken: Sequence[int], drawn: Sequence[int]
    ) -> Iterator[Array]:
        """Yield the logits (ids,) that each of `drawn`, another implementation's tokens, would
        have been drawn from here."""
        return self._model.follow(text, spoken, drawn)

    def speak_tokens(self, voice: Speaker, drawn: Sequence[int]) -> Iterator[PcmChunk]:
        """Speak such tokens, every frame seeing all, as the released code does where it does not
        stream."""
        tokens = flow_tokens(drawn, self._settings)
        flow_run = self._flow.begin(voice, False, len(tokens))
        mel = yield from self._mel(flow_run, tokens, final=True)
        for samples in SoundStream(self._vocoder, 1.0, NO_SEED).push(mel, final=True):
            yield self._chunk(samples)

    def _mel(
        self, flow_run: FlowRun, tokens: list[int], final: bool
    ) -> Generator[PcmChunk, None, Mel]:
        steps = flow_run.push(tokens, final)
        while True:
            try:
                next(steps)
            except StopIteration as done:
                mel: Mel = done.value
                return mel
            yield self._chunk()

    def _first_hop(self, voice: Speaker) -> int:
        """Tokens to the end of the first block that the prompt leaves enough room in."""
        block = self._settings.block_tokens
        rest = -len(voice.tokens) % block
        return rest if rest >= LEAST_HOP else rest + block

    def _samples(self, tokens: float, segment: Segment) -> int:
        settings = self._settings
        frames = int(tokens * settings.flow.frames_per_token / segment.style.speed)
        return frames * settings.source.frame

    def _chunk(self, samples: Samples | None = None) -> PcmChunk:
        return PcmChunk(np.zeros(0, np.float32) if samples is None else samples, self.rate)

    def _print(self, name: str) -> Speaker:
        path = find_print(name)
        if path is None:
            raise BadStyle(
                f"this voice has no speaker {name!r}",
                f"Make one: edge clone {name} CLIP.wav --text 'what it says'; or leave it out.",
            )
        speaker = from_print(self._prints.load(path), self._settings)
        key = key_of(self._bundle, self._flow.made_by, speaker)
        state = read_state(state_file(path), key, self._flow.layout)
        return dataclasses.replace(speaker, language=read_label(path).language, state=state)
