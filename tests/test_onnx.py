"""Systems as ONNX files, read by a runtime that knows nothing of PyTorch. OpenCV is one, so that files are always truly run;
where the package onnx is not installed, what the exporter asks of it (nothing, for our graphs) is answered in its place."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, replace
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from looksay import weights
from looksay.errors import BadConfig, LooksayError, NotInstalled
from looksay.nn.onnx import to_onnx
from looksay.nn.prep import Prep
from looksay.nn.system import Batch, System
from looksay.registry import Card
from looksay.scene import Scene

CLASSES = tuple(f"kind {number}, “ñ”" for number in range(40))  # more than 127 bytes: a length of two


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exporter looks through a finished file for functions written in another language, and our graphs have none."""
    if find_spec("onnx") is None:
        stand_in = ModuleType("onnx")
        stand_in.__spec__ = ModuleSpec("onnx", None)
        stand_in.load_model_from_string = lambda content: SimpleNamespace(graph=SimpleNamespace(node=()))  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "onnx", stand_in)


def tiny(name: str, side: int) -> System[Any]:
    torch.manual_seed(0)
    usual = weights.build(name, CLASSES, {"width": 0.25}).prep
    torch.manual_seed(0)
    system = weights.build(name, CLASSES, {"width": 0.25}, replace(usual, size=(side, side), resize=side))
    for module in system.modules():  # statistics that show whether they are used
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2)
    return system


def message(content: bytes) -> dict[int, list[Any]]:
    """The fields of a message in the encoding of protocol buffers."""
    at, found = 0, dict[int, list[Any]]()

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            at += 1
            value |= (content[at - 1] & 127) << shift
            shift += 7
            if content[at - 1] < 128:
                return value

    while at < len(content):
        key = number()
        value: Any = number()
        if key & 7 == 2:
            at += value
            value = content[at - value : at]
        else:
            assert key & 7 == 0
        found.setdefault(key >> 3, []).append(value)
    return found


def sides(value: bytes) -> tuple[str, tuple[int | str, ...]]:
    """Name and shape of an input or output."""
    parts = message(value)
    dims = [message(dim) for dim in message(message(message(parts[2][0])[1][0])[2][0])[1]]
    return parts[1][0].decode(), tuple(dim[1][0] if 1 in dim else dim[2][0].decode() for dim in dims)


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("name", "side", "outputs"),
    [
        ("small-m", 48, {"logits": ("batch", 40)}),
        ("ssd", 64, {"logits": ("batch", 1406, 41), "offsets": ("batch", 1406, 4)}),
        ("localizer", 64, {"logits": ("batch", 40), "boxes": ("batch", 40, 4)}),
        ("localizer-agnostic", 160, {"logits": ("batch", 40), "boxes": ("batch", 1, 4)}),
        # of 144 x 128 pixels shown at 99 x 88, 126 x 112 and 162 x 144, windows of 88 every 8 pixels
        ("overfeat", 144, {"logits": ("batch", 2 * 1 + 5 * 4 + 10 * 8, 40), "boxes": ("batch", 102, 40, 4)}),
    ],
)
def test_the_file_says_what_pytorch_says(name: str, side: int, outputs: dict[str, Any], tmp_path: Path) -> None:
    system = tiny(name, side).train()
    system.prep = replace(system.prep, size=(side, side - 16))  # pictures need not be square
    if name == "ssd":
        places = system.eval()(Batch(torch.zeros(1, 3, side - 16, side))).logits.shape[1]
        outputs = {key: ("batch", places, last) for key, (_, _, last) in outputs.items()}
        system.train()
    modes = [module.training for module in system.modules()]
    pools = [module.count_include_pad for module in system.modules() if isinstance(module, nn.AvgPool2d)]
    made = to_onnx(system, tmp_path / "a.onnx")
    assert [module.training for module in system.modules()] == modes
    assert [module.count_include_pad for module in system.modules() if isinstance(module, nn.AvgPool2d)] == pools
    assert all(parameter.requires_grad for parameter in system.parameters())
    assert made.worst < 1e-4
    content = made.path.read_bytes()
    model = message(content)
    graph = message(model[7][0])
    assert dict(map(sides, graph[12])) == dict(made.outputs) == outputs
    assert dict(map(sides, graph[11])) == dict(made.inputs) == {"pictures": ("batch", 3, side - 16, side)}
    assert [message(opset)[2] for opset in model[8] if 1 not in message(opset) or not message(opset)[1][0]] == [[17]]

    facts = {message(pair)[1][0].decode(): message(pair)[2][0].decode() for pair in model[14]}
    assert (facts["system"], facts["task"]) == (system.card.name, system.card.task)
    assert json.loads(facts["classes"]) == list(CLASSES)
    assert Prep(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in json.loads(facts["prep"]).items()}
    ) == (system.prep)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
    system.eval()
    for count in (5, 1, 2):
        pictures = torch.randn(count, 3, side - 16, side)
        with torch.no_grad():
            wanted = vars(system(Batch(pictures)))
        net.setInput(pictures.numpy(), "pictures")
        for key, found in zip(outputs, net.forward(list(outputs)), strict=True):
            assert found.shape == wanted[key].shape
            np.testing.assert_allclose(found, wanted[key].numpy(), atol=1e-4)


