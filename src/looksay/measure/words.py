"""How good word vectors are: analogies and the likeness of pairs, counted as the original tools count them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from looksay.data.files import read_text
from looksay.errors import BadData
from looksay.nn.word_vectors import WordVectors

SEMANTIC = 5  # the first sections of the original questions ask for meaning, the others for grammar
_AT_ONCE = 256
_PARTED = re.compile(r"[\t,;]")
_UPPER = {letter: letter - 32 for letter in range(ord("a"), ord("z") + 1)}


@dataclass(frozen=True)
class Section:
    """`asked` questions, of which `seen` have only words that are known, of which `right` are answered right."""

    name: str
    asked: int
    seen: int
    right: int

    @property
    def share(self) -> float:
        """Of those that could be answered."""
        return self.right / self.seen if self.seen else 0.0


@dataclass(frozen=True)
class Analogies:
    """`top` is how many words took part, the most frequent ones."""

    sections: tuple[Section, ...]
    top: int

    @property
    def semantic(self) -> Section:
        return self._sum("semantic", self.sections[:SEMANTIC])

    @property
    def syntactic(self) -> Section:
        return self._sum("syntactic", self.sections[SEMANTIC:])

    @property
    def total(self) -> Section:
        return self._sum("total", self.sections)

    @staticmethod
    def _sum(name: str, parts: tuple[Section, ...]) -> Section:
        return Section(name, sum(p.asked for p in parts), sum(p.seen for p in parts), sum(p.right for p in parts))

    def lines(self) -> list[str]:
        shown = (*self.sections, *(part for part in (self.semantic, self.syntactic) if part.seen), self.total)
        wide = max(len(part.name) for part in shown)
        rows = [f"{part.name:{wide}}  {100 * part.share:6.2f} %  {part.right:6,} of {part.seen:,}" for part in shown]
        total, upper = self.total, "upper and lower case alike"
        return [
            *rows,
            f"{total.seen:,} of {total.asked:,} questions have only known words; {self.top:,} words took part, {upper}",
        ]

    def row(self) -> dict[str, Any]:
        parts = {part.name: part.share for part in (self.semantic, self.syntactic, self.total)}
        return {**parts, "right": self.total.right, "seen": self.total.seen, "asked": self.total.asked, "top": self.top}


@dataclass(frozen=True)
class Likeness:
    """Correlation of cosines with what people said, over the `seen` of `asked` pairs whose words are both known; NaN where there
    are too few to correlate."""

    spearman: float
    pearson: float
    asked: int
    seen: int
    top: int

    def lines(self) -> list[str]:
        known = f"{self.seen:,} of {self.asked:,} pairs have only known words; {self.top:,} words took part"
        return [f"Spearman {self.spearman:.4f}", f"Pearson  {self.pearson:.4f}", known + ", upper and lower case alike"]

    def row(self) -> dict[str, Any]:
        both = {"spearman": self.spearman, "pearson": self.pearson}
        known = {name: None if np.isnan(value) else value for name, value in both.items()}
        return {**known, "asked": self.asked, "seen": self.seen, "top": self.top}


def score(vectors: WordVectors, path: str | Path, top: int = 0) -> Analogies | Likeness:
    """Whichever the file holds: questions have sections (": family") or four words a line, pairs two words and a number."""
    for _, line in _lines(Path(path)):
        questions = line.startswith(":") or (len(line.split()) == 4 and not _PARTED.search(line))
        return analogies(vectors, path, top) if questions else likeness(vectors, path, top)
    raise BadData("holds neither questions nor pairs of words", where=str(path))


def analogies(vectors: WordVectors, path: str | Path, top: int = 0) -> Analogies:
    """a b c d: is d what b - a + c, all of length 1, comes nearest to? Only the `top` most frequent words take part (0: all).
    Letters a to z are made upper case everywhere, and of words that become the same the most frequent one is asked about. The
    three words of the question are no answers, a cosine must be positive, and a question with an unknown word does not count."""
    names, numbers = _upper(vectors, top)
    found = []
    for title, rows in _sections(Path(path)):
        known = [row for row in rows if all(word in numbers for word in row)]
        asked = np.array([[numbers[word] for word in row] for row in known], np.int64).reshape(-1, 4)
        answers = _answers(vectors.units[: len(names)], asked)
        right = sum(best >= 0 and names[best] == row[3] for best, row in zip(answers, known, strict=True))
        found.append(Section(title, len(rows), len(known), right))
    if not any(section.asked for section in found):
        raise BadData("holds no questions", where=str(path), mend="four words a line, sections begin with a colon")
    return Analogies(tuple(found), len(names))


def _upper(vectors: WordVectors, top: int) -> tuple[list[str], dict[str, int]]:
    """The words that take part, and the first row of each."""
    names = [word.translate(_UPPER) for word in vectors.words[: top or None]]
    return names, {name: number for number, name in reversed(list(enumerate(names)))}


def _answers(units: npt.NDArray[np.float32], asked: npt.NDArray[np.int64]) -> list[int]:
    """The number of the best word for each row of a, b, c, d; -1 where no cosine is positive."""
    best: list[int] = []
    for at in range(0, len(asked), _AT_ONCE):
        some = asked[at : at + _AT_ONCE]
        scores = (units[some[:, 1]] - units[some[:, 0]] + units[some[:, 2]]) @ units.T
        scores[np.arange(len(some))[:, None], some[:, :3]] = 0
        first = scores.argmax(axis=1)
        best += np.where(scores[np.arange(len(some)), first] > 0, first, -1).tolist()
    return best


def _sections(path: Path) -> list[tuple[str, list[list[str]]]]:
    found: list[tuple[str, list[list[str]]]] = []
    for number, line in _lines(path):
        if line.startswith(":"):
            found.append((line[1:].strip() or "unnamed", []))
            continue
        words = line.translate(_UPPER).split()
        if len(words) != 4:
            raise BadData(f"{len(words)} words, where a question has four", where=f"{path}:{number}")
        if not found:
            found.append(("unnamed", []))
        found[-1][1].append(words)
    return found


def likeness(vectors: WordVectors, path: str | Path, top: int = 0) -> Likeness:
    """Two words and how alike people find them, parted by tabs, commas or spaces; a first line without a number is a heading.
    Case and `top` as in analogies; a pair with an unknown word does not count."""
    names, numbers = _upper(vectors, top)
    pairs = list(_pairs(Path(path)))
    if not pairs:
        raise BadData("holds no pairs of words", where=str(path), mend="two words and a number a line")
    known = [(numbers[a], numbers[b], said) for a, b, said in pairs if a in numbers and b in numbers]
    one, other = vectors.units[[a for a, _, _ in known]], vectors.units[[b for _, b, _ in known]]
    ours, theirs = np.einsum("ij,ij->i", one, other).astype(np.float64), np.array([pair[2] for pair in known])
    return Likeness(correlation(ranks(ours), ranks(theirs)), correlation(ours, theirs), len(pairs), len(known), len(names))


def _pairs(path: Path) -> Iterator[tuple[str, str, float]]:
    first = True
    for number, line in _lines(path):
        parts = [part.strip() for part in _PARTED.split(line)] if _PARTED.search(line) else line.split()
        said = _number(parts[2]) if len(parts) >= 3 else None
        if said is None and not (first and len(parts) >= 3):
            raise BadData("not two words and a number", where=f"{path}:{number}")
        if said is not None:
            yield parts[0].translate(_UPPER), parts[1].translate(_UPPER), said
        first = False


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if np.isfinite(found) else None


def ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """From 1; equals share the mean of their ranks."""
    _, number, count = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    return np.asarray((ends - (count - 1) / 2)[number], np.float64)


def correlation(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Pearson's; NaN where one of them does not vary."""
    if len(one) < 2:
        return float("nan")
    a, b = one - one.mean(), other - other.mean()
    long = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / long if long else float("nan")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are neither empty nor comments, with their numbers."""
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if (bare := line.strip()) and not bare.startswith(("#", "//")):
            yield number, bare
