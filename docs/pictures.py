"""Makes the pictures of the documentation again, all of them or those that are named, with looksay itself.

python docs/pictures.py [detectors.webp …]
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from looksay.api import load
from looksay.cli.detect import draw_steps
from looksay.data.make import example_pages
from looksay.defaults import CAPTIONER, DETECTOR, HOUSE, OUTLINER
from looksay.measure.results import read
from looksay.ops.superpixels import slic
from looksay.scene import Labels, Regions, Scene
from looksay.show.draw import draw
from looksay.show.instances import Tints
from looksay.show.look import Look
from looksay.show.pieces import draw_pieces
from looksay.show.plots import Mark, scatter
from looksay.show.preview import sheet_of
from looksay.storybook.clip import clip
from looksay.storybook.page import page
from looksay.storybook.scrawl import cluttered, digit, draw_strokes, handwriting
from looksay.weights import shipped

HOME = Path(__file__).resolve().parent / "pictures"
LABELLERS = ("fcn-fine", "deconvnet", "fcn-8s")  # the best first
MOST = 150_000  # bytes of one picture
ALL = 1_000_000


def save(name: str, picture: npt.NDArray[np.uint8]) -> None:
    """As WebP, in the best quality that keeps it small."""
    target = HOME / name
    for quality in (88, 80, 70, 60):
        Image.fromarray(picture).save(target, quality=quality, method=6)
        if target.stat().st_size <= MOST:
            break
    print(f"{name}: {picture.shape[1]} × {picture.shape[0]}, {target.stat().st_size / 1000:.0f} kB, quality {quality}")


def sheet() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = sheet_of("storybook", Path(folder, "sheet.png"), count=12, size=192)
        save("sheet.webp", np.asarray(Image.open(made).convert("RGB")))


def told(scene: Scene) -> Scene:
    """The things with their masks, what is said in English, and the questions: all at once would cover the drawing."""
    english = tuple(caption for caption in scene.captions if caption.language == "en")
    return replace(scene, labels=Labels(), regions=Regions(), captions=english, referrals=())


def truth() -> None:
    made = page(1, 3, (360, 360))
    save("truth.webp", Look(made.picture, told(made.scene)).drawn(scale=2))


def views() -> None:
    """The same seed as scene and as portrait, and the semantic map of the scene."""
    scene, portrait = page(1, 3, (256, 256)), page(1, 9, (256, 256), "portrait")
    regions = replace(scene.scene, labels=Labels(), objects=type(scene.scene.objects)(), captions=(), answers=(), referrals=())
    parts = [scene.picture, Look(scene.picture, regions).drawn(scale=1, words=False), portrait.picture]
    save("views.webp", np.concatenate(parts, axis=1))


def frames() -> None:
    made = clip(2, 0, (192, 192))
    places = np.linspace(0, len(made.frames) - 1, 5).round().astype(int)
    save("clip.webp", np.concatenate([made.frames[place] for place in places], axis=1))


def scrawls() -> None:
    """Digits, cluttered digits, and two hands."""
    digits = np.concatenate([255 - digit(0, index, 64)[0] for index in range(12)], axis=1)
    mess = np.concatenate([np.pad(255 - cluttered(0, index, 126)[0], 1, constant_values=200) for index in range(6)], axis=1)
    lines = [draw_strokes(handwriting("look at a picture, say what is in it", hand, 0), 64) for hand in (1, 4)]
    rows = [digits, mess, *(onto(line, digits.shape[1]) for line in lines)]
    save("scrawls.webp", np.repeat(np.concatenate(rows)[:, :, None], 3, axis=2))


def onto(line: npt.NDArray[np.uint8], wide: int) -> npt.NDArray[np.uint8]:
    """A line of handwriting on paper of that width; a longer one is made smaller."""
    image = Image.fromarray(line)
    image.thumbnail((wide, line.shape[0]))
    paper = Image.new("L", (wide, line.shape[0]), 255)
    paper.paste(image, (0, (line.shape[0] - image.height) // 2))
    return np.asarray(paper)


def why() -> None:
    if shipped(HOUSE) is None:
        print(f"saliency.webp: left out, no weights of {HOUSE} travel in the package yet")
        return
    looker = load(HOUSE)
    looks = [next(iter(looker.stream([item], explain="saliency"))) for item in islice(example_pages(0), 3)]
    drawn = [look.drawn(scale=1.5, top=3) for look in looks]
    high = max(each.shape[0] for each in drawn)
    padded = [np.pad(each, ((0, high - each.shape[0]), (0, 0), (0, 0)), mode="edge") for each in drawn]
    save("saliency.webp", np.concatenate(padded, axis=1))


def found() -> None:
    """Pages of the test split with what the house's detector sees in them."""
    looker = load(DETECTOR)
    pages = [page(2_000_006, index, (256, 256), "scene", words=False).picture for index in range(1, 4)]
    drawn = [look.drawn(words=False, scale=1.5) for look in looker.look(pages)]
    save("detected.webp", np.concatenate(drawn, axis=1))


