"""The daemon's word about itself: its voices, and how it is; never a text that it spoke."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from edge import __version__
from edge.daemon.counters import percentile
from edge.daemon.events import Utterance
from edge.daemon.phrase_cache import PhraseCache
from edge.daemon.synthesis import Synthesis
from edge.daemon.voices import Voices
from edge.machine import read_temperature, read_throttling
from edge.protocol import (
    Attribution,
    Info,
    Latency,
    LiveUtterance,
    LoadedVoice,
    Playback,
    Pronounced,
    Pronunciation,
    StatusReport,
    TtsProgram,
    TtsSpeaker,
    TtsVoice,
)
from edge.sound.playback import Player
from edge.synth.voice_print import Label
from edge.text.lexicon import Lexicon

PRONUNCIATIONS = 200
"""Words in an answer: of 64 characters with 200 each, in four bytes, they are 211 kB."""


def playback(player: Player) -> Playback:
    return Playback(paused=player.paused, volume=round(100 * player.volume))


def pronunciations(lexicon: Lexicon, first: int) -> Pronounced:
    """List the words of the lexicon from the one with this number on, as many as a frame holds."""
    entries = (
        Pronunciation(language, word, kind, said)
        for language, words in lexicon.languages.items()
        for kind, spoken in (("say", words.say), ("ipa", words.ipa), ("phonemes", words.phonemes))
        for word, said in spoken.items()
    )
    some = islice(entries, first, first + PRONUNCIATIONS)
    return Pronounced(lexicon.entries, tuple(some))


def report(
    voices: Voices,
    player: Player,
    synthesis: Synthesis,
    phrases: PhraseCache,
    warnings: tuple[str, ...],
    clients: int,
    uptime_s: float,
) -> StatusReport:
    counters, latencies = synthesis.counters, synthesis.latencies_s()
    id, seconds = player.sounding or (None, 0.0)
    live = [u for u in synthesis.live() if u.to == "speaker"]
    sounding = next((u for u in live if u.ticket == id), None)
    state = playback(player)
    return StatusReport(
        version=__version__,
        voices=tuple(_voice(voices, bundle.voice.name) for bundle in voices.bundles)
        + tuple(
            replace(_voice(voices, label.voice), name=label.name) for label in voices.cloned()
        ),
        waiting=synthesis.waiting(),
        uptime_s=round(uptime_s, 1),
        counters={
            "spoken": counters.spoken,
            "cancelled": counters.cancelled,
            "failed": counters.failed,
            "underruns": player.underruns,
            "gaps": player.gaps,
            "clients": clients,
            "unread": voices.unread,
            "phrases": phrases.count,
            "repeats": phrases.repeats,
        },
        paused=state.paused,
        volume=state.volume,
        speaking=None if sounding is None else _live(voices, sounding, seconds),
        queue=tuple(_live(voices, u) for u in live if u is not sounding),
        latency_ms=_latency(latencies) if latencies else None,
        device=player.device,
        temperature=read_temperature(),
        throttled=read_throttling(),
        warnings=warnings,
    )


def info(voices: Voices) -> Info:
    """Describe the voices, from memory: Home Assistant gives one second for this answer."""
    ours = Attribution("Edge Voice", "https://pypi.org/project/edge-voice/")
    offered = tuple(
        TtsVoice(
            name=bundle.voice.name,
            attribution=Attribution(bundle.voice.licence.attribution, ""),
            installed=True,
            languages=bundle.languages,
            description=bundle.voice.title,
            version=bundle.id[:12],
            speakers=tuple(TtsSpeaker(name) for name in voices.speakers(bundle)) or None,
        )
        for bundle in voices.bundles
    ) + tuple(
        TtsVoice(
            name=label.name,
            attribution=Attribution("Cloned on this machine", ""),
            installed=True,
            languages=_languages(voices, label),
            description=f"A cloned voice, spoken by {label.voice}",
            version=label.checkpoint[:12],
        )
        for label in voices.cloned()
    )
    offered = tuple(sorted(offered, key=lambda voice: voice.name != voices.usual))
    program = TtsProgram(
        name="edge-voice",
        attribution=ours,
        installed=True,
        voices=offered,
        description="Edge Voice",
        version=__version__,
        supports_synthesize_streaming=True,
    )
    return Info(tts=(program,))


def _languages(voices: Voices, label: Label) -> tuple[str, ...]:
    """List the languages of the voice that speaks with a print, the clip's own first."""
    every = next((b.languages for b in voices.bundles if b.voice.name == label.voice), ())
    return tuple(dict.fromkeys((label.language, *every)))


def _live(voices: Voices, utterance: Utterance, seconds: float = 0.0) -> LiveUtterance:
    name = voices.bundle(utterance.voice).voice.name
    return LiveUtterance(
        utterance.id, utterance.client, name, utterance.priority, round(seconds, 2)
    )


def _voice(voices: Voices, name: str) -> LoadedVoice:
    key = voices.choose(name, None)
    provider = voices.provider(key)
    variant = None if provider is None else voices.variant(key)
    return LoadedVoice(name, voices.bundle(key).id, provider, variant)


def _latency(seconds: list[float]) -> Latency:
    p50, p95 = (round(1000 * percentile(seconds, percent), 1) for percent in (50, 95))
    return Latency(len(seconds), p50, p95)
