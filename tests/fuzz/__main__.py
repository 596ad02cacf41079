"""Look for inputs that break a parser, for as long as one likes.

    python -m tests.fuzz                        # every target, for a minute
    python -m tests.fuzz requests --seconds 600

An input that breaks one is kept in tests/data/corpus/TARGET/, which tests/fuzz/test_corpus.py runs
ever after: mend, and commit both.
"""

from __future__ import annotations

import argparse
import functools
import sys

from tests.fuzz.hunt import hunt, in_child
from tests.fuzz.targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", nargs="?", choices=sorted(TARGETS), help="all, if none is named")
    parser.add_argument("--seconds", type=float, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep inputs that reach new lines")
    options = parser.parse_args()
    status = 0
    for name in [options.target] if options.target else TARGETS:
        work = functools.partial(hunt, name, options.seconds, options.seed, options.keep)
        status |= in_child(name, work)
    return status


if __name__ == "__main__":
    sys.exit(main())