def said() -> None:
    """A page of the test split with its caption, and where each of its words was seen."""
    if shipped(CAPTIONER) is None:
        print(f"said.webp: left out, no weights of {CAPTIONER} travel in the package yet")
        return
    picture = page(2_000_006, 5, (256, 256), "scene", words=False).picture
    save("said.webp", next(load(CAPTIONER).stream([picture])).drawn(scale=1.5))


def segments(labeller: str = "", outliner: str = OUTLINER) -> None:
    """The three questions to one page of the test split: pieces that keep to edges, the class of each pixel, the pixels of each
    thing. `labeller` and `outliner` are systems or run folders; '' is the best segmenter whose weights travel in the package."""
    names = [name for name in LABELLERS if shipped(name)]
    if not (labeller or names) or not (Path(outliner).is_dir() or shipped(outliner)):
        print("segments.webp: left out, weights of a segmenter and of Mask R-CNN do not travel in the package yet")
        return
    picture = page(2_000_006, 7, (256, 256), "scene", words=False).picture
    drawn = [draw_pieces(picture, slic(picture, 200), 1.5)]
    for name in (labeller or names[0], outliner):
        look = load(name).look(picture)
        tints = Tints()(look.scene) if look.objects else ()
        drawn.append(draw(picture, look.scene, words=False, scale=1.5, tints=tints))
    save("segments.webp", np.concatenate(drawn, axis=1))


def merged() -> None:
    """How OverFeat's windows over the subject of a test page become one box."""
    with tempfile.TemporaryDirectory() as folder:
        shown, made = Path(folder, "page.png"), Path(folder, "steps.png")
        Image.fromarray(page(2_000_006, 0, (256, 256), "scene", words=False).picture).save(shown)
        looker = load("overfeat")
        draw_steps(looker, looker.look(str(shown)), str(made))
        save("merge.webp", np.asarray(Image.open(made).convert("RGB")))


def detectors() -> None:
    """Score against speed of all that results/detect.csv knows of the storybook; the time of proposals counts."""
    rows = [row for row in read(HOME.parent.parent / "results" / "detect.csv") if str(row["data"]).startswith("storybook:")]
    several = {name for name, count in Counter(str(row["system"]) for row in rows).items() if count > 1}
    marks = []
    for row in rows:
        name = str(row["system"])
        score, low, high, spent, beside = (
            float(row.get(key) or 0.0) for key in ("map50", "low", "high", "ms_per_picture", "beside_ms")
        )
        marks.append(Mark(f"{name}, {row['recipe']}" if name in several else name, score, low, high, 1000 / (spent + beside)))
    plot = scatter(marks, "pictures a second, proposals included", "mAP@.5", "png", speed=True)
    save("detectors.webp", np.asarray(Image.open(io.BytesIO(plot)).convert("RGB")))


MAKERS: dict[str, Callable[[], None]] = {
    "sheet.webp": sheet,
    "truth.webp": truth,
    "views.webp": views,
    "clip.webp": frames,
    "scrawls.webp": scrawls,
    "saliency.webp": why,
    "detected.webp": found,
    "said.webp": said,
    "segments.webp": segments,
    "merge.webp": merged,
    "detectors.webp": detectors,
}


def main() -> int:
    HOME.mkdir(exist_ok=True)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="PICTURE", help=f"one of {', '.join(MAKERS)}; all, if none is named")
    names = parser.parse_args().names
    if unknown := set(names) - set(MAKERS):
        parser.error(f"no picture is called {', '.join(sorted(unknown))}: there is {', '.join(MAKERS)}")
    for name in names or MAKERS:
        MAKERS[name]()
    total = sum(path.stat().st_size for path in HOME.iterdir())
    print(f"{total / 1000:.0f} kB in all; now python docs/tables.py, which names what is there")
    return int(total > ALL or any(path.stat().st_size > MOST for path in HOME.iterdir()))


if __name__ == "__main__":
    sys.exit(main())
