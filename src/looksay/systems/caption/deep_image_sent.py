"""DeepImageSent (Karpathy and Fei-Fei 2015): places of pictures and words of sentences in one space, where a picture can be found
by a sentence and a sentence by a picture."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence

from looksay.errors import BadValue
from looksay.nn.backbone import BackboneSize
from looksay.nn.blocks import initialise
from looksay.nn.chance import Dropout
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.nn.recurrent import Stack
from looksay.nn.seeing import Seeing
from looksay.nn.system import Batch
from looksay.nn.vocabulary import Vocabulary, caption_words, readable
from looksay.registry import Card, system
from looksay.scene import Caption, Heat, Label, Labels, Scene

MARGIN = 1.0  # by which a picture's own sentence should win
MOST = 10  # words of a picture
AT_ONCE = 1 << 23  # products of a place and a word held in memory


@dataclass(frozen=True)
class DeepImageSentConfig:
    """`space` is how many numbers a place and a word have in common; a word is `embed` numbers, the states are `hidden` in each
    direction."""

    size: BackboneSize = "m"
    width: float = 1.0
    frozen: bool = True
    embed: int = 128
    hidden: int = 128
    space: int = 128
    dropout: float = 0.3


class Fragments(NamedTuple):
    """The words of M sentences: `words` (P, E) vectors, and the `sentence` (P,) that each belongs to, in reading order within
    it."""

    words: Tensor
    sentence: Tensor
    total: int

    def of(self, sentence: int) -> Tensor:
        return self.words[self.sentence == sentence]


@dataclass
class Matched:
    """`places` (N, L + 1, E): each place of the `grid` and, last, the whole picture. Where captions were given, they are `told`,
    and `owner` (M,) is the picture of each."""

    places: Tensor
    grid: tuple[int, int]
    told: Fragments | None = None
    owner: Tensor | None = None


def match(places: Tensor, told: Fragments) -> Tensor:
    """(N, M): how well each picture fits each sentence. Every word counts with the place that fits it best."""
    count, kept = places.shape[:2]
    words = told.words.to(places.dtype)
    # max remembers where it was found, so that learning need not compare all places again, as it does after amax
    rows = max(1, AT_ONCE // max(kept * len(words), 1))
    found = []
    for some in torch.split(places, rows):
        best = (some.reshape(-1, some.shape[2]) @ words.T).view(len(some), kept, -1).max(dim=1).values.float()
        found.append(best.new_zeros(len(some), told.total).index_add(1, told.sentence, best))
    return torch.cat(found) if found else places.new_zeros(count, told.total)


def margins(scores: Tensor, owner: Tensor) -> tuple[Tensor, Tensor]:
    """How far what is wrong comes within the margin of what is right, of `scores` (N, M): (finding pictures, finding sentences).

    For each of the M sentences the pictures that are not its `owner` are summed over, and the sentences of other pictures, these
    by their share of their picture's, so that both directions weigh the same. Both are means over sentences."""
    pictures, sentences = scores.shape
    right = scores[owner, torch.arange(sentences, device=scores.device)]
    foreign = torch.arange(pictures, device=scores.device)[:, None] != owner
    asked = (F.relu(scores - right + MARGIN) * foreign).sum(dim=0)
    share = 1.0 / torch.bincount(owner, minlength=pictures)[owner].to(scores.dtype)
    others = scores[owner]  # (M, M): of each sentence's picture, all sentences
    shown = (F.relu(others - right[:, None] + MARGIN) * foreign[owner] * share).sum(dim=1)
    return asked.mean(), shown.mean()


