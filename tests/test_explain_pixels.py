"""Why is this pixel what it is, why are these, why is that thing there: explanations of systems that tell pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import looksay.explain as why
from looksay import registry, weights
from looksay.cli.main import run
from looksay.errors import BadValue, NotSeen, UnknownName
from looksay.explain.integrated import empty as empty_of
from looksay.looker import Looker
from looksay.nn.outlines import Outliner
from looksay.nn.prep import Prep
from looksay.nn.segmenter import Maps, SegmentConfig, Segmenter
from looksay.nn.spot import Spot, is_pixel, spot
from looksay.nn.system import Batch
from looksay.scene import Heat, Mask, Objects, Regions, Scene, Thing
from looksay.show.draw import draw

NAMES = ("sky", "grass", "cow", "post")
KINDS = ("cow", "dog")


class Local(Segmenter):
    """Each pixel is judged by the 3 x 3 around it; 'post' never wins."""

    Config = SegmentConfig
    card = registry.find("fcn-8s").card

    def __init__(self) -> None:
        super().__init__(NAMES, SegmentConfig(side=24))
        self.first, self.relu, self.last = nn.Conv2d(3, 6, 3, 1, 1), nn.ReLU(), nn.Conv2d(6, 4, 1)
        with torch.no_grad():
            assert self.last.bias is not None
            self.last.bias[3] = -1e3

    def maps(self, x: Tensor) -> Maps:
        return Maps(self.last(self.relu(self.first(x))), (x.shape[3], x.shape[2]))

    def taps(self) -> dict[str, nn.Module]:
        return {"relu": self.relu}


@pytest.fixture
def local() -> Local:
    torch.manual_seed(4)
    return Local().eval()


def pictures(count: int = 2) -> Batch:
    return Batch(torch.from_numpy(np.random.default_rng(0).normal(size=(count, 3, 24, 24))).float())


def test_questions_are_read() -> None:
    assert spot("dog", KINDS) == Spot("dog")
    assert spot("dog:2", KINDS) == Spot("dog", 2)
    assert spot("12, 30", KINDS) == Spot("", 0, (12, 30))
    assert spot("dog@1.5,-3", KINDS) == Spot("dog", 0, (1.5, -3))
    assert spot("a@1,2", ("a@1,2",)) == Spot("a@1,2")
    for said in ("dog", "dog:2", "12,30", "dog@1.5,-3"):
        assert str(spot(said, KINDS)) == said
    assert is_pixel("3,4")
    assert not is_pixel("dog@3,4")
    assert not is_pixel("relu1")
    with pytest.raises(BadValue, match="second of them"):
        spot("dog:x", KINDS)


@pytest.mark.parametrize("method", ["saliency", "occlusion", "integrated-gradients"])
def test_a_pixel_is_explained_by_what_its_network_sees(local: Local, method: str) -> None:
    """Of a network that sees 3 x 3, only these can matter."""
    batch = pictures()
    with torch.no_grad():
        best = local(batch).logits.argmax(dim=1)
    for heat, own in zip(why.explain(local, batch, method=method, at="9,4"), best, strict=True):
        assert (heat.of, heat.at) == (NAMES[int(own[4, 9])], (9, 4))
        assert heat.values.max() > 0
        near = np.zeros((24, 24), bool)
        far = 2 if method == "occlusion" else 0  # which hides 3 x 3
        near[3 - far : 6 + far, 8 - far : 11 + far] = True
        assert not heat.values[~near].any()
    named = why.explain(local, batch, "cow", method, "9,4")
    assert named == why.explain(local, batch, "cow@9,4", method)
    assert [heat.of for heat in named] == ["cow", "cow"]


def test_a_region_stays_the_same_while_it_is_explained(local: Local) -> None:
    """Integrated gradients add up to the mean score of these pixels, here less that in an empty picture, and nothing else."""
    batch = pictures()
    logits = local(batch).logits.detach()
    for number, name in enumerate(NAMES[:3]):
        region = logits.argmax(dim=1) == number
        assert bool(region.flatten(1).any(dim=1).all())
        start = empty_of(batch.pictures, local.prep, "black")
        empty = local(Batch(start)).logits.detach()
        wanted = [float((one[number] - other[number])[own].mean()) for one, other, own in zip(logits, empty, region, strict=True)]
        found = why.attributions(local, batch, name, steps=200).sum((1, 2, 3))
        np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-4)


def test_the_largest_region_is_what_is_explained_by_itself(local: Local) -> None:
    batch = pictures(3)
    most = [NAMES[int(own.flatten().bincount().argmax())] for own in local(batch).logits.argmax(dim=1)]
    heats = why.explain(local, batch, method="grad-cam")
    assert [heat.of for heat in heats] == most
    assert [heat.at for heat in heats] == [None] * 3
    assert heats == [why.explain(local, batch, name, "grad-cam")[row] for row, name in enumerate(most)]


def test_padding_is_no_region() -> None:
    """A wide picture in a square: what stands above and below it has the most pixels, and is not asked about."""
    torch.manual_seed(4)
    system = Local()
    system.prep = Prep((24, 24), "letterbox", 24)
    looker = Looker(system.eval(), weights.Info("fcn-8s", NAMES, {}, system.prep), "plain")
    picture = np.random.default_rng(3).integers(0, 256, (4, 24, 3), np.uint8)
    seen = looker.look(picture, explain="saliency")
    counts = np.bincount(seen.regions.ids.ravel(), minlength=4)
    assert seen.heats[0].of == NAMES[int(counts.argmax())]


@pytest.fixture(params=["mask-r-cnn", "mask-r-cnn-fine", "cascades", "sds", "hypercolumns"])
def outliner(request: pytest.FixtureRequest) -> Outliner[Any]:
    torch.manual_seed(0)
    settings = {"width": 0.25, "hidden": 32, "proposals": 30}
    made = weights.build(request.param, KINDS, settings, Prep((64, 64), "stretch", 64)).eval()
    assert isinstance(made, Outliner)
    return made


def test_a_thing_is_explained_where_it_is(outliner: Outliner[Any]) -> None:
    looker = Looker(outliner, weights.Info(outliner.card.name, KINDS, {}, outliner.prep, scores={"sure": 0.0}), "plain")
    picture = np.random.default_rng(1).integers(0, 256, (96, 120, 3), np.uint8)
    seen = looker.look(picture)
    batch = looker.batch([_shown(picture)])
    with torch.no_grad():
        out = outliner(batch)
        things = [thing for thing in seen.objects if thing.name == "cow"]
        ((name, goal),) = outliner.goals(out, batch, f"cow:{len(things) - 1}")
        assert name == (f"cow:{len(things) - 1}" if things[1:] else "cow")
        np.testing.assert_allclose(batch.place(0).back(goal.box.numpy())[0], things[-1].box, atol=1e-3)
        scores, regions = outliner.strengths(out)[0, :, 0], outliner.spots(out)[0]
        overlap = torch.stack([_iou(goal.box[0], each) for each in regions])
        near = [float(score) for score, share in zip(scores, overlap, strict=True) if share >= min(0.5, float(overlap.max()))]
        assert float(outliner.reached(out, [goal])[0]) == pytest.approx(max(near))
    for method in ("saliency", "grad-cam"):
        assert looker.look(picture, explain=method, of="cow").heats[0].of == "cow"
    covered = things[0].mask
    assert covered is not None
    if covered.area:
        rows, columns = np.nonzero(covered.array())
        heat = looker.look(picture, explain="saliency", at=f"{columns[0]},{rows[0]}").heats[0]
        assert heat.at == (columns[0], rows[0])
        first = next(t for t in seen.objects if t.mask is not None and t.mask.array()[rows[0], columns[0]])
        assert heat.of.partition(":")[0] == first.name


def _shown(picture: Any) -> Any:
    from looksay.data.inputs import Shown

    return Shown("", "yard", picture)


def _iou(a: Tensor, b: Tensor) -> Tensor:
    wide = (torch.minimum(a[2:], b[2:]) - torch.maximum(a[:2], b[:2])).clamp(min=0)
    both = wide.prod()
    return both / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both)


def disc(name: str, x: int, score: float) -> Thing:
    array = np.zeros((20, 30), bool)
    array[5:15, x : x + 8] = True
    return Thing(name, (x, 5, x + 8, 15), score, Mask.of(array))


def test_what_is_not_there_is_told(local: Local) -> None:
    from looksay.explain.seen import check_seen

    ids = np.zeros((20, 30), np.uint8)
    ids[10:] = 1
    field = Scene((30, 20), id="p.png", regions=Regions(NAMES, ids))
    for fine in ("", "sky", "grass", "29,19", "cow@3,3", "kow"):  # unknown classes are the system's to refuse
        check_seen(local, field, fine)
    with pytest.raises(NotSeen, match=r"p.png: no pixel is cow \(there is sky, grass\)"):
        check_seen(local, field, "cow")
    with pytest.raises(NotSeen, match=r"pixel 30,3 is outside of the picture \(columns are 0 to 29, rows 0 to 19\)"):
        check_seen(local, field, "", "30,3")
    mask = weights.build("mask-r-cnn", KINDS, {"width": 0.25, "hidden": 32, "proposals": 20}, Prep((64, 64), "stretch", 64))
    yard = Scene((30, 20), id="p.png", objects=Objects((disc("cow", 2, 0.9), disc("cow", 12, 0.8))))
    for fine in ("cow", "cow:1", "3,6", "cow@13,6"):
        check_seen(mask, yard, fine)
    for wrong, says in (
        ("dog", r"no dog is seen \(there is cow, cow:1\)"),
        ("cow:2", "cow:2 would be number 3 of 2"),
        ("29,6", "no thing covers pixel 29,6"),
        ("dog@3,6", "no dog covers pixel 3,6"),
        ("3,-1", "outside of the picture"),
    ):
        with pytest.raises(NotSeen, match=says):
            check_seen(mask, yard, wrong)
    with pytest.raises(UnknownName, match="did you mean grass"):
        why.saliency(local, pictures(), "gras")
    with pytest.raises(NotSeen, match="outside"):
        why.saliency(local, pictures(), "24,3")
    with pytest.raises(BadValue, match="say cow"):
        why.saliency(local, pictures(), "cow:1")


def test_the_pixel_is_marked_and_other_regions_are_not_painted() -> None:
    picture = np.full((60, 80, 3), 90, np.uint8)
    ids = np.zeros((60, 80), np.uint8)
    ids[:, 40:] = 1
    cold = Heat("sky", np.zeros((60, 80), np.float32), "saliency", (10, 30))
    drawn = draw(picture, Scene((80, 60), regions=Regions(NAMES, ids), heats=(cold,)), scale=8, words=False)
    assert (drawn[4, 4] == 90).all()
    assert (drawn[4, 79 * 8] == 90).all()
    at = (int(30.5 * 8), int(10.5 * 8))
    assert (drawn[at] == 90).all()  # the pixel itself is free
    assert (drawn[at[0], at[1] - 20 : at[1]] > 240).all(axis=1).any()
    assert Scene.from_json(Scene((80, 60), heats=(cold,)).to_json()).heats[0].at == (10, 30)


def test_explain_says_why_a_pixel_is_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(1)
    settings = {"network": "small-s", "width": 0.25, "hidden": 8, "window": 3, "side": 64}
    system = weights.build("fcn-8s", NAMES, settings)
    weights.save(tmp_path / "w.safetensors", system, weights.Info("fcn-8s", NAMES, settings, system.prep))
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        array = np.random.default_rng(ord(name)).integers(0, 256, (40, 60, 3), np.uint8)
        Image.fromarray(array).save(tmp_path / "in" / f"{name}.png")
    base = ["explain", str(tmp_path / "in" / "a.png"), "--model", str(tmp_path / "w.safetensors"), "-o", str(tmp_path / "out")]
    for method in why.methods():
        assert run([*base, "--at", "20,30", "--method", method]) == 0
        assert (tmp_path / "out" / f"a-{method}.png").is_file()
    capsys.readouterr()
    for wrong, says in ((("--at", "60,3"), "a.png: pixel 60,3 is outside"), (("--of", "skye"), "did you mean sky?")):
        assert run([*base, *wrong]) == 2
        error = capsys.readouterr().err
        assert says in error
        assert error.count("\n") == 1
    base[1] = str(tmp_path / "in")
    assert run([*base, "--at", "60,3"]) == 0  # among many, that is told of each
    assert capsys.readouterr().out.count("note: nothing to explain: pixel 60,3 is outside") == 2
