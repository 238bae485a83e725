"""What all systems share that write a text a character or a word at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from looksay.errors import BadConfig, BadValue, UnknownName
from looksay.nn.prep import Prep
from looksay.nn.recurrent import State
from looksay.nn.system import Batch, System
from looksay.nn.vocabulary import SPECIALS, Vocabulary, chars, join, words
from looksay.scene import Label, Labels, Scene

SHOWN = (1 / 64, 1 / 16, 1 / 4, 1.0)  # of a training, after which a sample is kept: each has learnt four times as long
SAMPLE = 240  # characters or words of it
NAMED = 10  # likeliest next words that `read` tells


@dataclass(frozen=True)
class TextConfig:
    """How the text is read: `by` characters or words, and with `lines` each line for itself, from START to STOP; of the words the
    `most` frequent that occur `least` times. Learning looks `length` steps back."""

    by: Literal["characters", "words"] = "characters"
    lines: bool = False
    least: int = 1
    most: int = 10_000
    length: int = 64


class Written(NamedTuple):
    """`logits` (P, V) for each place that is to be predicted, and the truth there (P,); `last` (N,) are each row's last places
    among them. `state` is the one after the batch, nothing where rows end."""

    logits: Tensor
    truth: Tensor
    last: Tensor
    state: State


class Style(NamedTuple):
    """Of the `top` likeliest (0: all) one is drawn, the unlikely ones less often the lower the temperature; at 0 the best."""

    temperature: float = 0.8
    top: int = 0
    seed: int = 0


class Writer(System[Written]):
    """`classes` are the characters or words. Subclasses define `told` (what follows in a batch), `start` and `step` (what follows
    one word)."""

    def __init__(self, classes: Sequence[str], config: Any, prep: Prep | None = None) -> None:
        super().__init__(classes, config, prep or Prep())
        if config.length < 2:
            raise BadConfig(f"{config.length} steps back in time", where="settings.length", mend="give 2 or more")
        self.vocabulary = Vocabulary.from_classes(classes)
        self.memory: State = ()  # where the streams of the training stand

    @abstractmethod
    def told(self, batch: Batch, state: State | None) -> Written: ...

    @abstractmethod
    def start(self, count: int) -> State: ...

    @abstractmethod
    def step(self, numbers: Tensor, state: State) -> tuple[Tensor, State]:
        """(N,) → (N, V) logits of what follows, and the state then."""

    def forward(self, batch: Batch) -> Written:
        """While training, streams go on in the state that the batch before them left, from which nothing flows back."""
        goes_on = self.training and self.memory and batch.targets.get("fresh") is False
        out = self.told(batch, self.memory if goes_on else None)
        if self.training and "fresh" in batch.targets:
            self.memory = tuple(each.detach() for each in out.state)
        return out

    def loss(self, out: Written, batch: Batch) -> dict[str, Tensor]:
        return {"nats": F.cross_entropy(out.logits.float(), out.truth)}

    def carried(self) -> Mapping[str, Tensor]:
        return {str(place): each for place, each in enumerate(self.memory)}

    def carry(self, state: Mapping[str, Tensor]) -> None:
        self.memory = tuple(state[str(place)].to(next(self.parameters()).device) for place in range(len(state)))

    def read(self, out: Written, batch: Batch) -> list[Scene]:
        """What may come next, the likeliest first."""
        found = []
        for row, logs in enumerate(out.logits[out.last].float().log_softmax(dim=1)):
            best = logs.topk(min(NAMED, len(logs)))
            pairs = zip(best.indices.tolist(), best.values.exp().clamp(max=1).tolist(), strict=True)
            labels = Labels(tuple(Label(self.classes[number], chance) for number, chance in pairs))
            found.append(batch.scene(row, labels=labels))
        return found

    def aim(self, out: Written, what: str) -> Tensor:
        """The log-probability that `what` comes next; '' is each row's likeliest."""
        logs = out.logits[out.last].float().log_softmax(dim=1)
        return logs[:, self.index(what)] if what else logs.max(dim=1).values

    # -- writing ---------------------------------------------------------------------------------------------------------------

    def tokens(self, text: str) -> list[int]:
        """Raises UnknownName for what it has never read; a capital may have been read as a small letter only."""
        found = words(text) if self.config.by == "words" else chars(text)
        found = [token if token in self.vocabulary or token.lower() not in self.vocabulary else token.lower() for token in found]
        for token in found:
            if token not in self.vocabulary:
                known = [repr(name)[1:-1] for name in self.classes[len(SPECIALS) :]]  # a line break in a message of one line
                raise UnknownName.of(self.config.by[:-1], token, known, where="what it shall go on from")
        return self.vocabulary.encode(found)

    def opening(self, text: str) -> list[int]:
        """What it is given before it writes: lines begin with START; a stream goes on from a line's end, if nothing is said."""
        found = self.tokens(text)
        if self.config.lines:
            return [self.vocabulary.start, *found]
        return found or [self.classes.index("\n") if "\n" in self.classes else len(SPECIALS)]

    @torch.no_grad()
    def write(self, text: str, length: int, how: Style | None = None) -> Iterator[str]:
        """Goes on from `text`, a character or word at a time, `length` of them, or until STOP."""
        how, dice = how or Style(), torch.Generator()
        dice.manual_seed(how.seed)
        device, state = next(self.parameters()).device, self.start(1)
        logits = torch.zeros(1, len(self.classes))
        never: tuple[int, ...] = (self.vocabulary.start, self.vocabulary.unknown)
        if not self.config.lines:  # a stream has no end that it could have learnt
            never += (self.vocabulary.stop,)
        for number in self.opening(text):
            logits, state = self.step(torch.tensor([number], device=device), state)
        for _ in range(length):
            number = drawn(logits[0].float().cpu(), how, dice, never)
            if number == self.vocabulary.stop:
                return
            yield self.classes[number]
            logits, state = self.step(torch.tensor([number], device=device), state)

    def sample(self, length: int = SAMPLE, seed: int = 0) -> str:
        """A text of its own; of lines as many as it takes."""
        was = self.training
        self.eval()
        lines: list[str] = []
        while sum(map(len, lines)) < length and len(lines) < 8:
            lines.append(join(self.write("", length, Style(seed=seed + len(lines)))))
            if not self.config.lines:
                break
        self.train(was)
        return "\n".join(lines)

    def aside(self, done: int, steps: int) -> Mapping[str, Any]:
        """Samples at four points of the training."""
        if done not in {max(round(share * steps), 1) for share in SHOWN}:
            return {}
        return {"sample": self.sample(), "done": done, "steps": steps}


def drawn(logits: Tensor, how: Style, dice: torch.Generator, never: Sequence[int]) -> int:
    """(V,) → a number of those that may be said."""
    if how.temperature < 0:
        raise BadValue(f"a temperature of {how.temperature}", mend="give 0 or more")
    allowed = logits.clone()
    allowed[list(never)] = -torch.inf
    if how.temperature == 0:
        return int(allowed.argmax())
    if how.top:
        least = allowed.topk(min(how.top, len(allowed))).values[-1]
        allowed[allowed < least] = -torch.inf
    return int(torch.multinomial((allowed / how.temperature).softmax(dim=0), 1, generator=dice))
