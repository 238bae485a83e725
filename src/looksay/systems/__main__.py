"""`python -m looksay.systems` writes catalog.json anew."""

from pathlib import Path

import looksay.systems
from looksay.registry import catalog

Path(__file__).with_name("catalog.json").write_text(catalog(looksay.systems), "utf-8")
