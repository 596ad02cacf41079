"""The pages say what the code does: every row, key, command, link and folder is compared."""

from __future__ import annotations

import ast
import dataclasses
import datetime
import importlib
import itertools
import re
import shlex
import subprocess
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge import cli, errors
from edge.bundle import FORMAT, Manifest
from edge.config import Config, InForce
from edge.profile import Profile
from tests.helpers.pages import DOCS, FENCE, LINK, README, ROOT, anchors, pages, prose, table

MAX_DECISION_LINES = 25

_INLINE = re.compile(r"`([^`\n]+)`")
_FOREIGN_PATH = re.compile(r"(?<![\w.~$}])/(?:home|Users|root|work|opt|mnt|tmp)/\w")


def shell_commands(page: Path) -> Iterator[str]:
    for language, block in FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "sh":
            yield from (line.strip() for line in block.splitlines() if line.strip())


def edge_command(command: str) -> list[str] | None:
    """The arguments of the `edge` in a shell line, also behind a pipe; None if there is none."""
    last = command.split(" | ")[-1].partition(" > ")[0]
    words = shlex.split(last, comments=True)
    return words[1:] if words[:1] == ["edge"] else None


def keys(record: Any) -> set[str]:
    """The field names of a dataclass and of every dataclass within it."""
    if not dataclasses.is_dataclass(record):
        return {key for inner in typing.get_args(record) for key in keys(inner)}
    hints = typing.get_type_hints(record)
    names = {field.name for field in dataclasses.fields(record)}
    return names.union(*(keys(hints[name]) for name in names))


def manifest_keys(record: Any, before: str = "") -> set[str]:
    """Places as docs/reference/bundle.md writes them: `variants[].name`, `files.*.bytes`."""
    places: set[str] = set()
    for name, hint in typing.get_type_hints(record).items():
        places.add(before + name)
        step = "[]." if typing.get_origin(hint) is tuple else ".*."
        for inner in typing.get_args(hint):
            if dataclasses.is_dataclass(inner):
                places |= manifest_keys(inner, f"{before}{name}{step}")
    return places


def definitions(file: Path) -> set[str]:
    """Functions, methods as Class.method, and assigned names of a module."""
    found: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (
                n for n in node.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))
            )
            found |= {f"{node.name}.{method.name}" for method in methods}
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def parsed(arguments: list[str]) -> None:
    try:
        cli.parse(arguments)
    except SystemExit as stop:
        assert not stop.code, f"the command line refuses: edge {shlex.join(arguments)}"


def test_errors_have_their_rows_and_rows_their_errors() -> None:
    classes = {
        (f"`{cls.code}`", f"`{name}`")
        for name, cls in vars(errors).items()
        if isinstance(cls, type) and issubclass(cls, errors.EdgeError)
        if cls is not errors.EdgeError
    }
    described = table(DOCS / "reference/errors.md", "Code")
    assert {(row[0], row[1]) for row in described} == classes
    assert len(described) == len(classes)
    for row in described:
        assert len(row) == 5 and all(row), f"a cell of {row[0]} is missing or empty"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if "://" in target:
            assert target.startswith("https://"), target
            continue
        path, _, anchor = target.replace("\\", "").partition("#")
        led = page.parent / path if path else page
        assert led.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(led), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_code_blocks_are_understood(page: Path) -> None:
    for command in shell_commands(page):
        if (arguments := edge_command(command)) is not None:
            parsed(arguments)


def test_the_readme_shows_commands_that_the_check_can_see() -> None:
    seen = [command for command in shell_commands(README) if edge_command(command) is not None]
    assert len(seen) >= 10  # the check above would pass on a page that it cannot read


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in pages():
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"(?:^ *|`)make ([a-z][a-z0-9-]*)", text, re.MULTILINE):
            assert target in targets, f"{page.name} names make {target}"


def test_every_manifest_key_has_its_row() -> None:
    described = {row[0].strip("`"): row[2] for row in table(DOCS / "reference/bundle.md", "Key")}
    assert set(described) == manifest_keys(Manifest)
    assert described["format"].endswith(f": {FORMAT}")


def test_every_profile_key_is_in_the_example() -> None:
    example = (ROOT / "profiles/example.yaml").read_text(encoding="utf-8")
    shown = set(re.findall(r"(\w+):(?:\s|$)", example))
    assert keys(Profile) <= shown


def test_the_architecture_names_functions_that_exist() -> None:
    page = DOCS / "design/architecture.md"
    for row in table(page, "#"):
        file, function = (cell.strip("`") for cell in row if cell.startswith("`"))
        assert function in definitions(ROOT / file), f"no {function} in {file}"
    there = set().union(*(definitions(file) for file in (ROOT / "edge").rglob("*.py")))
    for name in _INLINE.findall(prose(page)):
        assert not re.fullmatch(r"[A-Z]\w+\.\w+", name) or name in there, f"no {name} in edge/"


