"""OverFeat (Sermanet et al. 2014): a classifier whose fully connected layers are convolutions sees all windows of a picture at
once, at several scales; at each a second head says where the subject is; what they say is merged greedily.

Over a larger picture the network says at place (row, column) exactly what it says of the crop of `window` pixels that begins
at (row, column) times its stride, as long as its convolutions have no padding: padding shows zeros at the border of a crop,
where the larger picture goes on. 'overfeat' has none; 'overfeat-fast' pads its third to fifth convolution as the paper does,
and agrees with its crops only roughly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.blocks import Named, initialise, scaled
from looksay.nn.chance import Dropout
from looksay.nn.detector import clipped
from looksay.nn.locator import GUESSES, Cost, Guess, Locator, centred, cornered, resized
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.nn.system import Batch
from looksay.registry import Card, system

KEPT = 0.5  # share of the subject's box that a window must hold to be trained on
SPEAKS = 0.5  # share of a class's best window from which a window's box is merged
Boxes = npt.NDArray[np.float64]


class Layer(NamedTuple):
    """A convolution, and the side of the max pooling behind it (1: none)."""

    out: int
    kernel: int
    stride: int = 1
    padding: int = 0
    pool: int = 1


@dataclass(frozen=True)
class Plan:
    """`grid` is the side of the map that fc6 takes of a `window`; `hidden` are fc6 and fc7, `boxes` the hidden layers of the head
    for boxes, `scales` the short sides at which a picture is seen."""

    layers: tuple[Layer, ...]
    window: int
    grid: int
    hidden: tuple[int, int]
    boxes: tuple[int, ...]
    scales: tuple[int, ...]
    norm: bool
    side: int

    @property
    def stride(self) -> int:
        """Pixels between windows."""
        return math.prod(layer.stride * layer.pool for layer in self.layers)


PLANS = {
    "house": Plan(
        (Layer(32, 5, 2), Layer(32, 3, pool=2), Layer(64, 3), Layer(64, 3, pool=2), Layer(128, 3), Layer(128, 3)),
        88, 4, (128, 128), (96,), (88, 112, 144), norm=True, side=128,
    ),
    "fast": Plan(
        (Layer(96, 11, 4, pool=2), Layer(256, 5, pool=2), Layer(512, 3, 1, 1), Layer(1024, 3, 1, 1), Layer(1024, 3, 1, 1, 2)),
        231, 6, (3072, 4096), (4096, 1024), (245, 281, 317, 389), norm=False, side=256,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class OverFeatConfig:
    """Merging ends where two boxes are farther apart than `stop`, in shares of the picture's side; `most` windows of a class
    are merged. `scales`: short sides at which a picture is seen, none smaller than a window; empty: the network's own."""

    network: Literal["house", "fast"] = "house"
    width: float = 1.0
    scales: tuple[int, ...] = ()
    stop: float = 0.4
    most: int = 24
    dropout: float = 0.5


@dataclass
class Windows:
    """Of W windows at all scales: `logits` (N, W, K), `boxes` (N, W, K, 4) centre and size in shares of the window. `counts` are
    those of each scale; `frames` (x1, y1, x2, y2) of each window, in the network's pixels."""

    logits: Tensor
    boxes: Tensor
    counts: tuple[int, ...]
    frames: tuple[tuple[float, float, float, float], ...]


