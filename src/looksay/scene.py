"""The nouns. A Scene says what is in one picture, whether it is the truth or a prediction.

Boxes are (x1, y1, x2, y2) in absolute pixels, 0-based, x2 and y2 exclusive edges, so width = x2 - x1.
Sizes are (width, height), arrays are [row, column]. Everything is frozen and checked when it is made;
an empty record means that there is nothing of its kind. Truth is a prediction that is sure: its score is 1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue, NotInstalled
from looksay.mask import BoxXYXY, Mask, Size, lock
from looksay.records import pack, unpack

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "VOID",
    "Answer",
    "BoxXYXY",
    "Caption",
    "Heat",
    "Label",
    "Labels",
    "Mask",
    "Objects",
    "Phrase",
    "Referral",
    "Regions",
    "Scene",
    "Size",
    "Thing",
]
R = TypeVar("R")
VOID = 255


def _check_score(score: float, what: str) -> None:
    if not 0.0 <= score <= 1.0:
        raise BadValue(f"{what} has the score {score}", mend="scores are probabilities between 0 and 1")


def _check_box(box: BoxXYXY, what: str) -> None:
    if len(box) != 4 or not all(math.isfinite(value) for value in box):
        raise BadValue(f"{what} has the box {box}", mend="a box is four finite numbers x1 y1 x2 y2")
    if box[2] <= box[0] or box[3] <= box[1]:
        raise BadValue(f"{what} has a box without extent: {box}", mend="x2 must exceed x1 and y2 exceed y1")


def _freeze(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(mapping))


@dataclass(frozen=True)
class Label:
    """A name with the probability that it holds; `synset` where the name has one (n01871265)."""

    name: str
    score: float = 1.0
    synset: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise BadValue("a label has no name")
        _check_score(self.score, f"label {self.name!r}")


@dataclass(frozen=True)
class Labels(Sequence[Label]):
    """What is in the picture, the most likely (or the picture's subject) first."""

    items: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(self.items))
        if any(a.score < b.score for a, b in zip(self.items, self.items[1:], strict=False)):
            raise BadValue("labels are not in order", mend="the highest score comes first")

    @overload
    def __getitem__(self, index: int) -> Label: ...
    @overload
    def __getitem__(self, index: slice) -> Labels: ...
    def __getitem__(self, index: int | slice) -> Label | Labels:
        return Labels(self.items[index]) if isinstance(index, slice) else self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.items)


@dataclass(frozen=True)
class Thing:
    """One thing: its kind, where it is, and what is known of it.

    `depth` orders things, 0 nearest. `crowd`, `difficult`, `truncated` and `occluded` are the flags of the standard formats;
    `attributes` are free (colour, pose, action …). `id` is the original one and survives a round trip.
    """

    name: str
    box: BoxXYXY
    score: float = 1.0
    mask: Mask | None = None
    id: str = ""
    depth: int = 0
    crowd: bool = False
    difficult: bool = False
    truncated: bool = False
    occluded: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "box", tuple(float(value) for value in self.box))
        object.__setattr__(self, "attributes", _freeze(self.attributes))
        _check_box(self.box, f"thing {self.name!r}")
        _check_score(self.score, f"thing {self.name!r}")

    @property
    def area(self) -> float:
        """Of the mask where there is one, else of the box."""
        return float(self.mask.area) if self.mask else (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])

    def __hash__(self) -> int:
        return hash((self.name, self.box, self.score, self.id))

    def __reduce__(self) -> tuple[Any, ...]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return _remake, (Thing, {**values, "attributes": dict(self.attributes)})


def _remake(kind: type[R], values: dict[str, Any]) -> R:
    """Mapping proxies cannot be pickled; records that hold one are made anew."""
    return kind(**values)


@dataclass(frozen=True)
class Objects(Sequence[Thing]):
    """The things of a picture."""

    items: tuple[Thing, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(self.items))

    @overload
    def __getitem__(self, index: int) -> Thing: ...
    @overload
    def __getitem__(self, index: slice) -> Objects: ...
    def __getitem__(self, index: int | slice) -> Thing | Objects:
        return Objects(self.items[index]) if isinstance(index, slice) else self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def boxes(self) -> npt.NDArray[np.float64]:
        """Shape (N, 4)."""
        return np.array([thing.box for thing in self.items], dtype=np.float64).reshape(-1, 4)


@dataclass(frozen=True, eq=False)
class Regions:
    """What every pixel belongs to: `ids[row, column]` indexes `names`; 255 is void."""

    names: tuple[str, ...] = ()
    ids: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "ids", lock(np.asarray(self.ids), np.uint8))
        largest = int(self.ids.max(initial=0))
        if largest == VOID:
            largest = int(self.ids.max(initial=0, where=self.ids != VOID))
        if largest >= len(self.names) and (largest or bool((self.ids == 0).any())):
            raise BadValue(f"region {largest} has no name", mend=f"there are {len(self.names)} names")

    def __bool__(self) -> bool:
        return bool(self.ids.size)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Regions) and self.names == other.names and np.array_equal(self.ids, other.ids)

    def __hash__(self) -> int:
        return hash((self.names, self.ids.tobytes()))


@dataclass(frozen=True)
class Phrase:
    """Characters start:end of a text mean the things with these ids."""

    start: int
    end: int
    things: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "things", tuple(self.things))
        if not 0 <= self.start < self.end:
            raise BadValue(f"a phrase goes from {self.start} to {self.end}")


