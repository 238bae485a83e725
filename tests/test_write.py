"""Texts on disk, networks that write, and runs that go on in the very state in which they were killed."""

from __future__ import annotations

import math
import signal
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers_learn import content, in_process, killed_at, train_once
from looksay import api, weights
from looksay.cli.main import run
from looksay.data import stream, text
from looksay.data.loader import Feeding
from looksay.data.stream import NONE, Lines, Stream
from looksay.data.text import Reading, Span, Text, Texts, pieces, vocabulary_of
from looksay.errors import BadConfig, BadData, UnknownName
from looksay.learn.job import Order
from looksay.learn.run import Run
from looksay.measure.evaluate import judge
from looksay.nn.recipe import Augment
from looksay.nn.system import Batch
from looksay.nn.vocabulary import SPECIALS, Vocabulary
from looksay.nn.writer import Style, drawn
from looksay.systems.write.rnn import CharRnn, RnnConfig
from looksay.tasks import task

STORY = "The dog runs. Älter wird die Katze – 猫 says 'mew'.\nIt rained, and rained!\n\nA cat sat.\n"
TINY = {
    "settings.hidden": "16", "settings.embed": "8", "settings.length": "8", "batch_size": "4", "epochs": "2", "precision": "fp32",
    "settings.dropout": "0.2",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path / "cache"))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def written(path: Path, said: str | bytes) -> Path:
    path.write_bytes(said.encode() if isinstance(said, str) else said)
    return path


def whole(path: Path) -> Span:
    return Span(path, 0, path.stat().st_size)


def order(data: Path, output: Path, **changes: Any) -> Any:
    settings = {**TINY, **changes.pop("settings", {})}
    return Order(changes.pop("system", "lstm"), f"text:{data}", output=str(output), settings=settings, device="cpu", **changes)


def as_text(numbers: list[int], classes: tuple[str, ...] = (), starts: list[int] | None = None) -> Text:
    made = None if starts is None else np.array(starts)
    return Text("made up", "train", classes, np.array(numbers, np.uint8), made)


# -- texts -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 20])
@pytest.mark.parametrize("by", ["characters", "words"])
def test_a_text_comes_back_from_its_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, by: Any) -> None:
    monkeypatch.setattr(text, "PIECE", size)
    path, how = written(tmp_path / "a.txt", STORY.replace("\n", "\r\n")), Reading(by)
    assert "".join(pieces(whole(path))) == STORY
    if by == "words" and size < 7:  # where not one word fits into a piece, words are cut
        return
    classes = vocabulary_of(whole(path), how).classes
    found = text._text("a", "train", whole(path), how, classes)
    assert "".join(classes[number] for number in found.numbers) == STORY
    assert found.numbers.dtype == np.uint8
    assert classes[:3] == SPECIALS
    if by == "characters":
        assert set(classes[3:]) == set(STORY)


@pytest.mark.parametrize("size", [9, 1 << 20])
def test_lines_begin_where_they_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(text, "PIECE", size)
    path, how = written(tmp_path / "a.txt", STORY + "no break at the end"), Reading(lines=True)
    found = text._text("a", "train", whole(path), how, vocabulary_of(whole(path), how).classes)
    assert found.starts is not None
    lines = ["".join(found.classes[n] for n in found.numbers[a:b]) for a, b in zip(found.starts, found.starts[1:], strict=False)]
    if size > 100:
        assert lines == [line for line in STORY.split("\n") if line] + ["no break at the end"]
    assert "".join(lines) == STORY.replace("\n", "") + "no break at the end"


