"""What the daemon answers: one frozen dataclass and one row of REPLIES each.

A field's name is its key in the frame's data; `payload` is the frame's payload.
Source of info, pong, audio-* and error: the wyoming package 1.10.2, info.py, audio.py, error.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import BadMessage, EdgeError
from edge.protocol.frames import SEE_PAGE


@dataclass(frozen=True)
class Attribution:
    """Who made a program or voice, and where it comes from."""

    name: str
    url: str


@dataclass(frozen=True)
class TtsSpeaker:
    """One speaker of a voice that has several."""

    name: str


@dataclass(frozen=True)
class TtsVoice:
    """One voice as Wyoming describes it."""

    name: str
    attribution: Attribution
    installed: bool
    languages: tuple[str, ...]
    description: str | None = None
    version: str | None = None
    speakers: tuple[TtsSpeaker, ...] | None = None


@dataclass(frozen=True)
class TtsProgram:
    """A text-to-speech service as Wyoming describes it."""

    name: str
    attribution: Attribution
    installed: bool
    voices: tuple[TtsVoice, ...]
    description: str | None = None
    version: str | None = None
    supports_synthesize_streaming: bool = False


@dataclass(frozen=True)
class Info:
    """The answer to Describe."""

    tts: tuple[TtsProgram, ...] = ()


@dataclass(frozen=True)
class Pong:
    """The answer to Ping."""

    text: str | None = None


def _check_format(place: str, rate: int, width: int, channels: int) -> None:
    if min(rate, width, channels) < 1:
        raise BadMessage(
            f"{place}: rate {rate}, width {width}, channels {channels}: all must be 1 or more",
            SEE_PAGE,
        )


@dataclass(frozen=True)
class AudioStart:
    """Sound follows: `rate` in Hz, `width` in bytes a sample, `timestamp` in milliseconds."""

    rate: int
    width: int
    channels: int
    timestamp: int | None = None

    def __post_init__(self) -> None:
        _check_format("audio-start", self.rate, self.width, self.channels)


@dataclass(frozen=True)
class AudioChunk:
    """A stretch of sound: `payload` is PCM, little-endian, signed, channels interleaved."""

    rate: int
    width: int
    channels: int
    payload: bytes

    def __post_init__(self) -> None:
        _check_format("audio-chunk", self.rate, self.width, self.channels)
        frame = self.width * self.channels
        if len(self.payload) % frame:
            raise BadMessage(
                f"audio-chunk: payload is {len(self.payload)} bytes; expected a multiple of "
                f"{frame}, one frame of {self.channels} x {self.width} bytes",
                SEE_PAGE,
            )


@dataclass(frozen=True)
class AudioStop:
    """The sound is at its end; `timestamp` in milliseconds."""

    timestamp: int | None = None


@dataclass(frozen=True)
class AudioWord:
    """A word of the sound that follows: characters `text_start` to `text_end` of the text as sent
    (of a stream, of its chunks joined), `start_s` and `seconds` in the sound.

    `estimated` where the voice does not tell its words' times and they were shared out.
    """

    text_start: int
    text_end: int
    start_s: float
    seconds: float
    estimated: bool = False


@dataclass(frozen=True)
class SynthesizeStopped:
    """The answer to a stream of text is whole."""


@dataclass(frozen=True)
class SpeakAccepted:
    """The utterance is in the queue; `ahead` others wait or sound before it."""

    id: str
    ahead: int


@dataclass(frozen=True)
class SpeakStarted:
    """The first sound of the utterance goes to the sound card."""

    id: str


@dataclass(frozen=True)
class SpeakWord:
    """This word is heard now; the fields are those of AudioWord."""

    id: str
    text_start: int
    text_end: int
    start_s: float
    seconds: float
    estimated: bool = False


@dataclass(frozen=True)
class SpeakFinished:
    """The utterance was played to its end: `seconds` of sound."""

    id: str
    seconds: float


@dataclass(frozen=True)
class SpeakCancelled:
    """The utterance will not be played, or not further; `reason` is a word for programs."""

    id: str
    reason: str


@dataclass(frozen=True)
class Stopped:
    """The answer to Stop: which utterances it cancelled."""

    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Playback:
    """The answer to Pause, Resume and Volume: how the sound card is set now."""

    paused: bool
    volume: int


@dataclass(frozen=True)
class LiveUtterance:
    """One that sounds or waits, without its text. `seconds` of its sound have been played."""

    id: str
    client: int
    voice: str
    priority: str
    seconds: float = 0.0


@dataclass(frozen=True)
class LoadedVoice:
    """A voice of the daemon: its bundle's id, and what really runs it (None: not loaded yet)."""

    name: str
    bundle: str
    provider: str | None = None
    variant: str | None = None


@dataclass(frozen=True)
class Latency:
    """From accepted to the first sample, milliseconds, of the last `count` utterances."""

    count: int
    p50: float
    p95: float


@dataclass(frozen=True)
class StatusReport:
    """The answer to Status. `queue` is all that is to sound later, what was interrupted included;
    `waiting` counts what has not begun to be made. `temperature` is in degrees Celsius and
    `throttled` says what the board holds back for; None where it does not tell. `warnings` are
    sentences on what the daemon mended by itself."""

    version: str
    voices: tuple[LoadedVoice, ...]
    waiting: int
    uptime_s: float
    counters: dict[str, int]
    paused: bool
    volume: int
    speaking: LiveUtterance | None = None
    queue: tuple[LiveUtterance, ...] = ()
    latency_ms: Latency | None = None
    device: str | None = None
    temperature: float | None = None
    throttled: tuple[str, ...] | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reloaded:
    """`changed` says, a sentence each, what is different from now on."""

    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class ErrorReply:
    """A request failed: what and why, a code for programs, what to do, and which utterance."""

    text: str
    code: str = "error"  # Wyoming's servers may leave it out
    remedy: str = ""
    id: str | None = None

    @classmethod
    def of(cls, error: EdgeError, id: str | None = None) -> ErrorReply:
        return cls(error.message, error.code, error.remedy, id)


Reply = (
    Info
    | Pong
    | AudioStart
    | AudioChunk
    | AudioStop
    | AudioWord
    | SynthesizeStopped
    | SpeakAccepted
    | SpeakStarted
    | SpeakWord
    | SpeakFinished
    | SpeakCancelled
    | Stopped
    | Playback
    | StatusReport
    | Reloaded
    | ErrorReply
)

REPLIES: dict[str, type[Reply]] = {
    "info": Info,
    "pong": Pong,
    "audio-start": AudioStart,
    "audio-chunk": AudioChunk,
    "audio-stop": AudioStop,
    "audio-word": AudioWord,
    "synthesize-stopped": SynthesizeStopped,
    "speak-accepted": SpeakAccepted,
    "speak-started": SpeakStarted,
    "speak-word": SpeakWord,
    "speak-finished": SpeakFinished,
    "speak-cancelled": SpeakCancelled,
    "stopped": Stopped,
    "playback": Playback,
    "status-report": StatusReport,
    "reloaded": Reloaded,
    "error": ErrorReply,
}
