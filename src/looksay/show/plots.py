"""Plots for reports: PNG, or SVG text that follows the reader's light or dark mode. The same input gives the same bytes."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue
from looksay.show.text import Places

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Form: TypeAlias = Literal["png", "svg"]
Numbers: TypeAlias = Sequence[float] | npt.NDArray[Any]

INK, MUTED, LINE = "#1f242d", "#68707d", "#d9d7d0"
RIGHT, WRONG = "#0b57a4", "#be1822"
SERIES = ("#0b6fb8", "#c05400", "#00845f", "#a84b93", "#4a5260", "#9a6b00", "#7a4fc0", "#737b86")
_DARK = {INK: "#e8e6e1", MUTED: "#a3a9b3", LINE: "#3d434d", RIGHT: "#6fb1f2", WRONG: "#ff7b7b"}
_DARK |= dict(zip(SERIES, ("#4aa3e8", "#f08a3c", "#2fc795", "#dc86c8", "#c9ced6", "#e0b040", "#ab8df0", "#9aa2ad"), strict=True))
_SOME = 20  # classes of a block where there are too many to show all
_MANY = 30


@dataclass(frozen=True)
class Curve:
    """A line, and its band where `low` and `high` are given; all are as long as `x`."""

    name: str
    x: Numbers
    y: Numbers
    low: Numbers = ()
    high: Numbers = ()


@dataclass(frozen=True)
class Mark:
    """A system's score with its interval where there is one; `cost` is what the score is set against (ms per picture …)."""

    name: str
    score: float
    low: float | None = None
    high: float | None = None
    cost: float = 0.0


def confusion(matrix: npt.NDArray[Any], classes: Sequence[str], form: Form = "svg") -> bytes:
    """Counts, rows the truth. Colour is the share of the row: blue where right, red where wrong.

    Above 30 classes the 20 that are most often confused with one another are shown; shares are still of whole rows.
    """
    counts = np.asarray(matrix)
    if counts.shape != (len(classes), len(classes)) or not len(classes):
        raise BadValue(f"a confusion matrix of shape {counts.shape} for {len(classes)} classes")
    support = counts.sum(axis=1)
    shown = np.arange(len(classes)) if len(classes) <= _MANY else _most_confused(counts)
    shares = (counts / np.maximum(support, 1)[:, None])[np.ix_(shown, shown)]
    block, names = counts[np.ix_(shown, shown)], [_short(classes[i]) for i in shown]
    right = np.eye(len(shown), dtype=bool)
    colour = np.where(right[..., None], _rgb(RIGHT), _rgb(WRONG))
    rgba = np.concatenate((colour, (shares**0.6 * 0.95)[..., None]), axis=-1)
    longest = max(map(len, names))
    side = max(2.2, len(shown) * max(0.3, 0.085 * len(str(block.max()))))
    with _figure(side + 1.1 + 0.075 * longest, side + 0.9 + 0.06 * longest) as (figure, page):
        axes = figure.subplots()
        axes.imshow(rgba, interpolation="nearest", aspect="equal")
        for (row, column), count in np.ndenumerate(block):
            if count:
                tint = "white" if shares[row, column] > 0.4 else INK
                number = axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color=tint)
                number.set_in_layout(False)  # inside the axes anyway; asking hundreds of them for their size takes seconds
        axes.set_xticks(range(len(shown)), names, rotation=90 if longest > 2 else 0)
        axes.set_yticks(range(len(shown)), [f"{name}  {support[i]}" for name, i in zip(names, shown, strict=True)])
        axes.set_xticks(np.arange(-0.5, len(shown)), minor=True)
        axes.set_yticks(np.arange(-0.5, len(shown)), minor=True)
        axes.grid(True, which="minor", color=LINE, linewidth=0.5)
        axes.grid(False, which="major")
        axes.tick_params(which="both", length=0)
        axes.set_xlabel("what was said")
        axes.set_ylabel("what it is, and how many there are")
        if len(shown) < len(classes):
            axes.set_title(f"the {len(shown)} most confused of {len(classes)} classes")
        return page(form)


