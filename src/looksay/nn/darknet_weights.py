"""Darknet's .weights files: a short header, then the numbers of each layer in turn as float32, without any names."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from looksay.disk import write_atomically
from looksay.errors import BadWeights
from looksay.nn.darknet_layers import Connect, Convolve, Layers, Localise, Norm, Step

NEW = 1000  # a version from here on is no version, but the first number of a file of the oldest kind
ANOTHER = "is this the .cfg that the weights were learnt with?"


@dataclass(frozen=True)
class Header:
    """`seen` counts the pictures that it has learnt from, `size` the header's bytes. In the oldest files the matrices of
    connected layers stand inputs first: `turned`."""

    major: int
    minor: int
    revision: int
    seen: int
    size: int
    turned: bool


def read_header(path: Path) -> Header:
    try:
        with open(path, "rb") as file:
            start = file.read(20)
    except FileNotFoundError:
        raise BadWeights("there is no such file", where=str(path)) from None
    except OSError as error:
        raise BadWeights(f"cannot be read: {error.strerror or error}", where=str(path)) from None
    if len(start) < 16:
        raise BadWeights(f"has {len(start)} bytes, and its header alone has 16", where=str(path), mend="fetch it again")
    major, minor, revision = struct.unpack("<3i", start[:12])
    if min(major, minor, revision) < 0:
        what = f"begins with version {major}.{minor}.{revision}, which Darknet does not write"
        raise BadWeights(what, where=str(path), mend="this is no .weights file of Darknet")
    turned = major > NEW or minor > NEW
    if major * 10 + minor >= 2 and major < NEW and minor < NEW and len(start) == 20:
        return Header(major, minor, revision, struct.unpack("<q", start[12:])[0], 20, turned)
    return Header(major, minor, revision, struct.unpack("<i", start[12:16])[0], 16, turned)


def check(path: Path, steps: Sequence[Step], kinds: Sequence[str]) -> Header:
    """The header, once the file is known to be as long as the network wants it: nothing need be allocated for one that is not."""
    header, wanted = read_header(path), sum(step.weights for step in steps)
    length = path.stat().st_size
    if length - 4 * wanted == 16 < header.size:  # written where a size has four bytes
        return replace(header, seen=header.seen & 0xFFFFFFFF, size=16)
    found, rest = divmod(length - header.size, 4)
    if rest:
        what = f"ends in the middle of a number: {length} bytes, of which {header.size} are the header"
        raise BadWeights(what, where=str(path), mend="fetch it again")
    if found < wanted:
        number = next(number for number, upto in enumerate(accumulate(step.weights for step in steps)) if upto > found)
        what = f"has {found:,} numbers, and the network takes {wanted:,}: it ends in layer {number}, [{kinds[number]}]"
        raise BadWeights(what, where=str(path), mend=ANOTHER)
    if found > wanted:
        what = f"has {found:,} numbers, and the network takes {wanted:,}: {found - wanted:,} are left over after its last layer"
        raise BadWeights(what, where=str(path), mend=ANOTHER)
    return header


def fill(layers: Layers, path: Path, header: Header) -> None:
    """Reads the numbers through a memory map, layer by layer."""
    if not sum(layers.weights):
        return
    numbers = np.memmap(path, "<f4", "r", offset=header.size)
    upto = 0
    for number, layer in enumerate(layers.layers):
        for name, tensor, turned in pieces(layer, header.turned):
            part = torch.from_numpy(np.array(numbers[upto : upto + tensor.numel()], np.float32))
            if not bool(torch.isfinite(part).all()) or (name == "variances" and bool((part < 0).any())):
                what = f"the {name} of layer {number}, [{layers.kinds[number]}], hold numbers that cannot be"
                raise BadWeights(what, where=str(path), mend=ANOTHER)
            flat = part.view(-1, tensor.shape[0]).T if turned else part
            with torch.no_grad():
                tensor.copy_(flat.reshape(tensor.shape))
            upto += tensor.numel()


def write(path: Path, layers: Layers, *, seen: int = 0) -> None:
    """As Darknet 0.2 writes them, which every later one reads."""
    parts = [struct.pack("<3iq", 0, 2, 0, seen)]
    for layer in layers.layers:
        for _, tensor, turned in pieces(layer, turned=False):
            kept = tensor.detach().cpu().float()
            kept = kept.reshape(len(kept), -1).T if turned else kept
            parts.append(kept.contiguous().numpy().astype("<f4").tobytes())
    write_atomically(path, b"".join(parts))


def pieces(layer: nn.Module, turned: bool) -> Iterator[tuple[str, Tensor, bool]]:
    """A layer's tensors in the order of the file, each with whether it stands inputs first there. A norm's numbers come before
    the weights of a convolution, and after those of a connected layer."""
    if isinstance(layer, Convolve):
        yield "biases", bias_of(layer.conv, layer.norm), False
        yield from norms(layer.norm)
        yield "weights", layer.conv.weight, layer.flipped
    elif isinstance(layer, Connect):
        yield "biases", bias_of(layer.linear, layer.norm), False
        yield "weights", layer.linear.weight, turned
        yield from norms(layer.norm)
    elif isinstance(layer, Localise):
        yield "biases", layer.bias, False
        yield "weights", layer.weight, False


def bias_of(layer: nn.Conv2d | nn.Linear, norm: nn.Module) -> Tensor:
    bias = norm.bias if isinstance(norm, Norm) else layer.bias
    assert bias is not None
    return bias


def norms(norm: nn.Module) -> Iterator[tuple[str, Tensor, bool]]:
    if isinstance(norm, Norm):
        yield "scales", norm.weight, False
        yield "means", norm.running_mean, False
        yield "variances", norm.running_var, False
