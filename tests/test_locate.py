"""Localization: heads beside a frozen classifier, windows seen at once against crops, the greedy merge against a slow one,
ImageNet's rule against numbers worked by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay import weights
from looksay.errors import BadData, BadValue, UnknownName
from looksay.measure.locate import Causes, LocateTally
from looksay.nn.locator import Locator
from looksay.nn.placement import Placement
from looksay.nn.system import Batch
from looksay.scene import Label, Labels, Objects, Scene, Thing
from looksay.systems.locate.localizer import Localizer
from looksay.systems.locate.overfeat import OverFeat, distances, merge
from looksay.systems.locate.sliding import Sliding, SlidingConfig, windows_of

CLASSES = ("disc", "square", "bar")
TINY: dict[str, tuple[dict[str, Any], int]] = {
    "localizer": ({"width": 0.25}, 64),
    "localizer-agnostic": ({"width": 0.25}, 64),
    "overfeat": ({"width": 0.25, "dropout": 0.0}, 64),
    "sliding-window": ({"width": 0.25, "input": 32, "sizes": (0.9, 0.5)}, 64),
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(4)
    yield
    torch.set_num_threads(before)


def _tiny(name: str, classes: tuple[str, ...] = CLASSES) -> Any:
    settings, side = TINY[name]
    usual = weights.build(name, classes, settings)
    return weights.build(name, classes, settings, replace(usual.prep, size=(side, side), resize=side))


def _stirred(system: nn.Module) -> Any:
    """With statistics of batch norm as after a training, biases, and answers that differ."""
    for part in system.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.running_mean, 0, 0.2)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
        elif isinstance(part, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(part.weight, 0, (2 / part.weight[0].numel()) ** 0.5)
            if part.bias is not None:
                nn.init.normal_(part.bias, 0, 0.2)
    return system.eval()


def _scene(kind: int, x: int, y: int, size: int) -> tuple[Tensor, list[float]]:
    """A dark picture of 64 pixels with one bright disc, square or bar, and its box."""
    picture = torch.randn(3, 64, 64) * 0.1
    high = size // 3 if kind == 2 else size
    part = torch.ones(high, size)
    if kind == 0:
        across = torch.arange(size) - (size - 1) / 2
        part = ((across[:, None] ** 2 + across**2) <= (size / 2) ** 2).float()
    picture[:, y : y + high, x : x + size] += 2 * part
    return picture, [x, y, x + size, y + high]


def _batch(*rows: tuple[int, int, int, int]) -> Batch:
    made = [_scene(*row) for row in rows]
    targets = {"label": torch.tensor([row[0] for row in rows]), "box": torch.tensor([box for _, box in made]).float()}
    return Batch(torch.stack([picture for picture, _ in made]), targets)


ROWS = ((0, 5, 8, 28), (1, 30, 26, 30), (2, 6, 40, 48), (1, 4, 4, 34))


@pytest.mark.parametrize("name", TINY)
def test_learns_what_and_where(name: str) -> None:
    system = _tiny(name).train()
    batch = _batch(*ROWS)
    optimiser = torch.optim.Adam(system.parameters(), lr=3e-3)
    for _ in range(60):
        parts = system.loss(system(batch), batch)
        optimiser.zero_grad()
        torch.stack(list(parts.values())).sum().backward()
        optimiser.step()
    system.eval()
    looked = Batch(batch.pictures, {}, ((128, 32),) * 4, tuple("abcd"), (Placement((0.5, 2.0), (0, 0), (64, 64)),) * 4)
    with torch.inference_mode():
        scenes = system.read(system(looked), looked)
    truths = []
    for row, scene in enumerate(scenes):
        x1, y1, x2, y2 = batch.targets["box"][row].tolist()
        name_of = CLASSES[int(batch.targets["label"][row])]
        truths.append(Scene((128, 32), id="abcd"[row], objects=Objects((Thing(name_of, (2 * x1, y1 / 2, 2 * x2, y2 / 2)),))))
        assert len(scene.labels) == len(CLASSES)
        assert scene.objects[0].name == scene.labels[0].name
        assert scene.objects[0].score == scene.labels[0].score
    tally = LocateTally(CLASSES)
    tally.add(truths, scenes)
    numbers = tally.result().numbers()
    assert numbers["top1"] == 1.0
    assert numbers["iou"] > (0.45 if name == "sliding-window" else 0.7)


@pytest.mark.parametrize("name", TINY)
def test_every_part_is_trained_and_aims_have_a_slope(name: str) -> None:
    system = _tiny(name).train()
    batch = _batch(*ROWS)
    with torch.autocast("cpu", torch.bfloat16):
        parts = system.loss(system(batch), batch)
    assert all(part.dtype == torch.float32 for part in parts.values())
    torch.stack(list(parts.values())).sum().backward()
    for where, parameter in system.named_parameters():
        assert parameter.grad is not None, where
        assert bool(torch.isfinite(parameter.grad).all()), where
        assert bool(parameter.grad.any()), where
    pictures = batch.pictures.clone().requires_grad_()
    out = system.eval()(Batch(pictures))
    best = torch.stack([system.aim(out, kind) for kind in CLASSES]).max(dim=0).values
    assert torch.equal(best, system.aim(out, ""))
    (slope,) = torch.autograd.grad(best.sum(), pictures)
    assert bool(slope.flatten(1).any(dim=1).all())


@pytest.mark.parametrize("name", TINY)
def test_taps_fire_once_and_in_order(name: str) -> None:
    system = _tiny(name).eval()
    if name == "overfeat":
        system.config = replace(system.config, scales=(96,))
    fired: list[str] = []
    for tap, module in system.taps().items():
        module.register_forward_hook(lambda _module, _given, _out, tap=tap: fired.append(tap))
    system(_batch(*ROWS))
    assert fired == list(system.taps())


@pytest.mark.parametrize("name", ["localizer", "localizer-agnostic"])
def test_the_head_alone_is_trained(name: str) -> None:
    """A frozen classifier answers bit for bit as before, its running statistics included."""
    system = _tiny(name)
    batch = _batch(*ROWS)
    (stage,) = system.RECIPES["storybook"].stages
    for where, parameter in system.named_parameters():
        parameter.requires_grad_(not where.startswith(stage.freeze))
    system.train()
    before = {where: value.clone() for where, value in system.state_dict().items()}
    parts = system.loss(system(batch), batch)
    torch.stack(list(parts.values())).sum().backward()
    torch.optim.SGD([each for each in system.parameters() if each.requires_grad], lr=0.1).step()
    for where, value in system.state_dict().items():
        assert torch.equal(value, before[where]) != where.startswith("box."), where


def test_the_box_never_changes_the_classifier() -> None:
    system = _tiny("localizer").train()
    batch = _batch(*ROWS)
    system.loss(system(batch), batch)["box"].backward()
    assert all((parameter.grad is not None) == where.startswith("box.") for where, parameter in system.named_parameters())


def test_squared_distances_of_the_true_class_count() -> None:
    """One of three boxes, or the only one; shares of a picture of 64 pixels."""
    batch = Batch(torch.zeros(1, 3, 64, 64), {"label": torch.tensor([2]), "box": torch.tensor([[16.0, 0, 48, 32]])})
    for name, boxes in (
        ("localizer", [[0, 0, 0, 0], [9, 9, 9, 9], [0.5, 0.5, 0.5, 0.25]]),
        ("localizer-agnostic", [[0.5, 0.5, 0.5, 0.25]]),
    ):
        system: Localizer = _tiny(name).eval()
        out = system(batch)
        out.boxes, out.logits = torch.tensor([boxes]).float(), torch.tensor([[2.0, 0, 3]])
        assert float(system.loss(out, batch)["box"]) == pytest.approx(0.25**2 + 0.25**2)
        things = system.read(out, batch)[0].objects
        assert [thing.name for thing in things][:1] == ["bar"]
        assert things[0].box == pytest.approx((16, 24, 48, 40))
        kept = ["bar", "disc", "square"] if name == "localizer-agnostic" else ["bar"]
        assert [thing.name for thing in things] == kept  # the others' boxes are empty, or outside the picture


def test_the_shipped_classifier_fits() -> None:
    with torch.device("meta"):
        theirs = weights.build("small-m", CLASSES).state_dict()
        for name in ("localizer", "localizer-agnostic", "sliding-window"):
            system = weights.build(name, CLASSES)
            assert system.RECIPES["storybook"].start == "small-m"
            own = system.state_dict()
            assert all(own[key].shape == value.shape for key, value in theirs.items())
            assert system.prep == weights.build("small-m", CLASSES).prep


def _overfeat(network: str = "overfeat", scales: tuple[int, ...] = (), width: float = 0.125) -> OverFeat:
    system = weights.build(network, CLASSES, {"width": width, **({"scales": scales} if scales else {})})
    assert isinstance(system, OverFeat)
    stirred: OverFeat = _stirred(system)
    return stirred


@torch.inference_mode()
def test_dense_answers_are_those_of_every_crop() -> None:
    """The windows of one pass over a larger picture, against the classifier on each crop by itself."""
    system = _overfeat()
    window, stride = system.plan.window, system.plan.stride
    x = torch.randn(2, 3, window + 3 * stride, window + 2 * stride + 5)
    said, boxes = system.dense(x)
    assert said.shape == (2, 3, 4, 3)
    assert boxes.shape == (2, 12, 4, 3)
    for row in range(4):
        for column in range(3):
            crop = x[:, :, row * stride : row * stride + window, column * stride : column * stride + window]
            one, box = system.dense(crop)
            assert one.shape[2:] == (1, 1)
            torch.testing.assert_close(said[:, :, row, column], one[:, :, 0, 0], rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(boxes[:, :, row, column], box[:, :, 0, 0], rtol=1e-5, atol=1e-5)
    assert float(said.std(dim=(2, 3)).min()) > 0.01  # windows differ


@torch.inference_mode()
def test_padding_breaks_the_equality() -> None:
    """The paper's network pads three of its convolutions: a crop is not what the window saw."""
    system = _overfeat("overfeat-fast", width=0.03125)
    window, stride = system.plan.window, system.plan.stride
    x = torch.randn(1, 3, window + 2 * stride, window + 2 * stride)
    said = system.dense(x)[0]
    assert said.shape[2:] == (3, 3)
    middle = system.dense(x[:, :, stride : stride + window, stride : stride + window])[0]
    assert float((said[:, :, 1, 1] - middle[:, :, 0, 0]).abs().max()) > 0.05


