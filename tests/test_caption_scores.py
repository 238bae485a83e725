"""Scores of captions and translations. The digits are those that the official tools print for these sentences: coco-caption with
the Stanford tokenizer, METEOR 1.5 with its first two stages, sacrebleu 2.6."""

import json
import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from looksay.cli.main import run
from looksay.errors import BadData, BadValue
from looksay.measure import bleu
from looksay.measure.caption_files import score_captions
from looksay.measure.caption_scores import caption_scores, cider, cider_d, common_lengths
from looksay.measure.meteor import align, meteor, normal
from looksay.measure.ngrams import Sentences
from looksay.measure.stem import stem
from looksay.measure.tallied import Tallied, intervals, paired

SAID = [
    "A dog runs on the beach.",
    "two cats sleeping on a red sofa",
    "The man's horse can't jump over the fence!",
    "a a a bus",
    "A sailing boat (white) near the T-shirt shop, at 5 p.m.",
    "nothing here",
]
KNOWN = [
    ["A brown dog is running along the beach.", "The dog runs on sand", "dogs run on the beach at dusk"],
    ["Two cats sleep on a sofa.", "a red couch with two sleeping cats on it"],
    ["A man's horse cannot jump the fences.", "The horse of the man can't jump over a fence", "a rider and his horse"],
    ["A bus on a street", "a big yellow bus stands in a street of the town"],
    ["A white boat sails near the shop.", "Near a T-shirt shop there is a (white) sailing boat.", "boats at 5 p.m."],
    ["A train at the station", "there is a train"],
]
OFFICIAL = {
    "BLEU-1": (0.928571429, [1.0, 1.0, 1.0, 0.584100587, 1.0, 0.0]),
    "BLEU-2": (0.735980072, [0.894427191, 0.707106781, 0.816496581, 0.389400391, 0.763762616, 0.0]),
    "BLEU-3": (0.501845035, [0.7368063, 4.642e-06, 0.629960525, 3.894e-06, 0.473352529, 0.0]),
    "BLEU-4": (0.266650389, [0.000107457, 1.3e-08, 0.434720872, 1.5e-08, 5.7067e-05, 0.0]),
    "ROUGE-L": (0.507036697, [0.625641026, 0.780051151, 0.660990712, 0.435714286, 0.539823009, 0.0]),
    "CIDEr-D": (1.654900169, [2.434449285, 2.178613138, 2.257027802, 1.373734556, 1.685576232, 0.0]),
    "METEOR": (0.363061461, [0.342722627, 0.449657404, 0.437863857, 0.261248686, 0.413119708, 0.0]),
}


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_official_digits(name: str) -> None:
    found = caption_scores(SAID, KNOWN)
    whole, each = OFFICIAL[name]
    assert found.numbers[name] == pytest.approx(whole, abs=6e-10)
    assert found.each[name] == pytest.approx(each, abs=6e-10)


def random_sentences(seed: int, pictures: int) -> tuple[list[list[str]], list[list[list[str]]]]:
    rng = np.random.default_rng(seed)
    words = np.array(["w" + str(n) for n in range(12)])

    def sentence() -> list[str]:
        return words[np.minimum(rng.geometric(0.25, rng.integers(0, 12)) - 1, 11)].tolist()

    return [sentence() for _ in range(pictures)], [[sentence() for _ in range(rng.integers(1, 5))] for _ in range(pictures)]


def slow_cider(said: list[list[str]], known: list[list[list[str]]], clipped: bool) -> list[float]:
    """The formula, one n-gram after the other."""

    def grams(tokens: list[str], n: int) -> Counter[tuple[str, ...]]:
        return Counter(tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1))

    scores = []
    for tokens, references in zip(said, known, strict=True):
        total = 0.0
        for n in range(1, 5):
            pictures = Counter(gram for some in known for gram in {gram for each in some for gram in grams(each, n)})

            def weighed(each: list[str], n: int = n, pictures: Counter = pictures) -> dict[tuple[str, ...], float]:
                return {g: c * (math.log(len(said)) - math.log(max(pictures[g], 1))) for g, c in grams(each, n).items()}

            here = weighed(tokens)
            for each in references:
                there = weighed(each)
                both = sum((min(v, there.get(g, 0)) if clipped else v) * there.get(g, 0) for g, v in here.items())
                norm = math.sqrt(sum(v * v for v in here.values())) * math.sqrt(sum(v * v for v in there.values()))
                apart = max(len(tokens) - 1, 0) - max(len(each) - 1, 0)
                penalty = math.exp(-(apart**2) / 72) if clipped else 1.0
                total += both / norm * penalty / len(references) if norm else 0.0
        scores.append(10 * total / 4)
    return scores


