"""What a captioner learns from its own words: scheduled sampling, and rewards for whole captions, held against gradients."""

from __future__ import annotations

import copy
import json
import math
import signal
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from caption_case import CAPTIONS, WORDS, captioned, seen_batch, small
from helpers_learn import content, in_process, killed_at, train_once
from looksay.errors import BadConfig
from looksay.learn.job import Order, recipe_of
from looksay.measure.caption_scores import caption_scores
from looksay.measure.rewarded import CiderD
from looksay.nn.captioner import Captioner, pack
from looksay.nn.chance import at
from looksay.nn.critic import CRITIC, log_chances, own_words
from looksay.ops.decode import Dice, Sentence, Speech, Words, draw

SPECIAL = Words(0, 1, (2,))


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path / "cache"))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def learnt(system: Captioner, total: Tensor) -> dict[str, Tensor]:
    some = {name: each for name, each in system.named_parameters() if each.requires_grad}
    found = torch.autograd.grad(total, list(some.values()), allow_unused=True)
    return {
        name: torch.zeros_like(each) if grad is None else grad for (name, each), grad in zip(some.items(), found, strict=True)
    }


# -- scheduled sampling ----------------------------------------------------------------------------------------------------------


def test_so_many_words_are_its_own_and_come_as_often_as_they_are_likely() -> None:
    count = 20000
    logits = torch.tensor([9.0, 9.0, 9.0, 0.0, 1.0, 2.0]).expand(count, 6).clone()
    with at(0, 5):
        found = own_words(logits, torch.full((count,), 5), SPECIAL, 0.4)
    weights = [math.exp(each) for each in (0.0, 1.0, 2.0)]
    often = [float((found == word).float().mean()) for word in range(6)]
    own = [0.4 * each / sum(weights) for each in weights]
    assert often == pytest.approx([0, 0, 0, own[0], own[1], own[2] + 0.6], abs=0.01)


@pytest.mark.parametrize("name", ["neuraltalk", "show-attend-tell"])
def test_a_share_of_nothing_changes_not_a_bit(name: str) -> None:
    """And more comes as training goes on."""
    plain, other = (small(name, dropout=0.3, scheduled=share).train() for share in (0.0, 0.8))
    batch, losses = seen_batch(plain, CAPTIONS), []
    turns = (
        (plain, 1.0, True),
        (other, 0.0, True),
        (other, 1.0, True),
        (other, 1.0, True),
        (other, 1.0, False),
        (plain, 1.0, False),
    )
    for system, progress, learning in turns:
        system.train(learning).progress = progress
        with at(3, 4):
            losses.append(system.loss(system(batch), batch)["words"].item())
    assert losses[0] == losses[1]
    assert losses[2] == losses[3] != losses[0]
    assert losses[4] == losses[5], "only what learns is led astray"


