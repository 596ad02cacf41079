"""Make models/predictions.json from the counted instructions and the measured memory:
python -m tools.predictions

The two files of raw data are beside their notes in docs/measurements.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge.voice import models_dir

NOTES = Path(__file__).parent.parent / "docs/measurements"
COUNTED = NOTES / "2026-11-23-arm-instructions.json"
SIZES = NOTES / "2026-11-30-predictions.json"


def make(counted: dict[str, Any], sizes: dict[str, Any]) -> str:
    """Return the text of the file: only what a prediction reads."""
    cpus = {row["profile"]: row["cpu"] for row in counted["voice"]}
    decoders = {row["recipe"]: row for row in counted["decoder"]}
    table: dict[str, dict[str, list[float]]] = {profile: {} for profile in cpus}
    for row in counted["voice"]:
        if recipe := sizes["decoder_of"].get(row["variant"]):
            of = decoders[recipe[row["cpu"]] if isinstance(recipe, dict) else recipe]
            table[row["profile"]][row["variant"]] = [row["millions"], of[row["cpu"]]]
    table["x86-64"] = sizes["x86_64_ms"]
    parts = {
        "counted": table,
        "sizes": {
            quality: {"bytes": size}
            | {variant: _beside_medium(sizes, variant, quality) for variant in ("fp32", "fused")}
            for quality, size in sizes["model_bytes"].items()
        },
        "families": sizes["families"],
        "memory": sizes["memory"],
        "boards": {
            name: {"as": row["as"], "rate": row["rate"]} for name, row in sizes["boards"].items()
        },
        "speedup": sizes["speedup"],
    }
    return "{\n" + ",\n".join(f' "{key}": {json.dumps(parts[key])}' for key in parts) + "\n}\n"


def _beside_medium(sizes: dict[str, Any], variant: str, quality: str) -> list[float]:
    """Return the decoder's work as a part of medium's, and the difference of the peaks, MiB."""
    work, peak = sizes["decoder_millions"][variant], sizes["peak_mib"][variant]
    return [round(work[quality] / work["medium"], 3), peak[quality] - peak["medium"]]


def main() -> None:
    texts = (json.loads(path.read_text(encoding="utf-8")) for path in (COUNTED, SIZES))
    (models_dir() / "predictions.json").write_text(make(*texts), encoding="utf-8")


if __name__ == "__main__":
    main()
