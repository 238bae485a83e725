"""Word vectors: files that come back bit for bit, hostile files, neighbours and analogies, scores worked by hand, the plot of
pairs, and the commands."""

from __future__ import annotations

import gzip
import io
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from PIL import Image

from looksay.cli.main import run
from looksay.errors import BadData, BadValue, DiskTrouble, UnknownName
from looksay.measure.words import Analogies, Likeness, analogies, likeness, score
from looksay.nn.word_files import read_vectors, write_vectors
from looksay.nn.word_vectors import WordVectors
from looksay.show.word_plot import pairs_plot, plane, read_pairs


def some(count: int = 200, size: int = 7, seed: int = 0) -> WordVectors:
    """Numbers of all sizes, the smallest there are and minus nothing among them."""
    rng = np.random.default_rng(seed)
    table = (rng.normal(size=(count, size)) * 10.0 ** rng.integers(-30, 30, (count, size))).astype(np.float32)
    table[0, :4] = (-0.0, 1e-45, np.finfo(np.float32).max, np.finfo(np.float32).tiny)
    return WordVectors(("naïve", "漢字", "\xa0", "a'b_c-d", *(f"w{number}" for number in range(count - 4))), table)


def vectors(rows: dict[str, tuple[float, ...]]) -> WordVectors:
    return WordVectors(tuple(rows), np.array(list(rows.values()), np.float32))


# Two axes that mean sex and rank, one that says who it is about, and three words that differ in case alone.
FAMILY = vectors(
    {
        "the": (0.1, 0.1, -1), "man": (1, 0, 0.1), "woman": (-1, 0, 0.1), "king": (1, 1, 0), "queen": (-1, 1, 0),
        "Woman": (0.2, -1, 0.3), "boy": (1, -1, 0), "girl": (-1, -1, 0), "QUEEN": (0.5, 0.5, 0.5),
    }
)  # fmt: skip


@pytest.mark.parametrize("name", ["v.txt", "v.txt.gz", "v.bin", "v.bin.gz", "v.glove", "v.glove.gz"])
def test_what_is_written_is_read_back_bit_for_bit(tmp_path: Path, name: str) -> None:
    made, path = some(), tmp_path / name
    write_vectors(made, path, "glove" if "glove" in name else None)
    back = read_vectors(path)
    assert (back.words, back.problems) == (made.words, ())
    assert back.table.tobytes() == made.table.tobytes()
    first = path.read_bytes()
    write_vectors(back, path, "glove" if "glove" in name else None)
    assert path.read_bytes() == first
    assert (first[:2] == b"\x1f\x8b") == name.endswith(".gz")
    assert [item.name for item in tmp_path.iterdir()] == [name]


def test_the_formats_are_those_of_the_original_tools(tmp_path: Path) -> None:
    two = vectors({"of": (0.5, -2), "dog": (1e-3, 3)})
    write_vectors(two, tmp_path / "v.txt")
    assert (tmp_path / "v.txt").read_text() == "2 2\nof 0.5 -2\ndog 0.00100000005 3\n"
    write_vectors(two, tmp_path / "v.txt", "glove")
    assert (tmp_path / "v.txt").read_text() == "of 0.5 -2\ndog 0.00100000005 3\n"
    write_vectors(two, tmp_path / "v.bin")
    want = b"2 2\nof " + struct.pack("<2f", 0.5, -2) + b"\ndog " + struct.pack("<2f", 1e-3, 3) + b"\n"
    assert (tmp_path / "v.bin").read_bytes() == want


def test_files_as_other_tools_write_them(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"2 3\n</s> 0.1 0.2 0.3 \nthe -1 2e-3 +4 \n")  # a space at the end of each line
    assert read_vectors(path)["the"].tolist() == pytest.approx([-1, 0.002, 4])
    path.write_bytes(b"2 2\r\na 1 2\r\nb 3 4\r\n")
    assert read_vectors(path).words == ("a", "b")
    path.write_bytes(b"2 2\na " + struct.pack("<2f", 1, 2) + b"b " + struct.pack("<2f", 3, 4))  # binary without line feeds
    assert read_vectors(path)["b"].tolist() == [3, 4]
    path.write_bytes(b"the 1 2\n. . . 3 4\nat name@domain.com 5 6\n")  # words with spaces
    assert read_vectors(path).words == ("the", ". . .", "at name@domain.com")
    path.write_bytes(b"3 1\na 1\nb 2\na 3\n")
    found = read_vectors(path)
    assert (found.words, found["a"].tolist()) == (("a", "b"), [1])
    assert found.problems == (f"{path}: 1 words come again and were left out: a",)


