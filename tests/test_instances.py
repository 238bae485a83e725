"""Masks from the data to the network and back: stencils follow pictures, losses and pasted masks against slow references."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from looksay import weights
from looksay.data.dataset import Dataset, RawItem
from looksay.data.loader import Feed, Feeding
from looksay.data.material import Splits
from looksay.data.stencils import stencils
from looksay.errors import BadData
from looksay.measure.instanced import OfInstances, truth_of
from looksay.nn import chance
from looksay.nn.detector import Found
from looksay.nn.outlines import Outlines, Traced, cut, mask_loss, shown_by
from looksay.nn.placement import Placement, placed
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment
from looksay.nn.system import Batch
from looksay.ops.boxcode import decode
from looksay.ops.paste import pasted
from looksay.scene import Mask, Objects, Scene, Thing
from looksay.systems.detect.fast_rcnn import WEIGHTS
from looksay.systems.instance.cascades import Cascaded, Cascades
from looksay.systems.instance.hypercolumns import Columns
from looksay.systems.instance.mask_rcnn import Masked, MaskRCNN, at_size
from looksay.systems.instance.sds import SDS, Segmented, overlaps
from looksay.tasks import task

CLASSES = ("disc", "wedge")


class Shapes(Dataset):
    """A white disc and a white wedge on black; nothing else. Of the third picture's things one has no mask."""

    classes = CLASSES
    source = "shapes"

    def __init__(self, count: int = 6, *, masks: bool = True) -> None:
        self.count, self.marked = count, masks

    def __len__(self) -> int:
        return self.count

    def size(self, index: int) -> tuple[int, int]:
        return 120 + 8 * index, 150 - 8 * index

    def shapes(self, index: int) -> list[npt.NDArray[np.bool_]]:
        width, height = self.size(index)
        y, x = np.mgrid[:height, :width] + 0.5
        disc = (x - 35 - index) ** 2 + (y - 50) ** 2 < 23**2
        wedge = (x > 70) & (x < 112) & (y > 30) & (y < 90) & (y - 30 > x - 70)
        return [disc, wedge]

    def picture(self, index: int) -> npt.NDArray[np.uint8]:
        white = np.logical_or(*self.shapes(index)).astype(np.uint8) * 255
        return np.repeat(white[:, :, None], 3, axis=2)

    def scene(self, index: int) -> Scene:
        things = []
        for number, shape in enumerate(self.shapes(index)):
            mask = Mask.of(shape)
            box = mask.box()
            assert box is not None
            hidden = not self.marked or (index == 2 and number == 0)
            things.append(Thing(CLASSES[number], box, mask=None if hidden else mask, difficult=index == 4))
        return Scene(self.size(index), id=str(index), objects=Objects(tuple(things)))

    def raw(self, index: int) -> RawItem:
        return RawItem(str(index), "", f"picture {index}", self.size(index))


def whole(batch: Batch, row: int) -> Tensor:
    """(H, W) all masks of a picture, cut out pixel by pixel."""
    high, wide = batch.pictures.shape[-2:]
    assert high == wide
    count = len(batch.targets["masks"][row])
    box = torch.tensor([[0.0, 0.0, wide, high]]).expand(count, -1)
    return cut(batch, row, box, torch.arange(count), wide).sum(dim=0).clamp(max=1)


