"""SSD against torchvision's, with random weights: the same keys, boxes, scores, labels and losses from the same tensor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import detection
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou

from looksay import registry, weights
from looksay.nn.system import Batch
from looksay.systems.detect.ssd import SSD, Boxed, default_boxes

NINETY = tuple(str(place) for place in range(1, 91))
PAIRS = dict(registry.find("ssd").card.published)


@dataclass
class Case:
    """Ours and theirs with the same weights, and what theirs says of two pictures."""

    ours: SSD
    theirs: Any
    pictures: Tensor
    logits: Tensor
    offsets: Tensor
    anchors: list[Tensor]
    grids: tuple[tuple[int, int], ...]

    def said(self, logits: Tensor) -> dict[str, Tensor]:
        return {"cls_logits": logits, "bbox_regression": self.offsets}


@pytest.fixture(scope="module", params=PAIRS)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    theirs: Any = getattr(detection, PAIRS[request.param])(weights=None, weights_backbone=None)
    with torch.inference_mode():
        _randomise(theirs)
        with torch.device("meta"):
            ours = weights.build(request.param, NINETY)
        ours.load_state_dict(ours.rename(theirs.state_dict()), assign=True)
        assert isinstance(ours, SSD)
        x = torch.randn(2, 3, *ours.prep.size)
        maps = list(theirs.backbone(x).values())
        heads = theirs.head(maps)
        anchors = theirs.anchor_generator(ImageList(x, [ours.prep.size] * 2), maps)
    grids = tuple((each.shape[2], each.shape[3]) for each in maps)
    yield Case(ours.eval(), theirs, x, heads["cls_logits"], heads["bbox_regression"], anchors, grids)
    torch.set_num_threads(before)


def _randomise(theirs: Any) -> None:
    """Weights that let every default box say something of its own."""
    for part in theirs.backbone.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.normal_(part.weight, 0, (2 / part.weight[0].numel()) ** 0.5)
            if part.bias is not None:
                nn.init.normal_(part.bias, 0, 0.1)
    for norm in theirs.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.weight, 0.7, 1.3)
            nn.init.normal_(norm.bias, 0, 0.2)
            norm.momentum = 1.0
    maps = list(theirs.train().backbone(torch.randn(2, 3, *theirs.transform.fixed_size)).values())
    for heads, spread in ((theirs.head.classification_head, 1.5), (theirs.head.regression_head, 1.0)):
        for head, each in zip(heads.module_list, maps, strict=True):
            answers = head(each)
            last = head if isinstance(head, nn.Conv2d) else head[-1]
            last.weight *= spread / answers.std()
    theirs.eval()


@torch.inference_mode()
def test_the_same_things_are_found(case: Case) -> None:
    ours, batch = case.ours, Batch(case.pictures)
    out = ours(batch)
    found = ours.detect(out, batch)
    wanted = case.theirs.postprocess_detections(case.said(case.logits), case.anchors, [ours.prep.size] * 2)
    assert torch.equal(default_boxes(out, ours.layout), case.anchors[0])
    for mine, other in ((out.logits, case.logits), (out.offsets, case.offsets)):
        assert mine.shape == other.shape
        assert float((mine - other).abs().max()) <= 1e-5 * max(1.0, float(other.abs().max()))
        assert float((other[0] - other[1]).abs().max()) > 0.5
    for mine, other in zip(found, wanted, strict=True):
        assert len(mine) == len(other["scores"]) == ours.most  # more than enough competed
        assert len(set(mine.labels.tolist())) > 5
        torch.testing.assert_close(mine.scores, other["scores"], rtol=1e-4, atol=1e-6)
        assert torch.equal(1 + mine.labels, other["labels"])
        torch.testing.assert_close(mine.boxes, other["boxes"], rtol=1e-4, atol=1e-3)


@torch.inference_mode()
def test_equal_numbers_are_read_equally(case: Case) -> None:
    """Where few are left over the threshold, too, and from the list of all candidates."""
    ours, batch = case.ours, Batch(case.pictures)
    logits = case.logits.clone()
    logits[..., 0] += 3.0
    out = Boxed(logits, case.offsets, case.grids, ours.prep.size)
    found = ours.detect(out, batch)
    wanted = case.theirs.postprocess_detections(case.said(logits), case.anchors, [ours.prep.size] * 2)
    for mine, other, everything in zip(found, wanted, ours.candidates(out, batch), strict=True):
        assert torch.equal(mine.scores, other["scores"])
        assert torch.equal(1 + mine.labels, other["labels"])
        torch.testing.assert_close(mine.boxes, other["boxes"], rtol=1e-6, atol=1e-4)
        assert len(everything) == 90 * logits.shape[1]
        again = ours.choose(everything)
        assert torch.equal(again.scores, mine.scores)
        assert torch.equal(again.boxes, mine.boxes)


@torch.inference_mode()
def test_the_same_loss(case: Case) -> None:
    side = case.ours.prep.size[0]
    corners = [torch.rand(count, 2) * 0.7 * side for count in (1, 12)]
    boxes = [torch.cat([low, low + side * (0.03 + 0.27 * torch.rand(len(low), 2))], dim=1) for low in corners]
    boxes[1][1] = boxes[1][0] + torch.tensor([0.1, 0.0, 0.1, 0.0])  # two truths want one default box
    labels = [torch.randint(0, 90, (len(each),)) for each in boxes]
    ignore = [torch.zeros(len(each), dtype=torch.bool) for each in boxes]
    matched = [case.theirs.proposal_matcher(box_iou(each, case.anchors[0])) for each in boxes]
    truth = [{"boxes": each, "labels": 1 + kinds} for each, kinds in zip(boxes, labels, strict=True)]
    wanted = case.theirs.compute_loss(truth, case.said(case.logits), case.anchors, matched)
    batch = Batch(case.pictures, {"boxes": boxes, "labels": labels, "ignore": ignore})
    parts = case.ours.loss(Boxed(case.logits, case.offsets, case.grids, case.ours.prep.size), batch)
    assert float(parts["class"]) == pytest.approx(float(wanted["classification"]), rel=1e-5)
    assert float(parts["box"]) == pytest.approx(float(wanted["bbox_regression"]), rel=1e-5)
