"""``arbcore sweep``."""

import sys
from pathlib import Path

from arbcore.cli.flags import RunFlags
from arbcore.cli.progress import count_progress, trade_progress

STANDARD = RunFlags()


def sweep(
    data: list[Path],
    /,
    *,
    symbol: str,
    grid: Path,
    out: Path,
    run: RunFlags = STANDARD,
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
        TOML: preset = "v53", [grid] key = [values] (every combination), [[list]] key = value (one by one),
        [set] key = value (common to all).
    out
        The Parquet file to write: one row a configuration.
    trades
        Also write the positions of all configurations to this Parquet file.
    threads
        Default: all cores. The result does not depend on it.
    top
        Show so many of the best rows by net_r.
    """
    from rich.console import Console
    from rich.table import Table

    from arbcore.research.sweep import read_grid
    from arbcore.research.sweep import sweep as sweep_all
    from arbcore.store.files import write_frame

    asked = read_grid(grid)
    count = len(asked.changes())
    with trade_progress(f"features {symbol}") as progress, count_progress("configurations", count) as swept:
        result = sweep_all(
            data,
            grid=asked,
            **run.arguments(symbol),
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
        key
        for key in (*asked.grid, *{key for entry in asked.entries for key in entry})
        if key in rows.columns
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
