"""Limits of what a client may send, and their checks, which raise before any work is done."""

from __future__ import annotations

from edge.errors import BadMessage, BadStyle, TextTooLong
from edge.protocol.frames import SEE_PAGE
from edge.text import MAX_CHARACTERS, MAX_SPEED, MAX_STREAM, MIN_SPEED
from edge.text.markup import MAX_BREAK_S

__all__ = [
    "MAX_EXPLAINED",
    "MAX_HOW",
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
    "UNAIDED_SPEED",
]

MAX_TEXT = MAX_CHARACTERS
MAX_EXPLAINED = 2_000  # characters: every one may be a change, and the answer is one frame
MAX_ID = 64  # characters: room for a UUID with a prefix
MAX_NAME = 128  # characters of a voice, language or speaker: names of files and tags, all shorter
MAX_PING = 1_000  # characters that come back as they are
MAX_SEED = 2**32 - 1  # exact in every language's numbers, JavaScript's included
UNAIDED_SPEED = 1.5  # what a daemon without libsonic speaks at most
MAX_TTL_S = 86_400.0  # a day; what may be later than that needs no limit
MAX_HOW = 300  # characters: the longest that CosyVoice3 was trained with has 40
MAX_VOLUME = 2.0  # +6 dB; speech near full scale only distorts beyond it


def check_characters(place: str, value: str | None, limit: int) -> None:
    if value is None:
        return
    if len(value) > limit:
        raise BadMessage(f"{place} is {len(value):,} characters; the limit is {limit:,}", SEE_PAGE)
    check_utf8(place, value)


def check_utf8(place: str, value: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise BadMessage(
            f"{place} holds bytes that are not UTF-8", "Convert the text to UTF-8 first."
        ) from None


def check_text(place: str, text: str) -> None:
    if len(text) > MAX_TEXT:
        raise TextTooLong(
            f"{place} is {len(text):,} characters; the limit of one request is {MAX_TEXT:,}",
            "Split it into several requests, or pipe it through: edge say -",
        )
    check_utf8(place, text)


def check_id(place: str, value: str | None) -> None:
    if value is None:
        return
    if not 0 < len(value) <= MAX_ID:
        raise BadMessage(f"{place} is {len(value):,} characters; expected 1 to {MAX_ID}", SEE_PAGE)
    if not all("!" <= character <= "~" for character in value):
        raise BadMessage(f"{place} may only hold printable ASCII without spaces", SEE_PAGE)


def check_range(place: str, value: float, lowest: float, highest: float) -> None:
    if not lowest <= value <= highest:  # NaN is refused too
        raise BadStyle(
            f"{place} is {value:g}; expected {lowest:g} to {highest:g}",
            f"Choose a value from {lowest:g} to {highest:g}; 1 is the voice as it is.",
        )


def check_speech(place: str, speed: float, volume: float, *names: str | None) -> None:
    for field, name in zip(("voice", "language", "speaker"), names, strict=False):
        check_characters(f"{place}: {field}", name, MAX_NAME)
    check_range(f"{place}: speed", speed, MIN_SPEED, MAX_SPEED)
    check_range(f"{place}: volume", volume, 0.0, MAX_VOLUME)


def check_pause(place: str, seconds: float | None) -> None:
    if seconds is not None and not 0 <= seconds <= MAX_BREAK_S:
        raise BadMessage(
            f"{place}: pause is {seconds:g} s; expected 0 to {MAX_BREAK_S:g}",
            "Leave it out for what the daemon is configured to.",
        )


def check_how(place: str, how: str | None) -> None:
    check_characters(f"{place}: how", how, MAX_HOW)
    if how is not None and not how.strip():
        raise BadMessage(f"{place}: how is empty", "Say how to speak, or leave it out.")


def check_turn(place: str, ttl: float | None, key: str | None) -> None:
    if ttl is not None and not 0 < ttl <= MAX_TTL_S:
        raise BadMessage(
            f"{place}: ttl is {ttl:g} s; expected more than 0 and at most {MAX_TTL_S:,.0f}",
            "Leave it out for speech that may come as late as it must.",
        )
    check_id(f"{place}: key", key)


def check_seed(place: str, seed: int | None) -> None:
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise BadMessage(f"{place}: seed is {seed}; expected 0 to {MAX_SEED}", SEE_PAGE)
