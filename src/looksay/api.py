"""The whole Python surface: load, look, find, train, evaluate, compare, explain, cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from looksay import registry, weights
from looksay.data.inputs import Shown, Skip
from looksay.defaults import CAPTIONER, DETECTOR, FINDER, HOUSE, OUTLINER
from looksay.errors import BadConfig, BadPicture, BadWeights, LooksayError
from looksay.looker import Looker
from looksay.nn.swift import Mode
from looksay.registry import Card
from looksay.show.look import Look
from looksay.tasks import task

if TYPE_CHECKING:
    from looksay.learn.job import Order, Trained
    from looksay.measure.comparison import Comparison
    from looksay.measure.evaluation import Evaluation
    from looksay.show.found import Search


def load(
    name: str = HOUSE,
    weights_from: str = "shipped",
    *,
    mode: Mode | Literal["plain"] = "exact",
    device: str = "cpu",
    offline: bool = False,
) -> Looker:
    """A system by name, with its shipped weights, 'published' ones of torchvision, or those of a file or run folder.
    `name` may be the file or folder itself, or the .cfg of Darknet weights that have another name than it."""
    path = Path(name)
    if name.endswith(".cfg"):
        file = path.with_suffix(".weights") if weights_from == "shipped" else Path(weights_from)
        return load_file(file, path, mode=mode, device=device)
    if name.endswith((".safetensors", ".weights")) or path.is_dir():
        return load_file(path, mode=mode, device=device)
    entry = registry.find(name)
    if weights_from == "published":
        return Looker(*weights.published(entry.name, offline=offline), mode, device, "published")
    if weights_from != "shipped":
        looker = load_file(Path(weights_from), mode=mode, device=device)
        if looker.name != entry.name and not (weights_from.endswith(".weights") and entry.name == DETECTOR):
            raise BadWeights(f"are of {looker.name}, not of {entry.name}", where=weights_from)
        return looker
    home = weights.shipped(entry.name)
    if home is None:
        having = ", ".join(weights.shipped_names())
        raise BadWeights(
            f"no weights of {entry.name} travel in the package",
            mend=f"looksay train {entry.name} makes some, --weights FILE takes them; shipped are: {having or 'none'}",
        )
    looker = load_file(home, mode=mode, device=device)
    looker.origin = "shipped"
    return looker


def load_file(path: Path, cfg: Path | None = None, *, mode: Mode | Literal["plain"] = "exact", device: str = "cpu") -> Looker:
    """From a weights file, or the best weights of a run folder. `cfg` is for Darknet's .weights: the one beside them, if None."""
    if path.suffix == ".weights" or cfg:
        from looksay.systems.detect.darknet_files import read_darknet

        return Looker(*read_darknet(path, cfg), mode, device, str(path))
    file = path / "best.safetensors" if path.is_dir() else path
    return Looker(*weights.load(file), mode, device, str(path))


def house(*, mode: Mode | Literal["plain"] = "exact", device: str = "cpu") -> Looker:
    """The house's own systems: what is in the picture, what is where, to the pixel, and what is going on."""
    looker = load(HOUSE, mode=mode, device=device)
    looker.also = tuple(load(name, mode=mode, device=device) for name in (OUTLINER, CAPTIONER))
    return looker


def look(what: Any, name: str = "", **settings: Any) -> Any:
    """`looksay.look("dog.jpg")`: what the house's own systems see, or another by name."""
    return (load(name) if name else house()).look(what, **settings)


def cards(task: str = "") -> tuple[Card, ...]:
    """The systems there are, with their papers."""
    return registry.cards(task)


def train(name: str, data: str = "", *, quiet: bool = False, resume: bool = False, **how: Any) -> Path:
    """Trains and returns the run's folder.

    `how` says what an Order has (recipe, output, start, seed, workers, device, max_minutes, allow_bad_data) and changes the
    recipe: epochs=5, lr=0.1, settings={'width': 0.5}, augment={'flip': 0.5}.
    """
    from looksay.learn.job import Order
    from looksay.records import hints

    own = {key: how.pop(key) for key in list(how) if key in hints(Order) and key != "settings"}
    changes: dict[str, str] = {}
    for key, value in how.items():
        changes |= (
            {f"{key}.{inner}": str(each) for inner, each in value.items()} if isinstance(value, Mapping) else {key: str(value)}
        )
    order = Order(name, data, settings=changes, **own)
    trained = train_order(order, quiet=quiet, resume=resume)
    return trained.root if trained else Path(order.output)