@torch.inference_mode()
def test_fully_connected_layers_are_convolutions() -> None:
    """The weights of linear layers, loaded as convolutions, answer the same on a window."""
    system = _overfeat()
    fc = nn.Sequential(
        nn.Linear(16 * 16, 16), nn.ReLU(), nn.Identity(), nn.Linear(16, 16), nn.ReLU(), nn.Identity(), nn.Linear(16, 3)
    )
    tensors = {f"fc.{name}": value for name, value in fc.state_dict().items()}
    rest = {name: value for name, value in system.state_dict().items() if not name.startswith("fc.")}
    system.load_state_dict(system.rename({**rest, **tensors}))
    x = torch.randn(2, 3, 88, 88)
    torch.testing.assert_close(system.dense(x)[0][:, :, 0, 0], fc(system.features(x).flatten(1)), rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_windows_lie_where_the_network_looked() -> None:
    """What a window says does not change when all else does."""
    system = _overfeat(scales=(88, 128))
    x = torch.randn(1, 3, 128, 128)
    out = system(Batch(x))
    assert out.counts == (1, 36)
    assert out.frames[0] == (0, 0, 128, 128)
    place = 1 + 2 * 6 + 3
    x1, y1, x2, y2 = (int(value) for value in out.frames[place])
    assert (x1, y1, x2, y2) == (24, 16, 112, 104)
    other = torch.randn(1, 3, 128, 128)
    other[:, :, y1:y2, x1:x2] = x[:, :, y1:y2, x1:x2]
    again = system(Batch(other))
    torch.testing.assert_close(again.logits[:, place], out.logits[:, place], rtol=1e-4, atol=1e-5)
    assert float((again.logits - out.logits).abs().amin(dim=2).sum()) > 0.1


def test_one_pass_costs_less_than_its_crops() -> None:
    system = weights.build("overfeat", CLASSES)
    assert isinstance(system, OverFeat)
    windows, dense = system.cost()
    assert windows == 1 + 16 + 64
    system.config = replace(system.config, scales=(88,))
    one = system.cost()
    assert one.windows == 1
    assert dense < 10 * one.multiply_adds  # 81 crops would cost 81 times as much
    assert one.multiply_adds > 42 * 42 * 32 * 75  # the first layer alone


@torch.inference_mode()
def test_windows_with_half_of_the_subject_are_trained_on() -> None:
    """The loss against a loop over pictures, scales and windows."""
    system = _tiny("overfeat").eval()
    batch = _batch(*ROWS)
    out = system(batch)
    parts = system.loss(out, batch)
    entropies, squares = [], []
    for row in range(4):
        label, (x1, y1, x2, y2) = int(batch.targets["label"][row]), batch.targets["box"][row].tolist()
        start = 0
        for count in out.counts:
            own = []
            for place in range(start, start + count):
                a, b, c, d = out.frames[place]
                shared = max(min(x2, c) - max(x1, a), 0) * max(min(y2, d) - max(y1, b), 0)
                if shared < 0.5 * (x2 - x1) * (y2 - y1):
                    continue
                truth = (((x1 + x2) / 2 - a) / (c - a), ((y1 + y2) / 2 - b) / (d - b), (x2 - x1) / (c - a), (y2 - y1) / (d - b))
                square = float((out.boxes[row, place, label] - torch.tensor(truth)).square().sum())
                own.append((float(-out.logits[row, place].log_softmax(0)[label]), square))
            start += count
            if own:
                entropies.append(np.mean([pair[0] for pair in own]))
                squares.append(np.mean([pair[1] for pair in own]))
    assert len(entropies) >= 8
    assert float(parts["class"]) == pytest.approx(np.mean(entropies), rel=1e-4)
    assert float(parts["box"]) == pytest.approx(np.mean(squares), rel=1e-4)


def _far(a: list[float], b: list[float]) -> float:
    low, high = (max(a[0], b[0]), max(a[1], b[1])), (min(a[2], b[2]), min(a[3], b[3]))
    if low[0] >= high[0] or low[1] >= high[1]:
        return math.inf
    middle = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)
    return sum(math.dist(middle, ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)) for box in (a, b))


