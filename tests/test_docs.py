"""The documentation: tables are what the code says, links lead somewhere, every printed command and import exists."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import typer

from looksay.cli.main import app

ROOT = Path(__file__).resolve().parent.parent
PAGES = (*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md")
QUICK = ("systems", "cards", "settings", "commands", "findings", "book", "events", "tales", "picture", "superpixels")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fenced(kind: str) -> list[tuple[str, str]]:
    return [(page.name, body) for page in PAGES for found, body in FENCE.findall(page.read_text("utf-8")) if found == kind]


def lines() -> list[tuple[str, str]]:
    """(page, command) of every line in a block of bash, comments cut off."""
    found = []
    for name, body in fenced("bash"):
        found += [(name, line) for line in body.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
    return found


def inline() -> list[tuple[str, str]]:
    """`looksay …` within a sentence, where it is a whole command."""
    found = []
    for page in PAGES:
        text = FENCE.sub("", page.read_text("utf-8"))
        found += [(page.name, line) for line in re.findall(r"`(looksay [a-z][^`]*)`", text) if "VERB" not in line]
    return found


def commands() -> list[tuple[str, str]]:
    return [(name, line) for name, line in lines() if "looksay " in line] + inline()


@cache
def root() -> Any:
    return typer.main.get_command(app)


def parse(line: str) -> None:
    """Raises what the command line itself would raise; nothing is run."""
    words = shlex.split(line, comments=True)
    words = words[words.index("looksay") + 1 :]
    command: Any = root()
    path = ["looksay"]
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        path.append(words[0])
        assert words[0] in command.commands, f"no verb {words[0]!r}"
        command = command.commands[words.pop(0)]
    if len(path) == 1:
        options = {option for each in command.params for option in each.opts}
        assert set(words) <= options, f"no option {words}"
        return
    # In a sentence, `looksay look` may name the verb alone.
    if words:
        command.make_context(" ".join(path), words)


def slugs(page: Path) -> set[str]:
    """Anchors of the headings, as the site makes them."""
    from markdown.extensions.toc import slugify

    text = FENCE.sub("", page.read_text("utf-8"))
    return {slugify(re.sub(r"[`*]", "", head), "-") for head in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def test_tables_are_what_the_code_says() -> None:
    assert loaded("tables").stale(QUICK) == [], "run python docs/tables.py"


@pytest.mark.slow
def test_the_table_of_recipes_is_what_the_code_says() -> None:
    assert loaded("tables").stale(("recipes",)) == [], "run python docs/tables.py"


def test_every_setting_has_its_words() -> None:
    from looksay.nn import recipe

    tables = loaded("tables")
    for kind in (recipe.Stage, recipe.Augment, recipe.Recipe):
        assert "| `" in tables.settings(kind.__name__, ROOT / "README.md")


def test_an_old_table_is_told_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from looksay.storybook.clip import ACTIONS

    tables = loaded("tables")
    page = tmp_path / "page.md"
    page.write_text("Before\n\n<!-- table: events -->\nold\n<!-- end -->\n\nafter <!-- table: nothing -->\n<!-- end -->\n")
    monkeypatch.setattr(tables, "pages", lambda: (page,))
    assert tables.stale() == ["page.md: events", "page.md: there is no block 'nothing'"]
    page.write_text(page.read_text().replace("after <!-- table: nothing -->\n<!-- end -->\n", "after\n"))
    assert tables.write() == ["page.md"]
    assert tables.stale() == []
    assert page.read_text().startswith(f"Before\n\n<!-- table: events -->\n\n{len(ACTIONS)} events: chase, ")
    assert page.read_text().endswith("<!-- end -->\n\nafter\n")
    assert tables.write() == []


def test_results_are_shown_with_their_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from looksay.measure.results import record

    tables = loaded("tables")
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    page = tmp_path / "docs" / "results.md"
    assert tables.results("classify", page) == "*Not measured yet.*\n"
    row = {"system": "linear", "recipe": "storybook", "weights": "runs/a", "data": "storybook", "split": "test", "pictures": 2000}
    more = {"top1": 0.25, "top5": 0.5, "low": 0.2, "high": 0.3, "params": 15380, "ms_per_picture": 0.125, "command": "looksay …"}
    (tmp_path / "results").mkdir()
    record(tmp_path / "results" / "classify.csv", {**row, **more})
    text = tables.results("classify", page)
    assert "| `linear` | 25.00 | 20.00 to 30.00 | 50.00 | 15,380 | 0.125 | – | storybook | 2,000 | storybook, test |" in text
    assert text.endswith("```text\nlooksay …\n```\n")


@pytest.mark.parametrize(
    ("task", "scores", "cells"),
    [
        ("segment", {"miou": 0.5, "pixel_accuracy": 0.75, "boundary_f": 0.625}, "50.00 | 40.00 to 60.00 | 75.00 | 62.50"),
        (
            "instances",
            {
                "map50": 0.5, "map": 0.25, "apr50": 0.375, "apr70": 0.125, "box_map50": 0.75, "touching_apart": 0.625,
                "touching_merged": 0.0625,
            },
            "50.00 | 40.00 to 60.00 | 25.00 | 37.50 | 12.50 | 75.00 | 62.50 | 6.25",
        ),
    ],
)  # fmt: skip
def test_tables_of_masks_appear_with_their_files(
    task: str, scores: dict[str, float], cells: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from looksay.measure.results import record

    tables = loaded("tables")
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    page = tmp_path / "docs" / "segmenting.md"
    assert f"<!-- table: results {task} -->" in (ROOT / "docs" / "segmenting.md").read_text("utf-8")
    assert tables.results(task, page) == "*Not measured yet.*\n"
    row = {"system": "a", "recipe": "storybook", "weights": "", "data": "storybook", "split": "test", "pictures": 20}
    more = {"low": 0.4, "high": 0.6, "params": 7, "ms_per_picture": 2.0, "train_minutes": 3.0, "command": "looksay …"}
    (tmp_path / "results").mkdir()
    record(tmp_path / "results" / f"{task}.csv", {**row, **scores, **more, "beside_ms": 1234.5})
    assert f"| `a` | {cells} | 7 | 2 + 1,234 | 3 | storybook | 20 | storybook, test |" in tables.results(task, page)


def test_the_scores_of_tables_are_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that no verdict gives would be a column of dashes."""
    from looksay.measure.region_ap import InstanceTally
    from looksay.measure.semantic import SemanticTally
    from looksay.scene import Mask, Objects, Scene, Thing

    tables, ids = loaded("tables"), np.eye(8, dtype=np.uint8)
    maps = SemanticTally(("ground", "line"))
    maps.add(ids, ids, "a")
    assert set(tables.SCORES["segment"]) <= set(maps.result().numbers())
    masks = InstanceTally(("line",))
    scene = Scene((8, 8), id="a", objects=Objects((Thing("line", (0, 0, 8, 8), mask=Mask.of(ids > 0)),)))
    masks.add([scene], [scene])
    assert set(tables.SCORES["instances"]) <= set(masks.result().numbers())


