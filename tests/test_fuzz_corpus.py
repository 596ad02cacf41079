"""What once broke a parser, and files as they should be, through every parser. Under 2 s.

`python -m tests.fuzz` looks for more.
"""

from __future__ import annotations

import pytest

from tests.fuzz import FOUND, TARGETS, seeds


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_found_once_stays_mended(name: str) -> None:
    cases = [path.read_bytes() for path in sorted((FOUND / name).glob("*"))]
    for data in (*cases, *seeds().get(name, []), b"", b"\0", b"\xff\xfe"):
        TARGETS[name](data)
