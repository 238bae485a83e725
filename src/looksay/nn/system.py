"""The contract that every system keeps, and what it is fed with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from looksay.errors import BadValue, UnknownName
from looksay.nn.placement import Placement
from looksay.nn.prep import Picture, Prep
from looksay.nn.recipe import Recipe
from looksay.registry import Card
from looksay.scene import Scene, Size

Keep = Callable[[str, Callable[[], npt.NDArray[np.float32]]], npt.NDArray[np.float32]]
O = TypeVar("O")  # noqa: E741 - the type of what a system puts out


@dataclass
class Batch:
    """N pictures as the network takes them, with what is known of each.

    `pictures`: (N, C, H, W), normalised. `targets`: what the task's truth became, empty when looking ('label': (N,) int64).
    `sizes` and `ids` are those of the original pictures, `places` say where each lies in the network's. `beside`: what a system
    wants with each picture besides its pixels (proposals …), a list of one entry a picture under each name.
    """

    pictures: Tensor
    targets: dict[str, Any] = field(default_factory=dict)
    sizes: tuple[Size, ...] = ()
    ids: tuple[str, ...] = ()
    places: tuple[Placement, ...] = ()
    beside: dict[str, list[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.pictures.shape[0]

    def extent(self, index: int) -> Size:
        """(width, height) of the part of the network's picture, from the upper left corner, that is not padding."""
        high, wide = self.pictures.shape[-2:]
        return self.places[index].size if self.places else (wide, high)

    def place(self, index: int) -> Placement:
        return self.places[index] if self.places else Placement(size=self.extent(index))

    def scene(self, index: int, **records: Any) -> Scene:
        """An answer about picture `index`, in that picture's own size."""
        size = self.sizes[index] if self.sizes else self.extent(index)
        return Scene(size, id=self.ids[index] if self.ids else str(index), **records)


class System(nn.Module, ABC, Generic[O]):
    """A network that looks at pictures and says something about them.

    `forward` returns the same type in training and evaluation. `loss` returns named parts; training minimises their sum.
    `read` turns an output into what a person wants to know. Every ReLU of a system is a module of its own and not in place,
    or explanations would be wrong.
    """

    card: ClassVar[Card]
    Config: ClassVar[type[Any]]
    RECIPES: ClassVar[Mapping[str, Recipe]] = {}
    shortcut: bool = False  # what stands beside a picture only saves time while learning; looking does without it
    stage: str = "train"  # the training that it is in, for systems that learn something else in another
    progress: float = 0.0  # the share of that training that is done
    pixels: bool = False  # it tells which pixels are what, so that a place in the picture can be explained
    gaze: str = ""  # the tap that maps of attention are drawn from; '' is the last that lies over the picture

    def __init__(self, classes: Sequence[str], config: Any, prep: Prep) -> None:
        super().__init__()
        if not classes:
            raise BadValue("a system needs at least one class")
        self.classes, self.config, self.prep = tuple(classes), config, prep

    @abstractmethod
    def forward(self, batch: Batch) -> O: ...

    @abstractmethod
    def loss(self, out: O, batch: Batch) -> dict[str, Tensor]: ...

    @abstractmethod
    def read(self, out: O, batch: Batch) -> list[Scene]: ...

    @abstractmethod
    def taps(self) -> dict[str, nn.Module]:
        """The named places that `explain` and `paint` can look into, from the picture to the answer."""

    @abstractmethod
    def aim(self, out: O, what: str) -> Tensor:
        """(N,) the number that stands for `what` (a class, a word, a box …); '' is each picture's own best answer."""

    def goals(self, out: O, batch: Batch, what: str) -> Sequence[tuple[str, Any]]:
        """Of systems that tell `pixels`: what `what` means in each picture, by name, and a goal for `reached`. They are found
        once, in the pictures as they are: when parts of a picture are taken away, the question stays the same."""
        return [(what, what)] * len(batch)

    def reached(self, out: O, goals: Sequence[Any]) -> Tensor:
        """(N,) how far each picture's goal is reached; a goal that is a name is reached as far as `aim` says."""
        each = {name: self.aim(out, name) for name in dict.fromkeys(goals)}
        return torch.stack([each[name][row] for row, name in enumerate(goals)])

    def beside(self, picture: Picture, place: Placement, keep: Keep) -> dict[str, Any]:
        """What the system wants with a picture besides its pixels, from the original, uint8 (height, width, 3). What is dear to
        compute goes through `keep(name of how, computation)`, which may know it from before. Runs in the threads that read."""
        return {}

    def finish(self, feed: Iterable[Batch], folder: Path, say: Callable[[str], None]) -> bool:
        """What is fitted after the last stage, without gradients (R-CNN's machines), from the training pictures as looking sees
        them; `folder` is for what must survive a kill. True when the weights have changed."""
        return False

    def carried(self) -> Mapping[str, Tensor]:
        """What learning takes along from batch to batch besides weights, as the state of a recurrent network: it stands in
        checkpoints, so that a killed run goes on with it, but not in weights files."""
        return {}

    def carry(self, state: Mapping[str, Tensor]) -> None:
        """Takes up what `carried` gave."""

    def aside(self, done: int, steps: int) -> Mapping[str, Any]:
        """What is worth a line in the run's record after `done` of a stage's `steps`, besides the losses; JSON values."""
        return {}

    @classmethod
    def size_for(cls, config: Any) -> int:
        """The side of the picture that the paper's network takes."""
        return 224

    @classmethod
    def settled(cls, config: Any, shapes: npt.NDArray[np.float64], side: int) -> Any:
        """The config for training on truth whose boxes have these (n, 2) widths and heights, in shares of their pictures, shown
        at `side` pixels. Called before the network is built by systems that define it."""
        return config

    def adopt(self, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Another system's tensors as this one can begin with them. Most need no change."""
        return tensors

    @classmethod
    def rename(cls, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A state dict published elsewhere, under our names. Most need no change."""
        return dict(tensors)

    def tap(self, name: str) -> nn.Module:
        taps = self.taps()
        if name not in taps:
            raise UnknownName.of("tap", name, taps, where=self.card.name)
        return taps[name]

    def index(self, name: str) -> int:
        """The private number of a class."""
        if name not in self.classes:
            raise UnknownName.of("class", name, self.classes, where=self.card.name)
        return self.classes.index(name)

    @property
    def parameters_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())


def normalise(pictures: Tensor, prep: Prep, dtype: torch.dtype = torch.float32) -> Tensor:
    """uint8 (N, H, W, C) → (N, C, H, W), normalised, in channels_last memory."""
    mean = torch.tensor(prep.mean[: prep.channels], dtype=torch.float32, device=pictures.device) * 255
    std = torch.tensor(prep.std[: prep.channels], dtype=torch.float32, device=pictures.device) * 255
    return ((pictures.float() - mean) / std).to(dtype).permute(0, 3, 1, 2)


def on_device(batch: Batch, device: torch.device) -> Batch:
    if batch.pictures.device == device:
        return batch

    def moved(value: Any) -> Any:
        if isinstance(value, list):
            return [moved(each) for each in value]
        return value.to(device) if isinstance(value, Tensor) else value

    targets, beside = ({name: moved(each) for name, each in some.items()} for some in (batch.targets, batch.beside))
    return replace(batch, pictures=batch.pictures.to(device), targets=targets, beside=beside)
