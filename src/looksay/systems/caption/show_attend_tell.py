"""Show, Attend and Tell (Xu et al. 2015): before each word it looks somewhere, softly everywhere at once or hard at one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.blocks import initialise
from looksay.nn.captioner import CaptionConfig, Captioner, Packed, Tensors, Told
from looksay.nn.critic import judged
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.nn.recurrent import LSTMCell
from looksay.nn.seeing import Seen
from looksay.nn.system import Batch
from looksay.registry import Card, system

MOMENTUM = 0.9  # of the baseline that rewards are compared with
SOFT_SHARE = 0.5  # of the captions that hard attention learns from in a step look softly


@dataclass(frozen=True)
class AttendConfig(CaptionConfig):
    """`cover` weighs how unevenly the looks of a caption cover the picture (doubly stochastic attention). Hard attention learns
    where to look from rewards, weighed by `reward`, and is kept from deciding too early by `entropy`."""

    attention: Literal["soft", "hard"] = "soft"
    look: int = 64
    cover: float = 1.0
    reward: float = 1.0
    entropy: float = 0.002


@system(
    Card(
        name="show-attend-tell",
        task="caption",
        title="Show, Attend and Tell",
        paper="Xu, Ba, Kiros, Cho, Courville, Salakhutdinov, Zemel, Bengio: "
        "Show, Attend and Tell: Neural Image Caption Generation with Visual Attention",
        year=2015,
        rows=("P4", "E2"),
        summary="A distribution over the places of the picture before each word; soft attention takes their weighted sum, hard "
        "attention one of them, drawn by chance, and learns from rewards.",
        deviations=(
            "the picture is 16 x 16 regions, seen by the house's small-m at 128 pixels, tuned to the words of captions "
            "(visual-concepts), not 14 x 14 of VGG",
            "the doubly stochastic term is averaged over captions, and counts in shares of the greatest that it can be, so that "
            "neither the number of places nor of words changes its weight",
            "hard attention looks at the likeliest place when it is not learning; the reward of a look is the log-probability "
            "of the word that follows it, not of the rest of the caption",
        ),
        variants={"show-attend-tell": {}, "show-attend-tell-hard": {"attention": "hard"}},
    )
)
class ShowAttendTell(Captioner):
    Config = AttendConfig
    baseline: Tensor
    RECIPES = judged({
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=9, batch_size=32, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.01, warmup=0.05, clip=5.0,
                    augment=Augment(flip=0.5),
                ),
            ),
            metric="ciderd",
            start="visual-concepts",
            expect=0.88,
        ),
        "paper": Recipe(
            data="coco",
            settings={"embed": 512, "hidden": 1800, "look": 512, "dropout": 0.5},
            stages=(Stage(epochs=25, batch_size=64, img_size=224, optimizer="adam", lr=1e-3, schedule="constant", clip=5.0),),
            metric="ciderd",
            note="VGG's features; BLEU-4 24.3 soft and 25.0 hard, METEOR 23.90 and 23.04, on COCO",
        ),
    }, start="show-attend-tell")  # fmt: skip

    def __init__(self, classes: Sequence[str], config: AttendConfig | None = None, prep: Prep | None = None) -> None:
        super().__init__(classes, config, prep)
        config = self.config
        depth, hidden = self.depth, config.hidden
        self.first = nn.Linear(depth, 2 * hidden)  # the state that it begins with
        self.tanh = nn.Tanh()
        self.key = nn.Linear(depth, config.look)
        self.ask = nn.Linear(hidden, config.look, bias=False)
        self.match = nn.Linear(config.look, 1, bias=False)
        self.gate = nn.Linear(hidden, 1)  # β: how much the picture matters for this word
        self.lstm = LSTMCell(config.embed, hidden)
        self.see_more = nn.Linear(depth, 4 * hidden, bias=False)  # the looked-at, as the LSTM's input
        self.say = nn.Linear(hidden, config.embed)
        self.show = nn.Linear(depth, config.embed, bias=False)
        self.word = nn.Linear(config.embed, len(self.classes))
        for part in (self.first, self.key, self.ask, self.match, self.gate, self.see_more, self.say, self.show):
            nn.init.xavier_uniform_(part.weight)
        initialise(self.word, self.word)
        self.register_buffer("baseline", torch.zeros(()))

    def begin(self, seen: Seen) -> tuple[Tensors, Tensors]:
        state = self.tanh(self.first(seen.whole)).chunk(2, dim=1)
        keys = self.key(seen.regions)
        return (seen.regions.to(keys.dtype), keys), (state[0], state[1])

    def enter(self, x: Tensor) -> Tensor:
        entered: Tensor = self.lstm.enter(x)
        return entered

    def looks(self, hidden: Tensor, keys: Tensor) -> Tensor:
        """(R, L) log-probabilities of looking at each place."""
        scores: Tensor = self.match(self.tanh(keys + self.ask(hidden)[:, None]))[..., 0]  # R L
        return scores.float().log_softmax(dim=1)

    def advance(self, entered: Tensor, state: Tensors, fixed: Tensors) -> tuple[Tensor, Tensors, Tensor | None]:
        regions, keys = fixed
        logs = self.looks(state[0], keys)
        weights = self.chosen(logs)
        seen = torch.bmm(weights[:, None].to(regions.dtype), regions)[:, 0] * self.gate(state[0]).sigmoid()  # R D
        after = self.lstm(entered + self.see_more(seen), state)
        looked = torch.cat([logs, weights], dim=1) if self.draws else weights
        return torch.cat([after[0], seen], dim=1), after, looked

    @property
    def draws(self) -> bool:
        """Whether it looks by chance, and must know how likely each look was."""
        return self.training and self.config.attention == "hard"

    def chosen(self, logs: Tensor) -> Tensor:
        """(R, L) how much of each place is seen."""
        if self.config.attention == "soft":
            return logs.exp()
        if not self.training:
            return F.one_hot(logs.argmax(dim=1), logs.shape[1]).float()
        drawn = F.one_hot(torch.multinomial(logs.detach().exp(), 1)[:, 0], logs.shape[1]).float()
        softly = torch.rand(len(logs), 1, device=logs.device) < SOFT_SHARE
        return torch.where(softly, logs.exp(), drawn)

    def spell(self, hidden: Tensor, x: Tensor) -> Tensor:
        state, seen = hidden[:, : self.config.hidden], hidden[:, self.config.hidden :]
        logits: Tensor = self.word(x + self.say(state) + self.show(seen))
        return logits

    def told(self, seen: Seen, packed: Packed) -> Told:
        out = super().told(seen, packed)
        if self.draws and out.looks is not None:
            places = out.looks.shape[1] // 2
            out.extra["logs"], out.looks = out.looks[:, :places], out.looks[:, places:]
        return out

    def loss(self, out: Told, batch: Batch) -> dict[str, Tensor]:
        parts = super().loss(out, batch)
        if "gain" in out.extra:
            return parts
        assert out.packed is not None
        assert out.logits is not None
        assert out.looks is not None
        if self.config.attention == "soft":
            return {**parts, "cover": self.config.cover * uneven(out.looks, out.packed)}
        if "logs" not in out.extra:
            return parts
        return {**parts, **self.rewarded(out.extra["logs"], out.looks, out.logits, out.packed)}

    def rewarded(self, logs: Tensor, looks: Tensor, logits: Tensor, packed: Packed) -> dict[str, Tensor]:
        """REINFORCE: a look that was followed by a likelier word than usual becomes likelier. What was seen softly has its
        gradient already."""
        said = -F.cross_entropy(logits.detach().float(), packed.next, reduction="none")
        drawn = (looks.detach() == 1).any(dim=1)
        if self.training:
            now = said.mean()
            fresh = torch.where(self.baseline == 0, now, MOMENTUM * self.baseline + (1 - MOMENTUM) * now)
            gain = (said - self.baseline.clone()) * drawn
            self.baseline.copy_(fresh)
        else:
            gain = (said - self.baseline) * drawn
        taken = (logs * looks.detach()).sum(dim=1)
        entropy = -(logs.exp() * logs).sum(dim=1)
        return {
            "reward": -self.config.reward * (gain * taken).mean(),
            "entropy": -self.config.entropy * entropy.mean(),
        }

    def taps(self) -> dict[str, nn.Module]:
        return {**super().taps(), "word": self.word}


def uneven(looks: Tensor, packed: Packed) -> Tensor:
    """Mean over captions of Σ (1 - L/T Σ looks)² / L², over L places and T words: 0 where each place is seen as much as any
    other, 1 - 1/L where one place is all that is ever seen. `looks` (P, L)."""
    rows = torch.cat([torch.arange(size, device=looks.device) for size in packed.sizes])
    total = looks.new_zeros(len(packed.owner), looks.shape[1]).index_add(0, rows, looks)
    words = torch.bincount(rows, minlength=len(total)).to(looks.dtype)[:, None]
    return (1 - total * (looks.shape[1] / words)).square().mean() / looks.shape[1]
