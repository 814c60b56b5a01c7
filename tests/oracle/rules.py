"""The optional rules and the sizing of an entry.

Where the definitions leave it open:
- adaptive cooldown: 10 minutes, but 20 for signals of the side of the strategy's last two stop-outs (`sl`)
  when those were on one side, at most 30 minutes apart, the later at most 30 minutes before t; otherwise 5
  when the last position, open or closed, reached TP1.
- same side (comes with adaptive cooldown): after three consecutive entries on one side a fourth needs a last
  position that reached TP1, a total of 85 and not both parts of the 1-hour filter against it.
- 1-hour filter: the trend is the sign of the last closed hour's close minus that of the hour before it; a
  sign of 0 and an absent trend oppose nothing. It sizes only when its own switch is on.
- hourly cap: counts entries (filled or pending) with `signal_ms > t - 60 min`.
- dual ATR without `atr_1h` uses `atr_5m`. The break-even buffer uses the same ATR as the risk.
- cascade: at each evaluation, over those of `[t - 24 h, t]` at which the value exists,
  `sorted[floor(n * 99/100)]`, never with fewer than 100 values; all three
  values strictly above theirs start a ban of `[t, t + 5 min)`.
- order (that of section 5): same side, hour filter, blackout, disabled symbol, hourly cap, cascade.
- size factors multiply from the left: risk_per_trade * balance * tier * hour filter * funding bias.
- a risk distance of 0 cannot be sized: `min_notional`.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

from .score import sign
from .tape import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from .params import Params
    from .positions import Position, Settings

Row = dict[str, Any]
TIER_FACTOR = {"light": 0.5, "standard": 1.0, "heavy": 1.5}
BONUS_SHARE = {"light": 0.02, "standard": 0.05, "heavy": 0.08}


def cooldown_ms(t: int, side: int, p: Params, positions: list[Position]) -> int:
    """How long after the last signal the next one of this side may come."""
    if not p.adaptive_cooldown:
        return 10 * MINUTE
    stopped = [q for q in positions if q.status == "sl"]
    if len(stopped) >= 2:
        first, second = stopped[-2:]
        together = second.exit_ms - first.exit_ms <= 30 * MINUTE and t - second.exit_ms <= 30 * MINUTE
        if together and first.side == second.side == side:
            return 20 * MINUTE
    if positions and positions[-1].tp1_ms is not None:
        return 5 * MINUTE
    return 10 * MINUTE


def hour_opposition(row: Row, side: int) -> int:
    """0, 1 or 2: how many of the 1 h CVD and the 1 h trend point against the side."""
    closes = row["hour_closes"]
    trend = sign(closes[1] - closes[0]) if len(closes) == 2 else 0
    return (sign(row["cvd_1h"]) == -side) + (trend == -side)


class Cascade:
    """Liquidation-cascade detector; fed every evaluation, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, list[float | None]]] = []
        self.banned_until = -1

    def update(self, row: Row) -> None:
        t = row["t_ms"]
        now = [row["trade_rate_1m"], row["spread_bps"], row["price_acceleration"]]
        self.seen.append((t, now))
        recent = [values for time_ms, values in self.seen if t - DAY <= time_ms]
        if all(self.beyond(value, [values[k] for values in recent]) for k, value in enumerate(now)):
            self.banned_until = t + 5 * MINUTE

    @staticmethod
    def beyond(value: float | None, history: list[float | None]) -> bool:
        known = sorted(x for x in history if x is not None)
        return value is not None and len(known) >= 100 and value > known[len(known) * 99 // 100]


def risk_rule(  # noqa: PLR0917
    row: Row,
    side: int,
    tenths: int,
    p: Params,
    positions: list[Position],
    pending_signals: list[int],
    cascade: Cascade,
) -> str | None:
    """The first optional rule that forbids the entry, as `risk:<rule>`."""
    t = row["t_ms"]
    opposition = hour_opposition(row, side)
    last_three = [q.side for q in positions[-3:]]
    if p.adaptive_cooldown and last_three == [side] * 3:
        excused = positions[-1].tp1_ms is not None and tenths >= 850 and opposition < 2
        if not excused:
            return "risk:same_side"
    if p.hour_filter and opposition == 2 and tenths < 850:
        return "risk:hour_filter"
    if t // HOUR % 24 in p.blackout_hours:
        return "risk:blackout_hours"
    if p.symbol in p.disabled_symbols:
        return "risk:disabled_symbol"
    if p.hourly_entry_cap is not None:
        entries = [q.signal_ms for q in positions] + pending_signals
        if sum(1 for signal_ms in entries if signal_ms > t - HOUR) >= p.hourly_entry_cap:
            return "risk:hourly_entry_cap"
    if p.cascade and t < cascade.banned_until:
        return "risk:cascade"
    return None


def risk_atr(row: Row, p: Params) -> float:
    if not p.dual_atr or row["atr_1h"] is None:
        return row["atr_5m"]
    return 0.7 * row["atr_5m"] + 0.3 * row["atr_1h"]


def size_factor(row: Row, side: int, p: Params) -> list[float]:
    """What the 1-hour filter and the funding bias leave of the size."""
    factors = []
    if p.hour_filter:
        factors.append({0: 1.0, 1: 0.7, 2: 0.5}[hour_opposition(row, side)])
    bias = row["funding_bias"]
    if p.funding_bias and bias is not None and sign(bias) == side:  # a positive bias makes longs pay
        factors.append(1.0 - 0.5 * abs(bias))
    return factors


def quantity(row: Row, side: int, tier: str, p: Params, settings: Settings) -> float | None:
    """An even number of lot steps; None when that is none, or below the minimum notional."""
    distance = p.sl_atr_multiplier * risk_atr(row, p)
    if distance == 0:
        return None
    if p.model == "bonus":
        usd, per_unit = BONUS_SHARE[tier] * p.initial_balance, row["price"]
    else:
        usd, per_unit = p.risk_per_trade * p.initial_balance * TIER_FACTOR[tier], distance
    for factor in size_factor(row, side, p):
        usd *= factor
    lots = 2 * floor(usd / per_unit / (2 * settings.lot_step))
    qty = lots * settings.lot_step
    return qty if lots > 0 and qty * row["price"] >= settings.min_notional else None
