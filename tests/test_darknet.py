"""Darknet's files: the numbers of a slow reference, hostile ones refused with their line, and the way from a file to boxes."""

from __future__ import annotations

import json
import math
import shutil
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from darknet_case import CFGS, LOCAL, V1, V2, Slow, pictures, slow_boxes, slow_reorg, write_case
from looksay import api, weights
from looksay.cli.main import run
from looksay.errors import BadConfig, BadData, BadValue, BadWeights, LooksayError
from looksay.nn import darknet_weights
from looksay.nn.darknet_cfg import Reorg, parse, with_classes
from looksay.nn.darknet_layers import Reorganise, plan
from looksay.nn.swift import quicken
from looksay.nn.system import Batch
from looksay.systems.detect.darknet import SMALL, Darknet, DarknetConfig
from looksay.systems.detect.darknet_files import class_names, read_darknet

every_case = pytest.mark.parametrize("name", list(CFGS))


def near(found: Any, wanted: Any, share: float = 1e-5) -> bool:
    found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    return found.shape == wanted.shape and bool(np.abs(found - wanted).max() <= share * max(1.0, np.abs(wanted).max()))


@every_case
@pytest.mark.parametrize("mode", ["plain", "folded"])
def test_the_numbers_are_those_of_a_slow_reference(name: str, mode: str, tmp_path: Path) -> None:
    cfg, file = write_case(tmp_path, name)
    system, _ = read_darknet(file)
    seen = pictures(system)
    with torch.inference_mode():
        said = (quicken(system) if mode == "folded" else system)(Batch(seen)).said
    for row, picture in enumerate(seen):
        assert near(said[row].flatten(), Slow(cfg, file).run(picture.double().numpy()))


@every_case
def test_boxes_and_scores_are_those_of_the_formulas(name: str, tmp_path: Path) -> None:
    cfg, file = write_case(tmp_path, name)
    system, _ = read_darknet(file)
    system.least = -math.inf
    wide, high = system.prep.size
    seen = pictures(system, 1)
    batch = Batch(seen)
    (found,) = system.candidates(system(batch), batch)
    wanted = slow_boxes(cfg, Slow(cfg, file).run(seen[0].double().numpy()))
    kinds = len(system.classes)
    assert len(found) == len(wanted) * kinds
    for place, (box, scores) in enumerate(wanted):
        inside = [min(max(edge * side, 0), side) for edge, side in zip(box, (wide, high, wide, high), strict=True)]
        assert near(found.boxes[place * kinds], inside)
        assert near(found.scores[place * kinds : (place + 1) * kinds], np.clip(scores, 0, 1))
        assert found.labels[place * kinds : (place + 1) * kinds].tolist() == list(range(kinds))


@pytest.mark.parametrize("stride", [2, 3])
def test_reorg_index_by_index(stride: int) -> None:
    x = np.arange(2 * 18 * 36 * 6, dtype=np.float64).reshape(2, 36, 18, 6)
    found = Reorganise(Reorg(line=1, stride=stride))(torch.from_numpy(x))
    for row in range(2):
        assert np.array_equal(found[row].numpy(), slow_reorg(x[row], stride))


@every_case
def test_written_weights_are_the_ones_that_were_read(name: str, tmp_path: Path) -> None:
    cfg, file = write_case(tmp_path, name)
    system, _ = read_darknet(file)
    shutil.copy(cfg, tmp_path / "again.cfg")
    darknet_weights.write(tmp_path / "again.weights", system.layers, seen=64_000)
    assert (tmp_path / "again.weights").read_bytes() == file.read_bytes()
    again, _ = read_darknet(tmp_path / "again.weights")
    assert all(torch.equal(tensor, again.state_dict()[key]) for key, tensor in system.state_dict().items())
    header = darknet_weights.read_header(file)
    assert (header.minor, header.seen, header.size, header.turned) == (2, 64_000, 20, False)


def test_headers_of_all_ages(tmp_path: Path) -> None:
    """Counters of four bytes before version 0.2, and where a size had four; in the oldest files matrices stand inputs first."""
    cfg, file = write_case(tmp_path, "v1")
    new, numbers = read_darknet(file)[0], file.read_bytes()[20:]
    for head in (struct.pack("<4i", 0, 1, 0, 7), struct.pack("<4i", 0, 2, 0, 7)):
        file.write_bytes(head + numbers)
        system = read_darknet(file)[0]
        assert all(torch.equal(tensor, system.state_dict()[key]) for key, tensor in new.state_dict().items())
    cfg, file = write_case(tmp_path, "v1", old=True)
    old = read_darknet(file)[0]
    seen = pictures(old, 1)
    assert near(old(Batch(seen)).said.detach().flatten(), Slow(cfg, file).run(seen[0].double().numpy()))
    assert not torch.equal(old.state_dict()["layers.layers.4.linear.weight"], new.state_dict()["layers.layers.4.linear.weight"])


