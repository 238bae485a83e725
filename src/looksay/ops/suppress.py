"""Of boxes that mean the same thing, the best: greedy suppression and its variants."""

from __future__ import annotations

from torch import Tensor


def suppress(boxes: Tensor, scores: Tensor, labels: Tensor, overlap: float) -> Tensor:
    """Greedy, class by class: the kept boxes' places, best first. boxes (n, 4) xyxy, scores (n,), labels (n,) int64."""
    from torchvision.ops import batched_nms

    kept: Tensor = batched_nms(boxes.float(), scores.float(), labels, overlap)
    return kept
