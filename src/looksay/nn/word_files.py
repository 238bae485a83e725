"""Word vectors in files: word2vec's text and binary, GloVe's text; each as it is or gzipped. What is written is read back bit for
bit. A reader tells the formats apart by what they hold: word2vec's begin with the number of words and of numbers for each."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Literal, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from looksay.errors import BadData, BadValue, DiskTrouble
from looksay.nn.word_vectors import WordVectors

Form: TypeAlias = Literal["text", "binary", "glove"]
Floats: TypeAlias = npt.NDArray[np.float32]
LONGEST_LINE = 1 << 22
LARGEST = 100_000  # numbers of a word
_LONGEST_WORD = 1 << 16
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")


def read_vectors(path: str | Path) -> WordVectors:
    """Raises BadData with the line or the byte where the file stops being one of the formats. Of a word that comes twice the
    first vector counts; `problems` says so."""
    source = Path(path)
    try:
        with _opened(source) as file:
            return _read(file, str(path))
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise BadData("the gzip stream is damaged or cut short", where=str(path), mend="copy the file anew") from None
    except OSError as error:
        raise BadData(f"cannot be read: {error.strerror or error}", where=str(path)) from None


def write_vectors(vectors: WordVectors, path: str | Path, form: Form | None = None) -> None:
    """In the form that is named, else binary for .bin and word2vec's text for other names; gzipped where the name ends in .gz.
    The file is whole or untouched. Text has nine digits, as many as a float32 needs to come back as it was."""
    target = Path(path)
    form = form or ("binary" if target.name.lower().removesuffix(".gz").endswith(".bin") else "text")
    _writable(vectors, form)
    with _whole(target) as file:
        if form != "glove":
            file.write(f"{len(vectors)} {vectors.size}\n".encode())
        line = " ".join(["%.9g"] * vectors.size)
        for word, row in zip(vectors.words, vectors.table, strict=True):
            if form == "binary":
                file.write(word.encode() + b" " + row.astype("<f4").tobytes() + b"\n")
            else:
                file.write(f"{word} {line % tuple(row.tolist())}\n".encode())


def _writable(vectors: WordVectors, form: Form) -> None:
    bad = " \n" if form == "binary" else "\n"
    for word in vectors.words:
        if not word or any(letter in word for letter in bad):
            raise BadValue(
                f"the word {word!r} cannot be written as {form}", mend="take it out" if form != "binary" else "write text"
            )


@contextmanager
def _whole(target: Path) -> Iterator[IO[bytes]]:
    """Beside, flushed, renamed."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(beside, "wb") as plain:
            if target.name.lower().endswith(".gz"):
                with gzip.GzipFile("", "wb", compresslevel=6, fileobj=plain, mtime=0) as packed:
                    yield cast(IO[bytes], packed)
            else:
                yield plain
            plain.flush()
            os.fsync(plain.fileno())
        os.replace(beside, target)
    except OSError as error:
        mend = "the last good file is untouched; make room or choose --output"
        raise DiskTrouble(f"cannot be written: {error.strerror or error}", where=str(target), mend=mend) from None
    finally:
        with suppress(OSError):
            beside.unlink()


def _opened(source: Path) -> IO[bytes]:
    with open(source, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(source, "rb")) if packed else open(source, "rb")


def _read(file: IO[bytes], where: str) -> WordVectors:
    first = file.readline(LONGEST_LINE)
    if not first.strip():
        raise BadData("holds no word vectors", where=f"{where}:1")
    head = first.split()
    if len(head) != 2 or not all(part.isdigit() and len(part) < 16 for part in head):
        file.seek(0)
        rows = Rows(0, len(first.rstrip(b" \r\n").split(b" ")) - 1, where)
        return _read_text(file, rows, 1)
    rows = Rows(int(head[0]), int(head[1]), where)
    if not rows.stated or not 1 <= rows.size <= LARGEST:
        raise BadData(
            f"states {rows.stated} words of {rows.size} numbers", where=f"{where}:1", mend="is this a file of word vectors?"
        )
    sample = file.read(1 << 16)
    file.seek(len(first))
    return _read_binary(file, rows, len(first)) if _is_binary(sample, rows.size) else _read_text(file, rows, 2)


