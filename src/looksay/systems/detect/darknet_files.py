"""Darknet's files as people have them: weights, the .cfg beside them, and the names of the classes wherever they lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from looksay import config as settings_of
from looksay.errors import BadData, BadWeights
from looksay.nn.darknet_cfg import Net, Region, parse
from looksay.nn.darknet_layers import plan
from looksay.nn.darknet_weights import check, fill
from looksay.systems.detect.darknet import Darknet, DarknetConfig, text_of
from looksay.weights import Info, unique

USUAL = ("coco.names", "voc.names")
LONGEST = 2**20  # bytes of a list of names


def read_darknet(weights: Path, cfg: Path | None = None) -> tuple[Darknet, Info]:
    """A detector ready to look. The .cfg is the one beside the weights under the same name, if none is given; names come from
    NAME.names, from the names= of a .data file, or from coco.names or voc.names of as many lines, beside either file; where
    there are none, classes are numbers."""
    cfg = cfg or weights.with_suffix(".cfg")
    if not cfg.is_file():
        mend = f"put {cfg.name} beside it, or name it: --model FILE.cfg --weights {weights.name}"
        raise BadWeights("says nothing of its network, and there is no .cfg", where=str(weights), mend=mend)
    text, where = text_of(str(cfg))
    net = parse(text, where)
    kinds = [type(layer).__name__.lower() for layer in net.layers]
    header = check(weights, plan(net, (net.input.width, net.input.height)), kinds)
    system = Darknet(class_names(net, weights, cfg), DarknetConfig(text))
    fill(system.layers, weights, header)
    settings = settings_of.to_dict(system.config)
    sure = 0.24 if isinstance(net.head, Region) else 0.2  # from here on Darknet itself shows things
    info = Info("darknet", system.classes, settings, system.prep, scores={"sure": sure}, recipe=f"darknet {weights.name}")
    return system.eval(), info


def class_names(net: Net, weights: Path, cfg: Path) -> tuple[str, ...]:
    count = net.head.classes
    for path, own in _lists(weights, cfg):
        names = _lines(path)
        if len(names) == count:
            return unique([name or str(number) for number, name in enumerate(names)])
        if own:
            what = f"has {len(names)} names, and {cfg.name} has classes={count}"
            raise BadData(what, where=str(path), mend="one name a line, for each class")
    return tuple(str(number) for number in range(count))


def _lists(weights: Path, cfg: Path) -> Iterator[tuple[Path, bool]]:
    """Lists of names in the order in which they count, each with whether it must be right, since it bears the network's name."""
    folders = dict.fromkeys((weights.parent, cfg.parent))
    own = [folder / f"{stem}.names" for folder in folders for stem in dict.fromkeys((weights.stem, cfg.stem))]
    yield from ((path, True) for path in own if path.is_file())
    stems = (weights.stem, cfg.stem)
    for folder in folders:
        for path in sorted(folder.glob("*.data"), key=lambda path: (path.stem not in stems, path.name)):
            named = _named_by(path)
            if named:
                yield named, path.stem in stems
    yield from ((folder / name, False) for folder in folders for name in USUAL if (folder / name).is_file())


def _named_by(data: Path) -> Path | None:
    """The names= of a .data file: as seen from beside it or from above, where Darknet is started, or else its neighbour."""
    said = dict(line.replace(" ", "").partition("=")[::2] for line in _lines(data))
    name = Path(said.get("names", ""))
    if not name.name:
        return None
    tried = (data.parent / name, data.parent.parent / name, data.parent / name.name)
    return next((path for path in tried if path.is_file()), None)


def _lines(path: Path) -> list[str]:
    """Lines without the empty ones at the end."""
    try:
        if path.stat().st_size > LONGEST:
            raise BadData("is too long for a list of names", where=str(path))
        text = path.read_text("utf-8")
    except OSError as error:
        raise BadData(f"cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise BadData("is not text in UTF-8", where=str(path), mend="save it as UTF-8") from None
    return [line.strip() for line in text.rstrip().splitlines()]
