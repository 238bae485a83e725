"""The one training loop. What it does at a step follows from the settings, the step and the weights, never from its history."""

from __future__ import annotations

import ctypes
import math
import platform
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import torch

from looksay.data.loader import Batches
from looksay.errors import NotFinite, Stopped
from looksay.learn.optim import Average, optimizer_of, rate
from looksay.learn.run import Run, State
from looksay.learn.sync import Crew, share_statistics
from looksay.nn.chance import at
from looksay.nn.recipe import Stage
from looksay.nn.swift import channels_last
from looksay.nn.system import Batch, System, on_device

if TYPE_CHECKING:
    from lightning.fabric import Fabric

SAVE_EVERY = 60.0  # seconds between checkpoints within an epoch
NOTE_EVERY = 20  # steps between lines of the record
Judge = Callable[[System[Any]], Mapping[str, float]]


class Watcher(Protocol):
    """Who is told how it goes."""

    def stage(self, stage: Stage, steps: int, done: int) -> None: ...
    def step(self, state: State, loss: float, pictures_per_second: float) -> None: ...
    def epoch(self, state: State, row: Mapping[str, Any]) -> None: ...
    def say(self, line: str) -> None: ...


@dataclass
class Plan:
    """What a run is made of. `judge` scores the system on what was held out; its `metric` chooses the best weights, the smallest
    one where `less` of it is better."""

    stages: tuple[Stage, ...]
    feeds: tuple[Batches, ...]
    judge: Judge
    metric: str
    seed: int
    keep: Callable[[System[Any], Mapping[str, float]], None]
    watcher: Watcher
    device: str = "auto"
    deadline: float = math.inf  # time.monotonic() at which to stop
    crew: Crew = field(default_factory=Crew)
    resume: bool = False
    less: bool = False


