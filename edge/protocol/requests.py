"""A client's requests: each is a frozen dataclass that `Request` names.

TYPE is its name on the wire, a field's name its key in the frame's data. Every limit is checked
when the request is made, so a client learns of it before it connects, and the daemon before it
does any work.
Source of describe, ping and synthesize: the wyoming package 1.10.2, tts.py, info.py, ping.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from edge.errors import BadMessage, BadStyle, TextTooLong
from edge.protocol.frames import SEE_PAGE
from edge.text import MAX_CHARACTERS, MAX_SPEED, MAX_STREAM, MIN_SPEED, TextFormat

__all__ = [
    "MAX_EXPLAINED",
    "MAX_ID",
    "MAX_NAME",
    "MAX_PING",
    "MAX_SEED",
    "MAX_SPEED",
    "MAX_STREAM",
    "MAX_TEXT",
    "MAX_TTL_S",
    "MAX_VOLUME",
    "MIN_SPEED",
    "REQUESTS",
    "UNAIDED_SPEED",
    "Describe",
    "Explain",
    "Normalize",
    "Pause",
    "Ping",
    "Priority",
    "Reload",
    "Request",
    "Resume",
    "Speak",
    "SpeakChunk",
    "SpeakStart",
    "SpeakStop",
    "Status",
    "Stop",
    "Synthesize",
    "SynthesizeChunk",
    "SynthesizeStart",
    "SynthesizeStop",
    "TextFormat",
    "VoiceChoice",
    "Volume",
]

Priority = Literal["urgent", "normal", "background"]
Normalize = Literal["on", "off"]
Again = Literal["speak", "report"]

MAX_TEXT = MAX_CHARACTERS
MAX_EXPLAINED = 2_000  # characters: every one may be a change, and the answer is one frame
MAX_ID = 64  # characters: room for a UUID with a prefix
MAX_NAME = 128  # characters of a voice, language or speaker: names of files and tags, all shorter
MAX_PING = 1_000  # characters that come back as they are
MAX_SEED = 2**32 - 1  # exact in every language's numbers, JavaScript's included
UNAIDED_SPEED = 1.5  # what a daemon without libsonic speaks at most
MAX_TTL_S = 86_400.0  # a day; what may be later than that needs no limit
MAX_VOLUME = 2.0  # +6 dB; speech near full scale only distorts beyond it


def _check_characters(place: str, value: str | None, limit: int) -> None:
    if value is None:
        return
    if len(value) > limit:
        raise BadMessage(f"{place} is {len(value):,} characters; the limit is {limit:,}", SEE_PAGE)
    _check_utf8(place, value)


def _check_utf8(place: str, value: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise BadMessage(
            f"{place} holds bytes that are not UTF-8", "Convert the text to UTF-8 first."
        ) from None


def _check_text(place: str, text: str) -> None:
    if len(text) > MAX_TEXT:
        raise TextTooLong(
            f"{place} is {len(text):,} characters; the limit of one request is {MAX_TEXT:,}",
            "Split it into several requests, or pipe it through: edge say -",
        )
    _check_utf8(place, text)


def check_id(place: str, value: str | None) -> None:
    if value is None:
        return
    if not 0 < len(value) <= MAX_ID:
        raise BadMessage(f"{place} is {len(value):,} characters; expected 1 to {MAX_ID}", SEE_PAGE)
    if not all("!" <= character <= "~" for character in value):
        raise BadMessage(f"{place} may only hold printable ASCII without spaces", SEE_PAGE)


def _check_range(place: str, value: float, lowest: float, highest: float) -> None:
    if not lowest <= value <= highest:  # NaN is refused too
        raise BadStyle(
            f"{place} is {value:g}; expected {lowest:g} to {highest:g}",
            f"Choose a value from {lowest:g} to {highest:g}; 1 is the voice as it is.",
        )


def _check_speech(place: str, speed: float, volume: float, *names: str | None) -> None:
    for field, name in zip(("voice", "language", "speaker"), names, strict=False):
        _check_characters(f"{place}: {field}", name, MAX_NAME)
    _check_range(f"{place}: speed", speed, MIN_SPEED, MAX_SPEED)
    _check_range(f"{place}: volume", volume, 0.0, MAX_VOLUME)


def _check_turn(place: str, ttl: float | None, key: str | None) -> None:
    if ttl is not None and not 0 < ttl <= MAX_TTL_S:
        raise BadMessage(
            f"{place}: ttl is {ttl:g} s; expected more than 0 and at most {MAX_TTL_S:,.0f}",
            "Leave it out for speech that may come as late as it must.",
        )
    check_id(f"{place}: key", key)


def _check_seed(place: str, seed: int | None) -> None:
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise BadMessage(f"{place}: seed is {seed}; expected 0 to {MAX_SEED}", SEE_PAGE)


@dataclass(frozen=True)
class Describe:
    """Which voices are there? Answered by Info."""

    TYPE = "describe"


@dataclass(frozen=True)
class Ping:
    """Are you there? Answered by Pong with the same text."""

    TYPE = "ping"
    text: str | None = None

    def __post_init__(self) -> None:
        _check_characters("ping: text", self.text, MAX_PING)


@dataclass(frozen=True)
class VoiceChoice:
    """Wyoming's wish for a voice: a name, or else a language; a speaker of that voice."""

    name: str | None = None
    language: str | None = None
    speaker: str | None = None

    def __post_init__(self) -> None:
        for field in ("name", "language", "speaker"):
            _check_characters(f"synthesize: voice.{field}", getattr(self, field), MAX_NAME)