def test_superpixels_are_shown_by_their_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from looksay.measure.results import record

    tables = loaded("tables")
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    assert tables.superpixels("", tmp_path / "a.md") == "*Not measured yet.*\n"
    (tmp_path / "results").mkdir()
    for recipe, pieces in (("100", 99.0), ("50", 48.6)):
        row = {"system": "slic", "recipe": recipe, "weights": "", "data": "storybook", "split": "test", "pictures": 20}
        scores = {"achievable": 0.5, "boundary_recall": 0.25, "leaking": 0.125, "pieces": pieces, "low": 0.4, "high": 0.6}
        record(tmp_path / "results" / "superpixels.csv", {**row, **scores, "ms_per_picture": 2.0, "command": "python …"})
    lines = tables.superpixels("", tmp_path / "a.md").splitlines()
    assert lines[2:] == [
        "| slic | 50 | 49 | 50.00 | 40.00 to 60.00 | 25.00 | 12.50 | 2 |",
        "| slic | 100 | 99 | 50.00 | 40.00 to 60.00 | 25.00 | 12.50 | 2 |",
    ]


def test_links_and_pictures_are_there() -> None:
    bad = []
    for page in PAGES:
        for _, target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
            path, _, anchor = target.partition("#")
            if path.startswith(("http://", "https://")):
                continue
            goal = (page.parent / path).resolve() if path else page
            if not goal.exists() or (anchor and anchor not in slugs(goal)):
                bad.append(f"{page.name}: {target}")
    assert bad == []


def test_pictures_are_small_and_shown() -> None:
    pictures = [path for path in (ROOT / "docs" / "pictures").iterdir() if not path.name.startswith(".")]
    assert pictures
    assert max(path.stat().st_size for path in pictures) <= 150_000
    assert sum(path.stat().st_size for path in pictures) <= 1_000_000
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert [path.name for path in pictures if path.name not in text] == []


@pytest.mark.parametrize(("page", "line"), commands())
def test_commands_are_understood(page: str, line: str) -> None:
    parse(line)


def test_commands_that_are_wrong_are_seen() -> None:
    for line in ("looksay train small-m --epoch 3", "looksay data make storybook", "looksay look a.jpg --mode quick"):
        with pytest.raises(typer.TyperException):
            parse(line)
    with pytest.raises(AssertionError, match="no verb"):
        parse("looksay devour a.jpg")


def test_systems_that_commands_name_exist() -> None:
    from looksay.registry import find, names

    known = {*names(), "mnist-cnn"}
    for _, line in commands():
        words = shlex.split(line, comments=True)
        for before, word in pairwise(words):
            named = before in ("train", "--model") and not word.startswith("-") and not {"/", "."} & set(word)
            if named and word.islower():
                assert find(word).name in known, line


def test_other_commands_exist() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for name, line in lines():
        words = shlex.split(line, comments=True)
        if words[0] == "make":
            assert words[1] in targets, f"{name}: {line}"
    for page in PAGES:
        for script in re.findall(r"python ((?:docs|benchmarks)/\w+\.py)", page.read_text("utf-8")):
            assert (ROOT / script).is_file(), f"{page.name}: {script}"


@pytest.mark.parametrize(("page", "body"), fenced("python"))
def test_python_blocks_import_what_is_there(page: str, body: str) -> None:
    for node in ast.walk(ast.parse(body)):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = importlib.import_module(node.module)
            for alias in node.names:
                assert hasattr(module, alias.name) or importlib.util.find_spec(f"{node.module}.{alias.name}"), alias.name
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "looksay":
            assert hasattr(importlib.import_module("looksay"), node.attr), node.attr


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    assert (tmp_path / "site" / "own-pictures" / "index.html").is_file()
