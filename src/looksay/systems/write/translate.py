"""Translators: a sentence is read into states, and said again in another language; with attention each word is said while looking
at some of those read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_packed_sequence

from looksay.errors import BadConfig, BadValue
from looksay.nn.attention import Attention, Memory, Scoring
from looksay.nn.captioner import Packed, pack
from looksay.nn.chance import Dropout
from looksay.nn.prep import Prep
from looksay.nn.recipe import Recipe, Stage
from looksay.nn.recurrent import LSTMCell, Stack, packed
from looksay.nn.sentences import LONGEST, read_of
from looksay.nn.system import Batch, System
from looksay.nn.vocabulary import SPECIALS, UNKNOWN, Vocabulary, caption_words, readable
from looksay.ops.decode import Next, Sentence, Speech, Words, beam
from looksay.registry import Card, system
from looksay.scene import Caption, Heat, Scene

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True)
class TranslateConfig:
    """Words of `languages`, of the two columns of the data; `turned` reads the second and says the first. Of the words the `most`
    frequent are known, if they occur `least` times; `source` are those that it can read, `names` those that it writes with a
    capital, both from the training sentences. It reads in `both` directions or, `reverse`, from the end."""

    attention: Scoring | None = "additive"
    both: bool = True
    reverse: bool = False
    layers: int = 1
    embed: int = 192
    hidden: int = 256
    dropout: float = 0.2
    window: int = 10
    languages: tuple[str, str] = ("en", "es")
    turned: bool = False
    least: int = 2
    most: int = 10_000
    held_seed: int = 0
    source: tuple[str, ...] = SPECIALS
    names: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        return self.languages[0 if self.turned else 1]


class Read(NamedTuple):
    """What is known of each sentence, N rows: its memory, if it is looked at, and the state in which one begins to speak."""

    memory: Memory | None
    state: Tensors

    def of(self, rows: Tensor) -> Read:
        memory = self.memory and Memory(*(each[rows] for each in self.memory))
        return Read(memory, tuple(each[rows] for each in self.state))


@dataclass
class Told:
    """What was read, and, where translations were given, the `logits` (P, V) of each next word of the `packed` ones with the
    `looks` (P, L) of each."""

    read: Read
    packed: Packed | None = None
    logits: Tensor | None = None
    looks: Tensor | None = None


class Translation(NamedTuple):
    """`words` as they were said, `looks` (words, places of the `source`); a score is the geometric mean of the probabilities."""

    text: str
    score: float
    source: tuple[str, ...]
    words: tuple[str, ...]
    looks: npt.NDArray[np.float32] | None


_STAGE = Stage(epochs=4, batch_size=96, optimizer="adamw", lr=2e-3, weight_decay=0.01, warmup=0.05, clip=1.0)


@system(
    Card(
        name="translator",
        task="translate",
        title="Translators with and without attention",
        paper="Sutskever, Vinyals & Le 2014; Bahdanau, Cho & Bengio 2015; Luong, Pham & Manning 2015",
        year=2015,
        rows=("N4",),
        summary="Translates sentences. seq2seq reads the sentence from its end into one state; bahdanau looks, before each word, "
        "at the words that it has read in both directions; luong looks with the state after it, everywhere or near one place.",
        deviations=(
            "all are LSTMs (Bahdanau has gated units of his own), of hundreds of numbers instead of thousands",
            "bahdanau's readout takes the state after the word's step, not the one before",
            "local-p: by the general score, which the paper found best with it",
            "words that the vocabulary lacks are read out as the source's word that was looked at most, without a dictionary",
        ),
        variants={
            "bahdanau": {},
            "seq2seq": {"attention": None, "both": False, "reverse": True, "layers": 2},
            "luong-dot": {"attention": "dot", "both": False, "reverse": True, "layers": 2},
            "luong-general": {"attention": "general", "both": False, "reverse": True, "layers": 2},
            "luong-concat": {"attention": "concat", "both": False, "reverse": True, "layers": 2},
            "luong-local": {"attention": "local", "both": False, "reverse": True, "layers": 2},
        },
    )
)
class Translator(System[Told]):
    """`classes` are the words that it can say."""

    Config = TranslateConfig
    RECIPES = {
        "storybook": Recipe(
            stages=(replace(_STAGE, lr=3e-3),),
            metric="bleu",
            settings={"hidden": 128, "embed": 96},
            note="what the pages say in English, said in Spanish",
        ),
        "paper": Recipe(
            stages=(_STAGE,),
            metric="bleu",
            settings={"hidden": 256, "embed": 192, "dropout": 0.2},
            note="a hundred thousand pairs: looksay train bahdanau --recipe paper --data pairs:spa.txt",
        ),
    }
    speech = Speech(width=5, most=2 * LONGEST, length=0.8, coverage=0.1)

    def __init__(self, classes: Sequence[str], config: TranslateConfig | None = None, prep: Prep | None = None) -> None:
        config = config or TranslateConfig()
        super().__init__(classes, config, prep or Prep())
        if config.both and config.layers > 1:
            raise BadConfig(
                "what is read in both directions has one layer", where="settings.layers", mend="--set settings.layers=1"
            )
        if config.window < 1:
            raise BadConfig(f"a window of {config.window} places", where="settings.window", mend="give 1 or more")
        self.vocabulary, self.known = Vocabulary.from_classes(classes), Vocabulary.from_classes(config.source)
        unsaid = () if config.attention else (self.vocabulary.unknown,)  # it could not be replaced
        self.special = Words(self.vocabulary.start, self.vocabulary.stop, unsaid)
        wide, hidden = config.embed, config.hidden
        self.embed, self.said = nn.Embedding(len(self.known), wide), nn.Embedding(len(self.classes), wide)
        self.drop = Dropout(config.dropout)
        self.encoder = Stack("lstm", wide, hidden, config.layers, both=config.both, dropout=config.dropout)
        self.cells = nn.ModuleList(LSTMCell(wide if layer == 0 else hidden, hidden) for layer in range(config.layers))
        seen, self.early = hidden * self.encoder.ways, config.attention == "additive"
        if config.both:
            self.bridge = nn.Linear(hidden, hidden)
        if config.attention:
            self.attention = Attention(config.attention, hidden, seen, hidden, config.window)
            self.mix = nn.Linear(seen if self.early else hidden, 4 * hidden, bias=False)
            joined = hidden + seen + (wide if self.early else 0)
            self.join = nn.Linear(joined, 2 * wide if self.early else hidden)
        self.fc = nn.Linear(wide if self.early else hidden, len(self.classes))
        for table in (self.embed, self.said):
            nn.init.normal_(table.weight, std=0.1)
        nn.init.zeros_(self.fc.bias)

    # -- reading ---------------------------------------------------------------------------------------------------------------

    def encode(self, source: Tensor, lengths: Tensor) -> Read:
        """(N, L) numbers of words → what is known of each row. The memory is in the order of the words, however they are read."""
        there = torch.arange(source.shape[1], device=source.device) < lengths[:, None]
        order = torch.argsort(lengths, descending=True, stable=True)
        back = torch.argsort(order)
        x = self.drop(self.embed(source))
        if self.config.reverse:
            turn = self.turned(lengths, source.shape[1])
            x = x.gather(1, turn[..., None].expand_as(x))
        walked, ends = self.encoder(packed(x[order], lengths[order]))
        if self.config.both:  # the state that has read from the end to the beginning
            first = torch.tanh(self.bridge(ends[0][1, back]))
            state: Tensors = (first, torch.zeros_like(first))
        else:
            state = tuple(each[layer, back] for layer in range(self.config.layers) for each in ends)
        if not self.config.attention:
            return Read(None, state)
        values = pad_packed_sequence(walked, batch_first=True)[0][back]
        if self.config.reverse:
            values = values.gather(1, turn[..., None].expand_as(values))
        if not self.early:
            state = (*state, torch.zeros_like(state[0]))  # nothing was looked at yet
        return Read(self.attention.remember(self.drop(values), there), state)

    @staticmethod
    def turned(lengths: Tensor, places: int) -> Tensor:
        """(N, places): where each place of a row is when its words, and not what stands behind them, are in reverse."""
        at = torch.arange(places, device=lengths.device).expand(len(lengths), -1)
        return torch.where(at < lengths[:, None], lengths[:, None] - 1 - at, at)

    # -- saying ----------------------------------------------------------------------------------------------------------------

    def advance(self, entered: Tensor, state: Tensors, memory: Memory | None) -> tuple[Tensor, Tensors, Tensor | None]:
        """One word on: what the words do to the first cell (R, 4 H) → what is to be said, the new state, where it looked."""
        top = 2 * len(self.cells) - 2
        look = context = None
        if memory is not None and self.early:
            context, look = self.attention(state[top], memory)
            entered = entered + self.mix(context)
        elif memory is not None:
            entered = entered + self.mix(state[-1])
        after: Tensors = ()
        for layer, cell in enumerate(self.cells):
            assert isinstance(cell, LSTMCell)
            given = entered if layer == 0 else cell.enter(self.drop(after[-2]))
            after += cell(given, state[2 * layer : 2 * layer + 2])
        hidden = after[top]
        if memory is None:
            return hidden, after, None
        if context is None:
            context, look = self.attention(hidden, memory)
            said = torch.tanh(self.join(torch.cat([hidden, context], dim=1)))
            return said, (*after, said), look
        return torch.cat([hidden, context], dim=1), after, look

    def enter(self, x: Tensor) -> Tensor:
        first = self.cells[0]
        assert isinstance(first, LSTMCell)
        entered: Tensor = first.enter(x)
        return entered

    def spell(self, said: Tensor, x: Tensor) -> Tensor:
        """(R, V) logits; of Bahdanau's readout the larger of each two numbers counts."""
        if self.early:
            said = self.join(torch.cat([said, x], dim=1)).unflatten(1, (-1, 2)).amax(dim=2)
        logits: Tensor = self.fc(self.drop(said))
        return logits

    def forward(self, batch: Batch) -> Told:
        read = self.encode(batch.targets["source"], batch.targets["lengths"])
        said = batch.targets.get("words")
        return Told(read) if said is None else self.told(read, pack([[each.cpu()] for each in said], self.special))

    def told(self, read: Read, packed: Packed) -> Told:
        """Teacher forcing: a word's state is computed for the sentences that go on, no others."""
        device = read.state[0].device
        memory, state = read.of(packed.owner.to(device))
        x = self.drop(self.said(packed.said.to(device)))
        outs, looks = [], []
        for entered in torch.split(self.enter(x), list(packed.sizes)):
            size = len(entered)
            if size < len(state[0]):
                state, memory = tuple(each[:size] for each in state), memory and Memory(*(each[:size] for each in memory))
            out, state, look = self.advance(entered, state, memory)
            outs.append(out)
            if look is not None:
                looks.append(look)
        return Told(read, packed, self.spell(torch.cat(outs), x), torch.cat(looks) if looks else None)

    def loss(self, out: Told, batch: Batch) -> dict[str, Tensor]:
        if out.logits is None or out.packed is None:
            raise BadValue("a translation is needed to learn from", where=", ".join(batch.ids[:3]))
        return {"words": F.cross_entropy(out.logits.float(), out.packed.next.to(out.logits.device))}

    def speak(self, read: Read, places: int, how: Speech) -> list[list[Sentence]]:
        """Of each sentence the best translations, best first; none much longer than twice the `places` of the longest."""
        count, how = len(read.state[0]), replace(how, most=min(how.most, 2 * places + 6))
        wide = read.of(torch.arange(count, device=read.state[0].device).repeat_interleave(how.width))

        def step(words: Tensor, state: Tensors) -> Next:
            x = self.said(words.to(state[0].device))
            said, after, look = self.advance(self.enter(x), state, wide.memory)
            return Next(self.spell(said, x).cpu(), after, None if look is None else look.cpu())

        return beam(step, wide.state, count, self.special, how)

    def translations(self, out: Told, batch: Batch) -> list[list[Translation]]:
        """Of each sentence the best ones, best first."""
        lengths = batch.targets["lengths"].tolist()
        tokens = batch.targets.get("tokens") or [
            self.known.decode(row[:length]) for row, length in zip(batch.targets["source"].tolist(), lengths, strict=True)
        ]
        found = self.speak(out.read, max(lengths), self.speech)
        return [[self.translation(each, source) for each in some] for some, source in zip(found, tokens, strict=True)]

    def translation(self, said: Sentence, source: Sequence[str]) -> Translation:
        """With the source's word where it said <unknown> and looked most."""
        words = self.vocabulary.decode(said.words)
        looks = None if said.looks is None else said.looks[:, : len(source)].float().numpy()
        if looks is not None:
            words = [source[int(look.argmax())] if word == UNKNOWN else word for word, look in zip(words, looks, strict=True)]
        names = set(self.config.names)
        text = readable([word.capitalize() if word in names else word for word in words])
        score = float(np.exp(said.log / len(said.logs)))
        return Translation(text, min(score, 1.0), tuple(source), tuple(words), looks)

    def batch(self, texts: Sequence[str]) -> Batch:
        """Sentences as the network takes them. Raises BadValue for one without a word."""
        tokens = [caption_words(text)[:LONGEST] for text in texts]
        for text, some in zip(texts, tokens, strict=True):
            if not some:
                raise BadValue("there is no word in it", where=repr(text), mend="give a sentence")
        targets = read_of([np.array(self.known.encode(some), np.int64) for some in tokens], tokens)
        device = next(self.parameters()).device
        targets = {name: value.to(device) if isinstance(value, Tensor) else value for name, value in targets.items()}
        sizes = tuple((len(some), 1) for some in tokens)
        return Batch(torch.zeros(len(texts), 0, device=device), targets, sizes, tuple(texts))

    @torch.inference_mode()
    def translate(self, texts: Sequence[str]) -> list[list[Translation]]:
        """Of each sentence its best translations, best first."""
        batch = self.batch(texts)
        return self.eval().translations(self(batch), batch)

    def read(self, out: Told, batch: Batch) -> list[Scene]:
        """Captions in the other language. A sentence is a picture one place high, so the best one's words have rows of heats."""
        return [self.scene(batch, row, some) for row, some in enumerate(self.translations(out, batch))]

    def scene(self, batch: Batch, row: int, some: Sequence[Translation]) -> Scene:
        said = tuple(Caption(each.text, each.score, self.config.says, id=str(place)) for place, each in enumerate(some))
        heats: tuple[Heat, ...] = ()
        if some and some[0].looks is not None:
            heats = tuple(Heat(word, look[None], "attention") for word, look in zip(some[0].words, some[0].looks, strict=True))
        return batch.scene(row, captions=said, heats=heats)

    # -- looking into it -------------------------------------------------------------------------------------------------------

    def aim(self, out: Told, what: str) -> Tensor:
        """The log-probability of saying the word `what` at its likeliest place in the translation that it says itself; '' is the
        whole translation."""
        places = 0 if out.read.memory is None else out.read.memory.there.shape[1]
        best = [found[0].words for found in self.speak(out.read, places or LONGEST, replace(self.speech, width=1))]
        told = self.told(out.read, pack([[torch.tensor(words, dtype=torch.int64)] for words in best], self.special))
        assert told.logits is not None
        assert told.packed is not None
        logs = told.logits.float().log_softmax(dim=1)
        rows = torch.cat([told.packed.owner[:size] for size in told.packed.sizes]).to(logs.device)
        if not what:
            chosen = logs.gather(1, told.packed.next[:, None].to(logs.device))[:, 0]
            return torch.zeros(len(best), device=logs.device).index_add(0, rows, chosen)
        one = logs[:, self.index(what)]
        return torch.stack([one[rows == row].max() for row in range(len(best))])

    def taps(self) -> dict[str, nn.Module]:
        return {"embed": self.embed, "said": self.said}
