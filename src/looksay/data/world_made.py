"""What the border of the storybook's world is learnt from: pages as they come out of files, and pictures by formula: clouds of
noise, scattered leaves, blended and faded pages, text, flat paint. No photograph is needed, and none was ever used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Vector = npt.NDArray[np.float64]
Size = tuple[int, int]
SHORTEST = 32  # pixels of a short side
ROUND = (32, 64, 128, 256)


def worn(r: np.random.Generator, picture: Picture, pressed: bool) -> Picture:
    """As pictures come: some rescaled a little, some out of a JPEG file (`pressed`), whose colours may be thinned out."""
    if r.random() < 0.3:
        way = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)[r.integers(3)]
        scale = max(r.uniform(0.7, 1.4), SHORTEST / min(picture.shape[:2]))
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way)
    if pressed:
        thin = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420)[r.integers(2)]
        how = (cv2.IMWRITE_JPEG_QUALITY, int(r.choice((75, 75, 80, 85, 90, 95))), cv2.IMWRITE_JPEG_SAMPLING_FACTOR, thin)
        code = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), how)[1]
        picture = cv2.cvtColor(cv2.imdecode(code, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return picture


def worn_pages(seed: int, count: int) -> Iterator[Picture]:
    """Pages of either view by turns, their short sides 32 to 512 pixels, each in three states of wear."""
    from looksay.storybook.compose import VIEWS, compose
    from looksay.storybook.page import draw

    for index in range(count):
        r = np.random.default_rng((seed, index))
        page = draw(compose(seed, index, VIEWS[index % len(VIEWS)]), any_size(r, 512)).picture
        yield from (worn(r, page, pressed) for pressed in (False, True, True))


def any_size(r: np.random.Generator, most: int) -> Size:
    """(width, height), the short side from SHORTEST to `most`, small ones as often as large ones, every other a round one."""
    short, longer = round(SHORTEST * (most / SHORTEST) ** r.random()), r.choice((1, 1, 4 / 3, 3 / 2, 16 / 9))
    if r.random() < 0.5:
        short = int(r.choice([one for one in ROUND if one <= most]))
    return (round(short * longer), short) if r.random() < 0.7 else (short, round(short * longer))


def made_up(seed: int, index: int, pages: Sequence[Picture]) -> Picture:
    """A picture by formula. `pages` are those that may be blended or faded."""
    r = np.random.default_rng((seed, index, 1))
    size = any_size(r, 256)
    kind = r.choice(5, p=(0.15, 0.3, 0.2, 0.2, 0.15))
    if kind == 4:
        return worn(r, _paint(r, size), r.random() < 0.6)
    x = _clouds(r, size) if kind == 0 else _leaves(r, size) if kind < 3 else _blend(r, size, pages)
    if kind == 2:
        mask = 1 / (1 + np.exp(-_cloud(r, size, r.uniform(1.2, 2)) * r.uniform(2, 30)))
        x = x * mask + _clouds(r, size) * (1 - mask)
        if r.random() < 0.5:
            sky = int(size[1] * r.uniform(0.2, 0.6))
            glow = np.linspace(r.uniform(120, 255), r.uniform(150, 255), sky)[:, None, None] + r.uniform(-30, 30, 3)
            x[:sky] = np.where(mask[:sky] > 0.7, x[:sky], glow)
    x = 255 * (np.clip(x, 0, 255) / 255) ** 2 ** r.uniform(-1, 1)
    if r.random() < 0.6:
        x = cv2.GaussianBlur(x, (0, 0), r.uniform(0.3, 1.2) * min(size) / 200 + 0.2)
    x += r.standard_normal(x.shape) * r.choice((0, 0, 0, 1, 2, 4, 8))
    picture = np.clip(x, 0, 255).astype(np.uint8)
    if r.random() < 0.2:
        picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return worn(r, picture, r.random() < 0.6)


def _cloud(r: np.random.Generator, size: Size, fall: float) -> Vector:
    """Noise (height, width, 1) whose amplitude falls as frequency to the power of -fall; mean 0, deviation 1."""
    rate = np.hypot(np.fft.fftfreq(size[1])[:, None], np.fft.rfftfreq(size[0]) * r.uniform(0.6, 1.6))
    rate[0, 0] = np.inf
    noise = np.fft.irfft2(np.fft.rfft2(r.standard_normal(size[::-1])) / rate**fall, size[::-1])
    cloud: Vector = (noise / noise.std())[..., None]
    return cloud


def _inks(r: np.random.Generator, waves: Vector) -> Vector:
    """Three numbers each to colours that vary in brightness more than in hue, about a mean, as light does."""
    tints = np.concatenate([np.ones((3, 1)), r.uniform(0, 0.6) * r.standard_normal((3, 2))], axis=1)
    colours: Vector = np.clip(r.uniform(40, 200) + r.uniform(15, 80) * (waves @ tints.T), 0, 255)
    return colours


def _clouds(r: np.random.Generator, size: Size) -> Vector:
    fall = r.uniform(0.5, 1.8)
    return _inks(r, np.concatenate([_cloud(r, size, fall + r.uniform(-0.2, 0.3)) for _ in range(3)], axis=2))


def _leaves(r: np.random.Generator, size: Size) -> Vector:
    """Flat shapes of all sizes that hide each other, under uneven light: the plainest model of a photograph."""
    count = int(r.integers(30, 500))
    inks, round_ones = _inks(r, r.standard_normal((count + 1, 3))), r.choice((0, 0.5, 1))
    radii = np.minimum(r.uniform(0.004, 0.03) * r.random(count) ** (-1 / r.uniform(1, 3)), 0.6) * min(size) + 1
    leaves = np.full((size[1], size[0], 3), inks[-1]).astype(np.uint8)
    for ink, radius, at in zip(inks, radii, r.uniform(0, size, (count, 2)), strict=False):
        turns = np.linspace(0, 6.28, 16) if r.random() < round_ones else np.sort(r.uniform(0, 6.28, r.integers(3, 6)))
        outline = at + radius * np.stack([np.cos(turns), r.uniform(0.3, 1) * np.sin(turns)], axis=1)
        cv2.fillPoly(leaves, [np.rint(outline * 16).astype(np.int32)], ink.tolist(), cv2.LINE_AA, 4)
    light = _cloud(r, size, r.uniform(0.7, 1.6)) * r.uniform(0, 25) + _cloud(r, size, 2) * r.uniform(0, 30)
    return leaves * (1 + light / 128) if r.random() < 0.5 else leaves + light


def _blend(r: np.random.Generator, size: Size, pages: Sequence[Picture]) -> Vector:
    """Pages seen through one another, or one under a texture, faded."""
    few = [
        cv2.resize(pages[place], size, interpolation=cv2.INTER_AREA).astype(np.float64) for place in r.integers(0, len(pages), 3)
    ]
    if r.random() < 0.67:
        x = sum((share * one for share, one in zip(r.dirichlet((1, 1, 1)), few, strict=True)), np.zeros_like(few[0]))
        x = (x - x.mean()) * r.uniform(0.8, 2) + r.uniform(60, 180)
    else:
        x = few[0] * (1 + _cloud(r, size, 1.3) * r.uniform(0.1, 0.4))
    grey = x.mean(2, keepdims=True)
    faded: Vector = grey + (x - grey) * r.uniform(0, 1)
    return faded


def _paint(r: np.random.Generator, size: Size) -> Picture:
    """A smooth run of colours, boxes, text, coarse noise or strokes."""
    width, height = size
    paper = np.repeat(r.choice((0, 20, 245, 255)), 3) if r.random() < 0.5 else r.integers(0, 256, 3)
    x: Picture = np.full((height, width, 3), paper, np.uint8)
    kind = r.integers(5)
    if kind == 0:
        x = cv2.resize(r.integers(0, 256, (2, 2, 3)).astype(np.uint8), size, interpolation=cv2.INTER_CUBIC)
    elif kind == 1:
        rough = r.integers(0, 256, (height // r.integers(1, 9), width // r.integers(1, 9), 3)).astype(np.uint8)
        x = cv2.resize(rough, size, interpolation=int(r.integers(3)))
    for _ in range(r.integers(1, 12) if kind > 1 else 0):
        ink = r.integers(0, 256, 3).tolist() if kind == 2 or r.random() < 0.3 else (255 - paper).tolist()
        points = r.integers(0, size, (r.integers(2, 9), 2)).astype(np.int32)
        if kind == 2:
            cv2.rectangle(x, points[0].tolist(), points[1].tolist(), ink, -1)
        elif kind == 3:
            text = "".join(map(chr, r.integers(97, 122, 20)))
            cv2.putText(x, text, points[0].tolist(), cv2.FONT_HERSHEY_SIMPLEX, r.uniform(0.2, 1), ink, 1, cv2.LINE_AA)
        else:
            cv2.polylines(x, [points], False, ink, int(r.integers(1, 6)), cv2.LINE_AA)
    return x