@dataclass(frozen=True)
class Synthesize:
    """Send the sound back to me: AudioStart, AudioChunks, AudioStop.

    `speed`, `seed`, `words` (AudioWords among the chunks) and `normalize` ("off" reads the text as
    it is written) are ours. `text_format` is in Wyoming, with "text" and "ssml".
    """

    TYPE = "synthesize"
    text: str
    voice: VoiceChoice | None = None
    text_format: TextFormat = "auto"
    speed: float = 1.0
    seed: int | None = None
    words: bool = False
    normalize: Normalize = "on"

    def __post_init__(self) -> None:
        _check_text("synthesize: text", self.text)
        _check_speech("synthesize", self.speed, 1.0)
        _check_seed("synthesize", self.seed)


@dataclass(frozen=True)
class SynthesizeStart:
    """Send the sound of a text back that comes in SynthesizeChunks; the last answer is
    SynthesizeStopped."""

    TYPE = "synthesize-start"
    voice: VoiceChoice | None = None
    text_format: TextFormat = "auto"
    speed: float = 1.0
    seed: int | None = None
    words: bool = False
    normalize: Normalize = "on"

    def __post_init__(self) -> None:
        _check_speech("synthesize-start", self.speed, 1.0)
        _check_seed("synthesize-start", self.seed)


@dataclass(frozen=True)
class SynthesizeChunk:
    """The next stretch of a stream's text, cut anywhere."""

    TYPE = "synthesize-chunk"
    text: str

    def __post_init__(self) -> None:
        _check_text("synthesize-chunk: text", self.text)


@dataclass(frozen=True)
class SynthesizeStop:
    """The stream's text is whole."""

    TYPE = "synthesize-stop"


@dataclass(frozen=True)
class Speak:
    """Say it through the sound card: SpeakAccepted, SpeakStarted, SpeakFinished or -Cancelled.

    With `words`, a SpeakWord tells of each word when it is heard. `ttl`: seconds within which it
    must begin. A newer one of the same `key` takes its place. `again`: it may have been sent
    before, with this id; if the daemon knows it, what became of it is told. If not, it is spoken,
    or that is an error ("report"). `while_connected`: it ends with the connection.
    `interruptions`: SpeakInterrupted and SpeakResumed are told too. `normalize`: "off" reads the
    text as it is written. `text_format`: the signs of the text that mean something; SpeakMarks
    tell of the marks of SSML.
    """

    TYPE = "speak"
    text: str
    voice: str | None = None
    language: str | None = None
    speaker: str | None = None
    speed: float = 1.0
    volume: float = 1.0
    id: str | None = None
    words: bool = False
    priority: Priority = "normal"
    ttl: float | None = None
    key: str | None = None
    again: Again | None = None
    while_connected: bool = False
    interruptions: bool = False
    normalize: Normalize = "on"
    text_format: TextFormat = "auto"

    def __post_init__(self) -> None:
        _check_text("speak: text", self.text)
        _check_speech("speak", self.speed, self.volume, self.voice, self.language, self.speaker)
        check_id("speak: id", self.id)
        _check_turn("speak", self.ttl, self.key)
        if self.again is not None and self.id is None:
            raise BadMessage("speak: again without an id", "Give the id that was sent before.")