def test_the_greedy_merge_step_by_step() -> None:
    boxes = [[0, 0, 10, 10], [2, 0, 12, 10], [0, 8, 10, 18], [50, 50, 60, 60]]
    assert _far(boxes[0], boxes[1]) == 2
    states = merge(boxes, [0.5, 0.3, 0.4, 0.9])
    assert [len(state.boxes) for state in states] == [4, 3, 2]  # the last two have nothing in common
    assert [state.merged for state in states] == [None, (0, 1), (0, 2)]
    assert states[1].distance == 2
    np.testing.assert_allclose(states[1].boxes, [[0, 8, 10, 18], [50, 50, 60, 60], [1, 0, 11, 10]])
    np.testing.assert_allclose(states[1].scores, [0.4, 0.9, 0.8])
    np.testing.assert_allclose(states[2].boxes, [[50, 50, 60, 60], [0.5, 4, 10.5, 14]])
    np.testing.assert_allclose(states[2].best, [0.5, 4, 10.5, 14])
    assert len(merge(boxes, [0.5, 0.3, 0.4, 0.9], stop=2)) == 2
    assert len(merge(boxes, [0.5, 0.3, 0.4, 0.9], stop=1.9)) == 1
    assert len(merge(boxes[:1], [0.5])) == 1


def test_the_greedy_merge_is_that_of_a_slow_loop() -> None:
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 40, (12, 2))
    boxes, scores = np.hstack([low, low + rng.uniform(5, 40, (12, 2))]), rng.uniform(0.1, 1, 12)
    apart = distances(boxes)
    slow, points = [list(map(float, box)) for box in boxes], scores.tolist()
    for state in merge(boxes, scores):
        np.testing.assert_allclose(sorted(state.boxes.tolist()), sorted(slow))
        assert sum(state.scores) == pytest.approx(scores.sum())
        pairs = [(_far(slow[i], slow[j]), i, j) for i in range(len(slow)) for j in range(i + 1, len(slow))]
        best, i, j = min(pairs, default=(math.inf, 0, 0))
        if not math.isinf(best):
            slow.append([(a + b) / 2 for a, b in zip(slow[i], slow[j], strict=True)])
            points.append(points[i] + points[j])
            for place in (j, i):
                del slow[place], points[place]
    for i in range(12):
        for j in range(12):
            assert apart[i, j] == (pytest.approx(_far(list(boxes[i]), list(boxes[j]))) if i < j else math.inf)