@pytest.mark.parametrize(
    "how",
    [
        None,
        Augment(flip=0.5),
        Augment(flip=0.5, crop=(0.4, 1.0), ratio=(0.7, 1.4)),
        Augment(flip=0.5, scale=(96, 160)),
        Augment(flip=0.5, mosaic=1.0, crop=(0.6, 1.0)),
    ],
    ids=["plain", "flip", "crop", "scale", "mosaic"],
)
@pytest.mark.parametrize("mode", ["stretch", "letterbox"])
def test_masks_follow_pictures(how: Augment | None, mode: str) -> None:
    """What is white in the network's picture is what the stencils cover, whatever was done to the picture."""
    prep = Prep((96, 96), mode, mean=(0.0,) * 3, std=(1.0,) * 3)  # type: ignore[arg-type] - one of its modes
    feed = Feed(Shapes(), prep, task("instances"), Feeding(2, 3, how))
    for batch in feed.epoch(1):
        for row in range(len(batch)):
            if how is None and batch.ids[row] == "2":
                continue
            if how is not None and not all(bool(mask.any()) for mask in batch.targets["masks"][row]):
                continue  # the disc without a mask
            white, inked = batch.pictures[row, 0], whole(batch, row)
            left, above, right, below = batch.place(row).pad
            inner = (slice(above, 96 - below), slice(left, 96 - right))
            apart = (white[inner] - inked[inner]).abs()
            assert apart.mean() < 0.012, (batch.ids[row], float(apart.mean()))
            assert (apart > 0.6).float().mean() < (0.005 if how and how.mosaic else 0.002)  # a rim reaches over the seams
            # Where they are sure they agree but for a rim.
            assert white[inner][inked[inner] > 0.999].mean() > 0.97


def test_stencils_are_as_small_as_their_things() -> None:
    data = Shapes()
    masks = data.masks(0)
    found, frames = stencils(masks, placed(data.size(0), Prep((240, 300), "stretch")))
    assert [mask.shape for mask in found] == [(48, 48), (61, 44)]
    assert found[0].sum() == masks[0].sum()
    np.testing.assert_allclose(frames[0], np.array([11, 26, 59, 74]) * 2.0)
    flipped, mirrored = stencils(masks, Placement((1.0, 1.0), (0.0, 0.0), (120, 150), flip=True))
    np.testing.assert_array_equal(flipped[1], found[1][:, ::-1])
    np.testing.assert_allclose(mirrored[1], [120 - frames[1, 2] / 2, frames[1, 1] / 2, 120 - frames[1, 0] / 2, frames[1, 3] / 2])
    away, _ = stencils(masks, Placement((1.0, 1.0), (-65.0, 0.0), (60, 150)))
    assert away[0].shape == (1, 1)
    assert not away[0].any()
    assert away[1].shape[1] == 44


def batch_of(indices: list[int], prep: Prep | None = None) -> Batch:
    prep = prep or Prep((64, 64), "stretch")
    feed = Feed(Shapes(), prep, task("instances"), Feeding(6))
    (batch,) = feed.epoch(0)
    targets = {name: [values[i] for i in indices] for name, values in batch.targets.items()}
    some = tuple(indices)
    return replace(
        batch,
        pictures=batch.pictures[list(some)],
        targets=targets,
        sizes=tuple(batch.sizes[i] for i in some),
        ids=tuple(batch.ids[i] for i in some),
        places=tuple(batch.places[i] for i in some),
    )


def test_cells_hold_their_share_of_the_mask() -> None:
    """Against counting points, many in each cell."""
    batch = batch_of([1])
    data = Shapes()
    wide, high = data.size(1)
    box = batch.targets["boxes"][0][1] + torch.tensor([-3.3, 2.1, 1.7, -4.9])
    found = cut(batch, 0, box[None], torch.tensor([1]), 7)[0]
    x1, y1, x2, y2 = box.tolist()
    steps = (np.arange(7 * 40) + 0.5) / (7 * 40)
    columns = ((x1 + steps * (x2 - x1)) * wide / 64).clip(0, wide - 1).astype(int)
    rows = ((y1 + steps * (y2 - y1)) * high / 64).clip(0, high - 1).astype(int)
    points = data.shapes(1)[1][rows][:, columns].astype(np.float64)
    wanted = points.reshape(7, 40, 7, 40).mean(axis=(1, 3))
    assert np.abs(found.numpy() - wanted).max() < 0.2
    assert np.abs(found.numpy() - wanted).mean() < 0.03


