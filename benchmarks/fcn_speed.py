"""FCN on a dilated residual network with the same weights, torchvision's called eagerly in fp32 against ours: one page at a time,
from uint8 pixels to the class of each. The body's weights are random, its norms calibrated on the page, and the last layer is
fitted to the page's truth, so that labels are as sure as a trained network's; rounds alternate, the median counts. Beside it: how
many pixels get the same label, how far the scores lie apart. And, of a system that was trained, what fast mode costs.

    OMP_NUM_THREADS=1 python benchmarks/fcn_speed.py [--rounds 5] [--only fcn-resnet50] [--side 520]
    python benchmarks/fcn_speed.py --accuracy 500 --model fcn-2s
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import Any

import numpy as np
import torch
from detect_speed import cast, look, ours_of, raced
from torch import Tensor, nn
from torchvision.models import segmentation

from looksay import registry
from looksay.api import load
from looksay.data import source
from looksay.data.inputs import Shown
from looksay.looker import Looker
from looksay.measure.evaluate import feed_for, judge
from looksay.nn.prep import IMAGENET_MEAN, IMAGENET_STD
from looksay.nn.swift import quicken
from looksay.storybook.page import Page, page

NAMES = ("fcn-resnet50", "fcn-resnet101")
KINDS = tuple(str(place) for place in range(21))
WANTED = {"exact": (1.2, 0.999), "fast": (2.3, 0.99)}  # times as fast, share of pixels with the same label
SHARE = 0.2  # of what a block adds: through random ones that add more an error grows a hundredfold, unlike through trained ones
Array = np.ndarray[Any, Any]


def prepared(picture: Array) -> Tensor:
    """As torchvision's presets hand it over, but for the resizing: (1, 3, H, W), contiguous."""
    pixels = torch.from_numpy(picture).permute(2, 0, 1).contiguous().float() / 255
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (IMAGENET_MEAN, IMAGENET_STD))
    return ((pixels - mean) / std)[None]


def theirs_of(name: str, shown: Page) -> Any:
    torch.manual_seed(5)
    builder = getattr(segmentation, registry.find(name).card.published[name])
    made: Any = builder(weights=None, weights_backbone=None, num_classes=len(KINDS), aux_loss=True)  # as the published ones
    for where, part in made.named_modules():
        if isinstance(part, nn.Conv2d):
            nn.init.normal_(part.weight, 0, (2 / part.weight[0].numel()) ** 0.5)
        elif isinstance(part, nn.BatchNorm2d):
            share = SHARE if where.endswith("bn3") else 1.0
            nn.init.uniform_(part.weight, 0.7 * share, 1.3 * share)
            nn.init.normal_(part.bias, 0, 0.2 * share)
            part.momentum = 1.0
        elif isinstance(part, nn.Dropout):
            part.p = 0.0
    seen: list[Tensor] = []
    hook = made.classifier[4].register_forward_hook(lambda module, given, out: seen.append(given[0]))
    with torch.inference_mode():
        made.train()(prepared(shown.picture))
        made.eval()(prepared(shown.picture))
        hook.remove()
        _fit(made.classifier[4], seen[-1][0], np.asarray(shown.scene.regions.ids))
    return made


def _fit(last: nn.Conv2d, features: Tensor, ids: Array) -> None:
    """Least squares with a ridge: +4 for the class of the pixel in the middle of each cell, -4 for the others. The page's most
    frequent classes are numbered, all others are the last."""
    high, wide = features.shape[1:]
    rows, columns = (
        ((np.arange(many) + 0.5) * extent / many).astype(int) for many, extent in zip((high, wide), ids.shape, strict=True)
    )
    kinds, counts = np.unique(ids, return_counts=True)
    number = np.full(256, len(KINDS) - 1)
    number[kinds[np.argsort(-counts)][: len(KINDS) - 1]] = np.arange(min(len(kinds), len(KINDS) - 1))
    truth = torch.from_numpy(number[ids[np.ix_(rows, columns)]]).flatten()
    goal = nn.functional.one_hot(truth, len(KINDS)).double() * 8 - 4
    x = torch.cat([features.flatten(1).T, torch.ones(high * wide, 1)], dim=1).double()
    found = torch.linalg.solve(x.T @ x + torch.eye(x.shape[1]) * len(x) * 1e-3, x.T @ goal)
    last.weight.copy_(found[:-1].T[:, :, None, None])
    assert last.bias is not None
    last.bias.copy_(found[-1])


