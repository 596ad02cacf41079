"""Compare our graphs of Pocket TTS with the official package, for each released size, stage by
stage.

    python -m venv official
    official/bin/pip install pocket-tts==4.0.1 torch==2.13.0 onnx onnxruntime
    official/bin/python -m tools.pocket_parity [--keep DIR] [NAME ...]

The weights are random, of the released structures; each stage is given what the official code was
given. It prints a row for each, as docs/design/pocket.md has them, and fails beyond 2e-6. With
--keep the checkpoints stay in DIR, for `edge build --checkpoint` and tools/pocket_speed.py."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.pocket import export
from tests.helpers.official_pocket import compute, released, write_checkpoint
from tests.helpers.pocket_parity import Made, distances

LIMIT = 2e-6
NAMES = (
    *("english_2m_2026-10", "english_7m_2026-10", "english_18m_2026-10", "english_2026-10"),
    *("english_drifting_26-09", "english_2026-01", "french", "french_24l"),
)
TEXT = "The kettle is on, and the toast is done. Who would like some tea?"
FRAMES = 24
"""Frames of sound, enough for the caches to be moved twice."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    failed = False
    print("| checkpoint | latents | end | attention | sound | clip | nodes lm + codec + encoder |")
    print("|---|---|---|---|---|---|---|")
    for name in options.names:
        with tempfile.TemporaryDirectory() as scratch:
            found, nodes = compare(name, options.keep or Path(scratch))
        failed |= not all(far <= LIMIT for far in found.values())
        stages = ("latents", "end", "attention", "sound", "clip")
        shown = " | ".join(f"{found[stage]:.1e}" for stage in stages)
        print(f"| {name} | {shown} | {' + '.join(map(str, nodes))} |", flush=True)
    return int(failed)


def compare(name: str, place: Path) -> tuple[dict[str, float], list[int]]:
    """Return how far each stage is from the official one, and the nodes of each graph."""
    folder = place / name
    model = write_checkpoint(folder, released(name))
    reference = compute(model, TEXT, voice=40, frames=FRAMES, seed=1)
    del model
    files = {path.stem: path for path in folder.iterdir() if path.is_file()}
    log = ExportLog()
    with tempfile.TemporaryDirectory() as graphs:
        export(files, Path(graphs), log)
        made = Made(files, Path(graphs), reference, log)
        found = distances(made, watched=(1, 1))
    rows = {row.stage: row.nodes_after for row in log.rows}
    return found, [rows[stage] for stage in ("lm", "codec", "encoder")]


if __name__ == "__main__":
    sys.exit(main())
