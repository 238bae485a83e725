"""A caption whose words show where they were seen when one points at them: a piece of a page, without scripts."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from looksay.scene import Heat
from looksay.show.palette import heat_map

if TYPE_CHECKING:
    from looksay.show.look import Look

SIDE = 360  # pixels of the picture's longer side, at most
FINE = 8  # pixels of an overlay to each place of a heat


def pointed(look: Look) -> str:
    """The picture with its first caption; a word lights up its place under the pointer, or when it is reached by the keyboard.
    Every further caption stands below."""
    from looksay.show.look import encode

    wide, high = look.scene.size
    scale = min(1.0, SIDE / max(wide, high))
    small = Image.fromarray(look.picture).resize((max(1, round(wide * scale)), max(1, round(high * scale))))
    uri = "data:image/jpeg;base64," + base64.b64encode(encode(np.asarray(small), "JPEG")).decode("ascii")
    said = look.captions[0].text if look.captions else "nothing"
    ratio = f"aspect-ratio:{wide}/{high}"
    words = " ".join(_word(heat, ratio) for heat in look.heats) if look.heats else escape(said)
    others = "".join(f"<li>{escape(each.text)}</li>" for each in look.captions[1:])
    more = f"<ol start='2'>{others}</ol>" if others else ""
    return (
        f'<figure class="pointed"><img src="{uri}" alt="{escape(said)}" style="{ratio}">'
        f"<figcaption><b>{escape(look.name)}</b><p>{words}</p>{more}</figcaption></figure>"
    )


def _word(heat: Heat, ratio: str) -> str:
    return f'<span tabindex="0">{escape(heat.of)}<img class="heat" src="{overlay(heat)}" alt="" style="{ratio}"></span>'


def overlay(heat: Heat) -> str:
    """As a data URI: PNG, the colour and how opaque it is both follow the heat."""
    values = heat.drawn
    most = float(values.max()) if values.size else 0.0
    level = Image.fromarray(np.asarray(values / (most or 1.0), np.float32))
    size = (values.shape[1] * FINE, values.shape[0] * FINE)
    steps = np.asarray(np.clip(np.asarray(level.resize(size, Image.Resampling.BICUBIC)) * 255 + 0.5, 0, 255), np.uint8)
    tints = np.asarray(heat_map(), np.uint8)[steps]
    alpha = np.asarray(215 * (steps / 255.0) ** 0.6, np.uint8)
    out = io.BytesIO()
    Image.fromarray(np.dstack([tints, alpha])).save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")