def eager(model: Any, picture: Array) -> Array:
    with torch.inference_mode():
        labels: Array = model(prepared(picture))["out"][0].argmax(dim=0).to(torch.uint8).numpy()
    return labels


def scores(looker: Looker, picture: Array) -> Tensor:
    with torch.inference_mode():
        found: Tensor = looker.ask(looker.batch([Shown("", "page", picture)])).logits[0].float()
    return found


def race(name: str, rounds: int, side: int) -> bool:
    shown = page(2_000_006, 3, (side, side), "scene", words=False)
    picture = shown.picture
    model = theirs_of(name, shown)
    lookers = {mode: ours_of(name, model, mode, KINDS) for mode in ("exact", "fast")}
    wanted = eager(model, picture)
    with torch.inference_mode():
        logits = model(prepared(picture))["out"][0]
        with torch.autocast("cpu", torch.bfloat16):
            half = model(prepared(picture))["out"][0].argmax(dim=0).numpy()
    said = {mode: np.asarray(look(looker, picture).regions.ids) for mode, looker in lookers.items()}
    runs = {"eager": lambda: eager(model, picture)} | {mode: partial(look, looker, picture) for mode, looker in lookers.items()}
    best = raced(runs, rounds)
    threads = f"{torch.get_num_threads()} threads"
    print(f"{name}, {side} x {side}, {threads}: torchvision {1 / best['eager']:.2f} pictures/s, {len(np.unique(wanted))} classes")
    print(f"  torch's own bf16, by autocast: {(half == wanted).mean():.3%} of pixels alike")
    met = True
    for mode, looker in lookers.items():
        speed, alike = best["eager"] / best[mode], float((said[mode] == wanted).mean())
        apart = float((scores(looker, picture) - logits).abs().max() / logits.abs().max())
        told = f"{alike:.3%} of pixels alike, scores within {apart:.1e} of the largest"
        print(f"  {mode:5} {1 / best[mode]:.2f} pictures/s, {speed:.2f} x; {told}")
        met &= speed >= WANTED[mode][0] and alike >= WANTED[mode][1]
    return met


def accuracy(name: str, pages: int) -> None:
    """Of a trained system: the pixels that both modes give the same class, and the scores of each."""
    looker = load(name)
    dataset = source.open(f"storybook:pages={pages}", "test", view="scene")
    quick = {"exact": quicken(looker.system, "exact"), "fast": cast(quicken(looker.system, "fast"))}
    for mode, system in quick.items():
        found = judge(system, feed_for(system, dataset, batch_size=16)).scores()
        told = f"mIoU {100 * found['miou']:.2f} %, boundary F {100 * found['boundary_f']:.2f} %"
        print(f"{name} {mode}: {told} on {pages} pages")
    same = total = 0
    for batch in feed_for(looker.system, dataset, batch_size=16).epoch(0):
        with torch.inference_mode():
            one, two = (system.read(system(batch), batch) for system in quick.values())
        for first, second in zip(one, two, strict=True):
            same += int((first.regions.ids == second.regions.ids).sum())
            total += first.regions.ids.size
    print(f"{same / total:.3%} of pixels alike")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=NAMES)
    parser.add_argument("--side", type=int, default=520)
    parser.add_argument("--accuracy", type=int, default=0, metavar="PAGES")
    parser.add_argument("--model", default="fcn-2s")
    asked = parser.parse_args()
    if asked.accuracy:
        accuracy(asked.model, asked.accuracy)
        return 0
    met = [race(name, asked.rounds, asked.side) for name in ([asked.only] if asked.only else NAMES)]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
