"""What each statistic is called, how it is written, what it means and when it is undefined."""

import math
from dataclasses import dataclass
from typing import Literal

from arbcore.report import format as fmt
from arbcore.report.schema import Bound

Kind = Literal[
    "count",
    "percent",
    "r",
    "r_each",
    "r_size",
    "usdt",
    "usdt_size",
    "r_cost",
    "ratio",
    "pct",
    "pct_signed",
    "minutes",
]
"""How a value is written: `percent` takes a fraction, `pct` a value in percent."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One statistic as people see it."""

    label: str
    kind: Kind
    group: str
    meaning: str
    undefined: str = "It was not computed for this run."


_NO_TRADES = "Undefined: no position was closed."
_DAILY = "Undefined: it needs at least two daily returns"

_OUTCOME = "Outcome"
_TRADE = "Per trade"
_RISK = "Risk"
_COSTS = "Activity and costs"
_OTHER = "Further"
GROUPS = (_OUTCOME, _TRADE, _RISK, _COSTS, _OTHER)

ENTRIES: dict[str, Entry] = {
    "total_trades": Entry(
        "Trades", "count", _OUTCOME, "Closed positions; one still open at the end is not counted."
    ),
    "net_r": Entry("Net result", "r", _OUTCOME, "Sum of pnl_r: after fees and funding.", _NO_TRADES),
    "net_usdt": Entry("Net result", "usdt", _OUTCOME, "Sum of pnl_usdt: after fees and funding.", _NO_TRADES),
    "gross_r": Entry("Gross result", "r", _OUTCOME, "Before fees and funding.", _NO_TRADES),
    "win_rate": Entry("Win rate", "percent", _OUTCOME, "Share of trades with pnl_r > 0.", _NO_TRADES),
    "winning_trades": Entry("Winners", "count", _OUTCOME, "Trades with pnl_r > 0."),
    "losing_trades": Entry("Losers", "count", _OUTCOME, "Trades with pnl_r < 0."),
    "long_trades": Entry("Long trades", "count", _OUTCOME, "Closed long positions."),
    "short_trades": Entry("Short trades", "count", _OUTCOME, "Closed short positions."),
    "return_pct": Entry(
        "Return", "pct_signed", _OUTCOME, "Growth of mark-to-market equity.", "Undefined: no equity marks."
    ),
    "profit_factor": Entry(
        "Profit factor",
        "ratio",
        _OUTCOME,
        "Sum of gains over sum of losses, in R.",
        "Undefined: no trade lost.",
    ),
    "expectancy": Entry("Expectancy", "r_each", _TRADE, "Mean pnl_r of a trade.", _NO_TRADES),
    "avg_win_r": Entry(
        "Average win", "r_each", _TRADE, "Mean pnl_r of the winners.", "Undefined: no trade won."
    ),
    "avg_loss_r": Entry(
        "Average loss", "r_each", _TRADE, "Mean pnl_r of the losers.", "Undefined: no trade lost."
    ),
    "payoff_ratio": Entry(
        "Payoff ratio",
        "ratio",
        _TRADE,
        "Average win over average loss, sizes.",
        "Undefined: it needs at least one win and one loss.",
    ),
    "best_r": Entry("Best trade", "r_each", _TRADE, "Greatest pnl_r.", _NO_TRADES),
    "worst_r": Entry("Worst trade", "r_each", _TRADE, "Least pnl_r.", _NO_TRADES),
    "std_r": Entry(
        "Standard deviation",
        "r_size",
        _TRADE,
        "Sample standard deviation of pnl_r.",
        "Undefined: it needs at least two trades.",
    ),
    "max_win_streak": Entry(
        "Longest winning streak", "count", _TRADE, "Consecutive trades with pnl_r > 0.", _NO_TRADES
    ),
    "max_loss_streak": Entry(
        "Longest losing streak", "count", _TRADE, "Consecutive trades with pnl_r < 0.", _NO_TRADES
    ),
    "max_drawdown_pct": Entry(
        "Max drawdown",
        "pct",
        _RISK,
        "Deepest fall below the running peak of mark-to-market equity.",
        "Undefined: no equity marks.",
    ),
    "max_drawdown_r": Entry("Max drawdown", "r_size", _RISK, "The same in R.", "Undefined: no equity marks."),
    "max_drawdown_usdt": Entry(
        "Max drawdown", "usdt_size", _RISK, "The same in USDT.", "Undefined: no equity marks."
    ),
    "sharpe": Entry(
        "Sharpe",
        "ratio",
        _RISK,
        "Mean over standard deviation of daily mark-to-market returns, × √365.",
        f"{_DAILY} that differ.",
    ),
    "sortino": Entry(
        "Sortino",
        "ratio",
        _RISK,
        "Mean of daily returns over their downside deviation, × √365.",
        f"{_DAILY}, one of them negative.",
    ),
    "calmar": Entry(
        "Calmar",
        "ratio",
        _RISK,
        "Return annualised on 365 days over the deepest drawdown.",
        f"{_DAILY} and a drawdown above zero.",
    ),
    "sharpe_per_trade": Entry(
        "Sharpe per trade",
        "ratio",
        _RISK,
        "Mean over standard deviation of pnl_r, not annualised.",
        "Undefined: it needs at least two trades that differ.",
    ),
    "sqn": Entry(
        "SQN",
        "ratio",
        _RISK,
        "System quality number: √n · mean / standard deviation of pnl_r.",
        "Undefined: it needs at least two trades that differ.",
    ),
    "avg_holding_minutes": Entry("Average time held", "minutes", _COSTS, "From entry to exit.", _NO_TRADES),
    "exposure": Entry(
        "Exposure",
        "percent",
        _COSTS,
        "Share of the scored time with a position open.",
        "Undefined: no time was scored.",
    ),
    "signals": Entry(
        "Signals", "count", _COSTS, "Evaluations that passed the gates, the entry score and the cooldown."
    ),
    "signals_per_day": Entry(
        "Signals per day",
        "ratio",
        _COSTS,
        "Signals over the days that were scored.",
        "Undefined: no time was scored.",
    ),
    "fees_share_of_gross": Entry(
        "Fees, share of gross",
        "percent",
        _COSTS,
        "Fees over the gross result.",
        "Undefined: the gross result is not above zero.",
    ),
    "flip_loss_r": Entry(
        "Lost by flips", "r", _COSTS, "Sum of pnl_r of trades closed by signal_flip at a loss.", _NO_TRADES
    ),
    "fee_r": Entry("Fees", "r_size", _COSTS, "Fees in R.", _NO_TRADES),
    "funding_r": Entry("Funding paid", "r_cost", _COSTS, "Funding in R; positive is a cost.", _NO_TRADES),
}

