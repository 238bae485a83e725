"""word2vec: the vocabulary against counted words, every step against a slow loop and against autograd, chance against its
formulas, and that it learns what a made-up language means."""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from looksay.errors import BadConfig, BadData, NotFinite
from looksay.nn import word_text
from looksay.nn.phrases import Ready, joined, ready
from looksay.nn.word_text import Text, lexicon
from looksay.ops import word_pairs
from looksay.ops.huffman import no_tree, tree_of
from looksay.ops.word_count import END, RARE
from looksay.ops.word_pairs import How, Net, Pace, Rules
from looksay.systems.write.word2vec import Settings, Word2Vec, train

ALL = [(False, 4, False), (False, 0, True), (True, 4, False), (True, 0, True), (False, 3, True), (True, 3, True)]
kinds = pytest.mark.parametrize(("cbow", "negative", "hs"), ALL)


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "text.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def babble(count: int, kinds: int, seed: int = 0) -> str:
    """Words and white space of all sorts, letters beyond ASCII too."""
    draw = random.Random(seed)
    known = [f"{draw.choice('aéñ漢z')}{number}" for number in range(kinds)]
    gaps = [" ", " ", " ", "  ", "\t", "\n", "\r\n", " \n\n "]
    return "".join(draw.choice(known[: 1 + int(kinds * draw.random() ** 2)]) + draw.choice(gaps) for _ in range(count))


# --- words ----------------------------------------------------------------------------------------------------------------


def test_words_are_counted_as_python_counts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_text, "SPAN", 512)
    text = babble(9000, 400)
    found = lexicon(Text(written(tmp_path, text)), 3)
    counted = Counter(text.split())
    assert dict(zip(found.words, found.counts.tolist(), strict=True)) == {w: n for w, n in counted.items() if n >= 3}
    assert found.read == 9000
    # The most frequent first; of equals the one that comes first.
    place = {word: number for number, word in enumerate(counted)}
    assert list(found.words) == sorted(found.words, key=lambda word: (-counted[word], place[word]))


def test_a_vocabulary_of_any_size(tmp_path: Path) -> None:
    words = [f"w{number}" for number in range(70_000)]
    found = lexicon(Text(written(tmp_path, " ".join(words + words[::2]))), 1)
    assert list(found.words) == words[::2] + words[1::2]


def test_numbers_stand_for_words_and_lines_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_text, "SPAN", 300)
    text = babble(3000, 60, seed=3)
    made = Text(written(tmp_path, "\ufeff" + text))
    known = lexicon(made, 20)
    assert len(made.spans) > 20
    assert made.spans[0][0] == 3
    lines = [[known.words.index(word) if word in known.words else RARE for word in line.split()] for line in text.split("\n")]
    got = [made.encoded(span, known.table, rare=True).tolist() for span in made.spans]
    assert [word for part in got for word in part if word != END] == [word for line in lines for word in line]
    whole: list[list[int]] = [[]]
    for number, (part, (_, stop)) in enumerate(zip(got, made.spans, strict=True)):
        for word in part:
            whole.append([]) if word == END else whole[-1].append(word)
        assert number == len(got) - 1 or bytes(made.letters[stop - 1 : stop]) == b"\n"  # lines are short: spans end where they do
    assert [line for line in whole if line] == [line for line in lines if line]
    bare = made.encoded(made.spans[0], known.table)
    assert [word for word in bare if word != END] == [word for word in got[0] if word >= 0]


def test_one_line_of_any_length_is_cut_between_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_text, "SPAN", 64)
    words = babble(800, 50).split()
    made = Text(written(tmp_path, " ".join(words)))
    known = lexicon(made, 1)
    assert len(made.spans) > 30
    assert [known.words[word] for span in made.spans for word in made.encoded(span, known.table)] == words


