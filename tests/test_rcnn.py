"""R-CNN's three stages: what is drawn and warped, the machines, sigmoids and regressions against other solvers and slow loops;
features on disk that survive a kill."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model import Ridge as TheirRidge
from sklearn.svm import LinearSVC
from torch import Tensor

from looksay import weights
from looksay.nn import region_store as store_of
from looksay.nn.chance import at
from looksay.nn.placement import Placement
from looksay.nn.system import Batch
from looksay.ops.machines import Ridge, machine, sigmoid_of
from looksay.systems.detect import rcnn
from looksay.systems.detect.rcnn import RCNN

CLASSES = ("disc", "square", "bar")
SETTINGS = {"width": 0.25, "crop": 32, "hidden": 32}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(3)
    yield
    torch.set_num_threads(before)


def _small(**more: Any) -> RCNN:
    usual = weights.build("r-cnn", CLASSES, {**SETTINGS, **more})
    torch.manual_seed(0)
    system = weights.build("r-cnn", CLASSES, {**SETTINGS, **more}, replace(usual.prep, size=(64, 64)))
    assert isinstance(system, RCNN)
    return system


SHADES = torch.tensor([[2.0, -1, -1], [-1, 2.0, -1], [-1, -1, 2.0]])


def _drawn(count: int, seed: int = 0) -> Batch:
    """Pictures of one plain block each, its class its colour, with proposals on, near and far from it."""
    chance = torch.Generator().manual_seed(seed)
    pictures = torch.randn(count, 3, 64, 64, generator=chance) * 0.1
    boxes, labels, given = [], [], []
    for row in range(count):
        low, size = torch.rand(2, generator=chance) * 30 + 2, torch.rand(2, generator=chance) * 14 + 16
        box, kind = torch.cat([low, low + size]).round(), (row + seed) % 3
        x1, y1, x2, y2 = box.int().tolist()
        pictures[row, :, y1:y2, x1:x2] += SHADES[kind][:, None, None]
        near = box + torch.randn(6, 4, generator=chance) * 2.5
        corner = torch.rand(18, 2, generator=chance) * 48
        far = torch.cat([corner, corner + 8 + torch.rand(18, 2, generator=chance) * 8], dim=1)
        boxes.append(box[None])
        labels.append(torch.tensor([kind]))
        given.append(torch.cat([near, far]).clamp(0, 64))
    targets = {"boxes": boxes, "labels": labels, "ignore": [torch.zeros(1, dtype=torch.bool) for _ in boxes]}
    ids = tuple(f"{seed}-{row}" for row in range(count))
    return Batch(pictures, targets, ((64, 64),) * count, ids, (Placement(size=(64, 64)),) * count, {"proposals": given})


def _iou(a: Sequence[float], b: Sequence[float]) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(wide, 0.0) * max(high, 0.0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


# -- the network's stage ------------------------------------------------------------------------------------------------------


def test_targets_are_the_slow_loop() -> None:
    batch = _drawn(5, seed=1)
    batch.targets["boxes"][0] = torch.tensor([[5.0, 5, 30, 30], [10, 5, 36, 30], [40, 40, 60, 60]])
    batch.targets["labels"][0] = torch.tensor([0, 1, 2])
    batch.targets["ignore"][0] = torch.tensor([False, False, True])
    batch.targets["boxes"][1], batch.targets["labels"][1] = torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)
    batch.targets["ignore"][1] = torch.zeros(0, dtype=torch.bool)
    given = batch.beside["proposals"]
    given[0] = torch.cat([given[0], torch.tensor([[8.0, 5, 33, 30], [41, 41, 59, 59], [38, 38, 50, 50], [6, 6, 30, 30]])])
    boxes = torch.nn.utils.rnn.pad_sequence(given, batch_first=True)
    real = torch.arange(boxes.shape[1]) < torch.tensor([[len(some)] for some in given])
    found = rcnn.targets_of(boxes, real, batch)
    seen = set()
    for row, some in enumerate(given):
        rows = list(zip(*(batch.targets[name][row].tolist() for name in ("boxes", "labels", "ignore")), strict=True))
        for place, box in enumerate(some.tolist()):
            best, kind = max(((_iou(box, truth), label) for truth, label, vague in rows if not vague), default=(0.0, 0))
            expected = 1 + kind if best >= 0.5 else 0
            for truth, _, vague in rows:
                wide, high = min(box[2], truth[2]) - max(box[0], truth[0]), min(box[3], truth[3]) - max(box[1], truth[1])
                half = max(wide, 0) * max(high, 0) >= 0.5 * (box[2] - box[0]) * (box[3] - box[1])
                if vague and half and not expected:
                    expected = -1
            assert int(found[row, place]) == expected
            seen.add(expected)
    assert seen == {-1, 0, 1, 2, 3}
    assert (found[~real] == -1).all()


def test_a_step_draws_a_quarter_things_wherever_they_are() -> None:
    system, batch = _small(regions=8).train(), _drawn(6)
    with at(4, 9):
        out = system(batch)
    target = rcnn.targets_of(out.boxes, out.real, batch)
    assert int(out.counts.sum()) == 48
    assert int((target > 0).sum()) == 12
    assert int((target == 0).sum()) == 36
    with at(4, 9):
        assert torch.equal(system(batch).boxes, out.boxes)
    with at(4, 10):
        assert not torch.equal(system(batch).boxes, out.boxes)
    pool = [{tuple(box) for box in [*some.tolist(), *truth.tolist()]} for some, truth in
            zip(batch.beside["proposals"], batch.targets["boxes"], strict=True)]  # fmt: skip
    for row, count in enumerate(out.counts.tolist()):
        drawn = [tuple(box) for box in out.boxes[row, :count].tolist()]
        assert len(set(drawn)) == len(drawn)
        assert set(drawn) <= pool[row]


def test_pictures_without_a_thing_and_without_a_proposal_teach_too() -> None:
    system, batch = _small().train(), _drawn(3)
    for name, none in (("boxes", torch.zeros(0, 4)), ("labels", torch.zeros(0, dtype=torch.int64)),
                       ("ignore", torch.zeros(0, dtype=torch.bool))):  # fmt: skip
        batch.targets[name] = [none] * 3
    for given in (batch.beside["proposals"], [torch.zeros(0, 4)] * 3):
        system.zero_grad()
        batch.beside["proposals"] = given
        loss = system.loss(system(batch), batch)["class"]
        loss.backward()
        assert math.isfinite(float(loss.detach()))
        assert all(bool(torch.isfinite(p.grad).all()) and bool(p.grad.any()) for p in system.parameters())


def test_loss_is_worked_by_hand() -> None:
    system, batch = _small().eval(), _drawn(2)
    with torch.no_grad():
        out = system(batch)
    target = rcnn.targets_of(out.boxes, out.real, batch)
    expected = [
        -float(out.logits[n, p].log_softmax(0)[target[n, p]])
        for n in range(2) for p in range(out.boxes.shape[1]) if target[n, p] >= 0
    ]  # fmt: skip
    assert float(system.loss(out, batch)["class"]) == pytest.approx(sum(expected) / len(expected), rel=1e-5)


def test_warping_shows_the_region_with_its_surroundings() -> None:
    """A ramp stays a ramp: the value at each place of the warped region is that of the picture there."""
    x, y = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="xy")
    pictures = torch.stack([torch.stack([x, y, x + y]), torch.stack([2 * x, y, x])])
    warped = rcnn.warp(pictures, torch.tensor([[1.0, 20, 10, 40, 42]]), 16)
    wide, high = 20 / (1 - 2 * rcnn.CONTEXT), 32 / (1 - 2 * rcnn.CONTEXT)
    columns = 30 - wide / 2 + wide * (torch.arange(16) + 0.5) / 16 - 0.5  # pixel centres lie at halves
    rows = 26 - high / 2 + high * (torch.arange(16) + 0.5) / 16 - 0.5
    assert torch.allclose(warped[0, 0], (2 * columns).expand(16, 16), atol=1e-3)
    assert torch.allclose(warped[0, 1], rows[:, None].expand(16, 16), atol=1e-3)
    far = rcnn.warp(pictures + 5, torch.tensor([[0.0, 0, 0, 60, 60]]), 227)
    assert (far[0, :, 100, 0] == 0).all()  # beyond it lies the mean
    assert (far[0, :, 100, 100] > 5).all()


def test_regions_are_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks and padding change nothing: each region's answer is that of the region alone."""
    system, batch = _small().eval(), _drawn(3)
    batch.beside["proposals"][1] = batch.beside["proposals"][1][:5]
    batch.beside["proposals"][2] = torch.zeros(0, 4)
    monkeypatch.setattr(rcnn, "CHUNK", 7)
    with torch.no_grad():
        out = system(batch)
        assert out.counts.tolist() == [24, 5, 0]
        for row, place in ((0, 0), (0, 23), (1, 4)):
            region = batch.beside["proposals"][row][place : place + 1]
            alone = system(Batch(batch.pictures[row : row + 1], beside={"proposals": [region]}))
            assert torch.allclose(alone.logits[0, 0], out.logits[row, place], atol=1e-5)
    assert torch.isinf(system.strengths(out)[2]).all()
    assert [len(some) for some in system.proposals(out, batch)] == [24, 5, 0]


