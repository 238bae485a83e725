"""What is done to a training picture, drawn from (seed, epoch, index) alone: geometry on each picture, colour on the batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from looksay.nn.placement import Placement, placed
from looksay.nn.prep import Picture, Prep, fit, grey
from looksay.nn.recipe import Augment
from looksay.storybook.chance import Chance


def shape(picture: Picture, prep: Prep, how: Augment, chance: Chance) -> tuple[Picture, Placement]:
    """Crop, scale, shift, mirror and blank: uint8 (h, w, c) of the prep's size, and where the picture lies in it."""
    if how.scale[1]:
        picture, place = _scaled(picture, prep, how, chance)
    elif how.crop != (1.0, 1.0) or how.ratio != (1.0, 1.0):
        picture, place = _crop(picture, prep, how, chance)
    else:
        picture, place = fit(picture, prep), placed((picture.shape[1], picture.shape[0]), prep)
    if how.shift:
        picture, place = _shift(picture, place, how.shift, chance)
    if how.flip and chance.coin(how.flip):
        picture, place = picture[:, ::-1], place.mirrored()
    if how.erase and chance.coin(how.erase):
        picture = _erase(picture, chance)
    return np.ascontiguousarray(picture), place


def _scaled(picture: Picture, prep: Prep, how: Augment, chance: Chance) -> tuple[Picture, Placement]:
    """VGG's way: the short side becomes S from a range, then a random crop of the network's size."""
    wide, high = prep.size
    side = max(how.scale[0] + chance.below(how.scale[1] - how.scale[0] + 1), wide, high)
    height, width = picture.shape[:2]
    short = min(height, width)
    new = (max(wide, round(width * side / short)), max(high, round(height * side / short)))
    shrinks = new[0] < width
    resized = np.asarray(cv2.resize(picture, new, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8)
    left, top = chance.below(new[0] - wide + 1), chance.below(new[1] - high + 1)
    place = Placement((new[0] / width, new[1] / height), (-left, -top), prep.size)
    return grey(resized[top : top + high, left : left + wide], prep.channels), place


def _crop(picture: Picture, prep: Prep, how: Augment, chance: Chance) -> tuple[Picture, Placement]:
    """A random share of the area at a random aspect, brought to the network's size as `fit` does, or stretched to it where
    that would crop once more."""
    height, width = picture.shape[:2]
    area = chance.real(*how.crop) * width * height
    ratio = math.exp(chance.real(math.log(how.ratio[0]), math.log(how.ratio[1]))) * (width / height)
    w = min(width, max(1, round(math.sqrt(area * ratio))))
    h = min(height, max(1, round(math.sqrt(area / ratio))))
    left, top = chance.below(width - w + 1), chance.below(height - h + 1)
    part = picture[top : top + h, left : left + w]
    if prep.mode in ("letterbox", "inside"):
        inner = placed((w, h), prep)
        return fit(part, prep), Placement((1.0, 1.0), (-left, -top)).then(inner.scale, inner.shift, inner.size)._replace(
            pad=inner.pad
        )
    shrinks = w > prep.size[0]
    resized = np.asarray(cv2.resize(part, prep.size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8)
    scale = (prep.size[0] / w, prep.size[1] / h)
    place = Placement(scale, (-left * scale[0], -top * scale[1]), prep.size)
    return grey(resized.reshape(*resized.shape[:2], -1), prep.channels), place


def _shift(picture: Picture, place: Placement, share: float, chance: Chance) -> tuple[Picture, Placement]:
    height, width = picture.shape[:2]
    dx, dy = round(chance.real(-share, share) * width), round(chance.real(-share, share) * height)
    rows = np.clip(np.arange(height) + dy, 0, height - 1)
    columns = np.clip(np.arange(width) + dx, 0, width - 1)
    smear = (max(-dx, 0), max(-dy, 0), max(dx, 0), max(dy, 0))
    return np.asarray(picture[rows][:, columns]), place.then((1.0, 1.0), (-dx, -dy), place.size)._replace(smear=smear)


def mosaic(pictures: Sequence[Picture], prep: Prep, how: Augment, chance: Chance) -> tuple[Picture, list[Placement]]:
    """Four pictures around a point drawn near the middle, each cropped, mirrored and brought to its corner's size."""
    wide, high = prep.size
    x, y = round(wide * chance.real(0.35, 0.65)), round(high * chance.real(0.35, 0.65))
    corners = ((0, 0, x, y), (x, 0, wide, y), (0, y, x, high), (x, y, wide, high))
    canvas = np.empty((high, wide, prep.channels), np.uint8)
    places = []
    for picture, (left, top, right, bottom) in zip(pictures, corners, strict=True):
        size = (right - left, bottom - top)
        part = replace(prep, size=size, mode="stretch")
        seen, place = shape(picture, part, replace(how, scale=(0, 0), erase=0.0), chance)
        canvas[top:bottom, left:right] = seen
        places.append(place._replace(offset=(left, top)))
    return canvas, places


def _erase(picture: Picture, chance: Chance) -> Picture:
    height, width = picture.shape[:2]
    h, w = max(1, round(height * chance.real(0.1, 0.4))), max(1, round(width * chance.real(0.1, 0.4)))
    top, left = chance.below(height - h + 1), chance.below(width - w + 1)
    erased = picture.copy()
    erased[top : top + h, left : left + w] = 128
    return erased


def tints(how: Augment, chance: Chance) -> tuple[float, float, float]:
    """(brightness, contrast, saturation) factors of one picture."""
    return (
        1 + chance.real(-how.brightness, how.brightness),
        1 + chance.real(-how.contrast, how.contrast),
        1 + chance.real(-how.saturation, how.saturation),
    )


def colour(pictures: Tensor, factors: npt.NDArray[np.float32]) -> Tensor:
    """uint8 (N, H, W, C) → float of the same shape in 0 … 255, each picture with its own brightness, contrast and saturation."""
    x = pictures.float()
    f = torch.from_numpy(factors).to(x.device)[:, :, None, None, None]  # N 3 1 1 1
    if x.shape[3] == 3:
        luma = x @ torch.tensor([0.299, 0.587, 0.114], device=x.device)  # N H W
        x = torch.lerp(luma[..., None], x, f[2])
    middle = x.mean(dim=(1, 2, 3), keepdim=True)
    return ((x - middle) * f[1] + middle).mul_(f[0]).clamp_(0, 255)
