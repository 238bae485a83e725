"""From what a user asked for to a run: data found and checked, the recipe adapted, the system built, the loop started."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from looksay import config as settings_of
from looksay import registry, weights
from looksay.data.loader import Batches, Feed, Feeding, Part
from looksay.data.material import Material, Splits
from looksay.errors import BadConfig, UnknownName
from looksay.learn.loop import Plan, Watcher, estimate, train
from looksay.learn.progress import Silent
from looksay.learn.run import Run, State
from looksay.learn.sync import Crew
from looksay.measure.evaluate import Judged, feed_for, judge
from looksay.nn.captioner import Captioner
from looksay.nn.classifier import Classifier
from looksay.nn.critic import CRITIC
from looksay.nn.detector import Detector
from looksay.nn.recipe import Recipe, Stage
from looksay.nn.system import System
from looksay.records import hints
from looksay.tasks import task

GRID = 16  # pixels that sides of enlarged pictures are rounded to

# Noted after each epoch.
SHOWN = (
    "top1", "top5", "loss", "loc1", "iou", "map50", "map", "sure", "miou", "pixel_accuracy", "words", "r10", "ciderd", "bleu4",
    "bleu", "nats", "bits",
)  # fmt: skip


@dataclass(frozen=True)
class Order:
    """A training as it was ordered. Empty and zero mean: as the recipe has it."""

    system: str
    data: str = ""
    recipe: str = ""
    output: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    start: str = ""  # weights to begin with: a file, 'shipped' or 'published'
    seed: int = 0
    workers: int = 2
    device: str = "auto"
    max_minutes: float = 0.0
    allow_bad_data: bool = False


@dataclass
class Trained:
    """What came of it. `root` is the run's folder; `weights` the best ones on the pictures held out, whose scores `judged` has;
    `tested` has those on the test split, where there is one."""

    root: Path
    weights: Path
    state: State
    judged: Judged
    tested: Judged | None
    order: Order
    recipe: Recipe
    splits: Splits

    @property
    def held(self) -> str:
        """What the weights were chosen by, in words."""
        return f"{self._material.noun} held out"

    @property
    def tries(self) -> str:
        """A command that uses them."""
        return self._material.tries.format(self.root)

    @property
    def _material(self) -> Material:
        return task(registry.find(self.order.system).card.task).material()


def recipe_of(order: Order) -> tuple[str, Recipe]:
    """The recipe by name, with the order's settings in it: those of a stage apply to all stages."""
    entry = registry.find(order.system)
    recipes = entry.build().RECIPES
    name = order.recipe or ("storybook" if "storybook" in recipes else next(iter(recipes)))
    if name not in recipes:
        raise UnknownName.of("recipe", name, recipes, where=entry.name)
    recipe = recipes[name]
    config: Any = entry.build().Config
    for key, value in order.settings.items():
        first = key.partition(".")[0].replace("-", "_")
        if first in hints(Stage):
            stages = tuple(settings_of.change(stage, {key: value}) for stage in recipe.stages)
            recipe = replace(recipe, stages=stages)
        elif first in hints(Recipe):
            recipe = settings_of.change(recipe, {key: value})
        else:
            known = [*hints(Stage), *(f"settings.{key}" for key in hints(config))]
            raise UnknownName.of("setting", key, known, where="--set")
    return name, recipe


