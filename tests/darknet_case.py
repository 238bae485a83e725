"""Networks in Darknet's files as Darknet would write them, and a slow reference that reads and runs them on its own."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from looksay.systems.detect.darknet import Darknet

Array = npt.NDArray[np.float64]

V1 = """\
[net]
batch=1
height=28
width=28
channels=3
learning_rate=0.001  # how Darknet would train
policy=steps

[crop]
crop_width=24
crop_height=24
flip=0
saturation = 1.5
shift=.2

[convolutional]
filters=4
size=7
stride=2
pad=1
activation=leaky

[maxpool]
size=2
stride=2

; a line that says nothing
[conv]
batch_normalize=1
filters=6
size=3
pad=1
activation=leaky

[connected]
batch_normalize=1
output=20
activation=leaky

[dropout]
probability=.5

[connected]
output= 117
activation=linear

[detection]
classes=3
coords=4
rescore=1
side=3
num=2
softmax=0
sqrt=1
jitter=.2
object_scale=1
noobject_scale=.5
class_scale=2
coord_scale=5
"""

LOCAL = """\
[network]
width=20
height=16

[convolutional]
filters=5
size=3
stride=2
padding=1
activation=relu

[local]
size=3
stride=1
pad=1
filters=4
activation=leaky

[local]
size=2
stride=2
filters=3
activation=logistic

[connected]
output=44
activation=linear

[detection]
classes=6
coords=4
side=2
num=1
softmax=1
"""

V2 = """\
[net]
width=48
height=32
channels=3

[convolutional]
batch_normalize=1
filters=6
size=3
stride=1
pad=1
activation=leaky

[maxpool]
size=2
stride=2

[convolutional]
batch_normalize=1
filters=8
size=3
pad=1
activation=leaky

[maxpool]
size=3
stride=2

[convolutional]
batch_normalize=1
filters=12
size=1
activation=logistic

[route]
layers=-3

[reorg]
stride=2

[route]
layers=-1,4

[convolutional]
size=3
pad=1
filters=16
activation=linear

[region]
anchors = 1.3221, 1.73145,  3.19275, 4.00944
bias_match=1
classes=3
coords=4
num=2
softmax=1
jitter=.3
rescore=1
object_scale=5
noobject_scale=1
class_scale=1
coord_scale=1
absolute=1
thresh = .6
random=1
"""

TINY = """\
[net]
width=30
height=30
channels=3

[convolutional]
batch_normalize=1
filters=5
size=3
pad=1
activation=leaky

[maxpool]
size=2
stride=2

[maxpool]
size=2
stride=1

[convolutional]
batch_normalize=1
filters=9
size=3
pad=1
flipped=1
activation=leaky

[convolutional]
size=1
filters=28
activation=linear

[region]
anchors=1,1, 2.5,1.5, 3,4, 5,5
classes=2
num=4
thresh=.5
"""

CFGS = {"v1": V1, "local": LOCAL, "v2": V2, "tiny": TINY}
LONG = {"network": "net", "conv": "convolutional"}


def layers_of(cfg: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for line in cfg.splitlines():
        line = line.split("#")[0].replace(" ", "")
        if line.startswith("["):
            name = line.strip("[]")
            found.append({"kind": LONG.get(name, name)})
        elif "=" in line:
            key, value = line.split("=")
            found[-1][key] = value
    return found


def shape_of(layer: dict[str, str], shape: tuple[int, ...], done: list[tuple[int, ...]]) -> tuple[int, ...]:
    """What a layer puts out, from Darknet's own rules."""
    c, h, w = shape
    size, stride = int(layer.get("size", 1)), int(layer.get("stride", 1))
    if layer["kind"] == "convolutional":
        pad = size // 2 if layer.get("pad") == "1" else int(layer.get("padding", 0))
        return int(layer["filters"]), (h + 2 * pad - size) // stride + 1, (w + 2 * pad - size) // stride + 1
    if layer["kind"] == "local":
        less = 1 if layer.get("pad") == "1" else size
        return int(layer["filters"]), (h - less) // stride + 1, (w - less) // stride + 1
    if layer["kind"] == "maxpool":
        return c, (h + size - 1 - size) // stride + 1, (w + size - 1 - size) // stride + 1
    if layer["kind"] == "connected":
        return int(layer["output"]), 1, 1
    if layer["kind"] == "crop":
        return c, int(layer["crop_height"]), int(layer["crop_width"])
    if layer["kind"] == "reorg":
        return c * stride**2, h // stride, w // stride
    if layer["kind"] == "route":
        some = [done[int(each)] for each in layer["layers"].split(",")]  # negative numbers count from the end of what is done
        return sum(each[0] for each in some), *some[0][1:]
    return shape


