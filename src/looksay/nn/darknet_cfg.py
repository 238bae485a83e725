"""Darknet's .cfg files: a network as sections of `key=value` lines, read into typed records, or refused with the line."""

from __future__ import annotations

import math
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar, Literal, TypeAlias, get_args, get_origin

from looksay.errors import BadConfig, suggestion
from looksay.records import hints

LONGEST = 2**20  # characters of a file
SECTIONS = 1000
MOST = 2**16  # filters or outputs of a layer
Activation = Literal["leaky", "linear", "relu", "logistic"]
YOUNGER = ("yolo", "Gaussian_yolo", "shortcut", "upsample", "sam", "scale_channels", "implicit")
OTHERS = (
    "reorg3d", "local_avg", "local_avgpool", "normalization", "lrn", "batchnorm", "activation", "deconvolutional", "deconv",
    "rnn", "gru", "lstm", "conv_lstm", "crnn", "l2norm", "logistic", "iseg", "contrastive", "empty",
)  # fmt: skip
SHORT = {"network": "net", "conv": "convolutional", "max": "maxpool", "avg": "avgpool", "conn": "connected", "soft": "softmax"}


def between(low: float, high: float, default: Any = MISSING) -> Any:
    """A number of this range; one that must be given where there is no default."""
    limits = {"range": (low, high)}
    return field(metadata=limits) if default is MISSING else field(default=default, metadata=limits)


@dataclass(frozen=True, kw_only=True)
class Section:
    """`line` is where it begins. `FIXED` are keys that are understood with one value only; `UNUSED` say nothing about what the
    network answers: training, and hints to Darknet's own machinery."""

    line: int
    FIXED: ClassVar[dict[str, float]] = {}
    UNUSED: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, kw_only=True)
