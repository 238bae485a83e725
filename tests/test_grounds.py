"""What things are like, place by place: what eyes for captions learn besides words."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch

from looksay import weights
from looksay.data.held import Subset
from looksay.data.spoken import MIRRORED, Grounded, traits_of, words_of
from looksay.data.storybook import StorybookPages, open_storybook
from looksay.nn.placement import placed
from looksay.nn.prep import Prep
from looksay.nn.system import Batch
from looksay.nn.vocabulary import SPECIALS
from looksay.systems.caption.visual_concepts import VisualConcepts
from looksay.tasks import task

PREP = Prep((96, 96), "stretch", 96)
TRAITS = ("colour blue", "colour red", "facing left", "facing right", "kind cat", "kind dog", "kind tree")


def spoken() -> StorybookPages:
    pages = open_storybook("pages=12,view=scene", "train")
    pages.classes = words_of(pages)
    return pages


def test_the_storybook_says_what_its_things_are_like() -> None:
    pages = open_storybook("pages=12,view=scene", "train")
    traits = traits_of(pages)
    assert {"kind dog", "colour red", "facing left", "action standing"} <= set(traits)
    assert list(traits) == sorted(traits)
    for index in range(12):
        objects = pages.scene(index).objects
        assert len(objects) == len(pages.traits(index)) == len(pages.masks(index))
        for thing, known in zip(objects, pages.traits(index), strict=True):
            assert known == {"kind": thing.name} | {name: value for name, value in thing.attributes.items() if value}
    assert Subset(pages, [3], "train").traits(0) == pages.traits(3)


def test_spots_are_where_the_things_are() -> None:
    pages = spoken()
    grounded = Grounded(pages, traits_of(pages))
    for index in range(6):
        place = placed((128, 128), PREP)
        plain, mirrored = (task("caption").encode(grounded, index, each) for each in (place, place.mirrored()))
        assert plain["spots"].shape == (len(plain["traits"]), 12, 12)
        assert np.allclose(plain["spots"].sum(axis=(1, 2)), 1.0)
        assert np.allclose(plain["spots"], mirrored["spots"][:, :, ::-1])
        names = np.array(list(grounded.numbers))
        for spot, one, other, mask in zip(plain["spots"], plain["traits"], mirrored["traits"], pages.masks(index), strict=True):
            rows, columns = np.nonzero(mask)
            middle = (np.array(np.nonzero(spot)) + 0.5) @ spot[np.nonzero(spot)] * 8 * 128 / 96
            assert np.abs(middle - [rows.mean() + 0.5, columns.mean() + 0.5]).max() < 8, "to a cell"
            swapped = {" ".join(MIRRORED.get(word, word) for word in name.split()) for name in names[one]}
            assert swapped == set(names[other])


def test_only_those_who_learn_traits_are_told_them() -> None:
    pages = spoken()
    assert set(task("caption").encode(pages, 0, placed((128, 128), PREP))) == {"index", "captions"}
    assert "traits" not in task("caption").collate([task("caption").encode(pages, 0, placed((128, 128), PREP))])


def test_the_loss_of_traits_is_that_of_a_slow_loop() -> None:
    torch.manual_seed(0)
    config = {"width": 0.25, "traits": TRAITS, "known": 2.0}
    system = weights.build("visual-concepts", (*SPECIALS, "a", "dog"), config)
    assert isinstance(system, VisualConcepts)
    red_dog, only_cat = torch.zeros(2, len(TRAITS), dtype=torch.bool)
    red_dog[[1, 3, 5]], only_cat[4] = True, True
    spots = [torch.rand(2, 4, 4).flatten(1).softmax(1).view(2, 4, 4), torch.zeros(0, 4, 4)]
    targets = {
        "captions": [[torch.tensor([4])], [torch.tensor([3])]],
        "traits": [torch.stack([red_dog, only_cat]), torch.zeros(0, len(TRAITS), dtype=torch.bool)],
        "spots": spots,
    }
    batch = Batch(torch.rand(2, 3, 32, 32), targets)
    out = system(batch)
    assert out.traits is not None
    total = 0.0
    for known, spot in zip(targets["traits"][0], spots[0], strict=True):
        for start, end in pairwise((0, 2, 4, 7)):
            for row in range(4):
                for column in range(4):
                    chances = out.traits[0, start:end, row, column].detach().softmax(0)
                    total -= float(spot[row, column] * (chances.log() * known[start:end]).sum())
    assert torch.isclose(system.loss(out, batch)["traits"], torch.tensor(2.0 * total / 2), rtol=1e-4)
    assert "traits" not in system.loss(system(Batch(batch.pictures, {"captions": targets["captions"]})), batch)
