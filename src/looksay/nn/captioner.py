"""What all captioners share: pictures as regions, captions packed so that nothing is computed for padding, sentences read out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple
from zlib import crc32

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.errors import BadConfig, BadValue
from looksay.nn.backbone import BackboneSize
from looksay.nn.chance import Dropout, dice, hash_of
from looksay.nn.critic import CRITIC, Critic, log_chances, own_words
from looksay.nn.prep import Prep
from looksay.nn.seeing import Seeing, Seen
from looksay.nn.system import Batch
from looksay.nn.vocabulary import Vocabulary, readable
from looksay.ops.decode import Dice, Next, Sentence, Speech, Words, beam, draw
from looksay.scene import Caption, Heat, Scene

Tensors = tuple[Tensor, ...]
BLUR = 20 / 224  # of the picture's side, as looks are drawn in Xu et al. 2015
NOTED = 20  # steps between lines about rewards in a run's record


@dataclass(frozen=True)
class CaptionConfig:
    """The picture's network is a house backbone of this `size` and `width`; with `frozen` it never learns, and what it sees in a
    picture is remembered on disk. Words are `embed` numbers, the state is `hidden`. Of the words that it is told while it learns,
    more and more are its own, up to a share of `scheduled`."""

    size: BackboneSize = "m"
    width: float = 1.0
    frozen: bool = True
    embed: int = 128
    hidden: int = 224
    dropout: float = 0.3
    scheduled: float = 0.0


class Packed(NamedTuple):
    """M captions, longest first, one after the other word by word: `said` (P,) the words that are known, from <start> on, `next`
    (P,) those that follow, up to <stop>; of the first word come `sizes[0]` = M, of the second as many as there are, and so on.
    `owner` (M,) is the picture of each."""

    said: Tensor
    next: Tensor
    sizes: tuple[int, ...]
    owner: Tensor

    def to(self, device: torch.device) -> Packed:
        return Packed(self.said.to(device), self.next.to(device), self.sizes, self.owner.to(device))


@dataclass
class Told:
    """What was seen, and, where captions were given, the `logits` (P, V) of each next word of the `packed` ones with the `looks`
    (P, L) of each; `extra` is what a system's own loss needs."""

    seen: Seen
    packed: Packed | None = None
    logits: Tensor | None = None
    looks: Tensor | None = None
    extra: dict[str, Tensor] = field(default_factory=dict)


def pack(captions: Sequence[Sequence[Tensor]], words: Words) -> Packed:
    """Of each picture its captions, each (T,) int64 without start and stop."""
    owners = [row for row, some in enumerate(captions) for _ in some]
    flat = [each for some in captions for each in some]
    order = sorted(range(len(flat)), key=lambda place: -len(flat[place]))
    lengths = [len(flat[place]) + 1 for place in order]
    steps = lengths[0] if lengths else 0
    said = torch.full((len(order), steps), words.start)
    follow = torch.full((len(order), steps), words.stop)
    for row, place in enumerate(order):
        said[row, 1 : lengths[row]] = flat[place]
        follow[row, : lengths[row] - 1] = flat[place]
    sizes = tuple(sum(length > step for length in lengths) for step in range(steps))
    columns = [(said[:size, step], follow[:size, step]) for step, size in enumerate(sizes)]
    owner = torch.tensor([owners[place] for place in order], dtype=torch.int64)
    empty = torch.zeros(0, dtype=torch.int64)
    return Packed(
        torch.cat([each for each, _ in columns] or [empty]), torch.cat([each for _, each in columns] or [empty]), sizes, owner
    )


class Chance(NamedTuple):
    """Words drawn from the `top` likeliest (0: all), the unlikely ones less often the lower the temperature; at 0 nothing is
    left to chance."""

    temperature: float = 0.0
    top: int = 0
    seed: int = 0


