"""Settings: frozen dataclasses that come from and go to JSON and TOML, and are changed by `dotted.key=value`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from looksay.errors import BadConfig, BadValue, UnknownName
from looksay.records import hints, pack, unpack

C = TypeVar("C")


def to_dict(config: Any) -> dict[str, Any]:
    """Everything, defaults included: what a run writes down."""
    packed: dict[str, Any] = pack(config, full=True)
    return packed


def from_dict(kind: type[C], values: Mapping[str, Any], where: str) -> C:
    try:
        made: C = unpack(kind, json.loads(json.dumps(values)), where)
    except BadValue as error:
        raise BadConfig(error.what, where=error.where, mend=error.mend) from None
    return made


def load(kind: type[C], path: Path) -> C:
    """From a .json or .toml file."""
    try:
        text = path.read_text("utf-8")
        values = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise BadConfig(f"cannot be read: {error.strerror}", where=str(path)) from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"not valid {path.suffix[1:] or 'JSON'}: {error}", where=str(path)) from None
    return from_dict(kind, values, str(path))


def change(config: C, settings: Mapping[str, Any], where: str = "--set") -> C:
    """A copy with dotted settings changed. Values may be text, as typed on a command line; they take the type of their field."""
    for key, value in settings.items():
        config = _change(config, key.split("."), value, key, where)
    return config


def parse(assignments: Sequence[str], where: str = "--set") -> dict[str, str]:
    """['a.b=1', 'c=2'] → {'a.b': '1', 'c': '2'}"""
    found = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise BadConfig(f"{text!r} is not of the form key=value", where=where)
        found[key.strip()] = value.strip()
    return found


def _change(config: Any, path: list[str], value: Any, key: str, where: str) -> Any:
    kind: Any = type(config)
    known = hints(kind)
    name = path[0].replace("-", "_")
    if name not in known:
        raise UnknownName.of("setting", key, [*known], where=where)
    old = getattr(config, name)
    if len(path) > 1:
        if isinstance(old, Mapping):
            return replace(config, **{name: {**old, ".".join(path[1:]): value}})
        if isinstance(old, tuple) and path[1].isdigit() and int(path[1]) < len(old):
            items = list(old)
            items[int(path[1])] = _change(items[int(path[1])], path[2:], value, key, where)
            return replace(config, **{name: tuple(items)})
        if not is_dataclass(old):
            raise BadConfig(f"{key!r} goes deeper than the settings do", where=where)
        return replace(config, **{name: _change(old, path[1:], value, key, where)})
    try:
        made = read_text(known[name], value, key) if isinstance(value, str) else unpack(known[name], _plain(value), key)
        return replace(config, **{name: made})
    except BadValue as error:
        raise BadConfig(error.what, where=f"{where} {key}", mend=error.mend) from None


def _plain(value: Any) -> Any:
    return pack(list(value)) if isinstance(value, tuple) else value


def read_text(kind: Any, text: str, key: str) -> Any:
    """Text as typed on a command line, as a value of `kind`."""
    inner = get_args(kind)
    if get_origin(kind) in (Union, UnionType):
        if text.lower() in ("none", "") and type(None) in inner:
            return None
        kind = next(k for k in inner if k is not type(None))
        inner = get_args(kind)
    if kind is bool:
        if text.lower() not in ("true", "false", "yes", "no", "on", "off", "1", "0"):
            raise BadValue(f"{text!r} is neither true nor false", where=key)
        return text.lower() in ("true", "yes", "on", "1")
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            raise BadValue(f"{text!r} is not {'a whole number' if kind is int else 'a number'}", where=key) from None
    if get_origin(kind) is tuple:
        parts = [part for part in text.strip("()[]").replace(" ", "").split(",") if part]
        kinds = [inner[0]] * len(parts) if inner[-1] is Ellipsis else list(inner)
        if len(kinds) != len(parts):
            raise BadValue(f"{text!r} has {len(parts)} values, not {len(kinds)}", where=key)
        return tuple(read_text(k, part, key) for k, part in zip(kinds, parts, strict=True))
    if get_origin(kind) is Literal:
        if text not in inner:
            raise BadValue(f"{text!r} is none of {', '.join(map(str, inner))}", where=key)
        return text
    if kind is str:
        return text
    try:
        return unpack(kind, json.loads(text), key)
    except json.JSONDecodeError:
        raise BadValue(f"{text!r} is not JSON", where=key) from None
