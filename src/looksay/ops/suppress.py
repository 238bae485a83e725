"""Of boxes that mean the same thing, the best: greedy suppression, its soft form, and forms that average."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from looksay.ops.overlap import iou

AHEAD = 2  # at first so many times the wanted number of boxes compete


def suppress(boxes: Tensor, scores: Tensor, labels: Tensor, overlap: float, most: int = 0) -> Tensor:
    """Greedy, class by class: the kept boxes' places, best first. boxes (n, 4) xyxy, scores (n,), labels (n,) int64.
    With `most`, it ends when so many are kept."""
    from torchvision.ops import batched_nms

    return _until(boxes, scores, most, lambda some: batched_nms(boxes[some].float(), scores[some].float(), labels[some], overlap))


def greedy(boxes: Tensor, scores: Tensor, overlap: float, most: int = 0) -> Tensor:
    """The same without classes."""
    from torchvision.ops import nms

    return _until(boxes, scores, most, lambda some: nms(boxes[some].float(), scores[some].float(), overlap))


def soften(
    boxes: Tensor,
    scores: Tensor,
    labels: Tensor,
    how: Literal["linear", "gaussian"] = "gaussian",
    *,
    overlap: float = 0.3,
    sigma: float = 0.5,
    least: float = 0.001,
) -> tuple[Tensor, Tensor]:
    """Soft suppression (Bodla et al. 2017): (places, scores), best first. Nothing goes; a box loses score to each better one of
    its class: 'linear' times 1 - IoU where that exceeds `overlap`, 'gaussian' times exp(-IoU² / sigma). What falls below `least`
    is left out."""
    same = _iou(boxes.float(), boxes.float()) * (labels[:, None] == labels[None])
    factors = torch.where(same > overlap, 1 - same, 1.0) if how == "linear" else torch.exp(-same.square() / sigma)
    left, places, final = scores.float().clone(), [], []
    for _ in range(len(left)):
        best = int(left.argmax())
        score = float(left[best])
        if score < least:
            break
        places.append(best)
        final.append(score)
        left *= factors[best]
        left[best] = -torch.inf  # below every `least`
    return torch.tensor(places, dtype=torch.int64, device=boxes.device), torch.tensor(final, device=boxes.device)


def vote(boxes: Tensor, scores: Tensor, labels: Tensor, overlap: float, most: int = 0) -> tuple[Tensor, Tensor]:
    """Weighted suppression: (places, (k, 4) boxes). Each box that greedy suppression keeps becomes the mean, weighted by score,
    of all boxes of its class that overlap it by at least `overlap`, itself included."""
    keep = suppress(boxes, scores, labels, overlap, most)
    joined = (_iou(boxes.float()[keep], boxes.float()) >= overlap) & (labels[keep][:, None] == labels[None])
    joined[torch.arange(len(keep), device=keep.device), keep] = True
    weight = joined * scores.float().clamp(min=1e-12)
    return keep, weight @ boxes.float() / weight.sum(dim=1, keepdim=True)


def fuse(boxes: Tensor, scores: Tensor, labels: Tensor, overlap: float = 0.55, models: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """Weighted box fusion (Solovyev et al. 2021) of what `models` systems found in one picture, all in one list: (boxes, scores,
    labels), best first. Boxes are taken from the best on; each joins the group of its class whose mean it overlaps most, by more
    than `overlap`, or founds one. A group's box is the mean weighted by score, its score the mean times the share of the models
    that found it."""
    order = scores.float().sort(descending=True, stable=True).indices
    rows = boxes.double()[order].cpu().numpy()
    said, kinds = scores.double()[order].cpu().numpy(), labels[order].cpu().numpy()
    means, sums = np.zeros_like(rows), np.zeros_like(rows)
    weight, count, kind = np.zeros(len(rows)), np.zeros(len(rows)), np.full(len(rows), -1, np.int64)
    groups = 0
    for row, score, label in zip(rows, said, kinds, strict=True):
        shared = iou(means[:groups], row)[:, 0] * (kind[:groups] == label)
        place = int(shared.argmax()) if groups and shared.max() > overlap else groups
        groups += place == groups
        kind[place] = label
        sums[place] += score * row
        weight[place] += score
        count[place] += 1
        means[place] = sums[place] / max(weight[place], 1e-12)
    final = weight[:groups] / count[:groups] * np.minimum(count[:groups], models) / models
    best = np.argsort(-final, kind="stable")
    device = boxes.device
    return (
        torch.from_numpy(means[best]).to(device, boxes.dtype),
        torch.from_numpy(final[best]).to(device, scores.dtype),
        torch.from_numpy(kind[best]).to(device),
    )


def _until(boxes: Tensor, scores: Tensor, most: int, kept_of: Callable[[Tensor], Tensor]) -> Tensor:
    """Whether a box stays depends on better ones that stayed, alone. So the best few compete, then those that stayed with the
    next ones, twice as many each time, as long as it takes. Equal scores keep their order."""
    order = scores.float().sort(descending=True, stable=True).indices
    kept, seen, some = order[:0], 0, AHEAD * most or len(order)
    while seen < len(order) and (not most or len(kept) < most):
        rivals = torch.cat([kept, order[seen : seen + some]])
        kept = rivals[kept_of(rivals).sort().values]  # places in that order, so that they are best first
        seen, some = seen + some, 2 * some
    return kept[:most] if most else kept


def _iou(first: Tensor, second: Tensor) -> Tensor:
    from torchvision.ops import box_iou

    shared: Tensor = box_iou(first, second)
    return shared.nan_to_num(nan=0.0)  # of two boxes without extent
