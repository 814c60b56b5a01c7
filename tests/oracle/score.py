"""Direction, gates with reasons, layer points, totals, regime, tiers, and the highest total in reach.

A row is one dict: the columns of `features_at` and those of `indicators_at`. Totals are integers in tenths
of a point. `sources` names the indicator features for which a source is given at all; a gate whose source is
not given is disabled. `None` for `sources` means all are given.

Where the definitions leave it open:
- only the `cvd` gate exists for `model: layers`, and none of the seven for `model: bonus`, whatever the
  switches say;
- quantities times prices in the whale gate of the ALT track are products of floats.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .params import Params

LONG, SHORT = 1, -1
Row = dict[str, Any]
PREMIUM_EDGE = 0.0005


def sign(x: float) -> int:
    return (x > 0) - (x < 0)


# --- direction -----------------------------------------------------------------------------------------


def bonus_fast_window(row: Row) -> str:
    """`v50` watches 1h instead of 30m while the last minute trades above 3 times the mean of 24 h."""
    return "1h" if row["volume_1m_lots"] * 1440 > 3 * row["volume_24h_lots"] else "30m"


def windows(row: Row, p: Params) -> tuple[str, str]:
    return (bonus_fast_window(row), "4h") if p.model == "bonus" else (p.cvd_fast_window, p.cvd_slow_window)


def side_of(row: Row, p: Params) -> int:
    """Both CVDs > 0 LONG, both < 0 SHORT; otherwise the fast one decides: LONG if > 0, else SHORT."""
    fast, slow = (row[f"cvd_{w}"] for w in windows(row, p))
    if fast > 0 and slow > 0:
        return LONG
    if fast < 0 and slow < 0:
        return SHORT
    return LONG if fast > 0 else SHORT


def consensus(row: Row, p: Params) -> bool:
    fast, slow = (row[f"cvd_{w}"] for w in windows(row, p))
    return (fast > 0 and slow > 0) or (fast < 0 and slow < 0)


def has_aligned_large(row: Row, side: int) -> bool:
    return row["large_buy_count" if side == LONG else "large_sell_count"] > 0


def has_opposing_large(row: Row, side: int) -> bool:
    return has_aligned_large(row, -side)


def accelerates(row: Row, p: Params, side: int) -> bool:
    return sign(row[f"cvd_accel_{windows(row, p)[0]}"]) == side


# --- gates ---------------------------------------------------------------------------------------------


def vol_gate(row: Row, p: Params, side: int) -> str | None:
    return "low_vol" if row["atr_5m"] / row["price"] < p.vol_atr_pct_min else None


def cvd_gate(row: Row, p: Params, side: int) -> str | None:
    return None if consensus(row, p) else "no_direction_consensus"


def whale_gate(row: Row, p: Params, side: int) -> str | None:
    if p.track == "BTC":
        return "whale" if -side * row["whale_ratio"] > p.whale_flow_pct else None
    buy, sell = row["max_large_buy"], row["max_large_sell"]
    aligned, opposing = (buy, sell) if side == LONG else (sell, buy)

    def is_whale(qty: float | None) -> bool:
        return qty is not None and qty * row["price"] >= p.whale_usd_threshold

    return "whale" if is_whale(opposing) and not is_whale(aligned) else None


def obi_gate(row: Row, p: Params, side: int) -> str | None:
    return "obi" if -side * row["obi_10"] > p.obi_threshold else None


def spot_perp_gate(row: Row, p: Params, side: int) -> str | None:
    return "spot_perp" if -side * row["spot_perp_divergence"] > p.spot_perp_threshold else None


def spot_cvd_gate(row: Row, p: Params, side: int) -> str | None:
    perp, spot = row[f"cvd_{p.cvd_slow_window}"], row[f"spot_cvd_{p.cvd_slow_window}"]
    return "spot_cvd" if sign(perp) == side and sign(spot) == -side else None


def bonus_gate(row: Row, p: Params, side: int) -> str | None:
    """`v50`: every one of its entry conditions, or no entry."""
    if row["vwap_30m"] is None:
        return "missing_feature:vwap_30m"
    fast, slow = windows(row, p)
    holds = (
        sign(row[f"cvd_{fast}"]) == side
        and sign(row[f"cvd_slope_{fast}"]) == side
        and sign(row[f"cvd_{slow}"]) == side
        and sign(row["price"] - row["vwap_30m"]) == side
    )
    return None if holds else "no_direction_consensus"


def gates(row: Row, p: Params, sources: set[str] | None = None) -> str | None:
    """The reason of the first gate that blocks; None when all pass."""
    side = side_of(row, p)
    if row["warmup"]:
        return "warmup"
    if row["atr_5m"] is None:
        return "missing_feature:atr_5m"
    if p.model == "bonus":
        return bonus_gate(row, p, side)
    spot_cvd = f"spot_cvd_{p.cvd_slow_window}"
    ordered = [
        (p.gate_vol_enabled and p.model != "layers", None, vol_gate),
        (p.gate_cvd_enabled, None, cvd_gate),
        (p.gate_whale_enabled and p.model != "layers", None, whale_gate),
        (p.gate_obi_enabled and p.model != "layers", "obi_10", obi_gate),
        (p.gate_spot_perp_enabled and p.model != "layers", "spot_perp_divergence", spot_perp_gate),
        (p.gate_spot_cvd_enabled and p.model != "layers", spot_cvd, spot_cvd_gate),
    ]
    for enabled, feature, gate in ordered:
        if not enabled or (feature and sources is not None and feature not in sources):
            continue
        if feature and row.get(feature) is None:
            if p.on_missing == "block":
                return f"missing_feature:{feature}"
            continue
        reason = gate(row, p, side)
        if reason:
            return reason
    return None


# --- raw points of the layers, shared tables -----------------------------------------------------------


def flow_points(row: Row, side: int, aligned: int) -> int:
    if has_aligned_large(row, side):
        return aligned
    return 10 if not has_opposing_large(row, side) else 0


def long_short_points(
    ratio: float | None, side: int, steps: list[tuple[float, float, int]], absent: int
) -> int:
    """`steps`: (SHORT above, LONG below, points), the strictest first."""
    if ratio is None:
        return absent
    for above, below, points in steps:
        if ratio > above if side == SHORT else ratio < below:
            return points
    return 0


def top_trader_points(share: float | None, side: int) -> int:
    if share is None:
        return 5
    if share >= 0.55:
        return 10 if side == LONG else 0
    if share <= 0.45:
        return 0 if side == LONG else 10
    return 5


def environment_points(oi_change: float | None) -> int:
    if oi_change is None:
        return 10
    if oi_change >= 0.03:
        return 15
    return 10 if oi_change > 0 else 5


def auxiliary_points(premium: float | None, side: int) -> int:
    if premium is None:
        return 2
    if side * premium > PREMIUM_EDGE:
        return 5
    return 0 if side * premium < -PREMIUM_EDGE else 2


def funding_points(row: Row, side: int) -> float:
    """v52: 5 times the share of the largest rate so far, when the rate pays our side."""
    rate, largest = row["funding_rate"], row["funding_rate_max_abs"]
    if rate is None or not largest or side * rate >= 0:
        return 0.0
    return min(5.0 * abs(rate) / largest, 5.0)


def liquidation_points(row: Row, side: int) -> int:
    """v52: how much more of the other side than of ours was liquidated."""
    longs, shorts = row["liq_long_usd"], row["liq_short_usd"]
    if longs is None or shorts is None:
        return 0
    ours, theirs = (longs, shorts) if side == LONG else (shorts, longs)
    if ours == 0:
        return 5 if theirs > 0 else 0
    for ratio, points in ((2.0, 5), (1.5, 3), (1.2, 1)):
        if theirs / ours >= ratio:
            return points
    return 0


# --- the three models ----------------------------------------------------------------------------------


def factory_points(row: Row, p: Params, side: int) -> dict[str, float]:
    direction = 30 if consensus(row, p) else 0
    direction += flow_points(row, side, aligned=20)
    direction += 5 if accelerates(row, p, side) else 0
    steps = [(2.0, 0.5, 15), (1.5, 0.7, 10), (1.0, 1.0, 7)]
    crowding = long_short_points(row["long_short_ratio"], side, steps, absent=7)
    crowding += top_trader_points(row["top_trader_long"], side)
    environment = environment_points(row["oi_change"])
    if p.profile == "fast":
        if p.accel_independent and accelerates(row, p, side) and has_aligned_large(row, side):
            direction = max(direction, 35)
        obi = row["obi_10"]
        aligned_obi = 0.0 if obi is None else side * obi
        bonus = 5 if aligned_obi >= 0.30 else 3 if aligned_obi >= 0.15 else 0
        environment = min((2 * environment * 10 + 15) // 30 + bonus, 15)
    return {
        "direction": direction,
        "crowding": crowding,
        "environment": environment,
        "auxiliary": auxiliary_points(row["coinbase_premium"], side),
    }


def factory_tenths(points: dict[str, float], p: Params) -> int:
    """(direction + crowding)(d + m)/80 + environment e/15 + auxiliary a/5, over 240, half up to a tenth."""
    over_240 = int(
        3 * (points["direction"] + points["crowding"]) * (p.weight_direction + p.weight_momentum)
        + 16 * points["environment"] * p.weight_env
        + 48 * points["auxiliary"] * p.weight_aux
    )
    return min((2 * 10 * over_240 + 240) // 480, 1000)


def layers_points(row: Row, p: Params, side: int) -> dict[str, float]:
    fast, slow = (row[f"cvd_{w}"] for w in windows(row, p))
    direction = 15 * (sign(fast) == side) + 15 * (sign(slow) == side) + flow_points(row, side, aligned=15)
    if p.profile == "v51_baseline" and accelerates(row, p, side):
        direction += 5
    crowding = long_short_points(row["long_short_ratio"], side, [(2.0, 0.5, 10), (1.5, 0.67, 5)], absent=5)
    points: dict[str, float] = {
        "direction": direction,
        "crowding": crowding + top_trader_points(row["top_trader_long"], side),
        "environment": environment_points(row["oi_change"]),
        "confirmation": 15 if consensus(row, p) else 0,
        "auxiliary": auxiliary_points(row["coinbase_premium"], side),
    }
    if p.profile == "v52_8signals":
        points["funding"] = funding_points(row, side)
        points["liquidation"] = liquidation_points(row, side)
    return points


def layers_tenths(points: dict[str, float], p: Params) -> int:
    if p.profile == "v51_baseline":
        return min(int(sum(points.values())) * 10, 1000)
    over_90 = int(
        80 * points["direction"]
        + 81 * points["crowding"]
        + 72 * points["environment"]
        + 90 * (points["confirmation"] + points["auxiliary"] + points["liquidation"])
    )
    return min(floor((over_90 / 90.0 + points["funding"]) * 10.0 + 0.5), 1000)


def bonus_points(row: Row, side: int) -> dict[str, float]:
    rate = row["funding_rate"]
    bonus = 25 if row["atr_percentile"] > 60 and row["atr_percentile_min_12"] < 40 else 0
    bonus += 0 if has_opposing_large(row, side) else 20
    bonus += 15 if rate is not None and -side * rate >= 0.0001 else 0
    return {"bonus": bonus}


def points_of(row: Row, p: Params, side: int) -> dict[str, float]:
    if p.model == "factory":
        return factory_points(row, p, side)
    return layers_points(row, p, side) if p.model == "layers" else bonus_points(row, side)


def tenths_of(points: dict[str, float], p: Params) -> int:
    if p.model == "factory":
        return factory_tenths(points, p)
    return layers_tenths(points, p) if p.model == "layers" else 600 + 5 * int(points["bonus"])


def tier_of(points: dict[str, float], tenths: int, p: Params) -> str:
    if p.model == "bonus":
        return "light" if points["bonus"] <= 15 else "standard" if points["bonus"] <= 40 else "heavy"
    heavy_from = p.flip_threshold if p.heavy_from is None else p.heavy_from
    return "heavy" if tenths / 10 >= heavy_from else "standard"


def regime_of(row: Row, p: Params) -> str:
    share = 0.0 if row["atr_5m"] is None else row["atr_5m"] / row["price"]
    if share >= 0.012:
        return "crash"
    if share >= 0.008:
        return "high_vol"
    if consensus(row, p) and abs(row[f"cvd_accel_{windows(row, p)[0]}"]) > 10:
        return "trend"
    return "range"


def evaluate(row: Row, p: Params, sources: set[str] | None = None) -> dict[str, Any]:
    """The decision at one evaluation, before cooldown, positions and risk rules have a say.

    `tenths` is 0 when a gate blocks; `open_tenths` is what it would have been.
    """
    side = side_of(row, p)
    points = points_of(row, p, side)
    open_tenths = tenths_of(points, p)
    reason = gates(row, p, sources)
    tenths = 0 if reason else open_tenths
    return {
        "t_ms": row["t_ms"],
        "side": side,
        "points": points,
        "open_tenths": open_tenths,
        "tenths": tenths,
        "reason": reason,
        "tier": tier_of(points, tenths, p),
        "regime": regime_of(row, p),
    }


def highest_reachable_tenths(p: Params, sources: set[str]) -> int:
    """The best total when each layer without a source is stuck at its value for an absent feature."""

    def best(feature: str, full: float, absent: float) -> float:
        return full if feature in sources else absent

    if p.model == "bonus":
        return tenths_of({"bonus": 45 + best("funding_rate", 15, 0)}, p)
    if p.model == "layers":
        points: dict[str, float] = {
            "direction": 45 + (5 if p.profile == "v51_baseline" else 0),
            "crowding": best("long_short_ratio", 10, 5) + best("top_trader_long", 10, 5),
            "environment": best("oi_change", 15, 10),
            "confirmation": 15,
            "auxiliary": best("coinbase_premium", 5, 2),
            "funding": best("funding_rate", 5.0, 0.0),
            "liquidation": 5 if {"liq_long_usd", "liq_short_usd"} <= sources else 0,
        }
        if p.profile == "v51_baseline":
            del points["funding"], points["liquidation"]
        return tenths_of(points, p)
    environment = best("oi_change", 15, 10)
    if p.profile == "fast":
        environment = min((2 * int(environment) * 10 + 15) // 30 + best("obi_10", 5, 0), 15)
    return tenths_of(
        {
            "direction": 55,
            "crowding": best("long_short_ratio", 15, 7) + best("top_trader_long", 10, 5),
            "environment": environment,
            "auxiliary": best("coinbase_premium", 5, 2),
        },
        p,
    )
