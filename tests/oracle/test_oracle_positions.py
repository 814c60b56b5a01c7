"""Entries, exits, costs and rules on tapes small enough to follow by eye.

Decisions come from hand-made rows: 30 s apart by default, so that nothing but the rule under test decides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from oracle import rules
from oracle.indicators import Sample
from oracle.params import Params
from oracle.positions import Position, Replay, Settings, replay
from oracle.tape import HOUR, MINUTE, Grid, Tape, Trade

from .test_oracle_score import NAMES, row

GRID = Grid(1, 3)
T = 1_001 * HOUR  # 17:00 UTC, one hour after a funding settlement
P = Params(
    gate_obi_enabled=False,
    gate_vol_enabled=False,
    entry_score=60,
    flip_threshold=60,
    sl_atr_multiplier=2.0,
    tp1_ratio=0.75,
    tp2_ratio=1.5,
    be_buffer_atr=0.2,
    heavy_from=90,
)
FREE = Settings(fee_rate=0.0)
LEVEL = replace(FREE, fill="level")
# ATR 0.5 and multiplier 2: 1R = 1.0; entry 100: stop 99, TP1 100.75, TP2 101.5, break-even 100.1


def buy(t: int, **changes: Any) -> dict[str, Any]:
    return (
        row(
            t_ms=t,
            funding_bias=None,
            hour_closes=[],
            cvd_1h=1.0,
            trade_rate_1m=1.0,
            spread_bps=None,
            price_acceleration=0.0,
        )
        | changes
    )


def sell(t: int, **changes: Any) -> dict[str, Any]:
    return buy(t, **{f"cvd_{name}": -1.0 for name in NAMES}) | changes


def none(t: int) -> dict[str, Any]:
    return buy(t, warmup=True)


def run(
    prices: list[tuple[int, float]],
    rows: list[dict[str, Any]],
    p: Params = P,
    settings: Settings = FREE,
    samples: list[Sample] | None = None,
) -> Replay:
    """Trades as (ms after T, price); the first trade lies before every evaluation."""
    trades = [
        Trade(i, T + ms, round(price * 10), 1, False) for i, (ms, price) in enumerate([(-1, 100.0), *prices])
    ]
    return replay(Tape(trades, GRID), p, settings, samples, rows)


def only(r: Replay) -> dict[str, Any]:
    (position,) = r.positions
    return position.row()


# --- the table of section 7 ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "pnl"),
    [
        ([99.0], "sl", -1.0),
        ([100.8, 100.1], "sl_be", 0.5 * 0.75 + 0.5 * 0.1),
        ([100.8, 101.6], "tp", 0.5 * 0.75 + 0.5 * 1.5),
        ([101.6], "tp", 0.5 * 0.75 + 0.5 * 1.5),
        ([101.5], "tp", 0.5 * 0.75 + 0.5 * 1.5),
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_pnl_table_under_level(path: list[float], status: str, pnl: float, side: int) -> None:
    prices = [(1_000 * (i + 1), 100 + side * (price - 100)) for i, price in enumerate(path)]
    trade = only(run(prices, [buy(T) if side > 0 else sell(T)], settings=LEVEL))
    assert trade["status"] == status
    assert trade["pnl_r"] == pytest.approx(pnl, abs=1e-12)
    assert (trade["entry_ms"], trade["entry_price"]) == (T, 100.0)


def test_timeout_and_flip_under_level() -> None:
    late = 240 * MINUTE
    trade = only(run([(late - 1, 100.5), (late, 100.4)], [buy(T)], settings=LEVEL))
    assert (trade["status"], trade["exit_ms"], trade["pnl_r"]) == ("timeout", T + late, pytest.approx(0.4))
    flipped = run(
        [(1_000, 100.8), (2_000, 100.3), (700_000, 100.2)],
        [buy(T), sell(T + 600_000, price=100.3)],
        settings=LEVEL,
    )
    first, second = (q.row() for q in flipped.positions)
    assert (first["status"], first["exit_ms"], first["pnl_r"]) == (
        "signal_flip",
        T + 600_000,
        pytest.approx(0.375 + 0.15),
    )
    assert (second["direction"], second["entry_ms"], second["entry_price"], second["status"]) == (
        "SHORT",
        T + 600_000,
        100.3,
        "active",
    )


# --- fills on the tape ---------------------------------------------------------------------------------


def test_tape_enters_on_the_first_later_trade_and_may_lose_more_than_1r() -> None:
    trade = only(run([(0, 99.9), (1, 100.0), (2, 98.5)], [buy(T)]))
    assert (trade["entry_ms"], trade["entry_price"]) == (T + 1, 100.0)
    assert (trade["status"], trade["exit_price"], trade["gross_r"]) == ("sl", 98.5, -1.5)


def test_latency_is_exclusive() -> None:
    trade = only(run([(50, 99.0), (51, 100.2)], [buy(T)], settings=replace(FREE, latency_ms=50)))
    assert trade["entry_price"] == 100.2


def test_take_profits_on_the_tape_need_a_trade_beyond() -> None:
    p = replace(P, tp1_ratio=0.8)
    touched = run([(1, 100.0), (2, 100.8)], [buy(T)], p)
    assert touched.positions[0].tp1_ms is None
    beyond = run([(1, 100.0), (2, 100.9)], [buy(T)], p)
    assert beyond.positions[0].tp1_ms == T + 2


def test_the_moved_stop_counts_from_the_next_trade() -> None:
    p = replace(
        P, be_buffer_atr=1.0, tp1_ratio=0.3, sl_atr_multiplier=1.0
    )  # 1R 0.5, TP1 100.15, stop to 100.5
    done = only(run([(1, 100.0), (2, 100.2), (3, 100.3)], [buy(T)], p))
    assert (done["tp1_ms"], done["exit_ms"], done["status"], done["exit_price"]) == (
        T + 2,
        T + 3,
        "sl_be",
        100.3,
    )


def test_stop_comes_before_timeout_on_one_trade() -> None:
    assert only(run([(1, 100.0), (241 * MINUTE, 90.0)], [buy(T)]))["status"] == "sl"


def test_the_filling_trade_triggers_no_exit() -> None:
    p = replace(P, timeout_minutes=30)
    assert run([(1, 100.0)], [buy(T)], p).positions[0].status is None


def test_a_flip_fills_before_the_stop_of_the_same_trade() -> None:
    r = run([(1, 100.0), (600_001, 98.0), (600_002, 98.0)], [buy(T), sell(T + 600_000)])
    first, second = (q.row() for q in r.positions)
    assert (first["status"], first["exit_price"]) == ("signal_flip", 98.0)
    assert (second["entry_ms"], second["entry_price"], second["status"]) == (T + 600_001, 98.0, "active")


def test_a_flip_in_the_cooldown_only_closes() -> None:
    r = run([(1, 100.0), (30_001, 100.1), (30_002, 100.2)], [buy(T), sell(T + 30_000)])
    assert [q.status for q in r.positions] == ["signal_flip"]
    assert (r.decisions[1]["reason"], r.decisions[1]["is_signal"], r.decisions[1]["flips"]) == (
        "cooldown",
        False,
        True,
    )


def test_when_the_old_position_leaves_first_only_the_opening_remains() -> None:
    slow = replace(FREE, latency_ms=1_000)
    r = run([(1_001, 100.0), (600_500, 98.9), (601_001, 98.7)], [buy(T), sell(T + 600_000)], settings=slow)
    assert [(q.status, q.exit_ms) for q in r.positions] == [("sl", T + 600_500), (None, None)]
    assert r.positions[1].entry_price == 98.7


def test_slippage_is_against_us_except_on_take_profits() -> None:
    slipping = replace(FREE, slippage_bps=10)
    stopped = only(run([(1, 100.0), (2, 99.0)], [buy(T)], settings=slipping))
    assert (stopped["entry_price"], stopped["exit_price"]) == (100.0 * 1.001, 99.0 * 0.999)
    assert stopped["sl_price"] == 100.0 * 1.001 - 1.0
    taken = only(run([(1, 100.0), (2, 103.0)], [sell(T)], settings=slipping))
    assert (taken["entry_price"], taken["exit_price"]) == (100.0 * 0.999, 103.0 * 1.001)
    profit = only(run([(1, 100.0), (2, 103.0)], [buy(T)], settings=slipping))
    assert profit["exit_price"] == profit["tp2_price"]


def test_trailing_follows_the_best_price_after_tp2() -> None:
    p = replace(P, trailing=True, be_buffer_atr=0.0)
    path = [(1, 100.0), (2, 101.4), (3, 101.5), (4, 102.5), (5, 102.0), (6, 101.5)]
    trade = only(run(path, [buy(T)], p))
    assert (trade["status"], trade["exit_ms"], trade["exit_price"]) == ("sl_be", T + 6, 101.5)
    assert trade["gross_r"] == pytest.approx(0.5 * 0.75 + 0.5 * 1.5)


# --- costs ---------------------------------------------------------------------------------------------


def test_fees_on_every_part() -> None:
    settings = replace(FREE, fill="level", fee_rate=0.0005, tp_maker=True)
    trade = only(run([(1, 102.0)], [buy(T)], settings=settings))
    assert trade["qty"] == 200.0  # 2 % of 10,000 at 1 USD of risk
    assert trade["fee_r"] == pytest.approx(100 * 0.0005 + 0.5 * (100.75 + 101.5) * 0.0002)
    assert trade["pnl_r"] == pytest.approx(0.375 + 0.75 - trade["fee_r"])
    assert trade["pnl_usdt"] == pytest.approx(trade["pnl_r"] * 200)
    stopped = only(run([(1, 99.0)], [buy(T)], settings=settings))
    assert stopped["fee_r"] == pytest.approx((100 + 99) * 0.0005)


def test_a_long_pays_a_positive_rate_on_what_is_open() -> None:
    settle = 7 * HOUR  # T is one hour after a settlement
    samples = [Sample(T, T, "funding_rate", 0.001)]
    p = replace(P, timeout_minutes=1440)
    whole = only(run([(1, 100.0), (settle, 100.5), (settle + 1, 90.0)], [buy(T)], p, samples=samples))
    assert whole["funding_r"] == pytest.approx(0.001 * 100.0)
    half = only(
        run([(1, 100.0), (2, 101.0), (settle, 100.5), (settle + 1, 90.0)], [buy(T)], p, samples=samples)
    )
    assert half["funding_r"] == pytest.approx(0.001 * 0.5 * 101.0)
    short = only(run([(1, 100.0), (settle, 100.5), (settle + 1, 110.0)], [sell(T)], p, samples=samples))
    assert short["funding_r"] == pytest.approx(-0.001 * 100.0)
    assert short["pnl_r"] == pytest.approx(-10 + 0.1)
    entered_then = only(run([(settle, 100.0), (settle + 1, 90.0)], [buy(T)], p, samples=samples))
    assert entered_then["funding_r"] == 0


def test_sizing() -> None:
    assert only(run([(1, 100.0), (2, 90.0)], [buy(T)], replace(P, risk_per_trade=0.0001003)))[
        "qty"
    ] == pytest.approx(1.002)
    coarse = replace(FREE, lot_step=1.0)
    assert (
        only(run([(1, 100.0), (2, 90.0)], [buy(T)], replace(P, risk_per_trade=0.00039), coarse))["qty"] == 2.0
    )
    poor = run([(1, 100.0)], [buy(T)], replace(P, risk_per_trade=0.00019), coarse)
    assert (poor.positions, poor.decisions[0]["reason"], poor.decisions[0]["is_signal"]) == (
        [],
        "min_notional",
        True,
    )
    assert (
        run([(1, 100.0)], [buy(T)], P, replace(FREE, min_notional=20_001)).decisions[0]["reason"]
        == "min_notional"
    )
    heavy = only(
        run([(1, 100.0)], [buy(T, large_buy_count=1)], replace(P, flip_threshold=65, heavy_from=None))
    )
    assert (heavy["tier"], heavy["qty"], heavy["pnl_r"], heavy["status"]) == ("heavy", 300.0, None, "active")


# --- cooldown, signals, optional rules -----------------------------------------------------------------


def reasons(r: Replay) -> list[str | None]:
    return [d["reason"] for d in r.decisions]


def test_cooldown_and_position_open() -> None:
    rows = [buy(T), buy(T + 599_999), buy(T + 600_000), buy(T + 600_030)]
    r = run([(1, 100.0), (700_000, 100.0)], rows)
    assert reasons(r) == [None, "cooldown", "position_open", "cooldown"]
    assert [d["is_signal"] for d in r.decisions] == [True, False, True, False]


def test_below_entry_and_direction() -> None:
    assert reasons(run([], [buy(T)], replace(P, entry_score=61.8, flip_threshold=90))) == ["below_entry"]
    assert reasons(run([], [buy(T)], replace(P, entry_score=61.7, flip_threshold=90))) == [None]
    assert reasons(run([], [buy(T)], replace(P, direction="short_only"))) == ["direction"]
    no_flip = run(
        [(1, 100.0), (700_000, 100.0)], [buy(T), sell(T + 600_000)], replace(P, direction="long_only")
    )
    assert reasons(no_flip) == [None, "direction"]
    assert no_flip.positions[0].status is None


def test_nothing_outside_from_and_to() -> None:
    rows = [buy(T), buy(T + 15_000), buy(T + 30_000)]
    r = run([], rows, settings=replace(FREE, start_ms=T + 15_000, end_ms=T + 30_000))
    assert [d["t_ms"] for d in r.decisions] == [T + 15_000]


def closed(side: int, entry: int, exit_ms: int, status: str, tp1: int | None = None) -> Position:
    return Position(
        side=side,
        signal_ms=entry,
        entry_ms=entry,
        entry_price=100.0,
        qty=1.0,
        risk_distance=1.0,
        atr=0.5,
        sl_price=99.0,
        tp1_price=100.75,
        tp2_price=101.5,
        score=80.0,
        tier="standard",
        regime="range",
        stop=99.0,
        best=100.0,
        tp1_ms=tp1,
        exit_ms=exit_ms,
        exit_price=100.0,
        status=status,
    )


def test_adaptive_cooldown() -> None:
    p = replace(P, adaptive_cooldown=True)
    stops = [closed(1, 0, 10 * MINUTE, "sl"), closed(1, 20 * MINUTE, 40 * MINUTE, "sl")]
    assert rules.cooldown_ms(70 * MINUTE, 1, p, stops) == 20 * MINUTE
    assert rules.cooldown_ms(70 * MINUTE, -1, p, stops) == 10 * MINUTE
    assert rules.cooldown_ms(70 * MINUTE + 1, 1, p, stops) == 10 * MINUTE
    assert rules.cooldown_ms(70 * MINUTE, 1, P, stops) == 10 * MINUTE
    won = [*stops, closed(1, 41 * MINUTE, 50 * MINUTE, "tp", tp1=45 * MINUTE)]
    assert rules.cooldown_ms(60 * MINUTE, -1, p, won) == 5 * MINUTE
    assert rules.cooldown_ms(60 * MINUTE, 1, p, won) == 20 * MINUTE


def rule(
    p: Params, tenths: int = 800, positions: list[Position] | None = None, **features: Any
) -> str | None:
    return rules.risk_rule(buy(T, **features), 1, tenths, p, positions or [], [], rules.Cascade())


def test_the_fourth_on_one_side() -> None:
    p = replace(P, adaptive_cooldown=True)
    lost = [closed(1, k, k, "sl") for k in range(3)]
    won = [*lost[:2], closed(1, 5, 6, "tp", tp1=5)]
    assert rule(p, 999, lost) == "risk:same_side"
    assert rule(p, 850, won) is None
    assert rule(p, 849, won) == "risk:same_side"
    assert rule(p, 900, won, cvd_1h=-1.0, hour_closes=[2.0, 1.0]) == "risk:same_side"
    assert rule(p, 900, won, cvd_1h=-1.0, hour_closes=[1.0, 1.0]) is None
    assert rule(p, 100, [closed(-1, 0, 1, "sl"), *lost[:2]]) is None


def test_hour_filter() -> None:
    p = replace(P, hour_filter=True)
    assert rule(p, 849, cvd_1h=-1.0, hour_closes=[2.0, 1.0]) == "risk:hour_filter"
    assert rule(p, 850, cvd_1h=-1.0, hour_closes=[2.0, 1.0]) is None
    for features, qty in (
        ({}, 200.0),
        ({"cvd_1h": -1.0}, 140.0),
        ({"cvd_1h": -1.0, "hour_closes": [2.0, 1.0]}, 100.0),
    ):
        assert rules.quantity(buy(T, **features), 1, "standard", p, FREE) == pytest.approx(qty)


def test_funding_bias_shrinks_the_paying_side() -> None:
    p = replace(P, funding_bias=True)
    sizes = [
        rules.quantity(buy(T, funding_bias=bias), side, "standard", p, FREE)
        for bias in (0.5, -0.5)
        for side in (1, -1)
    ]
    assert sizes == [150.0, 200.0, 200.0, 150.0]


def test_blackout_symbols_cap_and_dual_atr() -> None:
    assert rule(replace(P, blackout_hours=(17,))) == "risk:blackout_hours"
    assert rule(replace(P, blackout_hours=(16, 18))) is None
    assert rule(replace(P, disabled_symbols=("BTCUSDT",))) == "risk:disabled_symbol"
    capped = replace(P, hourly_entry_cap=2)
    assert rule(capped, positions=[closed(1, T - HOUR + k, T, "sl") for k in (0, 1)]) is None
    assert (
        rule(capped, positions=[closed(1, T - HOUR + k, T, "sl") for k in (1, 2)]) == "risk:hourly_entry_cap"
    )
    dual = replace(P, dual_atr=True)
    assert rule(dual, atr_1h=None) is None
    assert rules.risk_atr({**buy(T), "atr_1h": None}, dual) == 0.5
    assert rules.risk_atr(buy(T), dual) == pytest.approx(0.7 * 0.5 + 0.3 * 1.0)


def test_cascade_bans_entries_for_five_minutes() -> None:
    detector = rules.Cascade()
    for k in range(100):
        detector.update(buy(T + k, trade_rate_1m=k, spread_bps=float(k), price_acceleration=k / 7))
    assert detector.banned_until == -1  # the newest of 100 is sorted[99]: not above itself
    detector.update(buy(T + 100, trade_rate_1m=500, spread_bps=500.0, price_acceleration=500.0))
    until = T + 100 + 5 * MINUTE  # 101 values: sorted[99] is the one before the newest
    assert detector.banned_until == until
    p = replace(P, cascade=True)
    assert rules.risk_rule(buy(until - 1), 1, 800, p, [], [], detector) == "risk:cascade"
    assert rules.risk_rule(buy(until), 1, 800, p, [], [], detector) is None
    calm_spread = rules.Cascade()
    for k in range(200):
        calm_spread.update(buy(T + k, trade_rate_1m=k, spread_bps=1.0, price_acceleration=k / 7))
    assert calm_spread.banned_until == -1
