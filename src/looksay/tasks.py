"""The table of tasks: what each asks of a picture, which record answers, how it is scored, what it trains on in the storybook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from looksay.errors import BadData, UnknownName

if TYPE_CHECKING:
    from looksay.data.dataset import Dataset
    from looksay.data.material import Material
    from looksay.nn.placement import Placement

Targets = Mapping[str, Any]
VOID = 255  # of a pixel that is not to be counted
LEFT, SEEN = 0.1, 0.4  # shares of a box's area within the picture: below the first it is gone, below the second not counted
TINY = 2.0  # pixels of the network's; a box that is narrower is not counted


@dataclass(frozen=True)
class Task:
    """`encode` gives one picture's targets where it is placed in the network's, `collate` makes a batch of them, `join` one
    picture's of those of a mosaic; `view` is the storybook's view for it, `fewest` the classes that it needs;
    `placed` targets lie somewhere in the picture. `stuff` names its Material within looksay.data: what its data sets are, how
    they open and become batches. `less`: the smaller its metric, the better."""

    name: str
    verb: str
    question: str
    record: str
    metric: str
    view: str
    encode: Callable[[Dataset, int, Placement], Targets]
    collate: Callable[[Sequence[Targets]], dict[str, Any]]
    join: Callable[[Sequence[Targets]], Targets] | None = None
    fewest: int = 1
    placed: bool = True
    stuff: str = "material.Pictures"
    less: bool = False

    def material(self) -> Material:
        module, name = self.stuff.split(".")
        made: Material = getattr(import_module(f"looksay.data.{module}"), name)()
        return made


def _label(dataset: Dataset, index: int, place: Placement) -> Targets:
    number = dataset.target(index)
    if number < 0:
        raise BadData("has no label", where=dataset.place(index), mend="classification needs one label a picture")
    return {"label": number}


def _stack(targets: Sequence[Targets]) -> dict[str, Any]:
    import torch

    return {"label": torch.tensor([target["label"] for target in targets], dtype=torch.int64)}


def _things(dataset: Dataset, index: int, place: Placement) -> Targets:
    """What of the picture's things is seen. A fragment at the border is neither thing nor background."""
    return _seen(dataset, index, place)[0]


def _seen(dataset: Dataset, index: int, place: Placement) -> tuple[Targets, Any]:
    """The targets, and which of the picture's things they are of."""
    things = dataset.things(index)
    boxes, left = place.inside(things.boxes)
    small = (boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=1e9) < TINY
    keep = left >= LEFT
    vague = (left < SEEN) | small | (things.flags > 0)
    return {"index": [index], "boxes": boxes[keep], "labels": things.labels[keep], "ignore": vague[keep]}, keep


def _outlined(dataset: Dataset, index: int, place: Placement) -> Targets:
    """The things, each with its stencil."""
    from looksay.data.stencils import stencils

    targets, keep = _seen(dataset, index, place)
    masks, frames = stencils(dataset.masks(index)[keep], place)
    return {**targets, "masks": masks, "frames": frames}


def _outlined_joined(targets: Sequence[Targets]) -> Targets:
    masks = [mask for target in targets for mask in target["masks"]]
    rest = [{name: value for name, value in target.items() if name != "masks"} for target in targets]
    return {**_joined(rest), "masks": masks}


def _outline_lists(targets: Sequence[Targets]) -> dict[str, Any]:
    import torch

    masks = [[torch.from_numpy(mask) for mask in target["masks"]] for target in targets]
    frames = [torch.as_tensor(target["frames"]).float() for target in targets]
    return {**_lists(targets), "masks": masks, "frames": frames}


def _joined(targets: Sequence[Targets]) -> Targets:
    import numpy as np

    return {name: np.concatenate([target[name] for target in targets]) for name in targets[0]}


def _lists(targets: Sequence[Targets]) -> dict[str, Any]:
    import torch

    kinds = {"index": torch.int64, "boxes": torch.float32, "labels": torch.int64, "ignore": torch.bool}
    return {name: [torch.as_tensor(target[name]).to(kind) for target in targets] for name, kind in kinds.items()}


