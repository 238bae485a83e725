"""Every error that a user can meet: what happened, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class LooksayError(Exception):
    """One clear line for the user. `where` is a file, line, box or id; `mend` is what to do about it."""

    exit_code = 2

    def __init__(self, what: str, *, where: str | None = None, mend: str | None = None) -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(what, where, mend)

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line} ({self.mend})" if self.mend else line


class BadValue(LooksayError, ValueError):
    """A record that cannot be true: a box without extent, a probability of 1.2."""


class BadPicture(LooksayError):
    """A picture that cannot be read, or must not be (truncated, a bomb, not a picture)."""


class BadData(LooksayError):
    """A data set or an annotation file that cannot be used as it stands."""


class BadConfig(LooksayError):
    """A setting that does not exist or has the wrong type."""


class BadWeights(LooksayError):
    """Weights that do not fit, are damaged, or are of a format that could run code."""


class UnknownName(LooksayError, KeyError):
    """A name that nothing carries; the message suggests the nearest ones."""

    __str__ = LooksayError.__str__

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str], *, where: str | None = None) -> UnknownName:
        """`kind` says what was looked for: system, class, task, recipe, setting …"""
        return cls(f"no {kind} is called {name!r}", where=where, mend=suggestion(name, known))


class NotSeen(LooksayError):
    """What is asked about is not in this picture."""


class NotFinite(LooksayError):
    """A loss or a score that is NaN or infinite."""


class DiskTrouble(LooksayError):
    """A full disk, a read-only folder, a file that vanished."""


class NoNetwork(LooksayError):
    """Something would have to be downloaded, and cannot be."""


class NotInstalled(LooksayError):
    """A feature of an optional dependency that is not there."""


class Stopped(LooksayError):
    """The user interrupted the work; what is done is kept."""

    exit_code = 130


def suggestion(name: str, known: Iterable[str], *, limit: int = 12) -> str:
    """'did you mean …?' with the nearest names, or the list of all of them when none is near."""
    names = sorted({str(item) for item in known})
    folded = {item.lower().replace("_", "-"): item for item in names}
    near = get_close_matches(name.lower().replace("_", "-"), folded, n=3, cutoff=0.55)
    if near:
        return "did you mean " + " or ".join(folded[item] for item in near) + "?"
    if not names:
        return "there are none"
    shown = ", ".join(names[:limit]) + (f" … {len(names)} in all" if len(names) > limit else "")
    return f"there is: {shown}"
