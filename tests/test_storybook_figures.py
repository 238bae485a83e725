"""The storybook's cast: frames, budgets, movement, builds, colours and silhouettes of every figure."""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from looksay.errors import BadValue, UnknownName
from looksay.storybook.figures import TOPS, Figure, figure
from looksay.storybook.figures.pen import Points, blob, knee, limb, place, ring, rounded, swell, thinned
from looksay.storybook.spec import ACTIONS, KINDS, PHASES, VARIANTS

POSES = [(kind, action) for kind in KINDS for action in ACTIONS[kind]]
MOVING = {"moving", "flying", "sailing", "walking", "running", "waving", "on"}
STILL = {("chair", "standing"), ("sofa", "standing"), ("diningtable", "standing"), ("bottle", "standing"), ("bottle", "lying")}
FACING = {"aeroplane", "bird", "boat", "bus", "car", "cat", "cow", "dog", "horse", "motorbike", "sheep", "train", "bicycle"}
MOST_SHAPES, MOST_POINTS, USUAL_POINTS = 62, 730, 430


def painted(drawn: Figure, height: int = 96) -> npt.NDArray[np.int32]:
    """0 where nothing is, 1 where the own colour is on top, 2 where a fixed colour is. A box of the figure's width."""
    wide = math.ceil(drawn.width * height) + 4
    picture = np.zeros((height + 4, wide), np.uint8)
    for shape in drawn.shapes:
        places = np.stack([wide / 2 + shape.points[:, 0] * height, height + 2 - shape.points[:, 1] * height], axis=1)
        cv2.fillPoly(picture, [np.rint(places * 16).astype(np.int32)], 1 if shape.paint == "main" else 2, cv2.LINE_8, 4)
    return picture.astype(np.int32)


def coloured(drawn: Figure, height: int = 96) -> npt.NDArray[np.int32]:
    """The figure in grey tones on black, its own colour a middle one."""
    wide = math.ceil(drawn.width * height) + 4
    picture = np.zeros((height + 4, wide), np.uint8)
    for shape in drawn.shapes:
        places = np.stack([wide / 2 + shape.points[:, 0] * height, height + 2 - shape.points[:, 1] * height], axis=1)
        tone = (100.0 if isinstance(shape.paint, str) else float(np.dot(shape.paint, (0.5, 0.3, 0.2)))) * shape.shade
        cv2.fillPoly(picture, [np.rint(places * 16).astype(np.int32)], max(1, min(255, round(tone))), cv2.LINE_8, 4)
    return picture.astype(np.int32)


