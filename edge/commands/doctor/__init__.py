"""Find out what is wrong with this machine; the exit status is 1 if something is."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.commands.answers import print_json
from edge.commands.options import bundles_option, json_option, socket_option, switch

EXAMPLE = "edge doctor"


@dataclass(frozen=True)
class Options:
    tone: bool = switch("play a second of 440 Hz, to be heard")
    as_service: bool = switch(
        "look from inside the service's sandbox, as its user, and play a tone; needs root"
    )
    json: bool = json_option()
    bundle: tuple[Path, ...] = bundles_option()
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.bundle.store import places_to_examine
    from edge.client import socket_path
    from edge.commands.doctor.checks import examine
    from edge.commands.doctor.sandbox import run_as_service

    if options.as_service:
        words = [word for word in sys.argv[1:] if word != "--as-service"]
        return run_as_service([*words, *([] if options.tone else ["--tone"])])
    places = options.bundle or places_to_examine()
    findings = examine(places, options.socket or socket_path(), options.tone)
    if options.json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.verdict:5} {finding.subject}: {finding.message}")
            if finding.verdict != "ok":
                print(f"      {finding.remedy}")
    return int(any(finding.verdict == "fail" for finding in findings))
