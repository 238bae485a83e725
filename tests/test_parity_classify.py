"""Ours against torchvision's: the same keys, the same numbers, with random weights and random statistics of batch norm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import densenet, vgg
from torchvision.models._utils import IntermediateLayerGetter

from looksay import registry, weights
from looksay.nn.chance import Dropout
from looksay.nn.residual import Trunk
from looksay.nn.system import System

THOUSAND = tuple(str(place) for place in range(1000))
FEW = THOUSAND[:10]
FAST = ("alexnet", "resnet18", "squeezenet1_1", "googlenet", "densenet121")
PAIRS = {builder: name for card in registry.cards("classify") for name, builder in card.published.items()}


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    yield
    torch.set_num_threads(before)


def _randomise(network: nn.Module, side: int) -> nn.Module:
    """Random weights and statistics near those of real activations, so that no layer drowns what the picture says."""
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    for part in network.modules():
        if isinstance(part, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(part.weight, 0, (2 / part.weight[0].numel()) ** 0.5)
            if part.bias is not None:
                nn.init.normal_(part.bias, 0, 0.1)
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.7, 1.3)
        nn.init.normal_(norm.bias, 0, 0.2)
        norm.reset_running_stats()
        norm.momentum = 1.0
    if norms:
        with torch.no_grad():
            network.train()(torch.randn(2, 3, side, side))
    for norm in norms:
        norm.running_mean += 0.1 * torch.randn_like(norm.running_mean)
        norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.8, 1.25)
    return network.eval()


def _theirs(builder: str, side: int, **how: Any) -> nn.Module:
    if builder in ("googlenet", "inception_v3"):
        how = {"init_weights": False, **how}
    with torch.device("meta"):
        made = torchvision.models.get_model_builder(builder)(**how)
    return _randomise(made.to_empty(device="cpu"), side)


def _ours(name: str, tensors: Mapping[str, Tensor], classes: tuple[str, ...], **settings: Any) -> System[Any]:
    with torch.device("meta"):
        system = weights.build(name, classes, settings)
    system.load_state_dict(dict(tensors), assign=True)
    return system.eval()


def _close(ours: Tensor, theirs: Tensor) -> None:
    """To 1e-5 of the largest value, of at least two pictures that the network tells apart."""
    assert ours.shape == theirs.shape
    size = float(theirs.abs().max())
    assert float((theirs[0] - theirs[1]).abs().max()) > 0.02 * size
    assert float((ours - theirs).abs().max()) <= 1e-5 * max(1.0, size)


@pytest.mark.parametrize(
    "builder", [pytest.param(builder, marks=() if builder in FAST else pytest.mark.slow) for builder in sorted(PAIRS)]
)
def test_logits_are_torchvisions(builder: str) -> None:
    side = 96 if builder in FAST else 299 if builder == "inception_v3" else 224
    theirs = _theirs(builder, side)
    ours = _ours(PAIRS[builder], theirs.state_dict(), THOUSAND)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    x = torch.randn(2, 3, side, side)
    with torch.no_grad():
        _close(ours.logits(x).logits, theirs(x))


@pytest.mark.parametrize("builder", sorted(PAIRS))
def test_parameters_are_as_many_as_published(builder: str) -> None:
    with torch.device("meta"):
        system = weights.build(PAIRS[builder], THOUSAND, {"aux": False} if builder == "googlenet" else {})
    said = torchvision.models.get_model_weights(builder)["IMAGENET1K_V1"].meta["num_params"]
    assert system.parameters_count == said


@pytest.mark.parametrize("builder", sorted(PAIRS))
def test_pictures_are_prepared_as_published(builder: str) -> None:
    with torch.device("meta"):
        prep = weights.build(PAIRS[builder], THOUSAND).prep
    said = torchvision.models.get_model_weights(builder)["IMAGENET1K_V1"].transforms()
    assert (prep.mode, prep.filter) == ("crop", said.interpolation.value)
    assert (prep.size, [prep.resize]) == ((said.crop_size[0],) * 2, said.resize_size)
    assert (list(prep.mean), list(prep.std)) == (said.mean, said.std)


def test_googlenets_input_of_the_published_weights() -> None:
    theirs = _theirs("googlenet", 64, num_classes=10, transform_input=True)
    ours = _ours("googlenet", theirs.state_dict(), FEW, transform_input=True)
    plain = _ours("googlenet", theirs.state_dict(), FEW)
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        _close(ours.logits(x).logits, theirs(x))
        assert not torch.allclose(plain.logits(x).logits, theirs(x), atol=1e-3)


@pytest.mark.parametrize(
    ("name", "builder", "side"),
    [pytest.param("googlenet", "googlenet", 64), pytest.param("inception-v3", "inception_v3", 299, marks=pytest.mark.slow)],
)
def test_auxiliary_heads_in_training(name: str, builder: str, side: int) -> None:
    theirs = _theirs(builder, side, num_classes=10).train()
    ours = _ours(name, {key: tensor.clone() for key, tensor in theirs.state_dict().items()}, FEW).train()
    for part in (*theirs.modules(), *ours.modules()):
        if isinstance(part, nn.Dropout):
            part.p = 0.0
        elif isinstance(part, Dropout):
            part.share = 0.0
    x = torch.randn(2, 3, side, side)
    with torch.no_grad():
        said, out = theirs(x), ours.logits(x)
    aux = (said.aux_logits1, said.aux_logits2) if builder == "googlenet" else (said.aux_logits,)
    _close(out.logits, said.logits)
    assert [share for share, _ in out.aux] == ([0.3, 0.3] if builder == "googlenet" else [0.4])
    for (_, head), other in zip(out.aux, aux, strict=True):
        _close(head, other)


def test_densenet_takes_the_names_of_old_files() -> None:
    theirs = _randomise(densenet.DenseNet(8, (1, 2, 5, 3), 16, num_classes=10), 64)
    new = re.compile(r"(denselayer\d+\.(?:norm|conv))([12])\.")
    old = {new.sub(r"\1.\2.", key): tensor for key, tensor in theirs.state_dict().items() if "num_batches" not in key}
    assert "features.denseblock2.denselayer2.norm.1.running_mean" in old
    kind = registry.find("densenet-121").build()
    ours = _ours("densenet-121", kind.rename(old), FEW, width=0.25, layers=0.2)
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        _close(ours.logits(x).logits, theirs(x))


def test_old_resnet_files_lack_the_counters_of_batch_norm() -> None:
    theirs = _theirs("resnet18", 64, num_classes=10)
    old = {key: tensor for key, tensor in theirs.state_dict().items() if "num_batches" not in key}
    renamed = registry.find("resnet-18").build().rename(old)
    assert renamed.keys() == theirs.state_dict().keys()
    assert int(renamed["layer4.1.bn2.num_batches_tracked"]) == 0
    counted = registry.find("resnet-18").build().rename({**old, "bn1.num_batches_tracked": torch.tensor(7)})
    assert int(counted["bn1.num_batches_tracked"]) == 7


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize(("column", "letter"), [("A", "A"), ("B", "B"), ("D", "D"), ("E", "E")])
def test_narrow_vgg_features(column: str, letter: str, norm: str) -> None:
    """A quarter of the channels; torchvision's own table of layers says the rest."""
    narrow = [width if width == "M" else int(width) // 4 for width in vgg.cfgs[letter]]
    theirs = _randomise(vgg.make_layers(narrow, batch_norm=norm == "batch"), 64)
    ours = weights.build("vgg", FEW, {"column": column, "width": 0.25, "hidden": 8, "grid": 1, "norm": norm}).eval()
    ours.features.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        _close(ours.features(x), theirs(x))


@pytest.mark.parametrize("depth", [18, 50])
def test_trunk_with_dilation(depth: int) -> None:
    """The features under detectors and segmenters, at stride 8 where they ask for it (torchvision dilates bottlenecks only)."""
    dilate = (False, True, True) if depth == 50 else (False, False, False)
    theirs = _theirs(f"resnet{depth}", 64, replace_stride_with_dilation=list(dilate))
    layers = {f"layer{level}": f"c{level + 1}" for level in range(1, 5)}
    tensors = {key: tensor for key, tensor in theirs.state_dict().items() if not key.startswith("fc.")}
    trunk = Trunk(depth, dilate=dilate).eval()
    trunk.load_state_dict(tensors)
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        said, found = IntermediateLayerGetter(theirs, layers)(x), trunk(x)
    assert list(found) == ["c2", "c3", "c4", "c5"]
    for name, channels in trunk.channels.items():
        assert found[name].shape[1] == channels
        _close(found[name], said[name])
