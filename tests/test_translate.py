"""Sentence pairs from files, attention by slow loops, translators that know a few pairs by heart, and their looks drawn."""

from __future__ import annotations

import math
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from helpers_learn import content, in_process, killed_at, train_once
from looksay import api
from looksay.cli.main import run
from looksay.data.bucket import padding
from looksay.data.loader import Feeding
from looksay.data.pairs import SPLITS, Pair, Pairs, SentencePairs, Sentences, names_of, pairs_of, share_of
from looksay.errors import BadConfig, BadData, BadValue, UnknownName
from looksay.learn.job import Order
from looksay.measure.evaluate import judge
from looksay.measure.translated import Said
from looksay.nn.attention import Attention, Scoring
from looksay.nn.captioner import pack
from looksay.nn.recipe import Augment
from looksay.nn.vocabulary import SPECIALS
from looksay.ops.decode import Sentence
from looksay.show.alignment import alignment
from looksay.systems.write.translate import TranslateConfig, Translator
from looksay.tasks import task

PAIRS = (
    ("I love coffee.", "Me gusta el café."),
    ("My cat is the best.", "Mi gato es el mejor."),
    ("The dog runs.", "El perro corre."),
    ("Tom sleeps.", "Tom duerme."),
    ("Where is the white cat?", "¿Dónde está el gato blanco?"),
    ("It rains.", "Llueve."),
)
VARIANTS: dict[str, dict[str, Any]] = {
    "bahdanau": {},
    **{
        name: {"attention": attention, "both": False, "reverse": True, "layers": 2}
        for name, attention in (("seq2seq", None), ("luong-dot", "dot"), ("luong-concat", "concat"), ("luong-local", "local"))
    },
}


@pytest.fixture(autouse=True)
def _one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path / "cache"))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def written(path: Path, pairs: Any = PAIRS) -> Path:
    path.write_text("".join("\t".join(pair) + "\n" for pair in pairs), "utf-8")
    return path


def data_of(pairs: Any = PAIRS) -> SentencePairs:
    from looksay.nn.vocabulary import caption_words

    sides = [sorted({word for pair in pairs for word in caption_words(pair[side])}) for side in (0, 1)]
    return SentencePairs("made up", "train", [Pair(*pair) for pair in pairs], (*SPECIALS, *sides[1]), (*SPECIALS, *sides[0]))


def made(name: str, data: SentencePairs | None = None, **settings: Any) -> Translator:
    data = data or data_of()
    torch.manual_seed(0)
    usual = {"hidden": 24, "embed": 16, "dropout": 0.0, "source": data.known}
    return Translator(data.classes, TranslateConfig(**{**usual, **VARIANTS[name], **settings})).eval()


# -- pairs -----------------------------------------------------------------------------------------------------------------------