def write_case(folder: Path, name: str, seed: int = 0, *, old: bool = False, stem: str = "net") -> tuple[Path, Path]:
    """NAME.cfg and NAME.weights with random numbers, in Darknet's order. `old`: as its first files were."""
    rng = np.random.default_rng(seed)
    net, *layers = layers_of(CFGS[name])
    shape: tuple[int, ...] = (int(net.get("channels", 3)), int(net["height"]), int(net["width"]))
    done: list[tuple[int, ...]] = []
    numbers: list[Array] = []
    for layer in layers:
        out = shape_of(layer, shape, done)
        fan = int(layer.get("size", 1)) ** 2 * shape[0] if layer["kind"] != "connected" else int(np.prod(shape))
        many = int(np.prod(out)) if layer["kind"] == "local" else out[0]
        if layer["kind"] in ("convolutional", "connected", "local"):
            weights = rng.normal(0, (2 / fan) ** 0.5, many * fan)
            norm: list[Array] = []
            if layer.get("batch_normalize") == "1":
                spread = rng.uniform(0.5, 2, many)
                spread[0], scale = 1e-10, rng.uniform(0.5, 1.5, many)  # where it shows what is added to which root
                scale[0] = 1e-5
                norm = [scale, rng.normal(0, 0.3, many), spread]
            bias = rng.normal(0, 0.2, many)
            numbers += [bias, weights, *norm] if layer["kind"] == "connected" else [bias, *norm, weights]
        done.append(out)
        shape = out
    header = struct.pack("<4i", 1_000_193_728, 2, 3, 9) if old else struct.pack("<3iq", 0, 2, 0, 64_000)
    cfg, weights_file = folder / f"{stem}.cfg", folder / f"{stem}.weights"
    cfg.write_text(CFGS[name])
    weights_file.write_bytes(header + np.concatenate(numbers).astype("<f4").tobytes())
    return cfg, weights_file


class Slow:
    """The network of a .cfg and a .weights, number by number, in float64."""

    def __init__(self, cfg: Path, weights: Path) -> None:
        self.net, *self.layers = layers_of(cfg.read_text())
        raw = weights.read_bytes()
        major, minor = struct.unpack("<2i", raw[:8])
        self.old = major > 1000 or minor > 1000
        start = 20 if major * 10 + minor >= 2 and not self.old else 16
        self.numbers, self.at = np.frombuffer(raw[start:], "<f4").astype(np.float64), 0

    def take(self, count: int) -> Array:
        self.at += count
        assert self.at <= len(self.numbers)
        return self.numbers[self.at - count : self.at]

    def run(self, picture: Array) -> Array:
        """(channels, height, width) in 0 … 1 → what the head is given, flat."""
        self.at, done, x = 0, [], picture
        for layer in self.layers[:-1]:
            x = getattr(self, layer["kind"])(x, layer, done)
            done.append(x)
        assert self.at == len(self.numbers), "some numbers were not used"
        return x.ravel()

    def active(self, x: Array, layer: dict[str, str]) -> Array:
        name = layer.get("activation", "logistic")
        if name == "leaky":
            return np.where(x > 0, x, 0.1 * x)
        if name == "relu":
            return np.where(x > 0, x, 0.0)
        return 1 / (1 + np.exp(-x)) if name == "logistic" else x

    def normed(self, x: Array, norm: list[Array], bias: Array) -> Array:
        """x: channels first."""
        column = [each.reshape(-1, *[1] * (x.ndim - 1)) for each in (*norm, bias)]
        if not norm:
            return x + column[0]
        scale, mean, variance, shift = column
        return (x - mean) / (np.sqrt(variance) + 0.000001) * scale + shift

    def convolutional(self, x: Array, layer: dict[str, str], done: list[Any]) -> Array:
        out = shape_of(layer, x.shape, [])
        size, stride = int(layer["size"]), int(layer.get("stride", 1))
        pad = size // 2 if layer.get("pad") == "1" else int(layer.get("padding", 0))
        bias = self.take(out[0])
        norm = [self.take(out[0]) for _ in range(3)] if layer.get("batch_normalize") == "1" else []
        weights = self.take(out[0] * size**2 * x.shape[0])
        weights = weights.reshape(-1, out[0]).T if layer.get("flipped") == "1" else weights.reshape(out[0], -1)
        padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
        y = np.zeros(out)
        for row in range(out[1]):
            for column in range(out[2]):
                part = padded[:, row * stride : row * stride + size, column * stride : column * stride + size]
                y[:, row, column] = weights @ part.ravel()
        return self.active(self.normed(y, norm, bias), layer)

    def local(self, x: Array, layer: dict[str, str], done: list[Any]) -> Array:
        out = shape_of(layer, x.shape, [])
        size, stride, pad = int(layer["size"]), int(layer["stride"]), int(layer.get("pad", 0))
        bias = self.take(int(np.prod(out))).reshape(out)
        weights = self.take(int(np.prod(out)) * size**2 * x.shape[0]).reshape(out[1] * out[2], out[0], -1)
        padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
        y = bias.copy()
        for row in range(out[1]):
            for column in range(out[2]):
                part = padded[:, row * stride : row * stride + size, column * stride : column * stride + size]
                y[:, row, column] += weights[row * out[2] + column] @ part.ravel()
        return self.active(y, layer)

    def connected(self, x: Array, layer: dict[str, str], done: list[Any]) -> Array:
        count = int(layer["output"])
        bias, weights = self.take(count), self.take(count * x.size)
        norm = [self.take(count) for _ in range(3)] if layer.get("batch_normalize") == "1" else []
        matrix = weights.reshape(x.size, count).T if self.old else weights.reshape(count, x.size)
        return self.active(self.normed(matrix @ x.ravel(), norm, bias), layer).reshape(count, 1, 1)

    def maxpool(self, x: Array, layer: dict[str, str], done: list[Any]) -> Array:
        out = shape_of(layer, x.shape, [])
        size, stride = int(layer["size"]), int(layer["stride"])
        before = (size - 1) // 2
        y = np.full(out, -np.inf)
        for channel, row, column, m, n in np.ndindex(*out, size, size):
            r, c = row * stride + m - before, column * stride + n - before
            if 0 <= r < x.shape[1] and 0 <= c < x.shape[2]:
                y[channel, row, column] = max(y[channel, row, column], x[channel, r, c])
        return y

    def crop(self, x: Array, layer: dict[str, str], done: list[Any]) -> Array:
        high, wide = int(layer["crop_height"]), int(layer["crop_width"])
        top, left = (x.shape[1] - high) // 2, (x.shape[2] - wide) // 2
        return x[:, top : top + high, left : left + wide] * 2 - 1

    def route(self, x: Array, layer: dict[str, str], done: list[Any]) -> Array:
        return np.concatenate([done[int(each)] for each in layer["layers"].split(",")])

    def dropout(self, x: Array, layer: dict[str, str], done: list[Any]) -> Array:
        return x

    def reorg(self, x: Array, layer: dict[str, str], done: list[Any]) -> Array:
        return slow_reorg(x, int(layer["stride"]))


