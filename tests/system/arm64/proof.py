"""The board's side on emulated Cortex-A53, A72 and A76: `make test-arm64`, not `make test`.

An instruction that the CPU model lacks ends the guest with SIGILL, so a run that ends well is the
proof that none was used. What was heard is compared with this machine's own sound.
"""

from __future__ import annotations

import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edge import kernels, synth
from edge.bundle import open_bundle
from edge.bundler.metrics import log_mel_distance_db, snr_db
from edge.pcm import Samples
from edge.profile import load_profile, usable_variants
from edge.synth.piper.synthesizer import PiperSynthesizer
from tests.system.arm64.boards import CPUS, FOLDER, emulated
from tests.system.arm64.bundles import COUNTED
from tests.system.arm64.speak import decode, spoken
from tests.test_profiles import EXPECTED, board

TEXT = "Yes."  # emulated, a second of sound takes half a minute
BUNDLE = FOLDER / "bundles/counted"
DEADLINE_S = 3600  # of a guest; a quiet machine needs 100 for the longest

BUNDLED = {
    "raspberry-pi-zero-2-w": "cortex-a53",
    "raspberry-pi-3b": "cortex-a53",
    "raspberry-pi-4b": "cortex-a72",
    "raspberry-pi-5b": "cortex-a76",
    "orange-pi-5-plus": "cortex-a76",
}
LOAD_ALL = """
import sys
from pathlib import Path
from edge import synth
from edge.bundle import open_bundle
bundle = open_bundle(Path(sys.argv[1]), machine=None)
print(synth.choose(bundle).name)
for variant in bundle.manifest.variants:
    synth.load(bundle, variant.name)
    print(variant.name)
"""


@dataclass(frozen=True)
class Allowed:
    """How far a variant's decoder on ARM may be from the same graph here, on one latent, and the
    sentence from the sentence here, each with its own encoder: dB."""

    decoder_snr: float
    sentence_log_mel: float


FLOAT = Allowed(100, 0.01)  # only the order of float additions differs
# A difference of 1e-6 in what is rounded to int8 turns one step up into one down.
ROUNDED = Allowed(100, 1.5)
ALLOWED = {
    "fp32": FLOAT,
    "fp32-2d": FLOAT,
    "int8-encoder": FLOAT,
    "weights-int8": FLOAT,
    "int8-static": ROUNDED,
    "int8-fused": ROUNDED,
    "int8-fused-7bit": ROUNDED,
    # A76 computes in half precision, which A53, A72 and x86 do not have.
    "fp16": Allowed(20, 1.0),
}


def run(python: Path, *arguments: str | Path) -> str:
    """Standard output of the emulated Python; SIGILL and every other failure fail the test."""
    done = subprocess.run(
        [python, *arguments], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert done.returncode == 0, f"exit {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def spoken_here(bundle: Path) -> dict[str, tuple[Samples, Samples]]:
    """Latent and sound of each variant on this machine."""
    assert kernels.library_path(), "make kernels"
    return {name: (latent, sound) for name, latent, sound in spoken(bundle, TEXT)}


def spoken_there(
    cpu: str, path: Path, folder: Path, here: dict[str, tuple[Samples, Samples]]
) -> None:
    """Speaks with every variant of the bundle on an emulated board; its sound must be ours."""
    python = emulated(CPUS[cpu], cpu, folder / "board")
    said = run(python, "-m", "tests.system.arm64.speak", path, folder, TEXT)
    assert said.split() == list(here)
    bundle, failures = open_bundle(path, machine=None), []
    for name, (latent, sound) in here.items():
        there = np.load(folder / f"{name}.npz")
        synthesizer = synth.load(bundle, name)
        assert isinstance(synthesizer, PiperSynthesizer)
        (segment,) = synthesizer.plan(TEXT, synth.Style())
        decoder = snr_db(decode(synthesizer, segment, there["latent"]), there["samples"])
        # An int8 encoder may give a phoneme one frame more: then only the decoder can be compared.
        same = latent.shape == there["latent"].shape
        rate = bundle.manifest.rate
        sentence = log_mel_distance_db(sound, there["samples"], rate) if same else np.nan
        print(f"{cpu} {name}: decoder {decoder:.1f} dB SNR, sentence {sentence:.3f} dB log-mel")
        allowed = ALLOWED[name]
        if decoder < allowed.decoder_snr or sentence > allowed.sentence_log_mel:
            failures.append(f"{name}: {decoder:.1f} and {sentence:.3f} dB, not {allowed}")
        if allowed is FLOAT and not same:
            failures.append(f"{name}: {there['latent'].shape} and not {latent.shape}")
    assert not failures, failures


@pytest.fixture(scope="module")
def here() -> dict[str, tuple[Samples, Samples]]:
    return spoken_here(BUNDLE)


def check_kernels(cpu: str, cases: int) -> None:
    test = FOLDER / "kernels/kernel_test"
    said = run(Path("/usr/bin/env"), "qemu-aarch64", "-cpu", cpu, test, str(cases), "7")
    best = "sdot" if cpu == "cortex-a76" else "smlal-7bit"
    assert said.startswith(best) and said.endswith("all paths agree\n")


@pytest.mark.parametrize("cpu", CPUS)
def test_kernels_equal_the_scalar_reference(cpu: str) -> None:
    check_kernels(cpu, 600)


@pytest.mark.parametrize("cpu", CPUS)
def test_every_recipe_speaks(
    cpu: str, tmp_path: Path, here: dict[str, tuple[Samples, Samples]]
) -> None:
    assert set(here) == {plan.name for plan in COUNTED}
    spoken_there(cpu, BUNDLE, tmp_path, here)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_board_loads_its_bundle(name: str, tmp_path: Path) -> None:
    """Every variant of the profile loads, and the first that can run is chosen."""
    python = emulated(name, BUNDLED[name], tmp_path / "board")
    [profile] = EXPECTED[name]
    assert run(python, "-m", "edge", "profiles", "--detect").split()[0] == profile
    bundle = FOLDER / "bundles" / profile
    plans = load_profile(profile).variants
    able = usable_variants(load_profile(profile), board(name))
    said = run(python, "-c", LOAD_ALL, bundle).split()
    assert said == [able[0].name, *(plan.name for plan in plans)]


@pytest.mark.parametrize("cpu", CPUS)
def test_the_daemon_speaks_over_its_socket(cpu: str, tmp_path: Path) -> None:
    python = emulated(CPUS[cpu], cpu, tmp_path / "board")
    bundle = FOLDER / "bundles" / EXPECTED[CPUS[cpu]][0]
    command = [python, "-m", "edge", "serve", "--bundle", bundle]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr
        log = []
        try:
            for line in daemon.stderr:
                log.append(line)
                if "ready on" in line:
                    break
            heard = tmp_path / "heard.wav"
            run(python, "-m", "edge", "say", "--out", heard, TEXT)
            findings = run(python, "-m", "edge", "doctor", "--bundle", bundle)
        finally:
            daemon.terminate()
            log += daemon.stderr
    assert daemon.returncode == 0, "".join(log)
    assert "is whole and for this board" in findings and "piper can run here" in findings
    with wave.open(str(heard)) as file:
        assert 0.4 < file.getnframes() / file.getframerate() < 1.2
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert np.abs(samples).max() > 3000
