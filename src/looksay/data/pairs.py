"""Sentences with their translations, and what a translator learns from: the Material of the task `translate`.

`pairs:FILE` has a pair a line, SOURCE tab TARGET, and what stands behind a further tab (whose sentences they are) is left alone.
A tenth is held out for the test and a fiftieth to choose the weights by, after a hash of `settings.held_seed` and the source
sentence: of all translations of a sentence none is learnt where one is held out, and what is added later moves no other.
`storybook` is what its pages say in English and in Spanish, after one plan.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from looksay.data import source, textfile
from looksay.data.bucket import bucketed, in_order
from looksay.data.loader import Batches, Feeding, Kind
from looksay.data.material import Material, Splits
from looksay.data.storybook import StorybookPages
from looksay.errors import BadData, BadValue, UnknownName
from looksay.nn.prep import Prep
from looksay.nn.recipe import Stage
from looksay.nn.sentences import LONGEST, read_of
from looksay.nn.system import Batch, System
from looksay.nn.vocabulary import Vocabulary, caption_words

TESTED, CHOOSING = 0.1, 0.02  # shares of a file
SPLITS = ("train", "val", "test")
Places = npt.NDArray[np.int64]


class Pair(NamedTuple):
    source: str
    target: str


class SentencePairs:
    """Pairs of a split; `classes` are the words that can be said, `known` those that can be read, `names` those of the classes
    that have a capital wherever they stand."""

    def __init__(self, source: str, split: str, pairs: Sequence[Pair], classes: Sequence[str], known: Sequence[str]) -> None:
        self.source, self.split, self.pairs = source, split, tuple(pairs)
        self.classes, self.known = tuple(classes), tuple(known)
        said, read = Vocabulary.from_classes(self.classes), Vocabulary.from_classes(self.known)
        self.tokens = [caption_words(pair.source)[:LONGEST] for pair in self.pairs]
        self.read = [np.array(read.encode(tokens), np.int64) for tokens in self.tokens]
        self.said = [np.array(said.encode(caption_words(pair.target)[:LONGEST]), np.int64) for pair in self.pairs]

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def lengths(self) -> Places:
        """(N, 2): words of the source, and of the target."""
        return np.array([(len(a), len(b)) for a, b in zip(self.read, self.said, strict=True)], np.int64).reshape(-1, 2)

    def references(self) -> dict[str, list[str]]:
        """Each source sentence with all its translations."""
        found: dict[str, list[str]] = defaultdict(list)
        for pair in self.pairs:
            found[pair.source].append(pair.target)
        return dict(found)

    def firsts(self) -> Places:
        """Where each source sentence stands first: it is judged once, however many translations it has."""
        seen: dict[str, int] = {}
        for place, pair in enumerate(self.pairs):
            seen.setdefault(pair.source, place)
        return np.array(list(seen.values()), np.int64)


class Sentences:
    """Pairs of like lengths together, the longest source first: 'source' (N, L) with 'lengths' (N,), 'tokens' the source's words
    as they stand, 'words' a list of (T,) numbers without start and stop, 'index' the places of the pairs."""

    def __init__(self, data: SentencePairs, how: Feeding) -> None:
        self.dataset, self.how, self.learning = data, how, how.augment is not None
        self.waited, self.skipped = 0.0, set[int]()
        self.places = np.arange(len(data)) if self.learning else data.firsts()
        read, said = data.lengths[self.places].T
        self.order = read * (LONGEST + 1) + said  # alike in both, the source's length first

    @property
    def steps(self) -> int:
        count, size = len(self.places), self.how.batch_size
        return max(count // size, 1) if self.learning else -(-count // size)

    def turns(self, epoch: int) -> list[Places]:
        size = self.how.batch_size
        found = bucketed(self.order, size, self.how.seed, epoch) if self.learning else in_order(self.order, size)
        return [self.places[turn] for turn in found]

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        part = self.how.part
        for turn in self.turns(epoch)[start:]:
            yield self._batch(turn[part.rank : len(turn) // part.world * part.world : part.world])

    def _batch(self, turn: Places) -> Batch:
        data = self.dataset
        targets = {
            **read_of([data.read[i] for i in turn], [data.tokens[i] for i in turn]),
            "words": [torch.from_numpy(data.said[i]) for i in turn],
            "index": torch.from_numpy(turn),
        }
        sizes = tuple((len(data.read[i]), 1) for i in turn)
        return Batch(torch.zeros(len(turn), 0), targets, sizes, tuple(f"pair {i + 1:,}" for i in turn))


class Pairs(Material):
    noun = "sentence pairs"
    tries = 'translate --model {} "I love coffee"'

    def splits(self, name: str, kind: Kind, config: Any) -> Splits:
        found = {split: _turned(pairs, config) for split, pairs in _split(name, config, SPLITS).items()}
        classes, known = (_words(name, [pair[side] for pair in found["train"]], config) for side in (1, 0))
        made = [SentencePairs(name, split, found[split], classes, known) for split in SPLITS]
        how = "the storybook's val pages" if _is_storybook(name) else f"{len(made[1]):,} pairs held out, seed {config.held_seed}"
        return Splits(made[0], made[1], made[2], how)

    def open(self, name: str, split: str, kind: Kind, system: System[Any]) -> SentencePairs:
        config, split = system.config, split or "test"
        if split == "whole" and not _is_storybook(name):
            pairs = list(pairs_of(path_of(name)))
        elif split in SPLITS:
            pairs = _split(name, config, (split,))[split]
        else:
            raise UnknownName.of("split", split, [*SPLITS, "whole"], where=name)
        return SentencePairs(name, split, _turned(pairs, config), system.classes, config.source)

    def feed(
        self, system: System[Any], data: Any, kind: Kind, how: Feeding, *, prep: Prep | None = None, learning: bool = False
    ) -> Batches:
        return Sentences(data, how)

    def settled(self, kind: type[System[Any]], config: Any, train: Any, stage: Stage) -> Any:
        return replace(config, source=train.known, names=names_of([pair.target for pair in train.pairs], train.classes))

    def world(self, data: Any, name: str) -> str:
        return "storybook" if _is_storybook(name) else name

    def facts(self, stage: Stage, system: System[Any]) -> dict[str, Any]:
        said, read = len(system.classes), len(system.config.source)
        return {"batch": f"{stage.batch_size} sentences", "vocabulary": f"{read:,} words read, {said:,} said"}


def pairs_of(path: Path) -> Iterator[Pair]:
    """As the file has them. Raises BadData at the first line that is no pair."""
    if not path.is_file():
        raise BadData("there is no such file", where=str(path), mend="name sentences and translations as pairs:FILE")
    for line in textfile.lines(path):
        if line.problem:
            raise line.problem
        text = line.text.rstrip("\r\n")
        if not text.strip():
            continue
        where, columns = f"{path}:{line.number}", text.split("\t")
        if len(columns) < 2:
            raise BadData("has one column", where=where, mend="a line is a sentence, a tab, its translation")
        pair = Pair(columns[0].strip(), columns[1].strip())
        if not (caption_words(pair.source) and caption_words(pair.target)):
            side = "translation" if caption_words(pair.source) else "sentence"
            raise BadData(f"has an empty {side}", where=where, mend="fill it in, or take the line out")
        yield pair


def path_of(name: str) -> Path:
    head, colon, rest = name.partition(":")
    return Path(rest if head == "pairs" and colon else name).expanduser()


def share_of(sentence: str, seed: int) -> float:
    """Where a sentence lies between 0 and 1; signs and capitals move it nowhere else."""
    key = " ".join(word for word in caption_words(sentence) if word[0].isalnum()) or sentence
    return int.from_bytes(hashlib.blake2b(f"{seed} {key}".encode(), digest_size=8).digest(), "big") / 2**64


def names_of(sentences: Iterable[str], classes: Sequence[str]) -> tuple[str, ...]:
    """Words that, wherever they do not begin a sentence, mostly begin with a capital."""
    large, all_ = Counter[str](), Counter[str]()
    for sentence in sentences:
        for word in sentence.split()[1:]:
            for token in caption_words(word)[:1]:
                all_[token] += 1
                large[token] += word.lstrip("\"'(¿¡«“")[:1].isupper()
    return tuple(word for word in classes if large[word] > all_[word] / 2)


def _is_storybook(name: str) -> bool:
    return name.partition(":")[0] == "storybook"


def _split(name: str, config: Any, wanted: Sequence[str]) -> dict[str, list[Pair]]:
    if _is_storybook(name):
        return {split: _storybook(name, split) for split in wanted}
    found: dict[str, list[Pair]] = {split: [] for split in SPLITS}
    path = path_of(name)
    for pair in pairs_of(path):
        share = share_of(pair.source, config.held_seed)
        found["test" if share < TESTED else "val" if share < TESTED + CHOOSING else "train"].append(pair)
    for split, pairs in found.items():
        if not pairs:
            total = sum(map(len, found.values()))
            what = f"has {total} pairs, too few to hold some out for {split!r}"
            raise BadData(what, where=str(path), mend="give some hundred pairs")
    return found


def _storybook(name: str, split: str) -> list[Pair]:
    pages = source.open(name, split, view="scene")
    assert isinstance(pages, StorybookPages)
    return [
        Pair(*pair) for index in range(len(pages)) for pair in zip(pages.told(index, "en"), pages.told(index, "es"), strict=True)
    ]


def _turned(pairs: Iterable[Pair], config: Any) -> list[Pair]:
    return [Pair(pair.target, pair.source) for pair in pairs] if config.turned else list(pairs)


def _words(name: str, sentences: Iterable[str], config: Any) -> tuple[str, ...]:
    counts = Counter(word for sentence in sentences for word in caption_words(sentence))
    try:
        return Vocabulary.of(counts, least=config.least, most=config.most).classes
    except BadValue as error:
        raise BadData(error.what, where=name, mend="lower --set settings.least") from None
