"""Memory while training on a folder of many pictures against the same training on few: what each further picture costs.

python benchmarks/memory.py [--many 100000] [--few 2000]
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image


def make(root: Path, count: int) -> None:
    """Pictures of 32 x 32 in ten class folders; hard links to a hundred files, so that the disk stays small."""
    rng = np.random.default_rng(0)
    for number in range(count):
        folder = root / "train" / f"class_{number % 10}"
        if number < 100:
            folder.mkdir(parents=True, exist_ok=True)
            out = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(out, "PNG")
            (folder / f"picture_{number:07d}.png").write_bytes(out.getvalue())
        else:
            first = folder / f"picture_{number % 100:07d}.png"
            os.link(first, folder / f"picture_{number:07d}.png")
    for name in sorted((root / "train").iterdir()):
        held = root / "val" / name.name
        held.mkdir(parents=True)
        os.link(next(iter(sorted(name.iterdir()))), held / "picture.png")


def train(root: str, pictures: int) -> None:
    """A few hundred steps over the whole folder, and the peak of this process' memory in KiB."""
    from looksay.learn.job import Job, Order
    from looksay.learn.progress import Silent

    steps = 200
    size = max(min(pictures // steps, 64), 8)
    settings = {"epochs": "1", "batch_size": str(size), "settings.width": "4", "settings.hidden": "8"}
    with tempfile.TemporaryDirectory() as folder:
        Job(Order("mnist-cnn", f"imagefolder:{root}", output=f"{folder}/run", settings=settings, device="cpu"), Silent()).run()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--many", type=int, default=100_000)
    asked.add_argument("--few", type=int, default=12_800)
    asked.add_argument("--train", nargs=2, metavar=("ROOT", "PICTURES"))
    options = asked.parse_args()
    if options.train:
        train(options.train[0], int(options.train[1]))
        return
    peaks = {}
    for count in (options.few, options.many):
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), count)
            command = [sys.executable, __file__, "--train", folder, str(count)]
            answer = subprocess.run(command, capture_output=True, text=True, check=True)
            peaks[count] = int(answer.stdout.split()[-1]) * 1024
            print(f"{count:>8,} pictures: peak {peaks[count] / 2**20:8.1f} MiB", flush=True)
    each = (peaks[options.many] - peaks[options.few]) / (options.many - options.few)
    print(f"{each:.0f} bytes a further picture")


if __name__ == "__main__":
    main()
