"""Which words of a sentence a translator looked at, for each word that it said: the matrix of the papers on attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue
from looksay.show.plots import INK, LINE, SERIES, Form, _figure, _rgb


def alignment(source: Sequence[str], said: Sequence[str], looks: npt.NDArray[Any], form: Form = "svg") -> bytes:
    """`looks` (words said, words read), between 0 and 1; the darker, the more. What was read is above, what was said beside."""
    if looks.shape != (len(said), len(source)) or not looks.size:
        raise BadValue(f"looks of shape {looks.shape} for {len(said)} words said and {len(source)} read")
    read, spoken = max(map(len, source)), max(map(len, said))
    cell = 0.34
    with _figure(cell * len(source) + 0.085 * spoken + 0.5, cell * len(said) + 0.085 * read + 0.4) as (figure, page):
        axes = figure.subplots()
        tint = np.broadcast_to(_rgb(SERIES[0]), (*looks.shape, 3))
        axes.imshow(np.concatenate([tint, np.clip(looks, 0, 1)[..., None]], axis=2), interpolation="nearest", aspect="equal")
        for (row, column), share in np.ndenumerate(looks):
            if share >= 0.1:
                ink = "white" if share > 0.6 else INK
                axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=6.5, color=ink)
        axes.set_xticks(range(len(source)), source, rotation=90 if read > 2 else 0)
        axes.set_yticks(range(len(said)), said)
        axes.xaxis.tick_top()
        axes.set_xticks(np.arange(-0.5, len(source)), minor=True)
        axes.set_yticks(np.arange(-0.5, len(said)), minor=True)
        axes.grid(True, which="minor", color=LINE, linewidth=0.5)
        axes.grid(False, which="major")
        axes.tick_params(which="both", length=0)
        return page(form)
