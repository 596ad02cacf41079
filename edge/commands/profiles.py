"""List the boards there are profiles for."""

from __future__ import annotations

from dataclasses import dataclass

from edge.commands.answers import print_json, print_table
from edge.commands.options import json_option, switch

EXAMPLE = "edge profiles --detect"


@dataclass(frozen=True)
class Options:
    detect: bool = switch("name the profile of this machine, and why it fits")
    json: bool = json_option()


def run(options: Options) -> int:
    from edge.detection import detect
    from edge.machine import read_machine
    from edge.profile import all_profiles

    if options.detect:
        found = detect(read_machine(), all_profiles())
        if options.json:
            print_json({"profile": found.profile.name, "reasons": found.reasons})
        else:
            print(found.profile.name)
            print(f"  {found.profile.title}, because " + "; ".join(found.reasons))
        return 0
    rows = [(p.name, p.title, ", ".join(v.name for v in p.variants)) for p in all_profiles()]
    if options.json:
        print_json([{"name": n, "title": t, "variants": v.split(", ")} for n, t, v in rows])
    else:
        print_table(("PROFILE", "BOARD", "VARIANTS, BEST FIRST"), rows)
    return 0
