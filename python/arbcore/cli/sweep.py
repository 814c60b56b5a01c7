"""``arbcore sweep``."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from arbcore.cli.progress import count_progress, trade_progress


def sweep(
    data: list[Path],
    /,
    *,
    symbol: str,
    grid: Path,
    out: Path,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    warmup: str = "24h",
    every: str = "15s",
    fill: Literal["tape", "level"] = "tape",
    latency_ms: int = 0,
    slippage_bps: float = 0.0,
    fee_rate: float = 0.0005,
    tp_maker: bool = False,
    indicators: list[Path] | None = None,
    filters: Path | None = None,
    ids: Literal["drop", "accept", "reject"] = "drop",
    skip_bad: bool = False,
    trades: Path | None = None,
    threads: int | None = None,
    top: int = 10,
) -> None:
    """Run every configuration of a grid over the same trades; one row of statistics each.

    Parameters
    ----------
    data
        Dump files (csv, csv.gz, zip), archive files or folders, in the order of their trades.
    symbol
        For example BTCUSDT.
    grid
        TOML: preset = "v53", [grid] key = [values] (every combination), [[list]] key = value (one by one), [set].
    out
        The Parquet file to write: one row a configuration.
    from_
        Score evaluations from this UTC time on.
    to
        Score evaluations before this UTC time.
    warmup
        Trades before the first signal.
    every
        Time between evaluations.
    fill
        tape or level, as in backtest.
    latency_ms
        Between decision and fill (tape).
    slippage_bps
        Against us on entry, stop, flip and timeout.
    fee_rate
        Fraction of notional on entry and each exit part.
    tp_maker
        Take-profits pay the maker fee.
    indicators
        Files with rows time_ms, available_ms, symbol, name, value. May be repeated.
    filters
        TOML file with lot_step and min_notional by symbol.
    ids
        What to do with trade ids that are not the next one.
    skip_bad
        Skip and count broken rows instead of stopping.
    trades
        Also write the positions of all configurations to this Parquet file.
    threads
        Default: all cores. The result does not depend on it.
    top
        Show so many of the best rows by net_r.
    """
    from rich.console import Console
    from rich.table import Table

    from arbcore.research.filters import read_filters
    from arbcore.research.sweep import read_grid
    from arbcore.research.sweep import sweep as run
    from arbcore.store.files import write_frame

    asked = read_grid(grid)
    given = read_filters(filters) if filters is not None else None
    count = len(asked.changes())
    with trade_progress(f"features {symbol}") as progress, count_progress("configurations", count) as swept:
        result = run(
            data,
            symbol=symbol,
            grid=asked,
            start=from_,
            end=to,
            warmup=warmup,
            every=every,
            fill=fill,
            latency_ms=latency_ms,
            slippage_bps=slippage_bps,
            fee_rate=fee_rate,
            tp_maker=tp_maker,
            indicators=indicators or None,
            filters=None if given is None else given.get(symbol),
            ids=ids,
            skip_bad=skip_bad,
            threads=threads,
            keep_trades=trades is not None,
            progress=progress,
            swept=swept,
        )
    rows = result.rows
    write_frame(out, rows)
    if trades is not None:
        write_frame(trades, result.all_trades())
    console = Console()
    keys = [
        key for key in (*asked.grid, *{key for entry in asked.list for key in entry}) if key in rows.columns
    ]
    shown = ["index", *keys, "total_trades", "win_rate", "profit_factor", "net_r", "max_drawdown_r", "sharpe"]
    table = Table(title=f"best {min(top, len(rows))} of {len(rows)} by net_r")
    for name in shown:
        table.add_column(name, justify="right")
    for row in rows.sort("net_r", descending=True, nulls_last=True).head(top).select(shown).rows():
        table.add_row(
            *(
                "-" if v is None else f"{v:.3f}".rstrip("0").rstrip(".") if isinstance(v, float) else str(v)
                for v in row
            )
        )
    console.print(table)
    console.print(f"{len(rows):,} configurations: {out}", highlight=False, soft_wrap=True)
    if result.interrupted:
        sys.stderr.write(
            f"arbcore: interrupted: {len(rows)} of {count} configurations were run and written\n"
        )
        sys.exit(130)
