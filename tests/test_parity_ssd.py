"""SSD against torchvision's, with random weights: the same keys, boxes, scores, labels and losses from the same tensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import detection
from torchvision.models.detection.image_list import ImageList

from looksay import registry, weights
from looksay.nn.system import Batch
from looksay.systems.detect.ssd import SSD, Boxed, default_boxes

NINETY = tuple(str(place) for place in range(1, 91))
PAIRS = {name: builder for name, builder in registry.find("ssd").card.published.items()}


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    yield
    torch.set_num_threads(before)


def _pair(name: str) -> tuple[SSD, Any]:
    """Weights that let every default box say something of its own."""
    theirs: Any = getattr(detection, PAIRS[name])(weights=None, weights_backbone=None)
    norms = [part for part in theirs.modules() if isinstance(part, nn.BatchNorm2d)]
    for part in theirs.backbone.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.normal_(part.weight, 0, (2 / part.weight[0].numel()) ** 0.5)
            if part.bias is not None:
                nn.init.normal_(part.bias, 0, 0.1)
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.7, 1.3)
        nn.init.normal_(norm.bias, 0, 0.2)
        norm.momentum = 1.0
    size = theirs.transform.fixed_size
    with torch.no_grad():
        theirs.train()
        maps = list(theirs.backbone(torch.randn(2, 3, *size)).values())
        for heads, spread in ((theirs.head.classification_head, 1.5), (theirs.head.regression_head, 1.0)):
            for head, each in zip(heads.module_list, maps, strict=True):
                answers = head(each)
                last = head if isinstance(head, nn.Conv2d) else head[-1]
                last.weight *= spread / answers.std()
    theirs.eval()
    ours = weights.build(name, NINETY)
    ours.load_state_dict(ours.rename(theirs.state_dict()))
    assert isinstance(ours, SSD)
    return ours.eval(), theirs


def _said(theirs: Any, x: Tensor) -> tuple[dict[str, Tensor], list[Tensor], list[tuple[int, int]]]:
    maps = list(theirs.backbone(x).values())
    sizes = [tuple(x.shape[-2:])] * len(x)
    return theirs.head(maps), theirs.anchor_generator(ImageList(x, sizes), maps), sizes


@pytest.mark.parametrize("name", PAIRS)
def test_the_same_things_are_found(name: str) -> None:
    ours, theirs = _pair(name)
    side = ours.prep.size[0]
    x = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        out = ours(Batch(x))
        heads, anchors, sizes = _said(theirs, x)
        found = ours.detect(out, Batch(x))
        wanted = theirs.postprocess_detections(heads, anchors, sizes)
    assert torch.equal(default_boxes(out, ours.layout), anchors[0])
    for mine, other in ((out.logits, heads["cls_logits"]), (out.offsets, heads["bbox_regression"])):
        assert mine.shape == other.shape
        assert float((mine - other).abs().max()) <= 1e-5 * max(1.0, float(other.abs().max()))
        assert float((other[0] - other[1]).abs().max()) > 0.5
    for mine, other in zip(found, wanted, strict=True):
        assert len(mine) == len(other["scores"]) == ours.most  # more than enough competed
        assert len(set(mine.labels.tolist())) > 5
        torch.testing.assert_close(mine.scores, other["scores"], rtol=1e-4, atol=1e-6)
        assert torch.equal(1 + mine.labels, other["labels"])
        torch.testing.assert_close(mine.boxes, other["boxes"], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", PAIRS)
def test_one_rule_reads_the_same_numbers_the_same_way(name: str) -> None:
    """From equal numbers, bit for bit, whatever the order of the classes' candidates."""
    ours, theirs = _pair(name)
    x = torch.randn(1, 3, *ours.prep.size)
    with torch.inference_mode():
        heads, anchors, sizes = _said(theirs, x)
        grids = tuple(each.shape[-2:] for each in theirs.backbone(x).values())
        heads["cls_logits"][..., 0] += 3.0  # few are left over the threshold
        out = Boxed(heads["cls_logits"], heads["bbox_regression"], grids, ours.prep.size)
        (found,) = ours.detect(out, Batch(x))
        (wanted,) = theirs.postprocess_detections(heads, anchors, sizes)
        (everything,) = ours.candidates(out, Batch(x))
    assert torch.equal(found.scores, wanted["scores"])
    assert torch.equal(1 + found.labels, wanted["labels"])
    torch.testing.assert_close(found.boxes, wanted["boxes"], rtol=1e-6, atol=1e-4)
    assert len(everything) == 90 * out.logits.shape[1]
    again = ours.choose(everything)
    assert torch.equal(again.scores, found.scores)
    assert torch.equal(again.boxes, found.boxes)


@pytest.mark.parametrize("name", PAIRS)
def test_the_same_loss(name: str) -> None:
    ours, theirs = _pair(name)
    side = ours.prep.size[0]
    x = torch.randn(3, 3, side, side)
    corners = [torch.rand(count, 2) * 0.7 * side for count in (1, 5, 12)]
    boxes = [torch.cat([low, low + side * (0.03 + 0.27 * torch.rand(len(low), 2))], dim=1) for low in corners]
    boxes[2][1] = boxes[2][0] + torch.tensor([0.1, 0.0, 0.1, 0.0])  # two truths want one default box
    labels = [torch.randint(0, 90, (len(each),)) for each in boxes]
    ignore = [torch.zeros(len(each), dtype=torch.bool) for each in boxes]
    with torch.no_grad():
        heads, anchors, _ = _said(theirs, x)
        matched = [theirs.proposal_matcher(detection.ssd.box_ops.box_iou(each, anchors[0])) for each in boxes]
        truth = [{"boxes": each, "labels": 1 + kinds} for each, kinds in zip(boxes, labels, strict=True)]
        wanted = theirs.compute_loss(truth, heads, anchors, matched)
        batch = Batch(x, {"boxes": boxes, "labels": labels, "ignore": ignore})
        parts = ours.loss(ours(batch), batch)
    assert float(parts["class"]) == pytest.approx(float(wanted["classification"]), rel=1e-4)
    assert float(parts["box"]) == pytest.approx(float(wanted["bbox_regression"]), rel=1e-4)
