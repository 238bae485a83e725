"""Pictures found by sentences: the space held against a slow loop, the verdict against counting, and the index that is kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from looksay import api, weights
from looksay.cli.main import run
from looksay.data import placed
from looksay.data.inputs import shown
from looksay.data.kept import beside_of
from looksay.data.loader import ready
from looksay.data.placed import Placed
from looksay.errors import BadConfig, BadPicture, BadValue
from looksay.measure.ranked import OfRanks, Ranked
from looksay.measure.retrieval import retrieval
from looksay.nn.system import Batch
from looksay.nn.vocabulary import SPECIALS
from looksay.systems.caption.deep_image_sent import DeepImageSent, Fragments, Matched, margins, match

WORDS = (*SPECIALS, ".", "a", "dog", "cat", "tree", "red", "under", "the", "two")
SETTINGS = {"width": 0.25, "embed": 16, "hidden": 16, "space": 8}


def small(seed: int = 0) -> DeepImageSent:
    torch.manual_seed(seed)
    system = weights.build("deep-image-sent", WORDS, SETTINGS)
    assert isinstance(system, DeepImageSent)
    return system.eval()


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# -- the space -----------------------------------------------------------------------------------------------------------------


@torch.no_grad()
def slow_scores(places: Tensor, told: Fragments) -> Tensor:
    table = torch.zeros(len(places), told.total)
    for k, picture in enumerate(places):
        for word, sentence in zip(told.words, told.sentence.tolist(), strict=True):
            table[k, sentence] += max(float(word @ place) for place in picture)
    return table


@pytest.mark.parametrize("at_once", [1, 100, 1 << 23])
def test_scores_are_those_of_a_slow_loop(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("looksay.systems.caption.deep_image_sent.AT_ONCE", at_once)
    places = noise(5, 7, 4)
    told = Fragments(noise(9, 4, seed=1), torch.tensor([2, 0, 1, 2, 0, 2, 1, 2, 2]), 3)
    torch.testing.assert_close(match(places, told), slow_scores(places, told))


def slow_margins(scores: Tensor, owner: Sequence[int]) -> tuple[float, float]:
    asked = shown = 0.0
    for sentence, own in enumerate(owner):
        right = float(scores[own, sentence])
        asked += sum(max(0.0, float(scores[k, sentence]) - right + 1) for k in range(len(scores)) if k != own)
        for other, whose in enumerate(owner):
            if whose != own:
                shown += max(0.0, float(scores[own, other]) - right + 1) / owner.count(whose)
    return asked / len(owner), shown / len(owner)


def test_margins_are_those_of_a_slow_loop() -> None:
    owner = [0, 0, 1, 2, 2, 2, 3]
    scores = noise(4, 7)
    asked, shown = margins(scores, torch.tensor(owner))
    assert (float(asked), float(shown)) == pytest.approx(slow_margins(scores, owner), rel=1e-5)
    sure = torch.full((4, 7), -5.0)
    sure[owner, range(7)] = torch.tensor([0.0, 3.0, 0.0, 0.0, 1.0, -3.9, 0.0])
    assert [float(part) for part in margins(sure, torch.tensor(owner))] == [0.0, 0.0]  # own captions do not compete


def test_sentences_in_a_batch_are_read_as_each_alone() -> None:
    system = small()
    sentences = [torch.tensor(each) for each in ([4, 5, 9, 10, 7], [6], [4, 8, 6, 3], [11, 5])]
    told = system.fragments(sentences)
    for number, each in enumerate(sentences):
        x, _ = system.rnn(system.embed(each)[None])
        torch.testing.assert_close(told.of(number), system.say(x)[0])


def test_words_are_read_in_both_directions() -> None:
    system = small()
    first, other, third = (system.fragments([torch.tensor(each)]).words for each in ([4, 5, 7], [4, 5, 8], [6, 5, 7]))
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[2], third[2])


def test_words_never_learnt_are_left_out_and_none_known_is_an_error() -> None:
    system = small()
    assert system.understood("A Dog under the banyan.") == (["a", "dog", "under", "the", "banyan", "."], ["banyan"])
    told, names = system.asked("a gigantic dog")
    assert names == ["a", "dog"]
    torch.testing.assert_close(told.words, system.asked("a dog")[0].words)
    for text in ("banyan", "", " . "):
        with pytest.raises(BadValue, match="no word that was ever learnt"):
            system.asked(text)


def test_a_word_is_seen_where_its_product_is_greatest() -> None:
    system = small()
    told, _ = system.asked("a dog")
    places = torch.zeros(65, 8)
    places[19], places[64] = 3 * told.words[1], 9 * told.words[1]  # the last is the whole picture, no place
    heats = system.aligned(places.detach(), (8, 8), "a dog")
    assert [heat.of for heat in heats] == ["a", "dog"]
    assert int(heats[1].values.argmax()) == 19
    assert float(heats[1].values.sum()) == pytest.approx(1)


def test_scenes_show_the_captions_that_were_given() -> None:
    system = small()
    captions = [[torch.tensor([4, 5]), torch.tensor([6])], [], [torch.tensor([4, 8, 6, 3])]]
    batch = Batch(noise(3, 3, 64, 64), {"captions": captions}, ((64, 64),) * 3, ("x", "y", "z"))
    out = system(batch)
    scenes = system.read(out, batch)
    assert [[each.text for each in scene.captions] for scene in scenes] == [["A dog"], [], ["A red cat."]]
    assert [heat.of for heat in scenes[2].heats] == ["a", "red", "cat", "."]
    best = slow_scores(out.places, system.fragments([torch.tensor([n]) for n in range(3, 12)])).argmax(dim=1)
    assert [scene.labels[0].name for scene in scenes] == [WORDS[3 + int(n)] for n in best]
    torch.testing.assert_close(system.aim(out, "a dog"), slow_scores(out.places, system.asked("a dog")[0])[:, 0])


def test_what_was_seen_is_remembered_and_learnt_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In half precision, as training computes."""
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path))
    system = small()
    wanted = beside_of(system, learning=True)
    assert wanted is not None
    assert beside_of(system) is None
    shown = [(str(n), np.random.default_rng(n).integers(0, 255, (50, 70, 3), dtype=np.uint8)) for n in range(3)]
    batch, plain = ready(shown, system.prep, wanted), ready(shown, system.prep)
    batch.targets["captions"] = plain.targets["captions"] = [
        [torch.tensor([4, 5])],
        [torch.tensor([6, 7, 8])],
        [torch.tensor([9])],
    ]
    remembered, seen = (system(each).places.detach() for each in (batch, plain))
    assert float((remembered - seen).norm() / (seen - seen.mean(dim=1, keepdim=True)).norm()) < 0.05  # the body in half precision
    with torch.autocast("cpu", torch.bfloat16):
        parts = system.train().loss(system(batch), batch)
    loss: Any = torch.stack(list(parts.values())).sum()
    loss.backward()
    assert all((each.grad is None) == name.startswith("eyes") for name, each in system.named_parameters())
    assert not system.eyes.training


