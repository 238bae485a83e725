"""The networks against their papers' figures and against slow, plain computations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay import registry, weights
from looksay.errors import BadConfig
from looksay.nn.backbone import SIZES, STRIDES, Backbone
from looksay.nn.blocks import LocalNorm, at_least, scaled, slide
from looksay.nn.inception import AVG, MAX, Conv, Fork, Mixed
from looksay.nn.residual import BasicBlock, Bottleneck, Residue
from looksay.nn.system import System
from looksay.systems.classify.inception_resnet2 import BLOCK_C, InceptionResNet2Config, Residual

THOUSAND = tuple(str(place) for place in range(1000))
FEW = THOUSAND[:10]


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(11)
    yield
    torch.set_num_threads(before)


def _meta(name: str, settings: dict[str, Any] | None = None) -> System[Any]:
    with torch.device("meta"):
        return weights.build(name, THOUSAND, settings)


# Table 2 of the VGG paper: millions of parameters by column; E also to the last one.
@pytest.mark.parametrize(
    ("name", "millions", "layers"),
    [("vgg-a", 133, 11), ("vgg-a-lrn", 133, 11), ("vgg-b", 133, 13), ("vgg-c", 134, 16), ("vgg-d", 138, 16), ("vgg-e", 144, 19)],
)
def test_vgg_columns(name: str, millions: int, layers: int) -> None:
    system = _meta(name)
    assert round(system.parameters_count / 1e6) == millions
    learned = [part for part in system.modules() if isinstance(part, (nn.Conv2d, nn.Linear))]
    assert len(learned) == layers
    taps = system.taps()
    assert ("lrn1" in taps) == (name == "vgg-a-lrn")
    assert [tap for tap in taps if tap.startswith("pool")] == [f"pool{stage}" for stage in range(1, 6)]
    assert list(taps)[-5:] == ["fc6", "relu6", "fc7", "relu7", "fc8"]
    ones = [tap for tap, part in taps.items() if isinstance(part, nn.Conv2d) and part.kernel_size == (1, 1)]
    assert ones == (["conv3_3", "conv4_3", "conv5_3"] if name == "vgg-c" else [])


def test_vgg_e_to_the_last_parameter() -> None:
    system = _meta("vgg-19")
    assert system.parameters_count == 143_667_240
    names = list(system.taps())
    assert names[:6] == ["conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1"]
    assert names[-9:-5] == ["relu5_3", "conv5_4", "relu5_4", "pool5"]


# What the papers' authors released has these many; 42.68 and 55.84 million are quoted everywhere.
@pytest.mark.parametrize(
    ("name", "count"),
    [("inception-v4", 42_679_816), ("inception-resnet-v2", 55_843_464), ("googlenet", 13_004_888), ("plain-34", 21_623_848)],
)
def test_parameters(name: str, count: int) -> None:
    assert _meta(name).parameters_count == count


def test_the_papers_googlenet_by_its_own_table() -> None:
    """Table 1 of Going Deeper: the weights of its rows in thousands. Left out are 4c and 5a, printed as 463 and 1072, where the
    channels in the same table make 498 and 1018."""
    system = _meta("googlenet-lrn", {"aux": False})
    said = {"3a": 159, "3b": 380, "4a": 364, "4b": 437, "4d": 580, "4e": 840, "5b": 1388}
    for name, thousands in said.items():
        module = system.get_submodule(f"inception{name}")
        counted = sum(part.weight.numel() for part in module.modules() if isinstance(part, nn.Conv2d)) / 1024
        assert counted == pytest.approx(thousands, rel=0.02), name


def test_residual_networks_differ_from_plain_ones_by_their_shortcuts_alone() -> None:
    residual, plain = _meta("resnet-34").state_dict(), _meta("plain-34").state_dict()
    assert {key for key in residual if "downsample" not in key} == set(plain)
    assert all(residual[key].shape == plain[key].shape for key in plain)


@pytest.mark.parametrize("kind", [BasicBlock, Bottleneck])
def test_a_block_that_has_learned_nothing_passes_its_input_on(kind: type[BasicBlock | Bottleneck]) -> None:
    x = torch.randn(2, 8 * kind.expansion, 5, 5)
    for shortcut, expected in ((True, x.clamp_min(0)), (False, torch.zeros_like(x))):
        block = kind(8 * kind.expansion, 8, 1, (1, 1), Residue(shortcut=shortcut)).eval()
        last = block.bn3 if isinstance(block, Bottleneck) else block.bn2
        nn.init.zeros_(last.weight)
        assert torch.equal(block(x), expected)


def test_inception_resnet_adds_in_doses() -> None:
    config = InceptionResNet2Config(width=0.125)
    x = torch.randn(2, 16, 6, 6)
    inner = Residual(16, BLOCK_C, 0.2, config, last=False).eval()
    added = inner.up(inner.mixed(x))
    assert torch.allclose(inner(x), (x + 0.2 * added).clamp_min(0))
    last = Residual(16, BLOCK_C, 1.0, config, last=True).eval()
    assert torch.allclose(last(x), x + last.up(last.mixed(x)))
    assert bool((last(x) < 0).any())
    plain = Residual(16, BLOCK_C, 0.2, InceptionResNet2Config(width=0.125, residual=False), last=False).eval()
    assert torch.equal(plain(x), plain.up(plain.mixed(x)).clamp_min(0))


def test_mixed_branches() -> None:
    table = {"one": [Conv(8)], "two": [AVG, Conv(8), Fork(Conv(16, (1, 3)), Conv(24, (3, 1)))], "max": [MAX]}
    mixed = Mixed(8, {name: table[name] for name in ("one", "two")}).eval()
    names = {name.split(".")[0] for name in mixed.state_dict()}
    assert names == {"one", "two_1", "two_2a", "two_2b"}
    x = torch.randn(2, 8, 7, 7)
    inner = mixed.two_1(F.avg_pool2d(x, 3, 1, 1))
    assert torch.equal(mixed(x), torch.cat((mixed.one(x), mixed.two_2a(inner), mixed.two_2b(inner)), 1))
    assert mixed.out == mixed(x).shape[1] == 8 + 16 + 24
    down = Mixed(8, {"conv": [Conv(8, 3, 2)], "max": [MAX]}, width=2.0)
    assert down(x).shape == (2, 16 + 8, 3, 3)


def test_local_norm_is_krizhevskys_formula() -> None:
    x = torch.randn(2, 9, 3, 4) * 20
    expected = torch.empty_like(x)
    for i in range(9):
        squares = sum((x[:, j] ** 2 for j in range(max(0, i - 2), min(8, i + 2) + 1)), torch.zeros(2, 3, 4))
        expected[:, i] = x[:, i] / (2 + 1e-4 * squares) ** 0.75
    assert torch.allclose(LocalNorm(9)(x), expected, rtol=1e-5)


def _by_windows(classifier: nn.Module, maps: Tensor, grid: int) -> Tensor:
    """Each place's fully connected layers, one window at a time."""
    high, wide = maps.shape[-2] - grid + 1, maps.shape[-1] - grid + 1
    windows = [maps[:, :, r : r + grid, c : c + grid].flatten(1) for r in range(high) for c in range(wide)]
    return torch.stack([classifier(window) for window in windows], 2).unflatten(2, (high, wide))


