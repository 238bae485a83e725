"""SSD's default boxes, matching, mining and loss against slow loops and numbers worked by hand; small networks that learn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from looksay import weights
from looksay.errors import BadConfig
from looksay.nn.placement import Placement
from looksay.nn.system import Batch
from looksay.systems.detect.ssd import (
    LAYOUTS,
    SSD,
    VARIANCE,
    Boxed,
    SSDConfig,
    counted,
    decode,
    default_boxes,
    encode,
    targets_of,
)  # fmt: skip

CLASSES = ("disc", "square", "bar")
Truth = tuple[Tensor, Tensor, Tensor]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(2)
    yield
    torch.set_num_threads(before)


def _small(side: int = 64, network: str = "house", width: float = 0.25) -> SSD:
    usual = weights.build("ssd", CLASSES, {"network": network, "width": width})
    system = weights.build("ssd", CLASSES, {"network": network, "width": width}, replace(usual.prep, size=(side, side)))
    assert isinstance(system, SSD)
    return system


def _truth(*rows: tuple[float, float, float, float, int], ignore: tuple[int, ...] = ()) -> Truth:
    table = torch.tensor(rows).reshape(-1, 5)
    vague = torch.tensor([place in ignore for place in range(len(rows))], dtype=torch.bool)
    return table[:, :4].float(), table[:, 4].long(), vague


def _batch(pictures: Tensor, truths: list[Truth]) -> Batch:
    boxes, labels, ignore = (list(column) for column in zip(*truths, strict=True))
    return Batch(pictures, {"boxes": boxes, "labels": labels, "ignore": ignore})


def _iou(a: Tensor, b: Tensor) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(float(wide), 0.0) * max(float(high), 0.0)
    return shared / float((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def test_default_boxes_lie_where_the_numbers_say() -> None:
    layout = LAYOUTS["house"]
    out = Boxed(torch.zeros(0), torch.zeros(0), ((32, 32), (16, 16), (8, 8), (4, 4), (2, 2)), (128, 128))
    boxes = default_boxes(out, layout)
    assert boxes.shape == (32 * 32 * 4 + 16 * 16 * 4 + (64 + 16 + 4) * 6, 4)
    side = 0.094 * 128
    torch.testing.assert_close(boxes[0], torch.tensor([2 - side / 2, 2 - side / 2, 2 + side / 2, 2 + side / 2]))
    between = 128 * math.sqrt(0.094 * 0.156)
    second = boxes[4 * 32 + 1]  # the first place of the second row
    torch.testing.assert_close(second, torch.tensor([2 - between / 2, 6 - between / 2, 2 + between / 2, 6 + between / 2]))
    wide = boxes[4 * 32 + 2]
    assert float((wide[2] - wide[0]) / (wide[3] - wide[1])) == pytest.approx(2)
    assert float((wide[2] - wide[0]) * (wide[3] - wide[1])) == pytest.approx(side**2, rel=1e-5)
    last = boxes[-1]  # ratio 1:3 in the lower right cell
    assert (float(last[0] + last[2]) / 2, float(last[1] + last[3]) / 2) == pytest.approx((96, 96))
    assert float(last[2] - last[0]) == pytest.approx(0.703 * 128 / math.sqrt(3), rel=1e-5)
    assert float(last[3] - last[1]) == pytest.approx(128)  # none is larger than the picture


def test_codes_are_worked_numbers_and_come_back() -> None:
    default = torch.tensor([[10.0, 10, 30, 50]])
    box = torch.tensor([[12.0, 20, 52, 40]])
    code = encode(box, default)
    wanted = (12 / 20 * VARIANCE[0], 0.0, math.log(2) * VARIANCE[2], math.log(0.5) * VARIANCE[3])
    torch.testing.assert_close(code, torch.tensor([wanted]))
    torch.testing.assert_close(decode(code, default), box)
    some = torch.rand(50, 2) * 60
    boxes, defaults = (torch.cat([some, some + 1 + 40 * torch.rand(50, 2)], 1) for _ in range(2))
    torch.testing.assert_close(decode(encode(boxes, defaults), defaults), boxes, rtol=1e-4, atol=1e-3)


def _slowly(defaults: Tensor, truth: Truth) -> list[int]:
    """The truth's number + 1 for each default box, 0 background, -1 neither."""
    boxes, _, ignore = truth
    real = [row for row in range(len(boxes)) if not ignore[row]]
    found = []
    for default in defaults:
        best = max(real, key=lambda row: _iou(default, boxes[row]), default=-1)
        said = 1 + best if best >= 0 and _iou(default, boxes[best]) >= 0.5 else 0
        if not said:
            for row in range(len(boxes)):
                low, high = torch.maximum(default[:2], boxes[row][:2]), torch.minimum(default[2:], boxes[row][2:])
                share = float((high - low).clamp(min=0).prod() / (default[2:] - default[:2]).prod())
                said = -1 if ignore[row] and share >= 0.5 else said
        found.append(said)
    for row in real:
        found[max(range(len(defaults)), key=lambda place: _iou(defaults[place], boxes[row]))] = 1 + row
    return found


