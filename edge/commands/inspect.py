"""Verify a bundle, of any board, and show what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.commands.answers import print_json, print_table
from edge.commands.options import argument, json_option

EXAMPLE = "edge inspect build/bundles/*"


@dataclass(frozen=True)
class Options:
    bundle: Path = argument("BUNDLE", "the folder of the bundle")
    json: bool = json_option()


def run(options: Options) -> int:
    from edge import records
    from edge.bundle import open_bundle

    bundle = open_bundle(options.bundle, machine=None)
    bundle.verify()
    manifest = bundle.manifest
    if options.json:
        print_json(records.to_dict(manifest))
        return 0
    size = sum(entry.bytes for entry in manifest.files.values())
    languages = ", ".join(bundle.languages)
    rows = [
        ("voice", f"{bundle.voice.title} ({manifest.voice}, {languages})"),
        ("board", f"{bundle.profile.title} ({manifest.profile})"),
        ("sound", f"{manifest.rate} Hz, gain {manifest.gain:.3f}"),
        ("variants", ", ".join(variant.name for variant in manifest.variants)),
        ("licence", bundle.voice.licence.name),
        ("size", f"{size / 1e6:.1f} MB in {len(manifest.files)} files, all checksums right"),
        ("built with", ", ".join(f"{k} {v}" for k, v in manifest.tools.items())),
    ]
    print_table((bundle.path.name, ""), rows)
    return 0
