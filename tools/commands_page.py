"""Write the tables of docs/reference/commands.md, which are the options' own help texts.

python -m tools.commands_page
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from edge.cli import load, parser_of
from edge.commands import COMMANDS, GROUPS

PAGE = Path(__file__).parent.parent / "docs/reference/commands.md"
BEGIN = "<!-- From here on made by: python -m tools.commands_page -->\n"
END = "<!-- Up to here. -->\n"


def options_of(name: str) -> list[argparse.Action]:
    """Return the options of a command, as argparse has them, in the order of its help."""
    actions = parser_of(name)._actions
    return [action for action in actions if not isinstance(action, argparse._HelpAction)]


def page(text: str) -> str:
    """Return the page with its tables made anew."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n".join(_tables()) + "\n" + END + rest.split(END)[1]


def _tables() -> Iterator[str]:
    for group, title in GROUPS.items():
        yield from ("", f"## {title}", "", "| Command | Option | What it does |", "|---|---|---|")
        for name, command in COMMANDS.items():
            if command.group == group:
                description = " ".join(str(load(name).__doc__).split())
                yield f"| `{name}` | | {description} |"
                yield from (f"| | {_shown(o)} | {o.help} |" for o in options_of(name))
    yield ""


def _shown(option: argparse.Action) -> str:
    value = option.metavar or (f"{{{','.join(option.choices)}}}" if option.choices else "")
    if not option.option_strings:
        return f"`{value}`"
    *others, last = option.option_strings
    return ", ".join([*(f"`{each}`" for each in others), f"`{f'{last} {value}'.strip()}`"])


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
