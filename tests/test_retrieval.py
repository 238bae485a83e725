"""Pictures found by sentences, and sentences by pictures."""

import numpy as np
import pytest

from looksay.errors import BadValue, NotFinite
from looksay.measure.retrieval import perplexity, retrieval


def test_a_worked_case() -> None:
    near = [
        [0.9, 0.2, 0.8, 0.1, 0.3],
        [0.5, 0.7, 0.1, 0.6, 0.95],
        [0.4, 0.1, 0.6, 0.2, 0.9],
    ]
    found = retrieval(near, [0, 0, 1, 2, 2])
    assert found.pictures.tolist() == [1, 2, 3, 2, 2]
    assert found.sentences.tolist() == [1, 5, 1]
    numbers = found.numbers()
    assert numbers["picture R@1"] == pytest.approx(1 / 5)
    assert numbers["sentence R@1"] == pytest.approx(2 / 3)
    assert numbers["sentence R@5"] == numbers["picture R@5"] == 1.0
    assert numbers["picture median rank"] == 2.0
    assert numbers["sentence median rank"] == 1.0


def test_ranks_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(2)
    own = np.repeat(np.arange(30), rng.integers(1, 5, 30))
    own = rng.permutation(own)
    near = rng.integers(0, 12, (30, len(own))).astype(float)  # many are equal
    found = retrieval(near, own)
    for column, picture in enumerate(own):
        others = [near[row, column] for row in range(30) if row != picture]
        assert found.pictures[column] == 1 + sum(value >= near[picture, column] for value in others)
    for row in range(30):
        best = max(near[row, column] for column in range(len(own)) if own[column] == row)
        others = [near[row, column] for column in range(len(own)) if own[column] != row]
        assert found.sentences[row] == 1 + sum(value >= best for value in others)


def test_nothing_is_found_where_all_is_alike() -> None:
    found = retrieval(np.zeros((4, 8)), np.repeat(np.arange(4), 2))
    assert found.pictures.tolist() == [4] * 8
    assert found.sentences.tolist() == [7] * 4


def test_intervals_draw_pictures_with_their_sentences() -> None:
    rng = np.random.default_rng(0)
    own = np.repeat(np.arange(50), 5)
    found = retrieval(rng.normal(size=(50, 250)) + 2 * (own == np.arange(50)[:, None]), own)
    numbers, trust = found.numbers(), found.intervals()
    assert list(trust) == [f"{kind} R@{most}" for kind in ("picture", "sentence") for most in (1, 5, 10)]
    for name, (low, high) in trust.items():
        assert low <= numbers[name] <= high
    assert trust["picture R@1"][1] - trust["picture R@1"][0] > 0.03


@pytest.mark.parametrize(
    ("near", "own", "message"),
    [
        (np.zeros((2, 3)), [0, 1], "owners of shape"),
        (np.zeros((2, 2)), [0, 0], "picture 1: has no sentence"),
        (np.zeros((2, 2)), [0, 2], "of picture 2"),
        (np.zeros((0, 0)), [], "nothing to find"),
    ],
)
def test_what_cannot_be_ranked(near, own, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        retrieval(near, own)


def test_similarities_are_finite() -> None:
    with pytest.raises(NotFinite, match="picture 1, sentence 0"):
        retrieval([[1.0, 1.0], [np.nan, 1.0]], [0, 1])


def test_perplexity() -> None:
    assert perplexity([4 * np.log(1 / 8), 2 * np.log(1 / 8)], [4, 2]).score == pytest.approx(8.0)
    assert perplexity([np.log(0.5), 3 * np.log(0.25)], [1, 3]).score == pytest.approx(2 ** (7 / 4))
    with pytest.raises(BadValue, match="text 1"):
        perplexity([-1.0, -1.0], [1, 0])
