"""What every system of the registry keeps, whatever its paper: finite answers, gradients everywhere, taps that fire in order,
ReLUs that explanations can trust, weights that come back bit for bit. A new system needs a line
in TINY, and its task one in TARGETS."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from looksay import registry, weights
from looksay.errors import BadConfig, UnknownName
from looksay.nn import chance
from looksay.nn.system import Batch, System
from looksay.nn.vocabulary import SPECIALS

CLASSES = tuple(f"kind {letter}" for letter in "abcdefghijklmnopqrst")

WRITING = ("caption", "write", "translate")
FINDING = ("detect", "instances")  # a step learns from a sample of regions; what was found differs in number

# Settings that keep every part of the network but make it small, and the side of its pictures.
TINY: dict[str, tuple[dict[str, Any], int]] = {
    "linear": ({}, 16),
    "char-rnn": ({"hidden": 48, "embed": 24, "dropout": 0.3}, 16),
    "translator": ({"hidden": 48, "embed": 24, "source": (*SPECIALS, *CLASSES[3:])}, 16),
    "alexnet": ({"width": 0.125, "hidden": 32, "grid": 1}, 64),
    "googlenet": ({"width": 0.125, "aux_hidden": 16}, 48),
    "mnist-cnn": ({"width": 8, "hidden": 16}, 28),
    "vgg": ({"width": 0.125, "hidden": 32, "grid": 1}, 32),
    "inception-v3": ({"width": 0.125, "modules": (1, 1, 1)}, 80),
    "resnet": ({"width": 0.125}, 48),
    "squeezenet": ({"width": 0.25}, 48),
    "densenet": ({"width": 0.25, "layers": 0.2}, 48),
    "inception-resnet-v2": ({"width": 0.125, "modules": (1, 1, 2)}, 80),
    "inception-v4": ({"width": 0.125, "modules": (1, 1, 1)}, 80),
    "small": ({"width": 0.25}, 48),
    "ssd": ({"width": 0.25}, 64),
    "r-cnn": ({"width": 0.25, "crop": 32, "hidden": 32}, 64),
    "fast-r-cnn": ({"width": 0.25, "hidden": 32, "regions": 16, "proposals": 20}, 64),
    "faster-r-cnn": ({"width": 0.25, "hidden": 32, "regions": 16, "proposals": 20, "before": 60, "anchors": 32}, 64),
    "faster-r-cnn-fpn": (
        {
            "width": 0.125,
            "channels": 128,
            "hidden": 32,
            "regions": 16,
            "proposals": 20,
            "before": 20,
            "anchors": 32,
            "scales": (8.0, 16.0, 32.0, 64.0, 128.0),
            "side": 64,
            "longest": 64,
        },
        64,
    ),
    "mask-r-cnn": (
        {"width": 0.25, "hidden": 32, "regions": 16, "proposals": 20, "before": 60, "anchors": 32, "inks": 32},
        64,
    ),
    "mask-r-cnn-fine": (
        {"width": 0.25, "hidden": 32, "regions": 16, "proposals": 20, "before": 60, "anchors": 32, "inks": 32},
        64,
    ),
    "hypercolumns": ({"width": 0.25, "hidden": 32, "regions": 16, "proposals": 20, "before": 60, "anchors": 32}, 64),
    "sds": ({"width": 0.25, "hidden": 32, "regions": 16, "proposals": 20}, 64),
    "cascades": (
        {"width": 0.25, "hidden": 32, "regions": 16, "proposals": 20, "before": 60, "anchors": 32, "inks": 32},
        64,
    ),
    "mask-r-cnn-fpn": (
        {
            "width": 0.125,
            "channels": 128,
            "hidden": 32,
            "inks": 128,
            "depth": 1,
            "regions": 16,
            "proposals": 20,
            "before": 20,
            "anchors": 32,
            "scales": (8.0, 16.0, 32.0, 64.0, 128.0),
            "side": 64,
            "longest": 64,
        },
        64,
    ),
    "visual-concepts": ({"width": 0.25}, 48),
    "deep-image-sent": ({"width": 0.25, "embed": 32, "hidden": 32, "space": 32, "frozen": False}, 48),
    "show-and-tell": ({"width": 0.25, "hidden": 64, "embed": 32, "frozen": False}, 48),
    "neuraltalk": ({"width": 0.25, "hidden": 64, "embed": 32, "frozen": False}, 48),
    "lrcn": ({"width": 0.25, "hidden": 128, "embed": 32, "frozen": False}, 48),
    "show-attend-tell": ({"width": 0.25, "hidden": 64, "embed": 32, "look": 16, "frozen": False}, 48),
    "yolo": ({"width": 0.25, "hidden": 128}, 128),
    "yolo2": ({"width": 0.25, "channels": 64, "fine": 8}, 96),
    "darknet": ({}, 64),
    "window-labeller": ({"width": 0.25, "kernel": 5, "hidden": 32, "side": 48}, 48),
    "multi-scale": ({"width": 0.25, "kernel": 5, "hidden": 32, "side": 48}, 48),
    "recurrent-labeller": ({"width": 0.25, "kernel": 5, "side": 48}, 48),
    "deconvnet": ({"column": "A", "width": 0.125, "hidden": 32, "window": 3}, 48),
    "fcn-dilated": ({"width": 0.125}, 48),
    "fcn-fine": ({"width": 0.25}, 48),
    "fcn": ({"network": "small-m", "width": 0.25, "hidden": 32, "window": 3}, 48),
    "localizer": ({"width": 0.25}, 48),
    "sliding-window": ({"width": 0.25, "input": 32, "sizes": (0.9, 0.5)}, 48),
    "overfeat": ({"width": 0.25, "scales": (96,)}, 48),
}


def _things(count: int) -> dict[str, Any]:
    """None, one, two … things a picture; some are not counted."""
    boxes = torch.tensor([[4.0, 6, 30, 40], [20, 10, 46, 30], [2, 24, 22, 46], [1, 2, 12, 14]])
    numbers = [torch.arange((i + 1) % 4) for i in range(count)]
    return {
        "index": torch.arange(count),
        "boxes": [boxes[some] for some in numbers],
        "labels": [(some * 5 + i) % len(CLASSES) for i, some in enumerate(numbers)],
        "ignore": [some == 2 for some in numbers],
    }


def _outlines(count: int) -> dict[str, Any]:
    """The same things, each a lozenge in its box."""
    things = _things(count)
    side = torch.arange(24)
    lozenge = ((side[:, None] - 11.5).abs() + (side - 11.5).abs() < 12).to(torch.uint8)
    return {**things, "masks": [[lozenge] * len(boxes) for boxes in things["boxes"]], "frames": things["boxes"]}


def _spots(count: int) -> dict[str, Any]:
    boxes = torch.tensor([[4.0, 6, 30, 40], [20, 10, 46, 30], [2, 24, 22, 46], [10, 8, 40, 40]])
    labels = torch.arange(count) * 5 % len(CLASSES)
    return {"index": torch.arange(count), "label": labels, "box": boxes[torch.arange(count) % 4]}


def _captions(count: int) -> dict[str, Any]:
    """One for each picture, of different lengths."""
    words = [torch.arange(3, 5 + i % 3) * (i + 3) % (len(CLASSES) - 3) + 3 for i in range(count)]
    return {"index": torch.arange(count), "captions": [[some] for some in words]}


def _texts(count: int) -> dict[str, Any]:
    """Of streams that begin here; each begins with a character of its own, so that the rest can be known by heart."""
    rows = 3 + (torch.arange(7) * 2 + torch.arange(count)[:, None] * 3) % (len(CLASSES) - 3)
    return {"words": rows[:, :-1], "next": rows[:, 1:], "fresh": True}


def _translations(count: int) -> dict[str, Any]:
    """Sentences to be read, of different lengths, the words to be said about as many."""
    source = 3 + (torch.arange(6) * 2 + torch.arange(count)[:, None] * 3) % (len(CLASSES) - 3)
    lengths = 6 - torch.arange(count) % 3
    return {"source": source, "lengths": lengths, "words": [some[0] for some in _captions(count)["captions"]]}


def _maps(count: int) -> dict[str, Any]:
    """Two halves of two classes, and a strip that does not count."""
    maps = torch.zeros(count, 48, 48, dtype=torch.uint8)
    for row in range(count):
        maps[row], maps[row, :, 24:], maps[row, 20:28] = row % 20, (3 * row + 5) % 20, 255
    return {"index": torch.arange(count), "regions": maps}


TARGETS: dict[str, Callable[[int], dict[str, Any]]] = {
    "classify": lambda count: {"label": torch.arange(count) * 5 % len(CLASSES)},
    "caption": _captions,
    "detect": _things,
    "instances": _outlines,
    "locate": _spots,
    "segment": _maps,
    "write": _texts,
    "translate": _translations,
}
# Of systems with several variants the fast tier runs the first and those that are made of other parts.
OTHER_PARTS = (
    "googlenet-lrn",
    "vgg-a-lrn",
    "vgg-c",
    "plain-18",
    "resnet-50",
    "squeezenet-1.1",
    "yolo2-darknet19",
    "seq2seq",
    "luong-local",
)

# Two dozen layers without a norm; steps that go through time; and, not gentle at all, eight channels to tell all classes by.
GENTLE = {
    "fcn-fine": 3e-2,
    "deconvnet": 1e-2,
    "visual-concepts": 1e-2,  # its loss is a sum over words
    "recurrent-labeller-3": 1e-2,
    "recurrent-labeller-2": 1e-2,
    "recurrent-labeller-1": 1e-2,
    "fcn-resnet50": 5e-3,
    "fcn-resnet101": 5e-3,
    "yolo-448": 5e-4,
    "lstm": 1e-2,
    "rnn": 1e-2,
    "rnn-deep": 5e-3,
    "birnn": 1e-2,
} | dict.fromkeys(("seq2seq", "luong-dot", "luong-general", "luong-concat", "luong-local"), 1e-2)


def _cases() -> Iterator[Any]:
    for card in registry.cards():
        for name in card.names:
            fast = name in (card.names[0], *OTHER_PARTS)
            yield pytest.param(name, id=name, marks=() if fast else pytest.mark.slow)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny tensors gain nothing from threads, and lose much where the cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


every_system = pytest.mark.parametrize("name", list(_cases()))


def _tiny(name: str, seed: int = 0) -> System[Any]:
    card = registry.find(name).card
    assert card.name in TINY, f"{card.name} has no line in TINY"
    settings, side = TINY[card.name]
    torch.manual_seed(seed)
    usual = weights.build(name, classes_of(card), settings)
    prep = replace(usual.prep, size=(side, side), resize=side)
    torch.manual_seed(seed)
    return weights.build(name, classes_of(card), settings, prep)


def classes_of(card: registry.Card) -> tuple[str, ...]:
    """What a system that writes can say begins with the words that nobody says."""
    return (*SPECIALS, *CLASSES[3:]) if card.task in WRITING else CLASSES


def _batch(system: System[Any], count: int = 4) -> Batch:
    wide, high = system.prep.size
    pictures = torch.randn(count, system.prep.channels, high, wide, generator=torch.Generator().manual_seed(7))
    assert system.card.task in TARGETS, f"the task {system.card.task} has no line in TARGETS"
    ids = tuple(f"picture {i}" for i in range(count))
    return Batch(pictures, TARGETS[system.card.task](count), tuple((100 + i, 80) for i in range(count)), ids)


def _tensors(out: Any) -> list[Tensor]:
    """All tensors of an output, in order."""
    if isinstance(out, Tensor):
        return [out]
    if isinstance(out, (tuple, list)):
        return [tensor for part in out for tensor in _tensors(part)]
    return [tensor for part in vars(out).values() for tensor in _tensors(part)] if hasattr(out, "__dict__") else []


def _without_dropout(system: System[Any]) -> System[Any]:
    for part in system.modules():
        if isinstance(part, chance.Dropout):
            part.share = 0.0
    return system


@every_system
def test_answers_are_finite_and_of_one_type(name: str) -> None:
    system = _tiny(name)
    batch = _batch(system)
    trained = system.train()(batch)
    with torch.autocast("cpu", torch.bfloat16):
        half = system(batch)
    looked = system.eval()(batch)
    assert type(trained) is type(looked)
    if system.card.task not in FINDING:  # where a step learns from a sample of the regions
        assert [tensor.shape for tensor in _tensors(trained)] == [tensor.shape for tensor in _tensors(looked)]
    for out in (trained, half, looked):
        assert all(bool(torch.isfinite(tensor).all()) for tensor in _tensors(out))
        assert all(math.isfinite(float(part.detach())) for part in system.loss(out, batch).values())


@every_system
def test_first_loss_and_gradients(name: str) -> None:
    system = _without_dropout(_tiny(name)).train()
    batch = _batch(system, 8)
    parts = system.loss(system(batch), batch)
    if system.card.task == "classify":
        guess = math.log(len(CLASSES))
        assert 0.8 * guess < float(parts["class"].detach()) < 1.3 * guess
    torch.stack(list(parts.values())).sum().backward()
    silent = []
    for where, parameter in system.named_parameters():
        assert parameter.grad is not None, where
        assert bool(torch.isfinite(parameter.grad).all()), where
        if not bool(parameter.grad.any()):
            silent.append(where)
    if system.card.task in FINDING:  # the head for a shape that no thing of the batch has learns nothing from it
        assert len(silent) < 0.35 * len(list(system.parameters())), silent
    else:
        assert not silent


@every_system
def test_learns_four_pictures_by_heart(name: str) -> None:
    system = _without_dropout(_tiny(name)).train()
    batch = _batch(system)
    optimiser = torch.optim.Adam(system.parameters(), lr=GENTLE.get(name, 2e-3))
    total, enough = math.inf, 0.1
    for step in range(120):
        with chance.at(0, step):
            parts = system.loss(system(batch), batch)
        total = sum(float(part.detach()) for part in parts.values())
        if step == 0 and system.card.task in FINDING:  # a sum over many places
            enough = max(0.1, 0.15 * total)
        if total < enough:
            break
        optimiser.zero_grad()
        torch.stack(list(parts.values())).sum().backward()
        optimiser.step()
    assert total < enough


@every_system
def test_weights_come_back_bit_for_bit(name: str, tmp_path: Path) -> None:
    system = _tiny(name)
    batch = _batch(system)
    system.train()(batch)  # moves the running statistics of batch norm away from their start
    before = _tensors(system.eval()(batch))
    info = weights.Info(name, system.classes, TINY[system.card.name][0], system.prep)
    weights.save(tmp_path / "w.safetensors", system, info)
    again, said = weights.load(tmp_path / "w.safetensors")
    assert said.system == name
    assert again.prep == system.prep
    assert again.config == system.config
    after = _tensors(again(batch))
    assert len(before) == len(after)
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@every_system
def test_same_seed_same_weights(name: str) -> None:
    one, two, three = _tiny(name).state_dict(), _tiny(name).state_dict(), _tiny(name, seed=1).state_dict()
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert not all(torch.equal(one[key], three[key]) for key in one)


@every_system
def test_taps_fire_once_and_in_order(name: str) -> None:
    system = _tiny(name).eval()
    taps, inside = system.taps(), set(system.modules())
    assert taps
    assert all(module in inside for module in taps.values())
    assert len(set(taps.values())) == len(taps)
    fired: list[str] = []
    for tap, module in taps.items():
        module.register_forward_hook(lambda _module, _given, _out, tap=tap: fired.append(tap))
    system(_batch(system))
    assert fired == list(taps)
    some = next(iter(taps))
    assert system.tap(some) is taps[some]
    with pytest.raises(UnknownName, match="did you mean"):
        system.tap(some + "x")


class _Relus(TorchDispatchMode):
    """Counts rectifications wherever they come from, modules or functions."""

    def __init__(self) -> None:
        super().__init__()
        self.outside, self.in_place = 0, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        said = func.overloadpacket.__name__
        self.outside += said in ("relu", "clamp_min", "threshold")
        self.in_place += said in ("relu_", "clamp_min_", "threshold_", "relu6_", "leaky_relu_")
        return func(*args, **(kwargs or {}))


@every_system
def test_every_relu_is_its_own_module(name: str) -> None:
    system = _tiny(name).eval()
    relus = {where: part for where, part in system.named_modules() if isinstance(part, nn.ReLU)}
    assert not [where for where, part in relus.items() if part.inplace]
    calls = dict.fromkeys(relus, 0)
    for where, part in relus.items():

        def count(_module: nn.Module, _given: Any, _out: Any, where: str = where) -> None:
            calls[where] += 1

        part.register_forward_hook(count)
    with torch.no_grad(), _Relus() as seen:
        system(_batch(system))
    assert all(count == 1 for count in calls.values()), [where for where, count in calls.items() if count != 1]
    assert seen.in_place == 0
    assert seen.outside == len(relus), "a ReLU is a function, not a module"


@every_system
def test_dropout_follows_from_the_place_in_the_training(name: str) -> None:
    system = _tiny(name).train()
    batch = _batch(system)
    assert not [part for part in system.modules() if isinstance(part, (nn.Dropout, nn.Dropout2d))]

    def out(step: int) -> list[Tensor]:
        with chance.at(3, step):
            return _tensors(system(batch))

    one, two, other = out(1), out(1), out(2)
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    if system.card.task in FINDING:  # a step learns from regions drawn for it
        return
    drops = any(isinstance(part, chance.Dropout) for part in system.modules())
    assert drops != all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@every_system
def test_reads_scenes_and_aims(name: str) -> None:
    system = _tiny(name).eval()
    batch = _batch(system)
    batch.pictures.requires_grad_()
    given: list[Tensor] = [batch.pictures]
    if system.card.task in ("write", "translate"):
        system.tap("embed").register_forward_hook(lambda _module, _input, embedded: given.insert(0, embedded))
    out = system(batch)
    scenes = system.read(out, batch)
    assert [scene.id for scene in scenes] == list(batch.ids)
    assert [scene.size for scene in scenes] == list(batch.sizes)
    aimed = system.aim(out, "")
    assert aimed.shape == (len(batch),)
    (slope,) = torch.autograd.grad(aimed.sum(), given[0], retain_graph=True)
    assert bool(slope.flatten(1).any(dim=1).all()), "the aim does not depend on every picture"
    if system.card.task != "classify":
        return
    for row, scene in enumerate(scenes):
        scores = [label.score for label in scene.labels]
        assert scores == sorted(scores, reverse=True)
        assert sum(scores) <= 1 + 1e-5
        place = CLASSES.index(scene.labels[0].name)
        assert place == int(out.logits[row].argmax())
        assert float(system.aim(out, CLASSES[place])[row].detach()) == float(aimed[row].detach())
    assert {label.name for scene in system.read(out, batch, top=len(CLASSES)) for label in scene.labels} == set(CLASSES)
    with pytest.raises(UnknownName, match="did you mean kind"):
        system.aim(out, "kind z")


@every_system
def test_recipes_fit_their_system(name: str) -> None:
    entry = registry.find(name)
    kind = entry.build()
    assert "storybook" in kind.RECIPES
    for recipe in kind.RECIPES.values():
        with torch.device("meta"):
            system = weights.build(name, classes_of(entry.card), recipe.settings)
            for side in {stage.img_size for stage in recipe.stages}:
                if system.card.task in (*FINDING, "write", "translate"):  # suppression needs numbers; texts have no side
                    continue
                out = system.eval()(Batch(torch.zeros(2, system.prep.channels, side, side)))
                assert all(tensor.shape[0] == 2 for tensor in _tensors(out))
            assert kind.size_for(system.config) == system.prep.size[0]


@pytest.mark.parametrize("card", registry.cards(), ids=lambda card: str(card.name))
def test_storybook_weights_are_small_enough_to_travel(card: registry.Card) -> None:
    """About two megabytes, at 8 bits a number, for each system's first name; deeper variants are trained where one needs them."""
    first = card.names[0]
    recipe = registry.find(first).build().RECIPES["storybook"]
    with torch.device("meta"):
        assert weights.build(first, classes_of(card), recipe.settings).parameters_count < 2_000_000


def test_catalog_is_what_the_declarations_say() -> None:
    written = json.loads(files("looksay.systems").joinpath("catalog.json").read_text("utf-8"))
    declared = json.loads(registry.catalog(import_module("looksay.systems")))
    own = [card for card in declared if card["module"].startswith("looksay.")]  # other tests may declare systems of their own
    assert written == own, "run python -m looksay.systems"


def test_names_are_found_and_misspelt_ones_suggested() -> None:
    assert registry.find("ResNet_18").name == registry.find("resnet18").name == "resnet-18"
    assert registry.find("vgg").name == "vgg-16"
    assert registry.find("vgg-d").settings == registry.find("vgg-16").settings == {"column": "D"}
    with pytest.raises(UnknownName, match=r"did you mean .*densenet-121"):
        registry.find("dense-net-12")
    assert len(set(registry.names())) == len(registry.names())


def test_two_systems_of_one_name_are_refused() -> None:
    kind = registry.find("small-m").build()
    card = replace(registry.find("resnet-18").card, variants={}, module="")
    with pytest.raises(BadConfig, match="two systems are called 'resnet'"):
        registry.system(card)(kind)