def test_scores_before_the_machines_are_the_networks_shares() -> None:
    system, batch = _small().eval(), _drawn(2)
    with torch.no_grad():
        system.cls.weight.mul_(30)
        out = system(batch)
    shares = out.logits.softmax(dim=2)[..., 1:]
    assert torch.allclose(system.strengths(out).sigmoid(), shares, atol=1e-5)
    found = system.candidates(out, batch)[0]
    assert torch.allclose(found.scores, shares[0].flatten(), atol=1e-5)
    assert torch.allclose(found.boxes[:6:3], out.boxes[0, :2])


def test_beside_maps_proposals_into_the_network() -> None:
    system = _small()
    kept: list[str] = []

    def keep(how: str, compute: Any) -> np.ndarray:
        kept.append(how)
        return np.array([[10, 10, 50, 30], [90, 10, 100, 60], [0, 0, 2, 2]], np.float32)

    place = Placement((0.5, 0.5), (-4.0, 0.0), (40, 32), flip=True)
    found = system.beside(np.zeros((64, 100, 3), np.uint8), place, keep)["proposals"]
    assert found.dtype == torch.float32
    assert found.tolist() == [[19, 5, 39, 15]]  # 10/2 - 4 = 1 and 21, mirrored in 40; the others left the picture
    assert kept == ["selective-search-1-fast-2000"]