class Input(Section):
    """[net]: the picture's size, and how Darknet would train."""

    width: int = between(1, 8192)
    height: int = between(1, 8192)
    channels: int = between(1, 3, 3)
    UNUSED = (
        "batch", "subdivisions", "learning_rate", "momentum", "decay", "policy", "steps", "scales", "scale", "step", "gamma",
        "power", "max_batches", "burn_in", "angle", "aspect", "saturation", "exposure", "hue", "max_crop", "min_crop", "center",
        "random", "adam", "B1", "B2", "eps", "notruth", "time_steps", "max_ratio", "min_ratio", "clip", "flip", "crop", "mixup",
        "cutmix", "mosaic", "gaussian_noise", "blur", "track", "workspace_size_limit_MB", "loss_scale", "dynamic_minibatch",
        "num_sigmas", "seq_scales", "sgdr_cycle", "sgdr_mult", "letter_box", "show_receptive_field", "optimized_memory",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Convolutional(Section):
    """`pad` pads by half of the size, whatever `padding` says. In files with `flipped` the weights stand inputs first."""

    filters: int = between(1, MOST, 1)
    size: int = between(1, 64, 1)
    stride: int = between(1, 64, 1)
    pad: bool = False
    padding: int = between(0, 64, 0)
    activation: Activation = "logistic"
    batch_normalize: bool = False
    flipped: bool = False
    FIXED = {
        "groups": 1, "dilation": 1, "binary": 0, "xnor": 0, "antialiasing": 0, "bin_output": 0, "share_index": -1000000000,
        "cbn": 0, "sway": 0, "rotate": 0, "stretch": 0, "stretch_sway": 0, "assisted_excitation": 0,
    }  # fmt: skip
    UNUSED = ("dot", "angle")


@dataclass(frozen=True, kw_only=True)
class Local(Section):
    """A convolution whose weights differ from place to place."""

    filters: int = between(1, MOST, 1)
    size: int = between(1, 64, 1)
    stride: int = between(1, 64, 1)
    pad: bool = False
    activation: Activation = "logistic"


@dataclass(frozen=True, kw_only=True)
class Connected(Section):
    output: int = between(1, MOST, 1)
    activation: Activation = "logistic"
    batch_normalize: bool = False


@dataclass(frozen=True, kw_only=True)
class MaxPool(Section):
    """`size` 0: as the stride; `padding` -1: size - 1. Half of the padding, rounded down, lies on the left and above."""

    size: int = between(0, 64, 0)
    stride: int = between(1, 64, 1)
    padding: int = between(-1, 63, -1)
    FIXED = {"maxpool_depth": 0, "antialiasing": 0}


@dataclass(frozen=True, kw_only=True)
class AvgPool(Section):
    """The mean over the whole map."""


@dataclass(frozen=True, kw_only=True)
class Route(Section):
    """Maps of earlier layers, one after the other; negative numbers count back from this layer."""

    layers: tuple[int, ...]
    FIXED = {"groups": 1, "group_id": 0}


@dataclass(frozen=True, kw_only=True)
class Reorg(Section):
    stride: int = between(1, 64, 1)
    FIXED = {"reverse": 0, "flatten": 0, "extra": 0}


@dataclass(frozen=True, kw_only=True)
class Dropout(Section):
    probability: float = between(0, 0.99, 0.5)
    FIXED = {"dropblock": 0}
    UNUSED = ("dropblock_size_rel", "dropblock_size_abs")


@dataclass(frozen=True, kw_only=True)
class Crop(Section):
    """The middle of the picture, in -1 … 1 unless `noadjust`. The rest varies training pictures."""

    crop_height: int = between(1, 8192, 1)
    crop_width: int = between(1, 8192, 1)
    noadjust: bool = False
    UNUSED = ("flip", "angle", "saturation", "exposure", "shift")


@dataclass(frozen=True, kw_only=True)
class Softmax(Section):
    groups: int = between(1, MOST, 1)
    temperature: float = between(1e-6, 1e6, 1.0)
    FIXED = {"spatial": 0}
    UNUSED = ("noloss",)


@dataclass(frozen=True, kw_only=True)
class Cost(Section):
    UNUSED = ("type", "scale", "ratio", "noobj", "thresh")


@dataclass(frozen=True, kw_only=True)
class Detection(Section):
    """The head of v1: `num` boxes in each of `side` x `side` cells, the classes of a cell once. Scales weigh the loss."""

    side: int = between(1, 512, 7)
    num: int = between(1, 256, 1)
    classes: int = between(1, 20000, 1)
    coords: int = between(1, 4, 1)
    sqrt: bool = False
    softmax: bool = False
    rescore: bool = False
    coord_scale: float = between(0, 1e4, 1.0)
    object_scale: float = between(0, 1e4, 1.0)
    noobject_scale: float = between(0, 1e4, 1.0)
    class_scale: float = between(0, 1e4, 1.0)
    UNUSED = ("jitter", "max", "forced", "random", "reorg")


@dataclass(frozen=True, kw_only=True)
class Region(Section):
    """The head of v2: a box of each of the `num` anchors (widths and heights in cells) in every cell."""

    anchors: tuple[float, ...]
    num: int = between(1, 256, 1)
    classes: int = between(1, 20000, 20)
    coords: int = between(1, 4, 4)
    softmax: bool = False
    bias_match: bool = False
    rescore: bool = False
    thresh: float = between(0, 1, 0.5)
    coord_scale: float = between(0, 1e4, 1.0)
    object_scale: float = between(0, 1e4, 1.0)
    noobject_scale: float = between(0, 1e4, 1.0)
    class_scale: float = between(0, 1e4, 1.0)
    FIXED = {"background": 0, "log": 0, "sqrt": 0}
    UNUSED = ("jitter", "max", "random", "absolute", "classfix", "mask_scale", "focal_loss", "map")


Layer: TypeAlias = (
    Convolutional | Local | Connected | MaxPool | AvgPool | Route | Reorg | Dropout | Crop | Softmax | Cost | Detection | Region
)
Head: TypeAlias = Detection | Region
KINDS: dict[str, type[Section]] = {
    "net": Input, **{kind.__name__.lower(): kind for kind in get_args(Layer)},
}  # fmt: skip
ANYWHERE_FIXED: dict[str, float] = {"dontload": 0, "dontloadscales": 0, "numload": 0, "stopforward": 0}
UNREAD = {"tree": "looksay reads no hierarchies of classes, as YOLO9000 has", "stride_x": "say stride", "stride_y": "say stride"}
ANYWHERE_UNUSED = ("stopbackward", "onlyforward", "learning_rate", "smooth", "clip", "truth", "burnin_update", "train_only_bn")


@dataclass(frozen=True)
class Net:
    """`layers` as Darknet numbers them, from 0; the last is the head. The layers of a route are absolute numbers."""

    input: Input
    layers: tuple[Layer, ...]
    where: str

    @property
    def head(self) -> Head:
        head = self.layers[-1]
        assert isinstance(head, (Detection, Region))
        return head


@dataclass(frozen=True)
class Lines:
    """A section as it stands: of each key its line and its value."""

    name: str
    line: int
    keys: dict[str, tuple[int, str]]


def parse(text: str, where: str = "cfg") -> Net:
    """`where` is the file's name for messages."""
    first, *rest = sections(text, where)
    if first.name != "net":
        raise BadConfig(f"begins with [{first.name}]", where=f"{where}:{first.line}", mend="the first section is [net]")
    layers: list[Any] = [_record(each, where) for each in rest]
    for number, layer in enumerate(layers):
        if isinstance(layer, Route):
            layers[number] = _routed(layer, number, where)
        if isinstance(layer, Input):
            raise BadConfig("a second [net]", where=f"{where}:{layer.line}", mend="a file holds one network")
        if isinstance(layer, (Detection, Region)) and number < len(layers) - 1:
            what = f"layers come after [{type(layer).__name__.lower()}]"
            raise BadConfig(what, where=f"{where}:{layer.line}", mend="a network has one head, at its end")
    if not layers or not isinstance(layers[-1], (Detection, Region)):
        last = rest[-1] if rest else first
        mend = "a detector ends in [detection] (v1) or [region] (v2); classifiers are not read"
        raise BadConfig(f"the network ends in [{last.name}]", where=f"{where}:{last.line}", mend=mend)
    _check_head(layers[-1], where)
    return Net(_record(first, where), tuple(layers), where)


def sections(text: str, where: str) -> list[Lines]:
    """Spaces mean nothing, and `#` and `;` begin comments, as Darknet has it."""
    if len(text) > LONGEST:
        raise BadConfig(f"has {len(text)} characters", where=where, mend="this is no .cfg file of Darknet")
    found: list[Lines] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = "".join(raw.split("#")[0].split(";")[0].split())
        if line.startswith("["):
            found.append(Lines(_named(line, f"{where}:{number}"), number, {}))
        elif line:
            key, equals, value = line.partition("=")
            if not (equals and key and found):
                mend = "lines are [section] and key=value" if found else "a file begins with [net]"
                raise BadConfig(f"{raw.strip()[:60]!r} is not understood", where=f"{where}:{number}", mend=mend)
            before = found[-1].keys.setdefault(key, (number, value))
            if before[1] != value:
                what = f"{key!r} stands twice in [{found[-1].name}]: {before[1][:40]!r} in line {before[0]}, and {value[:40]!r}"
                raise BadConfig(what, where=f"{where}:{number}", mend="take one out")
    if not found or len(found) > SECTIONS:
        raise BadConfig(f"has {len(found)} sections", where=where, mend="this is no .cfg file of Darknet")
    return found


def with_classes(text: str, count: int, where: str = "cfg") -> str:
    """The same network for another number of classes: its head's `classes` and the width of the layer before it."""
    net = parse(text, where)
    if net.head.classes == count:
        return text
    found, lines = sections(text, where), text.splitlines()
    before, head = net.layers[-2] if len(net.layers) > 1 else None, net.head
    key = "filters" if isinstance(before, Convolutional) else "output"
    places = [found[-1].keys.get("classes"), found[-2].keys.get(key)]
    if not isinstance(before, (Convolutional, Connected)) or None in places:
        what = f"is for {head.classes} classes, not {count}, and cannot be changed"
        raise BadConfig(what, where=f"{where}:{head.line}", mend="end it in a [convolutional] or [connected] and its head")
    for place, value in zip(places, (f"classes={count}", f"{key}={outputs(head, count)}"), strict=True):
        assert place is not None
        lines[place[0] - 1] = value
    return "\n".join(lines) + "\n"


def outputs(head: Head, classes: int) -> int:
    """Numbers that the head wants: of each cell (v2), or in all (v1)."""
    return head.num * (5 + classes) if isinstance(head, Region) else head.side**2 * (5 * head.num + classes)


def _named(line: str, where: str) -> str:
    name = line[1:-1] if line.endswith("]") else ""
    name = SHORT.get(name, name)
    if name in YOUNGER:
        raise BadConfig(f"[{name}] is of YOLOv3 or later", where=where, mend="looksay reads the files of v1, v2 and tiny v2")
    if name in OTHERS:
        raise BadConfig(f"[{name}] is not read", where=where, mend=f"these are: {', '.join(KINDS)}")
    if name not in KINDS:
        raise BadConfig(f"no section is called {line[:40]}", where=where, mend=suggestion(name, KINDS))
    return name


def _record(lines: Lines, where: str) -> Any:
    kind: Any = KINDS[lines.name]
    known = {each.name: each for each in fields(kind) if each.name != "line"}
    fixed, unused = {**ANYWHERE_FIXED, **kind.FIXED}, (*ANYWHERE_UNUSED, *kind.UNUSED)
    values: dict[str, Any] = {}
    for key, (number, text) in lines.keys.items():
        place = f"{where}:{number}"
        if key in known:
            values[key] = _value(hints(kind)[key], text, key, place, known[key].metadata.get("range"))
        elif key in fixed:
            if _value(float, text, key, place) != fixed[key]:
                what = f"{key}={text[:40]} in [{lines.name}] is not read"
                raise BadConfig(what, where=place, mend=f"only {key}={fixed[key]:g}")
        elif key in UNREAD:
            raise BadConfig(f"{key}={text[:40]} is not read", where=place, mend=UNREAD[key])
        elif key not in unused:
            mend = f"{suggestion(key, [*known, *fixed])}; a line that Darknet passes over can be taken out"
            raise BadConfig(f"[{lines.name}] has no {key[:40]!r}", where=place, mend=mend)
    for name, each in known.items():
        if name not in values and _needed(each):
            raise BadConfig(f"[{lines.name}] lacks {name!r}", where=f"{where}:{lines.line}", mend=f"add {name}=…")
    return kind(line=lines.line, **values)


def _needed(each: Field[Any]) -> bool:
    return each.default is MISSING


def _value(kind: Any, text: str, key: str, where: str, limits: tuple[float, float] | None = None) -> Any:
    """Text as a value of `kind`: bool, int, float, one of several words, or numbers between commas."""
    if get_origin(kind) is Literal:
        if text not in get_args(kind):
            raise BadConfig(f"{key}={text[:40]} is not read", where=where, mend=suggestion(text, get_args(kind)))
        return text
    if get_origin(kind) is tuple:
        parts = [part for part in text.split(",") if part]
        if not parts or len(parts) > 1000:
            raise BadConfig(f"{key} has {len(parts)} numbers", where=where, mend="numbers stand between commas")
        return tuple(_value(get_args(kind)[0], part, key, where) for part in parts)
    try:
        if len(text) > 40 or "_" in text:
            raise ValueError
        value = float(text) if kind is float else int(text)
    except ValueError:
        wanted, such = ("a number", 0.5) if kind is float else ("a whole number", 1)
        raise BadConfig(f"{key}={text[:40]} is not {wanted}", where=where, mend=f"such as {key}={such}") from None
    low, high = (0, 1) if kind is bool else limits or (-1e9, 1e9)
    if not (math.isfinite(value) and low <= value <= high):
        raise BadConfig(f"{key}={text} is out of range", where=where, mend=f"{low:g} to {high:g}")
    return kind(value)


def _routed(route: Route, number: int, where: str) -> Route:
    layers = tuple(number + each if each < 0 else each for each in route.layers)
    for said, layer in zip(route.layers, layers, strict=True):
        if not 0 <= layer < number:
            mend = f"layers before it are 0 to {number - 1}, or -1 to {-number}" if number else "it cannot be the first layer"
            raise BadConfig(f"[route] is layer {number} and takes from {said}", where=f"{where}:{route.line}", mend=mend)
    return Route(line=route.line, layers=layers)


def _check_head(head: Head, where: str) -> None:
    place = f"{where}:{head.line}"
    if head.coords != 4:
        raise BadConfig(f"coords={head.coords} is not read", where=place, mend="a box has coords=4")
    if isinstance(head, Region) and len(head.anchors) != 2 * head.num:
        mend = "of each its width and height, in cells"
        raise BadConfig(f"num={head.num}, but anchors has {len(head.anchors)} numbers", where=place, mend=mend)
    if isinstance(head, Region) and min(head.anchors) <= 0:
        raise BadConfig("an anchor has no extent", where=place, mend="its width and height are above 0")