@system(
    Card(
        name="deep-image-sent",
        task="caption",
        title="DeepImageSent",
        paper="Karpathy, Fei-Fei: Deep Visual-Semantic Alignments for Generating Image Descriptions",
        year=2015,
        rows=("P1",),
        summary="Places of pictures and words of sentences, read in both directions, in one space: finds pictures by sentences "
        "and sentences by pictures, and shows which place each word means.",
        deviations=(
            "the places of a map (8 x 8) and the whole picture in place of 19 boxes of R-CNN and the whole picture",
            "the house's small-m at 128 pixels, tuned to captions' words (visual-concepts) and left as it is, sees, not R-CNN",
            "tanh in place of a rectifier in the recurrent states; words are learnt here, not taken from word2vec; AdamW",
            "the captions of one picture do not compete with each other",
        ),
    )
)
class DeepImageSent(Seeing[Matched]):
    """`classes` are the words that it knows."""

    Config = DeepImageSentConfig
    RECIPES = {
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=10, batch_size=64, img_size=128, optimizer="adamw", lr=1e-3, weight_decay=0.01, warmup=0.05, clip=10.0,
                    augment=Augment(flip=0.5),
                ),
            ),
            metric="r10",
            start="visual-concepts",
            expect=0.78,
        ),
        "paper": Recipe(
            data="coco",
            settings={"embed": 300, "hidden": 512, "space": 1000, "dropout": 0.5},
            stages=(
                Stage(
                    epochs=20, batch_size=100, img_size=128, lr=1e-3, momentum=0.9, weight_decay=1e-5, schedule="constant",
                    clip=10.0, augment=Augment(flip=0.5),
                ),
            ),
            metric="r10",
            note="regions of R-CNN; on 1,000 pictures of COCO R@1/5/10 27.4/60.2/74.8 by sentences, 38.4/69.9/80.5 by pictures",
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: DeepImageSentConfig | None = None, prep: Prep | None = None) -> None:
        config = config or DeepImageSentConfig()
        super().__init__(classes, config, prep)
        self.vocabulary = Vocabulary.from_classes(classes)
        self.show = nn.Linear(self.depth, config.space)
        self.embed = nn.Embedding(len(self.classes), config.embed)
        self.drop = Dropout(config.dropout)
        self.rnn = Stack("rnn", config.embed, config.hidden, both=True)
        self.say = nn.Linear(2 * config.hidden, config.space)
        initialise(self.show)
        initialise(self.say, self.say)  # at first all scores are nearly the same

    # -- into the space --------------------------------------------------------------------------------------------------------

    def forward(self, batch: Batch) -> Matched:
        """With captions in the targets it places them too."""
        seen = self.see(batch)
        fine = torch.unflatten(seen.regions.transpose(1, 2), 2, seen.grid)
        coarse = F.max_pool2d(fine, 2, ceil_mode=True)  # what is small is in it whole
        grid = (coarse.shape[2], coarse.shape[3])
        places = self.show(torch.cat([coarse.flatten(2).transpose(1, 2), seen.whole[:, None]], dim=1))
        captions = batch.targets.get("captions")
        if not captions or not any(len(some) for some in captions):
            return Matched(places, grid)
        owners = [row for row, some in enumerate(captions) for _ in some]
        told = self.fragments([each for some in captions for each in some])
        return Matched(places, grid, told=told, owner=torch.tensor(owners, device=places.device))

    def fragments(self, sentences: Sequence[Tensor]) -> Fragments:
        """Sentences, each (T,) int64 with at least one word; nothing is computed for padding."""
        order = sorted(range(len(sentences)), key=lambda place: -len(sentences[place]))
        packed = pack_sequence([sentences[place] for place in order])
        x, _ = self.rnn(packed._replace(data=self.drop(self.embed(packed.data))))
        rows = torch.cat([torch.arange(size) for size in packed.batch_sizes.tolist()])
        sentence = torch.tensor(order)[rows].to(x.data.device)
        return Fragments(self.say(x.data), sentence, len(sentences))

    def loss(self, out: Matched, batch: Batch) -> dict[str, Tensor]:
        if out.told is None or out.owner is None:
            raise BadValue("a caption is needed to learn from", where=", ".join(batch.ids[:3]))
        asked, shown = margins(match(out.places, out.told), out.owner)
        return {"pictures": asked, "sentences": shown}

    # -- asking it -------------------------------------------------------------------------------------------------------------

    def understood(self, sentence: str) -> tuple[list[str], list[str]]:
        """The words of a sentence, and those of them that it does not know. Raises BadValue when it knows none."""
        words = caption_words(sentence)
        strange = [word for word in words if word not in self.vocabulary]
        if not any(word[0].isalnum() for word in words if word in self.vocabulary):
            mend = f"it knows {len(self.classes) - 3} words, such as {', '.join(self._common)}"
            raise BadValue("has no word that was ever learnt", where=repr(sentence), mend=mend)
        return words, strange

    @property
    def _common(self) -> list[str]:
        return [word for word in self.classes[3:] if len(word) > 2 and word.isalpha()][:5]

    def asked(self, sentence: str) -> tuple[Fragments, list[str]]:
        """A sentence in the space, and its words. What it does not know is left out: it would be the same whatever it is."""
        words, strange = self.understood(sentence)
        known = [word for word in words if word not in strange]
        numbers = torch.tensor(self.vocabulary.encode(known), device=self.embed.weight.device)
        return self.fragments([numbers]), known

    def aligned(self, places: Tensor, grid: tuple[int, int], sentence: str) -> tuple[Heat, ...]:
        """Where in one picture, (L + 1, E), each word that it knows of a sentence is seen."""
        told, names = self.asked(sentence)
        return _heats(places, grid, told.words, names)

    def text(self, words: Tensor) -> str:
        return readable(self.vocabulary.decode(words.tolist()))

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the places of a picture."""
        return -(-self.prep.size[1] // 16), -(-self.prep.size[0] // 16)

    @torch.no_grad()
    def sight(self) -> str:
        """A name for the way in which pictures are placed: it changes with the weights that do it, and with how they see."""
        found = hashlib.blake2b(f"{self.digest()} {self.prep}".encode(), digest_size=16)
        for tensor in self.show.state_dict().values():
            found.update(tensor.float().cpu().contiguous().numpy().tobytes())
        return found.hexdigest()

    # -- reading it ------------------------------------------------------------------------------------------------------------

    def _alone(self) -> Fragments:
        """Each word that it knows as a sentence."""
        device = self.embed.weight.device
        return self.fragments([torch.tensor([number], device=device) for number in range(3, len(self.classes))])

    def read(self, out: Matched, batch: Batch) -> list[Scene]:
        """Labels are the words that fit the picture best when said alone. Of captions that were given, the first shows where each
        of its words is seen."""
        if len(self.classes) == 3:
            return [batch.scene(row) for row in range(len(out.places))]
        chances = match(out.places, self._alone()).softmax(dim=1)
        best = chances.topk(min(MOST, chances.shape[1]))
        scenes = []
        for row in range(len(out.places)):
            pairs = zip(best.indices[row].tolist(), best.values[row].tolist(), strict=True)
            labels = Labels(tuple(Label(self.classes[3 + place], min(score, 1.0)) for place, score in pairs))
            captions, heats = self._first(out, batch, row)
            scenes.append(batch.scene(row, labels=labels, captions=captions, heats=heats))
        return scenes

    def _first(self, out: Matched, batch: Batch, row: int) -> tuple[tuple[Caption, ...], tuple[Heat, ...]]:
        if out.told is None or out.owner is None or not batch.targets["captions"][row]:
            return (), ()
        said = batch.targets["captions"][row][0]
        words = out.told.of(int((out.owner == row).nonzero()[0]))
        heats = _heats(out.places[row], out.grid, words, self.vocabulary.decode(said.tolist()))
        return (Caption(self.text(said)),), heats

    def aim(self, out: Matched, what: str) -> Tensor:
        """How well each picture fits the sentence or word `what`; '' is the word that fits it best."""
        if what:
            return match(out.places, self.asked(what)[0])[:, 0]
        return match(out.places, self._alone()).amax(dim=1)

    def taps(self) -> dict[str, nn.Module]:
        return {**self.eyes.body.taps(), "show": self.show}


def _heats(places: Tensor, grid: tuple[int, int], words: Tensor, names: Sequence[str]) -> tuple[Heat, ...]:
    """Of each word the share of its look that falls on each place; the whole picture is no place."""
    looks = (words.float() @ places[:-1].float().T).softmax(dim=1).detach().cpu().numpy()
    return tuple(Heat(name, look.reshape(grid), "alignment") for name, look in zip(names, looks, strict=True))
