"""From what may be said next to whole sentences: the likeliest word, drawn words, and beams of sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Next(NamedTuple):
    """For R rows: `logits` (R, V) of the next word, the `state` after it (tensors with R rows, nested in tuples, lists or dicts)
    and, where it looks, `look` (R, L): how much at each place."""

    logits: Tensor
    state: Any
    look: Tensor | None = None


Step = Callable[[Tensor, Any], Next]  # (words (R,) int64 on the CPU, state) → what comes next, wherever that is computed


@dataclass(frozen=True)
class Speech:
    """How sentences are made. `width` sentences are kept in mind; of `groups` of them each avoids what the earlier ones say, at a
    cost of `variety` a word (Vijayakumar et al. 2016). Sentences are ranked by log-probability over ((5 + length) / 6) to the
    power of `length`, plus `coverage` times how far their looks have covered all places (Wu et al. 2016)."""

    width: int = 3
    most: int = 30
    least: int = 1
    length: float = 0.0
    coverage: float = 0.0
    groups: int = 1
    variety: float = 0.5


@dataclass(frozen=True)
class Sentence:
    """`words` without start and stop; `score` is what it was ranked by, `logs` the log-probability of each word and of the end;
    `looks` (T, L), a row for each word."""

    words: tuple[int, ...]
    score: float
    logs: tuple[float, ...]
    looks: Tensor | None = None

    @property
    def log(self) -> float:
        """Log-probability of the whole."""
        return math.fsum(self.logs)


def rows_of(state: Any, rows: Tensor) -> Any:
    """The state with these rows only, in this order."""
    if isinstance(state, Tensor):
        return state.index_select(0, rows.to(state.device))
    if isinstance(state, dict):
        return {name: rows_of(each, rows) for name, each in state.items()}
    if isinstance(state, (tuple, list)):
        parts = [rows_of(each, rows) for each in state]
        return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)
    return state


@dataclass
class _Line:
    """A sentence in the making."""

    words: tuple[int, ...] = ()
    logs: tuple[float, ...] = ()
    looks: tuple[Tensor, ...] = ()


@dataclass
class _Page:
    """What is kept of one picture: `live` lines of each group, and those that have ended."""

    live: list[list[_Line]]
    ended: list[list[Sentence]] = field(default_factory=list)


class Words(NamedTuple):
    """The numbers of the special words; those in `never` are not said."""

    start: int
    stop: int
    never: Sequence[int] = ()


@torch.no_grad()
def beam(step: Step, state: Any, count: int, words: Words, how: Speech) -> list[list[Sentence]]:
    """For each of `count` pictures its best sentences, best first. `state` has count · width rows, a picture's side by side."""
    if how.width % how.groups:
        raise ValueError(f"a width of {how.width} does not divide into {how.groups} groups")
    share = how.width // how.groups
    pages = [_Page([[_Line()] for _ in range(how.groups)], [[] for _ in range(how.groups)]) for _ in range(count)]
    said = torch.full((count * how.width,), words.start)
    scores = torch.full((count, how.groups, share), -math.inf)
    scores[:, :, 0] = 0.0  # all lines begin alike: one is enough
    for turn in range(how.most + 1):
        now = step(said, state)
        logs = _allowed(now.logits, words, turn, how).view(count, how.groups, share, -1)
        looks = None if now.look is None else now.look.float().cpu().view(count, how.groups, share, -1)
        rows, said = torch.zeros(count, how.groups, share, dtype=torch.int64), torch.zeros(count, how.groups, share).long()
        taken = torch.zeros(count, logs.shape[-1])  # how often the groups before have said each word at this turn
        for group in range(how.groups):
            best = _best(scores[:, group], logs[:, group], taken if how.groups > 1 else None, how)
            for page in range(count):
                _grow(pages[page], group, _Turn(best, page, logs, looks, words, how, turn), scores, rows, said)
            if how.groups > 1:
                real = scores[:, group].isfinite().float()
                taken.scatter_add_(1, said[:, group], real)
        if not bool(scores.isfinite().any()) or all(_settled(page, scores[i], how) for i, page in enumerate(pages)):
            break
        base = torch.arange(count)[:, None, None] * how.width + torch.arange(how.groups)[:, None] * share
        state = rows_of(now.state, (rows + base).flatten())
        said = said.flatten()
    return [_ranked(page, how) for page in pages]


def _allowed(logits: Tensor, words: Words, turn: int, how: Speech) -> Tensor:
    """Log-probabilities; words that may not be said have none."""
    logs = logits.float().log_softmax(dim=1).cpu()
    banned = [*words.never, words.start, *([words.stop] if turn < how.least else [])]
    logs[:, banned] = -math.inf
    if turn == how.most:  # time to end
        end = logs[:, words.stop].clone()
        logs.fill_(-math.inf)
        logs[:, words.stop] = end
    return logs


class _Best(NamedTuple):
    """Of each page, best first: which line goes on, and with which word; `worth` with what variety costs."""

    line: Tensor
    word: Tensor
    worth: Tensor


