"""The page of a blind listening test, in one file that needs nothing else.

Its parts lie in listening_page/. A policy in the page forbids anything but its own script, style
and sounds, so it asks nobody for anything and tells nobody; the listener saves the results.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge import __version__
from edge.bundler.evaluate.listening import Contender, SpokenSentence
from edge.errors import MissingPackage
from edge.pcm import PcmChunk, to_int16

Format = Literal["flac", "opus", "wav"]
MEDIA_TYPES: dict[Format, str] = {
    "flac": "audio/flac",
    "opus": "audio/ogg; codecs=opus",
    "wav": "audio/wav",
}
OPUS_RATE = 24_000
"""Hz. Opus knows it, and not 22,050."""
RESULTS_FORMAT = 1
_FOLDER = Path(__file__).parent / "listening_page"


@dataclass(frozen=True)
class Trials:
    """How the page asks."""

    abx: bool
    """True if listeners are to tell which one X is."""
    preference: bool
    """True if they are to say which one they like better."""
    seed: int | None
    """Makes the order; None: another for each listener, who gets its seed in the results."""


def to_page(
    who: Sequence[Contender], spoken: Sequence[SpokenSentence], trials: Trials, format: Format
) -> str:
    """Raises MissingPackage where the format's library is not there."""
    data = {
        "format": RESULTS_FORMAT,
        "made_by": f"edge-voice {__version__}",
        "systems": [
            {
                "name": one.name,
                "voice": one.bundle.voice.name,
                "bundle": one.bundle.id,
                "profile": one.bundle.manifest.profile,
                "variant": one.variant,
            }
            for one in who
        ],
        "sound": format,
        "abx": trials.abx,
        "preference": trials.preference,
        "seed": trials.seed,
        "sentences": [
            {"text": one.text, "sounds": [_address(sound, format) for sound in one.sounds]}
            for one in spoken
        ],
    }
    script = "\n".join(_part(name) for name in ("statistics.js", "trials.js", "page.js"))
    style = _part("page.css")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "media-src data:; base-uri 'none'; form-action 'none'"
    )
    parts = {"policy": policy, "style": style, "data": _json(data), "script": script}
    return re.sub(r"\{(policy|style|data|script)\}", lambda m: parts[m[1]], _part("page.html"))


def encoded(sound: PcmChunk, format: Format) -> bytes:
    """Return the sound as a file. Raises MissingPackage."""
    samples = to_int16(sound.samples)
    buffer = io.BytesIO()
    if format == "wav":
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(sound.rate)
            file.writeframes(samples.tobytes())
        return buffer.getvalue()
    try:
        import soundfile
        import soxr
    except (ModuleNotFoundError, OSError) as error:
        raise MissingPackage(
            f"{format} needs the Python packages soundfile and soxr: {error}",
            "pip install soundfile soxr, or: edge listen --format wav, which is larger",
        ) from None
    rate = sound.rate
    if format == "opus" and rate != OPUS_RATE:
        samples, rate = soxr.resample(samples, rate, OPUS_RATE), OPUS_RATE
    kind = {"format": "OGG", "subtype": "OPUS"} if format == "opus" else {"format": "FLAC"}
    soundfile.write(buffer, samples, rate, **kind)
    return buffer.getvalue()


def _address(sound: PcmChunk, format: Format) -> str:
    data = base64.b64encode(encoded(sound, format)).decode("ascii")
    return f"data:{MEDIA_TYPES[format]};base64,{data}"


def _part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _json(data: Any) -> str:
    """Write it so that no text in it ends the element that it stands in."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