@pytest.mark.parametrize(("name", "grid"), [("vgg-a", 3), ("alexnet", 2)])
def test_dense_evaluation(name: str, grid: int) -> None:
    system: Any = weights.build(name, FEW, {"width": 0.125, "hidden": 16, "grid": grid}).eval()
    nn.init.normal_(system.classifier[-1].weight)
    native, larger = torch.randn(2, 3, 96, 96), torch.randn(2, 3, 160, 192)
    with torch.no_grad():
        maps = system.features(larger)
        assert maps.shape[-2] > grid
        assert maps.shape[-1] > maps.shape[-2]
        scores = _by_windows(system.classifier, maps, grid)
        assert torch.allclose(slide(system.classifier, maps, grid), scores, atol=1e-5)
        assert torch.allclose(system.dense(larger).logits, scores.mean(dim=(2, 3)), atol=1e-5)
        assert torch.allclose(system.dense(native).logits, system.logits(native).logits, atol=1e-5)
        tiny = torch.randn(2, 3, 64, 64)
        assert torch.allclose(system.dense(tiny).logits, system.logits(tiny).logits, atol=1e-5)


def test_dense_evaluation_of_globally_pooled_networks_is_a_plain_call() -> None:
    system: Any = weights.build("resnet-18", FEW, {"width": 0.125}).eval()
    x = torch.randn(1, 3, 80, 112)
    assert torch.equal(system.dense(x).logits, system.logits(x).logits)


