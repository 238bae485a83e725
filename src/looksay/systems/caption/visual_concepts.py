"""Visual concepts (Fang et al. 2015): which words a picture's captions have, and where in the picture each comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.backbone import BackboneSize
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.nn.seeing import Sight, sighted
from looksay.nn.system import Batch, System
from looksay.nn.vocabulary import Vocabulary
from looksay.registry import Card, system
from looksay.scene import Heat, Label, Labels, Scene

RARE = -4.0  # log odds that each place begins with: a word is at few of them
MOST = 20  # words of a picture


@dataclass(frozen=True)
class ConceptsConfig:
    """`traits` ('colour red') are learnt as well, where the data says what things are like; they count `known` times."""

    size: BackboneSize = "m"
    width: float = 1.0
    traits: tuple[str, ...] = ()
    known: float = 4.0


@dataclass
class Signs:
    """`places` (N, V, h, w): the log odds of each word at each place; `logs` (N, V): log-probability that it is at none; `traits`
    (N, T, h, w): what a thing at each place would be like."""

    places: Tensor
    logs: Tensor
    traits: Tensor | None = None


@system(
    Card(
        name="visual-concepts",
        task="caption",
        title="Visual concepts",
        paper="Fang, Gupta, Iandola, Srivastava, Deng, Dollár, Gao, He, Mitchell, Platt, Zitnick, Zweig: "
        "From Captions to Visual Concepts and Back",
        year=2015,
        rows=("P2",),
        summary="Learns from captions alone which words a picture calls for: a word is there if any place shows it (noisy or). "
        "The captioners look through its eyes.",
        deviations=(
            "only the first of the paper's three parts: no language model on top of the words",
            "the house's small-m, as the detector faster-r-cnn has tuned it: it begins with knowing what is where",
            "where the data says what things are like (colours, actions, which way they face), it learns that besides, place by "
            "place, as eyes have been taught for captions later (Anderson et al. 2018); captions alone name too little",
        ),
    )
)
class VisualConcepts(System[Signs]):
    Config = ConceptsConfig
    RECIPES = {
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=6, batch_size=16, img_size=128, optimizer="adamw", lr=8e-4, weight_decay=0.05, warmup=0.1, clip=10.0,
                    augment=Augment(flip=0.5),
                ),
            ),
            data="storybook:train=24000",
            metric="words",
            start="faster-r-cnn",
            expect=0.38,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: ConceptsConfig | None = None, prep: Prep | None = None) -> None:
        config = config or ConceptsConfig()
        super().__init__(classes, config, prep or Prep((128, 128), "stretch", 128))
        self.vocabulary = Vocabulary.from_classes(classes)
        self.eyes = Sight(config.size, config.width)
        self.like = nn.Conv2d(self.eyes.depth, len(config.traits), 1) if config.traits else None
        self.sign = nn.Conv2d(self.eyes.depth, len(self.classes), 1)
        nn.init.normal_(self.sign.weight, 0.0, 0.01)
        assert self.sign.bias is not None
        nn.init.constant_(self.sign.bias, RARE)

    @classmethod
    def size_for(cls, config: ConceptsConfig) -> int:
        return 128

    def adopt(self, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return sighted(tensors)

    def forward(self, batch: Batch) -> Signs:
        seen = self.eyes(batch.pictures)
        places = self.sign(seen).float()
        traits = self.like(seen).float() if self.like is not None and "traits" in batch.targets else None
        return Signs(places, -F.softplus(places).flatten(2).sum(dim=2), traits)

    def truth(self, batch: Batch) -> Tensor:
        """(N, V) 1 for each word of each picture's captions."""
        found = torch.zeros(len(batch), len(self.classes), device=batch.pictures.device)
        for row, captions in zip(found, batch.targets["captions"], strict=True):
            if captions:
                row[torch.cat(list(captions))] = 1.0
        return found

    def loss(self, out: Signs, batch: Batch) -> dict[str, Tensor]:
        there = self.truth(batch)
        there_log = torch.log(-torch.expm1(out.logs.clamp(max=-1e-6)))  # log(1 - Π(1 - p))
        parts = {"words": -(there * there_log + (1 - there) * out.logs).mean(dim=0).sum()}
        return parts if out.traits is None else {**parts, "traits": self.config.known * self.unlike(out.traits, batch)}

    def unlike(self, said: Tensor, batch: Batch) -> Tensor:
        """Mean over things, in nats, summed over what is known of them: a thing's places count as much as it covers of them."""
        total, things = said.sum() * 0.0, 0
        groups = [trait.partition(" ")[0] for trait in self.config.traits]
        ends = [place for place in range(len(groups)) if not place or groups[place] != groups[place - 1]] + [len(groups)]
        for logits, spots, true in zip(said, batch.targets["spots"], batch.targets["traits"], strict=True):
            parts = logits.split([end - start for start, end in pairwise(ends)])
            logs = torch.cat([part.log_softmax(dim=0) for part in parts])  # T h w
            likely = spots.to(logs.device).flatten(1) @ logs.flatten(1).T  # n T
            total = total - (likely * true.to(logs.device)).sum()
            things += len(true)
        return total / max(things, 1)

    def read(self, out: Signs, batch: Batch) -> list[Scene]:
        scenes = []
        chances = -torch.expm1(out.logs)
        for row, (chance, places) in enumerate(zip(chances, out.places, strict=True)):
            best = chance.topk(min(MOST, len(self.classes)))
            names = [self.classes[place] for place in best.indices.tolist()]
            maps = places[best.indices].detach().sigmoid().cpu().numpy()
            labels = Labels(tuple(Label(name, min(score, 1.0)) for name, score in zip(names, best.values.tolist(), strict=True)))
            heats = tuple(Heat(name, each, "noisy or") for name, each in zip(names, maps, strict=True))
            scenes.append(batch.scene(row, labels=labels, heats=heats))
        return scenes

    def aim(self, out: Signs, what: str) -> Tensor:
        odds = torch.log(-torch.expm1(out.logs.clamp(max=-1e-6))) - out.logs
        return odds[:, self.index(what)] if what else odds.max(dim=1).values

    def taps(self) -> dict[str, nn.Module]:
        return {**self.eyes.body.taps(), "sign": self.sign}
