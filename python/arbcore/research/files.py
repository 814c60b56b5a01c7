"""Text files that become visible whole or not at all."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from arbcore.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write ``text`` beside ``path``, sync it, and rename it into place.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, staged = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(staged, 0o644)
            os.replace(staged, path)
        except BaseException:
            os.unlink(staged)
            raise
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror}"
        raise StoreError(message) from error
