"""Detectors with the same weights, torchvision's called eagerly in fp32 against ours: one picture at a time, from uint8 pixels to
boxes in its own pixels. Weights are random, scaled so that hundreds of boxes compete; rounds alternate, the median counts. How
far boxes and scores lie apart is printed beside, and how far each lies from torchvision's network in float64, which random
weights tell apart more than trained ones; and what fast mode costs a detector that was trained.

    OMP_NUM_THREADS=1 python benchmarks/detect_speed.py [--rounds 5] [--only faster-r-cnn-resnet50-fpn]
    python benchmarks/detect_speed.py --accuracy 500
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import detection
from torchvision.ops import box_iou

from looksay import registry, weights
from looksay.api import load
from looksay.data import source
from looksay.data.inputs import Shown
from looksay.looker import Looker
from looksay.measure.evaluate import feed_for, judge
from looksay.nn.swift import quicken
from looksay.scene import Scene
from looksay.storybook.page import page

NAMES = {
    "faster-r-cnn-resnet50-fpn": ("faster-r-cnn-fpn", (1066, 800)),
    "faster-r-cnn-mobilenet-v3-large-fpn": ("faster-r-cnn-fpn", (1066, 800)),
    "ssd300-vgg16": ("ssd", (300, 300)),
}
KINDS = tuple(str(place) for place in range(1, 91))


def theirs_of(name: str, card: str, picture: np.ndarray) -> Any:
    torch.manual_seed(5)
    made: Any = getattr(detection, registry.find(card).card.published[name])(weights=None, weights_backbone=None, num_classes=91)
    with torch.inference_mode():
        _randomise(made, made.transform([torch.from_numpy(picture).permute(2, 0, 1).float() / 255])[0])
    return made.eval()


def _randomise(model: Any, images: Any) -> None:
    """Each layer keeps the spread of what passes, so that every place of this picture says something of its own."""
    for part in model.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.normal_(part.weight, 0, (2 / part.weight[0].numel()) ** 0.5)
            if part.bias is not None:
                nn.init.normal_(part.bias, 0, 0.1)
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.7, 1.3)
            nn.init.normal_(part.bias, 0, 0.2)
            part.momentum = 1.0
    x = images.tensors
    model.train().backbone(x)
    maps = model.eval().backbone(x)
    if hasattr(model, "head"):
        for head, spread in ((model.head.classification_head, 1.5), (model.head.regression_head, 0.5)):
            for layer, each in zip(head.module_list, maps.values(), strict=True):
                layer.weight *= spread / layer(each).std()
        return
    logits, moves = model.rpn.head(list(maps.values()))
    model.rpn.head.cls_logits.weight *= 2.0 / torch.cat([each.flatten() for each in logits]).std()
    model.rpn.head.bbox_pred.weight *= 0.3 / torch.cat([each.flatten() for each in moves]).std()
    boxes, _ = model.rpn(images, maps)
    cells = model.roi_heads.box_roi_pool(maps, boxes, images.image_sizes)
    said = model.roi_heads.box_predictor(model.roi_heads.box_head(cells))
    last = model.roi_heads.box_predictor
    for layer, each, spread in ((last.cls_score, said[0], 1.0), (last.bbox_pred, said[1], 0.3)):
        factor = spread / (each - each.mean(dim=0)).std()
        layer.weight *= factor
        layer.bias.copy_((layer.bias - each.mean(dim=0)) * factor)


def ours_of(name: str, theirs: Any, mode: Any, kinds: tuple[str, ...] = KINDS) -> Looker:
    with torch.device("meta"):
        system = weights.build(name, kinds)
    system.load_state_dict(system.rename({key: value.clone() for key, value in theirs.state_dict().items()}), assign=True)
    return Looker(system, weights.Info(name, kinds, {}, system.prep), mode=mode)


def eager(model: Any, picture: np.ndarray, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    with torch.inference_mode():
        found: dict[str, Tensor] = model([torch.from_numpy(picture).permute(2, 0, 1).to(dtype) / 255])[0]
    return found


def look(looker: Looker, picture: np.ndarray) -> Scene:
    return looker.answer(looker.batch([Shown("", "page", picture)]))[0]


def table(scene: Scene) -> dict[str, Tensor]:
    """What ours found, as torchvision says it."""
    things = scene.objects
    return {
        "boxes": torch.tensor([thing.box for thing in things], dtype=torch.float64).reshape(-1, 4),
        "scores": torch.tensor([thing.score for thing in things], dtype=torch.float64),
        "labels": torch.tensor([int(thing.name) for thing in things]),
    }


def apart(mine: dict[str, Tensor], other: dict[str, Tensor]) -> str:
    """Of the things of `other` and those of `mine` of the same class that overlap them most, by half at least: the largest
    distance of edges in pixels and of scores; and how many have no such partner."""
    overlap = box_iou(other["boxes"].double(), mine["boxes"].double())
    overlap = overlap.masked_fill(other["labels"][:, None] != mine["labels"], 0.0)
    best, which = overlap.max(dim=1)
    pairs = best >= 0.5
    box = (mine["boxes"][which] - other["boxes"])[pairs].abs().amax()
    score = (mine["scores"][which] - other["scores"])[pairs].abs().amax()
    return f"boxes within {box:.4f} px, scores within {score:.1e}, {int((~pairs).sum())} of {len(pairs)} without a partner"


def raced(runs: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Seconds of each, taking turns; the middle one counts."""
    times: dict[str, list[float]] = {who: [] for who in runs}
    for _ in range(rounds):
        for who, run in runs.items():
            since = time.perf_counter()
            run()
            times[who].append(time.perf_counter() - since)
    return {who: statistics.median(spent) for who, spent in times.items()}


