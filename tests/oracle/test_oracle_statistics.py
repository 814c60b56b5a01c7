"""Statistics and equity on results small enough to add up by eye."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from oracle.statistics import equity_curve, fall, grouped, score_band, statistics, summary
from oracle.tape import HOUR, MINUTE

from .test_oracle_positions import P, T, buy, closed, run

if TYPE_CHECKING:
    from oracle.positions import Position


def results(*pnl: float) -> list[Position]:
    """Closed trades of one R each, without costs, an hour apart."""
    out = []
    for k, r in enumerate(pnl):
        q = closed(1, T + k * HOUR, T + k * HOUR + 30 * MINUTE, "sl" if r < 0 else "timeout")
        q.exit_price = 100.0 + r
        out.append(q)
    return out


def test_summary() -> None:
    stats = summary(results(1.0, -1.0, 2.0, 0.0, -0.5, -0.5))
    assert stats["total_trades"] == 6
    assert stats["win_rate"] == 2 / 6
    assert stats["profit_factor"] == 1.5
    assert stats["expectancy"] == pytest.approx(1 / 6)
    assert (stats["avg_win_r"], stats["avg_loss_r"]) == (1.5, pytest.approx(-2 / 3))
    assert stats["payoff_ratio"] == pytest.approx(2.25)
    spread = ((25 / 36 + 49 / 36 + 121 / 36 + 1 / 36 + 16 / 36 * 2) / 5) ** 0.5
    assert stats["std_r"] == pytest.approx(spread)
    assert stats["sqn"] == pytest.approx(6**0.5 / 6 / spread)
    assert (stats["max_win_streak"], stats["max_loss_streak"]) == (1, 2)
    assert stats["holding_minutes"] == {"sl": 30.0, "timeout": 30.0}


def test_undefined_is_null() -> None:
    nothing = summary([])
    assert [
        nothing[k] for k in ("win_rate", "profit_factor", "expectancy", "sqn", "payoff_ratio", "std_r")
    ] == [None] * 6
    assert summary(results(1.0))["profit_factor"] is None
    assert summary(results(1.0, 1.0))["sqn"] is None


def test_open_positions_stay_out() -> None:
    still_open = run([(1, 100.0), (2, 100.5)], [buy(T)])
    assert summary(still_open.positions)["total_trades"] == 0
    assert equity_curve(still_open.tape, still_open.positions, 10_000.0)[-1]["equity_r"] == 0.5


def test_equity_counts_the_half_taken() -> None:
    path = [(1, 100.0), (2, 101.0), (HOUR + 1, 100.3), (2 * HOUR, 100.4), (2 * HOUR + 5, 100.0)]
    r = run([*path, (3 * HOUR, 100.0)], [buy(T)])
    curve = {m["time_ms"] - T: m for m in equity_curve(r.tape, r.positions, 10_000.0)}
    assert list(curve) == [0, HOUR, 2 * HOUR, 2 * HOUR + 5, 3 * HOUR]
    assert curve[0]["equity_usdt"] == 10_000.0
    assert curve[HOUR]["equity_r"] == pytest.approx(0.375 + 0.5 * 1.0)
    assert curve[2 * HOUR]["equity_r"] == pytest.approx(0.375 + 0.5 * 0.4)
    assert curve[2 * HOUR + 5]["equity_r"] == pytest.approx(0.375)
    assert curve[2 * HOUR]["equity_usdt"] == pytest.approx(10_000 + 0.575 * 200)
    assert curve[3 * HOUR]["drawdown"] == pytest.approx(1 - 10_075 / 10_175)
    stats = statistics(r.tape, r.positions, 10_000.0)
    assert stats["max_drawdown_r"] == pytest.approx(0.5)
    assert stats["max_drawdown_usdt"] == pytest.approx(100.0)


def test_daily_returns_make_the_ratios() -> None:
    day = 24 * HOUR
    to_midnight = 7 * HOUR
    p = replace(P, sl_atr_multiplier=0.5, be_buffer_atr=0.0, timeout_minutes=30)  # 1R 0.25: 800 units
    path = [
        (1, 100.0),
        (2, 101.0),
        (to_midnight, 100.0),
        (to_midnight + 1, 100.0),
        (to_midnight + 2, 99.7),
        (to_midnight + day, 100.0),
    ]
    r = run(path, [buy(T), buy(T + to_midnight)], p)
    levels = [10_000.0, 10_225.0, 9_985.0]  # + 1.125 R, - 1.2 R at 200 USD each
    returns = [levels[1] / levels[0] - 1, levels[2] / levels[1] - 1]
    centre = sum(returns) / 2
    sharpe = centre / (((returns[0] - centre) ** 2 + (returns[1] - centre) ** 2) ** 0.5) * 365**0.5
    stats = statistics(r.tape, r.positions, 10_000.0)
    assert stats["sharpe"] == pytest.approx(sharpe)
    assert stats["sortino"] == pytest.approx(centre / (returns[1] ** 2 / 2) ** 0.5 * 365**0.5)
    days = (to_midnight + day) / day
    assert stats["calmar"] == pytest.approx((0.9985 ** (365 / days) - 1) / (1 - 9_985 / 10_225))


def test_groups_and_bands() -> None:
    assert [score_band(x) for x in (60, 74.9, 75, 79.9, 80, 85)] == [
        "60-74",
        "60-74",
        "75-79",
        "75-79",
        "80-84",
        "85+",
    ]
    groups = grouped(results(1.0, -1.0, -1.0), "status")
    assert {name: group["total_trades"] for name, group in groups.items()} == {"sl": 2, "timeout": 1}
    assert fall([1.0, 3.0, 2.0, 2.5, 0.5], 0.0) == 2.5
