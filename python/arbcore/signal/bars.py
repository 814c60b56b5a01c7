"""Bars with buyer/seller and size-tier statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbcore._arbcore import BarRun, Table
from arbcore.signal.source import Trades, open_trades

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl


def bar_table(
    data: Trades,
    *,
    symbol: str,
    intervals: Sequence[str] = ("5m",),
    partial: bool = False,
    price_decimals: int | None = None,
    qty_decimals: int | None = None,
    skip_bad: bool = False,
    progress: Callable[[int, int, int], None] | None = None,
) -> Table:
    """Build bars as a table of the compiled core (see `bars`), calling ``progress`` after each batch."""
    reader = open_trades(
        data,
        symbol=symbol,
        price_decimals=price_decimals,
        qty_decimals=qty_decimals,
        skip_bad=skip_bad,
        with_trade_ids=True,
    )
    run = BarRun(symbol, reader.grid)
    # A wrong interval is refused before the trades are read.
    run.table(list(intervals))
    while (step := run.advance(reader)) is not None:
        if progress is not None:
            progress(step[0], *reader.progress())
    return run.table(list(intervals), partial=partial)


def bars(
    data: Trades,
    *,
    symbol: str,
    intervals: Sequence[str] = ("5m",),
    partial: bool = False,
    price_decimals: int | None = None,
    qty_decimals: int | None = None,
) -> pl.DataFrame:
    """Build bars of a symbol's trades, with taker statistics in all and by size tier.

    Parameters
    ----------
    data : path, paths or frame
        Trades: dump files, the archive, or a frame in a dump's columns.
    symbol : str
        For example ``BTCUSDT``.
    intervals : sequence of str
        ``5m``, ``1h``, ``4h``, ``8h``, ``12h``, ``24h``, or any multiple of 5m that divides a day. Windows
        count from 00:00 UTC.
    partial : bool
        Also windows that are not whole: the last one of 5 minutes, longer ones at both ends.
    price_decimals, qty_decimals : int, optional
        The grid; left out, the significant decimals of the data.

    Returns
    -------
    polars.DataFrame
        The rows of one interval after the other, told apart by the last column, ``interval``. Times are UTC
        ms, prices and ``*dolvol`` in quote currency, volumes in base currency. A window without trades is a
        bar at the close before it, with ``span_status`` ``NoTrade`` and ``vwap`` null. Tiers 1 to 3 end at
        40,000, 200,000 and 1,000,000 CNY (inclusive, 7.0 to the USD); tier 4 is all above.

    Raises
    ------
    InputError, StoreError
        If the data or an argument is not acceptable.

    Examples
    --------
    >>> trades = {
    ...     "price": ["100.0", "100.2", "100.1"],
    ...     "quantity": ["1.5", "0.5", "2.0"],
    ...     "transact_time": [1_735_689_600_000, 1_735_689_610_000, 1_735_689_900_000],
    ...     "is_buyer_maker": [False, True, False],
    ... }
    >>> bars(trades, symbol="BTCUSDT").select("open_time", "high", "volume", "buy_volume", "interval").rows()
    [(1735689600000, 100.2, 2.0, 1.5, '5m')]
    """
    import polars as pl

    return pl.DataFrame(
        bar_table(
            data,
            symbol=symbol,
            intervals=intervals,
            partial=partial,
            price_decimals=price_decimals,
            qty_decimals=qty_decimals,
        )
    )
