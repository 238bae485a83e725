"""Captions as tables, and in the lists of Flickr8k."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from looksay.data.writing import Plan, Shot, Writer
from looksay.errors import BadData
from looksay.scene import Caption, Scene

TOKENS, PICTURES = "Flickr8k.token.txt", "Flicker8k_Dataset"
LISTS = {"train": "Flickr_8k.trainImages.txt", "val": "Flickr_8k.devImages.txt", "test": "Flickr_8k.testImages.txt"}
BREAKS = re.compile(r"\s*[\r\n\t]\s*")


def caption_table(rows: Sequence[tuple[str, Scene]]) -> str:
    """A row for each caption of the pictures (path, scene); one with an empty caption for a picture without."""
    said = [(path, scene.id, caption) for path, scene in rows for caption in scene.captions or [Caption("")]]
    foreign = any(caption.language != "en" for _, _, caption in said)
    # The csv module leaves a lone return unquoted, which would end the line.
    quoting: Literal[0, 1] = csv.QUOTE_ALL if any("\r" in caption.text for _, _, caption in said) else csv.QUOTE_MINIMAL
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\n", quoting=quoting)
    table.writerow(["path", "id", "caption_id", "caption", *(["language"] if foreign else [])])
    for path, id, caption in said:
        table.writerow([path, id, caption.id, caption.text, *([caption.language] if foreign else [])])
    return out.getvalue()


class FlickrWriter(Writer):
    """Flickr8k.token.txt, one list for all splits, the lists of the splits, and the pictures in one folder. Pictures are called
    by their ids. Captions are numbered within their picture: longer numbers would mislead other readers of these lists."""

    shared = (TOKENS,)
    splits = tuple(LISTS)

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._tokens: list[str] = []
        self._names: list[str] = []
        self._said = False

    def add(self, scene: Scene, shot: Shot) -> None:
        ending, data = shot.encoded(self.plan.how)
        name = self.names.of(self._called(scene, shot)) + ending
        self.put(f"{PICTURES}/{name}", data)
        self._names.append(f"{name}\n")
        numbers = list(_numbers(scene.captions))
        for number, caption in zip(numbers, scene.captions, strict=True):
            text = BREAKS.sub(" ", caption.text)
            self._tokens.append(f"{name}#{number}\t{text}\n")
            self.leave_out("line breaks in captions", text != caption.text)
            self.leave_out("languages of captions", caption.language != "en")
            self.leave_out("ids of captions", caption.id not in ("", str(number)))
        self._said |= bool(numbers)
        self.leave_out("things", len(scene.objects))
        self.leave_out("labels of whole pictures", bool(scene.labels and not scene.objects))
        self.leave_out("questions", len(scene.answers))
        self.leave_out("referring expressions", len(scene.referrals))
        self.leave_out("maps of regions", bool(scene.regions))

    def _called(self, scene: Scene, shot: Shot) -> str:
        """A file called 000000000139.jpg says no more than its id, 139, which would be lost."""
        number = shot.file is not None and re.search(r"(?:^|\D)0*(\d+)$", shot.file.stem)
        return scene.id if number and number[1] == scene.id else self.called(scene, shot)

    def finish(self) -> None:
        if not self._said:
            raise BadData("not one picture has a caption", mend="write it in another format")
        earlier = self.plan.folder.parent / TOKENS
        before = earlier.read_bytes() if earlier.exists() else b""
        if before and not before.endswith(b"\n"):
            before += b"\n"
        self.put(TOKENS, before + "".join(self._tokens).encode("utf-8"))
        self.put(LISTS[self.plan.split], "".join(self._names))


def _numbers(captions: Sequence[Caption]) -> Iterable[int]:
    """Their own where these are of one digit and all different, else 0, 1, 2 …"""
    own = [caption.id for caption in captions]
    plain = len(set(own)) == len(own) and all(len(id) == 1 and id in "0123456789" for id in own)
    return (int(id) for id in own) if plain else range(len(own))