def _spot(dataset: Dataset, index: int, place: Placement) -> Targets:
    """The picture's subject: its label, and the largest box of that name."""
    number, things = _label(dataset, index, place)["label"], dataset.things(index)
    boxes, _ = place.inside(things.boxes[things.labels == number])
    if not len(boxes):
        raise BadData(
            f"has no box of its label {dataset.classes[number]!r}",
            where=dataset.place(index),
            mend="localization needs a label and its box in each picture",
        )
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return {"label": number, "box": boxes[int(areas.argmax())], "index": index}


def _spots(targets: Sequence[Targets]) -> dict[str, Any]:
    import numpy as np
    import torch

    index = torch.tensor([target["index"] for target in targets])
    return {**_stack(targets), "index": index, "box": torch.as_tensor(np.stack([target["box"] for target in targets])).float()}


def _said(dataset: Dataset, index: int, place: Placement) -> Targets:
    """A picture's captions in numbers; in a mirror left is right."""
    from looksay.data.spoken import Grounded, numbered

    known = dataset.grounds(index, place) if isinstance(dataset, Grounded) else {}
    return {"index": index, "captions": numbered(dataset, index, mirrored=place.flip), **known}


def _sayings(targets: Sequence[Targets]) -> dict[str, Any]:
    import torch

    captions = [[torch.from_numpy(each) for each in target["captions"]] for target in targets]
    known = {name: [torch.from_numpy(target[name]) for target in targets] for name in ("traits", "spots") if name in targets[0]}
    return {"index": torch.tensor([target["index"] for target in targets]), "captions": captions, **known}


def _regions(dataset: Dataset, index: int, place: Placement) -> Targets:
    """What each pixel of the network's picture belongs to."""
    from looksay.data.mapped import placed_map

    return {"index": index, "regions": placed_map(dataset.regions(index), place)}


def _blocks(targets: Sequence[Targets]) -> Targets:
    """Of the four corners of a mosaic, row by row."""
    import numpy as np

    a, b, c, d = (target["regions"] for target in targets)
    return {"index": targets[0]["index"], "regions": np.block([[a, b], [c, d]])}


def _maps(targets: Sequence[Targets]) -> dict[str, Any]:
    """Smaller maps are filled up below and on the right with what does not count."""
    import numpy as np
    import torch

    maps = [target["regions"] for target in targets]
    high, wide = (max(each.shape[axis] for each in maps) for axis in (0, 1))
    whole = np.full((len(maps), high, wide), VOID, np.uint8)
    for row, each in zip(whole, maps, strict=True):
        row[: each.shape[0], : each.shape[1]] = each
    return {"index": torch.tensor([target["index"] for target in targets]), "regions": torch.from_numpy(whole)}


def _none(dataset: Dataset, index: int, place: Placement) -> Targets:
    """Texts come in batches of their own."""
    return {}


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task("classify", "classify", "What is in the picture?", "labels", "top1", "portrait", _label, _stack, None, 2, False),
        Task("locate", "locate", "Where is it?", "objects", "loc1", "portrait", _spot, _spots),
        Task(
            "caption",
            "caption",
            "What is going on?",
            "captions",
            "ciderd",
            "scene",
            _said,
            _sayings,
            None,
            1,
            False,
            "spoken.Spoken",
        ),
        Task("write", "write", "What comes next?", "labels", "nats", "scene", _none, _lists, stuff="text.Texts", less=True),
        Task(
            "translate", "translate", "How is it said elsewhere?", "captions", "bleu", "scene", _none, _lists, stuff="pairs.Pairs"
        ),
        Task("detect", "detect", "What is where?", "objects", "map50", "scene", _things, _lists, _joined),
        Task(
            "segment", "segment", "Which pixels are what?", "regions", "miou", "scene", _regions, _maps, _blocks, 2,
            stuff="mapped.Maps",
        ),
        Task(
            "instances",
            "segment",
            "Which pixels are which thing?",
            "objects",
            "map50",
            "scene",
            _outlined,
            _outline_lists,
            _outlined_joined,
            stuff="outlined.Outlined",
        ),
    )
}  # fmt: skip


def task(name: str) -> Task:
    if name not in TASKS:
        raise UnknownName.of("task", name, TASKS)
    return TASKS[name]