def test_pairs_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffGo.\tVe.\tCC-BY 2.0, somebody\r\n\r\nHi. \t Hola.\n".encode())
    assert list(pairs_of(path)) == [("Go.", "Ve."), ("Hi.", "Hola.")]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"Go.\tVe.\nGo on.\n", r"a\.txt:2: has one column.*a tab"),
        (b"Go.\tVe.\n\tHola.\n", r"a\.txt:2: has an empty sentence"),
        (b"Go.\t\tcredit\n", r"a\.txt:1: has an empty translation"),
        ("Go.\tVe.\nTea.\tT\u00e9.\n".encode("latin-1"), r"a\.txt:2: is not text in UTF-8: byte 0xe9 at offset 14"),
        ("Go.\tVe.\n".encode("utf-16"), "UTF-16"),
        (b"Go.\tVe.\nHi.\tHola.\n", "has 2 pairs, too few"),
        (b"", "has 0 pairs, too few"),
    ],
)
def test_what_is_no_file_of_pairs_is_told_in_one_line(tmp_path: Path, said: bytes, told: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(said)
    with pytest.raises(BadData, match=told):
        Pairs().splits(f"pairs:{path}", task("translate"), TranslateConfig())


def many(count: int) -> list[tuple[str, str]]:
    dice = np.random.default_rng(0)
    words = [f"w{number}" for number in range(40)]
    found = []
    for _ in range(count):
        some = dice.choice(words, int(dice.integers(1, 9))).tolist()
        found.append((" ".join(some), " ".join(f"{word}o" for word in some)))
    return found


def test_a_tenth_is_held_out_by_a_stated_seed(tmp_path: Path) -> None:
    pairs = many(2000)
    pairs += [(source, f"{target} w1o") for source, target in pairs[:500]]
    path = written(tmp_path / "a.txt", pairs)

    def splits(**settings: Any) -> list[SentencePairs]:
        found = Pairs().splits(f"pairs:{path}", task("translate"), TranslateConfig(**settings))
        return [found.train, found.held, found.test]

    train, held, test = splits()
    assert len(train) + len(held) + len(test) == 2500
    assert len(test) / 2500 == pytest.approx(0.1, abs=0.02)
    sources = [{pair.source for pair in each.pairs} for each in (train, held, test)]
    assert len(set.union(*sources)) == sum(map(len, sources))
    assert [each.pairs for each in splits()] == [train.pairs, held.pairs, test.pairs]
    assert splits(held_seed=1)[2].pairs != test.pairs
    turned = splits(turned=True)[2]
    assert turned.pairs == tuple(Pair(b, a) for a, b in test.pairs)
    assert share_of("I love tea!", 0) == share_of("i love tea.", 0) != share_of("I love tea!", 1)
    assert set(train.known[3:]) == {f"w{number}" for number in range(40)}
    assert set(train.classes[3:]) == {f"w{number}o" for number in range(40)}


def test_padding_costs_little_and_every_pair_comes() -> None:
    dice = np.random.default_rng(0)
    lengths = np.clip(dice.gamma(5.0, 1.5, 3000).astype(int), 1, 40)
    data = data_of([("a " * int(n), "b " * int(max(n + dice.integers(-2, 3), 1))) for n in lengths])
    feed = Sentences(data, Feeding(64, seed=3, augment=Augment()))
    turns = feed.turns(1)
    assert len(turns) == feed.steps == 46
    assert padding(data.lengths[:, 0], turns) <= 0.05
    assert len(np.unique(np.concatenate(turns))) == 46 * 64
    batches = list(feed.epoch(1))
    again = list(feed.epoch(1, 40))
    assert all(torch.equal(a.targets["source"], b.targets["source"]) for a, b in zip(batches[40:], again, strict=True))
    assert not torch.equal(batches[0].targets["index"], next(feed.epoch(2)).targets["index"])
    for batch in batches[:5]:
        for row, place in enumerate(batch.targets["index"].tolist()):
            length = int(batch.targets["lengths"][row])
            assert batch.targets["source"][row, :length].tolist() == data.read[place].tolist()
            assert batch.targets["words"][row].tolist() == data.said[place].tolist()


def test_a_sentence_with_two_translations_is_judged_once_against_both() -> None:
    data = data_of([*PAIRS, ("Tom sleeps.", "Duerme Tom."), ("tom sleeps.", "Duerme.")])
    feed = Sentences(data, Feeding(4))
    seen = [i for batch in feed.epoch(0) for i in batch.targets["index"].tolist()]
    assert sorted(seen) == [0, 1, 2, 3, 4, 5, 7]
    assert data.references()["Tom sleeps."] == ["Tom duerme.", "Duerme Tom."]


def test_names_are_words_with_capitals_within_sentences() -> None:
    said = ["Tom ve a Tom.", "La ve Tom.", "El gato ve la casa.", "¿Dónde está La?"]
    assert names_of(said, ("tom", "la", "el", "gato", "ve")) == ("tom",)


# -- attention -------------------------------------------------------------------------------------------------------------------


def slow_look(net: Attention, query: Tensor, values: Tensor, length: int) -> list[float]:
    """One sentence, place by place, as the papers write it."""
    scores = []
    for place in range(length):
        m = values[place]
        if net.scoring in ("additive", "concat"):
            inside = [
                math.tanh(float(net.ask.weight[i] @ query + net.ask.bias[i] + net.key.weight[i] @ m))
                for i in range(len(net.ask.bias))
            ]
            scores.append(sum(float(w) * x for w, x in zip(net.weigh.weight[0], inside, strict=True)))
        elif net.scoring == "dot":
            scores.append(float(query @ m))
        else:
            scores.append(float(query @ (net.key.weight @ m)))
    places = list(range(length))
    if net.scoring == "local":
        centre = length / (1 + math.exp(-float(net.aim_out.weight[0] @ torch.tanh(net.aim_in.weight @ query))))
        places = [j for j in places if abs(j - centre) <= net.window]
    total = sum(math.exp(scores[j]) for j in places)
    look = [math.exp(scores[j]) / total if j in places else 0.0 for j in range(length)]
    if net.scoring == "local":
        look = [share * math.exp(-((j - centre) ** 2) / (2 * (net.window / 2) ** 2)) for j, share in enumerate(look)]
    return look


@pytest.mark.parametrize("scoring", ["additive", "dot", "general", "concat", "local"])
def test_looks_are_those_of_a_slow_loop(scoring: Scoring) -> None:
    torch.manual_seed(1)
    net = Attention(scoring, 6, 6 if scoring == "dot" else 8, 5, window=2).requires_grad_(False)
    values, query, lengths = torch.randn(3, 9, 6 if scoring == "dot" else 8), torch.randn(3, 6), [9, 4, 1]
    there = torch.arange(9) < torch.tensor(lengths)[:, None]
    context, look = net(query, net.remember(values, there))
    for row, length in enumerate(lengths):
        wanted = torch.tensor(slow_look(net, query[row], values[row], length))
        assert torch.allclose(look[row, :length], wanted, atol=1e-5)
        assert not look[row, length:].any()
        assert torch.allclose(context[row], (wanted[:, None] * values[row, :length]).sum(dim=0), atol=1e-5)


def test_a_local_look_stays_within_its_window() -> None:
    torch.manual_seed(0)
    net = Attention("local", 6, 8, 5, window=3).requires_grad_(False)
    there = torch.ones(50, 30, dtype=torch.bool)
    query = 3 * torch.randn(50, 6)
    _, look = net(query, net.remember(torch.randn(50, 30, 8), there))
    centre = net.centre(query, there)
    far = (torch.arange(30) - centre).abs()
    assert float(centre.min()) >= 0
    assert float(centre.max()) <= 30
    assert bool((look[far > 3] == 0).all())
    assert bool((look > 0).any(dim=1).all())
    assert float(centre.max() - centre.min()) > 5  # it looks elsewhere for other queries


# -- networks --------------------------------------------------------------------------------------------------------------------


def test_the_source_is_read_from_its_end() -> None:
    assert Translator.turned(torch.tensor([4, 2]), 4).tolist() == [[3, 2, 1, 0], [1, 0, 2, 3]]
    system = made("seq2seq")
    plain = made("seq2seq", reverse=False)
    plain.load_state_dict(system.state_dict())
    source, lengths = torch.tensor([[3, 4, 5, 6], [7, 8, 1, 1]]), torch.tensor([4, 2])
    other = torch.tensor([[6, 5, 4, 3], [8, 7, 1, 1]])
    for a, b in zip(system.encode(source, lengths).state, plain.encode(other, lengths).state, strict=True):
        assert torch.allclose(a, b, atol=1e-6)
    assert not torch.allclose(system.encode(source, lengths).state[0], plain.encode(source, lengths).state[0], atol=1e-3)


def test_the_memory_of_a_reversed_source_is_in_the_order_of_its_words() -> None:
    system = made("luong-dot")
    seen, _ = system.encoder(system.embed(torch.tensor([[6, 5, 4, 3]])))
    memory = system.encode(torch.tensor([[7, 8, 1, 1], [3, 4, 5, 6]]), torch.tensor([2, 4])).memory
    assert memory is not None
    assert torch.allclose(memory.values[1], seen[0].flip(0), atol=1e-6)
    assert memory.there.tolist() == [[True, True, False, False], [True] * 4]


@pytest.mark.parametrize("name", VARIANTS)
def test_what_stands_beside_a_sentence_changes_nothing(name: str) -> None:
    system, data = made(name), data_of()
    feed = Sentences(data, Feeding(6))
    batch = next(feed.epoch(0))
    out = system(batch)
    assert out.packed is not None
    together = torch.nn.functional.cross_entropy(out.logits, out.packed.next, reduction="sum")
    alone = torch.zeros(())
    for place in range(len(data)):
        read = system.encode(torch.from_numpy(data.read[place])[None], torch.tensor([len(data.read[place])]))
        state, said = read.state, 0
        for follow in [*data.said[place].tolist(), 1]:  # word by word, as when it speaks
            x = system.said(torch.tensor([said]))
            spoken, state, _ = system.advance(system.enter(x), state, read.memory)
            alone = alone + torch.nn.functional.cross_entropy(system.spell(spoken, x), torch.tensor([follow]))
            said = follow
    assert float(together.detach()) == pytest.approx(float(alone.detach()), rel=1e-4)


def learnt(name: str, data: SentencePairs, **settings: Any) -> Translator:
    system = made(name, data, **settings).train()
    feed = Sentences(data, Feeding(len(data), augment=Augment()))
    optimiser = torch.optim.Adam(system.parameters(), lr=2e-2)
    batch = next(feed.epoch(0))
    for _ in range(150):
        loss = system.loss(system(batch), batch)["words"]
        if float(loss.detach()) < 0.02:
            break
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(system.parameters(), 1.0)
        optimiser.step()
    return system.eval()


@pytest.mark.parametrize("name", VARIANTS)
def test_a_few_pairs_are_known_by_heart(name: str) -> None:
    data = data_of()
    system = learnt(name, data, names=("tom",))
    found = system.translate([source for source, _ in PAIRS])
    assert [some[0].text for some in found] == [target for _, target in PAIRS]
    for some in found:
        looks = some[0].looks
        assert (looks is None) == (name == "seq2seq")
        if looks is not None:
            assert looks.shape == (len(some[0].words), len(some[0].source))
            assert name == "luong-local" or np.allclose(looks.sum(axis=1), 1, atol=1e-4)
    feed = Sentences(data, Feeding(4))
    verdict = judge(system, feed).found
    assert isinstance(verdict, Said)
    assert verdict.score == pytest.approx(100)
    assert verdict.numbers()["exact"] == 1
    assert "nrefs:1|case:lc" in verdict.signature
    batch = next(feed.epoch(0))
    scene = system.read(system(batch), batch)[0]
    assert scene.captions[0].language == "es"
    assert scene.size == (6, 1)
    assert len(scene.heats) == (0 if name == "seq2seq" else 7)
    assert all(heat.values.shape == (1, 6) for heat in scene.heats)


def test_unknown_words_are_replaced_by_what_was_looked_at() -> None:
    system = made("bahdanau")
    looks = torch.tensor([[0.1, 0.2, 0.7], [0.8, 0.1, 0.1], [0.2, 0.5, 0.3]])
    gato = system.vocabulary.encode(["gato"])[0]
    said = system.translation(Sentence((2, gato, 2), -1.0, (-0.1,) * 4, looks), ("ana", "sees", "zagreb"))
    assert said.words == ("zagreb", "gato", "sees")
    assert said.text == "Zagreb gato sees"
    assert said.score == pytest.approx(math.exp(-0.1))
    assert 2 in made("seq2seq").special.never
    assert 2 not in system.special.never


def test_the_beam_finds_what_trying_all_finds() -> None:
    data = data_of((("a b", "x y"), ("b", "y")))
    system = made("bahdanau", data)
    read = system.encode(torch.tensor([[3, 4]]), torch.tensor([2]))

    def log(words: tuple[int, ...]) -> float:
        told = system.told(read, pack([[torch.tensor(words, dtype=torch.int64)]], system.special))
        assert told.packed is not None
        assert told.logits is not None
        logits = told.logits.detach().clone()
        logits[:, 0] = -math.inf
        return float(logits.log_softmax(1).gather(1, told.packed.next[:, None]).sum())

    numbers = range(2, 5)
    every = [(a,) for a in numbers] + [(a, b) for a in numbers for b in numbers]
    how = type(system.speech)(width=50, most=2, length=0.0)
    found = system.speak(read, 2, how)[0]
    best = max(every, key=log)
    assert found[0].words == best
    # Each logit of the beam is normalised over all words; <start> is then never said.
    assert len(found) == len(every)


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(BadConfig, match="one layer"):
        made("bahdanau", layers=2)
    with pytest.raises(BadConfig, match="window"):
        made("luong-local", window=0)
    with pytest.raises(BadValue, match="no word"):
        made("bahdanau").translate(["  "])


# -- pictures and the command line -----------------------------------------------------------------------------------------------


def test_the_matrix_is_drawn_and_wrong_shapes_are_refused() -> None:
    looks = np.array([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1]])
    page = alignment(("i", "love", "coffee"), ("me", "gusta"), looks)
    assert page.startswith(b"<svg")
    assert alignment(("i", "love", "coffee"), ("me", "gusta"), looks) == page
    assert alignment(("i", "love", "coffee"), ("me", "gusta"), looks, "png").startswith(b"\x89PNG")
    with pytest.raises(BadValue, match="shape"):
        alignment(("i", "love"), ("me", "gusta"), looks)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "a.txt", many(300))
    small = {"settings.hidden": 16, "settings.embed": 8, "batch_size": 32, "epochs": 2, "precision": "fp32", "lr": 0.02}
    settings = [part for key, value in small.items() for part in ("--set", f"{key}={value}")]
    assert run(["train", "bahdanau", "--data", "pairs:a.txt", "--output", "here", "--device", "cpu", *settings]) == 0
    assert "BLEU" in capsys.readouterr().out
    page = (tmp_path / "here" / "report.html").read_text("utf-8")
    assert "Where it looked" in page
    assert page.count("<figure") >= 4
    assert run(["translate", "w1 w2 zebra", "--model", "here", "--align", "a.png"]) == 0
    out = capsys.readouterr()
    assert len(out.out.splitlines()) == 1
    assert "never read 'zebra'" in out.err
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert run(["translate", "w1", "w2", "--model", "here", "-n", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(re.match(r"[01]\.\d{3}  ", line) for line in lines)
    for wrong, told in (
        (["translate", "w1", "--model", "here", "-n", "9"], "raise --beam"),
        (["translate", "w1", "w2", "--model", "here", "--align", "a.png"], "one sentence"),
        (["translate", "w1", "--model", "small-m"], "does not translate"),
        (["translate", " ", "--model", "here"], "no word"),
    ):
        assert run(wrong) == 2
        assert told in capsys.readouterr().err.splitlines()[-1]
    found = api.evaluate("here", "pairs:a.txt")
    assert any("case:lc" in line for line in found.lines())
    system = api.load("here").system
    assert system.config.source[:3] == SPECIALS
    with pytest.raises(UnknownName, match="no split"):
        Pairs().open("pairs:a.txt", "tset", task("translate"), system)
    assert len(Pairs().open("pairs:a.txt", "whole", task("translate"), system)) == 300
    assert [len(Pairs().open("pairs:a.txt", split, task("translate"), system)) > 0 for split in SPLITS] == [True] * 3


@pytest.mark.slow
def test_a_killed_run_goes_on_bit_for_bit(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", many(200))
    small = {"settings.hidden": "16", "settings.embed": "8", "batch_size": "32", "epochs": "2"}

    def order(name: str) -> Order:
        return Order("luong-local", f"pairs:{path}", output=str(tmp_path / name), settings=small, device="cpu")

    assert in_process(train_once, order("twin")) == 0
    assert in_process(killed_at, order("run"), "step", 7) == -signal.SIGKILL
    assert in_process(train_once, order("run"), True) == 0
    assert content(tmp_path / "run") == content(tmp_path / "twin")


def test_the_storybook_says_it_in_both_languages() -> None:
    found = Pairs().splits("storybook:pages=3,size=48", task("translate"), TranslateConfig(least=1))
    assert len(found.train) >= 9
    for pair in found.train.pairs:
        assert pair.source != pair.target
    spanish = set(found.train.classes)
    assert {"un", "una", "el", "la", "en", "de"} & spanish
    assert not {"the", "and"} & spanish
    assert {"a", "the", "is", "in"} & set(found.train.known)