def race(name: str, rounds: int) -> None:
    card, size = NAMES[name]
    picture = page(7, 3, size, "scene", words=False).picture
    model = theirs_of(name, card, picture)
    lookers = {mode: ours_of(name, model, mode) for mode in ("exact", "fast")}
    wanted = eager(model, picture)
    said = {mode: table(look(looker, picture)) for mode, looker in lookers.items()}
    runs = {"eager": lambda: eager(model, picture)} | {mode: partial(look, looker, picture) for mode, looker in lookers.items()}
    best = raced(runs, rounds)
    told = f"{torch.get_num_threads()} threads: torchvision {1 / best['eager']:.2f} pictures/s, {len(wanted['scores'])} things"
    print(f"{name}, {size[0]} x {size[1]}, {told}")
    for mode in lookers:
        print(f"  {mode:5} {1 / best[mode]:.2f} pictures/s, {best['eager'] / best[mode]:.2f} x; {apart(said[mode], wanted)}")
    finest = eager(model.double(), picture, torch.float64)
    print(f"  from float64: torchvision's {apart(wanted, finest)};\n                ours, exact, {apart(said['exact'], finest)}")


def accuracy(name: str, pages: int) -> None:
    looker = load(name)
    dataset = source.open(f"storybook:pages={pages}", "test", view="scene")
    scores = {}
    for mode in ("exact", "fast"):
        quick = quicken(looker.system, mode)
        scores[mode] = judge(cast(quick) if mode == "fast" else quick, feed_for(quick, dataset)).scores()
    lost = 100 * (scores["exact"]["map"] - scores["fast"]["map"])
    print(f"{name}, {pages} test pages: mAP {100 * scores['exact']['map']:.2f} exact, fast {lost:+.2f} points less")


def cast(system: Any) -> Any:
    """The same system, taking its pictures in bf16."""
    whole = system.forward

    def forward(batch: Any) -> Any:
        return whole(replace(batch, pictures=batch.pictures.to(torch.bfloat16)))

    system.forward = forward
    return system


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=NAMES)
    parser.add_argument("--accuracy", type=int, default=0, metavar="PAGES")
    asked = parser.parse_args()
    if asked.accuracy:
        for name in ("faster-r-cnn", "ssd"):
            accuracy(name, asked.accuracy)
        return
    for name in [asked.only] if asked.only else NAMES:
        race(name, asked.rounds)


if __name__ == "__main__":
    main()
