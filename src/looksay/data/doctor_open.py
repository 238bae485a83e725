"""The splits of a data set, as far as they can be opened at all."""

from __future__ import annotations

from collections.abc import Mapping

from looksay.data import source
from looksay.data.dataset import Dataset
from looksay.data.doctor_findings import Finding
from looksay.errors import LooksayError

UNIONS = {"trainval": ("train", "val")}  # a split that holds what the others hold


def opened(name: str | Dataset | Mapping[str, Dataset]) -> tuple[dict[str, Dataset], list[Finding]]:
    """The splits, and what keeps some of them from being read."""
    if isinstance(name, Dataset):
        return {name.split: name}, []
    if not isinstance(name, str):
        return dict(name), []
    parts: dict[str, Dataset] = {}
    unread: list[Finding] = []
    try:
        names = source.splits(name) or ("",)
    except LooksayError as error:
        return {}, [_unreadable(error, name)]
    for split in names:
        if all(part in names for part in UNIONS.get(split, (None,))):
            continue
        try:
            parts[split] = source.open(name, split, strict=False)
        except LooksayError as error:
            unread.append(_unreadable(error, name))
    return parts, unread


def _unreadable(error: LooksayError, name: str) -> Finding:
    return Finding("unreadable", error.where or name, error.what, error.mend or "")
