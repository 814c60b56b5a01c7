"""From what a caller names as data to a reader of trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from arbcore._arbcore import Samples, TradeReader
from arbcore.errors import InputError

if TYPE_CHECKING:
    import polars as pl

PathLikes: TypeAlias = "str | PathLike[str] | Sequence[str | PathLike[str]]"
"""One path, or several in the order of their trades."""

Trades: TypeAlias = "PathLikes | pl.DataFrame | Mapping[str, object] | TradeReader"
"""Dump files, archive files or folders; a frame (anything with the Arrow interface) in a dump's columns; or a
reader that is open already, for one pass."""

Indicators: TypeAlias = "PathLikes | pl.DataFrame"
"""Files, or a frame, of rows (time_ms, available_ms, symbol, name, value)."""


def paths_of(data: object) -> list[Path] | None:
    """Turn one path or several into a list; None for anything else (a frame)."""
    if isinstance(data, (str, PathLike)):
        return [Path(data)]
    if isinstance(data, Sequence) and data and all(isinstance(item, (str, PathLike)) for item in data):
        return [Path(item) for item in data]
    return None


def names_of(data: object) -> list[str]:
    """Name the data for a report: paths as given, ``<frame>`` for a frame."""
    paths = paths_of(data)
    return ["<frame>"] if paths is None else [str(path) for path in paths]


def open_trades(
    data: Trades,
    *,
    symbol: str | None,
    price_decimals: int | None = None,
    qty_decimals: int | None = None,
    skip_bad: bool = False,
    with_trade_ids: bool = False,
) -> TradeReader:
    """Open trades for one pass.

    Parameters
    ----------
    data : path, paths or frame
        See `Trades`.
    symbol : str or None
        Which symbol to take where the data hold several.
    price_decimals, qty_decimals : int, optional
        The grid; both or neither. Left out, the significant decimals of the data.
    skip_bad : bool
        Count broken rows of dumps instead of stopping at the first.
    with_trade_ids : bool
        Read first and last underlying ids, which only bars need.

    Raises
    ------
    InputError
        If the data cannot be trades, or only one of the decimals is given.
    StoreError
        If a file cannot be read.
    """
    if (price_decimals is None) != (qty_decimals is None):
        message = "price_decimals and qty_decimals: give both, or neither"
        raise InputError(message)
    grid = None if price_decimals is None or qty_decimals is None else (price_decimals, qty_decimals)
    if isinstance(data, TradeReader):
        return data
    paths = paths_of(data)
    if paths is None:
        return TradeReader.from_frame(data, grid)
    return TradeReader(paths, symbol, grid, skip_bad=skip_bad, with_trade_ids=with_trade_ids)


def open_indicators(data: Indicators | None, symbol: str) -> Samples | None:
    """Read indicator samples of ``symbol``; None without data.

    Raises
    ------
    InputError, StoreError
        If a row, a column or a file is not acceptable.
    """
    if data is None:
        return None
    paths = paths_of(data)
    if paths is not None:
        return Samples.read(paths, symbol)
    import polars as pl

    frame = data if isinstance(data, pl.DataFrame) else pl.DataFrame(data)
    wanted = {
        "time_ms": pl.Int64,
        "available_ms": pl.Int64,
        "symbol": pl.String,
        "name": pl.String,
        "value": pl.Float64,
    }
    for column in wanted:
        if column not in frame.columns:
            found = ", ".join(frame.columns)
            message = f"indicators: no column {column}: must have {', '.join(wanted)}; it has {found}"
            raise InputError(message)
        if frame[column].null_count():
            message = f"indicators: column {column} has nulls: every row must be complete"
            raise InputError(message)
    try:
        frame = frame.select([pl.col(name).cast(kind) for name, kind in wanted.items()])
    except pl.exceptions.PolarsError as error:
        message = f"indicators: a column has the wrong type: {error}"
        raise InputError(message) from error
    return Samples.from_columns(symbol, *(frame[name].to_list() for name in wanted))
