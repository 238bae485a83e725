"""Data sets by name: 'voc:VOC2007', 'coco:photos', 'storybook'; a bare path where its format can be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from looksay.data import cifar, coco, csvfile, flickr, idmasks, imagefolder, imagenet, karpathy, labels, mnist, voc, yolo
from looksay.data.archive import is_archive, only_archive, unpacked
from looksay.data.dataset import Dataset
from looksay.data.files import canonical
from looksay.errors import BadData, UnknownName


class Reader(Protocol):
    """What a module that reads a format has."""

    def claims(self, root: Path) -> bool:
        """Whether what lies there is plainly of this format; cheap."""

    def splits(self, root: Path) -> tuple[str, ...]:
        """Names of the splits, train, val, test first; none if there is only the whole."""

    def load(self, root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
        """`split` is one of `splits`, or "" for the whole."""


FORMATS: Mapping[str, Reader] = {
    "imagefolder": imagefolder,
    "coco": coco,
    "mnist": mnist,
    "cifar": cifar,
    "imagenet": imagenet,
    "voc": voc,
    "yolo": yolo,
    "csv": csvfile,
    "labels": labels,
    "idmasks": idmasks,
    "karpathy": karpathy,
    "flickr": flickr,
}
STORYBOOK = "storybook"
GENERAL = "imagefolder"  # gives way where a more special format fits too


def open(
    name: str, split: str = "", *, classes: Sequence[str] | None = None, strict: bool = True, view: str = "portrait"
) -> Dataset:
    """A split of the data set `name`, 'format:path' or a path; without a split the whole of it.

    `classes` fixes names and order: a set that holds others is refused. `strict` refuses a set with `problems` as a whole;
    the doctor looks at them all instead. `view` is the storybook's, where the name does not say it.
    Raises BadData and UnknownName.
    """
    if name.partition(":")[0] == STORYBOOK:
        from looksay.data.storybook import open_storybook

        return open_storybook(name.partition(":")[2], split, view)
    kind, root = _resolve(name)
    chosen = _choose(name, split, FORMATS[kind].splits(root))
    dataset = FORMATS[kind].load(root, chosen, classes)
    said = name if name.startswith(f"{kind}:") else f"{kind}:{name}"  # as the user has it, also where an archive was unpacked
    dataset.format, dataset.source, dataset.split = kind, said, chosen
    if strict and dataset.problems:
        raise dataset.problems[0]
    return dataset


def splits(name: str) -> tuple[str, ...]:
    """The splits there are: train, val, test first; none if there is only the whole."""
    if name.partition(":")[0] == STORYBOOK:
        from looksay.data.storybook import SPLITS

        return SPLITS
    kind, root = _resolve(name)
    return FORMATS[kind].splits(root)


def _choose(name: str, split: str, there: tuple[str, ...]) -> str:
    """'validation' finds 'val', 'val' finds 'val2017' if it is the only one."""
    if not split or split in there:
        return split
    alike = [each for each in there if canonical(each) == canonical(split)]
    if len(alike) == 1:
        return alike[0]
    if not there:
        raise UnknownName(f"no split is called {split!r}", where=name, mend="it has no splits; leave the split out")
    raise UnknownName.of("split", split, there, where=name)


def _resolve(name: str) -> tuple[str, Path]:
    """Format and path."""
    head, colon, rest = name.partition(":")
    if colon and head in FORMATS:
        if not rest:
            raise BadData("a path is missing", where=name, mend=f"say {head}:path/to/data")
        return head, _there(rest)
    if colon and len(head) > 1 and not Path(name).exists():  # one letter is a Windows drive
        raise UnknownName.of("format", head, [*FORMATS, STORYBOOK], where=name)
    root = _there(name)
    fitting = [kind for kind, reader in FORMATS.items() if reader.claims(root)]
    if len(fitting) > 1 and GENERAL in fitting:
        fitting.remove(GENERAL)
    if len(fitting) == 1:
        return fitting[0], root
    say = " or ".join(f"{kind}:{name}" for kind in fitting or FORMATS)
    if not fitting:
        raise BadData("its format cannot be told", where=name, mend=f"say which it is: {say}")
    raise BadData(f"may be {' or '.join(fitting)}", where=name, mend=f"say {say}")


def _there(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.exists():
        raise BadData("there is no such file or folder", where=text)
    if is_archive(path):
        return unpacked(path)
    bundle = only_archive(path) if path.is_dir() else None
    return unpacked(bundle) if bundle else path
