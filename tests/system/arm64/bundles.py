"""Bundles of joe and heart for the ARM boards, every planned variant in them, none measured or
refused: `python -m tests.system.arm64.bundles FOLDER` (9 minutes at first, then seconds)."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from pathlib import Path

from edge.bundle import PROFILE, VOICE, writing
from edge.bundler.candidates import export, make_candidates, write_bundle
from edge.bundler.fetch import fetch
from edge.bundler.own_voice import described
from edge.bundler.pipeline import profile_path
from edge.bundler.stage_cache import StageCache
from edge.files import cache_dir
from edge.profile import VariantPlan, load_profile

JOE, HEART = "en_US-joe-medium", "en_US-heart"
PROFILES = ("rpi-zero2w", "rpi3", "rpi4", "rpi5", "rk3588")
COUNTED = (
    VariantPlan("fp32", "fp32", "fp32"),
    VariantPlan("fp32-2d", "fp32", "fp32-2d"),
    VariantPlan("fp16", "fp32", "fp16"),
    VariantPlan("weights-int8", "weights-int8", "weights-int8"),
    VariantPlan("int8-encoder", "int8-dynamic", "fp32"),
    VariantPlan("int8-static", "fp32", "int8-static"),
    VariantPlan("int8-fused", "fp32", "int8-fused"),
    VariantPlan("int8-fused-7bit", "fp32", "int8-fused-7bit"),
)
"""One of each recipe: what is counted on every CPU model, whether a profile plans it or not."""

COUNTED_HEART = (
    VariantPlan("fp32", "fp32", "fp32"),
    VariantPlan("int8", "int8-dynamic", "int8-dynamic"),
    VariantPlan("weights-int8", "weights-int8", "weights-int8"),
    VariantPlan("fused", "int8-fused", "int8-fused"),
    VariantPlan("fused-7bit", "int8-fused-7bit", "int8-fused-7bit"),
)
"""The same of heart, whose recipes are fewer; its profile gives it one thread and no more."""


def make(
    profile_name: str,
    plans: tuple[VariantPlan, ...] | None,
    destination: Path,
    voice_name: str = JOE,
) -> None:
    """A bundle with every plan of the profile, or with `plans` instead. `voice_name` may be the
    folder of a checkpoint."""
    (voice, description), profile = described(voice_name, None, None), load_profile(profile_name)
    stages = StageCache(cache_dir() / "stages")
    files = fetch(voice, cache_dir(), lambda *_: None)
    original = export(voice, files, stages, Path(f"{destination}.export-log.json"))
    wanted = dataclasses.replace(profile, variants=plans or profile.variants)
    candidates, _ = make_candidates(original, voice, wanted, stages, lambda *_: None)
    failures = [f"{c.name}: {c.failure}" for c in candidates if c.failure]
    if failures:
        raise SystemExit("\n".join(failures))
    with writing(destination) as folder:
        (folder / VOICE).write_text(description, encoding="utf-8")
        shutil.copyfile(profile_path(profile_name), folder / PROFILE)
        write_bundle(folder, original, voice, profile, candidates, gain=1.0, tools={})
    print(destination, *(c.name for c in candidates), flush=True)


def main() -> None:
    folder = Path(sys.argv[1])
    make("rpi5", COUNTED, folder / "counted")
    make("rpi5", COUNTED_HEART, folder / "heart", HEART)
    for name in PROFILES:
        make(name, None, folder / name)


if __name__ == "__main__":
    main()
