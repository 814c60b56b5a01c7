"""Statistics of section 8, from the positions of a replay and an equity curve rebuilt from them.

Where the definitions leave it open:
- one mark per distinct time, in the state after everything of that time; the peaks start at the initial
  balance and at 0 R.
- funding settled at T is in the mark at T.
- drawdowns come from the marks: `max_drawdown_r` and `max_drawdown_usdt` as amounts below the running peak,
  `max_drawdown_pct` as 100 times the greatest fraction.
- Calmar's days are (last mark - first mark) / 24 h.
- a scratch (`pnl_r` of exactly 0) ends a streak of either kind.
- fees as a share of gross: sum of fee_r / sum of gross_r, null unless that is positive.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Any

from .tape import DAY, HOUR, Tape, evaluation_times

if TYPE_CHECKING:
    from .positions import Position

STATUSES = ("sl", "sl_be", "tp", "timeout", "signal_flip")


def mark_times(tape: Tape, positions: list[Position]) -> list[int]:
    """Every UTC hour from the first evaluation's (rounded up) on, every exit, and the last trade."""
    evaluations = evaluation_times(tape)
    end = tape.times[-1]
    first_hour = -(-evaluations[0] // HOUR) * HOUR if evaluations else end
    exits = [q.exit_ms for q in positions if q.exit_ms is not None]
    return sorted({*range(first_hour, end + 1, HOUR), *exits, end})


def r_at(q: Position, t: int, tape: Tape) -> tuple[float, bool]:
    """What a position is worth at t in R, and whether it is closed by then."""
    if q.exit_ms is not None and q.exit_ms <= t:
        return q.row()["pnl_r"], True
    last = tape.last_at(t)
    assert last is not None
    rest = q.side * (tape.grid.price(last.price_ticks) - q.entry_price) / q.risk_distance
    if q.tp1_ms is not None and q.tp1_ms <= t:
        rest = 0.5 * (q.side * (q.tp1_price - q.entry_price) / q.risk_distance) + 0.5 * rest
    costs = sum(r for time_ms, r in q.fees + q.funding if time_ms <= t)
    return rest - costs, False


def equity_curve(tape: Tape, positions: list[Position], initial: float) -> list[dict[str, Any]]:
    curve: list[dict[str, Any]] = []
    peak = initial
    for t in mark_times(tape, positions):
        held = [(r_at(q, t, tape)[0], q) for q in positions if q.entry_ms <= t]
        usdt = initial + sum(r * q.qty * q.risk_distance for r, q in held)
        peak = max(peak, usdt)
        curve.append(
            {
                "time_ms": t,
                "equity_usdt": usdt,
                "equity_r": sum(r for r, _ in held),
                "drawdown": 1 - usdt / peak,
            }
        )
    return curve


def mean(xs: list[float]) -> float:
    return sum(xs) / len(xs)


def deviation(xs: list[float]) -> float | None:
    """Sample standard deviation (ddof 1)."""
    if len(xs) < 2:
        return None
    centre = mean(xs)
    return sqrt(sum((x - centre) ** 2 for x in xs) / (len(xs) - 1))


def over(numerator: float, denominator: float | None) -> float | None:
    return numerator / denominator if denominator else None


def longest(flags: list[bool]) -> int:
    best = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        best = max(best, run)
    return best


def fall(levels: list[float], start: float) -> float:
    """The greatest drop below the running peak."""
    peak, worst = start, 0.0
    for level in levels:
        peak = max(peak, level)
        worst = max(worst, peak - level)
    return worst


def score_band(score: float) -> str:
    return "60-74" if score < 75 else "75-79" if score < 80 else "80-84" if score < 85 else "85+"


def daily_levels(curve: list[dict[str, Any]]) -> list[float]:
    """Equity at the first mark, at each 00:00 UTC mark and at the last one."""
    inner = [m["equity_usdt"] for m in curve[1:-1] if m["time_ms"] % DAY == 0]
    return [curve[0]["equity_usdt"], *inner, curve[-1]["equity_usdt"]]


def ratios(curve: list[dict[str, Any]]) -> dict[str, float | None]:
    """Sharpe, Sortino, Calmar; null with fewer than two daily returns or over a zero."""
    none: dict[str, float | None] = {"sharpe": None, "sortino": None, "calmar": None}
    if len(curve) < 2:
        return none
    levels = daily_levels(curve)
    returns = [b / a - 1 for a, b in pairwise(levels)]
    if len(returns) < 2:
        return none
    days = (curve[-1]["time_ms"] - curve[0]["time_ms"]) / DAY
    downside = sqrt(mean([min(r, 0.0) ** 2 for r in returns]))
    sharpe, sortino = over(mean(returns), deviation(returns)), over(mean(returns), downside)
    growth = (levels[-1] / levels[0]) ** (365 / days) - 1
    return {
        "sharpe": None if sharpe is None else sharpe * sqrt(365),
        "sortino": None if sortino is None else sortino * sqrt(365),
        "calmar": over(growth, max(m["drawdown"] for m in curve)),
    }


def summary(positions: list[Position]) -> dict[str, Any]:
    """Everything that needs closed trades only."""
    closed = [q for q in positions if q.status is not None]
    rows = [q.row() for q in closed]
    pnl = [row["pnl_r"] for row in rows]
    wins, losses = [x for x in pnl if x > 0], [x for x in pnl if x < 0]
    spread = deviation(pnl)
    average_win, average_loss = (mean(wins) if wins else None), (mean(losses) if losses else None)
    gross = sum(row["gross_r"] for row in rows)
    holding: dict[str, float] = {}
    for status in STATUSES:
        minutes = [(row["exit_ms"] - row["entry_ms"]) / 60_000 for row in rows if row["status"] == status]
        if minutes:
            holding[status] = mean(minutes)
    return {
        "total_trades": len(pnl),
        "win_rate": over(len(wins), len(pnl)),
        "profit_factor": over(sum(wins), -sum(losses)),
        "expectancy": mean(pnl) if pnl else None,
        "avg_win_r": average_win,
        "avg_loss_r": average_loss,
        "payoff_ratio": over(average_win, -average_loss)
        if average_win is not None and average_loss is not None
        else None,
        "std_r": spread,
        "sharpe_per_trade": over(mean(pnl), spread) if pnl else None,
        "sqn": over(sqrt(len(pnl)) * mean(pnl), spread) if pnl else None,
        "max_win_streak": longest([x > 0 for x in pnl]),
        "max_loss_streak": longest([x < 0 for x in pnl]),
        "net_r": sum(pnl),
        "gross_r": gross,
        "fee_r": sum(row["fee_r"] for row in rows),
        "funding_r": sum(row["funding_r"] for row in rows),
        "net_usdt": sum(row["pnl_usdt"] for row in rows),
        "fees_share_of_gross": sum(row["fee_r"] for row in rows) / gross if gross > 0 else None,
        "flip_loss_r": sum(
            row["pnl_r"] for row in rows if row["status"] == "signal_flip" and row["pnl_r"] < 0
        ),
        "holding_minutes": holding,
    }


def grouped(positions: list[Position], key: str) -> dict[str, dict[str, Any]]:
    """`summary` by direction, tier, regime, hour (of the signal, UTC), score_band or status."""
    groups: dict[str, list[Position]] = {}
    for q in (q for q in positions if q.status is not None):
        name = {
            "direction": "LONG" if q.side > 0 else "SHORT",
            "tier": q.tier,
            "regime": q.regime,
            "hour": str(q.signal_ms // HOUR % 24),
            "score_band": score_band(q.score),
            "status": q.status or "",
        }[key]
        groups.setdefault(name, []).append(q)
    return {name: summary(group) for name, group in sorted(groups.items())}


def verdict(stats: dict[str, Any], signals: int, days: float) -> dict[str, bool | None]:
    """The pass lines; None where the figure is undefined."""
    win_rate, payoff = stats["win_rate"], stats["payoff_ratio"]
    per_day = over(signals, days)
    return {
        "win_rate": None if win_rate is None else win_rate >= 0.45,
        "payoff": None if payoff is None else payoff >= 1.5,
        "drawdown": stats["max_drawdown_pct"] <= 5,
        "signals_per_day": None if per_day is None else 2 <= per_day <= 8,
        "net": stats["net_r"] > 0,
    }


def statistics(tape: Tape, positions: list[Position], initial: float) -> dict[str, Any]:
    """The whole sheet."""
    curve = equity_curve(tape, positions, initial)
    return {
        **summary(positions),
        **ratios(curve),
        "max_drawdown_r": fall([m["equity_r"] for m in curve], 0.0),
        "max_drawdown_usdt": fall([m["equity_usdt"] for m in curve], initial),
        "max_drawdown_pct": 100 * max(m["drawdown"] for m in curve),
    }
