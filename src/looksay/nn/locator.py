"""What all locators share: five guesses of what a picture is of, each with its box."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.onnx import is_in_onnx_export
from torch.utils.flop_counter import FlopCounterMode

from looksay.nn.system import Batch, System
from looksay.scene import Label, Labels, Objects, Scene, Size, Thing

O = TypeVar("O")  # noqa: E741 - the type of what a system puts out
GUESSES = 5


class Cost(NamedTuple):
    """What one picture takes: places at which the classifier is asked, multiplications (each with its addition)."""

    windows: int
    multiply_adds: int


@dataclass
class Guess:
    """Of one picture, best first: `labels` (n,) numbers of classes, `scores` (n,) probabilities, `boxes` (n, 4) xyxy in the
    network's pixels."""

    labels: Tensor
    scores: Tensor
    boxes: Tensor


class Locator(System[O]):
    """Truth arrives as `batch.targets`: 'label' (N,) int64 and 'box' (N, 4) float32 in the network's pixels, of the subject."""

    @abstractmethod
    def guesses(self, out: O, batch: Batch) -> list[Guess]:
        """The GUESSES most likely classes of each picture."""

    def train(self, mode: bool = True) -> Self:
        """Parts that are not trained see pictures as in looking: a frozen classifier stays the classifier that it was."""
        super().train(mode)
        for part in self.children():
            parameters = list(part.parameters())
            if mode and parameters and not any(each.requires_grad for each in parameters):
                part.eval()
        return self

    def read(self, out: O, batch: Batch) -> list[Scene]:
        """Boxes in the pixels of the original picture, clipped to it; one that vanishes leaves its label alone."""
        scenes = []
        for row, guess in enumerate(self.guesses(out, batch)):
            width, height = batch.sizes[row] if batch.sizes else batch.extent(row)
            boxes = batch.place(row).back(guess.boxes.detach().double().cpu().numpy())
            boxes[:, 0::2] = boxes[:, 0::2].clip(0, width)
            boxes[:, 1::2] = boxes[:, 1::2].clip(0, height)
            names = [self.classes[label] for label in guess.labels.tolist()]
            scores = [min(max(score, 0.0), 1.0) for score in guess.scores.tolist()]
            things = [
                Thing(name, tuple(box), score)
                for name, box, score in zip(names, boxes.tolist(), scores, strict=True)
                if box[2] > box[0] and box[3] > box[1]
            ]
            labels = Labels(tuple(Label(name, score) for name, score in zip(names, scores, strict=True)))
            scenes.append(batch.scene(row, labels=labels, objects=Objects(tuple(things))))
        return scenes

    def multiply_adds(self, side: int) -> int:
        """Of a forward pass over one picture of `side` pixels."""
        twin = deepcopy(self).to("meta").eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            twin(Batch(torch.zeros(1, 3, side, side, device="meta")))
        return int(counter.get_total_flops()) // 2


class Pooled(nn.AdaptiveAvgPool2d):
    """(N, C, H, W) averaged to `side` rows and columns."""

    def __init__(self, side: int) -> None:
        super().__init__(side)
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        return _mixed(x, (self.side, self.side), _pooling) if is_in_onnx_export() else super().forward(x)


def resized(pictures: Tensor, size: Size) -> Tensor:
    """(N, C, H, W) at another (width, height), averaged over what it shrinks; computed in fp32, which not every device can do
    in less."""
    x = pictures.float()
    if is_in_onnx_export():
        return _mixed(x, size, _blending)
    return F.interpolate(x, size[::-1], mode="bilinear", antialias=True).to(pictures.dtype)


def _mixed(x: Tensor, size: Size, shares: Callable[[int, int], npt.NDArray[np.float64]]) -> Tensor:
    """As two products of matrices, (new, old), of how much each old row or column counts for each new one. Other runtimes know
    only some of the sizes to which torch averages, so in their files it is said like this."""
    wide, high = (
        torch.from_numpy((each / each.sum(axis=1, keepdims=True)).astype(np.float32)).to(x.device, x.dtype)
        for each in (shares(int(old), new) for old, new in zip((x.shape[-1], x.shape[-2]), size, strict=True))
    )
    return high @ x @ wide.T


def _blending(old: int, new: int) -> npt.NDArray[np.float64]:
    """The less, the farther from the new one's centre."""
    centre = (np.arange(new)[:, None] + 0.5) * old / new
    return np.maximum(0.0, 1.0 - np.abs(np.arange(old) + 0.5 - centre) / max(old / new, 1.0))


def _pooling(old: int, new: int) -> npt.NDArray[np.float64]:
    """All that the new one touches."""
    place, begin = np.arange(old), np.arange(new)[:, None] * old
    return (((place + 1) * new > begin) & (place * new < begin + old)).astype(np.float64)


def centred(boxes: Tensor) -> Tensor:
    """(..., 4) xyxy → centre x, centre y, width, height."""
    return torch.cat([(boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]], dim=-1)


def cornered(boxes: Tensor) -> Tensor:
    """The inverse."""
    half = boxes[..., 2:] / 2
    return torch.cat([boxes[..., :2] - half, boxes[..., :2] + half], dim=-1)