@pytest.mark.parametrize("seed", range(4))
def test_cider_is_its_formula(seed: int) -> None:
    said, known = random_sentences(seed, 20)
    texts = Sentences.of(said, known)
    assert cider_d(texts) == pytest.approx(slow_cider(said, known, clipped=True), abs=1e-12)
    assert cider(texts) == pytest.approx(slow_cider(said, known, clipped=False), abs=1e-12)


def slow_common(a: list[str], b: list[str]) -> int:
    row = [0] * (len(b) + 1)
    for left in a:
        before = row[:]
        for at, right in enumerate(b):
            row[at + 1] = before[at] + 1 if left == right else max(before[at + 1], row[at])
    return row[-1]


def test_longest_common_subsequences() -> None:
    said, known = random_sentences(9, 150)
    expected = [slow_common(tokens, each) for tokens, some in zip(said, known, strict=True) for each in some]
    assert common_lengths(Sentences.of(said, known)).tolist() == expected


def test_bleu_counts_are_those_of_a_loop() -> None:
    said, known = random_sentences(5, 60)
    rows = bleu.statistics(Sentences.of(said, known))
    for row, tokens, some in zip(rows, said, known, strict=True):
        for n in range(1, 5):
            here = Counter(zip(*(tokens[at:] for at in range(n)), strict=False))
            there = [Counter(zip(*(each[at:] for at in range(n)), strict=False)) for each in some]
            assert row[n - 1] == sum(min(count, max(each[gram] for each in there)) for gram, count in here.items())
            assert row[3 + n] == max(len(tokens) - n + 1, 0)
        assert row[8:].tolist() == [len(tokens), min((abs(len(each) - len(tokens)), len(each)) for each in some)[1]]


@pytest.mark.parametrize(
    ("first", "score"),
    [(0, 15.352936318), (1, 13.17889861), (2, 14.050556654), (3, 13.142939479), (4, 14.18984721), (5, 0.0)],
)
def test_translations_as_sacrebleu(first: int, score: float) -> None:
    assert bleu.translations(SAID[first:], [some[:2] for some in KNOWN[first:]]).score == pytest.approx(score, abs=6e-10)


def test_translations_with_one_reference() -> None:
    said = ["The cat sat on the mat, didn't it?", "It cost $3.50 (really)."]
    known = [["The cat sat on a mat, did it?"], ["It cost $3.50 in all."]]
    assert bleu.translations(said, known).score == pytest.approx(36.21223993047661, abs=1e-9)
    assert bleu.translations(["", "a"], [["x"], ["b"]]).score == 0.0
    with pytest.raises(BadValue, match="single texts"):
        bleu.translations(["a"], ["a"])  # type: ignore[list-item]


def test_tokens_of_translations() -> None:
    assert bleu.tokens_13a("It's 1,000.5 (or 5-6), \"so\" &amp; U.S. a-b <skipped>") == [
        "It's", "1,000.5", "(", "or", "5", "-", "6", ")", ",", '"', "so", '"', "&", "U", ".", "S", ".", "a-b"
    ]  # fmt: skip


STEMS = """
dogs dog, running run, hopping hop, hoped hope, skies sky, dying die, flies fli, ties tie, gas gas, boxes box, agreed
agre, feed feed, happily happili, nationality nation, relational relat, conditional condit, generously generous,
communities communiti, news news, early earli, sitting sit, grass grass, buses buse, horses' hors, dog's dog, youth
youth, say say, cry cri, national nation, realization realiz, irrationality irrat, exceed exceed
"""