@pytest.mark.parametrize(
    ("content", "place", "word"),
    [
        (b"", "text.txt:", "empty"),
        (b"one two\nthree \xff four\n", "text.txt:2:", "byte 15 (0xff)"),
        ("caf\u00e9 caf\u00e9".encode("latin-1"), "text.txt:1:", "byte 4 (0xe9)"),
        (b"one two three\n", "text.txt:", "of 3 words, none comes at least 5 times"),
        (b"one " * 9 + b"two", "text.txt:", "of 10 words, only one comes"),
        (b" \n \n", "text.txt:", "of 0 words"),
    ],
)
def test_texts_that_cannot_be_learnt(tmp_path: Path, content: bytes, place: str, word: str) -> None:
    with pytest.raises(BadData) as told:
        Word2Vec(written(tmp_path, content))
    assert place in str(told.value)
    assert word in str(told.value)
    assert "\n" not in str(told.value)


def test_texts_that_are_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(BadData, match="cannot be read"):
            Text(path)


def test_settings_that_cannot_be() -> None:
    for wrong in ({"size": 0}, {"window": 0}, {"negative": -1}, {"negative": 0}, {"workers": 0}, {"sample": math.nan}):
        with pytest.raises(BadConfig):
            Settings(**wrong)


# --- the tree and the draws -----------------------------------------------------------------------------------------------


def least_length(counts: list[int]) -> int:
    """What any best code costs, by the book: the sum of all joined weights."""
    heap = list(counts)
    heapq.heapify(heap)
    total = 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        total += both
        heapq.heappush(heap, both)
    return total


@pytest.mark.parametrize(
    "counts", [[1, 1], [5, 3, 1], [1] * 13, [2**k for k in range(20, -1, -1)], [900, 40, 40, 39, 7, 7, 7, 1, 1]]
)
def test_the_tree_has_the_shortest_codes(counts: list[int]) -> None:
    tree = tree_of(np.array(counts))
    long = np.diff(tree.ends)
    assert int((long * counts).sum()) == least_length(counts)
    codes = [tuple(tree.bits[a:b].tolist()) for a, b in pairwise(tree.ends)]
    assert sum(2.0 ** -len(code) for code in codes) == 1  # no turn leads nowhere, no code begins another
    assert len(set(codes)) == len(codes)
    for word, code in enumerate(codes):  # the inner node is the same wherever the turns so far are the same
        path = tree.nodes[tree.ends[word] : tree.ends[word + 1]]
        for depth, node in enumerate(path):
            others = [w for w, c in enumerate(codes) if c[:depth] == code[:depth]]
            assert all(tree.nodes[tree.ends[w] + depth] == node for w in others)
    assert set(tree.nodes.tolist()) == set(range(len(counts) - 1))


def test_wrong_words_are_drawn_by_their_power() -> None:
    counts = np.array([5000, 900, 900, 31, 7, 1])
    draws = word_pairs.draws_of(counts, 0)
    chance = draws.share.astype(float)
    for word, other in enumerate(draws.other):
        chance[other] += 1 - draws.share[word]
    assert chance / len(counts) == pytest.approx(counts**0.75 / (counts**0.75).sum(), rel=1e-5)
    assert draws.keep.tolist() == [1] * 6


def test_frequent_words_are_thinned_out() -> None:
    counts = np.array([100_000, 10_000, 1_000, 500])  # shares of 0.897, 0.0897, 0.00897, 0.00448
    share = counts / counts.sum()
    keep = word_pairs.draws_of(counts, 0.01).keep
    assert keep.tolist() == pytest.approx([*(np.sqrt(0.01 / share[:2]) + 0.01 / share[:2]).tolist(), 1, 1], rel=1e-6)
    # A word of a tenth of the text, sample 1e-3: sqrt(0.01) + 0.01.
    assert word_pairs.draws_of(np.array([90, 10]), 1e-3).keep[1] == pytest.approx(0.11)
    # And they are, in the text that is learnt from: see how many draws are below.
    state, kept = np.uint64(word_pairs.mixed(5)), 0
    for _ in range(4000):
        state = np.uint64(word_pairs.chance(state))
        kept += word_pairs.part(state) < keep[0]
    assert kept / 4000 == pytest.approx(keep[0], abs=0.02)


