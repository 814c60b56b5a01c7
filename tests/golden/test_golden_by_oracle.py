"""The golden runs recomputed by the slow oracles, which know nothing of the engine."""

from __future__ import annotations

import csv
import gzip
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from golden.runs import BTC, LTC, REACHABLE, RUNS, Run, Source
from oracle.params import Params, defaults, preset
from oracle.positions import Settings, feature_rows, replay
from oracle.statistics import equity_curve
from oracle.tape import HOUR, MINUTE, Grid, Tape, Trade, admit
from property import engine
from property.test_backtest_property import assert_statistics_match, assert_trades_match, close

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.data, pytest.mark.slow, pytest.mark.timeout(900)]
GRIDS = {BTC: Grid(1, 3), LTC: Grid(2, 3)}
WARMUPS_MS = {"1h": HOUR, "15m": 15 * MINUTE}
CHANGES = {
    "entry_score=60": {"entry_score": 60},
    "entry_score=65": {"entry_score": 65},
    "flip_threshold=70": {"flip_threshold": 70},
    "gate_vol_enabled=false": {"gate_vol_enabled": False},
}


def read(source: Source, folder: Path) -> Tape:
    """The file by Python's own csv and Decimal."""
    grid = GRIDS[source]
    trades = []
    with gzip.open(folder / "aggtrades" / source.file, "rt") as lines:
        for row in csv.DictReader(lines):
            ticks = Decimal(row["price"]).scaleb(grid.price_decimals)
            lots = Decimal(row["quantity"]).scaleb(grid.qty_decimals)
            assert ticks == int(ticks)
            assert lots == int(lots)
            trades.append(
                Trade(
                    int(row["agg_trade_id"]) if row.get("agg_trade_id") else None,
                    int(row["transact_time"]),
                    int(ticks),
                    int(lots),
                    row["is_buyer_maker"] == "true",
                )
            )
    return Tape(admit(trades, "drop").trades, grid)


_MADE: dict[tuple[Source, str], tuple[Tape, list[dict[str, Any]]]] = {}


def tape_and_rows(source: Source, warmup: str, folder: Path) -> tuple[Tape, list[dict[str, Any]]]:
    """Tape and feature rows by the oracle, made once a file and warm-up: they take it a minute."""
    key = source, warmup
    if key not in _MADE:
        tape = read(source, folder)
        _MADE[key] = tape, feature_rows(tape, Settings(warmup_ms=WARMUPS_MS[warmup]), [], source.symbol)
    return _MADE[key]


def assert_equity_matches(got: Any, want: Any, initial: float) -> None:
    """Every mark; at a flip the engine marks the exit before the opening on the same trade pays its fee."""
    flips = {q.exit_ms for q in want.positions if q.status == "signal_flip"}
    curve = [
        mark for mark in equity_curve(want.tape, want.positions, initial) if mark["time_ms"] not in flips
    ]
    found = {row["time_ms"]: row for row in got.equity.to_dicts() if row["time_ms"] not in flips}
    assert sorted(found) == [mark["time_ms"] for mark in curve]
    for mark in curve:
        for column in ("equity_usdt", "equity_r", "drawdown"):
            assert found[mark["time_ms"]][column] == close(mark[column]), (column, mark["time_ms"])


def params(run: Run) -> Params:
    from dataclasses import replace

    made = (
        preset(run.preset, run.source.symbol) if run.preset.startswith("v5") else factory(run.source.symbol)
    )
    values: dict[str, Any] = {}
    for change in run.changes:
        values |= CHANGES[change]
    # The files carry no indicators: gates without their source are disabled.
    return replace(made, gate_obi_enabled=False, **values)


def factory(symbol: str) -> Params:
    """btc_5m_30m_tp1.0 lent to ``symbol``: windows, weights and exits of order-flow.md 6."""
    from dataclasses import replace

    return replace(
        defaults(symbol),
        cvd_fast_window="5m",
        cvd_slow_window="30m",
        weight_direction=38,
        weight_env=32,
        weight_aux=28,
        weight_momentum=2,
        sl_atr_multiplier=2.0,
        tp1_ratio=1.0,
        tp2_ratio=2.0,
        timeout_minutes=240,
    )


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_oracle_agrees(run: Run, shared_data: Path) -> None:
    tape, rows = tape_and_rows(run.source, run.warmup, shared_data)
    filters = {BTC: (0.001, 50.0), LTC: (0.001, 0.0)}[run.source]
    settings = Settings(
        fill=run.fill,
        latency_ms=run.latency_ms,
        slippage_bps=run.slippage_bps,
        warmup_ms=WARMUPS_MS[run.warmup],
        lot_step=filters[0],
        min_notional=filters[1],
    )
    p = params(run)
    want = replay(tape, p, settings, [], rows)
    got = run.result(shared_data)
    assert_trades_match(got, want)
    assert_equity_matches(got, want, p.initial_balance)
    assert_statistics_match(engine.statistics(got), want, p.initial_balance)


def test_reachable_scores_are_those_of_the_runs() -> None:
    assert {change for run in RUNS for change in run.changes} <= CHANGES.keys()
    assert set(REACHABLE) <= CHANGES.keys()
