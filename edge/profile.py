"""Read a profile: a kind of board, how to build for it and run on it, what to demand of it.

A profile is one YAML file in profiles/; profiles/example.yaml explains every key. A bundle
carries its profile whole, so a board never reads that folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from edge.errors import UnknownProfile
from edge.families import FAMILIES, check_option
from edge.machine import Machine
from edge.recipes import check_recipe
from edge.records import load_yaml

Architecture = Literal["aarch64", "x86_64"]
ProviderName = Literal[
    "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"
]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_EXAMPLE = "example"  # a file to copy, not a board


@dataclass(frozen=True)
class Board:
    """Facts by which a machine is recognised as this board."""

    architecture: Architecture
    compatible: tuple[str, ...]
    """Device-tree strings, any of which claims the machine; empty for any of the architecture."""
    cpu_features: tuple[str, ...]
    """Names as in /proc/cpuinfo, all of which the machine must have."""
    memory_mb: int
    """Least memory that it is sold with, MB."""
    cores: int
    big_cores: int
    """Cores that are fast ones; all of them if they are alike."""
    sources: tuple[str, ...]
    """Places where these facts are from."""

    def __post_init__(self) -> None:
        _demand(self, memory_mb=(128, 1 << 20), cores=(1, 1024), big_cores=(1, self.cores))
        if not self.sources:
            raise ValueError("sources must name where the facts are from")


@dataclass(frozen=True)
class Provider:
    """An onnxruntime execution provider."""

    name: ProviderName
    options: dict[str, str] = field(default_factory=dict)
    """Its own options, as text."""
    require: bool = False
    """True if the stage does not run without it (ProviderMissing); else the next one is taken, and
    `edge status` says so."""
    build_s: int = 0
    """Seconds, about, that it compiles a graph when it first sees it on such a board; 0 if it
    compiles nothing that is worth keeping."""

    def __post_init__(self) -> None:
        _demand(self, build_s=(0, 3600))


@dataclass(frozen=True)
class Stages:
    """Providers of each stage, the best first."""

    encoder: tuple[Provider, ...]
    """Text -> latent."""
    decoder: tuple[Provider, ...]
    """Latent -> sound."""

    def __post_init__(self) -> None:
        if not self.encoder or not self.decoder:
            raise ValueError("encoder and decoder need at least one provider each")


@dataclass(frozen=True)
class Runtime:
    """Settings of onnxruntime's sessions."""

    providers: Stages
    threads: int
    """Intra-op threads of the CPU provider."""
    memory_pattern: bool
    """True to plan memory once for each input shape."""
    spinning: bool
    """True if threads wait in a busy loop: sooner there, and warmer."""
    arena: bool
    """True to keep freed memory for the next run."""

    def __post_init__(self) -> None:
        _demand(self, threads=(1, 64))


@dataclass(frozen=True)
class Audio:
    """The sound card of such a board."""

    block_ms: int
    """Milliseconds of one write."""
    latency_ms: int
    """Milliseconds that the stream holds."""
    wake_ms: int
    """Milliseconds of silence before the first sound after idle, if the output's kind is not known
    (edge/sound/settings.py)."""
    device: str = "default"
    """Name that PortAudio is asked for when the user names none."""

    def __post_init__(self) -> None:
        _demand(self, block_ms=(5, 50), latency_ms=(self.block_ms, 500), wake_ms=(0, 3000))


@dataclass(frozen=True)
class Budget:
    """The demands of the build and of the board. Losses are against the voice's fp32 graphs."""

    memory_mb: int
    """Most memory of the daemon, MB."""
    first_audio_ms: int
    """Milliseconds from a planned text to its first samples; `edge tune` warns beyond it."""
    real_time_factor: float
    """Seconds of work per second of speech."""
    log_mel_db: float
    """Mean distance of log-mel spectra, dB."""
    dnsmos_loss: float
    """Points of DNSMOS OVRL."""
    word_errors: float
    """More errors of a recogniser per 100 words."""
    safety: float
    """A chunk is planned to cost so many times its measured time, so that playback never
    starves."""
    gpu_memory_mb: int = 0
    """The part of `memory_mb` that a GPU without memory of its own takes; so much must be free
    before it is used."""

    def __post_init__(self) -> None:
        _demand(
            self,
            memory_mb=(64, 1 << 20),
            gpu_memory_mb=(0, self.memory_mb),
            first_audio_ms=(1, 60_000),
            real_time_factor=(0.001, 1.0),  # above 1 nothing can be played while it is made
            log_mel_db=(0.0, 20.0),
            dnsmos_loss=(0.0, 1.0),
            word_errors=(0.0, 100.0),
            safety=(1.0, 5.0),
        )


