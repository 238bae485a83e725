"""The verdict on a captioner: the scores of the COCO evaluation, whether what is said is true, and whether it looked there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from looksay.data.dataset import Dataset
from looksay.data.loader import ready
from looksay.data.storybook import StorybookPages
from looksay.measure.attended import Attended, attended, constant
from looksay.measure.bootstrap import Paired, interval
from looksay.measure.caption_scores import CaptionScores, caption_scores
from looksay.measure.judging import Judging
from looksay.measure.tallied import Tallied, intervals, paired
from looksay.measure.verdict import Verdict
from looksay.nn.captioner import Captioner
from looksay.nn.system import Batch, System
from looksay.scene import Scene
from looksay.show.look import Look
from looksay.show.report import Report

NAMES = {"ciderd": "CIDEr-D", "bleu4": "BLEU-4", "meteor": "METEOR", "rougel": "ROUGE-L", "cider": "CIDEr", "bleu1": "BLEU-1"}
SHOWN = 12  # captions at each end of a report
SAME = 0.25  # share of pictures with one caption from which on it is said that the picture does not matter
EVEN = 0.9  # of a caption's looks that are alike, from which on they are called constant
SEEN = ("kind", "colour", "relation")  # what one picture can always show; of 'moving' or 'parked' that is not so
Floats = npt.NDArray[np.float64]


def _share(total: Floats) -> Floats:
    """Of what was right in all that was said; not a number where nothing was."""
    found: Floats = np.divide(total[:, 0], total[:, 1], out=np.full(len(total), np.nan), where=total[:, 1] > 0)
    return found


@dataclass(frozen=True, eq=False)
class Captioned(Verdict):
    """`said` and `truth`: a caption and its references for each picture, with the picture's `ids`. `looked`: what the looks of
    nouns fell on, where that is known; `even`: how alike the looks of each caption are. `facts`: of each
    claim (kind, colour, action …) (N, 2), how many statements are right, and how many there are, where they can be checked."""

    metric = "ciderd"
    title = "CIDEr-D"
    scores_: CaptionScores
    ids: tuple[str, ...]
    said: tuple[str, ...]
    looked: Attended | None
    even: Floats
    facts: Mapping[str, Floats] | None
    beam: int

    def __len__(self) -> int:
        return len(self.said)

    @cached_property
    def _interval(self) -> tuple[float, float]:
        return intervals({"CIDEr-D": self.scores_.tallied["CIDEr-D"]})["CIDEr-D"]

    def stated(self, *claims: str) -> Floats | None:
        """(N, 2) of those claims, all if none is named; None where nothing of that was said, or can be checked."""
        some = [counts for claim, counts in (self.facts or {}).items() if claim in claims or not claims]
        total = np.sum(some, axis=0) if some else np.zeros((1, 2))
        return total if total[:, 1].any() else None

    def numbers(self) -> dict[str, float]:
        low, high = self._interval
        found = {name: self.scores_.numbers[said] for name, said in NAMES.items()}
        for name, counts in (("facts", self.stated()), ("seen", self.stated(*SEEN))):
            if counts is not None:
                found[name] = float(_share(counts.sum(axis=0, keepdims=True))[0])
        if self.looked is not None and self.looked.nouns:
            found |= {"peaks": float(self.looked.peak.mean()), "mass": float(self.looked.mass.mean())}
            found["chance"] = float(self.looked.chance.mean())
        return {**found, "low": low, "high": high}

    def lines(self) -> list[str]:
        found = self.scores_.lines()
        found += self._truths()
        if self.looked is not None and self.looked.nouns:
            low, high = interval(self.looked.peak)
            numbers = self.numbers()
            found.append(
                f"looks    {100 * numbers['peaks']:.2f} % ({100 * low:.2f} to {100 * high:.2f}) of the peaks of "
                f"{self.looked.nouns:,} nouns on the right thing, {100 * numbers['mass']:.2f} % of their looks; by chance "
                f"{100 * numbers['chance']:.2f} %"
            )
        return [*found, f"free-running, beam of {self.beam}, {len(self):,} pictures", *self.alarms()]

    def _truths(self) -> list[str]:
        found = []
        for about, claims in (("are true of their page", ()), (f"about {', '.join(SEEN[:-1])} and {SEEN[-1]}", SEEN)):
            counts = self.stated(*claims)
            if counts is not None:
                low, high = intervals({"facts": Tallied(counts, _share)})["facts"]
                right, total = counts.sum(axis=0)
                told = f"{100 * right / total:.2f} % ({100 * low:.2f} to {100 * high:.2f}) of {int(total):,} statements {about}"
                found.append(f"facts    {told}")
        each = {claim: self.stated(claim) for claim in self.facts or {}}
        sums = {claim: counts.sum(axis=0) for claim, counts in each.items() if counts is not None}
        order = sorted(sums, key=lambda claim: -sums[claim][1])
        if len(order) > 1:
            told = ", ".join(f"{claim} {100 * sums[claim][0] / sums[claim][1]:.1f} of {int(sums[claim][1]):,}" for claim in order)
            found.append(f"facts    % by what they are about: {told}")
        return found

    def alarms(self) -> list[str]:
        found = []
        text, often = Counter(self.said).most_common(1)[0]
        if len(self) > 10 and often > SAME * len(self):
            found.append(f"warning: {often:,} of {len(self):,} pictures get the caption {text!r}: does it see them at all?")
        if len(self.even) and float(self.even.mean()) > EVEN:
            found.append("warning: the looks of a caption's words are all but the same: the attention is constant")
        return found

    def told(self, value: float) -> str:
        return f"{value:.4f}"

    def row(self) -> list[tuple[str, str]]:
        return [(line.split()[0], line.partition(" ")[2].strip()) for line in self.scores_.lines()]

    def shown(self) -> dict[str, Any]:
        numbers = self.numbers()
        found: dict[str, Any] = {
            title: round(numbers[name], 4) for name, title in NAMES.items() if name not in ("cider", "bleu1")
        }
        found |= {"low": round(numbers["low"], 4), "high": round(numbers["high"], 4)}
        return found | {f"{name} %": round(100 * numbers[name], 2) for name in ("facts", "seen", "peaks") if name in numbers}

    def behind(self, best: Verdict) -> Paired | None:
        if not isinstance(best, Captioned) or best.ids != self.ids:
            return None
        return paired(best.scores_.tallied["CIDEr-D"], self.scores_.tallied["CIDEr-D"])

    def fill(self, report: Report, title: str) -> None:
        report.heading(title).table(("score", "value"), [tuple(line.split(maxsplit=1)) for line in self.lines()])

    def mistakes(self, report: Report, dataset: Dataset, system: System[Any]) -> None:
        """The worst captions by CIDEr-D, the best, and their references."""
        each = self.scores_.each["CIDEr-D"]
        order = np.argsort(each, kind="stable")
        places = {dataset.name(index): index for index in range(len(dataset))}
        for name, some in (("What it says worst", order[:SHOWN]), ("What it says best", order[::-1][:SHOWN])):
            report.heading(name).pointed(self._look(dataset, system, places[self.ids[place]], each[place]) for place in some)

    def _look(self, dataset: Dataset, system: System[Any], index: int, score: float) -> Look:
        picture = dataset.picture(index)
        batch = ready([(dataset.name(index), picture)], system.prep)
        with torch.inference_mode():
            scene = system.eval().read(system(batch), batch)[0]
        truth = tuple(replace(each, phrases=()) for each in dataset.captions(index)[:2])
        return Look(picture, replace(scene, captions=(*scene.captions[:1], *truth), id=f"{dataset.name(index)}: {score:.2f}"))


class OfCaptions(Judging):
    def __init__(self, system: System[Any], dataset: Dataset) -> None:
        super().__init__(system, dataset)
        self.rows: list[tuple[int, Scene]] = []

    def ask(self, system: System[Any], batch: Batch) -> list[Scene]:
        return system.read(system(replace(batch, targets={})), batch)

    def hear(self, said: list[Scene], batch: Batch, keep: Sequence[int]) -> None:
        numbers = batch.targets["index"].tolist()
        self.rows += [(numbers[row], said[row]) for row in keep]

    def verdict(self) -> Verdict:
        assert isinstance(self.system, Captioner)
        said = tuple(scene.captions[0].text if scene.captions else "" for _, scene in self.rows)
        truth = [[each.text for each in self.dataset.captions(index)] for index, _ in self.rows]
        ids = tuple(self.dataset.name(index) for index, _ in self.rows)
        even = np.array([constant(scene.heats) for _, scene in self.rows if len(scene.heats) > 1], np.float64)
        looked, facts = None, None
        if isinstance(self.dataset, StorybookPages):
            looked, facts = self._checked(said)
        return Captioned(caption_scores(said, truth), ids, said, looked, even, facts, self.system.speech.width)

    def _checked(self, said: Sequence[str]) -> tuple[Attended | None, dict[str, Floats]]:
        from looksay.storybook.facts import checked
        from looksay.storybook.page import page

        parts = []
        facts: dict[str, Floats] = defaultdict(lambda: np.zeros((len(said), 2)))
        dataset = self.dataset
        assert isinstance(dataset, StorybookPages)
        size = (dataset.asked.size, dataset.asked.size)
        for row, ((index, scene), text) in enumerate(zip(self.rows, said, strict=True)):
            made = page(dataset.asked.seed_of(dataset.split), index, size, dataset.asked.view, words=False)
            for claim, right in checked(text.lower(), made.spec, size, made.scene.objects):
                facts[claim][row] += (right, 1)
            if scene.heats:
                parts.append(attended(scene.heats, made.scene))
        looked = None
        if parts:
            looked = Attended(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("mass", "peak", "chance")))
        return looked, dict(facts)
