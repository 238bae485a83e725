"""Flickr8k and Flickr30k as they are handed out: a list of sentences, lists of the pictures of each split, a folder of pictures.

`Flickr8k.token.txt` and `results_20130124.token` have lines of `name.jpg#0<TAB>sentence`, `results.csv` of
`name.jpg| 0| sentence`; `Flickr_8k.trainImages.txt` or `train.txt` has a name on each line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from looksay.data import pictures
from looksay.data.captioned import Captioned, Row, Said, picture_folder
from looksay.data.dataset import Dataset, RawCaption
from looksay.data.files import SPLITS, canonical, fixed_classes, inside, joined, subfolders
from looksay.data.textfile import lines
from looksay.errors import BadData
from looksay.scene import Caption

TOKENS = ("*.token.txt", "*.token", "results.csv")
LIST = re.compile(r"(?:flickr_?\d+k\.)?(train|dev|val|valid|test)(?:images)?\.txt", re.IGNORECASE)
BAR = re.compile(r"\s*([^|]*?)\s*\|\s*(\d+)\s*(?:\|\s?|\s+)(.*)", re.DOTALL)  # one line of Flickr30k's has lost its second bar
TAB = re.compile(r"([^\t]*)#(\d+)\t(.*)", re.DOTALL)
MOST_PROBLEMS = 1000


@dataclass(frozen=True)
class Files:
    """`lists`: split → the file that names its pictures."""

    tokens: Path
    lists: dict[str, Path]
    homes: tuple[Path, ...]  # where pictures may be


@dataclass
class Listing:
    """The sentences of one split on their way in. `whole`: there are no lists; `first`: this split tells what concerns none.
    `unlisted`: pictures that are in the sentences, but not in this list."""

    files: Files
    whole: bool
    first: bool
    number: dict[str, int] = field(default_factory=dict)
    problems: list[BadData] = field(default_factory=list)
    unlisted: dict[str, None] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        listed_as, seen = {stem(name): name for name in self.number}, set[tuple[str, str]]()
        path, barred = self.files.tokens, self.files.tokens.suffix == ".csv"
        for line, text, problem in lines(path):
            where, content = f"{path}:{line}", text.rstrip("\r\n")
            if not content.strip() or (barred and line == 1 and content.startswith("image_name")):
                continue
            found = (BAR if barred else TAB).fullmatch(content)
            if found is None:
                shape = "name.jpg| 0| sentence" if barred else "name.jpg#0, a tab, and the sentence"
                self._blame(f"is {content!r:.60}", where, f"a line is {shape}", here=self.first)
                continue
            name, number, said = found.groups()
            listed = name if name in self.number else listed_as.get(stem(name))
            if listed is None and not self.whole:
                if self.first:
                    self.unlisted[name] = None
                continue
            if problem is not None:
                self._blame(problem.what, where, problem.mend)
            if listed is None and self._usable(name, where):
                listed = name
                self.number[name] = len(self.number)
            if listed is None:
                continue
            if (listed, number) in seen:
                self._blame(f"has the id {name}#{number}, as has an earlier line", where, "give it another number")
            seen.add((listed, number))
            yield Row(self.number[listed], line, number, said)

    def enter(self, path: Path) -> None:
        """The pictures of a list, with or without the endings of their names."""
        for line, text, problem in lines(path):
            name, where = text.strip(), f"{path}:{line}"
            if not name:
                continue
            if problem is not None:
                self._blame(problem.what, where, problem.mend)
            name = name if pictures.is_picture_name(name) else f"{name}.jpg"
            if name in self.number:
                self._blame(f"has the id {stem(name)!r}, as has an earlier line", where, "name it once")
            elif self._usable(name, where):
                self.number[name] = len(self.number)

    def _usable(self, name: str, where: str) -> bool:
        try:
            inside(self.files.homes[0], name, where)
        except BadData as error:
            self._blame(error.what, where, error.mend)
            return False
        return True

    def _blame(self, what: str, where: str, mend: str | None, *, here: bool = True) -> None:
        if here and len(self.problems) < MOST_PROBLEMS:
            self.problems.append(BadData(what, where=where, mend=mend))


class Flickr(Captioned):
    """Ids are the names of the pictures without their ending; those of captions are their numbers, 0, 1, 2 … of each picture."""

    def __init__(self, files: Files, split: str, *, first: bool) -> None:
        listing = Listing(files, not split, first)
        if split:
            listing.enter(files.lists[split])
        captions = Said(files.tokens, listing.rows(), listing.number)
        super().__init__(picture_folder(files.homes, listing.number), listing.number)
        self.listing, self._captions, self.problems = files.tokens, captions, tuple(listing.problems)
        listed = {stem(line.text.strip()) for path in files.lists.values() for line in lines(path)} if listing.unlisted else set()
        self.unlisted = tuple(name for name in listing.unlisted if stem(name) not in listed)

    @property
    def nbytes(self) -> int:
        """What the index costs in memory, the captions included."""
        return self.names.nbytes + self._captions.nbytes

    def name(self, index: int) -> str:
        return stem(self.names[index])

    def place(self, index: int) -> str:
        return self._captions.where(index)

    def said(self, index: int) -> list[RawCaption]:
        return self._captions.raw(index)

    def captions(self, index: int) -> tuple[Caption, ...]:
        return self._captions.captions(index)


def stem(name: str) -> str:
    """Only the endings of pictures are endings: names have dots in them."""
    path = PurePosixPath(name)
    return str(path.with_suffix("")) if path.suffix.lower() in pictures.EXTENSIONS else name


def _files(root: Path) -> Files | None:
    if root.is_file():
        home = root.parent
        return Files(root, _lists([home]), _homes(home))
    folders = [root, *subfolders(root)]
    for pattern in TOKENS:
        for folder in folders:
            found = [path for path in sorted(folder.glob(pattern)) if not path.name.startswith(".") and _is_one(path)]
            found = [path for path in found if ".lemma." not in path.name]
            if found:
                return Files(found[0], _lists(dict.fromkeys([folder, root])), _homes(root, folder))
    return None


def _homes(*folders: Path) -> tuple[Path, ...]:
    return tuple(dict.fromkeys([*folders, *(folder.parent for folder in folders[:1])]))


def _lists(folders: Sequence[Path] | dict[Path, None]) -> dict[str, Path]:
    there: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.txt")):
            found = LIST.fullmatch(path.name)
            if found:
                there.setdefault(canonical(found[1].lower()), path)
    return {split: there[split] for split in SPLITS if split in there}


def _is_one(path: Path) -> bool:
    """Results of other things are tables, too."""
    if path.suffix != ".csv":
        return True
    with path.open("rb") as file:
        return file.readline(1 << 10).count(b"|") == 2


def claims(root: Path) -> bool:
    if root.is_file():
        return any(PurePosixPath(root.name).match(pattern) for pattern in TOKENS) and _is_one(root)
    return _files(root) is not None


def _found(root: Path) -> Files:
    files = _files(root)
    if files is None:
        mend = "Flickr8k.token.txt, results_20130124.token or results.csv with bars between its cells"
        raise BadData("holds no list of sentences", where=str(root), mend=mend)
    return files


def splits(root: Path) -> tuple[str, ...]:
    return tuple(_found(root).lists)


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    files = _found(root)
    first = next(iter(files.lists), "")
    parts = [Flickr(files, name, first=name == first) for name in ([split] if split else files.lists or [""])]
    for part in parts:
        part.classes = fixed_classes((), classes, str(root))
    return joined(parts)
