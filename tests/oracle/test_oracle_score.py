"""Gates, layer points and totals against sums worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from oracle.params import Params, factory_presets, preset
from oracle.score import evaluate, gates, highest_reachable_tenths, regime_of, side_of

NAMES = ["5m", "15m", "30m", "1h", "4h", "24h", "utc_day"]


def row(**changes: Any) -> dict[str, Any]:
    """A quiet row: everything bought a little, no large trade, no indicator, ATR at 0.5 %."""
    base: dict[str, Any] = {
        "t_ms": 0,
        "price": 100.0,
        "vwap_30m": 99.0,
        "atr_5m": 0.5,
        "atr_1h": 1.0,
        "warmup": False,
    }
    for name in NAMES:
        base |= {f"cvd_{name}": 1.0, f"cvd_slope_{name}": 1.0, f"cvd_accel_{name}": 0.0}
    base |= dict.fromkeys(["large_buy_count", "large_sell_count"], 0)
    base |= dict.fromkeys(
        ["max_large_buy", "max_large_sell", "long_short_ratio", "top_trader_long", "oi_change"]
    )
    base |= dict.fromkeys(
        ["coinbase_premium", "funding_rate", "funding_rate_max_abs", "liq_long_usd", "liq_short_usd"]
    )
    base |= dict.fromkeys(["obi_10", "spot_perp_divergence"])
    base |= {"whale_ratio": 0.0, "atr_percentile": 50.0, "atr_percentile_min_12": 50.0}
    base |= {"volume_1m_lots": 1, "volume_24h_lots": 1440}
    return base | changes


TAPE_ONLY = replace(Params(), gate_obi_enabled=False)


@pytest.mark.parametrize(
    ("fast", "slow", "side"),
    [(1, 1, 1), (-1, -1, -1), (1, -1, 1), (-1, 1, -1), (0, 1, -1), (0, 0, -1), (1, 0, 1)],
)
def test_direction(fast: int, slow: int, side: int) -> None:
    assert side_of(row(cvd_30m=fast, cvd_4h=slow), Params()) == side


GATE_CASES: list[tuple[dict[str, Any], dict[str, Any], str | None]] = [
    ({}, {}, None),
    ({"warmup": True, "atr_5m": None}, {}, "warmup"),
    ({"atr_5m": None}, {}, "missing_feature:atr_5m"),
    ({"atr_5m": 0.2}, {}, None),
    ({"atr_5m": 0.1999}, {}, "low_vol"),
    ({"atr_5m": 0.1999}, {"gate_vol_enabled": False}, None),
    ({"cvd_4h": 0.0}, {}, "no_direction_consensus"),
    ({"cvd_4h": 0.0}, {"gate_cvd_enabled": False}, None),
    ({"whale_ratio": -0.5}, {}, None),
    ({"whale_ratio": -0.51}, {}, "whale"),
    ({"whale_ratio": 0.51}, {}, None),
    ({"max_large_sell": 500.0}, {"symbol": "ETHUSDT"}, "whale"),
    ({"max_large_sell": 499.9}, {"symbol": "ETHUSDT"}, None),
    ({"max_large_sell": 500.0, "max_large_buy": 500.0}, {"symbol": "ETHUSDT"}, None),
    ({"max_large_sell": 500.0, "max_large_buy": 499.0}, {"symbol": "ETHUSDT"}, "whale"),
    ({"whale_ratio": -1.0}, {"symbol": "ETHUSDT"}, None),
    ({}, {"gate_obi_enabled": True}, "missing_feature:obi_10"),
    ({}, {"gate_obi_enabled": True, "on_missing": "pass"}, None),
    ({"obi_10": -0.35}, {"gate_obi_enabled": True}, None),
    ({"obi_10": -0.36}, {"gate_obi_enabled": True}, "obi"),
    ({"obi_10": 0.36}, {"gate_obi_enabled": True}, None),
    ({"spot_perp_divergence": -0.006}, {"gate_spot_perp_enabled": True}, "spot_perp"),
    ({"spot_perp_divergence": 0.006}, {"gate_spot_perp_enabled": True}, None),
    ({"spot_cvd_4h": -1.0}, {"gate_spot_cvd_enabled": True}, "spot_cvd"),
    ({"spot_cvd_4h": 1.0}, {"gate_spot_cvd_enabled": True}, None),
    ({"atr_5m": 0.1, "cvd_4h": -1.0, "whale_ratio": -1.0}, {}, "low_vol"),
    ({"cvd_4h": -1.0, "whale_ratio": -1.0}, {}, "no_direction_consensus"),
]


@pytest.mark.parametrize(("features", "params", "reason"), GATE_CASES)
def test_gates(features: dict[str, Any], params: dict[str, Any], reason: str | None) -> None:
    p = replace(TAPE_ONLY, **params)
    decision = evaluate(row(**features), p)
    assert decision["reason"] == reason
    assert (decision["tenths"] == 0) == (reason is not None)
    assert decision["open_tenths"] > 0


def test_short_mirrors_the_gates() -> None:
    short = {f"cvd_{name}": -1.0 for name in NAMES}
    assert gates(row(**short, whale_ratio=0.51), TAPE_ONLY) == "whale"
    assert gates(row(**short, max_large_buy=500.0), replace(TAPE_ONLY, symbol="SOLUSDT")) == "whale"
    assert gates(row(**short, obi_10=0.36), Params()) == "obi"


def test_a_gate_without_a_source_is_disabled() -> None:
    assert gates(row(), Params(), sources=set()) is None
    assert gates(row(), Params(), sources={"obi_10"}) == "missing_feature:obi_10"


def test_factory_total_on_trades_alone_reaches_72_9() -> None:
    best = row(large_buy_count=1, cvd_accel_30m=1.0)
    decision = evaluate(best, TAPE_ONLY)
    assert decision["points"] == {"direction": 55, "crowding": 12, "environment": 10, "auxiliary": 2}
    assert decision["tenths"] == 729
    assert highest_reachable_tenths(TAPE_ONLY, set()) == 729


def test_factory_total_of_everything_is_100() -> None:
    everything = row(
        large_buy_count=1,
        cvd_accel_30m=1.0,
        long_short_ratio=0.4,
        top_trader_long=0.55,
        oi_change=0.03,
        coinbase_premium=0.001,
    )
    assert evaluate(everything, TAPE_ONLY)["tenths"] == 1000
    sources = {"long_short_ratio", "top_trader_long", "oi_change", "coinbase_premium"}
    assert highest_reachable_tenths(TAPE_ONLY, sources) == 1000


@pytest.mark.parametrize(
    ("features", "points"),
    [
        ({"large_sell_count": 1}, {"direction": 30}),
        ({}, {"direction": 40}),
        ({"large_buy_count": 1, "large_sell_count": 1}, {"direction": 50}),
        ({"cvd_accel_30m": -1.0}, {"direction": 40}),
        ({"cvd_accel_30m": 0.1}, {"direction": 45}),
        ({"long_short_ratio": 0.5}, {"crowding": 10 + 5}),
        ({"long_short_ratio": 0.7}, {"crowding": 7 + 5}),
        ({"long_short_ratio": 1.0}, {"crowding": 0 + 5}),
        ({"top_trader_long": 0.55}, {"crowding": 7 + 10}),
        ({"top_trader_long": 0.45}, {"crowding": 7 + 0}),
        ({"oi_change": 0.03}, {"environment": 15}),
        ({"oi_change": 0.01}, {"environment": 10}),
        ({"oi_change": 0.0}, {"environment": 5}),
        ({"coinbase_premium": 0.0005}, {"auxiliary": 2}),
        ({"coinbase_premium": 0.0006}, {"auxiliary": 5}),
        ({"coinbase_premium": -0.0006}, {"auxiliary": 0}),
    ],
)
def test_factory_points_long(features: dict[str, Any], points: dict[str, float]) -> None:
    assert (
        evaluate(row(**features), TAPE_ONLY)["points"] | points
        == evaluate(row(**features), TAPE_ONLY)["points"]
    )


def test_factory_points_short() -> None:
    short = {f"cvd_{name}": -1.0 for name in NAMES} | {f"cvd_accel_{name}": -1.0 for name in NAMES}
    features = row(
        **short, large_sell_count=1, long_short_ratio=2.0, top_trader_long=0.45, coinbase_premium=-0.001
    )
    assert evaluate(features, TAPE_ONLY)["points"] == {
        "direction": 55,
        "crowding": 20,
        "environment": 10,
        "auxiliary": 5,
    }


def test_fast_profile() -> None:
    fast = replace(TAPE_ONLY, profile="fast")
    for change, obi, environment in [
        (0.03, None, 10),
        (0.01, None, 7),
        (0.0, None, 3),
        (0.03, 0.3, 15),
        (0.01, 0.15, 10),
        (0.0, 0.14, 3),
        (0.0, -0.9, 3),
    ]:
        assert evaluate(row(oi_change=change, obi_10=obi), fast)["points"]["environment"] == environment
    divided = row(cvd_4h=-1.0, large_buy_count=1, cvd_accel_30m=1.0)
    assert evaluate(divided, fast)["points"]["direction"] == 25
    assert evaluate(divided, replace(fast, accel_independent=True))["points"]["direction"] == 35


def test_half_a_tenth_rounds_up() -> None:
    # d + m = 60: (40 + 12) * 60 / 80 = 39, environment 10 * 25 / 15 = 16.66.., auxiliary 6 -> 61.66.. -> 61.7
    assert evaluate(row(), TAPE_ONLY)["tenths"] == 617
    p = replace(TAPE_ONLY, weight_direction=53, weight_momentum=2, weight_env=30, weight_aux=15)
    # (45 + 12) * 55 / 80 = 39.1875, environment 10, auxiliary 6, total 65.1875 -> 65.2
    assert evaluate(row(oi_change=0.0, cvd_accel_30m=1.0), p)["tenths"] == 552
    exact_half = replace(TAPE_ONLY, weight_direction=56, weight_momentum=0, weight_env=29, weight_aux=15)
    # (30 + 12 - 7 + 10 = 45) * 56 / 80 = 31.5; environment 15 * 29 / 15 = 29; auxiliary 0 -> 60.5
    features = row(large_sell_count=1, long_short_ratio=0.6, oi_change=0.03, coinbase_premium=-0.1)
    assert evaluate(features, exact_half)["tenths"] == 605


def test_v51_sums_plainly_and_stops_at_100() -> None:
    v51 = preset("v51_baseline", "BTCUSDT")
    assert evaluate(row(), v51)["points"] == {
        "direction": 40,
        "crowding": 10,
        "environment": 10,
        "confirmation": 15,
        "auxiliary": 2,
    }
    assert evaluate(row(), v51)["tenths"] == 770
    best = row(
        large_buy_count=1,
        cvd_accel_30m=1.0,
        long_short_ratio=0.4,
        top_trader_long=0.6,
        oi_change=1.0,
        coinbase_premium=1.0,
    )
    assert evaluate(best, v51)["tenths"] == 1000
    assert highest_reachable_tenths(v51, set()) == 870


def test_v51_knows_only_the_cvd_gate() -> None:
    v51 = preset("v51_baseline", "BTCUSDT")
    assert gates(row(atr_5m=0.0, whale_ratio=-1.0, obi_10=-1.0), v51) is None
    assert gates(row(cvd_4h=-1.0), v51) == "no_direction_consensus"


def test_v52_rescales_and_adds_funding_and_liquidations() -> None:
    v52 = preset("v52_8signals", "BTCUSDT")
    # 40 * 40/45 + 10 * 18/20 + 10 * 12/15 + 15 + 2 = 35.555.. + 9 + 8 + 17 = 69.555..
    assert evaluate(row(), v52)["tenths"] == 696
    paid = row(funding_rate=-0.0001, funding_rate_max_abs=0.0004, liq_long_usd=100.0, liq_short_usd=150.0)
    assert (
        evaluate(paid, v52)["points"] | {"funding": 1.25, "liquidation": 3} == evaluate(paid, v52)["points"]
    )
    assert evaluate(paid, v52)["tenths"] == 738  # 69.555.. + 1.25 + 3 = 73.805..
    assert evaluate(row(funding_rate=0.0001, funding_rate_max_abs=0.0004), v52)["points"]["funding"] == 0
    assert highest_reachable_tenths(v52, set()) == 740


@pytest.mark.parametrize(
    ("longs", "shorts", "points"),
    [(0.0, 0.0, 0), (0.0, 1.0, 5), (100.0, 200.0, 5), (100.0, 120.0, 1), (100.0, 119.0, 0), (None, 9.0, 0)],
)
def test_liquidation_layer_long(longs: float | None, shorts: float, points: int) -> None:
    features = row(liq_long_usd=longs, liq_short_usd=shorts)
    assert evaluate(features, preset("v52_8signals", "BTCUSDT"))["points"]["liquidation"] == points


@pytest.mark.parametrize(
    ("features", "reason", "total", "tier"),
    [
        ({}, None, 700, "standard"),  # no opposing large trade: 20
        ({"large_sell_count": 1}, None, 600, "light"),
        ({"large_sell_count": 1, "funding_rate": -0.0001}, None, 675, "light"),
        ({"atr_percentile": 61.0, "atr_percentile_min_12": 39.0}, None, 825, "heavy"),
        (
            {"atr_percentile": 61.0, "atr_percentile_min_12": 39.0, "large_sell_count": 1},
            None,
            725,
            "standard",
        ),
        ({"atr_percentile": 61.0, "atr_percentile_min_12": 39.0, "funding_rate": -0.01}, None, 900, "heavy"),
        ({"vwap_30m": None}, "missing_feature:vwap_30m", 0, "standard"),
        ({"vwap_30m": 100.0}, "no_direction_consensus", 0, "standard"),
        ({"cvd_slope_30m": 0.0}, "no_direction_consensus", 0, "standard"),
        ({"cvd_4h": -1.0}, "no_direction_consensus", 0, "standard"),
        ({"volume_1m_lots": 4, "cvd_30m": -1.0}, None, 700, "standard"),  # 4 * 1440 > 3 * 1440: watches 1h
        ({"volume_1m_lots": 3, "cvd_30m": -1.0}, "no_direction_consensus", 0, "standard"),
    ],
)
def test_v50(features: dict[str, Any], reason: str | None, total: int, tier: str) -> None:
    decision = evaluate(row(**features), preset("v50", "BTCUSDT"))
    assert (decision["reason"], decision["tenths"], decision["tier"]) == (reason, total, tier)


def test_tiers() -> None:
    best = row(large_buy_count=1, cvd_accel_30m=1.0)
    assert evaluate(best, replace(TAPE_ONLY, flip_threshold=72.9))["tier"] == "heavy"
    assert evaluate(best, replace(TAPE_ONLY, flip_threshold=73))["tier"] == "standard"
    v51 = preset("v51_baseline", "BTCUSDT")
    assert evaluate(row(large_buy_count=1), v51)["tier"] == "standard"  # 82
    assert evaluate(row(large_buy_count=1, cvd_accel_30m=1.0), v51)["tier"] == "heavy"  # 87


def test_regimes() -> None:
    assert [regime_of(row(atr_5m=a), Params()) for a in (1.2, 1.19, 0.8, 0.79, None)] == [
        "crash",
        "high_vol",
        "high_vol",
        "range",
        "range",
    ]
    assert regime_of(row(cvd_accel_30m=-10.1), Params()) == "trend"
    assert regime_of(row(cvd_accel_30m=10.0), Params()) == "range"
    assert regime_of(row(cvd_accel_30m=11.0, cvd_4h=-1.0), Params()) == "range"


def test_presets() -> None:
    factory = factory_presets()
    assert len(factory) == 72
    for p in [
        *factory,
        *(
            preset(n, "ETHUSDT")
            for n in ("v50", "v51_baseline", "v52_8signals", "v53", "v53_middle", "v53_fast")
        ),
    ]:
        assert p.weight_direction + p.weight_env + p.weight_aux + p.weight_momentum == 100
        assert p.tp2_ratio > p.tp1_ratio
        assert p.flip_threshold >= p.entry_score
    assert (preset("v52_8signals", "X").tp1_ratio, preset("v53", "X").tp1_ratio) == (1.4 / 2.1, 0.75)