def train_order(order: Order, *, quiet: bool = False, resume: bool = False) -> Trained | None:
    """Trains as ordered and writes the report; None in processes of a crew that have nothing to tell."""
    from looksay.learn.job import Job
    from looksay.learn.progress import Bar, Silent
    from looksay.learn.report import write_report

    watcher = Silent() if quiet else Bar()
    try:
        trained = Job(order, watcher, resume=resume).run()
    finally:
        watcher.close()
    if trained:
        write_report(trained)
    return trained


def evaluate(
    what: str | Looker,
    data: str = "storybook",
    *,
    split: str = "",
    scales: Sequence[int] = (),
    size: int = 0,
    workers: int = 2,
    skip_bad: bool = False,
    progress: Any = None,
) -> Evaluation:
    """Scores with their intervals on a split (test where there is one). `scales` are VGG's dense test scales Q, or the sizes at
    which Mask R-CNN looks besides; `size` is the side of the pictures that the network sees, instead of that which it learnt
    with."""
    from looksay.measure.evaluate import beside_ms, feed_for, judge, judge_at
    from looksay.measure.evaluation import Evaluation
    from looksay.systems.instance.mask_rcnn import MaskRCNN

    looker = load(what) if isinstance(what, str) else what
    if size:
        looker = at_size(looker, size)
    several = isinstance(looker.system, MaskRCNN)
    if isinstance(looker.system, MaskRCNN):
        looker.system.views = tuple(scales)
    kind = task(looker.system.card.task)
    dataset = kind.material().open(data, split, kind, looker.system)
    if scales and not several:
        judged, how = (
            judge_at(looker.system, dataset, tuple(scales), progress),
            f"dense at {', '.join(map(str, scales))} and mirrored",
        )
    else:
        feed = feed_for(looker.system, dataset, workers=workers, skip_bad=skip_bad)
        seen = f"one view of {' × '.join(map(str, looker.system.prep.size))}"
        judged, how = judge(looker.system, feed, progress), seen if kind.material().noun == "pictures" else "each read once"
        how += f", and at {', '.join(map(str, scales))}" if scales else ""
    command = f"looksay evaluate {looker.name} --weights {looker.origin} --data {data}" + (f" --split {split}" if split else "")
    command += f" --scales {','.join(map(str, scales))}" if scales else ""
    command += f" --sizes {size}" if size else ""
    judged = replace(judged, beside_ms=beside_ms(looker.system, dataset))
    recipe, origin = looker.info.recipe + (f" Q={','.join(map(str, scales))}" if scales else ""), looker.origin
    recipe += f" at {size}" if size else ""
    count = looker.system.parameters_count
    minutes, stated = looker.info.scores.get("minutes"), type(looker.system).RECIPES.get(looker.info.recipe)
    first = looker.name == looker.system.card.names[0]  # a recipe states the score of its system's first variant
    expect = stated.expect if stated and first and stated.data == data and not (scales or size) else 0.0
    return Evaluation(looker.name, recipe, origin, looker.system, dataset, judged, count, how, command, minutes, expect)


def evaluate_panoptic(
    what: str | Looker, stuff: str | Looker, data: str = "storybook", *, split: str = "", progress: Any = None
) -> Evaluation:
    """Panoptic quality: `what` finds things with their pixels, `stuff` says what all others are. Things count from the score on
    from which they are shown."""
    from looksay.measure.evaluation import Evaluation
    from looksay.measure.paneled import check_pair, judge_panoptic

    one, other = (load(each) if isinstance(each, str) else each for each in (what, stuff))
    check_pair(one.system, other.system)
    kinds = [task(looker.system.card.task) for looker in (one, other)]
    own, mapped = (
        kind.material().open(data, split, kind, looker.system) for kind, looker in zip(kinds, (one, other), strict=True)
    )
    judged = judge_panoptic(one.system, other.system, (own, mapped), one.sure, progress)
    name, recipe = f"{one.name} + {other.name}", f"{one.info.recipe} + {other.info.recipe}"
    params = one.system.parameters_count + other.system.parameters_count
    how = f"things from a score of {one.sure:.2f} on, the surest on top"
    second = other.name if other.origin == "shipped" else other.origin
    command = f"looksay evaluate {one.name} --weights {one.origin} --stuff {second}"
    command += f" --data {data}" + (f" --split {split}" if split else "")
    return Evaluation(name, recipe, one.origin, one.system, own, judged, params, how, command)


