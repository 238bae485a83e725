"""The cells do what is written on the board, torch's own networks agree, and no step is computed for padding."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from looksay.data.bucket import bucketed, in_order, padding
from looksay.nn.recurrent import Kind, LSTMCell, RNNCell, Stack, packed


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def sigm(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_the_vanilla_cell_by_hand() -> None:
    cell = RNNCell(1, 1)
    for weight, value in zip((cell.enter.weight, cell.enter.bias, cell.keep.weight), (0.7, 0.1, -0.4), strict=True):
        nn.init.constant_(weight, value)
    (h,) = cell(cell.enter(torch.tensor([[2.0]])), (torch.tensor([[0.5]]),))
    assert float(h.detach()) == pytest.approx(math.tanh(0.7 * 2 + 0.1 - 0.4 * 0.5), abs=1e-6)


def test_the_gates_of_the_lstm_by_hand() -> None:
    cell = LSTMCell(1, 1)
    w, u, b = (0.5, -0.3, 0.8, 0.2), (0.1, 0.4, -0.6, 0.3), (0.05, 1.0, -0.1, 0.2)  # i f g o
    with torch.no_grad():
        cell.enter.weight.copy_(torch.tensor(w)[:, None])
        cell.keep.weight.copy_(torch.tensor(u)[:, None])
        cell.enter.bias.copy_(torch.tensor(b))
    x, h, c = 1.5, -0.2, 0.7
    i, f, g, o = (w[k] * x + u[k] * h + b[k] for k in range(4))
    memory = sigm(f) * c + sigm(i) * math.tanh(g)
    new_h, new_c = cell(cell.enter(torch.tensor([[x]])), (torch.tensor([[h]]), torch.tensor([[c]])))
    assert float(new_c.detach()) == pytest.approx(memory, abs=1e-6)
    assert float(new_h.detach()) == pytest.approx(sigm(o) * math.tanh(memory), abs=1e-6)


def twins(kind: Kind, *, both: bool, fused: bool) -> tuple[Stack, Any]:
    """Ours and torch's, three layers deep, with the same weights."""
    torch.manual_seed(0)
    ours = Stack(kind, 5, 7, 3, both=both, fused=fused).double()
    make = nn.LSTM if kind == "lstm" else nn.RNN
    theirs = make(5, 7, 3, batch_first=True, bidirectional=both).double()
    names = [f"_l{layer}{way}" for layer in range(3) for way in (("", "_reverse") if both else ("",))]
    with torch.no_grad():
        for cell, name in zip(ours.cells, names, strict=True):
            assert isinstance(cell, RNNCell)
            getattr(theirs, f"weight_ih{name}").copy_(cell.enter.weight)
            getattr(theirs, f"weight_hh{name}").copy_(cell.keep.weight)
            getattr(theirs, f"bias_ih{name}").copy_(cell.enter.bias)
            getattr(theirs, f"bias_hh{name}").zero_()
    return ours, theirs


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("pack", [False, True])
def test_torch_gives_the_same_numbers_and_slopes(kind: Kind, both: bool, fused: bool, pack: bool) -> None:
    ours, theirs = twins(kind, both=both, fused=fused)
    x, lengths = torch.randn(4, 9, 5).double(), torch.tensor([9, 6, 6, 2])
    first = tuple(torch.randn(len(ours.cells), 4, 7).double() for _ in range(2 if kind == "lstm" else 1))
    mine, his = x.clone().requires_grad_(), x.clone().requires_grad_()
    out, end = ours(packed(mine, lengths) if pack else mine, first)
    want, last = theirs(packed(his, lengths) if pack else his, first if kind == "lstm" else first[0])
    lasts = last if kind == "lstm" else (last,)
    flat, wanted = (each.data if isinstance(each, PackedSequence) else each for each in (out, want))
    assert torch.allclose(flat, wanted, atol=1e-10)
    assert all(torch.allclose(a, b, atol=1e-10) for a, b in zip(end, lasts, strict=True))
    toward = torch.randn_like(flat)
    for value, state in ((flat, end), (wanted, lasts)):
        ((value * toward).sum() + torch.stack([each.square().sum() for each in state]).sum()).backward()
    assert mine.grad is not None
    assert his.grad is not None
    assert torch.allclose(mine.grad, his.grad, atol=1e-10)
    for cell, name in zip(ours.cells, [n for n, _ in theirs.named_parameters() if n.startswith("weight_ih")], strict=True):
        assert isinstance(cell, RNNCell)
        kept, bias = name.replace("ih", "hh"), name.replace("weight", "bias")
        pairs = ((cell.enter.weight, name), (cell.keep.weight, kept), (cell.enter.bias, bias))
        for weight, other in pairs:
            assert weight.grad is not None
            assert torch.allclose(weight.grad, getattr(theirs, other).grad, atol=1e-9), other


