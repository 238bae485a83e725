"""A long video of small frames through `looksay detect`, the command itself with all that it does to a frame: decoding, batches,
a network, scenes as JSON, the drawn video. The network is a stand-in that costs next to nothing, so that the stream is what is
measured: it reads the number that is written into a frame's pixels, and says it as the place and size of a box.

Told are frames in and out, whether they come in order (in the JSON and in the drawn video), the memory held after a tenth and at
the end, and frames a second.

    python benchmarks/video_stream.py [--frames 90000 --batch-size 8 --format pictures]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from torch import Tensor, nn

from looksay import weights
from looksay.cli.detect import PICTURES, detect
from looksay.data.inputs import frames
from looksay.nn.detector import Detector, Found
from looksay.nn.prep import Prep
from looksay.nn.system import Batch
from looksay.registry import Card, system
from looksay.show.video import VideoOut

BITS = (5, 5, 4, 4)  # of a frame's number, in the left edge, width, top edge and height of its box
LEAST = (0, 2, 0, 4)  # what is added to each
SIDE = 4  # pixels of the square that shows a bit; they stand in the lowest rows, where no box comes
WIDE, HIGH = 64, 48
GROWTH = 1.05  # memory at the end, in shares of that after a tenth, at most


def written(number: int) -> np.ndarray:
    """A frame that shows its number."""
    frame = np.full((HIGH, WIDE, 3), (40, 90, 140), np.uint8)
    for bit in range(sum(BITS)):
        row, column = divmod(bit, WIDE // SIDE)
        top, left = HIGH - SIDE * (row + 1), SIDE * column
        frame[top : top + SIDE, left : left + SIDE] = 235 * (number >> bit & 1) + 10
    return frame


def boxed(numbers: Tensor) -> Tensor:
    """(n, 4) xyxy that say the numbers (n,)."""
    parts = []
    for bits, least in zip(BITS, LEAST, strict=True):
        parts.append(numbers % (1 << bits) + least)
        numbers = numbers >> bits
    left, wide, top, high = parts
    return torch.stack([left, top, left + wide, top + high], dim=1).float()


def number_of(box: list[float]) -> int:
    """The inverse for one box."""
    left, top, right, low = (round(edge) for edge in box)
    number = shift = 0
    for value, bits, least in zip((left, right - left, top, low - top), BITS, LEAST, strict=True):
        number += value - least << shift
        shift += bits
    return number


def read_back(frame: np.ndarray) -> int:
    """The number that a drawn frame shows, whatever its scale."""
    scale, number = frame.shape[1] // WIDE, 0
    for bit in range(sum(BITS)):
        row, column = divmod(bit, WIDE // SIDE)
        top, left = (HIGH - SIDE * (row + 1) + 1) * scale, (SIDE * column + 1) * scale
        number |= int(frame[top : top + 2 * scale, left : left + 2 * scale].mean() > 127) << bit
    return number


@dataclass(frozen=True)
class Nothing:
    """There is nothing to be set."""


@system(Card("stand-in", "detect", "Stand-in", "none", 2000))
class StandIn(Detector[Tensor]):
    """A convolution that averages squares."""

    Config = Nothing

    def __init__(self, classes: Any, config: Nothing | None = None, prep: Prep | None = None) -> None:
        super().__init__(classes, config or Nothing(), prep or Prep((WIDE, HIGH), "stretch", HIGH, 3, (0.0,) * 3, (1.0,) * 3))
        self.mean = nn.Conv2d(3, 1, SIDE, stride=SIDE, bias=False)
        nn.init.constant_(self.mean.weight, 1 / (3 * SIDE * SIDE))

    def forward(self, batch: Batch) -> Tensor:
        return self.mean(batch.pictures)[:, 0]

    def candidates(self, out: Tensor, batch: Batch) -> list[Found]:
        bright = (out.flip(1).flatten(1)[:, : sum(BITS)] > 0.5).long()
        boxes = boxed((bright << torch.arange(sum(BITS))).sum(dim=1))
        return [Found(box[None], torch.ones(1), torch.zeros(1, dtype=torch.int64)) for box in boxes]

    def loss(self, out: Tensor, batch: Batch) -> dict[str, Tensor]:
        raise NotImplementedError("a stand-in learns nothing")

    def taps(self) -> dict[str, nn.Module]:
        return {"mean": self.mean}

    def strengths(self, out: Tensor) -> Tensor:
        return out.flatten(1)[..., None]


class Listener(io.TextIOBase):
    """What the command prints: a scene a line. Nothing is kept but counts."""

    def __init__(self, total: int) -> None:
        self.total, self.seen, self.wrong, self.rest = total, 0, 0, ""
        self.held: dict[int, float] = {}
        self.process = psutil.Process()

    def write(self, text: str) -> int:
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            scene = json.loads(line)
            said = [number_of(thing["box"]) for thing in scene["objects"]]
            self.wrong += said != [self.seen] or not scene["source"].endswith(f"#{self.seen}")
            self.seen += 1
            tenth = 10 * self.seen // self.total
            if tenth > 10 * (self.seen - 1) // self.total:
                self.held[tenth] = self.process.memory_info().rss / 2**20
        return len(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=90_000, help="25 a second: an hour")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--format", default=PICTURES, help="of the output, as detect takes it")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film, model = Path(folder, "film.mp4"), Path(folder, "stand-in.safetensors")
        reader = StandIn(("number",))
        weights.save(model, reader, weights.Info("stand-in", reader.classes, prep=reader.prep))
        with VideoOut(film) as video:
            for number in range(asked.frames):
                video.add(written(number))
        print(
            f"{asked.frames:,} frames of {WIDE} x {HIGH}, {asked.frames / 1500:.1f} minutes, {film.stat().st_size / 1e6:.2f} MB"
        )
        listener = Listener(asked.frames)
        output = Path(folder, "seen" if asked.format == PICTURES else f"seen.{asked.format}")
        since = time.perf_counter()
        with contextlib.redirect_stdout(listener):
            detect([str(film)], str(model), output=str(output), format=asked.format, batch_size=asked.batch_size, json=True)
        spent = time.perf_counter() - since
        drawn = [read_back(shown.picture) for shown in frames(output / film.name)] if asked.format == PICTURES else None
    rate = f"{listener.seen / spent:.0f} frames a second ({spent:.0f} s)"
    print(f"out: {listener.seen:,} frames, {listener.wrong} out of order, {rate}")
    good = listener.seen == asked.frames and not listener.wrong
    if drawn is not None:
        misplaced = sum(found != number for number, found in enumerate(drawn))
        print(f"drawn: {len(drawn):,} frames, {misplaced} out of order")
        good &= len(drawn) == asked.frames and not misplaced
    print("MiB held, a tenth after the other:", " ".join(f"{each:.1f}" for each in listener.held.values()))
    first, last = listener.held[1], listener.held[10]
    print(f"after a tenth {first:.1f} MiB, at the end {last:.1f} MiB: {last - first:+.1f}")
    return 0 if good and last <= GROWTH * first else 1


if __name__ == "__main__":
    sys.exit(main())
