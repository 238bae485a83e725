"""Weights on disk, and systems made quick: the same answers, and nothing let in that could do harm."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from looksay import weights
from looksay.errors import BadConfig, BadWeights, DiskTrouble, LooksayError, NoNetwork, UnknownName
from looksay.nn.classifier import Logits
from looksay.nn.prep import Prep
from looksay.nn.swift import fold, quicken
from looksay.nn.system import Batch, System

CLASSES = ("dog", "chat noir", "<b>")


def tiny(name: str = "small-s", side: int = 32) -> System[Logits]:
    torch.manual_seed(0)
    system = weights.build(name, CLASSES, {"width": 0.25}, Prep((side, side), "crop", side))
    for module in system.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    return system.eval()


def saved(path: Path, *, bits: weights.Bits = 32) -> System[Logits]:
    system = tiny()
    info = weights.Info(
        "small-s", CLASSES, {"width": 0.25, "size": "s"}, system.prep, ("n1", "n2", "n3"), {"top1": 0.5}, "storybook"
    )
    weights.save(path, system, info, bits=bits)
    return system


def batch(side: int = 32, count: int = 3) -> Batch:
    return Batch(torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(1)))


def test_the_same_answers_to_the_bit_after_a_round_trip(tmp_path: Path) -> None:
    before = saved(tmp_path / "a.safetensors")
    after, info = weights.load(tmp_path / "a.safetensors")
    assert torch.equal(before(batch()).logits, after(batch()).logits)
    assert (after.classes, after.prep, info.synsets) == (CLASSES, before.prep, ("n1", "n2", "n3"))
    scene = after.read(after(batch()), batch())[0]
    assert scene.labels[0].synset == {"dog": "n1", "chat noir": "n2", "<b>": "n3"}[scene.labels[0].name]


def test_equal_weights_are_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        saved(tmp_path / f"{name}.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


@pytest.mark.parametrize(("bits", "share", "apart"), [(16, 0.6, 2e-2), (8, 0.4, 5e-2)])
def test_fewer_bits_are_a_smaller_file_and_nearly_the_same(
    tmp_path: Path, bits: weights.Bits, share: float, apart: float
) -> None:
    before = saved(tmp_path / "a.safetensors", bits=bits)
    saved(tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_size < share * (tmp_path / "b.safetensors").stat().st_size
    after, _ = weights.load(tmp_path / "a.safetensors")
    assert torch.allclose(before(batch()).logits, after(batch()).logits, atol=apart)
    assert next(after.parameters()).dtype == torch.float32


def test_eight_bits_err_by_at_most_half_a_step(tmp_path: Path) -> None:
    own = saved(tmp_path / "a.safetensors", bits=8).state_dict()
    _, tensors = weights.read(tmp_path / "a.safetensors")
    assert tensors.keys() == own.keys()
    for name, tensor in own.items():
        if tensor.ndim > 1 and tensor.numel() >= weights.LARGE:
            step = tensor.abs().amax(dim=tuple(range(1, tensor.ndim)), keepdim=True) / 127
            assert bool(((tensors[name] - tensor).abs() <= 0.501 * step).all())


def test_damage_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    saved(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:])
    with pytest.raises(BadWeights, match="sha256"):
        weights.load(path)
    for cut in (0, 5, 100, len(whole) // 2):
        path.write_bytes(whole[:cut])
        with pytest.raises(BadWeights):
            weights.load(path)


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("harm-was-done"),))


@pytest.mark.parametrize("kind", ["pickle", "torch", "old torch"])
def test_a_pickle_is_refused_unopened(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.safetensors"
    if kind == "pickle":
        path.write_bytes(pickle.dumps(Evil()))
    else:
        torch.save(Evil(), path, _use_new_zipfile_serialization=kind == "torch")
    with pytest.raises(BadWeights, match="pickle"):
        weights.load(path)
    assert not (tmp_path / "harm-was-done").exists()


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({}, "nothing of its system"),
        ({"looksay": "{"}, "description"),
        ({"looksay": "[]"}, "description"),
        ({"looksay": json.dumps({"info": {"system": "small-s", "classes": ["a"], "colour": "red"}, "sha256": ""})}, "colour"),
        ({"looksay": json.dumps({"info": {"system": "small-s", "classes": ["a"]}, "sha256": "0"})}, "sha256"),
    ],
)
def test_descriptions_that_lie(tmp_path: Path, said: dict[str, str], word: str) -> None:
    save_file({"a": torch.zeros(2)}, tmp_path / "a.safetensors", said)
    with pytest.raises(BadWeights, match=word):
        weights.load(tmp_path / "a.safetensors")


def test_weights_of_another_shape_or_system_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    saved(path)
    tensors = weights.read(path)[1]
    with pytest.raises(BadWeights, match=r"fc\.weight"):
        weights.fill(tiny(), {**tensors, "fc.weight": torch.zeros(4, 4)}, "here")
    with pytest.raises(BadWeights, match=r"lacks 'fc\.bias'"):
        weights.fill(tiny(), {name: value for name, value in tensors.items() if name != "fc.bias"}, "here")
    with pytest.raises(BadWeights, match="more"):
        weights.fill(tiny(), {**tensors, "more": torch.zeros(1)}, "here")
    info = weights.Info("resnet-9000", CLASSES)
    weights.save(path, tiny(), info)
    with pytest.raises(BadWeights, match="does not have"):
        weights.load(path)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskTrouble):
        saved(tmp_path / "file" / "a.safetensors")


def test_build_by_name() -> None:
    assert weights.build("ResNet_18", CLASSES, {"width": 0.1}).card.name == "resnet"
    with pytest.raises(UnknownName, match="resnet-18"):
        weights.build("resnet-81", CLASSES)
    with pytest.raises((BadConfig, UnknownName), match="width"):
        weights.build("resnet-18", CLASSES, {"widht": 1})


def test_published_weights_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(NoNetwork, match="resnet-18"):
        weights.published("resnet-18", offline=True)
    with pytest.raises(UnknownName):
        weights.published("mnist-cnn", offline=True)


def test_published_weights_with_their_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file as torchvision publishes it is taken; one of another content is refused."""
    import hashlib

    from torchvision.models import ResNet18_Weights, resnet18

    torch.manual_seed(0)
    network = resnet18().eval()
    file = tmp_path / "checkpoints" / "x.pth"
    file.parent.mkdir()
    torch.save(network.state_dict(), file)
    mark = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    named = file.rename(file.with_name(f"resnet18-{mark}.pth"))
    choice = ResNet18_Weights.IMAGENET1K_V1
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(type(choice), "url", property(lambda self: f"https://example.invalid/{named.name}"), raising=False)
    system, info = weights.published("resnet-18", offline=True)
    x = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        assert torch.allclose(system(Batch(x)).logits, network(x), atol=1e-5)
    assert (len(set(info.classes)), info.prep.resize, info.world) == (1000, 256, "imagenet")
    assert info.synsets[info.classes.index("African elephant")] == "n02504458"