def test_the_state_goes_on_where_it_was_left() -> None:
    stack = Stack("lstm", 5, 7, 2)
    x = torch.randn(3, 10, 5)
    whole, end = stack(x)
    one, state = stack(x[:, :4])
    two, last = stack(x[:, 4:], state)
    assert torch.allclose(torch.cat([one, two], dim=1), whole, atol=1e-6)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(end, last, strict=True))


def test_nothing_is_computed_behind_the_end_of_a_row() -> None:
    stack, lengths = Stack("lstm", 5, 7, 2, fused=False), torch.tensor([9, 6, 6, 2])
    rows = [0, 0]
    for layer, cell in enumerate(stack.cells):

        def count(_module: nn.Module, _given: Any, out: tuple[Tensor, ...], layer: int = layer) -> None:
            rows[layer] += len(out[0])

        cell.register_forward_hook(count)
    stack(packed(torch.randn(4, 9, 5), lengths))
    assert rows == [23, 23]


def how_much_of_the_first_step_is_left(kind: Kind, steps: int, forget: float = 1.0) -> float:
    """‖∂h_T / ∂x_1‖, Frobenius, of a fresh network of 16."""
    torch.manual_seed(1)
    stack = Stack(kind, 4, 16, fused=False).double()
    if kind == "lstm":
        cell = stack.cells[0]
        assert isinstance(cell, LSTMCell)
        nn.init.constant_(cell.enter.bias[16:32], forget)
    x = torch.randn(1, steps, 4).double().requires_grad_()
    h = stack(x)[0][0, -1]
    rows = [torch.autograd.grad(h[i], x, retain_graph=True)[0][0, 0] for i in range(16)]
    return float(torch.stack(rows).norm())


def test_slopes_vanish_in_the_vanilla_network_and_last_in_the_lstm() -> None:
    vanilla = [how_much_of_the_first_step_is_left("rnn", steps) for steps in (1, 10, 20, 40)]
    assert all(later < 0.1 * earlier for earlier, later in pairwise(vanilla))
    assert vanilla[-1] < 1e-6 * vanilla[0]
    left = [how_much_of_the_first_step_is_left("lstm", 40, forget) for forget in (0.0, 1.0, 4.0)]
    assert left[0] < left[1] < left[2]
    assert left[1] > 100 * vanilla[-1]
    assert left[2] > 0.1 * how_much_of_the_first_step_is_left("lstm", 1, 4.0)


def test_next_to_nothing_is_padding() -> None:
    dice = np.random.default_rng(0)
    lengths = dice.geometric(0.06, 20_000).astype(np.int64)  # from 1 to some 160 words
    turns = bucketed(lengths, 64, 3, 0)
    assert padding(lengths, turns) <= 0.05
    assert padding(lengths, [np.arange(i, i + 64) for i in range(0, 19_900, 64)]) > 0.5  # as they come
    assert all(len(turn) == 64 for turn in turns)
    assert all(bool((np.diff(lengths[turn]) <= 0).all()) for turn in turns)
    assert len(np.unique(np.concatenate(turns))) == 64 * len(turns) == 20_000 // 64 * 64
    again, other = bucketed(lengths, 64, 3, 0), bucketed(lengths, 64, 3, 1)
    assert all(np.array_equal(a, b) for a, b in zip(turns, again, strict=True))
    assert sorted(turns[0].tolist()) != sorted(other[0].tolist())
    judged = in_order(lengths, 64)
    assert sorted(np.concatenate(judged).tolist()) == list(range(20_000))
    assert padding(lengths, judged) < 0.02