def test_large_files_are_read_in_parts(tmp_path: Path) -> None:
    made = WordVectors(
        tuple(f"word{number}" for number in range(30_000)), np.random.default_rng(0).random((30_000, 20), np.float32)
    )
    write_vectors(made, tmp_path / "v.bin")
    assert (tmp_path / "v.bin").stat().st_size > 2 << 20
    back = read_vectors(tmp_path / "v.bin")
    assert (back.words, back.table.tobytes()) == (made.words, made.table.tobytes())


ROW = struct.pack("<2f", 1, 2)


@pytest.mark.parametrize(
    ("content", "place", "word"),
    [
        (b"", "v:1", "no word vectors"),
        (b"\n\n", "v:1", "no word vectors"),
        (b"hello\n", "v:1", "0 numbers"),
        (b"hello there\n", "v:1", "0 numbers"),
        (b"0 5\n", "v:1", "0 words"),
        (b"5 0\n", "v:1", "of 0 numbers"),
        (b"5 999999999\n", "v:1", "999999999 numbers"),
        (b"999999999999 2\na 1 2\n", "v:3", "after 1 of 999,999,999,999"),
        (b"2 2\na 1 2\nb 3\n", "v:3", "1 numbers, where 2"),
        (b"2 2\na 1 2\nb 3 x\n", "v:3", "1 numbers, where 2"),
        (b"3 2\na 1 2\n\nb 3 4\n", "v:3", "0 numbers"),
        (b"1 2\na 1 2\nb 3 4\n", "v:3", "goes on after the 1 words"),
        (b"2 2\na 1 2\nb 3 nan\n", "v:3", "not finite"),
        (b"2 2\na 1 2\nb 3 1e39\n", "v:3", "not finite"),
        (b"2 2\na 1 2\n\xff 3 4\n", "v:3", "not text in UTF-8"),
        (b"the 1 2\nof 3\n", "v:2", "1 numbers, where 2"),
        (b"2 2\na " + ROW + b"\nb " + ROW[:5], "v: byte 14", "after 1 of 2 words"),
        (b"2 2\na " + ROW + b"\n", "v: byte 14", "after 1 of 2 words"),
        (b"1 2\na " + ROW + b"\nb " + ROW + b"\n", "v: byte 14", "goes on"),
        (b"1 2\n\xff\xfe " + ROW, "v: byte 4", "not text in UTF-8"),
        (b"1 2\n " + ROW, "v: byte 4", "without a word"),
        (b"1 2\n" + b"\x00" * 200_000, "v: byte 4", "no word ends"),
        (b"2 1\na " + struct.pack("<f", np.inf) + b"b " + ROW[:4], "v: byte 4", "not finite"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_hostile_files_get_one_line(tmp_path: Path, content: bytes, place: str, word: str, packed: bool) -> None:
    (tmp_path / "v").write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(BadData) as told:
        read_vectors(tmp_path / "v")
    assert f"{tmp_path}/{place}" in str(told.value)
    assert word in str(told.value)
    assert "\n" not in str(told.value)


def test_a_gzip_that_is_cut_short(tmp_path: Path) -> None:
    write_vectors(some(), tmp_path / "v.txt.gz")
    whole = (tmp_path / "v.txt.gz").read_bytes()
    for content in (whole[:-200], whole[:2], whole[:500] + b"\0" * 40 + whole[540:]):
        (tmp_path / "v.txt.gz").write_bytes(content)
        with pytest.raises(BadData, match="gzip"):
            read_vectors(tmp_path / "v.txt.gz")
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(BadData, match="cannot be read"):
            read_vectors(path)


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "v.bin").write_bytes(b"old")
    with pytest.raises(BadValue, match="'New York' cannot be written as binary"):
        write_vectors(vectors({"New York": (1, 2)}), tmp_path / "v.bin")
    assert (tmp_path / "v.bin").read_bytes() == b"old"
    with pytest.raises(BadValue, match="as text"):
        write_vectors(vectors({"a\nb": (1, 2)}), tmp_path / "v.txt")
    with pytest.raises(DiskTrouble):
        write_vectors(FAMILY, tmp_path / "v.bin" / "deeper.txt")
    with pytest.raises(BadValue, match="twice"):
        WordVectors(("a", "a"), np.ones((2, 2), np.float32))
    with pytest.raises(BadValue, match="shape"):
        WordVectors(("a",), np.ones((2, 2), np.float32))


# --- asking ---------------------------------------------------------------------------------------------------------------


def test_neighbours_are_those_of_a_slow_loop() -> None:
    rng = np.random.default_rng(1)
    made = WordVectors(tuple(f"w{number}" for number in range(300)), rng.normal(size=(300, 16)).astype(np.float32))

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a.astype(float) @ b / np.linalg.norm(a) / np.linalg.norm(b))

    want = sorted(((cosine(made["w7"], made[word]), word) for word in made if word != "w7"), reverse=True)
    for count in (1, 10, 299, 1000):
        found = made.similar("w7", count)
        assert [each.word for each in found] == [word for _, word in want[:count]]
        assert [each.score for each in found] == pytest.approx([score for score, _ in want[:count]], abs=1e-6)
    assert made.similarity("w1", "w2") == pytest.approx(cosine(made["w1"], made["w2"]), abs=1e-6)


def test_analogies_add_and_leave_out_the_question() -> None:
    found = [each.word for each in FAMILY.analogy("man", "king", "woman", 20)]
    assert found[0] == "queen"
    assert sorted([*found, "man", "king", "woman"]) == sorted(FAMILY.words)
    goal = FAMILY.units[3] - FAMILY.units[1] + FAMILY.units[2]
    assert FAMILY.analogy("man", "king", "woman", 1)[0].score == pytest.approx(
        float(goal @ FAMILY.units[4]) / float(np.linalg.norm(goal)), abs=1e-6
    )
    assert [each.word for each in FAMILY.analogy("man", "man", "man", 20)].count("man") == 0


def test_of_equals_the_more_frequent_comes_first() -> None:
    made = vectors({"a": (1, 0), "b": (0, 1), "c": (2, 0), "d": (3, 0), "zero": (0, 0)})
    assert [each.word for each in made.similar("a", 2)] == ["c", "d"]
    assert [each.word for each in made.similar("a", 9)] == ["c", "d", "b", "zero"]


def test_unknown_words_get_a_suggestion() -> None:
    for word, hint in (("qeen", "queen"), ("KING", "king"), ("zzzzzz", "9 words")):
        with pytest.raises(UnknownName) as told:
            FAMILY.similar(word)
        assert word in str(told.value)
        assert hint in str(told.value)


# --- scores ---------------------------------------------------------------------------------------------------------------


def questions(folder: Path, text: str) -> Path:
    path = folder / "questions.txt"
    path.write_text(text, "utf-8")
    return path


def test_analogies_are_scored_as_worked_by_hand(tmp_path: Path) -> None:
    text = ": family\nMan king woman queen\nMAN KING WOMAN QUEEN\nman king boy queen\nman king woman emperor\n"
    found = analogies(FAMILY, questions(tmp_path, text + ": more\nboy girl man woman\n"))
    # Case does not matter: of king - man + boy the answer is 'QUEEN', the same as 'queen', right as the original tool counts. The
    # question with the unknown emperor does not count.
    assert FAMILY.analogy("man", "king", "boy", 1)[0].word == "QUEEN"
    family, more = found.sections
    assert (family.name, family.asked, family.seen, family.right) == ("family", 4, 3, 3)
    assert (more.name, more.asked, more.seen, more.right) == ("more", 1, 1, 1)
    assert (found.total.asked, found.total.seen, found.total.right, found.top) == (5, 4, 4, 9)
    assert found.row()["total"] == 1.0


def slow_answer(made: WordVectors, a: str, b: str, c: str) -> str:
    """A word at a time, as the original tool goes; words are upper case already."""
    best, word = 0.0, ""
    unit = {name: row / np.linalg.norm(row) for name, row in zip(made.words, made.table.astype(float), strict=True)}
    for name in made.words:
        if name not in (a, b, c) and float((unit[b] - unit[a] + unit[c]) @ unit[name]) > best:
            best, word = float((unit[b] - unit[a] + unit[c]) @ unit[name]), name
    return word


def test_analogies_are_those_of_a_slow_loop(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    words = tuple(f"W{number}" for number in range(40))
    made = WordVectors(words, rng.normal(size=(40, 5)).astype(np.float32))
    asked = [rng.choice(40, 3, replace=False).tolist() for _ in range(600)]
    answers = [slow_answer(made, *(words[each] for each in row)) for row in asked]
    # Every other question has the right answer, each seventh section another kind.
    said = [answer if place % 2 else words[(words.index(answer) + 1) % 40] for place, answer in enumerate(answers)]
    lines = []
    for place, (row, answer) in enumerate(zip(asked, said, strict=True)):
        lines += [f": part {place // 100}"] if place % 100 == 0 else []
        lines.append(" ".join([*(words[each].lower() for each in row), answer]))
    found = analogies(made, questions(tmp_path, "\n".join(lines)))
    assert [(part.name, part.right, part.seen) for part in found.sections] == [(f"part {n}", 50, 100) for n in range(6)]
    assert (found.semantic.seen, found.semantic.right, found.syntactic.seen, found.syntactic.right) == (500, 250, 100, 50)
    for answer in ("semantic", "syntactic", "50.00 %", "600 of 600"):
        assert answer in "\n".join(found.lines())


def test_only_the_most_frequent_words_take_part(tmp_path: Path) -> None:
    path = questions(tmp_path, ": family\nman king woman queen\nboy king girl queen\n")
    found = analogies(FAMILY, path, top=5)
    assert (found.total.seen, found.total.asked, found.top) == (1, 2, 5)
    # Without 'queen' itself among the words, there is nothing to find.
    assert analogies(FAMILY, path, top=4).total.seen == 0
    # Of words that differ in case alone the first is asked about: 'Woman' is another vector.
    assert analogies(FAMILY, questions(tmp_path, "woman man WOMAN man")).total.seen == 1


def test_answers_must_point_the_right_way(tmp_path: Path) -> None:
    made = vectors({"A": (1, 0), "B": (0.9, 0.1), "C": (1, 0.1), "D": (-1, 0)})
    found = analogies(made, questions(tmp_path, "a b c d"))
    assert (found.total.seen, found.total.right) == (1, 0)


PAIRS = [("man", "king", 7.5), ("man", "woman", 8.3), ("king", "queen", 8.6), ("boy", "girl", 8.3), ("the", "boy", 0.4)]


@pytest.mark.parametrize("style", ["tab", "comma", "space", "heading", "more"])
def test_pairs_are_scored_as_scipy_does(tmp_path: Path, style: str) -> None:
    gap = {"comma": ",", "space": " "}.get(style, "\t")
    lines = ["# pairs of words", *(["Word 1\tWord 2\tHuman (mean)"] if style == "heading" else [])]
    lines += [gap.join([a.upper(), b, str(said), *(["9", "8"] if style == "more" else [])]) for a, b, said in PAIRS]
    lines.append(gap.join(["king", "emperor", "9.1"]))
    found = score(FAMILY, questions(tmp_path, "\n".join(lines)))
    assert isinstance(found, Likeness)
    ours, said = [FAMILY.similarity(a, b) for a, b, _ in PAIRS], [each[2] for each in PAIRS]
    assert found.spearman == pytest.approx(scipy.stats.spearmanr(ours, said).statistic, abs=1e-6)
    assert found.pearson == pytest.approx(scipy.stats.pearsonr(ours, said).statistic, abs=1e-6)
    assert (found.asked, found.seen) == (6, 5)
    assert "5 of 6 pairs" in found.lines()[-1]


def test_which_kind_a_file_is_shows_in_its_lines(tmp_path: Path) -> None:
    assert isinstance(score(FAMILY, questions(tmp_path, "man king woman queen")), Analogies)
    assert isinstance(score(FAMILY, questions(tmp_path, "word1\tword2\tmean score\nman\tking\t3\nboy\tgirl\t5")), Likeness)
    assert likeness(FAMILY, questions(tmp_path, "man king 3")).row()["spearman"] is None


@pytest.mark.parametrize(
    ("text", "where", "word"),
    [
        ("", "questions.txt", "neither"),
        (": one\na b c\n", ":2", "3 words"),
        (": one\n", "questions.txt", "no questions"),
        ("man\tking\t1\nboy\tgirl\n", ":2", "not two words"),
        ("man\tking\tnan\nx\ty\tz", ":2", "not two words"),
    ],
)
def test_bad_questions_are_told_with_their_line(tmp_path: Path, text: str, where: str, word: str) -> None:
    with pytest.raises(BadData) as told:
        score(FAMILY, questions(tmp_path, text))
    assert where in str(told.value)
    assert word in str(told.value)


# --- the plot -------------------------------------------------------------------------------------------------------------


def test_the_plane_holds_what_varies_most() -> None:
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    made = (rng.normal(size=(50, 6)) * (9, 4, 0.1, 0.1, 0.1, 0.1)) @ turn + 3
    at, shares = plane(made.astype(np.float32))
    centred = made - made.mean(axis=0)
    values = np.sort(np.linalg.eigvalsh(centred.T @ centred))[::-1]
    assert shares == pytest.approx(values[:2] / values.sum(), rel=1e-4)
    assert (at**2).sum(axis=0) == pytest.approx(values[:2], rel=1e-4)
    assert float(at[:, 0] @ at[:, 1]) == pytest.approx(0, abs=1e-3)


def test_pairs_are_drawn_from_left_to_right(tmp_path: Path) -> None:
    path = questions(tmp_path, "# sexes\nwoman man\nqueen\tking\ngirl, boy\n")
    pairs = read_pairs(path)
    assert pairs == [("woman", "man"), ("queen", "king"), ("girl", "boy")]
    png = pairs_plot(FAMILY, [*pairs, ("no", "such")])
    assert png == pairs_plot(FAMILY, pairs)
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.size[0] > 800
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    blue, orange = ((np.abs(pixels - colour).sum(axis=2) < 20).nonzero()[1] for colour in ((11, 111, 184), (192, 84, 0)))
    assert min(len(blue), len(orange)) > 100
    assert blue.mean() < orange.mean() - 100
    with pytest.raises(BadValue, match="1 of 2 pairs"):
        pairs_plot(FAMILY, [("woman", "man"), ("no", "such")])
    for text, word in (("one\n", "1 words"), ("a b c\n", "3 words"), ("", "no pairs")):
        with pytest.raises(BadData, match=word):
            read_pairs(questions(tmp_path, text))


# --- commands -------------------------------------------------------------------------------------------------------------


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(["words", *arguments])
    found = capsys.readouterr()
    return code, found.out, found.err


def test_words_are_learnt_and_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("The king sat. New York, and the queen sat;\n" * 30)
    common = ["--size", "8", "--epochs", "2", "--seed", "3"]
    code, out, err = said(capsys, "train", "text.txt", "--tidy", "--phrases", "1", "--threshold", "5", *common)
    assert (code, err) == (0, "")
    assert out.startswith("6 words that come at least 5 times; they make up 240 of 240\n")
    assert out.endswith("vectors: vectors.txt\n")
    first = Path("vectors.txt").read_bytes()
    assert b"\nnew_york " in first
    assert said(capsys, "train", "text.txt", "--tidy", "--phrases", "1", "--threshold", "5", *common)[0] == 0
    assert Path("vectors.txt").read_bytes() == first
    for more in (["--cbow"], ["--hs"], ["--hs", "--negative", "3", "--workers", "2"]):
        assert said(capsys, "train", "text.txt", "-o", "v.bin", *common, *more)[0] == 0
    code, out, _ = said(capsys, "convert", "v.bin", "v.glove.gz", "--format", "glove")
    assert (code, read_vectors("v.glove.gz").table.tobytes()) == (0, read_vectors("v.bin").table.tobytes())


def test_the_commands_say_what_the_functions_give(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, text = str(tmp_path / "v.txt"), questions(tmp_path, ": family\nman king woman queen\n")
    write_vectors(FAMILY, file)
    code, out, _ = said(capsys, "near", "king", "-v", file, "-n", "3", "--json")
    want = FAMILY.similar("king", 3)
    assert [json.loads(line)["word"] for line in out.splitlines()] == [each.word for each in want]
    assert said(capsys, "near", "king", "-v", file, "-n", "1")[1] == f"{want[0].score:.4f}  {want[0].word}\n"
    assert said(capsys, "analogy", "man", "king", "woman", "-v", file)[1].split()[1] == "queen"
    assert "100.00 %" in said(capsys, "score", str(text), "-v", file)[1]
    assert json.loads(said(capsys, "score", str(text), "-v", file, "--json")[1])["right"] == 1
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("woman man\nqueen king\nno such\n")
    code, out, err = said(capsys, "plot", str(pairs), "-v", file, "-o", str(tmp_path / "p.png"))
    assert (code, err) == (0, "note: left out for unknown words: no, such\n")
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["near", "knig", "-v", "v.txt"], "king"),
        (["near", "king", "-v", "none.txt"], "none.txt"),
        (["near", "king"], "vectors.txt"),
        (["analogy", "man", "king"], "C"),
        (["analogy", "man", "king", "womann", "-v", "v.txt"], "woman"),
        (["train", "none.txt"], "none.txt"),
        (["train", "bad.txt"], "bad.txt:2"),
        (["train", "bad.txt", "--phrases", "1"], "bad.txt:2"),
        (["train", "short.txt"], "--min-count"),
        (["train", "short.txt", "--tidy"], "short.txt"),
        (["train", "short.txt", "--negative", "0"], "nothing would be learnt"),
        (["train", "short.txt", "--windw", "3"], "--window"),
        (["score", "none.txt", "-v", "v.txt"], "none.txt"),
        (["plot", "pairs.txt", "-v", "v.txt", "-o", "p.jpg"], ".png"),
        (["plot", "pairs.txt", "-v", "v.txt"], "two pairs"),
        (["tain"], "train"),
    ],
)
def test_mistakes_get_one_line_and_exit_code_2(
    arguments: list[str], word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_vectors(FAMILY, "v.txt")
    Path("bad.txt").write_bytes(b"one two\nthree \xff\n")
    Path("short.txt").write_text("one two three")
    Path("pairs.txt").write_text("king queen\n")
    code, out, err = said(capsys, *arguments)
    assert code == 2, out + err
    assert word in err
    assert len(err.strip().splitlines()) == 1, err
    assert err.startswith("looksay: ")


def test_help_is_quick_and_asking_needs_neither_torch_nor_numba(tmp_path: Path) -> None:
    write_vectors(FAMILY, tmp_path / "v.txt")
    code = "import sys; from looksay.cli.main import run; run(sys.argv[2:]); sys.exit(any(map(sys.modules.get, HEAVY)))"
    for heavy, arguments in (
        ("torch numpy numba", ["words", "--help"]),
        ("torch numpy numba", ["words", "train", "--help"]),
        ("torch numba", ["words", "near", "king", "-v", str(tmp_path / "v.txt")]),
    ):
        command = [sys.executable, "-c", code.replace("HEAVY", repr(heavy.split())), "", *arguments]
        done = subprocess.run(command, capture_output=True, check=False, text=True)
        assert done.returncode == 0, (arguments, done.stderr)


def test_without_numba_training_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("a b " * 20)
    code = "import sys; sys.modules['numba'] = None; from looksay.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "words", "train", str(tmp_path / "t.txt"), "-o", str(tmp_path / "v.txt")]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        "looksay: counting and learning words needs the package numba (pip install numba)\n",
    )
