"""Scores of classification against scikit-learn and slow loops; intervals against simulation; the table of results."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as sk

from looksay.errors import BadData, BadValue, DiskTrouble, NotFinite
from looksay.measure import bootstrap, results
from looksay.measure.calibration import reliability
from looksay.measure.classify import LEAST, Classification, Tally
from looksay.measure.results import Score, read, record

CLASSES = tuple(f"class {i}" for i in range(8))


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def sample(n: int = 300, k: int = 8, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Logits with many ties and a class that never occurs, a class that is never said."""
    rng = np.random.default_rng(seed)
    target = rng.choice(k - 1, size=n, p=np.arange(1, k) / np.arange(1, k).sum())
    logits = np.round(rng.normal(size=(n, k)) * 2) / 2
    logits[np.arange(n), target] += 1
    logits[:, 2] = -9
    return logits.astype(np.float32), target


def scored(logits: np.ndarray, target: np.ndarray, classes: tuple[str, ...] = CLASSES) -> Classification:
    tally = Tally(classes, logits=True)
    tally.add(logits, target)
    return tally.result()


def slow_rank(row: np.ndarray, truth: int) -> int:
    order = sorted(range(len(row)), key=lambda j: (-row[j], j))
    return order.index(truth)


def test_ranks_settle_ties_by_position() -> None:
    logits, target = sample()
    found = scored(logits, target)
    ranks = [slow_rank(row, t) for row, t in zip(logits, target, strict=True)]
    assert found.rank.tolist() == ranks
    assert len(set(map(tuple, np.sort(logits, axis=1)[:, 1:] == np.sort(logits, axis=1)[:, :-1]))) > 5, "ties do occur"
    for k in range(1, 9):
        assert found.top(k) == np.mean(np.array(ranks) < k)
    assert found.top(8) == 1.0
    alike = scored(np.zeros((4, 3), np.float32), np.array([0, 1, 2, 0]), ("a", "b", "c"))
    assert alike.rank.tolist() == [0, 1, 2, 0]
    assert alike.top(1) == 0.5
    for k in (0, 9):
        with pytest.raises(BadValue, match="k goes from 1 to 8"):
            found.top(k)


def test_top_k_equals_sklearn_without_ties() -> None:
    rng = np.random.default_rng(3)
    logits, target = rng.normal(size=(200, 8)), rng.integers(0, 8, 200)
    found = scored(logits, target)
    for k in (1, 2, 5):
        assert found.top(k) == pytest.approx(sk.top_k_accuracy_score(target, logits, k=k, labels=range(8)))


def test_everything_equals_sklearn() -> None:
    logits, target = sample()
    found, chance = scored(logits, target), softmax(logits.astype(np.float64))
    said = logits.argmax(axis=1)
    assert np.array_equal(found.matrix(), sk.confusion_matrix(target, said, labels=range(8)))
    precision, recall, f1, support = sk.precision_recall_fscore_support(target, said, labels=range(8), zero_division=np.nan)
    rows = found.per_class()
    assert [row.name for row in rows] == list(CLASSES)
    np.testing.assert_allclose([row.precision for row in rows], precision)
    np.testing.assert_allclose([row.recall for row in rows], recall)
    np.testing.assert_allclose([row.f1 for row in rows], f1)
    assert [row.support for row in rows] == support.tolist()
    assert [row.said for row in rows] == np.bincount(said, minlength=8).tolist()
    assert rows[2].said == 0
    assert np.isnan(rows[2].precision)
    assert rows[2].recall == 0
    assert rows[7].support == 0
    assert np.isnan(rows[7].recall)
    occurs = np.isin(target, np.arange(7))
    assert found.macro_accuracy() == pytest.approx(np.mean([(said[occurs & (target == c)] == c).mean() for c in range(7)]))
    assert found.macro_f1() == pytest.approx(sk.f1_score(target, said, average="macro"))
    assert found.loss.mean() == pytest.approx(sk.log_loss(target, chance, labels=range(8)), rel=1e-6)
    slow = [sum((p - (j == t)) ** 2 for j, p in enumerate(row)) for row, t in zip(chance, target, strict=True)]
    np.testing.assert_allclose(found.brier, slow, rtol=1e-5)
    assert found.majority() == max(np.mean(target == c) for c in range(8))