@dataclass(frozen=True)
class Caption:
    """A sentence about the picture; its phrases are tied to things."""

    text: str
    score: float = 1.0
    language: str = "en"
    phrases: tuple[Phrase, ...] = ()
    id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "phrases", tuple(self.phrases))
        _check_score(self.score, "a caption")
        if any(phrase.end > len(self.text) for phrase in self.phrases):
            raise BadValue(f"a phrase ends beyond its caption {self.text!r}")


@dataclass(frozen=True)
class Answer:
    """A question with its answers, best first. `kind` is its W; `things` are the ones it points at."""

    question: str
    answers: Labels = Labels()
    kind: str = ""
    choices: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", tuple(self.choices))
        object.__setattr__(self, "things", tuple(self.things))
        if not self.question:
            raise BadValue("an answer has no question")


@dataclass(frozen=True)
class Referral:
    """An expression that means one place: 'the dog under the tree' → box."""

    text: str
    box: BoxXYXY
    score: float = 1.0
    thing: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "box", tuple(float(value) for value in self.box))
        _check_box(self.box, f"{self.text!r}")
        _check_score(self.score, f"{self.text!r}")


@dataclass(frozen=True, eq=False)
class Heat:
    """How much each place mattered, for `of` (a class, a word, an answer), found by `method`; `at` is the pixel (column, row)
    that was asked about, where it was one. Values are not negative. `blur`: of the Gaussian that it is drawn with, its standard
    deviation in shares of the longer side; the values are without it."""

    of: str
    values: npt.NDArray[np.float32]
    method: str = ""
    at: tuple[float, float] | None = None
    blur: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", lock(np.asarray(self.values), np.float32))
        if self.values.ndim != 2:
            raise BadValue(f"the heat of {self.of!r} has {self.values.ndim} dimensions", mend="give rows and columns")
        if not np.isfinite(self.values).all() or (self.values.size and float(self.values.min()) < 0):
            raise BadValue(f"the heat of {self.of!r} is negative or not finite")
        if not 0 <= self.blur <= 1:
            raise BadValue(f"the heat of {self.of!r} cannot be blurred by {self.blur:g} of a side")

    @property
    def drawn(self) -> npt.NDArray[np.float32]:
        """The values as they are drawn, blurred."""
        if not self.blur or not self.values.size:
            return self.values
        import cv2

        spread = self.blur * max(self.values.shape)
        found = cv2.GaussianBlur(self.values, (0, 0), spread, borderType=cv2.BORDER_REFLECT)
        return np.asarray(found, np.float32).reshape(self.values.shape)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Heat):
            return False
        same = (self.of, self.method, self.at, self.blur) == (other.of, other.method, other.at, other.blur)
        return same and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash((self.of, self.method, self.values.tobytes()))


@dataclass(frozen=True)
class Scene:
    """All that is said of one picture of `size` (width, height). `id` is the data set's own name for it."""

    size: Size
    id: str = ""
    source: str = ""
    labels: Labels = Labels()
    objects: Objects = Objects()
    regions: Regions = field(default_factory=Regions)
    captions: tuple[Caption, ...] = ()
    answers: tuple[Answer, ...] = ()
    referrals: tuple[Referral, ...] = ()
    heats: tuple[Heat, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", (int(self.size[0]), int(self.size[1])))
        object.__setattr__(self, "notes", _freeze(self.notes))
        for name in ("captions", "answers", "referrals", "heats"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.size[0] <= 0 or self.size[1] <= 0:
            raise BadValue(f"a scene has the size {self.size}", where=self.id or None)
        for thing in self.objects:
            if thing.mask is not None and thing.mask.size != self.size:
                raise BadValue(f"the mask of {thing.name!r} is {thing.mask.size}, the picture {self.size}", where=self.id or None)
        if self.regions and self.regions.ids.shape != self.size[::-1]:
            raise BadValue(f"regions are {self.regions.ids.shape[::-1]}, the picture {self.size}", where=self.id or None)

    def thing(self, id: str) -> Thing:
        for thing in self.objects:
            if thing.id == id:
                return thing
        raise BadValue(f"no thing has the id {id!r}", where=self.id or None)

    def to_json(self, indent: int | None = None) -> str:
        return json.dumps(pack(self), ensure_ascii=False, indent=indent)

    @classmethod
    def from_json(cls, text: str) -> Scene:
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise BadValue(f"not JSON: {error}") from None
        scene: Scene = unpack(cls, found, "scene")
        return scene

    def to_df(self) -> pd.DataFrame:
        """One row for each label, thing, caption, answer and referral."""
        try:
            import pandas
        except ImportError:
            raise NotInstalled("tables need pandas", mend="pip install pandas") from None
        columns = ["picture", "record", "name", "score", "x1", "y1", "x2", "y2"]
        return pandas.DataFrame(list(self.rows()), columns=columns)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """(picture, record, name, score, x1, y1, x2, y2), the last four None where there is no box."""
        none = (None, None, None, None)
        yield from ((self.id, "label", label.name, label.score, *none) for label in self.labels)
        yield from ((self.id, "thing", thing.name, thing.score, *thing.box) for thing in self.objects)
        yield from ((self.id, "caption", caption.text, caption.score, *none) for caption in self.captions)
        for answer in self.answers:
            yield from ((self.id, answer.question, item.name, item.score, *none) for item in answer.answers)
        yield from ((self.id, "referral", said.text, said.score, *said.box) for said in self.referrals)

    def __hash__(self) -> int:
        return hash((self.size, self.id, self.labels, self.objects, self.captions))

    def __reduce__(self) -> tuple[Any, ...]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return _remake, (Scene, {**values, "notes": dict(self.notes)})
