"""How many captions a second a playing video gets, end to end: decoding at the video's own speed, frames passed by rather than
lagged behind, the network, the beam of three, the looks of every word. The video is made for it from a clip of the storybook.

    python benchmarks/caption_video.py [--seconds 20 --width 640 --height 480 --threads 2 --model show-attend-tell]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from looksay.api import load
from looksay.data.live import Live
from looksay.defaults import CAPTIONER
from looksay.show.video import VideoOut
from looksay.storybook.clip import clip

FPS = 25


def film(path: Path, seconds: float, wide: int, high: int) -> None:
    """The frames of a clip, over and over."""
    frames = [np.asarray(Image.fromarray(frame).resize((wide, high))) for frame in clip(0, 3, (160, 120)).frames]
    with VideoOut(path, FPS) as out:
        for number in range(round(FPS * seconds)):
            out.add(frames[number % len(frames)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", default=CAPTIONER)
    how = parser.parse_args()
    torch.set_num_threads(how.threads)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        film(path, how.seconds, how.width, how.height)
        print(f"{how.width} x {how.height}, {FPS} frames a second, {how.seconds:.0f} s; {how.threads} threads")
        print("mode    captions a second  frames passed by  ms a caption")
        for mode in ("plain", "exact", "fast"):
            looker = load(how.model, mode=mode)
            looker.look(np.zeros((how.height, how.width, 3), np.uint8))  # made ready before the film starts
            said, missed, since, spent = 0, 0, time.perf_counter(), 0.0
            with Live(str(path)) as moments:
                for moment in moments:
                    before = time.perf_counter()
                    next(iter(looker.stream([moment.shown], batch_size=1)))
                    spent += time.perf_counter() - before
                    said, missed = said + 1, missed + moment.missed
            took = time.perf_counter() - since
            print(f"{mode:<6}  {said / took:17.1f}  {missed:16d}  {1000 * spent / said:12.1f}")


if __name__ == "__main__":
    main()
