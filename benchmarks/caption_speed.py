"""Learning to caption with Show, Attend and Tell against a plain fp32 loop over padded captions: the same network, first weights,
regions, captions and optimizer, both in this process and in turns. Regions are given, as a frozen network's are.

    python benchmarks/caption_speed.py [--captions 64] [--rounds 6] [--steps 12] [--even]
"""

from __future__ import annotations

import argparse
import json
import time
from statistics import median
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.learn.loop import keep_memory
from looksay.nn.chance import at
from looksay.nn.system import Batch
from looksay.nn.vocabulary import SPECIALS
from looksay.systems.caption.show_attend_tell import ShowAttendTell
from looksay.weights import build

FEATURES, GRID, HIDDEN, WORDS = 128, 8, 256, 400
# How many of 300 captions of the storybook have so many words.
LENGTHS = {5: 1, 6: 1, 7: 6, 8: 17, 9: 26, 10: 40, 11: 52, 12: 42, 13: 29, 14: 42, 15: 20, 16: 10, 17: 10, 18: 1, 19: 1, 21: 2}
DROPOUT = 0.3
COVER = 1.0  # of the doubly stochastic term


class Plain(nn.Module):
    """The network as one writes it down: keys of regions once, then word by word, every caption to the end of the longest."""

    def __init__(self, of: ShowAttendTell) -> None:
        super().__init__()
        hidden, embed, look = of.config.hidden, of.config.embed, of.config.look
        self.embed = nn.Embedding(len(of.classes), embed)
        self.first = nn.Linear(FEATURES, 2 * hidden)
        self.key = nn.Linear(FEATURES, look)
        self.ask = nn.Linear(hidden, look, bias=False)
        self.match = nn.Linear(look, 1, bias=False)
        self.gate = nn.Linear(hidden, 1)
        self.cell = nn.LSTMCell(embed + FEATURES, hidden)
        self.say = nn.Linear(hidden, embed)
        self.show = nn.Linear(FEATURES, embed, bias=False)
        self.word = nn.Linear(embed, len(of.classes))
        self.load(of)

    @torch.no_grad()
    def load(self, of: ShowAttendTell) -> None:
        for name in ("embed", "first", "key", "ask", "match", "gate", "say", "show", "word"):
            getattr(self, name).load_state_dict(getattr(of, name).state_dict())
        self.cell.weight_ih.copy_(torch.cat([of.lstm.enter.weight, of.see_more.weight], dim=1))
        self.cell.weight_hh.copy_(of.lstm.keep.weight)
        self.cell.bias_ih.copy_(of.lstm.enter.bias)
        self.cell.bias_hh.zero_()
        self.cell.bias_hh.requires_grad_(False)

    def forward(self, regions: Tensor, said: Tensor, follow: Tensor) -> Tensor:
        """`follow` is -1 behind a caption's end."""
        h, c = torch.tanh(self.first(regions.mean(dim=1))).chunk(2, dim=1)
        keys, logits, looks = self.key(regions), [], []
        for step in range(said.shape[1]):
            x = F.dropout(self.embed(said[:, step]), DROPOUT, self.training)
            look = self.match(torch.tanh(keys + self.ask(h)[:, None]))[..., 0].softmax(dim=1)
            seen = (look[..., None] * regions).sum(dim=1) * torch.sigmoid(self.gate(h))
            h, c = self.cell(torch.cat([x, seen], dim=1), (h, c))
            both = F.dropout(torch.cat([h, seen], dim=1), DROPOUT, self.training)
            logits.append(self.word(x + self.say(both[:, :HIDDEN]) + self.show(both[:, HIDDEN:])))
            looks.append(look)
        real = (follow >= 0).float()
        total = (torch.stack(looks, dim=1) * real[..., None]).sum(dim=1)
        uneven = (1 - total * regions.shape[1] / real.sum(dim=1, keepdim=True)).square().mean() / regions.shape[1]
        words = F.cross_entropy(torch.stack(logits, dim=1).flatten(0, 1), follow.flatten(), ignore_index=-1)
        return words + COVER * uneven


