"""`python -m looksay.systems` writes catalog.json anew."""

from pathlib import Path

from looksay.registry import write_catalog

Path(__file__).with_name("catalog.json").write_text(write_catalog(), "utf-8")