# --- the steps ------------------------------------------------------------------------------------------------------------


class Slow:
    """The same, with loops over numbers, in double precision, and the generator of chance written anew."""

    def __init__(self, net: Net, rules: Rules, state: int) -> None:
        self.words, self.outs, self.nodes = (rows.astype(np.float64) for rows in net)
        self.how, self.draws, self.tree, self.state = rules.how, rules.draws, rules.tree, state

    def bits(self) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state

    def below(self, count: int) -> int:
        return (self.bits() >> 32) * count >> 32

    def part(self) -> float:
        return (self.bits() >> 40) / 2**24

    def tell(self, x: Any, y: Any, label: int, rate: float) -> Any:
        slope = rate * (label - 1 / (1 + math.exp(-float(x @ y))))
        back = slope * y.copy()
        y += slope * x
        return back

    def answer(self, x: Any, word: int, rate: float) -> Any:
        error = np.zeros_like(x)
        for at in range(self.tree.ends[word], self.tree.ends[word + 1]) if self.nodes.size else ():
            error += self.tell(x, self.nodes[self.tree.nodes[at]], 1 - int(self.tree.bits[at]), rate)
        if self.how.negative:
            error += self.tell(x, self.outs[word], 1, rate)
        for _ in range(self.how.negative):
            other = self.below(len(self.words))
            if self.part() >= self.draws.share[other]:
                other = int(self.draws.other[other])
            if other != word:
                error += self.tell(x, self.outs[other], 0, rate)
        return error

    def learn(self, ids: list[int], pace: Pace) -> None:
        seen, at = pace.seen, 0
        while at < len(ids):
            rate = max(pace.start * (1 - seen / pace.total), pace.least)
            line: list[int] = []
            while at < len(ids) and len(line) < word_pairs.LONGEST:
                at += 1
                if ids[at - 1] < 0:
                    break
                seen += 1
                if self.part() < self.draws.keep[ids[at - 1]]:
                    line.append(ids[at - 1])
            for here, word in enumerate(line):
                reach = 1 + self.below(self.how.window)
                around = [n for n in range(max(here - reach, 0), min(here + reach + 1, len(line))) if n != here]
                near = [line[n] for n in around]
                if self.how.cbow and near:
                    error = self.answer(self.words[near].mean(axis=0), word, rate)
                    for other in near:
                        self.words[other] += error
                elif not self.how.cbow:
                    for other in near:
                        self.words[other] += self.answer(self.words[other].copy(), word, rate)


def small_net(cbow: bool, negative: int, hs: bool, words: int = 23, size: int = 13) -> tuple[Net, Rules]:
    counts = np.sort(np.random.default_rng(1).integers(2, 400, words))[::-1].copy()
    how, tree = How(cbow, 3, negative), tree_of(counts) if hs else no_tree()
    net = word_pairs.fresh(words, size, how, tree, 4)
    rng = np.random.default_rng(2)
    for rows in net:
        rows[:, :size] = rng.normal(0, 0.5, (len(rows), size))
    return net, Rules(how, word_pairs.draws_of(counts, 0.05), tree)


@kinds
def test_every_step_is_that_of_a_slow_loop(cbow: bool, negative: int, hs: bool) -> None:
    net, rules = small_net(cbow, negative, hs)
    draw = random.Random(3)
    ids = [draw.randrange(-1, 23) if draw.random() < 0.9 else 0 for _ in range(1500)] + [1] * 1200  # the last line is too long
    pace, seed = Pace(0.05, 0.001, 300, 2500), word_pairs.mixed(9)
    slow = Slow(net, rules, seed)
    slow.learn(ids, pace)
    word_pairs.learn(np.array(ids, np.int32), net, rules, pace, np.uint64(seed))
    for ours, theirs in zip(net, (slow.words, slow.outs, slow.nodes), strict=True):
        assert ours.astype(float) == pytest.approx(theirs, abs=2e-4)
        assert not ours[:, 13:].any()  # what pads the rows stays 0


