"""Portraits: one subject, large and near, with at most a few small others. The pages on which classifiers are judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looksay.storybook.casting import SUITS, arrange, box, common, draw_kind, dressed, extent, half_width, shown, silhouette, tall
from looksay.storybook.chance import Chance
from looksay.storybook.figures import figure
from looksay.storybook.land import Land, band_of, land
from looksay.storybook.spec import KINDS, SEASONS, SETTINGS, TIMES, PageSpec, ThingSpec

_OTHERS = (0.38, 0.34, 0.18, 0.1)


def portrait(seed: int, index: int, chance: Chance) -> PageSpec:
    kind = chance.pick(KINDS)
    setting = chance.pick(SETTINGS)
    if chance.coin(0.85):
        setting = chance.weighted(SETTINGS, [SUITS[name].get(kind, 0.0) for name in SETTINGS])
    time, season = chance.weighted(TIMES, (0.56, 0.22, 0.22)), chance.pick(SEASONS)
    subject = _pose(chance, kind, setting, land(seed, index, setting))
    foot = subject.ground if band_of(kind, setting) != "ground" and not subject.lift else 0.0
    lie = land(seed, index, setting, foot)
    things = [subject]
    for number in range(1, 1 + chance.weighted(range(4), _OTHERS)):
        tries = (_other(chance, things, draw_kind(chance, setting), setting, lie) for _ in range(3))
        other = next((one for one in tries if one is not None), None)
        if other is not None:
            things.append(replace(other, id=f"t{number}"))
    return PageSpec(seed, index, setting, time, season, tuple(arrange(things)), "portrait")


def _pose(chance: Chance, kind: str, setting: str, lie: Land) -> ThingSpec:
    """The subject: 35 to 80 % of the page high, now and then tilted or cut by the page's edge."""
    subject = replace(dressed(chance, kind, setting), id="t0")
    wide = figure(kind, subject.action, subject.variant, subject.phase).width
    height = chance.real(0.35, 0.8)
    height = min(height, max(0.35, 0.97 / wide))
    subject = replace(subject, height=height)
    half = half_width(subject)
    cut = chance.coin(0.22)
    top = lie.edge + 0.06 if setting in ("street", "station") or band_of(kind, setting) != "ground" else lie.bands["ground"][0]
    foot = chance.real(max(height + 0.015, min(top, 0.98)), 0.985)
    x = chance.real(half + 0.005, 0.995 - half) if half < 0.49 else 0.5 + chance.real(-0.12, 0.12)
    if cut and chance.coin(0.4):
        foot = 1.0 + chance.real(0.04, 0.22) * height
    elif cut:
        x = chance.pick((-1, 1)) * (0.5 - half + chance.real(0.2, 0.6) * half) + 0.5
    most = 4 if kind in ("train", "bus", "car", "diningtable", "sofa") else 10
    tilt = chance.real(-most, most) if chance.coin(0.35) else 0.0
    if subject.action == "flying":
        top = chance.real(0.03, 1 - height - 0.03)
        ground = chance.real(lie.edge + 0.1, 1.0)
        lift = max(ground - top - height, 0.05)
        return replace(subject, x=x, ground=top + height + lift, lift=lift, tilt=2 * tilt)
    return replace(subject, x=x, ground=foot, tilt=tilt)


def _other(chance: Chance, things: list[ThingSpec], kind: str, setting: str, lie: Land) -> ThingSpec | None:
    """A small thing behind the subject or, now and then, in front of a part of it; None where it would matter too much."""
    subject = things[0]
    other = dressed(chance, kind, setting)
    band = band_of(kind, setting)
    far, near = lie.bands[band]
    front = chance.coin(0.3)
    if front and (band != "ground" or far > subject.ground):  # nobody stands in the water, on the road or on the rails
        return None
    if not front and far + 0.03 > subject.ground:
        return None
    ground = (
        min(subject.ground, 1.0) + chance.real(0.005, 0.04)
        if front
        else chance.real(far, max(min(near, subject.ground - 0.02), far + 0.01))
    )
    form = silhouette(kind, other.action, other.variant, other.phase)
    largest = ((0.11 if front else 0.15) * shown(subject) * form.shape[0] ** 2 / np.count_nonzero(form)) ** 0.5
    height = min(tall(other, lie.metre(ground)), largest)
    if height < 0.06:
        return None
    other = replace(other, ground=ground, height=height, x=chance.real(0.04, 0.96))
    if other.action == "flying":
        top = chance.real(0.02, 0.5)
        other = replace(other, lift=max(ground - top - height, 0.02))
    for thing in things:
        shared = common(box(thing), box(other))
        far_one = thing if thing.ground < other.ground else other
        limit = 0.3 if far_one is subject else 0.5
        if shared > limit * extent(box(far_one)):
            return None
    return other
