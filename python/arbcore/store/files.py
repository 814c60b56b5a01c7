"""Files that become visible whole or not at all: written beside, synced, renamed."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from arbcore.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import polars as pl


@contextmanager
def beside(target: Path) -> Generator[Path]:
    """A place beside the target that takes its name once all is written and synced."""
    staged = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield staged
        _sync(staged, os.O_RDWR)
        staged.replace(target)
        _sync(target.parent, os.O_RDONLY)
    except OSError as error:
        message = f"{target}: cannot write: {error}"
        raise StoreError(message) from error
    finally:
        staged.unlink(missing_ok=True)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_writable(target: Path) -> None:
    """See that files can be made where ``target`` will stand: before the work, not after it. Leaves nothing.

    Raises
    ------
    StoreError
        If it cannot.
    """
    # Folders that are missing will be made in the nearest one there is.
    folder = target.absolute().parent
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.NamedTemporaryFile(prefix=".arbcore-", dir=folder):
            pass
    except OSError as error:
        message = f"{target}: cannot be written: {error}"
        raise StoreError(message) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file whole.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    with beside(path) as staged:
        staged.write_text(text, encoding="utf-8")


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write a frame as zstd Parquet, whole.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    with beside(path) as staged:
        frame.write_parquet(staged, compression="zstd")
