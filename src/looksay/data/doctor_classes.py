"""Names of classes: the ones that were misspelt, the ones that a split lacks, the ones that are rare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import lru_cache

from looksay.data.doctor_findings import Finding
from looksay.data.files import canonical
from looksay.errors import suggestion

RARE = 0.1  # a misspelling is at most this times as frequent as the right name
RATIO = 10  # of the most to the least frequent class


@lru_cache(maxsize=1 << 14)
def folded(name: str) -> str:
    """What is left of a name without case, blanks and joints."""
    return "".join(name.casefold().replace("_", " ").replace("-", " ").split())


@lru_cache(maxsize=1 << 14)
def _letters(name: str) -> int:
    """A set of the letters, as bits: names that differ in many letters need no closer look."""
    bits = 0
    for letter in folded(name):
        bits |= 1 << (ord(letter) & 63)
    return bits


def edits(a: str, b: str, limit: int) -> int:
    """Letters to insert, delete, replace or swap with their neighbour; more than `limit` is told as limit + 1."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        now = [i]
        for j, y in enumerate(b, 1):
            cost = min(row[j] + 1, now[j - 1] + 1, row[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        if min(now) > limit:
            return limit + 1
        before, row = row, now
    return min(row[-1], limit + 1)


def look_alike(one: str, other: str) -> bool:
    """One letter in five or more, two in nine or more; class1 and class2 are no misspellings of each other."""
    a, b = folded(one), folded(other)
    shorter = min(len(a), len(b))
    limit = 2 if shorter >= 9 else 1 if shorter >= 4 else 0
    if shorter == len(a) == len(b) == 4 and sorted(a) != sorted(b):
        return False  # bear and pear, boat and goat: in so short a name only swapped or missing letters count
    if abs(len(a) - len(b)) > limit or (_letters(one) ^ _letters(other)).bit_count() > 2 * limit:
        return False
    if [letter for letter in a if letter.isdigit()] != [letter for letter in b if letter.isdigit()]:
        return False
    return 0 < edits(a, b, limit) <= limit


def renames(counts: Mapping[str, int], declared: Sequence[str] = ()) -> dict[str, str]:
    """Wrong name → right one. `declared` are the classes that are listed; if there are none, every name may be right."""
    known = set(declared or counts)
    # Listed names first, then the frequent ones: what comes first is right.
    order = sorted({*counts, *known}, key=lambda name: (name not in known, -counts.get(name, 0), name))
    right: dict[str, str] = {}
    by_fold: dict[str, str] = {}
    for name in order:
        if by_fold.setdefault(folded(name), name) != name and counts.get(name):
            right[name] = by_fold[folded(name)]
    kept = [name for name in order if name not in right]
    for name in reversed([name for name in kept if counts.get(name)]):
        wanted = [other for other in kept if other not in right and _is_right(name, other, counts, known)]
        if wanted:
            right[name] = min(wanted, key=lambda other: (edits(folded(name), folded(other), 2), -counts.get(other, 0), other))
    return {name: right.get(target, target) for name, target in right.items()}


def _is_right(name: str, other: str, counts: Mapping[str, int], known: Set[str]) -> bool:
    if other == name or other not in known:
        return False
    often = counts.get(other, 0)
    rare = counts[name] <= RARE * often or (counts[name] == 1 and often >= 3)
    return (rare or name not in known) and look_alike(name, other)


def name_findings(counts: Mapping[str, int], declared: Sequence[str], places: Mapping[str, str]) -> Iterator[Finding]:
    """`places`: where each name first stands."""
    right, known = renames(counts, declared), set(declared or counts)
    for name, count in counts.items():
        where, many = places.get(name, ""), f"{_times(count)}, first here"
        target = right.get(name)
        if target is not None and folded(target) == folded(name):
            other = _times(counts[target]) if counts.get(target) else "in the list of classes"
            yield Finding("class-case", where, f"class {name!r} ({many}) and {target!r} ({other}) are one", f"write {target!r}")
        elif name not in known:
            mend = f"write {target!r}" if target else suggestion(name, known)
            yield Finding("unknown-class", where, f"the class {name!r} is not in the list of classes ({many})", mend)
        elif target is not None:
            what = f"class {name!r} ({many}) looks like {target!r} ({_times(counts[target])})"
            yield Finding("misspelt-class", where, what, f"write {target!r} if that is meant")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def balance_findings(splits: Mapping[str, Counter[str]], source: str) -> Iterator[Finding]:
    """`splits`: how often each class is in each split. Splits without any labels say nothing."""
    labelled = {name: counts for name, counts in splits.items() if counts}
    train = [name for name in labelled if canonical(name) == "train"]
    if len(train) == 1 and len(labelled) > 1:
        taught = labelled[train[0]]
        tested: Counter[str] = Counter()
        for split, counts in labelled.items():
            if split != train[0]:
                tested.update(counts)
        for name in sorted(set(tested) - set(taught)):
            where = ", ".join(split for split in labelled if labelled[split][name])
            what = f"class {name!r} is in {where} ({tested[name]:,} times), but never in {train[0]}"
            yield Finding("class-never-in-train", source, what, "move some of its pictures")
        for name in sorted(set(taught) - set(tested)):
            yield Finding("class-only-in-train", source, f"class {name!r} is in {train[0]} only ({taught[name]:,} times)")
    total: Counter[str] = sum(labelled.values(), Counter())
    if len(total) > 1:
        ranked = total.most_common()
        (most, many), (least, few) = ranked[0], ranked[-1]
        if many >= RATIO * few:
            what = f"class {most!r} is {many / few:.0f} times as frequent as {least!r} ({many:,} and {few:,})"
            yield Finding("imbalance", source, what, "weigh the classes, or judge by the mean over classes")