def test_the_loss_is_of_things_that_a_box_shows() -> None:
    batch = batch_of([0, 2])
    truth = batch.targets["boxes"]
    logits = [torch.randn(3, 14, 14, generator=torch.Generator().manual_seed(4)), torch.randn(2, 14, 14)]
    found = [
        # the disc; a wedge called disc; a wedge that is not quite in its place
        Found(torch.stack([truth[0][0], truth[0][1], truth[0][1] + 2]), torch.ones(3), torch.tensor([0, 0, 1])),
        # nobody marked this disc; nothing is here
        Found(torch.stack([truth[1][0], torch.tensor([0.0, 0, 9, 9])]), torch.ones(2), torch.tensor([0, 1])),
    ]
    assert shown_by(found[0].boxes, found[0].labels, batch, 0).tolist() == [0, -1, 1]
    assert shown_by(found[0].boxes, None, batch, 0).tolist() == [0, 1, 1]
    assert shown_by(found[1].boxes, found[1].labels, batch, 1).tolist() == [-1, -1]
    total, cells = 0.0, 0
    for place, thing in ((0, 0), (2, 1)):
        goal = cut(batch, 0, found[0].boxes[place][None], torch.tensor([thing]), 14)[0]
        said = logits[0][place].sigmoid()
        total -= float((goal * said.log() + (1 - goal) * (1 - said).log()).sum())
        cells += 14 * 14
    assert float(mask_loss(found, logits, batch)) == pytest.approx(total / cells, rel=1e-4)
    grown = [each.clone().requires_grad_() for each in logits]
    mask_loss([Found(each.boxes, each.scores, 1 - each.labels) for each in found[1:]], grown[1:], batch_of([2])).backward()
    assert grown[1].grad is not None
    assert not grown[1].grad.any()  # nothing to learn from, but a gradient there is


def tiny(name: str = "mask-r-cnn", **settings: object) -> MaskRCNN:
    torch.manual_seed(0)
    small = {"width": 0.25, "hidden": 32, "regions": 16, "proposals": 20, **settings}
    system = weights.build(name, CLASSES, small, Prep((64, 64), "stretch", 64))
    assert isinstance(system, MaskRCNN)
    return system


