"""What explanations must leave untouched, where their heat lies, and whether it can be trusted."""

from __future__ import annotations

import copy
from typing import Any

import cv2
import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor, nn

import looksay.explain as why
from explain_case import PREP, SIDE, SPOT, Tiny, close, prepared, train
from looksay.errors import BadValue, UnknownName
from looksay.explain import place
from looksay.explain.probe import CHUNK
from looksay.explain.sanity import layers, rank_correlation
from looksay.nn.classifier import Logits
from looksay.nn.prep import Prep, fit
from looksay.nn.system import Batch, normalise
from looksay.scene import Heat, Mask
from looksay.systems.classify.mnist_cnn import MnistCNN


@pytest.fixture(scope="module")
def trained() -> Tiny:
    return train()


# what is left untouched


def state(system: nn.Module) -> list[Any]:
    hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks)) for m in system.modules()]
    modes = [module.training for module in system.modules()]
    grads = [(p.requires_grad, p.grad is None) for p in system.parameters()]
    return [hooks, modes, grads, *(v.clone() for v in system.state_dict().values()), torch.get_rng_state()]


def assert_same(before: list[Any], after: list[Any]) -> None:
    for a, b in zip(before, after, strict=True):
        assert torch.equal(a, b) if isinstance(a, Tensor) else a == b


@pytest.mark.parametrize("method", why.methods())
def test_nothing_is_left_behind(trained: Tiny, method: str) -> None:
    system = copy.deepcopy(trained)
    batch, _ = prepared(3, 6)
    wanted = why.explain(system, batch, "", method)
    system.train()
    system.relu2.eval()  # a mixture of modes comes back as it was
    system.conv1.weight.requires_grad_(False)
    pictures, before = batch.pictures.clone(), state(system)
    assert why.explain(system, batch, "", method) == wanted
    assert_same(before, state(system))

    def fails(out: Logits) -> Tensor:
        raise RuntimeError("told to")

    for of in ("gren", fails, lambda out: out.logits):
        with pytest.raises((UnknownName, RuntimeError, BadValue)):
            why.explain(system, batch, of, method)
        assert_same(before, state(system))
    assert torch.equal(batch.pictures, pictures)
    assert not batch.pictures.requires_grad
    system.requires_grad_(False)
    assert why.explain(system, batch, "", method) == wanted
    with torch.no_grad():
        assert why.explain(system, batch, "", method) == wanted
    with torch.inference_mode():
        assert why.explain(system, Batch(pictures.clone()), "", method) == wanted
        assert torch.is_inference_mode_enabled()


@pytest.mark.parametrize("method", why.methods())
def test_chunks_bound_the_memory_and_change_nothing(trained: Tiny, method: str) -> None:
    batch, _ = prepared(2 * CHUNK + 3, 7)
    trained.most = 0
    heats = why.explain(trained, batch, "", method)
    assert trained.most == CHUNK
    for row in (0, CHUNK, 2 * CHUNK + 2):
        [alone] = why.explain(trained, Batch(batch.pictures[row : row + 1]), "", method)
        close(heats[row].values, alone.values, 1e-4)


