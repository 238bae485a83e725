"""Darknet's layers with Darknet's numbers, and a network of them built from its .cfg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.errors import BadConfig
from looksay.nn import darknet_cfg as cfg
from looksay.nn.blocks import initialise
from looksay.nn.chance import Dropout
from looksay.nn.darknet_cfg import Activation, Layer, Net, outputs
from looksay.scene import Size

SLOPE = 0.1
TINY = 1e-6  # what Darknet adds to a standard deviation
MOST_WEIGHTS = 2**29  # numbers of a network: two gigabytes
MOST_VALUES = 2**27  # numbers that a layer puts out for a picture
Shape: TypeAlias = tuple[int, int, int]  # channels, rows, columns


@dataclass(frozen=True)
class Step:
    """What a layer takes and puts out for one picture, and how many numbers a weights file has for it."""

    into: Shape
    out: Shape
    weights: int = 0


def plan(net: Net, size: Size) -> tuple[Step, ...]:
    """Every layer's shapes for pictures of `size` (width, height), before anything is allocated; what cannot be is refused."""
    steps: list[Step] = []
    shape: Shape = (net.input.channels, size[1], size[0])
    for number, layer in enumerate(net.layers):
        name = f"[{type(layer).__name__.lower()}]"
        try:
            step = _routed(layer, steps) if isinstance(layer, cfg.Route) else _step(layer, shape)
        except ValueError as error:
            where = f"{net.where}:{layer.line}"
            raise BadConfig(f"layer {number}, {name}, {error}", where=where, mend="change the cfg or the size") from None
        steps.append(step)
        shape = step.out
        _limit(step.out[0] * step.out[1] * step.out[2], MOST_VALUES, "numbers for a picture", f"{net.where}:{layer.line}")
        _limit(sum(each.weights for each in steps), MOST_WEIGHTS, "weights", f"{net.where}:{layer.line}")
    return tuple(steps)


def _limit(count: int, most: int, what: str, where: str) -> None:
    if count > most:
        raise BadConfig(f"the network would have {count:,} {what} up to here", where=where, mend=f"{most:,} are the most")


def _step(layer: Layer, into: Shape) -> Step:
    channels, high, wide = into
    count = channels * high * wide
    weights, out = 0, into
    if isinstance(layer, cfg.Convolutional):
        out = (layer.filters, *slid(high, wide, layer.size, layer.stride, 2 * padding(layer)))
        weights = layer.filters * (layer.size**2 * channels + (4 if layer.batch_normalize else 1))
    elif isinstance(layer, cfg.Local):
        if layer.pad and layer.size != 3:
            raise ValueError(f"has pad=1 at size={layer.size}, with which Darknet itself goes wrong; only size=3 can be padded")
        out = (layer.filters, *slid(high, wide, 1 if layer.pad else layer.size, layer.stride, 0))
        weights = out[0] * out[1] * out[2] * (layer.size**2 * channels + 1)
    elif isinstance(layer, cfg.Connected):
        out = (layer.output, 1, 1)
        weights = layer.output * (count + (4 if layer.batch_normalize else 1))
    elif isinstance(layer, cfg.MaxPool):
        side, pad = window(layer)
        if pad >= side:
            raise ValueError(f"has padding={pad} at size={side}, so that windows would be empty")
        out = (channels, *slid(high, wide, side, layer.stride, pad))
    elif isinstance(layer, cfg.AvgPool):
        out = (channels, 1, 1)
    elif isinstance(layer, cfg.Reorg):
        square = layer.stride**2
        if high % layer.stride or wide % layer.stride or channels % square:
            raise ValueError(f"cannot cut {channels} x {high} x {wide} by stride={layer.stride}")
        out = (channels * square, high // layer.stride, wide // layer.stride)
    elif isinstance(layer, cfg.Crop):
        out = (channels, layer.crop_height, layer.crop_width)
        if out[1] > high or out[2] > wide:
            raise ValueError(f"cuts {out[2]} x {out[1]} out of {wide} x {high}")
    elif isinstance(layer, cfg.Softmax) and count % layer.groups:
        raise ValueError(f"cannot part {count} numbers into groups={layer.groups}")
    elif isinstance(layer, (cfg.Detection, cfg.Region)):
        wanted, found = outputs(layer, layer.classes), channels if isinstance(layer, cfg.Region) else count
        if wanted != found:
            raise ValueError(
                f"wants {wanted} numbers (of {layer.classes} classes and num={layer.num}), and the layer before has {found}"
            )
    if min(out) < 1:
        raise ValueError(f"leaves nothing of a map of {high} x {wide}")
    return Step(into, out, weights)


def _routed(layer: cfg.Route, steps: Sequence[Step]) -> Step:
    shapes = [steps[each].out for each in layer.layers]
    if len({shape[1:] for shape in shapes}) > 1:
        raise ValueError("joins maps of different sizes: " + ", ".join(f"{rows} x {columns}" for _, rows, columns in shapes))
    out = (sum(shape[0] for shape in shapes), *shapes[0][1:])
    return Step(out, out)


def slid(high: int, wide: int, size: int, stride: int, pad: int) -> tuple[int, int]:
    """Places of a window; `pad` is what is added to a side in all."""
    return (high + pad - size) // stride + 1, (wide + pad - size) // stride + 1


def padding(layer: cfg.Convolutional) -> int:
    return layer.size // 2 if layer.pad else layer.padding


def window(layer: cfg.MaxPool) -> tuple[int, int]:
    """(side, padding)"""
    side = layer.size or layer.stride
    return side, side - 1 if layer.padding < 0 else layer.padding


class Norm(nn.BatchNorm2d):
    """Darknet divides by the square root of the variance plus 1e-6, not by the root of their sum. For maps and for vectors."""

    running_mean: Tensor
    running_var: Tensor
    # In the terms of torch, whose merging of norms into convolutions then gives Darknet's numbers, too: (√v + t)² = v + this.
    eps: Any = property(lambda self: 2 * TINY * self.running_var.sqrt() + TINY**2, lambda self, value: None)

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.numel() > x.shape[1]:  # a single number has no variance
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, True, self.momentum or 0.0, TINY)
        factor = self.weight / (self.running_var.sqrt() + TINY)
        mean, factor, bias = (each.view(1, -1, *[1] * (x.ndim - 2)) for each in (self.running_mean, factor, self.bias))
        return (x - mean) * factor + bias


