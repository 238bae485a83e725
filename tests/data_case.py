"""Pictures with everything that a format can hold, for the tests of readers and writers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from looksay.data import source
from looksay.scene import Caption, Label, Labels, Mask, Objects, Scene, Thing

Picture = npt.NDArray[np.uint8]
Pair = tuple[Picture, Scene]
CLASSES = ("zebra", "cat", "big dog")


def blob(size: tuple[int, int], rng: np.random.Generator) -> Mask:
    array = np.zeros(size[::-1], bool)
    x, y = int(rng.integers(0, size[0] - 8)), int(rng.integers(0, size[1] - 8))
    array[y : y + 8, x : x + 8] = rng.random((8, 8)) < 0.7
    array[y + 3, x + 3] = True
    return Mask.of(array)


def made(count: int = 4, seed: int = 0, first: int = 100) -> Iterator[Pair]:
    """Pictures with things, masks, flags, captions; the last shows nothing."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        size = (int(rng.integers(30, 50)), int(rng.integers(20, 40)))
        things = []
        for turn in range(0 if number == count - 1 else 3):
            mask = blob(size, rng)
            box = mask.box()
            assert box is not None
            flags: dict[str, Any] = {"difficult": turn == 1, "truncated": turn == 2, "occluded": number == 1}
            extra = {"colour": 'light <blue> & "green"', "pose": "Left"} if turn == 2 else {}
            things.append(Thing(CLASSES[turn], box, mask=mask, id=str(first * 7 + number * 10 + turn), attributes=extra, **flags))
        captions = (
            Caption("A “dog” at night.", id=str(first + number)),
            Caption("Un perro.", language="es", id=str(900 + number)),
        )
        labels = Labels(tuple(Label(thing.name) for thing in things))
        scene = Scene(size, id=f"{first + number}", labels=labels, objects=Objects(tuple(things)), captions=captions)
        yield rng.integers(0, 256, (size[1], size[0], 3), np.uint8), scene


def read(out: Path, split: str = "train") -> list[Pair]:
    found = source.open(str(out), split)
    return [found[index] for index in range(len(found))]