LIES = {
    "short": (
        lambda raw: raw[: 20 + 4 * 3000],
        r"has 3,000 numbers, and the network takes 7,689: it ends in layer 4, \[connected\]",
    ),
    "long": (lambda raw: raw + b"\0" * 8, r"2 are left over after its last layer"),
    "torn": (lambda raw: raw[:-2], r"ends in the middle of a number"),
    "empty": (lambda raw: b"", r"has 0 bytes, and its header alone has 16"),
    "of version -1": (lambda raw: b"\xff" * 12 + raw[12:], r"begins with version -1\.-1\.-1"),
    "nan": (
        lambda raw: raw[:28] + b"\xff" * 4 + raw[32:],
        r"the biases of layer 1, \[convolutional\], hold numbers that cannot be",
    ),
}


@pytest.mark.parametrize("lie", list(LIES))
def test_weights_that_lie(lie: str, tmp_path: Path) -> None:
    _, file = write_case(tmp_path, "v1")
    change, words = LIES[lie]
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(BadWeights, match=words) as caught:
        read_darknet(file)
    assert str(file) in str(caught.value)
    assert caught.value.mend


def test_variances_below_zero_are_of_another_network(tmp_path: Path) -> None:
    _, file = write_case(tmp_path, "v2")
    raw = bytearray(file.read_bytes())
    raw[20 + 4 * 18 : 24 + 4 * 18] = struct.pack("<f", -1.0)  # after six biases, scales and means
    file.write_bytes(raw)
    with pytest.raises(BadWeights, match=r"the variances of layer 0, \[convolutional\]"):
        read_darknet(file)


def conv(filters: int, size: int = 3, stride: int = 1, norm: int = 1) -> str:
    return f"[convolutional]\nbatch_normalize={norm}\nfilters={filters}\nsize={size}\nstride={stride}\npad=1\nactivation=leaky\n"


def squeezed(*filters: int) -> str:
    """3 x 3 and 1 x 1 in turn."""
    return "".join(conv(each, 1 if number % 2 else 3) for number, each in enumerate(filters))


HALF = "[maxpool]\nsize=2\nstride=2\n"
PUBLISHED = {  # bytes of the files that Darknet's authors give away, with headers of 16 bytes
    "yolov2": (608, 203_934_260, (
        conv(32), HALF, conv(64), HALF, squeezed(128, 64, 128), HALF, squeezed(256, 128, 256), HALF,
        squeezed(512, 256, 512, 256, 512), HALF, squeezed(1024, 512, 1024, 512, 1024), conv(1024), conv(1024),
        "[route]\nlayers=-9\n", conv(64, 1), "[reorg]\nstride=2\n[route]\nlayers=-1,-4\n", conv(1024), conv(425, 1, norm=0),
        f"[region]\nanchors={'1,1,' * 5}\nnum=5\nclasses=80\n",
    )),
    "tiny-yolo-voc": (416, 63_471_556, (
        *(conv(16 * 2**number) + HALF for number in range(5)), conv(512), "[maxpool]\nsize=2\nstride=1\n", conv(1024), conv(1024),
        conv(125, 1, norm=0), f"[region]\nanchors={'1,1,' * 5}\nnum=5\nclasses=20\n",
    )),
    "yolov1": (448, 789_312_988, (
        conv(64, 7, 2), HALF, conv(192), HALF, conv(128, 1), conv(256), conv(256, 1), conv(512), HALF,
        (conv(256, 1) + conv(512)) * 4, conv(512, 1), conv(1024), HALF, (conv(512, 1) + conv(1024)) * 2, conv(1024),
        conv(1024, 3, 2), conv(1024), conv(1024), "[local]\nsize=3\npad=1\nfilters=256\nactivation=leaky\n[dropout]\n",
        "[connected]\noutput=1715\nactivation=linear\n[detection]\nside=7\nnum=3\nclasses=20\ncoords=4\nsqrt=1\n",
    )),
}  # fmt: skip


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_the_published_files_are_as_long_as_their_networks(name: str) -> None:
    side, length, parts = PUBLISHED[name]
    steps = plan(parse(f"[net]\nwidth={side}\nheight={side}\nchannels=3\n" + "".join(parts)), (side, side))
    assert 16 + 4 * sum(step.weights for step in steps) == length