def activation(name: Activation) -> nn.Module:
    if name == "linear":
        return nn.Identity()
    return {"leaky": nn.LeakyReLU(SLOPE), "relu": nn.ReLU(), "logistic": nn.Sigmoid()}[name]


class Convolve(nn.Module):
    def __init__(self, layer: cfg.Convolutional, into: int) -> None:
        super().__init__()
        normed = layer.batch_normalize
        self.flipped = layer.flipped
        self.conv = nn.Conv2d(into, layer.filters, layer.size, layer.stride, padding(layer), bias=not normed)
        self.norm: nn.Module = Norm(layer.filters) if normed else nn.Identity()
        self.act = activation(layer.activation)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.act(self.norm(self.conv(x)))
        return found


class Connect(nn.Module):
    """(N, C, H, W) → (N, output, 1, 1)"""

    def __init__(self, layer: cfg.Connected, into: int) -> None:
        super().__init__()
        normed = layer.batch_normalize
        self.linear = nn.Linear(into, layer.output, bias=not normed)
        self.norm: nn.Module = Norm(layer.output) if normed else nn.Identity()
        self.act = activation(layer.activation)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.act(self.norm(self.linear(x.flatten(1))))
        return found[:, :, None, None]


class Localise(nn.Module):
    """At each of the map's L places another convolution: `weight` (L, filters, C · size²), `bias` (filters, rows, columns)."""

    def __init__(self, layer: cfg.Local, step: Step) -> None:
        super().__init__()
        self.size, self.stride, self.pad = layer.size, layer.stride, int(layer.pad)
        fan = layer.size**2 * step.into[0]
        self.weight = nn.Parameter(torch.randn(step.out[1] * step.out[2], layer.filters, fan) * (2 / fan) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(step.out))
        self.act = activation(layer.activation)

    def forward(self, x: Tensor) -> Tensor:
        seen = F.unfold(x, self.size, padding=self.pad, stride=self.stride)  # N, C · size², L
        found = torch.bmm(self.weight, seen.permute(2, 1, 0))  # L, filters, N
        maps: Tensor = self.act(found.permute(2, 1, 0).reshape(-1, *self.bias.shape) + self.bias)
        return maps


class Pool(nn.Module):
    """The largest of each window. Windows reach over the right and lower edge as far as Darknet's do."""

    def __init__(self, layer: cfg.MaxPool, step: Step) -> None:
        super().__init__()
        (self.size, self.pad), self.stride = window(layer), layer.stride

    def forward(self, x: Tensor) -> Tensor:
        before = self.pad // 2
        after = []
        for side, count in zip(x.shape[2:], slid(x.shape[2], x.shape[3], self.size, self.stride, self.pad), strict=True):
            after.append(max(0, (count - 1) * self.stride + self.size - side - before))
        if before or any(after):
            x = F.pad(x, (before, after[1], before, after[0]), value=float("-inf"))
        return F.max_pool2d(x, self.size, self.stride)


class Mean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3), keepdim=True)