@dataclass(frozen=True)
class VariantPlan:
    """One recipe per stage, under a name."""

    name: str
    encoder: str
    decoder: str
    needs: tuple[str, ...] = ()
    """CPU features, at least one of which the machine must have; empty runs on every such
    board."""
    stages: dict[str, str] = field(default_factory=dict)
    """Recipes for the stages of other families, which else follow encoder and decoder."""
    options: dict[str, float] = field(default_factory=dict)
    """Numbers of a family that the variant speaks with in place of the model's own; only voices of
    such a family get it."""

    def __post_init__(self) -> None:
        for stage, recipe in {"encoder": self.encoder, "decoder": self.decoder}.items():
            check_recipe(recipe, stage)
        plannable = [stage for family in FAMILIES.values() for stage in family.follows]
        for stage, recipe in self.stages.items():
            if stage not in plannable:
                known = ", ".join(plannable)
                raise ValueError(
                    f"stages: no recipe can be planned for {stage!r}, but for {known}"
                )
            check_recipe(recipe, f"stages.{stage}")
        for name, value in self.options.items():
            check_option(name, value)


@dataclass(frozen=True)
class Profile:
    """A kind of board."""

    name: str
    title: str
    board: Board
    runtime: Runtime
    audio: Audio
    budget: Budget
    variants: tuple[VariantPlan, ...]
    """In order of preference; the board's timings decide."""
    estimates: dict[str, float] = field(default_factory=dict)
    """Family -> seconds of work per second of speech, where nobody has measured yet."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name {self.name!r}: small letters, digits and - only")
        if not self.title.strip() or "\n" in self.title or len(self.title) > 72:
            raise ValueError("title must be one line of at most 72 characters")
        names = [plan.name for plan in self.variants]
        if len(set(names)) < len(names) or not all(_NAME.fullmatch(name) for name in names):
            raise ValueError(f"variants need different names in small letters, got {names}")
        if all(plan.needs for plan in self.variants):
            raise ValueError("at least one variant must run on every such board (no needs)")
        if any(not 0 < factor < 1000 for factor in self.estimates.values()):
            raise ValueError(f"estimates must be between 0 and 1000, got {self.estimates}")

    @property
    def has_accelerator(self) -> bool:
        """True if any stage may run elsewhere than on the CPU."""
        stages = self.runtime.providers
        return {p.name for p in (*stages.encoder, *stages.decoder)} != {"CPUExecutionProvider"}


def profiles_dir() -> Path:
    """Find the shipped profiles: inside an installed package, else in the repository."""
    installed = Path(__file__).parent / "profiles"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "profiles"


def load_profile(name: str, folder: Path | None = None) -> Profile:
    """Read the profile called `name`, or the one in a file if `name` ends in .yaml.

    Raises UnknownProfile with the names that exist, BadRecord naming the place in the file.
    """
    if name.endswith(".yaml"):
        return _load(Path(name))
    folder = profiles_dir() if folder is None else folder
    names = _names(folder)
    if name not in names:
        raise UnknownProfile(
            f"there is no profile {name!r} in {folder}",
            f"Choose one of: {', '.join(names) or 'none there'}; or name a file: my-board.yaml",
        )
    return _load(folder / f"{name}.yaml")


def all_profiles(folder: Path | None = None) -> tuple[Profile, ...]:
    """Read every profile of the folder by name; raises BadRecord for the first damaged file."""
    folder = profiles_dir() if folder is None else folder
    return tuple(_load(folder / f"{name}.yaml") for name in _names(folder))


def usable_variants(profile: Profile, machine: Machine) -> tuple[VariantPlan, ...]:
    """List the profile's variants that this machine's CPU can run, in order of preference."""
    return tuple(
        plan
        for plan in profile.variants
        if not plan.needs or machine.features.intersection(plan.needs)
    )


def _names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml") if path.stem != _EXAMPLE)


def _load(path: Path) -> Profile:
    profile = load_yaml(path, Profile)
    if profile.name != path.stem:
        raise UnknownProfile(
            f"{path}: the profile inside is called {profile.name!r}",
            f"Rename the file to {profile.name}.yaml, or write name: {path.stem}.",
        )
    return profile


def _demand(record: Any, **ranges: tuple[float, float]) -> None:
    for name, (least, most) in ranges.items():
        value = getattr(record, name)
        if not least <= value <= most:
            raise ValueError(f"{name} must be between {least} and {most}, got {value}")