def fabric_of(plan: Plan, precision: str) -> Fabric:
    import logging

    from lightning.fabric import Fabric

    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)  # it announces each setting that we give it
    accelerator = "cpu" if plan.device.startswith("cpu") else plan.device.partition(":")[0]
    how: dict[str, Any] = {"plugins": halved(accelerator)} if precision == "bf16" else {"precision": "32-true"}
    devices: Any = plan.crew.local
    if ":" in plan.device:
        devices = [int(plan.device.partition(":")[2])]
    strategy = "ddp" if plan.crew.world > 1 else "auto"
    nodes = max(plan.crew.world // max(plan.crew.local, 1), 1)
    fabric = Fabric(accelerator=accelerator, devices=devices, num_nodes=nodes, strategy=strategy, **how)
    fabric.launch()
    return fabric


def halved(accelerator: str) -> Any:
    """Layers compute in bfloat16, but what a system is given stays as it is: of eight bits the box of a thing would have no
    halves of pixels, and its truth none either."""
    from lightning.fabric.plugins.precision import MixedPrecision

    cpu = accelerator == "cpu" or not torch.cuda.is_available()
    found: Any = MixedPrecision("bf16-mixed", device="cpu" if cpu else "cuda")
    found.convert_input = lambda data: data
    return found


def train(system: System[Any], plan: Plan, run: Run) -> State:
    """Runs all stages; returns where it ended. Raises Stopped on Ctrl-C, with a checkpoint written."""
    keep_memory()
    if plan.crew.world > 1:
        share_statistics(system)
    state = State()
    if plan.resume:
        state, _, _ = run.peek()
        if run.main:
            run.forget_after(state.step)
    with interruptible() as wish, warnings.catch_warnings():
        # Of several processes: 1 x 1 kernels have two names for one order of memory.
        warnings.filterwarnings("ignore", message="grad and param do not obey")
        for place in range(len(plan.stages)):
            if place < state.stage or state.done:
                continue
            goes_on = plan.resume and place == state.stage
            if not goes_on and place > 0:
                state = State(stage=place, step=state.step, seconds=state.seconds)
            state = _Worker(system, plan, run, place, wish).run(state, goes_on=goes_on)
    return state


class _Worker:
    """One stage of one run."""

    def __init__(self, system: System[Any], plan: Plan, run: Run, place: int, wish: Mapping[str, bool]) -> None:
        self.plan, self.run_, self.place, self.wish = plan, run, place, wish
        self.stage, self.feed = plan.stages[place], plan.feeds[place]
        self.fabric = fabric_of(plan, self.stage.precision)
        self.system: System[Any] = channels_last(system.to(self.fabric.device))
        self.system.stage = self.stage.name
        self.steps = self.stage.epochs * self.feed.steps
        self.average = Average(self.system, self.stage.ema) if self.stage.ema else None
        self.model: Any
        self.model, self.optimizer = self.fabric.setup(self.system, optimizer_of(self.system, self.stage))

    def run(self, state: State, *, goes_on: bool) -> State:
        if goes_on:
            state = self.run_.load(self.system, self.optimizer.optimizer, self.average)
        base = state.step - state.epoch * self.feed.steps - state.batch  # steps of the stages before
        self.plan.watcher.stage(self.stage, self.steps, state.step - base)
        for epoch in range(state.epoch, self.stage.epochs):
            self._epoch(state, epoch, base)
            if self._ends_early(state):
                break
        state.done = self.place == len(self.plan.stages) - 1
        self._save(state)
        if self.average:
            self.system.load_state_dict(self.average.values)
        return state

    def _epoch(self, state: State, epoch: int, base: int) -> None:
        self.system.train()
        started, first = time.perf_counter(), state.batch
        waited, saved = self.feed.waited, time.monotonic()
        for batch in self.feed.epoch(epoch, state.batch):
            parts = self._step(batch, state.step, state.step - base)
            for name, value in parts.items():
                state.sums[name] = state.sums.get(name, 0.0) + value
            state.batch += 1
            state.step += 1
            self._aside(state, state.step - base)
            self._note(state, parts, (state.batch - first) * self.feed.how.batch_size / (time.perf_counter() - started))
            if state.batch < self.feed.steps and self._stop_or_save(state, saved):
                saved = time.monotonic()
        spent = time.perf_counter() - started
        pictures = (state.batch - first) * self.feed.how.batch_size
        self.run_.note_time(epoch + 1, spent, pictures / max(spent, 1e-9), (self.feed.waited - waited) / max(spent, 1e-9))
        self._finish_epoch(state, epoch, spent)

    def _step(self, batch: Batch, step: int, stage_step: int) -> dict[str, float]:
        batch = on_device(batch, self.fabric.device)
        self.system.progress = stage_step / self.steps
        now = rate(self.stage, stage_step, self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = now
        with at(self.plan.seed, step, self.plan.crew.rank, self.plan.crew.world):
            parts = self.system.loss(self.model(batch), batch)
            total = torch.stack(list(parts.values())).sum()
            if not bool(torch.isfinite(total)):
                raise NotFinite(
                    f"the loss is {total.item()} at step {step + 1}, batch {', '.join(batch.ids[:4])} …",
                    where=str(self.run_.root),
                    mend="lower --lr, set --set clip=1, or train in fp32",
                )
            self.optimizer.zero_grad()
            self.fabric.backward(total)
        if self.stage.clip:
            torch.nn.utils.clip_grad_norm_(self.system.parameters(), self.stage.clip)
        self.optimizer.step()
        if self.average:
            self.average.update(self.system, stage_step)
        values = torch.stack([part.detach().float() for part in parts.values()])
        if self.plan.crew.world > 1:
            values = self.fabric.all_reduce(values, reduce_op="mean")
        return dict(zip(parts, values.tolist(), strict=True))

    def _note(self, state: State, parts: Mapping[str, float], speed: float) -> None:
        loss = sum(parts.values())
        self.plan.watcher.step(state, loss, speed)
        if state.step % NOTE_EVERY == 0:
            self.run_.note({"step": state.step, "loss": loss, **parts})

    def _aside(self, state: State, done: int) -> None:
        if self.run_.main and (told := self.system.aside(done, self.steps)):
            self.run_.note({"step": state.step, **told})

    def _stop_or_save(self, state: State, saved: float) -> bool:
        self._stop(state, f"at step {state.step}")
        if time.monotonic() - saved > SAVE_EVERY:
            self._save(state)
            return True
        return False

    def _stop(self, state: State, where: str) -> None:
        """Grants the wish to stop, or keeps the time limit: saves, and says how to go on."""
        late = time.monotonic() > self.plan.deadline
        stop = self.wish["stop"] or late
        if self.plan.crew.world > 1:
            stop = bool(self.fabric.broadcast(stop))
        if stop:
            self._save(state)
            if self.run_.main:
                self.run_.write_table()
            why = "the time of --max-time is over" if late else "interrupted"
            raise Stopped(f"{why} {where}", where=str(self.run_.root), mend=f"go on with looksay train --resume {self.run_.root}")

    def _finish_epoch(self, state: State, epoch: int, spent: float) -> None:
        count = state.batch
        row: dict[str, Any] = {"step": state.step, "stage": self.stage.name, "epoch": epoch + 1}
        row |= {f"loss_{name}": value / count for name, value in state.sums.items()}
        row["lr"] = self.optimizer.param_groups[0]["lr"]
        scores = self._judge()
        row |= scores
        state.epoch, state.batch, state.sums, state.seconds = epoch + 1, 0, {}, state.seconds + spent
        score = -scores[self.plan.metric] if self.plan.less else scores[self.plan.metric]
        if score > state.best:
            state.best, state.worse = score, 0
            if self.run_.main:
                with self._averaged():
                    self.plan.keep(self.system, scores)
        else:
            state.worse += 1
        self.run_.note(row)
        if self.run_.main:
            self.run_.write_table()
        self.plan.watcher.epoch(state, row)
        self._save(state)
        if epoch + 1 < self.stage.epochs:
            self._stop(state, f"after epoch {epoch + 1}")

    def _judge(self) -> dict[str, float]:
        scores: dict[str, float] = {}
        if self.run_.main:
            with self._averaged():
                scores = dict(self.plan.judge(self.system.eval()))
            self.system.train()
        return dict(self.fabric.broadcast(scores)) if self.plan.crew.world > 1 else scores

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Within it, the system has its averaged weights."""
        if not self.average:
            yield
            return
        own = {name: value.clone() for name, value in self.system.state_dict().items()}
        self.system.load_state_dict(self.average.values)
        try:
            yield
        finally:
            self.system.load_state_dict(own)

    def _save(self, state: State) -> None:
        if self.run_.main:
            self.run_.save(state, self.system, self.optimizer.optimizer, self.average)

    def _ends_early(self, state: State) -> bool:
        if self.stage.patience and state.worse >= self.stage.patience:
            self.plan.watcher.say(f"no better {self.plan.metric} in {state.worse} epochs: stopped early")
            return True
        return False


@contextmanager
def interruptible() -> Iterator[dict[str, bool]]:
    """The first Ctrl-C is a wish that the loop grants after its step; a second one is an ordinary interrupt."""
    wish = {"stop": False}

    def on_signal(number: int, frame: Any) -> None:
        if wish["stop"]:
            raise KeyboardInterrupt
        wish["stop"] = True

    try:
        before = signal.signal(signal.SIGINT, on_signal)
    except ValueError:  # not the main thread: whoever owns it decides
        yield wish
        return
    try:
        yield wish
    finally:
        signal.signal(signal.SIGINT, before)


def keep_memory() -> None:
    """Large activations are freed and wanted again at every step: glibc is told to keep them instead of giving pages back."""
    if platform.system() == "Linux" and platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        trim_threshold, top_pad, mmap_max = -1, -2, -4
        for what, value in ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 64 << 20)):
            libc.mallopt(what, value)


def estimate(system: System[Any], feed: Batches, stage: Stage, seed: int) -> tuple[float, int]:
    """(seconds a step, bytes of memory in use at its peak), from three steps on a copy that is thrown away."""
    import resource

    twin = channels_last(deepcopy(system).train())
    twin.stage = stage.name
    optimizer = optimizer_of(twin, stage)
    times = []
    for count, batch in enumerate(feed.epoch(0)):
        since = time.perf_counter()
        with at(seed, count), torch.autocast("cpu", torch.bfloat16, enabled=stage.precision == "bf16"):
            total = torch.stack(list(twin.loss(twin(batch), batch).values())).sum()
        torch.autograd.backward(total)
        optimizer.step()
        times.append(time.perf_counter() - since)
        if count == 2:
            break
    return min(times), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
