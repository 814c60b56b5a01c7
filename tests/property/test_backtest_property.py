"""Whole back-tests against the oracle: decisions, trades, equity and statistics; a sweep against single runs.

Times, sides, statuses, reasons, scores and tiers are equal exactly. Prices, R figures and statistics agree to
1e-9 relative (1e-9 absolute around 0): docs/semantics.md fixes what they are, not the order in which a
float expression adds them up.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.positions import Replay, Settings, replay
from oracle.score import highest_reachable_tenths
from oracle.statistics import equity_curve, statistics
from oracle.tape import MINUTE, Tape, Trade

from . import engine
from .profile import SLOW
from .strategies import BTC_GRID, FILLS, RULES, factory_overrides, moving_tapes, sample_lists

SYMBOLS = st.sampled_from(["BTCUSDT", "ETHUSDT"])
PRESETS = ["v50", "v51_baseline", "v52_8signals", "v53", "v53_middle", "v53_fast"]
EXACT_TRADE_COLUMNS = ["direction", "tier", "score", "signal_ms", "entry_ms", "tp1_ms", "exit_ms", "status"]
FLOAT_TRADE_COLUMNS = [
    "entry_price",
    "qty",
    "risk_distance",
    "sl_price",
    "tp1_price",
    "tp2_price",
    "exit_price",
    "gross_r",
    "fee_r",
    "funding_r",
    "pnl_r",
    "pnl_usdt",
]


def close(value: Any) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value


def assert_trades_match(result: Any, want: Replay) -> None:
    got = engine.rows(result.trades)
    expected = [q.row() for q in want.positions]
    assert [[row[c] for c in EXACT_TRADE_COLUMNS] for row in got] == [
        [row[c] for c in EXACT_TRADE_COLUMNS] for row in expected
    ]
    for one, other in zip(got, expected, strict=True):
        for column in FLOAT_TRADE_COLUMNS:
            assert one[column] == close(other[column]), column


def assert_decisions_match(result: Any, want: Replay) -> None:
    got = engine.decisions(result)
    assert [row["t_ms"] for row in got] == [row["t_ms"] for row in want.decisions]
    for one, other in zip(got, want.decisions, strict=True):
        for key in ("side", "reason", "is_signal", "flips", "enters", "regime"):
            assert one[key] == other[key], (key, other["t_ms"])
        assert one["score"] == other["tenths"] / 10
        for layer in other["points"].keys() & set(engine.LAYERS):
            assert one["points"][layer] == close(other["points"][layer]), layer


def assert_equity_matches(result: Any, want: Replay, initial: float) -> None:
    got = {row["time_ms"]: row for row in engine.rows(result.equity)}  # the last row of a time
    curve = equity_curve(want.tape, want.positions, initial)
    assert sorted(got) == [mark["time_ms"] for mark in curve]
    for mark in curve:
        for column in ("equity_usdt", "equity_r", "drawdown"):
            assert got[mark["time_ms"]][column] == close(mark[column]), (column, mark["time_ms"])


def assert_statistics_match(got: dict[str, Any], want: Replay, initial: float) -> None:
    expected = statistics(want.tape, want.positions, initial)
    for name in [*engine.STATISTICS, *(engine.SUMS if expected["total_trades"] else [])]:
        assert got[name] == close(expected[name]), name


def run_both(  # noqa: PLR0917
    trades: list[Trade],
    samples: list[Any],
    settings: Settings,
    name: str | None,
    symbol: str,
    overrides: dict[str, Any],
) -> tuple[Any, Replay]:
    p = engine.params(name, symbol, overrides)
    want = replay(Tape(trades, BTC_GRID), p, settings, samples)
    got = engine.backtest(trades, BTC_GRID, engine.strategy(name, symbol, overrides), settings, samples)
    return got, want


@SLOW
@given(data=st.data(), symbol=SYMBOLS)
def test_factory_strategies(data: st.DataObject, symbol: str) -> None:
    trades = data.draw(moving_tapes())
    samples = data.draw(sample_lists(trades))
    settings = Settings(warmup_ms=data.draw(st.sampled_from([0, 30 * MINUTE])), **data.draw(FILLS))
    got, want = run_both(trades, samples, settings, None, symbol, data.draw(factory_overrides()))
    assert_decisions_match(got, want)
    assert_trades_match(got, want)
    assert_equity_matches(got, want, want.p.initial_balance)
    assert_statistics_match(engine.statistics(got), want, want.p.initial_balance)


@SLOW
@given(data=st.data(), name=st.sampled_from(PRESETS), symbol=SYMBOLS)
def test_presets(data: st.DataObject, name: str, symbol: str) -> None:
    trades = data.draw(moving_tapes())
    samples = data.draw(sample_lists(trades))
    settings = Settings(warmup_ms=0, **data.draw(FILLS))
    reachable = {"entry_score": 60} if name == "v50" else {"entry_score": 60, "flip_threshold": 65}
    got, want = run_both(trades, samples, settings, name, symbol, reachable)
    assert_decisions_match(got, want)
    assert_trades_match(got, want)


@SLOW
@given(data=st.data())
def test_optional_rules(data: st.DataObject) -> None:
    trades = data.draw(moving_tapes())
    samples = data.draw(sample_lists(trades))
    settings = Settings(warmup_ms=0, **data.draw(FILLS))
    overrides = data.draw(factory_overrides()) | {"entry_score": 60, "direction": "both"} | data.draw(RULES)
    got, want = run_both(trades, samples, settings, None, "BTCUSDT", overrides)
    assert_decisions_match(got, want)
    assert_trades_match(got, want)


@SLOW
@given(data=st.data(), edges=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_from_and_to_limit_signals_only(data: st.DataObject, edges: tuple[float, float]) -> None:
    trades = data.draw(moving_tapes())
    first, last = trades[0].time_ms, trades[-1].time_ms
    start, end = sorted(first + round(edge * (last - first)) for edge in edges)
    settings = Settings(warmup_ms=0, start_ms=start, end_ms=max(end, start + 1))
    got, want = run_both(trades, [], settings, None, "BTCUSDT", data.draw(factory_overrides()))
    assert_decisions_match(got, want)
    assert_trades_match(got, want)


@SLOW
@given(data=st.data(), cut=st.floats(0.3, 1))
def test_the_future_changes_nothing(data: st.DataObject, cut: float) -> None:
    """Decisions on a shortened tape are those of the whole tape up to there."""
    trades = data.draw(moving_tapes())
    settings = Settings(warmup_ms=0)
    strategy = engine.strategy(None, "BTCUSDT", data.draw(factory_overrides()))
    whole = engine.decisions(engine.backtest(trades, BTC_GRID, strategy, settings, []))
    kept = trades[: max(1, round(cut * len(trades)))]
    part = engine.decisions(engine.backtest(kept, BTC_GRID, strategy, settings, []))
    # The last evaluation may share its millisecond with trades that were cut off.
    certain = [row for row in part if row["t_ms"] < kept[-1].time_ms]
    assert certain == whole[: len(certain)]


@SLOW
@given(data=st.data())
def test_a_sweep_is_its_single_runs(data: st.DataObject) -> None:
    trades = data.draw(moving_tapes())
    settings = Settings(warmup_ms=0)
    strategies = [engine.strategy(None, "BTCUSDT", data.draw(factory_overrides())) for _ in range(6)]
    swept = engine.sweep(trades, BTC_GRID, strategies, settings)
    assert len(swept) == len(strategies)
    for row, strategy in zip(swept, strategies, strict=True):
        single = engine.statistics(engine.backtest(trades, BTC_GRID, strategy, settings, []))
        assert {name: row[name] for name in engine.STATISTICS} == {
            name: single[name] for name in engine.STATISTICS
        }


@pytest.mark.parametrize("name", PRESETS)
def test_the_highest_reachable_total_on_trades_alone(name: str) -> None:
    expected = {"v50": 82.5, "v51_baseline": 87.0, "v52_8signals": 74.0, "v53": 72.9}
    trades = [Trade(i + 1, i * 5 * MINUTE, 1_000_000, 10, False) for i in range(3)]
    result = engine.backtest(
        trades, BTC_GRID, engine.strategy(name, "BTCUSDT", {}), Settings(warmup_ms=0), []
    )
    want = highest_reachable_tenths(engine.params(name, "BTCUSDT", {}), set()) / 10
    assert want == expected.get(name, want)
    assert engine.highest_reachable(result) == want
