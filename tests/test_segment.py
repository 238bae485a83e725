"""Segmentation: label maps that follow their pictures, scores on grids against torch and slow loops, torchvision's FCN."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torchvision.models import segmentation

from looksay import registry, weights
from looksay.data import source
from looksay.data.loader import Feed, Feeding
from looksay.data.mapped import Mapped, evened, placed_map
from looksay.errors import BadConfig, BadData, UnknownName
from looksay.looker import Looker
from looksay.measure.evaluate import feed_for, judge
from looksay.nn.placement import Placement, placed
from looksay.nn.prep import Prep, fit
from looksay.nn.recipe import Augment, Stage
from looksay.nn.segmenter import PIXELS, Grid, Maps, SegmentConfig, Segmenter
from looksay.nn.system import Batch
from looksay.ops.upsample import bilinear_kernel
from looksay.systems.segment.fcn import Enlarge
from looksay.tasks import task

NAMES = ("sky", "grass", "cow", "post")
Picture = npt.NDArray[np.uint8]


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def street(tmp_path: Path) -> str:
    """Pictures whose red channel says in what class each pixel is: 40 times its number; blocks of 8 pixels."""
    rng = np.random.default_rng(0)
    (tmp_path / "classes.txt").write_text("\n".join(NAMES) + "\n")
    for split, many in (("train", 6), ("test", 2)):
        for number in range(many):
            ids = np.kron(rng.integers(0, 4, (6, 8)), np.ones((8, 8))).astype(np.uint8)
            picture = np.stack([ids * 40, ids * 0 + 90, ids * 0 + 30], axis=2)
            ids[:2, :5] = 255
            for folder, array in (("images", picture), ("labels", ids)):
                (tmp_path / folder / split).mkdir(parents=True, exist_ok=True)
                Image.fromarray(array).save(tmp_path / folder / split / f"{number}.png")
    return f"labels:{tmp_path}"


# Label maps


AUGMENTS = {
    "as it is": Augment(),
    "mirrored": Augment(flip=1.0),
    "cropped": Augment(crop=(0.3, 0.8), ratio=(0.7, 1.4), flip=0.5),
    "shifted": Augment(shift=0.2, flip=0.5),
    "scaled": Augment(scale=(64, 90)),
    "four at once": Augment(mosaic=1.0, crop=(0.6, 1.0)),
}
MODES = ("stretch", "crop", "letterbox", "inside")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("how", AUGMENTS.values(), ids=AUGMENTS)
def test_maps_follow_their_pictures(street: str, how: Augment, mode: Any) -> None:
    """Wherever the picture is not blended at an edge, its colour says what the map must say."""
    data = Mapped(source.open(street, "train"))
    prep = Prep((64, 64), mode, 64, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    feed = Feed(data, prep, task("segment"), Feeding(3, 5, how, workers=1))
    told = counted = 0
    for epoch in range(3):
        for batch in feed.epoch(epoch):
            red = batch.pictures[:, 0] * 255 / 40
            maps = batch.targets["regions"]
            red = red[:, : maps.shape[1], : maps.shape[2]]
            blended = F.max_pool2d(red, 3, 1, 1) - -F.max_pool2d(-red, 3, 1, 1) > 0.01
            sure = (maps != 255) & ~blended
            assert torch.equal(maps[sure].float(), red[sure].round())
            counted += int(sure.sum())
            told += int((maps != 255).sum())
    assert counted > 0.3 * told > 1000


def test_a_map_is_placed_by_the_middles_of_pixels() -> None:
    labels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    twice = Placement((2.0, 2.0), (0.0, 0.0), (8, 6))
    assert np.array_equal(placed_map(labels, twice), np.kron(labels, np.ones((2, 2))))
    assert np.array_equal(placed_map(labels, twice.mirrored()), np.kron(labels[:, ::-1], np.ones((2, 2))))
    beside = placed_map(labels, Placement((1.0, 1.0), (1.0, -1.0), (5, 4)))
    assert beside.tolist() == [[255, 4, 5, 6, 7], [255, 8, 9, 10, 11], [255] * 5, [255] * 5]
    half = placed_map(labels, Placement((0.5, 0.5), (0.0, 0.0), (2, 1)))  # middles lie between pixels: the later one counts
    assert half.tolist() == [[5, 7]]


def test_nearest_as_opencv_has_it() -> None:
    import cv2

    labels = np.random.default_rng(0).integers(0, 9, (37, 53)).astype(np.uint8)
    where = Placement((30 / 53, 50 / 37), (0.0, 0.0), (30, 50))
    assert np.array_equal(placed_map(labels, where), cv2.resize(labels, (30, 50), interpolation=cv2.INTER_NEAREST_EXACT))


def test_names_are_matched_and_strange_ones_refused(street: str) -> None:
    whole = source.open(street, "test")
    turned = Mapped(whole, ("post", "cow", "fence", "grass", "sky"))
    table = np.array([4, 3, 1, 0])
    plain = whole.regions(0)
    assert np.array_equal(turned.regions(0)[plain < 4], table[plain[plain < 4]])
    assert np.array_equal(turned.regions(0) == 255, plain == 255)
    with pytest.raises(BadData, match="has pixels of 'post'"):
        Mapped(whole, NAMES[:3])


def test_masks_of_things_are_painted_small_over_large() -> None:
    pages = source.open("storybook:pages=8,size=64", "train", view="scene")
    scene = max((pages.scene(index) for index in range(8)), key=lambda scene: len(scene.objects))

    class Bare(Mapped):
        def __init__(self) -> None:  # as a format that knows things alone
            self.whole: Any = type("Things", (), {})()
            self.whole.masks = lambda index: np.stack([thing.mask.array() for thing in scene.objects])  # type: ignore[union-attr]
            labels = np.arange(len(scene.objects))
            self.whole.things = lambda index: type("T", (), {"labels": labels, "flags": np.where(labels == 0, 2, 0)})()
            self._painted, self._table = True, np.arange(256, dtype=np.uint8)

    found = Bare().regions(0)
    slow = np.zeros(scene.size[::-1], np.uint8)
    for number, thing in sorted(enumerate(scene.objects), key=lambda pair: -pair[1].mask.area):  # type: ignore[union-attr]
        assert thing.mask is not None
        slow[thing.mask.array()] = 255 if number == 0 else number + 1
    assert len(scene.objects) > 1
    assert np.array_equal(found, slow)


def test_data_without_maps_is_refused(tmp_path: Path) -> None:
    for kind in ("cat", "dog"):
        (tmp_path / kind).mkdir()
        Image.new("RGB", (20, 20)).save(tmp_path / kind / "a.png")
    with pytest.raises(BadData, match="does not say which pixels are what"):
        Mapped(source.open(f"imagefolder:{tmp_path}"))


def test_weights_even_classes_out(street: str) -> None:
    data = Mapped(source.open(street, "train"))
    maps = [data.regions(index) for index in range(len(data))]
    often = []
    for number in range(4):
        having = [each for each in maps if (each == number).any()]
        often.append(sum((each == number).sum() for each in having) / sum((each != 255).sum() for each in having))
    expected = np.median(often) / np.array(often)
    assert evened(data, 1.0) == pytest.approx(expected, abs=1e-4)
    assert evened(data, 0.5) == pytest.approx(expected**0.5, abs=1e-4)
    kind: Any = task("segment").material()
    settled = kind.settled(Plain, SegmentConfig(), data, Stage(balance="weights"))
    assert settled.weights == evened(data, 0.5)
    assert kind.settled(Plain, SegmentConfig(), data, Stage()).weights == ()
    with pytest.raises(BadConfig, match="cannot be drawn by class"):
        kind.settled(Plain, SegmentConfig(), data, Stage(balance="sampling"))


# Scores on grids


@pytest.mark.parametrize(("size", "cells"), [((24, 18), (6, 5)), ((7, 9), (7, 9)), ((31, 20), (4, 1)), ((5, 5), (9, 7))])
def test_cells_that_divide_the_picture_are_interpolated_as_torch_does(size: tuple[int, int], cells: tuple[int, int]) -> None:
    scores = torch.randn(2, 3, cells[1], cells[0])
    found = Maps(scores, size, Grid.over(size, cells)).logits
    wanted = F.interpolate(scores, size=size[::-1], mode="bilinear", align_corners=False)
    assert torch.allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize("stride", [2, 8, 32])
def test_the_fixed_enlargement_is_the_transposed_convolution(stride: int, corners: bool) -> None:
    """The same but at the border, where the convolution has nothing beyond the outermost cells."""
    scores = torch.randn(1, 2, 5, 4)
    grid = Grid.corners(stride) if corners else Grid.squares(stride)
    enlarged = Enlarge(2, stride, corners=corners, learnt=False)(scores)
    assert enlarged.shape == (1, 2, 5 * stride, 4 * stride)
    ours = Maps(scores, (4 * stride, 5 * stride), grid).logits
    inner = slice(stride, -stride)
    assert torch.allclose(ours[..., inner, inner], enlarged[..., inner, inner], atol=1e-5)
    if not corners:
        wanted = F.conv_transpose2d(scores, bilinear_kernel(2, stride), None, stride, stride // 2)
        assert torch.equal(enlarged, wanted)


def test_corner_cells_stand_on_pixels() -> None:
    scores = torch.randn(1, 1, 4, 4)
    for found in (Maps(scores, (16, 16), Grid.corners(4)).logits, Enlarge(1, 4, corners=True, learnt=True)(scores)):
        assert torch.allclose(found[..., ::4, ::4], scores, atol=1e-6)
        assert torch.allclose(found[..., 0, 2], scores[..., 0, :2].mean(dim=-1), atol=1e-6)


class Plain(Segmenter):
    """Scores follow from the red of each pixel alone: the class whose red is nearest."""

    Config = SegmentConfig
    card = registry.find("fcn-8s").card

    def __init__(self, classes: Any = NAMES, config: Any = None, prep: Any = None) -> None:
        super().__init__(classes, config or SegmentConfig(), prep)
        self.reds = nn.Parameter(torch.arange(len(self.classes)) * 40 / 255)

    def maps(self, x: torch.Tensor) -> Maps:
        mean, std = self.prep.mean[0], self.prep.std[0]
        red = x[:, :1] * std + mean
        return Maps(-(red - self.reds[None, :, None, None]).square() * 100, (x.shape[3], x.shape[2]))

    def taps(self) -> dict[str, nn.Module]:
        return {}


def _batch(pictures: list[Picture], prep: Prep) -> Batch:
    from looksay.data.loader import ready

    return ready([(str(number), picture) for number, picture in enumerate(pictures)], prep)


def test_answers_have_the_size_of_the_picture(street: str) -> None:
    data = source.open(street, "train")
    pictures = [data.picture(0), data.picture(1)[:, :40], np.kron(data.picture(2), np.ones((3, 2, 1))).astype(np.uint8)]
    for mode in MODES:
        system: Any = Plain(prep=Prep((96, 96), mode, 96)).eval()
        batch = _batch(pictures, system.prep)
        for scene, picture in zip(system.read(system(batch), batch), pictures, strict=True):
            assert scene.regions.ids.shape == picture.shape[:2]
            truth = picture[..., 0] // 40
            looked = scene.regions.ids != 255
            assert looked.all() == (mode != "crop" or picture.shape[0] == picture.shape[1])
            assert (scene.regions.ids == truth)[looked].mean() > 0.9


def test_large_answers_are_read_in_strips(street: str, monkeypatch: pytest.MonkeyPatch) -> None:
    system: Any = Plain().eval()
    batch = _batch([source.open(street, "train").picture(0)], system.prep)
    whole = system.read(system(batch), batch)[0]
    monkeypatch.setattr("looksay.nn.segmenter.AT_ONCE", 1000)
    assert system.read(system(batch), batch)[0] == whole


def test_loss_is_that_of_the_pixels_that_count() -> None:
    torch.manual_seed(0)
    scores, truth = torch.randn(2, 4, 6, 7), torch.randint(0, 4, (2, 6, 5), dtype=torch.uint8)
    truth[0, :2] = 255
    for some in ((), (1.0, 2.0, 0.5, 3.0)):
        system: Any = Plain(config=SegmentConfig(weights=some))
        total = weight = 0.0
        for n in range(2):
            for y in range(6):
                for x in range(5):  # what lies beyond the map is padding
                    kind = int(truth[n, y, x])
                    if kind != 255:
                        share = some[kind] if some else 1.0
                        total -= share * float(scores[n, :, y, x].log_softmax(0)[kind])
                        weight += share
        found = system.loss(Maps(scores, (7, 6)), Batch(scores, {"regions": truth}))
        assert float(found["class"]) == pytest.approx(total / weight, rel=1e-5)
    nothing = system.loss(Maps(scores.requires_grad_(), (7, 6)), Batch(scores, {"regions": torch.full_like(truth, 255)}))
    assert float(nothing["class"].detach()) == 0


def test_a_step_learns_from_every_second_pixel_and_all_of_them_in_turn() -> None:
    system: Any = Plain(config=SegmentConfig(grain=2)).train()
    scores, truth = torch.randn(1, 4, 8, 8, requires_grad=True), torch.zeros(1, 8, 8, dtype=torch.uint8)
    touched = torch.zeros(8, 8, dtype=torch.int64)
    for step in range(40):
        torch.manual_seed(step)
        (slope,) = torch.autograd.grad(system.loss(Maps(scores, (8, 8)), Batch(scores, {"regions": truth}))["class"], scores)
        now = slope.abs().sum(dim=(0, 1)) > 0
        assert int(now.sum()) == 16
        touched += now
    assert int(touched.min()) > 0
    system.eval()
    (slope,) = torch.autograd.grad(system.loss(Maps(scores, (8, 8)), Batch(scores, {"regions": truth}))["class"], scores)
    assert bool((slope.abs().sum(dim=(0, 1)) > 0).all())


def test_aims_at_classes_and_pixels(street: str) -> None:
    system: Any = Plain().eval()
    batch = _batch([source.open(street, "train").picture(0)], system.prep)
    out = system(batch)
    best = out.logits.argmax(dim=1)
    for number, name in enumerate(NAMES):
        seen = out.logits[0, number][best[0] == number]
        assert float(system.aim(out, name).detach()) == pytest.approx(float(seen.mean().detach()), rel=1e-4)
    most = NAMES[int(best.flatten().bincount().argmax())]
    assert torch.equal(system.aim(out, ""), system.aim(out, most))
    x, y = batch.places[0].boxes(np.array([[20.5, 30.5, 20.5, 30.5]]))[0, :2]
    wanted = out.at(torch.tensor([x]), torch.tensor([y])).max()
    assert torch.allclose(system.aim(out, "20,30"), wanted)
    with pytest.raises(UnknownName, match="did you mean grass"):
        system.aim(out, "gras")


# Judging


def test_a_perfect_answer_is_judged_perfect(street: str) -> None:
    data = Mapped(source.open(street, "test"), NAMES)
    system: Any = Plain(prep=Prep((64, 64), "inside", 48)).eval()
    found = judge(system, feed_for(system, data, batch_size=2, workers=1))
    numbers = found.scores()
    assert (numbers["miou"], numbers["pixel_accuracy"], numbers["boundary_f"]) == (1.0, 1.0, 1.0)
    with torch.no_grad():
        system.reds[2] = 10.0  # cows are never seen
    numbers = judge(system, feed_for(system, data, batch_size=2, workers=1)).scores()
    assert 0.3 < numbers["miou"] < 0.8
    assert numbers["low"] <= numbers["miou"] <= numbers["high"]


# FCN


@pytest.mark.parametrize("network", ["small-s", "resnet-18", "vgg-16"])
@pytest.mark.parametrize("size", [(64, 64), (50, 37), (33, 97)])
def test_fcn_takes_any_size(network: str, size: tuple[int, int]) -> None:
    settings = {"network": network, "width": 0.125, "hidden": 8, "window": 3}
    for name, stride in (("fcn-32s", 32), ("fcn-8s", 8), ("fcn-2s", 2)):
        system = weights.build(name, NAMES, settings).eval()
        with torch.no_grad():
            out = system(Batch(torch.randn(1, 3, size[1], size[0])))
        assert out.logits.shape == (1, 4, size[1], size[0])
        assert out.scores.shape[-1] >= -(-size[0] // stride)


@pytest.mark.parametrize("size", [(64, 64), (50, 37), (33, 97)])
def test_fcn_fine_goes_down_to_the_pixel(size: tuple[int, int]) -> None:
    system: Any = weights.build("fcn-fine", NAMES, {"size": "s", "width": 0.25}).eval()
    x = torch.randn(1, 3, size[1], size[0])
    with torch.no_grad():
        out = system(Batch(x))
        assert out.grid == PIXELS
        assert out.scores.shape == (1, 4, size[1], size[0])
        x[..., 20, 20] += 1.0
        change = (system(Batch(x)).scores - out.scores).abs().amax(dim=1)[0]
    assert change[20, 20] > 2 * change.median(), "a pixel matters most where it is"


def test_fcn_fine_begins_with_eyes_a_detector_or_a_classifier() -> None:
    system = weights.build("fcn-fine", NAMES, {})
    own = system.state_dict()
    for name, prefixes in (
        ("visual-concepts", ("eyes.",)),
        ("faster-r-cnn", ("eyes.body.", "eyes.merge.")),
        ("small-m", ("eyes.body.",)),
    ):
        home = weights.shipped(name)
        assert home is not None
        given = system.adopt(weights.load(home)[0].state_dict())
        fitting = {key for key, tensor in given.items() if key in own and own[key].shape == tensor.shape}
        assert fitting == {key for key in own if key.startswith(prefixes)}


def test_skips_are_summed_as_the_paper_has_it() -> None:
    """16s: the enlarged scores of the top and those of the map below, added."""
    system: Any = weights.build("fcn-16s", NAMES, {"network": "small-s", "width": 0.25, "hidden": 8, "window": 3}).eval()
    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        levels = system.levels(x)
        top = system.score(system.fc7(system.fc6(levels[32]).relu()).relu())
        skip = F.conv2d(levels[16], system.skips["16"].weight, system.skips["16"].bias)
        wanted = system.ups["16"](top) + skip
        assert torch.allclose(system(Batch(x)).scores, wanted, atol=1e-6)
    assert list(system.skips) == ["16"]
    fixed: Any = weights.build("fcn-8s", NAMES, {"network": "small-s", "hidden": 8, "fixed": "all"})
    assert not [name for name, _ in fixed.named_parameters() if name.startswith("ups")]
    free: Any = weights.build("fcn-8s", NAMES, {"network": "small-s", "hidden": 8, "fixed": "none"})
    assert free(Batch(x)).scores.shape[-2:] == (64, 96)
    assert free(Batch(x)).grid == PIXELS


def test_a_classifier_becomes_its_convolutions() -> None:
    """VGG's fully connected layers, moved over every place, are the FCN's first layers."""
    small = {"width": 0.125, "hidden": 16, "grid": 3}
    torch.manual_seed(0)
    vgg: Any = weights.build("vgg-16", NAMES, small).eval()
    fcn: Any = weights.build("fcn-32s", NAMES, {"width": 0.125, "hidden": 16, "window": 3}).eval()
    given = fcn.adopt(vgg.state_dict())
    own = fcn.state_dict()
    fitting = {name: tensor for name, tensor in given.items() if name in own and own[name].shape == tensor.shape}
    assert len(fitting) == 2 * 13 + 4
    fcn.load_state_dict(fitting, strict=False)
    x = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        maps = vgg.features(x)
        flat = vgg.classifier[0](maps.flatten(1)).relu()
        assert torch.allclose(fcn.fc6(fcn.levels(x)[32])[0, :, 1, 1].relu(), flat[0], atol=1e-4)


@pytest.mark.parametrize(("name", "builder"), [("fcn-resnet50", "fcn_resnet50"), ("fcn-resnet101", "fcn_resnet101")])
def test_torchvisions_weights_give_torchvisions_scores(name: str, builder: str) -> None:
    torch.manual_seed(0)
    theirs = getattr(segmentation, builder)(weights=None, weights_backbone=None, num_classes=21, aux_loss=True).eval()
    with torch.no_grad():
        for part in theirs.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.1)
                part.running_var.uniform_(0.5, 1.5)
                part.weight.uniform_(0.2, 0.5)
    ours: Any = weights.build(name, [f"kind {number}" for number in range(21)]).eval()
    weights.fill(ours, ours.rename(theirs.state_dict()), "torchvision")
    x = torch.randn(1, 3, 75, 66)
    with torch.no_grad():
        wanted, found = theirs(x), ours(Batch(x))
    scale = wanted["out"].abs().max()
    assert torch.allclose(found.logits / scale, wanted["out"] / scale, atol=1e-5)
    assert torch.allclose(found.aux[0][1].logits, wanted["aux"], atol=1e-5 * float(wanted["aux"].abs().max()))


@pytest.mark.parametrize("mode", ["plain", "exact", "fast"])
def test_who_only_looks_does_not_ask_the_helping_head(mode: Any) -> None:
    system: Any = weights.build("fcn-resnet50", NAMES, {"width": 0.125, "depth": 18})
    asked: list[bool] = []
    system.aux_classifier.register_forward_hook(lambda module, given, out: asked.append(True))
    batch = Batch(torch.randn(2, 3, 48, 40), {"regions": torch.randint(0, 4, (2, 48, 40), dtype=torch.uint8)})
    assert set(system.loss(system.train()(batch), batch)) == {"class", "aux1"}
    assert asked == [True]
    with torch.no_grad():
        wanted = system.eval()(batch)
    assert asked.pop()
    looker = Looker(system, weights.Info("fcn-resnet50", NAMES, {}, system.prep), mode=mode)
    asked.clear()
    assert looker.answer(batch)[0].regions.ids.shape == (48, 40)
    with torch.inference_mode():
        found = looker.ask(batch)
    assert asked == []
    assert found.aux == ()
    assert torch.allclose(found.scores.float(), wanted.scores, atol=1e-5 if mode != "fast" else 0.05)


def test_published_pictures_are_prepared_as_torchvision_does() -> None:
    """By their short side, in any shape, and not padded."""
    picture = np.random.default_rng(0).integers(0, 255, (60, 91, 3)).astype(np.uint8)
    prep = Prep((4 * 52, 4 * 52), "inside", 52, size_step=1)
    chosen = segmentation.FCN_ResNet50_Weights.COCO_WITH_VOC_LABELS_V1.transforms(resize_size=52)
    wanted = chosen(Image.fromarray(picture))
    found = _batch([picture], prep)
    assert found.pictures.shape[1:] == wanted.shape
    assert float((found.pictures[0] - wanted).abs().max()) < 0.02
    assert placed((91, 60), prep).size == (78, 52)
    assert fit(picture, replace(prep, mode="stretch", size=(91, 60))).shape == picture.shape


@pytest.mark.parametrize(
    "at", [[0.5, 2.5, 4.5], [1.5], [0.5, 1.5, 2.5, 3.5, 4.5, 5.5], [0.5, 1.5, 3.5], [0.25, 1.25], [5.5, 4.5], [0.0, 6.0]]
)
def test_scores_at_the_middles_of_pixels_are_taken_as_they_are(at: list[float]) -> None:
    scores, where = torch.randn(1, 2, 6, 6), torch.tensor(at)
    found = Maps(scores, (6, 6)).at(where, where)
    slow = Maps(scores.double(), (6, 6), Grid((1.0, 1.0), (0.5 + 1e-12, 0.5))).at(where, where)
    assert torch.allclose(found.double(), slow, atol=1e-6)


# DeconvNet


def test_deconvnet_is_a_mirror_image() -> None:
    """What is pooled comes back at its place; each stage's layers are those of the other side, turned about."""
    system: Any = weights.build("deconvnet", NAMES, {"width": 0.125, "hidden": 8, "window": 3}).eval()
    down = [part for part in system.features if isinstance(part, nn.Conv2d)]
    up = [part[0] for part in system.back.values()]
    assert [(part.in_channels, part.out_channels) for part in up[:-1]] == [
        (part.out_channels, part.in_channels) for part in reversed(down[1:])
    ]
    seen: list[torch.Tensor] = []
    system.back["deconv1_2"].register_forward_pre_hook(lambda _module, given: seen.append(given[0]))
    pooled: list[torch.Tensor] = []
    places = [number for number, name in enumerate(system.features.names) if name == "relu1_2"]
    system.features[places[0]].register_forward_hook(lambda _module, _given, out: pooled.append(out))
    with torch.no_grad():
        out = system(Batch(torch.randn(1, 3, 37, 50)))
    assert out.logits.shape == (1, 4, 37, 50)
    before, after = pooled[0][0], seen[0][0]
    for channel, row, column in torch.nonzero(after).tolist():
        top, left = row // 2 * 2, column // 2 * 2
        square = before[channel, top : top + 2, left : left + 2]
        assert float(before[channel, row, column]) == float(square.max())
    assert int((after != 0).sum()) <= after.shape[0] * 18 * 25