def test_macro_accuracy_equals_balanced_accuracy() -> None:
    rng = np.random.default_rng(7)
    target = rng.choice(4, 400, p=[0.7, 0.2, 0.06, 0.04])
    logits = rng.normal(size=(400, 4)) + 2 * np.eye(4)[target]
    found = scored(logits, target, CLASSES[:4])
    assert found.macro_accuracy() == pytest.approx(sk.balanced_accuracy_score(target, logits.argmax(1)))
    assert found.hits.mean() == pytest.approx(sk.accuracy_score(target, logits.argmax(1)))


def test_probabilities_and_logits_agree() -> None:
    logits, target = sample()
    tally = Tally(CLASSES, logits=False)
    chance = softmax(logits.astype(np.float64)).astype(np.float32)
    tally.add(chance, target)
    found, other = tally.result(), scored(logits, target)
    np.testing.assert_allclose(found.loss, other.loss, rtol=1e-5)
    np.testing.assert_allclose(found.brier, other.brier, atol=1e-6)
    assert found.reliability().error == pytest.approx(other.reliability().error, abs=1e-6)
    for bad in (logits, chance * 0.5, chance - 0.2):
        with pytest.raises(BadValue, match="no probabilities"):
            Tally(CLASSES, logits=False).add(bad, target)


def test_impossible_truth_has_a_finite_loss_that_is_declared() -> None:
    tally = Tally(("a", "b"), logits=False)
    tally.add(np.array([[1.0, 0.0]]), np.array([1]))
    assert tally.result().loss[0] == pytest.approx(-np.log(LEAST))
    loss = next(score for score in tally.result().scores(rounds=10) if score.name == "negative log likelihood")
    assert "count as that" in loss.settings
    huge = scored(np.array([[900.0, -900.0]]), np.array([1]), ("a", "b"))
    assert huge.loss[0] == pytest.approx(1800)


def test_reliability_against_a_slow_loop() -> None:
    rng = np.random.default_rng(5)
    sure = np.concatenate((rng.random(500), np.arange(16) / 15, [0.0, 1.0]))
    hits = rng.random(len(sure)) < sure**2
    table = reliability(sure, hits)
    error = 0.0
    for b in range(15):
        low, high = b / 15, (b + 1) / 15
        inside = [i for i, c in enumerate(sure) if (low < c <= high) or (b == 0 and c == 0)]
        assert table.counts[b] == len(inside)
        accuracy, confidence = np.mean(hits[inside]), np.mean(sure[inside])
        assert table.accuracy[b] == pytest.approx(accuracy)
        assert table.confidence[b] == pytest.approx(confidence)
        error += len(inside) / len(sure) * abs(accuracy - confidence)
    assert table.error == pytest.approx(error)
    assert table.counts.sum() == len(sure)
    gap = reliability([0.95, 0.95], [True, False], bins=10)
    assert gap.error == pytest.approx(0.45)
    assert np.isnan(gap.accuracy[:9]).all()
    for sure, hits in (([], []), ([0.5], [True, False]), ([1.2], [True])):
        with pytest.raises(BadValue):
            reliability(sure, hits)
    with pytest.raises(NotFinite):
        reliability([np.nan], [True])


