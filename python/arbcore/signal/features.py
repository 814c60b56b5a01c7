"""Features of a symbol's trades, one row an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbcore._arbcore import FeatureRun, Table
from arbcore.research.options import RunOptions
from arbcore.signal.source import Indicators, Trades, open_indicators, open_trades
from arbcore.units import duration_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl


def feature_table(
    data: Trades,
    *,
    symbol: str,
    every: str | int = "15s",
    warmup: str | int = "24h",
    windows: Sequence[str | int] = (),
    indicators: Indicators | None = None,
    price_decimals: int | None = None,
    qty_decimals: int | None = None,
    skip_bad: bool = False,
    progress: Callable[[int, int, int], None] | None = None,
) -> Table:
    """Compute `features` as a table of the compiled core, calling ``progress`` after each batch."""
    reader = open_trades(
        data, symbol=symbol, price_decimals=price_decimals, qty_decimals=qty_decimals, skip_bad=skip_bad
    )
    options = RunOptions(every_ms=duration_ms(every, "every"), warmup_ms=duration_ms(warmup, "warmup"))
    extra = tuple(duration_ms(window, "window") for window in windows)
    samples = open_indicators(indicators, symbol)
    core = options.for_core(1.0, 0.0, extra_windows_ms=extra)
    run = FeatureRun(symbol, reader.grid, core, keep_trades=False, samples=samples)
    while (step := run.advance(reader)) is not None:
        if progress is not None:
            progress(step[0], *reader.progress())
    run.end()
    return run.table()


def features(
    data: Trades,
    *,
    symbol: str,
    every: str | int = "15s",
    warmup: str | int = "24h",
    windows: Sequence[str | int] = (),
    indicators: Indicators | None = None,
    price_decimals: int | None = None,
    qty_decimals: int | None = None,
) -> pl.DataFrame:
    """Compute the order-flow features of a symbol's trades.

    Parameters
    ----------
    data : path, paths or frame
        Trades: dump files, the archive, or a frame in a dump's columns.
    symbol : str
        For example ``BTCUSDT``; it decides the percentile floors.
    every : str
        Time between evaluations, whole seconds.
    warmup : str
        History before the first signal is allowed; the column ``warmup`` says so.
    windows : sequence of str
        CVD windows besides 5m, 15m, 30m, 1h, 4h, 24h and the UTC day; at most nine, none above 24h.
    indicators : path or frame, optional
        Indicator samples; their features become columns.
    price_decimals, qty_decimals : int, optional
        The grid; left out, the significant decimals of the data.

    Returns
    -------
    polars.DataFrame
        One row an evaluation: ``t_ms`` (UTC ms), ``price`` (quote currency), quantities in base currency,
        null where a feature is absent.

    Raises
    ------
    InputError, StoreError
        If the data or an argument is not acceptable.

    Examples
    --------
    >>> trades = {
    ...     "agg_trade_id": [1, 2, 3],
    ...     "price": ["100.0", "100.1", "100.1"],
    ...     "quantity": ["1.5", "0.5", "2.0"],
    ...     "transact_time": [1_735_689_600_000, 1_735_689_610_000, 1_735_689_616_000],
    ...     "is_buyer_maker": [False, True, False],
    ... }
    >>> features(trades, symbol="BTCUSDT").select("t_ms", "price", "cvd_5m").rows()
    [(1735689600000, 100.0, 1.5), (1735689615000, 100.1, 1.0)]
    """
    import polars as pl

    table = feature_table(
        data,
        symbol=symbol,
        every=every,
        warmup=warmup,
        windows=windows,
        indicators=indicators,
        price_decimals=price_decimals,
        qty_decimals=qty_decimals,
    )
    return pl.DataFrame(table)
