from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.system.chaos.bundles import two_bundles
from tests.system.chaos.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.system.chaos")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sound", action="store_true", help="play through a real sound server")
    parser.add_argument("--requests", type=int, default=0, help="go on until there were so many")
    parser.add_argument("--one-life", action="store_true", help="no fault ends the daemon")
    parser.add_argument("--only", metavar="FAULT", help="one fault, as faults.py calls it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edge-") as folder:
        result = run(
            60 * options.minutes, options.seed, two_bundles(Path(folder)), sound=options.sound,
            requests=options.requests, deaths=not options.one_life, only=options.only,
        )  # fmt: skip
    print(f"{result.seconds:.0f} s, {result.lives} lives, seed {options.seed}")
    for name, count in (result.faults | result.figures).items():
        print(f"{name.replace('_', ' ')}: {count}")
    print(f"a daemon just started: {result.before}; the last one at the end: {result.after}")
    print(f"stretches of sound too short to tell, in frames: {result.scraps[:40]}")
    print(f"wrong: {len(result.wrong)}", *result.wrong, sep="\n")
    return bool(result.wrong)


if __name__ == "__main__":
    sys.exit(main())
