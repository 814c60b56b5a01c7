"""Sweeps: thousands of configurations over the same trades, each exactly as if it ran alone."""

from __future__ import annotations

import itertools
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from arbcore._arbcore import FeatureRun, SweepOutcome
from arbcore.errors import ConfigError, InsufficientDataError
from arbcore.research.backtest import Setup, prepare, resolve_strategy
from arbcore.research.filters import Filters, filters_for
from arbcore.research.options import RunOptions
from arbcore.signal.source import Indicators, Trades, open_indicators, open_trades

if TYPE_CHECKING:
    from arbcore.model import Strategy
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import polars as pl

MOST_CONFIGURATIONS = 1_000_000


class Grid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a grid file holds.

    Attributes
    ----------
    preset : what every configuration starts from
    common : parameters common to all (``[set]`` in a file)
    grid : lists of values; every combination is one configuration
    entries : tables of parameters, one by one (``[[list]]`` in a file); each is combined with ``grid``
    """

    preset: str = "v53"
    common: dict[str, Any] = msgspec.field(name="set", default_factory=dict)
    grid: dict[str, list[Any]] = msgspec.field(default_factory=dict)
    entries: list[dict[str, Any]] = msgspec.field(name="list", default_factory=list)

    def changes(self) -> list[dict[str, Any]]:
        """Every configuration as changes to the preset, in order: ``entries`` outside, ``grid`` inside."""
        count = max(1, len(self.entries))
        for key, values in self.grid.items():
            if not values:
                message = f"grid.{key} = []: must have at least one value"
                raise ConfigError(message)
            count *= len(values)
        if count > MOST_CONFIGURATIONS:
            message = f"grid = {count} configurations: must be at most {MOST_CONFIGURATIONS}; split the grid"
            raise ConfigError(message)
        products = [
            dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values())
        ]
        return [
            {**self.common, **entry, **product} for entry in (self.entries or [{}]) for product in products
        ]


def read_grid(path: str | Path) -> Grid:
    """Read a grid file (TOML).

    Raises
    ------
    ConfigError
        If it cannot be read, or holds unknown keys.
    """
    try:
        return msgspec.convert(tomllib.loads(Path(path).read_text(encoding="utf-8")), Grid)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        message = (
            f'{path}: cannot be read as a grid: {error}; expected preset = "v53" and [grid] key = [values]'
        )
        raise ConfigError(message) from error


class SweepResult:
    """What a sweep found.

    Attributes
    ----------
    setups : the strategies as they were run, in order
    """

    def __init__(self, outcome: SweepOutcome, setups: list[Setup], changes: list[dict[str, Any]]) -> None:
        self.outcome = outcome
        self.commonups = setups
        self._changes = changes

    @property
    def interrupted(self) -> bool:
        """True when it was stopped before all configurations were run."""
        return self.outcome.interrupted

    @property
    def rows(self) -> pl.DataFrame:
        """One row a configuration: ``index``, what was changed, ``config_hash``, and its statistics."""
        import polars as pl

        finished = self.outcome.finished()
        keys = list(dict.fromkeys(key for change in self._changes for key in change))
        head: dict[str, list[Any]] = {"index": finished}
        for key in keys:
            head[key] = [getattr(self.commonups[i].strategy, key) for i in finished]
        head["config_hash"] = [self.commonups[i].config_hash for i in finished]
        frame = pl.DataFrame(head, strict=False)
        statistics = pl.DataFrame(self.outcome.statistics())
        clashing = [name for name in statistics.columns if name in head]
        return frame.hstack(statistics.drop(clashing))

    def trades(self, index: int) -> pl.DataFrame:
        """Positions of one configuration, in the columns of trades.parquet (with ``keep_trades``).

        Raises
        ------
        InputError
            If trades were not kept, or there is no such configuration.
        """
        import polars as pl

        setup = self.commonups[index]
        name, symbol = setup.strategy.display_name, setup.strategy.symbol
        return pl.DataFrame(self.outcome.trades(index, name, symbol, setup.config_hash))

    def all_trades(self) -> pl.DataFrame:
        """Positions of all configurations, with their ``index``."""
        import polars as pl

        frames = [
            self.trades(i).with_columns(pl.lit(i, dtype=pl.Int64).alias("index"))
            for i in self.outcome.finished()
        ]
        return pl.concat(frames) if frames else pl.DataFrame()


def sweep(
    data: Trades,
    *,
    symbol: str,
    strategies: Sequence[Strategy | str | Mapping[str, Any]] | None = None,
    grid: Grid | Mapping[str, Any] | str | Path | None = None,
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
    filters: Filters | Mapping[str, float] | None = None,
    ids: str = "drop",
    price_decimals: int | None = None,
    qty_decimals: int | None = None,
    skip_bad: bool = False,
    threads: int | None = None,
    keep_trades: bool = False,
    progress: Callable[[int, int, int], None] | None = None,
    swept: Callable[[int], object] | None = None,
) -> SweepResult:
    """Run many configurations over the same trades at once.

    Features are computed once, decisions once per distinct scoring part, and exits are found by searching the
    tape. Each row equals the single `arbcore.backtest` of its configuration.

    Parameters
    ----------
    data, symbol, start, end, warmup, every, indicators
        As in `arbcore.backtest`. The trades are held in memory, 12 bytes each.
    fill, latency_ms, slippage_bps, fee_rate, tp_maker, filters, ids, price_decimals, qty_decimals, skip_bad
        As in `arbcore.backtest`.
    strategies : sequence, optional
        Strategies, preset names or mappings.
    grid : Grid, mapping or path, optional
        Instead of strategies: a preset with lists of values.
    threads : int, optional
        All cores by default; the result does not depend on it.
    keep_trades : bool
        Keep the positions of every configuration.
    progress, swept : callable, optional
        Called after each batch read; called with the number of configurations done.

    Returns
    -------
    SweepResult

    Raises
    ------
    ConfigError, InputError, StoreError
        If an argument, a configuration or a file is not acceptable.
    InsufficientDataError
        If there are no trades.

    Examples
    --------
    >>> import arbcore
    >>> made = arbcore.generate("BTCUSDT", hours=30, trades_per_day=50_000, seed=3)
    >>> grid = {"preset": "v53", "grid": {"entry_score": [60, 65], "sl_atr_multiplier": [1.5, 2.0]}}
    >>> sweep(made.trades, symbol="BTCUSDT", grid=grid).rows.select("entry_score", "sl_atr_multiplier").rows()
    [(60.0, 1.5), (60.0, 2.0), (65.0, 1.5), (65.0, 2.0)]
    """
    changes, configurations = _configurations(symbol, strategies, grid)
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
    setups = [prepare(strategy, name, samples) for strategy, name in configurations]
    reader = open_trades(
        data, symbol=symbol, price_decimals=price_decimals, qty_decimals=qty_decimals, skip_bad=skip_bad
    )
    chosen = filters_for(symbol, reader.grid[1], filters)
    core = options.for_core(chosen.lot_step, chosen.min_notional)
    run = FeatureRun(symbol, reader.grid, core, keep_trades=True, samples=samples)
    while (step := run.advance(reader)) is not None:
        if progress is not None:
            progress(step[0], *reader.progress())
    run.end()
    if run.stream()["trades"] == 0:
        message = f"no trades of {symbol} in the data"
        raise InsufficientDataError(message)
    outcome = run.sweep(
        [setup.strategy.to_dict() for setup in setups],
        threads or os.cpu_count() or 1,
        keep_runs=keep_trades,
        progress=swept,
    )
    return SweepResult(outcome, setups, changes)


def _configurations(
    symbol: str,
    strategies: Sequence[Strategy | str | Mapping[str, Any]] | None,
    grid: Grid | Mapping[str, Any] | str | Path | None,
) -> tuple[list[dict[str, Any]], list[tuple[Strategy, str | None]]]:
    """Turn strategies or a grid into configurations, and what each changes."""
    if (strategies is None) == (grid is None):
        message = "strategies and grid: give one of them"
        raise ConfigError(message)
    if strategies is not None:
        if not strategies:
            message = "strategies = []: must have at least one"
            raise ConfigError(message)
        return [{}] * len(strategies), [resolve_strategy(strategy, symbol) for strategy in strategies]
    if isinstance(grid, (str, Path)):
        grid = read_grid(grid)
    if not isinstance(grid, Grid):
        try:
            grid = msgspec.convert(grid, Grid)
        except msgspec.ValidationError as error:
            message = f"grid: {error}"
            raise ConfigError(message) from error
    base, name = resolve_strategy(grid.preset, symbol)
    changes = grid.changes()
    return changes, [(base.replace(**change) if change else base, name) for change in changes]