@pytest.mark.parametrize(("name", "side"), [("mask-r-cnn", 14), ("mask-r-cnn-28", 28)])
@pytest.mark.parametrize("pooling", ["align", "max"])
def test_masks_are_of_the_class_that_was_found(name: str, side: int, pooling: str) -> None:
    """The head computes one class's mask alone; it is the one of all."""
    system = tiny(name, pooling=pooling).eval()
    batch = batch_of([0, 1])
    with torch.inference_mode():
        out = system(batch)
        assert isinstance(out, Masked)
        assert sum(map(len, out.found)) > 4
        assert [masks.shape[1:] for masks in out.masks] == [(side, side)] * 2
        fine, _ = system.maps(batch.pictures)
        for row, found in enumerate(out.found):
            regions = torch.cat([torch.zeros(2 - row, 4), found.boxes])  # batches of other lengths
            cells = system.pool(fine[row : row + 1], regions[None], side // 2)[0][2 - row :]
            x = system.mask.relu(system.mask.up(system.mask.convs(cells)))
            every = F.conv2d(x, system.mask.ink.weight, system.mask.ink.bias)
            own = every[torch.arange(len(found)), found.labels]
            torch.testing.assert_close(out.masks[row], own, atol=1e-5, rtol=1e-4)


def test_five_losses_also_without_a_single_thing() -> None:
    system = tiny().train()
    batch = batch_of([0, 1])
    for name in ("boxes", "labels", "ignore", "frames", "masks"):
        batch.targets[name] = [each[:0] for each in batch.targets[name]]
    with chance.at(0, 0):
        parts = system.loss(system(batch), batch)
    assert set(parts) == {"rpn_object", "rpn_box", "class", "box", "mask"}
    assert float(parts["mask"].detach()) == 0
    torch.stack(list(parts.values())).sum().backward()
    assert all(parameter.grad is not None for parameter in system.parameters())


@pytest.mark.parametrize("flip", [False, True])
def test_masks_come_back_in_the_pixels_of_their_picture(flip: bool) -> None:
    """What was cut out of a mask and pasted again is that mask, but for its rim."""
    system, data = tiny().eval(), Shapes()
    wide, high = data.size(3)
    place = Placement((64 / wide, 64 / high), (0.0, 0.0), (64, 64), flip=flip)
    targets = task("instances").collate([task("instances").encode(data, 3, place)])
    batch = Batch(torch.zeros(1, 3, 64, 64), targets, (data.size(3),), ("3",), (place,))
    boxes, labels = targets["boxes"][0], targets["labels"][0]
    masks = cut(batch, 0, boxes, torch.arange(2), 28)
    things = system.outlined(Outlines(Found(boxes, torch.tensor([0.9, 0.8]), labels), masks), batch, 0)
    for thing, truth in zip(things, data.scene(3).objects, strict=True):
        assert thing.name == truth.name
        assert thing.box == pytest.approx(truth.box, abs=0.01)
        assert thing.mask is not None
        assert truth.mask is not None
        a, b = thing.mask.array(), truth.mask.array()
        assert (a & b).sum() / (a | b).sum() > 0.94


def test_judged_by_masks() -> None:
    """The truth itself is right; with the masks of the other class's things in the same boxes, boxes alone are."""
    data, system = Shapes(), tiny()
    truths = [truth_of(data, index) for index in (0, 1, 3, 5)]
    batch = Batch(torch.zeros(4, 3, 64, 64), {"index": torch.tensor([0, 1, 3, 5])})
    right, wrong = OfInstances(system, data), OfInstances(system, data)
    right.hear(truths, batch, range(4))
    numbers = right.verdict().numbers()
    assert (numbers["map50"], numbers["map"], numbers["apr70"], numbers["box_map"]) == pytest.approx((1, 1, 1, 1))
    hollow = [
        replace(scene, objects=Objects(tuple(replace(thing, mask=_lower(thing)) for thing in scene.objects))) for scene in truths
    ]
    wrong.hear(hollow, batch, range(4))
    verdict = wrong.verdict()
    numbers = verdict.numbers()
    assert numbers["map50"] < 0.6
    assert numbers["box_map"] == pytest.approx(1)
    gap = verdict.behind(right.verdict())
    assert gap is not None
    assert gap.low > 0.2
    assert set(verdict.shown()) >= {"mask mAP@.5 %", "APr@.7 %", "box mAP@.5 %"}


def _lower(thing: Thing) -> Mask:
    """The lower half of its box."""
    assert thing.mask is not None
    x1, y1, x2, y2 = (int(edge) for edge in thing.box)
    array = np.zeros(thing.mask.size[::-1], bool)
    array[(y1 + y2) // 2 : y2, x1:x2] = True
    return Mask.of(array)


def test_more_than_a_few_hundred_masks_are_judged() -> None:
    """The library's own sum of areas ends at 255."""
    data, system = Shapes(), tiny()
    judging = OfInstances(system, data)
    truth = truth_of(data, 0)
    for _ in range(3):
        many = replace(truth, objects=Objects(tuple(replace(truth.objects[0], score=0.5) for _ in range(100))))
        judging.hear([replace(many, id="")], Batch(torch.zeros(1, 3, 8, 8), {"index": torch.tensor([0])}), [0])
    judging.tally.boxes._ids = ["a", "b", "c"]
    assert judging.verdict().numbers()["map50"] > 0.1


def test_data_without_masks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("looksay.data.doctor.gate", lambda *_, **__: None)
    material = task("instances").material()
    for marked in (True, False):
        splits = Splits(Shapes(masks=marked), Shapes(masks=marked), None, "")
        if marked:
            material.check("shapes", splits, 1, allow=False, say=lambda _: None)
            continue
        with pytest.raises(BadData, match="marks no pixels"):
            material.check("shapes", splits, 1, allow=False, say=lambda _: None)


def test_several_sizes_are_combined() -> None:
    """At its own size nothing changes; another adds what it sees, back in the picture's pixels, and masks are means."""
    system, batch = tiny().eval(), batch_of([0, 1])
    with torch.inference_mode():
        once = system(batch)
        system.views = (64,)
        same = system(batch)
        system.views = (96,)
        more = system(batch)
    for one, two in zip(once.found, same.found, strict=True):  # each box is there twice, and one of the two goes
        torch.testing.assert_close(one.boxes, two.boxes)
    for one, two in zip(once.masks, same.masks, strict=True):
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-4)
    assert not all(torch.equal(one.boxes, two.boxes) for one, two in zip(once.found, more.found, strict=True))
    large, scale = at_size(batch, 1.5)
    assert (scale, large.pictures.shape[-1], large.extent(0)) == (1.5, 96, (96, 96))
    with torch.inference_mode():
        system.views = ()
        maps, _ = system.maps(large.pictures)
        grown = [Found(each.boxes * 1.5, each.scores, each.labels) for each in more.found]
        own, _ = system.maps(batch.pictures)
        wanted = [
            (one + two) / 2
            for one, two in zip(system.masked(own, more.found, batch), system.masked(maps, grown, large), strict=True)
        ]
    for mine, mean in zip(more.masks, wanted, strict=True):
        torch.testing.assert_close(mine, mean, atol=1e-5, rtol=1e-4)
    assert all(float(each.boxes.max()) <= 64 for each in more.found)


def segment_system(*, machines: bool = True) -> SDS:
    torch.manual_seed(0)
    small = {"width": 0.25, "hidden": 32, "regions": 16, "proposals": 40, "pictures": 4, "machines": machines}
    system = weights.build("sds", CLASSES, small, Prep((64, 64), "stretch", 64))
    assert isinstance(system, SDS)
    return system


def seen_by(system: SDS, augment: Augment | None = None) -> Batch:
    feed = Feed(Shapes(), system.prep, task("instances"), Feeding(6, augment=augment), partial(_beside, system))
    (batch,) = feed.epoch(0)
    return batch


def _beside(system: SDS, picture: npt.NDArray[np.uint8], place: Placement) -> dict[str, Tensor]:
    return system.beside(picture, place, lambda _, make: make())


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_segments_overlap_things_as_their_pixels_do(flip: float) -> None:
    """The overlap that cells give is that of whole pictures; shapes of one colour are found to the pixel."""
    system = segment_system()
    batch = seen_by(system, Augment(flip=flip))
    for row in range(len(batch)):
        boxes, shares = (each[row] for each in system.asked(batch))
        found = overlaps(boxes, shares, batch, row)
        known = torch.tensor([bool(mask.any()) for mask in batch.targets["masks"][row]])
        assert bool((found.amax(dim=0) > 0.85)[known].all())
        assert not found[:, ~known].any()
        truth = cut(batch, row, batch.targets["boxes"][row], torch.arange(2), 28)
        same = overlaps(batch.targets["boxes"][row], truth, batch, row)
        assert bool((same.diagonal()[known] > 0.93).all())
        # Against pasting both into the picture.
        best = int(found[:, 1].argmax())
        paper = [pasted(shares[best : best + 1], boxes[best : best + 1], (64, 64))[0], whole_of(batch, row)]
        assert (paper[0] & paper[1]).sum() / (paper[0] | paper[1]).sum() == pytest.approx(float(found[best, 1]), abs=0.1)


def whole_of(batch: Batch, row: int) -> npt.NDArray[np.bool_]:
    """The wedge in the network's pixels."""
    inked = cut(batch, row, torch.tensor([[0.0, 0, 64, 64]]), torch.tensor([1]), 64)[0]
    return np.asarray(inked.numpy() > 0.5)


def test_without_machines_the_networks_own_classes_tell(tmp_path: Path) -> None:
    system = segment_system(machines=False)
    assert not system.finish([seen_by(system)], tmp_path, lambda _: None)
    assert not bool(system.fitted)
    assert not list(tmp_path.iterdir())


def test_machines_are_fitted_to_segments(tmp_path: Path) -> None:
    """Then they tell what is seen, and the truth's own segments are told right."""
    system = segment_system()
    batch = seen_by(system)
    optimiser = torch.optim.Adam(system.parameters(), lr=2e-3)
    for step in range(40):
        with chance.at(0, step):
            parts = system.loss(system.train()(batch), batch)
        optimiser.zero_grad()
        torch.stack(list(parts.values())).sum().backward()
        optimiser.step()
    assert not bool(system.fitted)
    assert system.finish([batch], tmp_path, lambda _: None)
    assert bool(system.fitted)
    assert not list(tmp_path.glob("*.npy"))
    batch.beside["proposals"] = batch.targets["boxes"]
    batch.beside["segments"] = [
        (255 * cut(batch, row, boxes, torch.arange(2), 28)).byte() for row, boxes in enumerate(batch.targets["boxes"])
    ]
    with torch.inference_mode():
        out = system.eval()(batch)
        assert isinstance(out, Segmented)
        said = system.strengths(out).argmax(dim=2)
    assert (said == torch.stack(batch.targets["labels"])).float().mean() > 0.8


def test_cascades_look_again_where_boxes_have_moved() -> None:
    """Masks lie in the second turn's regions; moves that are nothing leave these where they were."""
    torch.manual_seed(0)
    system = weights.build(
        "cascades",
        CLASSES,
        {"width": 0.25, "hidden": 32, "regions": 16, "proposals": 20, "inks": 32},
        Prep((64, 64), "stretch", 64),
    ).eval()
    assert isinstance(system, Cascades)
    batch = batch_of([0, 1])
    with torch.inference_mode():
        out = system(batch)
        assert isinstance(out, Cascaded)
        assert out.again is not None
        assert out.inked is not None
        number = out.logits[..., 1:].argmax(dim=2)
        for row in range(2):
            moves = out.moves[row, torch.arange(out.moves.shape[1]), number[row]]
            wanted = decode(moves, out.boxes[row], WEIGHTS).clamp(0, 64)
            used = out.used[row] & ((wanted[:, 2:] - wanted[:, :2]).amin(dim=1) > 1)
            torch.testing.assert_close(out.again.boxes[row][used], wanted[used], atol=1e-4, rtol=1e-4)
        for row, (found, masks, canvas) in enumerate(system.outlines(out, batch)):
            assert isinstance(found, Traced)
            assert canvas is not None
            torch.testing.assert_close(canvas, out.again.boxes[row, found.origin])
            torch.testing.assert_close(masks, out.inked[row, found.origin].sigmoid())
        system.head.move.weight.zero_()
        system.head.move.bias.zero_()
        still = system(batch)
        assert isinstance(still, Cascaded)
        assert still.again is not None
        torch.testing.assert_close(still.again.boxes[still.used], still.boxes[still.used], atol=1e-4, rtol=0)
        # The same head on the same cells, but for its ReLUs' names.
        torch.testing.assert_close(still.inked, still.masks, atol=1e-3, rtol=1e-3)


def test_columns_are_judged_by_the_classifiers_near_them() -> None:
    """Against a loop: at the corner of a box the corner's classifier alone, halfway between two their mean."""
    torch.manual_seed(1)
    head = Columns(6, 3, 3, 5)
    torch.nn.init.normal_(head.offsets)
    columns, labels = torch.randn(4, 6, 5, 5), torch.tensor([2, 0, 1, 2])
    found = head(columns, labels).detach()
    for row, label in enumerate(labels.tolist()):
        said = torch.einsum("gc,cij->gij", head.slopes[label], columns[row]) + head.offsets[label][:, None, None]
        said = said.detach().view(3, 3, 5, 5)
        assert float(found[row, 0, 0]) == pytest.approx(float(said[0, 0, 0, 0]), abs=1e-5)
        assert float(found[row, 2, 4]) == pytest.approx(float(said[1, 2, 2, 4]), abs=1e-5)
        assert float(found[row, 1, 0]) == pytest.approx(float(said[0, 0, 1, 0] + said[1, 0, 1, 0]) / 2, abs=1e-5)
        mean = (said[0, 1, 1, 3] + said[0, 2, 1, 3] + said[1, 1, 1, 3] + said[1, 2, 1, 3]) / 4
        assert float(found[row, 1, 3]) == pytest.approx(float(mean), abs=1e-5)
