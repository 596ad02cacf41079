"""Keep what a build measured and decided, as records: report.json is exactly this.

Every measure of a variant is a mean over the evaluation sentences unless said otherwise, and None
where it was not taken (a judge's package is missing, or there is nothing to compare with).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edge.bundler.export.export_log import Parity
from edge.bundler.progress import StepCost
from edge.bundler.quantize.recipe import Sensitivity

REPORT_FORMAT = 2

Verdict = Literal["chosen", "packed", "refused"]


@dataclass(frozen=True)
class Measure:
    """How one number of a variant is shown: `value * scale` with `digits` decimals and `unit`."""

    key: str
    label: str
    unit: str
    digits: int
    scale: float
    better: Literal["higher", "lower", "neither"]
    meaning: str
    headline: bool = False  # in the first table, where there is room for about ten


MEASURES = (
    Measure("bytes", "Size", "MB", 1, 1e-6, "lower", "all graph files together", True),
    Measure(
        "cpu_ratio", "CPU", "ratio", 2, 1.0, "lower", "CPU time over that of the reference", True
    ),
    Measure("rtf", "RTF", "", 3, 1.0, "lower", "CPU seconds for one second of sound"),
    Measure("first_audio_ms", "First sound", "ms", 0, 1.0, "lower", "until the first chunk", True),
    Measure("peak_rss_bytes", "Memory", "MiB", 0, 2.0**-20, "lower", "peak resident set", True),
    Measure("snr_db", "SNR", "dB", 1, 1.0, "higher", "against the reference, sample by sample"),
    Measure(
        "log_mel_db",
        "Log-mel",
        "dB",
        2,
        1.0,
        "lower",
        "spectral distance from the reference",
        True,
    ),
    Measure("noise_in_pauses_db", "Pauses", "dBFS", 1, 1.0, "lower", "noise left in pauses"),
    Measure(
        "dnsmos_ovrl", "DNSMOS", "", 3, 1.0, "higher", "predicted opinion, overall, 1 to 5", True
    ),
    Measure("dnsmos_sig", "DNSMOS sig", "", 3, 1.0, "higher", "the same of the speech alone"),
    Measure("dnsmos_bak", "DNSMOS bak", "", 3, 1.0, "higher", "the same of the background"),
    Measure("dnsmos_p808", "P.808", "", 3, 1.0, "higher", "predicted opinion, ITU-T P.808", True),
    Measure(
        "word_error_rate", "WER", "%", 2, 100.0, "lower", "words misheard by Whisper base", True
    ),
    Measure(
        "speaker_similarity",
        "Speaker",
        "",
        3,
        1.0,
        "higher",
        "same voice as the reference, 0 to 1",
        True,
    ),
    Measure("duration_change", "Length", "%", 2, 100.0, "neither", "sentences longer or shorter"),
    Measure("clipped_fraction", "Clipped", "%", 3, 100.0, "lower", "samples at full scale"),
    Measure("loudness_lufs", "Loudness", "LUFS", 1, 1.0, "neither", "integrated, ITU-R BS.1770"),
    Measure("true_peak_db", "True peak", "dBTP", 1, 1.0, "neither", "highest of all sentences"),
)


@dataclass(frozen=True)
class Gate:
    """A limit that a variant must keep to be packed: a Measure's key and an unscaled value."""

    measure: str
    bound: Literal["at most", "at least"]
    limit: float

    def __post_init__(self) -> None:
        known = [measure.key for measure in MEASURES]
        if self.measure not in known:
            raise ValueError(f"no measure {self.measure!r}; there are {', '.join(known)}")

    @property
    def of(self) -> Measure:
        return next(measure for measure in MEASURES if measure.key == self.measure)

    def holds(self, variant: Variant) -> bool | None:
        """Whether `variant` keeps it; None if that measure was not taken."""
        value = getattr(variant, self.measure)
        if value is None:
            return None
        return bool(value <= self.limit if self.bound == "at most" else value >= self.limit)


