"""Answer as an output module of speech-dispatcher does: events, and sound for the server to play.

Source: speech-dispatcher 0.11.4, doc/speech-dispatcher.texi (Output Modules) and
src/modules/module_main.c; the escaping is that of HDLC.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]

BEGIN = b"701 BEGIN\n"
END = b"702 END\n"
STOPPED = b"703 STOP\n"
PAUSED = b"704 PAUSE\n"

PIECE_S = 0.1
"""Sound goes out in pieces: the server plays one wholly before it looks at the next answer."""
PIPE_BYTES = 4096
"""The pipe to the server is made this small, the least that Linux has: 93 ms at 22,050 Hz. What is
in it is played even after a stop."""
QUIET = 20
"""Amplitude, of 32767: softer samples are left out at the beginning, so that a typed letter is
heard at once. The voice joe begins a letter with up to 60 ms of it."""
TONE_HZ, TONE_S, TONE_PEAK = 880.0, 0.06, 6000


def mark_event(name: str) -> bytes:
    return f"700-{name}\n700 INDEX MARK\n".encode()


def audio_event(samples: Pcm, rate: int) -> bytes:
    """One 705 event of mono int16 (frames,); a newline may not stand in it."""
    data = samples.astype("<i2", copy=False).tobytes()
    data = data.replace(b"\x7d", b"\x7d\x5d").replace(b"\n", b"\x7d\x2a")
    head = (
        f"705-bits=16\n705-num_channels=1\n705-sample_rate={rate}\n"
        f"705-num_samples={len(samples)}\n705-big_endian=0\n705-AUDIO"
    )
    return head.encode() + b"\0" + data + b"\n705 AUDIO\n"


def tone(rate: int) -> Pcm:
    """The sign for a capital letter."""
    time_s = np.arange(round(TONE_S * rate)) / rate
    fade = np.minimum(1, np.minimum(time_s, TONE_S - time_s) / 0.005)
    return (TONE_PEAK * fade * np.sin(2 * np.pi * TONE_HZ * time_s)).astype(np.int16)
