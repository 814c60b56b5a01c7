"""Every feature of the trade tape at an evaluation time, by rescanning the tape.

Quotients of integers are Python's `int / int`: the float nearest to the exact rational.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from .tape import DAY, EVAL_INTERVAL, HOUR, MINUTE, SECOND, Tape, evaluation_times

WINDOWS = {"5m": 5 * MINUTE, "15m": 15 * MINUTE, "30m": 30 * MINUTE, "1h": HOUR, "4h": 4 * HOUR, "24h": DAY}
CVD_NAMES = [*WINDOWS, "utc_day"]
COLUMNS = [
    "t_ms",
    "price",
    *(f"cvd_{w}" for w in CVD_NAMES),
    *(f"cvd_slope_{w}" for w in CVD_NAMES),
    *(f"cvd_accel_{w}" for w in CVD_NAMES),
    "vwap_30m",
    "atr_5m",
    "atr_1h",
    "atr_percentile",
    "p95_qty",
    "p99_qty",
    "whale_ratio",
    "large_buy_count",
    "large_sell_count",
    "buy_vol_1m",
    "sell_vol_1m",
    "trade_rate_1m",
    "warmup",
]
WHALE_USD = 100_000
ATR_CANDLES = 15
PERCENTILE_SAMPLES = 288


class Floors(NamedTuple):
    """The least values of `p95_qty` and `p99_qty`, in units of quantity."""

    p95: Fraction
    p99: Fraction


def floors_of(symbol: str) -> Floors:
    return (
        Floors(Fraction(5), Fraction(10)) if symbol.startswith("BTC") else Floors(Fraction(50), Fraction(100))
    )


class Candle(NamedTuple):
    start: int
    open: int
    high: int
    low: int
    close: int


# --- CVD -----------------------------------------------------------------------------------------------


def cvd_lots(tape: Tape, t: int, name: str) -> int:
    """Taker-buy lots minus taker-sell lots in the closed window, or since 00:00 UTC of t's day."""
    key = ("cvd", t, name)
    if key not in tape.memo:
        length = t % DAY if name == "utc_day" else WINDOWS[name]
        tape.memo[key] = sum(trade.signed_lots for trade in tape.closed_window(t, length))
    return tape.memo[key]


def slope_lots(tape: Tape, t: int, name: str, every_ms: int, first_eval: int) -> int:
    """Change since the previous evaluation; 0 at the first one."""
    if t - every_ms < first_eval:
        return 0
    return cvd_lots(tape, t, name) - cvd_lots(tape, t - every_ms, name)


def accel_lots(tape: Tape, t: int, name: str, every_ms: int, first_eval: int) -> int:
    """Change of the slope since the previous evaluation; 0 at the first two."""
    if t - 2 * every_ms < first_eval:
        return 0
    return slope_lots(tape, t, name, every_ms, first_eval) - slope_lots(
        tape, t - every_ms, name, every_ms, first_eval
    )


# --- candles and ATR -----------------------------------------------------------------------------------


