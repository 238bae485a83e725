"""What the systems of a task learn from: the seam between tasks and the one training.

A task names its `Material` (`Task.stuff`, pictures if it says nothing), and the training asks that alone. In order: `splits`
opens a data set by the name that the user gave, so that `splits.train.classes` is what the system can say (names of kinds, or
the words of the training captions); `settled` puts into the system's config what else the data decides (shapes of boxes, the
words of another language), so that it travels with the weights; then the system is built and `tried`; `feed` gives the batches
of a split, in any order and grouping as long as they follow from (seed, epoch, start) alone. What a system itself takes along
from batch to batch (the state of a recurrent one) it gives by `System.carried` and gets back by `System.carry` after a kill;
what it wants noted while it learns it gives by `System.aside`. A task with other data writes a subclass here or in a module of
`data`, and names it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch

from looksay.data import source
from looksay.data.dataset import Dataset
from looksay.data.held import held_out
from looksay.data.kept import beside_of
from looksay.data.loader import Batches, Feed, Feeding, Kind
from looksay.data.storybook import StorybookPages
from looksay.errors import BadConfig, BadData
from looksay.nn.prep import Prep
from looksay.nn.recipe import Stage
from looksay.nn.system import Batch, System
from looksay.scene import Size

SEEN = 5000  # pictures that shapes of boxes are learnt from


class Corpus(Protocol):
    """What any split is, pictures or not."""

    source: str
    split: str
    classes: tuple[str, ...]

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Splits:
    """`held` chooses the best weights, `test` is looked at once, at the end; None where the data has no such split. Each is a
    Corpus; of pictures, a Dataset."""

    train: Any
    held: Any
    test: Any | None
    how: str


class Material(Protocol):
    """`noun` is what its items are called, `tries` the command that one tries a trained system with, {} its folder."""

    noun: str = "pictures"
    tries: str = "look --model {} PICTURE"

    @abstractmethod
    def splits(self, name: str, kind: Kind, config: Any) -> Splits:
        """For training. `config` is the system's, with the order's settings in it."""

    @abstractmethod
    def open(self, name: str, split: str, kind: Kind, system: System[Any]) -> Any:
        """A split to judge a trained system on; "" is test, else what was held out, else the whole."""

    @abstractmethod
    def feed(
        self, system: System[Any], data: Any, kind: Kind, how: Feeding, *, prep: Prep | None = None, learning: bool = False
    ) -> Batches:
        """Where `how` has an `augment` it is what is learnt from: shuffled, incomplete batches dropped; else all of it in order.
        `prep` is the stage's, where it is not the system's; `learning`: the system is in training, be it judged meanwhile."""

    def check(self, name: str, splits: Splits, fewest: int, *, allow: bool, say: Callable[[str], None]) -> None:
        """Refuses data that nothing can be learnt from, before anything is built."""

    def settled(self, kind: type[System[Any]], config: Any, train: Any, stage: Stage) -> Any:
        """The config with what the data decides."""
        return config

    def shaped(self, prep: Prep, stage: Stage) -> Prep:
        """What the network is shown in this stage."""
        return prep

    def tried(self, system: System[Any]) -> None:
        """Refuses a network that cannot take the data at all."""

    def prepare(self, data: Any) -> None:
        """What takes minutes and is kept, done before the first batch asks for it."""

    def world(self, data: Any, name: str) -> str:
        """What weights learnt from it are good for; see weights.Info."""
        return name

    def facts(self, stage: Stage, system: System[Any]) -> dict[str, Any]:
        """For the report: what a batch is made of."""
        return {"batch": stage.batch_size}


class Pictures(Material):
    """Pictures with their truth, whatever it is; what a task makes of it, its `encode` says."""

    def splits(self, name: str, kind: Kind, config: Any) -> Splits:
        return picture_splits(name, kind.view)

    def open(self, name: str, split: str, kind: Kind, system: System[Any]) -> Dataset:
        return source.open(name, split or _judged(name), classes=self.known(system), view=kind.view)

    def known(self, system: System[Any]) -> Sequence[str] | None:
        """Classes that a data set may have; None where they are not what the system says."""
        return system.classes

    def feed(
        self, system: System[Any], data: Any, kind: Kind, how: Feeding, *, prep: Prep | None = None, learning: bool = False
    ) -> Feed:
        return Feed(data, prep or system.prep, kind, how, beside_of(system, learning=learning))

    def check(self, name: str, splits: Splits, fewest: int, *, allow: bool, say: Callable[[str], None]) -> None:
        if isinstance(splits.train, StorybookPages):
            return
        from looksay.data import doctor

        say(f"checking {name}")
        doctor.gate(name, allow=allow)
        if len(splits.train.classes) < fewest:
            mend = f"{'two' if fewest == 2 else 'one'} or more are needed"
            raise BadData(f"has {len(splits.train.classes)} classes", where=name, mend=mend)

    def settled(self, kind: type[System[Any]], config: Any, train: Any, stage: Stage) -> Any:
        if kind.settled.__qualname__ == "System.settled":
            return config
        shapes = []
        for index in range(min(len(train), SEEN)):
            boxes, size = train.things(index).boxes, _size_of(train, index)
            shapes.append((boxes[:, 2:] - boxes[:, :2]) / np.array(size))
        return kind.settled(config, np.concatenate(shapes), stage.img_size)

    def shaped(self, prep: Prep, stage: Stage) -> Prep:
        side: Size = (stage.img_size, stage.img_size)
        return prep if prep.size == side else replace(prep, size=side, resize=stage.img_size)

    def tried(self, system: System[Any]) -> None:
        wide, high = system.prep.size
        try:
            with torch.inference_mode():
                system.eval()(Batch(torch.zeros(2, system.prep.channels, high, wide)))
        except RuntimeError as error:
            what = f"{system.card.name} cannot take pictures of {wide} x {high}: {str(error).splitlines()[0]}"
            raise BadConfig(what, where="--img-size", mend="choose a larger one") from None

    def prepare(self, data: Any) -> None:
        if isinstance(data, StorybookPages):
            data.drawn()

    def world(self, data: Any, name: str) -> str:
        return "storybook" if isinstance(data, StorybookPages) else name

    def facts(self, stage: Stage, system: System[Any]) -> dict[str, Any]:
        return {**super().facts(stage, system), "picture": f"{stage.img_size} × {stage.img_size}"}


def picture_splits(name: str, view: str) -> Splits:
    """The test split never chooses: without a validation split, a tenth of the training pictures does."""
    if name.partition(":")[0] == "storybook":
        pages = [source.open(name, split, view=view) for split in ("train", "val", "test")]
        return Splits(pages[0], pages[1], pages[2], "the storybook's val pages")
    there = source.splits(name)
    whole = source.open(name, "train" if there else "")
    test_name = next((split for split in there if split.startswith("test")), None)
    test = source.open(name, test_name, classes=whole.classes) if test_name else None
    for split in ("val", "valid", "validation"):
        if split in there:
            return Splits(whole, source.open(name, split, classes=whole.classes), test, f"the split {split!r}")
    kept, held = held_out(whole)
    return Splits(kept, held, test, f"{len(held):,} of {len(whole):,} training pictures, held out by a hash of their names")


def _judged(name: str) -> str:
    there = source.splits(name)
    return next((split for split in ("test", "val", "valid", "validation") if split in there), "")


def _size_of(data: Any, index: int) -> Size:
    found: Size = (data.asked.size, data.asked.size) if isinstance(data, StorybookPages) else data.scene(index).size
    return found
