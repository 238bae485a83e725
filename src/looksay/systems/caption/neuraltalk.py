"""NeuralTalk (Karpathy and Fei-Fei 2015): a plain recurrent network whose first state is the picture."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from looksay.nn.blocks import initialise
from looksay.nn.captioner import CaptionConfig, Captioner, Tensors
from looksay.nn.critic import judged
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.nn.recurrent import RNNCell
from looksay.nn.seeing import Seen
from looksay.registry import Card, system


@system(
    Card(
        name="neuraltalk",
        task="caption",
        title="NeuralTalk",
        paper="Karpathy, Fei-Fei: Deep Visual-Semantic Alignments for Generating Image Descriptions",
        year=2015,
        rows=("P1",),
        summary="A vanilla recurrent network writes the caption; the embedded picture is its first state.",
        deviations=(
            "the picture is seen by the house's small-m at 128 pixels, tuned to captions' words (visual-concepts), not by VGG",
            "tanh in place of a rectifier in the state, which grew without bounds; learnt by AdamW",
            "ranking pictures by sentences is a system of its own: deep-image-sent",
        ),
    )
)
class NeuralTalk(Captioner):
    RECIPES = judged({
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=12, batch_size=32, img_size=128, optimizer="adamw", lr=1e-3, weight_decay=0.01, warmup=0.05, clip=5.0,
                    augment=Augment(flip=0.5),
                ),
            ),
            metric="ciderd",
            start="visual-concepts",
            expect=0.25,
        ),
        "paper": Recipe(
            data="coco",
            settings={"embed": 300, "hidden": 512, "dropout": 0.5},
            stages=(Stage(epochs=50, batch_size=100, img_size=128, optimizer="rmsprop", lr=4e-4, schedule="constant", clip=5.0),),
            metric="ciderd",
            note="VGG's features; BLEU-4 23.0, METEOR 19.5, CIDEr 66.0 on COCO",
        ),
    }, start="neuraltalk")  # fmt: skip

    def __init__(self, classes: Sequence[str], config: CaptionConfig | None = None, prep: Prep | None = None) -> None:
        super().__init__(classes, config, prep)
        config = self.config
        self.show = nn.Linear(self.depth, config.hidden)
        self.rnn = RNNCell(config.embed, config.hidden)
        self.tanh = nn.Tanh()
        self.word = nn.Linear(config.hidden, len(self.classes))
        initialise(self.show)
        initialise(self.word, self.word)

    def begin(self, seen: Seen) -> tuple[Tensors, Tensors]:
        return (), (self.tanh(self.show(seen.whole)),)

    def enter(self, x: Tensor) -> Tensor:
        entered: Tensor = self.rnn.enter(x)
        return entered

    def advance(self, entered: Tensor, state: Tensors, fixed: Tensors) -> tuple[Tensor, Tensors, Tensor | None]:
        after = self.rnn(entered, state)
        return after[0], after, None

    def spell(self, hidden: Tensor, x: Tensor) -> Tensor:
        logits: Tensor = self.word(hidden)
        return logits

    def taps(self) -> dict[str, nn.Module]:
        return {**super().taps(), "word": self.word}
