"""A system ready to look: pictures go in, what is seen comes out, one after the other, with the reasons that were asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import torch

from looksay import weights
from looksay.data.inputs import Shown, Skip, is_many, shown
from looksay.data.kept import beside_of
from looksay.data.loader import ready
from looksay.nn.swift import Mode, quicken
from looksay.nn.system import Batch, System, on_device
from looksay.scene import Objects, Scene
from looksay.show.look import Look

if TYPE_CHECKING:
    from looksay.explain.seen import Whys

SURE = 0.5  # a thing that is less likely is not shown, where a system's training does not say better


@dataclass
class Looker:
    """A system ready to look. `mode`: 'exact' gives the numbers of training quicker, 'fast' trades digits for speed,
    'plain' runs the system as it is. `also` look at the same pictures and add what they see."""

    system: System[Any]
    info: weights.Info
    mode: Mode | Literal["plain"] = "exact"
    device: str = "cpu"
    origin: str = "shipped"
    also: tuple[Looker, ...] = field(default=(), repr=False)
    _quick: System[Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.system.to(self.device).eval()

    @property
    def classes(self) -> tuple[str, ...]:
        return self.system.classes

    @property
    def name(self) -> str:
        return self.info.system

    @property
    def who(self) -> str:
        """All that look, by name."""
        names = [self.name, *(other.name for other in self.also)]
        return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)

    @property
    def sure(self) -> float:
        """The score from which on things are shown: the one of the best balance on the pictures held out of the training."""
        return float(self.info.scores.get("sure", SURE if self.system.card.task in ("detect", "instances") else 0.0))

    def look(
        self,
        what: Any,
        *,
        explain: str = "",
        of: str = "",
        at: str = "",
        batch_size: int = 8,
        skip: Skip | None = None,
        score: float = -1.0,
    ) -> Any:
        """A Look for one picture; for many (folder, pattern, video, list, array of four dimensions) an iterator of Looks.

        `explain` names a method that shows why (`saliency`, `grad-cam` …), `of` what is to be explained, `at` where.
        Things that are less likely than `score` are left out; below 0 it is the one that suits the system best.
        """
        found = self.stream(what, explain=explain, of=of, at=at, batch_size=batch_size, skip=skip, score=score)
        return found if is_many(what) else next(found)

    def stream(
        self,
        what: Any,
        *,
        explain: str = "",
        of: str = "",
        at: str = "",
        batch_size: int = 8,
        skip: Skip | None = None,
        offline: bool = False,
        score: float = -1.0,
    ) -> Iterator[Look]:
        """Looks one after the other, in constant memory."""
        pictures = shown(what, skip=skip, offline=offline)
        while turn := list(islice(pictures, batch_size)):
            since = time.perf_counter()
            batch = self.batch(turn)
            scenes = self.answer(batch)
            doubts: list[tuple[str, ...]] = [()] * len(turn)
            if explain:
                scenes, doubts = self._why(batch, scenes, (explain, of, at), skip is not None)
            for other in self.also:
                added = other.answer(other.batch(turn))
                scenes = [joined(scene, sure(more, other.sure)) for scene, more in zip(scenes, added, strict=True)]
            spent = (time.perf_counter() - since) / len(turn)
            for item, scene, doubt in zip(turn, scenes, doubts, strict=True):
                scene = sure(scene, score if score >= 0 else self.sure)
                told = self._doubts(item) + doubt
                yield Look(item.picture, replace(scene, source=item.source), self.who, spent, told)

    def batch(self, turn: Sequence[Shown]) -> Batch:
        made = ready([(item.name, item.picture) for item in turn], self.system.prep, beside_of(self.system))
        return on_device(made, torch.device(self.device))

    @torch.inference_mode()
    def answer(self, batch: Batch) -> list[Scene]:
        """Scenes of a batch that is already as the network takes it."""
        return self.quick.read(self.ask(batch), batch)

    def ask(self, batch: Batch) -> Any:
        """The network's own answer."""
        if self.mode == "fast":
            batch = replace(batch, pictures=batch.pictures.to(torch.bfloat16))
        return self.quick(on_device(batch, torch.device(self.device)))

    @property
    def quick(self) -> System[Any]:
        """What really looks; made at the first look."""
        if self._quick is None:
            self._quick = self.system if self.mode == "plain" else quicken(self.system, self.mode)
        return self._quick

    def explained(self, batch: Batch, scenes: list[Scene], method: str, of: str = "", at: str = "") -> list[Scene]:
        """Raises NotSeen where a picture does not show what is asked for."""
        return self._why(batch, scenes, (method, of, at), False)[0]

    def _why(self, batch: Batch, scenes: list[Scene], asked: tuple[str, str, str], forgiving: bool) -> Whys:
        from looksay.explain import explained

        return explained(self.system, batch, [(scene, sure(scene, self.sure)) for scene in scenes], asked, forgiving=forgiving)

    def _doubts(self, item: Shown) -> tuple[str, ...]:
        if self.info.world != "storybook" or "digits" in self.info.recipe:
            return ()
        from looksay.data.world import is_strange

        if not is_strange(item.picture):
            return ()
        return (
            "this is unlike the storybook, whose drawings are all that these weights know: "
            f"try looksay look --weights published, or train {self.name} on your own pictures",
        )


def sure(scene: Scene, score: float) -> Scene:
    """Without the things that are less likely than `score`."""
    kept = tuple(thing for thing in scene.objects if thing.score >= score)
    return scene if len(kept) == len(scene.objects) else replace(scene, objects=Objects(kept))


def joined(scene: Scene, more: Scene) -> Scene:
    """What two systems saw in the same picture; of each kind of things the second's, if it saw any of that kind."""
    return replace(
        scene, objects=more.objects or scene.objects, captions=more.captions or scene.captions, heats=scene.heats + more.heats
    )
