"""FCN carried on to every pixel: features are enlarged instead of scores. It begins with eyes that know what is at each place of
eight pixels, thinks once more about what lies together, and goes on to strides 4, 2 and 1, each with a look at the finer map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from torch import Tensor, nn

from looksay.nn.backbone import BackboneSize, Join, Step
from looksay.nn.blocks import initialise, scaled
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Recipe, Stage
from looksay.nn.seeing import Sight, sighted
from looksay.nn.segmenter import Maps, SegmentConfig, Segmenter
from looksay.registry import Card, system

ROUND = Stage(
    name="coarse", epochs=5, batch_size=16, img_size=128, optimizer="adamw", lr=1.5e-3, weight_decay=0.05, warmup=0.1, clip=5.0,
    augment=GENTLE,
)  # fmt: skip


@dataclass(frozen=True)
class FineConfig(SegmentConfig):
    """`blocks` of two layers at stride 8; `quarter` channels at stride 4, `half` at 2, `full` at every pixel."""

    size: BackboneSize = "m"
    width: float = 1.0
    blocks: int = 1
    quarter: int = 64
    half: int = 32
    full: int = 32
    side: int = 128
    grain: int = 2


@system(
    Card(
        name="fcn-fine",
        task="segment",
        title="FCN down to the pixel",
        paper="Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation",
        year=2015,
        rows=("S2", "S3"),
        summary="A fully convolutional network that enlarges features instead of scores, and goes on to every pixel.",
        deviations=(
            "features are enlarged and added on the way, and are scored once, at the end",
            "the maps of strides 4 to 32 are added as in a feature pyramid (Lin et al. 2017) and gathered at stride 8, where a "
            "residual block sees what lies together; transposed convolutions lead on to strides 4, 2 and 1",
            "it stands on the house's small networks, and begins with the eyes of visual-concepts, which have learnt place by "
            "place what things are; not with a classifier",
            "a step learns from a quarter of the pixels, another one each time",
        ),
    )
)  # fmt: skip
class FCNFine(Segmenter):
    Config = FineConfig
    RECIPES = {
        "storybook": Recipe(
            stages=(ROUND, replace(ROUND, name="fine", lr=1e-3, warmup=0.05)),
            data="storybook:train=24000",
            metric="miou",
            enlarge=1.25,
            start="visual-concepts",
            expect=0.865,
            minutes=93,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: FineConfig | None = None, prep: Prep | None = None) -> None:
        config = config or FineConfig()
        super().__init__(classes, config, prep)
        quarter, half, full = (scaled(many, config.width) for many in (config.quarter, config.half, config.full))
        self.eyes = Sight(config.size, config.width)
        first = self.eyes.body.stem[0]
        assert isinstance(first, nn.Conv2d)
        self.context = nn.Sequential(*(Step(self.eyes.depth, self.eyes.depth, 1) for _ in range(config.blocks)))
        self.join4 = Join(self.eyes.depth, self.eyes.merge.smooth.out_channels, quarter)
        self.join2 = Join(quarter, first.out_channels, half)
        self.join1 = Join(half, first.in_channels, full)
        self.score = nn.Conv2d(full, len(self.classes), 1)
        initialise(self.context)
        initialise(self.score, self.score)

    def maps(self, x: Tensor) -> Maps:
        c1, maps = self.eyes.body.levels(x)  # N 32 H/2 W/2
        near, _ = self.eyes.merge(maps)  # N 64 H/4 W/4
        seen = self.context(self.eyes.places(near, x))  # N 128 H/8 W/8
        out = self.join1(self.join2(self.join4(seen, near), c1), x)  # N 32 H W
        return Maps(self.score(out), (x.shape[3], x.shape[2]))

    def taps(self) -> dict[str, nn.Module]:
        body = self.eyes.body
        parts: dict[str, nn.Module] = {"c1": body.stem[2], "c2": body.c2, "c3": body.c3, "c4": body.c4, "c5": body.c5}
        parts |= {"merge": self.eyes.merge, "places": self.eyes.relu, "context": self.context}
        return {**parts, "join4": self.join4, "join2": self.join2, "join1": self.join1, "score": self.score}

    def adopt(self, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The eyes of a captioner, a detector's layers, or a classifier's as the body."""
        return {**{f"eyes.body.{name}": tensor for name, tensor in tensors.items()}, **sighted(tensors)}