def reliability(
    edges: Numbers, counts: Numbers, confidence: Numbers, accuracy: Numbers, error: float, form: Form = "svg"
) -> bytes:
    """Bins as looksay.measure.calibration has them; `error` is the expected calibration error."""
    left, number, sure, right = (np.asarray(item, np.float64) for item in (edges, counts, confidence, accuracy))
    width, used = np.diff(left), number > 0
    with _figure(4.2, 4.6) as (figure, page):
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        parts = (
            (0 * sure, np.minimum(sure, right), SERIES[0], 1.0),
            (right, sure - right, WRONG, 0.35),
            (sure, right - sure, SERIES[0], 0.4),
        )
        for base, high, tint, alpha in parts:
            seen = used & (np.nan_to_num(high) > 0)
            above.bar(
                left[:-1][seen],
                high[seen],
                width[seen],
                base[seen],
                align="edge",
                color=tint,
                alpha=alpha,
                edgecolor=LINE,
                linewidth=0.5,
            )
        above.plot((0, 1), (0, 1), color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
        above.set(xlim=(0, 1), ylim=(0, 1), ylabel="share that was right")
        above.set_title(f"calibration error {100 * error:.1f} %\nred: too sure; pale: not sure enough")
        below.bar(left[:-1], number / max(number.sum(), 1), width, align="edge", color=MUTED, edgecolor=LINE, linewidth=0.5)
        below.set(xlabel="confidence", ylabel="of pictures")
        for axis in (above.xaxis, above.yaxis, below.yaxis):
            axis.set_major_formatter(_percent)
        return page(form)


def curves(items: Sequence[Curve], x_label: str, y_label: str, form: Form = "svg", *, log: bool = False) -> bytes:
    """Learning curves of several runs, named at their ends. `log` for losses that fall over decades; NaN leaves a gap."""
    _some(items, "curves")
    for item in items:
        _some(item.x, f"points of {item.name!r}")
    with _figure(6.4, max(3.4, 0.22 * len(items) + 1)) as (figure, page):
        axes = figure.subplots()
        for number, item in enumerate(items):
            tint = SERIES[number % len(SERIES)]
            style = "-" if number < len(SERIES) else "--"
            axes.plot(item.x, item.y, color=tint, linewidth=1.6, linestyle=style, marker="o" if len(item.x) == 1 else "")
            if len(item.low):
                axes.fill_between(item.x, item.low, item.high, color=tint, alpha=0.18, linewidth=0)
        if log:
            axes.set_yscale("log")
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.margins(x=0)
        _name_ends(figure, axes, items)
        return page(form)


def scatter(
    marks: Sequence[Mark], x_label: str, y_label: str, form: Form = "svg", *, share: bool = True, speed: bool = False
) -> bytes:
    """Score against cost, names beside their points without overlap; the line joins those that nothing cheaper equals. With
    `speed` the cost is one of which more is better."""
    _some(marks, "marks")
    with _figure(6.8, 4.6) as (figure, page):
        axes = figure.subplots()
        costs, scores = np.array([mark.cost for mark in marks]), np.array([mark.score for mark in marks])
        if costs.min() > 0 and costs.max() > 10 * costs.min():
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(_plain)
        dear = -costs if speed else costs
        best = [i for i in np.lexsort((-scores, dear)) if scores[i] > max(scores[_cheaper(dear, scores, i)], default=-np.inf)]
        axes.step(costs[best], scores[best], where="post", color=SERIES[0], alpha=0.4, linewidth=1.2, zorder=1)
        for number, mark in enumerate(marks):
            if mark.low is not None and mark.high is not None:
                axes.plot((mark.cost, mark.cost), (mark.low, mark.high), color=MUTED, linewidth=0.8, zorder=2)
            axes.plot(mark.cost, mark.score, "o", color=SERIES[0] if number in best else SERIES[-1], markersize=5.5, zorder=3)
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.margins(0.08)
        if share:
            axes.yaxis.set_major_formatter(_percent)
        _name_points(figure, axes, marks)
        return page(form)


def bars(marks: Sequence[Mark], x_label: str, form: Form = "svg", *, share: bool = True) -> bytes:
    """Scores with their intervals, the highest on top. A `share` is between 0 and 1 and shown in per cent."""
    _some(marks, "marks")
    ordered = sorted(marks, key=lambda mark: mark.score)
    with _figure(6.4, 0.32 * len(marks) + 0.9) as (figure, page):
        axes = figure.subplots()
        axes.barh(range(len(ordered)), [mark.score for mark in ordered], height=0.62, color=SERIES[0])
        for row, mark in enumerate(ordered):
            low, high = (mark.score if end is None else end for end in (mark.low, mark.high))
            if low < high:
                axes.plot((low, high), (row, row), color=INK, linewidth=1.1)
                axes.plot((low, high), (row, row), "|", color=INK, markersize=6)
            number = f"{100 * mark.score:.1f} %" if share else f"{mark.score:.4g}"
            axes.annotate(number, (max(high, mark.score), row), (5, 0), textcoords="offset points", va="center", color=MUTED)
        axes.set_yticks(range(len(ordered)), [_short(mark.name) for mark in ordered])
        axes.tick_params(axis="y", length=0)
        axes.grid(False, axis="y")
        axes.set_xlabel(x_label)
        axes.margins(x=0.14, y=0.02)
        axes.set_xlim(left=min(0.0, *(mark.score for mark in marks)))
        if share:
            axes.xaxis.set_major_formatter(_percent)
        elif all(float(mark.score).is_integer() for mark in marks):
            axes.locator_params(axis="x", integer=True)
        return page(form)


def _cheaper(costs: npt.NDArray[Any], scores: npt.NDArray[Any], i: int) -> npt.NDArray[np.bool_]:
    """Those that cost less, or as much while standing before i in the order of equals."""
    same = (costs == costs[i]) & ((scores > scores[i]) | ((scores == scores[i]) & (np.arange(len(costs)) < i)))
    return np.asarray((costs < costs[i]) | same)


def _most_confused(counts: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Class indices, the pairs with the most mistakes between them first, so that partners stand side by side."""
    between = np.triu(counts + counts.T, 1)
    chosen: dict[int, None] = {}
    for flat in np.argsort(-between, axis=None, kind="stable"):
        chosen.update(dict.fromkeys(divmod(int(flat), len(counts))))
        if len(chosen) >= _SOME:
            break
    return np.array(list(chosen)[:_SOME])


def _name_ends(figure: Figure, axes: Axes, items: Sequence[Curve]) -> None:
    """Names to the right of the last points, pushed apart where they would overlap."""
    figure.draw_without_rendering()
    height = 13 / axes.get_window_extent().height * figure.dpi / 72
    down = axes.transData + axes.transAxes.inverted()
    finite = [[(x, y) for x, y in zip(item.x, item.y, strict=True) if np.isfinite(y)] for item in items]
    ends = [float(down.transform(points[-1])[1]) if points else 0.0 for points in finite]
    order = np.argsort(ends, kind="stable")
    at = np.array(ends)[order]
    for place in range(1, len(at)):
        at[place] = max(at[place], at[place - 1] + height)
    at[-1] = min(at[-1], 1.0)
    for place in range(len(at) - 2, -1, -1):
        at[place] = min(at[place], at[place + 1] - height)
    for place, number in enumerate(order):
        tint, name = SERIES[number % len(SERIES)], _short(items[number].name)
        axes.annotate(name, (1, at[place]), (6, 0), xycoords="axes fraction", textcoords="offset points", va="center", color=tint)


def _name_points(figure: Figure, axes: Axes, marks: Sequence[Mark]) -> None:
    figure.draw_without_rendering()
    frame, dot = axes.get_window_extent(), 5.0 * figure.dpi / 72
    places = Places(frame.width, frame.height)
    points = axes.transData.transform([(mark.cost, mark.score) for mark in marks]) - (frame.x0, frame.y0)
    for mark, (x, y) in zip(marks, points, strict=True):
        places.block(x - dot, y - dot, x + dot, y + dot)
        reach = [mark.score if end is None else end for end in (mark.low, mark.high)]
        low, high = axes.transData.transform([(mark.cost, end) for end in reach])[:, 1] - frame.y0
        places.block(x - 1, low, x + 1, high)
    unnamed = []
    for mark, (x, y) in zip(marks, points, strict=True):
        label = axes.text(0, 0, _short(mark.name), transform=None, fontsize=8, color=INK, va="bottom", zorder=4)
        extent = label.get_window_extent()
        wide, high = extent.width + 2, extent.height
        wishes = [(x + sx * (dot + wide / 2) - wide / 2, y + sy * (dot + high / 2) - high / 2) for sx, sy in _AROUND]
        home = places.take((wide, high), wishes)
        if home is None:
            unnamed.append(mark.name)
            label.remove()
            continue
        label.set_transform(axes.transAxes)
        label.set_position((home[0] / frame.width, home[1] / frame.height))
        middle = np.array((home[0] + wide / 2, home[1] + high / 2))
        if np.hypot(max(0, abs(middle[0] - x) - wide / 2), max(0, abs(middle[1] - y) - high / 2)) > 2.5 * dot:
            ends = np.array((middle, (x, y))) / (frame.width, frame.height)
            axes.plot(*ends.T, transform=axes.transAxes, color=MUTED, linewidth=0.6, zorder=2)
    if unnamed:
        axes.set_title("not named: " + ", ".join(unnamed), fontsize=7, color=MUTED)


_AROUND = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


def _some(items: Numbers | Sequence[Any], what: str) -> None:
    if not len(items):
        raise BadValue(f"there are no {what} to plot")


def _short(name: str, most: int = 28) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


def _percent(value: float, _: object = None) -> str:
    return f"{100 * value:g} %"


def _plain(value: float, _: object = None) -> str:
    return f"{value:g}"


def _rgb(code: str) -> npt.NDArray[np.float64]:
    return np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255


@contextmanager
def _figure(width: float, height: float) -> Iterator[tuple[Figure, Callable[[Form], bytes]]]:
    """A figure of that many inches and the function that gives its bytes, in one calm style. Names are never read as formulas,
    and a letter that the font lacks is no reason to complain."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    style = {
        "font.family": "DejaVu Sans", "font.size": 8.5, "text.color": INK, "text.parse_math": False,
        "axes.titlesize": 9, "axes.titlelocation": "left", "axes.titlecolor": INK, "axes.labelcolor": MUTED,
        "axes.edgecolor": LINE, "axes.facecolor": "none", "axes.spines.top": False, "axes.spines.right": False,
        "axes.grid": True, "axes.axisbelow": True, "grid.color": LINE, "grid.linewidth": 0.6,
        "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
        "figure.facecolor": "white", "svg.hashsalt": "looksay", "svg.fonttype": "path",
    }  # fmt: skip
    with rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width, height), layout="constrained")

        def page(form: Form) -> bytes:
            out = io.BytesIO()
            figure.savefig(
                out,
                format=form,
                dpi=160,
                metadata={"Software": None} if form == "png" else {"Date": None},
                transparent=form == "svg",
            )
            return out.getvalue() if form == "png" else _for_both_modes(out.getvalue().decode()).encode()

        yield figure, page


def _for_both_modes(svg: str) -> str:
    """Without its preamble, and with a style that swaps the inks where the reader prefers dark."""
    body = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    rules = "".join(
        f'[style*="{way}: {light}"]{{{way}:{dark}!important}}' for light, dark in _DARK.items() for way in ("fill", "stroke")
    )
    end = body.index(">") + 1
    return f"{body[:end]}<style>@media (prefers-color-scheme:dark){{{rules}}}</style>{body[end:]}"
