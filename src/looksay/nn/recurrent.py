"""Recurrent networks as they are written on the board: the vanilla cell, the LSTM cell with its gates, and stacks of them, deep
and in both directions, over sequences of any length.

The cells are what one reads and what the tests hold against torch; `Stack(fused=True)` runs the same weights through torch's
fused kernels, which give the same numbers two to three times as fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from looksay.nn.chance import Dropout

State = tuple[Tensor, ...]  # (h,) of a vanilla cell, (h, c) of an LSTM
Kind = Literal["rnn", "lstm"]
X = TypeVar("X", Tensor, PackedSequence)


class RNNCell(nn.Module):
    """h_t = tanh(W_hx x_t + W_hh h_{t-1} + b_h): the state is all written anew at each step."""

    parts: ClassVar[int] = 1  # tensors of a state
    gates: ClassVar[int] = 1

    def __init__(self, wide: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.enter = nn.Linear(wide, self.gates * hidden)  # W_hx, b_h
        self.keep = nn.Linear(hidden, self.gates * hidden, bias=False)  # W_hh
        for weight in self.parameters():
            nn.init.uniform_(weight, -(hidden**-0.5), hidden**-0.5)

    def forward(self, entered: Tensor, state: State) -> State:
        """One step: `entered` is W_hx x_t + b_h, computed at once for all steps. (N, gates · H), each of `state` (N, H)."""
        (h,) = state
        return (torch.tanh(entered + self.keep(h)),)


class LSTMCell(RNNCell):
    """A memory c that is added to, through gates that are open (1) or shut (0) for each of its numbers.

    i, f, o = sigm(W x_t + W h_{t-1} + b)   what is let in, what is kept, what is shown
    g = tanh(W x_t + W h_{t-1} + b)         what there is to be learnt from this step
    c_t = f ⊗ c_{t-1} + i ⊗ g,  h_t = o ⊗ tanh(c_t)

    `forget` is the first bias of f: above 0 it remembers before it has learnt to.
    """

    parts = 2
    gates = 4

    def __init__(self, wide: int, hidden: int, forget: float = 1.0) -> None:
        super().__init__(wide, hidden)
        nn.init.constant_(self.enter.bias[hidden : 2 * hidden], forget)

    def forward(self, entered: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = (entered + self.keep(h)).chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


CELLS: dict[Kind, type[RNNCell]] = {"rnn": RNNCell, "lstm": LSTMCell}


class Stack(nn.Module):
    """`layers` of cells one on the other, each in one direction or in `both`, with dropout between them.

    Takes (N, T, wide) or a PackedSequence, and gives (N, T, H) or (N, T, 2 H), or the packed sequence of these. The state has
    (layers · directions, N, H) each, in torch's order.
    """

    def __init__(
        self, kind: Kind, wide: int, hidden: int, layers: int = 1, *, both: bool = False, dropout: float = 0.0, fused: bool = True
    ) -> None:
        super().__init__()
        self.kind, self.hidden, self.layers, self.ways, self.fused = kind, hidden, layers, 1 + both, fused
        wides = [wide if layer == 0 else hidden * self.ways for layer in range(layers)]
        self.cells = nn.ModuleList(CELLS[kind](each, hidden) for each in wides for _ in range(self.ways))
        self.drop = Dropout(dropout)

    def start(self, count: int) -> State:
        """The first state: nothing is known."""
        like = next(self.parameters())
        return tuple(like.new_zeros(len(self.cells), count, self.hidden) for _ in range(CELLS[self.kind].parts))

    def forward(self, x: X, state: State | None = None) -> tuple[X, State]:
        if state is None:
            state = self.start(int(x.batch_sizes[0]) if isinstance(x, PackedSequence) else len(x))
        ends: list[State] = []
        for layer in range(self.layers):
            rows = slice(layer * self.ways, (layer + 1) * self.ways)
            if layer > 0:
                x = _mapped(self.drop, x)
            x, end = self._layer(self._cells(rows), x, tuple(each[rows] for each in state))
            ends.append(end)
        return x, tuple(torch.cat(each) for each in zip(*ends, strict=True))

    def _cells(self, rows: slice) -> list[RNNCell]:
        return [cell for cell in self.cells[rows] if isinstance(cell, RNNCell)]

    def _layer(self, cells: Sequence[RNNCell], x: X, state: State) -> tuple[X, State]:
        if self.fused:
            return self._fused(cells, x, state)
        if isinstance(x, PackedSequence):
            sizes = x.batch_sizes.tolist()
            outs = [_walk(cell, x.data, sizes, tuple(s[i] for s in state), back=i > 0) for i, cell in enumerate(cells)]
            data = torch.cat([out for out, _ in outs], dim=1)
            return x._replace(data=data), _stacked([end for _, end in outs])
        flat, sizes = x.transpose(0, 1).flatten(0, 1), [len(x)] * x.shape[1]
        outs = [_walk(cell, flat, sizes, tuple(s[i] for s in state), back=i > 0) for i, cell in enumerate(cells)]
        data = torch.cat([out for out, _ in outs], dim=1)
        return data.view(x.shape[1], len(x), -1).transpose(0, 1), _stacked([end for _, end in outs])

    def _fused(self, cells: Sequence[RNNCell], x: X, state: State) -> tuple[X, State]:
        weights: list[Tensor] = []
        for cell in cells:
            enter, keep = cell.enter, cell.keep
            weights += [enter.weight, keep.weight, enter.bias, torch.zeros_like(enter.bias)]
        run: Any = torch.lstm if self.kind == "lstm" else torch.rnn_tanh
        first, both = state if self.kind == "lstm" else state[0], self.ways == 2
        if isinstance(x, PackedSequence):
            out, *end = run(x.data, x.batch_sizes, first, weights, True, 1, 0.0, self.training, both)
            return x._replace(data=out), tuple(end)
        out, *end = run(x, first, weights, True, 1, 0.0, self.training, both, True)
        return out, tuple(end)


def _walk(cell: RNNCell, x: Tensor, sizes: Sequence[int], state: State, *, back: bool) -> tuple[Tensor, State]:
    """One cell over sequences that lie step by step, the longest first: of step t there are `sizes[t]` rows. Going `back`, a
    sequence begins with the state at its own last step."""
    entered: Sequence[Tensor] = cell.enter(x).split(list(sizes))
    outs: list[Tensor] = []
    now, ends = state, []
    if back:
        now = tuple(each[:0] for each in state)
        for step in reversed(range(len(sizes))):
            fresh = tuple(each[len(known) : sizes[step]] for each, known in zip(state, now, strict=True))
            now = cell(entered[step], tuple(torch.cat(pair) for pair in zip(now, fresh, strict=True)))
            outs.insert(0, now[0])
        return torch.cat(outs), now
    for step, size in enumerate(sizes):
        ends.append(tuple(each[size:] for each in now))
        now = cell(entered[step], tuple(each[:size] for each in now))
        outs.append(now[0])
    ends.append(now)
    return torch.cat(outs), tuple(torch.cat(each) for each in zip(*reversed(ends), strict=True))


def _stacked(ends: Sequence[State]) -> State:
    return tuple(torch.stack(each) for each in zip(*ends, strict=True))


def _mapped(module: nn.Module, x: X) -> X:
    if isinstance(x, PackedSequence):
        return x._replace(data=module(x.data))
    made: Tensor = module(x)
    return made


def packed(x: Tensor, lengths: Tensor) -> PackedSequence:
    """(N, T, …) with the longest row first → step by step without what stands behind a row's end."""
    return pack_padded_sequence(x, lengths.cpu(), batch_first=True)
