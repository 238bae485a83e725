"""The table of tasks: what each asks of a picture, which record answers, how it is scored, what it trains on in the storybook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from looksay.errors import BadData, UnknownName

if TYPE_CHECKING:
    from looksay.data.dataset import Dataset

Targets = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """`encode` gives one picture's targets, `collate` makes a batch of them; `view` is the storybook's view for it."""

    name: str
    verb: str
    question: str
    record: str
    metric: str
    view: str
    encode: Callable[[Dataset, int], Targets]
    collate: Callable[[Sequence[Targets]], dict[str, Any]]


def _label(dataset: Dataset, index: int) -> Targets:
    number = dataset.target(index)
    if number < 0:
        raise BadData("has no label", where=dataset.place(index), mend="classification needs one label a picture")
    return {"label": number}


def _stack(targets: Sequence[Targets]) -> dict[str, Any]:
    import torch

    return {"label": torch.tensor([target["label"] for target in targets], dtype=torch.int64)}


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (Task("classify", "classify", "What is in the picture?", "labels", "top1", "portrait", _label, _stack),)
}


def task(name: str) -> Task:
    if name not in TASKS:
        raise UnknownName.of("task", name, TASKS)
    return TASKS[name]
