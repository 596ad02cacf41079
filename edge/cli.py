"""The command line: which command was typed, its options, and what an error looks like."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

from edge import __version__
from edge.commands import COMMANDS, GROUPS
from edge.commands.options import add_options
from edge.errors import EdgeError


def run(arguments: Sequence[str]) -> int:
    """Return the exit status: 0 done, 1 an error that was explained, 130 interrupted. Wrong usage
    is SystemExit 2."""
    name, options, verbose = parse(arguments)
    _set_up_log(verbose)
    try:
        status: int = load(name).run(options)
        sys.stdout.flush()  # here, where a reader that has left is known to be no error
        return status
    except EdgeError as error:
        print(f"edge: {error.message}", file=sys.stderr)
        print(f"      {error.remedy}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if str(error.name).startswith("edge"):
            raise  # a fault of ours, not of the installation
        from edge.remedies import add_packages

        extra = COMMANDS[name].extra
        print(f"edge: the Python package {error.name} is not installed", file=sys.stderr)
        print(f"      {add_packages(extra)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has left, as `edge voices | head -1` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parse(arguments: Sequence[str]) -> tuple[str, Any, bool]:
    """Return the command, an instance of its Options, and whether to be verbose.

    Ends the process (SystemExit) where argparse does: after --help, --version and wrong usage.
    """
    root = root_parser()
    place = next((i for i, word in enumerate(arguments) if not word.startswith("-")), None)
    before = root.parse_args(arguments[:place])
    if place is None:
        root.error("the following arguments are required: COMMAND")
    name = arguments[place]
    if name not in COMMANDS:
        root.error(f"there is no command {name!r}; edge --help lists them all")
    found = vars(parser_of(name).parse_args(arguments[place + 1 :]))
    frozen = {key: tuple(v) if isinstance(v, list) else v for key, v in found.items()}
    return name, load(name).Options(**frozen), before.verbose


def load(name: str) -> Any:
    """Import the module of a command; edge/commands/__init__.py says what it has."""
    return importlib.import_module(f"edge.commands.{name.replace('-', '_')}")


def parser_of(name: str) -> argparse.ArgumentParser:
    module = load(name)
    parser = argparse.ArgumentParser(
        prog=f"edge {name}",
        description=module.__doc__,
        epilog=f"example:\n  {module.EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_options(parser, module.Options)
    return parser


def root_parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="edge",
        usage="edge [-h] [--version] [--verbose] COMMAND ...",
        description="Text to speech on the device.",
        epilog=_commands_in_groups(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    root.add_argument("--version", action="version", version=f"edge-voice {__version__}")
    root.add_argument("--verbose", action="store_true", help="say more on standard error")
    return root


def _commands_in_groups() -> str:
    width = max(map(len, COMMANDS)) + 2
    lines = []
    for group, title in GROUPS.items():
        rows = [(name, row.summary) for name, row in COMMANDS.items() if row.group == group]
        lines += [f"{title}:", *(f"  {name:{width}}{summary}" for name, summary in rows), ""]
    return "\n".join([*lines, "edge COMMAND --help shows a command's options, with an example."])


def _set_up_log(verbose: bool) -> None:
    import logging

    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="edge: %(message)s",
        stream=sys.stderr,
    )