def silhouette(drawn: Figure, side: int = 64) -> npt.NDArray[np.bool_]:
    """In the middle of the foot line of a square that it fills in height or width."""
    picture, scale = np.zeros((side, side), np.uint8), (side - 2) / max(drawn.width, 1.0)
    for shape in drawn.shapes:
        places = np.stack([side / 2 + shape.points[:, 0] * scale, side - 1 - shape.points[:, 1] * scale], axis=1)
        cv2.fillPoly(picture, [np.rint(places * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    return picture > 0


def overlap(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


def everything(kind: str, action: str) -> list[Figure]:
    return [figure(kind, action, variant, phase) for variant in range(VARIANTS) for phase in range(PHASES)]


@pytest.mark.parametrize(("kind", "action"), POSES)
def test_stands_in_its_frame(kind: str, action: str) -> None:
    for variant in range(VARIANTS):
        rights, lefts = [], []
        for phase in range(PHASES):
            drawn = figure(kind, action, variant, phase)
            points = np.concatenate([shape.points for shape in drawn.shapes])
            assert points.dtype == np.float64
            assert np.isfinite(points).all()
            assert points[:, 1].min() == pytest.approx(0.0, abs=1e-6)
            assert points[:, 1].max() == pytest.approx(1.0, abs=1e-6)
            assert np.isfinite(drawn.width)
            assert drawn.rise > 0
            # In units that do not change with the pose, so that the moments can be compared.
            lefts.append(points[:, 0].min() * drawn.rise)
            rights.append(points[:, 0].max() * drawn.rise)
            assert drawn.width * drawn.rise == pytest.approx(
                figure(kind, action, variant, 0).width * figure(kind, action, variant, 0).rise
            )
        half = figure(kind, action, variant, 0).width * figure(kind, action, variant, 0).rise / 2
        assert min(lefts) == pytest.approx(-half, abs=1e-6)
        assert max(rights) == pytest.approx(half, abs=1e-6)


@pytest.mark.parametrize(("kind", "action"), POSES)
def test_shapes_are_few_and_well_formed(kind: str, action: str) -> None:
    for drawn in everything(kind, action):
        assert 4 <= len(drawn.shapes) <= MOST_SHAPES
        assert sum(len(shape.points) for shape in drawn.shapes) <= MOST_POINTS
        for shape in drawn.shapes:
            assert shape.points.ndim == 2
            assert shape.points.shape[1] == 2
            assert len(shape.points) >= 3
            assert 0.2 < shape.shade < 2
            assert shape.paint == "main" or all(0 <= value <= 255 for value in shape.paint)


def test_usual_figure_is_light() -> None:
    counts = [sum(len(shape.points) for shape in drawn.shapes) for pose in POSES for drawn in everything(*pose)]
    assert float(np.mean(counts)) < USUAL_POINTS


@pytest.mark.parametrize(("kind", "action"), POSES)
def test_moves_when_it_should(kind: str, action: str) -> None:
    for variant in range(VARIANTS):
        pictures = [coloured(figure(kind, action, variant, phase), 128) for phase in range(PHASES)]
        changes = [
            one.shape != other.shape or (one != other).mean()
            for one, other in zip(pictures, pictures[1:] + pictures[:1], strict=True)
        ]
        if action in MOVING:
            assert min(changes) > 0.0005, variant
        elif action in ("parked", "off") or (kind, action) in STILL:
            assert max(changes) == 0, variant
        else:  # at rest, but alive
            assert max(changes) > 0, variant


@pytest.mark.parametrize(("kind", "action"), POSES)
def test_builds_differ(kind: str, action: str) -> None:
    pictures = [coloured(figure(kind, action, variant, 0), 64) for variant in range(VARIANTS)]
    wide = max(picture.shape[1] for picture in pictures)
    padded = [np.pad(p, ((0, 0), ((wide - p.shape[1]) // 2, wide - p.shape[1] - (wide - p.shape[1]) // 2))) for p in pictures]
    for one, other in itertools.combinations(padded, 2):
        assert ((one != other).sum() / (one > 0).sum()) > 0.03


@pytest.mark.parametrize(("kind", "action"), POSES)
def test_own_colour_is_seen(kind: str, action: str) -> None:
    for variant, phase in itertools.product(range(VARIANTS), (0, 3)):
        picture = painted(figure(kind, action, variant, phase))
        assert (picture == 1).sum() / (picture > 0).sum() >= 0.25, (variant, phase)


@pytest.mark.parametrize("kind", sorted(FACING))
def test_has_a_front_and_a_back(kind: str) -> None:
    for action in ACTIONS[kind]:
        for variant in range(VARIANTS):
            picture = painted(figure(kind, action, variant, 0))
            assert (picture != picture[:, ::-1]).sum() / (picture > 0).sum() > 0.03, (action, variant)


@pytest.mark.parametrize("kind", ["cat", "dog", "cow", "horse", "sheep", "bird"])
def test_animals_look_to_the_right(kind: str) -> None:
    """The upper part of a standing animal, where its head is, weighs to the right."""
    for variant in range(VARIANTS):
        points = np.concatenate([shape.points for shape in figure(kind, "standing", variant, 0).shapes if shape.paint != "main"])
        high = points[points[:, 1] > 0.7]
        assert high[:, 0].mean() > 0.04, variant


def test_kinds_differ_in_shape() -> None:
    cast = [(kind, silhouette(figure(kind, action, variant, 0))) for kind, action in POSES for variant in range(VARIANTS)]
    names, flat = [kind for kind, _ in cast], np.stack([form.ravel() for _, form in cast]).astype(np.float32)
    shared, area = flat @ flat.T, flat.sum(axis=1)
    likeness = shared / (area[:, None] + area[None] - shared)
    strangers = np.array(names)[:, None] != np.array(names)[None]
    assert likeness[strangers].max() < 0.88
    # Animals that share a stance must be told by their shape alone.
    for one, other in itertools.combinations(("cat", "dog", "cow", "horse", "sheep"), 2):
        for a, b in itertools.product(range(VARIANTS), repeat=2):
            assert overlap(silhouette(figure(one, "standing", a, 0)), silhouette(figure(other, "standing", b, 0))) < 0.8, (
                one,
                a,
                other,
                b,
            )


def test_background_shows_through_wheels() -> None:
    for kind in ("bicycle", "motorbike"):
        for variant in range(VARIANTS):
            picture = (painted(figure(kind, "parked", variant, 0), 192) > 0).astype(np.uint8)
            inside = cv2.connectedComponents(1 - np.pad(picture, 1), connectivity=4)[0] - 2
            assert inside >= 6, (kind, variant)


def test_low_poses_are_low() -> None:
    shares = {"cat sleeping": 0.62, "dog sleeping": 0.5, "cow lying": 0.8, "sheep lying": 0.8, "bottle lying": 0.6}
    shares |= {"person sitting": 0.75, "horse grazing": 0.9}
    for (kind, action), most in ((pose.split(), most) for pose, most in shares.items()):
        rest = ACTIONS[kind][0] if "standing" not in ACTIONS[kind] else "standing"
        for variant in range(VARIANTS):
            assert figure(kind, action, variant, 0).rise < most * figure(kind, rest, variant, 0).rise, (kind, variant)
    assert figure("person", "standing", 2, 0).rise < 0.8 * figure("person", "standing", 0, 0).rise  # a child


def test_tops_are_where_the_seats_are() -> None:
    assert set(TOPS) == {"diningtable", "sofa", "chair"}
    for kind, share in TOPS.items():
        for variant in range(VARIANTS):
            picture = painted(figure(kind, "standing", variant, 0), 200)
            row = picture[202 - round(share * 200 / figure(kind, "standing", variant, 0).rise)]
            assert (row > 0).sum() > 0.3 * picture.shape[1], (kind, variant)


def test_one_figure_is_drawn_once() -> None:
    assert figure("cat", "sitting", 1, 2) is figure("cat", "sitting", 1, 2)
    assert figure("cat", "sitting", 1, 2) is not figure("cat", "sitting", 1, 3)
    with pytest.raises(UnknownName, match="did you mean horse"):
        figure("hors", "standing", 0, 0)
    with pytest.raises(UnknownName, match="no action is called 'flying'"):
        figure("cow", "flying", 0, 0)
    for variant, phase in ((VARIANTS, 0), (-1, 0), (0, PHASES)):
        with pytest.raises(BadValue, match="is not there"):
            figure("cow", "standing", variant, phase)


def area(points: Points) -> float:
    return 0.5 * sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, [*points[1:], points[0]], strict=True))


def test_swelling_moves_every_side_out() -> None:
    square: Points = [(0, 0), (2, 0), (2, 1), (0, 1)]
    assert np.allclose(swell(square, 0.5), [(-0.5, -0.5), (2.5, -0.5), (2.5, 1.5), (-0.5, 1.5)])
    assert np.allclose(swell(square[::-1], 0.5)[::-1], swell(square, 0.5))
    assert area(swell(square, -0.25)) == pytest.approx(1.5 * 0.5)


def test_thinning_keeps_the_outline() -> None:
    circle: Points = [(math.cos(math.tau * i / 400), math.sin(math.tau * i / 400)) for i in range(400)]
    thin = thinned(circle, 0.01)
    assert len(thin) < 40
    # A chord whose middle is 0.01 inside the circle loses two thirds of 0.01 times its length; the whole ring cannot lose more.
    assert math.pi - math.tau * 0.0101 < area(thin) < math.pi
    corners: Points = [(0, 0), (1, 0), (2, 0), (2, 2), (1, 2), (0, 2), (0, 1)]
    assert set(thinned(corners, 1e-6)) == {(0, 0), (2, 0), (2, 2), (0, 2)}


def test_a_blob_passes_through_its_knots() -> None:
    knots: Points = [(0.0, 0.0), (2.0, -0.5), (2.5, 1.0), (0.5, 1.5)]
    assert set(knots) <= set(blob(knots, 3))


def test_a_knee_keeps_the_bones_lengths() -> None:
    hip, foot = (0.1, 1.0), (0.3, 0.2)
    for bend in (1, -1):
        x, y = knee(hip, foot, 0.5, 0.45, bend)
        assert math.dist(hip, (x, y)) == pytest.approx(0.5)
        assert math.dist(foot, (x, y)) == pytest.approx(0.45)
        line = hip[0] + (foot[0] - hip[0]) * (hip[1] - y) / (hip[1] - foot[1])
        assert (x - line) * bend > 0  # ahead of the line from hip to foot, or behind it


def test_a_bent_limb_has_no_holes() -> None:
    for angle in range(0, 150, 10):
        turn = math.radians(angle)
        form = limb([(0, 0), (1, 0), (1 + math.cos(turn), math.sin(turn))], [0.6, 0.6, 0.6], 3, 3)
        picture = np.zeros((220, 220), np.uint8)
        cv2.fillPoly(picture, [np.rint((np.array(form) * 40 + 90) * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
        assert cv2.connectedComponents(1 - picture, connectivity=4)[0] == 2, angle


def test_forms_have_the_area_of_their_ideals() -> None:
    assert abs(area(ring(0, 0, 1.0, 0.5, 60))) == pytest.approx(math.pi * 0.75, rel=0.01)
    # A corner is rounded by a parabola, which cuts off a sixth of the square on its radius.
    assert area(rounded([(0, 0), (4, 0), (4, 3), (0, 3)], 1.0, 60)) == pytest.approx(12 - 4 / 6, rel=1e-3)
    assert place([(1.0, 0.0)], 2.0, 3.0, 90, 2.0) == [pytest.approx((2.0, 5.0))]
