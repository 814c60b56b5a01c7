"""Back-tests: one strategy, one symbol, recorded trades, through the engine that trades."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from arbcore._arbcore import Outcome, Replay, Samples, Table, TradeReader, __version__, disable_gates
from arbcore.errors import InsufficientDataError
from arbcore.model import Strategy
from arbcore.presets import preset
from arbcore.report import schema
from arbcore.research.filters import Filters, filters_for
from arbcore.research.options import FOREVER_MS, RunOptions
from arbcore.signal.source import Indicators, Trades, names_of, open_indicators, open_trades

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import polars as pl

_COUNTS = frozenset(
    {
        *("total_trades", "winning_trades", "losing_trades", "long_trades", "short_trades"),
        *("max_win_streak", "max_loss_streak", "signals"),
    }
)
"""Statistics that are whole numbers."""

_SPLITS = {
    "symbol": "by_symbol",
    "direction": "by_direction",
    "tier": "by_tier",
    "regime": "by_regime",
    "hour": "by_hour",
    "score_band": "by_score_band",
    "exit_status": "by_status",
    "config_hash": "by_config_hash",
}


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy with what its data let it use.

    Attributes
    ----------
    strategy : the strategy as it is run, gates without a source disabled
    config_hash : of the strategy as it is run
    preset : name of the preset it came from, if any
    absent : sources that its layers, gates and rules would read, but are not given
    disabled_gates : gates disabled for want of their source
    highest_total : greatest total that the given sources can reach
    warnings : what a person should know before the run
    """

    strategy: Strategy
    config_hash: str
    preset: str | None
    absent: tuple[str, ...]
    disabled_gates: tuple[str, ...]
    highest_total: float
    warnings: tuple[str, ...]


def resolve_strategy(
    strategy: Strategy | str | Mapping[str, Any], symbol: str, assignments: Sequence[str] = ()
) -> tuple[Strategy, str | None]:
    """Make a strategy for ``symbol`` of a preset's name, a mapping or a strategy, with ``key=value`` changes.

    Raises
    ------
    ConfigError
        If the preset, a key or a value is unknown or out of range, or the symbols differ.
    """
    name = strategy if isinstance(strategy, str) else None
    if isinstance(strategy, str):
        made = preset(strategy, symbol)
    elif isinstance(strategy, Strategy):
        made = strategy
    else:
        made = Strategy.from_dict(dict(strategy))
    if made.symbol != symbol:
        made = made.replace(symbol=symbol)
    return (made.set(*assignments) if assignments else made), name


def prepare(
    strategy: Strategy, preset_name: str | None, samples: Samples | None, *, spot: bool = False
) -> Setup:
    """Fit a strategy to the sources given: disable gates without one, warn when it can never enter."""
    names = [] if samples is None else samples.names()
    if spot:
        names.append("spot_tape")
    fitted, disabled, absent, highest = disable_gates(strategy.to_dict(), names)
    runnable = Strategy.from_dict(fitted)
    warnings: list[str] = []
    if highest < runnable.entry_score:
        warnings.append(
            f"highest reachable total {highest:g} is below entry_score {runnable.entry_score:g}: "
            "no signal can come; give indicators, or set a lower entry_score"
        )
    return Setup(
        strategy=runnable,
        config_hash=runnable.config_hash,
        preset=preset_name,
        absent=tuple(absent),
        disabled_gates=tuple(disabled),
        highest_total=highest,
        warnings=tuple(warnings),
    )


class BacktestResult:
    """What a back-test found.

    Attributes
    ----------
    report : report.json as a dictionary
    setup : the strategy as it was run
    grid : decimals of price and quantity
    """

    def __init__(self, outcome: Outcome, setup: Setup, report: schema.Report, grid: tuple[int, int]) -> None:
        self.outcome = outcome
        self.setup = setup
        self.grid = grid
        self._report = report

    @property
    def report(self) -> dict[str, Any]:
        """Header, statistics, verdict, breakdowns, rejections, decision hash: as in report.json."""
        return msgspec.to_builtins(self._report)

    @property
    def typed_report(self) -> schema.Report:
        """The same as a struct."""
        return self._report

    @property
    def statistics(self) -> dict[str, float | None]:
        """Statistics by name, None where undefined."""
        return dict(self._report.statistics)

    @property
    def decision_hash(self) -> str:
        """Hash of all decisions and trades: equal runs have equal hashes."""
        return self._report.decision_hash

    def _trades(self) -> Table:
        setup = self.setup
        return self.outcome.trades(0, setup.strategy.display_name, setup.strategy.symbol, setup.config_hash)

    @property
    def trades(self) -> pl.DataFrame:
        """Positions, one row each, in the columns of trades.parquet; one still open has null exits."""
        import polars as pl

        return pl.DataFrame(self._trades())

    @property
    def signals(self) -> pl.DataFrame:
        """Evaluations that gave a signal or reached the entry score (or all, as asked for)."""
        import polars as pl

        return pl.DataFrame(self.outcome.evaluations())

    @property
    def equity(self) -> pl.DataFrame:
        """Marks: time_ms, equity_usdt, equity_r, drawdown (fraction below the peak)."""
        import polars as pl

        return pl.DataFrame(self.outcome.equity(0))

    def write(self, directory: str | Path) -> list[Path]:
        """Write trades, signals and equity as Parquet, report.html, and last report.json.

        Returns
        -------
        list of Path
            The files, report.html first.
        """
        from arbcore.store.files import write_text

        out = Path(directory)
        trades, equity, price = self._trades(), self.outcome.equity(0), self.outcome.price()
        trades.write_parquet(out / "trades.parquet")
        self.outcome.evaluations().write_parquet(out / "signals.parquet")
        equity.write_parquet(out / "equity.parquet")
        from arbcore.report.html import render_html

        page = render_html(self._report, columns_of(trades), columns_of(equity), columns_of(price))
        write_text(out / "report.html", page)
        write_text(out / "report.json", schema.to_json(self._report).decode())
        names = ("report.html", "report.json", "trades.parquet", "signals.parquet", "equity.parquet")
        return [out / name for name in names]