@dataclass
class Parts:
    """Lists, names and things that are no tensors."""

    maps: list[Tensor]
    named: dict[str, Tensor]
    note: str = "none"


class Toy(System[Parts]):
    """`counts`: its graph knows how many pictures there were. `uneven`: one tensor a picture."""

    card = Card("toy", "detect", "Toy", "none", 2000)
    RECIPES = {}

    def __init__(self, *, counts: bool = False, uneven: bool = False) -> None:
        super().__init__(("one",), None, Prep((16, 8), "stretch", 8))
        self.conv, self.counts, self.uneven = nn.Conv2d(3, 4, 3), counts, uneven

    def forward(self, batch: Batch) -> Parts:
        x = self.conv(batch.pictures)
        flat = x.reshape(len(batch), -1) if self.counts else x.flatten(1)
        return Parts(list(x.unbind()) if self.uneven else [x, flat], {"mean": x.mean(dim=(2, 3))})

    def loss(self, out: Parts, batch: Batch) -> dict[str, Tensor]:
        return {"none": out.named["mean"].sum()}

    def read(self, out: Parts, batch: Batch) -> list[Scene]:
        return [batch.scene(row) for row in range(len(batch))]

    def taps(self) -> dict[str, nn.Module]:
        return {"conv": self.conv}

    def aim(self, out: Parts, what: str) -> Tensor:
        return out.named["mean"].sum(dim=1)


@pytest.mark.usefixtures("package")
def test_outputs_are_called_after_their_fields(tmp_path: Path) -> None:
    made = to_onnx(Toy(), tmp_path / "a.onnx", opset=13)
    assert made.outputs == {"maps_0": ("batch", 4, 6, 14), "maps_1": ("batch", 336), "named_mean": ("batch", 4)}
    assert {key: value for key, value in asdict(made).items() if key == "inputs"} == {"inputs": {"pictures": ("batch", 3, 8, 16)}}


@pytest.mark.usefixtures("package")
def test_a_file_that_would_say_something_else_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"old")
    with pytest.raises(LooksayError, match=r"toy: the exported file cannot be trusted: .*batch=1"):
        to_onnx(Toy(counts=True), tmp_path / "a.onnx")
    with pytest.raises(LooksayError, match=r"other tensors for another number of pictures .*batch=1"):
        to_onnx(Toy(uneven=True), tmp_path / "a.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == b"old"
    for system in (Toy(counts=True), Toy(uneven=True)):
        made = to_onnx(system, tmp_path / "a.onnx", batch=2)
        assert made.inputs == {"pictures": (2, 3, 8, 16)}
        assert all(isinstance(side, int) for shape in made.outputs.values() for side in shape)
        assert dict(map(sides, message(message(made.path.read_bytes())[7][0])[12])) == made.outputs
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.onnx"]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)


@pytest.mark.usefixtures("without")
def test_without_the_package_the_way_to_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match=r"need the package onnx \(pip install onnx"):
        to_onnx(Toy(), tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_refusals(tmp_path: Path) -> None:
    class Asking(Toy):
        def beside(self, picture: Any, place: Any, keep: Any) -> dict[str, Any]:
            return {"proposals": []}

    with pytest.raises(LooksayError, match="more than the picture's pixels"):
        to_onnx(Asking(), tmp_path / "a.onnx")
    with pytest.raises(BadConfig, match="opset 3 cannot be written"):
        to_onnx(Toy(), tmp_path / "a.onnx", opset=3)
    with pytest.raises(BadConfig, match="0 pictures at a time"):
        to_onnx(Toy(), tmp_path / "a.onnx", batch=0)
    assert not list(tmp_path.iterdir())
