"""A client's requests: each is a frozen dataclass that `Request` names.

TYPE is its name on the wire, a field's name its key in the frame's data. Every limit is checked
when the request is made, so a client learns of it before it connects, and the daemon before it
does any work.
Source of describe, ping and synthesize: the wyoming package 1.10.2, tts.py, info.py, ping.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from edge.errors import BadMessage
from edge.protocol.frames import SEE_PAGE
from edge.protocol.limits import (
    MAX_EXPLAINED,
    MAX_NAME,
    MAX_PING,
    check_characters,
    check_how,
    check_id,
    check_pause,
    check_seed,
    check_speech,
    check_text,
    check_turn,
)
from edge.text import TextFormat

__all__ = [
    "REQUESTS",
    "Describe",
    "Explain",
    "Normalize",
    "Pause",
    "Ping",
    "Priority",
    "Pronunciations",
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
        check_characters("ping: text", self.text, MAX_PING)


@dataclass(frozen=True)
class VoiceChoice:
    """Wyoming's wish for a voice: a name, or else a language; a speaker of that voice."""

    name: str | None = None
    language: str | None = None
    speaker: str | None = None

    def __post_init__(self) -> None:
        for field in ("name", "language", "speaker"):
            check_characters(f"synthesize: voice.{field}", getattr(self, field), MAX_NAME)


@dataclass(frozen=True)
class Synthesize:
    """Send the sound back to me: AudioStart, AudioChunks, AudioStop.

    `speed`, `seed`, `words` (AudioWords among the chunks), `normalize` ("off" reads the text as it
    is written), `pause` (seconds of silence between sentences) and `how` ("speak excitedly", for
    voices that can be told) are ours. `text_format` is in Wyoming, with "text" and "ssml".
    """

    TYPE = "synthesize"
    text: str
    voice: VoiceChoice | None = None
    text_format: TextFormat = "auto"
    speed: float = 1.0
    seed: int | None = None
    words: bool = False
    normalize: Normalize = "on"
    pause: float | None = None
    how: str | None = None

    def __post_init__(self) -> None:
        check_pause("synthesize", self.pause)
        check_how("synthesize", self.how)
        check_text("synthesize: text", self.text)
        check_speech("synthesize", self.speed, 1.0)
        check_seed("synthesize", self.seed)


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
    pause: float | None = None
    how: str | None = None

    def __post_init__(self) -> None:
        check_pause("synthesize-start", self.pause)
        check_how("synthesize-start", self.how)
        check_speech("synthesize-start", self.speed, 1.0)
        check_seed("synthesize-start", self.seed)


@dataclass(frozen=True)
class SynthesizeChunk:
    """The next stretch of a stream's text, cut anywhere."""

    TYPE = "synthesize-chunk"
    text: str

    def __post_init__(self) -> None:
        check_text("synthesize-chunk: text", self.text)


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
    tell of the marks of SSML. `how`: an instruction in words, for voices that can be told.
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
    pause: float | None = None
    text_format: TextFormat = "auto"
    how: str | None = None

    def __post_init__(self) -> None:
        check_text("speak: text", self.text)
        check_how("speak", self.how)
        check_speech("speak", self.speed, self.volume, self.voice, self.language, self.speaker)
        check_id("speak: id", self.id)
        check_turn("speak", self.ttl, self.key)
        check_pause("speak", self.pause)
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
    pause: float | None = None
    text_format: TextFormat = "auto"
    how: str | None = None

    def __post_init__(self) -> None:
        check_how("speak-start", self.how)
        check_speech(
            "speak-start", self.speed, self.volume, self.voice, self.language, self.speaker
        )
        check_id("speak-start: id", self.id)
        check_turn("speak-start", self.ttl, self.key)
        check_pause("speak-start", self.pause)


@dataclass(frozen=True)
class SpeakChunk:
    """The next stretch of a stream's text, cut anywhere."""

    TYPE = "speak-chunk"
    text: str

    def __post_init__(self) -> None:
        check_text("speak-chunk: text", self.text)


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
    text_format: TextFormat = "auto"

    def __post_init__(self) -> None:
        check_characters("explain: text", self.text, MAX_EXPLAINED)
        check_speech("explain", 1.0, 1.0, self.voice, self.language)


@dataclass(frozen=True)
class Pronunciations:
    """Which words of the lexicon, from the one with this number on? Answered by Pronounced."""

    TYPE = "pronunciations"
    first: int = 0

    def __post_init__(self) -> None:
        if self.first < 0:
            raise BadMessage(
                f"pronunciations: first is {self.first}; expected 0 or more", SEE_PAGE
            )


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
    | Pronunciations
    | Reload
)

REQUESTS: dict[str, type[Request]] = {message.TYPE: message for message in get_args(Request)}