# -- the verdict ---------------------------------------------------------------------------------------------------------------


def judged(monkeypatch: pytest.MonkeyPatch, pool: int) -> tuple[Ranked, list[Tensor], list[list[Tensor]], DeepImageSent]:
    monkeypatch.setattr("looksay.measure.ranked.POOL", pool)
    monkeypatch.setattr("looksay.measure.ranked.SENTENCES", 3)
    system = small()
    nothing: Any = None  # the truth comes with the batches
    judging = OfRanks(system, nothing)
    generator = torch.Generator().manual_seed(3)
    places = list(noise(14, 65, 8).half())
    captions = [
        [torch.randint(3, 12, (3 + (row + k) % 4,), generator=generator) for k in range(1 + row % 3)] for row in range(14)
    ]
    for start in (0, 7):
        some = slice(start, start + 7)
        batch = Batch(torch.zeros(7, 0), {"captions": captions[some], "index": torch.arange(start, start + 7)})
        judging.hear(Matched(torch.stack(places[some]), (8, 8)), batch, range(7))
    verdict = judging.verdict()
    assert isinstance(verdict, Ranked)
    return verdict, places, captions, system


@pytest.mark.parametrize("pool", [14, 6])
def test_ranks_are_those_of_a_slow_loop_within_pools(pool: int, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict, places, captions, system = judged(monkeypatch, pool)
    pictures, sentences = [], []
    for start in range(0, 14 - pool + 1, pool):
        some = range(start, start + pool)
        flat = [(row, words) for row in some for words in captions[row]]
        told = [slow_scores(torch.stack(places).float(), system.fragments([words]))[:, 0] for _, words in flat]
        for (row, _), scores in zip(flat, told, strict=True):
            pictures.append(1 + sum(float(scores[k]) > float(scores[row]) for k in some if k != row))
        for row in some:
            order = sorted(range(len(flat)), key=lambda place: -float(told[place][row]))
            sentences.append(1 + next(rank for rank, place in enumerate(order) if flat[place][0] == row))
    assert verdict.found.pictures.tolist() == pictures
    assert verdict.found.sentences.tolist() == sentences
    numbers = verdict.numbers()
    assert len(verdict) == 14 // pool * pool
    assert numbers["picture_r5"] == pytest.approx(np.mean(np.array(pictures) <= 5))
    assert numbers["sentence_median"] == np.median(sentences)
    assert numbers["r10"] == pytest.approx((np.mean(np.array(pictures) <= 10) + np.mean(np.array(sentences) <= 10)) / 2)
    assert numbers["low"] <= numbers["r10"] <= numbers["high"]
    assert verdict.missed[0][2] == max(pictures)
    assert ("pools of 6" in verdict.lines()[0]) == (pool == 6)


def test_who_cannot_tell_gains_nothing() -> None:
    found = Ranked(20, retrieval(np.zeros((20, 40)), np.arange(40) // 2))
    assert found.score == 0
    best = Ranked(20, retrieval(np.eye(20).repeat(2, axis=1), np.arange(40) // 2))
    assert (best.score, best.numbers()["low"], best.shown()["R@1 of pictures %"]) == (1.0, 1.0, 100.0)


# -- the index -----------------------------------------------------------------------------------------------------------------

SHAPE = (3, 2)


class Placing:
    """Places a picture by the first byte of its file; one that begins with 'x' cannot be read. Keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, paths: Sequence[Path]) -> tuple[Any, list[bool]]:
        self.asked += [path.name for path in paths]
        first = [path.read_bytes()[0] for path in paths]
        table = np.array([np.full(SHAPE, byte, np.float16) for byte in first]).reshape(-1, *SHAPE)
        return table, [byte != ord("x") for byte in first]

    def take(self) -> list[str]:
        asked, self.asked = sorted(self.asked), []
        return asked


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "pictures"
    for name, content in (("a.png", "a1"), ("b.jpg", "b1"), ("deep/er/c.png", "c1"), (".hidden/d.png", "d"), ("e.txt", "e")):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def opened(folder: Path, sight: str = "one", name: str = "system") -> Placed:
    return Placed(folder, name, sight, SHAPE)


def held(index: Placed) -> dict[str, str]:
    found: dict[str, str] = {}
    for names, table in index.tables(2):
        assert table.shape == (len(names), *SHAPE)
        found |= {name: chr(int(rows[0, 0])) for name, rows in zip(names, table, strict=True)}
        assert all(np.array_equal(index.table(name), rows) for name, rows in zip(names, table, strict=True))
    return found


def test_index_places_only_what_is_new_or_has_changed(folder: Path) -> None:
    placing, said = Placing(), []
    index = opened(folder)
    assert index.update(placing, lambda done, of: said.append((done, of))) == 3
    assert (placing.take(), said[-1]) == (["a.png", "b.jpg", "c.png"], (3, 3))
    assert held(index) == {"a.png": "a", "b.jpg": "b", "deep/er/c.png": "c"}
    index = opened(folder)
    assert (index.update(placing), placing.take()) == (0, [])
    assert held(index) == {"a.png": "a", "b.jpg": "b", "deep/er/c.png": "c"}

    (folder / "a.png").write_text("z, longer")  # changed by its size
    (folder / "new.png").write_text("n")
    (folder / "b.jpg").unlink()
    assert (opened(folder).update(placing), placing.take()) == (2, ["a.png", "new.png"])
    index = opened(folder)
    assert (index.update(placing), held(index)) == (0, {"a.png": "z", "new.png": "n", "deep/er/c.png": "c"})

    (folder / "new.png").write_text("m")  # changed by its time alone
    os.utime(folder / "new.png", ns=(1, 1))
    assert (index.update(placing), placing.take(), held(index)["new.png"]) == (1, ["new.png"], "m")
    assert len(list(index.home.glob("*.npy"))) == len({kept.part for kept in index.kept.values()})


def test_index_of_other_weights_is_built_anew_in_its_place(folder: Path) -> None:
    placing = Placing()
    first = opened(folder)
    first.update(placing)
    placing.take()
    other = opened(folder, sight="two")
    assert (other.home, other.update(placing)) == (first.home, 3)
    assert opened(folder, name="another").home != first.home


def test_unreadable_pictures_are_remembered_until_they_change(folder: Path) -> None:
    (folder / "bad.png").write_text("x")
    placing, index = Placing(), opened(folder)
    assert (index.update(placing), len(index), index.unreadable) == (4, 3, 1)
    placing.take()
    again = opened(folder)
    assert (again.update(placing), again.unreadable, "bad.png" in held(again)) == (0, 1, False)
    (folder / "bad.png").write_text("good")
    assert (again.update(placing), placing.take(), again.unreadable) == (1, ["bad.png"], 0)


def test_an_empty_folder_is_an_error(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadPicture, match="holds no pictures"):
        opened(tmp_path / "empty").update(Placing())


def spoil_table(index: Placed, change: Callable[[dict[str, Any]], Any]) -> None:
    path = index.home / "index.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(change(content) or content))


def part_of(index: Placed) -> Path:
    (path,) = index.home.glob("*.npy")
    return path


def _flip(index: Placed) -> None:
    content = bytearray(part_of(index).read_bytes())
    content[-1] ^= 1
    part_of(index).write_bytes(bytes(content))


HOSTILE: dict[str, Callable[[Placed], Any]] = {
    "no json": lambda index: (index.home / "index.json").write_bytes(b"\xff{"),
    "deep json": lambda index: (index.home / "index.json").write_text("[" * 100_000),
    "a list": lambda index: (index.home / "index.json").write_text("[]"),
    "another form": lambda index: spoil_table(index, lambda content: {**content, "form": 99}),
    "pictures in a list": lambda index: spoil_table(index, lambda content: {**content, "pictures": [1]}),
    "an entry too short": lambda index: spoil_table(index, lambda content: content["pictures"].update({"a.png": [1]})),
    "a row of text": lambda index: spoil_table(index, lambda content: content["pictures"]["a.png"].__setitem__(3, "0")),
    "a path as part": lambda index: spoil_table(index, lambda content: content["pictures"]["a.png"].__setitem__(2, "../../x")),
    "a row too far": lambda index: spoil_table(index, lambda content: content["pictures"]["a.png"].__setitem__(3, 3)),
    "part gone": lambda index: part_of(index).unlink(),
    "part cut": lambda index: part_of(index).write_bytes(part_of(index).read_bytes()[:-3]),
    "part flipped": _flip,
    "part pickled": lambda index: np.save(part_of(index), np.array([{}], object), allow_pickle=True),
    "part of another shape": lambda index: np.save(part_of(index), np.zeros((3, 9, 9), np.float16)),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_index_is_built_anew(how: str, folder: Path) -> None:
    index = opened(folder)
    index.update(Placing())
    HOSTILE[how](index)
    again, placing = opened(folder), Placing()
    assert again.update(placing) == len(placing.take()) > 0
    assert held(again) == {"a.png": "a", "b.jpg": "b", "deep/er/c.png": "c"}
    assert opened(folder).update(placing) == 0


def test_a_killed_update_goes_on_where_it_stood(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placed, "ROWS", 1)
    placing = Placing()

    def dies(paths: Sequence[Path]) -> Any:
        if len(placing.asked) == 2:
            raise KeyboardInterrupt
        return placing(paths)

    with pytest.raises(KeyboardInterrupt):
        opened(folder).update(dies)
    assert placing.take() == ["a.png", "b.jpg"]
    index = opened(folder)
    assert (index.update(placing), placing.take(), len(held(index))) == (1, ["c.png"], 3)


def test_many_small_parts_become_few(folder: Path) -> None:
    placing, names = Placing(), {"a.png": "a", "b.jpg": "b", "deep/er/c.png": "c"}
    for number in range(3 * placed.THIN):
        letter = chr(ord("A") + number)
        (folder / f"{letter}.png").write_text(letter)
        names[f"{letter}.png"] = letter
        index = opened(folder)
        index.update(placing)
        assert len(list(index.home.glob("*.npy"))) <= placed.THIN
    assert held(opened(folder)) == names
    assert len(placing.take()) == len(names)


# -- the command ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def album(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A folder of pictures, and weights."""
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "album"
    root.mkdir()
    rng = np.random.default_rng(0)
    for number in range(5):
        Image.fromarray(rng.integers(0, 255, (40 + number, 60, 3), dtype=np.uint8)).save(root / f"{number}.png")
    (root / "torn.png").write_bytes((root / "0.png").read_bytes()[:60])
    system = small()
    file = tmp_path / "w.safetensors"
    weights.save(file, system, weights.Info("deep-image-sent", WORDS, SETTINGS, system.prep))
    return root, file


def test_found_as_the_system_itself_would(album: tuple[Path, Path]) -> None:
    root, file = album
    looker = api.load(str(file), mode="plain")
    bad: list[Any] = []
    found = api.find("a dog under the tree", root, looker, top=3, skip=bad.append)
    assert (found.total, found.fresh, found.unreadable, len(bad)) == (5, 6, 1, 1)
    assert isinstance(looker.system, DeepImageSent)
    told, names = looker.system.asked("a dog under the tree")
    scores = {}
    for path in sorted(root.glob("[0-9].png")):
        batch = looker.batch(list(shown(path)))
        with torch.inference_mode():
            scores[path.name] = float(slow_scores(looker.system(batch).places.float(), told)[0, 0])
    order = sorted(scores, key=lambda name: -scores[name])
    assert [each.path.name for each in found.found] == order[:3]
    assert [each.score for each in found.found] == pytest.approx([scores[name] for name in order[:3]], rel=5e-3)
    assert [heat.of for heat in found.found[0].heats] == names
    again = api.find("a dog under the tree", root, looker, top=3, skip=bad.append)
    assert (again.fresh, len(bad)) == (0, 1)
    assert [(each.path, each.score) for each in again.found] == [(each.path, each.score) for each in found.found]
    assert found.found[0].look().captions[0].text == "a dog under the tree"


def test_other_weights_place_pictures_elsewhere(album: tuple[Path, Path]) -> None:
    system, same = small(), small()
    assert system.sight() == same.sight()
    with torch.no_grad():
        same.embed.weight.add_(1)  # words do not place pictures
    assert system.sight() == same.sight()
    with torch.no_grad():
        same.show.bias.add_(1)
    assert len({system.sight(), same.sight(), small(1).sight()}) == 3


def test_find_lists_pictures_best_first(album: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, file = album
    page = tmp_path / "found.html"
    assert run(["find", "a red dog, gigantic", str(root), "-m", str(file), "--top", "4", "-o", str(page)]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    scores = [float(line.split()[1]) for line in lines[:4]]
    assert scores == sorted(scores, reverse=True)
    assert "never learnt ',', 'gigantic'" in said.err
    assert "torn.png" in said.err
    assert "1 of 6 pictures could not be read" in said.err
    assert page.read_text("utf-8").count('class="pointed"') == 4
    assert run(["find", "a red dog", str(root), "-m", str(file), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["rank"] for row in rows] == [1, 2, 3, 4, 5]
    assert [word["word"] for word in rows[0]["words"]] == ["a", "red", "dog"]
    assert all(0 < word[axis] < 1 for row in rows for word in row["words"] for axis in "xy")


def test_find_answers_mistakes_in_a_line(album: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, file = album
    for arguments, what in (
        (["a dog", str(tmp_path / "nowhere")], "is no folder"),
        (["a dog", str(root / "0.png")], "is no folder"),
        (["banyan", str(root)], "no word that was ever learnt"),
        (["a dog", str(root), "-o", "page.png"], "no name for a page"),
    ):
        assert run(["find", *arguments, "-m", str(file)]) == 2
        error = capsys.readouterr().err
        assert what in error
        assert len(error.splitlines()) == 1
    with pytest.raises(BadConfig, match="cannot find pictures by sentences"):
        api.find("a dog", root, api.load("small-m"))


def test_training_judges_by_ranks_and_reports_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(1)
    rows = ["path,caption,split"]
    for number in range(20):
        Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
        thing = WORDS[5 + number % 3]
        split = "train" if number < 14 else "val"
        rows += [f"{number}.png,a {thing} under the tree.,{split}", f"{number}.png,two {thing} {WORDS[8 + number % 4]},{split}"]
    (tmp_path / "truth.csv").write_text("\n".join(rows))
    first = small()
    weights.save(tmp_path / "first.safetensors", first, weights.Info("deep-image-sent", WORDS, SETTINGS, first.prep))
    settings = {f"settings.{name}": value for name, value in SETTINGS.items()}
    root = api.train(
        "deep-image-sent", f"csv:{tmp_path / 'truth.csv'}", quiet=True, start=str(tmp_path / "first.safetensors"), epochs=2,
        batch_size=7, img_size=128, output=str(tmp_path / "run"), device="cpu", **settings,
    )  # fmt: skip
    metrics = (root / "metrics.csv").read_text()
    assert "r10" in metrics.splitlines()[0]
    report = (root / "report.html").read_text("utf-8")
    assert "sentences by a picture" in report
    assert "Sentences whose pictures were found last" in report
    judged = api.evaluate(str(root), f"csv:{tmp_path / 'truth.csv'}", split="val").judged
    assert len(judged.found) == 6
    assert judged.found.shown()["R@10 %"] == 100.0 * (1 + judged.scores()["sentence_r10"]) / 2  # of six, each is among ten
