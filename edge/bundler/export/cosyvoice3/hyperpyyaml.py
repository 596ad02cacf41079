"""Read a hyperpyyaml file as plain data: nothing in it is executed or imported.

`!new:`, `!name:`, `!apply:` and `!module:` name Python objects; here they are names with values
below them. `!ref <a> * <b.c>` is arithmetic of numbers, or another key's value; it is computed
when it is looked up, so references that nobody asks for cost nothing.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from edge.errors import BadRecord
from edge.records import read_text

MAX_DEPTH = 16
"""References one behind the other, and operators within one another: the released file has two."""
MAX_EXPRESSION = 200

_REMEDY = "Take cosyvoice3.yaml of the released checkpoint as it is."
_REFERENCE = re.compile(r"<([A-Za-z_][A-Za-z0-9_.]*)>")
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


@dataclass(frozen=True)
class Named:
    """A Python object that the file names, and what the file would give it."""

    target: str
    value: Any


@dataclass(frozen=True)
class Reference:
    expression: str


def _plain(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


def _named(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Named:
    return Named(suffix, _plain(loader, node))


def _reference(loader: yaml.SafeLoader, node: yaml.Node) -> Reference:
    if not isinstance(node, yaml.ScalarNode) or len(node.value) > MAX_EXPRESSION:
        line = node.start_mark.line + 1
        raise yaml.YAMLError(f"line {line}: {node.tag} needs at most {MAX_EXPRESSION} characters")
    return Reference(str(node.value))


class _Loader(yaml.SafeLoader):
    """SafeLoader without aliases, which can grow without bound, and with the tags as data."""

    yaml_constructors: ClassVar[dict[Any, Any]] = {
        **yaml.SafeLoader.yaml_constructors,
        "!ref": _reference,
        "!copy": _reference,
        "!tuple": _plain,
    }
    yaml_multi_constructors: ClassVar[dict[Any, Any]] = dict.fromkeys(
        ("!new:", "!name:", "!apply:", "!module:"), _named
    )

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"line {mark.line + 1}: aliases are not allowed")
        return super().compose_node(parent, index)


class Document:
    """The file's keys, looked up by dotted path."""

    def __init__(self, text: str, where: str) -> None:
        """Raises BadRecord naming `where`."""
        self.where = where
        try:
            self._root = yaml.load(text, _Loader)  # a SafeLoader
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise BadRecord(f"{where}: not readable as hyperpyyaml: {error}", _REMEDY) from None
        if not isinstance(self._root, dict):
            raise BadRecord(f"{where}: expected keys at the top", _REMEDY)

    def at(self, path: str) -> Any:
        """The value at a dotted path, references followed; raises BadRecord naming the path."""
        return self._resolve(self._find(path, 0), path, 0)

    def _find(self, path: str, depth: int) -> Any:
        value: Any = self._root
        for part in path.split("."):
            value = self._resolve(value, path, depth)
            if isinstance(value, Named):
                value = value.value
            if not isinstance(value, dict) or part not in value:
                raise BadRecord(f"{self.where}: {path}: missing", _REMEDY)
            value = value[part]
        return value

    def _resolve(self, value: Any, path: str, depth: int) -> Any:
        if isinstance(value, list):
            return [self._resolve(item, path, depth + 1) for item in value]
        if not isinstance(value, Reference):
            return value
        if depth >= MAX_DEPTH:
            raise BadRecord(f"{self.where}: {path}: references without an end", _REMEDY)
        whole = _REFERENCE.fullmatch(value.expression.strip())
        if whole:
            return self._resolve(self._find(whole[1], depth + 1), path, depth + 1)
        return self._compute(value.expression, path, depth)

    def _compute(self, expression: str, path: str, depth: int) -> int | float:
        values: list[Any] = []

        def put(match: re.Match[str]) -> str:
            values.append(self._resolve(self._find(match[1], depth + 1), path, depth + 1))
            return f"_{len(values) - 1}"

        def walk(node: ast.AST, level: int) -> Any:
            found: Any = None
            if level < MAX_DEPTH:
                if isinstance(node, ast.Expression):
                    return walk(node.body, level)
                if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
                    left, right = walk(node.left, level + 1), walk(node.right, level + 1)
                    return _OPERATORS[type(node.op)](left, right)
                if isinstance(node, ast.Constant):
                    found = node.value
                elif isinstance(node, ast.Name) and node.id[1:].isdigit():
                    found = values[int(node.id[1:])]
            if type(found) not in (int, float) or abs(found) > 1e12:
                raise ValueError("only + - * / // of numbers is read")
            return found

        try:
            tree = ast.parse(_REFERENCE.sub(put, expression).strip(), mode="eval")
            result: int | float = walk(tree, 0)
        except (SyntaxError, ValueError, IndexError, ArithmeticError, RecursionError) as error:
            raise BadRecord(f"{self.where}: {path}: {expression!r}: {error}", _REMEDY) from None
        return result


def read_hyperpyyaml(path: Path) -> Document:
    """Raises BadRecord for a file that is missing, huge or not this format."""
    return Document(read_text(path), str(path))
