"""CIFAR's batches, the pickled ones without trust; ImageNet with its devkit."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from scipy.io import savemat

from looksay.data import source
from looksay.data.imagenet import class_names
from looksay.errors import BadData

Array = npt.NDArray[np.uint8]
ROW = 3072


def text(value: str) -> bytes:
    """As Python 2 pickled its text."""
    raw = value.encode("latin-1")
    return b"U" + bytes((len(raw),)) + raw if len(raw) < 256 else b"T" + struct.pack("<i", len(raw)) + raw


def numbers(values: list[int]) -> bytes:
    return b"](" + b"".join(b"K" + bytes((value,)) for value in values) + b"e"


def array(rows: Array, kind: bytes = b"u1") -> bytes:
    """numpy's array of bytes as the authors' Python 2 pickled it."""
    dtype = b"cnumpy\ndtype\nU\x02" + kind + b"K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    shape = b"".join(b"M" + struct.pack("<H", size) for size in rows.shape) + b"\x86"
    data = b"T" + struct.pack("<i", rows.size) + rows.tobytes()
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    return empty + b"(K\x01" + shape + dtype + b"\x89" + data + b"tb"


def table(**entries: bytes) -> bytes:
    return b"\x80\x02}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u."


def words(*names: str) -> bytes:
    return b"](" + b"".join(text(name) for name in names) + b"e"


@pytest.fixture
def rows() -> Array:
    return np.random.default_rng(0).integers(0, 256, (5, ROW), np.uint8)


def by_hand(row: Array) -> Array:
    """Planes to pixels, one by one."""
    out = np.zeros((32, 32, 3), np.uint8)
    for channel in range(3):
        for y in range(32):
            for x in range(32):
                out[y, x, channel] = row[channel * 1024 + y * 32 + x]
    return out


def write_ten(home: Path, rows: Array) -> None:
    home.mkdir(parents=True)
    (home / "data_batch_1").write_bytes(table(batch_label=text("1 of 5"), labels=numbers([2, 0]), data=array(rows[:2])))
    (home / "data_batch_2").write_bytes(table(labels=numbers([1]), data=array(rows[2:3]), filenames=words("a.png")))
    (home / "test_batch").write_bytes(table(data=array(rows[3:]), labels=numbers([1, 2])))
    (home / "batches.meta").write_bytes(table(num_cases_per_batch=b"K\x02", label_names=words("cat", "dog", "frog")))


def test_cifar_10_in_python_batches(tmp_path: Path, rows: Array) -> None:
    write_ten(tmp_path / "cifar-10-batches-py", rows)
    for root in (tmp_path, tmp_path / "cifar-10-batches-py"):
        assert source.splits(str(root)) == ("train", "test")
        found = source.open(str(root), "train")
        assert (found.format, found.classes, len(found)) == ("cifar", ("cat", "dog", "frog"), 3)
        assert [found.target(i) for i in range(3)] == [2, 0, 1]
        picture, scene = found[2]
        assert np.array_equal(picture, by_hand(rows[2]))
        assert (scene.size, scene.labels.names, scene.id) == ((32, 32), ("dog",), "train-00002")
    assert [source.open(str(tmp_path))[i][1].labels.names[0] for i in (0, 3, 4)] == ["frog", "dog", "frog"]
    assert source.open(str(tmp_path), "train", classes=["frog", "x", "dog", "cat"]).target(0) == 0


def test_batches_pickled_by_todays_numpy_are_read_too(tmp_path: Path, rows: Array) -> None:
    write_ten(tmp_path / "c", rows)
    for protocol in (2, 4):
        batch = {b"labels": [0, 1], b"data": rows[:2]}
        (tmp_path / "c/test_batch").write_bytes(pickle.dumps(batch, protocol=protocol))
        found = source.open(str(tmp_path / "c"), "test")
        assert np.array_equal(found.picture(1), by_hand(rows[1]))
    (tmp_path / "c/test_batch").write_bytes(pickle.dumps({"labels": [0] * 5, "data": np.asfortranarray(rows)}, protocol=2))
    assert np.array_equal(source.open(str(tmp_path / "c"), "test").picture(3), by_hand(rows[3]))


def test_cifar_100_has_fine_labels(tmp_path: Path, rows: Array) -> None:
    (tmp_path / "train").write_bytes(table(fine_labels=numbers([3, 1]), coarse_labels=numbers([0, 0]), data=array(rows[:2])))
    (tmp_path / "test").write_bytes(table(fine_labels=numbers([0]), coarse_labels=numbers([1]), data=array(rows[2:3])))
    (tmp_path / "meta").write_bytes(table(fine_label_names=words("a", "b", "c", "d"), coarse_label_names=words("x", "y")))
    found = source.open(str(tmp_path), "train")
    assert (found.format, found.classes, [found.target(i) for i in range(2)]) == ("cifar", ("a", "b", "c", "d"), [3, 1])


def test_binary_batches(tmp_path: Path, rows: Array) -> None:
    ten, hundred = tmp_path / "ten", tmp_path / "hundred"
    ten.mkdir()
    hundred.mkdir()
    (ten / "data_batch_1.bin").write_bytes(b"".join(bytes((k,)) + rows[k].tobytes() for k in (1, 0)))
    (ten / "test_batch.bin").write_bytes(b"\x02" + rows[2].tobytes())
    (ten / "batches.meta.txt").write_text("cat\ndog\nfrog\n\n")
    found = source.open(str(ten), "train")
    assert ([found.target(i) for i in range(2)], found.classes) == ([1, 0], ("cat", "dog", "frog"))
    assert np.array_equal(found.picture(0), by_hand(rows[1]))
    (hundred / "train.bin").write_bytes(b"\x07\x01" + rows[3].tobytes())
    (hundred / "fine_label_names.txt").write_text("a\nb\n")
    found = source.open(str(hundred), "train")
    assert (found.target(0), np.array_equal(found.picture(0), by_hand(rows[3]))) == (1, True)
    (ten / "data_batch_1.bin").write_bytes(b"\x01" * 3000)
    with pytest.raises(BadData, match="3000 bytes, which is not a multiple of 3073"):
        source.open(str(ten), "train")


class Evil:
    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> Any:
        return self.call, self.arguments


def test_pickles_that_would_run_code_are_refused(tmp_path: Path, rows: Array) -> None:
    write_ten(tmp_path / "c", rows)
    trap = tmp_path / "sprung"
    evil = [
        pickle.dumps({"data": Evil(open, str(trap), "w")}, protocol=protocol) for protocol in (0, 2, 4)
    ]  # fmt: skip
    evil += [
        pickle.dumps({"data": Evil(eval, f"open({str(trap)!r}, 'w')")}),
        b"cos\nsystem\n(U" + bytes((len(f"touch {trap}"),)) + f"touch {trap}".encode() + b"tR.",
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02ls\x85R.",
        b"cnumpy.core.multiarray\nscalar\n.",
        b"cnumpy\nload\n(U\x01xtR.",
        b"c_codecs\ndecode\n.",
        b"cnumpy\nndarray.__class__\n.",
        b"Pid\n.",
        b"\x82\x01.",
        b"\x80\x02}r\xff\xff\xff\x7f.",  # a memo of two thousand million entries
    ]
    for data in evil:
        (tmp_path / "c/data_batch_1").write_bytes(data)
        with pytest.raises(BadData, match="is not a batch of CIFAR") as caught:
            source.open(str(tmp_path / "c"), "train")
        assert "data_batch_1" in str(caught.value.where)
    assert not trap.exists()
    (tmp_path / "c/data_batch_1").write_bytes(evil[0])
    with pytest.raises(BadData, match=r"asks for .*open, which no batch of CIFAR needs"):
        source.open(str(tmp_path / "c"), "train")


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"labels": numbers([0])}, "no data of bytes"),
        ({"labels": numbers([0]), "data": array(np.zeros((1, 100), np.uint8))}, "3072 columns"),
        ({"labels": numbers([0]), "data": array(np.zeros((1, ROW), np.uint8), b"O8")}, "something else than bytes"),
        ({"labels": numbers([0, 1]), "data": array(np.zeros((1, ROW), np.uint8))}, "1 pictures, but 2 labels"),
        ({"labels": words("a"), "data": array(np.zeros((1, ROW), np.uint8))}, "small whole numbers"),
        ({"labels": numbers([3]), "data": array(np.zeros((1, ROW), np.uint8))}, "label 3, but 3 classes"),
    ],
)
def test_damaged_batches_are_refused(tmp_path: Path, rows: Array, entries: dict[str, bytes], says: str) -> None:
    write_ten(tmp_path / "c", rows)
    (tmp_path / "c/test_batch").write_bytes(table(**entries))
    with pytest.raises(BadData, match=says):
        source.open(str(tmp_path / "c"), "test")
    whole = (tmp_path / "c/data_batch_1").read_bytes()
    for end in range(0, len(whole), 501):
        (tmp_path / "c/data_batch_1").write_bytes(whole[:end])
        with pytest.raises(BadData):
            source.open(str(tmp_path / "c"), "train")


def photo(path: Path, size: tuple[int, int] = (50, 40)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(path, "JPEG")


MAPPING = "n01440764 tench, Tinca tinca\nn02012849 crane\nn03126707 crane\nn03710637 maillot\nn03710721 maillot, tank suit\n"


def test_class_names_are_told_apart() -> None:
    said = dict(line.split(" ", 1) for line in MAPPING.splitlines())
    assert list(class_names(said).values()) == [
        "tench", "crane (n02012849)", "crane (n03126707)", "maillot", "maillot, tank suit",
    ]  # fmt: skip


def test_imagenet_as_kaggle_has_it(tmp_path: Path) -> None:
    home = tmp_path / "ILSVRC/Data/CLS-LOC"
    photo(home / "train/n02012849/n02012849_7.JPEG")
    photo(home / "train/n01440764/n01440764_10.JPEG")
    photo(home / "val/ILSVRC2012_val_00000001.JPEG")
    photo(home / "val/ILSVRC2012_val_00000002.JPEG")
    photo(home / "test/ILSVRC2012_test_00000001.JPEG")
    (tmp_path / "LOC_synset_mapping.txt").write_text(MAPPING)
    solution = "ImageId,PredictionString\nILSVRC2012_val_00000002,n03126707 1 2 3 4 n03126707 1 1 2 2 \n"
    (tmp_path / "LOC_val_solution.csv").write_text(solution + "ILSVRC2012_val_00000001,n01440764 1 2 3 4 \n")
    boxes = tmp_path / "ILSVRC/Annotations/CLS-LOC"
    box = "<object><name>n01440764</name><bndbox><xmin>0</xmin><ymin>3</ymin><xmax>49</xmax><ymax>20</ymax></bndbox></object>"
    for name in ("train/n01440764/n01440764_10", "val/ILSVRC2012_val_00000001"):
        (boxes / name).parent.mkdir(parents=True, exist_ok=True)
        (boxes / f"{name}.xml").write_text(f"<annotation>{box}</annotation>")
    assert source.splits(str(tmp_path)) == ("train", "val", "test")
    found = source.open(str(tmp_path), "train")
    assert (found.format, len(found.classes), found.synsets["tench"]) == ("imagenet", 5, "n01440764")
    scene = found[0][1]
    assert (scene.id, scene.labels[0].name, scene.labels[0].synset) == ("n01440764_10", "tench", "n01440764")
    assert scene.objects[0].box == (0, 3, 50, 21)
    assert (found.scene(1).labels.names, len(found.scene(1).objects)) == (("crane (n02012849)",), 0)
    val = source.open(str(tmp_path), "val")
    assert [val.scene(i).labels[0].synset for i in range(2)] == ["n01440764", "n03126707"]
    assert val.scene(0).objects[0].name == "tench"
    test = source.open(str(tmp_path), "test")
    assert (test.target(0), len(test.scene(0).labels)) == (-1, 0)
    (tmp_path / "LOC_val_solution.csv").write_text("ImageId,PredictionString\nILSVRC2012_val_00000002,tench\n")
    with pytest.raises(BadData, match="its synset") as caught:
        source.open(str(tmp_path), "val")
    assert str(caught.value.where).endswith("LOC_val_solution.csv:2")


def test_imagenet_with_its_devkit(tmp_path: Path) -> None:
    for name in ("n01440764", "n03126707"):
        photo(tmp_path / f"train/{name}/{name}_1.JPEG")
    for number in (1, 2, 3):
        photo(tmp_path / f"val/ILSVRC2012_val_{number:08d}.JPEG")
    kind = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("num_children", "O")]
    synsets = np.array([(1, "n03126707", "crane", 0), (2, "n01440764", "tench, Tinca", 0), (3, "n00001740", "entity", 2)], kind)
    data = tmp_path / "ILSVRC2012_devkit_t12/data"
    data.mkdir(parents=True)
    savemat(data / "meta.mat", {"synsets": synsets[:, None]})
    (data / "ILSVRC2012_validation_ground_truth.txt").write_text("2\n1\n2\n")
    found = source.open(str(tmp_path), "val")
    assert found.classes == ("tench", "crane")
    assert [found.scene(i).labels.names for i in range(3)] == [("tench",), ("crane",), ("tench",)]
    assert [found.target(i) for i in range(3)] == [0, 1, 0]
    assert source.open(str(tmp_path), "train").scene(1).labels[0].synset == "n03126707"
    (data / "ILSVRC2012_validation_ground_truth.txt").write_text("2\n9\n")
    with pytest.raises(BadData, match="says '9'") as caught:
        source.open(str(tmp_path), "val")
    assert str(caught.value.where).endswith("ground_truth.txt:2")
    (data / "meta.mat").write_bytes(b"MATLAB 5.0 MAT-file" + b"\0" * 200)
    with pytest.raises(BadData, match="not the devkit's table"):
        source.open(str(tmp_path), "val")


def test_imagenet_without_names_uses_synsets(tmp_path: Path) -> None:
    for name in ("n02012849", "n01440764"):
        photo(tmp_path / f"train/{name}/a.JPEG")
        photo(tmp_path / f"val/{name}/b.JPEG")
    found = source.open(str(tmp_path), "val")
    assert (found.format, found.classes, found.target(1)) == ("imagenet", ("n01440764", "n02012849"), 1)
    assert source.open(f"imagefolder:{tmp_path}", "val").classes == found.classes
    (tmp_path / "LOC_synset_mapping.txt").write_text("tench n01440764\n")
    with pytest.raises(BadData, match=r"mapping\.txt:1"):
        source.open(str(tmp_path), "val")