def test_stems() -> None:
    pairs = [pair.split() for pair in STEMS.split(",")]
    assert [stem(word) for word, _ in pairs] == [wanted for _, wanted in pairs]


def test_words_as_meteor_splits_them() -> None:
    given = "a t-shirt 's ca n't u.s. p.m. his/her 8:25 3.5 $ 5 -lrb- etc. mr. 5 o'clock -5 shop."
    wanted = "a t shirt ' s ca n 't us pm his / her 8 : 25 3.5 $ 5 -lrb- etc. mr . 5 o 'clock -5 shop ."
    assert " ".join(normal(given.split())) == wanted


@pytest.mark.parametrize(
    ("said", "known", "pairs", "chunks"),
    [
        ("dogs dog", "dog dogs", 2, 2),  # equal words before words of one stem
        ("car x car", "cars", 0, 0),  # a choice of stems makes no chunk of its own,
        ("red car y car", "red cars", 2, 1),  # but may go on with one
        ("car", "x cars", 1, 1),
        ("a car car b", "k a cars cars b", 4, 1),
        ("the dog the cat", "the cat the dog", 4, 2),
        ("car red x red", "reds car", 1, 1),
        ("", "x", 0, 0),
    ],
)
def test_alignments_as_meteor_makes_them(said: str, known: str, pairs: int, chunks: int) -> None:
    found, several = align(said.split(), known.split())
    assert (len(found), several) == (pairs, chunks)
    assert all(a[0] < b[0] for a, b in pairwise(found))
    assert len({there for _, there, _ in found}) == pairs


def test_a_perfect_sentence_is_worth_one() -> None:
    whole, each = meteor([["a", "dog"], ["dog"], []], [[["a", "dog"]], [["x"], ["dog"]], [["x"]]])
    assert each.tolist() == [1.0, 1.0, 0.0]
    assert whole.rows.shape == (3, 13)


# -- how far to trust them -------------------------------------------------------------------------------------------------------


def test_an_interval_is_that_of_scores_computed_anew() -> None:
    """Resampling the statistics is resampling the pictures."""
    said, known = random_sentences(3, 25)
    found = caption_scores(
        [" ".join(each) for each in said], [[" ".join(each) for each in some] for some in known], split=str.split
    )
    rng = np.random.default_rng(1)
    for _ in range(5):
        rows = rng.integers(0, 25, 25)
        anew = caption_scores(
            [" ".join(said[row]) for row in rows], [[" ".join(each) for each in known[row]] for row in rows], split=str.split
        )
        weights = np.bincount(rows, minlength=25)[None].astype(float)
        for name in ("BLEU-1", "BLEU-4", "METEOR", "ROUGE-L"):
            tallied = found.tallied[name]
            assert tallied.fold(weights @ tallied.rows)[0] == pytest.approx(anew.numbers[name], abs=1e-12)
    low, high = found.intervals()["BLEU-1"]
    assert low < found.numbers["BLEU-1"] < high
    assert found.intervals() == found.intervals()
    assert found.intervals(seed=1) != found.intervals()


def test_intervals_of_means_are_the_usual_ones() -> None:
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = intervals({"mean": Tallied.mean(values)}, rounds=4000)["mean"]
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.03)
    assert high == pytest.approx(values.mean() + half, abs=0.03)


def test_two_systems_on_the_same_pictures() -> None:
    values = np.random.default_rng(0).normal(0, 5, 200)
    better, worse = Tallied.mean(values + 0.1), Tallied.mean(values)
    found = paired(better, worse)
    assert found.wins == 1.0
    assert found.difference == pytest.approx(0.1)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))
    with pytest.raises(BadValue, match="200 and 3"):
        paired(better, Tallied.mean(values[:3]))


# -- files -----------------------------------------------------------------------------------------------------------------------


def written(path, value) -> str:
    path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    return str(path)


@pytest.fixture
def coco(tmp_path):
    truth = [
        {"id": 10 * i + j, "image_id": 7 - i, "caption": text} for i, some in enumerate(KNOWN) for j, text in enumerate(some)
    ]
    found = [{"image_id": 7 - i, "caption": text} for i, text in enumerate(SAID)]
    whole = {"images": [{"id": 7 - i} for i in range(6)], "annotations": truth}
    return written(tmp_path / "found.json", found[::-1]), written(tmp_path / "truth.json", whole)


