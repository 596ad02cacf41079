"""A sound output as the thread that plays sees it: Sink. tests/contracts walks all of them."""

from __future__ import annotations

import logging
from typing import Protocol

from edge.errors import EdgeError, NoSoundDevice
from edge.pcm import Samples

log = logging.getLogger(__name__)

PAD_LATENCIES, PAD_S = 2, 0.050
"""Silence behind the last sample: so many latencies, and seconds. PortAudio's stop() throws away
what still waits in the device, its latency and about 10 ms; with this it throws away silence
(measured: one latency is not enough, two and 20 ms are borderline)."""

ABORT_WAIT_S = 0.050
"""Longest wait of an abort for a write in progress, which takes a block; one that takes longer
aborts by itself."""


class Sink(Protocol):
    """A player of mono sound at one rate. One thread writes, finishes and closes: the owner."""

    @property
    def name(self) -> str:
        """The device's own name, for people. Any thread."""

    @property
    def latency_s(self) -> float:
        """Seconds from a write to the ear, as far as the device tells. Any thread."""

    def write(self, samples: Samples) -> bool:
        """Play float32 (frames,) after what was written before. Owner; waits while too much is
        unheard.

        Returns True if the device ran dry since the last write. Raises NoSoundDevice, after which
        the next write tries to open the device anew.
        """

    def finish(self) -> None:
        """Return when everything written has been heard. Owner; waits. Raises NoSoundDevice."""

    def interrupt(self) -> None:
        """End a write or finish in progress before its next block. Any thread; never waits.

        Some of it may still sound; abort() or close() is to follow."""

    def abort(self) -> None:
        """Silence now; a write in progress returns soon. Any thread; waits ABORT_WAIT_S at the
        most. Never raises."""

    def close(self) -> None:
        """Let go of the device. Owner; waits for it."""


def told(error: Exception) -> EdgeError:
    """Put a failure as clients are told it; one that nobody foresaw must not end the playback."""
    if isinstance(error, EdgeError):
        return error
    log.debug("the failure", exc_info=error)
    return NoSoundDevice(
        f"the sound device failed: {type(error).__name__}: {error}",
        "The daemon goes on; edge doctor lists the sound devices.",
    )


def play_out(sink: Sink | None, error: Exception) -> bool:
    """Let a device end what it holds before it is closed, which throws that away; False if it
    cannot, as where it is the device that failed with `error`."""
    if sink is None or isinstance(error, NoSoundDevice):
        return sink is None
    try:
        sink.finish()
    except Exception as again:  # the failure before is told
        log.debug("the failure after it", exc_info=again)
        return False
    return True