@dataclass(frozen=True)
class SpeakStart:
    """Say a text that comes in SpeakChunks; it sounds from the first clause on."""

    TYPE = "speak-start"
    voice: str | None = None
    language: str | None = None
    speaker: str | None = None
    speed: float = 1.0
    volume: float = 1.0
    id: str | None = None
    words: bool = False
    priority: Priority = "normal"
    ttl: float | None = None
    key: str | None = None
    while_connected: bool = False
    interruptions: bool = False
    normalize: Normalize = "on"
    text_format: TextFormat = "auto"

    def __post_init__(self) -> None:
        _check_speech(
            "speak-start", self.speed, self.volume, self.voice, self.language, self.speaker
        )
        check_id("speak-start: id", self.id)
        _check_turn("speak-start", self.ttl, self.key)


@dataclass(frozen=True)
class SpeakChunk:
    """The next stretch of a stream's text, cut anywhere."""

    TYPE = "speak-chunk"
    text: str

    def __post_init__(self) -> None:
        _check_text("speak-chunk: text", self.text)


@dataclass(frozen=True)
class SpeakStop:
    """The stream's text is whole; what has come is spoken to its end. Stop is what silences."""

    TYPE = "speak-stop"


@dataclass(frozen=True)
class Stop:
    """Be silent: about one utterance, or this connection's ("mine"), or everyone's ("all")."""

    TYPE = "stop"
    id: str | None = None
    scope: Literal["mine", "all"] = "mine"

    def __post_init__(self) -> None:
        check_id("stop: id", self.id)


@dataclass(frozen=True)
class Pause:
    """Hold the sound card back, at the sample; urgent speech alone goes on. Answered by Playback,
    as Resume and Volume are."""

    TYPE = "pause"


@dataclass(frozen=True)
class Resume:
    """Go on where Pause came."""

    TYPE = "resume"


@dataclass(frozen=True)
class Volume:
    """Set how loud all is spoken on the sound card, in percent of the voices' own amplitude."""

    TYPE = "volume"
    percent: int

    def __post_init__(self) -> None:
        if not 0 <= self.percent <= 100:
            raise BadMessage(
                f"volume: percent is {self.percent}; expected 0 to 100",
                "100 is the voice as it is; one utterance may be louder: edge say --volume 2",
            )


@dataclass(frozen=True)
class Status:
    """How are you? Answered by StatusReport."""

    TYPE = "status"


@dataclass(frozen=True)
class Explain:
    """How would you read this text? Answered by Explained; nothing is spoken, and no model is
    loaded."""

    TYPE = "explain"
    text: str
    voice: str | None = None
    language: str | None = None
    normalize: Normalize = "on"

    def __post_init__(self) -> None:
        _check_characters("explain: text", self.text, MAX_EXPLAINED)
        _check_speech("explain", 1.0, 1.0, self.voice, self.language)


@dataclass(frozen=True)
class Reload:
    """Read the configuration and the installed bundles again. Answered by Reloaded."""

    TYPE = "reload"


Request = (
    Describe
    | Ping
    | Synthesize
    | SynthesizeStart
    | SynthesizeChunk
    | SynthesizeStop
    | Speak
    | SpeakStart
    | SpeakChunk
    | SpeakStop
    | Stop
    | Pause
    | Resume
    | Volume
    | Status
    | Explain
    | Reload
)

REQUESTS: dict[str, type[Request]] = {message.TYPE: message for message in get_args(Request)}