@dataclass(frozen=True)
class Variant:
    """One set of graphs: how it was made, what was measured, what became of it and why."""

    name: str
    recipes: Mapping[str, str]  # stage -> recipe
    verdict: Verdict
    reason: str  # one sentence for a person
    bytes: int
    cpu_ratio: float
    rtf: float
    first_audio_ms: float | None = None
    peak_rss_bytes: int | None = None
    snr_db: float | None = None
    log_mel_db: float | None = None
    noise_in_pauses_db: float | None = None
    dnsmos_ovrl: float | None = None
    dnsmos_sig: float | None = None
    dnsmos_bak: float | None = None
    dnsmos_p808: float | None = None
    word_error_rate: float | None = None
    speaker_similarity: float | None = None
    duration_change: float | None = None
    clipped_fraction: float | None = None
    loudness_lufs: float | None = None
    true_peak_db: float | None = None

    def __post_init__(self) -> None:
        if self.bytes < 0 or self.cpu_ratio <= 0 or self.rtf <= 0:
            raise ValueError(f"variant {self.name!r}: bytes, cpu_ratio and rtf must be positive")


@dataclass(frozen=True)
class Skipped:
    """A variant that was not measured: what the profile plans, and why that was not done."""

    name: str
    recipes: Mapping[str, str]  # stage -> recipe
    reason: str  # a sentence for a person


@dataclass(frozen=True)
class ExportStep:
    """One thing that the export did to a stage, or could not do."""

    stage: str
    step: str
    detail: str


@dataclass(frozen=True)
class BuildReport:
    """Everything about one build: voice x profile, on one machine."""

    format: int
    voice: str
    profile: str
    language: str
    machine: str
    created: str  # ISO 8601
    versions: Mapping[str, str]  # package -> version
    sentences: int  # spoken for the measures
    seconds: float  # of sound in them
    reference: str  # the variant that the others are measured against
    gates: tuple[Gate, ...]
    variants: tuple[Variant, ...]
    sensitivity: tuple[Sensitivity, ...] = ()
    parity: tuple[Parity, ...] = ()
    export: tuple[ExportStep, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    every: str = ""  # the command that measures the skipped too
    steps: tuple[StepCost, ...] = ()

    def __post_init__(self) -> None:
        if self.format != REPORT_FORMAT:
            raise ValueError(f"format {self.format} is not {REPORT_FORMAT}")
        names = [name for name, _ in self.planned]
        if len(set(names)) != len(names):
            raise ValueError(f"variants of one name: {', '.join(sorted(names))}")
        if self.reference not in [variant.name for variant in self.variants]:
            raise ValueError(f"the reference {self.reference!r} is not among the variants")
        if sum(variant.verdict == "chosen" for variant in self.variants) > 1:
            raise ValueError("more than one variant is chosen")

    @property
    def chosen(self) -> Variant | None:
        return next((v for v in self.variants if v.verdict == "chosen"), None)

    @property
    def planned(self) -> list[tuple[str, Mapping[str, str]]]:
        """Name and recipes by stage of every variant, measured or not."""
        measured = [(one.name, one.recipes) for one in self.variants]
        return [*measured, *((one.name, one.recipes) for one in self.skipped)]

    @property
    def baseline(self) -> Variant:
        return next(v for v in self.variants if v.name == self.reference)


def taken(report: BuildReport) -> tuple[Measure, ...]:
    """The measures that at least one variant has, in the order in which they are shown."""
    return tuple(
        measure
        for measure in MEASURES
        if any(getattr(variant, measure.key) is not None for variant in report.variants)
    )


def shown(measure: Measure, value: float | None) -> str:
    """A value as people read it, without its unit; an en dash where there is none."""
    if value is None:
        return "\N{EN DASH}"
    text = f"{value * measure.scale:.{measure.digits}f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text) else text.lstrip("-")


def step_rows(report: BuildReport) -> list[tuple[str, str, str]]:
    """Step, seconds of CPU, seconds of a wall clock; the sum of both last."""
    rows = [(s.step, f"{s.cpu_seconds:.1f}", f"{s.wall_seconds:.1f}") for s in report.steps]
    cpu, wall = (sum(getattr(s, k) for s in report.steps) for k in ("cpu_seconds", "wall_seconds"))
    return [*rows, ("all", f"{cpu:.1f}", f"{wall:.1f}")]