def test_weights_without_a_cfg(tmp_path: Path) -> None:
    cfg, file = write_case(tmp_path, "v2")
    cfg.unlink()
    with pytest.raises(BadWeights, match=r"no \.cfg .*--model FILE\.cfg --weights net\.weights"):
        read_darknet(file)
    with pytest.raises(BadWeights, match="no such file"):
        read_darknet(tmp_path / "nothing.weights", write_case(tmp_path, "v2", stem="other")[0])


def planned(text: str, where: str) -> None:
    net = parse(text, where)
    plan(net, (net.input.width, net.input.height))


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("cfg", "was", "now", "words"),
    [
        (V2, "[reorg]", "[reorg3d]", r"\[reorg3d\] is not read"),
        (V2, "[reorg]", "[upsample]", r"\[upsample\] is of YOLOv3 or later"),
        (V2, "[region]", "[yolo]", r"\[yolo\] is of YOLOv3 or later \(looksay reads the files of v1, v2"),
        (V2, "[maxpool]", "[maxpol]", r"no section is called \[maxpol\] \(did you mean maxpool"),
        (V2, "activation=logistic", "activation=leakyy", r"activation=leakyy is not read \(did you mean leaky\?\)"),
        (V2, "activation=logistic", "activation=mish", r"activation=mish is not read"),
        (V2, "filters=6", "filers=6", r"\[convolutional\] has no 'filers' \(did you mean filters\?"),
        (V2, "filters=6", "filters=1000000000", r"filters=1000000000 is out of range \(1 to 65536\)"),
        (V2, "filters=6", "filters=-6", r"filters=-6 is out of range"),
        (V2, "filters=6", "filters=six", r"filters=six is not a whole number"),
        (V2, "filters=6", "filters=6\ngroups=2", r"groups=2 in \[convolutional\] is not read \(only groups=1\)"),
        (V2, "filters=6", "filters=6\nfilters=7", r"'filters' stands twice in \[convolutional\]"),
        (V2, "filters=6", "filters", r"'filters' is not understood"),
        (V2, "thresh = .6", "thresh = nan", r"thresh=nan is out of range"),
        (V2, "thresh = .6", "tree=9k.tree", r"tree=9k\.tree is not read .*YOLO9000"),
        (V2, "layers=-1,4", "layers=-1,9", r"\[route\] is layer 7 and takes from 9 .*0 to 6"),
        (V2, "layers=-1,4", "layers=-1,0", r"joins maps of different sizes: 8 x 12, 32 x 48"),
        (V2, "filters=16", "filters=17", r"wants 16 numbers \(of 3 classes and num=2\), and the layer before has 17"),
        (V2, "coords=4", "coords=3", r"coords=3 is not read"),
        (V2, "num=2", "num=3", r"num=3, but anchors has 4 numbers"),
        (V2, "1.3221", "0", r"an anchor has no extent"),
        (V2, "width=48", "width=100000", r"width=100000 is out of range"),
        (V2, "width=48\nheight=32", "width=8000\nheight=8000", r"would have 384,000,000 numbers for a picture"),
        (V2, "width=48\n", "", r"\[net\] lacks 'width'"),
        (V2, "[region]", "[softmax]", r"\[softmax\] has no 'anchors'"),
        (V1, "[net]", "[maxpool]", r"begins with \[maxpool\]"),
        (V1, "output= 117", "output=116", r"wants 117 numbers \(of 3 classes and num=2\), and the layer before has 116"),
        (V1, "crop_width=24", "crop_width=29", r"cuts 29 x 24 out of 28 x 28"),
        (V1, "[dropout]\nprobability=.5", "[detection]\nside=1\ncoords=4", r"layers come after \[detection\]"),
        (LOCAL, "size=3\nstride=1", "size=5\nstride=1", r"pad=1 at size=5, with which Darknet itself goes wrong"),
    ],
)
def test_a_cfg_that_cannot_be_is_refused_with_its_line(cfg: str, was: str, now: str, words: str) -> None:
    assert was in cfg
    with pytest.raises(BadConfig, match=words) as caught:
        planned(cfg.replace(was, now, 1), "some.cfg")
    assert caught.value.where
    assert caught.value.where.startswith("some.cfg:")
    assert caught.value.mend


def test_the_line_is_the_right_one() -> None:
    with pytest.raises(BadConfig) as caught:
        parse(V2.replace("activation=logistic", "activation=swish"), "x")
    assert caught.value.where == f"x:{line_of(V2, 'activation=logistic')}"
    with pytest.raises(BadConfig) as caught:
        plan(parse(V2.replace("stride=2\n\n[route]", "stride=3\n\n[route]"), "x"), (48, 32))
    assert caught.value.where == f"x:{line_of(V2, '[reorg]')}"


