"""Fast and Faster R-CNN: pooling, matching, sampling and losses against slow references."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.ops import box_iou, roi_align, roi_pool

from looksay import weights
from looksay.nn import chance
from looksay.nn.system import Batch
from looksay.ops.boxcode import decode, encode
from looksay.ops.roi import align, max_pool
from looksay.systems.detect.fast_rcnn import SHARE, FastRCNN, Judged, matched, padded, sampled
from looksay.systems.detect.faster_rcnn import FITS, MISSES, FasterRCNN, anchors

CLASSES = ("cat", "dog", "owl")


def boxes_of(count: int, seed: int = 0, side: float = 128, least: float = 6) -> Tensor:
    made = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=made) * (side - 40)
    return torch.cat([corner, corner + least + torch.rand(count, 2, generator=made) * (30 - least)], dim=1)


def batch(count: int = 3, *, targets: bool = True) -> Batch:
    pictures = torch.randn(count, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    boxes = [boxes_of(4, 1)[:1], boxes_of(4, 2), boxes_of(4, 3)[:0]][:count]
    truth = {
        "boxes": boxes,
        "labels": [torch.arange(len(each)) % 3 for each in boxes],
        "ignore": [torch.arange(len(each)) == 3 for each in boxes],
    }
    return Batch(pictures, truth if targets else {}, ((256, 256),) * count, tuple("abc"[:count]))


def tiny(name: str) -> FastRCNN:
    torch.manual_seed(0)
    system = weights.build(name, CLASSES, {"width": 0.25, "hidden": 32, "regions": 16})
    assert isinstance(system, FastRCNN)
    return system


@pytest.mark.parametrize(("cells", "scale"), [(3, 0.19), (7, 0.25)])
def test_align_is_torchvisions(cells: int, scale: float) -> None:
    maps = torch.randn(2, 5, 32, 24, generator=torch.Generator().manual_seed(0))
    boxes = torch.stack([boxes_of(9, 4, side=96), boxes_of(9, 5, side=96)])
    first, second = maps.clone().requires_grad_(), maps.clone().requires_grad_()
    # Cells of at most two pixels of the map: both look at two points of each along either axis.
    ours = align(first, boxes, cells, scale)
    theirs = roi_align(second, list(boxes), cells, scale, 2, aligned=True).view_as(ours)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
    grow = torch.randn(ours.shape, generator=torch.Generator().manual_seed(6))
    (ours * grow).sum().backward()
    (theirs * grow).sum().backward()
    assert first.grad is not None
    assert second.grad is not None
    torch.testing.assert_close(first.grad, second.grad, atol=1e-4, rtol=0)


def test_a_large_region_is_averaged_over_all_of_it() -> None:
    maps = torch.arange(32.0).view(1, 1, 1, 32).expand(1, 1, 32, 32)
    (left, right) = align(maps, torch.tensor([[[0.0, 0.0, 128.0, 128.0]]]), 2, 0.25)[0, 0, 0, 0].tolist()
    assert left == pytest.approx(7.5, abs=0.2)
    assert right == pytest.approx(23.5, abs=0.2)


@pytest.mark.parametrize(("shape", "regions", "cells"), [((2, 8, 17, 23), 40, 7), ((1, 3, 32, 32), 60, 4), ((3, 2, 1, 5), 9, 2)])
def test_the_greatest_of_each_cell_are_torchvisions(shape: tuple[int, int, int, int], regions: int, cells: int) -> None:
    """Regions reach over the border and beyond it, and may be smaller than their cells."""
    torch.manual_seed(3)
    maps, sides = torch.randn(shape), 4.0 * torch.tensor(shape[:1:-1])
    low = torch.rand(shape[0], regions, 2) * (1.4 * sides) - 0.2 * sides
    boxes = torch.cat([low, low + torch.rand(shape[0], regions, 2) * sides], dim=2)
    ours = max_pool(maps, boxes, cells, 0.25)
    assert torch.equal(ours, roi_pool(maps, list(boxes), cells, 0.25).view_as(ours))
    assert max_pool(maps, boxes[:, :0], cells, 0.25).shape == (shape[0], 0, shape[1], cells, cells)


def test_moves_are_undone() -> None:
    origins, boxes = boxes_of(20, 7), boxes_of(20, 8)
    for units in ((1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)):
        torch.testing.assert_close(decode(encode(boxes, origins, units), origins, units), boxes, atol=1e-3, rtol=0)
    one = encode(torch.tensor([[10.0, 10, 30, 50]]), torch.tensor([[0.0, 0, 20, 20]]))
    torch.testing.assert_close(one, torch.tensor([[0.5, 1.0, 0.0, 0.6931472]]))  # (20 - 10) / 20, (30 - 10) / 20, ln 1, ln 2


def test_regions_are_matched_as_a_slow_loop_does() -> None:
    truth = batch()
    regions, used = padded(
        [torch.cat([boxes_of(30, 9 + row), *[each + 2 for each in truth.targets["boxes"]]]) for row in range(3)]
    )
    label, own, best = matched(regions, used, truth)
    for row in range(3):
        things = zip(truth.targets["boxes"][row], truth.targets["labels"][row], truth.targets["ignore"][row], strict=True)
        known = [(box, int(kind), bool(vague)) for box, kind, vague in things]
        for place, region in enumerate(regions[row]):
            overlaps = [float(box_iou(region[None], box[None])) for box, _, _ in known]
            real = [(overlap, index) for index, overlap in enumerate(overlaps) if not known[index][2]]
            top, index = max(real, default=(0.0, -1))
            expected = 1 + known[index][1] if top >= 0.5 else 0
            if expected == 0 and any(overlap >= 0.5 for overlap in overlaps):
                expected = -1
            assert int(label[row, place]) == expected
            assert float(best[row, place]) == pytest.approx(top, abs=1e-6)
            if expected > 0:
                assert torch.equal(own[row, place], known[index][0])


def test_a_sample_has_its_share_and_follows_from_the_step() -> None:
    label = torch.zeros(2, 200, dtype=torch.int64)
    label[0, :90], label[1, :3], label[:, 150:] = 2, 1, -1
    with chance.at(5, 1):
        one = sampled(label, 64)
    with chance.at(5, 1):
        again = sampled(label, 64)
    with chance.at(5, 2):
        other = sampled(label, 64)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    taken = label.gather(1, one)
    assert (taken > 0).sum(dim=1).tolist() == [round(SHARE * 64), 3]
    assert (taken == 0).sum(dim=1).tolist() == [48, 61]


def test_the_loss_of_regions_is_the_papers() -> None:
    system = tiny("fast-r-cnn").train()
    made = batch()
    with chance.at(0, 0):
        out = system(made)
    assert isinstance(out, Judged)
    assert out.labels is not None
    assert out.truth is not None
    parts = system.loss(out, made)
    entropy, boxes, count = 0.0, 0.0, 0
    for row in range(3):
        for place in range(out.labels.shape[1]):
            label = int(out.labels[row, place])
            if label < 0:
                continue
            count += 1
            entropy -= float(out.logits[row, place].log_softmax(0)[label].detach())
            if label > 0:
                wanted = encode(out.truth[row, place], out.boxes[row, place], (10.0, 10.0, 5.0, 5.0))
                for apart in (out.moves[row, place, label - 1] - wanted).abs().tolist():
                    boxes += 0.5 * apart**2 if apart < 1 else apart - 0.5
    assert float(parts["class"].detach()) == pytest.approx(entropy / count, rel=1e-5)
    assert float(parts["box"].detach()) == pytest.approx(boxes / count, rel=1e-5)


def test_nine_anchors_a_place() -> None:
    places = anchors((16.0, 36.0, 80.0), (0.5, 1.0, 2.0), 2, 3)
    assert places.shape == (2 * 3 * 9, 4)
    first = places[:9]
    torch.testing.assert_close((first[:, :2] + first[:, 2:]) / 2, torch.full((9, 2), 4.0))
    sizes = first[:, 2:] - first[:, :2]
    torch.testing.assert_close(sizes.prod(dim=1).sqrt(), torch.tensor([16.0] * 3 + [36.0] * 3 + [80.0] * 3))
    torch.testing.assert_close(sizes[:, 1] / sizes[:, 0], torch.tensor([0.5, 1.0, 2.0] * 3))
    assert ((places[9:18] - first)[:, 0] == 8).all()  # the next place is eight pixels to the right


def test_anchors_show_things_background_or_neither() -> None:
    system = tiny("faster-r-cnn")
    assert isinstance(system, FasterRCNN)
    made = batch()
    places = anchors((16.0, 36.0, 80.0), (0.5, 1.0, 2.0), 16, 16)
    target, nearest = system._anchored(places, made)
    for row in range(3):
        boxes, vague = made.targets["boxes"][row], made.targets["ignore"][row]
        real = box_iou(places, boxes[~vague]) if len(boxes) else torch.zeros(len(places), 0)
        if not real.shape[1]:
            assert not (target[row] > 0).any()
            continue
        best = real.max(dim=1).values
        assert (target[row][best >= FITS] == 1).all()
        assert (target[row][(best >= MISSES) & (best < FITS)] != 0).all()
        for thing in range(real.shape[1]):
            assert target[row][real[:, thing].argmax()] == 1  # each thing has at least one
        thing = target[row] > 0
        assert torch.equal(nearest[row][thing], boxes[~vague][real[thing].argmax(dim=1)])


def test_four_losses_also_without_a_single_thing() -> None:
    system = tiny("faster-r-cnn").train()
    made = batch()
    for name in ("boxes", "labels", "ignore"):
        made.targets[name] = [each[:0] for each in made.targets[name]]
    parts = system.loss(system(made), made)
    assert set(parts) == {"rpn_object", "rpn_box", "class", "box"}
    assert all(bool(torch.isfinite(part)) for part in parts.values())
    assert float(parts["box"].detach()) == float(parts["rpn_box"].detach()) == 0
    torch.stack(list(parts.values())).sum().backward()
    assert all(parameter.grad is not None for parameter in system.parameters())


def test_proposals_do_not_repeat_themselves() -> None:
    system = tiny("faster-r-cnn").eval()
    with torch.inference_mode():
        made = batch(targets=False)
        out = system(made)
    for boxes in system.proposals(out, made):
        assert 0 < len(boxes) <= system.config.proposals
        overlap = box_iou(boxes, boxes).fill_diagonal_(0)
        assert float(overlap.max()) <= system.config.apart + 1e-6
        assert bool((boxes >= 0).all() & (boxes <= 128).all())


def test_a_thing_comes_back_in_the_pixels_of_its_picture() -> None:
    system = tiny("fast-r-cnn").eval()
    made = batch(1, targets=False)
    logits = torch.full((1, 2, 4), -9.0)
    logits[0, 0, 2], logits[0, 1, 0] = 9.0, 9.0
    boxes = torch.tensor([[[10.0, 20, 40, 60], [0, 0, 128, 128]]])
    out = Judged(boxes, torch.ones(1, 2, dtype=torch.bool), logits, torch.zeros(1, 2, 3, 4))
    (scene,) = system.read(out, made)
    (thing,) = scene.objects
    assert thing.name == "dog"
    assert thing.score == pytest.approx(float(F.softmax(logits[0, 0], dim=0)[2]), abs=1e-6)
    # No placement: the network's pixels are the picture's.
    assert thing.box == pytest.approx((10, 20, 40, 60))
