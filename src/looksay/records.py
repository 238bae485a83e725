"""Dataclasses to plain JSON values and back, for nouns and for settings: one codec, no loss, nothing unknown let through."""

from __future__ import annotations

import base64
import math
import types
import zlib
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue, suggestion


def pack(value: Any, *, full: bool = False) -> Any:
    """A record as plain JSON values. What is at its default is left out, unless the record is asked for in full."""
    if isinstance(value, np.ndarray):
        raw = base64.b64encode(zlib.compress(np.ascontiguousarray(value).tobytes(), 6)).decode("ascii")
        return {"dtype": value.dtype.str, "shape": list(value.shape), "zlib": raw}
    if is_dataclass(value) and not isinstance(value, type):
        if is_list(type(value)):
            return [pack(item, full=full) for item in value.items]  # type: ignore[attr-defined]
        return {f.name: pack(getattr(value, f.name), full=full) for f in fields(value) if full or _differs(value, f)}
    if isinstance(value, Mapping):
        return {key: pack(item, full=full) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [pack(item, full=full) for item in value]
    return value


def unpack(kind: Any, value: Any, where: str) -> Any:
    """The inverse of pack; what does not fit is refused with its place in the document."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        kinds = [k for k in inner if k is not type(None)]
        return unpack(kinds[0], value, where) if len(kinds) == 1 else _any_of(kinds, value, where)
    if origin is Literal:
        return value if value in inner else _refuse(kind, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            _refuse(kind, value, where)
        kinds = [inner[0]] * len(value) if len(inner) == 2 and inner[1] is Ellipsis else list(inner)
        if len(kinds) != len(value):
            raise BadValue(f"expected {len(kinds)} values, found {len(value)}", where=where)
        return tuple(unpack(k, v, f"{where}[{i}]") for i, (k, v) in enumerate(zip(kinds, value, strict=True)))
    if origin is np.ndarray:
        return _unpack_array(value, where)
    if isinstance(kind, type) and is_dataclass(kind):
        return _unpack_record(kind, value, where)
    if origin is not None:
        return dict(value) if isinstance(value, dict) else _refuse(kind, value, where)
    if kind is Any:
        return value
    if kind is float and type(value) is int:
        return float(value)
    return value if type(value) is kind else _refuse(kind, value, where)


def is_list(kind: type) -> bool:
    """Records whose only field is `items` stand as a plain list in JSON."""
    return list(hints(kind)) == ["items"]


@cache
def hints(kind: Any) -> dict[str, Any]:
    found = get_type_hints(kind)
    return {f.name: found[f.name] for f in fields(kind)}


def _default(f: Field[Any]) -> Any:
    return f.default_factory() if f.default_factory is not MISSING else f.default


def _differs(record: Any, f: Field[Any]) -> bool:
    default, value = _default(f), getattr(record, f.name)
    if isinstance(value, np.ndarray) or default is MISSING:
        return True
    if isinstance(value, Mapping):
        return dict(value) != dict(default)
    return type(default) is not type(value) or bool(default != value)


def _unpack_record(kind: Any, value: Any, where: str) -> Any:
    if is_list(kind):
        return kind(unpack(hints(kind)["items"], value, where))
    if not isinstance(value, dict):
        _refuse(kind, value, where)
    for name in value:
        if name not in hints(kind):
            raise BadValue(f"unknown entry {name!r}", where=where, mend=suggestion(name, hints(kind)))
    for f in fields(kind):
        if f.name not in value and _default(f) is MISSING:
            raise BadValue(f"{f.name!r} is missing", where=where)
    return kind(**{name: unpack(hints(kind)[name], item, f"{where}.{name}") for name, item in value.items()})


def _any_of(kinds: list[Any], value: Any, where: str) -> Any:
    for kind in kinds:
        try:
            return unpack(kind, value, where)
        except BadValue:
            continue
    return _refuse(kinds, value, where)


def _refuse(kind: Any, value: Any, where: str) -> Any:
    wanted = getattr(kind, "__name__", str(kind)) if get_origin(kind) is None else str(kind).replace("typing.", "")
    raise BadValue(f"expected {wanted}, found {value!r:.60}", where=where)


def _unpack_array(value: Any, where: str) -> npt.NDArray[Any]:
    try:
        shape = tuple(int(n) for n in value["shape"])
        dtype = np.dtype(value["dtype"])
        expected = math.prod(shape) * dtype.itemsize
        reader = zlib.decompressobj()
        raw = reader.decompress(base64.b64decode(value["zlib"], validate=True), max(expected, 1))
        if dtype.hasobject or min(shape, default=0) < 0 or len(raw) != expected:
            raise ValueError("its length is not what its shape says")
        if reader.decompress(reader.unconsumed_tail, 1):
            raise ValueError("it holds more than its shape says")
        return np.frombuffer(raw, dtype).reshape(shape)
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise BadValue(f"an array cannot be read: {error}", where=where) from None
