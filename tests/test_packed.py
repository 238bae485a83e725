"""Layers that call oneDNN themselves say what torch's say, and take in the activations that are theirs alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay import weights
from looksay.nn.packed import Packed, pack, packable
from looksay.nn.swift import DTYPES, Mode, quicken
from looksay.nn.system import Batch


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    torch.manual_seed(0)
    with torch.inference_mode():
        yield


class Few(nn.Module):
    """A ReLU of its own behind one layer, one that two layers share, one that a sum goes through, one behind two calls."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.own = nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU()
        self.left, self.right, self.shared = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=4), nn.ReLU()
        self.after = nn.ReLU()
        self.twice, self.once, self.again = nn.Conv2d(8, 8, 1), nn.ReLU(), nn.ReLU()
        self.some, self.bare = nn.Conv2d(8, 8, 1, bias=False), nn.ReLU()
        self.units, self.hard = nn.Linear(8, 5), nn.Hardswish()

    def forward(self, x: Tensor) -> Tensor:
        x = self.own(self.first(x))
        x = self.after(x - self.shared(self.left(x)) + self.shared(self.right(x)))
        x = self.once(self.twice(x)) - self.again(self.twice(0.5 - x))
        x = self.bare(self.some(x)) + self.some(x.neg())  # one of its calls goes without
        return self.hard(self.units(x.mean(dim=(2, 3))))


def packed_few(x: Tensor) -> tuple[Few, Tensor, list[Packed]]:
    network = Few().eval()
    wanted = network(x)
    return network, wanted, pack(network, lambda: network(x))


def test_activations_are_joined_where_they_are_one_layers_own() -> None:
    network, _, packed = packed_few(torch.randn(2, 3, 12, 14))
    joined = {name: part.after for name, part in network.named_modules() if isinstance(part, Packed)}
    assert len(packed) == len(joined) == 6
    assert joined == {
        "first": "relu",
        "left": "none",
        "right": "none",
        "twice": "relu",
        "some": "none",
        "units": "hardswish",
    }
    left = [name for name, part in network.named_modules() if type(part) is nn.ReLU]
    assert left == ["shared", "after", "bare"]


@pytest.mark.parametrize("settled", [False, True])
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_the_numbers_are_torchs(settled: bool, memory: torch.memory_format) -> None:
    x = torch.randn(2, 3, 12, 14)
    network, wanted, packed = packed_few(x)
    other = torch.randn(5, 3, 31, 22)
    for layer in packed:
        if settled:
            layer.settle()
    torch.testing.assert_close(network(x.contiguous(memory_format=memory)), wanted, rtol=1e-5, atol=1e-6)
    assert network(other).shape == (5, 5)  # sizes that were never seen


def test_sizes_that_were_not_expected() -> None:
    conv, linear = nn.Conv2d(16, 24, 3, stride=2, padding=1), nn.Linear(40, 7)
    mine = Packed(conv, "relu", (1, 16, 8, 8)), Packed(linear, "none", (3,))
    for layer in mine:
        layer.settle()
    for count in (0, 1, 4):
        for side in (8, 9, 40):
            x = torch.randn(count, 16, side, side)
            torch.testing.assert_close(mine[0](x), F.relu(conv(x)), rtol=1e-5, atol=1e-5)
        x = torch.randn(2, count, 40)
        torch.testing.assert_close(mine[1](x), linear(x), rtol=1e-5, atol=1e-5)


def test_other_layers_stay() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding="same"), nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"))
    x = torch.randn(1, 3, 8, 8)
    wanted = network(x)
    assert pack(network, lambda: network(x)) == []
    assert torch.equal(network(x), wanted)
    assert not packable(network.to("meta"), torch.float32)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_a_detector_without_a_region_answers(mode: Mode) -> None:
    """Where no proposal is likely enough, no region is judged."""
    settings = {"width": 0.125, "channels": 128, "hidden": 32, "side": 64, "longest": 64, "proposals": 20, "before": 20}
    system = weights.build("faster-r-cnn-mobilenet-v3-large-fpn", ("cat", "dog"), settings).eval()
    quick = quicken(system, mode)
    batch = Batch(torch.randn(1, 3, 64, 64, dtype=DTYPES[mode]))
    assert len(quick.detect(quick(batch), batch)) == 1
    assert any(isinstance(part, Packed) for part in quick.modules())
    for bias in (part.bias for name, part in quick.named_modules() if name == "proposer.object"):
        bias.fill_(-50.0)
    out = quick(batch)
    assert out.boxes.shape == (1, 0, 4)
    assert [len(found) for found in quick.detect(out, batch)] == [0]
