"""What lies between the page and the reader: falling weather, paper, a slight blur, grain and darker corners."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from looksay.storybook.canvas import Bytes, Canvas
from looksay.storybook.chance import Chance
from looksay.storybook.light import light
from looksay.storybook.noise import TILE, patch, stream, tile
from looksay.storybook.spec import PageSpec


def through_lens(canvas: Canvas, spec: PageSpec, moment: int = 0) -> npt.NDArray[np.uint8]:
    """The finished picture (h, w, 3). `moment` counts the frames of a clip: weather falls and grain changes."""
    chance = Chance(spec.seed, spec.index, "lens")
    picture = cv2.cvtColor(canvas.pixels, cv2.COLOR_RGBA2RGB)
    size = (canvas.width, canvas.height)
    weather(picture, spec, chance, moment)
    if chance.coin(0.3 if spec.view == "portrait" else 0.12):
        width = max(canvas.height // 100, 3) | 1
        soft = cv2.GaussianBlur(picture, (width, width), 0)
        picture = soft if canvas.height >= 160 else cv2.addWeighted(picture, 0.5, soft, 0.5, 0)
    picture = cv2.multiply(picture, _paper(size, chance.below(4), light(spec).indoors), scale=1 / 128)
    strength = chance.weighted((1, 2, 3, 5), (3, 4, 2, 1))
    grainy: Bytes = cv2.subtract(cv2.add(picture, _grain(size, strength, (chance.below(4) + moment) % 4)), (strength // 2,) * 3)
    return grainy


@lru_cache(maxsize=16)
def _paper(size: tuple[int, int], kind: int, indoors: bool) -> Bytes:
    """Factors out of 128: an uneven wash, the tooth of the paper, and slightly darker corners."""
    width, height = size
    wash = patch(tile("wash", 8), size, (37 * kind, 91 * kind, TILE, TILE)).astype(np.int32) - 128
    rows, columns = (np.arange(height) + 29 * kind) % TILE, (np.arange(width) + 13 * kind) % TILE
    tooth = tile("tooth", 128)[rows[:, None], columns].astype(np.int32) - 128
    x = (np.arange(width) * 512 // width - 256) ** 2
    y = (np.arange(height) * 512 // height - 256) ** 2
    corner = (x[None, :] + y[:, None]) ** 2 // (1 << 23)
    factor = 128 + wash // 20 + tooth // 32 - corner * (12 if indoors else 9) // 2048
    return np.repeat(np.clip(factor, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


@lru_cache(maxsize=16)
def _grain(size: tuple[int, int], strength: int, kind: int) -> Bytes:
    """Noise of 0 … strength, nearly the same in the three colours."""
    width, height = size
    values = (stream(width * height, "grain", kind) * (strength + 1)).astype(np.uint8).reshape(height, width)
    return np.repeat(values[:, :, None], 3, axis=2)


def weather(picture: npt.NDArray[np.uint8], spec: PageSpec, chance: Chance, moment: int) -> None:
    """Flakes, drops, leaves or petals in the air."""
    shine = light(spec)
    if shine.indoors or shine.weather not in ("snow", "rain", "leaves", "petals"):
        return
    height, width = picture.shape[:2]
    count = {"snow": 90, "rain": 60, "leaves": 16, "petals": 18}[shine.weather]
    count = count * min(max(height, 64), 128) // 128
    numbers = stream(count * 4, spec.seed, spec.index, "flakes").reshape(count, 4)
    speed = {"snow": 0.02, "rain": 0.11, "leaves": 0.015, "petals": 0.012}[shine.weather]
    near = 0.4 + numbers[:, 2]
    x = (numbers[:, 0] * 1.1 - 0.05 + moment * speed * 0.3 * near) % 1.1 - 0.05
    y = (numbers[:, 1] * 1.1 + moment * speed * near) % 1.1 - 0.05
    if shine.weather == "rain":
        form, grow = np.array([(-0.0012, 0), (0.0012, 0), (0.012, -0.05), (0.01, -0.05)]), 1.0
    else:
        form = np.array([(1, 0), (0.7, 0.7), (0, 1), (-0.7, 0.7), (-1, 0), (-0.7, -0.7), (0, -1), (0.7, -0.7)])
        form, grow = (form * (1, 0.5) if shine.weather != "snow" else form), 0.0055 if shine.weather == "snow" else 0.011
    scale = (grow * near * height * 16)[:, None, None]
    turn = numbers[:, 3] * 2 - 1
    flakes = form[None] * scale
    if shine.weather in ("leaves", "petals"):
        flakes = np.stack([flakes[..., 0], flakes[..., 1] + flakes[..., 0] * turn[:, None]], axis=-1)
    flakes = np.rint(flakes + np.stack([x * width, y * height], axis=-1)[:, None] * 16).astype(np.int32)
    inks = {
        "snow": ((250, 250, 252),),
        "rain": ((206, 216, 226),),
        "leaves": ((206, 110, 40), (224, 170, 56), (160, 70, 40)),
        "petals": ((250, 214, 222), (255, 236, 238)),
    }[shine.weather]
    for place, ink in enumerate(inks):
        colour = shine.on(ink, 1.1)
        cv2.fillPoly(picture, list(flakes[place :: len(inks)]), colour, cv2.LINE_AA, 4)