@torch.inference_mode()
def test_boxes_of_sure_windows_are_merged() -> None:
    system = _overfeat()
    batch = Batch(torch.randn(1, 3, 128, 128))
    out = system(batch)
    out.logits[:] = 0
    out.logits[0, [3, 4, 5], 1] = torch.tensor([4.0, 3.9, 0.5])  # the third is not half as sure as the first
    out.boxes[0, :, 1] = 0.5
    boxes, scores = system.spoken(out, 0, 1)
    assert len(boxes) == 2
    assert scores[0] == pytest.approx(math.exp(4) / (math.exp(4) + 2))
    frame = np.array(out.frames[3])
    middle, side = (frame[:2] + frame[2:]) / 2, (frame[2:] - frame[:2]) / 2
    np.testing.assert_allclose(boxes[0], [*(middle - side / 2), *(middle + side / 2)], rtol=1e-5)
    guess = system.guesses(out, batch)[0]
    assert int(guess.labels[0]) == 1
    np.testing.assert_allclose(guess.boxes[0].numpy(), boxes.mean(axis=0), rtol=1e-5)
    flat = math.log(3)
    best = [math.exp(-flat), math.exp(4) / (math.exp(4) + 2), math.exp(-flat)]
    assert float(guess.scores[0]) == pytest.approx(np.mean(best), rel=1e-4)


