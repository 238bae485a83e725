"""Texts made ready for word vectors: words without their punctuation, and phrases as one word (New_York)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.errors import DiskTrouble
from looksay.nn.word_text import Lexicon, Progress, Text, lexicon
from looksay.ops import word_count
from looksay.ops.word_count import END

_WORD = re.compile(r"\w+(?:['’-]\w+)*")


class Ready(NamedTuple):
    """How a text is made ready. `tidy`: in lower case, and only letters and digits, with ' and - inside a word. `phrases`: passes
    that each join two neighbours, so that two passes give phrases of up to four words; see joined for the others."""

    tidy: bool = False
    phrases: int = 0
    min_count: int = 5
    threshold: float = 100.0


@contextmanager
def ready(source: str | Path, how: Ready, progress: Progress | None = None) -> Iterator[Text]:
    """The text as it should be learnt from; what is made of it is there for the time being."""
    with TemporaryDirectory(prefix="looksay-words-") as folder:
        text = Text(source)
        if how.tidy:
            text = Text(tidied(text, Path(folder, "tidy.txt"), progress), text.name)
        for number in range(how.phrases):
            made, _ = joined(text, Path(folder, f"phrases-{number}.txt"), how.min_count, how.threshold, progress)
            if text.path.parent == Path(folder):
                text.path.unlink()  # at most two copies at once, however many passes
            text = Text(made, text.name)
        yield text


def tidied(text: Text, out: Path, progress: Progress | None = None) -> Path:
    """Writes the text in lower case and without punctuation; lines stay lines."""

    def parts() -> Iterator[bytes]:
        for span in text.spans:
            text.check(span)
            lines = text.letters[slice(*span)].tobytes().decode().lower().split("\n")
            yield "\n".join(" ".join(_WORD.findall(line)) for line in lines).encode() + b" "

    return _write(out, parts(), len(text.spans), progress)


def joined(
    text: Text, out: Path, min_count: int = 5, threshold: float = 100.0, progress: Progress | None = None
) -> tuple[Path, int]:
    """Writes the text with "_" between neighbours a b whose (count(a b) - min_count) words / (count(a) count(b)) is above the
    threshold, from left to right, no word being joined twice; a, b and a b come at least min_count times. Gives the file and how
    many different phrases there are."""
    known = lexicon(text, min_count)
    keys = _worthy(text, known, min_count, threshold)

    def parts() -> Iterator[bytes]:
        before: int | np.int64 = END
        for span in text.spans:
            room = np.empty(span[1] - span[0] + 1, np.uint8)
            used, before = word_count.join(text.letters, span, known.table, keys, before, room)
            yield room[:used].tobytes()

    return _write(out, parts(), len(text.spans), progress), int(np.count_nonzero(keys >= 0))


def _worthy(text: Text, known: Lexicon, min_count: int, threshold: float) -> npt.NDArray[np.int64]:
    """The slots of the phrases."""
    keys, counts, used = np.full(1 << 16, -1, np.int64), np.zeros(1 << 16, np.int64), 0
    before: int | np.int64 = END
    for span in text.spans:
        ids, at = text.encoded(span, known.table, rare=True), 0
        while at < len(ids):
            at, before, used = word_count.count_pairs(ids, at, before, keys, counts, used)
            if 2 * used >= len(keys):
                old = keys, counts
                keys, counts = np.full(4 * len(keys), -1, np.int64), np.zeros(4 * len(keys), np.int64)
                word_count.place_pairs(*old, keys, counts)
    often = np.flatnonzero(counts >= min_count)
    pairs, together = keys[often], counts[often]
    alone = known.counts[pairs >> 32].astype(np.float64) * known.counts[pairs & 0xFFFFFFFF]
    good = (together - min_count) / alone * known.read > threshold
    found = np.full(len(word_count.empty_slots(int(good.sum()))), -1, np.int64)
    word_count.place_pairs(pairs[good], together[good], found, np.zeros(len(found), np.int64))
    return found


def _write(out: Path, parts: Iterator[bytes], count: int, progress: Progress | None) -> Path:
    try:
        with open(out, "wb") as file:
            for number, part in enumerate(parts):
                file.write(part)
                if progress:
                    progress(number + 1, count)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):
            out.unlink()
        mend = "make room, or point TMPDIR to another disk"
        raise DiskTrouble(f"cannot be written: {error.strerror}", where=str(out), mend=mend) from None
    return out
