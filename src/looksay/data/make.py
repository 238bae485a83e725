"""Pages of the storybook made for others: exports in the standard formats, and a few to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from looksay.data.inputs import Shown
from looksay.data.storybook import Pages, open_storybook
from looksay.data.write import save
from looksay.errors import BadConfig
from looksay.nn.prep import Picture
from looksay.scene import Regions, Scene
from looksay.storybook.spec import KINDS

Progress = Callable[[int, int], None]


def make_storybook(
    out: Path, format: str, *, pages: int, seed: int, size: int, progress: Progress | None = None
) -> dict[str, int]:
    """Writes train, val and test (a tenth of `pages` each, at least one page) into `out`; returns their counts."""
    view = "portrait" if format == "imagefolder" else "scene"
    counts = {"train": pages, "val": max(pages // 10, 1), "test": max(pages // 10, 1)}
    if format not in ("coco", "voc", "yolo", "imagefolder"):
        raise BadConfig(f"pages are not written as {format!r}", where="--format", mend="coco, voc, yolo or imagefolder")
    total, before = sum(counts.values()), 0
    for split, count in counts.items():
        start = before

        def told(done: int, of: int, start: int = start) -> None:
            if progress:
                progress(start + done, total)

        save(_pages(Pages(view, count, seed, size), split, format), out, format, split, classes=KINDS, progress=told)
        before += count
    return counts


def _pages(asked: Pages, split: str, format: str) -> Iterator[tuple[Picture, Scene]]:
    """VOC's masks are of things; sky and grass are no classes there."""
    from looksay.storybook.page import page

    for index in range(asked.count(split)):
        made = page(asked.seed_of(split), index, (asked.size, asked.size), asked.view)
        yield made.picture, replace(made.scene, regions=Regions()) if format == "voc" else made.scene


def example_pages(seed: int = 0, count: int = 6, size: int = 256) -> Iterator[Shown]:
    """Portraits of the test split, which no shipped weights have seen, larger than they were trained at."""
    book = open_storybook(f"pages={count},seed={seed}", "test")
    from looksay.storybook.page import page

    for index in range(count):
        made = page(book.asked.seed_of("test"), index, (size, size), "portrait", words=False)
        yield Shown(f"storybook page {made.scene.id}", made.scene.id, made.picture)
