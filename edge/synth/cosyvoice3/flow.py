"""Speech tokens to a mel spectrogram: ten guided Euler steps from a fixed noise."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence

import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle, Variant
from edge.synth.cosyvoice3.flow_state import FlowState, layout, room, room_now
from edge.synth.cosyvoice3.providers import CPU, heavy
from edge.synth.cosyvoice3.settings import Settings
from edge.synth.cosyvoice3.speaker import Speaker
from edge.synth.session import Array, Session
from edge.synth.tables import read_table

log = logging.getLogger(__name__)

NOISE = "noise.npy"

Mel = npt.NDArray[np.float32]


class Flow:
    """`room`: frames whose state the profile's budget allows to keep; 0 where it allows none."""

    def __init__(self, bundle: Bundle, variant: Variant, settings: Settings) -> None:
        self.numbers = settings.flow
        self._front = Session(bundle, variant.graphs["flow_front"], CPU)  # 1 M weights
        self._step = Session(bundle, variant.graphs["flow_step"], heavy(bundle))
        self.provider = self._step.provider
        # The same in every request, as the released model does: its mel depends on nothing else.
        noise = read_table(bundle, NOISE, settings.flow.mels, None)
        self._noise: Mel = noise[None].astype(np.float32)
        self._times = step_times(settings.flow.steps)
        self.layout = layout(self._step, settings.flow.steps)
        self.room = 0
        if self.layout is not None:
            self.room = min(room(bundle, variant, self.layout), self._noise.shape[2])

    @property
    def longest(self) -> int:
        """Tokens of prompt and speech together: there is no noise for more."""
        return int(self._noise.shape[2]) // self.numbers.frames_per_token

    def begin(self, speaker: Speaker, blocks: bool, expected: float) -> FlowRun:
        """One segment, of `expected` tokens after the speaker's own. `blocks`: see FlowRun. Where
        its state fits, as the budget and the free memory have it, it is kept."""
        frames = int((len(speaker.tokens) + expected) * self.numbers.frames_per_token)
        state = None
        if blocks and self.layout is not None and frames <= self.room:
            if frames <= (now := room_now(self.layout)):
                state = FlowState(self.layout, min(self.room, now))
            else:
                needed = frames * self.layout.frame_bytes >> 20
                log.info("no %d MB are free to keep the flow's state: it is made anew", needed)
        return FlowRun(self, speaker, blocks, state)

    def condition(self, tokens: Sequence[int], speaker: Speaker) -> tuple[Array, Array]:
        """mu (1, mels, frames) of the speaker's tokens and these, and spks (1, mels)."""
        every = np.array([[*speaker.tokens, *tokens]], np.int64)
        found = self._front.run({"token": every, "xvec": speaker.vector[None]})
        return found["mu"], found["spks"]

    def euler(
        self, begin: int, inputs: dict[str, Array], state: FlowState | None
    ) -> Generator[None, None, Mel]:
        """The mel (mels, frames) from the frame `begin` on, as many as `inputs` has; yields after
        each step."""
        count = inputs["mu"].shape[2]
        x = self._noise[:, :, begin : begin + count].copy()
        for place, step in enumerate(np.diff(self._times)):
            t = self._times[place : place + 1]
            kept = state.inputs(place, count) if state is not None else {}
            outputs = self._step.run({"x": x, "t": t, **inputs, **kept})
            if state is not None:
                state.keep(place, outputs)
            x = x + step * outputs["v"]
            yield
        mel: Mel = x[0]
        return mel


class FlowRun:
    """The mel of one segment, in order.

    `blocks`: a frame sees its block and those before it, so that more tokens change no frame of a
    whole block; else every frame sees all, and all must come in one push. With a state a push
    makes only its own frames; without, all of the segment's anew, which gives the same.
    """

    def __init__(
        self, flow: Flow, speaker: Speaker, blocks: bool, state: FlowState | None
    ) -> None:
        self._flow, self._speaker, self._blocks, self._state = flow, speaker, blocks, state
        self._out = speaker.mel.shape[1]  # frames that are out, the prompt's among them

    @property
    def keeps_state(self) -> bool:
        return self._state is not None

    def push(self, tokens: Sequence[int], final: bool) -> Generator[None, None, Mel]:
        """Returns the mel (mels, frames) that is new with `tokens`, all of the segment so far;
        yields after each step, so that it can be dropped there. Unless `final`, the last tokens
        are only looked ahead to, and those before them end a block."""
        numbers = self._flow.numbers
        mu, spks = self._flow.condition(tokens, self._speaker)
        end = mu.shape[2]
        if not final:
            end -= numbers.look_ahead_tokens * numbers.frames_per_token
        if self._state is not None and end > self._state.room:
            # More was said than its text told. Without the state it goes on with the same sound.
            log.info("the flow's state of %d frames is let go of: it is full", self._state.room)
            self._state = None
        begin = self._state.frames if self._state is not None else 0
        prompt = self._speaker.mel.shape[1]
        cond = np.zeros((1, numbers.mels, end), np.float32)
        cond[0, :, :prompt] = self._speaker.mel
        mask = np.ones((1, 1, end - begin, end), np.bool_)
        if self._blocks:
            mask[0, 0] = block_mask(end, numbers.block_frames)[begin:]
        inputs = {"mu": mu[:, :, begin:end], "cond": cond[:, :, begin:], "spks": spks}
        mel = yield from self._flow.euler(begin, inputs | {"attn_mask": mask}, self._state)
        new = mel[:, self._out - begin :]
        self._out = end
        return new


def step_times(steps: int) -> npt.NDArray[np.float32]:
    """Small steps first: 1 - cos of even ones. An even grid is a mistake that some ports made."""
    even = np.linspace(0, 1, steps + 1, dtype=np.float32)
    return np.asarray(1 - np.cos(even * np.float32(0.5 * np.pi)), np.float32)


def block_mask(frames: int, block: int) -> npt.NDArray[np.bool_]:
    """(frames, frames), true where a frame (row) sees another; blocks count from the prompt on."""
    numbers = np.arange(frames) // block
    seen: npt.NDArray[np.bool_] = numbers[:, None] >= numbers[None]
    return seen
