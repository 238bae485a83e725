"""What the doctor can find, and the sheet that it hands out."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from looksay.scene import Size

Severity: TypeAlias = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Kind:
    """A fault that data sets have. An error stops a training or makes its score false, a warning costs accuracy.

    `fix` is what the mended copy does about it; empty where only a person can decide.
    """

    title: str
    severity: Severity
    fix: str = ""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "unreadable": Kind("data set that cannot be read", "error"),
        "empty-split": Kind("split without pictures", "error"),
        "bad-annotation": Kind("annotation that cannot be read", "error", "leaves the picture out"),
        "missing-picture": Kind("picture that is not there", "error", "leaves it out"),
        "not-a-picture": Kind("file that is not a picture", "error", "leaves it out"),
        "broken-picture": Kind("damaged picture", "error", "leaves it out"),
        "truncated-picture": Kind("picture that is cut off", "error", "leaves it out"),
        "huge-picture": Kind("picture too large to be safe", "error", "leaves it out"),
        "exif-rotation": Kind("boxes drawn before the picture was turned by EXIF", "error", "turns the boxes"),
        "stated-size": Kind("stated size that is not that of the picture", "error", "states the real one, scales boxes that fit"),
        "box-not-finite": Kind("box that is not four numbers", "error", "drops the box"),
        "box-inverted": Kind("inverted box", "error", "swaps its edges"),
        "box-empty": Kind("box without extent", "error", "drops the box"),
        "box-outside": Kind("box outside of its picture", "error", "drops the box"),
        "mask-size": Kind("mask of another size than its picture", "error", "leaves the picture out"),
        "mask-code": Kind("number or colour in a mask that means nothing", "error", "leaves the picture out"),
        "unknown-class": Kind("class that is not in the list of classes", "error", "takes the class that nearly has its name"),
        "missing-label": Kind("label missing", "error", "leaves out what has none"),
        "not-utf8": Kind("text that is not UTF-8", "error", "reads it as Windows-1252"),
        "bad-caption": Kind("caption that cannot be read", "error", "drops the caption"),
        "duplicate-id": Kind("id used twice", "error", "gives new ids"),
        "leak": Kind("same picture in two splits", "error", "leaves out the one for training"),
        "near-leak": Kind("nearly the same picture in two splits", "warning", "leaves out the one for training"),
        "twin": Kind("same picture twice", "warning", "keeps the first"),
        "conflict": Kind("same picture with different labels", "warning"),
        "box-partly-outside": Kind("box that reaches out of its picture", "warning", "clips it"),
        "counts-from": Kind("boxes counted from the wrong end", "warning", "moves them by the pixel"),
        "mask-outside-box": Kind("mask that leaves its box", "warning"),
        "mask-empty": Kind("mask without a pixel", "warning"),
        "mask-holes": Kind("small holes in a mask", "note", "keeps them"),
        "duplicate-box": Kind("same box twice", "warning", "keeps the first"),
        "no-caption": Kind("picture without a caption", "warning", "leaves out what has nothing else"),
        "empty-caption": Kind("caption without words", "warning", "drops the caption"),
        "mojibake": Kind("caption that was read in a wrong encoding", "warning", "reads it rightly if it can"),
        "control-character": Kind("caption with control characters", "warning", "takes them out"),
        "duplicate-caption": Kind("same caption twice for a picture", "warning", "keeps the first"),
        "misspelt-class": Kind("class that looks misspelt", "warning", "takes the frequent name, unless a list has both"),
        "class-case": Kind("classes that differ by case or blanks only", "warning", "takes the more frequent name"),
        "class-never-in-train": Kind("class that training never sees", "warning"),
        "picture-without-annotation": Kind("picture that no annotation speaks of", "warning", "leaves it out"),
        "annotation-without-picture": Kind("annotation of no picture", "warning", "leaves it out"),
        "not-searched": Kind("search for copies cut short", "warning"),
        "in-no-split": Kind("annotated picture that no split lists", "note", "leaves it out"),
        "ignored-file": Kind("files of a kind that is not read", "note", "leaves them out"),
        "class-only-in-train": Kind("class that is never tested", "note"),
        "imbalance": Kind("classes of very different frequency", "note"),
        "unlabelled-split": Kind("split without annotations", "note"),
        "no-objects": Kind("picture without objects", "note", "keeps it"),
        "tiny-box": Kind("box of less than two pixels", "note", "keeps it"),
        "thin-box": Kind("box of absurd proportions", "note", "keeps it"),
        "long-caption": Kind("caption of absurd length", "note", "keeps it"),
        "mixed-sizes": Kind("pictures of very different sizes", "note", "keeps them"),
        "mixed-colour": Kind("grey and coloured pictures mixed", "note", "keeps them"),
    }
)
_PLACE = {kind: place for place, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. `where` is file:line, or a file with the id of the annotation; `mend` is how to put right `what` is wrong.

    The severity is that of its kind, unless a worse one is given.
    """

    kind: str
    where: str
    what: str
    mend: str = ""
    severity: Severity = "note"

    def __post_init__(self) -> None:
        if self.severity == "note":
            object.__setattr__(self, "severity", KINDS[self.kind].severity)

    @property
    def fix(self) -> str:
        return KINDS[self.kind].fix

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line} ({self.mend})" if self.mend else line

    def to_dict(self) -> dict[str, str]:
        said = {"kind": self.kind, "severity": self.severity, "where": self.where, "what": self.what}
        return said | ({"mend": self.mend} if self.mend else {}) | ({"fix": self.fix} if self.fix else {})


