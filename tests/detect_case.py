"""Pictures full of what makes scoring hard, as files and as scenes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as rle

from looksay.scene import Objects, Scene, Thing

SIDE = 200


def boxes_of(rng: np.random.Generator, count: int) -> np.ndarray:
    sides = np.exp(rng.uniform(np.log(8), np.log(150), (count, 2)))
    return np.hstack([rng.uniform(0, 1, (count, 2)) * (SIDE - sides), sides]).round(1)


def make(rng: np.random.Generator, folder: Path, *, masks: bool = False, pictures: int = 24, kinds: int = 5) -> tuple[Path, Path]:
    """Crowded pictures with crowds, areas that differ from the boxes', equal scores, a class without things and one that is
    never found, and groups of more than a hundred detections."""
    truths, found = [], []
    for picture in range(pictures):
        for box in boxes_of(rng, int(rng.integers(0, 12))):
            kind = int(rng.integers(1, kinds))
            area = float(box[2] * box[3] * rng.choice([1.0, 0.5]))
            crowd = int(rng.random() < 0.15)
            truth = {"id": len(truths) + 1, "image_id": picture * 7 % 97 + 3, "category_id": kind * 10, "bbox": box.tolist()}
            truths.append({**truth, "area": area, "iscrowd": crowd, "ignore": int(rng.random() < 0.2)})
    for picture in range(pictures):
        here = [truth for truth in truths if truth["image_id"] == picture * 7 % 97 + 3]
        for truth in here * int(rng.integers(1, 4)):
            box = np.array(truth["bbox"]) * rng.choice([1.0, 1.0, rng.uniform(0.7, 1.3)], 4)
            kind = truth["category_id"] if rng.random() < 0.8 else int(rng.integers(1, kinds + 1)) * 10
            if kind != 20:
                found.append((picture * 7 % 97 + 3, kind, box.round(1).tolist()))
        count = 130 if picture == 0 else int(rng.integers(0, 6))
        found += [(picture * 7 % 97 + 3, 10 if picture == 0 else 30, box.tolist()) for box in boxes_of(rng, count)]
    rng.shuffle(found)
    results: list[dict[str, Any]] = [
        {"image_id": image, "category_id": kind, "bbox": box, "score": float(rng.choice(20) / 20)} for image, kind, box in found
    ]
    if masks:
        for row in truths:
            row["segmentation"] = shape(row["bbox"], rng, ("polygon", "plain", "packed")[row["id"] % 3])
        for row in results:
            row["segmentation"] = shape(row["bbox"], rng, "packed")
            if masks == "alone":
                del row["bbox"]
    images = [{"id": picture * 7 % 97 + 3, "width": SIDE, "height": SIDE + 10} for picture in range(pictures)]
    categories = [{"id": kind * 10, "name": f"kind {kind}"} for kind in range(kinds + 1, 0, -1)]
    truth_path, found_path = folder / "truth.json", folder / "results.json"
    truth_path.write_text(json.dumps({"images": images, "annotations": truths, "categories": categories}))
    found_path.write_text(json.dumps(results))
    return truth_path, found_path


def shape(box: list[float], rng: np.random.Generator, form: str) -> Any:
    """An ellipse in the box, in one of the format's three forms."""
    x, y, w, h = box
    if form == "polygon":
        angles = np.linspace(0, 2 * np.pi, 9)[:-1] + rng.uniform(0, 1)
        points = np.stack([x + w / 2 * (1 + np.cos(angles)), y + h / 2 * (1 + np.sin(angles))], 1)
        return [np.clip(points, 0, SIDE).round(1).ravel().tolist()]
    rows, columns = np.mgrid[: SIDE + 10, :SIDE]
    inside = ((columns - x - w / 2) / w) ** 2 + ((rows - y - h / 2) / h) ** 2 <= 0.25
    packed = rle.encode(np.asfortranarray(inside.astype(np.uint8)))
    if form == "packed":
        return {"size": packed["size"], "counts": packed["counts"].decode()}
    flat = inside.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0] if not flat[0] else [0, 0], edges, [flat.size]]))
    return {"size": packed["size"], "counts": counts.tolist()}


def scenes_of(truth: Path, found: Path) -> tuple[list[Scene], list[Scene], list[str]]:
    whole, seen = json.loads(truth.read_text()), json.loads(found.read_text())
    names = {row["id"]: row["name"] for row in whole["categories"]}

    def scene(image: int, rows: list[dict[str, Any]]) -> Scene:
        things = []
        for row in rows:
            if row["image_id"] == image:
                x, y, w, h = row["bbox"]
                area = {"area": repr(row["area"])} if "area" in row else {}
                crowd = bool(row.get("iscrowd"))
                box = (x, y, x + w, y + h)
                things.append(Thing(names[row["category_id"]], box, row.get("score", 1.0), crowd=crowd, attributes=area))
        return Scene((SIDE, SIDE + 10), id=str(image), objects=Objects(tuple(things)))

    images = [row["id"] for row in whole["images"]]
    there, said = ([scene(image, rows) for image in images] for rows in (whole["annotations"], seen))
    return there, said, [names[id] for id in sorted(names)]


def thing(name: str, x: float, y: float, side: float = 20, score: float = 1.0, **flags: Any) -> Thing:
    return Thing(name, (x, y, x + side, y + side), score, **flags)


def picture(*things: Thing, id: str = "") -> Scene:
    return Scene((128, 128), id=id, objects=Objects(things))
