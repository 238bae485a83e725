"""Mask R-CNN with the same weights, torchvision's called eagerly in fp32 against ours: one picture at a time, from uint8 pixels
to masks in its own pixels. Weights are random, scaled so that a hundred things are found and their masks have edges; rounds
alternate, the median counts. Beside it: how far boxes and scores lie apart and what pairs of masks share; and, of a system that
was trained, what fast mode costs (its masks beside those of exact mode, and the scores of both).

    OMP_NUM_THREADS=1 python benchmarks/mask_speed.py [--rounds 5] [--only mask-r-cnn-resnet50-fpn]
    python benchmarks/mask_speed.py --accuracy 200 [--model runs/mask-r-cnn-1]
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

import numpy as np
import torch
from detect_speed import apart, cast, eager, look, ours_of, raced, table, theirs_of
from torch import Tensor
from torchvision.ops import box_iou

from looksay.api import load
from looksay.data import source
from looksay.measure.evaluate import feed_for, judge
from looksay.nn.swift import quicken
from looksay.scene import Scene
from looksay.storybook.page import page

NAMES = ("mask-r-cnn-resnet50-fpn", "mask-r-cnn-resnet50-fpn-v2")
SIZE = (1066, 800)
Array = np.ndarray[Any, Any]


def made(name: str, picture: Array) -> Any:
    """torchvision's, its masks as sure as trained ones are in most of their cells."""
    model = theirs_of(name, "mask-r-cnn-fpn", picture)
    heads = model.roi_heads
    seen: list[Tensor] = []
    hook = heads.mask_predictor.register_forward_hook(lambda module, given, out: seen.append(out))
    eager(model, picture)
    hook.remove()
    with torch.inference_mode():
        heads.mask_predictor.mask_fcn_logits.weight *= 8 / seen[0].std()
    return model


def shared(mine: dict[str, Tensor], masks: Array, other: dict[str, Tensor], theirs: Array) -> str:
    """Of pairs of things of one class whose boxes overlap most: what their masks share."""
    overlap = box_iou(other["boxes"].double(), mine["boxes"].double())
    overlap = overlap.masked_fill(other["labels"][:, None] != mine["labels"], 0.0)
    best, which = overlap.max(dim=1)
    found = [ratio(theirs[row], masks[int(which[row])]) for row in (best >= 0.5).nonzero()[:, 0].tolist() if theirs[row].any()]
    return f"masks: mean IoU {np.mean(found):.4f}, 5 % below {np.quantile(found, 0.05):.4f}"


def ratio(one: Array, two: Array) -> float:
    return float((one & two).sum()) / max(float((one | two).sum()), 1.0)


def arrays(scene: Scene) -> Array:
    return np.stack([thing.mask.array() for thing in scene.objects if thing.mask is not None])


def race(name: str, rounds: int) -> None:
    picture = page(7, 3, SIZE, "scene", words=False).picture
    model = made(name, picture)
    lookers = {mode: ours_of(name, model, mode) for mode in ("exact", "fast")}
    wanted = eager(model, picture)
    inked = (wanted["masks"][:, 0] > 0.5).numpy()
    said = {mode: look(looker, picture) for mode, looker in lookers.items()}
    runs = {"eager": lambda: eager(model, picture)} | {mode: partial(look, looker, picture) for mode, looker in lookers.items()}
    best = raced(runs, rounds)
    threads = f"{torch.get_num_threads()} threads"
    print(f"{name}, {SIZE[0]} x {SIZE[1]}, {threads}: torchvision {1 / best['eager']:.2f} pictures/s, {len(inked)} things")
    for mode, scene in said.items():
        mine = table(scene)
        print(f"  {mode:5} {1 / best[mode]:.2f} pictures/s, {best['eager'] / best[mode]:.2f} x; {apart(mine, wanted)}")
        print(f"        {shared(mine, arrays(scene), wanted, inked)}")


def accuracy(name: str, pages: int) -> None:
    """Of a trained system: pairs of masks of the two modes, and the scores of each."""
    looker = load(name)
    dataset = source.open(f"storybook:pages={pages}", "test", view="scene")
    quick = {"exact": quicken(looker.system, "exact"), "fast": cast(quicken(looker.system, "fast"))}
    for mode, system in quick.items():
        found = judge(system, feed_for(system, dataset, batch_size=16)).scores()
        print(f"{name} {mode}: mask mAP@.5 {100 * found['map50']:.2f} %, mask mAP {100 * found['map']:.2f} % on {pages} pages")
    pairs, pixels, total = [], 0, 0
    for batch in feed_for(looker.system, dataset, batch_size=16).epoch(0):
        with torch.inference_mode():
            one, two = (system.read(system(batch), batch) for system in quick.values())
        for first, second in zip(one, two, strict=True):
            sure = [thing for thing in first.objects if thing.score >= looker.sure and thing.mask is not None]
            for thing in sure:
                same = [each for each in second.objects if each.name == thing.name and each.mask is not None]
                ious = [ratio(thing.mask.array(), each.mask.array()) for each in same]
                pairs.append(max(ious, default=0.0))
            labels = [_labelled(scene, looker.sure) for scene in (first, second)]
            pixels += int((labels[0] == labels[1]).sum())
            total += labels[0].size
    told = f"mean IoU {np.mean(pairs):.4f}, {np.mean(np.array(pairs) >= 0.98):.1%} at .98 or more"
    print(f"masks of {len(pairs)} sure things: {told}; {pixels / total:.2%} of pixels alike")


def _labelled(scene: Scene, sure: float) -> Array:
    """What each pixel belongs to: the surest thing there."""
    out = np.full(scene.size[::-1], "", object)
    for thing in sorted(scene.objects, key=lambda thing: thing.score):
        if thing.score >= sure and thing.mask is not None:
            out[thing.mask.array()] = thing.name
    return out


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--only", default="")
    asked.add_argument("--accuracy", type=int, default=0)
    asked.add_argument("--model", default="mask-r-cnn")
    told = asked.parse_args()
    if told.accuracy:
        accuracy(told.model, told.accuracy)
    else:
        for each in NAMES:
            if told.only in ("", each):
                race(each, told.rounds)