def candles(tape: Tape, period_ms: int) -> list[Candle]:
    """One candle for every period `[s, s + period)` that holds a trade."""
    key = ("candles", period_ms)
    if key not in tape.memo:
        periods: dict[int, list[int]] = {}
        for trade in tape.trades:
            periods.setdefault(trade.time_ms // period_ms * period_ms, []).append(trade.price_ticks)
        tape.memo[key] = [Candle(s, p[0], max(p), min(p), p[-1]) for s, p in sorted(periods.items())]
    return tape.memo[key]


def closed_candles(tape: Tape, t: int, period_ms: int) -> list[Candle]:
    """Candles whose period is over at t; every trade in one of them is then `< s + period <= t`."""
    return [candle for candle in candles(tape, period_ms) if candle.start + period_ms <= t]


def atr(closed: list[Candle], price_decimals: int) -> float | None:
    """Wilder's average true range over the last 15 closed candles, seeded with the first true range."""
    last = closed[-ATR_CANDLES:]
    if len(last) < 2:
        return None
    ranges = [
        max(candle.high, before.close) - min(candle.low, before.close) for before, candle in pairwise(last)
    ]
    value = float(ranges[0])
    for true_range in ranges[1:]:
        value = (value * 13.0 + true_range) / 14.0
    return value / 10**price_decimals


def atr_samples(closed: list[Candle], price_decimals: int) -> list[float]:
    """`atr_5m` as it was at each candle's close, where it existed."""
    samples = [atr(closed[: count + 1], price_decimals) for count in range(len(closed))]
    return [sample for sample in samples if sample is not None]


def percentile_of_last(samples: list[float]) -> float:
    """Rank of the newest sample among the last 288; 50 when there are fewer than 10."""
    recent = samples[-PERCENTILE_SAMPLES:]
    if len(recent) < 10:
        return 50.0
    return 100 * sum(1 for x in recent if x <= recent[-1]) / len(recent)


def percentile_minimum(samples: list[float], count: int = 12) -> float:
    """The least `atr_percentile` at the last `count` candle closes, the newest included."""
    if not samples:
        return 50.0
    lengths = range(max(1, len(samples) - count + 1), len(samples) + 1)
    return min(percentile_of_last(samples[:n]) for n in lengths)


# --- large trades --------------------------------------------------------------------------------------


def quantity_percentile(tape: Tape, t: int, percent: int, floor: Fraction) -> Fraction:
    """`sorted[floor(n * percent / 100)]` of the 24 h window, never below the floor; 5 / 10 when n < 100."""
    lots = sorted(trade.qty_lots for trade in tape.closed_window(t, DAY))
    n = len(lots)
    if n < 100:
        return Fraction({95: 5, 99: 10}[percent])
    return max(Fraction(lots[n * percent // 100], 10**tape.grid.qty_decimals), floor)


def whale_ratio(tape: Tape, t: int) -> float:
    """(buy usd - sell usd) / (buy usd + sell usd) over trades of at least 100,000 USD in 15 minutes."""
    bound = WHALE_USD * 10 ** (tape.grid.price_decimals + tape.grid.qty_decimals)
    buy = sell = 0
    for trade in tape.closed_window(t, 15 * MINUTE):
        usd = trade.price_ticks * trade.qty_lots
        if usd >= bound:
            buy += 0 if trade.is_buyer_maker else usd
            sell += usd if trade.is_buyer_maker else 0
    return (buy - sell) / (buy + sell) if buy + sell else 0.0


def price_acceleration(tape: Tape, t: int) -> float | None:
    """`|r(t) - r(t - 1s)|`, `r(x) = p(x) / p(x - 1s) - 1`; absent before there are 2 s of trades."""
    trades = [tape.last_at(t - k * SECOND) for k in range(3)]
    if any(trade is None for trade in trades):
        return None
    now, one, two = (trade.price_ticks for trade in trades if trade is not None)
    return abs((now / one - 1.0) - (one / two - 1.0))


# --- all of them ---------------------------------------------------------------------------------------


def features_at(
    tape: Tape,
    t: int,
    *,
    every_ms: int = EVAL_INTERVAL,
    warmup_ms: int = DAY,
    floors: Floors | None = None,
) -> dict[str, Any]:
    """One row: the columns of `COLUMNS`, and further ones that only strategies read.

    `warmup` is true while less than `warmup_ms` lies between the first trade and t.
    `t` is an evaluation time.
    """
    grid = tape.grid
    floors = floors or floors_of("BTCUSDT")
    first_eval = -(-tape.times[0] // every_ms) * every_ms
    last = tape.last_at(t)
    assert last is not None

    row: dict[str, Any] = {"t_ms": t, "price": grid.price(last.price_ticks)}
    for w in CVD_NAMES:
        row[f"cvd_{w}"] = grid.qty(cvd_lots(tape, t, w))
        row[f"cvd_slope_{w}"] = grid.qty(slope_lots(tape, t, w, every_ms, first_eval))
        row[f"cvd_accel_{w}"] = grid.qty(accel_lots(tape, t, w, every_ms, first_eval))

    half_hour = tape.closed_window(t, 30 * MINUTE)
    lots = sum(trade.qty_lots for trade in half_hour)
    ticks_lots = sum(trade.price_ticks * trade.qty_lots for trade in half_hour)
    row["vwap_30m"] = ticks_lots / (lots * 10**grid.price_decimals) if lots else None

    closed_5m = closed_candles(tape, t, 5 * MINUTE)
    closed_1h = closed_candles(tape, t, HOUR)
    samples_key = ("samples", len(closed_5m))
    if samples_key not in tape.memo:
        samples = atr_samples(closed_5m, grid.price_decimals)
        tape.memo[samples_key] = (percentile_of_last(samples), percentile_minimum(samples))
    row["atr_5m"] = atr(closed_5m, grid.price_decimals)
    row["atr_1h"] = atr(closed_1h, grid.price_decimals)
    row["atr_percentile"], row["atr_percentile_min_12"] = tape.memo[samples_key]
    row["hour_closes"] = [grid.price(candle.close) for candle in closed_1h[-2:]]

    p95 = quantity_percentile(tape, t, 95, floors.p95)
    p99 = quantity_percentile(tape, t, 99, floors.p99)
    row["p95_qty"], row["p99_qty"] = float(p95), float(p99)
    p99_lots = p99 * 10**grid.qty_decimals
    large = [trade for trade in tape.half_open_window(t, 15 * MINUTE) if trade.qty_lots >= p99_lots]
    large_buys = [trade.qty_lots for trade in large if not trade.is_buyer_maker]
    large_sells = [trade.qty_lots for trade in large if trade.is_buyer_maker]
    row["large_buy_count"], row["large_sell_count"] = len(large_buys), len(large_sells)
    row["max_large_buy"] = grid.qty(max(large_buys)) if large_buys else None
    row["max_large_sell"] = grid.qty(max(large_sells)) if large_sells else None
    row["whale_ratio"] = whale_ratio(tape, t)

    minute = tape.closed_window(t, MINUTE)
    row["buy_vol_1m"] = grid.qty(sum(trade.qty_lots for trade in minute if not trade.is_buyer_maker))
    row["sell_vol_1m"] = grid.qty(sum(trade.qty_lots for trade in minute if trade.is_buyer_maker))
    row["trade_rate_1m"] = len(minute) / 60
    row["volume_1m_lots"] = sum(trade.qty_lots for trade in minute)
    row["volume_24h_lots"] = sum(trade.qty_lots for trade in tape.closed_window(t, DAY))
    row["price_acceleration"] = price_acceleration(tape, t)
    row["warmup"] = t - tape.times[0] < warmup_ms
    return row


def all_features(
    tape: Tape, *, every_ms: int = EVAL_INTERVAL, warmup_ms: int = DAY, floors: Floors | None = None
) -> list[dict[str, Any]]:
    """One row per evaluation of the tape."""
    return [
        features_at(tape, t, every_ms=every_ms, warmup_ms=warmup_ms, floors=floors)
        for t in evaluation_times(tape, every_ms)
    ]
