"""`edge` and `python -m edge`."""

from __future__ import annotations

import sys


def main() -> int:
    from edge.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
