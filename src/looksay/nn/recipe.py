"""How a system is trained: plain settings, in stages, with the score and the cost that they are expected to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Augment:
    """What is done to a training picture. All zero: nothing but the resizing that looking does too."""

    flip: float = 0.0  # chance of a mirror image
    crop: tuple[float, float] = (1.0, 1.0)  # share of the area kept, drawn from this range
    ratio: tuple[float, float] = (1.0, 1.0)  # width / height of the crop, drawn from this range
    shift: float = 0.0  # moved by up to this share of the size, the border repeated
    brightness: float = 0.0  # factors drawn from 1 ± this
    contrast: float = 0.0
    saturation: float = 0.0
    erase: float = 0.0  # chance that a rectangle is blanked
    scale: tuple[int, int] = (0, 0)  # training scale S: the short side is drawn from this range, then cropped to size
    mosaic: float = 0.0  # chance that four pictures are shown as one
    sizes: tuple[int, ...] = ()  # the side of the network's picture is drawn from these for each batch


GENTLE = Augment(flip=0.5, crop=(0.5, 1.0), ratio=(0.8, 1.25), brightness=0.2, contrast=0.2, saturation=0.2)
VARIED = Augment(flip=0.5, crop=(0.4, 1.0), ratio=(0.75, 1.33), brightness=0.2, contrast=0.2, saturation=0.2)


@dataclass(frozen=True)
class Stage:
    """One training with one objective. Most systems have a single stage."""

    name: str = "train"
    epochs: int = 10
    batch_size: int = 64
    img_size: int = 128
    optimizer: Literal["sgd", "adamw", "adam", "rmsprop", "adadelta"] = "sgd"
    lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False  # sgd looks ahead by its momentum
    weight_decay: float = 1e-4
    schedule: Literal["cosine", "step", "constant", "linear"] = "cosine"
    milestones: tuple[float, ...] = (0.6, 0.85)  # of the stage, for `step`
    gamma: float = 0.1  # for `step`
    warmup: float = 0.0  # share of the stage
    clip: float = 0.0  # norm of the gradient, 0 = no clipping
    ema: float = 0.0  # decay of the averaged weights, 0 = none
    smoothing: float = 0.0  # of the labels
    balance: Literal["none", "weights", "sampling"] = "none"  # against class imbalance
    precision: Literal["fp32", "bf16"] = "bf16"
    patience: int = 0  # epochs without a better score before stopping, 0 = never stop early
    freeze: tuple[str, ...] = ()  # parameters whose names start so are not trained
    augment: Augment = Augment()


@dataclass(frozen=True)
class Recipe:
    """`settings` change the network itself. `expect` is the score that the system's first variant reaches on pages that it never
    saw, `minutes` what that takes on two CPU cores; `looksay evaluate` and the tables in `results/` check them."""

    stages: tuple[Stage, ...] = (Stage(),)
    data: str = "storybook"
    settings: Mapping[str, Any] = field(default_factory=dict)
    metric: str = "top1"
    enlarge: float = 1.0  # pictures that the finished network sees are so much larger than the last stage's, whose crops enlarge
    expect: float = 0.0
    minutes: float = 0.0
    start: str = ""  # a system whose shipped weights this one begins with, as far as names and shapes agree
    note: str = ""
