"""Show and Tell (Vinyals et al. 2015): an LSTM that is shown the picture once, before the first word."""

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
        name="show-and-tell",
        task="caption",
        title="Show and Tell",
        paper="Vinyals, Toshev, Bengio, Erhan: Show and Tell: A Neural Image Caption Generator",
        year=2015,
        rows=("P2",),
        summary="The picture is the LSTM's first input, its own words are the next; the words' log-probabilities are learnt.",
        deviations=(
            "the picture is seen by the house's small-m at 128 pixels, tuned to the words of captions (visual-concepts), not by "
            "GoogLeNet; the mean over its places is what is known of the picture",
            "one network, not an ensemble",
        ),
    )
)
class ShowAndTell(Captioner):
    RECIPES = judged({
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=12, batch_size=32, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.01, warmup=0.05, clip=5.0,
                    augment=Augment(flip=0.5),
                ),
            ),
            metric="ciderd",
            start="visual-concepts",
            expect=0.53,
        ),
        "paper": Recipe(
            data="coco",
            settings={"embed": 512, "hidden": 512, "dropout": 0.3},
            stages=(Stage(epochs=20, batch_size=32, img_size=128, optimizer="sgd", lr=2.0, schedule="step", clip=5.0),),
            metric="ciderd",
            note="GoogLeNet's features, beams of 20 sentences; BLEU-4 27.7, METEOR 23.7, CIDEr 85.5 on COCO's development set",
        ),
    }, start="show-and-tell")  # fmt: skip

    def __init__(self, classes: Sequence[str], config: CaptionConfig | None = None, prep: Prep | None = None) -> None:
        super().__init__(classes, config, prep)
        config = self.config
        self.show = nn.Linear(self.depth, config.embed)
        self.lstm = LSTMCell(config.embed, config.hidden)
        self.word = nn.Linear(config.hidden, len(self.classes))
        initialise(self.show)
        initialise(self.word, self.word)

    def begin(self, seen: Seen) -> tuple[Tensors, Tensors]:
        x = self.show(seen.whole)
        nothing = x.new_zeros(len(x), self.config.hidden)
        state: Tensors = self.lstm(self.lstm.enter(x), (nothing, nothing))
        return (), state

    def enter(self, x: Tensor) -> Tensor:
        entered: Tensor = self.lstm.enter(x)
        return entered

    def advance(self, entered: Tensor, state: Tensors, fixed: Tensors) -> tuple[Tensor, Tensors, Tensor | None]:
        after = self.lstm(entered, state)
        return after[0], after, None

    def spell(self, hidden: Tensor, x: Tensor) -> Tensor:
        logits: Tensor = self.word(hidden)
        return logits

    def taps(self) -> dict[str, nn.Module]:
        return {**super().taps(), "word": self.word}