def test_streams_and_merges_in_any_order_give_the_same_bits() -> None:
    logits, target = sample(n=97)
    ids = [f"picture-{i:03d}" for i in np.random.default_rng(0).permutation(97)]
    whole = Tally(CLASSES, logits=True)
    whole.add(logits, target, ids)
    left, right = Tally(CLASSES, logits=True), Tally(CLASSES, logits=True)
    for tally, cuts in ((right, (60, 61, 97)), (left, (0, 7, 7, 60))):
        for a, b in itertools.pairwise(cuts):
            tally.add(logits[a:b], target[a:b], ids[a:b])
    right.merge(pickle.loads(pickle.dumps(left)))
    assert len(right) == 97
    one, two = whole.result(), right.result()
    assert one.ids == two.ids == tuple(sorted(ids))
    assert one.scores() == two.scores()
    for name in ("target", "said", "rank", "confidence", "loss", "brier"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
        assert not getattr(one, name).flags.writeable
    right.merge(left)
    with pytest.raises(BadData, match="60 pictures were scored more than once"):
        right.result()


def test_memory_is_a_few_numbers_a_picture() -> None:
    logits, target = sample(n=64)
    found = scored(np.tile(logits, (1, 125)), target, tuple(map(str, range(1000))))
    assert sum(getattr(found, name).nbytes for name in ("target", "said", "rank", "confidence", "loss", "brier")) == 64 * 24


def test_bad_batches_are_refused_with_their_place() -> None:
    good = np.zeros((2, 8), np.float32)
    tally = Tally(CLASSES, logits=True)
    with pytest.raises(BadData, match="no picture was scored"):
        tally.result()
    tally.add(good[:0], np.zeros(0, int))
    with pytest.raises(BadData, match="no picture was scored"):
        tally.result()
    for hole in (np.nan, np.inf):
        bad = good.copy()
        bad[1, 3] = hole
        with pytest.raises(NotFinite, match=r"picture b\.jpg: the scores of 1 pictures"):
            tally.add(bad, np.array([0, 1]), ["a.jpg", "b.jpg"])
    with pytest.raises(BadData, match=r"picture a\.jpg: 1 pictures have no class"):
        tally.add(good, np.array([-1, 1]), ["a.jpg", "b.jpg"])
    with pytest.raises(BadData, match="picture 1 of the stream"):
        tally.add(good, np.array([0, 8]))
    for scores, target in ((good[:, :7], np.array([0, 1])), (good, np.array([0])), (good[0], np.array([0]))):
        with pytest.raises(BadValue, match="shape"):
            tally.add(scores, target)
    with pytest.raises(BadValue, match="indices"):
        tally.add(good, np.array([0.0, 1.0]))
    with pytest.raises(BadValue, match="1 ids for 2"):
        tally.add(good, np.array([0, 1]), ["a"])
    tally.add(good, np.array([0, 1]), ["a", "b"])
    with pytest.raises(BadValue, match="ids"):
        tally.add(good, np.array([0, 1]))
    anonymous = Tally(CLASSES, logits=True)
    anonymous.add(good, np.array([0, 1]))
    with pytest.raises(BadValue, match="neither"):
        tally.merge(anonymous)
    with pytest.raises(BadValue, match="different classes"):
        tally.merge(Tally(CLASSES[:2], logits=True))
    for classes in ((), ("a", "a")):
        with pytest.raises(BadValue, match="each class once"):
            Tally(classes, logits=True)


def test_a_single_class_and_a_single_picture() -> None:
    found = scored(np.array([[3.0]]), np.array([0]), ("only",))
    assert found.top(1) == 1.0
    assert found.matrix().tolist() == [[1]]
    assert found.per_class()[0][1:] == (1.0, 1.0, 1.0, 1, 1)
    scores = {score.name: score for score in found.scores()}
    assert "top-5" not in scores
    assert (scores["top-1"].low, scores["top-1"].high) == (1.0, 1.0)
    assert scores["calibration error"].value == 0
    assert found.confused() == []
    assert len(found.mistakes()) == 0


def test_confusions_and_mistakes() -> None:
    logits = np.array([[0, 2, 0], [0, 5, 0], [3, 0, 0], [0, 0, 1], [1, 0, 0]], np.float32)
    found = scored(logits, np.array([0, 0, 0, 1, 2]), ("cat", "dog", "cow"))
    assert found.confused()[0] == ("cat", "dog", 2, pytest.approx(2 / 3))
    assert {(row.truth, row.said) for row in found.confused()} == {("cat", "dog"), ("dog", "cow"), ("cow", "cat")}
    assert found.confused(1) == found.confused()[:1]
    assert found.mistakes().tolist() == [1, 0, 3, 4]


def test_scores_carry_intervals_and_settings() -> None:
    logits, target = sample()
    found = scored(logits, target)
    scores = {score.name: score for score in found.scores(seed=4)}
    top = scores["top-1"]
    assert (top.low, top.high) == bootstrap.interval(found.rank == 0, seed=4)
    assert top.low < top.value < top.high
    assert top.n == 300
    assert "2000 rounds, seed 4" in top.settings
    assert scores["top-5"].value == found.top(5)
    macro = scores["macro accuracy"]
    assert macro.low < macro.value < macro.high
    assert scores["majority"].low is None
    assert str(Score("top-1", 0.5, 10, 0.25, 0.75, "how")) == "top-1 50.00 % (25.00 to 75.00), n = 10, how"
    assert str(Score("loss", 1.25, 10, share=False)) == "loss 1.2500, n = 10"
    with pytest.raises(NotFinite):
        Score("top-1", float("nan"), 1)
    with pytest.raises(BadValue, match="half an interval"):
        Score("top-1", 0.5, 1, low=0.2)


# Bootstrap


def test_both_ways_of_resampling_agree() -> None:
    """Hits go by counts of values; a jitter far below the spread makes all values distinct and goes by pictures."""
    hits = (np.random.default_rng(0).random(500) < 0.3).astype(float)
    jittered = hits + np.arange(500) * 1e-12
    few, many = bootstrap.interval(hits, rounds=8000), bootstrap.interval(jittered, rounds=8000)
    assert few == pytest.approx(many, abs=0.004)
    deviation = np.sqrt(hits.mean() * (1 - hits.mean()) / 500)
    assert few == pytest.approx((hits.mean() - 1.96 * deviation, hits.mean() + 1.96 * deviation), abs=0.004)


def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).normal(size=300)
    whole = bootstrap.interval(values, seed=3)
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 300 * 128)
    assert bootstrap.interval(values, seed=3) == whole
    assert bootstrap.interval(values, seed=4) != whole