def test_windows_cover_the_picture_evenly() -> None:
    config = SlidingConfig()
    windows = windows_of((128, 96), config)
    assert len(set(windows)) == len(windows)
    for x1, y1, x2, y2 in windows:
        assert 0 <= x1 < x2 <= 128
        assert 0 <= y1 < y2 <= 96
    kinds: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for x1, y1, x2, y2 in windows:
        kinds.setdefault((x2 - x1, y2 - y1), []).append((x1, y1))
    assert len(kinds) == 6
    for (wide, high), starts in kinds.items():
        for side, whole, own in ((wide, 128, {x for x, _ in starts}), (high, 96, {y for _, y in starts})):
            places = sorted(own)
            assert places[0] == 0
            assert places[-1] + side == whole or side == whole
            assert all(b - a <= config.step * side + 1 for a, b in pairwise(places))


@torch.inference_mode()
def test_each_window_is_the_classifier_on_its_crop() -> None:
    system: Sliding = _stirred(_tiny("sliding-window"))
    classifier = weights.build("small-m", CLASSES, {"width": 0.25}).eval()
    classifier.load_state_dict({name: value for name, value in system.state_dict().items() if not name.startswith("nothing")})
    batch = _batch(*ROWS)
    out = system(batch)
    assert out.logits.shape == (4, len(out.windows), 4)
    for place in (0, 3, len(out.windows) - 1):
        x1, y1, x2, y2 = out.windows[place]
        crop = F.interpolate(batch.pictures[:, :, y1:y2, x1:x2], (32, 32), mode="bilinear", antialias=True)
        torch.testing.assert_close(out.logits[:, place, :3], classifier(Batch(crop)).logits, rtol=1e-4, atol=1e-5)
    many = Batch(batch.pictures.repeat(20, 1, 1, 1))  # more crops than fit at once
    torch.testing.assert_close(system(many).logits, out.logits.repeat(20, 1, 1), rtol=1e-4, atol=1e-5)
    cost = system.cost()
    assert cost.windows == len(out.windows)
    one = SlidingConfig(sizes=(0.9,), ratios=(1.0,), step=1.0, input=32, width=0.25)
    few = Sliding(CLASSES, one, system.prep)
    assert cost.multiply_adds * few.cost().windows == few.cost().multiply_adds * cost.windows


