"""Learning from what a captioner says by itself: its own words among those that it is told, and rewards for whole captions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from looksay.nn.chance import dice
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.ops.decode import Speech, Words

CRITIC = "critic"  # the stage that learns from rewards
Critic = Callable[[Sequence[str], Sequence[Sequence[str]]], Sequence[float]]  # captions, references of each → rewards


def judged(recipes: Mapping[str, Recipe], start: str) -> Mapping[str, Recipe]:
    """With the recipe 'critic': shipped weights of `start`, or those that are named, go on by self-critical training (Rennie et
    al. 2017)."""
    usual = recipes["storybook"]
    stage = Stage(
        name=CRITIC, epochs=4, batch_size=32, img_size=128, optimizer="adamw", lr=1e-4, weight_decay=0.0, schedule="constant",
        clip=1.0, augment=Augment(flip=0.5),
    )  # fmt: skip
    note = "a caption drawn by chance is learnt as far as its CIDEr-D is above that of the likeliest one's words"
    return {**recipes, CRITIC: replace(usual, stages=(stage,), start=start, note=note)}


def own_words(logits: Tensor, said: Tensor, words: Words, share: float) -> Tensor:
    """(R,) some of the words `said` replaced by those that the network, whose `logits` (R, V) those are, would have said there:
    drawn by their probability, `share` of them by chance (scheduled sampling, Bengio et al. 2015). None is special."""
    chance = torch.rand(2, len(said), generator=dice()).to(said.device)
    logits = logits.float()
    logits[:, [*words.never, words.start, words.stop]] = -math.inf
    reached = logits.softmax(dim=1).double().cumsum(dim=1)
    own = (reached <= chance[1, :, None] * reached[:, -1:]).sum(dim=1)
    return torch.where(chance[0] < share, own, said)


def log_chances(logits: Tensor, follow: Tensor, sizes: Sequence[int], words: Words, how: Speech) -> Tensor:
    """(P,) log-probability with which `draw` takes each word of packed captions: of what it may say there, nothing else."""
    turns = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes)).to(logits.device)
    banned = torch.zeros(logits.shape, dtype=torch.bool, device=logits.device)
    banned[:, [*words.never, words.start]] = True
    banned[:, words.stop] = turns < how.least
    logs = logits.float().masked_fill(banned, -math.inf).log_softmax(dim=1).gather(1, follow[:, None])[:, 0]
    return logs.masked_fill(turns >= how.most, 0.0)  # there is nothing but to stop
