"""The look-ahead check: no decision may change when the future is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arbcore._arbcore import TradeReader
from arbcore.errors import ArbcoreError
from arbcore.research.backtest import BacktestResult, backtest
from arbcore.signal.source import Trades, paths_of

if TYPE_CHECKING:
    from collections.abc import Callable

CUTS = 5
"""Points at which the data are cut, evenly over the trades' time."""


class LookAheadError(ArbcoreError):
    """A decision used data from after its time."""


def check_lookahead(
    data: Trades,
    *,
    symbol: str,
    cuts: int = CUTS,
    progress: Callable[[int, int, int], None] | None = None,
    **arguments: Any,
) -> list[int]:
    """Run a back-test whole and on data cut at sampled points, and compare every decision before each cut.

    Parameters
    ----------
    data, symbol, arguments
        As in `arbcore.backtest`.
    cuts : int
        Number of points, evenly spaced in the trades' time.
    progress : callable, optional
        As in `arbcore.backtest`.

    Returns
    -------
    list of int
        The cuts, UTC milliseconds: trades from there on were left out.

    Raises
    ------
    LookAheadError
        If a decision changes: which, when, and how.
    """
    whole = backtest(data, symbol=symbol, all_evaluations=True, progress=progress, **arguments)
    header = whole.typed_report.header
    first_ms, last_ms = header.data.first_ms, header.data.last_ms
    if first_ms is None or last_ms is None:
        return []
    points = [first_ms + (last_ms - first_ms) * (i + 1) // (cuts + 1) for i in range(cuts)]
    for cut_ms in points:
        reader = _cut(data, symbol, cut_ms, whole.grid, skip_bad=bool(arguments.get("skip_bad")))
        part = backtest(reader, symbol=symbol, all_evaluations=True, progress=progress, **arguments)
        _compare(whole, part, cut_ms)
    return points


def _cut(data: Trades, symbol: str, cut_ms: int, grid: tuple[int, int], *, skip_bad: bool) -> TradeReader:
    # The cut data may show fewer decimals than the whole: the grid is that of the whole.
    paths = paths_of(data)
    if paths is None:
        return TradeReader.from_frame(data, grid, end_ms=cut_ms)
    return TradeReader(paths, symbol, grid, end_ms=cut_ms, skip_bad=skip_bad)


def _compare(whole: BacktestResult, part: BacktestResult, cut_ms: int) -> None:
    import polars as pl

    last_t = part.signals["t_ms"].max()
    for name, time, rows_whole, rows_part in (
        ("evaluation", "t_ms", whole.signals, part.signals),
        ("trade", "entry_ms", _known(whole.trades, cut_ms), _known(part.trades, cut_ms)),
    ):
        bound = last_t if name == "evaluation" else cut_ms
        before = rows_whole.filter(pl.col(time) <= bound) if bound is not None else rows_whole.head(0)
        if before.equals(rows_part, null_equal=True):
            continue
        message = f"look-ahead: on data cut at {cut_ms} ms {_difference(name, time, before, rows_part)}"
        raise LookAheadError(message)


def _known(trades: Any, cut_ms: int) -> Any:
    """Positions as known before the cut: exits from there on are not known yet."""
    import polars as pl

    entered = trades.filter(pl.col("entry_ms") < cut_ms)
    still_open = pl.col("exit_ms").is_null() | (pl.col("exit_ms") >= cut_ms)
    exits = ["exit_ms", "exit_price", "status", "gross_r", "fee_r", "funding_r", "pnl_r", "pnl_usdt"]
    late_tp1 = pl.col("tp1_ms") >= cut_ms
    return entered.with_columns(
        *(pl.when(still_open).then(None).otherwise(pl.col(name)).alias(name) for name in exits),
        pl.when(late_tp1).then(None).otherwise(pl.col("tp1_ms")).alias("tp1_ms"),
    )


def _difference(name: str, time: str, before: Any, part: Any) -> str:
    if len(before) != len(part):
        return f"there are {len(part)} {name}s, in the whole run {len(before)}"
    for row_whole, row_part in zip(before.iter_rows(named=True), part.iter_rows(named=True), strict=True):
        for column, value in row_whole.items():
            if value != row_part[column]:
                at = f"the {name} at {row_whole[time]}"
                return f"{at} has {column} = {row_part[column]}, in the whole run {value}"
    return f"a {name} differs"
