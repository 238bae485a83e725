"""Captioners: packed captions against slow loops, regions remembered on disk, and runs that go on after a kill."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from caption_case import ALL, CAPTIONS, FLAT, GRID, WORDS, alone, captioned, seen_batch, small
from helpers_learn import content, in_process, killed_at, train_once
from looksay import weights
from looksay.data.kept import beside_of
from looksay.data.loader import ready
from looksay.data.spoken import Spoken
from looksay.errors import BadConfig, BadValue
from looksay.learn.job import Order
from looksay.nn.captioner import Chance, pack
from looksay.nn.recipe import Augment
from looksay.nn.seeing import Seeing
from looksay.nn.system import Batch
from looksay.ops.decode import Speech, Words


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path / "cache"))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# -- packing ---------------------------------------------------------------------------------------------------------------------


def test_captions_lie_word_by_word_the_longest_first() -> None:
    packed = pack([[torch.tensor([7]), torch.tensor([5, 6])], [], [torch.tensor([8, 9])]], Words(0, 1))
    assert packed.owner.tolist() == [0, 2, 0]
    assert packed.sizes == (3, 3, 2)
    assert packed.said.tolist() == [0, 0, 0, 5, 8, 7, 6, 9]
    assert packed.next.tolist() == [5, 8, 7, 6, 9, 1, 1, 1]
    assert pack([[], []], Words(0, 1)).sizes == ()


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_computed_for_padding(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    system = small(name)
    rows: list[int] = []
    before = system.advance

    def counted(now: Tensor, *rest: Any) -> Any:
        rows.append(len(now))
        return before(now, *rest)

    monkeypatch.setattr(system, "advance", counted)
    out = system(seen_batch(system, CAPTIONS))
    words = sum(len(each) + 1 for _, each in FLAT)
    assert sum(rows) == words == len(out.logits)
    assert rows == [6, 6, 5, 4, 3, 2, 1, 1]  # captions that have a first word, a second …


@pytest.mark.parametrize("name", ALL)
def test_told_together_is_told_one_by_one(name: str) -> None:
    system = small(name)
    batch = seen_batch(system, CAPTIONS)
    out = system(batch)
    order = sorted(range(len(FLAT)), key=lambda place: -len(FLAT[place][1]))
    starts = np.cumsum([0, *out.packed.sizes])
    total = 0.0
    for place, flat in enumerate(order):
        row, words = FLAT[flat]
        rows = [int(start) + place for start in starts[: len(words) + 1]]
        logits, looks = alone(system, batch, row, words)
        torch.testing.assert_close(out.logits[rows], logits, rtol=1e-4, atol=1e-5)
        if looks is not None:
            torch.testing.assert_close(out.looks[rows], looks, rtol=1e-4, atol=1e-6)
        total -= float(logits.log_softmax(1)[range(len(words) + 1), [*words, 1]].sum())
    assert system.loss(out, batch)["words"].item() == pytest.approx(total / sum(len(each) + 1 for _, each in FLAT), rel=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_what_is_said_has_the_probability_that_it_is_said_to_have(name: str) -> None:
    system = small(name)
    system.speech = Speech(width=4, most=6)
    batch = seen_batch(system, CAPTIONS)
    with torch.no_grad():
        scenes = system.read(system(batch), batch)
        said = system.speak(system.see(batch), system.speech)
        aims = system.aim(system(replace(batch, targets={})), "")
    for row, (scene, some) in enumerate(zip(scenes, said, strict=True)):
        logits, _ = alone(system, batch, row, list(some[0].words))
        logs = logits.log_softmax(1)[range(len(some[0].words) + 1), [*some[0].words, 1]]
        assert some[0].logs == pytest.approx(logs.tolist(), abs=1e-5)
        assert float(aims[row]) == pytest.approx(float(logs.sum()), abs=1e-4)
        assert scene.captions[0].score == pytest.approx(math.exp(float(logs.mean())), rel=1e-4)
        assert [each.score for each in some] == sorted((each.score for each in some), reverse=True)
        assert len(scene.heats) == (len(some[0].words) if "attend" in name else 0)
        for heat in scene.heats:
            assert heat.values.shape == GRID
            assert heat.values.sum() == pytest.approx(1.0, abs=1e-5)


def test_draws_are_the_picture_s_own_and_never_empty() -> None:
    system = small("show-and-tell")
    with torch.no_grad():
        system.get_submodule("word").get_parameter("bias")[1] += 9.0  # it would rather say nothing
    system.chance, batch = Chance(1.0, 0, 5), seen_batch(system, CAPTIONS)
    batch.ids = ("x", "y", "z")

    def read(rows: list[int]) -> list[str]:
        ids, maps = tuple(batch.ids[row] for row in rows), [batch.beside["regions"][row] for row in rows]
        some = Batch(batch.pictures[rows], {}, ((64, 64),) * len(rows), ids, beside={"regions": maps})
        with torch.no_grad():
            return [scene.captions[0].text for scene in system.read(system(some), some)]

    whole = read([0, 1, 2])
    assert all(whole)
    assert [*read([2]), *read([0])] == [whole[2], whole[0]]
    system.chance = Chance(1.0, 0, 6)
    assert read([0, 1, 2]) != whole


def test_without_captions_nothing_can_be_learnt() -> None:
    system = small("lrcn")
    batch = seen_batch(system, [[], []])
    batch.ids = ("p1", "p2")
    with pytest.raises(BadValue, match="p1, p2: a caption is needed to learn from"):
        system.loss(system(batch), batch)


# -- regions that are remembered -------------------------------------------------------------------------------------------------


def pictures(count: int) -> list[tuple[str, Any]]:
    dice = np.random.default_rng(0)
    return [(f"p{number}", dice.integers(0, 255, (40, 60, 3), dtype=np.uint8)) for number in range(count)]


def test_what_a_frozen_body_sees_is_remembered_and_is_what_it_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    system = small("show-attend-tell")
    asked: list[bool] = []
    before = Seeing._regions

    def counted(self: Any, picture: Any, *, flip: bool) -> Any:
        asked.append(flip)
        return before(self, picture, flip=flip)

    monkeypatch.setattr(Seeing, "_regions", counted)
    fresh, again = (ready(pictures(3), system.prep, beside_of(system, learning=True)) for _ in range(2))
    assert asked == [False] * 3
    assert beside_of(system) is None, "looking does without"
    for one, two in zip(fresh.beside["regions"], again.beside["regions"], strict=True):
        assert torch.equal(one, two)
    bare = ready(pictures(3), system.prep)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        direct = system.eyes(bare.pictures).half()
    assert torch.equal(torch.stack(again.beside["regions"]), direct)
    with torch.inference_mode():
        kept, anew = system.see(again).regions, system.see(bare).regions
        assert float((kept - anew).norm() / anew.norm()) < 0.01, "to the precision of half numbers"
        assert [each.captions[0].text for each in system.read(system(again), again)] == [
            each.captions[0].text for each in system.read(system(bare), bare)
        ]


def test_a_mirrored_picture_and_another_body_are_seen_anew() -> None:
    from looksay.nn.placement import Placement

    system = small("show-and-tell")
    wanted = beside_of(system, learning=True)
    assert wanted is not None
    ((_, picture),) = pictures(1)
    size = system.prep.size
    plain, flipped = (wanted(picture, Placement(size=size, flip=flip))["regions"] for flip in (False, True))
    mirror = wanted(np.ascontiguousarray(picture[:, ::-1]), Placement(size=size))["regions"]
    assert float((flipped - mirror).norm() / mirror.norm()) < 0.02, "all but the rounding of the resizing"
    assert float((flipped - plain).norm() / plain.norm()) > 0.02
    with torch.no_grad():
        for parameter in system.eyes.parameters():
            parameter.mul_(1.5)
    other = beside_of(twin := small("show-and-tell"), learning=True)
    twin.eyes.load_state_dict(system.eyes.state_dict())
    assert other is not None
    assert not torch.equal(other(picture, Placement(size=size))["regions"], plain)


def test_a_frozen_body_never_changes_and_is_shown_whole_pictures() -> None:
    system = small("show-and-tell").train()
    assert not any(each.training for each in system.eyes.modules())
    assert not any(each.requires_grad for each in system.eyes.parameters())
    fresh = weights.build("show-and-tell", WORDS, {"width": 0.25})
    assert not any(each.training for each in fresh.get_submodule("eyes").modules()), "before it is told to learn, too"
    loose = weights.build("show-and-tell", WORDS, {"width": 0.25, "frozen": False}).train()
    assert any(each.training for each in loose.get_submodule("eyes").modules())
    for augment in (Augment(crop=(0.5, 1.0)), Augment(flip=0.5, brightness=0.2)):
        with pytest.raises(BadConfig, match="a frozen network is shown whole pictures"):
            Spoken().seen_as(system, augment)
        Spoken().seen_as(loose, augment)
    Spoken().seen_as(system, Augment(flip=0.5))


# -- killed and resumed ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["show-attend-tell-hard", "lrcn"])
def test_a_killed_run_goes_on_bit_for_bit(name: str, tmp_path: Path) -> None:
    path = captioned(tmp_path)
    sizes = {"settings.hidden": "16", "settings.embed": "8", "settings.width": "0.25", "settings.dropout": "0.3"}
    asked = {**sizes, "batch_size": "6", "epochs": "2", "img_size": "32"}

    def order(folder: str) -> Order:
        return Order(name, f"csv:{path}", output=str(tmp_path / folder), settings=asked, device="cpu")

    assert in_process(train_once, order("twin")) == 0
    assert in_process(killed_at, order("run"), "step", 5) == -signal.SIGKILL
    assert in_process(train_once, order("run"), True) == 0
    assert content(tmp_path / "run") == content(tmp_path / "twin")
