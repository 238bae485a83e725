"""The loop: a killed run ends as an undisturbed one, two processes learn as one, and trouble is told in one line."""

from __future__ import annotations

import errno
import math
import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from helpers_learn import content, in_process, killed_at, order, train_once, write_pictures
from looksay import weights
from looksay.data import source
from looksay.data.loader import Feed, Feeding, Part
from looksay.data.material import picture_splits
from looksay.errors import BadConfig, BadData, BadPicture, DiskTrouble, NotFinite, Stopped, UnknownName
from looksay.learn import loop
from looksay.learn.job import Job, order_of, recipe_of
from looksay.learn.loop import Plan
from looksay.learn.optim import Average, optimizer_of, rate
from looksay.learn.progress import Silent
from looksay.learn.run import Run
from looksay.nn.chance import Dropout, at
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment, Stage
from looksay.nn.system import Batch
from looksay.tasks import task


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def twin(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that nobody disturbed."""
    root = tmp_path_factory.mktemp("twin") / "run"
    assert in_process(train_once, order(pictures, root)) == 0
    return root


def feed_of(data: Path, **how: Any) -> Feed:
    kind = task("classify")
    feeding = Feeding(8, seed=3, augment=Augment(flip=0.5, shift=0.1, erase=0.3, brightness=0.2), **how)
    return Feed(source.open(f"imagefolder:{data}", "train"), Prep((28, 28), "stretch", 28), kind, feeding)


@pytest.mark.parametrize(("where", "count"), [("step", 1), ("step", 14), ("fsync", 9), ("replace", 11), ("note", 2), ("keep", 1)])
def test_a_killed_run_ends_like_its_undisturbed_twin(pictures: Path, twin: Path, tmp_path: Path, where: str, count: int) -> None:
    mine = order(pictures, tmp_path / "run")
    assert in_process(killed_at, mine, where, count) == -signal.SIGKILL
    assert in_process(train_once, mine, True) == 0
    assert content(tmp_path / "run") == content(twin)
    assert not list((tmp_path / "run").glob("*.part"))


def test_a_run_killed_twice_ends_like_its_twin(pictures: Path, twin: Path, tmp_path: Path) -> None:
    mine = order(pictures, tmp_path / "run")
    assert in_process(killed_at, mine, "step", 10) == -signal.SIGKILL
    assert in_process(killed_at, mine, "step", 7, True) == -signal.SIGKILL
    assert in_process(train_once, mine, True) == 0
    assert content(tmp_path / "run") == content(twin)


def test_the_number_of_workers_changes_nothing(pictures: Path) -> None:
    batches = [list(feed_of(pictures, workers=workers).epoch(2)) for workers in (1, 4)]
    for one, other in zip(*batches, strict=True):
        assert torch.equal(one.pictures, other.pictures)
        assert one.ids == other.ids


def test_an_epoch_goes_on_where_it_stood(pictures: Path) -> None:
    feed = feed_of(pictures)
    whole, rest = list(feed.epoch(1)), list(feed.epoch(1, start=4))
    assert [batch.ids for batch in whole[4:]] == [batch.ids for batch in rest]
    assert all(torch.equal(a.pictures, b.pictures) for a, b in zip(whole[4:], rest, strict=True))


def test_every_picture_once_an_epoch_in_another_order(pictures: Path) -> None:
    feed = feed_of(pictures)
    first, second = feed.order(0), feed.order(1)
    assert sorted(first) == sorted(second) == list(range(72))
    assert list(first) != list(second)


def test_processes_share_each_batch_among_them(pictures: Path) -> None:
    alone = [batch.ids for batch in feed_of(pictures).epoch(0)]
    parts = [[batch.ids for batch in feed_of(pictures, part=Part(rank, 2)).epoch(0)] for rank in (0, 1)]
    assert [a + b for a, b in zip(*parts, strict=True)] == alone


def test_dropout_of_two_processes_is_that_of_one() -> None:
    drop, x = Dropout(0.5).train(), torch.ones(8, 5)
    with at(1, 7):
        whole = drop(x)
    halves = []
    for rank in (0, 1):
        with at(1, 7, rank, 2):
            halves.append(drop(x[:4]))
    assert torch.equal(torch.cat(halves), whole)
    with at(1, 8):
        assert not torch.equal(drop(x), whole)
    assert set(whole.unique().tolist()) == {0.0, 2.0}


def _worker(rank: int, data: Path, root: Path, port: int) -> None:
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", LOCAL_WORLD_SIZE="2", GROUP_RANK="0",
        MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), TORCHELASTIC_RUN_ID="test",
    )  # fmt: skip
    train_once(_batch_normed(data, root))


def _batch_normed(data: Path, root: Path) -> Any:
    from looksay.learn.job import Order

    settings = {"epochs": "2", "batch_size": "16", "img_size": "32", "settings.width": "0.25", "precision": "fp32", "lr": "0.02"}
    return Order("small-s", f"imagefolder:{data}", output=str(root), settings=settings, device="cpu")


def _alone(data: Path, root: Path) -> None:
    train_once(_batch_normed(data, root))


def test_two_processes_learn_as_one(pictures: Path, tmp_path: Path) -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    from helpers_learn import CONTEXT

    crew = [CONTEXT.Process(target=_worker, args=(rank, pictures, tmp_path / "two", port)) for rank in (0, 1)]
    for process in crew:
        process.start()
    assert in_process(_alone, pictures, tmp_path / "one") == 0
    for process in crew:
        process.join(120)
        assert process.exitcode == 0
    one, two = ([row["loss_class"] for row in Run(tmp_path / name).rows() if "epoch" in row] for name in ("one", "two"))
    assert len(one) == 2
    assert np.allclose(one, two, atol=1e-5, rtol=0)


def test_shared_batch_norm_is_that_of_torch_on_one_process(tmp_path: Path) -> None:
    import torch.distributed as dist

    from looksay.learn.sync import share_statistics

    dist.init_process_group("gloo", rank=0, world_size=1, store=dist.FileStore(str(tmp_path / "store"), 1))
    try:
        torch.manual_seed(0)
        ours, theirs = nn.Sequential(nn.BatchNorm2d(3)), nn.Sequential(nn.BatchNorm2d(3))
        share_statistics(ours)
        x = torch.randn(4, 3, 5, 5)
        grads = []
        for net in (ours, theirs):
            inner = x.clone().requires_grad_()
            (net(inner) ** 3).sum().backward()
            grads.append(inner.grad)
        assert torch.allclose(ours(x), theirs(x), atol=1e-5)
        assert torch.allclose(grads[0], grads[1], atol=1e-4)
        assert torch.allclose(ours[0].running_var, theirs[0].running_var, atol=1e-6)
    finally:
        dist.destroy_process_group()


def test_it_learns(twin: Path) -> None:
    rows = [row for row in Run(twin).rows() if "epoch" in row]
    assert rows[-1]["loss_class"] < rows[0]["loss_class"]
    assert {"config.json", "environment.json", "metrics.csv", "timing.csv"} <= {path.name for path in twin.iterdir()}


def test_a_folder_with_a_run_is_not_overwritten(pictures: Path, twin: Path) -> None:
    before = content(twin)
    with pytest.raises(BadConfig, match="--resume"):
        train_once(order(pictures, twin))
    assert content(twin) == before
    assert order_of(twin).settings["epochs"] == "3"


def test_ctrl_c_leaves_a_checkpoint(pictures: Path, twin: Path, tmp_path: Path) -> None:
    mine = order(pictures, tmp_path / "run")
    steps = 0
    before = loop._Worker._step

    def interrupt(self: Any, *args: Any) -> dict[str, float]:
        nonlocal steps
        steps += 1
        if steps == 5:
            signal.raise_signal(signal.SIGINT)
        return before(self, *args)

    loop._Worker._step = interrupt  # type: ignore[method-assign]
    try:
        with pytest.raises(Stopped, match="--resume") as stopped:
            train_once(mine)
    finally:
        loop._Worker._step = before  # type: ignore[method-assign]
    assert stopped.value.exit_code == 130
    assert Run(tmp_path / "run").peek()[0].step == 5
    assert in_process(train_once, mine, True) == 0
    assert content(tmp_path / "run") == content(twin)


def test_a_loss_that_is_not_finite_names_the_batch(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFinite, match=r"step \d+, batch .*png|step \d+, batch"):
        train_once(order(pictures, tmp_path / "run", settings={"lr": "1e30", "clip": "0", "optimizer": "sgd"}))


def test_a_full_disk_keeps_the_last_good_checkpoint(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, real, calls = order(pictures, tmp_path / "run"), os.fsync, 0

    def full(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DiskTrouble, match="No space left on device"):
            train_once(mine)
    state = Run(tmp_path / "run").peek()[0]
    assert state.step >= 1
    assert not list((tmp_path / "run").glob(".*part"))
    assert train_once(mine, True).state.done


def test_a_folder_that_cannot_be_written(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DiskTrouble, match="--output"):
        train_once(order(pictures, tmp_path / "file" / "run"))


def test_a_broken_picture_is_refused_unless_allowed(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", 9)
    broken = data / "train" / "left" / "003.png"
    broken.write_bytes(broken.read_bytes()[:60])
    with pytest.raises((BadPicture, BadData), match="allow-bad-data"):
        train_once(order(data, tmp_path / "run"))
    assert train_once(order(data, tmp_path / "run2", allow_bad_data=True, settings={"epochs": "1"})).state.done


def test_without_a_validation_split_the_test_split_does_not_choose(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", 40, ("train", "test"))
    found = picture_splits(f"imagefolder:{data}", "")
    assert found.test is not None
    assert len(found.test) == 18
    names = {found.train.name(i) for i in range(len(found.train))}, {found.held.name(i) for i in range(len(found.held))}
    assert not names[0] & names[1]
    assert len(names[0]) + len(names[1]) == 120
    assert 2 <= len(names[1]) <= 30


def test_settings_reach_stage_recipe_and_network() -> None:
    from looksay.learn.job import Order

    name, recipe = recipe_of(Order("small-m", settings={"epochs": "2", "augment.flip": "0.1", "settings.width": "0.5"}))
    assert (name, recipe.stages[0].epochs, recipe.stages[0].augment.flip) == ("storybook", 2, 0.1)
    with pytest.raises(UnknownName, match="epochs"):
        recipe_of(Order("small-m", settings={"epoch": "2"}))
    with pytest.raises(UnknownName, match="storybook"):
        recipe_of(Order("small-m", recipe="storybok"))


def test_begin_with_weights_of_other_classes(pictures: Path, twin: Path, tmp_path: Path) -> None:
    told: list[str] = []

    class Listening(Silent):
        def say(self, line: str) -> None:
            told.append(line)

    job = Job(order(pictures, tmp_path / "run", start=str(twin / "best.safetensors")), Listening())
    assert any("8 of 8 tensors" in line for line in told)
    tensors = weights.read(twin / "best.safetensors")[1]
    assert torch.equal(job.system.state_dict()["fc2.weight"], tensors["fc2.weight"])


def test_the_finished_network_sees_larger_pictures_than_it_learns_from(pictures: Path, tmp_path: Path) -> None:
    job = Job(order(pictures, tmp_path / "run", settings={"enlarge": "1.2", "img_size": "40"}), Silent())
    assert job.system.prep.size == (48, 48)
    assert next(iter(job.feeds[0].epoch(0))).pictures.shape[-2:] == (40, 40)
    assert next(iter(job.judge_feed.epoch(0))).pictures.shape[-2:] == (48, 48)
    with pytest.raises(BadConfig, match="9 times as large"):
        Job(order(pictures, tmp_path / "other", settings={"enlarge": "9"}), Silent())


@pytest.mark.parametrize("schedule", ["cosine", "step", "constant", "linear"])
def test_rates_are_functions_of_the_step(schedule: Any) -> None:
    stage = Stage(lr=0.4, warmup=0.1, schedule=schedule)
    rates = [rate(stage, step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx([0.04 * (i + 1) for i in range(10)])
    assert max(rates) == pytest.approx(0.4)
    expected = {"cosine": 0.2, "linear": 0.2, "step": 0.4, "constant": 0.4}[schedule]
    assert rate(stage, 55, 100) == pytest.approx(expected)
    assert rates[99] < 0.01 or schedule == "constant"


def test_the_average_is_the_average() -> None:
    net = nn.Linear(2, 1, bias=False)
    net.weight.data.fill_(0)
    average = Average(net, 0.5)
    slow = 0.0
    for step in range(30):
        net.weight.data.fill_(step)
        average.update(net, step)
        decay = min(0.5, (1 + step) / (10 + step))
        slow = decay * slow + (1 - decay) * step
    assert average.values["weight"][0, 0].item() == pytest.approx(slow, rel=1e-5)


def test_biases_do_not_decay_and_frozen_parameters_rest() -> None:
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    optimizer = optimizer_of(net, Stage(weight_decay=0.1, freeze=("0.",)))
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.0]
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 2
    with pytest.raises(BadConfig, match="nothing"):
        optimizer_of(net, Stage(freeze=("",)))


def test_balanced_sampling_and_class_weights(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", 30, ("train",))
    for path in sorted((data / "train" / "left").iterdir())[3:]:
        path.unlink()
    plain, balanced = feed_of(data), feed_of(data, balance="sampling")
    drawn = np.concatenate([balanced.targets()[balanced.order(epoch)] for epoch in range(40)])
    shares = np.bincount(drawn, minlength=3) / len(drawn)
    assert np.allclose(shares, 1 / 3, atol=0.04)
    mean = (plain.class_weights()[plain.targets()]).mean()
    assert mean == pytest.approx(1.0)
    assert plain.class_weights()[0] == pytest.approx(10 * plain.class_weights()[1])


def test_the_time_limit_stops_with_a_checkpoint(pictures: Path, tmp_path: Path) -> None:
    mine = order(pictures, tmp_path / "run", max_minutes=1e-9)
    with pytest.raises(Stopped, match="max-time"):
        train_once(mine)
    assert Run(tmp_path / "run").checkpoint.exists()
    assert math.isfinite(Run(tmp_path / "run").peek()[0].seconds)


def test_no_thread_is_left_behind(pictures: Path) -> None:
    batches = feed_of(pictures).epoch(0)
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("looksay-feed") and thread.is_alive()]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_what_a_system_is_given_keeps_all_its_digits(precision: str) -> None:
    """Layers may compute in eight bits, boxes must not be rounded to whole pixels."""
    seen: list[torch.Tensor] = []

    class Layer(nn.Linear):
        def forward(self, batch: Batch) -> torch.Tensor:
            seen.append(batch.targets["boxes"][0])
            return super().forward(batch.pictures)

    fabric = loop.fabric_of(
        Plan(stages=(), feeds=(), judge=lambda _: {}, metric="", seed=0, keep=lambda *_: None, watcher=Silent(), device="cpu"),
        precision,
    )
    layer = fabric.setup_module(Layer(4, 2))
    box = torch.tensor([[130.25, 7.1, 131.75, 90.3]])
    out = layer(Batch(torch.randn(3, 4), {"boxes": [box]}))
    assert torch.equal(seen[0], box)
    assert seen[0].dtype == out.dtype == torch.float32
    rounded = torch.equal(out, out.bfloat16().float())
    assert rounded == (precision == "bf16")