# -- machines, sigmoids, regressions ------------------------------------------------------------------------------------------


def _clouds(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    signs = np.where(rng.random(count) < 0.3, 1.0, -1.0)
    return rng.normal(size=(count, 6)) + signs[:, None] * np.array([0.7, -0.4, 0, 0, 0.2, 0]), signs


@pytest.mark.parametrize("cost", [1e-3, 0.1, 10.0])
def test_machines_are_liblinears(cost: float) -> None:
    x, signs = _clouds(400)
    costs = np.where(signs > 0, 2 * cost, cost)
    theirs = LinearSVC(C=1.0, dual=False, fit_intercept=False, tol=1e-10, max_iter=20_000)
    theirs.fit(x, signs, sample_weight=costs)
    assert machine(x, signs, costs) == pytest.approx(theirs.coef_[0], rel=1e-4, abs=1e-6)
    assert machine(x, signs, costs, start=np.full(6, 3.0)) == pytest.approx(theirs.coef_[0], rel=1e-4, abs=1e-6)


def test_sigmoids_are_a_logistic_regression_with_soft_targets() -> None:
    rng = np.random.default_rng(1)
    margins = rng.normal(size=500) * 2
    right = rng.random(500) < 1 / (1 + np.exp(-(1.5 * margins - 2)))
    slope, offset = sigmoid_of(margins, right)
    high, low = (right.sum() + 1) / (right.sum() + 2), 1 / ((~right).sum() + 2)
    target = np.where(right, high, low)
    twice, labels = np.concatenate([margins, margins])[:, None], np.repeat([1, 0], 500)
    theirs = LogisticRegression(C=1e9, tol=1e-10, max_iter=5000)
    theirs.fit(twice, labels, sample_weight=np.concatenate([target, 1 - target]))
    assert (slope, offset) == pytest.approx((theirs.coef_[0, 0], theirs.intercept_[0]), rel=1e-3)
    backwards, _ = sigmoid_of(-margins, right)
    assert backwards > 0
    assert sigmoid_of(margins, np.zeros(500, bool))[1] < -4


def test_regressions_are_scikit_learns() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(60, 5)) + 3, rng.normal(size=(60, 4))
    ours = Ridge(5, 4)
    for start in range(0, 60, 17):
        ours.add(x[start : start + 17], y[start : start + 17])
    slopes, offsets = ours.solve(7.0)
    theirs = TheirRidge(7.0).fit(x, y)
    assert slopes == pytest.approx(theirs.coef_)
    assert offsets == pytest.approx(theirs.intercept_)
    assert [part.tolist() for part in Ridge(2, 1).solve(1.0)] == [[[0, 0]], [0]]


