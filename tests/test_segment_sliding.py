"""Labelling with windows: three forms of one network, shared convolutions, votes of superpixels, passes that hear the last."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from looksay import weights
from looksay.data.loader import ready
from looksay.nn.segmenter import Grid
from looksay.nn.shared import STRIDE, WindowNet, around, window_of
from looksay.nn.swift import quicken
from looksay.nn.system import Batch
from looksay.ops.superpixels import graph
from looksay.systems.segment.multi_scale import pyramid, shown, vote

NAMES = ("sky", "grass", "cow", "post")


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _forms(kernel: int) -> dict[str, Any]:
    torch.manual_seed(0)
    settings = {"kernel": kernel, "width": 0.5, "hidden": 16}
    made: dict[str, Any] = {
        f: weights.build("window-labeller", NAMES, {**settings, "form": f}) for f in ("strided", "dense", "sliding")
    }
    with torch.no_grad():
        for name, value in made["strided"].state_dict().items():
            if "running_mean" in name:
                value.normal_(0, 0.2)
            if "running_var" in name:
                value.uniform_(0.5, 2)
        made["strided"].score.weight.mul_(30)
    for form in ("dense", "sliding"):
        made[form].load_state_dict(made["strided"].state_dict())
    return {form: system.eval() for form, system in made.items()}


@pytest.mark.parametrize(("kernel", "size"), [(7, (24, 20)), (3, (33, 18)), (5, (17, 30))])
def test_three_forms_say_the_same(kernel: int, size: tuple[int, int]) -> None:
    made = _forms(kernel)
    batch = Batch(torch.randn(2, 3, size[1], size[0]), {}, (size, size), ("a", "b"))
    with torch.no_grad():
        outs = {form: system(batch) for form, system in made.items()}
    sliding, dense, strided = outs["sliding"], outs["dense"], outs["strided"]
    assert sliding.scores.shape == dense.scores.shape == (2, 4, size[1], size[0])
    assert torch.allclose(sliding.scores, dense.scores, atol=1e-4)
    assert torch.allclose(strided.scores, dense.scores[:, :, ::STRIDE, ::STRIDE], atol=1e-4)
    ids = [made[form].labels(outs[form], batch, 1) for form in ("sliding", "dense")]
    assert np.array_equal(*ids)
    assert len(np.unique(ids[0])) > 1


def test_windows_are_those_of_the_lecture() -> None:
    assert window_of(7) == 46
    made = _forms(7)["sliding"]
    x = torch.randn(1, 3, 60, 60)
    with torch.no_grad():
        whole = made._slid(around(x, 46), (60, 60))
        alone = made._scores(x[:, :, 5:51, 8:54])  # the window of row 5 + 22, column 8 + 22
    assert torch.allclose(whole[0, :, 27, 30], alone[0, :, 0, 0], atol=1e-4)


def test_quick_forms_say_the_same() -> None:
    for system in _forms(3).values():
        batch = Batch(torch.randn(1, 3, 12, 16))
        quick = quicken(system)
        with torch.inference_mode():
            assert torch.allclose(quick(batch).scores, system(batch).scores, atol=1e-3)


def test_calls_share_convolutions_and_nothing_else() -> None:
    torch.manual_seed(0)
    net = WindowNet(3, (4, 6, 8), 3, 2).train()
    assert sum(value.numel() for value in net.convs.parameters()) == 9 * (3 * 4 + 4 * 6 + 6 * 8)
    x = torch.randn(2, 3, 21, 30)
    first = net(x, 0)
    assert first.shape == (2, 8, 6, 8)
    assert float(net.norms[1][0].running_mean.abs().sum()) == 0
    assert torch.allclose(first, net(x, 1))
    assert float(net.norms[1][0].running_mean.abs().sum()) > 0


def test_bands_add_up_to_the_picture() -> None:
    x = torch.randn(1, 3, 37, 50)
    bands = pyramid(x, 3)
    assert [tuple(band.shape[-2:]) for band in bands] == [(37, 50), (19, 25), (10, 13)]
    total = bands[2]
    for band in (bands[1], bands[0]):
        total = band + F.interpolate(total, band.shape[-2:], mode="bilinear", align_corners=False)
    assert torch.allclose(total, x, atol=1e-5)


def test_superpixels_vote_by_their_mean() -> None:
    rng = np.random.default_rng(0)
    picture = np.kron(rng.integers(0, 256, (5, 6, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    shares = torch.rand(4, 40, 48).softmax(dim=0)
    found, labels = vote(shares, picture, 25.0), graph(picture, 25.0)
    assert int(labels.max()) > 5
    for piece in range(int(labels.max()) + 1):
        own = torch.from_numpy(labels == piece)
        assert torch.allclose(found[:, own], shares[:, own].mean(dim=1, keepdim=True).expand(-1, int(own.sum())), atol=1e-5)


def test_votes_change_what_is_read_and_not_the_scores() -> None:
    torch.manual_seed(0)
    settings = {"kernel": 3, "width": 0.25, "hidden": 8, "side": 64}
    voting: Any = weights.build("multi-scale", NAMES, settings).eval()
    silent: Any = weights.build("multi-scale-pixels", NAMES, settings).eval()
    silent.load_state_dict(voting.state_dict())
    rng = np.random.default_rng(0)
    pictures = [np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((8, 10, 1))).astype(np.uint8) for _ in range(2)]
    batch = ready([(str(number), picture) for number, picture in enumerate(pictures)], voting.prep)
    with torch.no_grad():
        out = voting(batch)
        assert torch.equal(out.scores, silent(batch).scores)
    high, wide = batch.extent(1)[1], batch.extent(1)[0]
    seen = shown(batch.pictures[1, :, :high, :wide], voting.prep)
    labels = graph(seen, 25.0)
    one = voting.single(out, batch, 1).scores[0, :, :high, :wide].argmax(dim=0).numpy()
    assert all(len(np.unique(one[labels == piece])) == 1 for piece in range(int(labels.max()) + 1))
    assert voting.read(out, batch)[1].regions.ids.shape == pictures[1].shape[:2]
    plain = silent.single(out, batch, 1)
    assert torch.equal(plain.scores, out.scores[1:2])
    assert plain.grid == Grid.corners(STRIDE)


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_passes_hear_the_last_one(passes: int) -> None:
    torch.manual_seed(0)
    system: Any = weights.build(f"recurrent-labeller-{passes}", NAMES, {"kernel": 3, "width": 0.5}).eval()
    x = torch.randn(1, 3, 40, 48, requires_grad=True)
    heard: list[torch.Tensor] = []
    if system.told is not None:
        system.told.register_forward_hook(lambda _module, given, _out: heard.append(given[0]))
    out = system(Batch(x))
    assert out.logits.shape == (1, 4, 40, 48)
    assert len(out.aux) == len(heard) == passes - 1
    assert [maps.grid for _, maps in out.aux] == [Grid.corners(4 * 2 ** (passes - 1 - call)) for call in range(passes - 1)]
    for before, (_, maps) in zip(heard, out.aux, strict=True):
        assert torch.equal(before, maps.scores.softmax(dim=1))
    (slope,) = torch.autograd.grad(out.scores[0, :, 5, 6].sum(), x)
    rows = slope.abs().sum(dim=(0, 1, 3)).nonzero()
    reach = int(rows.max() - rows.min()) + 1
    assert reach == 18 if passes == 1 else reach > 18
    parts = system.loss(out, Batch(x, {"regions": torch.zeros(1, 40, 48, dtype=torch.uint8)}))
    assert set(parts) == {"class", *(f"aux{place}" for place in range(1, passes))}


def test_three_passes_share_their_weights() -> None:
    counts = []
    for passes in (2, 3):
        system = weights.build(f"recurrent-labeller-{passes}", NAMES, {"kernel": 3})
        counts.append(sum(value.numel() for name, value in system.named_parameters() if "norms" not in name))
    assert counts[0] == counts[1]
