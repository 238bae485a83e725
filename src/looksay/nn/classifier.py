"""What all classifiers share: logits in, cross entropy, the most likely names out. A paper's file adds its network."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from looksay.nn.system import Batch, System
from looksay.scene import Label, Labels, Scene


@dataclass
class Logits:
    """`logits`: (N, K). `aux`: the same from auxiliary heads, each with its share of the loss; empty without such heads."""

    logits: Tensor
    aux: tuple[tuple[float, Tensor], ...] = ()


class Classifier(System[Logits]):
    """Subclasses define `logits` (and `dense` where a plain call on a larger picture is not the dense evaluation)."""

    synsets: tuple[str, ...] = ()  # one for each class, where they are known
    smoothing: float = 0.0  # set by the loop from its stage
    class_weights: Tensor | None = None

    @abstractmethod
    def logits(self, x: Tensor) -> Logits:
        """x: (N, C, H, W)"""

    def dense(self, x: Tensor) -> Logits:
        """Over a picture of any size, the class scores averaged over all places (the whole network as one convolution).
        Networks that end in global average pooling do this as they are."""
        return self.logits(x)

    def forward(self, batch: Batch) -> Logits:
        return self.logits(batch.pictures)

    def loss(self, out: Logits, batch: Batch) -> dict[str, Tensor]:
        target = batch.targets["label"]
        parts = {"class": self._entropy(out.logits, target)}
        for place, (share, logits) in enumerate(out.aux, 1):
            parts[f"aux{place}"] = share * self._entropy(logits, target)
        return parts

    def _entropy(self, logits: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(logits.float(), target, weight=self.class_weights, label_smoothing=self.smoothing)

    def read(self, out: Logits, batch: Batch, top: int = 10) -> list[Scene]:
        share = torch.softmax(out.logits.float(), dim=1)
        scores, places = share.topk(min(top, len(self.classes)), dim=1)
        found = []
        for row, (some, where) in enumerate(zip(scores.tolist(), places.tolist(), strict=True)):
            labels = (
                Label(self.classes[i], min(s, 1.0), self.synsets[i] if self.synsets else "")
                for s, i in zip(some, where, strict=True)
            )
            found.append(batch.scene(row, labels=Labels(tuple(labels))))
        return found

    def aim(self, out: Logits, what: str) -> Tensor:
        """The logit of a class, before the softmax (whose gradient mixes in all others)."""
        if not what:
            return out.logits.max(dim=1).values
        return out.logits[:, self.index(what)]
