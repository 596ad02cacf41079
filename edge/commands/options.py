"""Options as fields: `speed: float = option(1.0, "X", "speak X times as fast")`.

The field's name, type and default are the option's: bool is a switch, a tuple may be given again,
a Literal is a choice. So what the parser takes and what a command reads cannot differ.
"""

from __future__ import annotations

import argparse
import dataclasses
import typing
from pathlib import Path
from typing import Any, Literal, TypeVar

T = TypeVar("T")


def option(default: T, metavar: str, help: str, **details: Any) -> T:
    """Declare `--name METAVAR`. `short` is a name of one letter; `parse` reads a value, if its
    type is not enough."""
    metadata = {"metavar": metavar, "help": help, **details}
    return dataclasses.field(default=default, metadata=metadata)


def choice(default: T, help: str) -> T:
    """Declare `--name WORD`, one of the words of a Literal."""
    return option(default, "", help)


def switch(help: str) -> bool:
    """Declare `--name`, which is False if left out."""
    return option(False, "", help)


def argument(metavar: str, help: str, default: Any = dataclasses.MISSING) -> Any:
    """Declare a word without dashes; without a default it must be given. A tuple takes one or
    more."""
    return option(default, metavar, help, positional=True)


# Options that several commands have


def socket_option() -> Path | None:
    return option(None, "PATH", "talk to the daemon at PATH instead of the usual socket")


def json_option() -> bool:
    return switch("print the answer as JSON")


def bundles_option(when: str = "") -> tuple[Path, ...]:
    """`when` goes before the help, as "with --local: "."""
    return option(
        (), "DIR", f"{when}use DIR, a bundle or a folder of them, instead of the usual places"
    )


def any_board_option(when: str = "") -> bool:
    return switch(f"{when}accept bundles built for other boards")


def config_option() -> Path | None:
    return option(None, "FILE", "use FILE instead of the default file")


def system_option(what: str = "bundles") -> bool:
    return switch(f"change the service's {what}, in /var/lib/edge-voice, instead of your own")


def positive(text: str) -> int:
    """Parse a whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def add_options(parser: argparse.ArgumentParser, options: type[Any]) -> None:
    """Give the parser an option for each field. One that is not typed is left out of its answer,
    so that the field's default holds."""
    hints = typing.get_type_hints(options)
    for field in dataclasses.fields(options):
        details, required = field.metadata, field.default is dataclasses.MISSING
        settings: dict[str, Any] = {"help": _help(field), "default": argparse.SUPPRESS}
        hint = hints[field.name]
        if (none := type(None)) in typing.get_args(hint):  # a default that is found later
            [hint] = set(typing.get_args(hint)) - {none}
        several = typing.get_origin(hint) is tuple
        if several:
            hint = hint.__args__[0]
        if several and not details.get("positional"):
            settings["action"] = "append"
        if hint is bool:
            settings["action"] = "store_true"
        elif typing.get_origin(hint) is Literal:
            settings["choices"] = hint.__args__
        else:
            settings["metavar"], settings["type"] = details["metavar"], details.get("parse", hint)
        if details.get("positional"):
            count = "+" if several else None if required else "?"
            parser.add_argument(field.name, nargs=count, **settings)
        else:
            names = [details["short"]] if "short" in details else []
            # from_ is --from, which Python has a word for.
            name = "--" + field.name.rstrip("_").replace("_", "-")
            parser.add_argument(*names, name, dest=field.name, **settings)


def _help(field: dataclasses.Field[Any]) -> str:
    text: str = field.metadata["help"]
    if field.default == ():
        return f"{text}; may be given again"
    if field.default in (None, False, dataclasses.MISSING):
        return text
    shown = f"{field.default:g}" if isinstance(field.default, float) else field.default
    return f"{text}; {shown} if left out"
