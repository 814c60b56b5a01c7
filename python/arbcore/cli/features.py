"""``arbcore features`` and ``arbcore bars``."""

from pathlib import Path

from arbcore.cli.progress import trade_progress


def features(
    data: list[Path],
    /,
    *,
    symbol: str,
    out: Path,
    every: str = "15s",
    warmup: str = "24h",
    window: list[str] | None = None,
    indicators: list[Path] | None = None,
    skip_bad: bool = False,
) -> None:
    """Compute order-flow features, one row an evaluation, and write them as Parquet.

    Parameters
    ----------
    data
        Dump files (csv, csv.gz, zip), archive files or folders, in the order of their trades.
    symbol
        For example BTCUSDT.
    out
        The Parquet file to write.
    every
        Time between evaluations.
    warmup
        History that the column warmup asks for.
    window
        A further CVD window, such as 2h. May be repeated.
    indicators
        Files with rows time_ms, available_ms, symbol, name, value. May be repeated.
    skip_bad
        Skip and count broken rows instead of stopping.
    """
    from rich.console import Console

    from arbcore.signal.features import feature_table

    with trade_progress(f"features {symbol}") as progress:
        table = feature_table(
            data,
            symbol=symbol,
            every=every,
            warmup=warmup,
            windows=window or (),
            indicators=indicators or None,
            skip_bad=skip_bad,
            progress=progress,
        )
    table.write_parquet(out)
    Console().print(
        f"{len(table):,} evaluations, {len(table.columns)} columns: {out}", highlight=False, soft_wrap=True
    )


def bars(
    data: list[Path],
    /,
    *,
    symbol: str,
    out: Path,
    interval: str = "5m",
    partial: bool = False,
    skip_bad: bool = False,
) -> None:
    """Build bars with buyer/seller and size-tier statistics, and write them as Parquet.

    Parameters
    ----------
    data
        Dump files (csv, csv.gz, zip), archive files or folders, in the order of their trades.
    symbol
        For example BTCUSDT.
    out
        The Parquet file to write.
    interval
        One or several of 5m, 1h, 4h, 8h, 12h, 24h (any multiple of 5m that divides a day), comma separated.
    partial
        Also the last window, though it is not over.
    skip_bad
        Skip and count broken rows instead of stopping.
    """
    from rich.console import Console

    from arbcore.signal.bars import bar_table

    with trade_progress(f"bars {symbol}") as progress:
        table = bar_table(
            data,
            symbol=symbol,
            intervals=[part.strip() for part in interval.split(",")],
            partial=partial,
            skip_bad=skip_bad,
            progress=progress,
        )
    table.write_parquet(out)
    Console().print(
        f"{len(table):,} bars, {len(table.columns)} columns: {out}", highlight=False, soft_wrap=True
    )
