"""Bars and tran_stats against the oracle, bit for bit: integer sums and correctly rounded quotients."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oracle.bars import FRAMES, bars
from oracle.tape import Grid, Trade

from . import engine
from .profile import THOROUGH
from .strategies import BTC_GRID, GRIDS, START, trade_lists


@THOROUGH
@given(trades=trade_lists(), grid=GRIDS, frame=st.sampled_from(sorted(FRAMES)), partial=st.booleans())
def test_bars_equal_the_oracle(trades: list[Trade], grid: Grid, frame: str, partial: bool) -> None:
    got = engine.bars(trades, grid, symbol="BTCUSDT", frame=frame, partial=partial)
    want = bars(trades, grid, "BTCUSDT", frame, partial=partial)
    assert [row["open_time"] for row in got] == [row["open_time"] for row in want]
    for one, other in zip(got, want, strict=True):
        assert {name: one[name] for name in other} == other


@THOROUGH
@given(trades=trade_lists(), grid=GRIDS)
def test_tiers_and_sides_add_up(trades: list[Trade], grid: Grid) -> None:
    rows = engine.bars(trades, grid, symbol="BTCUSDT", frame="5m", partial=True)
    assert sum(row["trade_count"] for row in rows) == len(trades)
    for row in rows:
        for side in ("buy", "sell"):
            assert row[f"{side}_trade_count"] == sum(row[f"{side}_trade_count{tier}"] for tier in "1234")
        assert row["tradecount"] == row["buytradecount"] + row["selltradecount"]
        assert row["low"] <= min(row["open"], row["close"]) <= max(row["open"], row["close"]) <= row["high"]
        assert (row["span_status"] == "NoTrade") == (row["vwap"] is None) == (row["volume"] == 0)


def test_the_bounds_of_tiers_are_inclusive() -> None:
    grid = Grid(2, 0)
    usd = [571_428, 571_429, 2_857_142, 2_857_143, 14_285_714, 14_285_715]  # in cents, around 40,000 / 7 ...
    trades = [Trade(i + 1, START + i, cents, 1, False) for i, cents in enumerate(usd)]
    (row,) = engine.bars(trades, grid, symbol="BTCUSDT", frame="5m", partial=True)
    assert [row[f"buy_trade_count{tier}"] for tier in "1234"] == [1, 2, 2, 1]


def test_no_trades_no_bars() -> None:
    assert engine.bars([], BTC_GRID, symbol="BTCUSDT", frame="1h", partial=True) == []