@pytest.mark.parametrize("kind", ["hits", "losses"])
def test_intervals_cover_the_truth_as_often_as_they_say(kind: str) -> None:
    rng = np.random.default_rng(11)
    inside = 0
    for trial in range(300):
        values = (rng.random(120) < 0.7).astype(float) if kind == "hits" else rng.exponential(0.7, 120)
        low, high = bootstrap.interval(values, seed=trial, rounds=400, level=0.9)
        inside += low <= 0.7 <= high
    assert 0.84 <= inside / 300 <= 0.95


def test_pairing_sees_what_two_intervals_do_not() -> None:
    rng = np.random.default_rng(2)
    hard = rng.normal(size=400)
    a, b = hard + rng.normal(0.1, 0.2, 400), hard + rng.normal(0.0, 0.2, 400)
    apart = bootstrap.interval(a)[0] > bootstrap.interval(b)[1]
    found = bootstrap.paired(a, b)
    assert not apart
    assert found.low > 0
    assert found.wins == 1.0
    assert found.difference == pytest.approx((a - b).mean())
    back = bootstrap.paired(b, a)
    assert back.high < 0
    same = bootstrap.paired(a, a)
    assert same == (0.0, 0.0, 0.0, 0.5)


def test_stratified_against_a_slow_loop() -> None:
    rng = np.random.default_rng(8)
    groups = rng.choice(3, 200, p=[0.8, 0.15, 0.05])
    hits = rng.random(200) < np.array([0.9, 0.5, 0.3])[groups]
    parts = [hits[groups == g] for g in range(3)]
    means = [np.mean([rng.choice(part, len(part)).mean() for part in parts]) for _ in range(4000)]
    low, high = bootstrap.stratified(hits, groups, rounds=4000)
    assert (low, high) == pytest.approx(np.quantile(means, (0.025, 0.975)), abs=0.012)
    assert bootstrap.stratified(hits, groups) == bootstrap.stratified(hits, groups)
    assert bootstrap.stratified([1, 0], [4, 9]) == (0.5, 0.5)