@pytest.mark.parametrize("text", ["", "\0" * 50, "[net]\n" * 3000, "[", "=", "[net]\nwidth=1\nheight=1\n[region]", "x" * 2**21])
def test_what_is_no_cfg_at_all(text: str) -> None:
    with pytest.raises(BadConfig):
        parse(text)


def test_huge_networks_are_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    """Sixteen gigabytes, asked for by a few lines."""
    huge = V1.replace("output=20", "output=65536").replace("output= 117", "output=65536")
    with pytest.raises(BadConfig, match="weights up to here"):
        Darknet(["a", "b", "c"], DarknetConfig(huge))
    cfg, file = write_case(tmp_path, "v1")
    cfg.write_text(V1.replace("filters=6", "filters=60000"))
    with pytest.raises((BadConfig, BadWeights), match=r"weights up to here|it ends in layer 3"):
        read_darknet(file)


def test_a_network_follows_its_classes(tmp_path: Path) -> None:
    for text, count, line in ((SMALL, 3, "filters=40"), (V1, 5, "output=135"), (V2, 1, "filters=12")):
        changed = with_classes(text, count)
        assert line in changed.splitlines()
        assert len(changed.splitlines()) == len(text.splitlines())
        assert parse(changed).head.classes == count
        assert with_classes(text, parse(text).head.classes) == text
    system = Darknet(["a", "b", "c"]).eval()
    seen = pictures(system)
    weights.save(
        tmp_path / "a.safetensors", system, weights.Info("darknet", system.classes, {"cfg": system.config.cfg}, system.prep)
    )
    again, _ = weights.load(tmp_path / "a.safetensors")
    assert torch.equal(again(Batch(seen)).said, system(Batch(seen)).said)
    (tmp_path / "own.cfg").write_text(V2)
    named = Darknet(["a", "b", "c"], DarknetConfig(str(tmp_path / "own.cfg")))
    assert named.config.cfg == V2
    assert Darknet.size_for(DarknetConfig(str(tmp_path / "own.cfg"))) == 48
    with pytest.raises(BadConfig, match="cannot be read"):
        Darknet(["a"], DarknetConfig(str(tmp_path / "none.cfg")))


def test_sizes_that_a_network_takes(tmp_path: Path) -> None:
    free = read_darknet(write_case(tmp_path, "v2")[1])[0]
    assert free(Batch(torch.rand(1, 3, 64, 96))).said.shape == (1, 16, 16, 24)
    with pytest.raises(BadConfig, match="cannot cut 8 x 15 x 24 by stride=2"):
        free(Batch(torch.rand(1, 3, 30, 48)))
    fixed = read_darknet(write_case(tmp_path, "local")[1])[0]
    with pytest.raises(BadValue, match="takes no pictures of 40 x 32"):
        fixed(Batch(torch.rand(1, 3, 32, 40)))


@pytest.mark.parametrize(
    ("lists", "wanted"),
    [
        ({}, ("0", "1", "2")),
        ({"net.names": "dog\ncat\nbird\n\n"}, ("dog", "cat", "bird")),
        ({"net.names": "dog\n\ncat"}, ("dog", "1", "cat")),
        ({"net.names": "crane\ncrane\nbird"}, ("crane", "crane (2)", "bird")),
        ({"coco.names": "a\nb", "voc.names": "x\ny\nz"}, ("x", "y", "z")),
        ({"some.data": "classes= 3\nnames = some/list.txt", "list.txt": "k\nl\nm", "voc.names": "x\ny\nz"}, ("k", "l", "m")),
        ({"a.data": "names=a.txt", "a.txt": "1\n2\n3", "net.data": "names=n.txt", "n.txt": "k\nl\nm"}, ("k", "l", "m")),
        ({"a.data": "names=gone.txt\nno equals", "voc.names": "a\nb"}, ("0", "1", "2")),
    ],
)
def test_names_of_classes(lists: dict[str, str], wanted: tuple[str, ...], tmp_path: Path) -> None:
    cfg, file = write_case(tmp_path, "v2")
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
    assert class_names(parse(V2), file, cfg) == wanted


def test_a_list_of_names_that_does_not_fit(tmp_path: Path) -> None:
    cfg, file = write_case(tmp_path, "v2")
    (tmp_path / "net.names").write_text("dog\ncat\n")
    with pytest.raises(BadData, match=r"has 2 names, and net\.cfg has classes=3"):
        class_names(parse(V2), file, cfg)
    (tmp_path / "net.names").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(BadData, match="UTF-8"):
        class_names(parse(V2), file, cfg)


