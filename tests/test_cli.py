"""The command line as a user meets it: what it prints, what it writes, and how it answers mistakes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from helpers_learn import write_pictures
from looksay.cli.main import run
from looksay.cli.train import minutes
from looksay.errors import BadConfig


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("data"), 30, ("train", "val", "test"))


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs") / "run"
    settings = ["--set", "settings.width=4", "--set", "settings.hidden=8", "--epochs", "4", "--batch-size", "16"]
    assert run(["train", "mnist-cnn", "--data", str(data), "--output", str(root), "--device", "cpu", *settings]) == 0
    return root


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(list(arguments))
    found = capsys.readouterr()
    return code, found.out, found.err


def test_training_leaves_weights_and_a_report(trained: Path) -> None:
    text = (trained / "report.html").read_text("utf-8")
    assert "Confusion matrix" in text
    assert "test split was looked at once" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert {"best.safetensors", "last.ckpt", "metrics.csv", "timing.csv", "config.json"} <= {p.name for p in trained.iterdir()}


def test_classify_lists_probability_and_name(
    trained: Path, data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    picture = str(data / "test" / "left" / "000.png")
    code, out, err = said(
        capsys, "classify", picture, "--model", "mnist-cnn", "--weights", str(trained), "-o", str(tmp_path / "o")
    )
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("000.png  (28 x 28")
    shares = [float(line.split(" - ")[0]) for line in lines[1:4]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=1e-3)
    assert {line.split(" - ")[1] for line in lines[1:4]} == {"left", "middle", "right"}
    with Image.open(tmp_path / "o" / "000.png") as drawn:
        assert drawn.size[0] >= 28


def test_json_lines_are_scenes(trained: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from looksay.scene import Scene

    code, out, _ = said(capsys, "classify", str(data / "test"), "--weights", str(trained), "--model", "mnist-cnn", "--json")
    scenes = [Scene.from_json(line) for line in out.splitlines()]
    assert (code, len(scenes)) == (0, 18)
    assert all(scene.labels and Path(scene.source).is_file() for scene in scenes)


def test_look_writes_one_report(trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "saw.html"
    picture = str(data / "test" / "right" / "001.png")
    code, out, _ = said(capsys, "look", picture, "-m", "mnist-cnn", "-w", str(trained), "-o", str(report))
    assert code == 0
    assert f"report: {report}" in out
    assert "data:image" in report.read_text("utf-8")


def test_explain_draws_over_the_picture(trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = str(data / "test" / "right" / "001.png")
    common = ["explain", picture, "-m", "mnist-cnn", "-w", str(trained), "-o", str(tmp_path)]
    assert said(capsys, *common, "--method", "grad-cam", "--of", "left", "--at", "relu2")[0] == 0
    assert (tmp_path / "001-grad-cam.png").exists()
    code, _, err = said(capsys, *common, "--of", "lefft")
    assert (code, "did you mean left?" in err) == (2, True)
    code, _, err = said(capsys, *common, "--method", "salience")
    assert (code, "saliency" in err) == (2, True)


def test_evaluate_records_a_row(trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "classify.csv"
    common = ["evaluate", str(trained), "--data", str(data), "--record", str(table)]
    code, out, _ = said(capsys, *common)
    assert code == 0
    assert "top-1" in out
    code, out, _ = said(capsys, *common, "--json", "--output", str(tmp_path / "e.html"))
    row = json.loads(out.splitlines()[-1])
    assert (row["pictures"], row["split"]) == (18, "test")
    assert len(table.read_text().splitlines()) == 2
    assert "Class by class" in (tmp_path / "e.html").read_text("utf-8")


def test_compare_shows_both_and_their_learning(
    trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained, tmp_path / "twin")
    names = [str(trained), str(tmp_path / "twin")]
    table = tmp_path / "r.csv"
    code, out, _ = said(capsys, "compare", *names, "--data", str(data), "-o", str(tmp_path / "c.html"), "--record", str(table))
    assert code == 0
    assert [line.split(",")[0] for line in table.read_text().splitlines()] == ["system", "run", "twin"]
    assert [line.split()[0] for line in out.splitlines()[2:4]] == ["run", "twin"]
    assert "Learning" in (tmp_path / "c.html").read_text("utf-8")


def test_resume_of_a_finished_run_changes_nothing(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (trained / "best.safetensors").read_bytes(), (trained / "metrics.jsonl").read_bytes()
    code, out, _ = said(capsys, "train", "--resume", str(trained))
    assert (code, "top-1" in out) == (0, True)
    assert before == ((trained / "best.safetensors").read_bytes(), (trained / "metrics.jsonl").read_bytes())


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["trian"], "train"),
        (["look", "--wieghts", "x", "a.png"], "--weights"),
        (["look"], "PICTURE"),
        (["classify", "no-such.png", "-m", "RUN"], "no-such.png"),
        (["classify", "EMPTY", "-m", "RUN"], "no pictures"),
        (["classify", "BROKEN", "-m", "RUN"], "broken.png"),
        (["classify", "TEXT", "-m", "RUN"], "notes.txt"),
        (["classify", "PICTURE", "-m", "resnet-81"], "resnet-18"),
        (["classify", "PICTURE", "-m", "vgg-16", "-w", "RUN"], "mnist-cnn"),
        (["classify", "PICTURE", "-m", "mnist-cnn", "-w", "none.safetensors"], "none.safetensors"),
        (["classify", "PICTURE", "-m", "mnist-cnn", "-w", "TEXT"], "notes.txt"),
        (["classify", "PICTURE", "-m", "mnist-cnn", "-w", "PICKLE"], "pickle"),
        (["classify", "PICTURE", "-m", "resnet-18", "-w", "published", "--offline"], "offline"),
        (["classify", "https://example.invalid/a.png", "-m", "RUN", "--offline"], "offline"),
        (["look", "PICTURE", "-m", "RUN", "-o", "saw.txt"], ".html"),
        (["train"], "NAME"),
        (["train", "resnet-81"], "resnet-18"),
        (["train", "mnist-cnn", "--data", "no-such-folder"], "no-such-folder"),
        (["train", "mnist-cnn", "--data", "vco:x"], "voc"),
        (["train", "mnist-cnn", "--recipe", "papper"], "paper"),
        (["train", "mnist-cnn", "--set", "epoch=3"], "epochs"),
        (["train", "mnist-cnn", "--set", "epochs"], "key=value"),
        (["train", "mnist-cnn", "--epochs", "many"], "--epochs"),
        (["train", "mnist-cnn", "--max-time", "soon"], "30m"),
        (["train", "--resume", "EMPTY"], "config.json"),
        (["train", "--resume", "RUN", "--epochs", "9"], "as it began"),
        (["evaluate", "RUN", "--split", "tset"], "test"),
        (["evaluate", "RUN", "--scales", "big"], "112,128,160"),
        (["evaluate", "ssd", "--sizes", "100"], "multiples of 16"),
        (["evaluate", "yolo", "--sizes", "160"], "a convolutional one"),
        (["systems", "classfy"], "classify"),
        (["data", "make", "storybook", "--out", "EMPTY", "--format", "cocoo"], "coco"),
        (["data", "check", "no-such-folder"], "no-such-folder"),
        (["data", "show", "storybook", "-o", "sheet.txt"], ".png"),
    ],
)
def test_mistakes_get_one_line_and_exit_code_2(
    arguments: list[str], word: str, trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.png").write_bytes((data / "test" / "left" / "000.png").read_bytes()[:70])
    (tmp_path / "notes.txt").write_text("no picture, no weights")
    (tmp_path / "w.pt").write_bytes(b"\x80\x02cos\nsystem\n(S'true'\ntR.")
    known = {
        "RUN": trained, "EMPTY": tmp_path / "empty", "BROKEN": tmp_path / "broken.png", "TEXT": tmp_path / "notes.txt",
        "PICTURE": data / "test" / "left" / "000.png", "PICKLE": tmp_path / "w.pt",
    }  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    code, out, err = said(capsys, *[str(known.get(each, each)) for each in arguments])
    assert code == 2, out + err
    assert word in err
    assert len(err.strip().splitlines()) == 1, err
    assert err.startswith("looksay: ")
    assert not (tmp_path / "runs").exists()


def test_a_broken_picture_among_many_is_told_and_skipped(
    trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("000", "001", "002"):
        (tmp_path / f"{name}.png").write_bytes(
            (data / "test" / "left" / f"{name}.png").read_bytes()[: 70 if name == "001" else None]
        )
    code, out, err = said(capsys, "classify", str(tmp_path), "-m", str(trained))
    assert code == 0
    assert "001.png" in err
    assert "1 of 3 pictures" in err
    assert "000.png" in out
    assert "002.png" in out


def test_times() -> None:
    assert [minutes(text) for text in ("90s", "30m", "2h", "5", "")] == [1.5, 30, 120, 5, 0]
    with pytest.raises(BadConfig):
        minutes("-3m")


def test_help_and_systems_do_not_import_torch() -> None:
    heavy = ("torch", "torchvision", "lightning", "matplotlib", "cv2", "pandas", "PIL")
    code = "import sys; from looksay.cli.main import run; run(sys.argv[1:]); sys.exit(any(m in sys.modules for m in HEAVY))"
    for arguments in (["--help"], ["systems"], ["look", "--wieghts", "x"], ["train", "--help"], ["data", "check", "--help"]):
        command = [sys.executable, "-c", code.replace("HEAVY", repr(heavy)), *arguments]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0, arguments


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    import looksay

    assert said(capsys, "--version") == (0, f"looksay {looksay.__version__}\n", "")


def test_export_writes_weights_that_look_the_same(
    trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.safetensors"
    assert said(capsys, "export", str(trained), "-o", str(file), "--bits", "8")[0] == 0
    picture = str(data / "test" / "left" / "000.png")
    lines = [said(capsys, "classify", picture, "-m", str(where))[1].splitlines()[1:] for where in (file, trained)]
    first, second = ([float(line.split(" - ")[0]) for line in each] for each in lines)
    assert first == pytest.approx(second, abs=0.01)
    code, _, err = said(capsys, "export", str(trained), "-o", "mine.pt")
    assert (code, ".safetensors" in err) == (2, True)
    code, _, err = said(capsys, "export", str(trained), "-o", str(file), "--size", "64")
    assert (code, "sizes are for detectors and segmenters" in err) == (2, True)


def test_export_makes_a_detector_look_at_larger_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from looksay import weights

    small, large = tmp_path / "small.safetensors", tmp_path / "large.safetensors"
    system = weights.build("faster-r-cnn", ("cow", "dog"), {"width": 0.25, "hidden": 32})
    weights.save(small, system, weights.Info("faster-r-cnn", system.classes, {"width": 0.25, "hidden": 32}, system.prep))
    assert said(capsys, "export", str(small), "-o", str(large), "--size", "192")[0] == 0
    assert weights.load(large)[0].prep.size == (192, 192)
    code, _, err = said(capsys, "export", str(small), "-o", str(large), "--size", "200")
    assert (code, "multiples of 16" in err, "--size" in err) == (2, True, True)
