"""What every pixel belongs to: the cheap ways to it, id masks, label folders, and what the doctor says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from looksay.data.files import joined
from looksay.data.held import Subset
from looksay.data.storybook import open_storybook
from looksay.storybook.page import REGION_NAMES


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("view", ["portrait", "scene"])
def test_the_storybook_keeps_its_maps(cache: Path, view: str) -> None:
    pages = open_storybook("pages=6,size=64", "val", view)
    assert pages.region_names == REGION_NAMES
    pages.picture(0)
    assert not list(cache.rglob("maps.u8")), "who looks at pictures alone does not wait for maps"
    for index in range(6):
        scene = pages.scene(index)
        assert np.array_equal(pages.regions(index), scene.regions.ids)
        masks = pages.masks(index)
        assert masks.shape == (len(scene.objects), 64, 64)
        assert masks.dtype == np.bool_
        for mask, thing, box in zip(masks, scene.objects, pages.things(index).boxes, strict=True):
            assert thing.mask is not None
            assert np.array_equal(mask, thing.mask.array())
            assert tuple(box) == thing.box
    assert [path.name for path in next(cache.rglob("maps.u8")).parent.iterdir() if path.name.startswith(".")] == []


def test_digits_have_no_regions(cache: Path) -> None:
    pages = open_storybook("digits,pages=2", "test")
    assert pages.region_names == ()
    assert pages.regions(0).shape == (0, 0)
    assert pages.masks(0).shape == (0, 28, 28)


def test_parts_hand_their_maps_on(cache: Path) -> None:
    pages = open_storybook("pages=3,size=64", "val", "scene")
    for found, index, of in ((Subset(pages, [2, 0], "held"), 1, 0), (joined([pages, pages]), 4, 1)):
        assert found.region_names == REGION_NAMES
        assert np.array_equal(found.regions(index), pages.regions(of))
        assert np.array_equal(found.masks(index), pages.masks(of))
        assert np.array_equal(found.things(index).boxes, pages.things(of).boxes)