def test_published_detectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """COCO's 90 numbers; normalisation as it was published."""
    import hashlib

    from torchvision.models.detection import FasterRCNN_MobileNet_V3_Large_320_FPN_Weights, fasterrcnn_mobilenet_v3_large_320_fpn
    from torchvision.ops import FrozenBatchNorm2d

    torch.manual_seed(0)
    network = fasterrcnn_mobilenet_v3_large_320_fpn(weights=None, weights_backbone=None).eval()
    file = tmp_path / "checkpoints" / "x.pth"
    file.parent.mkdir()
    kept = {name: tensor for name, tensor in network.state_dict().items() if "num_batches" not in name}  # as if frozen
    torch.save(kept, file)
    mark = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    named = file.rename(file.with_name(f"x-{mark}.pth"))
    choice = FasterRCNN_MobileNet_V3_Large_320_FPN_Weights.COCO_V1
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(type(choice), "url", property(lambda self: f"https://example.invalid/{named.name}"), raising=False)
    system, info = weights.published("faster-r-cnn-mobilenet-v3-large-320-fpn", offline=True)
    assert (len(set(info.classes)), info.world, info.prep.mode) == (90, "coco", "inside")
    assert [info.classes.index(name) + 1 for name in ("person", "bicycle", "toothbrush")] == [1, 2, 90]
    norms = [part for part in system.train().modules() if isinstance(part, nn.BatchNorm2d)]
    assert norms
    assert {(norm.eps, norm.training, norm.weight.requires_grad) for norm in norms} == {(FrozenBatchNorm2d(1).eps, False, False)}


@pytest.mark.parametrize("name", ["small-s", "resnet-18", "densenet-121", "googlenet", "vgg-16"])
def test_exact_mode_gives_the_same_logits(name: str) -> None:
    system = tiny(name, 64)
    quick = quicken(system, "exact")
    with torch.inference_mode():
        assert torch.allclose(system(batch(64)).logits, quick(batch(64)).logits, atol=1e-4)
    assert not any(parameter.requires_grad for parameter in quick.parameters())
    assert all(not module.inplace for module in system.modules() if isinstance(module, nn.ReLU))


def test_folding_merges_what_it_should() -> None:
    system = tiny("resnet-18", 64)
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in system.modules())
    assert fold(system, batch(64)) == norms == 20
    assert not any(isinstance(module, nn.BatchNorm2d) for module in system.modules())


def test_fast_mode_is_near() -> None:
    system = tiny("resnet-18", 64)
    quick = quicken(system, "fast")
    near = batch(64)
    with torch.inference_mode():
        before = system(near).logits.softmax(1)
        near.pictures = near.pictures.bfloat16()
        after = quick(near).logits.float().softmax(1)
    assert quick.taps()["conv1"].weight.dtype == torch.bfloat16
    assert quick.fc.weight.dtype == torch.float32  # the answer itself keeps its digits
    assert (before - after).abs().max() < 0.05


def test_folding_that_would_change_the_answer_is_refused() -> None:
    """A convolution whose output goes elsewhere as well as into its normalisation."""

    class Forked(type(tiny())):  # type: ignore[misc]
        def __init__(self) -> None:
            System.__init__(self, CLASSES, None, Prep((8, 8), "crop", 8))
            self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
            self.norm.running_mean.fill_(5.0)

        def logits(self, x: torch.Tensor) -> Logits:
            y = self.conv(x)
            return Logits((self.norm(y) + 3 * y).mean(dim=(2, 3)))

    with pytest.raises(LooksayError, match="differently"):
        quicken(Forked().eval())


def test_files_hold_tensors_only(tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors")
    assert set(load_file(tmp_path / "a.safetensors")) == set(tiny().state_dict())
