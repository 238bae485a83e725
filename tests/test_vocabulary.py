"""Words and numbers: texts come back as they were, whatever they are."""

import pickle
import random

import pytest

from looksay.errors import BadValue
from looksay.nn.vocabulary import SPECIALS, Vocabulary, caption_words, chars, join, readable, words

SIGNS = "aB zé9_'’-.,\"()\n\t\r  \u00a0\u2003¿—ß日\u0301\u200d😀\x00\ud800İ$€<>"


def random_texts(count: int) -> list[str]:
    rng = random.Random(4)
    near = ["".join(rng.choices(SIGNS, k=rng.randrange(30))) for _ in range(count)]
    far = ["".join(map(chr, rng.choices(range(0x110000), k=rng.randrange(12)))) for _ in range(count)]
    return ["", " ", "\n", *near, *far]


@pytest.mark.parametrize("split", [chars, words])
def test_any_text_comes_back(split) -> None:
    for text in random_texts(3000):
        tokens = split(text)
        assert join(tokens) == text
        assert all(tokens)
        if text:
            vocabulary = Vocabulary.of(dict.fromkeys(tokens, 1))
            assert join(vocabulary.decode(vocabulary.encode(tokens))) == text


def test_words_take_their_blank_along() -> None:
    assert words("The dog isn't  here,\n\nit ran.") == [
        "The", " dog", " isn't", "  ", "here", ",", "\n", "\n", "it", " ran", "."
    ]  # fmt: skip
    assert words("a_b <start>") == ["a", "_", "b", " <", "start", ">"]


@pytest.mark.parametrize(
    ("text", "tokens", "back"),
    [
        ("A dog's ball.", ["a", "dog", "'s", "ball", "."], "A dog's ball."),
        ("They’re not here; isn't it?", ["they", "'re", "not", "here", ";", "isn't", "it", "?"], "They're not here; isn't it?"),
        ('He says "GO"!', ["he", "says", '"', "go", '"', "!"], 'He says "go"!'),
        ("¿Dónde está? ¡Aquí!", ["¿", "dónde", "está", "?", "¡", "aquí", "!"], "¿Dónde está? ¡Aquí!"),
        ("8:25 p.m. (cheap, $3.50)", ["8:25", "p.m.", "(", "cheap", ",", "$", "3.50", ")"], "8:25 p.m. (cheap, $3.50)"),
        ("a T-shirt,o'clock", ["a", "t-shirt", ",", "o'clock"], "A t-shirt, o'clock"),
        ("cafe\u0301", ["café"], "Café"),
        ("  ", [], ""),
    ],
)
def test_captions(text: str, tokens: list[str], back: str) -> None:
    assert caption_words(text) == tokens
    assert readable(tokens) == back
    assert caption_words(back) == tokens


def test_what_is_unknown_is_shown_as_such() -> None:
    vocabulary = Vocabulary.of({"dog": 3, "a": 5, "cat": 3, "emu": 1}, least=2)
    assert vocabulary.classes == (*SPECIALS, "a", "cat", "dog")
    assert (vocabulary.start, vocabulary.stop, vocabulary.unknown) == (0, 1, 2)
    numbers = [0, *vocabulary.encode(["a", "emu", "cat"]), 1]
    assert numbers == [0, 3, 2, 4, 1]
    assert readable(vocabulary.decode(numbers)) == "A � cat"
    assert join(vocabulary.decode(vocabulary.encode("dab"))) == "�a�"
    assert len(vocabulary) == 6
    assert "dog" in vocabulary
    assert "emu" not in vocabulary
    assert Vocabulary.of({"b": 1, "a": 1, "c": 2}, most=2).classes[3:] == ("c", "a")


def test_it_travels() -> None:
    vocabulary = Vocabulary.from_classes([*SPECIALS, "a", "\n"])
    assert pickle.loads(pickle.dumps(vocabulary)) == vocabulary
    assert vocabulary.encode("\na") == [4, 3]
    assert hash(vocabulary) == hash(Vocabulary.from_classes(vocabulary.classes))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Vocabulary.of({}), "there are no words"),
        (lambda: Vocabulary.of({"a": 2, "<stop>": 9}, least=3), "would be empty"),
        (lambda: Vocabulary(("a", "b", "c")), "begins with"),
        (lambda: Vocabulary((*SPECIALS, "a", "a")), "'a' twice"),
        (lambda: Vocabulary().decode([7]), "no word has the number 7"),
        (lambda: Vocabulary().decode([-1]), "no word has the number -1"),
    ],
)
def test_what_cannot_be(make, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        make()