def test_moves_there_and_back() -> None:
    boxes, goals = _drawn(8).beside["proposals"][0][:6], _drawn(8, seed=5).beside["proposals"][0][:6]
    steps = torch.from_numpy(store_of.moves(boxes.numpy(), goals.numpy())).float()
    assert torch.allclose(rcnn.moved(boxes, steps), goals, atol=1e-4)
    by_hand = store_of.moves([[0, 0, 10, 20]], [[5, 5, 25, 15]])
    assert by_hand[0].tolist() == pytest.approx([1.0, 0.0, math.log(2), math.log(0.5)])


def test_hard_examples_lead_to_the_machine_of_all_examples() -> None:
    """Mining looks at the negatives table by table; what it ends with is what all of them at once give."""
    rng = np.random.default_rng(3)
    tables = []
    for _ in range(4):
        table = np.zeros(900, store_of.columns(8, 4, 2))
        table["label"], table["is_truth"] = rng.integers(0, 2, 900), rng.random(900) < 0.05
        table["overlaps"] = rng.random((900, 2)) * 0.45
        table["overlaps"][table["is_truth"], table["label"][table["is_truth"]]] = 1
        shift = np.where(table["is_truth"], 1 + table["label"], 0)[:, None] * np.array([[1.5, -1, 1, 0, 0, 0, 0, 0]])
        table["feature"] = np.abs(rng.normal(size=(900, 8)) + shift)
        tables.append(table)
    slopes, offsets = store_of.machines(tables, 2)
    whole = np.concatenate(tables)
    scale = store_of.NORM / np.linalg.norm(whole["feature"].astype(float), axis=1).mean()
    for kind in range(2):
        truths = whole["feature"][whole["is_truth"] & (whole["label"] == kind)].astype(float)
        others = whole["feature"][whole["overlaps"][:, kind] < 0.3].astype(float)
        rows = np.concatenate([truths, others]) * scale
        rows = np.concatenate([rows, np.full((len(rows), 1), 10.0)], axis=1)
        right = np.arange(len(rows)) < len(truths)
        best = machine(rows, np.where(right, 1, -1), np.where(right, 2e-3, 1e-3))
        assert slopes[kind] == pytest.approx(best[:-1] * scale, rel=1e-6, abs=1e-9)
        assert offsets[kind] == pytest.approx(best[-1] * 10)


# -- all stages ---------------------------------------------------------------------------------------------------------------


def _tuned() -> RCNN:
    system = _small().train()
    optimiser = torch.optim.Adam(system.parameters(), lr=3e-3)
    for step in range(25):
        batch = _drawn(6, seed=step)
        with at(0, step):
            loss = system.loss(system(batch), batch)["class"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return system.eval()


class _Killed(Exception):
    pass


def _feed(stop: int = -1) -> Iterator[Batch]:
    for number in range(4):
        if number == stop:
            raise _Killed
        yield _drawn(10, seed=100 + number)


def _right(system: RCNN, batch: Batch, overlap: float) -> float:
    """The share of things whose box is the first thing found."""
    hits = 0
    with torch.no_grad():
        found = system.detect(system(batch), batch)
    for row, some in enumerate(found):
        same = int(some.labels[0]) == int(batch.targets["labels"][row])
        hits += same and _iou(some.boxes[0].tolist(), batch.targets["boxes"][row][0].tolist()) > overlap
    return hits / len(found)


def test_three_stages_find_things_and_mend_their_boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_of, "STRENGTH", 10.0)  # of a hundred examples, not of ten thousand
    system, said = _tuned(), []
    assert system.finish(_feed(), tmp_path / "features", said.append)
    assert "3 machines" in said[-1]
    assert bool(system.fitted)
    assert not list((tmp_path / "features").iterdir())  # gigabytes, and not wanted any more
    fresh = _drawn(30, seed=999)
    assert _right(system, fresh, 0.5) >= 0.9
    with torch.no_grad():
        out = system(fresh)
    kinds = torch.cat(fresh.targets["labels"])
    gains = []
    for row in range(30):
        proposed = out.boxes[row, 0]
        mended = rcnn.moved(proposed[None], out.moves[row, 0].view(3, 4)[kinds[row]][None])[0]
        truth = fresh.targets["boxes"][row][0].tolist()
        gains.append(_iou(mended.tolist(), truth) - _iou(proposed.tolist(), truth))
    assert sum(gains) / len(gains) > 0.02
    for found in system.detect(out, fresh):
        assert ((found.scores >= 0) & (found.scores <= 1)).all()
        assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)
    weights.save(tmp_path / "w.safetensors", system, weights.Info("r-cnn", CLASSES, SETTINGS, system.prep))
    again, _ = weights.load(tmp_path / "w.safetensors")
    with torch.no_grad():
        assert torch.equal(again.strengths(again(fresh)), system.strengths(out))


