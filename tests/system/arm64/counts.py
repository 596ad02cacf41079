"""Instructions per second of audio on every CPU model, as the JSON of docs/measurements has them:
`python -m tests.system.arm64.counts [CPU|BUNDLE|VARIANT ...]` (half an hour on a quiet machine,
five minutes of it for `heart`). What was counted is kept in counts.json, so that a run that was
stopped goes on: remove it after a change.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from edge.bundle import open_bundle
from edge.bundler.fetch import fetch
from edge.files import cache_dir
from edge.voice import load_voice
from tests.system.arm64.boards import CPUS, FOLDER, emulated
from tests.system.arm64.bundles import JOE
from tests.test_profiles import EXPECTED

HEART = "heart"
"""The bundle of the voice heart, each of its variants on each CPU."""
KEPT = FOLDER / "counts.json"
RAW = FOLDER / "arm-instructions.json"
Counts = dict[str, float]
"""`Job.key/variant` to millions of instructions per second of audio."""


@dataclass(frozen=True)
class Job:
    """The decoders of every recipe, or the whole voice with each variant of a profile."""

    cpu: str
    bundle: str
    what: str

    @property
    def key(self) -> str:
        return f"{self.cpu}/{self.bundle}/{self.what}"

    @property
    def names(self) -> list[str]:
        bundle = open_bundle(FOLDER / "bundles" / self.bundle, machine=None)
        names = [variant.name for variant in bundle.manifest.variants]
        if self.bundle == HEART:
            return names
        if self.what == "voice":
            return [*names, "piper-tts"]
        names.remove("int8-encoder")  # its decoder is that of fp32
        return names


def jobs() -> list[Job]:
    decoders = [Job(cpu, "counted", "decoder") for cpu in CPUS]
    voices = [Job(cpu, EXPECTED[board][0], "voice") for cpu, board in CPUS.items()]
    return decoders + voices + [Job(cpu, HEART, "voice") for cpu in CPUS]


def count(job: Job, names: list[str], folder: Path) -> Iterator[tuple[str, float]]:
    place = folder / job.key.replace("/", "-")
    python = emulated(CPUS[job.cpu], job.cpu, place)
    numbers = place / "counts"
    bundle = FOLDER / "bundles" / job.bundle
    model = fetch(load_voice(JOE), cache_dir(), lambda *_: None)["model"]
    plugin = {"QEMU_PLUGIN": f"{FOLDER / 'count.so'},out={numbers}"}
    with subprocess.Popen(
        [python, "-m", "tests.system.arm64.counted", bundle, model, job.what, *names],
        env=os.environ | plugin,
        text=True,
        stdout=subprocess.PIPE,
    ) as guest:
        assert guest.stdout
        for line in guest.stdout:
            name, _, seconds = line.split("\t")
            instructions = int(numbers.read_text(encoding="ascii").split()[-1])
            yield name, instructions / float(seconds) / 1e6
    if guest.returncode:
        raise SystemExit(f"{job.key} ended with {guest.returncode}")


def kept() -> Counts:
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def tables(counts: Counts) -> Iterator[str]:
    columns = list(CPUS)
    yield "| Decoder | " + " | ".join(cpu[7:].upper() for cpu in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for name in jobs()[0].names:
        cells = [counts.get(f"{Job(cpu, 'counted', 'decoder').key}/{name}") for cpu in columns]
        yield f"| `{name}` | " + " | ".join(f"{c:.0f}" if c else "-" for c in cells) + " |"
    yield "\n| heart, whole voice | " + " | ".join(cpu[7:].upper() for cpu in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for name in jobs()[-1].names:
        cells = [counts.get(f"{Job(cpu, HEART, 'voice').key}/{name}") for cpu in columns]
        yield f"| `{name}` | " + " | ".join(f"{c:.0f}" if c else "-" for c in cells) + " |"
    yield "\n| Profile | Variant | CPU | Whole voice |\n|---|---|---|---|"
    for job in jobs():
        if job.what == "voice" and job.bundle != HEART:
            for name in job.names:
                if found := counts.get(f"{job.key}/{name}"):
                    yield f"| {job.bundle} | `{name}` | {job.cpu[7:].upper()} | {found:.0f} |"


def raw_data(counts: Counts) -> dict[str, object]:
    """What lies beside a note of docs/measurements, and what tools/plots.py draws from."""
    rows = {key: round(value) for key, value in counts.items()}
    return {
        "date": datetime.date.today().isoformat(),
        "command": "make count-arm64",
        "machine": f"qemu-aarch64 (user mode) as {', '.join(CPUS)}",
        "versions": {"edge-voice": version("edge-voice")},
        "unit": "millions of instructions executed per second of audio, one thread",
        "decoder": [
            {"recipe": name}
            | {cpu: rows.get(f"{Job(cpu, 'counted', 'decoder').key}/{name}") for cpu in CPUS}
            for name in jobs()[0].names
        ],
        "voice": [
            {"profile": job.bundle, "variant": name, "cpu": job.cpu, "millions": found}
            for job in jobs()
            if job.what == "voice" and job.bundle != HEART
            for name in job.names
            if (found := rows.get(f"{job.key}/{name}"))
        ],
        "heart": [
            {"variant": name}
            | {cpu: rows.get(f"{Job(cpu, HEART, 'voice').key}/{name}") for cpu in CPUS}
            for name in jobs()[-1].names
        ],
    }


def main() -> None:
    counts = kept()
    cpus = [name for name in sys.argv[1:] if name in CPUS] or list(CPUS)
    places = {job.bundle for job in jobs()}
    bundles = places.intersection(sys.argv[1:]) or places
    only = [name for name in sys.argv[1:] if name not in CPUS and name not in places]
    with tempfile.TemporaryDirectory(prefix="edge-arm64-") as folder:
        for job in (job for job in jobs() if job.cpu in cpus and job.bundle in bundles):
            left = [name for name in job.names if f"{job.key}/{name}" not in counts]
            left = [name for name in left if not only or name in only]
            if left:
                for name, found in count(job, left, Path(folder)):
                    counts = kept() | {f"{job.key}/{name}": found}  # another CPU's run adds too
                    KEPT.write_text(json.dumps(counts, indent=1), encoding="utf-8")
                    print(f"{job.key}/{name}: {found:.1f}", file=sys.stderr, flush=True)
    if bundles != places:
        return
    print(*tables(counts), sep="\n")
    RAW.write_text(json.dumps(raw_data(counts), indent=1) + "\n", encoding="utf-8")
    print(f"raw data: {RAW}")


if __name__ == "__main__":
    main()
