"""A system against the truth of a data set: one pass, in order, each picture once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from looksay.data.kept import beside_of
from looksay.data.loader import Batches, Feeding
from looksay.errors import BadConfig
from looksay.measure.classified import Classified
from looksay.measure.classify import Tally
from looksay.measure.judging import judging_of
from looksay.measure.verdict import Verdict
from looksay.nn.classifier import Classifier
from looksay.nn.placement import placed
from looksay.nn.prep import Picture
from looksay.nn.swift import channels_last
from looksay.nn.system import Batch, System, normalise, on_device
from looksay.tasks import task

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Judged:
    """What an evaluation found: `seconds` are those of the network alone; what it wants with a picture besides, as proposals
    of regions, takes `beside_ms`, 0 where it wants nothing."""

    found: Verdict
    seconds: float
    skipped: int = 0
    beside_ms: float = 0.0

    @property
    def ms_per_picture(self) -> float:
        return 1000 * self.seconds / max(len(self.found), 1)

    def scores(self) -> dict[str, float]:
        """The numbers of a results row, the one that counts with its interval."""
        return self.found.numbers()


def beside_ms(system: System[Any], dataset: Any, count: int = 20) -> float:
    """Milliseconds a picture, over the first `count`, for what the system wants with it; nothing is remembered."""
    if beside_of(system) is None:
        return 0.0
    spent, most = 0.0, min(count, len(dataset))
    for index in range(most):
        picture = dataset.picture(index)
        where = placed((picture.shape[1], picture.shape[0]), system.prep)
        since = time.perf_counter()
        system.beside(picture, where, lambda _, make: make())
        spent += time.perf_counter() - since
    return 1000 * spent / most


def feed_for(
    system: System[Any], dataset: Any, *, batch_size: int = 64, workers: int = 2, skip_bad: bool = False, learning: bool = False
) -> Batches:
    """All of it in order, as the system takes it."""
    kind = task(system.card.task)
    how = Feeding(batch_size, workers=workers, skip_bad=skip_bad)
    return kind.material().feed(system, dataset, kind, how, learning=learning)


@torch.inference_mode()
def judge(system: System[Any], feed: Batches, progress: Progress | None = None, *, bf16: bool = False) -> Judged:
    """Single-scale, as `look` sees a picture. `bf16` is for the scores while training, which need no last digits."""
    channels_last(system.eval())
    device = next(system.parameters()).device
    judging = judging_of(system, feed.dataset)
    spent, done, whole = 0.0, 0, min(len(feed.dataset), feed.steps * feed.how.batch_size)
    for batch in feed.epoch(0):
        since = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            said = judging.ask(system, on_device(batch, device))
        spent += time.perf_counter() - since
        judging.hear(said, batch, _fresh(batch, feed))
        done += len(batch)
        if progress:
            progress(min(done, whole), whole)
    return Judged(judging.verdict(), spent, len(feed.skipped))


def _fresh(batch: Batch, feed: Batches) -> list[int]:
    """Rows that stand for their own picture: when a broken one is skipped, its neighbour is not counted twice."""
    if not feed.skipped:
        return list(range(len(batch)))
    seen: set[str] = feed.__dict__.setdefault("seen", set())
    rows = [i for i, name in enumerate(batch.ids) if name not in seen]
    seen.update(batch.ids)
    return rows


@torch.inference_mode()
def judge_at(system: System[Any], dataset: Any, scales: tuple[int, ...], progress: Progress | None = None) -> Judged:
    """VGG's evaluation: at each test scale Q the whole picture is seen with its short side Q, the network run densely over it and
    over its mirror image; scores are averaged over places, mirror and scales."""
    if not isinstance(system, Classifier):
        raise BadConfig("test scales are for classifiers")
    from PIL import Image

    least = min(system.prep.size)
    if min(scales) < least:
        raise BadConfig(f"a test scale of {min(scales)} is smaller than the network's picture", mend=f"use {least} or more")
    channels_last(system.eval())
    tally, spent = Tally(system.classes, logits=False), 0.0
    for index in range(len(dataset)):
        picture = dataset.picture(index)
        views = []
        for scale in scales:
            short = min(picture.shape[:2])
            new = (max(scale, round(picture.shape[1] * scale / short)), max(scale, round(picture.shape[0] * scale / short)))
            views.append(np.array(Image.fromarray(picture).resize(new, Image.Resampling.BILINEAR)))
        since = time.perf_counter()
        mean = torch.stack([_dense(system, view) for view in views]).mean(dim=0)
        spent += time.perf_counter() - since
        tally.add(mean.double().numpy()[None], np.array([dataset.target(index)]), [dataset.name(index)])
        if progress:
            progress(index + 1, len(dataset))
    return Judged(Classified(tally.result()), spent)


def _dense(system: Classifier, view: Picture) -> Tensor:
    """(K,) probabilities, the mean over the picture and its mirror image."""
    from looksay.nn.prep import grey

    x = normalise(torch.from_numpy(np.ascontiguousarray(grey(view, system.prep.channels)))[None], system.prep)
    both = torch.cat([x, x.flip(3)])
    return torch.softmax(system.dense(both).logits.float(), dim=1).mean(dim=0)
