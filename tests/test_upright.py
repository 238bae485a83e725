"""Pictures and videos of phones, stored as the sensor lay, with a mark of how to turn them: seen, said and drawn upright."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from looksay import weights
from looksay.cli.detect import detect
from looksay.cli.look import look
from looksay.data.inputs import frames
from looksay.data.live import Live
from looksay.looker import Looker
from looksay.nn.detector import Detector, Found
from looksay.nn.prep import Prep
from looksay.nn.system import Batch
from looksay.registry import Card
from looksay.scene import Scene

SIZE = (48, 64)  # a portrait
BOX = (8, 16, 24, 48)
TURNED = {  # of the stored frame against the upright one, as FFmpeg counts: degrees against the clock, mirrored after it
    (0, False): lambda picture: picture,
    (-90, False): np.rot90,
    (180, False): lambda picture: np.rot90(picture, 2),
    (90, False): lambda picture: np.rot90(picture, 3),
    (0, True): lambda picture: picture[:, ::-1],
    (-90, True): lambda picture: np.rot90(picture[:, ::-1]),
    (90, True): lambda picture: np.rot90(picture[:, ::-1], 3),
}

EXIF = {  # where the stored frame's first row and first column are when the picture is upright
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


@dataclass(frozen=True)
class Nothing:
    """There is nothing to be set."""


class Bright(Detector[Tensor]):
    """Says where a picture is bright."""

    card = Card("bright", "detect", "Bright", "none", 2000)
    Config = Nothing

    def __init__(self) -> None:
        super().__init__(("lamp",), Nothing(), Prep((64, 64), "letterbox", 64, 3, (0.0,) * 3, (1.0,) * 3))
        self.mean = nn.Conv2d(3, 1, 1, bias=False)
        nn.init.constant_(self.mean.weight, 1 / 3)

    def forward(self, batch: Batch) -> Tensor:
        found: Tensor = self.mean(batch.pictures)[:, 0]
        return found

    def candidates(self, out: Tensor, batch: Batch) -> list[Found]:
        rows = []
        for each in out > 0.75:
            y, x = each.nonzero().unbind(dim=1)
            rows.append(torch.stack([x.min(), y.min(), x.max() + 1, y.max() + 1])[None].float())
        return [Found(row, torch.ones(1), torch.zeros(1, dtype=torch.int64)) for row in rows]

    def strengths(self, out: Tensor) -> Tensor:
        return out.flatten(1)[..., None]

    def loss(self, out: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"none": out.mean()}

    def taps(self) -> dict[str, nn.Module]:
        return {"mean": self.mean}


@pytest.fixture(autouse=True)
def _bright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever system is asked for, this one comes."""
    looker = Looker(Bright(), weights.Info("bright", ("lamp",)))
    monkeypatch.setattr("looksay.api.load", lambda *names, **how: looker)


def portrait() -> np.ndarray:
    """Grey, with a lamp in its upper left."""
    picture = np.full((SIZE[1], SIZE[0], 3), 60, np.uint8)
    picture[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 250
    return picture


def film(path: Path, stored: np.ndarray, degrees: int, mirrored: bool) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10, options={"qscale": "1"})
        stream.height, stream.width, stream.pix_fmt = *stored.shape[:2], "yuv420p"
        stream.set_display_rotation(degrees, hflip=mirrored)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(stored), format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("degrees", "mirrored"), TURNED)
def test_a_turned_video_is_seen_and_drawn_upright(
    degrees: int, mirrored: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = film(tmp_path / "phone.mp4", TURNED[degrees, mirrored](portrait()), degrees, mirrored)
    seen = [shown.picture for shown in frames(path)]
    with Live(str(path)) as live:
        seen += [moment.shown.picture for moment in live]
    assert len(seen) > 3
    for picture in seen:
        assert picture.shape == (SIZE[1], SIZE[0], 3)
        assert picture.flags.c_contiguous
        np.testing.assert_allclose(picture[4:60:8, 4:44:8], portrait()[4:60:8, 4:44:8], atol=12)
    detect([str(path)], output=str(tmp_path / "drawn"), json=True)
    scenes = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [scene["source"] for scene in scenes] == [f"{path}#{number}" for number in range(3)]
    for scene in scenes:
        assert tuple(scene["size"]) == SIZE
        assert scene["objects"][0]["box"] == pytest.approx(BOX, abs=1)
    drawn = [shown.picture for shown in frames(tmp_path / "drawn/phone.mp4")]
    assert len(drawn) == 3
    check_drawn(drawn[2])


def check_drawn(picture: np.ndarray, *, words: bool = False) -> None:
    """Upright, the lamp where it is; `words` may stand beside it."""
    scale = -(-400 // max(SIZE))
    if not words:
        assert picture.shape[:2] == (SIZE[1] * scale, SIZE[0] * scale)
    picture = picture[: SIZE[1] * scale, : SIZE[0] * scale]
    lamp = (picture.min(axis=2) > 200)[scale // 2 :: scale, scale // 2 :: scale]
    left, top, right, low = BOX
    assert lamp[top + 8 : low - 2, left + 2 : right - 2].mean() > 0.9
    lamp[top - 6 : low + 2, left - 2 : right + 2] = False  # with its name
    assert not lamp.any()


@pytest.mark.parametrize("orientation", EXIF)
def test_a_turned_picture_is_seen_and_drawn_upright(orientation: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row, column = EXIF[orientation]
    stored = portrait() if row in ("top", "bottom") else portrait().transpose(1, 0, 2)
    stored = stored[:: -1 if row in ("bottom", "right") else 1, :: -1 if column in ("bottom", "right") else 1]
    path, tags = tmp_path / "phone.jpg", Image.Exif()
    tags[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(path, quality=98, subsampling=0, exif=tags.tobytes())

    detect([str(path)], output=str(tmp_path / "drawn"), json=True)
    look([str(path)], "bright", output=str(tmp_path / "look.html"), json=True)
    memory = Looker(Bright(), weights.Info("bright", ("lamp",))).look(Image.open(path)).scene
    for scene in (*map(Scene.from_json, capsys.readouterr().out.splitlines()), memory):
        assert scene.size == SIZE
        assert scene.objects[0].box == pytest.approx(BOX, abs=1)
    check_drawn(np.asarray(Image.open(tmp_path / "drawn/phone.png")), words=True)

    detect([str(path)], output=str(tmp_path / "found.csv"), format="csv")
    (row_of,) = csv.DictReader((tmp_path / "found.csv").read_text().splitlines())
    assert [float(row_of[name]) for name in ("x1", "y1", "x2", "y2")] == pytest.approx(BOX, abs=1)
    detect([str(path)], output=str(tmp_path / "found.json"), format="coco")
    (answer,) = json.loads((tmp_path / "found.json").read_text())
    assert answer["bbox"] == pytest.approx((BOX[0], BOX[1], BOX[2] - BOX[0], BOX[3] - BOX[1]), abs=1)
