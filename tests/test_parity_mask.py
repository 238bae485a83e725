"""Mask R-CNN on feature pyramids against torchvision's, random weights: the same boxes, labels, masks, losses, slopes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import detection
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import maskrcnn_loss, paste_masks_in_image

from looksay import registry, weights
from looksay.nn.detector import Found
from looksay.nn.outlines import mask_loss
from looksay.nn.placement import Placement
from looksay.nn.swift import quicken
from looksay.nn.system import Batch
from looksay.systems.instance.mask_fpn import MaskFPN
from test_parity_faster import NINETY, SIDE, randomise

PAIRS = dict(registry.find("mask-r-cnn-fpn").card.published)


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.slow if name.endswith("v2") else (), id=name) for name in PAIRS],
)
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[MaskFPN, Any]]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    theirs: Any = getattr(detection, PAIRS[request.param])(weights=None, weights_backbone=None, num_classes=91)
    with torch.no_grad():
        x = torch.randn(2, 3, *SIDE)
        randomise(theirs, x)
        maps = theirs.backbone(x)
        boxes = [torch.rand(20, 4) * 60 + torch.tensor([0.0, 0.0, 60.0, 60.0]) for _ in range(2)]
        heads = theirs.roi_heads
        said = heads.mask_predictor(heads.mask_head(heads.mask_roi_pool(maps, boxes, [SIDE] * 2)))
        heads.mask_predictor.mask_fcn_logits.weight *= 2 / said.std()
        with torch.device("meta"):
            ours = weights.build(request.param, NINETY)
        ours.load_state_dict(ours.rename(theirs.state_dict()), assign=True)
        assert isinstance(ours, MaskFPN)
    yield ours.eval(), theirs.eval()
    torch.set_num_threads(before)


def pictures() -> Tensor:
    return torch.randn(2, 3, *SIDE, generator=torch.Generator().manual_seed(1))


def theirs_of(theirs: Any, x: Tensor) -> list[dict[str, Tensor]]:
    maps = theirs.backbone(x)
    proposals, _ = theirs.rpn(ImageList(x, [SIDE] * 2), maps)
    found: list[dict[str, Tensor]] = theirs.roi_heads(maps, proposals, [SIDE] * 2)[0]
    return found


@torch.inference_mode()
def test_the_same_things_with_the_same_masks(pair: tuple[MaskFPN, Any]) -> None:
    """Two pictures, each of twice the size that the network sees it at."""
    ours, theirs = pair
    place, size = Placement((0.5, 0.5), (0.0, 0.0), (SIDE[1], SIDE[0])), (2 * SIDE[1], 2 * SIDE[0])
    batch = Batch(pictures(), sizes=(size,) * 2, ids=("a", "b"), places=(place,) * 2)
    out = ours(batch)
    wanted = theirs_of(theirs, batch.pictures)
    scenes = ours.read(out, batch)
    for (found, masks, _), other, scene in zip(ours.outlines(out, batch), wanted, scenes, strict=True):
        assert len(found) == len(other["scores"]) > 20
        distance = (found.boxes[None] - other["boxes"][:, None]).abs().amax(dim=2)
        distance += 1e3 * (1 + found.labels != other["labels"][:, None])
        which = distance.argmin(dim=1)  # of two that are all but as likely either may come first
        assert len(set(which.tolist())) == len(which)
        assert float(distance.amin(dim=1).max()) < 5e-3
        torch.testing.assert_close(found.scores[which], other["scores"], rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(masks[which], other["masks"][:, 0], rtol=0, atol=2e-3)
        assert 0.2 < float((masks > 0.5).float().mean()) < 0.8
        pasted = paste_masks_in_image(other["masks"], 2 * other["boxes"], size[::-1])[:, 0] > 0.5
        mine = [thing.mask.array() for thing in scene.objects if thing.mask]
        assert len(mine) == len(pasted)
        pairs = [(mine[place], mask) for place, mask in zip(which.tolist(), pasted.numpy(), strict=True)]
        shared = [float((one & two).sum()) / max(float((one | two).sum()), 1) for one, two in pairs if two.any()]
        # An edge that all but lies on a pixel's may fall to either side of it.
        assert min(shared) > 0.9
        assert sum(shared) / len(shared) > 0.998


def test_all_weights_have_a_place(pair: tuple[MaskFPN, Any]) -> None:
    ours, theirs = pair
    own, renamed = ours.state_dict(), ours.rename(theirs.state_dict())
    assert own.keys() == renamed.keys()
    assert all(own[name].shape == renamed[name].shape for name in own)


def test_names_of_published_files() -> None:
    """The first of the two was published before its convolutions were numbered."""
    old = {f"roi_heads.mask_head.mask_fcn{place}.weight": torch.zeros(1) for place in (1, 2, 3, 4)}
    assert sorted(MaskFPN.rename(old)) == [f"mask.convs.{place}.0.weight" for place in range(4)]


def test_the_same_loss_and_slopes(pair: tuple[MaskFPN, Any]) -> None:
    """Of given regions and masks; theirs has the corner of the first pixel where ours has its centre, so that the truth is cut
    out of masks that are moved by half a pixel."""
    ours, theirs = pair
    x = pictures()[:1]
    made = torch.Generator().manual_seed(3)
    truth = torch.tensor([[10.0, 20.0, 90.0, 100.0], [60.0, 5.0, 150.0, 110.0]])
    boxes = torch.cat([truth + 4 * torch.randn(2, 4, generator=made) for _ in range(3)])
    labels = torch.tensor([6, 40])
    which = torch.tensor([0, 1] * 3)
    rows, columns = torch.meshgrid(torch.arange(SIDE[0]), torch.arange(SIDE[1]), indexing="ij")
    shapes = torch.stack([(rows - 60) ** 2 + (columns - 50) ** 2 < 1500, (rows + columns) % 150 > 70]).to(torch.uint8)
    heads = theirs.roi_heads
    maps = theirs.backbone(x)
    said = heads.mask_predictor(heads.mask_head(heads.mask_roi_pool(maps, [boxes], [SIDE])))
    wanted = maskrcnn_loss(said, [boxes], [shapes], [labels + 1], [which])

    edges = torch.tensor([[0.0, 0.0, SIDE[1], SIDE[0]]]).expand(2, -1) - 0.5
    targets = {"boxes": [truth], "labels": [labels], "ignore": [torch.zeros(2, dtype=torch.bool)]}
    targets |= {"masks": [list(shapes)], "frames": [edges]}
    batch = Batch(x, targets)
    found = [Found(boxes, torch.ones(6), labels[which])]
    mine = mask_loss(found, ours.masked(ours.maps(x)[0], found, batch), batch)
    assert mine.item() == pytest.approx(wanted.item(), rel=1e-3)
    for network in (ours, theirs):
        network.zero_grad()
    mine.backward()
    wanted.backward()
    slopes = ours.rename({name: weight.grad for name, weight in theirs.named_parameters() if weight.grad is not None})
    for name, weight in ours.named_parameters():
        if name.startswith("mask."):
            assert (weight.grad - slopes[name]).norm() < 5e-3 * slopes[name].norm(), name


@pytest.mark.slow
@torch.inference_mode()
def test_quick_ones_answer_alike(pair: tuple[MaskFPN, Any]) -> None:
    """Norms are folded and layers packed in the mask's head, too."""
    ours, _ = pair
    batch = Batch(pictures()[:1])
    (found, masks, _), *_ = ours.outlines(ours(batch), batch)
    quick = quicken(ours)
    assert isinstance(quick, MaskFPN)
    assert not [part for part in quick.mask.convs.modules() if isinstance(part, nn.Conv2d | nn.BatchNorm2d)]
    again = quick.masked(quick.maps(batch.pictures)[0], [found], batch)[0].sigmoid()
    torch.testing.assert_close(again, masks, rtol=0, atol=2e-3)
