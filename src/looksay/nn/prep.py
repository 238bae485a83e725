"""From a picture to what a network takes, and nothing else: the one place where size, crop and normalisation are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from looksay.scene import Size

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Prep:
    """`size` (width, height) goes into the network. 'crop' resizes the short side to `resize` and cuts the middle out,
    'stretch' ignores the aspect, 'letterbox' keeps it and pads with grey; 'inside' keeps it too, with the short side `resize`
    or the long one the longer of `size`, whichever is less, and pads a batch below and on the right to multiples of `size_step`.
    Values are (x / 255 - mean) / std;
    with channels = 1 the picture is made grey first."""

    size: tuple[int, int] = (224, 224)
    mode: Literal["crop", "stretch", "letterbox", "inside"] = "crop"
    resize: int = 256
    channels: Literal[1, 3] = 3
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    filter: Literal["bilinear", "bicubic"] = "bilinear"
    size_step: int = 32


def fit(picture: Picture, prep: Prep) -> Picture:
    """uint8 (height, width, channels) of the prep's size. Resizing averages over what it shrinks (antialias)."""
    wide, high = prep.size
    resample = Image.Resampling.BILINEAR if prep.filter == "bilinear" else Image.Resampling.BICUBIC
    height, width = picture.shape[:2]
    as_is = prep.mode in ("stretch", "letterbox") or (prep.mode == "crop" and prep.resize == min(wide, high))
    if (width, height) == (wide, high) and as_is:
        return grey(picture, prep.channels)
    image = Image.fromarray(np.ascontiguousarray(picture))
    if prep.mode == "stretch":
        image = image.resize((wide, high), resample)
    elif prep.mode == "crop":
        short = min(width, height)
        # The long side is cut to a whole number as torchvision does, so that published scores are met.
        new = (int(prep.resize * width / short), int(prep.resize * height / short))
        image = image.resize(new, resample) if new != (width, height) else image
        left, top = round((new[0] - wide) / 2.0), round((new[1] - high) / 2.0)
        image = image.crop((left, top, left + wide, top + high))
    elif prep.mode == "inside":
        new = inside((width, height), prep)
        image = image.resize(new, resample) if new != (width, height) else image
    else:
        new = inside((width, height), prep)
        canvas = Image.new("RGB", (wide, high), (114, 114, 114))
        canvas.paste(image.resize(new, resample), ((wide - new[0]) // 2, (high - new[1]) // 2))
        image = canvas
    return grey(np.asarray(image), prep.channels)


def inside(size: Size, prep: Prep) -> Size:
    """The size at which 'letterbox' and 'inside' show a picture of `size`."""
    width, height = size
    if prep.mode == "inside":  # cut to whole numbers as torchvision does
        share = min(prep.resize / min(size), max(prep.size) / max(size))
        return max(1, int(width * share)), max(1, int(height * share))
    share = min(prep.size[0] / width, prep.size[1] / height)
    return max(1, round(width * share)), max(1, round(height * share))


def grey(picture: Picture, channels: int) -> Picture:
    """(h, w, 3) stays or becomes (h, w, 1) by the luma weights of BT.601."""
    if channels == picture.shape[2]:
        return picture
    if channels == 3:
        return np.repeat(picture, 3, axis=2)
    return np.asarray(Image.fromarray(np.ascontiguousarray(picture)).convert("L"))[:, :, None]
