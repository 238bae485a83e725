"""LRCN (Donahue et al. 2015): two LSTMs, one over the words, one that hears it and sees the picture at every step."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from looksay.nn.blocks import initialise
from looksay.nn.captioner import CaptionConfig, Captioner, Tensors
from looksay.nn.critic import judged
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.nn.recurrent import LSTMCell
from looksay.nn.seeing import Seen
from looksay.registry import Card, system


@system(
    Card(
        name="lrcn",
        task="caption",
        title="LRCN",
        paper="Donahue, Hendricks, Guadarrama, Rohrbach, Venugopalan, Saenko, Darrell: "
        "Long-term Recurrent Convolutional Networks for Visual Recognition and Description",
        year=2015,
        rows=("P3",),
        summary="The picture is an input at every step, to the second of two LSTMs; the first one reads the words (LRCN-2f).",
        deviations=(
            "the picture is seen by the house's small-m at 128 pixels, tuned to the words of captions (visual-concepts), not by "
            "CaffeNet or VGG",
        ),
    )
)
class LRCN(Captioner):
    RECIPES = judged({
        "storybook": Recipe(
            settings={"hidden": 192},
            stages=(
                Stage(
                    epochs=12, batch_size=32, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.01, warmup=0.05, clip=5.0,
                    augment=Augment(flip=0.5),
                ),
            ),
            metric="ciderd",
            start="visual-concepts",
            expect=0.69,
        ),
        "paper": Recipe(
            data="coco",
            settings={"embed": 1000, "hidden": 1000},
            stages=(
                Stage(
                    epochs=27, batch_size=100, img_size=128, optimizer="sgd", lr=0.01, schedule="step", gamma=0.5,
                    milestones=(0.18, 0.36, 0.55, 0.73, 0.9), clip=10.0,
                ),
            ),
            metric="ciderd",
            note="CaffeNet's features, 110,000 steps on COCO and Flickr30k",
        ),
    }, start="lrcn")  # fmt: skip

    def __init__(self, classes: Sequence[str], config: CaptionConfig | None = None, prep: Prep | None = None) -> None:
        super().__init__(classes, config, prep)
        config = self.config
        self.show = nn.Linear(self.depth, 4 * config.hidden)
        self.lstm1 = LSTMCell(config.embed, config.hidden)
        self.lstm2 = LSTMCell(config.hidden, config.hidden)
        self.word = nn.Linear(config.hidden, len(self.classes))
        initialise(self.show)
        initialise(self.word, self.word)

    def begin(self, seen: Seen) -> tuple[Tensors, Tensors]:
        shown = self.show(seen.whole)
        nothing = shown.new_zeros(len(shown), self.config.hidden)
        return (shown,), (nothing, nothing, nothing, nothing)

    def enter(self, x: Tensor) -> Tensor:
        entered: Tensor = self.lstm1.enter(x)
        return entered

    def advance(self, entered: Tensor, state: Tensors, fixed: Tensors) -> tuple[Tensor, Tensors, Tensor | None]:
        first = self.lstm1(entered, (state[0], state[1]))
        second = self.lstm2(self.lstm2.enter(first[0]) + fixed[0], (state[2], state[3]))
        return second[0], (*first, *second), None

    def spell(self, hidden: Tensor, x: Tensor) -> Tensor:
        logits: Tensor = self.word(hidden)
        return logits

    def taps(self) -> dict[str, nn.Module]:
        return {**super().taps(), "word": self.word}
