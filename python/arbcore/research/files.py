"""Text files that become visible whole or not at all."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from arbcore.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl


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


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write ``frame`` as zstd Parquet beside ``path``, and rename it into place.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    staged = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            frame.write_parquet(staged, compression="zstd")
            os.replace(staged, path)
        finally:
            staged.unlink(missing_ok=True)
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror or error}"
        raise StoreError(message) from error
