"""The loop against a plain fp32 one in the manner of torchvision's reference scripts (DataLoader, transforms v2, cosine):
same network, first weights, pages, batch, epochs and augmentation. Each runs in its own process, one after the other.

    python benchmarks/train_speed.py [--pages 4000] [--epochs 6] [--system small-m]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from looksay.learn.job import Order


def order(options: argparse.Namespace, root: str) -> Order:
    settings = {"epochs": str(options.epochs)}
    return Order(options.system, f"storybook:pages={options.pages}", output=root, settings=settings, device="cpu")


def loop(options: argparse.Namespace) -> dict[str, Any]:
    from looksay.learn.job import Job
    from looksay.learn.progress import Silent

    with tempfile.TemporaryDirectory() as folder:
        trained = Job(order(options, f"{folder}/run"), Silent()).run()
        rows = [line.split(",") for line in (Path(folder) / "run" / "timing.csv").read_text().splitlines()[1:]]
        assert trained.tested is not None
        scores = trained.tested.scores()
    return {
        "pictures_per_second": sorted(float(row[2]) for row in rows)[len(rows) // 2],
        "waiting": max(float(row[3]) for row in rows),
        **scores,
    }


def plain(options: argparse.Namespace) -> dict[str, Any]:
    import torch
    from torch.utils.data import DataLoader
    from torch.utils.data import Dataset as TorchDataset
    from torchvision.transforms import v2

    from looksay.data.material import picture_splits
    from looksay.learn.job import recipe_of
    from looksay.measure.evaluate import feed_for, judge
    from looksay.weights import build

    _, recipe = recipe_of(order(options, ""))
    stage, found = recipe.stages[0], picture_splits(f"storybook:pages={options.pages}", "portrait")
    torch.manual_seed(0)
    side = (stage.img_size, stage.img_size)
    usual = build(options.system, found.train.classes, recipe.settings).prep
    torch.manual_seed(0)
    system = build(options.system, found.train.classes, recipe.settings, replace(usual, size=side, resize=stage.img_size)).train()
    how, prep = stage.augment, system.prep
    change = v2.Compose(
        [
            v2.ToImage(),
            v2.RandomResizedCrop(stage.img_size, how.crop, how.ratio, antialias=True),
            v2.RandomHorizontalFlip(how.flip),
            v2.ColorJitter(how.brightness, how.contrast, how.saturation),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(list(prep.mean), list(prep.std)),
        ]
    )

    class Pages(TorchDataset[Any]):
        def __len__(self) -> int:
            return len(found.train)

        def __getitem__(self, index: int) -> Any:
            return change(found.train.picture(index)), found.train.target(index)

    loader = DataLoader(Pages(), stage.batch_size, shuffle=True, num_workers=2, drop_last=True, persistent_workers=True)
    assert stage.optimizer == "adamw"
    optimizer = torch.optim.AdamW(system.parameters(), stage.lr, betas=(stage.momentum, 0.999), weight_decay=stage.weight_decay)
    total = stage.epochs * len(loader)
    warm = round(stage.warmup * total)
    rise = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / max(warm, 1), 1.0, max(warm, 1))
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total - warm)
    schedule = torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, fall], [warm])
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=stage.smoothing)
    speeds = []
    for _ in range(stage.epochs):
        since = time.perf_counter()
        for pictures, targets in loader:
            loss = criterion(system.logits(pictures).logits, targets)
            optimizer.zero_grad()
            loss.backward()
            if stage.clip:
                torch.nn.utils.clip_grad_norm_(system.parameters(), stage.clip)
            optimizer.step()
            schedule.step()
        speeds.append(len(loader) * stage.batch_size / (time.perf_counter() - since))
    assert found.test is not None
    scores = judge(system.eval(), feed_for(system, found.test)).scores()
    return {"pictures_per_second": sorted(speeds)[len(speeds) // 2], "waiting": float("nan"), **scores}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--pages", type=int, default=4000)
    asked.add_argument("--epochs", type=int, default=6)
    asked.add_argument("--system", default="small-m")
    asked.add_argument("--only", choices=("loop", "plain"))
    options = asked.parse_args()
    if options.only:
        print(json.dumps({"loop": loop, "plain": plain}[options.only](options)))
        return
    results = {}
    for name in ("plain", "loop"):
        answer = subprocess.run([sys.executable, *sys.argv, "--only", name], capture_output=True, text=True, check=True)
        results[name] = json.loads(answer.stdout.splitlines()[-1])
    print(f"{options.system}, {options.pages} pages of 128 x 128, {options.epochs} epochs; scores on 2,000 test pages")
    print(f"{'':8}{'pictures/s':>12}{'top-1':>9}{'interval':>18}{'waiting':>10}")
    for name, found in results.items():
        interval = f"{100 * found['low']:.1f} to {100 * found['high']:.1f}"
        waiting = "" if name == "plain" else f"{100 * found['waiting']:.1f}%"
        print(f"{name:8}{found['pictures_per_second']:12.1f}{100 * found['top1']:8.1f}%{interval:>18}{waiting:>10}")
    ratio = results["loop"]["pictures_per_second"] / results["plain"]["pictures_per_second"]
    print(f"the loop is {ratio:.2f} times as fast")


if __name__ == "__main__":
    main()