def at_size(looker: Looker, size: int, where: str = "--sizes") -> Looker:
    """The same weights, seeing pictures of `size` x `size` pixels."""
    from looksay.nn.detector import Detector
    from looksay.nn.segmenter import Segmenter

    if not isinstance(looker.system, Detector | Segmenter):
        raise BadConfig("sizes are for detectors and segmenters", where=where, mend="classifiers have --scales")
    if size % 16 or not 32 <= size <= 2048:
        raise BadConfig(f"pictures of {size} x {size} pixels", where=where, mend="give multiples of 16 up to 2048")
    if isinstance(looker.system, Detector) and not looker.system.any_size:
        own = "{} x {}".format(*looker.system.prep.size)
        mend = "a convolutional one, such as yolo2, takes any size"
        raise BadConfig(f"the fully connected layers of {looker.name} take pictures of {own}", where=where, mend=mend)
    looker.system.prep = replace(looker.system.prep, size=(size, size), resize=size)
    return looker


def explain(looker: str | Looker, what: Any, *, method: str = "saliency", of: str = "", at: str = "") -> Any:
    """Looks with a heat each: what mattered for `of` ('' = what was seen)."""
    ready = load(looker) if isinstance(looker, str) else looker
    return ready.look(what, explain=method, of=of, at=at)


def find(
    sentence: str,
    folder: str | Path,
    looker: str | Looker = FINDER,
    *,
    top: int = 10,
    skip: Skip | None = None,
    progress: Any = None,
) -> Search:
    """Ranks the pictures of a folder by how well a sentence fits them. Where they are placed is kept, and kept up to date."""
    from looksay.show.found import search
    from looksay.systems.caption.deep_image_sent import DeepImageSent

    ready = load(looker) if isinstance(looker, str) else looker
    if not isinstance(ready.system, DeepImageSent):
        raise BadConfig(f"{ready.name} cannot find pictures by sentences", where="--model", mend=f"take {FINDER}")
    if not Path(folder).is_dir():
        raise BadPicture("is no folder", where=str(folder), mend="name a folder of pictures")

    def ask(turn: Sequence[Shown]) -> Any:
        return ready.quick(ready.batch(turn))

    name = f"{ready.name} {ready.mode} {ready.device}"
    return search(sentence, Path(folder), ready.system, ask, name, top=top, skip=skip, progress=progress)


def compare(
    names: Sequence[str], data: str = "storybook", *, split: str = "", workers: int = 2, progress: Any = None
) -> Comparison:
    """One row a system on the same pictures: score with interval, time a picture, parameters. A name is a system or a run."""
    from looksay.measure.comparison import Comparison

    if not names:
        raise BadConfig("nothing to compare", mend="name two systems or run folders")
    found = [evaluate(name, data, split=split, workers=workers, progress=progress) for name in names]
    if len({each.system for each in found}) < len(found):  # several of one system: by the names that they were given
        last = [Path(name).name for name in names]
        shown = last if len(set(last)) == len(last) else names
        found = [replace(each, system=name) for each, name in zip(found, shown, strict=True)]
    runs = {each.system: Path(name) for each, name in zip(found, names, strict=True) if Path(name).is_dir()}
    return Comparison(found, f"looksay compare {' '.join(names)} --data {data}", runs)


__all__ = [
    "Look", "Looker", "LooksayError", "cards", "compare", "evaluate", "evaluate_panoptic", "explain", "find", "load", "look",
    "train",
]  # fmt: skip
