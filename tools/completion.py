"""Print what completes `edge` in bash: make install puts it in place.

eval "$(python -m tools.completion)"
"""

from __future__ import annotations

import shtab

from edge.cli import load, root_parser
from edge.commands import COMMANDS
from edge.commands.options import add_options


def completion() -> str:
    root = root_parser()
    commands = root.add_subparsers()
    for name, command in COMMANDS.items():  # shtab leaves out a command without a help
        add_options(commands.add_parser(name, help=command.summary), load(name).Options)
    return str(shtab.complete(root, shell="bash"))


if __name__ == "__main__":
    print(completion())
