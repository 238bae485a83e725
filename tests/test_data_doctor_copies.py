"""Pictures that are there twice: codes, the search for near ones, and what the doctor says of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from doctor_case import Fake, Picture, found, item, labelled, photo, save
from looksay.data import doctor, doctor_copies, phash, pictures

BIG = (320, 240)


def thumb_of(data: bytes) -> phash.Thumb:
    return phash.thumb(pictures.read(data, at_least=(64, 64)), pictures.size(data))


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "quality 40": lambda image: jpeg(image, 40),
    "half": lambda image: jpeg(image.resize((160, 120), Image.Resampling.BICUBIC)),
    "odd size": lambda image: jpeg(image.resize((213, 171), Image.Resampling.LANCZOS)),
    "twice": lambda image: jpeg(image.resize((640, 480), Image.Resampling.BILINEAR)),
    "brighter": lambda image: jpeg(ImageEnhance.Brightness(image).enhance(1.1)),
    "darker": lambda image: jpeg(ImageEnhance.Brightness(image).enhance(0.85)),
    "contrast": lambda image: jpeg(ImageEnhance.Contrast(image).enhance(1.1)),
}


@pytest.mark.parametrize("change", COPIES)
def test_copies_are_recognised(change: str) -> None:
    for seed in range(12):
        image = Image.fromarray(photo(seed, BIG))
        one, other = thumb_of(jpeg(image)), thumb_of(COPIES[change](image))
        assert phash.distance(phash.code(one), phash.code(other)) <= phash.NEAR
        assert phash.same(one[None], other[None])[0]
        assert phash.same(phash.small(one)[None], phash.small(other)[None])[0]


def test_different_pictures_are_far_apart() -> None:
    thumbs = np.stack([phash.thumb(photo(seed, BIG)) for seed in range(60)])
    codes = phash.code(thumbs)
    i, j = np.triu_indices(60, 1)
    assert int(phash.distance(codes[i], codes[j]).min()) > phash.NEAR
    assert not phash.same(thumbs[i], thumbs[j]).any()


def test_a_code_is_the_sign_of_the_lowest_waves() -> None:
    """Against sums of cosines written out."""
    thumb = phash.thumb(photo(5, BIG))
    grey = thumb.astype(np.float64) @ [0.299, 0.587, 0.114]
    at = np.arange(32)
    signs = set()
    for u in range(11):
        for v in range(11):
            wave = np.cos(np.pi * (2 * at + 1) * u / 64)[:, None] * np.cos(np.pi * (2 * at + 1) * v / 64)[None]
            signs.add((u + v, u, v, bool((grey * wave).sum() > 0)))
    lowest = sorted(signs)[1:65]
    assert int(phash.code(thumb)).bit_count() == sum(sign for *_, sign in lowest)


def test_a_draft_shows_the_same_as_the_whole_picture() -> None:
    """427 pixels at a quarter are 107, the last of them only partly filled."""
    image = Image.fromarray(photo(3, (427, 333)))
    data = jpeg(image, 95)
    whole = phash.thumb(pictures.read(data))
    draft = pictures.read(data, at_least=(64, 64))
    assert draft.shape[:2] == (84, 107)
    right, wrong = phash.thumb(draft, (427, 333)), phash.thumb(draft)
    error = [float(np.abs(each.astype(float) - whole).mean()) for each in (right, wrong)]
    assert error[0] < 0.6 * error[1]
    assert error[0] < 1.0


@pytest.mark.parametrize("within", [0, 1, 5, 8, 9])
def test_near_codes_as_among_all_pairs(within: int) -> None:
    chance = np.random.default_rng(within)
    codes = chance.integers(0, 2**64, 300, dtype=np.uint64)
    flips = np.array(
        [sum(1 << int(bit) for bit in chance.choice(64, count, replace=False)) for count in range(12)] * 25, np.uint64
    )
    codes = np.concatenate([codes, codes ^ flips])
    slow = [(i, j) for i in range(600) for j in range(i + 1, 600) if int(codes[i] ^ codes[j]).bit_count() <= within]
    assert len(slow) >= 25
    assert list(map(tuple, phash.near(codes, within).tolist())) == slow


def test_near_codes_where_bits_depend_on_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawings: few of the bits differ at all, so the bands are crowded. Portions of any size give the same."""
    chance = np.random.default_rng(1)
    codes = np.unique(chance.integers(0, 1 << 9, 200, dtype=np.uint64) * np.uint64(0x0008_0400_2001_0041))
    slow = [(i, j) for i in range(len(codes)) for j in range(i + 1, len(codes)) if int(codes[i] ^ codes[j]).bit_count() <= 8]
    assert list(map(tuple, phash.near(codes).tolist())) == slow
    assert len(slow) > 100
    monkeypatch.setattr(phash, "_CHUNK", 7)
    assert list(map(tuple, phash.near(codes).tolist())) == slow


