"""What every command keeps: one module, its options typed, explained in help and on the page."""

from __future__ import annotations

import argparse
import dataclasses
import pkgutil
import shlex
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any, Literal

import pytest

import edge.commands
from edge.cli import load, parse, parser_of
from edge.commands import COMMANDS, GROUPS
from edge.commands.options import add_options, argument, choice, option, positive, switch
from tests.helpers.daemon_under_test import ROOT
from tools import commands_page
from tools.commands_page import options_of
from tools.completion import completion

HEAVY = {"asyncio", "edge.client", "edge.protocol", "numpy", "onnx", "onnxruntime", "yaml"}
"""Modules that are slow to import: a command imports them when it runs."""


@dataclasses.dataclass(frozen=True)
class Everything:
    count: int = argument("N", "a number that must be given")
    word: str | None = argument("WORD", "a word", None)
    speed: float = option(1.0, "X", "a number")
    out: Path | None = option(None, "FILE", "a path", short="-o")
    rounds: int = option(7, "N", "a number that is checked", parse=positive)
    place: tuple[Path, ...] = option((), "DIR", "several paths")
    tone: Literal["low", "high"] = choice("low", "one of two words")
    colour: Literal["red", "blue"] | None = choice(None, "one of two words, or none")
    if_needed: bool = switch("a switch")


def typed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser, Everything)
    return parser.parse_args(words)


def test_each_kind_of_option() -> None:
    assert vars(typed("3")) == {"count": 3}, "what is not typed is left to the defaults"
    words = "3 hello --speed 2 -o a --rounds 2 --place b --place c --tone high --colour red"
    assert vars(typed(*words.split(), "--if-needed")) == {
        "count": 3,
        "word": "hello",
        "speed": 2.0,
        "out": Path("a"),
        "rounds": 2,
        "place": [Path("b"), Path("c")],
        "tone": "high",
        "colour": "red",
        "if_needed": True,
    }


def test_words_without_dashes_may_be_several() -> None:
    several = ("places", tuple[Path, ...], argument("PLACE", "one or more"))
    parser = argparse.ArgumentParser()
    add_options(parser, dataclasses.make_dataclass("Options", [several], frozen=True))
    assert vars(parser.parse_args(["a", "b"])) == {"places": [Path("a"), Path("b")]}
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args([])


@pytest.mark.parametrize(
    "wrong", ["", "x", "3 --rounds 0", "3 --tone loud", "3 --colour green", "3 --place"]
)
def test_wrong_words_are_refused(wrong: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        typed(*wrong.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_options_are_typed_and_frozen(name: str) -> None:
    module, hints = load(name), typing.get_type_hints(load(name).Options)
    assert {option.dest for option in options_of(name)} == set(hints)
    assert module.Options.__dataclass_params__.frozen
    assert typing.get_type_hints(module.run) == {"options": module.Options, "return": int}
    _, options, _ = parse(shlex.split(module.EXAMPLE)[1:])
    for key, hint in hints.items():
        assert isinstance(getattr(options, key), kinds(hint)), key


def kinds(hint: Any) -> tuple[type, ...]:
    """Return the types of the values that a hint allows."""
    if typing.get_origin(hint) in (tuple, Literal):
        return (tuple,) if typing.get_origin(hint) is tuple else (str,)
    return tuple(kind for each in typing.get_args(hint) for kind in kinds(each)) or (hint,)


@pytest.mark.parametrize("name", COMMANDS)
def test_everything_is_explained(name: str) -> None:
    module, parser = load(name), parser_of(name)
    assert parser.description is not None and parser.description.strip().endswith(".")
    assert max(map(len, parser.description.splitlines())) <= 80, "it is not wrapped"
    for each in options_of(name):
        assert each.help and each.help == each.help.strip(".").strip(), each.dest
    words = shlex.split(module.EXAMPLE)
    assert words[:2] == ["edge", name]
    assert isinstance(parse(words[1:])[1], module.Options)
    assert COMMANDS[name].group in GROUPS
    assert module.EXAMPLE in parser.format_help()


def test_a_new_option_of_say_is_one_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial that once broke `edge prerender`: all pages know it, no other command does."""
    say = load("say")
    whisper = ("whisper", bool, switch("speak without a voice"))
    options = dataclasses.make_dataclass("Options", [whisper], bases=(say.Options,), frozen=True)
    monkeypatch.setattr(say, "Options", options)
    assert parse(["say", "--whisper", "Hello."])[1].whisper
    assert not parse(["say", "Hello."])[1].whisper
    assert "--whisper" in parser_of("say").format_help()
    assert "| | `--whisper` | speak without a voice |" in commands_page.page(
        commands_page.PAGE.read_text(encoding="utf-8")
    )
    assert "--whisper" in completion()
    for name in set(COMMANDS) - {"say"}:
        assert "--whisper" not in parser_of(name).format_help()


def test_every_module_has_its_row() -> None:
    rooms = {
        found.name
        for found in pkgutil.iter_modules(edge.commands.__path__)
        if hasattr(load(found.name.replace("_", "-")), "Options")
    }
    assert {room.replace("_", "-") for room in rooms} == set(COMMANDS)


def test_help_waits_for_nothing_that_only_the_work_needs() -> None:
    code = (
        "import sys; from edge.cli import load; from edge.commands import COMMANDS\n"
        "for name in COMMANDS: load(name)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.split())


def test_a_command_imports_only_its_own_module() -> None:
    code = (
        "import sys; from edge.cli import parse; parse(['say', 'Hello.'])\n"
        "print(*(name for name in sys.modules if name.startswith('edge.commands.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == {"edge.commands.say", "edge.commands.options"}


def test_the_page_says_what_the_options_say() -> None:
    text = commands_page.PAGE.read_text(encoding="utf-8")
    assert commands_page.page(text) == text, "make it anew: python -m tools.commands_page"


def test_bash_completes(tmp_path: Path) -> None:
    script = tmp_path / "edge"
    script.write_text(completion(), encoding="utf-8")
    typed = f"""
        . {script}
        COMP_WORDS=(edge say --vo); COMP_CWORD=2; _shtab_edge; echo "${{COMPREPLY[@]}}"
        COMP_WORDS=(edge st); COMP_CWORD=1; _shtab_edge; echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["--voice --volume", "stop status"]
    for name in COMMANDS:
        assert all(
            word in completion() for each in options_of(name) for word in each.option_strings
        )
