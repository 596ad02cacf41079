"""Keep what the flow computes of a voice's clip, made once, beside its print.

The frames of the clip are the same in every sentence, and so are their keys and values where
frames see no later block. A file of them is mapped: a sentence reads what it needs, and memory
that is short may drop it. It is as private as the print: its owner's alone, wiped with it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge.bundle import Bundle, Variant
from edge.files import write_whole
from edge.synth.cosyvoice3.flow import Flow, FlowRun
from edge.synth.cosyvoice3.flow_state import FlowState, Layout, ReadOnlyState
from edge.synth.cosyvoice3.providers import CPU, heavy
from edge.synth.cosyvoice3.settings import read_settings
from edge.synth.cosyvoice3.speaker import Speaker, from_print
from edge.synth.voice_print import load_print, state_file

log = logging.getLogger(__name__)

FORMAT = b"edge-voice flow state 1\n"
HEADER = 64
"""Bytes before the numbers: FORMAT, and a key's 32."""
SECOND = 25
"""Speech tokens of the second of speech that tells whether a state pays."""


def keep_beside(bundle: Bundle, variant: Variant, path: Path) -> str:
    """Make the state of the print in `path` and keep it, where it pays on this board."""
    settings = read_settings(bundle)
    speaker = from_print(load_print(path, bundle), settings)
    flow = Flow(bundle, variant, settings, heavy(bundle))
    flow.warm_up()
    state_file(path).unlink(missing_ok=True)
    if not flow.keeps:
        return "its frames are made anew in each sentence: that was faster on this board's GPU"
    state = make_state(flow, speaker)
    if state is None:
        return "its clip is too short to keep anything of it"
    if flow.provider == CPU[0].name and (share := share_of_work(flow, speaker, state)) >= 1:
        return f"its frames are made anew in each sentence: kept ones took {share:.2f} of the time"
    size = write_state(state_file(path), key_of(bundle, flow.made_by, speaker), state) >> 20
    return f"what is computed of the clip is kept: {size} MB in {state_file(path).name}"


def key_of(bundle: Bundle, made_by: str, speaker: Speaker) -> bytes:
    """Tell a state from that of another clip, another graph or grid, or another build."""
    digest = hashlib.sha256(f"{bundle.id} {made_by}".encode())
    for array in (np.array(speaker.tokens, np.int32), speaker.mel, speaker.vector):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()


def whole_blocks(flow: Flow, speaker: Speaker) -> int:
    """Tokens of the clip in whole blocks. The last of them may look ahead past the clip's end: to
    nothing here, as at the end of a sentence, and in the released code to the first tokens of the
    sentence. Their mel is the clip's own either way."""
    block = flow.numbers.block_frames // flow.numbers.frames_per_token
    return len(speaker.tokens) // block * block


def make_state(flow: Flow, speaker: Speaker) -> ReadOnlyState | None:
    """Run the flow over the clip's whole blocks; None where it has none."""
    tokens = whole_blocks(flow, speaker)
    if not tokens:
        return None
    frames = tokens * flow.numbers.frames_per_token
    state = FlowState(flow.layout, frames)
    run = FlowRun(flow, speaker, True, state)
    for _ in run.prepare(frames):
        pass
    return ReadOnlyState(*state.whole())


def share_of_work(flow: Flow, speaker: Speaker, state: ReadOnlyState) -> float:
    """Measure on this board how much of the time of a second of speech is left with the state."""
    kept, anew = (min(_step_times(FlowRun(flow, speaker, False, each))) for each in (state, None))
    return kept / anew


def _step_times(run: FlowRun) -> Iterator[float]:
    steps = run.push([0] * SECOND, final=True)
    next(steps)  # its memory is asked for
    for _ in range(3):
        began = time.perf_counter()
        next(steps)
        yield time.perf_counter() - began
    steps.close()


def write_state(path: Path, key: bytes, state: ReadOnlyState) -> int:
    """Whole or not at all, readable by its owner alone; the bytes written. Raises DiskFull,
    NotWritable."""
    header = (FORMAT + key).ljust(HEADER, b"\0")
    write_whole(path, b"".join([header, state.tails.tobytes(), state.past.data]), mode=0o600)
    return path.stat().st_size


def read_state(path: Path, key: bytes, each: Layout) -> ReadOnlyState | None:
    """Map a state that was made for this; None if there is none, which only takes longer."""
    tails_shape, one = (each.steps, *each.tails), each.frame_bytes
    tails_bytes = 4 * int(np.prod(tails_shape))
    try:
        with path.open("rb") as file:
            header, size = file.read(HEADER), os.fstat(file.fileno()).st_size
        frames, rest = divmod(size - HEADER - tails_bytes, one)
        if header != (FORMAT + key).ljust(HEADER, b"\0") or rest or frames < 1:
            log.info("%s is of another voice or build: the state is made anew", path.name)
            return None
        tails = np.memmap(path, np.float32, "r", HEADER, tails_shape)
        past = np.memmap(
            path, each.type, "r", HEADER + tails_bytes, (each.steps, frames, *each.shape)
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("%s cannot be read: %s", path, error.strerror)
        return None
    return ReadOnlyState(past, tails)