def test_the_best_windows_speak_together() -> None:
    system = _tiny("sliding-window").eval()
    batch = _batch(*ROWS[:1])
    out = system(batch)
    out.logits = torch.zeros_like(out.logits)
    a, b = next(
        (i, j) for i in range(len(out.windows)) for j in range(i) if out.windows[i][1] == out.windows[j][1] and
        0.5 <= (out.windows[j][2] - out.windows[i][0]) / (out.windows[i][2] - out.windows[j][0]) < 1 and
        out.windows[i][3] == out.windows[j][3]
    )  # fmt: skip
    out.logits[0, a, 0], out.logits[0, b, 0] = 5.0, 4.0
    guess = system.guesses(out, batch)[0]
    first, second = (math.exp(v) / (math.exp(v) + 3) for v in (5, 4))
    wanted = (first * np.array(out.windows[a]) + second * np.array(out.windows[b])) / (first + second)
    assert int(guess.labels[0]) == 0
    assert float(guess.scores[0]) == pytest.approx(first)
    np.testing.assert_allclose(guess.boxes[0].numpy(), wanted, rtol=1e-5)


def test_frozen_parts_look_while_others_train() -> None:
    system: Locator[Any] = _tiny("sliding-window")
    assert system.train().body.training
    for parameter in system.body.parameters():
        parameter.requires_grad_(False)
    system.train()
    assert not any(part.training for part in system.body.modules())
    assert system.fc.training


NAMES = ("cat", "dog", "owl")


def _said(id: str, *guesses: tuple[str, tuple[float, float, float, float]]) -> Scene:
    things = tuple(Thing(name, box, 0.9 - 0.1 * place) for place, (name, box) in enumerate(guesses))
    return Scene((100, 100), id=id, objects=Objects(things))


def _true(id: str, name: str, *boxes: tuple[float, float, float, float]) -> Scene:
    others = (Thing("owl", (90, 90, 99, 99)),)
    return Scene(
        (100, 100), id=id, labels=Labels((Label(name),)), objects=Objects((*others, *(Thing(name, box) for box in boxes)))
    )