def test_at_least() -> None:
    maps = torch.tensor([[1.0, 2.0], [3.0, 4.0]])[None, None]
    assert at_least(maps, 2) is maps
    stretched = at_least(maps, 4)[0, 0]
    assert torch.equal(stretched, maps[0, 0].repeat_interleave(2, 0).repeat_interleave(2, 1))
    assert at_least(torch.zeros(1, 1, 2, 5), 3).shape == (1, 1, 3, 5)


def test_scaled() -> None:
    assert scaled(1154, 1.0) == 1154
    assert [scaled(channels, 0.25) for channels in (64, 96, 10)] == [16, 24, 8]
    assert scaled(64, 0.5, step=32) == 32


@pytest.mark.parametrize("size", ["s", "m", "l"])
def test_backbone_features(size: Any) -> None:
    backbone = Backbone(size).eval()
    with torch.no_grad():
        found = backbone(torch.randn(1, 3, 128, 100))
    assert list(found) == list(STRIDES) == list(backbone.channels)
    for name, stride in STRIDES.items():
        assert found[name].shape == (1, backbone.channels[name], -(-128 // stride), -(-100 // stride))
    assert tuple(backbone.channels.values()) == SIZES[size][0]
    assert all(part.groups == 1 for part in backbone.modules() if isinstance(part, nn.Conv2d))


def test_small_networks_are_a_third_one_and_two_millions() -> None:
    counts = [sum(p.numel() for p in Backbone(size).parameters()) for size in SIZES]
    assert [round(count / 1e6, 1) for count in counts] == [0.3, 0.9, 1.9]


@pytest.mark.parametrize("name", ["vgg-19", "googlenet-lrn", "squeezenet-1.1", "plain-34"])
def test_the_signal_neither_dies_nor_explodes_at_the_start(name: str) -> None:
    """He's start, without batch norm's help except in the plain network: what ReLUs pass on keeps its size to a factor of ten."""
    system = weights.build(name, FEW, {"width": 0.5, **({"hidden": 64} if name == "vgg-19" else {})}).train()
    sizes = []
    for part in system.modules():
        if isinstance(part, nn.ReLU):
            part.register_forward_hook(lambda _part, _given, out: sizes.append(float(out.detach().square().mean().sqrt())))
    with torch.no_grad():
        system.logits(torch.randn(2, 3, 64, 64))
    assert len(sizes) > 10
    assert max(sizes) < 10 * min(sizes)


def test_names_count_the_layers() -> None:
    for card in ("resnet", "densenet"):
        names = [name for name in registry.find(card).card.names if not name.startswith("plain")]
        for name in names:
            learned = [where for where, part in _meta(name).named_modules() if isinstance(part, (nn.Conv2d, nn.Linear))]
            in_a_row = [where for where in learned if "downsample" not in where]  # shortcuts lie beside the others
            assert len(in_a_row) == int(name.split("-")[1]), name


def test_inception_v3_has_at_most_the_papers_modules() -> None:
    assert "Mixed_6e" in _meta("inception-v3").taps()
    with pytest.raises(BadConfig, match=r"at most \(3, 4, 2\)"):
        _meta("inception-v3", {"modules": (3, 5, 2)})


@pytest.mark.parametrize("side", [96, 128])
def test_smaller_pictures_are_taken(side: int) -> None:
    for name in ("alexnet", "vgg-a", "googlenet", "inception-v3", "inception-v4", "inception-resnet-v2", "squeezenet-1.0"):
        entry = registry.find(name)
        system: Any = weights.build(name, FEW, entry.build().RECIPES["storybook"].settings).eval()
        with torch.no_grad():
            assert bool(torch.isfinite(system.logits(torch.randn(1, 3, side, side)).logits).all())
