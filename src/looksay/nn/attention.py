"""Where a sentence in the making looks among what was read: the scores of Bahdanau and of Luong, global and local.

What was read is a memory (N, L, C), a row for each place; `there` (N, L) says which places are real. A query (N, H) gives each
place a score, the scores become a look (N, L), and the look a context (N, C): the memory's mean, weighted by it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

Scoring = Literal["additive", "dot", "general", "concat", "local"]


class Memory(NamedTuple):
    """`keys` is what of the memory the score needs, computed once for all queries."""

    values: Tensor
    keys: Tensor
    there: Tensor


class Attention(nn.Module):
    """additive and concat: v · tanh(W q + U m), of the state before a word and of the one with it; dot: q · m; general: q · U m;
    local: general, times exp(−(j − p)² / 2σ²) for places j at most `window` from p = L · sigm(u · tanh(V q)), σ = window / 2."""

    def __init__(self, scoring: Scoring, query: int, memory: int, inner: int, window: int = 10) -> None:
        super().__init__()
        self.scoring, self.window = scoring, window
        self.sums = scoring in ("additive", "concat")
        if self.sums:
            self.ask = nn.Linear(query, inner)
            self.weigh = nn.Linear(inner, 1, bias=False)
        if scoring != "dot":
            self.key = nn.Linear(memory, inner if self.sums else query, bias=False)
        if scoring == "local":
            self.aim_in = nn.Linear(query, inner, bias=False)
            self.aim_out = nn.Linear(inner, 1, bias=False)

    def remember(self, values: Tensor, there: Tensor) -> Memory:
        return Memory(values, values if self.scoring == "dot" else self.key(values), there)

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """(N, L), before the softmax."""
        if self.sums:
            found: Tensor = self.weigh(torch.tanh(self.ask(query)[:, None] + keys))[..., 0]
            return found
        return torch.bmm(keys, query[:, :, None].to(keys.dtype))[..., 0]

    def centre(self, query: Tensor, there: Tensor) -> Tensor:
        """(N, 1): p, between 0 and the number of the row's places."""
        share = torch.sigmoid(self.aim_out(torch.tanh(self.aim_in(query))).float())
        return share * there.sum(dim=1, keepdim=True)

    def forward(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """(N, C) context and (N, L) look, which sums to 1 but for `local`."""
        scores, there = self.scores(query, memory.keys).float(), memory.there
        near = None
        if self.scoring == "local":
            centre = self.centre(query, there)
            far = torch.arange(there.shape[1], device=there.device) - centre
            there = there & (far.abs() <= self.window)
            near = torch.exp(-(far**2) / (2 * (self.window / 2) ** 2))
        look = scores.masked_fill(~there, torch.finfo(scores.dtype).min).softmax(dim=1) * there
        if near is not None:
            look = look * near
        context = torch.bmm(look[:, None].to(memory.values.dtype), memory.values)[:, 0]
        return context, look