def test_the_road_of_a_sentence_goes_through_the_rooms() -> None:
    road = [row for row in table(DOCS / "design/architecture.md", "#") if len(row) == 6]
    assert [row[0] for row in road] == [str(n) for n in range(1, 13)]
    rooms = [room for room, _ in itertools.groupby(row[1] for row in road)]
    assert rooms == ["commands", "client", "protocol", "daemon", "synth", "sound", "daemon"]
    for _, room, _, file, _, _ in road:
        assert Path(file.strip("`")).parts[1].removesuffix(".py") == room, f"{file} in {room}"


def test_files_and_pages_named_in_text_and_code_exist() -> None:
    sources = [*pages(), *(ROOT / "edge").rglob("*.py"), *(ROOT / "profiles").glob("*.yaml")]
    for source in sources:
        text = source.read_text(encoding="utf-8")
        for name in re.findall(r"(?<![\w/.])((?:docs|edge)/[\w/-]+\.(?:md|py))\b", text):
            assert (ROOT / name).is_file(), f"{source.relative_to(ROOT)} names {name}"


def test_the_readme_shows_the_folders_that_exist() -> None:
    [tree] = [block for _, block in FENCE.findall(README.read_text()) if "edge/  " in block]
    shown, top = set(), ""
    for line in tree.splitlines():
        folder = line.split()[0]
        if not line.startswith(" "):
            top = folder
        shown.add(folder if line.startswith(folder) else top + folder)
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout: what belongs to the tree is not known")
    folders = {tuple(Path(file).parts[:-1]) for file in listed.stdout.splitlines()}
    wanted = {f"{parts[0]}/" for parts in folders if parts and not parts[0].startswith(".")}
    wanted |= {f"edge/{parts[1]}/" for parts in folders if parts[:1] == ("edge",) and parts[1:]}
    assert shown == wanted


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_path_of_somebodys_machine(page: Path) -> None:
    assert not _FOREIGN_PATH.findall(page.read_text(encoding="utf-8"))


def test_decisions_are_short_and_numbered() -> None:
    notes = sorted((DOCS / "design/decisions").glob("*.md"))
    assert [note.name[:5] for note in notes] == [f"{n:04}-" for n in range(1, len(notes) + 1)]
    for note in notes:
        lines = note.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= MAX_DECISION_LINES, note.name
        assert lines[0].startswith(f"# {note.name[:4]}: "), note.name


def test_what_is_verified_says_how_and_when() -> None:
    rows = table(README, "Claim")
    assert len(rows) > 15
    for claim, proof, date, command in rows:
        if proof.startswith("**not at all**"):
            assert not date and not command, claim
            continue
        assert re.match(r"(hardware|emulated|simulated): ", proof), claim
        assert [datetime.date.fromisoformat(day) for day in date.split(", ")], claim
        assert command.startswith("`"), claim


def test_names_imported_in_the_python_example_exist() -> None:
    blocks = [code for language, code in FENCE.findall(README.read_text()) if language == "python"]
    assert blocks
    for block in blocks:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(str(node.module))
                assert all(hasattr(module, alias.name) for alias in node.names), node.module


@pytest.mark.parametrize(
    ("target", "commands"),
    [
        ("say", ("edge build en_US-heart --quick --if-needed", "edge say --local")),
        ("build", ("edge build en_US-heart",)),
        ("bundles", ("edge build en_US-heart --profile all",)),
        ("serve", ("edge serve",)),
    ],
)
def test_make_runs_the_commands_that_it_promises(target: str, commands: tuple[str, ...]) -> None:
    """Expanded by make itself: a misspelt variable leaves a hole."""
    planned = subprocess.run(
        ["make", "--dry-run", "--always-make", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for command in commands:
        assert f".venv/bin/{command}" in planned
        words = shlex.split(command.split(" -- ")[0])[1:]
        assert cli.parse(words)


def test_make_say_keeps_the_text_as_it_was_typed() -> None:
    """Quotes and dollars reach the program, for which `printenv` stands in."""
    text = 'It costs $5, "really", doesn\'t it?'
    printed = subprocess.run(
        ["make", "--silent", "say", f"TEXT={text}", "EDGE=printenv WORDS;:", "--old-file=setup"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert text in printed.splitlines()


def test_every_key_of_the_configuration_has_its_row_and_its_default() -> None:
    described = {
        row[0].strip("`"): row[2] for row in table(DOCS / "reference/configuration.md", "Key")
    }
    defaults = {key: value for key, value, _ in InForce(Config(), {}).rows()}
    assert list(described) == list(defaults)
    for key, default in defaults.items():
        if isinstance(default, (int, bool)):
            assert described[key] == str(default).lower(), key


def test_the_index_names_every_page() -> None:
    linked = {(DOCS / target).resolve() for target in LINK.findall(prose(DOCS / "README.md"))}
    for page in DOCS.rglob("*.md"):
        if page != DOCS / "README.md":
            assert linked & {page, page.parent}, f"docs/README.md lacks {page.name}"


def test_programs_that_pages_run_with_m_exist() -> None:
    """`python -m tools.growth` is run by readers, so it must not move without its page."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"-m ((?:edge|tests|tools)\.[\w.]*\w)", text):
            place = ROOT / name.replace(".", "/")
            found = place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()
            assert found, f"{page.name} runs {name}"
