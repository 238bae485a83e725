"""A tiny data set and a tiny training, run in processes that can be killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

# A clean process imports torch once and forks the others: an import takes longer than these trainings.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["torch", "lightning.fabric", "looksay.learn.job", "helpers_learn"])

SETTINGS: Mapping[str, str] = {
    "settings.width": "4", "settings.hidden": "8", "epochs": "3", "batch_size": "8", "ema": "0.9", "clip": "1.0",
    "precision": "fp32",
}  # fmt: skip


def write_pictures(root: Path, per_class: int = 24, splits: tuple[str, ...] = ("train", "val")) -> Path:
    """Three classes of 28 x 28 pictures that a network can tell apart: where the bright square is."""
    rng = np.random.default_rng(0)
    for split in splits:
        for number, name in enumerate(("left", "middle", "right")):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(per_class if split == "train" else 6):
                picture = rng.integers(0, 90, (28, 28, 3), dtype=np.uint8)
                top = int(rng.integers(2, 18))
                picture[top : top + 8, 9 * number + 1 : 9 * number + 9] += 120
                Image.fromarray(picture).save(folder / f"{i:03d}.png")
    return root


def order(data: Path, output: Path, **changes: Any) -> Any:
    from looksay.learn.job import Order

    settings = {**SETTINGS, **changes.pop("settings", {})}
    return Order("mnist-cnn", f"imagefolder:{data}", output=str(output), settings=settings, device="cpu", **changes)


def train_once(the_order: Any, resume: bool = False) -> Any:
    import torch

    from looksay.learn import loop
    from looksay.learn.job import Job
    from looksay.learn.progress import Silent

    torch.set_num_threads(1)
    loop.SAVE_EVERY = 0.0
    job = Job(the_order, Silent(), resume=resume)
    return job.run()


def killed_at(the_order: Any, where: str, count: int, resume: bool = False) -> None:
    """Trains until the `count`-th time that `where` is reached, and dies there as by kill -9."""
    from looksay.learn import loop, run

    seen = 0

    def die(before: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == count:
                os.kill(os.getpid(), signal.SIGKILL)
            return before(*args, **kwargs)

        return wrapped

    if where == "step":
        loop._Worker._step = die(loop._Worker._step)  # type: ignore[method-assign]
    elif where == "fsync":  # the checkpoint is written, not yet on the disk
        os.fsync = die(os.fsync)
    elif where == "replace":  # it lies beside, not yet in its place
        os.replace = die(os.replace)
    elif where == "note":
        run.Run.note = die(run.Run.note)  # type: ignore[method-assign]
    elif where == "keep":
        run.Run.write_table = die(run.Run.write_table)  # type: ignore[method-assign]
    train_once(the_order, resume)


def in_process(target: Callable[..., Any], *args: Any) -> int:
    """The exit code of a process that does it; negative is the signal that it died of."""
    process: BaseProcess = CONTEXT.Process(target=target, args=args)
    process.start()
    process.join(120)
    if process.exitcode is None:
        process.kill()
        raise AssertionError("the process hangs")
    return process.exitcode


def content(root: Path) -> dict[str, Any]:
    """What two runs of the same order must have in common, to the bit: all but the time that they took."""
    from looksay.learn.run import Run
    from looksay.weights import digest

    state, tensors, numbers = Run(root).peek()
    state.seconds = 0.0
    files = {name: (root / name).read_bytes() for name in ("best.safetensors", "metrics.jsonl", "metrics.csv")}
    return {**files, "state": state, "tensors": digest(tensors), "numbers": numbers}
