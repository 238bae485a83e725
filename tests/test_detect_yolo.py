"""YOLO and YOLOv2: their losses against loops written from the papers, what each switch changes, and shapes of boxes."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from looksay import weights
from looksay.errors import BadConfig
from looksay.nn.system import Batch
from looksay.ops.cluster import shape_iou, typical_shapes
from looksay.registry import find
from looksay.systems.detect.yolo import Yolo, YoloConfig
from looksay.systems.detect.yolo2 import BY_HAND, PATH, Yolo2, Yolo2Config

KINDS = ("cat", "dog", "cow", "car")
SIDE = 64
THINGS = (
    # Two that share a cell, and a small vague one between the centres of cells.
    ([[4.0, 6, 30, 40], [33, 10, 60, 30], [36, 12, 52, 24], [50, 50, 54, 53]], [0, 1, 2, 3], [False, False, False, True]),
    ([], [], []),
    ([[8.0, 8, 56, 60], [0, 0, 20, 20]], [3, 1], [False, True]),
)


def _batch() -> Batch:
    torch.manual_seed(3)
    targets = {
        "boxes": [torch.tensor(boxes).reshape(-1, 4) for boxes, _, _ in THINGS],
        "labels": [torch.tensor(labels, dtype=torch.int64) for _, labels, _ in THINGS],
        "ignore": [torch.tensor(ignore, dtype=torch.bool) for _, _, ignore in THINGS],
    }
    return Batch(torch.randn(3, 3, SIDE, SIDE), targets)


def _build(name: str, **settings: Any) -> Any:
    torch.manual_seed(1)
    system = weights.build(name, KINDS, {"width": 0.25, **settings})
    return weights.build(name, KINDS, {"width": 0.25, **settings}, _sized(system.prep))


def _sized(prep: Any) -> Any:
    return replace(prep, size=(SIDE, SIDE), resize=SIDE)


def _stirred(system: nn.Module) -> Any:
    """Weights large enough that boxes differ."""
    torch.manual_seed(5)
    for parameter in system.parameters():
        parameter.data += 0.01 * torch.randn_like(parameter)
    return system.eval()


def _iou(a: list[float], b: list[float]) -> float:
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = wide * high
    return both / max((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both, 1e-12)


def _owners(rows: int, columns: int, picture: int) -> dict[int, tuple[list[float], int]]:
    """Cell → (box in shares, class); the larger of two."""
    boxes, labels, ignore = THINGS[picture]
    found: dict[int, tuple[list[float], int]] = {}
    for box, label, vague in zip(boxes, labels, ignore, strict=True):
        if vague:
            continue
        own = [edge / SIDE for edge in box]
        cell = int((own[1] + own[3]) / 2 * rows) * columns + int((own[0] + own[2]) / 2 * columns)
        area = (own[2] - own[0]) * (own[3] - own[1])
        if cell not in found or area > (found[cell][0][2] - found[cell][0][0]) * (found[cell][0][3] - found[cell][0][1]):
            found[cell] = (own, label)
    return found


def _vague(rows: int, columns: int, picture: int, cell: int) -> bool:
    x, y = (cell % columns + 0.5) * SIDE / columns, (cell // columns + 0.5) * SIDE / rows
    boxes, _, ignore = THINGS[picture]
    for box, vague in zip(boxes, ignore, strict=True):
        own = (box[1] + box[3]) / 2 * rows // SIDE * columns + (box[0] + box[2]) / 2 * columns // SIDE
        if vague and (own == cell or (box[0] <= x <= box[2] and box[1] <= y <= box[3])):
            return True
    return False


def _slow_yolo(said: Tensor, boxes: int) -> dict[str, float]:
    parts = dict.fromkeys(("place", "size", "object", "nothing", "class"), 0.0)
    count, rows, columns, _ = said.shape
    for picture in range(count):
        owners = _owners(rows, columns, picture)
        for cell in range(rows * columns):
            row, column = divmod(cell, columns)
            numbers = said[picture, row, column].tolist()
            own = [numbers[5 * b : 5 * b + 5] for b in range(boxes)]
            fits: list[float] = []
            if cell in owners:
                truth, label = owners[cell]
                for x, y, w, h, _ in own:
                    cx, cy = (x + column) / columns, (y + row) / rows
                    fits.append(_iou([cx - w * w / 2, cy - h * h / 2, cx + w * w / 2, cy + h * h / 2], truth))
                best = fits.index(max(fits))
                x, y, w, h, sure = own[best]
                tx, ty = (truth[0] + truth[2]) / 2 * columns - column, (truth[1] + truth[3]) / 2 * rows - row
                tw, th = math.sqrt(truth[2] - truth[0]), math.sqrt(truth[3] - truth[1])
                parts["place"] += 5 * ((x - tx) ** 2 + (y - ty) ** 2)
                parts["size"] += 5 * ((w - tw) ** 2 + (h - th) ** 2)
                parts["object"] += (sure - max(fits)) ** 2
                for kind, chance in enumerate(numbers[5 * boxes :]):
                    parts["class"] += (chance - (kind == label)) ** 2
            elif _vague(rows, columns, picture, cell):
                continue
            for number, (_, _, _, _, sure) in enumerate(own):
                if not fits or number != fits.index(max(fits)):
                    parts["nothing"] += 0.5 * sure**2
    return {name: value / count for name, value in parts.items()}


def test_the_five_parts_are_those_of_the_formula() -> None:
    system = _stirred(_build("yolo"))
    batch = _batch()
    out = system(batch)
    found = {name: float(part.detach()) for name, part in system.loss(out, batch).items()}
    assert found == pytest.approx(_slow_yolo(out.said.detach(), 2), rel=1e-4)
    assert all(value > 0 for value in found.values())


@pytest.mark.parametrize("name", ["yolo", "yolo2"])
def test_a_page_without_things_costs_only_what_is_seen_there(name: str) -> None:
    system = _build(name)
    batch = _batch()
    empty = {"boxes": [torch.zeros(0, 4)] * 3, "labels": [torch.zeros(0).long()] * 3, "ignore": [torch.zeros(0).bool()] * 3}
    parts = system.loss(system(batch), Batch(batch.pictures, empty))
    assert {name for name, part in parts.items() if float(part.detach())} == {"nothing"}
    sum(parts.values()).backward()
    assert all(bool(parameter.grad.isfinite().all()) for parameter in system.parameters())


def test_the_papers_network() -> None:
    kinds = tuple(f"kind {number}" for number in range(20))
    with torch.device("meta"):
        system = Yolo(kinds, YoloConfig("paper", hidden=4096))
    convolutions = [part for part in system.modules() if isinstance(part, nn.Conv2d)]
    full = [part for part in system.modules() if isinstance(part, nn.Linear)]
    assert (len(convolutions), len(full)) == (24, 2)
    assert system.grid == (7, 7)
    assert full[-1].out_features == 1470
    assert full[0].in_features == 7 * 7 * 1024
    assert convolutions[0].kernel_size == (7, 7)


@pytest.mark.parametrize("side", [96, 100, 112, 144, 160, 176])
def test_the_papers_networks_take_any_size(side: int) -> None:
    for name, stride, settings in (
        ("yolo-448", 64, {"hidden": 16}),
        ("yolo2-darknet19", 32, {}),
        ("yolo2-darknet19", 32, {"convolutional": False, "hidden": 16}),
    ):
        some = {"width": 0.05, **settings}
        system = weights.build(name, KINDS, some, replace(weights.build(name, KINDS, some).prep, size=(side, side), resize=side))
        out: Any = system.eval()(Batch(torch.randn(1, 3, side, side)))
        assert out.said.shape[1:3] == (-(-side // stride),) * 2


def test_what_cannot_take_another_size_says_so() -> None:
    other = Batch(torch.randn(2, 3, 96, 96))
    for system in (_build("yolo"), _build("yolo2", convolutional=False, multi_scale=False)):
        with pytest.raises(BadConfig, match="fully connected layers take pictures of 64 x 64, not 96 x 96"):
            system.eval()(other)
    one = _build("yolo2", multi_scale=False)
    assert one.eval()(other).said.shape[1:3] == (6, 6)  # looking may
    with pytest.raises(BadConfig, match="multi_scale is off"):
        one.train()(other)
    assert _build("yolo2").train()(other).said.shape[1:3] == (6, 6)


def test_aims_rank_as_scores_do_and_have_a_slope() -> None:
    system = _build("yolo")
    out = system(_batch())
    out.said = torch.randn_like(out.said) * 0.8 + 0.3  # below zero, in between, and above one
    out.said.requires_grad_()
    scores, strengths = system.scores(out)[1].detach(), system.strengths(out)
    _, sure, kinds = system.parts(out)
    inside = ((sure > 0) & (sure < 1))[..., None] & ((kinds > 0) & (kinds < 1))[:, :, None]
    plain = inside.flatten(1, 2)
    torch.testing.assert_close(strengths[plain], scores[plain])
    assert bool((strengths[scores == 0] <= 0).all())
    assert bool((strengths[scores > 0] > 0).all())
    assert float((strengths.detach() - scores).abs()[scores > 0].max()) < 0.06
    (slope,) = torch.autograd.grad(strengths.sum(), out.said)
    assert bool((slope.unflatten(-1, (-1,))[..., [4, 9]] != 0).all())


def test_scores_are_class_times_object() -> None:
    system = _stirred(_build("yolo"))
    out = system(_batch())
    boxes, scores = system.scores(out)
    said = out.said[0, 1, 2]
    place = (1 * out.said.shape[2] + 2) * 2 + 1  # the second box of that cell
    sure, kinds = said[9].clamp(0, 1), said[10:].clamp(0, 1)
    assert torch.allclose(scores[0, place], sure * kinds)
    centre = (boxes[0, place, :2] + boxes[0, place, 2:]) / 2
    assert torch.allclose(centre, (said[5:7] + torch.tensor([2.0, 1.0])) * 16, atol=1e-4)
    assert torch.allclose(boxes[0, place, 2:] - boxes[0, place, :2], said[7:9].square() * SIDE, atol=1e-4)


def test_things_that_share_a_cell_are_announced() -> None:
    assert _build("yolo").unmatched(_batch()) == 1
    assert _build("yolo2").unmatched(_batch()) <= 1  # of different shapes, each has a box of its own


def _slow_anchored(system: Yolo2, out: Any) -> dict[str, float]:
    parts = dict.fromkeys(("place", "size", "object", "nothing", "class"), 0.0)
    count, rows, columns, _ = out.said.shape
    shapes = system.shapes
    for picture in range(count):
        truths = [([edge / SIDE for edge in box], label) for box, label, vague in zip(*THINGS[picture], strict=True) if not vague]
        wanted: dict[tuple[int, int], tuple[list[float], int]] = {}
        for own, label in sorted(truths, key=lambda each: (each[0][2] - each[0][0]) * (each[0][3] - each[0][1])):
            cell = int((own[1] + own[3]) / 2 * rows) * columns + int((own[0] + own[2]) / 2 * columns)
            size = (own[2] - own[0], own[3] - own[1])
            alike = [_iou([0, 0, *size], [0, 0, *shape]) for shape in shapes]
            wanted[cell, alike.index(max(alike))] = (own, label)
        for cell in range(rows * columns):
            row, column = divmod(cell, columns)
            for number, (wide, high) in enumerate(shapes):
                said = out.said[picture, row, column].view(len(shapes), -1)[number].detach().double()
                x, y, w, h = said[:4].tolist()
                if system.config.location_prediction:
                    x, y = (1 / (1 + math.exp(-each)) for each in (x, y))
                    cx, cy = (column + x) / columns, (row + y) / rows
                else:
                    cx, cy = (column + 0.5) / columns + x * wide, (row + 0.5) / rows + y * high
                bw, bh = wide * math.exp(w), high * math.exp(h)
                box = [cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2]
                sure = 1 / (1 + math.exp(-float(said[4])))
                if (cell, number) in wanted:
                    truth, label = wanted[cell, number]
                    tw, th = truth[2] - truth[0], truth[3] - truth[1]
                    tx, ty = (truth[0] + truth[2]) / 2, (truth[1] + truth[3]) / 2
                    if system.config.location_prediction:
                        ox, oy = tx * columns - column, ty * rows - row
                    else:
                        ox, oy = (tx - (column + 0.5) / columns) / wide, (ty - (row + 0.5) / rows) / high
                    small = 2 - tw * th
                    parts["place"] += small * ((x - ox) ** 2 + (y - oy) ** 2)
                    parts["size"] += small * ((w - math.log(tw / wide)) ** 2 + (h - math.log(th / high)) ** 2)
                    parts["object"] += 5 * (sure - _iou(box, truth)) ** 2
                    parts["class"] -= float(said[5:].log_softmax(dim=0)[label])
                elif not _vague(rows, columns, picture, cell) and max([_iou(box, own) for own, _ in truths], default=0.0) < 0.6:
                    parts["nothing"] += sure**2
    return {name: value / count for name, value in parts.items()}


@pytest.mark.parametrize("inside", [True, False])
def test_yolo2_learns_what_the_paper_says(inside: bool) -> None:
    system = _stirred(_build("yolo2", location_prediction=inside))
    batch = _batch()
    out = system(batch)
    found = {name: float(part.detach()) for name, part in system.loss(out, batch).items()}
    assert found.pop("page") == 0.0
    assert found == pytest.approx(_slow_anchored(system, out), rel=1e-3)


@pytest.mark.parametrize("steps", range(len(PATH) + 1))
def test_every_step_of_the_path_learns_and_looks(steps: int) -> None:
    recipe = Yolo2.RECIPES[f"path-{steps}"]
    on = [name for name in PATH if recipe.settings[name]]
    assert on == list(PATH[:steps])
    system = _build("yolo2", **recipe.settings)
    batch = _batch()
    parts = system.train().loss(system(batch), batch)
    sum(parts.values()).backward()
    assert all(bool(part.isfinite()) for part in parts.values())
    norms = [part for part in system.modules() if isinstance(part, nn.BatchNorm2d)]
    assert bool(norms) is ("batch_norm" in on)
    assert any(isinstance(part, nn.Linear) for part in system.head.modules()) is ("convolutional" not in on)
    assert len(system.eval().read(system(batch), batch)) == 3
    sizes = {recipe.stages[-1].img_size, *recipe.stages[-1].augment.sizes}
    assert (len(sizes) > 1) is ("multi_scale" in on)
    assert (recipe.stages[-1].img_size == 160) is ("hires_detector" in on)


def test_tuning_the_classifier_teaches_no_boxes() -> None:
    system = _build("yolo2").train()
    system.stage = "classify"
    batch = _batch()
    parts = system.loss(system(batch), batch)
    sum(parts.values()).backward()
    assert float(parts["page"].detach()) == pytest.approx(len(KINDS) * math.log(2), rel=0.05)
    assert not bool(system.head[1].weight.grad.any())
    assert bool(system.body.stem[0].weight.grad.any())


def test_without_the_switch_that_stage_teaches_boxes() -> None:
    system = _build("yolo2", hires_classifier=False).train()
    system.stage = "classify"
    parts = system.loss(system(_batch()), _batch())
    assert float(parts["page"].detach()) == 0
    assert float(parts["class"].detach()) > 0


def test_weights_without_norms_are_adopted_as_they_are() -> None:
    plain = _build("yolo2", batch_norm=False)
    own = plain.state_dict()
    taken = plain.adopt(own)
    assert all(torch.equal(taken[name], tensor) for name, tensor in own.items())


def test_norms_merge_into_convolutions() -> None:
    whole = _build("yolo2").eval()
    for part in whole.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_var, 0.5, 2.0)
            nn.init.normal_(part.running_mean)
            nn.init.uniform_(part.weight, 0.5, 2.0)
    plain = _build("yolo2", batch_norm=False).eval()
    own = plain.state_dict()
    taken = plain.adopt(whole.state_dict())
    plain.load_state_dict(
        {name: value for name, value in taken.items() if name in own and name.startswith("body.")}, strict=False
    )
    x = torch.randn(2, 3, SIDE, SIDE)
    for ours, theirs in zip(plain.body(x).values(), whole.body(x).values(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-3, rtol=1e-3)


def test_one_network_at_many_sizes() -> None:
    system = _build("yolo2").eval()
    for side in (96, 128, 224):
        out = system(Batch(torch.randn(1, 3, side, side)))
        assert out.said.shape[1:3] == (-(-side // 16),) * 2


def test_darknet_19() -> None:
    with torch.device("meta"):
        system = find("yolo2-darknet19").build()(KINDS, Yolo2Config("darknet", channels=1024, fine=64))

    def convolutions(part: nn.Module) -> list[nn.Conv2d]:
        return [each for each in part.modules() if isinstance(each, nn.Conv2d)]

    assert len(convolutions(system.body)) == 18  # the nineteenth says the class
    assert len(convolutions(system)) == 23  # and three of 1024 channels, that of the passthrough, and what is said
    wide = [(each.in_channels, each.out_channels) for each in (*convolutions(system.deep), convolutions(system.head)[0])]
    assert wide == [(1024, 1024), (1024, 1024), (1024 + 4 * 64, 1024)]
    assert system.fine.conv.weight.shape == (64, 512, 1, 1)
    assert system.size_for(system.config) == 544
    out = system(Batch(torch.zeros(1, 3, 416, 416, device="meta")))
    assert out.said.shape == (1, 13, 13, 5 * (5 + len(KINDS)))


def test_typical_shapes() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[0.1, 0.1], [0.1, 0.4], [0.5, 0.2], [0.8, 0.8]])
    shapes = np.concatenate([centre * np.exp(0.05 * rng.standard_normal((50, 2))) for centre in centres])
    found, fit = typical_shapes(rng.permutation(shapes), 4)
    assert np.allclose(found, centres, rtol=0.1)
    assert fit > 0.9
    again, _ = typical_shapes(shapes, 4)
    assert np.allclose(found, again)
    fits = [typical_shapes(shapes, count)[1] for count in range(1, 6)]
    assert all(low <= high + 1e-9 for low, high in pairwise(fits))


def test_shape_iou_by_hand() -> None:
    assert shape_iou(np.array([[2.0, 1.0]]), np.array([[1.0, 2.0], [2.0, 1.0], [4.0, 1.0]])).tolist() == [[1 / 3, 1.0, 0.5]]


def test_priors_come_from_the_users_own_boxes() -> None:
    shapes = np.repeat([[0.05, 0.1], [0.3, 0.2], [0.9, 0.9]], 20, axis=0)
    config = Yolo2.settled(Yolo2Config(kinds=3), shapes, 128)
    assert config.priors == ((0.05, 0.1), (0.3, 0.2), (0.9, 0.9))
    assert Yolo2(KINDS, config).shapes == config.priors
    assert Yolo2.settled(Yolo2Config(), np.zeros((4, 2)), 128).priors == ()  # boxes without extent are no shapes
    tiny = Yolo2.settled(Yolo2Config(kinds=1), np.full((9, 2), 2e-5), 128)
    assert tiny.priors == ((2e-5, 2e-5),)
    by_hand = Yolo2.settled(Yolo2Config(dimension_priors=False), shapes, 128)
    assert Yolo2(KINDS, by_hand).shapes == BY_HAND


def test_what_looks_alike_is_as_many_pixels_large_in_a_picture_of_any_size() -> None:
    config = Yolo2.settled(Yolo2Config(width=0.25, kinds=2), np.repeat([[0.1, 0.2], [0.5, 0.5]], 20, axis=0), 64)
    system = Yolo2(KINDS, config).eval()
    for side in (64, 96, 128):
        out = system(Batch(torch.zeros(1, 3, side, side)))
        out.said.zero_()
        boxes = system.scores(out)[0].view(-1, len(system.shapes), 4)
        assert torch.allclose(boxes[..., 2:] - boxes[..., :2], 64 * torch.tensor(system.shapes), atol=1e-3)