def test_a_large_text_is_never_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "PIECE", 1 << 15)
    path = written(tmp_path / "large.txt", ("to be or not to be, that is the question\n" * 25).encode() * 24_000)
    size = path.stat().st_size
    tracemalloc.start()
    found = Texts().splits(f"text:{path}", task("write"), RnnConfig())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size / 2 < 13_000_000
    assert len(found.train) + len(found.held) == size
    assert isinstance(found.train.numbers, np.memmap)
    assert abs(len(found.held) / size - 0.1) < 0.001


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Grüße aus Köln".encode("latin-1"), r"byte 2 \(0xfc\).*iconv"),
        (b"x" * 40 + "Grüße".encode("latin-1"), r"byte 42 \(0xfc\)"),
        ("\ufeffGr".encode() + b"\xfc", r"byte 5 \(0xfc\)"),
        ("abc 猫".encode()[:-1], r"byte 4 "),
        ("Grüße".encode("utf-16"), "UTF-16"),
        (b"", "empty, or blank"),
        (b" \n\n  \n", "empty, or blank"),
    ],
)
def test_what_is_no_text_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes, told: str) -> None:
    monkeypatch.setattr(text, "PIECE", 16)
    path = written(tmp_path / "a.txt", said)
    with pytest.raises(BadData, match=told):
        vocabulary_of(whole(path), Reading())


def test_a_mark_at_the_beginning_is_no_character(tmp_path: Path) -> None:
    assert "".join(pieces(whole(written(tmp_path / "a.txt", "\ufeffabc".encode())))) == "abc"


def test_words_that_are_too_rare_are_unknown_and_none_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "a rose is a rose is a rose, once\n")
    with pytest.raises(BadData, match=r"lower --set settings\.least"):
        vocabulary_of(whole(path), Reading("words", least=50))
    classes = vocabulary_of(whole(path), Reading("words", least=2)).classes
    assert set(classes) == {*SPECIALS, " a", " rose", " is"}


def test_splits_of_a_folder_and_of_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("train", "valid", "test"):
        written(folder / f"{name}.txt", f"{name} " * 50)
    found = Texts().splits(f"text:{folder}", task("write"), RnnConfig())
    assert found.test is not None
    assert "".join(found.held.classes[n] for n in found.held.numbers) == "<unknown>a<unknown>i<unknown> " * 50
    (folder / "train.txt").unlink()
    with pytest.raises(BadData, match=r"lacks train\.txt"):
        Texts().splits(f"text:{folder}", task("write"), RnnConfig())
    with pytest.raises(BadData, match="no such file"):
        Texts().splits("text:nowhere.txt", task("write"), RnnConfig())
    file = written(tmp_path / "a.txt", "0123456789\n" * 40 + "ä" * 100)
    found = Texts().splits(f"text:{file}", task("write"), RnnConfig())
    train, held = found.train, found.held
    assert (len(train), len(held), held.split) == (508, 32, "val")


