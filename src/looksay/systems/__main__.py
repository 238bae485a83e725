"""`python -m looksay.systems` writes catalog.json anew."""

from importlib import import_module
from pathlib import Path

from looksay.registry import catalog

Path(__file__).with_name("catalog.json").write_text(catalog(import_module("looksay.systems")), "utf-8")
