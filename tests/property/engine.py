"""The only place where the property tests touch arbcore's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import arbcore
from oracle.params import Params, defaults, preset

if TYPE_CHECKING:
    import polars as pl

    from oracle.indicators import Sample
    from oracle.positions import Settings
    from oracle.tape import Grid, Trade

# The oracle's parameter names where the API's differ.
FIELD_NAMES = {
    "adaptive_cooldown": "rule_adaptive_cooldown",
    "hour_filter": "rule_hour_filter",
    "funding_bias": "rule_funding_bias",
    "dual_atr": "rule_dual_atr",
    "cascade": "rule_cascade",
}
STATISTICS = [
    "total_trades",
    "win_rate",
    "profit_factor",
    "expectancy",
    "avg_win_r",
    "avg_loss_r",
    "payoff_ratio",
    "std_r",
    "sharpe_per_trade",
    "sqn",
    "max_win_streak",
    "max_loss_streak",
    "fees_share_of_gross",
    "sharpe",
    "sortino",
    "calmar",
    "max_drawdown_r",
    "max_drawdown_usdt",
    "max_drawdown_pct",
]
SUMS = ["net_r", "gross_r", "fee_r", "funding_r", "net_usdt", "flip_loss_r"]  # may be null without trades
LAYERS = ["direction", "crowding", "environment", "auxiliary", "confirmation", "funding", "liquidation"]


def exact_text(units: int, decimals: int) -> str:
    """`units / 10**decimals` without rounding."""
    if decimals == 0:
        return str(units)
    return f"{units // 10**decimals}.{units % 10**decimals:0{decimals}d}"


def trades_frame(trades: list[Trade], grid: Grid) -> pl.DataFrame:
    """The trades as a quant holds them: decimal text, milliseconds."""
    import polars as pl

    columns: dict[str, Any] = {
        "price": pl.Series([exact_text(t.price_ticks, grid.price_decimals) for t in trades], dtype=pl.String),
        "quantity": pl.Series([exact_text(t.qty_lots, grid.qty_decimals) for t in trades], dtype=pl.String),
        "transact_time": pl.Series([t.time_ms for t in trades], dtype=pl.Int64),
        "is_buyer_maker": pl.Series([t.is_buyer_maker for t in trades], dtype=pl.Boolean),
    }
    for column, name in (
        ("agg_trade_id", "agg_id"),
        ("first_trade_id", "first_id"),
        ("last_trade_id", "last_id"),
    ):
        values = [getattr(t, name) for t in trades]
        if trades and None not in values:
            columns[column] = pl.Series(values, dtype=pl.Int64)
    return pl.DataFrame(columns)


def samples_frame(samples: list[Sample], symbol: str) -> pl.DataFrame | None:
    import polars as pl

    if not samples:
        return None
    rows = [(s.time_ms, s.available_ms, symbol, s.name, float(s.value)) for s in samples]
    return pl.DataFrame(rows, schema=["time_ms", "available_ms", "symbol", "name", "value"], orient="row")


def decimals(grid: Grid) -> dict[str, int]:
    return {"price_decimals": grid.price_decimals, "qty_decimals": grid.qty_decimals}


def milliseconds(duration: int) -> str:
    assert duration % 1_000 == 0
    return f"{duration // 1_000}s"


def features(
    trades: list[Trade], grid: Grid, *, symbol: str, every_ms: int, warmup_ms: int
) -> list[dict[str, Any]]:
    frame = arbcore.features(
        trades_frame(trades, grid),
        symbol=symbol,
        every=milliseconds(every_ms),
        warmup=milliseconds(warmup_ms),
        **decimals(grid),
    )
    return rows(frame)


def bars(trades: list[Trade], grid: Grid, *, symbol: str, frame: str, partial: bool) -> list[dict[str, Any]]:
    return rows(
        arbcore.bars(
            trades_frame(trades, grid), symbol=symbol, intervals=[frame], partial=partial, **decimals(grid)
        )
    )


def tape(grid: Grid, symbol: str) -> Any:
    return arbcore.Tape(symbol=symbol, **decimals(grid))


def push(target: Any, trade: Trade, grid: Grid) -> None:
    price, qty = (
        exact_text(trade.price_ticks, grid.price_decimals),
        exact_text(trade.qty_lots, grid.qty_decimals),
    )
    target.push(trade.agg_id, trade.time_ms, price, qty, trade.is_buyer_maker)


def push_many(target: Any, trades: list[Trade], grid: Grid) -> None:
    target.push_many(trades_frame(trades, grid))


def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.to_dicts()


def strategy(name: str | None, symbol: str, overrides: dict[str, Any]) -> Any:
    """A preset (or the symbol's defaults) with fields replaced."""
    from arbcore.model import Strategy
    from arbcore.presets import preset as named

    fields = {FIELD_NAMES.get(field, field): value for field, value in overrides.items()}
    return Strategy(symbol=symbol, **fields) if name is None else named(name, symbol).replace(**fields)


def params(name: str | None, symbol: str, overrides: dict[str, Any]) -> Params:
    """The same for the oracle."""
    from dataclasses import replace

    return replace(defaults(symbol) if name is None else preset(name, symbol), **overrides)


def backtest(
    trades: list[Trade], grid: Grid, strategy: Any, settings: Settings, samples: list[Sample]
) -> Any:
    symbol = strategy.symbol
    return arbcore.backtest(
        trades_frame(trades, grid),
        symbol=symbol,
        strategy=strategy,
        warmup=milliseconds(settings.warmup_ms),
        fill=settings.fill,
        latency_ms=settings.latency_ms,
        slippage_bps=settings.slippage_bps,
        indicators=samples_frame(samples, symbol),
        start=settings.start_ms,
        end=settings.end_ms,
        all_evaluations=True,
        filters={"lot_step": settings.lot_step, "min_notional": settings.min_notional},
        **decimals(grid),
    )


def sweep(trades: list[Trade], grid: Grid, strategies: list[Any], settings: Settings) -> list[dict[str, Any]]:
    result = arbcore.sweep(
        trades_frame(trades, grid),
        symbol=strategies[0].symbol,
        strategies=strategies,
        warmup=milliseconds(settings.warmup_ms),
        fill=settings.fill,
        latency_ms=settings.latency_ms,
        slippage_bps=settings.slippage_bps,
        filters={"lot_step": settings.lot_step, "min_notional": settings.min_notional},
        **decimals(grid),
    )
    return rows(result.rows)


def decisions(result: Any) -> list[dict[str, Any]]:
    """Every evaluation: t_ms, side, score, reason (None for an entry), what it led to, points by layer."""
    out = []
    for row in rows(result.signals):
        layers = {layer: row[f"layer_{layer}"] for layer in LAYERS if row.get(f"layer_{layer}") is not None}
        out.append(
            {
                "t_ms": row["t_ms"],
                "side": 1 if row["direction"] == "LONG" else -1,
                "score": row["score"],
                "reason": row["reason"] or None,
                "is_signal": row["signal"],
                "flips": row["flip"],
                "enters": row["entry"],
                "regime": row["regime"],
                "points": layers,
            }
        )
    return out


def statistics(result: Any) -> dict[str, Any]:
    found: dict[str, Any] = result.report["statistics"]
    return found


def highest_reachable(result: Any) -> float:
    return float(result.report["header"]["highest_total"])