# -- batches ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 17, 100, 1001])
def test_judging_asks_for_every_place_but_the_first_once(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ENOUGH", 10)
    numbers = np.random.default_rng(0).integers(3, 200, count)
    feed = Stream(as_text(numbers.tolist()), Feeding(64), 8)
    assert sum(1 for _ in feed.epoch(0)) == feed.steps
    rows: list[list[int]] = [[] for _ in range(feed.how.batch_size)]
    for step, batch in enumerate(feed.epoch(0)):
        assert batch.targets["fresh"] == (step == 0)
        for row, (said, follow) in enumerate(zip(batch.targets["words"], batch.targets["next"], strict=True)):
            kept = follow[follow != NONE].tolist()
            assert said[1 : len(kept)].tolist() == kept[: len(said) - 1][: max(len(kept) - 1, 0)]
            rows[row] += kept
    assert [number for row in rows for number in row] == numbers[1:].tolist()


def test_streams_go_on_and_begin_elsewhere_in_each_epoch() -> None:
    feed = Stream(as_text(np.arange(250).tolist()), Feeding(4, seed=5, augment=Augment()), 8)
    batches = list(feed.epoch(0))
    assert len(batches) == feed.steps
    for before, after in pairwise(batches):
        assert torch.equal(before.targets["next"][:, -1], after.targets["words"][:, 0])
    assert torch.equal(batches[3].targets["words"], next(feed.epoch(0, 3)).targets["words"])
    firsts = {int(next(feed.epoch(epoch)).targets["words"][0, 0]) for epoch in range(12)}
    assert len(firsts) > 3


def test_a_short_text_has_fewer_streams_and_a_shorter_one_is_refused() -> None:
    feed = Stream(as_text([5] * 100), Feeding(64, augment=Augment()), 8)
    assert 1 <= feed.how.batch_size < 4
    assert feed.steps >= stream.LEAST
    with pytest.raises(BadData, match=r"settings\.length"):
        Stream(as_text([5] * 20), Feeding(64, augment=Augment()), 8)


def test_lines_go_from_start_to_stop_the_longest_first() -> None:
    feed = Lines(as_text([10, 11, 20, 30, 31, 32], starts=[0, 2, 3, 6]), Feeding(2))
    first, second = feed.epoch(0)
    assert first.targets["words"].tolist() == [[0, 30, 31, 32], [0, 10, 11, 1]]
    assert first.targets["next"].tolist() == [[30, 31, 32, 1], [10, 11, 1, NONE]]
    assert first.targets["lengths"].tolist() == [4, 3]
    assert second.targets["next"].tolist() == [[20, 1]]


# -- networks --------------------------------------------------------------------------------------------------------------------


def made(**settings: Any) -> CharRnn:
    torch.manual_seed(0)
    return CharRnn((*SPECIALS, *"abcdefgh \n"), RnnConfig(**{"hidden": 12, "embed": 6, "length": 8, **settings})).eval()


def slow_nats(system: CharRnn, numbers: list[int], streams: int) -> float:
    """Character by character, the text cut into so many streams."""
    span, total = -(-(len(numbers) - 1) // streams), 0.0
    for begin in range(0, len(numbers) - 1, span):
        state = system.start(1)
        for place in range(begin, min(begin + span, len(numbers) - 1)):
            logits, state = system.step(torch.tensor([numbers[place]]), state)
            total += float(F.cross_entropy(logits, torch.tensor([numbers[place + 1]])).detach())
    return total / (len(numbers) - 1)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_judging_carries_the_state_through_the_text(cell: Any) -> None:
    system, numbers = made(cell=cell), np.random.default_rng(1).integers(3, 13, 4 * stream.ENOUGH).tolist()
    found = judge(system, Stream(as_text(numbers, system.classes), Feeding(4), 8)).scores()
    assert found["nats"] == pytest.approx(slow_nats(system, numbers, 4), rel=1e-5)
    assert found["bits"] == pytest.approx(found["nats"] / math.log(2), rel=1e-6)
    assert found["low"] <= found["nats"] <= found["high"]


def test_lines_are_judged_one_by_one() -> None:
    system = made(lines=True, cell="rnn")
    feed = Lines(as_text([5, 6, 7, 4, 9, 9, 3], system.classes, [0, 3, 4, 7]), Feeding(2))
    total = 0.0
    for line in ([5, 6, 7], [4], [9, 9, 3]):
        total += slow_nats(system, [0, *line, 1], 1) * (len(line) + 1)
    assert judge(system, feed).scores()["nats"] == pytest.approx(total / 10, rel=1e-5)


def batch_of(*rows: list[int], fresh: bool = True) -> Batch:
    found = torch.tensor(rows)
    targets = {"words": found[:, :-1], "next": found[:, 1:], "fresh": fresh}
    return Batch(torch.zeros(len(rows), 0), targets, ((found.shape[1] - 1, 1),) * len(rows))


def test_training_goes_on_in_the_state_of_the_batch_before() -> None:
    system = made().train()
    one, two = batch_of([3, 4, 5, 6]), batch_of([6, 7, 8, 9], fresh=False)
    first = system(one)
    assert not any(each.requires_grad for each in system.memory)
    went_on = system(two).logits
    together = system(batch_of([3, 4, 5, 6, 7, 8, 9])).logits
    assert torch.allclose(torch.cat([first.logits, went_on]), together, atol=1e-6)
    other = made()
    other.carry(system.carried())
    assert torch.equal(other.train()(two).logits, system(two).logits)
    system(one)
    assert torch.allclose(system.eval()(two).logits, made()(batch_of([6, 7, 8, 9])).logits)  # looking has no past


def test_both_directions_never_see_what_they_predict() -> None:
    system = made(cell="rnn", layers=1, both=True)
    row = [3, 4, 5, 6, 7, 8]
    out = system(batch_of(row))
    assert out.truth.tolist() == row[1:-1]
    for place in range(1, 5):
        other = row.copy()
        other[place] = 11
        changed = system(batch_of(other)).logits
        same = [torch.equal(a, b) for a, b in zip(out.logits, changed, strict=True)]
        assert same == [i == place - 1 for i in range(4)]
    with pytest.raises(BadConfig, match="one layer"):
        made(both=True, layers=2)
    with pytest.raises(BadConfig, match="write on"):
        list(system.write("ab", 3))


def test_weighing_is_magnitude_times_slope() -> None:
    system = made().double()
    found = system.weigh("abcad", "b")
    numbers = torch.tensor([system.opening("abcad")])
    x = system.embed(numbers).detach()

    def aim(values: torch.Tensor) -> float:
        with torch.no_grad():
            logits = system.fc(system.body(values)[0][:, -1])
            return float(logits.log_softmax(dim=1)[0, system.index("b")])

    for place in range(5):
        slopes = []
        for number in range(6):
            step = torch.zeros_like(x)
            step[0, place, number] = 1e-5
            slopes.append(abs(aim(x + step) - aim(x - step)) / 2e-5)
        assert found[place] == pytest.approx(float(x[0, place].abs().max()) * max(slopes), rel=1e-4)


def test_words_are_drawn_as_they_are_likely() -> None:
    logits = torch.tensor([9.0, 9.0, 9.0, 2.0, 1.0, 0.0])
    dice = torch.Generator().manual_seed(0)
    found = np.bincount([drawn(logits, Style(1.0), dice, (0, 1, 2)) for _ in range(3000)], minlength=6) / 3000
    assert found[:3].sum() == 0
    assert np.allclose(found[3:], torch.tensor([2.0, 1.0, 0.0]).softmax(0).numpy(), atol=0.03)
    assert {drawn(logits, Style(1.0, top=2), dice, (0, 1, 2)) for _ in range(200)} == {3, 4}
    assert drawn(logits, Style(0.0), dice, (0, 1, 2)) == 3


def test_the_same_seed_writes_the_same_and_nothing_unknown() -> None:
    system = made()
    one, two, other = ("".join(system.write("ab", 200, Style(1.5, seed=seed))) for seed in (1, 1, 2))
    assert one == two != other
    assert "<" not in one
    assert len(one) == 200  # a stream never stops by itself
    assert "".join(system.write("ab", 50, Style(1.0, top=1))) == "".join(system.write("ab", 50, Style(0.0)))
    with pytest.raises(UnknownName, match="character is called 'Z'"):
        list(system.write("aZ", 3))


# -- runs ------------------------------------------------------------------------------------------------------------------------


def test_it_learns_a_refrain_by_heart_and_shows_how(tmp_path: Path) -> None:
    path = written(tmp_path / "refrain.txt", "row row row your boat\n" * 60)
    changes = {"epochs": "8", "lr": "0.03", "settings.hidden": "32", "settings.dropout": "0"}
    root = api.train_order(order(path, tmp_path / "run", settings=changes), quiet=True)
    assert root is not None
    rows = Run(tmp_path / "run").rows()
    samples = [row for row in rows if "sample" in row]
    steps = samples[-1]["steps"]
    assert [row["step"] for row in samples] == [max(round(steps * share), 1) for share in (1 / 64, 1 / 16, 1 / 4, 1)]
    assert "row row row your boat" in samples[-1]["sample"]
    assert "row row row your boat" not in samples[0]["sample"]
    epochs = [row for row in rows if "epoch" in row]
    assert epochs[-1]["nats"] < 0.1 < epochs[0]["nats"]
    system = api.load(str(tmp_path / "run")).system
    assert isinstance(system, CharRnn)
    assert "".join(system.write("row row", 37, Style(0.0))) == " row your boat\nrow row row your boat\n"
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert page.count("<section>") == 4
    assert "nats a character" in page
    assert "128 × 128" not in page
    found = api.evaluate(str(tmp_path / "run"), f"text:{path}")
    assert found.judged.found.score == pytest.approx(min(row["nats"] for row in epochs), abs=1e-5)
    assert any("nats a character" in line for line in found.lines())


@pytest.mark.parametrize(("where", "count"), [("step", 5), ("replace", 7), ("note", 2)])
def test_a_killed_run_goes_on_in_its_state(tmp_path: Path, where: str, count: int) -> None:
    path = written(tmp_path / "a.txt", "".join(chr(97 + number) for number in np.random.default_rng(0).integers(0, 20, 400)))
    twin, mine = order(path, tmp_path / "twin"), order(path, tmp_path / "run")
    assert in_process(train_once, twin) == 0
    assert in_process(killed_at, mine, where, count) == -signal.SIGKILL
    assert in_process(train_once, mine, True) == 0
    assert content(tmp_path / "run") == content(tmp_path / "twin")
    tensors = Run(tmp_path / "run").peek()[1]
    assert [tuple(tensors[f"carried/{part}"].shape) for part in (0, 1)] == [(2, 4, 16)] * 2
    assert not [name for name in weights.read(tmp_path / "run" / "best.safetensors")[1] if "carried" in name or "memory" in name]


def test_both_directions_fill_gaps(tmp_path: Path) -> None:
    path = written(tmp_path / "refrain.txt", "the cat sat on the mat\n" * 60)
    changes = {"epochs": "15", "lr": "0.02", "settings.hidden": "24", "settings.dropout": "0", "settings.length": "24"}
    assert train_once(order(path, tmp_path / "run", system="birnn", settings=changes)).state.done
    system = api.load(str(tmp_path / "run")).system
    assert isinstance(system, CharRnn)
    assert system.fill("the c_t sat o_ the _at") == "the cat sat on the mat"


def test_words_from_start_to_stop(tmp_path: Path) -> None:
    path = written(tmp_path / "lines.txt", "A dog plays with a ball\nA cat sleeps\n" * 60)
    changes = {"settings.by": "words", "settings.lines": "true", "epochs": "12", "lr": "0.02", "settings.dropout": "0"}
    trained = train_once(order(path, tmp_path / "run", system="rnn", settings=changes))
    assert trained.judged.found.by == "words"
    system = api.load(str(tmp_path / "run")).system
    assert isinstance(system, CharRnn)
    said = {"".join(system.write("", 30, Style(1.0, seed=seed))) for seed in range(12)}
    assert {"A dog plays with a ball", "A cat sleeps"} <= said
    assert "".join(system.write("A dog", 30, Style(0.0))) == " plays with a ball"
    assert Vocabulary.from_classes(system.classes).classes == system.classes


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "a.txt", "hello there, hello again\n" * 30)
    settings = [part for key, value in TINY.items() for part in ("--set", f"{key}={value}")]
    assert run(["write", "train", "a.txt", "--model", "lstm", "--output", "here", *settings]) == 0
    assert "nats a character" in capsys.readouterr().out
    assert run(["write", "hello", "--model", "here", "--length", "20", "--seed", "4"]) == 0
    first = capsys.readouterr().out
    assert first.startswith("hello")
    assert len(first) == 26
    assert run(["write", "hello", "--model", "here", "--length", "20", "--seed", "4"]) == 0
    assert capsys.readouterr().out == first
    assert run(["write", "hello", "--model", "here", "--why"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    for wrong, told in (
        (["write", "hello", "you", "--model", "here"], "quotes"),
        (["write", "Zebra", "--model", "here"], "no character is called 'Z'"),
        (["write", "train", "nowhere.txt"], "no such file"),
        (["write", "hello", "--model", "here", "--recipe", "paper"], "for training"),
        (["write", "hello", "--model", "small-m"], "does not write"),
    ):
        assert run(wrong) == 2
        line = capsys.readouterr().err
        assert told in line.splitlines()[-1]
        assert "Traceback" not in line


def test_capitals_that_were_never_read_are_small_letters() -> None:
    system = CharRnn((*SPECIALS, "a", "b", "B"), RnnConfig(hidden=4, embed=4))
    assert system.tokens("AbB") == [len(SPECIALS), len(SPECIALS) + 1, len(SPECIALS) + 2]
    with pytest.raises(UnknownName):
        system.tokens("C")