class Job:
    """A training made ready. `run()` does it."""

    def __init__(self, order: Order, watcher: Watcher, *, resume: bool = False) -> None:
        self.crew = Crew.here()
        self.order, self.resume = order, resume
        self.watcher: Watcher = watcher if self.crew.rank == 0 else Silent()
        self.name, self.recipe = recipe_of(order)
        self.entry = registry.find(order.system)
        self.data = order.data or self.recipe.data
        if "," in self.data and ":" not in self.data:
            raise BadConfig(f"{self.data!r} is more than one data set", mend="name one, as format:path")
        self.kind = task(self.entry.card.task)
        self.material = self.kind.material()
        chosen = {**self.entry.settings, **self.recipe.settings}
        config = settings_of.change(self.entry.build().Config(), chosen, where=self.entry.name)
        self.splits = self.material.splits(self.data, self.kind, config)
        self.train_set, self.held = self.splits.train, self.splits.held
        self.material.check(self.data, self.splits, self.kind.fewest, allow=order.allow_bad_data, say=self.watcher.say)
        if self.crew.world > 1 and not order.output:
            raise BadConfig("several processes need one folder", where="torchrun", mend="name it with --output")
        self.run_ = Run(Path(order.output or self._folder()), main=self.crew.rank == 0)
        self.system = self._build(config)
        self.feeds = tuple(self._feed(stage) for stage in self.recipe.stages)
        skip = order.allow_bad_data
        self.judge_feed = feed_for(self.system, self.held, workers=order.workers, skip_bad=skip, learning=True)
        self._tune()

    def _feed(self, stage: Stage) -> Batches:
        order = self.order
        part = Part(self.crew.rank, self.crew.world)
        how = Feeding(stage.batch_size, order.seed, stage.augment, stage.balance, order.workers, part, order.allow_bad_data)
        prep = self.material.shaped(self.system.prep, stage)
        return self.material.feed(self.system, self.train_set, self.kind, how, prep=prep, learning=True)

    def _folder(self) -> str:
        """runs/NAME-1, NAME-2 … the first that is not there."""
        number = 1
        while Path("runs", f"{self.entry.name}-{number}").exists():
            number += 1
        return str(Path("runs", f"{self.entry.name}-{number}"))

    def _build(self, config: Any) -> System[Any]:
        stage = self.recipe.stages[-1]
        settled = self.material.settled(self.entry.build(), config, self.train_set, stage)
        torch.manual_seed(self.order.seed)
        fresh = weights.build(self.entry.name, self.train_set.classes, settings_of.to_dict(settled))
        prep = self.material.shaped(fresh.prep, self._shown(stage))
        if prep != fresh.prep:
            torch.manual_seed(self.order.seed)
            fresh = weights.build(self.entry.name, self.train_set.classes, settings_of.to_dict(settled), prep)
        self.material.tried(fresh)
        if self.order.start or self.recipe.start:
            self._borrow(fresh)
        if isinstance(fresh, Classifier):
            fresh.synsets = (
                tuple(self.train_set.synsets.get(name, "") for name in fresh.classes) if self.train_set.synsets else ()
            )
        return fresh

    def _shown(self, stage: Stage) -> Stage:
        """With the pictures that the finished network looks at."""
        enlarge = self.recipe.enlarge
        if not 0.25 <= enlarge <= 4.0:
            raise BadConfig(f"pictures {enlarge:g} times as large as those learnt from", where="enlarge", mend="say .25 to 4")
        return stage if enlarge == 1.0 else replace(stage, img_size=round(stage.img_size * enlarge / GRID) * GRID)

    def _borrow(self, system: System[Any]) -> None:
        """Begins with other weights as far as names and shapes agree; the last layer of other classes stays fresh."""
        start, least = self.order.start, 0.5
        if start == "published":
            tensors: Mapping[str, Any] = weights.published(self.entry.name)[0].state_dict()
        else:
            if not start:  # the recipe's: another system's body
                start, least = self.recipe.start, 0.0
                home = weights.shipped(start)
            else:
                home = weights.shipped(self.entry.name) if start == "shipped" else Path(start)
            if home is None:
                raise UnknownName.of("shipped weights", start, weights.shipped_names())
            tensors = weights.read(home)[1]
        own, tensors = system.state_dict(), system.adopt(tensors)
        fitting = {name: value for name, value in tensors.items() if name in own and own[name].shape == value.shape}
        if not fitting and not self.order.start:  # a variant with another body than the recipe thinks of
            self.watcher.say(f"nothing of {start} fits {self.entry.name}: it begins at random")
            return
        if not fitting or len(fitting) < len(own) * least:
            mend = "these weights are of another system"
            raise BadConfig(f"only {len(fitting)} of {len(own)} tensors fit", where=start, mend=mend)
        system.load_state_dict(fitting, strict=False)
        self.watcher.say(f"began with {len(fitting)} of {len(own)} tensors of {start}")

    def _tune(self) -> None:
        """What of a stage the system itself has to know."""
        stage = self.recipe.stages[-1]
        if isinstance(self.system, Classifier):
            self.system.smoothing = stage.smoothing
            if stage.balance == "weights" and isinstance(self.feeds[-1], Feed):
                self.system.class_weights = torch.from_numpy(self.feeds[-1].class_weights())
        if isinstance(self.system, Captioner) and any(each.name == CRITIC for each in self.recipe.stages):
            from looksay.measure.rewarded import CiderD

            self.system.critic = CiderD.of(self.train_set)

    def run(self) -> Trained | None:
        """None in a process that is not the first of its crew: that one judges and tells."""
        config = {
            "order": settings_of.to_dict(self.order),
            "recipe": settings_of.to_dict(self.recipe),
            "held_out": self.splits.how,
        }
        self.resume = self.run_.begin(config, resume=self.resume)
        for each in (self.train_set, self.held):
            self.material.prepare(each)
        self._forecast()
        self._warn()
        minutes = self.order.max_minutes
        plan = Plan(
            stages=self.recipe.stages,
            feeds=self.feeds,
            judge=self._judge,
            metric=self.recipe.metric,
            seed=self.order.seed,
            keep=self._keep,
            watcher=self.watcher,
            device=self.order.device,
            deadline=time.monotonic() + minutes * 60 if minutes else math.inf,
            crew=self.crew,
            resume=self.resume,
            less=self.kind.less,
        )
        state = train(self.system, plan, self.run_)
        if self.crew.rank > 0:
            return None
        best = self.run_.root / "best.safetensors"
        system, info = weights.load(best)
        if system.finish(self._plain_feed().epoch(0), self.run_.root / "features", self.watcher.say):
            weights.save(best, system, info)
        test = feed_for(system, self.splits.test, workers=self.order.workers, skip_bad=True) if self.splits.test else None
        tested = judge(system, test) if test else None
        return Trained(self.run_.root, best, state, judge(system, self.judge_feed), tested, self.order, self.recipe, self.splits)

    def _plain_feed(self) -> Batches:
        """What is learnt from, in order, as looking sees it."""
        skip = self.order.allow_bad_data
        return feed_for(self.system, self.train_set, workers=self.order.workers, skip_bad=skip, learning=True)

    def _warn(self) -> None:
        """Before an hour is spent: does the truth fit what the network can say at all?"""
        if self.resume or not isinstance(self.system, Detector):
            return
        total = missed = 0
        for count, batch in enumerate(self._plain_feed().epoch(0)):
            total += sum(len(labels) for labels in batch.targets["labels"])
            missed += self.system.unmatched(batch)
            if count == 7:
                break
        if missed > 0.05 * total:
            self.watcher.say(
                f"warning: {missed:,} of the first {total:,} boxes fit none of the shapes that {self.entry.name} looks for and "
                "may never be found; a larger --img-size, or other shapes with --set, may help"
            )

    def _judge(self, system: System[Any]) -> dict[str, float]:
        found = judge(system, self.judge_feed, bf16=self.recipe.stages[-1].precision == "bf16")
        scores = found.scores()
        shown = {"loss": "loss_held"}
        return {shown.get(name, name): value for name, value in scores.items() if name in SHOWN}

    def _keep(self, system: System[Any], scores: Mapping[str, float]) -> None:
        world = self.material.world(self.train_set, self.data)
        synsets = system.synsets if isinstance(system, Classifier) else ()
        config = settings_of.to_dict(system.config)
        info = weights.Info(self.entry.name, system.classes, config, system.prep, synsets, dict(scores), self.name, world)
        weights.save(self.run_.root / "best.safetensors", system, info)

    def _forecast(self) -> None:
        """Time and memory before it starts; not worth it for a training of seconds."""
        total = sum(stage.epochs * feed.steps for stage, feed in zip(self.recipe.stages, self.feeds, strict=True))
        what = f"{len(self.train_set):,} {self.material.noun} of {self.data}, judged on {self.splits.how}"
        self.watcher.say(
            f"{self.entry.name}: {self.system.parameters_count:,} parameters, {len(self.train_set.classes)} classes; "
            f"{what}; results in {self.run_.root}"
        )
        if total < 50 or self.resume or self.crew.world > 1:
            return
        step, memory = estimate(self.system, self.feeds[0], self.recipe.stages[0], self.order.seed)
        gigabytes = memory / 2**30
        self.watcher.say(f"about {total * step / 60:.0f} min for {total:,} steps and {gigabytes:.1f} GB of memory")


def order_of(root: Path) -> Order:
    """What the run in that folder was ordered as, so that it can go on."""
    found = Run(root).config()
    order: Order = settings_of.from_dict(Order, found["order"], str(root / "config.json"))
    return replace(order, output=str(root))
