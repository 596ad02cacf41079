"""When the sound of a segment may be given out, so that playback need not wait once it began."""

from __future__ import annotations

from edge.pcm import PcmChunk
from edge.synth.pocket.segments import TOKENS_PER_SECOND

NEWEST = 0.5
"""Weight of the segment that was spoken last in the pace of this machine."""


class Pace:
    """Seconds of work for a frame on this machine, as far as it is known."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def learn(self, seconds: float) -> None:
        self.seconds += NEWEST * (seconds - self.seconds)


class Lead:
    """Holds the first chunks back where the machine is slow: until the next run is paid for by the
    sound that is there, and on one that is slower than speech, all that are to come."""

    def __init__(self, pace: Pace, frame_s: float, safety: float, tokens: int) -> None:
        self._pace, self._frame_s, self._safety = pace, frame_s, safety
        self._expected = tokens / TOKENS_PER_SECOND / frame_s
        self._held: list[PcmChunk] = []
        self._frames = self._first = 0
        self._worked = 0.0
        self._begun = False

    def worked(self, seconds: float) -> None:
        """Count time that was spent; that before the first chunk, on the text, is no measure."""
        if self._frames:
            self._worked += seconds

    def take(self, chunk: PcmChunk, frames: int, coming: int, last: bool) -> list[PcmChunk]:
        """Return what may be heard now. `coming`: frames of the next run."""
        self._first = self._first or frames
        self._frames += frames
        if last and self._frames > self._first:
            self._pace.learn(self._worked / (self._frames - self._first))
        self._held.append(chunk)
        if not (self._begun or last or self._paid(coming)):
            return []
        self._begun = True
        held, self._held = self._held, []
        return held

    def _paid(self, coming: int) -> bool:
        cost = self._safety * self._pace.seconds
        ready = self._frames * self._frame_s
        left = max(0.0, self._expected - self._frames)
        return ready >= coming * cost and ready >= left * (cost - self._frame_s)
