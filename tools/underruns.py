"""Ten minutes of speech at 2, 1 and 0.5 cores: does the sound card ever run dry? On demand.

    python -m tools.underruns BUNDLE [MINUTES]

Needs root and cgroups for the quota, and a sound server (PULSE_SERVER). The daemons run side by
side, each in a cgroup of its own, and each says what `edge status` counted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from itertools import cycle
from pathlib import Path

from edge.bundler import corpus
from edge.client import Client
from edge.errors import EdgeError
from edge.protocol import Speak, SpeakFinished

ROOT = Path("/sys/fs/cgroup")
OLD = ROOT / "cpu"  # cgroup v1 has a tree for each controller
CGROUP = OLD if OLD.is_dir() else ROOT
PERIOD_US = 100_000
CORES = (2.0, 1.0, 0.5)


def main() -> None:
    bundle, minutes = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    with tempfile.TemporaryDirectory() as folder:
        runs = [
            threading.Thread(target=run, args=(bundle, cores, minutes, Path(folder)))
            for cores in CORES
        ]
        for thread in runs:
            thread.start()
        for thread in runs:
            thread.join()


def run(bundle: Path, cores: float, minutes: float, folder: Path) -> None:
    group = CGROUP / f"edge-voice-{cores:g}"
    group.mkdir(exist_ok=True)
    quota = round(cores * PERIOD_US)
    if CGROUP is OLD:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(quota))
    else:
        (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
    path = folder / f"{cores:g}.sock"
    command = [sys.executable, "-m", "edge", "serve", "--bundle", str(bundle)]

    def enter() -> None:
        (group / "cgroup.procs").write_text(str(os.getpid()))

    with subprocess.Popen(
        [*command, "--socket", str(path)], stderr=subprocess.DEVNULL, preexec_fn=enter
    ) as daemon:
        try:
            while daemon.poll() is None and not answers(path):
                time.sleep(0.1)
            report(path, cores, minutes)
        finally:
            daemon.terminate()
            daemon.wait()
    throttled = (
        (group / "cpu.stat").read_text(encoding="ascii").split("nr_throttled ")[1].split()[0]
    )
    print(f"{cores:g} cores: throttled {throttled} times", flush=True)
    group.rmdir()


def answers(path: Path) -> bool:
    try:
        Client(path).close()
    except EdgeError:
        return False
    return True


def report(path: Path, cores: float, minutes: float) -> None:
    spoken = 0.0
    sentences = cycle(corpus.sentences("evaluation", "en") + corpus.sentences("calibration", "en"))
    with Client(path) as client:
        while spoken < 60 * minutes:
            text = " ".join(next(sentences) for _ in range(40))
            for message in client.speak(Speak(text)):
                if isinstance(message, SpeakFinished):
                    spoken += message.seconds
        counters = client.status().counters
    print(
        f"{cores:g} cores: {spoken:.0f} s of speech, {counters['underruns']} underruns, "
        f"{counters['gaps']} gaps",
        flush=True,
    )


if __name__ == "__main__":
    main()
