"""What is in files of trades: span, ids, gaps, silences, hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from arbcore._arbcore import TradeInspector
from arbcore.store.source import TradeSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from arbcore._arbcore import Table
    from arbcore.store.source import Progress


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A hole in the ids: first and last missing id, and the times of the trades around it."""

    first_id: int
    last_id: int
    missing: int
    before_ms: int
    after_ms: int


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch without a trade."""

    from_ms: int
    to_ms: int
    silence_ms: int


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """Trades of one UTC hour; a gap and a silence count in the hour in which they end."""

    hour_ms: int
    trades: int
    buy_volume: float
    sell_volume: float
    open: float
    high: float
    low: float
    close: float
    missing_ids: int
    longest_silence_ms: int


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What files of trades hold.

    Attributes
    ----------
    trades : int
        Number of trades.
    first_ms, last_ms : int or None
        Time of the first trade, and the highest time.
    first_id, last_id : int or None
        First and highest id; None without ids.
    without_id : int
        Trades without an id.
    gaps, missing : int
        Holes in the ids, and ids in those holes.
    out_of_order : int
        Ids not above the highest before them.
    backwards : int
        Times below the highest before them.
    symbol : str or None
        The symbol, where the files themselves know it.
    grid : tuple of int
        Decimals of price and quantity.
    bad_rows : int
        Broken rows left out.
    bad_messages : list of str
        What was wrong with the first of them.
    warnings : list of str
        What a careful reader should know about the files.
    gap_list : list of Gap
        The holes, the first ten thousand.
    silences : list of Silence
        The ten longest.
    hours : list of Hour
        One an hour with trades.
    """

    trades: int
    first_ms: int | None
    last_ms: int | None
    first_id: int | None
    last_id: int | None
    without_id: int
    gaps: int
    missing: int
    out_of_order: int
    backwards: int
    symbol: str | None
    grid: tuple[int, int]
    bad_rows: int
    bad_messages: list[str]
    warnings: list[str]
    gap_list: list[Gap]
    silences: list[Silence]
    hours: list[Hour]


def inspect_trades(
    paths: Sequence[str | Path],
    *,
    symbol: str | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> Inspection:
    """Look through trades of dump files, Parquet files or the archive.

    Parameters
    ----------
    paths : sequence of path
        Dump files (csv, csv.gz, zip), Parquet files, day files or directories of the archive.
    symbol : str, optional
        Symbol; needed where the paths hold several.
    skip_bad : bool
        Count broken rows and go on, instead of stopping at the first.
    progress : callable, optional
        Called after every batch with (trades in it, done, total).

    Returns
    -------
    Inspection
        Span, counts, gaps, silences and hours.

    Raises
    ------
    InputError
        A broken row, with file, line, column and reason.
    StoreError
        A file that cannot be read.
    """
    source = TradeSource(paths, symbol, skip_bad=skip_bad)
    inspector = TradeInspector(source.grid)
    for batch in source:
        inspector.push(batch)
        if progress is not None:
            progress(len(batch), *source.progress())
    return msgspec.convert(
        {
            **inspector.summary(),
            "symbol": source.symbol or symbol,
            "grid": source.grid,
            "bad_rows": source.bad_rows,
            "bad_messages": source.bad_messages,
            "warnings": source.warnings,
            "gap_list": _records(inspector.gaps()),
            "silences": _records(inspector.silences()),
            "hours": _records(inspector.hours()),
        },
        Inspection,
    )


def _records(table: Table) -> list[dict[str, object]]:
    columns = [table.column(name) for name in table.columns]
    return [dict(zip(table.columns, row, strict=True)) for row in zip(*columns, strict=True)]
