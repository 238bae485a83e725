"""Show, Attend and Tell against its formulas; hard attention against exact gradients."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from caption_case import CAPTIONS, FLAT, GRID, WORDS, alone, seen_batch, small
from looksay.nn.captioner import pack
from looksay.ops.decode import Words
from looksay.systems.caption import show_attend_tell
from looksay.systems.caption.show_attend_tell import MOMENTUM, ShowAttendTell, uneven


def attender(name: str = "show-attend-tell", **settings: Any) -> ShowAttendTell:
    system = small(name, **settings)
    assert isinstance(system, ShowAttendTell)
    return system


# -- soft attention --------------------------------------------------------------------------------------------------------------


def sigm(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def by_hand(system: ShowAttendTell, places: Tensor, words: list[int]) -> tuple[list[list[float]], list[list[float]]]:
    """Logits and looks as the paper writes them: e = v·tanh(W a + U h), α = softmax(e), z = β Σ α a, β = σ(w h), the LSTM of
    (E y, z, h), and logits L_o(E y + L_h h + L_z z)."""
    hidden = system.config.hidden
    at = {name: value.detach().double().numpy() for name, value in system.named_parameters()}
    a = places.double().numpy()
    first = np.tanh(at["first.weight"] @ a.mean(axis=0) + at["first.bias"])
    h, c = first[:hidden], first[hidden:]
    logits, looks = [], []
    for word in (0, *words):
        e = [at["match.weight"][0] @ np.tanh(at["key.weight"] @ place + at["key.bias"] + at["ask.weight"] @ h) for place in a]
        look = np.exp(e) / np.exp(e).sum()
        z = sigm(float((at["gate.weight"] @ h + at["gate.bias"])[0])) * sum(
            share * place for share, place in zip(look, a, strict=True)
        )
        y = at["embed.weight"][word]
        gates = at["lstm.enter.weight"] @ y + at["lstm.enter.bias"] + at["see_more.weight"] @ z + at["lstm.keep.weight"] @ h
        i, f, g, o = np.split(gates, 4)
        c = np.vectorize(sigm)(f) * c + np.vectorize(sigm)(i) * np.tanh(g)
        h = np.vectorize(sigm)(o) * np.tanh(c)
        out = y + at["say.weight"] @ h + at["say.bias"] + at["show.weight"] @ z
        logits.append((at["word.weight"] @ out + at["word.bias"]).tolist())
        looks.append(look.tolist())
    return logits, looks


def test_it_attends_and_tells_as_the_formulas_say() -> None:
    system = attender()
    with torch.no_grad():
        for parameter in system.parameters():
            parameter.mul_(2.0)  # far from where everything is linear
    batch = seen_batch(system, [[[4, 5, 9, 10, 7]], [[6, 6]]])
    seen = system.see(batch)
    for row, words in enumerate(([4, 5, 9, 10, 7], [6, 6])):
        logits, looks = by_hand(system, seen.regions[row], words)
        found, looked = alone(system, batch, row, words)
        assert found.numpy() == pytest.approx(np.array(logits), abs=1e-4)
        assert looked is not None
        assert looked.numpy() == pytest.approx(np.array(looks), abs=1e-5)


def test_looks_are_to_cover_the_picture() -> None:
    system = attender(cover=0.7)
    batch = seen_batch(system, CAPTIONS)
    out = system(batch)
    places, worth = GRID[0] * GRID[1], []
    for row, words in FLAT:
        _, looks = alone(system, batch, row, words)
        assert looks is not None
        total = [sum(float(look[place]) for look in looks) for place in range(places)]
        worth.append(sum((1 - places / len(looks) * each) ** 2 for each in total) / places**2)
    assert system.loss(out, batch)["cover"].item() == pytest.approx(0.7 * sum(worth) / len(worth), rel=1e-4)
    packed = pack([[torch.tensor([5, 6, 7])]], Words(0, 1))
    assert float(uneven(torch.full((4, 6), 1 / 6), packed)) == pytest.approx(0.0, abs=1e-9)
    assert float(uneven(torch.eye(4), packed)) == pytest.approx(0.0, abs=1e-9)
    assert float(uneven(torch.eye(6)[[2, 2, 2, 2]], packed)) == pytest.approx(1 - 1 / 6)


# -- hard attention --------------------------------------------------------------------------------------------------------------


class Fate:
    """Where it looks, one place a step, as if it had been drawn."""

    def __init__(self, system: ShowAttendTell, monkeypatch: pytest.MonkeyPatch) -> None:
        self.places: list[int] = []
        monkeypatch.setattr(system, "chosen", self.chosen)

    def chosen(self, logs: Tensor) -> Tensor:
        return torch.eye(logs.shape[1])[[self.places.pop(0)]]


def gradients(system: ShowAttendTell, total: Tensor) -> dict[str, Tensor]:
    learnt = {name: each for name, each in system.named_parameters() if each.requires_grad}
    found = torch.autograd.grad(total, list(learnt.values()), allow_unused=True)
    return {
        name: torch.zeros_like(each) if grad is None else grad for (name, each), grad in zip(learnt.items(), found, strict=True)
    }


@pytest.mark.parametrize(("words", "baseline"), [([], 0.0), ([5], 0.0), ([5], -2.5), ([5, 6], 4.0)])
def test_rewards_give_the_gradient_of_the_expected_likelihood(
    words: list[int], baseline: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Averaged over all draws. A look is rewarded by the word that follows it: with one word that is all there is to it."""
    system = attender("show-attend-tell-hard", entropy=0.0).train()
    with torch.no_grad():
        for name in ("match", "ask", "key", "see_more", "show"):
            getattr(system, name).weight.mul_(3.0)
    fate, batch = Fate(system, monkeypatch), seen_batch(system, [[words]], (1, 3))
    steps, packed = len(words) + 1, pack(batch.targets["captions"], system.special)
    estimate: dict[str, Tensor] = {}
    exact: dict[str, Tensor] = {}
    for places in product(range(3), repeat=steps):
        fate.places = list(places)
        system.baseline.fill_(baseline)
        out = system.told(system.see(batch), packed)
        looked = out.extra["logs"][range(steps), places]
        chance = looked.exp()
        parts = system.loss(out, batch)
        assert set(parts) == {"words", "reward", "entropy"}
        share = chance.detach().prod().item()
        for name, grad in gradients(system, parts["words"] + parts["reward"]).items():
            estimate[name] = estimate.get(name, 0) + share * grad
        fate.places = list(places)
        out = system.told(system.see(batch), packed)
        assert out.logits is not None
        chance = out.extra["logs"][range(steps), places].exp()
        said = out.logits.log_softmax(1)[range(steps), packed.next]
        # P(look t | looks before) log p(word t | looks so far); draws before t are weighed, but not learnt from by word t; each
        # comes once for all that may be drawn after it, which the weights of those add up to 1.
        before = torch.cat([torch.ones(1), chance[:-1].cumprod(0)]).detach()
        after = torch.cat([chance.flip(0).cumprod(0).flip(0)[1:], torch.ones(1)]).detach()
        for name, grad in gradients(system, -(before * chance * after * said).sum() / steps).items():
            exact[name] = exact.get(name, 0) + grad
    assert any(float(grad.abs().max()) > 1e-3 for name, grad in exact.items() if name.startswith(("match", "ask", "key")))
    for name, wanted in exact.items():
        torch.testing.assert_close(estimate[name], wanted, rtol=2e-3, atol=2e-6, msg=lambda text, name=name: f"{name}: {text}")