def test_search_of_nothing_and_of_too_much() -> None:
    assert phash.near(np.zeros(0, np.uint64)).shape == (0, 2)
    assert phash.near(np.array([7], np.uint64)).shape == (0, 2)
    with pytest.raises(ValueError, match="9 bits"):
        phash.near(np.zeros(2, np.uint64), 10)


def test_the_search_looks_at_few_pairs() -> None:
    codes = np.random.default_rng(0).integers(0, 2**64, 20_000, dtype=np.uint64)
    assert phash.effort(codes) < 20_000**2 / 50
    assert len(phash.near(codes)) == 0


def page(seed: int, things: int = 1) -> Picture:
    """A drawn page: the same sky, sea and sand on all of them, and small things in other places."""
    image = Image.new("RGB", BIG, (150, 200, 240))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 110, 320, 160), fill=(40, 90, 170))
    draw.rectangle((0, 160, 320, 240), fill=(230, 210, 150))
    chance = np.random.default_rng(seed)
    for _ in range(things):
        x, y, r = (int(chance.integers(low, high)) for low, high in ((30, 290), (170, 215), (14, 24)))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=tuple(int(c) for c in chance.integers(0, 256, 3)))
    return np.asarray(image)


def test_pages_on_one_background_are_not_the_same() -> None:
    thumbs = np.stack([phash.thumb(page(seed)) for seed in range(60)])
    i, j = np.triu_indices(60, 1)
    codes = phash.code(thumbs)
    assert len(phash.near(codes)) > 20  # the codes alone would flood the report
    assert int(phash.same(thumbs[i], thumbs[j]).sum()) == 0


def test_brightness_is_forgiven_colour_and_strong_contrast_are_not() -> None:
    one = phash.thumb(photo(2, BIG))
    assert phash.same(one[None], np.clip(one * 0.8 + 20, 0, 255).astype(np.uint8)[None])[0]
    assert not phash.same(one[None], one[None, ..., ::-1])[0]
    assert not phash.same(one[None], np.rint(one * 0.5).astype(np.uint8)[None])[0]
    assert not phash.same(one[None], 255 - one[None])[0]


def test_same_as_by_a_least_squares_fit() -> None:
    chance = np.random.default_rng(2)
    ones = np.stack([phash.thumb(photo(seed, BIG)) for seed in range(80)])
    noise = chance.normal(0, 1, ones.shape) * chance.uniform(0, 12, (80, 1, 1, 1))
    others = np.clip(ones * chance.uniform(0.6, 1.2, (80, 1, 1, 1)) + noise + 3, 0, 255).astype(np.uint8)
    expected = []
    for one, other in zip(ones, others, strict=True):
        weak, strong = sorted((one.reshape(-1).astype(float), other.reshape(-1).astype(float)), key=np.std)
        gain, offset = np.polyfit(weak, strong, 1)
        rest = np.abs(strong - gain * weak - offset)
        close = rest.max() <= min(36, 4 + strong.std()) and np.sqrt((rest**2).mean()) <= min(8, 0.5 + 0.25 * strong.std())
        expected.append(bool(close and 1 / 1.45 < gain < 1.45))
    assert phash.same(ones, others).tolist() == expected
    assert phash.same(others, ones).tolist() == expected
    assert 20 < sum(expected) < 70
    assert phash.same(ones[:0], others[:0]).shape == (0,)