def test_matching_is_that_of_a_slow_loop() -> None:
    low = torch.rand(300, 2) * 50
    defaults = torch.cat([low, low + 4 + 20 * torch.rand(300, 2)], dim=1)
    truths = [
        _truth((3, 4, 20, 18, 1), (5, 4, 22, 18, 0), (40, 40, 41, 60, 2)),
        _truth(),
        _truth((0, 0, 40, 40, 2), (30, 30, 55, 50, 0), (31, 31, 55, 50, 1), ignore=(0,)),
        _truth((10, 10, 64, 64, 1), ignore=(0,)),
    ]
    target, boxes = targets_of(defaults, truths)
    for row, truth in enumerate(truths):
        wanted = _slowly(defaults, truth)
        labels = [max(number, 0) and 1 + int(truth[1][number - 1]) for number in wanted]
        assert target[row].tolist() == [-1 if number < 0 else label for number, label in zip(wanted, labels, strict=True)]
        for place, number in enumerate(wanted):
            if number > 0:
                assert torch.equal(boxes[row, place], truth[0][number - 1])
    assert (target[1] == 0).all()
    assert (target == -1).sum() > 20
    assert all(kind in target[0] for kind in (1, 2, 3))


def test_three_of_the_worst_count_for_each_that_is_right() -> None:
    logits = torch.randn(3, 40, 4)
    target = torch.zeros(3, 40, dtype=torch.int64)
    target[0, [4, 9]], target[1, :38], target[1, 38] = torch.tensor([1, 3]), 2, -1
    target[2, 5:] = -1
    counts = counted(logits, target)
    wrong = -torch.log_softmax(logits, dim=2)[..., 0]
    for row, wanted in enumerate((6, 1, 3)):
        others = sorted((float(wrong[row, place]), place) for place in range(40) if target[row, place] == 0)[-wanted:]
        right = [place for place in range(40) if target[row, place] > 0]
        assert counts[row].nonzero().flatten().tolist() == sorted(right + [place for _, place in others])


def test_pictures_without_things_teach_without_harm() -> None:
    system = _small().train()
    empty = _truth()
    crowd = _truth((0, 0, 64, 64, 1), ignore=(0,))
    for truths in ([empty, empty], [empty, crowd], [crowd, crowd]):
        batch = _batch(torch.randn(2, 3, 64, 64), truths)
        with torch.autocast("cpu", torch.bfloat16):
            parts = system.loss(system(batch), batch)
        assert all(part.dtype == torch.float32 for part in parts.values())
        system.zero_grad()
        sum(parts.values(), torch.zeros(())).backward()
        for name, parameter in system.named_parameters():
            assert parameter.grad is not None, name
            assert bool(torch.isfinite(parameter.grad).all()), name
    mixed = _batch(torch.randn(2, 3, 64, 64), [empty, _truth((8, 8, 30, 30, 0))])
    parts = system.loss(system(mixed), mixed)
    assert float(parts["box"].detach()) > 0


def _scene(kind: int, x: int, y: int, size: int) -> tuple[Tensor, Truth]:
    """A grey picture with one white disc, square or bar."""
    picture = torch.zeros(3, 64, 64)
    high = size // 3 if kind == 2 else size
    part = torch.ones(high, size)
    if kind == 0:
        across = torch.arange(size) - (size - 1) / 2
        part = ((across[:, None] ** 2 + across**2) <= (size / 2) ** 2).float()
    picture[:, y : y + high, x : x + size] = 2 * part
    return picture, _truth((x, y, x + size, y + high, kind))


