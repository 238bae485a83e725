"""Captions as numbers: the words of a data set, and what of a picture's captions a training is told."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from looksay.data.dataset import Dataset
from looksay.data.loader import Feed, Feeding, Kind
from looksay.data.material import Pictures, Splits
from looksay.data.storybook import StorybookPages
from looksay.errors import BadConfig, BadData, BadValue
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment
from looksay.nn.seeing import Seeing
from looksay.nn.system import System
from looksay.nn.vocabulary import Vocabulary, caption_words

LEAST = 5  # a word that is said less often is unknown, in large data sets
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
        return super().feed(system, data, kind, how, prep=prep, learning=learning)

    def seen_as(self, system: System[Any], augment: Augment) -> None:
        """Refuses to change pictures whose regions are remembered as they are."""
        if isinstance(system, Seeing) and system.config.frozen and augment != Augment(flip=augment.flip):
            mend = "take all of augment but flip away, or let it learn with settings.frozen=false"
            raise BadConfig("a frozen network is shown whole pictures, or mirrored ones", where="--set augment", mend=mend)

    def known(self, system: System[Any]) -> None:
        return None

    def prepare(self, data: Any) -> None:
        super().prepare(data)
        if isinstance(data, StorybookPages):
            data.captions(0)
