"""Imports run downward only: each part may know what lies below it, never what stands on it."""

import ast
from pathlib import Path

import looksay

ROOT = Path(looksay.__file__).parent
RANKS = (
    ("errors", "defaults"),
    ("records", "mask"),
    ("scene", "ops"),
    ("registry", "config", "disk"),
    ("nn",),
    ("weights", "storybook"),
    ("systems", "data"),
    ("tasks",),
    ("explain", "paint", "show"),
    ("measure",),
    ("learn",),
    ("looker",),
    ("api",),
    ("cli", "serve"),
)
LEVEL = {part: level for level, parts in enumerate(RANKS) for part in parts}


def part_of(module: str) -> str:
    return module.split(".")[1] if module.startswith("looksay.") else ""


def imports(path: Path) -> list[tuple[int, str]]:
    """(line, module) of every import in the file, also those inside functions; not those for type checking alone."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            deeper = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "looksay" else [node.module]
            found += [(node.lineno, name) for name in deeper]
    return found


def test_imports_run_downward() -> None:
    wrong = []
    for path in sorted(ROOT.rglob("*.py")):
        here = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if here in ("__init__", "__main__"):
            continue
        for line, module in imports(path):
            there = part_of(module)
            if there in LEVEL and there != here and LEVEL[there] >= LEVEL[here]:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {here} imports {there}")
    assert not wrong, "\n".join(wrong)


def test_every_part_has_its_level() -> None:
    parts = {path.name.removesuffix(".py") for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert parts - {"__init__", "__main__"} <= LEVEL.keys()


def test_systems_import_only_their_ancestors() -> None:
    """A system may build on the one it descends from; it never reaches across."""
    ancestors = {
        ("inception_resnet2", "inception4"), ("faster_rcnn", "fast_rcnn"),
        ("faster_fpn", "fast_rcnn"), ("faster_fpn", "faster_rcnn"), ("yolo2", "yolo"),
        ("darknet", "yolo"), ("darknet_files", "darknet"), ("fcn", "vgg"), ("deconvnet", "vgg"),
        ("sds", "fast_rcnn"), ("cascades", "fast_rcnn"), ("cascades", "faster_rcnn"), ("mask_rcnn", "fast_rcnn"),
        ("mask_rcnn", "faster_rcnn"), ("mask_fpn", "faster_fpn"), ("mask_fpn", "mask_rcnn"), ("hypercolumns", "fast_rcnn"),
        ("hypercolumns", "mask_rcnn"), ("mask_fine", "fast_rcnn"), ("mask_fine", "mask_rcnn"),
    }  # fmt: skip
    wrong = []
    for path in sorted((ROOT / "systems").rglob("*.py")):
        for line, module in imports(path):
            if module.startswith("looksay.systems."):
                pair = (path.stem, module.rsplit(".", 1)[-1])
                if pair not in ancestors and path.stem != "__init__":
                    wrong.append(f"{path.name}:{line}: {pair[0]} imports {pair[1]}")
    assert not wrong, "\n".join(wrong)
