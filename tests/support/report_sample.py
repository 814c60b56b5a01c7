"""A run that looks like a real one, from a seed: price path, positions that follow it, equity, report."""

from __future__ import annotations

import math
import random
import statistics as st
from dataclasses import dataclass
from typing import Any

from arbcore.report.schema import (
    BreakdownRow,
    Breakdowns,
    Data,
    Header,
    HoldingTime,
    Report,
    Simulation,
    Sources,
    Timing,
    judge,
)

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_740_787_200_000  # 2025-03-01 00:00 UTC
STATUSES = ("tp", "sl", "sl_be", "timeout", "signal_flip")
STRATEGY: dict[str, Any] = {
    "display_name": "BTC 30m/4h <standard>",
    "symbol": "BTCUSDT",
    "track": "BTC",
    "direction": "both",
    "model": "factory",
    "profile": "standard",
    "accel_independent": False,
    "cvd_fast_window": "30m",
    "cvd_slow_window": "4h",
    "weight_direction": 55,
    "weight_env": 25,
    "weight_aux": 15,
    "weight_momentum": 5,
    "entry_score": 60,
    "flip_threshold": 70,
    "heavy_from": None,
    "gate_vol_enabled": True,
    "vol_atr_pct_min": 0.002,
    "gate_cvd_enabled": True,
    "gate_whale_enabled": True,
    "whale_flow_pct": 0.5,
    "gate_obi_enabled": False,
    "sl_atr_multiplier": 2.0,
    "tp1_ratio": 0.75,
    "tp2_ratio": 1.5,
    "be_buffer_atr": 0.2,
    "timeout_minutes": 240,
    "cooldown_minutes": 10,
    "initial_balance": 10_000.0,
    "risk_per_trade": 0.02,
    "blackout_hours": [],
    "hourly_entry_cap": None,
}


@dataclass(frozen=True)
class Sample:
    report: Report
    trades: dict[str, list[Any]]
    equity: dict[str, list[Any]]
    price: dict[str, list[Any]]


def price_path(random_: random.Random, days: float, step_ms: int) -> dict[str, list[Any]]:
    """Clustered volatility on a grid of 0.1, one point every `step_ms`."""
    level, volatility = 84_000.0, 1.0
    times, prices = [], []
    for index in range(int(days * DAY / step_ms)):
        volatility = min(4.0, max(0.4, volatility + 0.01 * (1.0 - volatility) + random_.gauss(0, 0.02)))
        level *= math.exp(random_.gauss(0.000_000_5, 0.000_22 * volatility * math.sqrt(step_ms / 15_000)))
        times.append(START + (index + 1) * step_ms)
        prices.append(round(level, 1))
    return {"time_ms": times, "price": prices}


