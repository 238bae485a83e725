"""Faster R-CNN on feature pyramids against torchvision's, random weights: the same boxes, scores, labels, losses, slopes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import detection
from torchvision.models.detection.image_list import ImageList

from looksay import registry, weights
from looksay.nn.system import Batch
from looksay.systems.detect.faster_fpn import FasterFPN

NINETY = tuple(str(place) for place in range(1, 91))
PAIRS = dict(registry.find("faster-r-cnn-fpn").card.published)
FAST = "faster-r-cnn-mobilenet-v3-large-320-fpn"
SIDE = (128, 160)  # height, width
ALL = 10**6  # anchors and regions to learn from: more than there are, so that nothing is drawn


@dataclass
class Case:
    """Ours and theirs with the same weights, and two pictures."""

    ours: FasterFPN
    theirs: Any
    pictures: Tensor

    def found(self) -> list[dict[str, Tensor]]:
        sizes = [SIDE] * 2
        maps = self.theirs.backbone(self.pictures)
        images = ImageList(self.pictures, sizes)
        proposals, _ = self.theirs.rpn(images, maps)
        found: list[dict[str, Tensor]] = self.theirs.roi_heads(maps, proposals, sizes)[0]
        return found


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=() if name == FAST else pytest.mark.slow, id=name) for name in PAIRS]
)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    theirs: Any = getattr(detection, PAIRS[request.param])(weights=None, weights_backbone=None, num_classes=91)
    with torch.no_grad():
        x = torch.randn(2, 3, *SIDE)
        randomise(theirs, x)
        with torch.device("meta"):
            ours = weights.build(request.param, NINETY)
        ours.load_state_dict(ours.rename(theirs.state_dict()), assign=True)
        assert isinstance(ours, FasterFPN)
    yield Case(ours.eval(), theirs.eval(), x)
    torch.set_num_threads(before)


def randomise(theirs: Any, x: Tensor) -> None:
    """Weights that let every place say something of its own."""
    for part in theirs.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.normal_(part.weight, 0, (2 / part.weight[0].numel()) ** 0.5)
            if part.bias is not None:
                nn.init.normal_(part.bias, 0, 0.1)
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.7, 1.3)
            nn.init.normal_(part.bias, 0, 0.2)
            part.momentum = 1.0
    maps = theirs.train().backbone(x)
    theirs.eval()
    logits, moves = theirs.rpn.head(list(maps.values()))
    theirs.rpn.head.cls_logits.weight *= 2.0 / torch.cat([each.flatten() for each in logits]).std()
    theirs.rpn.head.bbox_pred.weight *= 0.3 / torch.cat([each.flatten() for each in moves]).std()
    boxes = [torch.rand(50, 4) * 60 + torch.tensor([0.0, 0.0, 60.0, 60.0]) for _ in range(2)]
    pooled = theirs.roi_heads.box_roi_pool(maps, boxes, [SIDE] * 2)
    scores, shifts = theirs.roi_heads.box_predictor(theirs.roi_heads.box_head(pooled))
    for layer, said, spread in (
        (theirs.roi_heads.box_predictor.cls_score, scores, 3.0),
        (theirs.roi_heads.box_predictor.bbox_pred, shifts, 1.0),
    ):
        factor = spread / (said - said.mean(dim=0)).std()
        layer.weight *= factor
        layer.bias.copy_((layer.bias - said.mean(dim=0)) * factor)


@torch.inference_mode()
def test_the_same_things_are_found(case: Case) -> None:
    batch = Batch(case.pictures)
    mine, wanted = case.ours.detect(case.ours(batch), batch), case.found()
    for found, other in zip(mine, wanted, strict=True):
        assert len(found) == len(other["scores"]) > 20
        assert len(set(found.labels.tolist())) > 5
        torch.testing.assert_close(found.scores, other["scores"], rtol=1e-3, atol=1e-5)
        assert torch.equal(1 + found.labels, other["labels"])
        torch.testing.assert_close(found.boxes, other["boxes"], rtol=1e-4, atol=2e-3)


@torch.inference_mode()
def test_anchors_are_theirs(case: Case) -> None:
    maps = list(case.theirs.backbone(case.pictures).values())
    wanted = case.theirs.rpn.anchor_generator(ImageList(case.pictures, [SIDE] * 2), maps)[0]
    assert torch.equal(torch.cat(case.ours.places(*SIDE)), wanted)


def test_all_weights_have_a_place(case: Case) -> None:
    own = case.ours.state_dict()
    renamed = case.ours.rename(case.theirs.state_dict())
    assert own.keys() == renamed.keys()
    assert all(own[name].shape == renamed[name].shape for name in own)


def test_the_same_losses_and_slopes(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """All anchors and regions count; both judge the same regions, some of them near the truth."""
    ours, theirs, made = case.ours, case.theirs, torch.Generator().manual_seed(3)
    corner = [torch.rand(count, 2, generator=made) * 70 for count in (3, 1)]
    truth = [torch.cat([low, low + 20 + 30 * torch.rand(len(low), 2, generator=made)], dim=1) for low in corner]
    labels = [torch.tensor([7, 0, 89]), torch.tensor([7])]
    near = [each.repeat(6, 1) + 4 * torch.randn(6 * len(each), 4, generator=made) for each in truth]
    far = [torch.rand(20, 2, generator=made) * 90 for _ in truth]
    regions = [torch.cat([some, low.repeat(1, 2) + torch.tensor([0, 0, 25, 30])]) for some, low in zip(near, far, strict=True)]

    with monkeypatch.context() as patch:
        for part in (theirs.rpn, theirs.roi_heads):
            patch.setattr(part, "training", True)  # without its normalisations, which would follow the batch
            patch.setattr(part.fg_bg_sampler, "batch_size_per_image", ALL)
        targets = [{"boxes": boxes, "labels": 1 + kinds} for boxes, kinds in zip(truth, labels, strict=True)]
        maps = theirs.backbone(case.pictures)
        _, first = theirs.rpn(ImageList(case.pictures, [SIDE] * 2), maps, targets)
        _, second = theirs.roi_heads(maps, regions, [SIDE] * 2, targets)
        patch.setattr(ours, "training", True)
        patch.setattr(ours, "config", replace(ours.config, anchors=ALL, regions=ALL))
        ignore = [torch.zeros(len(each), dtype=torch.bool) for each in truth]
        batch = Batch(case.pictures, {"boxes": truth, "labels": labels, "ignore": ignore}, beside={"proposals": list(regions)})
        parts = ours.loss(ours(batch), batch)
    pairs = {"rpn_object": "objectness", "rpn_box": "rpn_box_reg", "class": "classifier", "box": "box_reg"}
    for mine, other in pairs.items():
        wanted = (first | second)[f"loss_{other}"].item()
        assert wanted > 1e-3
        assert parts[mine].item() == pytest.approx(wanted, rel=1e-4)

    torch.stack(list(parts.values())).sum().backward()
    torch.stack([*first.values(), *second.values()]).sum().backward()
    slopes = ours.rename({name: weight.grad for name, weight in theirs.named_parameters()})
    for name, weight in ours.named_parameters():
        wanted = slopes[name]
        assert (weight.grad - wanted).norm() < 3e-3 * wanted.norm(), name  # a unit at the edge of its ReLU may differ