def test_flat_pictures_are_no_copies_of_each_other() -> None:
    flat = np.stack([np.full((32, 32, 3), value, np.uint8) for value in (0, 128, 255)])
    assert phash.is_flat(flat).all()
    assert not phash.is_flat(phash.thumb(photo(1)))


# -- what the doctor says ------------------------------------------------------------------------------------------------------


def split(folder: Path, pictures_of: dict[str, tuple[str, Picture]], name: str) -> Fake:
    """File → (label, picture)."""
    return Fake(
        [labelled(label, file, str(save(p, folder / name / file))) for file, (label, p) in pictures_of.items()], split=name
    )


def test_the_same_picture_twice_in_a_split(tmp_path: Path) -> None:
    train = split(
        tmp_path, {f"{n}.png": ("cat", photo(s)) for n, s in (("a", 1), ("b", 2), ("c", 1), ("d", 1), ("e", 3))}, "train"
    )
    checkup = doctor.check(train)
    assert found(checkup) == [("twin", str(tmp_path / "train/c.png")), ("twin", str(tmp_path / "train/d.png"))]
    assert str(tmp_path / "train/a.png") in checkup.findings[0].what
    assert found(doctor.check(train, quick=True)) == []


def test_the_same_picture_with_different_labels(tmp_path: Path) -> None:
    near = COPIES["half"](Image.fromarray(photo(4, BIG)))
    train = split(
        tmp_path,
        {
            "a.png": ("cat", photo(1)),
            "b.png": ("dog", photo(1)),
            "c.png": ("cat", photo(4, BIG)),
            "d.png": ("dog", np.asarray(Image.open(io.BytesIO(near)))),
            "e.png": ("cat", np.asarray(Image.open(io.BytesIO(jpeg(Image.fromarray(photo(4, BIG)), 60))))),
            "f.png": ("dog", photo(6)),
        },
        "train",
    )
    checkup = doctor.check(train)
    files = [str(tmp_path / f"train/{name}.png") for name in ("b", "d", "e")]
    assert found(checkup) == [("conflict", file) for file in files]
    assert "labelled differently" in checkup.findings[0].what
    assert "nearly" in checkup.findings[1].what


def test_boxes_count_for_exact_copies_only(tmp_path: Path) -> None:
    """Frames of a film differ in their boxes; the very same picture should not."""
    paths = [str(save(photo(1), tmp_path / f"{name}.png")) for name in "ab"]
    paths.append(str(save(np.asarray(Image.open(io.BytesIO(jpeg(Image.fromarray(photo(1)), 70)))), tmp_path / "c.png")))
    boxes = [("dog", (10.0, 10.0, 40.0, 50.0)), ("dog", (20.0, 10.0, 40.0, 50.0)), ("dog", (30.0, 10.0, 40.0, 50.0))]
    fake = Fake([item(box, id=str(at), path=path) for at, (box, path) in enumerate(zip(boxes, paths, strict=True))])
    assert found(doctor.check(fake)) == [("conflict", paths[1])]