def captions_of(count: int, *, even: bool, seed: int) -> list[Tensor]:
    rng = np.random.default_rng(seed)
    lengths = np.repeat(list(LENGTHS), list(LENGTHS.values()))
    drawn = np.full(count, 12) if even else rng.choice(lengths, count)
    return [torch.from_numpy(rng.integers(3, WORDS, length)) for length in drawn]


def padded(captions: list[Tensor]) -> tuple[Tensor, Tensor]:
    longest = max(map(len, captions)) + 1
    said, follow = torch.zeros(len(captions), longest, dtype=torch.int64), torch.full((len(captions), longest), -1)
    for row, each in enumerate(captions):
        said[row, 1 : len(each) + 1] = each
        follow[row, : len(each)], follow[row, len(each)] = each, 1
    return said, follow


class Ours:
    def __init__(self, system: ShowAttendTell) -> None:
        self.system = system.train()
        learnt = [each for each in system.parameters() if each.requires_grad]
        self.optimizer = torch.optim.AdamW(learnt, 2e-3, fused=True)
        self.step = 0

    def learn(self, regions: Tensor, captions: list[Tensor]) -> float:
        """`regions` (N, L, D) float16, as they come from disk."""
        maps = list(regions.transpose(1, 2).unflatten(2, (GRID, GRID)).contiguous())
        batch = Batch(torch.zeros(len(maps), 0), {"captions": [[each] for each in captions]}, beside={"regions": maps})
        with at(0, self.step), torch.autocast("cpu", torch.bfloat16):
            total = torch.stack(list(self.system.loss(self.system(batch), batch).values())).sum()
        return self._after(total)

    def _after(self, total: Tensor) -> float:
        self.step += 1
        self.optimizer.zero_grad()
        total.backward()
        self.optimizer.step()
        return float(total.detach())


class Straight(Ours):
    def __init__(self, plain: Plain) -> None:
        self.plain = plain.train()
        self.optimizer = torch.optim.AdamW([each for each in plain.parameters() if each.requires_grad], 2e-3, fused=True)
        self.step = 0

    def learn(self, regions: Tensor, captions: list[Tensor]) -> float:
        torch.manual_seed(self.step)
        return self._after(self.plain(regions.float(), *padded(captions)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captions", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--even", action="store_true", help="all captions of 12 words: nothing is won by packing")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    keep_memory()
    torch.manual_seed(0)
    classes = (*SPECIALS, *(f"w{number}" for number in range(WORDS - 3)))
    system: Any = build("show-attend-tell", classes, {"hidden": HIDDEN, "dropout": DROPOUT})
    assert system.depth == FEATURES
    # What it says follows from what it is shown, so that there is something to learn.
    regions = torch.randn(4 * options.captions, GRID * GRID, FEATURES).half()
    captions = captions_of(4 * options.captions, even=options.even, seed=0)
    sides: dict[str, Any] = {"plain fp32": Straight(Plain(system)), "looksay": Ours(system)}
    times: dict[str, list[float]] = {name: [] for name in sides}
    losses: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(options.rounds + 1):
        for name, side in sides.items():
            since = time.perf_counter()
            for step in range(options.steps):
                start = (turn * options.steps + step) % 4 * options.captions
                losses[name].append(
                    side.learn(regions[start : start + options.captions], captions[start : start + options.captions])
                )
            if turn:  # the first one warms up
                times[name].append(options.captions * options.steps / (time.perf_counter() - since))
    rates = {name: median(each) for name, each in times.items()}
    print(json.dumps({
        "captions_per_second": {name: round(each, 1) for name, each in rates.items()},
        "times": round(rates["looksay"] / rates["plain fp32"], 2),
        "each_round": [round(a / b, 2) for a, b in zip(times["looksay"], times["plain fp32"], strict=True)],
        "first_loss": {name: round(each[0], 4) for name, each in losses.items()},
        "last_loss": {name: round(float(np.mean(each[-8:])), 4) for name, each in losses.items()},
        "threads": torch.get_num_threads(),
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
