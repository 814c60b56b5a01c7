"""``arbcore backtest``."""

# No lazy annotations here: the command line is made from them.
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    from rich.markup import escape

    from arbcore.errors import ConfigError
    from arbcore.research.backtest import Setup, columns_of
    from arbcore.research.backtest import backtest as replay
    from arbcore.store.files import check_writable

    if preset is not None and strategy is not None:
        message = "--preset and --strategy: give one of them"
        raise ConfigError(message)
    check_writable(out / "report.json")
    notes = Console(stderr=True, soft_wrap=True)

    def warn(setup: Setup) -> None:
        for warning in setup.warnings:
            notes.print(f"[yellow]warning:[/] {escape(warning)}", highlight=False)

    arguments: dict[str, Any] = {
        **run.arguments(symbol),
        "strategy": read_strategy(strategy) if strategy is not None else (preset or "v53"),
        "set": set_ or (),
        "spot": spot or None,
    }
    # The page's template is loaded while the replay runs without the interpreter's lock.
    threading.Thread(target=_warm_up, daemon=True).start()
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


def _warm_up() -> None:
    from arbcore.report.html import warm_up

    warm_up()


def read_strategy(path: Path) -> "Strategy":
    """Read a strategy file by its ending."""
    from arbcore.model import Strategy

    return Strategy.from_json(path) if path.suffix == ".json" else Strategy.from_toml(path)