def test_leaks_between_splits(tmp_path: Path) -> None:
    base = photo(7, BIG)
    near = np.asarray(Image.open(io.BytesIO(COPIES["half"](Image.fromarray(base)))))
    parts = {
        "test": split(tmp_path, {"t1.png": ("cat", photo(1)), "t2.png": ("cat", near)}, "test"),
        "val": split(tmp_path, {"v1.png": ("cat", photo(1)), "v2.png": ("cat", photo(3))}, "val"),
        "train": split(
            tmp_path,
            {"a.png": ("cat", photo(1)), "b.png": ("cat", base), "c.png": ("cat", photo(5)), "d.png": ("cat", base)},
            "train",
        ),
    }
    checkup = doctor.check(parts)
    at = {name: str(tmp_path / name) for name in ("train/a.png", "train/b.png", "train/d.png", "val/v1.png")}
    assert found(checkup) == [
        ("leak", at["train/a.png"]),
        ("leak", at["train/a.png"]),
        ("leak", at["val/v1.png"]),
        ("near-leak", at["train/b.png"]),
        ("near-leak", at["train/d.png"]),
        ("twin", at["train/d.png"]),
    ]
    assert not checkup.ok
    said = [finding.what for finding in checkup.findings]
    assert said[0] == f"in 'train', but the same picture as {tmp_path / 'test/t1.png'} in 'test'"
    assert said[1] == f"in 'train', but the same picture as {tmp_path / 'val/v1.png'} in 'val'"
    assert said[3] == f"in 'train', but nearly the same picture as {tmp_path / 'test/t2.png'} in 'test'"
    clean = {"train": parts["train"].items[2:3], "test": parts["test"].items, "val": parts["val"].items[1:]}
    assert found(doctor.check({name: Fake(items) for name, items in clean.items()})) == []


def test_flat_and_unreadable_pictures_leak_only_by_their_bytes(tmp_path: Path) -> None:
    white = [np.full((40, 60, 3), value, np.uint8) for value in (255, 254, 255)]
    parts = {
        "train": split(tmp_path, {"a.png": ("cat", white[0]), "b.png": ("cat", white[1])}, "train"),
        "test": split(tmp_path, {"c.png": ("cat", white[2])}, "test"),
    }
    assert found(doctor.check(parts)) == [("leak", str(tmp_path / "train/a.png"))]


def test_pictures_without_files_of_their_own_are_compared_too() -> None:
    parts = {"train": Fake([labelled("cat", "a")], split="train"), "test": Fake([labelled("cat", "a")], split="test")}
    assert found(doctor.check(parts)) == [("leak", "a.txt")]


def test_a_search_without_end_is_cut_short_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {
        "train": split(tmp_path, {"a.png": ("cat", photo(1)), "b.png": ("cat", photo(2))}, "train"),
        "test": split(tmp_path, {"c.png": ("cat", photo(1)), "d.png": ("cat", photo(3))}, "test"),
    }
    monkeypatch.setattr(doctor_copies, "MOST_PAIRS", 0)
    assert found(doctor.check(parts)) == [("leak", str(tmp_path / "train/a.png")), ("not-searched", "set")]


def test_all_copies_are_found_as_by_comparing_all(tmp_path: Path) -> None:
    """Against every pair of thumbs, without codes and bands."""
    chance = np.random.default_rng(3)
    shown, parts = [], {}
    for name in ("train", "test"):
        files = {}
        for at in range(40):
            image = Image.fromarray(photo(int(chance.integers(0, 60)), (160, 120)))
            quality = int(chance.integers(40, 95))
            files[f"{at:02d}.png"] = ("cat", np.asarray(Image.open(io.BytesIO(jpeg(image, quality)))))
        parts[name] = split(tmp_path, files, name)
        shown.append(np.stack([phash.thumb(picture) for _, picture in files.values()]))
    leaks = {
        str(tmp_path / f"train/{i:02d}.png")
        for i in range(40)
        if phash.same(np.repeat(shown[0][i : i + 1], 40, 0), shown[1]).any()
    }
    checkup = doctor.check(parts)
    assert {where for kind, where in found(checkup) if kind in ("leak", "near-leak")} == leaks
    assert 10 < len(leaks) < 35
