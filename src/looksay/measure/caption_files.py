"""Captions in files, as the official scorers read them: COCO's annotations and results, or plain text, a line a caption."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from looksay.data.jsonfile import JsonFile
from looksay.errors import BadData
from looksay.measure.caption_scores import CaptionScores, caption_scores


class Pairs(NamedTuple):
    """One hypothesis and all references a picture; `ids` are the file's own, or line numbers. `notes` tell what was left out."""

    ids: list[Any]
    hypotheses: list[str]
    references: list[list[str]]
    notes: tuple[str, ...] = ()


def score_captions(results: str | os.PathLike[str], *truths: str | os.PathLike[str]) -> tuple[CaptionScores, Pairs]:
    """`results` is COCO's list of {image_id, caption} and the one of `truths` its captions file; or all are text, a picture's
    captions in the same line of each. Such text is split at white space; COCO's captions by the Penn Treebank's rules."""
    if Path(results).suffix.lower() == ".json":
        if len(truths) != 1:
            raise BadData(f"is to be scored against {len(truths)} files", where=str(results), mend="one file of annotations")
        found = read_coco(Path(results), Path(truths[0]))
        return caption_scores(found.hypotheses, found.references), found
    found = read_lines(Path(results), [Path(each) for each in truths])
    return caption_scores(found.hypotheses, found.references, split=str.split), found


def says(results: str | os.PathLike[str]) -> bool:
    """Whether a file of results is one of captions; every file of plain text is."""
    if Path(results).suffix.lower() != ".json":
        return True
    first = next(iter(JsonFile(Path(results)).walk()), None)
    return first is not None and isinstance(first[3], dict) and "caption" in first[3]


def read_coco(results: Path, truth: Path) -> Pairs:
    """Every picture of the results, in the order of the annotations, with all its true captions."""
    known: dict[Any, list[str]] = defaultdict(list)
    for key, place, _, entry in JsonFile(truth).walk():
        if key == "annotations":
            where = f"{truth}, annotation {place}"
            known[_id(entry, where)].append(_text(entry, where))
    if not known:
        raise BadData("has no captions", where=str(truth), mend="its annotations should be of {image_id, caption}")
    said: dict[Any, str] = {}
    for key, place, _, entry in JsonFile(results).walk():
        where = f"{results}, result {place}"
        if key:
            raise BadData("is not a list of results", where=str(results), mend="[{image_id, caption}, …]")
        image = _id(entry, where)
        if image not in known:
            raise BadData(f"image {image!r:.40} has no true caption", where=where, mend=f"the captions are those of {truth}")
        if image in said:
            raise BadData(f"is the second caption of image {image!r:.40}", where=where, mend="one caption for each image")
        said[image] = _text(entry, where)
    if not said:
        raise BadData("has no results", where=str(results), mend="[{image_id, caption}, …]")
    ids = [image for image in known if image in said]
    left = len(known) - len(ids)
    notes = (f"{left} of {len(known)} pictures have no caption in {results.name}; scored are the others",) if left else ()
    return Pairs(ids, [said[image] for image in ids], [known[image] for image in ids], notes)


def _id(entry: Any, where: str) -> Any:
    image = entry.get("image_id") if isinstance(entry, dict) else None
    if type(image) not in (int, str):
        raise BadData("has no image_id" if image is None else f"its image_id is {image!r:.40}", where=where)
    return image


def _text(entry: Any, where: str) -> str:
    text = entry.get("caption")
    if not isinstance(text, str):
        what = "has no caption" if text is None else f"its caption is {text!r:.40}, not text"
        raise BadData(what, where=where, mend="it should be {image_id, caption}")
    return text


def read_lines(hypotheses: Path, references: Sequence[Path]) -> Pairs:
    """A line a picture in each file. An empty line of a file of references is no reference."""
    if not references:
        raise BadData("has nothing to be scored against", where=str(hypotheses), mend="name a file of references, or several")
    said = _lines(hypotheses)
    columns = [_lines(each) for each in references]
    for path, lines in zip(references, columns, strict=True):
        if len(lines) != len(said):
            raise BadData(f"has {len(lines)} lines, {hypotheses.name} has {len(said)}", where=str(path), mend="a line a picture")
    known = [[line for line in row if line] for row in zip(*columns, strict=True)]
    alone = next((place for place, some in enumerate(known) if not some), None)
    if alone is not None:
        raise BadData("has no reference", where=f"{references[0]}:{alone + 1}", mend="each line needs one in one file at least")
    return Pairs(list(range(1, len(said) + 1)), said, known)


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadData(f"cannot be read: {error.strerror or error}", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise BadData(f"is not UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}", where=str(path)) from None
    lines = [line.strip() for line in text.removesuffix("\n").split("\n")]
    if not text.strip():
        raise BadData("is empty", where=str(path))
    return lines
