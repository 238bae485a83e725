"""Why a thing was missed, why something was seen that is not there, and what each kind of error costs.

Every miss and every false alarm has exactly one reason. Which detection belongs to which thing is settled as COCO does it, at
IoU .5: the surest detection chooses first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from looksay.errors import BadData
from looksay.measure.coco_map import THRESHOLDS, Detections, Flags, Floats, Ints, Truths, match, ranges_of, score
from looksay.measure.detect import DetectionTally
from looksay.ops.overlap import iou
from looksay.scene import Scene, Thing

Reason: TypeAlias = Literal[
    "no proposal", "wrong place", "wrong class", "low score", "suppressed", "not seen",
    "duplicate", "both", "background", "ignored",
]  # fmt: skip
# In the order in which they are told.
OF_TRUTHS: tuple[Reason, ...] = ("no proposal", "wrong place", "wrong class", "low score", "suppressed", "not seen", "ignored")
OF_ALARMS: tuple[Reason, ...] = ("duplicate", "wrong place", "wrong class", "both", "background", "ignored")
COSTLY: tuple[Reason, ...] = (*OF_TRUTHS[:-1], "duplicate", "both", "background")
HIT, NEAR = 0.5, 0.1  # from HIT on a box is in its place, below NEAR it has nothing to do with the thing


@dataclass(frozen=True)
class Miss:
    """`thing` was there and not found (`alarm` False), or was found and is not there (`alarm` True). `other` is the thing or the
    detection that the reason speaks of, `overlap` how far the two cover each other; None and 0 where there is none."""

    picture: str
    alarm: bool
    reason: Reason
    thing: Thing
    other: Thing | None = None
    overlap: float = 0.0

    def __str__(self) -> str:
        text = f"{'false alarm' if self.alarm else 'missed'}: {self.thing.name}, {self.reason}"
        return text + (f" ({self.other.name}, IoU {self.overlap:.2f})" if self.other is not None else "")


class Worst(NamedTuple):
    """A picture and how bad it went: one for each thing missed, and the score of each false alarm."""

    picture: str
    badness: float
    misses: tuple[Miss, ...]


def explain_misses(
    truth: Scene,
    found: Scene,
    candidates: Scene | None = None,
    proposals: npt.NDArray[np.floating] | None = None,
    score: float = 0.5,
) -> list[Miss]:
    """The missed things in the order of the truth, then the false alarms, the surest first.

    `found` is all that survived suppression; what is at least as sure as `score` is shown. `candidates` are the boxes before
    suppression, `proposals` (n, 4) xyxy the regions that were classified, both in the picture's pixels, where they are known.
    """
    return _Look(truth, found).misses(candidates, proposals, score)


class _Look:
    """One picture. `whom` (n,) is the thing that each detection found, or -1; `who` (m,) the detection of each thing, or -1.
    `blame` (n,) is the reason of each detection that found nothing, `about` the thing that it speaks of, or -1."""

    def __init__(self, truth: Scene, found: Scene) -> None:
        self.truth, self.found = truth, found
        self.things = list(truth.objects)
        self.seen = list(found.objects)
        crowd = np.array([thing.crowd for thing in self.things], bool)
        self.ignore = crowd | np.array([thing.difficult for thing in self.things], bool)
        self.score = np.array([thing.score for thing in self.seen], np.float64)
        self.overlap = iou(found.objects.boxes(), truth.objects.boxes(), crowd)
        names = np.array([thing.name for thing in self.things], object)
        self.same = np.array([thing.name for thing in self.seen], object)[:, None] == names[None]
        self.whom, self.who = self._settle(crowd)
        self.blame, self.about = self._judge()

    def _settle(self, crowd: Flags) -> tuple[Ints, Ints]:
        whom, who = np.full(len(self.seen), -1), np.full(len(self.things), -1)
        fits = self.same & (self.overlap >= HIT)
        candidates = np.flatnonzero(fits.any(axis=1))
        for row in candidates[np.argsort(-self.score[candidates], kind="stable")].tolist():
            for ignored in (False, True):
                free = fits[row] & (self.ignore == ignored) & (crowd | (who < 0))
                if free.any():
                    # Of equally close ones the last, as everywhere in COCO's rules.
                    best = int(np.flatnonzero(free & (self.overlap[row] == self.overlap[row][free].max()))[-1])
                    whom[row], who[best] = best, row
                    break
        return whom, who

    def _judge(self) -> tuple[list[Reason | None], Ints]:
        blame, about = list[Reason | None](), np.full(len(self.seen), -1)
        real = ~self.ignore
        for row, whom in enumerate(self.whom.tolist()):
            own, other = (np.where(kind & real, self.overlap[row], 0.0) for kind in (self.same[row], ~self.same[row]))
            a, b = (int(values.argmax()) if len(values) else -1 for values in (own, other))
            near, far = (float(values.max(initial=0.0)) for values in (own, other))
            if whom >= 0:
                blame.append("ignored" if self.ignore[whom] else None)
                about[row] = whom
            elif near >= HIT:
                blame.append("duplicate")
                about[row] = a
            elif far >= HIT:
                blame.append("wrong class")
                about[row] = b
            elif near >= NEAR:
                blame.append("wrong place")
                about[row] = a
            elif far >= NEAR:
                blame.append("both")
                about[row] = b
            else:
                blame.append("background")
        return blame, about

    def found_at(self, score: float) -> Flags:
        """(m,) which things a shown detection found."""
        return (self.who >= 0) & (np.append(self.score, -1.0)[self.who] >= score)

    def misses(self, candidates: Scene | None, proposals: npt.NDArray[np.floating] | None, score: float) -> list[Miss]:
        name, out = self.truth.id or self.found.id, list[Miss]()
        more = [] if candidates is None else self._removed(candidates)
        boxes = np.array([thing.box for thing in more], np.float64).reshape(-1, 4)
        held = iou(boxes, self.truth.objects.boxes())
        regions = None if proposals is None else iou(proposals, self.truth.objects.boxes()).max(axis=0, initial=0.0)
        for place in np.flatnonzero(~self.found_at(score)).tolist():
            thing = self.things[place]
            right = [
                (overlap, it)
                for overlap, it in zip(held[:, place].tolist(), more, strict=True)
                if it.name == thing.name and overlap >= HIT
            ]
            reason, other, overlap = self._reason(place, score, right, None if regions is None else float(regions[place]))
            out.append(Miss(name, False, reason, thing, other, overlap))
        for row in np.argsort(-self.score, kind="stable").tolist():
            blame, about = self.blame[row], int(self.about[row])
            if blame is not None and self.score[row] >= score:
                other = self.things[about] if about >= 0 else None
                out.append(Miss(name, True, blame, self.seen[row], other, float(self.overlap[row, about]) if other else 0.0))
        return out

    def _removed(self, candidates: Scene) -> list[Thing]:
        kept = {(thing.name, thing.box) for thing in self.seen}
        return [thing for thing in candidates.objects if (thing.name, thing.box) not in kept]

    def _reason(
        self, place: int, score: float, right: list[tuple[float, Thing]], region: float | None
    ) -> tuple[Reason, Thing | None, float]:
        """What is seen speaks before what is not: a sure candidate, a wrong name, a wrong box, a doubtful detection."""
        if self.ignore[place]:
            return "ignored", None, 0.0
        sure = max((pair for pair in right if pair[1].score >= score), key=lambda pair: pair[1].score, default=None)
        if sure is not None:
            return "suppressed", sure[1], sure[0]
        shown = (self.score >= score) & (self.about == place)
        wrong = self._first(shown, "wrong class")
        if wrong is not None:
            return "wrong class", self.seen[wrong], float(self.overlap[wrong, place])
        fits = self.same[:, place] & (self.overlap[:, place] >= HIT)
        doubtful = [(float(self.overlap[row, place]), self.seen[row]) for row in np.flatnonzero(fits & (self.score < score))]
        doubtful += right
        if region is not None and region < HIT and not doubtful:
            return "no proposal", None, region
        off = self._first(shown, "wrong place")
        if off is not None:
            return "wrong place", self.seen[off], float(self.overlap[off, place])
        if doubtful:
            overlap, best = max(doubtful, key=lambda pair: pair[1].score)
            return "low score", best, overlap
        if fits.any():  # one detection stands for two things
            row = int(np.flatnonzero(fits)[0])
            return "suppressed", self.seen[row], float(self.overlap[row, place])
        return "not seen", None, 0.0

    def _first(self, shown: Flags, reason: Reason) -> int | None:
        rows = [row for row in np.flatnonzero(shown).tolist() if self.blame[row] == reason]
        return max(rows, key=lambda row: float(self.score[row]), default=None)


class Misses:
    """The errors of many pictures. `score` is the threshold from which on a detection is shown; costs are of all detections."""

    def __init__(self, classes: Sequence[str], score: float = 0.5) -> None:
        self.classes, self.score = tuple(classes), score
        self.tally = DetectionTally(classes)
        self.pictures: list[tuple[str, tuple[Miss, ...]]] = []
        self._ids: set[str] = set()
        self._things = 0
        self._reasons: list[Reason | None] = []  # of each thing, None where it was found
        self._blames: list[Reason | None] = []  # of each detection
        self._about: list[int] = []  # the thing's place among all, or -1
        self._who: list[int] = []  # the detection's place among all, or -1

    def __len__(self) -> int:
        return len(self.pictures)

    def add(
        self,
        truth: Scene,
        found: Scene,
        candidates: Scene | None = None,
        proposals: npt.NDArray[np.floating] | None = None,
    ) -> list[Miss]:
        """Takes a picture in and tells its errors, as explain_misses does."""
        if truth.id and truth.id in self._ids:
            raise BadData("a picture was explained more than once", where=f"picture {truth.id}", mend="add each once")
        self._ids.add(truth.id)
        self.tally.add([truth], [found])
        look = _Look(truth, found)
        misses = look.misses(candidates, proposals, self.score)
        things, seen = len(self._reasons), len(self._blames)
        told = iter(miss.reason for miss in misses if not miss.alarm)
        self._reasons += [None if there else next(told) for there in look.found_at(self.score).tolist()]
        self._blames += look.blame
        self._about += [things + about if about >= 0 else -1 for about in look.about.tolist()]
        self._who += [seen + who if who >= 0 else -1 for who in look.who.tolist()]
        self._things += int((~look.ignore).sum())
        self.pictures.append((truth.id or str(len(self.pictures)), tuple(misses)))
        return misses

    def counts(self) -> tuple[dict[Reason, int], dict[Reason, int]]:
        """(of missed things, of false alarms): how many have each reason, in the order of OF_TRUTHS and OF_ALARMS."""
        all_of = Counter((miss.alarm, miss.reason) for _, misses in self.pictures for miss in misses)
        return {reason: all_of[False, reason] for reason in OF_TRUTHS}, {reason: all_of[True, reason] for reason in OF_ALARMS}

    def costs(self) -> dict[Reason, float]:
        """How much map50, a share, would rise if this kind of error alone were mended; NaN where there is nothing to be found.

        A wrong class or place: the surest detection of each thing that is not found otherwise becomes right, the others go. False
        alarms go. A doubtful detection becomes as sure as the threshold. What was not found at all is not asked for.
        """
        truths, found = self.tally.arrays()
        before = _map50(truths, found, len(self.classes))
        after = {reason: _map50(*self._mended(reason, truths, found), len(self.classes)) for reason in COSTLY}
        return {reason: value - before for reason, value in after.items()}

    def worst(self, limit: int = 20) -> list[Worst]:
        """The pictures that went worst, the worst first; those without an error are left out."""
        rows = [Worst(name, sum(map(_badness, misses)), misses) for name, misses in self.pictures]
        return sorted((row for row in rows if row.badness > 0), key=lambda row: -row.badness)[:limit]

    def lines(self) -> list[str]:
        missed, alarms = self.counts()
        costs = {reason: value for reason, value in self.costs().items() if abs(value) >= 0.00005}
        ranked = sorted(costs.items(), key=lambda pair: -pair[1])
        many = sum(missed.values()) - missed["ignored"]
        return [
            f"missed {many} of {self._things} things in {len(self)} pictures, shown from score {self.score:g}: {_told(missed)}",
            f"false alarms {sum(alarms.values()) - alarms['ignored']}: {_told(alarms)}",
            "what mending one kind alone would add to mAP@.5, points: "
            + (", ".join(f"{reason} {100 * value:.2f}" for reason, value in ranked) or "nothing"),
        ]

    def _mended(self, reason: Reason, truths: Truths, found: Detections) -> tuple[Truths, Detections]:
        rows = np.array([blame == reason for blame in self._blames], bool)
        if reason in ("wrong class", "wrong place"):
            return truths, self._turned(rows, truths, found)
        if reason in OF_ALARMS:
            return truths, _kept(found, ~rows)
        lacking = np.array([told == reason for told in self._reasons], bool)
        if reason == "low score":
            who = np.array(self._who, np.int64)
            raised = found.score.copy()
            here = who[lacking & (who >= 0)]
            raised[here] = np.maximum(raised[here], self.score)
            found, lacking = replace(found, score=raised), lacking & (who < 0)
        return replace(truths, ignore=truths.ignore | lacking), found

    def _turned(self, rows: Flags, truths: Truths, found: Detections) -> Detections:
        """The surest of each thing that no detection found gets its class and box, the others go."""
        about, who = np.array(self._about, np.int64), np.array(self._who, np.int64)
        wrong = np.flatnonzero(rows)
        wrong = wrong[np.argsort(-found.score[wrong], kind="stable")]
        first = wrong[np.sort(np.unique(about[wrong], return_index=True)[1])]
        first = first[who[about[first]] < 0]
        kind, boxes, keep = found.kind.copy(), found.boxes.copy(), ~rows
        kind[first], boxes[first], keep[first] = truths.kind[about[first]], truths.boxes[about[first]], True
        return _kept(replace(found, kind=kind, boxes=boxes), keep)


def _badness(miss: Miss) -> float:
    if miss.reason == "ignored":
        return 0.0
    return miss.thing.score if miss.alarm else 1.0


def _told(counts: dict[Reason, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in counts.items() if count) or "none"


def _kept(found: Detections, keep: Flags) -> Detections:
    return Detections(found.picture[keep], found.kind[keep], found.boxes[keep], found.area[keep], found.score[keep])


def _map50(truths: Truths, found: Detections, kinds: int) -> float:
    precision: Floats = score(match(truths, found, kinds, ranges_of()[:1], THRESHOLDS[:1])).precision
    said = precision[precision > -1]
    return float(said.mean()) if said.size else float("nan")