@pytest.mark.parametrize("method", why.methods())
def test_questions_travel_with_their_pictures_and_recurrent_networks_explain(method: str) -> None:
    class Asked(Tiny):
        """The answer depends on what is asked of each picture; it is read column by column, with noise."""

        def __init__(self) -> None:
            super().__init__(4)
            self.read_columns = nn.LSTM(4 * SIDE // 2, 3, batch_first=True)

        def forward(self, batch: Batch) -> Logits:
            x = self.relu2(self.conv2(self.relu1(self.conv1(batch.pictures)))).flatten(1, 2).transpose(1, 2)
            said, _ = self.read_columns(x)
            words = torch.tensor([len(word) for word in batch.targets["words"]])
            seen = said[:, -1] * (1 + 0.5 * torch.randn(3))
            return Logits(seen * torch.stack([batch.targets["question"], words, words], 1))

    torch.manual_seed(0)
    system, (batch, _) = Asked().eval(), prepared(CHUNK + 2, 8)
    batch.targets = {"question": torch.randn(len(batch)), "words": ["w" * (i + 1) for i in range(len(batch))], "scale": 3}
    before = torch.get_rng_state()
    heats = why.explain(system, batch, "", method)
    assert torch.equal(before, torch.get_rng_state())
    for row in (1, CHUNK + 1):
        targets = {"question": batch.targets["question"][row : row + 1], "words": [batch.targets["words"][row]]}
        [alone] = why.explain(system, Batch(batch.pictures[row : row + 1], targets), "", method)
        assert alone.of == heats[row].of
        close(heats[row].values, alone.values, 1e-3)
    torch.rand(1)  # what the world drew before does not matter
    assert why.explain(system, batch, "", method) == heats


@pytest.mark.parametrize("method", why.methods())
def test_half_precision_channels_last_and_grey_digits(trained: Tiny, method: str) -> None:
    batch, _ = prepared(4, 9)
    full = why.explain(trained, batch, "", method)
    half = copy.deepcopy(trained).bfloat16().to(memory_format=torch.channels_last)
    pictures = batch.pictures.bfloat16().to(memory_format=torch.channels_last)
    for heat, other in zip(full, why.explain(half, Batch(pictures), "", method), strict=True):
        assert np.corrcoef(heat.values.ravel(), other.values.ravel())[0, 1] > 0.8
    torch.manual_seed(0)
    digits = why.explain(MnistCNN(tuple("0123456789")), Batch(torch.randn(2, 1, 28, 28), sizes=((28, 28), (56, 70))), "3", method)
    assert [heat.values.shape for heat in digits] == [(28, 28), (70, 56)]
    assert all(heat.values.max() > 0 for heat in digits)


# where it lies

GEOMETRIES = [
    (Prep((224, 224), "crop", 256), (500, 375)),
    (Prep((224, 224), "crop", 256), (333, 481)),
    (Prep((224, 224), "crop", 256), (90, 61)),
    (Prep((40, 40), "crop", 32), (77, 64)),  # the resized picture is smaller than the cut: padded with black
    (Prep((224, 224), "crop", 256), (268, 200)),  # half a pixel over: 59.5 is cut as 60
    (Prep((64, 48), "crop", 48), (64, 48)),
    (Prep((64, 96), "stretch"), (211, 130)),
    (Prep((128, 128), "letterbox"), (211, 131)),
    (Prep((128, 128), "letterbox"), (97, 333)),
    (Prep((128, 96), "letterbox"), (31, 40)),
]


@pytest.mark.parametrize(("prep", "size"), GEOMETRIES)
def test_back_to_the_picture_is_the_inverse_of_preparing_it(prep: Prep, size: tuple[int, int]) -> None:
    x, y = np.meshgrid(np.linspace(20, 250, size[0]), np.linspace(20, 250, size[1]))
    ramps = np.stack([x, y, np.full_like(x, 200)], 2).astype(np.uint8)
    made = fit(ramps, prep).astype(np.float32)
    even = place.over(np.ones(made.shape[:2], np.float32), prep, size)
    assert even.shape == size[::-1]
    seen = even > 0
    close(even[seen], 1.0)
    assert seen.mean() > 0.5
    inner = cv2.erode(np.pad(seen.astype(np.uint8), 1), np.ones((9, 9)), borderValue=0)[1:-1, 1:-1] > 0
    for channel, ramp in ((0, x), (1, y)):
        found = place.over(made[:, :, channel], prep, size)
        step = 230 / min(size) * max(1, max(size) / min(prep.size))
        assert np.abs(found - ramp)[inner].max() < 1.5 * step + 1
        assert (found[~seen] == 0).all()
    across, down = place.axes(prep, size)
    padding = np.ones(made.shape[:2], np.float32)
    padding[down.start : down.stop, across.start : across.stop] = 0
    assert (place.over(padding, prep, size) == 0).all()
    # A picture that is black up to an edge and then white says to a tenth of a pixel where the edge came to lie.
    for axis, old in ((across, size[0]), (down, size[1])):
        edge, wide = old // 2, axis is across
        line = (np.arange(old) >= edge)[None, :, None] if wide else (np.arange(old) >= edge)[:, None, None]
        half = fit(np.broadcast_to(line * np.uint8(255), (size[1], size[0], 3)), prep)[:, :, 0]
        middle = half[half.shape[0] // 2] if wide else half[:, half.shape[1] // 2]
        white = float(middle[axis.start : axis.stop].sum()) / 255
        assert axis.stop - white == pytest.approx(edge * axis.scale + axis.shift, abs=0.1)
    # What the network sees of a picture whose unseen part is blotted out is the same.
    blotted = np.where(seen[:, :, None], ramps, 0).astype(np.uint8)
    change = np.abs(fit(blotted, prep).astype(int) - fit(ramps, prep)).max(2)
    assert (change[3:-3, 3:-3] == 0).all()


def test_worked_places() -> None:
    across, down = place.axes(Prep((224, 224), "crop", 256), (500, 375))
    # 500 x 375 becomes 341 x 256; the cut starts at 58 (58.5 to even) and 16.
    assert (across.shift, down.shift) == (-58, -16)
    seen = place.over(np.ones((7, 7), np.float32), Prep((224, 224), "crop", 256), (500, 375)) > 0
    columns, lines = np.flatnonzero(seen.any(0)), np.flatnonzero(seen.any(1))
    assert (columns[0], columns[-1]) == (85, 412)  # pixel c lies at (c + 0.5) × 341 / 500 - 58
    assert (lines[0], lines[-1]) == (23, 351)
    grid = np.zeros((2, 2), np.float32)
    grid[0, 1] = 4
    close(place.over(grid, Prep((4, 4), "stretch"), (4, 4))[0], [0, 1, 3, 4])
    # A mean where the picture is smaller than the input: triangles over four cells, cut at the border.
    close(place.over(np.eye(4, dtype=np.float32)[:1].repeat(4, 0), Prep((4, 4), "stretch"), (2, 2))[0], [3 / 7, 0.0])


def test_heat_has_the_size_of_each_original(trained: Tiny) -> None:
    system = copy.deepcopy(trained)
    system.prep = Prep((SIDE, SIDE), "letterbox", SIDE, 3, PREP.mean, PREP.std)
    picture = np.full((100, 200, 3), 60, np.uint8)
    picture[50:80, 140:170] = (255, 30, 30)
    x = normalise(torch.tensor(fit(picture, system.prep))[None], system.prep)
    for method in why.methods():
        [heat] = why.explain(system, Batch(x, sizes=((200, 100),)), "red", method)
        assert heat.values.shape == (100, 200)
        assert why.agreement(heat, (140, 50, 170, 80), tolerance=15).hit == 1
    with pytest.raises(BadValue, match="system's own prep"):
        why.saliency(system, Batch(x[:, :, :16], sizes=((200, 100),)))
    assert why.saliency(system, Batch(x[:, :, :16]))[0].values.shape == (16, SIDE)


@pytest.mark.parametrize("decoy", [False, True])
@pytest.mark.parametrize("method", why.methods())
def test_on_a_trained_network_every_method_points_at_what_decides(trained: Tiny, method: str, decoy: bool) -> None:
    batch, boxes = prepared(24, 11, decoy)
    heats = why.explain(trained, batch, "", method)
    found = [why.agreement(heat, box) for heat, box in zip(heats, boxes, strict=True)]
    assert found[0].chance == found[0].chance_hit == (SPOT / SIDE) ** 2
    hit, mass = np.mean([one.hit for one in found]), np.mean([one.mass for one in found])
    assert hit > found[0].chance_hit + 0.8, f"{hit:.2f}"
    assert mass > 3 * found[0].chance, f"{mass:.2f}"


# how well it agrees


def test_agreement_in_worked_numbers() -> None:
    grid = np.zeros((4, 10), np.float32)
    grid[1, 2], grid[3, 9], grid[0, 0] = 5, 3, 2
    heat = Heat("dog", grid)
    assert why.agreement(heat, (2, 1, 4, 3)) == why.Agreement(0.5, 0.1, 1, 0.1)
    assert why.agreement(heat, (0, 0, 2.5, 1.5)) == why.Agreement((2 + 5 * 0.25) / 10, 3.75 / 40, 1, 6 / 40)
    off = why.agreement(heat, (5, 1, 7, 2))
    assert (off.mass, off.hit) == (0, 0)
    assert why.agreement(heat, (5, 1, 7, 2), tolerance=2.9).hit == 0
    near = why.agreement(heat, (5, 1, 7, 2), tolerance=3)
    slow = [any(np.hypot(x - u, y - 1) <= 3 for u in (5, 6)) for y in range(4) for x in range(10)]
    assert (near.hit, near.chance_hit) == (1, pytest.approx(np.mean(slow)))
    mask = Mask.of(grid > 2.5)
    assert why.agreement(heat, mask) == why.Agreement(0.8, 0.05, 1, 0.05)
    tied = np.zeros((4, 10), np.float32)
    tied[0, :4] = 1
    assert why.agreement(Heat("dog", tied), (1, 0, 2, 4)).hit == 0.25
    cold = why.agreement(Heat("dog", np.zeros((4, 10))), (0, 0, 5, 4))
    assert cold == why.Agreement(0.5, 0.5, 0.5, 0.5)
    for nowhere in ((20, 0, 30, 4), Mask.of(np.zeros((4, 10)))):
        with pytest.raises(BadValue, match="outside"):
            why.agreement(heat, nowhere)
    with pytest.raises(BadValue, match="the mask is"):
        why.agreement(heat, Mask.of(np.ones((10, 4))))


# does it look at the network?


@pytest.mark.parametrize("method", why.methods())
def test_maps_change_with_the_weights(trained: Tiny, method: str) -> None:
    system, (batch, _) = copy.deepcopy(trained).train(), prepared(2, 12)
    before = state(system)
    found = why.sanity(system, batch, method)
    assert_same(before, state(system))
    assert [name for name, _ in found] == ["fc", "conv2", "bn1", "conv1", "unused"]
    assert found == why.sanity(system, batch, method)
    assert found != why.sanity(system, batch, method, seed=1)
    assert found[-1][1] == found[-2][1]  # nothing hangs on the unused layer
    assert min(value for _, value in found) < 0.7, found


def test_a_map_that_does_not_see_the_network_is_caught(trained: Tiny) -> None:
    def edges(system: Any, batch: Batch, of: Any) -> list[Heat]:
        grey = batch.pictures.mean(1).numpy()
        return [Heat("", np.abs(cv2.Laplacian(picture, cv2.CV_32F))) for picture in grey]

    batch, _ = prepared(5, 12)
    assert [value for _, value in why.sanity(trained, batch, edges)] == pytest.approx([1.0] * 5)


def test_sanity_gives_the_weights_back_when_the_method_fails(trained: Tiny) -> None:
    system, (batch, _), before = copy.deepcopy(trained), prepared(2, 12), state(trained)
    calls = []

    def fails(system: Any, batch: Batch, of: Any) -> list[Heat]:
        calls.append(of)
        if len(calls) > 4:
            raise RuntimeError("told to")
        return why.saliency(system, batch, of)

    with pytest.raises(RuntimeError, match="told to"):
        why.sanity(system, batch, fails, "red")
    assert_same(before, state(system))
    with pytest.raises(UnknownName, match="did you mean occlusion"):
        why.sanity(system, batch, "oclusion")


def test_every_parameter_has_a_layer_even_where_its_module_is_not_called() -> None:
    class Attends(Tiny):
        def __init__(self) -> None:
            super().__init__(4)
            self.heads = nn.MultiheadAttention(3, 1, batch_first=True)  # uses its projection without calling it
            self.start = nn.Parameter(torch.ones(3))

        def logits(self, x: Tensor) -> Logits:
            tokens = x.flatten(2).transpose(1, 2) + self.start
            return Logits(self.heads(tokens, tokens, tokens, need_weights=True)[0].mean(1))

    system = Attends()
    order = layers(system, Batch(torch.randn(1, 3, 4, 4)))
    assert [name for name, _ in order] == ["heads", "Attends"]
    assert len(order[0][1]) == 4
    assert sum(len(own) for _, own in order) == len(list(system.parameters()))


def test_rank_correlation_is_spearmans() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, (9, 11)), rng.normal(size=(9, 11))
    assert rank_correlation(a, b) == pytest.approx(scipy.stats.spearmanr(a.ravel(), b.ravel()).statistic)
    assert rank_correlation(b, np.exp(b)) == pytest.approx(1)
    assert rank_correlation(b, np.zeros((9, 11))) == 0