def test_margins_rank_as_scores_do(tmp_path: Path) -> None:
    system, batch = _tuned(), _drawn(4, seed=50)
    system.finish(_feed(), tmp_path, lambda line: None)
    with torch.no_grad():
        out = system(batch)
    scores = system.strengths(out).sigmoid()
    for kind in range(3):
        order = out.margins[out.real][:, kind].argsort()
        assert (scores[out.real][:, kind][order].diff() >= 0).all()


def _fits(system: RCNN) -> dict[str, Tensor]:
    return {name: value for name, value in system.state_dict().items() if name.startswith(("svm", "sigm", "move", "fitted"))}


def test_a_kill_costs_nothing_but_the_table_it_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(7)
    straight, killed = _small().eval(), _small().eval()
    straight.finish(_feed(), tmp_path / "a", lambda line: None)
    folder = tmp_path / "b"
    with pytest.raises(_Killed):
        killed.finish(_feed(stop=3), folder, lambda line: None)
    assert not bool(killed.fitted)
    assert len(list(folder.glob("*.npy"))) == 3
    (folder / "of-other-weights.npy").write_bytes(b"")
    made: list[int] = []
    table = RCNN.table
    monkeypatch.setattr(RCNN, "table", lambda self, batch: made.append(1) or table(self, batch))
    killed.finish(_feed(), folder, lambda line: None)
    assert len(made) == 1
    assert not list(folder.iterdir())
    one, two = _fits(straight), _fits(killed)
    assert len(one) == 6
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_features_of_other_weights_are_not_taken(tmp_path: Path) -> None:
    first, second = _small().eval(), _small().eval()
    with torch.no_grad():
        second.fc6.weight.mul_(1.01)
    with pytest.raises(_Killed):
        first.finish(_feed(stop=2), tmp_path, lambda line: None)
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(_Killed):
        second.finish(_feed(stop=2), tmp_path, lambda line: None)
    after = {path.name for path in tmp_path.iterdir()}
    assert len(before) == len(after) == 2
    assert not before & after


def test_tables_say_what_regions_are() -> None:
    system, batch = _small(stored=10).eval(), _drawn(2)
    batch.targets["boxes"][0] = torch.tensor([[2.0, 2, 30, 30], [2, 2, 30, 30], [36, 36, 60, 60]])
    batch.targets["labels"][0], batch.targets["ignore"][0] = torch.tensor([0, 2, 1]), torch.tensor([False, False, True])
    batch.beside["proposals"][0] = torch.tensor([[2.0, 2, 30, 24], [37, 37, 59, 59], [40, 2, 60, 20]])
    with torch.no_grad():
        table = system.table(batch)
    assert len(table) == 4 + 11  # two truths and two proposals, for one lay in what is not counted; a truth and ten proposals
    assert table["is_truth"].tolist() == [True, True, False, False, True] + [False] * 10
    assert table["label"][:2].tolist() == [0, 2]
    shared = 22 / 28
    assert table["overlaps"][2].tolist() == pytest.approx([shared, 0, shared], abs=1e-3)
    assert table["best"][2] == pytest.approx(shared)
    assert table["goal"][2].tolist() == [2, 2, 30, 30]
    assert table["overlaps"][3].tolist() == [0, 0, 0]
    with torch.no_grad():
        (pooled, feature), *_ = system.features(batch.pictures, [torch.tensor([[2.0, 2, 30, 24]]), torch.zeros(0, 4)])
    assert table["feature"][2] == pytest.approx(feature[0].half().numpy(), rel=2e-3, abs=1e-4)
    assert table["pooled"][2] == pytest.approx(pooled[0].half().numpy(), rel=2e-3, abs=1e-4)
