"""Files that are whole or untouched."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from looksay.errors import DiskTrouble


def write_atomically(path: Path, content: bytes) -> None:
    """Beside, flushed, renamed: whatever happens, `path` holds the old content or the new one, never a part."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise DiskTrouble(
            f"cannot be written: {error.strerror}",
            where=str(path),
            mend="the last good file is untouched; make room or choose --output",
        ) from None