def picture(folder: Path, size: tuple[int, int] = (90, 60)) -> Path:
    rng = np.random.default_rng(3)
    path = folder / "some.png"
    Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8)).resize(size).save(path)
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(list(arguments)) == 0, capsys.readouterr().err
    return capsys.readouterr().out


@pytest.mark.parametrize("name", ["v1", "v2", "tiny"])
def test_from_files_to_boxes_by_command(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same things whichever way the files are named, and after they have become one file of the house; and they are those
    of the slow reference, suppressed."""
    cfg, file = write_case(tmp_path, name)
    kinds = ["dog", "cat", "bird"][: parse(cfg.read_text()).head.classes]
    (tmp_path / "net.names").write_text("\n".join(kinds))
    path, moved = str(picture(tmp_path)), tmp_path / "elsewhere.weights"
    shutil.copy(file, moved)

    def things_of(*how: str) -> Any:
        return json.loads(said(capsys, "detect", path, "--json", "--score", "0.05", *how))["objects"]

    first = things_of("--weights", str(file))
    assert first
    assert {thing["name"] for thing in first} <= set(kinds)
    assert things_of("--model", str(file)) == things_of("--model", "darknet", "--weights", str(file)) == first
    assert things_of("--model", str(cfg)) == things_of("--model", str(cfg), "--weights", str(moved)) == first
    out = said(capsys, "export", str(file), "-o", str(tmp_path / "own.safetensors"))
    assert f"darknet, {len(kinds)} classes" in out
    assert things_of("--model", str(tmp_path / "own.safetensors")) == first

    looker = api.load(str(file))
    shown = Image.open(path)
    wide, high = looker.system.prep.size
    if name == "v1":
        seen = np.asarray(shown.resize((wide, high), Image.Resampling.BILINEAR)) / 255.0
    else:  # in the middle of a grey picture
        inner = (wide, round(60 * wide / 90))
        top = (high - inner[1]) // 2
        seen = np.full((high, wide, 3), 0.5)
        seen[top : top + inner[1]] = np.asarray(shown.resize(inner, Image.Resampling.BILINEAR)) / 255.0
    best = max(max(scores) for _, scores in slow_boxes(cfg, Slow(cfg, file).run(seen.transpose(2, 0, 1))))
    assert max(thing["score"] for thing in first) == pytest.approx(min(best, 1.0), abs=2e-4)


def test_a_picture_is_found_where_it_lies(tmp_path: Path) -> None:
    """A letterboxed picture's boxes come back in its own pixels, and its border is Darknet's grey, mirrored too."""
    system = read_darknet(write_case(tmp_path, "tiny")[1])[0]
    looker = api.load(str(tmp_path / "net.weights"))
    from looksay.data.inputs import shown
    from looksay.systems.detect.darknet import greyed

    batch = looker.batch(list(shown(str(picture(tmp_path, (60, 40))))))
    grey = greyed(batch)
    assert batch.places[0].pad == (0, 5, 0, 5)
    assert bool((grey[:, :, :5] == 0.5).all())
    assert bool((grey[:, :, 25:] == 0.5).all())
    assert torch.equal(grey[:, :, 5:25], batch.pictures[:, :, 5:25])
    left = batch.places[0]._replace(pad=(4, 0, 0, 0), flip=True)
    assert bool((greyed(replace(batch, places=(left,)))[..., 26:] == 0.5).all())
    assert torch.equal(greyed(replace(batch, places=(left,)))[..., :26], batch.pictures[..., :26])
    system.least = 0.0
    scenes = system.read(system(batch), batch)
    assert scenes[0].size == (60, 40)
    assert all(0 <= thing.box[0] < thing.box[2] <= 60 and 0 <= thing.box[1] < thing.box[3] <= 40 for thing in scenes[0].objects)


def test_files_of_the_wrong_kind_get_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cfg, file = write_case(tmp_path, "v2")
    cfg.write_text(V2.replace("[region]", "[yolo]"))
    with pytest.raises(LooksayError):
        api.load(str(file))
    assert run(["detect", str(picture(tmp_path)), "--weights", str(file)]) == 2
    error = capsys.readouterr().err
    assert "YOLOv3 or later" in error
    assert f"net.cfg:{line_of(V2, '[region]')}" in error
    assert "Traceback" not in error
    shutil.copy(write_case(tmp_path, "v2", stem="fine")[1], tmp_path / "x.weights")
    assert run(["detect", "x.png", "--model", "ssd", "--weights", str(tmp_path / "fine.weights")]) == 2
    assert "are of darknet, not of ssd" in capsys.readouterr().err
