"""Pictures of a folder, found by a sentence."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from looksay.data import pictures
from looksay.data.inputs import Shown, Skip
from looksay.data.placed import Place, Placed, Progress, Table
from looksay.errors import BadPicture
from looksay.nn.prep import fit
from looksay.scene import Caption, Heat, Scene
from looksay.show.look import Look
from looksay.systems.caption.deep_image_sent import DeepImageSent, Fragments, Matched, match

READERS = 2  # threads that read pictures
Ask = Callable[[Sequence[Shown]], Matched]


@dataclass(frozen=True)
class Found:
    """`score` compares pictures for one sentence, no more: it is a sum over its words. `heats` are where each word is seen."""

    path: Path
    sentence: str
    score: float
    heats: tuple[Heat, ...] = ()

    def look(self) -> Look:
        """With its pixels, read now. Raises BadPicture when the picture has gone since."""
        picture = pictures.read(self.path)
        size = (picture.shape[1], picture.shape[0])
        said = (Caption(self.sentence),)
        return Look(picture, Scene(size, id=self.path.name, source=str(self.path), captions=said, heats=self.heats))

    def to_dict(self) -> dict[str, Any]:
        """Of each word the place where it is seen most, (x, y) in shares of the picture."""
        words = []
        for heat in self.heats:
            high, wide = heat.values.shape
            row, column = np.unravel_index(int(heat.drawn.argmax()), (high, wide))
            words.append({"word": heat.of, "x": (int(column) + 0.5) / wide, "y": (int(row) + 0.5) / high})
        return {"path": str(self.path), "score": round(self.score, 4), "words": words}


@dataclass(frozen=True)
class Search:
    """What was found, best first, among `total` pictures; `fresh` were placed for it, `unreadable` could not be read."""

    found: tuple[Found, ...]
    total: int
    fresh: int
    unreadable: int
    strange: tuple[str, ...]  # words of the sentence that the system does not know


def search(
    sentence: str,
    folder: Path,
    system: DeepImageSent,
    ask: Ask,
    name: str,
    *,
    top: int = 10,
    skip: Skip | None = None,
    progress: Progress | None = None,
) -> Search:
    """Ranks the pictures below `folder`; equal scores go by the path. `ask` places pictures, as `name` says that the system was
    loaded; where they are placed is kept on disk."""
    told, _ = system.asked(sentence)
    empty = placed(system, ask, [])
    placement = Placed(folder, name, system.sight(), (empty.shape[1], empty.shape[2]))
    fresh = placement.update(_placing(system, ask, empty, skip), progress)
    with torch.inference_mode():
        scores = heapq.nsmallest(top, ((-score, path) for path, score in _scores(placement, told)))
        found = tuple(_found(placement, system, sentence, path, -score) for score, path in scores)
    strange = tuple(dict.fromkeys(system.understood(sentence)[1]))
    return Search(found, len(placement), fresh, placement.unreadable, strange)


def _scores(placement: Placed, told: Fragments) -> Iterator[tuple[str, float]]:
    words = told._replace(words=told.words.detach().float().cpu(), sentence=told.sentence.cpu())
    for names, table in placement.tables():
        yield from zip(names, match(torch.from_numpy(table).float(), words)[:, 0].tolist(), strict=True)


def _found(placement: Placed, system: DeepImageSent, sentence: str, name: str, score: float) -> Found:
    table = torch.from_numpy(placement.table(name)).float().to(system.embed.weight.device)
    return Found(placement.root / name, sentence, score, system.aligned(table, system.grid, sentence))


def placed(system: DeepImageSent, ask: Ask, turn: Sequence[Shown]) -> Table:
    """(n, L, E); of no pictures, too."""
    blank = Shown("", "", np.zeros((system.prep.size[1], system.prep.size[0], 3), np.uint8))
    with torch.inference_mode():
        places = ask(turn or [blank]).places[: len(turn)].float()
    most = float(np.finfo(np.float16).max)
    table: Table = places.nan_to_num().clamp(-most, most).half().cpu().numpy()
    return table


def _placing(system: DeepImageSent, ask: Ask, empty: Table, skip: Skip | None) -> Place:
    """Pictures are made small as they are read, so that a batch costs little memory whatever their size."""

    def small(path: Path) -> Shown | BadPicture:
        try:
            least = (2 * system.prep.size[0], 2 * system.prep.size[1])
            return Shown(str(path), path.name, fit(pictures.read(path, at_least=least), system.prep))
        except BadPicture as error:
            return error

    def place(paths: Sequence[Path]) -> tuple[Table, list[bool]]:
        with ThreadPoolExecutor(READERS, "looksay-find") as pool:
            read = list(pool.map(small, paths))
        good = [each for each in read if isinstance(each, Shown)]
        made = iter(placed(system, ask, good) if good else empty)
        rows = [next(made) if isinstance(each, Shown) else np.zeros(empty.shape[1:], np.float16) for each in read]
        for each in read:
            if skip and isinstance(each, BadPicture):
                skip(each)
        return np.stack(rows), [isinstance(each, Shown) for each in read]

    return place
