"""``arbcore backtest``."""

# No lazy annotations here: the command line is made from them.
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from arbcore.cli.flags import RunFlags
from arbcore.cli.progress import trade_progress

if TYPE_CHECKING:
    from arbcore.model import Strategy

STANDARD = RunFlags()


def backtest(
    data: list[Path],
    /,
    *,
    symbol: str,
    out: Path,
    preset: str | None = None,
    strategy: Path | None = None,
    set_: Annotated[list[str] | None, Parameter(name="--set")] = None,
    run: RunFlags = STANDARD,
    spot: list[Path] | None = None,
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
    spot
        Spot trades of the symbol, for the spot CVD.
    all_evaluations
        Write every evaluation to signals.parquet.
    check_lookahead
        Run again on data cut at sampled points; fail if a decision changes.
    """
    from rich.console import Console

    from arbcore.errors import ConfigError
    from arbcore.research.backtest import Setup, columns_of
    from arbcore.research.backtest import backtest as replay

    if preset is not None and strategy is not None:
        message = "--preset and --strategy: give one of them"
        raise ConfigError(message)
    notes = Console(stderr=True, soft_wrap=True)

    def warn(setup: Setup) -> None:
        for warning in setup.warnings:
            notes.print(f"[yellow]warning:[/] {warning}", highlight=False)

    arguments = {
        **run.arguments(symbol),
        "strategy": read_strategy(strategy) if strategy is not None else (preset or "v53"),
        "set": set_ or (),
        "spot": spot or None,
    }
    with trade_progress(f"backtest {symbol}") as progress:
        result = replay(data, **arguments, all_evaluations=all_evaluations, on_setup=warn, progress=progress)
    files = result.write(out)
    from arbcore.report.terminal import print_report

    print_report(result.typed_report, Console(), files=files, equity=columns_of(result.outcome.equity(0)))
    if result.typed_report.header.interrupted_ms is not None:
        sys.exit(130)
    if check_lookahead:
        from arbcore.research.lookahead import check_lookahead as check

        with trade_progress("look-ahead check") as progress:
            cuts = check(data, progress=progress, **arguments)
        Console().print(
            f"look-ahead check: no decision changes on data cut at {len(cuts)} points", highlight=False
        )


def read_strategy(path: Path) -> "Strategy":
    """Read a strategy file by its ending."""
    from arbcore.model import Strategy

    return Strategy.from_json(path) if path.suffix == ".json" else Strategy.from_toml(path)
