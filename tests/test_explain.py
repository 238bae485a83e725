"""Explanations against slow loops, finite differences, worked numbers and captum; and what they must leave untouched."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import looksay.explain as why
from explain_case import COLOURS, PREP, SIDE, Tiny, close, prepared, train, values
from looksay.errors import BadValue, UnknownName
from looksay.nn.classifier import Logits
from looksay.nn.prep import Prep
from looksay.nn.system import Batch, normalise
from looksay.scene import Answer, Label, Labels, Scene


@pytest.fixture(scope="module")
def trained() -> Tiny:
    return train()


@pytest.fixture
def exact() -> tuple[Tiny, Batch]:
    """A small network and two small pictures in double precision."""
    torch.manual_seed(3)
    system = Tiny(4, Prep((8, 6), "stretch", 8, 3, PREP.mean, PREP.std)).double().eval()
    return system, Batch(torch.randn(2, 3, 6, 8, dtype=torch.float64))


# the formulas


def test_saliency_of_a_picture_against_finite_differences(exact: tuple[Tiny, Batch]) -> None:
    system, batch = exact
    mean, std = (torch.tensor(v, dtype=torch.float64).view(3, 1, 1) for v in (PREP.mean, PREP.std))
    colour, tiny = batch.pictures * std + mean, 1e-6
    wanted = np.zeros((2, 6, 8))
    with torch.no_grad():
        for n, y, x in np.ndindex(2, 6, 8):
            slopes = []
            for c in range(3):
                sides = []
                for sign in (1, -1):
                    moved = colour.clone()
                    moved[n, c, y, x] += sign * tiny
                    sides.append(float(system.logits((moved - mean) / std).logits[n, 1]))
                slopes.append(abs(sides[0] - sides[1]) / (2 * tiny))
            wanted[n, y, x] = float(colour[n, :, y, x].abs().max()) * max(slopes)
    heats = why.saliency(system, batch, "green")
    close(values(heats), wanted)
    assert [(heat.of, heat.method) for heat in heats] == [("green", "saliency")] * 2


def test_saliency_of_a_tap_against_finite_differences(exact: tuple[Tiny, Batch]) -> None:
    system, batch = exact
    with torch.no_grad():
        hidden = system.relu1(system.bn1(system.conv1(batch.pictures)))

    def square(value: Tensor) -> Tensor:
        return system.fc(system.pool(system.relu2(system.conv2(value))).flatten(1))[:, 2] ** 2

    wanted, tiny = np.zeros((2, 6, 8)), 1e-6
    with torch.no_grad():
        for n, y, x in np.ndindex(2, 6, 8):
            slopes = []
            for c in range(4):
                step = torch.zeros_like(hidden)
                step[n, c, y, x] = tiny
                slopes.append(abs(float((square(hidden + step) - square(hidden - step))[n])) / (2 * tiny))
            wanted[n, y, x] = float(hidden[n, :, y, x].abs().max()) * max(slopes)
    heats = why.saliency(system, batch, lambda out: out.logits[:, 2] ** 2, at="relu1")
    close(values(heats), wanted)
    assert heats[0].method == "saliency at relu1"


def test_black_has_no_saliency_and_the_gradient_is_of_the_colour() -> None:
    class Sum(Tiny):
        def logits(self, x: Tensor) -> Logits:
            return Logits((x * torch.tensor([1.0, -4.0, 1.0]).view(3, 1, 1)).sum((2, 3)))

    picture = torch.zeros(1, SIDE, SIDE, 3, dtype=torch.uint8)
    picture[0, 5, 7] = torch.tensor([51, 102, 0])
    [heat] = why.saliency(Sum(), Batch(normalise(picture, PREP)), lambda out: out.logits.sum(1))
    # |0.4| × max(1 / 0.2, 4 / 0.25, 1 / 0.5)
    assert heat.values[5, 7] == pytest.approx(0.4 * 16, rel=1e-5)
    assert np.delete(heat.values.ravel(), 5 * SIDE + 7).max() < 1e-5


def test_grad_cam_against_a_slow_computation_and_captum(exact: tuple[Tiny, Batch]) -> None:
    from captum.attr import LayerGradCam

    system, batch = exact
    kept: list[Tensor] = []
    handle = system.relu2.register_forward_hook(lambda module, given, out: kept.append(out))
    score = system.logits(batch.pictures.clone().requires_grad_()).logits[:, 0]
    handle.remove()
    [slope] = torch.autograd.grad(score.sum(), kept)
    coarse = np.zeros((2, 3, 4))
    for n, c in np.ndindex(2, 4):
        weight = sum(float(slope[n, c, y, x]) for y, x in np.ndindex(3, 4)) / 12
        coarse[n] += weight * kept[0][n, c].detach().numpy()
    coarse = np.maximum(coarse, 0)
    assert coarse.max() > 0
    wanted = [cv2.resize(grid, (8, 6), interpolation=cv2.INTER_LINEAR) for grid in coarse]
    heats = why.grad_cam(system, batch, "red")
    close(values(heats), wanted)
    assert heats[0].method == "grad-cam at relu2"
    peer = LayerGradCam(lambda x: system.logits(x).logits, system.relu2).attribute(batch.pictures, 0, relu_attributions=True)
    close(peer[:, 0].detach().numpy(), coarse)
    close(values(why.grad_cam(system, batch, "red", at="relu2")), wanted)


@pytest.mark.parametrize("baseline", ["black", "blur", "mean"])
def test_integrated_gradients_are_complete(exact: tuple[Tiny, Batch], baseline: Any) -> None:
    from looksay.explain.integrated import empty

    system, batch = exact
    start = empty(batch.pictures, system.prep, baseline)
    with torch.no_grad():
        gain = system.logits(batch.pictures).logits[:, 2] - system.logits(start).logits[:, 2]
    assert gain.abs().min() > 1e-3
    found = why.attributions(system, batch, "blue", steps=512, baseline=baseline)
    close(found.sum((1, 2, 3)), gain, 2e-3)
    heats = why.integrated_gradients(system, batch, "blue", steps=512, baseline=baseline)
    close(values(heats), found.sum(1).clamp(min=0))


def test_integrated_gradients_are_exact_where_the_rule_is_and_equal_captum(exact: tuple[Tiny, Batch]) -> None:
    from captum.attr import IntegratedGradients

    system, batch = exact
    start = (
        (-torch.tensor(PREP.mean, dtype=torch.float64) / torch.tensor(PREP.std, dtype=torch.float64))
        .view(3, 1, 1)
        .expand_as(batch.pictures)
    )
    peer = IntegratedGradients(lambda x: system.logits(x).logits).attribute(batch.pictures, start, target=1, n_steps=7)
    close(why.attributions(system, batch, "green", steps=7), peer)

    class Cube(Tiny):
        def logits(self, x: Tensor) -> Logits:
            return Logits((x**3).sum((2, 3)))

    # ∫ of 3 (s + t d)² d over 0..1 is (s + d)³ - s³, and two points integrate a square exactly.
    found = why.attributions(Cube(4, system.prep).double(), batch, lambda out: out.logits.sum(1), steps=2)
    close(found, batch.pictures**3 - start**3, 1e-12)


def test_blur_and_mean_keep_what_they_should() -> None:
    from looksay.explain.integrated import empty

    flat = torch.full((1, 3, 40, 60), 0.7)
    for baseline in ("blur", "mean"):
        close(empty(flat, PREP, baseline), flat)
    spot = torch.zeros(1, 1, 40, 60)
    spot[0, 0, 20, 30] = 1
    blurred = empty(spot, PREP, "blur")[0, 0]
    assert blurred.sum() == pytest.approx(1, rel=1e-4)
    assert blurred[20, 30] / blurred[20, 34] == pytest.approx(np.exp(0.5), rel=1e-3)  # 4 px is one sigma
    close(empty(torch.zeros(1, 3, 2, 2), PREP, "black")[0, :, 0, 0], [-2.5, -1.6, -0.6])


@pytest.mark.parametrize(("window", "stride"), [(3, 2), (2, 2), (4, 3), (6, 1)])
def test_occlusion_against_an_explicit_loop_and_captum(exact: tuple[Tiny, Batch], window: int, stride: int) -> None:
    from captum.attr import Occlusion

    system, batch = exact
    wanted, often = np.zeros((2, 6, 8)), np.zeros((6, 8))
    with torch.no_grad():
        whole = system.logits(batch.pictures).logits[:, 1]
        tops = [i * stride for i in range(-(-(6 - window) // stride) + 1)]
        lefts = [i * stride for i in range(-(-(8 - window) // stride) + 1)]
        for top in tops:
            for left in lefts:
                hidden = batch.pictures.clone()
                hidden[:, :, top : top + window, left : left + window] = 0
                loss = (whole - system.logits(hidden).logits[:, 1]).numpy()
                wanted[:, top : top + window, left : left + window] += loss[:, None, None]
                often[top : top + window, left : left + window] += 1
    wanted /= often
    close(values(why.occlusion(system, batch, "green", window, stride)), np.maximum(wanted, 0))
    peer = Occlusion(lambda x: system.logits(x).logits).attribute(
        batch.pictures, (3, window, window), (3, stride, stride), baselines=0.0, target=1
    )
    close(peer[:, 0], wanted)


# what is asked


@pytest.mark.parametrize("method", why.methods())
def test_the_best_answer_is_fixed_by_its_name(trained: Tiny, method: str) -> None:
    batch, _ = prepared(12, 5)
    with torch.no_grad():
        best = [trained.classes[i] for i in trained(batch).logits.argmax(1).tolist()]
    heats = why.explain(trained, batch, "", method)
    assert [heat.of for heat in heats] == best
    assert len(set(best)) == 3
    for name in COLOURS:
        named = why.explain(trained, batch, name, method)
        same = [heat == other for heat, other in zip(heats, named, strict=True)]
        assert same == [other == name for other in best]


def test_answers_name_the_best_too(exact: tuple[Tiny, Batch]) -> None:
    class Answers(Tiny):
        wrong = False

        def read(self, out: Logits, batch: Batch, top: int = 1) -> list[Scene]:
            best = [self.classes[i] for i in (out.logits.argmin(1) if self.wrong else out.logits.argmax(1)).tolist()]
            return [batch.scene(i, answers=(Answer("which colour?", Labels((Label(name),))),)) for i, name in enumerate(best)]

    system = Answers(4).double()
    with torch.no_grad():
        best = [system.classes[i] for i in system.eval()(exact[1]).logits.argmax(1).tolist()]
    assert [heat.of for heat in why.saliency(system, exact[1])] == best
    system.wrong = True  # an answer with another score than the best one is not what is explained
    assert [heat.of for heat in why.saliency(system, exact[1])] == ["", ""]


def test_names_and_places_that_do_not_exist_get_a_suggestion(trained: Tiny) -> None:
    batch, _ = prepared(2, 5)
    with pytest.raises(UnknownName, match="did you mean green"):
        why.occlusion(trained, batch, "gren")
    with pytest.raises(UnknownName, match="did you mean relu2"):
        why.grad_cam(trained, batch, at="relu_2")
    with pytest.raises(UnknownName, match="did you mean picture"):
        why.saliency(trained, batch, at="pictures")
    with pytest.raises(UnknownName, match="did you mean saliency"):
        why.explain(trained, batch, method="salience")
    with pytest.raises(UnknownName, match="did you mean blur"):
        why.integrated_gradients(trained, batch, baseline="blurr")  # type: ignore[arg-type]
    with pytest.raises(BadValue, match=r"pool.*\(2, 8, 1, 1\).*unused, conv1, relu1, conv2, relu2"):
        why.grad_cam(trained, batch, at="pool")
    with pytest.raises(BadValue, match="does not depend on 'unused'"):
        why.saliency(trained, batch, at="unused")
    with pytest.raises(BadValue, match="does not depend on 'picture'"):
        why.saliency(trained, batch, lambda out: out.logits.detach()[:, 0])
    with pytest.raises(BadValue, match=r"shape \(2, 3\).*one number for each picture"):
        why.saliency(trained, batch, lambda out: out.logits)
    with pytest.raises(BadValue, match="not at 'relu1'"):
        why.explain(trained, batch, method="occlusion", at="relu1")
    with pytest.raises(BadValue, match="gaps remain"):
        why.occlusion(trained, batch, window=4, stride=5)
    with pytest.raises(BadValue, match="between 1 and 32"):
        why.occlusion(trained, batch, window=33)
    with pytest.raises(BadValue, match="at least 1"):
        why.integrated_gradients(trained, batch, steps=0)


def test_explain_calls_by_name(trained: Tiny) -> None:
    batch, _ = prepared(3, 5)
    assert why.methods() == ("saliency", "grad-cam", "integrated-gradients", "occlusion")
    assert why.explain(trained, batch, "red", "grad_cam", "conv2") == why.grad_cam(trained, batch, "red", "conv2")
    assert why.explain(trained, batch, "red", "saliency", "picture") == why.saliency(trained, batch, "red")
    assert why.explain(trained, batch, "red", "occlusion", "picture") == why.occlusion(trained, batch, "red", 5, 2)
    for method in why.methods():
        assert why.explain(trained, Batch(batch.pictures[:0]), method=method) == []


def test_a_module_that_runs_twice_counts_twice_and_in_place_changes_do_not_reach_the_tap() -> None:
    class Twice(Tiny):
        def logits(self, x: Tensor) -> Logits:
            x = self.conv1(x)
            once = self.relu1(x)
            twice = self.relu1(self.conv2(once) - 0.1)
            twice *= 0  # in place, on what the tap gave out
            return Logits(self.fc((self.pool(once) + self.pool(twice + 1)).flatten(1)))

    torch.manual_seed(0)
    system, batch = Twice(4).double(), Batch(torch.randn(1, 3, SIDE, SIDE, dtype=torch.float64))
    heat = why.saliency(system, batch, "red", at="relu1")[0].values
    with torch.no_grad():
        first = F.relu(system.conv1(batch.pictures))
    slope = float(system.fc.weight[0].detach().abs().max()) / SIDE**2  # the second run is multiplied away
    close(heat, first[0].abs().amax(0) * slope)