def test_deconvnet_begins_by_carrying_back_what_the_middle_says() -> None:
    """Layers on the way back are blurs at first, so an input of one channel comes out in that channel before all others."""
    torch.manual_seed(0)
    system: Any = weights.build("deconvnet", NAMES, {"width": 0.125, "hidden": 8, "window": 3, "narrowest": 16})
    wide = [part[0].weight.shape[0] for part in system.back.values()]
    assert min(wide[-2:]) == 16
    assert wide[-3] == 8
    conv = system.back["deconv5_3"][0]
    with torch.no_grad():
        given = torch.zeros(1, conv.in_channels, 5, 5)
        given[0, 3, 2, 2] = 1.0
        out = (conv(given) - conv.bias[:, None, None])[0]
    assert int(out.flatten(1).sum(dim=1).argmax()) == 3
    assert torch.allclose(out[3, 1:4, 1:4], torch.tensor([[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]]), atol=0.25)


def test_deconvnets_middle_answers_while_it_learns() -> None:
    system: Any = weights.build("deconvnet", NAMES, {"width": 0.125, "hidden": 8, "window": 3, "aux": 0.4})
    batch = Batch(torch.randn(2, 3, 64, 64), targets={"regions": torch.randint(4, (2, 64, 64), dtype=torch.uint8)})
    parts = system.loss(system(batch), batch)
    assert set(parts) == {"class", "aux1"}
    (share, coarse), *_ = system(batch).aux
    assert share == 0.4
    assert coarse.scores.shape == (2, 4, 2, 2)
    assert coarse.logits.shape == (2, 4, 64, 64)
    with torch.inference_mode():
        assert system.eval()(batch).aux == ()


def test_deconvnet_begins_with_a_classifier() -> None:
    small = {"column": "A", "width": 0.125}
    vgg = weights.build("vgg-a", NAMES, {"width": 0.125, "hidden": 8, "norm": "batch"})
    system = weights.build("deconvnet", NAMES, {**small, "hidden": 8, "window": 3})
    given, own = system.adopt(vgg.state_dict()), system.state_dict()
    assert given.keys() <= own.keys()
    assert all(own[name].shape == tensor.shape for name, tensor in given.items())
    assert len(given) == 8 * 7
