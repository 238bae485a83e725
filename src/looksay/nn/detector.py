"""What all detectors share: from candidate boxes to the things of a picture."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from looksay.errors import BadValue
from looksay.nn.system import Batch, System
from looksay.ops.suppress import suppress
from looksay.scene import Objects, Scene, Thing

O = TypeVar("O")  # noqa: E741 - the type of what a system puts out


@dataclass
class Found:
    """Boxes in one picture: `boxes` (n, 4) xyxy in the network's pixels, `scores` (n,) in 0 … 1, `labels` (n,) int64, the
    numbers of classes. A place that may be several classes stands there once for each."""

    boxes: Tensor
    scores: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, keep: Tensor) -> Found:
        return Found(self.boxes[keep], self.scores[keep], self.labels[keep])


class Detector(System[O]):
    """Subclasses define `candidates`. Truth arrives as `batch.targets`: 'boxes', a list of (n, 4) float32 in the network's
    pixels, 'labels', a list of (n,) int64, and 'ignore', a list of (n,) bool (crowds and difficult ones: neither thing nor
    background). A picture without things has empty tensors."""

    least: float = 0.01  # a candidate that is less likely is nothing
    overlap: float = 0.5  # of two boxes of one class that overlap by more, the less likely one goes
    most: int = 100  # things in a picture
    before: int = 1000  # candidates of a picture that compete
    any_size = True  # of picture can be seen

    @abstractmethod
    def candidates(self, out: O, batch: Batch) -> list[Found]:
        """Every box that the system thinks of, before threshold and suppression, inside the picture."""

    def proposals(self, out: O, batch: Batch) -> list[Tensor] | None:
        """(n, 4) the regions that were classified in each picture; None where every place is."""
        return None

    def unmatched(self, batch: Batch) -> int:
        """How many boxes of the truth fit none of the shapes that the system looks for."""
        return 0

    def detect(self, out: O, batch: Batch) -> list[Found]:
        """What is left of the candidates, best first."""
        return [self.choose(found) for found in self.candidates(out, batch)]

    def contenders(self, found: Found) -> Found:
        """Those candidates that are likely enough, the best of them."""
        found = found[found.scores >= self.least]
        return found[found.scores.topk(self.before).indices] if len(found) > self.before else found

    def choose(self, found: Found) -> Found:
        found = self.contenders(found)
        return found[suppress(found.boxes, found.scores, found.labels, self.overlap, self.most)]

    def read(self, out: O, batch: Batch) -> list[Scene]:
        scenes = []
        for row, found in enumerate(self.detect(out, batch)):
            scenes.append(batch.scene(row, objects=self.things(found, batch, row)))
        return scenes

    def things(self, found: Found, batch: Batch, row: int) -> Objects:
        """In the pixels of the original picture, clipped to it; boxes that vanish are left out."""
        width, height = batch.sizes[row] if batch.sizes else batch.extent(row)
        boxes = batch.place(row).back(found.boxes.detach().double().cpu().numpy())
        boxes[:, 0::2] = boxes[:, 0::2].clip(0, width)
        boxes[:, 1::2] = boxes[:, 1::2].clip(0, height)
        rows = zip(boxes.tolist(), found.scores.detach().tolist(), found.labels.tolist(), strict=True)
        return Objects(
            tuple(
                Thing(self.classes[label], tuple(box), min(max(score, 0.0), 1.0))
                for box, score, label in rows
                if box[2] > box[0] and box[3] > box[1]
            )
        )

    def aim(self, out: O, what: str) -> Tensor:
        """The strongest score of a class ('dog'); '' is each picture's own best. 'dog:2' is the third strongest place."""
        name, _, turn = what.partition(":")
        if turn and not turn.isdigit():
            raise BadValue(f"{what!r} names no box", mend="say dog, or dog:1 for the second of them")
        scores = self.strengths(out)  # N, places, K
        scores = scores[..., self.index(name)] if name else scores.max(dim=2).values
        place = min(int(turn or 0), scores.shape[1] - 1)
        return scores.topk(place + 1, dim=1).values[:, place]

    @abstractmethod
    def strengths(self, out: O) -> Tensor:
        """(N, places, K): for each place and class the number, differentiable, that grows with how sure the system is of it;
        -inf fills up pictures with fewer places."""


def things_of(batch: Batch) -> Sequence[tuple[Tensor, Tensor, Tensor]]:
    """(boxes, labels, ignore) of each picture."""
    targets: dict[str, Any] = batch.targets
    return list(zip(targets["boxes"], targets["labels"], targets["ignore"], strict=True))


def clipped(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """(n, 4) inside a picture of `size` (width, height)."""
    limits = torch.tensor([size[0], size[1], size[0], size[1]], dtype=boxes.dtype, device=boxes.device)
    return boxes.maximum(torch.zeros_like(limits)).minimum(limits)
