"""Suppression in all its forms against loops that take one box at a time, and numbers worked by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torchvision.ops import batched_nms, nms

from looksay.ops import suppress as forms

Row = tuple[float, float, float, float]


def _pile(count: int, groups: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes that crowd about some places, their scores (some equal) and classes."""
    chance = torch.Generator().manual_seed(seed)
    centres = torch.rand(groups, 4, generator=chance) * 100
    boxes = centres[torch.randint(0, groups, (count,), generator=chance)] + torch.randn(count, 4, generator=chance) * 4
    low, high = torch.minimum(boxes[:, :2], boxes[:, 2:]), torch.maximum(boxes[:, :2], boxes[:, 2:])
    scores = (torch.rand(count, generator=chance) * 50).round() / 50
    return torch.cat([low, high + 5], dim=1), scores, torch.randint(0, 3, (count,), generator=chance)


def _iou(a: Row, b: Row) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(wide, 0.0) * max(high, 0.0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def _one_by_one(boxes: Tensor, scores: Tensor, labels: Tensor, overlap: float) -> list[int]:
    rows, kept = [tuple(row) for row in boxes.tolist()], []
    for place in sorted(range(len(rows)), key=lambda i: (-float(scores[i]), i)):
        if all(labels[i] != labels[place] or _iou(rows[i], rows[place]) <= overlap for i in kept):
            kept.append(place)
    return kept


@pytest.mark.parametrize("overlap", [0.3, 0.5, 0.7])
def test_greedy_is_the_slow_loop(overlap: float) -> None:
    boxes, scores, labels = _pile(150, 12)
    assert forms.suppress(boxes, scores, labels, overlap).tolist() == _one_by_one(boxes, scores, labels, overlap)
    assert forms.greedy(boxes, scores, overlap).tolist() == _one_by_one(boxes, scores, torch.zeros_like(labels), overlap)


@pytest.mark.parametrize("most", [1, 7, 40, 300, 900, 1300, 1400, 5000])  # 936 stay, of three classes 1364
def test_an_early_end_keeps_the_same_boxes(most: int) -> None:
    boxes, scores, labels = _pile(3000, 60, seed=1)
    assert torch.equal(forms.greedy(boxes, scores, 0.7, most), nms(boxes, scores, 0.7)[:most])
    whole = sorted(batched_nms(boxes, scores, labels, 0.7).tolist(), key=lambda i: (-float(scores[i]), i))
    assert forms.suppress(boxes, scores, labels, 0.7).tolist() == whole
    assert forms.suppress(boxes, scores, labels, 0.7, most).tolist() == whole[:most]


def test_nothing_stays_nothing() -> None:
    none, kinds = torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)
    assert forms.suppress(none, none[:, 0], kinds, 0.5).tolist() == []
    assert forms.greedy(none, none[:, 0], 0.5, 5).tolist() == []
    assert [part.shape[0] for part in forms.soften(none, none[:, 0], kinds)] == [0, 0]
    assert [tuple(part.shape) for part in forms.vote(none, none[:, 0], kinds, 0.5)] == [(0,), (0, 4)]
    assert [tuple(part.shape) for part in forms.fuse(none, none[:, 0], kinds)] == [(0, 4), (0,), (0,)]


@pytest.mark.parametrize("how", ["linear", "gaussian"])
def test_soft_suppression_is_the_slow_loop(how: str) -> None:
    boxes, scores, labels = _pile(60, 6, seed=2)
    rows, left = [tuple(row) for row in boxes.tolist()], dict(enumerate(scores.tolist()))
    expected = []
    while left:
        best = max(left, key=lambda i: (left[i], -i))
        if left[best] < 0.05:
            break
        expected.append((best, left.pop(best)))
        for i in left:
            shared = _iou(rows[best], rows[i]) if labels[i] == labels[best] else 0.0
            if how == "linear":
                left[i] *= 1 - shared if shared > 0.3 else 1.0
            else:
                left[i] *= math.exp(-shared * shared / 0.5)
    places, final = forms.soften(boxes, scores, labels, how, least=0.05)
    assert places.tolist() == [place for place, _ in expected]
    assert final.tolist() == pytest.approx([score for _, score in expected], abs=1e-6)
    assert final.tolist() == sorted(final.tolist(), reverse=True)
    assert len(places) > len(forms.suppress(boxes, scores, labels, 0.3))  # soft: neighbours stay, weaker


