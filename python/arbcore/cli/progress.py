"""A progress bar for runs over trades: rate, share done, time left. Silent when nobody watches."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHOW_AFTER_S = 0.5
"""Shorter runs show no bar, and do not pay for one."""


@contextmanager
def trade_progress(title: str) -> Iterator[Callable[[int, int, int], None]]:
    """Give a callback for `arbcore.backtest` and its like; it draws on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _trades, _done, _total: None
        return
    began = time.monotonic()
    bar = None
    task = None
    trades_so_far = 0

    def report(trades: int, done: int, total: int) -> None:
        nonlocal bar, task, trades_so_far
        trades_so_far += trades
        elapsed = time.monotonic() - began
        if bar is None:
            if elapsed < SHOW_AFTER_S:
                return
            bar = _bar()
            bar.start()
            task = bar.add_task(title, total=total, rate="")
        if task is not None:
            bar.update(
                task, completed=done, total=total, rate=f"{trades_so_far / elapsed / 1e6:.1f} M trades/s"
            )

    try:
        yield report
    finally:
        if bar is not None:
            bar.stop()


@contextmanager
def count_progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a callback that takes the number done of ``total``."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    bar = _bar()
    task = bar.add_task(title, total=total, rate="")
    with bar:
        yield lambda done: bar.update(task, completed=done)


def _bar():
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
