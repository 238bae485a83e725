"""What systems share that say which pixels each thing covers: small masks over boxes, learnt from stencils, pasted when read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.ops import box_iou, roi_align

from looksay.errors import NotSeen
from looksay.nn.detector import Detector, Found, things_of
from looksay.nn.spot import Spot, spot
from looksay.nn.system import Batch
from looksay.ops.paste import pasted_runs
from looksay.scene import Mask, Objects, Scene, Thing

O = TypeVar("O")  # noqa: E741 - the type of what a system puts out
SHOWN = 0.5  # a box that overlaps a thing by so much learns that thing's mask


class Outlines(NamedTuple):
    """Of one picture: what is found, (n, M, M) how likely each cell belongs to the thing, and (n, 4) the boxes that these cells
    fill, where they are not those of the things."""

    found: Found
    masks: Tensor
    canvas: Tensor | None = None


class Goal(NamedTuple):
    """What can be explained of a picture: a thing of class `label` in `box` (1, 4), in the network's pixels."""

    label: int
    box: Tensor


@dataclass
class Traced(Found):
    """`origin` (n,) is the region that each box came from."""

    origin: Tensor

    def __getitem__(self, keep: Tensor) -> Traced:
        return Traced(self.boxes[keep], self.scores[keep], self.labels[keep], self.origin[keep])


class Outliner(Detector[O]):
    """A detector with a mask for each thing. Truth arrives as that of detectors and besides as `batch.targets`: 'masks', of each
    picture a list of (h, w) uint8 tensors, and 'frames', (n, 4); see looksay.data.stencils."""

    pixels = True
    inked: float = 0.5  # a pixel that is more likely belongs to the thing

    @abstractmethod
    def outlines(self, out: O, batch: Batch) -> list[Outlines]:
        """Of each picture what `detect` finds, with its masks."""

    def detect(self, out: O, batch: Batch) -> list[Found]:
        return [each.found for each in self.outlines(out, batch)]

    def read(self, out: O, batch: Batch) -> list[Scene]:
        each = enumerate(self.outlines(out, batch))
        return [batch.scene(row, objects=self.outlined(outlines, batch, row)) for row, outlines in each]

    def goals(self, out: O, batch: Batch, what: str) -> Sequence[tuple[str, Any]]:
        """The surest thing, the surest of a class, one of the others ('dog:1'), or the surest that covers a pixel: its class and
        its box in the network's pixels. A name alone where there is none."""
        wanted, found = spot(what, self.classes), list[tuple[str, Any]]()
        number = self.index(wanted.name) if wanted.name else None
        for row, scene in enumerate(self.read(out, batch)):
            things = sorted(scene.objects, key=lambda thing: -thing.score)
            turn = self._meant(things, wanted, scene)
            if turn is None:
                found.append((what, what if number is None or not wanted.pixel else wanted.name))
                continue
            thing = things[turn]
            before = sum(other.name == thing.name for other in things[:turn])
            box = torch.from_numpy(batch.place(row).boxes(np.array([thing.box]))).float()
            goal = Goal(self.index(thing.name), box.to(batch.pictures.device))
            found.append((str(Spot(thing.name, before, wanted.pixel)), goal))
        return found

    @staticmethod
    def _meant(things: Sequence[Thing], wanted: Spot, scene: Scene) -> int | None:
        """The place of the thing in the list."""
        chosen = [place for place, thing in enumerate(things) if wanted.name in ("", thing.name)]
        if not wanted.pixel:
            return chosen[wanted.turn] if wanted.turn < len(chosen) else None
        column, row = (int(value) for value in wanted.within(scene.size, scene.id))
        for place in chosen:
            mask = things[place].mask
            if mask is not None and mask.array()[row, column]:
                return place
        raise NotSeen(f"no {wanted.name or 'thing'} covers pixel {wanted._replace(name='')}", where=scene.id or None)

    def reached(self, out: O, goals: Sequence[Any]) -> Tensor:
        """The strongest score of the goal's class among the regions that lie where the thing does."""
        strengths, regions = self.strengths(out), self.spots(out)
        found = []
        for row, goal in enumerate(goals):
            if isinstance(goal, str):
                found.append(self.aim(out, goal)[row])
                continue
            scores = strengths[row, :, goal.label]
            overlap = box_iou(goal.box, regions[row].float())[0].masked_fill(scores == -torch.inf, -1.0)
            near = overlap >= min(SHOWN, float(overlap.max()))
            found.append(scores.masked_fill(~near, -torch.inf).max())
        return torch.stack(found)

    @abstractmethod
    def spots(self, out: O) -> Tensor:
        """(N, places, 4) in the network's pixels: where each of the places of `strengths` looks."""

    def outlined(self, outlines: Outlines, batch: Batch, row: int) -> Objects:
        """In the pixels of the original picture; boxes that vanish are left out."""
        found, masks, canvas = outlines
        size, place = batch.sizes[row] if batch.sizes else batch.extent(row), batch.place(row)

        def back(boxes: Tensor) -> Tensor:
            return torch.from_numpy(place.back(boxes.detach().double().cpu().numpy()))

        boxes, papers = back(found.boxes), back(found.boxes if canvas is None else canvas)
        boxes[:, 0::2], boxes[:, 1::2] = boxes[:, 0::2].clip(0, size[0]), boxes[:, 1::2].clip(0, size[1])
        there = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
        probable = masks.detach().float().cpu()[there]
        runs = pasted_runs(probable.flip(2) if place.flip else probable, papers[there].float(), size, self.inked)
        scores, labels = found.scores.detach().cpu()[there], found.labels.cpu()[there]
        rows = zip(boxes[there].tolist(), scores.tolist(), labels.tolist(), runs, strict=True)
        return Objects(
            tuple(
                Thing(self.classes[label], tuple(box), min(max(score, 0.0), 1.0), Mask(size, run))
                for box, score, label, run in rows
            )
        )


