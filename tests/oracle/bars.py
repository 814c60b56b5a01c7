"""Bars and tran_stats (data.md 4): 5-minute ones from the trades, longer ones from those.

Where the definitions leave it open:
- times are the tape's (raised where they fell), so order by (time, id) is the order of the tape;
- a window is over once a trade at or after its end is in; `partial` adds what is not whole: the last 5-minute
  bar, and longer frames that lack parts at either end;
- the vwap is the rounded exact quotient, not a quotient of rounded sums.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .tape import DAY, HOUR, MINUTE, Grid, Trade

FRAMES = {"5m": 5 * MINUTE, "1h": HOUR, "4h": 4 * HOUR, "8h": 8 * HOUR, "12h": 12 * HOUR, "24h": DAY}
BASE = FRAMES["5m"]
TIER_BOUNDS_USD = [Fraction(cny * 10, 70) for cny in (40_000, 200_000, 1_000_000)]

SUMS = [
    "lots",
    "usd",
    "buy_lots",
    "buy_usd",
    "sell_lots",
    "sell_usd",
    "records",
    "count",
    "buy_count",
    "sell_count",
]
TIER_SUMS = [
    f"{side}_{what}{tier}" for tier in "1234" for side in ("buy", "sell") for what in ("lots", "usd", "count")
]


def tier_of(dollars: Fraction) -> str:
    """1 to 4; the bounds belong to the lower tier."""
    return str(1 + sum(1 for bound in TIER_BOUNDS_USD if dollars > bound))


def underlying(trade: Trade) -> int:
    """How many single trades the aggregated one stands for."""
    if trade.first_id is None or trade.last_id is None:
        return 1
    return max(1, trade.last_id - trade.first_id + 1)


def base_bars(trades: list[Trade], grid: Grid, partial: bool) -> list[dict[str, Any]]:
    """Integer 5-minute bars, silent windows included."""
    usable = [t for t in trades if t.price_ticks > 0 and t.qty_lots > 0]
    if not usable:
        return []
    unit = 10 ** (grid.price_decimals + grid.qty_decimals)
    out: list[dict[str, Any]] = []
    last_time = usable[-1].time_ms
    start = usable[0].time_ms // BASE * BASE
    while start <= last_time:
        if start + BASE > last_time and not partial:
            break
        inside = [t for t in usable if start <= t.time_ms < start + BASE]
        bar: dict[str, Any] = {"open_time": start, **dict.fromkeys([*SUMS, *TIER_SUMS], 0)}
        if inside:
            prices = [t.price_ticks for t in inside]
            bar |= {
                "open": prices[0],
                "high": max(prices),
                "low": min(prices),
                "close": prices[-1],
                "silent": False,
            }
        else:
            close = out[-1]["close"]
            bar |= {"open": close, "high": close, "low": close, "close": close, "silent": True}
        for t in inside:
            usd = t.price_ticks * t.qty_lots
            side = "sell" if t.is_buyer_maker else "buy"
            tier = tier_of(Fraction(usd, unit))
            bar["lots"] += t.qty_lots
            bar["usd"] += usd
            bar["records"] += 1
            bar["count"] += underlying(t)
            for suffix in ("", tier):
                bar[f"{side}_lots{suffix}"] += t.qty_lots
                bar[f"{side}_usd{suffix}"] += usd
                bar[f"{side}_count{suffix}"] += underlying(t)
        out.append(bar)
        start += BASE
    return out


def longer_bars(base: list[dict[str, Any]], frame_ms: int, partial: bool) -> list[dict[str, Any]]:
    """Windows of a longer frame, counted from 00:00 UTC, out of 5-minute bars."""
    groups: dict[int, list[dict[str, Any]]] = {}
    for bar in base:
        groups.setdefault(bar["open_time"] // frame_ms * frame_ms, []).append(bar)
    out = []
    for start, parts in sorted(groups.items()):
        if len(parts) < frame_ms // BASE and not partial:
            continue
        bar = {
            "open_time": start,
            "open": parts[0]["open"],
            "high": max(part["high"] for part in parts),
            "low": min(part["low"] for part in parts),
            "close": parts[-1]["close"],
            "silent": all(part["silent"] for part in parts),
        }
        for name in [*SUMS, *TIER_SUMS]:
            bar[name] = sum(part[name] for part in parts)
        out.append(bar)
    return out


def public_bar(bar: dict[str, Any], symbol: str, grid: Grid, frame_ms: int) -> dict[str, Any]:
    """The columns users see."""
    start = bar["open_time"]
    row: dict[str, Any] = {
        "symbol": symbol,
        "open_time": start,
        "close_time": start + frame_ms,
        "time_label": start % DAY // frame_ms + 1,
        "span_status": "NoTrade" if bar["silent"] else "",
        **{name: grid.price(bar[name]) for name in ("open", "high", "low", "close")},
        "vwap": bar["usd"] / (bar["lots"] * 10**grid.price_decimals) if bar["lots"] else None,
        "volume": grid.qty(bar["lots"]),
        "quote_volume": grid.usd(bar["usd"]),
        "dolvol": grid.usd(bar["usd"]),
        "buyvolume": grid.qty(bar["buy_lots"]),
        "sellvolume": grid.qty(bar["sell_lots"]),
        "buydolvol": grid.usd(bar["buy_usd"]),
        "selldolvol": grid.usd(bar["sell_usd"]),
        "trade_count": bar["records"],
        "tradecount": bar["count"],
        "buytradecount": bar["buy_count"],
        "selltradecount": bar["sell_count"],
    }
    for suffix in ("", "1", "2", "3", "4"):
        for side in ("buy", "sell"):
            row[f"{side}_volume{suffix}"] = grid.qty(bar[f"{side}_lots{suffix}"])
            row[f"{side}_dolvol{suffix}"] = grid.usd(bar[f"{side}_usd{suffix}"])
            row[f"{side}_trade_count{suffix}"] = bar[f"{side}_count{suffix}"]
    return row


def bars(
    trades: list[Trade], grid: Grid, symbol: str, frame: str, *, partial: bool = False
) -> list[dict[str, Any]]:
    """Bars of one frame, tran_stats in the same row."""
    base = base_bars(trades, grid, partial)
    frame_ms = FRAMES[frame]
    rows = base if frame == "5m" else longer_bars(base, frame_ms, partial)
    return [public_bar(row, symbol, grid, frame_ms) for row in rows]
