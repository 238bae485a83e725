"""What an LSTM remembers and a vanilla RNN does not: a symbol is shown, then come others that do not matter, then the first one
is asked for. For each delay the networks learn from sequences with that delay alone; the curve is how often each then knows the
symbol. Beside it what is left, before any learning, of the slope that has to teach them: ‖∂h/∂x_1‖ at the question, against
that at the shortest delay. The LSTM begins once with the usual bias of its forget gates, and once with one by which it keeps
all but two hundredths of its memory at each step.

Writes results/long_memory.csv and docs/pictures/long_memory.png; under ten minutes on one thread.

    python benchmarks/long_memory.py [--steps 600] [--seeds 3] [--folder .]
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.disk import write_atomically
from looksay.nn.chance import hash_of
from looksay.nn.recurrent import Kind, LSTMCell, Stack
from looksay.show.plots import Curve, curves

SYMBOLS = 8
ASK = SYMBOLS
HIDDEN, BATCH = 64, 64
# Cell, and the first bias of its forget gates.
NETWORKS: dict[str, tuple[Kind, float]] = {
    "vanilla RNN": ("rnn", 0.0),
    "LSTM": ("lstm", 1.0),
    "LSTM, forget bias 4": ("lstm", 4.0),
}
DELAYS = (1, 5, 10, 20, 40, 80, 120)
JUDGED = 512


def task(delay: int, count: int, dice: torch.Generator) -> tuple[Tensor, Tensor]:
    """(count, delay + 2): the symbol that counts, `delay` of the same kinds that do not, the question; and the answers."""
    said = torch.randint(0, SYMBOLS, (count, delay + 2), generator=dice)
    said[:, -1] = ASK
    return said, said[:, 0].clone()


class Recaller(nn.Module):
    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self.body, self.fc = Stack(kind, ASK + 1, HIDDEN), nn.Linear(HIDDEN, SYMBOLS)

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, ASK + 1), one number a symbol, to (N, SYMBOLS)."""
        answer: Tensor = self.fc(self.body(x)[0][:, -1])
        return answer


def spread(said: Tensor) -> Tensor:
    return F.one_hot(said, ASK + 1).float()


def fresh(name: str, seed: int) -> Recaller:
    kind, forget = NETWORKS[name]
    torch.manual_seed(seed)
    net = Recaller(kind)
    if kind == "lstm":
        cell = net.body.cells[0]
        assert isinstance(cell, LSTMCell)
        nn.init.constant_(cell.enter.bias[HIDDEN : 2 * HIDDEN], forget)
    return net


def learn(net: Recaller, delay: int, steps: int, dice: torch.Generator) -> None:
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(steps):
        said, wanted = task(delay, BATCH, dice)
        optimizer.param_groups[0]["lr"] = 3e-3 * (1 - step / steps)
        loss = F.cross_entropy(net(spread(said)), wanted)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()


def left(net: Recaller, delay: int) -> float:
    """‖∂h/∂x_1‖ at the first question, mean of 16 sequences."""
    x = spread(task(delay, 16, torch.Generator().manual_seed(0))[0]).requires_grad_()
    h = net.body(x)[0][:, -1]
    rows = [torch.autograd.grad(h[:, i].sum(), x, retain_graph=True)[0][:, 0] for i in range(HIDDEN)]
    return float(torch.stack(rows, dim=1).flatten(1).norm(dim=1).mean())


def rows_of(name: str, steps: int, seed: int) -> Iterator[dict[str, float | int | str]]:
    first = left(fresh(name, seed), 1)
    for delay in DELAYS:
        net, dice = fresh(name, seed), torch.Generator().manual_seed(hash_of(seed, delay))
        share = left(net, delay) / first
        learn(net, delay, steps, dice)
        said, wanted = task(delay, JUDGED, dice)
        with torch.inference_mode():
            right = float((net(spread(said)).argmax(dim=1) == wanted).float().mean())
        yield {"network": name, "seed": seed, "delay": delay, "recalled": round(right, 4), "slope_left": float(f"{share:.3g}")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent.parent)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name in NETWORKS:
        for seed in range(options.seeds):
            for row in rows_of(name, options.steps, seed):
                rows.append(row)
                print(*row.values(), sep="\t", flush=True)
    (options.folder / "results").mkdir(parents=True, exist_ok=True)
    (options.folder / "docs" / "pictures").mkdir(parents=True, exist_ok=True)
    with open(options.folder / "results" / "long_memory.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    lines = []
    for name in NETWORKS:
        found = np.array(
            [[row["recalled"] for row in rows if (row["network"], row["delay"]) == (name, d)] for d in DELAYS], float
        )
        lines.append(Curve(name, DELAYS, found.mean(axis=1), found.min(axis=1), found.max(axis=1)))
    lines.append(Curve("chance", DELAYS, [1 / SYMBOLS] * len(DELAYS)))
    picture = curves(lines, "symbols in between", "share recalled", "png")
    write_atomically(options.folder / "docs" / "pictures" / "long_memory.png", picture)


if __name__ == "__main__":
    main()
