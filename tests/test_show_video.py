"""Drawn video: every frame in its place, in its colours, at its time; whole or not there."""

from __future__ import annotations

import resource
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from looksay.data.inputs import frames
from looksay.errors import BadPicture, BadValue, DiskTrouble
from looksay.scene import Objects, Scene, Thing
from looksay.show.look import Look
from looksay.show.video import RATE, VideoOut, draw_stream, rate_of


def numbered(number: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """The number stands in the brightness of eight squares."""
    frame = np.full((size[1], size[0], 3), (200, 30, 60), np.uint8)
    for bit in range(8):
        frame[8:16, 8 * bit : 8 * bit + 8] = 235 * (number >> bit & 1) + 10
    return frame


def number_of(frame: np.ndarray) -> int:
    return sum(1 << bit for bit in range(8) if frame[10:14, 8 * bit + 2 : 8 * bit + 6].mean() > 127)


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov"])
def test_no_frame_is_dropped_or_moved(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{ending}"
    with VideoOut(path, Fraction(30000, 1001), (64, 48)) as video:
        for number in range(256):
            video.add(numbered(number))
            assert not path.exists()
    found = [shown.picture for shown in frames(path)]
    assert [number_of(frame) for frame in found] == list(range(256))
    np.testing.assert_allclose(found[9][40, 32], (200, 30, 60), atol=6)
    assert rate_of(path) == pytest.approx(30000 / 1001, rel=1e-4)
    with av.open(str(path)) as read:
        times = [frame.time for frame in read.decode(video=0)]
    np.testing.assert_allclose(times, np.arange(256) * 1001 / 30000, atol=2e-3)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_odd_sides_are_extended(tmp_path: Path) -> None:
    frame = numbered(5, (65, 47))
    frame[:, -1], frame[-1] = (20, 220, 20), (20, 20, 220)
    with VideoOut(tmp_path / "odd.mp4") as video:
        video.add(frame)
    (found,) = [shown.picture for shown in frames(tmp_path / "odd.mp4")]
    assert found.shape == (48, 66, 3)
    assert found[30, 65].argmax() == 1
    assert found[47, 30].argmax() == 2
    assert rate_of(tmp_path / "odd.mp4") == RATE


def test_looks_are_drawn(tmp_path: Path) -> None:
    def looks() -> list[Look]:
        things = [Objects((Thing("dog", (10 * turn, 100, 10 * turn + 200, 300), 0.9),)) for turn in range(5)]
        return [Look(np.full((401, 500, 3), 160, np.uint8), Scene((500, 401), objects=each)) for each in things]

    assert draw_stream(iter(looks()), tmp_path / "seen.mp4", 10) == 5
    found = [shown.picture for shown in frames(tmp_path / "seen.mp4")]
    assert len(found) == 5
    for turn, (frame, look) in enumerate(zip(found, looks(), strict=True)):
        differs = np.abs(frame[200, :500].astype(int) - 160).max(axis=1) > 40
        assert differs[max(0, 10 * turn - 3) : 10 * turn + 6].any()
        assert not differs[10 * turn + 20 : 10 * turn + 180].any()
        assert np.abs(frame[:401, :500].astype(int) - look.drawn(words=False)).mean() < 3


def test_an_interruption_leaves_a_part_that_plays(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with VideoOut(path) as video:
            for number in range(30):
                video.add(numbered(number))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    (tmp_path / "out.mp4.part").rename(tmp_path / "part.mp4")
    assert [number_of(shown.picture) for shown in frames(tmp_path / "part.mp4")] == list(range(30))


def test_a_full_disk(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)

    def filled() -> None:
        with VideoOut(tmp_path / "out.mp4") as video:
            for turn in range(400):
                video.add(np.roll(noise, turn, axis=1))

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(DiskTrouble, match=r"out\.mp4: cannot be written"):
            filled()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "out.mp4").exists()


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=r"out\.gif: is no name for a video \(end it in \.mp4"):
        VideoOut(tmp_path / "out.gif")
    with pytest.raises(BadValue, match="0 frames a second"):
        VideoOut(tmp_path / "out.mp4", 0)
    with VideoOut(tmp_path / "out.mp4", size=(64, 48)) as video:
        with pytest.raises(BadValue, match=r"frame 0 is \(48, 64\), the video \(64, 48\)"):
            video.add(np.zeros((64, 48, 3), np.uint8))
        with pytest.raises(BadValue, match="frame 0 is float32"):
            video.add(np.zeros((48, 64, 3), np.float32))
    with pytest.raises(BadPicture, match="no frames"):
        draw_stream([], tmp_path / "out.mp4")
    assert not list(tmp_path.iterdir())
    with pytest.raises(BadPicture, match="cannot be read as a video"):
        rate_of(tmp_path / "nothing.mp4")
    with pytest.raises(DiskTrouble), VideoOut("/proc/nowhere/out.mp4") as video:
        video.add(numbered(0))
