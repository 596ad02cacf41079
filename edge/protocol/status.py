"""The answer to `status`: the daemon's work, and how it fares."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Latency", "LiveUtterance", "LoadedVoice", "StatusReport"]


@dataclass(frozen=True)
class LiveUtterance:
    """An utterance that sounds or waits, without its text."""

    id: str
    client: int
    voice: str
    priority: str
    seconds: float = 0.0
    """Sound of it that has been played."""


@dataclass(frozen=True)
class LoadedVoice:
    """A voice of the daemon, and what really runs it; None if it is not loaded yet."""

    name: str
    bundle: str
    provider: str | None = None
    variant: str | None = None


@dataclass(frozen=True)
class Latency:
    """Milliseconds from accepted to the first sample, of the last `count` utterances."""

    count: int
    p50: float
    p95: float


@dataclass(frozen=True)
class StatusReport:
    """The answer to Status."""

    TYPE = "status-report"
    version: str
    voices: tuple[LoadedVoice, ...]
    waiting: int
    """Utterances that synthesis has not begun."""
    uptime_s: float
    counters: dict[str, int]
    paused: bool
    volume: int
    speaking: LiveUtterance | None = None
    queue: tuple[LiveUtterance, ...] = ()
    """All that is to sound later, what was interrupted included."""
    latency_ms: Latency | None = None
    device: str | None = None
    temperature: float | None = None
    """Degrees Celsius; None where the board does not tell."""
    throttled: tuple[str, ...] | None = None
    """Reasons for which the board holds back; None where it does not tell."""
    warnings: tuple[str, ...] = ()
    """Sentences on what the daemon mended by itself."""
