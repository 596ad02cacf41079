"""The daemon's answers: each is a frozen dataclass that `Reply` names. TYPE is its name on the
wire, a field's name its key in the frame's data; `payload` is the frame's own.
Source of info, pong, audio-* and error: the wyoming package 1.10.2, info.py, audio.py, error.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from edge.errors import BadMessage, EdgeError
from edge.protocol.explanation import Explained, Pronounced
from edge.protocol.frames import SEE_PAGE
from edge.protocol.status import StatusReport

__all__ = [
    "REPLIES",
    "Attribution",
    "AudioChunk",
    "AudioMark",
    "AudioStart",
    "AudioStop",
    "AudioWord",
    "ErrorReply",
    "Info",
    "Playback",
    "Pong",
    "Reloaded",
    "Reply",
    "SpeakAccepted",
    "SpeakCancelled",
    "SpeakFinished",
    "SpeakInterrupted",
    "SpeakMark",
    "SpeakResumed",
    "SpeakStarted",
    "SpeakWord",
    "Stopped",
    "SynthesizeStopped",
    "TtsProgram",
    "TtsSpeaker",
    "TtsVoice",
]


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

    TYPE = "info"
    tts: tuple[TtsProgram, ...] = ()


@dataclass(frozen=True)
class Pong:
    """The answer to Ping."""

    TYPE = "pong"
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

    TYPE = "audio-start"
    rate: int
    width: int
    channels: int
    timestamp: int | None = None

    def __post_init__(self) -> None:
        _check_format("audio-start", self.rate, self.width, self.channels)


@dataclass(frozen=True)
class AudioChunk:
    """A stretch of sound: `payload` is PCM, little-endian, signed, channels interleaved."""

    TYPE = "audio-chunk"
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

    TYPE = "audio-stop"
    timestamp: int | None = None


@dataclass(frozen=True)
class AudioWord:
    """A word of the sound that follows: its characters in the text as sent (of a stream, of its
    chunks joined), its place in the sound; `estimated` if times were shared out by letters."""

    TYPE = "audio-word"
    text_start: int
    text_end: int
    start_s: float
    seconds: float
    estimated: bool = False


@dataclass(frozen=True)
class AudioMark:
    """A mark of the SSML, in front of the sound that follows; `start_s` is its place in it."""

    TYPE = "audio-mark"
    name: str
    start_s: float


@dataclass(frozen=True)
class SynthesizeStopped:
    """The answer to a stream of text is whole."""

    TYPE = "synthesize-stopped"


@dataclass(frozen=True)
class SpeakAccepted:
    """The utterance is in the queue; `ahead` others wait or sound before it."""

    TYPE = "speak-accepted"
    id: str
    ahead: int


@dataclass(frozen=True)
class SpeakStarted:
    """The first sound of the utterance goes to the sound card."""

    TYPE = "speak-started"
    id: str


@dataclass(frozen=True)
class SpeakWord:
    """This word is heard now; the fields are those of AudioWord."""

    TYPE = "speak-word"
    id: str
    text_start: int
    text_end: int
    start_s: float
    seconds: float
    estimated: bool = False


@dataclass(frozen=True)
class SpeakMark:
    """A mark of the SSML is reached now."""

    TYPE = "speak-mark"
    id: str
    name: str
    start_s: float


@dataclass(frozen=True)
class SpeakFinished:
    """The utterance was played to its end: `seconds` of sound."""

    TYPE = "speak-finished"
    id: str
    seconds: float


@dataclass(frozen=True)
class SpeakCancelled:
    """The utterance will not be played, or not further; `reason` is a word for programs."""

    TYPE = "speak-cancelled"
    id: str
    reason: str
    seconds: float = 0.0
    """Sound of it that was heard."""
    text_end: int | None = None
    """Character behind the last word that was begun; None if that is not known."""


@dataclass(frozen=True)
class SpeakInterrupted:
    """Told if asked for: silence in its middle, for "urgent", "pause", "device" or "text"."""

    TYPE = "speak-interrupted"
    id: str
    reason: str


@dataclass(frozen=True)
class SpeakResumed:
    """Told if asked for: the utterance goes on."""

    TYPE = "speak-resumed"
    id: str


@dataclass(frozen=True)
class Stopped:
    """The answer to Stop: which utterances it cancelled."""

    TYPE = "stopped"
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Playback:
    """The answer to Pause, Resume and Volume: how the sound card is set now."""

    TYPE = "playback"
    paused: bool
    volume: int


@dataclass(frozen=True)
class Reloaded:
    """`changed` says, a sentence each, what is different from now on."""

    TYPE = "reloaded"
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class ErrorReply:
    """A request failed: what and why, a code for programs, what to do, and which utterance."""

    TYPE = "error"
    text: str
    code: str = "error"  # Wyoming's servers may leave it out
    remedy: str = ""
    id: str | None = None
    seconds: float | None = None
    """Sound of an utterance that was heard before it failed."""
    text_end: int | None = None
    """Place in the text, like that of SpeakCancelled."""

    @classmethod
    def of(cls, error: EdgeError, id: str | None = None) -> ErrorReply:
        """Make the answer to a request that `error` ended."""
        return cls(error.message, error.code, error.remedy, id)

    def error(self) -> EdgeError:
        """Make the error anew for the client to raise: of its class, or a plain one with the code
        that a later version sent."""
        known = {kind.code: kind for kind in EdgeError.__subclasses__()}
        error = known.get(self.code, EdgeError)(self.text, self.remedy)
        error.code = self.code
        return error


Reply = (
    Info
    | Pong
    | AudioStart
    | AudioChunk
    | AudioStop
    | AudioWord
    | AudioMark
    | SynthesizeStopped
    | SpeakAccepted
    | SpeakStarted
    | SpeakWord
    | SpeakMark
    | SpeakFinished
    | SpeakCancelled
    | SpeakInterrupted
    | SpeakResumed
    | Stopped
    | Playback
    | StatusReport
    | Explained
    | Pronounced
    | Reloaded
    | ErrorReply
)

REPLIES: dict[str, type[Reply]] = {message.TYPE: message for message in get_args(Reply)}
