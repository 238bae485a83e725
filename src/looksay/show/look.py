"""Look: one picture with what a system saw in it, to be printed, drawn, saved and shown."""

from __future__ import annotations

import base64
import io
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from looksay.disk import write_atomically
from looksay.errors import BadValue
from looksay.scene import VOID, Answer, Caption, Heat, Labels, Objects, Referral, Regions, Scene

if TYPE_CHECKING:
    import pandas as pd

Picture = npt.NDArray[np.uint8]
INLINE = 720  # pixels of the longer side, at most, in notebooks and reports
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
_SETTINGS: dict[str, dict[str, int]] = {"PNG": {}, "JPEG": {"quality": 92, "subsampling": 0}, "WEBP": {"quality": 90}}


@dataclass(frozen=True, eq=False)
class Look:
    """`picture` is uint8 RGB (height, width, 3), shared and read-only here; `seconds` is the time the system took for it;
    `warnings` are lines for the user (a picture unlike those the system learnt from)."""

    picture: Picture
    scene: Scene
    system: str = ""
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.picture.dtype != np.uint8 or self.picture.ndim != 3 or self.picture.shape[2] != 3:
            raise BadValue(
                f"the picture is {self.picture.dtype} of shape {self.picture.shape}", mend="give uint8 (height, width, 3)"
            )
        if self.picture.shape[1::-1] != self.scene.size:
            raise BadValue(f"the picture is {self.picture.shape[1::-1]}, its scene {self.scene.size}", where=self.name)
        view = self.picture.view()
        view.setflags(write=False)
        object.__setattr__(self, "picture", view)
        object.__setattr__(self, "warnings", tuple(self.warnings))

    @property
    def name(self) -> str:
        """The picture's file name, or its id."""
        return Path(self.scene.source).name or self.scene.id or "picture"

    @property
    def labels(self) -> Labels:
        return self.scene.labels

    @property
    def objects(self) -> Objects:
        return self.scene.objects

    @property
    def regions(self) -> Regions:
        return self.scene.regions

    @property
    def captions(self) -> tuple[Caption, ...]:
        return self.scene.captions

    @property
    def answers(self) -> tuple[Answer, ...]:
        return self.scene.answers

    @property
    def referrals(self) -> tuple[Referral, ...]:
        return self.scene.referrals

    @property
    def heats(self) -> tuple[Heat, ...]:
        return self.scene.heats

    def drawn(self, *, scale: float | None = None, top: int = 5, words: bool = True) -> Picture:
        """The picture with everything that was seen; see looksay.show.draw.draw."""
        from looksay.show.draw import draw

        return draw(self.picture, self.scene, scale=scale, top=top, words=words)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """By the ending: .png .jpg .webp the drawing, .json the scene. The file is whole or untouched. Returns its path."""
        target = Path(path)
        ending = target.suffix.lower()
        if ending == ".json":
            write_atomically(target, self.to_json(indent=1).encode())
        elif ending in _FORMATS:
            write_atomically(target, encode(self.drawn(), _FORMATS[ending]))
        else:
            raise BadValue(
                f"cannot save as {ending or 'a file without an ending'}", where=str(target), mend="use .png .jpg .webp or .json"
            )
        return target

    def show(self) -> None:
        """In a notebook beneath the cell, on a desktop in its viewer; elsewhere a file is written and its path printed."""
        notebook = sys.modules.get("IPython")
        if notebook is not None and getattr(notebook.get_ipython(), "kernel", None) is not None:
            notebook.display.display(self)
            return
        from PIL import Image, ImageShow

        drawn = self.drawn()
        desktop = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        if not desktop or not ImageShow.show(Image.fromarray(drawn), self.name):
            path = Path(tempfile.mkdtemp(prefix="looksay-")) / f"{Path(self.name).stem}.png"
            path.write_bytes(encode(drawn, "PNG"))
            print(f"saved to {path}")

    def to_json(self, indent: int | None = None) -> str:
        """The scene; Scene.from_json reads it back."""
        return self.scene.to_json(indent)

    def to_df(self) -> pd.DataFrame:
        return self.scene.to_df()

    def inline(self, within: int = INLINE) -> str:
        """The drawing as a data URI (JPEG), the picture's longer side at most `within` pixels."""
        longest = max(self.scene.size)
        drawn = self.drawn(scale=within / longest if longest > within else None)
        return "data:image/jpeg;base64," + base64.b64encode(encode(drawn, "JPEG")).decode("ascii")

    def _repr_html_(self) -> str:
        told = "".join(f"<br><b>Note:</b> {escape(line)}" for line in self.warnings)
        by = f" <small>({escape(self.system)}, {self.seconds * 1000:.0f} ms)</small>" if self.system else ""
        return (
            f'<figure style="margin:0"><img src="{self.inline()}" alt="{escape(repr(self))}" style="max-width:100%;height:auto">'
            f"<figcaption>{escape(repr(self))}{by}{told}</figcaption></figure>"
        )

    def __repr__(self) -> str:
        return f"{self.name}: {'; '.join(summary(self.scene)) or 'nothing seen'}"


def encode(picture: Picture, form: str) -> bytes:
    """As PNG, JPEG or WEBP."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(picture).save(out, form, **_SETTINGS[form])
    return out.getvalue()


def summary(scene: Scene) -> Iterator[str]:
    """What a scene says, one short piece for each kind of record that it has."""
    from looksay.show.text import percent

    def sure(score: float) -> str:
        return "" if score == 1 else " " + percent(score).replace("\u00a0", " ")

    if scene.labels:
        said = ", ".join(label.name + sure(label.score) for label in scene.labels[:2])
        yield said + (" …" if len(scene.labels) > 2 else "")
    if scene.objects:
        counts = Counter(thing.name for thing in sorted(scene.objects, key=lambda thing: -thing.score))
        best = {thing.name: thing.score for thing in sorted(scene.objects, key=lambda thing: thing.score)}
        yield ", ".join(f"{count} × {name}" if count > 1 else name + sure(best[name]) for name, count in counts.items())
    if scene.regions:
        ids = scene.regions.ids[scene.regions.ids != VOID]
        counts_of = Counter(dict(enumerate(np.bincount(ids).tolist())))
        shares = ((scene.regions.names[i], count / scene.regions.ids.size) for i, count in counts_of.most_common(3) if count)
        yield "pixels of " + ", ".join(name + sure(share) for name, share in shares)
    for caption in scene.captions[:1]:
        yield f"“{caption.text}”" + sure(caption.score)
    for answer in scene.answers[:2]:
        best_answer = answer.answers[0].name + sure(answer.answers[0].score) if answer.answers else "no answer"
        yield f"{answer.question} {best_answer}"
    for referral in scene.referrals[:2]:
        yield f"“{referral.text}” at {', '.join(f'{edge:.0f}' for edge in referral.box)}{sure(referral.score)}"
    if scene.heats:
        yield "heat of " + ", ".join(heat.of for heat in scene.heats[:5]) + (" …" if len(scene.heats) > 5 else "")
