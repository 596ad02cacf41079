"""The sink that the session's sound server (PulseAudio, PipeWire) plays to: its name and rate.

ALSA's `pulse` and `default` take any rate and report 44100, so PortAudio cannot tell. The server
can: a stream connected with PA_STREAM_FIX_RATE gets the rate of its sink. Polled, without
callbacks. Source: https://freedesktop.org/software/pulseaudio/doxygen/async.html
"""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass

_READY_CONTEXT, _FAILED_CONTEXT = 4, 5  # pa_context_state_t
_READY_STREAM, _FAILED_STREAM = 2, 3  # pa_stream_state_t
_NO_AUTOSPAWN = 1
_START_CORKED, _FIX_RATE = 0x0001, 0x0080
_S16LE = 3
_WAIT_S = 1.0


class _SampleSpec(ctypes.Structure):
    _fields_ = (
        ("format", ctypes.c_int),
        ("rate", ctypes.c_uint32),
        ("channels", ctypes.c_uint8),
    )


@dataclass(frozen=True)
class ServerSink:
    """`name` as the server gives it, such as bluez_output.AA_BB.1; `rate` in Hz."""

    name: str
    rate: int


def default_sink() -> ServerSink | None:
    """Ask where the server plays to now; None if no server answers within 1 s."""
    try:
        pulse = ctypes.CDLL("libpulse.so.0")
    except OSError:
        return None
    pointer = ctypes.c_void_p
    for name in ("pa_mainloop_new", "pa_mainloop_get_api", "pa_context_new", "pa_stream_new"):
        getattr(pulse, name).restype = pointer
    pulse.pa_stream_get_sample_spec.restype = ctypes.POINTER(_SampleSpec)
    pulse.pa_stream_get_device_name.restype = ctypes.c_char_p

    deadline = time.monotonic() + _WAIT_S
    # None is made where memory ends; libpulse ends the process of who hands it back.
    loop = pointer(pulse.pa_mainloop_new())
    if not loop:
        return None
    context = pointer(pulse.pa_context_new(pointer(pulse.pa_mainloop_get_api(loop)), b"edge"))
    if not context:
        pulse.pa_mainloop_free(loop)
        return None
    stream = pointer()

    def reached(state: ctypes._NamedFuncPointer, of: ctypes.c_void_p, goal: int) -> bool:
        while (now := state(of)) < goal and time.monotonic() < deadline:
            pulse.pa_mainloop_prepare(loop, ctypes.c_int(10_000))  # at most 10 ms, in us
            if pulse.pa_mainloop_poll(loop) < 0 or pulse.pa_mainloop_dispatch(loop) < 0:
                return False
        return bool(now == goal)

    try:
        if pulse.pa_context_connect(context, None, _NO_AUTOSPAWN, None) < 0:
            return None
        if not reached(pulse.pa_context_get_state, context, _READY_CONTEXT):
            return None
        spec = _SampleSpec(_S16LE, 48000, 1)
        stream = pointer(pulse.pa_stream_new(context, b"rate", ctypes.byref(spec), None))
        if not stream:
            return None
        flags = _START_CORKED | _FIX_RATE
        if pulse.pa_stream_connect_playback(stream, None, None, flags, None, None) < 0:
            return None
        if not reached(pulse.pa_stream_get_state, stream, _READY_STREAM):
            return None
        rate = int(pulse.pa_stream_get_sample_spec(stream).contents.rate)
        return ServerSink((pulse.pa_stream_get_device_name(stream) or b"").decode(), rate)
    finally:
        if stream:
            pulse.pa_stream_disconnect(stream)
            pulse.pa_stream_unref(stream)
        pulse.pa_context_disconnect(context)
        pulse.pa_context_unref(context)
        pulse.pa_mainloop_free(loop)