class Captioner(Seeing[Told]):
    """`classes` are the words that it can say. Subclasses define `begin`, `enter`, `advance` and `spell`."""

    Config: ClassVar[type[Any]] = CaptionConfig
    speech = Speech()  # how `read` makes sentences
    chance = Chance()
    critic: Critic | None = None  # whose rewards are learnt from in the stage of that name
    noted: tuple[float, float] | None = None  # mean rewards of what it drew, and of its likeliest words, at the last step

    def __init__(self, classes: Sequence[str], config: Any = None, prep: Prep | None = None) -> None:
        config = config or self.Config()
        super().__init__(classes, config, prep)
        self.vocabulary = Vocabulary.from_classes(classes)
        self.special = Words(self.vocabulary.start, self.vocabulary.stop, (self.vocabulary.unknown,))
        self.embed = nn.Embedding(len(self.classes), config.embed)
        self.drop = Dropout(config.dropout)

    # -- the words -------------------------------------------------------------------------------------------------------------

    @abstractmethod
    def begin(self, seen: Seen) -> tuple[Tensors, Tensors]:
        """What each picture's sentence can always turn to, and the state that it begins with; N rows each."""

    @abstractmethod
    def enter(self, x: Tensor) -> Tensor:
        """(P, E) embedded words → (P, G) what they do to the state, at once for all words that are known."""

    @abstractmethod
    def advance(self, entered: Tensor, state: Tensors, fixed: Tensors) -> tuple[Tensor, Tensors, Tensor | None]:
        """One word on, for R captions: (R, G) → (R, H) what is to be said, the new state, and (R, L) where it looked."""

    @abstractmethod
    def spell(self, hidden: Tensor, x: Tensor) -> Tensor:
        """(R, V) logits of the next words, from what is to be said and the last words."""

    def forward(self, batch: Batch) -> Told:
        """With captions in the targets it is told each of them; `read` says its own."""
        seen = self.see(batch)
        captions = batch.targets.get("captions")
        if not captions or not any(len(some) for some in captions):
            return Told(seen)
        if self.training and self.stage == CRITIC:
            return self.criticised(seen, captions)
        packed = pack(captions, self.special).to(seen.whole.device)
        if self.training and self.config.scheduled * self.progress > 0:
            packed = self.mixed(seen, packed)
        return self.told(seen, packed)

    @torch.no_grad()
    def mixed(self, seen: Seen, packed: Packed) -> Packed:
        """With some of the words replaced by its own, each said after those that were replaced before it."""
        fixed, state = (tuple(each[packed.owner] for each in some) for some in self.begin(seen))
        heard: list[Tensor] = []
        logits: Tensor | None = None
        told: Any = packed.said
        for said in told.split(list(packed.sizes)):
            state, fixed = _first(state, len(said)), _first(fixed, len(said))
            if logits is not None:
                said = own_words(logits[: len(said)], said, self.special, self.config.scheduled * self.progress)
            logits, state, _ = self.step(fixed, said, state)
            heard.append(said)
        torch.clear_autocast_cache()  # older torch would learn with the weights cast here, which have no gradients
        return packed._replace(said=torch.cat(heard))

    def criticised(self, seen: Seen, captions: Sequence[Sequence[Tensor]]) -> Told:
        """What it drew for each picture, told to itself; `extra` has how much better than its likeliest words that was. All as
        it speaks when it is not learning, without dropout: what is rewarded must be what was drawn."""
        if self.critic is None:
            raise BadConfig("nobody is there to reward captions", where=f"stage {CRITIC}", mend="set the captioner's critic")
        self.eval()
        seeds = torch.randint(2**62, (len(captions),), generator=dice()).tolist()
        with torch.no_grad():
            fixed, state = self.begin(seen)
        spoken = [
            draw(lambda words, now: self.step(fixed, words, now), state, self.special, self.speech, Dice(seeds, temperature))
            for temperature in (1.0, 0.0)
        ]
        torch.clear_autocast_cache()  # older torch would learn with the weights cast there, which have no gradients
        truth = [[readable(self.vocabulary.decode(each.tolist())) for each in some] for some in captions]
        drawn, usual = (torch.tensor(self.critic([self.text(each) for each in some], truth)) for some in spoken)
        self.noted = float(drawn.mean()), float(usual.mean())
        out = self.told(seen, pack([[torch.tensor(each.words)] for each in spoken[0]], self.special))
        self.train()
        assert out.packed is not None
        out.extra["gain"] = (drawn - usual).to(seen.whole.device)[out.packed.owner]
        return out

    def aside(self, done: int, steps: int) -> Mapping[str, Any]:
        if self.stage != CRITIC or self.noted is None or done % NOTED:
            return {}
        return {"reward_drawn": self.noted[0], "reward_likeliest": self.noted[1]}

    def told(self, seen: Seen, packed: Packed) -> Told:
        """Teacher forcing: a word's state is computed for the captions that go on, no others."""
        packed = packed.to(seen.whole.device)
        fixed, state = (tuple(each[packed.owner] for each in some) for some in self.begin(seen))
        x = self.drop(self.embed(packed.said))
        outs, looks = [], []
        entered: Any = self.enter(x)
        for now in entered.split(list(packed.sizes)):
            state, fixed = _first(state, len(now)), _first(fixed, len(now))
            hidden, state, look = self.advance(now, state, fixed)
            outs.append(hidden)
            if look is not None:
                looks.append(look)
        return Told(seen, packed, self.spell(self.drop(torch.cat(outs)), x), torch.cat(looks) if looks else None)

    def loss(self, out: Told, batch: Batch) -> dict[str, Tensor]:
        if out.logits is None or out.packed is None:
            raise BadValue("a caption is needed to learn from", where=", ".join(batch.ids[:3]))
        if "gain" in out.extra:
            logs = log_chances(out.logits, out.packed.next, out.packed.sizes, self.special, self.speech)
            gain = torch.cat([out.extra["gain"][:size] for size in out.packed.sizes])
            return {"critic": -(gain * logs).sum() / len(out.packed.owner)}
        return {"words": F.cross_entropy(out.logits.float(), out.packed.next)}

    def step(self, fixed: Tensors, words: Tensor, state: Tensors) -> Next:
        x = self.embed(words.to(self.embed.weight.device))
        hidden, state, look = self.advance(self.enter(x), state, fixed)
        return Next(self.spell(hidden, x), state, look)

    def speak(self, seen: Seen, how: Speech) -> list[list[Sentence]]:
        """Of each picture the best sentences, best first."""
        fixed, state = (tuple(each.repeat_interleave(how.width, 0) for each in some) for some in self.begin(seen))
        return beam(lambda words, now: self.step(fixed, words, now), state, len(seen.whole), self.special, how)

    def sample(self, seen: Seen, how: Chance, ids: Sequence[str]) -> list[Sentence]:
        """One sentence for each picture, which follows from the seed and the picture's id, whatever else is in the batch."""
        fixed, state = self.begin(seen)
        dice = Dice([hash_of(how.seed, crc32(id.encode())) for id in ids], how.temperature, how.top)
        return draw(lambda words, now: self.step(fixed, words, now), state, self.special, self.speech, dice)

    def read(self, out: Told, batch: Batch) -> list[Scene]:
        if self.chance.temperature > 0:
            ids = batch.ids or tuple(map(str, range(len(batch))))
            said = [[each] for each in self.sample(out.seen, self.chance, ids)]
        else:
            said = self.speak(out.seen, self.speech)
        return [self.scene(batch, row, some, out.seen.grid) for row, some in enumerate(said)]

    def scene(self, batch: Batch, row: int, said: Sequence[Sentence], grid: tuple[int, int]) -> Scene:
        """A caption's score is the geometric mean of its words' probabilities; the heats are those of the first one's words."""
        captions = tuple(
            Caption(self.text(each), float(np.exp(each.log / len(each.logs))), id=str(place)) for place, each in enumerate(said)
        )
        heats: tuple[Heat, ...] = ()
        if said and said[0].looks is not None:
            names = self.vocabulary.decode(said[0].words)
            maps = said[0].looks.view(-1, *grid).float().cpu().numpy()
            heats = tuple(Heat(name, each, "attention", blur=BLUR) for name, each in zip(names, maps, strict=True))
        return batch.scene(row, captions=captions, heats=heats)

    def text(self, said: Sentence) -> str:
        return readable(self.vocabulary.decode(said.words))

    # -- looking into it -------------------------------------------------------------------------------------------------------

    def aim(self, out: Told, what: str) -> Tensor:
        """The log-odds of saying the word `what` somewhere in the caption that it says itself; '' is the whole caption."""
        best = [found[0].words for found in self.speak(Seen(*(_cut(each) for each in out.seen)), self.speech)]
        told = self.told(out.seen, pack([[torch.tensor(words)] for words in best], self.special))
        assert told.logits is not None
        assert told.packed is not None
        logs = told.logits.float().log_softmax(dim=1)
        rows = torch.cat([told.packed.owner[:size] for size in told.packed.sizes])
        if not what:
            return torch.zeros(len(best)).index_add(0, rows, logs.gather(1, told.packed.next[:, None])[:, 0])
        one = logs[:, self.index(what)]
        return torch.stack([one[rows == row].max() for row in range(len(best))])

    def taps(self) -> dict[str, nn.Module]:
        return {**self.eyes.body.taps(), "embed": self.embed}


def _first(values: Tensors, count: int) -> Tensors:
    """Each one's first rows. What is cut off is cut off once, as each cut costs a tensor of the former size on the way back."""
    return tuple(each if len(each) == count else each[:count] for each in values)


def _cut(value: Any) -> Any:
    return value.detach() if isinstance(value, Tensor) else value