def test_the_baseline_follows_the_rewards_and_what_was_seen_softly_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    system = attender("show-attend-tell-hard", reward=2.0).train()
    packed = pack([[torch.tensor([5, 6])], [torch.tensor([7, 8])]], system.special)
    logits = torch.randn(6, len(WORDS))
    said = logits.log_softmax(1)[range(6), packed.next]
    logs = torch.randn(6, 4).log_softmax(1).requires_grad_()
    looks = torch.eye(4)[[0, 3, 1, 1, 2, 0]]
    looks[1::2] = logs.detach().exp()[1::2]
    system.baseline.fill_(-1.5)
    parts = system.rewarded(logs, looks, logits, packed)
    drawn = [(0, 0), (2, 1), (4, 2)]
    wanted = -2.0 * sum((float(said[row]) + 1.5) * logs[row, place].item() for row, place in drawn) / 6
    assert parts["reward"].item() == pytest.approx(wanted, rel=1e-5)
    assert float(system.baseline) == pytest.approx(-1.5 * MOMENTUM + (1 - MOMENTUM) * float(said.mean()), rel=1e-5)
    monkeypatch.setattr(show_attend_tell, "SOFT_SHARE", 0.25)
    torch.manual_seed(0)
    often = system.chosen(torch.tensor([[0.7, 0.2, 0.1]]).log().expand(8000, 3))
    hard = often[(often == 1).any(1)]
    assert len(hard) / 8000 == pytest.approx(0.75, abs=0.02)
    assert hard.mean(0).tolist() == pytest.approx([0.7, 0.2, 0.1], abs=0.02)


def test_entropy_keeps_from_deciding_early() -> None:
    """d(-H)/dz_k = p_k (log p_k + H)."""
    system = attender("show-attend-tell-hard", entropy=0.5, reward=0.0)
    packed = pack([[torch.tensor([5])], [torch.tensor([7])]], system.special)
    z = torch.randn(4, 5, requires_grad=True)
    parts = system.rewarded(z.log_softmax(1), torch.eye(5)[[0, 1, 2, 3]], torch.zeros(4, len(WORDS)), packed)
    parts["entropy"].backward()
    p = z.detach().softmax(1)
    entropy = -(p * p.log()).sum(1, keepdim=True)
    assert parts["entropy"].item() == pytest.approx(-0.5 * float(entropy.mean()))
    torch.testing.assert_close(z.grad, 0.5 / 4 * p * (p.log() + entropy))