def mask_loss(found: Sequence[Found], logits: Sequence[Tensor], batch: Batch) -> Tensor:
    """The mean cross entropy, over all cells of (n, M, M) `logits`, of those boxes that show a thing of their class."""
    nothing = torch.stack([own.float().sum() for own in logits]).sum() * 0.0
    said, wanted = [], []
    for row, (each, own) in enumerate(zip(found, logits, strict=True)):
        which = shown_by(each.boxes, each.labels, batch, row)
        fits = (which >= 0).nonzero()[:, 0]
        said.append(own[fits].float())
        wanted.append(cut(batch, row, each.boxes[fits], which[fits], own.shape[-1]))
    if not sum(map(len, wanted)):
        return nothing
    return nothing + F.binary_cross_entropy_with_logits(torch.cat(said), torch.cat(wanted))


@torch.no_grad()
def shown_by(boxes: Tensor, labels: Tensor | None, batch: Batch, row: int, least: float = SHOWN) -> Tensor:
    """(n,) the number of the thing in picture `row` that each box shows, -1 where it shows none whose pixels are known, or one of
    another class than `labels` say."""
    truth, kinds, ignore = things_of(batch)[row]
    known = torch.tensor([bool(mask.any()) for mask in batch.targets["masks"][row]], dtype=torch.bool, device=boxes.device)
    if not len(truth):
        return torch.full((len(boxes),), -1, device=boxes.device)
    best, which = box_iou(boxes.float(), truth).masked_fill(ignore, 0.0).max(dim=1)
    fits = (best >= least) & known[which]
    if labels is not None:
        fits &= kinds[which] == labels
    return torch.where(fits, which, -1)


@torch.no_grad()
def cut(batch: Batch, row: int, boxes: Tensor, which: Tensor, side: int, *, aligned: bool = True) -> Tensor:
    """(n, side, side): the share of each cell of a box that the mask of thing `which` (n,) covers."""
    masks: list[Tensor] = batch.targets["masks"][row]
    frames: Tensor = batch.targets["frames"][row]
    out = torch.zeros(len(boxes), side, side, device=boxes.device)
    for number in sorted(set(which.tolist())):
        mine = (which == number).nonzero()[:, 0]
        mask, frame = masks[number], frames[number].to(boxes)
        scale = torch.tensor([mask.shape[1], mask.shape[0]], device=boxes.device) / (frame[2:] - frame[:2])
        own = (boxes[mine].float() - frame[:2].repeat(2)) * scale.repeat(2)
        out[mine] = roi_align(mask[None, None].float(), [own], side, 1.0, -1, aligned)[:, 0]
    return out


def whole(batch: Batch, row: int) -> Tensor:
    """(1, 4) the box of a whole picture."""
    return torch.tensor([[0.0, 0.0, *batch.extent(row)]], device=batch.pictures.device)
