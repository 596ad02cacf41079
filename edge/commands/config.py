"""Show every key of the configuration, its value, and where that came from."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from edge.commands.answers import print_json, print_table
from edge.commands.options import config_option, json_option
from edge.errors import EdgeError

EXAMPLE = "edge config"


@dataclass(frozen=True)
class Options:
    config: Path | None = config_option()
    json: bool = json_option()


def run(options: Options) -> int:
    from edge.config import load_config
    from edge.daemon.reloading import read_lexicon
    from edge.daemon.start import configured

    found = load_config(options.config)
    try:
        [bundle, *_] = bundles = configured(found.config)
    except EdgeError as error:
        print(f"edge: without the profile's values: {error.message}", file=sys.stderr)
        bundles = []
    else:
        decided = {"audio.device": bundle.profile.audio.device}
        found = found.completed({"voice": bundle.voice.name}, "the first bundle")
        found = found.completed(decided, f"profile {bundle.profile.name}")
    lexicon = read_lexicon(found.config, bundles)
    if options.json:
        rows = [
            {"key": key, "value": value, "from": origin} for key, value, origin in found.rows()
        ]
        print_json({"file": found.path and str(found.path), "keys": rows})
        return 0
    print(found.path or "no file: all values are defaults")
    print_table(
        ("KEY", "VALUE", "FROM"),
        [(key, json.dumps(value), origin) for key, value, origin in found.rows()],
    )
    if found.config.lexicon is not None:
        print(f"{found.config.lexicon}: {lexicon.entries} entries")
    return 0
