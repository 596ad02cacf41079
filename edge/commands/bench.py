"""Measure the speed and memory of a bundle, variant by variant."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from edge.commands.answers import print_json
from edge.commands.options import json_option, option, positive, switch

EXAMPLE = "edge bench --rounds 20"


@dataclass(frozen=True)
class Options:
    bundle: Path | None = option(
        None, "DIR", "measure the bundle in DIR; the first that is found if left out"
    )
    variant: tuple[str, ...] = option((), "NAME", "measure only this variant; all if left out")
    threads: tuple[int, ...] = option(
        (),
        "N",
        "give onnxruntime N threads; the profile's number, or 1 and 2 for peers, if left out",
        parse=positive,
    )
    rounds: int = option(7, "N", "speak each text N times, after a warm-up", parse=positive)
    peers: bool = switch(
        "measure piper-tts, sherpa-onnx and streaming-vits with the same voice too (extra bench)"
    )
    json: bool = json_option()


def run(options: Options) -> int:
    from edge import records
    from edge.bench.measure import measure
    from edge.bench.report import table
    from edge.bundle.store import default_places, find_bundles

    places = [options.bundle] if options.bundle else default_places()
    bundle = find_bundles(places, voice=None, any_board=True)[0]
    threads = options.threads or ((1, 2) if options.peers else (bundle.profile.runtime.threads,))
    report = measure(bundle, options.variant, threads, options.rounds, options.peers)
    typed = shlex.join(["edge", *sys.argv[1:]])
    if options.json:
        print_json({"command": typed, **records.to_dict(report)})
    else:
        print(table(report, typed))
    return 0
