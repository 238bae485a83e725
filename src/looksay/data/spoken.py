"""Captions as numbers: the words of a data set, and what of a picture's captions a training is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from looksay.data.dataset import Dataset
from looksay.data.held import Subset
from looksay.data.loader import Feed, Feeding, Kind
from looksay.data.mapped import placed_map
from looksay.data.material import SEEN, Pictures, Splits
from looksay.data.storybook import StorybookPages
from looksay.errors import BadConfig, BadData, BadValue
from looksay.nn.placement import Placement
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment, Stage
from looksay.nn.seeing import CELL, Seeing
from looksay.nn.system import System
from looksay.nn.vocabulary import Vocabulary, caption_words

LEAST = 5  # a word that is said less often is unknown, in large data sets
MANY = 64  # values of what may be known of a thing: what has more is a name, no trait
SMALL = 2000  # captions, below which every word counts
LONGEST = 60  # words; what is longer is cut there
# What changes when a picture is seen in a mirror, in the languages whose captions looksay writes itself.
MIRRORED = {"left": "right", "right": "left", "izquierda": "derecha", "derecha": "izquierda"}

vocabulary_of = lru_cache(maxsize=8)(Vocabulary.from_classes)


def words_of(dataset: Dataset) -> tuple[str, ...]:
    """The classes of a captioner for these captions: its special words, then words by how often they are said."""
    counts: Counter[str] = Counter()
    captions = 0
    for index in range(len(dataset)):
        for caption in dataset.captions(index):
            counts.update(caption_words(caption.text))
            captions += 1
    if not counts:
        raise BadData("has no captions", where=dataset.source or None, mend="captioning needs one sentence a picture, or more")
    try:
        return Vocabulary.of(counts, least=1 if captions <= SMALL else LEAST).classes
    except BadValue as error:
        raise BadData(error.what, where=dataset.source or None, mend=error.mend) from None


def numbered(dataset: Dataset, index: int, *, mirrored: bool = False) -> list[npt.NDArray[np.int64]]:
    """A picture's captions in the numbers of `dataset.classes`, which are words."""
    vocabulary = vocabulary_of(tuple(dataset.classes))
    found = []
    for caption in dataset.captions(index):
        words = caption_words(caption.text)[:LONGEST]
        if mirrored:
            words = [MIRRORED.get(word, word) for word in words]
        if words:
            found.append(np.array(vocabulary.encode(words), np.int64))
    if not found:
        raise BadData("has no caption", where=dataset.place(index), mend="looksay data check shows all such pictures")
    return found


def traits_of(dataset: Dataset) -> tuple[str, ...]:
    """What may be known of things here, 'colour red', sorted; of each of several values, else it says nothing."""
    found: dict[str, set[str]] = {}
    for index in range(min(len(dataset), SEEN)):
        for thing in dataset.traits(index):
            for name, value in thing.items():
                found.setdefault(name, set()).add(value)
    return tuple(f"{name} {value}" for name in sorted(found) if 1 < len(found[name]) <= MANY for value in sorted(found[name]))


class Grounded(Subset):
    """Pictures with captions, and with what is known of the things in them."""

    def __init__(self, whole: Dataset, traits: Sequence[str]) -> None:
        super().__init__(whole, range(len(whole)), whole.split)
        self.numbers = {trait: number for number, trait in enumerate(traits)}
        self.masks(0), self.traits(0)  # the storybook writes them down before several threads ask

    def grounds(self, index: int, place: Placement) -> dict[str, Any]:
        """'traits' (n, T), those of each thing that is seen, and 'spots' (n, h, w), how it spreads over the cells of the
        network's picture; each sums to 1."""
        masks, traits, spots = self.masks(index), [], []
        for mask, known in zip(masks, self.traits(index), strict=True):
            if place.flip:
                known = {name: MIRRORED.get(value, value) for name, value in known.items()}
            seen = placed_map(mask.astype(np.uint8), place) == 1
            high, wide = (-(-side // CELL) for side in seen.shape)
            full = np.zeros((high * CELL, wide * CELL), np.float32)
            full[: seen.shape[0], : seen.shape[1]] = seen
            spread = full.reshape(high, CELL, wide, CELL).sum(axis=(1, 3))
            if spread.any():
                spots.append(spread / spread.sum())
                row = np.zeros(len(self.numbers), np.bool_)
                row[[self.numbers[each] for each in map(" ".join, known.items()) if each in self.numbers]] = True
                traits.append(row)
        high, wide = (-(-side // CELL) for side in place.size[::-1])
        return {
            "traits": np.array(traits, np.bool_).reshape(-1, len(self.numbers)),
            "spots": np.array(spots, np.float32).reshape(-1, high, wide),
        }


class Spoken(Pictures):
    """Pictures with captions: what can be said are the words of those that are learnt from."""

    def splits(self, name: str, kind: Kind, config: Any) -> Splits:
        found = super().splits(name, kind, config)
        classes = words_of(found.train)
        for each in (found.train, found.held, found.test):
            if each is not None:
                each.classes = classes
        return found

    def open(self, name: str, split: str, kind: Kind, system: System[Any]) -> Dataset:
        found = super().open(name, split, kind, system)
        found.classes = system.classes
        return found

    def feed(
        self, system: System[Any], data: Any, kind: Kind, how: Feeding, *, prep: Prep | None = None, learning: bool = False
    ) -> Feed:
        self.seen_as(system, how.augment or Augment())
        traits = getattr(system.config, "traits", ())
        if learning and how.augment and traits:
            data = Grounded(data, traits)
        return super().feed(system, data, kind, how, prep=prep, learning=learning)

    def seen_as(self, system: System[Any], augment: Augment) -> None:
        """Refuses to change pictures whose regions are remembered as they are."""
        if isinstance(system, Seeing) and system.config.frozen and augment != Augment(flip=augment.flip):
            mend = "take all of augment but flip away, or let it learn with settings.frozen=false"
            raise BadConfig("a frozen network is shown whole pictures, or mirrored ones", where="--set augment", mend=mend)

    def settled(self, kind: type[System[Any]], config: Any, train: Any, stage: Stage) -> Any:
        return replace(config, traits=traits_of(train)) if hasattr(config, "traits") else config

    def known(self, system: System[Any]) -> None:
        return None

    def prepare(self, data: Any) -> None:
        super().prepare(data)
        if isinstance(data, StorybookPages):
            data.captions(0)