def test_learns_what_is_where() -> None:
    system = _small().train()
    rows = [_scene(0, 5, 8, 20), _scene(1, 34, 30, 24), _scene(2, 10, 40, 36), _scene(1, 3, 3, 11)]
    batch = _batch(torch.stack([picture for picture, _ in rows]), [truth for _, truth in rows])
    optimiser = torch.optim.Adam(system.parameters(), lr=4e-3)
    first = math.inf
    for step in range(60):
        parts = system.loss(system(batch), batch)
        optimiser.zero_grad()
        torch.stack(list(parts.values())).sum().backward()
        optimiser.step()
        if not step:
            first = float(parts["class"].detach())
    assert 0.8 * 4 * math.log(4) < first < 1.6 * 4 * math.log(4)  # four places for each that is right, four answers to each
    system.eval()
    looked = Batch(batch.pictures, {}, ((128, 64),) * 4, ("a", "b", "c", "d"))
    looked.places = (Placement(scale=(0.5, 1.0), size=(64, 64)),) * 4
    with torch.inference_mode():
        out = system(looked)
        found, scenes = system.detect(out, looked), system.read(out, looked)
    for row, (_, (boxes, labels, _)) in enumerate(rows):
        best, seen = found[row][torch.tensor([0])], scenes[row].objects[0]
        assert best.labels.tolist() == labels.tolist()
        assert float(best.scores) > 0.6
        assert _iou(best.boxes[0], boxes[0]) > 0.7
        assert seen.name == CLASSES[int(labels)]
        assert seen.box == pytest.approx([float(v) * (2, 1, 2, 1)[i] for i, v in enumerate(best.boxes[0])], abs=1e-3)
    assert all(score.scores.tolist() == sorted(score.scores.tolist(), reverse=True) for score in found)


def test_aims_rank_as_scores_do_and_have_a_slope() -> None:
    system = _small().eval()
    pictures = torch.randn(2, 3, 64, 64, requires_grad=True)
    out = system(Batch(pictures))
    (slope,) = torch.autograd.grad(system.aim(out, "").sum(), pictures, retain_graph=True)
    assert bool(slope.flatten(1).any(dim=1).all())
    scores = out.logits.softmax(dim=2)[..., 2]
    ranked = scores.sort(dim=1, descending=True).values
    for place in (0, 3):
        chance = torch.sigmoid(system.aim(out, f"square:{place}"))
        torch.testing.assert_close(chance, ranked[:, place])
    sure = Boxed(torch.tensor([[[0.0, 40.0, 0.0, 0.0]]], requires_grad=True), torch.zeros(1, 1, 4), ((1, 1),), (64, 64))
    (slope,) = torch.autograd.grad(system.aim(sure, "disc").sum(), sure.logits)
    assert bool(torch.isfinite(slope).all())


def test_truths_without_a_default_box_are_counted() -> None:
    system = _small(128)
    truths = [
        _truth((10, 10, 40, 40, 0), (0, 0, 128, 6, 1), (60, 60, 62, 62, 2)),
        _truth((0, 0, 128, 6, 1), ignore=(0,)),
        _truth(),
    ]
    before = {name: value.clone() for name, value in system.train().state_dict().items()}
    assert system.unmatched(_batch(torch.randn(3, 3, 128, 128), truths)) == 2
    assert system.training
    assert all(torch.equal(before[name], value) for name, value in system.state_dict().items())


@pytest.mark.parametrize("network", ["house", "vgg16", "mobilenet-v3"])
def test_networks_look_at_pictures_of_any_size_part_by_part(network: str) -> None:
    for side in (40, 72):
        system = _small(side, network, 0.125).eval()
        fired: list[str] = []
        for name, module in system.taps().items():
            module.register_forward_hook(lambda _module, _given, _out, name=name, fired=fired: fired.append(name))
        with torch.inference_mode():
            out = system(Batch(torch.randn(1, 3, side, side)))
        assert fired == list(system.taps())
        assert len(out.grids) == len(system.layout.ratios)
        assert out.logits.shape[:2] == (1, len(default_boxes(out, system.layout)))


def test_begins_with_the_classifiers_body() -> None:
    with torch.device("meta"):
        system, classifier = weights.build("ssd", CLASSES), weights.build("small-m", CLASSES)
    own, theirs = system.state_dict(), classifier.state_dict()
    shared = [name for name in theirs if name.startswith("body.")]
    assert shared
    assert all(own[name].shape == theirs[name].shape for name in shared)
    assert system.prep == replace(classifier.prep, mode="stretch")


def test_scales_are_one_for_each_map_and_one_more() -> None:
    with pytest.raises(BadConfig, match="give 6"):
        SSD(CLASSES, SSDConfig(scales=(0.1, 0.5)))
    scales = (0.05, 0.1, 0.2, 0.4, 0.6, 0.9)
    assert SSD(CLASSES, SSDConfig(width=0.25, scales=scales)).layout.scales == scales
