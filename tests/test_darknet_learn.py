"""What networks of Darknet's files learn by: the losses of both heads against loops written from the formulas."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from darknet_case import LOCAL, V1, pictures, slow_boxes, write_case
from looksay.nn import chance
from looksay.nn.system import Batch
from looksay.systems.detect.darknet import Darknet, DarknetConfig
from looksay.systems.detect.darknet_files import read_darknet


def things(count: int, wide: int, high: int, kinds: int) -> dict[str, Any]:
    """None to three things a picture, two of them in one place; some are not counted."""
    share = torch.tensor([[0.1, 0.1, 0.6, 0.86], [0.45, 0.15, 0.95, 0.5], [0.12, 0.12, 0.58, 0.8], [0.62, 0.6, 0.9, 0.95]])
    boxes = share * torch.tensor([wide, high, wide, high])
    numbers = [torch.arange(row % 4 + 1) if row % 5 else torch.arange(0) for row in range(1, count + 1)]
    return {
        "boxes": [boxes[some] for some in numbers],
        "labels": [(some + row) % kinds for row, some in enumerate(numbers)],
        "ignore": [(some == 3) for some in numbers],
    }


def iou(a: list[float], b: list[float]) -> float:
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(w, 0) * max(h, 0)
    return shared / max((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared, 1e-9)


def truths(
    batch: Batch, row: int, rows: int, columns: int
) -> tuple[dict[int, tuple[list[float], int]], set[int], list[list[float]]]:
    """Of each cell the largest thing that has its centre there; the cells that a thing not counted covers; all that counts."""
    high, wide = batch.pictures.shape[-2:]
    found: dict[int, tuple[list[float], int]] = {}
    vague: set[int] = set()
    every = []
    own = zip(*(batch.targets[key][row].tolist() for key in ("boxes", "labels", "ignore")), strict=True)
    for box, label, ignore in own:
        box = [edge / side for edge, side in zip(box, (wide, high, wide, high), strict=True)]
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        cell = int(y * rows) * columns + int(x * columns)
        if ignore:
            middles = {r * columns + c: ((c + 0.5) / columns, (r + 0.5) / rows) for r in range(rows) for c in range(columns)}
            vague |= {at for at, (u, v) in middles.items() if box[0] <= u <= box[2] and box[1] <= v <= box[3]} | {cell}
            continue
        every.append(box)
        area = (box[2] - box[0]) * (box[3] - box[1])
        before = found.get(cell)
        if before is None or area > (before[0][2] - before[0][0]) * (before[0][3] - before[0][1]):
            found[cell] = (box, label)
    return found, vague, every


def test_the_loss_of_v1_by_loops(tmp_path: Path) -> None:
    cfg, file = write_case(tmp_path, "v1")
    system, _ = read_darknet(file)
    batch = Batch(pictures(system, 5), things(5, 28, 28, 3))
    out = system(batch)
    total = dict.fromkeys(("place", "size", "object", "nothing", "class"), 0.0)
    for row in range(5):
        flat = out.said[row].detach().double().flatten().numpy()
        boxes = slow_boxes(cfg, flat)
        found, vague, _ = truths(batch, row, 3, 3)
        for cell in range(9):
            fits = [iou(list(boxes[2 * cell + box][0]), found[cell][0]) for box in (0, 1)] if cell in found else []
            best = -1
            if fits:
                apart = [
                    sum((a - b) ** 2 for a, b in zip(boxes[2 * cell + box][0], found[cell][0], strict=True)) for box in (0, 1)
                ]
                best = int(np.argmax(fits)) if max(fits) > 0 else int(np.argmin(apart))
                truth, label = found[cell]
                said = flat[9 * 5 + (2 * cell + best) * 4 :][:4]
                centre = [(truth[axis] + truth[axis + 2]) / 2 * 3 - (cell % 3, cell // 3)[axis] for axis in (0, 1)]
                root = [math.sqrt(truth[axis + 2] - truth[axis]) for axis in (0, 1)]
                total["place"] += 5 * sum((said[axis] - centre[axis]) ** 2 for axis in (0, 1))
                total["size"] += 5 * sum((said[2 + axis] - root[axis]) ** 2 for axis in (0, 1))
                total["object"] += (flat[27 + 2 * cell + best] - fits[best]) ** 2
                total["class"] += 2 * sum((flat[3 * cell + kind] - (kind == label)) ** 2 for kind in range(3))
            for box in (0, 1):
                if box != best and not (cell in vague and cell not in found):
                    total["nothing"] += 0.5 * flat[27 + 2 * cell + box] ** 2
    parts = system.loss(out, batch)
    assert {name: float(part.detach()) for name, part in parts.items()} == pytest.approx(
        {name: value / 5 for name, value in total.items()}, rel=1e-4
    )


@pytest.mark.parametrize("change", [{}, {"bias_match=1": "bias_match=0", "rescore=1": "rescore=0", "softmax=1": "softmax=0"}])
def test_the_loss_of_v2_by_loops(change: dict[str, str], tmp_path: Path) -> None:
    cfg, file = write_case(tmp_path, "v2")
    for was, now in change.items():
        cfg.write_text(cfg.read_text().replace(was, now))
    system, _ = read_darknet(file)
    batch = Batch(pictures(system, 5), things(5, 48, 32, 3))
    out = system(batch)
    rows, columns, anchors = 8, 12, [(1.3221, 1.73145), (3.19275, 4.00944)]
    total = dict.fromkeys(("place", "size", "object", "nothing", "class"), 0.0)
    for row in range(5):
        flat = out.said[row].detach().double().flatten().numpy()
        own = flat.reshape(2, 8, rows * columns)
        boxes = slow_boxes(cfg, flat)
        high, wide = batch.pictures.shape[-2:]
        owner: dict[tuple[int, int], tuple[float, list[float], int]] = {}
        _, vague, every = truths(batch, row, rows, columns)
        for box, label, ignore in zip(*(batch.targets[key][row].tolist() for key in ("boxes", "labels", "ignore")), strict=True):
            if ignore:
                continue
            box = [edge / side for edge, side in zip(box, (wide, high, wide, high), strict=True)]
            w, h = box[2] - box[0], box[3] - box[1]
            cell = int((box[1] + h / 2) * rows) * columns + int((box[0] + w / 2) * columns)
            shapes = [(a / columns, b / rows) for a, b in anchors]
            if change:
                shapes = [(b[2] - b[0], b[3] - b[1]) for b, _ in boxes[2 * cell : 2 * cell + 2]]
            which = int(np.argmax([iou([-w / 2, -h / 2, w / 2, h / 2], [-a / 2, -b / 2, a / 2, b / 2]) for a, b in shapes]))
            if (cell, which) not in owner or owner[cell, which][0] < w * h:
                owner[cell, which] = (w * h, box, label)
        for place, (box, _) in enumerate(boxes):
            cell, which = divmod(place, 2)
            odds = 1 / (1 + np.exp(-own[which, 4, cell]))
            if (cell, which) not in owner:
                if cell not in vague and max((iou(list(box), truth) for truth in every), default=0.0) <= 0.6:
                    total["nothing"] += odds**2
                continue
            area, truth, label = owner[cell, which]
            for axis, cells in enumerate((columns, rows)):
                centre = (truth[axis] + truth[axis + 2]) / 2 * cells - (cell % columns, cell // columns)[axis]
                total["place"] += (2 - area) * (1 / (1 + np.exp(-own[which, axis, cell])) - centre) ** 2
                size = math.log((truth[axis + 2] - truth[axis]) * cells / anchors[which][axis])
                total["size"] += (2 - area) * (own[which, 2 + axis, cell] - size) ** 2
            total["object"] += 5 * (odds - (1 if change else iou(list(box), truth))) ** 2
            kinds = own[which, 5:, cell]
            if change:
                total["class"] -= sum(
                    np.log(1 / (1 + np.exp(-each if kind == label else each))) for kind, each in enumerate(kinds)
                )
            else:
                total["class"] -= math.log(np.exp(kinds[label]) / np.exp(kinds).sum())
    parts = system.loss(out, batch)
    assert {name: float(part.detach()) for name, part in parts.items()} == pytest.approx(
        {name: value / 5 for name, value in total.items()}, rel=1e-4
    )


@pytest.mark.parametrize("cfg", [V1, LOCAL], ids=["v1", "local"])
def test_the_head_of_v1_learns_four_pictures_by_heart(cfg: str) -> None:
    torch.manual_seed(0)
    system = Darknet(list("abc") if cfg is V1 else list("abcdef"), DarknetConfig(cfg.replace("probability=.5", "probability=0")))
    wide, high = system.prep.size
    batch = Batch(pictures(system, 4), things(4, wide, high, len(system.classes)))
    optimiser = torch.optim.Adam(system.parameters(), lr=3e-3)
    first = last = 0.0
    for step in range(200):
        with chance.at(0, step):
            total = torch.stack(list(system.train().loss(system(batch), batch).values())).sum()
        optimiser.zero_grad()
        total.backward()
        last = float(total.detach())
        if not step:
            first = last
            assert all(parameter.grad is not None and bool(parameter.grad.any()) for parameter in system.parameters())
        if last < 0.1 * first:
            break
        optimiser.step()
    assert last < 0.1 * first
    empty = Batch(batch.pictures[:1], things(4, wide, high, 3))
    empty.targets = {key: [each[3][:0]] for key, each in empty.targets.items()}
    parts = system.loss(system(empty), empty)
    assert all(bool(torch.isfinite(part)) for part in parts.values())
    assert float(parts["place"].detach()) == 0.0
