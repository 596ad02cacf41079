"""One voice built on several kinds of CPU: are the graphs the same bytes, do they sound the same?

`python -m tests.cpus Haswell -- python -m tests.cpus.builders make FOLDER/Haswell [VARIANT ...]`
builds joe and judges it there (two minutes of CPU); `python -m tests.cpus.builders table FOLDER`
compares all that were made, as Markdown.
"""

from __future__ import annotations

import dataclasses
import json
import platform
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from edge import synth
from edge.bundle import file_sha256
from edge.bundler import corpus
from edge.bundler.candidates import Candidate, Original, export, provisional
from edge.bundler.evaluate.measurements import compare, speak_all
from edge.bundler.fetch import fetch
from edge.bundler.quantize import Calibration, calibrate, maker
from edge.bundler.quantize.recipe import constants
from edge.bundler.stage_cache import StageCache
from edge.files import cache_dir
from edge.profile import load_profile
from edge.recipes import RECIPES
from edge.voice import load_voice

JOE = "en_US-joe-medium"
VARIANTS: Mapping[str, tuple[str, str]] = {
    "fused, x86-64": ("int8-fused", "int8-fused"),
    "fused, rpi5": ("int8-dynamic", "int8-fused"),
    "fused, rpi3": ("fp32", "int8-fused-7bit"),
    "int8, x86-64": ("int8-dynamic", "int8-static u8"),
    "int8, rpi5": ("int8-dynamic", "int8-static s8"),
    "int8-encoder": ("int8-dynamic", "fp32"),
    "weights-int8": ("weights-int8", "weights-int8"),
}
"""Variant and a board that has it -> recipes of its encoder and decoder."""
LAYERS = ("flow.", "dec.conv_pre", "dec.ups.0", *(f"dec.resblocks.{i}." for i in range(3)))
"""Beginnings of the names of the convolutions that int8-static takes here, without its search:
flow, conv_pre and stage 0, which is about what the search finds for joe."""
EVERY = 4
"""Evaluation sentences are 40; each fourth is spoken."""
CALIBRATION = 6
"""Calibration sentences."""


def make(folder: Path, names: Collection[str]) -> None:
    """Build variants on this CPU into `folder`, and write their figures: figures.json."""
    wanted = {name: VARIANTS[name] for name in names}
    folder.mkdir(parents=True)
    voice, profile = load_voice(JOE), load_profile("x86-64")
    files = fetch(voice, cache_dir(), lambda *_: None)
    original = export(voice, files, StageCache(folder / "stages"), folder / "export.json")
    every = corpus.sentences("calibration", "en")
    latents = calibrate.latents(
        original.folder / "encoder.onnx",
        original.folder / "config.json",
        every[:: len(every) // CALIBRATION],
    )
    given = Calibration(latents, original.rate, original=original.model)
    recipes = {("encoder", encoder) for encoder, _ in wanted.values()}
    recipes |= {("decoder", decoder) for _, decoder in wanted.values()}
    graphs = {key: _graph(original, *key, given, folder) for key in sorted(recipes)}
    candidates = [Candidate("fp32", dict.fromkeys(original.graphs, "fp32"), _float(original))]
    for name, (encoder, decoder) in wanted.items():
        chosen = {"encoder": encoder, "decoder": decoder}
        made = {stage: graphs[stage, recipe] for stage, recipe in chosen.items()}
        candidates.append(Candidate(name, chosen, made))
    sounds = {}
    with provisional(original, voice, profile, candidates) as bundle:
        heard = speak_all(
            synth.load(bundle, "fp32"), corpus.sentences("evaluation", "en")[::EVERY]
        )
        for name in wanted:
            sound = compare(synth.load(bundle, name), heard, 1.0)
            sounds[name] = dataclasses.asdict(sound)
            print(f"{name}: {sound.log_mel_db:.3f} dB", flush=True)
    shas = {f"{stage}, {recipe}": file_sha256(path) for (stage, recipe), path in graphs.items()}
    figures = {"machine": platform.machine(), "graphs": shas, "sounds": sounds}
    (folder / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")


def _float(original: Original) -> dict[str, Path]:
    return {stage: original.folder / name for stage, name in original.graphs.items()}


def _graph(original: Original, stage: str, recipe: str, given: Calibration, folder: Path) -> Path:
    source = _float(original)[stage]
    name, _, activations = recipe.partition(" ")
    target = folder / f"{stage}-{recipe.replace(' ', '-')}.onnx"
    if name == "int8-static":
        names = [node.name for node in onnx.load(source).graph.node if "Conv" in node.op_type]
        layers = tuple(name for name in names if name.startswith(LAYERS))
        given = dataclasses.replace(given, layers=layers, activations=activations)
    maker(name)(source, target, given if RECIPES[name].calibrated else None)
    return target


def table(folder: Path) -> None:
    """Print every builder's figures and graphs beside those of the first."""
    builders = sorted(path.parent.name for path in folder.glob("*/figures.json"))
    found = {b: json.loads((folder / b / "figures.json").read_text()) for b in builders}
    print(f"| log-mel, dB | {' | '.join(builders)} | most - least |")
    print("|---" * (len(builders) + 2) + "|")
    for name in VARIANTS:
        values = [found[b]["sounds"].get(name, {}).get("log_mel_db") for b in builders]
        known = [value for value in values if value is not None]
        cells = " | ".join("-" if value is None else f"{value:.3f}" for value in values)
        print(f"| {name} | {cells} | {max(known) - min(known):.3f} |")
    print(f"\n| graph | {' | '.join(builders)} |")
    print("|---" * (len(builders) + 1) + "|")
    most = max(builders, key=lambda b: len(found[b]["graphs"]))
    for name in found[most]["graphs"]:
        cells = [_beside(folder, found, most, builder, name) for builder in builders]
        print(f"| {name} | {' | '.join(cells)} |")


def _beside(folder: Path, found: Mapping[str, Any], first: str, other: str, name: str) -> str:
    """Say the graph's checksum, or how it is unlike that of the `first` builder."""
    sha = found[other]["graphs"].get(name)
    if sha is None:
        return "-"
    if other == first or sha == found[first]["graphs"][name]:
        return str(sha[:8])
    return _unlike(folder, first, other, name)


def _unlike(folder: Path, first: str, other: str, name: str) -> str:
    """Say how two builders' graphs differ: in nodes, or in scales and the integers of them."""
    file = name.replace(", ", "-").replace(" ", "-") + ".onnx"
    one, two = (onnx.load(folder / builder / file) for builder in (first, other))
    if [n.SerializeToString() for n in one.graph.node] != [
        n.SerializeToString() for n in two.graph.node
    ]:
        return "other nodes"
    a, b = constants(one), constants(two)
    moved = {n: np.abs(a[n].astype(float) - b[n]) for n in a if not np.array_equal(a[n], b[n])}
    scales = [n for n in moved if a[n].dtype == np.float32]
    codes = [n for n in moved if a[n].dtype != np.float32]
    most = max((float((moved[n] / np.abs(a[n]).max()).max()) for n in scales), default=0.0)
    count = sum(np.count_nonzero(moved[n]) for n in codes)
    far = max((int(moved[n].max()) for n in codes if a[n].dtype != np.int32), default=0)
    size = sum(a[n].size for n in a if a[n].dtype.kind in "iu")
    return f"scales by {most:.0e} at most; {count} of {size} integers, codes by {far}"


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), sys.argv[3:] or VARIANTS)
    else:
        table(Path(sys.argv[2]))
