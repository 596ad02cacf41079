"""Speech tokens to a mel spectrogram: guided Euler steps from a fixed noise."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence

import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle, Variant
from edge.profile import Provider
from edge.synth.cosyvoice3.flow_grid import make_grid
from edge.synth.cosyvoice3.flow_state import (
    FlowState,
    ReadOnlyState,
    layout,
    room,
    room_now,
)
from edge.synth.cosyvoice3.flow_steps import (
    ArrayRun,
    DeviceRun,
    DeviceState,
    Mel,
    RecordedRun,
    RecordedSteps,
    StepRun,
    all_steps,
    keeping_pays,
)
from edge.synth.cosyvoice3.providers import CPU
from edge.synth.cosyvoice3.settings import Settings
from edge.synth.cosyvoice3.speaker import Speaker
from edge.synth.session import Array, Session
from edge.synth.tables import read_table

log = logging.getLogger(__name__)

NOISE = "noise.npy"
LONGER = 1.5
"""Times the expected length that a GPU's memory is taken for, where a state is kept."""

State = FlowState | ReadOnlyState | DeviceState


class Flow:
    """`room`: frames whose state the profile's budget allows to keep; 0 where it allows none.
    `made_by`: graph and steps, which a kept state belongs to. `keeps`: whether a segment that
    streams goes on from its state; on a GPU only where that was measured to be faster."""

    def __init__(
        self, bundle: Bundle, variant: Variant, settings: Settings, chain: tuple[Provider, ...]
    ) -> None:
        self.numbers = settings.flow
        self.grid = make_grid(settings.flow, variant.options)
        self._front = Session(bundle, variant.graphs["flow_front"], CPU)  # 1 M weights
        graph = variant.graphs["flow_step"]
        self.made_by = f"{graph} {self.grid.name}".rstrip()
        self._step = Session(bundle, graph, chain, records=True)
        self.provider = self._step.provider
        # The same in every request, as the released model does: its mel depends on nothing else.
        noise = read_table(bundle, NOISE, settings.flow.mels, None)
        self._noise: Mel = noise[None].astype(np.float32)
        self.layout = layout(self._step, len(self.grid.rows))
        self.room = min(room(bundle, variant, self.layout), self._noise.shape[2])
        self.keeps = True
        self._recorded: RecordedSteps | None = None
        if self._step.device != "cpu":
            self._recorded = RecordedSteps(self._step, settings.flow.mels, self.grid)

    def warm_up(self) -> None:
        """On a GPU, meet the usual lengths, and measure whether to keep the state pays."""
        if self._recorded is not None:
            self._recorded.warm_up()
            mels = self.numbers.mels
            self.keeps = keeping_pays(self._step, self._recorded, self.layout, mels)
            how = "kept" if self.keeps else "made anew"
            log.info("the flow's state is %s: so it was faster just now", how)

    @property
    def longest(self) -> int:
        """Tokens of prompt and speech together: there is no noise for more."""
        return int(self._noise.shape[2]) // self.numbers.frames_per_token

    def begin(self, speaker: Speaker, blocks: bool, expected: float) -> FlowRun:
        """One segment, of `expected` tokens after the speaker's own. `blocks`: see FlowRun. Where
        its state fits, as the budget and the free memory have it, it is kept."""
        frames = int((len(speaker.tokens) + expected) * self.numbers.frames_per_token)
        return FlowRun(self, speaker, blocks, self._state(speaker, blocks, frames))

    def _state(self, speaker: Speaker, blocks: bool, frames: int) -> State | None:
        voice = speaker.state
        if not blocks:
            return voice if self._recorded is None else None
        if not self.keeps or frames > self.room:
            return None
        if frames > (now := room_now(self.layout)):
            needed = frames * self.layout.frame_bytes >> 20
            log.info("no %d MB are free to keep the flow's state: it is made anew", needed)
            return None
        most = min(self.room, now)
        if self._recorded is None:
            return FlowState(self.layout, most, (voice.past, voice.tails) if voice else None)
        most = min(most, int(LONGER * frames))
        state = DeviceState(self._step, self.layout, most, len(self.grid.rows))
        if voice is not None:
            state.fill(voice.past, voice.tails)
        return state

    def condition(self, tokens: Sequence[int], speaker: Speaker) -> tuple[Array, Array]:
        """mu (1, mels, frames) of the speaker's tokens and these, and spks (1, mels)."""
        every = np.array([[*speaker.tokens, *tokens]], np.int64)
        found = self._front.run({"token": every, "xvec": speaker.vector[None]})
        return found["mu"], found["spks"]

    def euler(
        self, begin: int, inputs: dict[str, Array], state: State | None
    ) -> Generator[None, None, Mel]:
        """The mel (mels, frames) from the frame `begin` on, as many as `inputs` has; yields after
        each step."""
        x = self._noise[:, :, begin : begin + inputs["mu"].shape[2]].copy()
        run = self._run(x, inputs | {"place": np.array([begin])}, state)
        try:
            yield from all_steps(run, len(self.grid.rows))
            return run.mel()
        finally:
            if self._recorded is not None and isinstance(run, RecordedRun):
                self._recorded.take_back(run)

    def _run(self, x: Array, inputs: dict[str, Array], state: State | None) -> StepRun:
        if isinstance(state, DeviceState):
            return DeviceRun(self._step, x, inputs, state, self.grid)
        if self._recorded is not None and state is None:
            return self._recorded.run(x, inputs)
        return ArrayRun(self._step, x, inputs, state, self.grid)


class FlowRun:
    """The mel of one segment, in order.

    `blocks`: a frame sees its block and those before it, so that more tokens change no frame of a
    whole block; else every frame sees all, and all must come in one push. With a state a push
    makes only its own frames; without, all of the segment's anew, which gives the same.
    """

    def __init__(self, flow: Flow, speaker: Speaker, blocks: bool, state: State | None) -> None:
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
        mel = yield from self._frames(mu, spks, begin, end)
        new = mel[:, self._out - begin :]
        self._out = end
        return new

    def prepare(self, frames: int) -> Generator[None, None, None]:
        """Bring the first `frames` of the clip into the state, and nothing else; yields after
        each step."""
        mu, spks = self._flow.condition((), self._speaker)
        yield from self._frames(mu, spks, 0, frames)

    def _frames(self, mu: Array, spks: Array, begin: int, end: int) -> Generator[None, None, Mel]:
        numbers, speaker = self._flow.numbers, self._speaker
        prompt = min(end, speaker.mel.shape[1])
        cond = np.zeros((1, numbers.mels, end), np.float32)
        cond[0, :, :prompt] = speaker.mel[:, :prompt]
        mask = np.ones((1, 1, end - begin, end), np.bool_)
        if self._blocks:
            mask[0, 0] = block_mask(end, numbers.block_frames)[begin:]
        inputs = {"mu": mu[:, :, begin:end], "cond": cond[:, :, begin:], "spks": spks}
        return (yield from self._flow.euler(begin, inputs | {"attn_mask": mask}, self._state))


def block_mask(frames: int, block: int) -> npt.NDArray[np.bool_]:
    """(frames, frames), true where a frame (row) sees another; blocks count from the prompt on."""
    numbers = np.arange(frames) // block
    seen: npt.NDArray[np.bool_] = numbers[:, None] >= numbers[None]
    return seen