def test_soft_suppression_by_hand() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 5], [50, 50, 60, 60]])  # IoU of the first two: .5
    scores, labels = torch.tensor([0.8, 0.6, 0.5]), torch.zeros(3, dtype=torch.int64)
    places, final = forms.soften(boxes, scores, labels, "linear")
    assert places.tolist() == [0, 2, 1]
    assert final.tolist() == pytest.approx([0.8, 0.5, 0.3])
    _, final = forms.soften(boxes, scores, torch.tensor([0, 1, 0]), "gaussian")
    assert final.tolist() == pytest.approx([0.8, 0.6, 0.5])


def test_votes_are_weighted_means_of_a_class() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 8], [0, 0, 10, 9], [50, 50, 60, 60]])
    scores, labels = torch.tensor([0.9, 0.3, 0.8, 0.1]), torch.tensor([0, 0, 1, 0])
    keep, moved = forms.vote(boxes, scores, labels, 0.5)
    assert keep.tolist() == [0, 2, 3]
    assert moved[0].tolist() == pytest.approx([0, 0, 10, (0.9 * 10 + 0.3 * 8) / 1.2])
    assert moved[1:].tolist() == boxes[2:].tolist()


def _fused(boxes: Tensor, scores: Tensor, labels: Tensor, overlap: float, models: int) -> list[tuple[float, int, list[float]]]:
    groups: list[tuple[int, list[int]]] = []

    def mean(of: list[int]) -> list[float]:
        total = sum(float(scores[i]) for i in of)
        return [sum(float(scores[i]) * float(boxes[i][k]) for i in of) / total for k in range(4)]

    for place in sorted(range(len(boxes)), key=lambda i: (-float(scores[i]), i)):
        near = [
            (_iou(tuple(mean(of)), tuple(boxes[place].tolist())), -number)
            for number, (kind, of) in enumerate(groups)
            if kind == int(labels[place])
        ]
        if near and max(near)[0] > overlap:
            groups[-max(near)[1]][1].append(place)
        else:
            groups.append((int(labels[place]), [place]))
    found = [(sum(float(scores[i]) for i in of) / len(of) * min(len(of), models) / models, kind, mean(of)) for kind, of in groups]
    return sorted(found, key=lambda row: -row[0])


@pytest.mark.parametrize("models", [1, 3])
def test_fusion_is_the_slow_loop(models: int) -> None:
    boxes, scores, labels = _pile(80, 8, seed=3)
    scores = scores.clamp(min=0.02) + torch.arange(80) * 1e-5  # none equal: the order of equals is not what is tested
    expected = _fused(boxes, scores, labels, 0.55, models)
    means, final, kinds = forms.fuse(boxes, scores, labels, 0.55, models)
    assert len(expected) < 80
    assert kinds.tolist() == [kind for _, kind, _ in expected]
    assert final.tolist() == pytest.approx([score for score, _, _ in expected], rel=1e-5)
    assert means.tolist() == [pytest.approx(box, abs=1e-3) for _, _, box in expected]


def test_fusion_by_hand() -> None:
    """Two systems agree on one thing; the other was seen by one alone and counts half."""
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 8], [50, 50, 60, 60]])
    means, final, kinds = forms.fuse(boxes, torch.tensor([0.6, 0.2, 0.9]), torch.tensor([1, 1, 1]), models=2)
    assert final.tolist() == pytest.approx([0.45, 0.4])
    assert means.tolist() == [[50, 50, 60, 60], pytest.approx([0, 0, 10, 9.5])]
    assert kinds.tolist() == [1, 1]