def test_bootstrap_refuses_what_has_no_mean() -> None:
    for values in ([], [[1.0]], 3.0):
        with pytest.raises(BadValue):
            bootstrap.interval(values)
    with pytest.raises(NotFinite, match="index 1"):
        bootstrap.interval([0.0, np.nan])
    with pytest.raises(BadValue, match="paired"):
        bootstrap.paired([1.0], [1.0, 2.0])
    with pytest.raises(BadValue, match="one group"):
        bootstrap.stratified([1.0], [1, 2])
    with pytest.raises(BadValue, match="level"):
        bootstrap.interval([1.0], level=95)
    assert bootstrap.interval([0.1] * 7) == (0.1, 0.1)


# The table of results

ROW = {"system": "resnet", "recipe": "storybook", "weights": "shipped", "data": "storybook", "split": "val", "pictures": 512}


def test_rows_are_inserted_replaced_and_sorted(tmp_path: Path) -> None:
    path = tmp_path / "results" / "classify.csv"
    record(path, {**ROW, "top-1": np.float32(0.75), "low": 0.7, "high": 0.8, "params": np.int64(11), "command": 'a "b", c'})
    record(path, {**ROW, "system": "alexnet", "top-1": 0.5, "top-5": 0.9})
    record(path, {**ROW, "split": "test", "top-1": 1 / 3})
    first = path.read_bytes()
    assert first.decode() == (
        "system,recipe,weights,data,split,pictures,top-1,top-5,low,high,params,ms_per_picture,train_minutes,command\n"
        "alexnet,storybook,shipped,storybook,val,512,0.5,0.9,,,,,,\n"
        "resnet,storybook,shipped,storybook,test,512,0.333333,,,,,,,\n"
        'resnet,storybook,shipped,storybook,val,512,0.75,,0.7,0.8,11,,,"a ""b"", c"\n'
    )
    rows = read(path)
    assert [(row["system"], row["split"]) for row in rows] == [("alexnet", "val"), ("resnet", "test"), ("resnet", "val")]
    assert rows[2]["command"] == 'a "b", c'
    assert rows[2]["params"] == 11
    assert rows[0]["low"] is None
    record(path, rows[0])
    assert path.read_bytes() == first
    record(path, {**ROW, "top-1": 0.8})
    assert [row["top-1"] for row in read(path)] == [0.5, 0.333333, 0.8]
    assert read(path)[2]["params"] is None
    assert [item.name for item in path.parent.iterdir()] == ["classify.csv"]


def test_results_refuse_bad_rows_and_files(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with pytest.raises(BadData, match="no such table"):
        read(path)
    with pytest.raises(BadValue, match="no split"):
        record(path, {key: value for key, value in ROW.items() if key != "split"})
    with pytest.raises(NotFinite, match="top-1"):
        record(path, {**ROW, "top-1": float("nan")})
    with pytest.raises(BadValue, match="did you mean command"):
        record(path, {**ROW, "comand": "looksay evaluate"})
    with pytest.raises(BadValue, match="weights"):
        record(path, {**ROW, "weights": 3})
    assert not path.exists()
    path.write_text("name,score\na,1\n")
    with pytest.raises(BadData, match="line 1"):
        read(path)
    header = ",".join((*results.FRONT, "top-1", *results.BACK))
    path.write_text(f"{header}\na,b,c\n")
    with pytest.raises(BadData, match=r"line 2: 3 cells under 13 columns"):
        read(path)
    path.write_text(f"{header}\na,b,c,d,e,many,1,,,,,,\n")
    with pytest.raises(BadData, match=r"line 2: pictures is 'many'"):
        read(path)


def test_a_crash_leaves_the_old_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    record(path, {**ROW, "top-1": 0.5})
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(DiskTrouble, match="No space"):
        record(path, {**ROW, "top-1": 0.6})
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["t.csv"]
