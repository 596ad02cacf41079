"""Find docstrings that begin with a bare preposition: `python -m tools.docstrings` (make lint).

A function's docstring is a sentence with a verb, a value's a noun phrase. Those that begin with
Of, By, As, With, Until or What are neither, and are read three times.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("edge", "tools")
BARE = frozenset({"Of", "By", "As", "With", "Until", "What"})


def bare(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and first words of each such text: of a module, class, function or field."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue
        text = node.value.value
        if isinstance(text, str) and text.split(maxsplit=1)[0:1] and text.split()[0] in BARE:
            yield node.lineno, " ".join(text.split()[:8])


def main() -> int:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {words} ..."
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, words in bare(path.read_text(encoding="utf-8"))
    ]
    print("\n".join([*found, f"{len(found)} docstrings begin with a bare word"]))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