def test_files_of_coco(coco, capsys) -> None:
    scores, pairs = score_captions(*coco)
    assert {name: scores.numbers[name] for name in OFFICIAL} == pytest.approx({n: w for n, (w, _) in OFFICIAL.items()}, abs=6e-10)
    assert pairs.ids == [7, 6, 5, 4, 3, 2]
    assert run(["score", *coco]) == 0
    said = capsys.readouterr().out
    assert "6 pictures, 15 references" in said
    assert "CIDEr-D  1.654900" in said
    assert "no synonyms" in said
    assert run(["score", "--json", *coco]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["ROUGE-L"] == pytest.approx(0.507036697, abs=6e-10)
    assert row["intervals"]["BLEU-1"][0] <= row["BLEU-1"]


def test_files_of_text(tmp_path, capsys) -> None:
    files = [
        written(tmp_path / "said.txt", "a dog runs\nthe cat\n"),
        written(tmp_path / "one.txt", "\ufeffa dog runs\r\n\r\n"),
        written(tmp_path / "two.txt", "dogs run\nthe cat"),
    ]
    scores, pairs = score_captions(*files)
    assert pairs.references == [["a dog runs", "dogs run"], ["the cat"]]
    assert scores.numbers["ROUGE-L"] == 1.0
    assert run(["score", *files]) == 0
    assert "2 pictures, 3 references" in capsys.readouterr().out


def test_boxes_are_scored_by_the_same_verb(tmp_path, capsys) -> None:
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9], "area": 81, "iscrowd": 0}
    truth = written(
        tmp_path / "truth.json", {"images": [{"id": 1}], "annotations": [box], "categories": [{"id": 1, "name": "a"}]}
    )
    found = written(tmp_path / "found.json", [{"image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9], "score": 0.5}])
    assert run(["score", found, truth]) == 0
    assert "IoU=0.50:0.95 | area=   all | maxDets=100 ] = 1.000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([{"image_id": 1, "caption": "a"}], "result 0: image 1 has no true caption"),
        ([{"image_id": 2, "caption": "a"}, {"image_id": 2, "caption": "b"}], "result 1: is the second caption of image 2"),
        ([{"image_id": 2, "caption": "a"}, {"image_id": 3}], "result 1: has no caption"),
        ([{"image_id": 2, "caption": 5}], "its caption is 5, not text"),
        ([{"image_id": 2.5, "caption": "a"}], "its image_id is 2.5"),
        ([], "has no results"),
        ({"caption": "a"}, "is not a list of results"),
    ],
)
def test_files_that_cannot_be_scored(tmp_path, coco, found, message: str) -> None:
    with pytest.raises(BadData, match=message):
        score_captions(written(tmp_path / "bad.json", found), coco[1])


def test_texts_that_cannot_be_scored(tmp_path) -> None:
    said, one = written(tmp_path / "said.txt", "a\nb\n"), written(tmp_path / "one.txt", "a\n")
    (tmp_path / "odd.txt").write_bytes(b"a\n\xff\n")
    for files, message in (
        ((said, one), "has 1 lines, said.txt has 2"),
        ((said,), "nothing to be scored against"),
        ((said, str(tmp_path / "odd.txt")), "not UTF-8 text: byte 2 is 0xff"),
        ((said, written(tmp_path / "gap.txt", "a\n \n")), "gap.txt:2: has no reference"),
        ((written(tmp_path / "none.txt", "\n"), one), "is empty"),
        ((said, str(tmp_path / "away.txt")), "cannot be read"),
    ):
        with pytest.raises(BadData, match=message):
            score_captions(*files)


def test_sentences_that_cannot_be_scored() -> None:
    for said, known, message in (
        (["a"], [[]], "sentence 0: has no reference"),
        (["a"], [], "against the references of 0"),
        ([], [], "nothing to score"),
    ):
        with pytest.raises(BadValue, match=message):
            caption_scores(said, known)
