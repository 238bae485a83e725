"""Trains every classifier by its storybook recipe, ships its weights and writes its row: the table results/classify.csv.

    python benchmarks/classify.py [NAME …] [--seed 0] [--runs runs/classify] [--only-evaluate]

Goes on where it was stopped. A name is skipped when its weights are shipped and newer than its run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parent.parent
SHIPPED = HOME / "src" / "looksay" / "shipped"
TABLE = HOME / "results" / "classify.csv"
NAMES = (
    "linear", "small-m", "resnet-18", "plain-18", "small-l", "small-s", "alexnet", "vgg-a", "googlenet", "densenet-121",
    "squeezenet-1.1", "inception-v3", "inception-v4", "inception-resnet-v2", "vgg-d", "vgg-a-lrn", "vgg-b", "vgg-c", "vgg-e",
)  # fmt: skip


def looksay(*arguments: str) -> None:
    print("$ looksay", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "looksay", *arguments], check=True)


def train(name: str, root: Path, seed: int) -> None:
    if (root / "last.ckpt").exists():
        looksay("train", "--resume", str(root))
    else:
        looksay("train", name, "--output", str(root), "--seed", str(seed))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("names", nargs="*", default=NAMES)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--runs", type=Path, default=Path("runs/classify"))
    asked.add_argument("--only-evaluate", action="store_true")
    options = asked.parse_args()
    for name in options.names or NAMES:
        root, file = options.runs / name, SHIPPED / f"{name}.safetensors"
        if not options.only_evaluate:
            train(name, root, options.seed)
            looksay("export", str(root), "--output", str(file), "--bits", "16")
        looksay("evaluate", name, "--record", str(TABLE))


if __name__ == "__main__":
    main()