@dataclass(frozen=True)
class Facts:
    """What the set holds. `classes` counts boxes and labels by name, the most frequent first; sizes are of upright pictures."""

    source: str = ""
    format: str = ""
    splits: Mapping[str, int] = field(default_factory=dict)
    classes: Mapping[str, int] = field(default_factory=dict)
    boxes: int = 0
    smallest: Size | None = None
    largest: Size | None = None
    captions: int = 0

    @property
    def pictures(self) -> int:
        return sum(self.splits.values())

    def lines(self) -> Iterator[str]:
        parts = ", ".join(f"{name or 'all'} {count:,}" for name, count in self.splits.items())
        yield f"{self.source or 'data set'}: {self.pictures:,} pictures" + (f" ({parts})" if len(self.splits) > 1 else "")
        if self.smallest and self.largest:
            small, large = (f"{width} × {height}" for width, height in (self.smallest, self.largest))
            yield f"sizes: {small}" + (f" to {large}" if small != large else "")
        if self.classes:
            shown = ", ".join(f"{name} {count:,}" for name, count in list(self.classes.items())[:12])
            more = f" … {len(self.classes)} in all" if len(self.classes) > 12 else ""
            yield f"{self.boxes:,} boxes; classes: {shown}{more}" if self.boxes else f"classes: {shown}{more}"
        if self.captions:
            yield f"{self.captions:,} captions"


@dataclass(frozen=True)
class Checkup:
    """Facts and findings, errors first, then by place."""

    facts: Facts = Facts()
    findings: tuple[Finding, ...] = ()
    quick: bool = False

    @classmethod
    def of(cls, facts: Facts, findings: Iterable[Finding], *, quick: bool) -> Checkup:
        return cls(facts, tuple(sorted(findings, key=_order)), quick)

    def _of_severity(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == severity)

    @property
    def errors(self) -> tuple[Finding, ...]:
        return self._of_severity("error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return self._of_severity("warning")

    @property
    def notes(self) -> tuple[Finding, ...]:
        return self._of_severity("note")

    @property
    def ok(self) -> bool:
        """Whether nothing stands against training: no errors."""
        return not self.errors

    @property
    def counts(self) -> Mapping[str, int]:
        """Kind → how many, in the order of the findings' importance."""
        found = Counter(finding.kind for finding in self.findings)
        return {kind: found[kind] for kind in KINDS if kind in found}

    def of_kind(self, kind: str) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.kind == kind)

    def summary(self) -> str:
        counts = [f"{len(found):,} {name}{'' if len(found) == 1 else 's'}" for name, found in self._grouped() if found]
        said = ", ".join(counts) if counts else "nothing found"
        return said + (" (quick: pictures were not decoded, copies not sought)" if self.quick else "")

    def _grouped(self) -> Iterator[tuple[str, tuple[Finding, ...]]]:
        return ((severity, self._of_severity(severity)) for severity in SEVERITIES)

    def lines(self) -> Iterator[str]:
        """Plain text: the facts, every finding on its line, the sum."""
        yield from self.facts.lines()
        yield from (f"{finding.severity}: {finding.kind}: {finding}" for finding in self.findings)
        yield self.summary()

    def to_json(self, indent: int | None = None) -> str:
        facts: dict[str, Any] = {
            "source": self.facts.source,
            "format": self.facts.format,
            "pictures": self.facts.pictures,
            "splits": dict(self.facts.splits),
            "classes": dict(self.facts.classes),
            "boxes": self.facts.boxes,
            "captions": self.facts.captions,
            "smallest": self.facts.smallest,
            "largest": self.facts.largest,
        }
        findings = [finding.to_dict() for finding in self.findings]
        whole = {"ok": self.ok, "quick": self.quick, "facts": facts, "counts": dict(self.counts), "findings": findings}
        return json.dumps(whole, ensure_ascii=False, indent=indent)


def natural(text: str) -> tuple[tuple[bool, int, str], ...]:
    """A key that sorts line 9 before line 10."""
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"([0-9]+)", text))


def _order(finding: Finding) -> tuple[Any, ...]:
    return SEVERITIES.index(finding.severity), natural(finding.where), _PLACE[finding.kind], finding.what