@kinds
def test_a_step_follows_the_gradient(cbow: bool, negative: int, hs: bool) -> None:
    """Of -log p(b | a) - log p(a | b), on a sentence of two words, by autograd."""
    net, rules = small_net(cbow, negative, hs)
    rules = rules._replace(draws=rules.draws._replace(keep=np.ones_like(rules.draws.keep)))
    before = Net(*(torch.tensor(rows, dtype=torch.float64, requires_grad=True) for rows in net))
    slow = Slow(net, rules, 77)
    loss = torch.zeros((), dtype=torch.float64)
    slow.part(), slow.part()  # both are kept
    for word, near in ((5, 8), (8, 5)):
        slow.below(3)  # whatever the window
        if hs:
            for at in range(rules.tree.ends[word], rules.tree.ends[word + 1]):
                sign = 1 - 2 * int(rules.tree.bits[at])
                loss = loss - torch.nn.functional.logsigmoid(sign * before.words[near] @ before.nodes[rules.tree.nodes[at]])
        drawn = [(word, 1)] if negative else []
        for _ in range(negative):
            other = slow.below(23)
            if slow.part() >= rules.draws.share[other]:
                other = int(rules.draws.other[other])
            drawn += [(other, -1)] if other != word else []
        for other, sign in drawn:
            loss = loss - torch.nn.functional.logsigmoid(sign * before.words[near] @ before.outs[other])
    loss.backward()
    rate = 1e-3
    word_pairs.learn(np.array([5, 8], np.int32), net, rules, Pace(rate, rate, 0, 2), np.uint64(77))
    for rows, old in zip(net, before, strict=True):
        if len(rows):
            moved = (rows - old.detach().numpy()) / rate
            assert moved == pytest.approx(-old.grad.numpy(), abs=5e-3)
            assert np.abs(moved).max() > 0.1


def test_the_learning_rate_falls_with_the_words_that_were_seen() -> None:
    """By so much less does the same sentence move at half the way, and by the least there is past the end."""
    moved = []
    for seen in (0, 500, 5000):
        net, rules = small_net(False, 4, False)
        old = net.outs.copy()
        word_pairs.learn(np.array([5, 8], np.int32), net, rules, Pace(1e-3, 1e-4, seen, 1000), np.uint64(77))
        moved.append(float(np.abs(net.outs - old).sum()))
    assert moved[1] / moved[0] == pytest.approx(0.5, rel=0.01)
    assert moved[2] / moved[0] == pytest.approx(0.1, rel=0.01)


# --- learning -------------------------------------------------------------------------------------------------------------


def language(pairs: int = 8, lines: int = 6000, seed: int = 0) -> str:
    """Countries and their capitals: words that only a pair shares stand near both, words of states near all countries, words of
    towns near all capitals."""
    draw, out = random.Random(seed), []
    for _ in range(lines):
        pair, capital = draw.randrange(pairs), draw.random() < 0.5
        name = f"{'capital' if capital else 'country'}{pair}"
        own = [f"own{pair}-{draw.randrange(4)}" for _ in range(2)]
        role = [f"{'town' if capital else 'state'}{draw.randrange(6)}" for _ in range(2)]
        words = [*own, *role]
        draw.shuffle(words)
        out.append(" ".join([*words[:2], name, *words[2:]]))
    return "\n".join(out)


@pytest.mark.parametrize(("cbow", "negative", "hs"), ALL[:4])
def test_it_learns_what_a_language_means(tmp_path: Path, cbow: bool, negative: int, hs: bool) -> None:
    how = Settings(size=24, window=4, negative=negative, hs=hs, cbow=cbow, epochs=6, lr=0.08, sample=0, seed=1)
    found = train(written(tmp_path, language()), how)
    right = asked = 0
    for a in range(8):
        for b in range(8):
            if a != b:
                best = found.analogy(f"country{a}", f"capital{a}", f"country{b}", 1)[0]
                right, asked = right + (best.word == f"capital{b}"), asked + 1
    assert right / asked >= 0.8, (right, asked)
    assert found.similarity("own3-0", "own3-1") > found.similarity("own3-0", "own4-1") + 0.3