def _best(scores: Tensor, logs: Tensor, taken: Tensor | None, how: Speech) -> _Best:
    """Twice as many as there are lines: at most half of them end."""
    total = scores[..., None] + logs  # N share V
    asked = total if taken is None else total - how.variety * taken[:, None]
    size = logs.shape[-1]
    worth, flat = asked.flatten(1).topk(min(2 * scores.shape[1], asked[0].numel()), dim=1)
    return _Best(flat // size, flat % size, worth)


class _Turn(NamedTuple):
    best: _Best
    page: int
    logs: Tensor
    looks: Tensor | None
    words: Words
    how: Speech
    number: int


def _grow(page: _Page, group: int, turn: _Turn, scores: Tensor, rows: Tensor, said: Tensor) -> None:
    """The lines of one group take their next words."""
    fresh: list[_Line] = []
    share, place = scores.shape[2], turn.page
    before = scores[place, group].tolist()
    scores[place, group] = -math.inf
    found = zip(*(each[place].tolist() for each in turn.best), strict=True)
    for line, word, worth in found:
        if worth == -math.inf or len(fresh) == share:
            break
        log = float(turn.logs[place, group, line, word])
        old = page.live[group][line]
        if word == turn.words.stop:
            page.ended[group].append(_sentence(_Line(old.words, (*old.logs, log), old.looks), turn.how))
            continue
        looks = () if turn.looks is None else (*old.looks, turn.looks[place, group, line])
        rows[place, group, len(fresh)], said[place, group, len(fresh)] = line, word
        scores[place, group, len(fresh)] = before[line] + log
        fresh.append(_Line((*old.words, word), (*old.logs, log), looks))
    page.live[group] = fresh


def _penalty(length: int, how: Speech) -> float:
    return float(((5 + length) / 6) ** how.length)


def _sentence(line: _Line, how: Speech) -> Sentence:
    looks = torch.stack(line.looks) if line.looks else None
    score = math.fsum(line.logs) / _penalty(len(line.logs), how)
    if how.coverage and looks is not None:
        score += how.coverage * float(looks.sum(dim=0).clamp(1e-6, 1.0).log().sum())
    return Sentence(line.words, score, line.logs, looks)


def _settled(page: _Page, scores: Tensor, how: Speech) -> bool:
    """Whether nothing that is still being said can come among the best that have ended."""
    share = scores.shape[1]
    for group, ended in enumerate(page.ended):
        hope = float(scores[group].max())
        if hope == -math.inf:
            continue
        kept = sorted((each.score for each in ended), reverse=True)[:share]
        if len(kept) < share or hope / _penalty(how.most + 1, how) > kept[-1]:
            return False
    return True


def _ranked(page: _Page, how: Speech) -> list[Sentence]:
    """The best of each group, then all by score."""
    share = how.width // how.groups
    found = [sorted(group, key=lambda each: -each.score)[:share] for group in page.ended]
    return sorted((each for group in found for each in group), key=lambda each: -each.score)


class Dice(NamedTuple):
    """Words are drawn from the `top` likeliest (0: all), the unlikely ones less often the lower the `temperature`; at 0 the
    likeliest is taken. `seeds`: one for each row, so that what is drawn for it does not depend on its neighbours."""

    seeds: Sequence[int]
    temperature: float = 1.0
    top: int = 0


@torch.no_grad()
def draw(step: Step, state: Any, words: Words, how: Speech, dice: Dice) -> list[Sentence]:
    """One sentence for each row, word by word; of `how` only `most` and `least` matter."""
    count = len(dice.seeds)
    chance = torch.stack([torch.rand(how.most + 1, generator=torch.Generator().manual_seed(seed)) for seed in dice.seeds])
    lines, alive = [_Line() for _ in range(count)], [True] * count
    said = torch.full((count,), words.start)
    for turn in range(how.most + 1):
        now = step(said, state)
        logs = _allowed(now.logits, words, turn, how)
        said = _drawn(logs, dice, chance[:, turn])
        for row, word in enumerate(said.tolist()):
            if not alive[row]:
                continue
            line = lines[row]
            line.logs += (float(logs[row, word]),)
            if word == words.stop:
                alive[row] = False
                continue
            line.words += (word,)
            if now.look is not None:
                line.looks += (now.look[row].float().cpu(),)
        if not any(alive):
            break
        state = now.state
    return [_sentence(line, how) for line in lines]


def _drawn(logs: Tensor, dice: Dice, chance: Tensor) -> Tensor:
    """The first word at which the probabilities, added up, come to more than `chance` (R,)."""
    if dice.temperature <= 0:
        return logs.argmax(dim=1)
    if dice.top:
        least = logs.topk(min(dice.top, logs.shape[1]), dim=1).values[:, -1:]
        logs = logs.masked_fill(logs < least, -math.inf)
    reached = (logs.double() / dice.temperature).softmax(dim=1).cumsum(dim=1)
    return (reached <= chance[:, None] * reached[:, -1:]).sum(dim=1)
