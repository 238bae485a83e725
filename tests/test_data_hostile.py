"""Files damaged in any way are refused with a message of ours, never with a traceback of somebody else's."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from data_case import CLASSES, made
from looksay.data import source, write
from looksay.errors import LooksayError

PIECES = (
    *(
        b"nan",
        b"-1",
        b"1e999",
        b"null",
        b"{}",
        b"[]",
        b'""',
        b"<object>",
        b"</object>",
        b"&a;",
        b"\0",
        b"\xff",
        b"0",
        b"9" * 20,
        b"'",
    ),
    *(b'"', b":", b",", b"\n", b"../../x", b"true", b"]", b"}", b"-", b"#", b" ", b"\x80\x02", b"\xff\xff\xff\x7f"),
)


def damaged(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at, way = rng.randrange(len(out) + 1), rng.random()
        if way < 0.3 and out:
            out[at % len(out)] = rng.randrange(256)
        elif way < 0.8:
            out[at : at + rng.choice((0, 0, 5, 20))] = rng.choice(PIECES)
        elif way < 0.95:
            del out[at : at + rng.randint(1, 40)]
        else:
            del out[at:]
    return bytes(out)


@pytest.mark.parametrize("format", list(write.WRITERS))
def test_damage_of_any_kind_is_refused_or_harmless(tmp_path: Path, format: str) -> None:
    write.save(made(3), tmp_path, format, classes=CLASSES)
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    rng, refused = random.Random(format), 0
    for turn in range(60):
        path = files[turn % len(files)]
        whole = path.read_bytes()
        path.write_bytes(damaged(whole, rng))
        try:
            found = source.open(f"{format}:{tmp_path}", "train", strict=turn % 2 == 0)
            for index in range(len(found)):
                found.raw(index), found[index], found.target(index)
        except LooksayError:
            refused += 1
        path.write_bytes(whole)
    assert refused > 10
    assert len(source.open(f"{format}:{tmp_path}", "train")) >= 2, "the files are whole again"
