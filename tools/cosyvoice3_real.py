"""Builds CosyVoice3 at the sizes of the released model, with random weights, and prints what each
stage took:

nice -n 15 python -m tools.cosyvoice3_real FOLDER

FOLDER gets the checkpoint (3.5 GB), the cache of the build (6 GB) and the bundle. The peak is the
process's own, set back before each stage, which needs Linux. Then, for the sound's side:
`python -m tools.cosyvoice3_stages FOLDER/bundle`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from edge import records
from edge.bundler.evaluate.stage_gate import STAGES, StageReport
from edge.bundler.pipeline import Wish, build_bundle
from edge.profile import profiles_dir
from tests.helpers.tiny_cosyvoice3 import write_checkpoint

VARIANTS = """\
variants:
  - {name: int4, encoder: fp32, decoder: fp32, stages: {llm: int4, flow_step: fp16}}
  - {name: int8, encoder: int8-dynamic, decoder: int8-dynamic}
  - {name: fp32, encoder: fp32, decoder: fp32}
"""


def peak_mb() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise AssertionError("no VmHWM")


class Stages:
    """Prints a line for each stage of a build when the next one begins."""

    def __init__(self) -> None:
        self._stage, self._cpu, self._wall = "", 0.0, 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage == self._stage:
            return
        if self._stage:
            cpu = time.process_time() - self._cpu
            wall = time.monotonic() - self._wall
            print(f"{self._stage:28} {cpu:8.1f} s CPU {wall:8.1f} s {peak_mb():7} MB", flush=True)
        Path("/proc/self/clear_refs").write_text("5")
        self._stage, self._cpu, self._wall = stage, time.process_time(), time.monotonic()


def build(folder: Path) -> None:
    steps = Stages()
    checkpoint = folder / "checkpoint"
    steps("checkpoint", 0, 0)
    if not checkpoint.exists():
        write_checkpoint(checkpoint, released=True)
    text = (profiles_dir() / "x86-64.yaml").read_text()
    head, _, rest = text.partition("variants:\n")
    tail = rest[rest.index("\nestimates:") :]
    # Random weights are no judge of what a trained model loses.
    head = head.replace("log_mel_db: 2.0", "log_mel_db: 20.0")
    profile = folder / "x86-64.yaml"
    profile.write_text(head + VARIANTS + tail)
    wish = Wish("cosyvoice3-0.5b", str(profile), checkpoint=checkpoint)
    bundle = build_bundle(wish, folder / "bundle", folder / "cache", steps)
    steps("finished", 0, 0)
    found = records.load_json(bundle.path / STAGES, StageReport)
    for row in found.export:
        if row.bytes or "parity" in row.stage or not row.ok:
            print(f"{row.stage:28} {row.exporter:13} {row.seconds:8.1f} s {row.bytes:14,}")
    for parity in found.parity:
        print(f"{parity.stage:52} {parity.relative_l2:.1e} {parity.max_abs:.1e}")
    for quality in found.quality:
        print(
            f"{quality.variant:6} {quality.stage:10} {quality.recipe:13} {quality.bytes:14,} "
            f"{quality.measure}: {quality.value:.3g}"
        )
    for file in sorted(bundle.path.iterdir()):
        print(f"{file.name:40} {file.stat().st_size:14,}")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
