"""A training step of the house's Faster R-CNN against torchvision's own classes (region proposal network, anchors, RoI heads,
RoI Align, losses) around the same backbone: same pictures, shapes, sampled anchors and regions, same width of head. Theirs runs
as its tutorials have it, in fp32; ours as its recipe trains, in bf16 and channels_last. Each runs in
processes of its own, in turn; the median step counts.

    python benchmarks/detect_train_speed.py [--steps 12]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import MultiScaleRoIAlign

from looksay import weights
from looksay.data import source
from looksay.data.loader import Feed, Feeding
from looksay.learn.loop import keep_memory
from looksay.learn.optim import optimizer_of
from looksay.nn import chance
from looksay.nn.recipe import Augment
from looksay.nn.swift import channels_last
from looksay.nn.system import Batch
from looksay.systems.detect.faster_rcnn import FasterConfig, FasterRCNN
from looksay.tasks import task

PICTURES, SIDE = 16, 128


class Theirs(nn.Module):
    """torchvision's two stages on the house's maps."""

    def __init__(self, ours: FasterRCNN) -> None:
        super().__init__()
        config = ours.config
        self.body, self.merge = ours.body, ours.merge
        anchors = AnchorGenerator((tuple(int(scale) for scale in config.scales),), (tuple(config.ratios),))
        head = RPNHead(ours.channels, len(config.scales) * len(config.ratios))
        counts = [dict.fromkeys(("training", "testing"), number) for number in (config.before, config.proposals)]
        self.rpn = RegionProposalNetwork(anchors, head, 0.7, 0.3, config.anchors, 0.5, *counts, config.apart)
        pool = MultiScaleRoIAlign(["fine"], config.pool, 2)
        wide = TwoMLPHead(ours.channels * config.pool**2, config.hidden)
        last = FastRCNNPredictor(config.hidden, 1 + len(ours.classes))
        self.heads = RoIHeads(pool, wide, last, 0.5, 0.5, config.regions, 0.25, None, 0.05, 0.5, 100)

    def forward(self, x: Tensor, targets: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        fine, coarse = self.merge(self.body(x))
        images = ImageList(x, [tuple(x.shape[-2:])] * len(x))
        regions, first = self.rpn(images, {"coarse": coarse}, targets)
        _, second = self.heads({"fine": fine}, regions, images.image_sizes, targets)
        return {**first, **second}


def batches(count: int) -> list[Batch]:
    dataset = source.open(f"storybook:pages={count * PICTURES},size={SIDE}", "train", view="scene")
    made = weights.build("faster-r-cnn", dataset.classes)
    feed = Feed(dataset, replace(made.prep, size=(SIDE, SIDE)), task("detect"), Feeding(PICTURES, augment=Augment()))
    return [batch for batch in feed.epoch(0) if all(len(some) for some in batch.targets["boxes"])][:count]


def our_step(system: FasterRCNN, optimizer: Any, batch: Batch, number: int, *, half: bool) -> None:
    with chance.at(0, number), torch.autocast("cpu", torch.bfloat16, enabled=half):
        out = system(batch)
        loss = torch.stack(list(system.loss(out, batch).values())).sum()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(system.parameters(), 10.0)
    optimizer.step()


def their_step(network: Theirs, optimizer: Any, batch: Batch) -> None:
    rows = zip(batch.targets["boxes"], batch.targets["labels"], strict=True)
    targets = [{"boxes": boxes, "labels": labels + 1} for boxes, labels in rows]
    loss = torch.stack(list(network(batch.pictures.contiguous(), targets).values())).sum()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
    optimizer.step()


def measure(who: str, steps: int) -> None:
    """Seconds of each step, printed; in a process of its own, since how memory is kept holds for all of a process."""
    given = batches(steps + 3)
    kinds = source.open("storybook", "train", view="scene").classes
    torch.manual_seed(0)
    if who == "torchvision":
        network = Theirs(FasterRCNN(kinds, FasterConfig())).train()
        optimizer: Any = torch.optim.AdamW(network.parameters(), lr=1e-4)
    else:
        keep_memory()
        system = channels_last(weights.build("faster-r-cnn", kinds).train())
        optimizer = optimizer_of(system, FasterRCNN.RECIPES["storybook"].stages[0])
    for number, batch in enumerate(given):
        since = time.perf_counter()
        if who == "torchvision":
            their_step(network, optimizer, batch)
        else:
            our_step(system, optimizer, batch, number, half=who == "bf16")
        if number >= 3:
            print(time.perf_counter() - since)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--who", choices=("torchvision", "fp32", "bf16"))
    asked = parser.parse_args()
    if asked.who:
        measure(asked.who, asked.steps)
        return
    times: dict[str, list[float]] = {"torchvision": [], "fp32": [], "bf16": []}
    for _ in range(asked.rounds):
        for who, found in times.items():
            command = [sys.executable, __file__, "--who", who, "--steps", str(asked.steps)]
            said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            found += map(float, said.split())
    spent = {who: statistics.median(found) for who, found in times.items()}
    config = FasterConfig()
    told = f"{config.regions} regions and {config.anchors} anchors of each, {torch.get_num_threads()} threads"
    print(f"{SIDE} x {SIDE}, {PICTURES} pictures a step, {told}")
    for who, seconds in spent.items():
        name = who if who == "torchvision" else f"ours, {who}"
        print(f"  {name:12} {PICTURES / seconds:7.1f} pictures/s  {spent['torchvision'] / seconds:5.2f} x")


if __name__ == "__main__":
    main()
