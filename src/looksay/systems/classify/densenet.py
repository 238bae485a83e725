"""DenseNet (Huang et al. 2017): every layer sees the outputs of all layers before it in its block, and adds a few channels."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from looksay.nn.blocks import counted, initialise, scaled
from looksay.nn.classifier import Classifier, Logits
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.registry import Card, system

PLANS: dict[int, tuple[int, int, tuple[int, ...]]] = {  # growth rate, channels of the first layer, layers of the four blocks
    121: (32, 64, (6, 12, 24, 16)),
    161: (48, 96, (6, 12, 36, 24)),
    169: (32, 64, (6, 12, 32, 32)),
    201: (32, 64, (6, 12, 48, 32)),
}
BOTTLENECK = 4  # the 1x1 convolution of a layer gives this many times the growth rate


@dataclass(frozen=True)
class DenseNetConfig:
    """`width` multiplies the growth rate and the first layer, `layers` the numbers of layers in the blocks."""

    depth: Literal[121, 161, 169, 201] = 121
    width: float = 1.0
    layers: float = 1.0


class DenseLayer(nn.Module):
    """Norm, ReLU, 1x1; norm, ReLU, 3x3: `growth` new channels."""

    def __init__(self, into: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(into)
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(into, BOTTLENECK * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(BOTTLENECK * growth)
        self.relu2 = nn.ReLU()
        self.conv2 = nn.Conv2d(BOTTLENECK * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        few = self.conv1(self.relu1(self.norm1(x)))
        new: Tensor = self.conv2(self.relu2(self.norm2(few)))
        return torch.cat((x, new), 1)


@system(
    Card(
        name="densenet",
        task="classify",
        title="DenseNet",
        paper="Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks",
        year=2017,
        rows=("C4",),
        summary="121 to 201 layers in four blocks, each layer fed with all before it; few parameters for its score.",
        deviations=("the storybook recipe has half the growth rate and 0.4 times the layers (2, 5, 10 and 6 for densenet-121)",),
        variants={f"densenet-{depth}": {"depth": depth} for depth in PLANS},
        published={f"densenet-{depth}": f"densenet{depth}" for depth in PLANS},
    )
)
class DenseNet(Classifier):
    Config = DenseNetConfig
    RECIPES = {
        "paper": Recipe(
            data="imagenet",
            stages=(
                Stage(
                    epochs=90, batch_size=256, img_size=224, lr=0.1, nesterov=True, weight_decay=1e-4, schedule="step",
                    milestones=(1 / 3, 2 / 3),
                    augment=Augment(
                        flip=0.5, crop=(0.08, 1.0), ratio=(0.75, 1.33), brightness=0.4, contrast=0.4, saturation=0.4,
                    ),
                ),
            ),
            expect=0.7498,
            note="one crop: 25.02 % top-1 error with 121 layers, 23.80 with 169, 22.58 with 201",
        ),
        "storybook": Recipe(
            settings={"width": 0.5, "layers": 0.4},
            stages=(
                Stage(
                    epochs=12, batch_size=64, img_size=128, optimizer="adamw", lr=3e-3, weight_decay=0.05, warmup=0.15,
                    clip=5.0, smoothing=0.05,
                    augment=GENTLE,
                ),
            ),
            expect=0.89,
            minutes=17,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: DenseNetConfig | None = None, prep: Prep | None = None) -> None:
        config = config or DenseNetConfig()
        super().__init__(classes, config, prep or Prep())
        growth, channels, blocks = PLANS[config.depth]
        growth, channels = scaled(growth, config.width), scaled(channels, config.width)
        parts: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv2d(3, channels, 7, 2, 3, bias=False),
            norm0=nn.BatchNorm2d(channels),
            relu0=nn.ReLU(),
            pool0=nn.MaxPool2d(3, 2, 1),
        )
        counts = [max(1, round(count * config.layers)) for count in blocks]
        for place, count in enumerate(counts, 1):
            layers = {f"denselayer{i + 1}": DenseLayer(channels + i * growth, growth) for i in range(count)}
            parts[f"denseblock{place}"] = nn.Sequential(OrderedDict(layers))
            channels += count * growth
            if place < len(counts):
                parts[f"transition{place}"] = _transition(channels)
                channels //= 2
        parts["norm5"] = nn.BatchNorm2d(channels)
        self.features = nn.Sequential(parts)
        self.relu5 = nn.ReLU()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, len(self.classes))
        initialise(self, self.classifier)

    @classmethod
    def rename(cls, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The published files are of a time when a layer's parts were called norm.1, conv.1, norm.2, conv.2."""
        old = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")
        return counted({old.sub(r"\1\2.", name): tensor for name, tensor in tensors.items()})

    def logits(self, x: Tensor) -> Logits:
        x = self.relu5(self.features(x))  # N 1024 7 7
        return Logits(self.classifier(torch.flatten(self.avgpool(x), 1)))

    def taps(self) -> dict[str, nn.Module]:
        return {**dict(self.features.named_children()), "relu5": self.relu5, "pool5": self.avgpool, "classifier": self.classifier}


def _transition(channels: int) -> nn.Sequential:
    """Half the channels, half the map."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(channels),
            relu=nn.ReLU(),
            conv=nn.Conv2d(channels, channels // 2, 1, bias=False),
            pool=nn.AvgPool2d(2, 2),
        )
    )