@system(
    Card(
        name="overfeat",
        task="locate",
        title="OverFeat",
        paper="Sermanet, Eigen, Zhang, Mathieu, Fergus, LeCun: OverFeat: Integrated Recognition, Localization and Detection "
        "using Convolutional Networks",
        year=2014,
        rows=("L2",),
        summary="The classifier as a convolution, slid over several scales at once; boxes of all windows merged greedily.",
        deviations=(
            "'overfeat' is a net of unpadded 3x3 convolutions with batch norm at windows of 88 pixels, trained in minutes; "
            "'overfeat-fast' is the paper's fast model, without the shifted pooling that makes its windows denser",
            "two boxes are as far apart as their centres are from the centre of their intersection (the lectures' measure); "
            "the paper adds the distance of the centres and the area of the intersection",
            "windows half as sure of a class as the best one take part in the merge",
            "a window's share in the loss falls with their number at its scale, so that the whole picture counts as much",
        ),
        variants={"overfeat": {"network": "house"}, "overfeat-fast": {"network": "fast"}},
    )
)
class OverFeat(Locator[Windows]):
    Config = OverFeatConfig
    RECIPES = {
        "storybook": Recipe(
            settings={"dropout": 0.25},
            stages=(
                Stage(
                    name="class", epochs=14, batch_size=64, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.05,
                    warmup=0.15, clip=5.0, freeze=("box.",),
                    augment=GENTLE,
                ),
                Stage(
                    name="box", epochs=4, batch_size=64, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.01, warmup=0.1,
                    freeze=("features.", "fc."), augment=Augment(flip=0.5, shift=0.15, crop=(0.6, 1.0), ratio=(0.8, 1.25)),
                ),
            ),
            metric="loc1",
            expect=0.79,
            minutes=22,
        ),
        "paper": Recipe(
            data="imagenet",
            stages=(
                Stage(
                    name="class", epochs=80, batch_size=128, img_size=256, lr=0.05, momentum=0.6, weight_decay=1e-5,
                    schedule="step", milestones=(0.375, 0.625, 0.75, 0.875), gamma=0.5, freeze=("box.",),
                    augment=Augment(flip=0.5, shift=0.1),
                ),
                Stage(
                    name="box", epochs=20, batch_size=128, img_size=256, lr=0.01, momentum=0.6, weight_decay=1e-5,
                    freeze=("features.", "fc."), augment=Augment(flip=0.5, shift=0.1),
                ),
            ),
            metric="loc1",
            note="overfeat-fast; the paper's error on ImageNet's localization test is 29.9 % (loc5), with its large model",
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: OverFeatConfig | None = None, prep: Prep | None = None) -> None:
        config = config or OverFeatConfig()
        self.plan = plan = PLANS[config.network]
        super().__init__(classes, config, prep or Prep((plan.side,) * 2, "crop", plan.side))
        self.features = Named(_features(plan, config.width))
        into = scaled(plan.layers[-1].out, config.width)
        six, seven = (scaled(count, config.width) for count in plan.hidden)
        fc8 = nn.Conv2d(seven, len(self.classes), 1)
        self.fc = Named([
            ("fc6", nn.Conv2d(into, six, plan.grid)), ("fc6_relu", nn.ReLU()), ("", Dropout(config.dropout, planes=True)),
            ("fc7", nn.Conv2d(six, seven, 1)), ("fc7_relu", nn.ReLU()), ("", Dropout(config.dropout, planes=True)),
            ("fc8", fc8),
        ])  # fmt: skip
        parts: list[tuple[str, nn.Module]] = []
        kernel = plan.grid
        for number, count in enumerate(plan.boxes, 1):
            parts += [(f"box{number}", nn.Conv2d(into, scaled(count, config.width), kernel)), (f"box{number}_relu", nn.ReLU())]
            into, kernel = scaled(count, config.width), 1
        last = nn.Conv2d(into, 4 * len(self.classes), 1)
        self.box = Named([*parts, ("box", last)])
        initialise(self, fc8, last)
        assert last.bias is not None
        nn.init.constant_(last.bias, 0.5)  # it starts with the middle half of the window

    @classmethod
    def size_for(cls, config: OverFeatConfig) -> int:
        return PLANS[config.network].side

    @classmethod
    def rename(cls, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Fully connected layers become the convolutions that they always were."""
        maps = [each.shape[0] for name, each in tensors.items() if name.startswith("features.") and each.ndim == 4]
        found = dict(tensors)
        for name, tensor in tensors.items():
            if tensor.ndim == 2:
                into = maps[-1] if name.endswith(".0.weight") else tensor.shape[1]
                side = math.isqrt(tensor.shape[1] // into)
                found[name] = tensor.view(-1, into, side, side)
        return found

    def cost(self) -> Cost:
        side = self.prep.size[0]
        grids = [self._grid((side, side), scale) for scale in self._scales()]
        return Cost(sum(rows * columns for _, rows, columns in grids), self.multiply_adds(side))

    def _scales(self) -> tuple[int, ...]:
        return self.config.scales or self.plan.scales

    def _grid(self, size: tuple[int, int], scale: int) -> tuple[tuple[int, int], int, int]:
        """(width, height) of a picture of `size` at that scale, then rows and columns of windows."""
        wide, high = (max(self.plan.window, round(side * scale / min(size))) for side in size)
        rows, columns = ((side - self.plan.window) // self.plan.stride + 1 for side in (high, wide))
        return (wide, high), rows, columns

    def dense(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, H, W) → logits (N, K, rows, columns) and boxes (N, 4K, rows, columns) of all windows. The head for boxes
        leaves the features as they are."""
        maps = self.features(x)
        return self.fc(maps), self.box(maps.detach())

    def forward(self, batch: Batch) -> Windows:
        high, wide = (int(side) for side in batch.pictures.shape[-2:])  # numbers also where a graph is drawn
        logits, boxes, counts, kinds = [], [], [], len(self.classes)
        frames: list[tuple[float, float, float, float]] = []
        for scale in self._scales():
            size, rows, columns = self._grid((wide, high), scale)
            said, where = (each[:, :, :rows, :columns] for each in self.dense(resized(batch.pictures, size)))
            counts.append(rows * columns)
            logits.append(said.flatten(2).transpose(1, 2).flatten(1))
            boxes.append(where.flatten(2).transpose(1, 2).flatten(1))
            sx, sy, step, side = wide / size[0], high / size[1], self.plan.stride, self.plan.window
            frames += [
                (x * step * sx, y * step * sy, (x * step + side) * sx, (y * step + side) * sy)
                for y in range(rows) for x in range(columns)
            ]  # fmt: skip
        found = torch.unflatten(torch.cat(logits, dim=1), 1, (len(frames), kinds))
        places = torch.unflatten(torch.cat(boxes, dim=1), 1, (len(frames), kinds, 4))
        return Windows(found, places, tuple(counts), tuple(frames))

    def loss(self, out: Windows, batch: Batch) -> dict[str, Tensor]:
        """Over the windows that hold half of the subject's box or more: cross entropy, and squared distances of the true
        class's box in shares of the window."""
        frames, truth, label = self._frames(out), batch.targets["box"], batch.targets["label"]
        low, high = torch.maximum(frames[:, :2], truth[:, None, :2]), torch.minimum(frames[:, 2:], truth[:, None, 2:])
        area = (truth[:, 2:] - truth[:, :2]).prod(dim=1).clamp(min=1e-6)
        kept = (high - low).clamp(min=0).prod(dim=2) >= KEPT * area[:, None]  # N W
        scales = torch.split(kept.float(), list(out.counts), dim=1)
        per = torch.cat([part / part.sum(dim=1, keepdim=True).clamp(min=1) for part in scales], dim=1)
        weight = per / per.sum().clamp(min=1e-6)  # of a scale's windows, together, as much as of any other's
        logits = out.logits.float()
        wanted = label[:, None].expand(kept.shape)
        entropy = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none").view(kept.shape)
        own = out.boxes.float()[torch.arange(len(label), device=label.device), :, label]  # N W 4
        size = (frames[:, 2:] - frames[:, :2]).repeat(1, 2)
        corner = torch.cat([frames[:, :2], frames[:, :2]], dim=1)
        target = centred((truth[:, None] - corner) / size)
        return {"class": (entropy * weight).sum(), "box": ((own - target).square().sum(dim=2) * weight).sum()}

    def _frames(self, out: Windows) -> Tensor:
        return torch.tensor(out.frames, dtype=torch.float32, device=out.logits.device)

    def scores(self, out: Windows) -> Tensor:
        """(N, K): of each class the best window of a scale, averaged over scales."""
        parts = torch.split(out.logits.float().softmax(dim=2), list(out.counts), dim=1)
        return torch.stack([part.amax(dim=1) for part in parts]).mean(dim=0)

    def spoken(self, out: Windows, row: int, kind: int) -> tuple[Boxes, npt.NDArray[np.float64]]:
        """(n, 4) boxes, in the network's pixels, and scores of the windows of a picture that are sure enough of a class."""
        chance = out.logits[row].float().softmax(dim=1)[:, kind]
        sure = chance.topk(min(self.config.most, len(chance)))
        places = sure.indices[sure.values >= SPEAKS * sure.values[0]]
        frames = self._frames(out)[places]
        size = (frames[:, 2:] - frames[:, :2]).repeat(1, 2)
        boxes = cornered(out.boxes[row, places, kind].float()) * size + frames[:, :2].repeat(1, 2)
        return boxes.double().detach().cpu().numpy(), chance[places].double().detach().cpu().numpy()

    def merging(self, out: Windows, batch: Batch, row: int, kind: int) -> list[State]:
        """How the boxes of a class become few: every step, to be drawn."""
        side = min(batch.pictures.shape[-2:])
        return merge(*self.spoken(out, row, kind), stop=self.config.stop * side)

    def guesses(self, out: Windows, batch: Batch) -> list[Guess]:
        best, labels = self.scores(out).topk(min(GUESSES, len(self.classes)), dim=1)
        found = []
        for row, kinds in enumerate(labels):
            boxes = [self.merging(out, batch, row, kind)[-1].best for kind in kinds.tolist()]
            table = torch.tensor(np.array(boxes), dtype=torch.float32, device=labels.device)
            found.append(Guess(kinds, best[row], clipped(table, batch.extent(row))))
        return found

    def aim(self, out: Windows, what: str) -> Tensor:
        """The logit of a class in its best window."""
        return (out.logits[..., self.index(what)] if what else out.logits.amax(dim=2)).amax(dim=1)

    def taps(self) -> dict[str, nn.Module]:
        return {**self.features.taps(), **self.fc.taps(), **self.box.taps()}


def _features(plan: Plan, width: float) -> list[tuple[str, nn.Module]]:
    parts: list[tuple[str, nn.Module]] = []
    into = 3
    for number, layer in enumerate(plan.layers, 1):
        out = scaled(layer.out, width)
        parts.append((f"conv{number}", nn.Conv2d(into, out, layer.kernel, layer.stride, layer.padding, bias=not plan.norm)))
        if plan.norm:
            parts.append((f"norm{number}", nn.BatchNorm2d(out)))
        parts.append((f"relu{number}", nn.ReLU()))
        if layer.pool > 1:
            parts.append((f"pool{number}", nn.MaxPool2d(layer.pool)))
        into = out
    return parts


@dataclass(frozen=True, eq=False)
class State:
    """Where a merge stands: `boxes` (n, 4) with `scores` (n,). `merged` are the two boxes of the state before, that far apart,
    that became the last one; None at the start."""

    boxes: Boxes
    scores: npt.NDArray[np.float64]
    merged: tuple[int, int] | None = None
    distance: float = 0.0

    @property
    def best(self) -> npt.NDArray[np.float64]:
        """(4,) the box with the highest score."""
        return np.asarray(self.boxes[int(self.scores.argmax())])


def merge(boxes: npt.ArrayLike, scores: npt.ArrayLike, *, stop: float = math.inf) -> list[State]:
    """The greedy merge, step by step: the two closest boxes become one, with the average of their coordinates and the sum of
    their scores, until one is left or the closest two are farther apart than `stop`."""
    now = State(np.asarray(boxes, np.float64).reshape(-1, 4), np.asarray(scores, np.float64))
    states = [now]
    apart = distances(now.boxes)
    while len(now.boxes) > 1:
        first, second = (int(place) for place in np.unravel_index(int(apart.argmin()), apart.shape))
        distance = float(apart[first, second])
        if not math.isfinite(distance) or distance > stop:
            break
        left = [place for place in range(len(now.boxes)) if place not in (first, second)]
        both = (now.boxes[first] + now.boxes[second]) / 2
        total = now.scores[first] + now.scores[second]
        now = State(np.vstack([now.boxes[left], both]), np.append(now.scores[left], total), (first, second), distance)
        states.append(now)
        apart = distances(now.boxes)
    return states


def distances(boxes: Boxes) -> npt.NDArray[np.float64]:
    """(n, n): how far the centres of two boxes are from the centre of their intersection, together; inf where they have none,
    and on and below the diagonal."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    own = (boxes[:, :2] + boxes[:, 2:]) / 2
    ways = np.linalg.norm((low + high) / 2 - own[:, None], axis=2)
    apart = np.where((high > low).all(axis=2), ways + ways.T, np.inf)
    apart[np.tril_indices(len(boxes))] = np.inf
    return np.asarray(apart)
