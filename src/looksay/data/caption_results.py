"""Captions in COCO's results format, `[{image_id, caption}]`, as coco-caption and every captioner's tools read and write them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from looksay.data.captioned import text_of
from looksay.data.coco_table import id_text, image_id
from looksay.data.dataset import Dataset
from looksay.data.jsonfile import JsonFile
from looksay.disk import write_atomically
from looksay.errors import BadData


def write_caption_results(captions: Iterable[tuple[str, str]], path: Path) -> int:
    """(a picture's id, its caption), in this order; ids are written as numbers where they are. Returns how many.

    The file is there when it is whole. Raises BadData where a picture comes twice, as the official scorer would count one of
    its captions only.
    """
    entries: dict[str, str] = {}
    for id, caption in captions:
        if id in entries:
            raise BadData(f"two captions of the picture {id!r}", where=str(path), mend="write the best one only")
        entries[id] = json.dumps({"image_id": image_id(id), "caption": caption}, ensure_ascii=False)
    body = "[" + ",".join(f"\n{entry}" for entry in entries.values()) + "\n]\n"
    write_atomically(path, body.encode("utf-8", "backslashreplace"))
    return len(entries)


def read_caption_results(path: Path) -> dict[str, str]:
    """Id of each picture, as text, → its caption, in the order of the file. Raises BadData with the place in the list."""
    found: dict[str, str] = {}
    for key, place, _, value in JsonFile(path).walk():
        if key or not isinstance(value, dict):
            raise BadData("is not a list of results", where=str(path), mend="[{image_id, caption}, …]")
        id = id_text(value.get("image_id"))
        where = f"{path.name}, result {place}" + (f" (image {id:.40})" if id is not None else "")
        if id is None:
            raise BadData(f"has the image_id {value.get('image_id')!r:.40}", where=where, mend="a number or text")
        text, fault = text_of(value.get("caption"))
        if fault:
            raise BadData(fault, where=where, mend="[{image_id, caption}, …]")
        if id in found:
            raise BadData("has the image of an earlier result", where=where, mend="one caption for each picture")
        found[id] = text
    return found


def references(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """Id of each picture → what the data set says of it; pictures of which it says nothing are left out."""
    found = ((dataset.name(index), dataset.captions(index)) for index in range(len(dataset)))
    return {id: tuple(caption.text for caption in captions) for id, captions in found if captions}


def paired(
    results: Mapping[str, str], truth: Mapping[str, tuple[str, ...]], where: str
) -> tuple[list[tuple[str, str, tuple[str, ...]]], int]:
    """(id, caption, references) of the pictures with a result, in the order of the truth, and how many of the truth have none.

    Raises BadData for a result of a picture that the truth says nothing of; `where` is the results' file.
    """
    for id in results:
        if id not in truth:
            what = f"the image {id!r:.40} is not listed in the truth, or has no captions there"
            raise BadData(what, where=where, mend="are these results of another data set?")
    if not results:
        raise BadData("holds no results", where=where)
    found = [(id, results[id], said) for id, said in truth.items() if id in results]
    return found, len(truth) - len(found)
