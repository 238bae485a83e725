"""How a data set calls its pictures and numbers its classes, so that its scorer knows what a prediction speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from looksay.data.dataset import Dataset
from looksay.errors import BadData
from looksay.scene import Scene


@dataclass(frozen=True)
class Ids:
    """`files`: file name → the pictures of that name, each with its id; `categories`: class → its number in the files."""

    files: Mapping[str, Sequence[tuple[PurePath, str]]]
    known: frozenset[str]
    categories: Mapping[str, int]
    where: str = ""

    @classmethod
    def of(cls, dataset: Dataset) -> Ids:
        files: dict[str, list[tuple[PurePath, str]]] = {}
        ids = [dataset.name(index) for index in range(len(dataset))]
        for index, id in enumerate(ids):
            path = dataset.file(index)
            if path is not None:
                files.setdefault(path.name, []).append((path, id))
        return cls(files, frozenset(ids), dict(dataset.category_ids), dataset.source)

    def picture(self, scene: Scene) -> str:
        """By its file: of several of one name the one whose folders agree best; without a file by its id."""
        path = PurePath(scene.source or scene.id)
        among = sorted(((_shared(path, other), id) for other, id in self.files.get(path.name, ())), reverse=True)
        if among and (len(among) == 1 or among[0][0] > among[1][0]):
            return among[0][1]
        if not among and scene.id in self.known:
            return scene.id
        what = f"{len(among)} pictures are called {path.name!r}" if among else f"no picture is called {path.name!r}"
        raise BadData(what, where=self.where or None, mend="look at the data set's own pictures, by their own paths")


def _shared(one: PurePath, other: PurePath) -> int:
    """How many parts of two paths agree, from their ends."""
    agree = [a == b for a, b in zip(reversed(one.parts), reversed(other.parts), strict=False)]
    return (*agree, False).index(False)
