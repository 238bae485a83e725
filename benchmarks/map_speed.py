"""From two JSON files to COCO's twelve numbers: looksay, pycocotools and, where it is installed, faster-coco-eval, one after the
other in one run, each in a process of its own. The files are made here: boxes at random, most detections near a thing, crowds,
areas that differ from the boxes', equal scores. Time is that of reading, evaluating and summarising, without imports; the best of
the tries counts. Memory is the most that the process ever held, imports included.

    python benchmarks/map_speed.py [--pictures 5000 --classes 80 --things 35000 --detections 250000 --tries 3]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

TRUTH, RESULTS = "truth.json", "results.json"
SCORERS = {"looksay": "looksay", "faster-coco-eval": "faster_coco_eval", "pycocotools": "pycocotools"}


def boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    sides = np.exp(rng.uniform(np.log(8), np.log(300), (count, 2)))
    return np.hstack([rng.uniform(0, 1, (count, 2)) * (640 - sides), sides])


def make(folder: Path, pictures: int, classes: int, things: int, detections: int) -> None:
    rng = np.random.default_rng(0)
    picture, kind, there = rng.integers(pictures, size=things), rng.integers(classes, size=things), boxes(rng, things)
    area = there[:, 2] * there[:, 3] * rng.uniform(0.4, 1, things)
    crowd = rng.random(things) < 0.02
    of, near = rng.integers(things, size=detections), rng.random(detections) < 0.6
    where = np.where(near, picture[of], rng.integers(pictures, size=detections))
    what = np.where(near & (rng.random(detections) < 0.9), kind[of], rng.integers(classes, size=detections))
    scale = there[of][:, [2, 3, 2, 3]]
    seen = np.where(near[:, None], there[of] + rng.normal(0, 0.08, (detections, 4)) * scale, boxes(rng, detections))
    seen[:, 2:] = np.maximum(seen[:, 2:], 1)
    sure = np.clip(rng.beta(1, 4, detections) + 0.3 * near * rng.random(detections), 0, 1).round(3)
    truths = {"id": np.arange(things) + 1, "image_id": picture + 1, "category_id": kind + 1, "bbox": there.round(2)}
    truths |= {"area": area, "iscrowd": crowd.astype(int)}
    found = {"image_id": where + 1, "category_id": what + 1, "bbox": seen.round(2), "score": sure}
    whole = {
        "images": [{"id": row + 1, "width": 640, "height": 640, "file_name": f"{row}.jpg"} for row in range(pictures)],
        "categories": [{"id": row + 1, "name": f"kind {row}"} for row in range(classes)],
        "annotations": rows(truths),
    }
    (folder / TRUTH).write_text(json.dumps(whole))
    (folder / RESULTS).write_text(json.dumps(rows(found)))


def rows(columns: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*(column.tolist() for column in columns.values()), strict=True)]


def once(scorer: str, truth: str, found: str) -> None:
    """Prints seconds, MiB and the twelve numbers."""
    if scorer == "looksay":
        from looksay.measure.score_files import score_files

        since = time.perf_counter()
        numbers = list(score_files(truth, found).numbers.values())
    else:
        if scorer == "pycocotools":
            from pycocotools.coco import COCO
            from pycocotools.cocoeval import COCOeval as Scorer
        else:
            from faster_coco_eval import COCO
            from faster_coco_eval import COCOeval_faster as Scorer
        since = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            there = COCO(truth)
            judged = Scorer(there, there.loadRes(found), "bbox")
            judged.evaluate()
            judged.accumulate()
            judged.summarize()
        numbers = [float(value) for value in judged.stats[:12]]
    spent = time.perf_counter() - since
    print(json.dumps([spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, numbers]))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("pictures", 5000), ("classes", 80), ("things", 35_000), ("detections", 250_000), ("tries", 3)):
        asked.add_argument(f"--{name}", type=int, default=default)
    asked.add_argument("--once", nargs=3, help=argparse.SUPPRESS)
    asked.add_argument("--make", help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.once:
        once(*options.once)
        return
    if options.make:
        make(Path(options.make), options.pictures, options.classes, options.things, options.detections)
        return
    with tempfile.TemporaryDirectory() as folder:
        # A process starts with the peak of the one that starts it, so this one stays small.
        subprocess.run([sys.executable, *sys.argv, "--make", folder], check=True)
        files = (Path(folder, TRUTH), Path(folder, RESULTS))
        print(f"{options.pictures} pictures, {options.classes} classes, {options.things} things, {options.detections} detections")
        print(f"{'':18}{'s':>8}{'times ours':>12}{'MiB':>8}  the twelve numbers")
        ours: tuple[float, list[float]] | None = None
        for scorer, module in SCORERS.items():
            if find_spec(module) is None:
                print(f"{scorer:18} is not installed")
                continue
            tries = 1 if scorer == "pycocotools" else options.tries
            command = [sys.executable, __file__, "--once", scorer, *map(str, files)]
            said = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(tries)]
            spent, held, numbers = min(row[0] for row in said), max(row[1] for row in said), said[0][2]
            ours = ours or (spent, numbers)
            same = "the same" if numbers == ours[1] else f"differ by up to {max(map(abs, np.subtract(numbers, ours[1]))):.2g}"
            shown = f"AP {numbers[0]:.6f} …" if numbers is ours[1] else same
            print(f"{scorer:18}{spent:8.2f}{spent / ours[0]:12.2f}{held:8.0f}  {shown}", flush=True)


if __name__ == "__main__":
    main()