def _is_binary(sample: bytes, size: int) -> bool:
    """Numbers in four bytes each are full of control characters; if by chance there are none, the first line is not of text."""
    if _CONTROL.search(sample):
        return True
    try:
        sample[:-4].decode()
        return False
    except UnicodeDecodeError:
        parts = sample.partition(b"\n")[0].rstrip(b" \r").rsplit(b" ", size)
        return _numbers(parts[1:]) is None


def _numbers(parts: list[bytes]) -> list[float] | None:
    try:
        return [float(part) for part in parts]
    except ValueError:
        return None


class Rows:
    """What has been read; grows with the file, whatever its first line states (0 words: nothing)."""

    def __init__(self, stated: int, size: int, where: str) -> None:
        self.stated, self.size, self.where = stated, size, where
        self.numbers: dict[str, int] = {}
        self.table: Floats = np.empty((0, size), np.float32)
        self.again: list[str] = []
        self.seen = 0

    def add(self, word: bytes, row: list[float] | Floats, at: Callable[[], str]) -> None:
        """`at` says where the row stands: line 3, byte 70."""
        try:
            name = word.decode()
        except UnicodeDecodeError:
            raise BadData(f"the word {word[:40]!r} is not text in UTF-8", where=at(), mend="save it as UTF-8") from None
        self.seen += 1
        used = len(self.numbers)
        if not name:
            raise BadData("a vector without a word", where=at())
        if name in self.numbers:
            self.again.append(name)
            return
        if used == len(self.table):
            self.table.resize((max(64, used + used // 2), self.size), refcheck=False)
        with np.errstate(over="ignore"):
            self.table[used] = row
        if not np.isfinite(self.table[used]).all():
            raise BadData(f"the vector of {name!r} is not finite", where=at())
        self.numbers[name] = used

    def done(self, at: Callable[[], str]) -> WordVectors:
        if self.seen < self.stated:
            what = f"ends after {self.seen:,} of {self.stated:,} words"
            raise BadData(what, where=at(), mend="the file is cut short; copy it anew")
        self.table.resize((len(self.numbers), self.size), refcheck=False)
        named = ", ".join(self.again[:3]) + (" …" if len(self.again) > 3 else "")
        problems = (f"{self.where}: {len(self.again)} words come again and were left out: {named}",) if self.again else ()
        return WordVectors(tuple(self.numbers), self.table, problems)

    def more(self, at: Callable[[], str]) -> BadData:
        return BadData(f"goes on after the {self.stated:,} words that its first line states", where=at())


def _read_text(file: IO[bytes], rows: Rows, number: int) -> WordVectors:
    def at() -> str:
        return f"{rows.where}:{number}"

    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise BadData(f"a line of more than {LONGEST_LINE >> 20} MB", where=at(), mend="is this a file of word vectors?")
        bare = line.rstrip(b" \r\n")
        if not bare and not file.read(1 << 16).strip():
            break
        if rows.stated and rows.seen == rows.stated:
            raise rows.more(at)
        parts = bare.rsplit(b" ", rows.size)  # a word may hold spaces itself, as some of GloVe's do
        found = _numbers(parts[1:])
        if found is None or len(found) != rows.size or not rows.size:
            there = sum(_numbers([part]) is not None for part in bare.split(b" ")[1:])
            what = f"a word and {there} numbers" + (f", where {rows.size} are expected" if number > 1 else "")
            raise BadData(what, where=at(), mend="is the line cut short, or is this no file of word vectors?")
        rows.add(parts[0], found, at)
        number += 1
    return rows.done(at)


def _read_binary(file: IO[bytes], rows: Rows, start: int) -> WordVectors:
    """`start` is the byte after the first line."""
    held, here, wide = b"", 0, 4 * rows.size

    def at() -> str:
        return f"{rows.where}: byte {start + here}"

    while rows.seen < rows.stated:
        if len(held) - here < wide + _LONGEST_WORD:
            start += here
            held, here = held[here:] + file.read(max(1 << 20, wide + _LONGEST_WORD)), 0
        gap = held.find(b" ", here, here + _LONGEST_WORD)
        if gap < 0 and len(held) - here > _LONGEST_WORD:
            raise BadData("no word ends here", where=at(), mend="is this a file of word vectors?")
        if gap < 0 or len(held) - gap - 1 < wide:
            return rows.done(at)
        row = np.frombuffer(held, "<f4", rows.size, gap + 1)
        rows.add(held[here:gap].lstrip(b"\n"), row, at)
        here = gap + 1 + wide
    if held[here:].strip() or file.read(1 << 16).strip():
        raise rows.more(at)
    return rows.done(at)
