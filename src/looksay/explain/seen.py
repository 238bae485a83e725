"""Is what is to be explained in the picture at all?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from looksay.errors import NotSeen
from looksay.explain.probe import Of, rows
from looksay.explain.table import asked, explain
from looksay.nn.spot import Spot, spot
from looksay.nn.system import Batch, System
from looksay.scene import VOID, Scene

Whys = tuple[list[Scene], list[tuple[str, ...]]]


def explained(
    system: System[Any], batch: Batch, scenes: Sequence[tuple[Scene, Scene]], asked_for: tuple[str, str, str], *, forgiving: bool
) -> Whys:
    """`scenes`: what was said of each picture, and what of it is sure; `asked_for`: method, of, at. Returns the scenes with their
    heats, and lines about those that have none since they do not show what is asked for: if not `forgiving`, that is an error."""
    method, of, at = asked_for
    told: list[tuple[str, ...]] = [()] * len(scenes)
    for row, (_, scene) in enumerate(scenes):
        try:
            check_seen(system, scene, of, at)
        except NotSeen as error:
            if not forgiving:
                raise
            told[row] = (f"nothing to explain: {error.what} ({error.mend})",)
    those = [row for row, lines in enumerate(told) if not lines]
    heats = explain(system, batch if len(those) == len(scenes) else rows(batch, those), of, method, at)
    found = {row: replace(scenes[row][0], heats=(heat,)) for row, heat in zip(those, heats, strict=True)}
    return [found.get(row, scene) for row, (scene, _) in enumerate(scenes)], told


def check_seen(system: System[Any], scene: Scene, of: Of, at: str = "") -> None:
    """Raises NotSeen, with what is seen instead, where `of` is a pixel beyond the picture, a class that no pixel has, a thing
    that is not among those found, or a pixel that no thing covers. Systems that tell no pixels have an answer to everything."""
    of, _ = asked(system, of, at)
    if not system.pixels or not of or not isinstance(of, str):
        return
    wanted = spot(of, system.classes)
    if wanted.pixel:
        wanted.within(scene.size, scene.id)
    if wanted.name and wanted.name not in system.classes:
        return  # which is refused by the system, with the classes that it knows
    if scene.regions:
        number = scene.regions.names.index(wanted.name) if wanted.name else 0
        if wanted.name and not wanted.pixel and not (scene.regions.ids == number).any():
            raise NotSeen(f"no pixel is {wanted.name}", where=scene.id or None, mend=f"there is {regions_there(scene)}")
    elif system.card.task == "instances":
        _check_thing(wanted, scene)


def _check_thing(wanted: Spot, scene: Scene) -> None:
    of_name = [thing for thing in scene.objects if wanted.name in ("", thing.name)]
    what = None
    if wanted.pixel:
        column, row = (int(value) for value in wanted.pixel)
        if not any(thing.mask is not None and thing.mask.array()[row, column] for thing in of_name):
            what = f"no {wanted.name or 'thing'} covers pixel {wanted._replace(name='', turn=0)}"
    elif not of_name:
        what = f"no {wanted.name or 'thing'} is seen"
    elif wanted.turn >= len(of_name):
        what = f"{wanted.name}:{wanted.turn} would be number {wanted.turn + 1} of {len(of_name)}"
    if what:
        raise NotSeen(what, where=scene.id or None, mend=f"there is {things_there(scene)}")


def regions_there(scene: Scene, most: int = 8) -> str:
    """The names of the classes of pixels, the largest first."""
    counts = np.bincount(scene.regions.ids.reshape(-1), minlength=VOID + 1)[:VOID]
    order = [number for number in np.argsort(-counts, kind="stable").tolist() if counts[number]]
    return ", ".join(scene.regions.names[number] for number in order[:most]) + (" …" if len(order) > most else "") or "nothing"


def things_there(scene: Scene, most: int = 12) -> str:
    """Things as they are asked for: dog, dog:1, cat."""
    turns, found = Counter[str](), []
    for thing in sorted(scene.objects, key=lambda thing: -thing.score):
        found.append(str(Spot(thing.name, turns[thing.name])))
        turns[thing.name] += 1
    return ", ".join(found[:most]) + (" …" if len(found) > most else "") or "nothing"