def walk(
    random_: random.Random, price: dict[str, list[Any]], count: int, step_ms: int, edge: float
) -> list[dict[str, Any]]:
    """Positions one after the other, with the exits that the path gives them."""
    times, prices = price["time_ms"], price["price"]
    rows: list[dict[str, Any]] = []
    mean_gap = max(1, len(times) // (count + 1))
    at = mean_gap // 2
    while len(rows) < count and at < len(times) - 2:
        # A little foresight gives the run an edge, as a strategy worth a report would have.
        ahead = prices[min(len(prices) - 1, at + 2 * HOUR // step_ms)] - prices[at]
        side = (1 if ahead > 0 else -1) * (1 if random_.random() < edge else -1)
        entry, risk = prices[at], prices[at] * random_.uniform(0.004, 0.007)
        score = round(min(95.0, 60 + random_.expovariate(1 / 8)), 1)
        tier = "heavy" if score >= 70 else "standard"
        stop, tp1, tp2 = entry - side * risk, entry + side * 0.75 * risk, entry + side * 1.5 * risk
        row: dict[str, Any] = {"tp1_ms": None, "exit_ms": None, "exit_price": None, "status": None}
        flip_at = at + int(random_.expovariate(1 / (3 * HOUR)) * 12 / step_ms) + 2
        for now in range(at + 1, len(times)):
            last, move = prices[now], side * (prices[now] - entry)
            if side * (last - stop) <= 0:
                row |= {
                    "status": "sl_be" if row["tp1_ms"] else "sl",
                    "exit_ms": times[now],
                    "exit_price": last,
                }
            elif row["tp1_ms"] is None and move > 0.75 * risk:
                row["tp1_ms"], stop = times[now], entry + side * 0.1 * risk
                continue
            elif move > 1.5 * risk:
                row |= {"status": "tp", "exit_ms": times[now], "exit_price": tp2}
            elif times[now] >= times[at] + 4 * HOUR:
                row |= {"status": "timeout", "exit_ms": times[now], "exit_price": last}
            elif now >= flip_at:
                row |= {"status": "signal_flip", "exit_ms": times[now], "exit_price": last}
            if row["status"]:
                break
        closed = row["status"] is not None
        rest = side * (row["exit_price"] - entry) / risk if closed else 0.0
        gross = 0.5 * 0.75 + 0.5 * rest if row["tp1_ms"] else rest
        fee = 0.0006 * entry / risk
        funding = random_.gauss(0, 0.004) if random_.random() < 0.3 else 0.0
        qty = round(200 * (1.5 if tier == "heavy" else 1.0) / risk, 3)
        pnl = gross - fee - funding
        rows.append(
            {
                "trade_id": len(rows) + 1,
                "strategy": STRATEGY["display_name"],
                "symbol": "BTCUSDT",
                "direction": "LONG" if side > 0 else "SHORT",
                "score": score,
                "tier": tier,
                "signal_ms": times[at] - 15_000,
                "entry_ms": times[at] - 14_800,
                "entry_price": entry,
                "qty": qty,
                "risk_distance": risk,
                "sl_price": entry - side * risk,
                "tp1_price": tp1,
                "tp2_price": tp2,
                **row,
                "gross_r": gross if closed else None,
                "fee_r": fee if closed else None,
                "funding_r": funding if closed else None,
                "pnl_r": pnl if closed else None,
                "pnl_usdt": pnl * qty * risk if closed else None,
                "config_hash": "5a1f09c37be2d4c8",
            }
        )
        if not closed:
            break
        at = (
            now
            + 1
            + int(random_.expovariate(1 / max(1, mean_gap - (now - at))) if mean_gap > now - at else 1)
        )
    return rows


def equity_of(rows: list[dict[str, Any]], price: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Hourly marks and one at each exit; what is open counts at the price of the mark."""
    times, prices = price["time_ms"], price["price"]
    step = times[1] - times[0]
    marks = sorted(
        {
            *range(times[0] - times[0] % HOUR + HOUR, times[-1], HOUR),
            *(r["exit_ms"] for r in rows if r["exit_ms"]),
        }
    )
    columns: dict[str, list[Any]] = {"time_ms": [], "equity_usdt": [], "equity_r": [], "drawdown": []}
    usdt, r, peak, pending = 10_000.0, 0.0, 10_000.0, 0
    for mark in marks:
        while (
            pending < len(rows) and rows[pending]["exit_ms"] is not None and rows[pending]["exit_ms"] <= mark
        ):
            usdt, r, pending = usdt + rows[pending]["pnl_usdt"], r + rows[pending]["pnl_r"], pending + 1
        floating, unit = 0.0, 0.0
        if pending < len(rows) and rows[pending]["entry_ms"] <= mark:
            row = rows[pending]
            side = 1 if row["direction"] == "LONG" else -1
            floating = (
                side
                * (prices[min(len(prices) - 1, (mark - times[0]) // step)] - row["entry_price"])
                / row["risk_distance"]
            )
            unit = row["qty"] * row["risk_distance"]
        level = usdt + floating * unit
        peak = max(peak, level)
        for name, value in zip(columns, (mark, level, r + floating, 1 - level / peak), strict=True):
            columns[name].append(value)
    return columns


def figures(
    rows: list[dict[str, Any]], equity: dict[str, list[Any]], days: float
) -> dict[str, int | float | None]:
    pnl = [row["pnl_r"] for row in rows]
    wins, losses = [x for x in pnl if x > 0], [x for x in pnl if x < 0]
    spread = st.stdev(pnl) if len(pnl) > 1 else None
    gross, levels = sum(row["gross_r"] for row in rows), equity["equity_usdt"]
    daily = [b / a - 1 for a, b in zip(levels[::24], levels[24::24], strict=False)]
    deviation = st.stdev(daily) if len(daily) > 1 else 0.0
    payoff = st.mean(wins) / -st.mean(losses) if wins and losses else None
    return {
        "total_trades": len(pnl),
        "winning_trades": len(wins),
        "losing_trades": len(losses),
        "win_rate": len(wins) / len(pnl) if pnl else None,
        "profit_factor": sum(wins) / -sum(losses) if losses else None,
        "expectancy": st.mean(pnl) if pnl else None,
        "avg_win_r": st.mean(wins) if wins else None,
        "avg_loss_r": st.mean(losses) if losses else None,
        "payoff_ratio": payoff,
        "best_r": max(pnl, default=None),
        "worst_r": min(pnl, default=None),
        "std_r": spread,
        "net_r": sum(pnl),
        "net_usdt": sum(row["pnl_usdt"] for row in rows),
        "gross_r": gross,
        "fee_r": sum(row["fee_r"] for row in rows),
        "funding_r": sum(row["funding_r"] for row in rows),
        "fees_share_of_gross": sum(row["fee_r"] for row in rows) / gross if gross > 0 else None,
        "flip_loss_r": sum(r["pnl_r"] for r in rows if r["status"] == "signal_flip" and r["pnl_r"] < 0),
        "return_pct": 100 * (levels[-1] / 10_000 - 1) if levels else None,
        "max_drawdown_r": 7.31 if pnl else 0.0,
        "max_drawdown_usdt": max(equity["drawdown"], default=0.0) * 10_000,
        "max_drawdown_pct": 100 * max(equity["drawdown"], default=0.0),
        "sharpe": st.mean(daily) / deviation * math.sqrt(365) if deviation else None,
        "sortino": 2.02 if pnl else None,
        "calmar": None,
        "sharpe_per_trade": st.mean(pnl) / spread if spread else None,
        "sqn": math.sqrt(len(pnl)) * st.mean(pnl) / spread if spread else None,
        "max_win_streak": 6 if pnl else 0,
        "max_loss_streak": 5 if pnl else 0,
        "avg_holding_minutes": st.mean((r["exit_ms"] - r["entry_ms"]) / MINUTE for r in rows)
        if rows
        else None,
        "exposure": 0.412 if rows else 0.0,
        "signals": 2 * len(pnl),
        "signals_per_day": 2 * len(pnl) / days,
    }


def grouped(rows: list[dict[str, Any]], keys: list[str], order: tuple[str, ...]) -> tuple[BreakdownRow, ...]:
    result = []
    for key in [key for key in order if key in keys] + sorted(set(keys) - set(order)):
        pnl = [row["pnl_r"] for row, own in zip(rows, keys, strict=True) if own == key]
        gains, losses = sum(x for x in pnl if x > 0), -sum(x for x in pnl if x < 0)
        result.append(
            BreakdownRow(
                key=key,
                trades=len(pnl),
                win_rate=sum(x > 0 for x in pnl) / len(pnl),
                net_r=sum(pnl),
                expectancy=st.mean(pnl),
                profit_factor=gains / losses if losses else None,
            )
        )
    return tuple(result)


def band(score: float) -> str:
    return "60-74" if score < 75 else "75-79" if score < 80 else "80-84" if score < 85 else "85+"


def sample(
    *,
    days: float = 31,
    count: int = 120,
    seed: int = 7,
    step_ms: int = MINUTE,
    edge: float = 0.78,
    empty: bool = False,
) -> Sample:
    """Build one run with about `count` positions, if the path leaves room for them; with none if `empty`."""
    random_ = random.Random(seed)
    price = price_path(random_, days, step_ms)
    rows = [] if empty else walk(random_, price, count, step_ms, edge)
    equity = equity_of(rows, price)
    closed = [row for row in rows if row["status"]]
    statistics = figures(closed, equity, days)
    regimes = random_.choices(("range", "trend", "high_vol"), weights=(5, 4, 1), k=len(closed))
    evaluations = int(days * DAY / 15_000)
    shares = {
        "warmup": DAY / (days * DAY),
        "no_direction_consensus": 0.39,
        "below_entry": 0.28,
        "low_vol": 0.11,
    }
    shares |= {
        "position_open": 0.0 if empty else 0.1,
        "whale": 0.03,
        "cooldown": 0.0 if empty else 0.004,
        "missing_feature:atr_5m": 0.0002,
    }
    held = {s: sorted(r["exit_ms"] - r["entry_ms"] for r in closed if r["status"] == s) for s in STATUSES}
    report = Report(
        header=Header(
            arbcore_version="0.1.0",
            symbol="BTCUSDT",
            preset="v53",
            strategy=STRATEGY | ({"entry_score": 75} if empty else {}),
            config_hash="5a1f09c37be2d4c8",
            data=Data(
                files=("BTCUSDT-aggTrades-2025-03.parquet",),
                first_ms=START + 12,
                last_ms=price["time_ms"][-1] + 14_988,
                trades=int(days * 1_412_339),
                gaps=2,
                missing_ids=47,
            ),
            from_ms=None,
            to_ms=None,
            warmup_ms=DAY,
            simulation=Simulation(
                fill="tape", latency_ms=50, slippage_bps=0.5, fee_rate=0.0005, max_positions=100
            ),
            sources=Sources(absent=("long_short_ratio", "open_interest", "obi_10"), disabled_gates=("obi",)),
            highest_total=72.9,
            warnings=("The highest total these sources can reach, 72.9, is below the entry score of 75.",)
            if empty
            else (),
        ),
        evaluations=evaluations,
        signals=int(statistics["signals"] or 0),
        open_positions=len(rows) - len(closed),
        statistics=statistics,
        verdict=judge(statistics),
        holding_times={
            s: HoldingTime(trades=len(v), median_ms=st.median(v), mean_ms=st.mean(v))
            for s, v in held.items()
            if v
        },
        breakdowns=Breakdowns(
            by_symbol=grouped(closed, [r["symbol"] for r in closed], ()),
            by_direction=grouped(closed, [r["direction"] for r in closed], ("LONG", "SHORT")),
            by_tier=grouped(closed, [r["tier"] for r in closed], ("light", "standard", "heavy")),
            by_regime=grouped(closed, regimes, ("range", "trend", "high_vol", "crash")),
            by_hour=grouped(closed, [f"{r['signal_ms'] // HOUR % 24:02}" for r in closed], ()),
            by_score_band=grouped(closed, [band(r["score"]) for r in closed], ()),
            by_status=grouped(closed, [r["status"] for r in closed], STATUSES),
            by_config_hash=grouped(closed, [r["config_hash"] for r in closed], ()),
        ),
        rejections={reason: int(share * evaluations) for reason, share in shares.items()},
        decision_hash="9d1c6a3be5f00d72c41e88aa0b5f6e1739c2d4e8f7a6b5c40918273645aabbcc",
        timing=Timing(total_s=0.742, read_s=0.31, replay_s=0.28, write_s=0.1, trades_per_s=59_006_000.0),
    )
    names = list(rows[0]) if rows else []
    return Sample(report, {name: [row[name] for row in rows] for name in names}, equity, price)
