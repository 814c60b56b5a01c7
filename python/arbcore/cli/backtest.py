"""``arbcore backtest``."""

# No lazy annotations here: the command line is made from them.
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from arbcore.cli.progress import trade_progress


def backtest(
    data: list[Path],
    /,
    *,
    symbol: str,
    out: Path,
    preset: str | None = None,
    strategy: Path | None = None,
    set_: Annotated[list[str] | None, Parameter(name="--set")] = None,
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
    spot: list[Path] | None = None,
    filters: Path | None = None,
    ids: Literal["drop", "accept", "reject"] = "drop",
    skip_bad: bool = False,
    all_evaluations: bool = False,
    check_lookahead: bool = False,
) -> None:
    """Replay recorded trades through a strategy and write a report.

    Parameters
    ----------
    data
        Dump files (csv, csv.gz, zip), archive files or folders, in the order of their trades.
    symbol
        For example BTCUSDT.
    out
        Folder for report.html, report.json, trades, signals and equity (Parquet).
    preset
        Strategy to start from; see `arbcore presets`. Default v53.
    strategy
        TOML or JSON file with a strategy, instead of a preset.
    set_
        Change a parameter: key=value. May be repeated.
    from_
        Score evaluations from this UTC time on. Features use all trades.
    to
        Score evaluations before this UTC time.
    warmup
        Trades before the first signal.
    every
        Time between evaluations.
    fill
        tape: by the trades printed after the decision. level: at evaluation price and levels.
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
    spot
        Spot trades of the symbol, for the spot CVD.
    filters
        TOML file with lot_step and min_notional by symbol.
    ids
        What to do with trade ids that are not the next one.
    skip_bad
        Skip and count broken rows instead of stopping.
    all_evaluations
        Write every evaluation to signals.parquet.
    check_lookahead
        Run again on data cut at sampled points; fail if a decision changes.
    """
    from rich.console import Console

    from arbcore.errors import ConfigError
    from arbcore.research.backtest import Setup, columns_of
    from arbcore.research.backtest import backtest as run
    from arbcore.research.filters import read_filters

    if preset is not None and strategy is not None:
        message = "--preset and --strategy: give one of them"
        raise ConfigError(message)
    chosen = read_strategy(strategy) if strategy is not None else (preset or "v53")
    given = read_filters(filters) if filters is not None else None
    notes = Console(stderr=True, soft_wrap=True)

    def warn(setup: Setup) -> None:
        for warning in setup.warnings:
            notes.print(f"[yellow]warning:[/] {warning}", highlight=False)

    arguments = {
        "symbol": symbol,
        "strategy": chosen,
        "set": set_ or (),
        "start": from_,
        "end": to,
        "warmup": warmup,
        "every": every,
        "fill": fill,
        "latency_ms": latency_ms,
        "slippage_bps": slippage_bps,
        "fee_rate": fee_rate,
        "tp_maker": tp_maker,
        "indicators": indicators or None,
        "spot": spot or None,
        "filters": None if given is None else given.get(symbol),
        "ids": ids,
        "skip_bad": skip_bad,
    }
    with trade_progress(f"backtest {symbol}") as progress:
        result = run(data, **arguments, all_evaluations=all_evaluations, on_setup=warn, progress=progress)
    files = result.write(out)
    from arbcore.report.terminal import print_report

    equity = columns_of(result.outcome.equity(0))
    print_report(result.typed_report, Console(), files=files, equity=equity)
    if result.typed_report.header.interrupted_ms is not None:
        sys.exit(130)
    if check_lookahead:
        from arbcore.research.lookahead import check_lookahead as check

        with trade_progress("look-ahead check") as progress:
            cuts = check(data, progress=progress, **arguments)
        Console().print(
            f"look-ahead check: no decision changes on data cut at {len(cuts)} points", highlight=False
        )


def read_strategy(path: Path):  # noqa: ANN201 - the model is imported only here
    """Read a strategy file by its ending."""
    from arbcore.model import Strategy

    return Strategy.from_json(path) if path.suffix == ".json" else Strategy.from_toml(path)
