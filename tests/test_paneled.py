"""Panoptic quality of two systems together on pages of the storybook, against a slow loop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from looksay import weights
from looksay.cli.main import run
from looksay.data.storybook import open_storybook
from looksay.errors import BadConfig
from looksay.measure import paneled
from looksay.measure.instanced import truth_of
from looksay.nn.prep import Prep
from looksay.nn.system import System
from looksay.scene import Scene
from looksay.storybook.land import STUFF
from looksay.storybook.spec import KINDS

DATA = "storybook:scene,pages=5,size=64"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of random weights."""
    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("pair")
    settings: dict[str, Any] = {"width": 0.25, "hidden": 32, "proposals": 20}
    things = weights.build("mask-r-cnn", KINDS, settings, Prep((64, 64), "stretch", 64))
    scores = {"sure": 0.06}
    weights.save(root / "t.safetensors", things, weights.Info("mask-r-cnn", KINDS, settings, things.prep, scores=scores))
    settings = {"network": "small-s", "width": 0.25, "hidden": 8, "window": 3, "side": 64}
    stuff = weights.build("fcn-8s", STUFF + KINDS, settings)
    weights.save(root / "s.safetensors", stuff, weights.Info("fcn-8s", stuff.classes, settings, stuff.prep))
    return root / "t.safetensors", root / "s.safetensors"


def painted(scene: Scene) -> dict[tuple[str, int], set[int]]:
    """Pixels of each segment: (class, number of the thing, -1 of stuff)."""
    names, ids = scene.regions.names, scene.regions.ids.ravel().tolist()
    owner: list[tuple[str, int] | None] = []
    for code in ids:
        name = names[code] if code != 255 else ""
        owner.append((name, -1) if name and name not in KINDS else None)
    for number, thing in sorted(enumerate(scene.objects), key=lambda each: (each[1].score, -each[1].depth)):
        assert thing.mask is not None
        for pixel in np.flatnonzero(thing.mask.array().ravel()).tolist():
            owner[pixel] = (thing.name, number)
    found: dict[tuple[str, int], set[int]] = {}
    for pixel, segment in enumerate(owner):
        if segment is not None:
            found.setdefault(segment, set()).add(pixel)
    return found


def slow(truths: list[Scene], answers: list[Scene]) -> dict[str, tuple[float, float, float]]:
    """PQ, SQ, RQ of each class; no crowds."""
    counts: dict[str, list[float]] = {}
    for truth, answer in zip(truths, answers, strict=True):
        there, said = painted(truth), painted(answer)
        void = set(range(truth.size[0] * truth.size[1])) - set().union(*there.values())
        met = set()
        for one, a in there.items():
            best = [(other, len(a & b) / len(a | (b - void))) for other, b in said.items() if other[0] == one[0]]
            hits = [(other, iou) for other, iou in best if iou > 0.5]
            row = counts.setdefault(one[0], [0, 0, 0, 0])
            if hits:
                row[0] += hits[0][1]
                row[1] += 1
                met.add(hits[0][0])
            else:
                row[3] += 1
        for other, b in said.items():
            if other not in met and len(b & void) <= len(b) / 2:
                counts.setdefault(other[0], [0, 0, 0, 0])[2] += 1
    return {
        name: (iou / (met + wrong / 2 + missed / 2), iou / met if met else 0.0, met / (met + wrong / 2 + missed / 2))
        for name, (iou, met, wrong, missed) in counts.items()
    }


def test_two_systems_are_judged_as_a_slow_loop_judges_them(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """With what networks of random weights find, and with the truth itself, some of it spoilt."""
    from looksay.api import load
    from looksay.data.mapped import Mapped

    data = open_storybook("scene,pages=5,size=64", "test", "scene")
    things, stuff = (load(str(path)).system for path in pair)
    mapped = Mapped(data, stuff.classes)
    truths = [truth_of(data, index) for index in range(5)]
    for index, truth in enumerate(truths):
        object.__setattr__(truth, "regions", mapped.scene(index).regions)

    def spoilt(system: System[Any], pictures: list[tuple[str, Any]]) -> list[Scene]:
        """Things one pixel too far right, every third one gone; and two kinds of stuff for each other."""
        from dataclasses import replace

        from looksay.scene import Mask, Objects, Regions

        out = []
        for name, _ in pictures:
            truth = next(each for each in truths if each.id == name)
            kept = [thing for at, thing in enumerate(truth.objects) if at % 3 < 2]
            moved = [
                replace(thing, score=0.9 - at / 20, mask=Mask.of(np.roll(thing.mask.array(), 1, 1)))
                for at, thing in enumerate(kept)
                if thing.mask is not None
            ]
            ids = np.where(np.arange(64) < 20, 0, truth.regions.ids).astype(np.uint8)
            out.append(replace(truth, objects=Objects(tuple(moved)), regions=Regions(truth.regions.names, ids)))
        return out

    for look, least in ((paneled.looked, 0.06), (spoilt, 0.5)):
        monkeypatch.setattr(paneled, "looked", look)
        judged = paneled.judge_panoptic(things, stuff, (data, mapped), least)
        verdict: Any = judged.found
        found = verdict.found
        pictures = [(data.name(index), data.picture(index)) for index in range(5)]
        with torch.inference_mode():
            said = list(zip(look(things, pictures), look(stuff, pictures), strict=True))
        wanted = slow(truths, [paneled.combined(one.objects, other.regions, one, least) for one, other in said])
        per_class = {name: each for name, each in found.per_class().items() if each.pq == each.pq}
        assert per_class.keys() == wanted.keys()
        for name, row in wanted.items():
            assert per_class[name] == pytest.approx(row), name
        numbers = found.numbers()
        for kind in ("things", "stuff"):
            rows = [row for name, row in wanted.items() if (name in KINDS) == (kind == "things")]
            mean = np.mean(rows, axis=0).tolist()
            assert [numbers[f"{key}_{kind}"] for key in ("pq", "sq", "rq")] == pytest.approx(mean)
    assert 0.1 < numbers["pq_things"] < 0.95


def test_the_command_tells_things_and_stuff(pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    things, stuff = map(str, pair)
    base = ["evaluate", things, "--stuff", stuff, "--data", DATA]
    assert run([*base, "-o", str(tmp_path / "r.html"), "--record", str(tmp_path / "panoptic.csv")]) == 0
    said = capsys.readouterr().out
    for name in ("PQ ", "SQ ", "RQ ", "PQ of stuff", "mask-r-cnn + fcn-8s"):
        assert name in said
    assert "stuff" in (tmp_path / "r.html").read_text("utf-8")
    assert run([*base, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert {"pq", "sq", "rq", "pq_things", "sq_things", "rq_things", "pq_stuff", "sq_stuff", "rq_stuff"} <= row.keys()
    assert row["pictures"] == 5
    assert run(["evaluate", stuff, "--stuff", stuff, "--data", DATA]) == 2
    assert "finds no things" in capsys.readouterr().err
    assert run([*base, "--sizes", "64"]) == 2


def test_only_fitting_systems_go_together(pair: tuple[Path, Path]) -> None:
    from looksay.api import load

    with pytest.raises(BadConfig, match="names no pixels"):
        paneled.check_pair(load(str(pair[0])).system, load(str(pair[0])).system)