def test_the_same_seed_gives_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_text, "SPAN", 4096)
    path = written(tmp_path, language(lines=1500))
    first, again = (train(path, Settings(size=20, epochs=2, seed=3)) for _ in range(2))
    assert first.words == again.words
    assert first.table.tobytes() == again.table.tobytes()
    assert train(path, Settings(size=20, epochs=2, seed=4)).table.tobytes() != first.table.tobytes()


def test_several_workers_do_all_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_text, "SPAN", 2048)
    path, told = written(tmp_path, language(lines=3000)), list[tuple[int, int]]()
    both = [train(path, Settings(size=24, epochs=4, lr=0.08, seed=3, workers=workers)) for workers in (1, 3)]
    assert both[0].words == both[1].words
    likes = [found.units @ found.units.T for found in both]
    assert np.corrcoef(likes[0].ravel(), likes[1].ravel())[0, 1] > 0.9
    Word2Vec(path, Settings(size=8, epochs=2, workers=2)).learn(lambda done, of: told.append((done, of)))
    assert sorted(told) == [(number + 1, told[-1][1]) for number in range(told[-1][1])]


def test_a_rate_that_is_too_large_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFinite, match="smaller lr"):
        train(written(tmp_path, language(lines=300)), Settings(size=8, lr=1e30))


# --- phrases --------------------------------------------------------------------------------------------------------------


def slow_phrases(text: str, least: int, threshold: float) -> str:
    """The rule of the original tool, a word at a time."""
    lines = [line.split() for line in text.split("\n")]
    single = Counter(word for line in lines for word in line)
    double = Counter(pair for line in lines for pair in pairwise(line))
    total, out = sum(single.values()), []
    for line in lines:
        made: list[str] = []
        free = False  # whether the last word may still be joined to the next
        for place, word in enumerate(line):
            pair = (line[place - 1], word)
            enough = place > 0 and min(single[pair[0]], single[word], double[pair]) >= least
            score = (double[pair] - least) / (single[pair[0]] * single[word]) * total if enough else 0
            if free and score > threshold:
                made[-1] += f"_{word}"
                free = False
            else:
                made.append(word)
                free = True
        out.append(" ".join(made))
    return "\n".join(line for line in out if line)


def test_phrases_are_those_of_a_slow_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_text, "SPAN", 256)
    draw = random.Random(0)
    names = ["new york city", "los angeles", "new york", "a b a b"]
    parts = [draw.choice(names) if draw.random() < 0.3 else f"w{draw.randrange(40)}" for _ in range(4000)]
    text = "".join(part + ("\n" if draw.random() < 0.1 else " ") for part in parts)
    out, count = joined(Text(written(tmp_path, text)), tmp_path / "out.txt", 5, 8.0)
    want = slow_phrases(text, 5, 8.0)
    assert [line for line in out.read_text().split("\n") if line] == want.split("\n")
    kinds = {word for word in want.split() if "_" in word}
    assert {"new_york", "los_angeles"} <= kinds
    assert count >= len(kinds)


def test_texts_are_made_ready(tmp_path: Path) -> None:
    text = "“New York”, isn't it?\nNew York! (well-known) ÉTÉ 3.5 -- New York\n" * 6
    with ready(written(tmp_path, text), Ready(tidy=True)) as made:
        assert made.path.read_text().split("\n")[0] == "new york isn't it"
        assert " ".join(made.path.read_text().split("\n")[1].split()) == "new york well-known été 3 5 new york"
        there, name = made.path, made.name
    assert (there.exists(), name) == (False, str(tmp_path / "text.txt"))
    with ready(tmp_path / "text.txt", Ready(tidy=True, phrases=2, min_count=2, threshold=1.0)) as made:
        assert "new_york_isn't_it" in made.path.read_text()
    with ready(tmp_path / "text.txt", Ready()) as made:
        assert made.path == tmp_path / "text.txt"
