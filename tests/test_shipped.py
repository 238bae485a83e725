"""The weights that travel in the package: each loads, is light, says what it is, and does what its row says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from looksay import registry, weights
from looksay.api import load
from looksay.defaults import HOUSE
from looksay.explain import agreement
from looksay.nn.vocabulary import SPECIALS
from looksay.storybook.page import page
from looksay.storybook.spec import KINDS

NAMES = weights.shipped_names()
FRESH = 77_000_000  # a seed of pages that no recipe trains on


def test_the_house_can_look() -> None:
    assert HOUSE in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_file_is_light_and_says_what_it_is(name: str) -> None:
    path = weights.shipped(name)
    assert path is not None
    assert path.stat().st_size <= 2.1e6
    system, info = weights.load(path)
    assert info.system == name
    assert info.world == "storybook"
    assert info.recipe in type(system).RECIPES
    if system.card.task in ("write", "translate"):  # what it knows are characters, or words of another language
        assert info.classes[: len(SPECIALS)] == SPECIALS
    elif info.classes[0] == SPECIALS[0]:  # words
        assert len(set(KINDS) & set(info.classes)) >= 16  # four are said in other words
    elif system.card.task == "segment":  # what pixels are: things, and all that lies around them
        assert set(KINDS) < set(info.classes)
    else:
        assert len(info.classes) in (10, len(KINDS))
    assert not system.training


def test_no_file_is_of_an_unknown_system() -> None:
    folder = Path(weights.__file__).parent / "shipped"
    assert {path.stem for path in folder.glob("*.safetensors")} <= set(registry.names())


def test_the_house_knows_pages_that_it_never_saw() -> None:
    """The recipe's score on 160 pages, less what chance may take from so few."""
    looker, hits = load(HOUSE), []
    for start in range(0, 160, 40):
        made = [page(FRESH, index, (128, 128), "portrait", words=False) for index in range(start, start + 40)]
        looks = looker.stream(np.stack([each.picture for each in made]), batch_size=40)
        hits += [look.labels[0].name == each.scene.labels[0].name for look, each in zip(looks, made, strict=True)]
    expect = type(looker.system).RECIPES["storybook"].expect
    assert expect >= 0.8
    assert np.mean(hits) >= expect - 0.08


def test_the_house_looks_at_the_thing() -> None:
    """More of Grad-CAM's heat lies on the subject than its share of the page."""
    looker, mass, chance = load(HOUSE), [], []
    for index in range(24):
        made = page(FRESH + 1, index, (128, 128), "portrait", words=False)
        look = looker.look(made.picture, explain="grad-cam")
        mask = next(thing.mask for thing in made.scene.objects if thing.name == made.scene.labels[0].name)
        assert mask is not None
        found = agreement(look.heats[0], mask)
        mass.append(found.mass)
        chance.append(found.chance)
    assert np.mean(mass) > 1.3 * np.mean(chance)
