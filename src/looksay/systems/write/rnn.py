"""Recurrent networks that write: the vanilla one, three layers deep, in both directions, and the LSTM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_packed_sequence

from looksay.errors import BadConfig
from looksay.nn.chance import Dropout
from looksay.nn.prep import Prep
from looksay.nn.recipe import Recipe, Stage
from looksay.nn.recurrent import Kind, Stack, State, packed
from looksay.nn.system import Batch
from looksay.nn.writer import TextConfig, Writer, Written
from looksay.registry import Card, system

BLANK = "_"  # what `fill` replaces


@dataclass(frozen=True)
class RnnConfig(TextConfig):
    """`layers` of `cell`s with a state of `hidden` numbers; `both`: what comes after counts, too. `fused`: by torch's kernels."""

    cell: Kind = "lstm"
    layers: int = 2
    both: bool = False
    embed: int = 64
    hidden: int = 128
    dropout: float = 0.0
    fused: bool = True


@system(
    Card(
        name="char-rnn",
        task="write",
        title="Recurrent networks that write",
        paper="Elman 1990; Schuster & Paliwal 1997; Hochreiter & Schmidhuber 1997; Graves 2013 (text by characters)",
        year=1997,
        rows=("N1", "N2"),
        summary="Writes characters or words in the style of any text. rnn: vanilla; rnn-deep: three layers; lstm: with a memory; "
        "birnn knows what comes before and after a place, so it fills gaps and cannot write on.",
        deviations=(
            "h = o ⊗ tanh(c), as in the paper and in one lecture; another leaves the tanh out",
            "the forget gates begin with a bias of 1",
            "birnn: two states, one from each side, as Schuster and Paliwal have it; a place is predicted from the state before "
            "it and the one after it, never from itself, so its loss is not comparable with that of the others",
        ),
        variants={
            "lstm": {},
            "rnn": {"cell": "rnn", "layers": 1},
            "rnn-deep": {"cell": "rnn", "layers": 3},
            "birnn": {"cell": "rnn", "layers": 1, "both": True},
        },
    )
)
class CharRnn(Writer):
    Config = RnnConfig
    RECIPES = {
        "storybook": Recipe(
            stages=(Stage(epochs=6, batch_size=32, optimizer="adamw", lr=4e-3, weight_decay=0.01, warmup=0.02, clip=1.0),),
            metric="nats",
            settings={"hidden": 192},
            note="characters, as one stream; what a text of one's own is learnt with, too",
        ),
        "sentences": Recipe(
            stages=(Stage(epochs=4, batch_size=64, optimizer="adamw", lr=4e-3, weight_decay=0.01, warmup=0.02, clip=1.0),),
            metric="nats",
            settings={"by": "words", "lines": True, "hidden": 192},
            note="word by word, each line from START to STOP",
        ),
        "paper": Recipe(
            stages=(Stage(epochs=30, batch_size=64, optimizer="adamw", lr=3e-3, weight_decay=0.01, warmup=0.02, clip=1.0),),
            metric="nats",
            settings={"hidden": 384, "embed": 128, "dropout": 0.3},
            note="tiny Shakespeare: looksay train lstm --recipe paper --data text:input.txt",
        ),
    }

    def __init__(self, classes: Sequence[str], config: RnnConfig | None = None, prep: Prep | None = None) -> None:
        config = config or RnnConfig()
        super().__init__(classes, config, prep)
        if config.both and config.layers > 1:
            mend = "a second layer would see the word that is to be predicted"
            raise BadConfig("both directions have one layer", where="settings.layers", mend=mend)
        self.embed = nn.Embedding(len(self.classes), config.embed)
        self.drop = Dropout(config.dropout)
        self.body = Stack(
            config.cell, config.embed, config.hidden, config.layers, both=config.both, dropout=config.dropout, fused=config.fused
        )
        self.drop_out = Dropout(config.dropout)
        self.fc = nn.Linear(config.hidden * self.body.ways, len(self.classes))
        nn.init.normal_(self.embed.weight, std=0.1)
        nn.init.zeros_(self.fc.bias)

    def told(self, batch: Batch, state: State | None) -> Written:
        if self.config.both:
            return self._between(batch)
        said, follow, lengths = batch.targets["words"], batch.targets["next"], batch.targets.get("lengths")
        x = self.drop(self.embed(said))  # N T E
        if lengths is None:
            h, state = self.body(x, state)  # N T H
            last = torch.arange(len(said), device=said.device) * said.shape[1] + said.shape[1] - 1
            h, truth = h.flatten(0, 1), follow.flatten()
        else:
            walked, state = self.body(packed(x, lengths))
            sizes = walked.batch_sizes
            truth = packed(follow, lengths).data
            before = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
            last = before[lengths.cpu() - 1].to(said.device) + torch.arange(len(said), device=said.device)
            h = walked.data
        return Written(self.fc(self.drop_out(h)), truth, last, state)

    def _between(self, batch: Batch) -> Written:
        """Each place but the first and the last, from the state before it and the state after it."""
        said, follow, lengths = batch.targets["words"], batch.targets["next"], batch.targets.get("lengths")
        if lengths is None:
            lengths = (follow >= 0).sum(dim=1).clamp(min=1)
            order = torch.argsort(lengths, descending=True, stable=True)
            said, follow, lengths = said[order], follow[order], lengths[order]
        else:
            order = torch.arange(len(said), device=said.device)
        whole = torch.cat([said[:, :1], follow.clamp(min=0)], dim=1)  # N T+1: the first, and all that follows
        walked, _ = self.body(packed(self.drop(self.embed(whole)), lengths + 1))
        h = pad_packed_sequence(walked, batch_first=True)[0]
        ahead, back = h.chunk(2, dim=2)
        inner = torch.cat([ahead[:, :-2], back[:, 2:]], dim=2)  # N T-1 2H: of the places 1 … T-1
        there = torch.arange(inner.shape[1], device=said.device) < (lengths - 1)[:, None].clamp(min=0)
        counts = there.sum(dim=1)
        last = torch.empty_like(counts)
        last[order] = (counts.cumsum(0) - 1).clamp(min=0)
        truth = whole[:, 1:-1][:, : inner.shape[1]]
        return Written(self.fc(self.drop_out(inner[there])), truth[there], last, ())

    def start(self, count: int) -> State:
        return self.body.start(count)

    def step(self, numbers: Tensor, state: State) -> tuple[Tensor, State]:
        if self.config.both:
            raise BadConfig(
                "a network of both directions cannot write on: it must know what follows", mend=f"mark gaps by {BLANK!r}"
            )
        h, state = self.body(self.embed(numbers)[:, None], state)
        return self.fc(h[:, 0]), state

    def aside(self, done: int, steps: int) -> Mapping[str, Any]:
        return {} if self.config.both else super().aside(done, steps)

    @torch.no_grad()
    def fill(self, text: str) -> str:
        """The text with each BLANK replaced by what fits there best, the surest gap first; for networks of both directions."""
        if not self.config.both:
            raise BadConfig("only a network of both directions fills gaps", mend="looksay train birnn makes one")
        if self.config.by == "words":
            raise BadConfig("gaps are of one character; this network knows words", mend="train it by characters")
        start, unknown = self.vocabulary.start, self.vocabulary.unknown
        edge = self.opening("")[0]
        parts = text.split(BLANK)
        numbers = [edge]
        gaps = []
        for place, part in enumerate(parts):
            if place:
                gaps.append(len(numbers))
                numbers.append(unknown)
            numbers += self.tokens(part)
        numbers.append(self.vocabulary.stop if self.config.lines else edge)
        while gaps:
            said = torch.tensor([numbers])
            targets = {"words": said[:, :-1], "next": said[:, 1:], "fresh": True}
            logs = self.eval().told(Batch(torch.zeros(1, 0), targets), None).logits.float().log_softmax(dim=1)
            logs[:, [start, self.vocabulary.stop, unknown]] = -torch.inf
            sure = [(float(logs[gap - 1].max()), gap) for gap in gaps]
            _, gap = max(sure)
            numbers[gap] = int(logs[gap - 1].argmax())
            gaps.remove(gap)
        return "".join(self.classes[number] for number in numbers[1:-1])

    def weigh(self, text: str, what: str = "") -> list[float]:
        """How much each character or word of `text` mattered for what comes next (`what`; '' the likeliest): magnitude times
        gradient, max over the numbers of its embedding of |value| times max of |slope|."""
        numbers = torch.tensor([self.opening(text)])
        x = self.embed(numbers).detach().requires_grad_()
        h, _ = self.eval().body(x)
        logs = self.fc(h[:, -1]).log_softmax(dim=1)[0]
        aimed = logs[self.index(what)] if what else logs.max()
        (slope,) = torch.autograd.grad(aimed, x)
        found: list[float] = (x.detach().abs().amax(dim=2) * slope.abs().amax(dim=2))[0].tolist()
        return found

    def taps(self) -> dict[str, nn.Module]:
        return {"embed": self.embed, "fc": self.fc}
