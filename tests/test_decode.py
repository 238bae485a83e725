"""Sentences from what may be said next: beams against all sentences and against a slow loop, draws against their chances."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from looksay.ops.decode import Dice, Next, Sentence, Speech, Words, beam, draw, rows_of

MANY = 6  # words: <start>, <stop>, <unknown>, and three that are said
SPECIAL = Words(0, 1, (2,))
PLACES = 5
MOST = 4


class Toy:
    """What comes next depends on all that was said before, and on the picture; it looks at one place more than at the others."""

    def __init__(self, pictures: int = 1, seed: int = 0) -> None:
        self.table = 2 * torch.randn(pictures, MANY**5, MANY, generator=torch.Generator().manual_seed(seed))
        self.rows: list[int] = []

    def state(self, width: int = 1) -> dict[str, Tensor]:
        """Of each picture `width` rows: its number, and what was said so far as a number."""
        picture = torch.arange(len(self.table)).repeat_interleave(width)
        return {"picture": picture, "past": torch.zeros(len(picture), dtype=torch.int64)}

    def __call__(self, words: Tensor, state: Any) -> Next:
        self.rows.append(len(words))
        past = state["past"] * MANY + words
        look = F.one_hot(past % PLACES, PLACES) * 0.9 + 0.02
        return Next(self.table[state["picture"], past], {"picture": state["picture"], "past": past}, look)

    def logs(self, words: tuple[int, ...], picture: int = 0) -> tuple[float, ...]:
        """Of each word of a sentence and of its end, one by one."""
        found, past = [], 0
        for word in (*words, SPECIAL.stop):
            found.append(float(self.table[picture, past].log_softmax(dim=0)[word]))
            past = past * MANY + word
        return tuple(found)


def everything(least: int = 1) -> list[tuple[int, ...]]:
    return [words for length in range(least, MOST + 1) for words in product((3, 4, 5), repeat=length)]


def worth(logs: tuple[float, ...], length: float) -> float:
    return math.fsum(logs) / ((5 + len(logs)) / 6) ** length


Ranked = list[tuple[float, tuple[int, ...]]]


def by_hand(toy: Toy, picture: int, how: Speech) -> Ranked:
    """The same search as a loop over words, that never ends early. As many best ones of each group, (score, words)."""
    share = how.width // how.groups
    lives: list[Ranked] = [[(0.0, ())] for _ in range(how.groups)]
    ended: list[Ranked] = [[] for _ in range(how.groups)]
    for turn in range(how.most + 1):
        taken: Counter[int] = Counter()
        for group, live in enumerate(lives):
            found = []
            for total, said in live:
                past = 0
                for word in said:
                    past = past * MANY + word
                logs = toy.table[picture, past].log_softmax(dim=0).tolist()
                for word in (1, 3, 4, 5):
                    if (word == 1 and turn < how.least) or (word != 1 and turn == how.most):
                        continue
                    now = total + logs[word]
                    found.append((now - how.variety * taken[word] * (how.groups > 1), now, said, word))
            fresh: Ranked = []
            for _, now, said, word in sorted(found, reverse=True)[: 2 * share]:
                if len(fresh) == share:
                    break
                if word == 1:
                    ended[group].append((now / ((6 + len(said)) / 6) ** how.length, said))
                else:
                    fresh.append((now, (*said, word)))
            lives[group] = fresh
            taken.update(said[-1] for _, said in fresh)
    best = [sorted(some, reverse=True)[:share] for some in ended]
    return sorted((each for some in best for each in some), reverse=True)


def same(found: list[Sentence], wanted: Ranked) -> None:
    assert [each.words for each in found] == [words for _, words in wanted]
    assert [each.score for each in found] == pytest.approx([score for score, _ in wanted], abs=1e-4)


@pytest.mark.parametrize("length", [0.0, 0.7, 2.0])
def test_a_wide_beam_finds_all_sentences_in_their_order(length: float) -> None:
    toy = Toy()
    found = beam(toy, toy.state(200), 1, SPECIAL, Speech(200, MOST, length=length))[0]
    wanted = sorted(((worth(toy.logs(words), length), words) for words in everything()), reverse=True)
    same(found, wanted)
    for each in found:
        assert each.logs == pytest.approx(toy.logs(each.words), abs=1e-5)
        assert each.log == pytest.approx(math.fsum(toy.logs(each.words)), abs=1e-4)


def test_probabilities_of_all_sentences_and_of_what_is_forbidden_come_to_one() -> None:
    toy = Toy()
    toy.table[:, :, [0, 2]] = -math.inf  # nothing is forbidden that could be said
    kept = sum(math.exp(each.log) for each in beam(toy, toy.state(200), 1, SPECIAL, Speech(200, MOST, least=0))[0])
    longer = sum(math.exp(math.fsum(toy.logs(words)[:-1])) for words in everything() if len(words) == MOST)
    ends = sum(math.exp(math.fsum(toy.logs(words))) for words in everything() if len(words) == MOST)
    assert kept + longer - ends == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("how", [Speech(width, MOST, least, length) for width, least, length in (
    (1, 1, 0.0), (2, 1, 0.0), (3, 0, 0.0), (3, 2, 1.0), (4, 1, 0.7), (5, 4, 0.0), (7, 1, 3.0),
)])  # fmt: skip
def test_narrow_beams_are_those_of_a_slow_loop_whatever_the_batch(how: Speech) -> None:
    toy = Toy(pictures=12, seed=1)
    found = beam(toy, toy.state(how.width), 12, SPECIAL, how)
    for picture, some in enumerate(found):
        same(some, by_hand(toy, picture, how))


def test_longer_sentences_are_preferred_as_far_as_asked() -> None:
    toy = Toy(pictures=30, seed=2)
    mean = []
    for length in (0.0, 1.0, 3.0):
        found = beam(toy, toy.state(81), 30, SPECIAL, Speech(81, MOST, length=length))
        mean.append(sum(len(each[0].words) for each in found) / 30)
    assert mean[0] < mean[1] < mean[2]


def test_groups_avoid_each_other_at_a_price() -> None:
    toy = Toy(pictures=10, seed=3)
    for how in (Speech(6, MOST, groups=3, variety=1.5), Speech(4, MOST, groups=4, variety=0.3), Speech(4, MOST, groups=2)):
        for picture, some in enumerate(beam(toy, toy.state(how.width), 10, SPECIAL, how)):
            same(some, by_hand(toy, picture, how))


def test_groups_that_pay_nothing_are_beams_by_themselves_and_dear_ones_begin_differently() -> None:
    toy = Toy(pictures=10, seed=4)
    free = beam(toy, toy.state(6), 10, SPECIAL, Speech(6, MOST, groups=3, variety=0.0))
    alone = beam(toy, toy.state(2), 10, SPECIAL, Speech(2, MOST))
    for several, one in zip(free, alone, strict=True):
        assert [each.words for each in several] == [each.words for each in one for _ in range(3)]
    for some in beam(toy, toy.state(3), 10, SPECIAL, Speech(3, MOST, groups=3, variety=100.0)):
        assert {each.words[0] for each in some} == {3, 4, 5}


def test_groups_must_divide_the_beam() -> None:
    toy = Toy()
    with pytest.raises(ValueError, match="a width of 5 does not divide into 2 groups"):
        beam(toy, toy.state(5), 1, SPECIAL, Speech(5, groups=2))


def test_each_step_costs_the_same() -> None:
    """However many sentences have ended, and whatever was said before."""
    toy = Toy(pictures=4)
    beam(toy, toy.state(3), 4, SPECIAL, Speech(3, MOST))
    assert set(toy.rows) == {12}
    assert len(toy.rows) <= MOST + 1
    toy.rows.clear()
    draw(toy, toy.state(), SPECIAL, Speech(most=MOST), Dice(range(4)))
    assert set(toy.rows) == {4}
    assert len(toy.rows) <= MOST + 1


def test_what_is_forbidden_is_never_said_however_likely() -> None:
    toy = Toy(pictures=5)
    toy.table[:, :, [0, 2, 4]] += 30.0
    never = Words(0, 1, (2, 4))
    found = beam(toy, toy.state(6), 5, never, Speech(6, MOST, groups=2))
    drawn = draw(rows(toy, 300), rows_of(toy.state(), torch.zeros(300).long()), never, Speech(most=MOST), Dice(range(300), 2.0))
    said = {word for some in (*found, drawn) for each in some for word in each.words}
    assert said == {3, 5}


def test_the_shortest_and_the_longest_are_kept_to() -> None:
    toy = Toy(pictures=6)
    toy.table[:, :, 1] += 6.0
    how = Speech(2, 3, least=2)
    assert all(len(each.words) == 2 for some in beam(toy, toy.state(2), 6, SPECIAL, how) for each in some[:1])
    assert all(len(each.words) >= 2 for each in draw(toy, toy.state(), SPECIAL, how, Dice(range(6))))
    toy.table[:, :, 1] -= 40.0
    assert all(len(each.words) == 3 for some in beam(toy, toy.state(2), 6, SPECIAL, how) for each in some)
    for each in draw(toy, toy.state(), SPECIAL, how, Dice(range(6))):
        assert len(each.words) == 3
        assert len(each.logs) == 4


def test_looks_belong_to_their_words_and_cover_the_places() -> None:
    toy = Toy(pictures=3, seed=5)
    how = Speech(5, MOST, coverage=0.3)
    for some in (*beam(toy, toy.state(5), 3, SPECIAL, how), draw(toy, toy.state(), SPECIAL, how, Dice(range(3)))):
        for each in some:
            past, looks = 0, []
            for word in each.words:
                looks.append(F.one_hot(torch.tensor(past % PLACES), PLACES) * 0.9 + 0.02)
                past = past * MANY + word
            wanted = torch.stack(looks)
            assert each.looks is not None
            assert torch.allclose(each.looks, wanted)
            covered = sum(math.log(min(float(total), 1.0)) for total in wanted.sum(dim=0))
            assert each.score == pytest.approx(each.log + 0.3 * covered, abs=1e-5)


# -- draws -----------------------------------------------------------------------------------------------------------------------


def rows(toy: Toy, count: int) -> Any:
    """The toy as it stands for `count` rows of one picture."""
    return lambda words, state: toy(words, {**state, "picture": torch.zeros(count, dtype=torch.int64)})


def drawn(toy: Toy, count: int, dice: Dice, least: int = 0) -> Counter[tuple[int, ...]]:
    state = rows_of(toy.state(), torch.zeros(count).long())
    return Counter(each.words for each in draw(rows(toy, count), state, SPECIAL, Speech(most=MOST, least=least), dice))


def chances(toy: Toy, temperature: float, top: int, least: int = 0) -> dict[tuple[int, ...], float]:
    """Of each sentence, by multiplying what each word has among those that are allowed."""
    found = {}
    for words in everything(least):
        chance, past = 1.0, 0
        for turn, word in enumerate((*words, 1)):
            allowed = [1] if turn == MOST else [3, 4, 5] if turn < least else [1, 3, 4, 5]
            logs = toy.table[0, past].log_softmax(dim=0)
            best = sorted(allowed, key=lambda each: -float(logs[each]))[: top or None]
            weights = {each: math.exp(float(logs[each]) / temperature) for each in best}
            chance *= weights.get(word, 0.0) / sum(weights.values())
            past = past * MANY + word
        found[words] = chance
    return found


@pytest.mark.parametrize(("temperature", "top", "least"), [(1.0, 0, 0), (0.6, 0, 1), (1.7, 2, 0), (1.0, 3, 2), (1.0, 1, 0)])
def test_draws_come_as_often_as_their_chance_says(temperature: float, top: int, least: int) -> None:
    toy, count = Toy(seed=6), 6000
    often, wanted = drawn(toy, count, Dice(range(count), temperature, top), least), chances(toy, temperature, top, least)
    assert sum(wanted.values()) == pytest.approx(1.0)
    assert all(wanted[words] > 0 for words in often)
    for words, chance in wanted.items():
        assert abs(often[words] - count * chance) <= 4.5 * math.sqrt(count * chance * (1 - chance)) + 1e-9, words


def test_without_temperature_it_is_greedy_and_so_is_a_beam_of_one() -> None:
    toy = Toy(pictures=20, seed=7)
    how = Speech(1, MOST)
    cold = draw(toy, toy.state(), SPECIAL, how, Dice(range(20), 0.0))
    for picture, (one, (best,)) in enumerate(zip(cold, beam(toy, toy.state(), 20, SPECIAL, how), strict=True)):
        said: tuple[int, ...] = ()
        past = 0
        while len(said) < MOST:
            logs = toy.table[picture, past].clone()
            logs[[0, 2] if said else [0, 1, 2]] = -math.inf
            word = int(logs.argmax())
            if word == 1:
                break
            said, past = (*said, word), past * MANY + word
        assert one.words == best.words == said
        assert one.logs == best.logs


def test_what_is_drawn_for_a_row_does_not_depend_on_the_others() -> None:
    toy = Toy(pictures=8, seed=8)
    seeds = [3, 1, 4, 1, 5, 9, 2, 6]
    whole = draw(toy, toy.state(), SPECIAL, Speech(most=MOST), Dice(seeds))
    for row, seed in enumerate(seeds):
        state = rows_of(toy.state(), torch.tensor([row]))
        alone = draw(toy, state, SPECIAL, Speech(most=MOST), Dice([seed]))[0]
        assert (alone.words, alone.logs) == (whole[row].words, whole[row].logs)
    others = draw(toy, toy.state(), SPECIAL, Speech(most=MOST), Dice([seed + 100 for seed in seeds]))
    assert [each.words for each in others] != [each.words for each in whole]