TINTED: frozenset[Kind] = frozenset({"r", "r_each", "usdt"})
"""Kinds whose sign is good or bad news, and is coloured."""

KEY_NUMBERS = (
    "net_r",
    "net_usdt",
    "total_trades",
    "win_rate",
    "profit_factor",
    "expectancy",
    "max_drawdown_pct",
    "sharpe",
)
"""What the first glance shows, in this order."""

STATUS_MEANING: dict[str, str] = {
    "tp": "both take-profits (TP1, TP2)",
    "sl": "stop-loss",
    "sl_be": "stop at break-even, after TP1",
    "timeout": "held as long as allowed",
    "signal_flip": "closed by an opposite signal",
}

REASON_MEANING: dict[str, str] = {
    "warmup": "too little history so far",
    "low_vol": "ATR over price is too low",
    "no_direction_consensus": "fast and slow CVD disagree",
    "whale": "whale flow against the direction",
    "obi": "order-book imbalance against the direction",
    "spot_perp": "spot–perp divergence against the direction",
    "spot_cvd": "spot CVD against the direction",
    "below_entry": "total below the entry score",
    "direction": "direction not allowed for this strategy",
    "cooldown": "too soon after the last signal",
    "position_open": "a position was open or pending",
    "max_positions": "too many positions in all",
    "min_notional": "order below the exchange's minimum",
}


_UNITS: dict[Kind, str] = {
    "percent": " %",
    "pct": " %",
    "pct_signed": " %",
    "r": " R",
    "r_cost": " R",
    "r_each": " R",
    "r_size": " R",
    "usdt": " USDT",
    "usdt_size": " USDT",
}


def entry(name: str) -> Entry:
    """Describe a statistic; one that is not in the catalogue is described from its name's unit."""
    known = ENTRIES.get(name)
    if known is not None:
        return known
    kind: Kind = "ratio"
    if name.endswith("_r"):
        kind = "r"
    elif name.endswith("_usdt"):
        kind = "usdt"
    elif name.endswith(("_rate", "_share")):
        kind = "percent"
    elif name.endswith("_pct"):
        kind = "pct"
    elif name.endswith("_minutes"):
        kind = "minutes"
    elif name.endswith(("_count", "trades", "_streak")):
        kind = "count"
    return Entry(fmt.words(name).capitalize(), kind, _OTHER, name)


def write(kind: Kind, value: float | None) -> str:
    """Write a value with its unit."""
    if value is None or not math.isfinite(value):
        return fmt.UNDEFINED
    match kind:
        case "count":
            return fmt.number(value, 0 if float(value).is_integer() else 2)
        case "percent":
            return fmt.percent(value)
        case "pct":
            return fmt.number(value, 2) + " %"
        case "pct_signed":
            return fmt.number(value, 2, signed=True) + " %"
        case "minutes":
            return fmt.span(value * 60_000)
        case "r" | "r_cost":
            return fmt.number(value, 2, signed=True) + " R"
        case "r_each":
            return fmt.number(value, 3, signed=True) + " R"
        case "r_size":
            return fmt.number(value, 2) + " R"
        case "usdt":
            return fmt.number(value, _cents(value), signed=True) + " USDT"
        case "usdt_size":
            return fmt.number(value, _cents(value)) + " USDT"
        case "ratio":
            return fmt.number(value, 2)


def _cents(value: float) -> int:
    return 2 if abs(value) < 100_000 else 0


def statistic(name: str, value: float | None) -> str:
    """Write the value of a named statistic with its unit."""
    return write(entry(name).kind, value)


def explain(name: str, value: float | None) -> str:
    """What the statistic means and, where it is undefined, why."""
    described = entry(name)
    return f"{described.meaning} {described.undefined}" if value is None else described.meaning


def bound(name: str, limit: Bound) -> str:
    """Write a pass line in the unit of its statistic: `≥ 45 %`, `2 to 8`, `> 0 R`."""
    kind = entry(name).kind
    scale = 100 if kind == "percent" else 1
    unit = _UNITS.get(kind, "")

    def value(number: float) -> str:
        return fmt.plain_number(round(number * scale, 8))

    if limit.at_least is not None and limit.at_most is not None:
        return f"{value(limit.at_least)} to {value(limit.at_most)}{unit}"
    parts = [
        f"{sign} {value(number)}{unit}"
        for sign, number in (("≥", limit.at_least), ("≤", limit.at_most), (">", limit.above))
        if number is not None
    ]
    return ", ".join(parts)


def reason_meaning(reason: str) -> str:
    """Say in words why an evaluation gave no entry."""
    kind, _, subject = reason.partition(":")
    if kind == "missing_feature":
        return f"no fresh value of {subject}"
    if kind == "risk":
        return f"refused by the rule {subject}"
    return REASON_MEANING.get(reason, "")
