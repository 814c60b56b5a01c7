"""Indicator samples: what is known at t, what is fresh, what follows from it.

Where the definitions leave it open:
- spot mid and divergence count as book and mark data (5 s); `oi_change` as 5-minute data.
- "the latest open interest sample whose time_ms is ..." is the one with the greatest `time_ms`; the later
  arrival among equal ones.
- an `open_interest` base value of 0 gives no `oi_change`.
- `oi_persist_n` compares each open interest sample with the one that arrived before it.
- `funding_bias` needs a fresh funding sample, like every feature.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import sqrt
from typing import Any, NamedTuple

from .tape import HOUR, MINUTE, SECOND, Tape

BOOK = MARK = 5 * SECOND
FIVE_MINUTE_DATA = 15 * MINUTE
FUNDING = 9 * HOUR
FRESH_FOR = {
    "obi_10": BOOK,
    "spread_bps": BOOK,
    "microprice": BOOK,
    "imbalance": BOOK,
    "spot_mid": BOOK,
    "mark_price": MARK,
    "spot_perp_divergence": MARK,
    "long_short_ratio": FIVE_MINUTE_DATA,
    "top_trader_long": FIVE_MINUTE_DATA,
    "open_interest_value": FIVE_MINUTE_DATA,
    "oi_change": FIVE_MINUTE_DATA,
    "coinbase_premium": FIVE_MINUTE_DATA,
    "funding_rate": FUNDING,
}
LATEST = ["long_short_ratio", "top_trader_long", "coinbase_premium", "funding_rate", "mark_price", "spot_mid"]
LATEST += ["obi_10", "spread_bps", "microprice", "imbalance"]


class Sample(NamedTuple):
    time_ms: int
    available_ms: int
    name: str
    value: float


def in_arrival_order(samples: list[Sample]) -> list[Sample]:
    """By `available_ms`; the order of the rows among equal ones. `open_interest` is a second spelling."""
    renamed = [s._replace(name="open_interest_value") if s.name == "open_interest" else s for s in samples]
    return sorted(renamed, key=lambda sample: sample.available_ms)


Known = dict[str, list[Sample]]


def known_at(samples: list[Sample], t: int) -> Known:
    """Per name, the samples that are available at t, in order of arrival."""
    known: Known = {}
    for sample in in_arrival_order(samples):
        if sample.available_ms <= t:
            known.setdefault(sample.name, []).append(sample)
    return known


def fresh(known: Known, name: str, t: int) -> Sample | None:
    """The last arrival, unless it is older than its limit."""
    seen = known.get(name)
    if not seen or t - seen[-1].available_ms > FRESH_FOR[name]:
        return None
    return seen[-1]


def oi_change(known: Known, t: int, look_back_ms: int = 15 * MINUTE) -> float | None:
    ready_made = fresh(known, "oi_change", t)
    if ready_made is not None:
        return ready_made.value
    now = fresh(known, "open_interest_value", t)
    if now is None:
        return None
    before = [s for s in known["open_interest_value"] if s.time_ms <= now.time_ms - look_back_ms]
    if not before:
        return None
    newest = max(s.time_ms for s in before)
    then = [s for s in before if s.time_ms == newest][-1]
    return now.value / then.value - 1.0 if then.value else None


def oi_persist_n(known: Known) -> int:
    """How many of the latest changes share one sign; positive for rises, negative for falls."""
    values = [s.value for s in known.get("open_interest_value", [])]
    signs = [(b > a) - (b < a) for a, b in pairwise(values)]
    count = 0
    for sign in reversed(signs):
        if sign == 0 or sign != signs[-1]:
            break
        count += sign
    return count


def liquidated_usd(known: Known, name: str, t: int, given: bool) -> float | None:
    """Sum of the last five minutes; absent when the source is not given at all."""
    if not given:
        return None
    total = 0.0
    for sample in known.get(name, []):
        if t - 5 * MINUTE <= sample.available_ms:
            total += sample.value
    return total


def funding_bias(known: Known, t: int) -> float | None:
    """`clamp(z / 3 + 0.2 * s, -1, 1)` over the last 21 funding samples."""
    if fresh(known, "funding_rate", t) is None:
        return None
    rates = [Fraction(s.value) for s in known["funding_rate"]][-21:]
    if len(rates) < 21:
        return None
    mean = sum(rates) / 21
    variance = sum((rate - mean) ** 2 for rate in rates) / 21
    z = float(rates[-1] - mean) / sqrt(variance) if variance else 0.0
    sign = (rates[-1] > rates[-3]) - (rates[-1] < rates[-3])
    return max(-1.0, min(1.0, z / 3 + 0.2 * sign))


def indicators_at(samples: list[Sample], t: int) -> dict[str, Any]:
    """Every indicator feature at t; None where absent."""
    known = known_at(samples, t)
    row: dict[str, Any] = {}
    for name in LATEST:
        sample = fresh(known, name, t)
        row[name] = sample.value if sample else None
    row["oi_change"] = oi_change(known, t)
    row["oi_persist_n"] = oi_persist_n(known)
    divergence = fresh(known, "spot_perp_divergence", t)
    if divergence is not None:
        row["spot_perp_divergence"] = divergence.value
    elif row["spot_mid"] is not None and row["mark_price"]:
        row["spot_perp_divergence"] = (row["spot_mid"] - row["mark_price"]) / row["mark_price"]
    else:
        row["spot_perp_divergence"] = None
    rates = [abs(s.value) for s in known.get("funding_rate", [])]
    row["funding_rate_max_abs"] = max(rates) if rates else None
    row["funding_bias"] = funding_bias(known, t)
    for name in ("liq_long_usd", "liq_short_usd"):
        row[name] = liquidated_usd(known, name, t, given=any(s.name == name for s in samples))
    return row


def sources_of(samples: list[Sample]) -> set[str]:
    """The features for which some source is given, whether or not it is ever fresh."""
    names = {s.name for s in in_arrival_order(samples)}
    if "open_interest_value" in names:
        names.add("oi_change")
    if {"spot_mid", "mark_price"} <= names:
        names.add("spot_perp_divergence")
    return names


class Settlement(NamedTuple):
    """What one unit of quantity held long pays at `time_ms`."""

    time_ms: int
    rate: float
    mark: float


def settlement(samples: list[Sample], tape: Tape, time_ms: int) -> Settlement | None:
    """Rate: the sample with the greatest `time_ms < T + 60 s`. Price: a mark of `[T - 60 s, T]`, else the
    last trade before T. None without a rate."""
    rates = [
        s for s in in_arrival_order(samples) if s.name == "funding_rate" and s.time_ms < time_ms + MINUTE
    ]
    if not rates:
        return None
    rate = [s for s in rates if s.time_ms == max(r.time_ms for r in rates)][-1].value
    marks = [
        s
        for s in in_arrival_order(samples)
        if s.name == "mark_price" and time_ms - MINUTE <= s.time_ms <= time_ms
    ]
    if marks:
        return Settlement(
            time_ms, rate, [s for s in marks if s.time_ms == max(m.time_ms for m in marks)][-1].value
        )
    trade = tape.last_before(time_ms)
    assert trade is not None, "a position that is open at T has a trade before it"
    return Settlement(time_ms, rate, tape.grid.price(trade.price_ticks))


def settlement_times(after_ms: int, up_to_ms: int, interval_hours: int = 8) -> list[int]:
    """Multiples of the funding interval in `(after_ms, up_to_ms]`."""
    interval = interval_hours * HOUR
    return list(range((after_ms // interval + 1) * interval, up_to_ms + 1, interval))
