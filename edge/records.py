"""Turn strict YAML and JSON into frozen dataclasses and back; an error names the key's place.

Nothing is guessed: an unknown key, a missing one, a string where a number belongs, a number
written as yes, a key given twice and a YAML alias are all errors.
"""

from __future__ import annotations

import dataclasses
import errno
import functools
import json
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

import yaml

from edge.errors import BadRecord, Busy

T = TypeVar("T")

MAX_FILE_BYTES = 1 << 20  # a description is a page or two; a report is the largest, far below
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""A NUL ends a path, and half of a surrogate pair has no UTF-8."""
_REMEDY = "Correct the file at that place; the example beside it shows every key."


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader without aliases (they can grow without bound) and without repeated keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"line {mark.line + 1}: aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, (list, dict)) or key in seen:
                raise yaml.YAMLError(f"line {key_node.start_mark.line + 1}: key {key!r} again")
            seen.add(key)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str, cls: type[T], where: str) -> T:
    """Read one YAML document into the dataclass `cls`; raises BadRecord naming `where`."""
    return from_dict(cls, plain_yaml(text, where), where)


def plain_yaml(text: str, where: str) -> Any:
    """Read one YAML document as lists, mappings and scalars; raises BadRecord naming `where`."""
    try:
        return yaml.load(text, _StrictLoader)
    except Exception as error:  # PyYAML's constructors raise whatever their conversion does
        raise BadRecord(f"{where}: not readable as YAML: {error}", _REMEDY) from None


def key_lines(text: str) -> dict[str, int]:
    """Find the line of each key in a YAML document that parse_yaml has read: audio.device -> 3."""
    lines: dict[str, int] = {}

    def visit(node: yaml.Node | None, before: str) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                lines[before + key.value] = key.start_mark.line + 1
                visit(value, f"{before}{key.value}.")

    visit(yaml.compose(text, _StrictLoader), "")
    return lines


def parse_json(text: str, cls: type[T], where: str) -> T:
    """Read one JSON object into the dataclass `cls`; raises BadRecord naming `where`."""
    try:
        data = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"{where}: not readable as JSON: {error}", _REMEDY) from None
    return from_dict(cls, data, where)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"key {next(n for n in names if names.count(n) > 1)!r} again")
    return found


def read_text(path: Path) -> str:
    """Read a description file; a missing, huge or binary one is a BadRecord.

    Raises Busy where the system has no more of what it takes to open one: the file may be whole.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise BadRecord(f"{path}: larger than {MAX_FILE_BYTES} bytes", _REMEDY)
        return raw.decode("utf-8")
    except OSError as error:
        raise_if_exhausted(path, error)
        raise BadRecord(f"{path}: {error.strerror}", "Check the path.") from None
    except UnicodeDecodeError:
        raise BadRecord(f"{path}: not UTF-8 text", _REMEDY) from None


def raise_if_exhausted(path: Path, error: OSError) -> None:
    """Raise Busy if `error` tells of the system and not of the file at `path`."""
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        raise Busy(
            f"{path}: {error.strerror}",
            "Close other programs, or allow more: ulimit -n, LimitNOFILE= of a unit.",
        ) from None


def load_yaml(path: Path, cls: type[T]) -> T:
    return parse_yaml(read_text(path), cls, str(path))


def load_json(path: Path, cls: type[T]) -> T:
    return parse_json(read_text(path), cls, str(path))


def dump_json(record: Any) -> str:
    """Write a dataclass as JSON, keys in the order of its fields, the same bytes every time."""
    return json.dumps(to_dict(record), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def to_dict(record: Any) -> Any:
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {
            field.name: to_dict(getattr(record, field.name))
            for field in dataclasses.fields(record)
        }
    if isinstance(record, Mapping):
        return {key: to_dict(value) for key, value in record.items()}
    if isinstance(record, (list, tuple)):
        return [to_dict(value) for value in record]
    return record


_hints: Callable[[Any], dict[str, Any]] = functools.cache(typing.get_type_hints)


def from_dict(cls: type[T], data: Any, where: str) -> T:
    """Build the dataclass `cls` from plain data, strictly; raises BadRecord.

    A class with `OPEN = True` passes over keys that it does not know.
    """
    if not isinstance(data, Mapping):
        raise _wrong(where, "a mapping of keys", data)
    hints = _hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in data:
        if key not in fields and not getattr(cls, "OPEN", False):
            known = ", ".join(fields)
            raise BadRecord(f"{where}: unknown key {key!r}; known here: {known}", _REMEDY)
    values: dict[str, Any] = {}
    for name, field in fields.items():
        place = f"{where}: {name}" if ": " not in where else f"{where}.{name}"
        if name in data:
            values[name] = _convert(hints[name], data[name], place)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise BadRecord(f"{place}: missing", _REMEDY)
    try:
        return cls(**values)
    except ValueError as error:  # a record's own __post_init__ check
        raise BadRecord(f"{where}: {error}", _REMEDY) from None


def _convert(hint: Any, value: Any, place: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        rest = [argument for argument in arguments if argument is not type(None)]
        if len(rest) == 1:
            return _convert(rest[0], value, place)
        for argument in rest:
            if isinstance(value, argument) and not isinstance(value, bool):
                return _scalar(argument, value, place)
        raise _wrong(place, " or ".join(argument.__name__ for argument in rest), value)
    if origin is Literal:
        if value in arguments and type(value) in {type(a) for a in arguments}:
            return value
        raise _wrong(place, "one of " + ", ".join(map(str, arguments)), value)
    if origin is tuple:
        if not isinstance(value, list):
            raise _wrong(place, "a list", value)
        return tuple(_convert(arguments[0], v, f"{place}[{i}]") for i, v in enumerate(value))
    if origin in (dict, Mapping):
        if not isinstance(value, Mapping):
            raise _wrong(place, "a mapping of keys", value)
        return {
            _convert(arguments[0], key, place): _convert(arguments[1], v, f"{place}.{key}")
            for key, v in value.items()
        }
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return from_dict(hint, value, place)
    if hint is Any:
        return value
    return _scalar(hint, value, place)


def _scalar(hint: type, value: Any, place: str) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is float and number and abs(value) <= sys.float_info.max:  # NaN is not
        return float(value)
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint is str and isinstance(value, str) and (found := _NO_TEXT.search(value)):
        raise BadRecord(f"{place}: {found[0]!a}, which no text and no path may hold", _REMEDY)
    if hint in (str, bool) and isinstance(value, hint):
        return value
    names = {float: "a number", int: "a whole number", str: "text", bool: "true or false"}
    raise _wrong(place, names[hint], value)


def _wrong(place: str, expected: str, value: Any) -> BadRecord:
    try:
        shown = repr(value)
    except ValueError:  # a number of more digits than Python writes, as 0xfff... may be
        shown = "a number too long to show"
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return BadRecord(f"{place}: expected {expected}, got {shown}", _REMEDY)