def test_own_words_follow_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all words its own, what it hears is what it would say; the answers stay those of the captions."""
    system = small("lrcn", scheduled=1.0).train()
    system.progress = 1.0
    batch = seen_batch(system, CAPTIONS)
    packed = pack(batch.targets["captions"], system.special)
    monkeypatch.setattr("looksay.nn.captioner.own_words", lambda logits, said, words, share: logits[:, 3:].argmax(dim=1) + 3)
    mixed = system.mixed(system.see(batch), packed)
    assert mixed.next is packed.next
    seen = system.see(batch)
    for row in range(len(packed.owner)):
        fixed, state = (tuple(each[packed.owner[row]][None] for each in some) for some in system.begin(seen))
        word, start = torch.tensor([0]), 0
        for size in packed.sizes:
            if row >= size:
                break
            assert int(mixed.said[start + row]) == int(word)
            logits, state, _ = system.step(fixed, word, state)
            word, start = logits[:, 3:].argmax(dim=1) + 3, start + size


def test_in_half_precision_all_still_learns() -> None:
    """What is cast without gradients must not be taken for what is learnt."""
    for settings, stage in (({"scheduled": 0.5}, "train"), ({}, CRITIC)):
        system = small("show-attend-tell", **settings).train()
        system.progress, system.stage, system.critic = 1.0, stage, longer
        batch = seen_batch(system, CAPTIONS)
        with at(0, 1), torch.autocast("cpu", torch.bfloat16):
            total = torch.stack(list(system.loss(system(batch), batch).values())).sum()
        grads = learnt(system, total)
        still = [name for name, grad in grads.items() if not grad.any() and name != "match.weight"]
        assert not still


# -- rewards ---------------------------------------------------------------------------------------------------------------------


def longer(said: Sequence[str], truth: Sequence[Sequence[str]]) -> list[float]:
    return [float(len(text)) for text in said]


def told(system: Captioner, batch: Any, words: tuple[int, ...], gain: float) -> Tensor:
    out = system.told(system.see(batch), pack([[torch.tensor(words)]], system.special))
    assert out.packed is not None
    out.extra["gain"] = torch.full((1,), gain)[out.packed.owner]
    parts = system.loss(out, batch)
    assert set(parts) == {"critic"}
    return parts["critic"]


@pytest.mark.parametrize("name", ["show-and-tell", "show-attend-tell"])
def test_rewards_give_the_gradient_of_the_expected_reward(name: str) -> None:
    """Over all captions that can be drawn, weighed by their probability; whatever is subtracted from the rewards."""
    system = small(name)
    system.speech = Speech(most=2, least=1)
    batch = seen_batch(system, [[[5]]])
    said = [words for length in (1, 2) for words in product(range(3, len(WORDS)), repeat=length)]
    worth = {words: math.sin(sum(words)) + len(words) for words in said}
    fixed, state = system.begin(system.see(batch))
    chance: dict[tuple[int, ...], Tensor] = {}
    first = system.step(fixed, torch.tensor([0]), state)
    begins = first.logits[0].masked_fill(torch.arange(len(WORDS)) < 3, -math.inf).softmax(0)
    for word in range(3, len(WORDS)):
        logits = system.step(fixed, torch.tensor([word]), first.state).logits[0]
        goes_on = logits.masked_fill((torch.arange(len(WORDS)) < 3) & (torch.arange(len(WORDS)) != 1), -math.inf).softmax(0)
        chance[word,] = begins[word] * goes_on[1]
        for after in range(3, len(WORDS)):
            chance[word, after] = begins[word] * goes_on[after]
    assert float(sum(each.detach() for each in chance.values())) == pytest.approx(1.0, abs=1e-5)
    expected = torch.stack([chance[words] * worth[words] for words in said]).sum()
    exact = learnt(system, -expected)
    for base in (0.0, 1.7):
        total = torch.stack([chance[words].detach() * told(system, batch, words, worth[words] - base) for words in said]).sum()
        for part, grad in learnt(system, total).items():
            torch.testing.assert_close(grad, exact[part], rtol=1e-3, atol=1e-6, msg=lambda text, part=part: f"{part}: {text}")


def test_log_chances_are_those_of_draws() -> None:
    system = small("show-attend-tell")
    system.speech = Speech(most=4)
    batch = seen_batch(system, [[[4]]] * 6)
    seen = system.see(batch)
    with torch.no_grad():
        fixed, state = system.begin(seen)
        drawn = draw(lambda words, now: system.step(fixed, words, now), state, system.special, system.speech, Dice(range(6)))
        out = system.told(seen, pack([[torch.tensor(each.words)] for each in drawn], system.special))
    assert out.packed is not None
    assert out.logits is not None
    logs = log_chances(out.logits, out.packed.next, out.packed.sizes, system.special, system.speech)
    starts = [sum(out.packed.sizes[:turn]) for turn in range(len(out.packed.sizes))]
    for place, row in enumerate(out.packed.owner.tolist()):
        for turn, log in enumerate(drawn[row].logs):
            logits = out.logits[starts[turn] + place].clone()
            allowed = [word for word in range(len(WORDS)) if word not in (0, 2) and (word != 1 or turn)]
            wanted = log - float(logits.log_softmax(0)[allowed].logsumexp(0)) if turn < 4 else 0.0
            assert float(logs[starts[turn] + place]) == pytest.approx(wanted, abs=1e-4)


def test_what_is_better_than_usual_becomes_likelier() -> None:
    """One step of a stage that rewards the word 'dog'."""

    def dogs(said: Sequence[str], truth: Sequence[Sequence[str]]) -> list[float]:
        return [float(text.lower().split().count("dog")) for text in said]

    system = small("show-and-tell", dropout=0.5).train()
    system.stage, system.critic, system.speech = CRITIC, dogs, Speech(most=5)
    batch = seen_batch(system, [[[4, 8]]] * 24)
    optimizer = torch.optim.SGD([each for each in system.parameters() if each.requires_grad], 0.3)

    def often() -> float:
        with torch.no_grad():
            said = small_talk(system, batch)
        return sum(each.words.count(WORDS.index("dog")) for each in said) / len(said)

    before = often()
    for step in range(12):
        with at(0, step):
            out = system(batch)
            assert system.training
            assert out.extra["gain"].shape == (24,)
            optimizer.zero_grad()
            system.loss(out, batch)["critic"].backward()
        optimizer.step()
        assert system.noted is not None
    assert often() > before + 0.5
    told_ = system.aside(20, 100)
    assert told_ == {"reward_drawn": system.noted[0], "reward_likeliest": system.noted[1]}
    assert system.aside(21, 100) == {}


def small_talk(system: Captioner, batch: Any) -> list[Sentence]:
    system.eval()
    fixed, state = system.begin(system.see(batch))
    found = draw(lambda words, now: system.step(fixed, words, now), state, system.special, system.speech, Dice(range(24)))
    system.train()
    return found


def test_the_same_step_draws_the_same_and_a_missing_critic_is_an_error() -> None:
    system = small("show-attend-tell", dropout=0.5).train()
    system.stage = CRITIC
    batch = seen_batch(system, CAPTIONS)
    with pytest.raises(BadConfig, match="nobody is there to reward captions"):
        system(batch)
    heard: list[tuple[str, ...]] = []

    def critic(said: Sequence[str], truth: Sequence[Sequence[str]]) -> list[float]:
        heard.append(tuple(said))
        assert [len(some) for some in truth] == [2, 1, 3]
        assert truth[0][1] == "Cat"
        return longer(said, truth)

    system.critic, losses = critic, []
    for step in (3, 3, 4):
        with at(0, step):
            losses.append(system.loss(system(batch), batch)["critic"].item())
    assert losses[0] == losses[1] != losses[2]
    assert heard[:2] == heard[2:4]
    assert heard[0] != heard[4]
    assert heard[1] == heard[5], "the likeliest words are not drawn"


# -- CIDEr-D as a reward ---------------------------------------------------------------------------------------------------------

TRUTH = [
    ["A dog runs under a tree.", "The red dog is under the tree, alone."],
    ["Two cats sleep.", "There are two cats, and a dog's bone.", "cats"],
    ["A cat is under the table."],
]


def test_rewards_are_the_official_score_where_its_frequencies_are_those_of_the_truth() -> None:
    said = ["A red dog runs under the tree.", "Two cats, two cats, two cats.", "table"]
    wanted = caption_scores(said, TRUTH).each["CIDEr-D"]
    critic = CiderD(TRUTH)
    assert critic(said, TRUTH) == pytest.approx(wanted.tolist(), abs=1e-9)
    assert critic(said[1:], TRUTH[1:]) == pytest.approx(wanted[1:].tolist(), abs=1e-9), "of any batch"
    assert critic([TRUTH[2][0], ""], [TRUTH[2], TRUTH[2]]) == pytest.approx([10.0, 0.0])
    assert copy.deepcopy(critic) is critic


# -- in training -----------------------------------------------------------------------------------------------------------------


def order(path: Path, folder: Path, **more: str) -> Order:
    recipe = more.pop("recipe", "")
    sizes = {"settings.hidden": "16", "settings.embed": "8", "settings.width": "0.25", "settings.dropout": "0.3"}
    asked = {**sizes, "batch_size": "6", "epochs": "2", "img_size": "32", **more}
    start = str(path.parent / "first" / "best.safetensors") if recipe else ""
    return Order("show-and-tell", f"csv:{path}", recipe, str(folder), asked, start, device="cpu")


def test_recipes_have_a_stage_for_critics() -> None:
    for name in ("show-and-tell", "neuraltalk", "lrcn", "show-attend-tell", "show-attend-tell-hard"):
        _, recipe = recipe_of(Order(name, recipe="critic"))
        assert [stage.name for stage in recipe.stages] == [CRITIC]
        assert recipe.start == name.removesuffix("-hard")


@pytest.mark.slow
def test_a_killed_run_goes_on_bit_for_bit_whatever_it_says_to_itself(tmp_path: Path) -> None:
    path = captioned(tmp_path)
    assert in_process(train_once, order(path, tmp_path / "first", epochs="1")) == 0
    cases: tuple[tuple[str, dict[str, str], Callable[[dict[str, Any]], bool]], ...] = (
        ("scheduled", {"settings.scheduled": "0.9"}, lambda row: "loss_words" in row),
        ("critic", {"recipe": "critic"}, lambda row: "loss_critic" in row),
    )
    for name, more, learns in cases:
        assert in_process(train_once, order(path, tmp_path / f"{name}-twin", **more)) == 0
        assert in_process(killed_at, order(path, tmp_path / name, **more), "step", 5) == -signal.SIGKILL
        assert in_process(train_once, order(path, tmp_path / name, **more), True) == 0
        assert content(tmp_path / name) == content(tmp_path / f"{name}-twin")
        rows = [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        assert any(learns(row) for row in rows)