def columns_of(table: Table) -> dict[str, list[Any]]:
    """Turn a table of the compiled core into plain lists by column."""
    return {name: table.column(name) for name in table.columns}


def feed(
    replay: Replay,
    reader: TradeReader,
    spot_reader: TradeReader | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> int | None:
    """Drive a replay to the end of its readers.

    Returns
    -------
    int or None
        None at the end; after Ctrl-C the time of the last trade taken.
    """
    last_ms = 0
    try:
        if spot_reader is None:
            while (step := replay.advance(reader)) is not None:
                last_ms = step[1]
                if progress is not None:
                    progress(step[0], *reader.progress())
            return None
        spot_ms: int | None = -FOREVER_MS
        while (batch := reader.next_batch()) is not None:
            # All spot trades up to an evaluation must be in before the perpetual trade that releases it.
            while spot_ms is not None and spot_ms <= (batch.last_ms or 0):
                spot_batch = spot_reader.next_batch()
                spot_ms = None if spot_batch is None else spot_batch.last_ms
                if spot_batch is not None:
                    replay.push_spot(spot_batch)
            replay.push(batch)
            last_ms = batch.last_ms or last_ms
            if progress is not None:
                progress(len(batch), *reader.progress())
    except KeyboardInterrupt:
        return last_ms
    return None


def backtest(
    data: Trades,
    *,
    symbol: str,
    strategy: Strategy | str | Mapping[str, Any] = "v53",
    set: Sequence[str] = (),  # noqa: A002 - the command's word
    start: str | int | datetime | None = None,
    end: str | int | datetime | None = None,
    warmup: str | int = "24h",
    every: str | int = "15s",
    fill: str = "tape",
    latency_ms: int = 0,
    slippage_bps: float = 0.0,
    fee_rate: float = 0.0005,
    tp_maker: bool = False,
    indicators: Indicators | None = None,
    spot: Trades | None = None,
    filters: Filters | Mapping[str, float] | None = None,
    ids: str = "drop",
    all_evaluations: bool = False,
    price_decimals: int | None = None,
    qty_decimals: int | None = None,
    skip_bad: bool = False,
    on_setup: Callable[[Setup], None] | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> BacktestResult:
    """Replay recorded trades through a strategy.

    Parameters
    ----------
    data : path, paths or frame
        Trades: dump files, the archive, or a frame in a dump's columns.
    symbol : str
        For example ``BTCUSDT``.
    strategy : Strategy, preset name or mapping
        What to test; see `arbcore.preset_names`.
    set : sequence of str
        Changes to it, ``key=value``.
    start, end : time, optional
        Evaluations with ``start <= t < end`` are scored; features use all trades.
    warmup, every : str
        History before the first signal; time between evaluations.
    fill : str
        ``tape`` or ``level``.
    latency_ms, slippage_bps, fee_rate, tp_maker
        Of the simulated venue.
    indicators : path or frame, optional
        Rows (time_ms, available_ms, symbol, name, value); gates without their source are disabled.
    spot : path or frame, optional
        Spot trades, for the spot CVD.
    filters : Filters or mapping, optional
        Lot step and minimum notional; built-in, or the decimals seen.
    ids : str
        ``drop``, ``accept`` or ``reject``.
    all_evaluations : bool
        Record every evaluation in ``signals``.
    price_decimals, qty_decimals : int, optional
        The grid; left out, the significant decimals of the data.
    skip_bad : bool
        Count broken rows of dumps instead of stopping at the first.
    on_setup : callable, optional
        Called with the `Setup` before the run starts.
    progress : callable, optional
        Called after each batch with trades taken, and how much of how much is read.

    Returns
    -------
    BacktestResult

    Raises
    ------
    ConfigError, InputError, StoreError
        If an argument, a row or a file is not acceptable.
    InsufficientDataError
        If there are no trades.

    Examples
    --------
    >>> import arbcore
    >>> made = arbcore.generate("BTCUSDT", hours=30, trades_per_day=50_000, seed=3)
    >>> result = backtest(made.trades, symbol="BTCUSDT", strategy="v53", set=["entry_score=60"])
    >>> sorted(result.report)[:4]
    ['breakdowns', 'decision_hash', 'evaluations', 'header']
    """
    began = time.perf_counter()
    made, preset_name = resolve_strategy(strategy, symbol, set)
    options = RunOptions.read(
        start=start,
        end=end,
        warmup=warmup,
        every=every,
        fill=fill,
        latency_ms=latency_ms,
        slippage_bps=slippage_bps,
        fee_rate=fee_rate,
        tp_maker=tp_maker,
        ids=ids,
    )
    samples = open_indicators(indicators, symbol)
    setup = prepare(made, preset_name, samples, spot=spot is not None)
    if on_setup is not None:
        on_setup(setup)
    reader = open_trades(
        data, symbol=symbol, price_decimals=price_decimals, qty_decimals=qty_decimals, skip_bad=skip_bad
    )
    spot_reader = None if spot is None else open_trades(spot, symbol=symbol, skip_bad=skip_bad)
    chosen = filters_for(symbol, reader.grid[1], filters)
    replay = Replay(
        symbol,
        reader.grid,
        [setup.strategy.to_dict()],
        options.for_core(chosen.lot_step, chosen.min_notional),
        recording="all" if all_evaluations else "signals",
        spot_grid=None if spot_reader is None else spot_reader.grid,
        samples=samples,
    )
    interrupted_ms = feed(replay, reader, spot_reader, progress)
    outcome = replay.finish()
    report = make_report(
        outcome, setup, options, reader, files=names_of(data), interrupted_ms=interrupted_ms, began=began
    )
    return BacktestResult(outcome, setup, report, reader.grid)


def make_report(
    outcome: Outcome,
    setup: Setup,
    options: RunOptions,
    reader: TradeReader,
    *,
    files: Sequence[str],
    interrupted_ms: int | None,
    began: float,
) -> schema.Report:
    """Put together what report.json holds."""
    stream, read = outcome.stream(), reader.report()
    if stream["trades"] == 0:
        message = f"{', '.join(files)}: no trades of {setup.strategy.symbol}"
        raise InsufficientDataError(message)
    statistics: dict[str, int | float | None] = {
        name: int(value) if name in _COUNTS and value is not None else value
        for name, value in outcome.statistics(0).items()
    }
    splits = outcome.breakdowns(0, setup.strategy.symbol, setup.config_hash)
    rows = {
        _SPLITS[name]: tuple(
            schema.BreakdownRow(**{field: row[field] for field in schema.BreakdownRow.__struct_fields__})
            for row in split
        )
        for name, split in splits.items()
    }
    holding = {
        row["key"]: schema.HoldingTime(
            trades=row["trades"], median_ms=row["median_ms"], mean_ms=row["mean_ms"]
        )
        for row in splits["exit_status"]
    }
    elapsed = time.perf_counter() - began
    warnings = list(setup.warnings)
    if read["bad_rows"]:
        warnings.append(f"{read['bad_rows']} broken rows were skipped, the first: {read['bad_messages'][0]}")
    header = schema.Header(
        arbcore_version=__version__,
        symbol=setup.strategy.symbol,
        preset=setup.preset,
        strategy=msgspec.to_builtins(setup.strategy),
        config_hash=setup.config_hash,
        data=schema.Data(
            files=tuple(files),
            first_ms=stream["first_ms"],
            last_ms=stream["last_ms"],
            trades=stream["trades"],
            gaps=stream["gaps"],
            missing_ids=stream["missing_ids"],
            duplicates=stream["duplicates"] + stream["out_of_order"],
            raised_times=stream["raised_times"],
            skipped_rows=read["bad_rows"],
        ),
        from_ms=None if options.from_ms <= -FOREVER_MS else options.from_ms,
        to_ms=None if options.to_ms >= FOREVER_MS else options.to_ms,
        warmup_ms=options.warmup_ms,
        simulation=schema.Simulation(
            fill=options.fill,
            latency_ms=options.latency_ms,
            slippage_bps=options.slippage_bps,
            fee_rate=options.fee_rate,
            tp_maker=options.tp_maker,
            tp_fee_rate=options.tp_maker_fee_rate if options.tp_maker else options.fee_rate,
            max_positions=options.max_positions,
        ),
        sources=schema.Sources(absent=setup.absent, disabled_gates=setup.disabled_gates),
        highest_total=setup.highest_total,
        warnings=tuple(warnings),
        interrupted_ms=interrupted_ms,
    )
    return schema.Report(
        header=header,
        evaluations=outcome.evaluation_count,
        signals=outcome.signals(0),
        open_positions=outcome.open_positions(0),
        statistics=statistics,
        verdict=schema.judge(statistics),
        holding_times=holding,
        breakdowns=schema.Breakdowns(**rows),
        rejections=outcome.rejections,
        decision_hash=outcome.decision_hash,
        timing=schema.Timing(
            total_s=elapsed, trades_per_s=stream["trades"] / elapsed if elapsed > 0 else None
        ),
    )