def slow_reorg(x: Array, stride: int) -> Array:
    """Index by index: what stands in the answer at i, j of map k is read out of the same memory seen as a larger picture."""
    channels, high, wide = x.shape
    few = channels // stride**2
    memory, answer = x.ravel(), np.zeros(x.size)
    for k, j, i in np.ndindex(channels, high, wide):
        column, row = i * stride + (k // few) % stride, j * stride + (k // few) // stride
        answer[i + wide * (j + high * k)] = memory[column + wide * stride * (row + high * stride * (k % few))]
    return answer.reshape(channels * stride**2, high // stride, wide // stride)


def slow_boxes(cfg: Path, flat: Array) -> list[tuple[tuple[float, ...], list[float]]]:
    """Every box in shares of the picture, with the score of each class, place by place and box by box."""
    head = layers_of(cfg.read_text())[-1]
    kinds, num = int(head["classes"]), int(head.get("num", 1))
    found = []
    if head["kind"] == "detection":
        side = int(head["side"])
        for cell, box in np.ndindex(side**2, num):
            likely = flat[cell * kinds : (cell + 1) * kinds]
            if head.get("softmax") == "1":
                likely = np.exp(likely) / np.exp(likely).sum()
            sure = flat[side**2 * kinds + cell * num + box]
            x, y, w, h = flat[side**2 * (kinds + num) + (cell * num + box) * 4 :][:4]
            x, y = (x + cell % side) / side, (y + cell // side) / side
            if head.get("sqrt") == "1":
                w, h = w**2, h**2
            found.append(((x - w / 2, y - h / 2, x + w / 2, y + h / 2), [sure * each for each in likely]))
        return found
    anchors = [float(each) for each in head["anchors"].split(",")]
    size = len(flat) // (num * (5 + kinds))
    wide = {96: 12, 225: 15}[size]
    high = size // wide
    for cell, box in np.ndindex(size, num):
        own = flat.reshape(num, 5 + kinds, size)[box, :, cell]
        x, y = (1 / (1 + np.exp(-own[0])) + cell % wide) / wide, (1 / (1 + np.exp(-own[1])) + cell // wide) / high
        w, h = np.exp(own[2]) * anchors[2 * box] / wide, np.exp(own[3]) * anchors[2 * box + 1] / high
        likely = np.exp(own[5:]) / np.exp(own[5:]).sum() if head.get("softmax") == "1" else 1 / (1 + np.exp(-own[5:]))
        sure = 1 / (1 + np.exp(-own[4]))
        found.append(((x - w / 2, y - h / 2, x + w / 2, y + h / 2), [sure * each for each in likely]))
    return found


def pictures(system: Darknet, count: int = 2) -> Tensor:
    wide, high = system.prep.size
    return torch.rand(count, system.prep.channels, high, wide, generator=torch.Generator().manual_seed(5))