def test_imagenets_rule_on_numbers_worked_by_hand() -> None:
    box, half, far = (0.0, 0.0, 40.0, 40.0), (0.0, 0.0, 20.0, 40.0), (60.0, 60.0, 80.0, 80.0)
    truths = [
        _true("a", "dog", box),
        _true("b", "dog", box),
        _true("c", "cat", far, box),  # each thing of the class counts
        _true("d", "cat", box),
        _true("e", "dog", box),
        _true("f", "dog", box),
    ]
    founds = [
        _said("a", ("dog", half)),  # IoU .5 is enough
        _said("b", ("dog", (0, 0, 19, 40)), ("cat", box), ("dog", box)),
        _said("c", ("cat", box)),
        _said("d", *[("dog", box)] * 5, ("cat", box)),  # the sixth guess does not count
        _said("e", ("owl", far), ("dog", box)),
        _said("f"),
    ]
    tally, other = LocateTally(NAMES), LocateTally(NAMES)
    tally.add(truths[3:], founds[3:])
    other.add(truths[:3], founds[:3])
    tally.merge(other)
    found = tally.result()
    assert found.ids == tuple("abcdef")
    assert found.placed.tolist() == [0, 2, 0, 5, 1, 5]
    assert found.named.tolist() == [0, 0, 0, 5, 1, 5]
    numbers = found.numbers()
    assert (numbers["loc1"], numbers["loc5"], numbers["top1"]) == pytest.approx((2 / 6, 4 / 6, 3 / 6))
    assert numbers["iou"] == pytest.approx((0.5 + 0.475 + 1 + 1 + 0 + 0) / 6)
    assert numbers["low"] <= numbers["loc1"] <= numbers["high"]
    assert list(numbers) == ["loc1", "loc5", "top1", "iou", "low", "high"]
    assert found.causes() == Causes(right=2, wrong_class=1, wrong_place=1, both=2)
    dog = next(row for row in found.per_class() if row.name == "dog")
    assert (dog.pictures, dog.loc1, dog.loc5, dog.top1) == (4, 0.25, 0.75, 0.5)
    assert [row.name for row in found.per_class()] == ["cat", "dog"]
    assert [found.ids[place] for place in found.mistakes()] == ["b", "e", "f", "d"]
    assert found.lines()[0].startswith("loc-1 33.33 % (")
    assert len(found.lines()) == 4


def test_truth_without_a_subject_and_strange_answers_are_refused() -> None:
    box = (0.0, 0.0, 40.0, 40.0)
    tally = LocateTally(NAMES)
    with pytest.raises(BadData, match="has no box of its label 'dog'"):
        tally.add([_true("a", "dog")], [_said("a")])
    with pytest.raises(BadData, match="has no box"):
        tally.add([Scene((9, 9), id="a")], [_said("a")])
    with pytest.raises(BadValue, match="about picture b"):
        tally.add([_true("a", "dog", box)], [_said("b")])
    with pytest.raises(UnknownName, match="did you mean dog"):
        tally.add([_true("a", "dog", box)], [_said("a", ("dogg", box))])
    with pytest.raises(BadValue, match="1 answers for 2"):
        tally.add([_true("a", "dog", box)] * 2, [_said("a")])
    with pytest.raises(BadData, match="no picture"):
        tally.result()
    tally.add([_true("a", "dog", box)] * 2, [_said("a")] * 2)
    with pytest.raises(BadData, match="more than once"):
        tally.result()
    with pytest.raises(BadValue, match="different classes"):
        tally.merge(LocateTally(NAMES[:2]))


def test_the_merge_is_drawn_step_by_step() -> None:
    from looksay.show.merging import merging_sheet
    from looksay.show.palette import RIGHT, WRONG

    states = merge([[10, 10, 50, 50], [12, 12, 52, 52], [80, 80, 120, 120], [82, 80, 122, 120]], [0.5, 0.4, 0.3, 0.2], stop=20)
    picture = np.full((128, 128, 3), 200, np.uint8)
    sheet = merging_sheet(picture, states, "dog", panels=len(states), side=640)
    panels = [sheet[:, 5 + 650 * place : 5 + 650 * (place + 1)] for place in range(len(states))]

    def has(panel: np.ndarray, tint: tuple[int, int, int]) -> bool:
        return bool((np.abs(panel.astype(int) - np.array(tint)).max(axis=2) < 60)[40:660].any())

    assert [has(panel, WRONG) for panel in panels] == [True] * (len(states) - 1) + [False]  # a pair, but for the end
    assert [has(panel, RIGHT) for panel in panels] == [False] * (len(states) - 1) + [True]
