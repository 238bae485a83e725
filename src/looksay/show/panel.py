"""What is said beside a picture rather than on it: bars of labels, legends, captions, questions with their answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from looksay.scene import VOID, Answer, Caption, Heat, Labels, Regions, Scene
from looksay.show.palette import INK, LINE, MUTED, PAPER, RGB, colours, heat_map
from looksay.show.text import Span, fit, font, percent, wrap, write

Paint: TypeAlias = Callable[[Image.Image, int], None]


class Block(NamedTuple):
    """A part of the panel: its height, and what paints it from a given row on."""

    height: int
    paint: Paint


class Panel:
    """Blocks one beneath the other on paper, `width` pixels wide, in a font of `size` pixels."""

    def __init__(self, width: int, size: int) -> None:
        self.width, self.size = width, size
        self.margin = round(size * 0.9)
        self.blocks: list[Block] = []

    @property
    def inner(self) -> int:
        return self.width - 2 * self.margin

    def image(self, least: int = 0) -> Image.Image:
        """At least `least` pixels high."""
        gap = round(self.size * 0.7)
        height = sum(block.height for block in self.blocks) + gap * (len(self.blocks) - 1) + 2 * self.margin
        page = Image.new("RGB", (self.width, max(height, least)), PAPER)
        row = self.margin
        for block in self.blocks:
            block.paint(page, row)
            row += block.height + gap
        return page

    def text(self, spans: Sequence[Span]) -> None:
        lines = wrap(spans, self.inner, self.size)
        step = round(self.size * 1.45)

        def paint(page: Image.Image, row: int) -> None:
            pen = ImageDraw.Draw(page)
            for number, line in enumerate(lines):
                write(pen, (self.margin, row + number * step + self.size), line, self.size)

        self.blocks.append(Block(step * len(lines), paint))

    def bars(self, labels: Labels, tint: RGB) -> None:
        """Names, bars from 0 to 100 %, numbers."""
        face, step = font(self.size), round(self.size * 1.6)
        right = round(max(face.getlength(percent(label.score)) for label in labels))
        left = round(min(max(face.getlength(label.name) for label in labels), self.inner * 0.5))
        gap = round(self.size * 0.6)
        start, end = self.margin + left + gap, self.width - self.margin - right - gap

        def paint(page: Image.Image, row: int) -> None:
            pen = ImageDraw.Draw(page)
            for number, label in enumerate(labels):
                top = row + number * step
                base = top + self.size * 1.08
                write(pen, (self.margin, base), [Span(fit(label.name, left, face))], self.size)
                if end > start:
                    pen.rectangle((start, top + step * 0.2, end, top + step * 0.75), fill=LINE)
                if end > start and label.score > 0:
                    full = start + max(1, round((end - start) * label.score))
                    pen.rectangle((start, top + step * 0.2, full, top + step * 0.75), fill=tint)
                number_text = percent(label.score)
                at = self.width - self.margin - face.getlength(number_text)
                write(pen, (at, base), [Span(number_text, MUTED if number else INK)], self.size)

        self.blocks.append(Block(step * len(labels), paint))

    def legend(self, entries: Sequence[tuple[str, RGB]]) -> None:
        """Swatches with names, in as many rows as they need."""
        face, step, swatch = font(self.size), round(self.size * 1.6), self.size
        rows: list[list[tuple[float, str, RGB]]] = [[]]
        x = 0.0
        for name, tint in entries:
            shown = fit(name, self.inner - swatch * 1.5, face)
            wide = swatch * 1.5 + face.getlength(shown)
            if x and x + wide > self.inner:
                rows.append([])
                x = 0.0
            rows[-1].append((x, shown, tint))
            x += wide + swatch

        def paint(page: Image.Image, row: int) -> None:
            pen = ImageDraw.Draw(page)
            for number, line in enumerate(rows):
                top = row + number * step
                for left, shown, tint in line:
                    at = self.margin + left
                    pen.rectangle((at, top + self.size * 0.2, at + swatch, top + self.size * 1.2), fill=tint)
                    write(pen, (at + swatch * 1.5, top + self.size * 1.08), [Span(shown)], self.size)

        self.blocks.append(Block(step * len(rows), paint))

    def ramp(self, title: str) -> None:
        """The heat map from nothing to most."""
        self.text([Span(title)])
        high = round(self.size * 0.8)
        face = font(self.size)
        low, most = "none", "most"

        def paint(page: Image.Image, row: int) -> None:
            pen = ImageDraw.Draw(page)
            base = row + self.size
            left = self.margin + face.getlength(low) + self.size * 0.6
            right = max(left + 2, self.width - self.margin - face.getlength(most) - self.size * 0.6)
            strip = Image.fromarray(heat_map()[None]).resize((round(right - left), high), Image.Resampling.BILINEAR)
            page.paste(strip, (round(left), round(base - high)))
            write(pen, (self.margin, base), [Span(low, MUTED)], self.size)
            write(pen, (right + self.size * 0.6, base), [Span(most, MUTED)], self.size)

        self.blocks.append(Block(round(self.size * 1.3), paint))

    def tiles(self, pictures: Sequence[Image.Image], titles: Sequence[str]) -> None:
        """Small pictures of the same size, each with its title beneath."""
        gap, step = round(self.size * 0.5), round(self.size * 1.5)
        wide, high = pictures[0].size
        across = max(1, (self.inner + gap) // (wide + gap))
        face = font(self.size)
        rows = -(-len(pictures) // across)

        def paint(page: Image.Image, row: int) -> None:
            pen = ImageDraw.Draw(page)
            for number, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
                x = self.margin + number % across * (wide + gap)
                y = row + number // across * (high + step)
                page.paste(picture, (x, y))
                write(pen, (x, y + high + self.size), [Span(fit(title, wide, face))], self.size)

        self.blocks.append(Block(rows * (high + step), paint))


def say(panel: Panel, scene: Scene, top: int) -> None:
    """Everything that the scene says in words."""
    tints = scene_colours(scene)
    if scene.labels:
        panel.bars(scene.labels[:top], (86, 118, 168))
    shown = present(scene.regions)
    if shown and len(scene.heats) != 1:  # under one heat they are not painted
        panel.legend([(name, tints[name]) for name in shown])
    for caption in scene.captions:
        panel.text(phrased(caption, scene))
    for answer in scene.answers:
        panel.text(answered(answer))


def scene_colours(scene: Scene) -> dict[str, RGB]:
    """One colour for each name that is drawn on the picture."""
    names = [thing.name for thing in scene.objects] + [said.text for said in scene.referrals]
    return colours([*names, *present(scene.regions)])


def present(regions: Regions) -> list[str]:
    """The names of regions that occur, the largest first."""
    if not regions:
        return []
    counts: npt.NDArray[np.int64] = np.bincount(regions.ids.reshape(-1), minlength=256)[: len(regions.names)]
    return [regions.names[i] for i in np.argsort(-counts[:VOID], kind="stable") if counts[i]]


def phrased(caption: Caption, scene: Scene) -> list[Span]:
    """The caption with the phrases that mean a thing underlined in that thing's colour."""
    tints = scene_colours(scene)
    names = {thing.id: thing.name for thing in scene.objects if thing.id}
    spans, at = [], 0
    for phrase in sorted(caption.phrases, key=lambda item: (item.start, -item.end)):
        meant = [names[id] for id in phrase.things if id in names]
        if phrase.start < at or not meant:
            continue
        spans += [Span(caption.text[at : phrase.start]), Span(caption.text[phrase.start : phrase.end], mark=tints[meant[0]])]
        at = phrase.end
    spans.append(Span(caption.text[at:]))
    if caption.score < 1:
        spans.append(Span(f" {percent(caption.score)}", MUTED))
    return [span for span in spans if span.text]


def answered(answer: Answer) -> list[Span]:
    """The question, then the answers with their scores; of several choices the others in grey."""
    spans = [Span(answer.question + " ", MUTED)]
    for place, item in enumerate(answer.answers[:3]):
        score = "" if item.score == 1 else f" {percent(item.score)}"
        spans.append(Span(("· " if place else "") + item.name, INK if not place else MUTED, bold=not place))
        spans.append(Span(score + " ", MUTED))
    rest = [choice for choice in answer.choices if choice not in answer.answers.names[:3]]
    if rest:
        spans.append(Span("(not: " + ", ".join(rest) + ")", MUTED))
    return spans


def heat_title(heat: Heat) -> str:
    pixel = "" if heat.at is None else " at pixel {:g},{:g}".format(*heat.at)
    return f"where {heat.of!r}{pixel} was seen" + (f", by {heat.method}" if heat.method else "")