class Join(nn.Module):
    def forward(self, *maps: Tensor) -> Tensor:
        return torch.cat(maps, dim=1) if len(maps) > 1 else maps[0]


class Reorganise(nn.Module):
    """Four maps of half the size (at stride 2) for each, in Darknet's own order: the numbers of the map are read as a picture
    of C / s² channels, s times as wide and high as they are, whose cells of s x s then become channels. Neighbours on the map
    are no neighbours there; but the weights were learnt with it."""

    def __init__(self, layer: cfg.Reorg) -> None:
        super().__init__()
        self.stride = layer.stride

    def forward(self, x: Tensor) -> Tensor:
        (count, channels, high, wide), by = x.shape, self.stride
        read = x.reshape(count, channels // by**2, high, by, wide, by)
        found = read.permute(0, 3, 5, 1, 2, 4)  # within a cell row and column, channel, cell's row and column
        return found.reshape(count, channels * by**2, high // by, wide // by)


class Middle(nn.Module):
    def __init__(self, layer: cfg.Crop) -> None:
        super().__init__()
        self.high, self.wide, self.signed = layer.crop_height, layer.crop_width, not layer.noadjust

    def forward(self, x: Tensor) -> Tensor:
        top, left = (x.shape[2] - self.high) // 2, (x.shape[3] - self.wide) // 2
        x = x[:, :, top : top + self.high, left : left + self.wide]
        return x * 2 - 1 if self.signed else x


class Shares(nn.Module):
    """Softmax within each of the groups of all numbers."""

    def __init__(self, layer: cfg.Softmax) -> None:
        super().__init__()
        self.groups, self.temperature = layer.groups, layer.temperature

    def forward(self, x: Tensor) -> Tensor:
        return (x.reshape(x.shape[0], self.groups, -1) / self.temperature).softmax(dim=2).reshape(x.shape)


def module(layer: Layer, step: Step) -> nn.Module:
    count = step.into[0] * step.into[1] * step.into[2]
    made: nn.Module = nn.Identity()  # [cost] and the heads, which only read
    if isinstance(layer, cfg.Convolutional):
        made = Convolve(layer, step.into[0])
    elif isinstance(layer, cfg.Connected):
        made = Connect(layer, count)
    elif isinstance(layer, cfg.Local):
        made = Localise(layer, step)
    elif isinstance(layer, cfg.MaxPool):
        made = Pool(layer, step)
    elif isinstance(layer, cfg.Reorg):
        made = Reorganise(layer)
    elif isinstance(layer, cfg.Dropout):
        made = Dropout(layer.probability)
    elif isinstance(layer, cfg.Crop):
        made = Middle(layer)
    elif isinstance(layer, cfg.Softmax):
        made = Shares(layer)
    elif isinstance(layer, (cfg.AvgPool, cfg.Route)):
        made = Mean() if isinstance(layer, cfg.AvgPool) else Join()
    return made


class Layers(nn.Module):
    """(N, C, H, W) → what the head reads. `layers` are numbered as Darknet numbers them."""

    def __init__(self, net: Net, size: Size) -> None:
        super().__init__()
        steps = plan(net, size)
        pairs = list(zip(net.layers, steps, strict=True))[:-1]
        self.layers = nn.ModuleList(module(layer, step) for layer, step in pairs)
        self.routes = {number: layer.layers for number, layer in enumerate(net.layers) if isinstance(layer, cfg.Route)}
        self.kept = {each for layers in self.routes.values() for each in layers}
        self.kinds = [type(layer).__name__.lower() for layer, _ in pairs]
        self.weights = [step.weights for step in steps]
        ends = [
            part.conv if isinstance(part, Convolve) else part.linear
            for part in self.layers[-1:]
            if isinstance(part, (Convolve, Connect))
        ]
        initialise(self, *ends)

    def forward(self, x: Tensor) -> Tensor:
        kept: dict[int, Tensor] = {}
        for number, layer in enumerate(self.layers):
            x = layer(*(kept[each] for each in self.routes[number])) if number in self.routes else layer(x)
            if number in self.kept:
                kept[number] = x
        return x

    @property
    def last(self) -> nn.Conv2d | nn.Linear | None:
        """The layer whose numbers the head reads, if it has a bias of its own."""
        end = self.layers[-1] if self.layers else None
        found = end.conv if isinstance(end, Convolve) else end.linear if isinstance(end, Connect) else None
        return found if found is not None and found.bias is not None else None

    def taps(self) -> dict[str, nn.Module]:
        silent = ("dropout", "cost", "softmax", "crop")
        named = zip(self.kinds, self.layers, strict=True)
        return {f"{kind}{number}": layer for number, (kind, layer) in enumerate(named) if kind not in silent}
