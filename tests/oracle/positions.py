"""One strategy on one tape: signals, cooldown, flips, fills, exits trade by trade, costs.

Where the definitions leave it open:
- while anything is pending, no evaluation flips; what passes is still a signal (`position_open`).
- sizing and the minimum notional use the evaluation's price, the risk distance its ATR.
- `sl_price` of a trade is the stop as first placed.
- a close-only flip whose position left by another exit vanishes.
- a flip on the trade that fills it comes before every other exit of the old position on that trade.
- the trailing stop is reached at the level or beyond, under both fill models, and follows raw trade prices.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import rules
from .features import Floors, features_at, floors_of
from .indicators import Sample, indicators_at, settlement, settlement_times, sources_of
from .score import evaluate
from .tape import DAY, EVAL_INTERVAL, MINUTE, Tape, Trade, evaluation_times

if TYPE_CHECKING:
    from .params import Params

Row = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    fill: str = "tape"
    latency_ms: int = 0
    slippage_bps: float = 0.0
    lot_step: float = 0.001
    min_notional: float = 0.0
    fee_rate: float = 0.0005
    maker_fee_rate: float = 0.0002
    tp_maker: bool = False
    warmup_ms: int = DAY
    start_ms: int | None = None
    end_ms: int | None = None
    funding_interval_hours: int = 8
    floors: Floors | None = None


@dataclass
class Position:
    """A position and all that happened to it. Fees and funding are lists of (time, cost in R)."""

    side: int
    signal_ms: int
    entry_ms: int
    entry_price: float
    qty: float
    risk_distance: float
    atr: float
    sl_price: float
    tp1_price: float
    tp2_price: float
    score: float
    tier: str
    regime: str
    stop: float
    best: float
    trails: bool = False
    tp1_ms: int | None = None
    exit_ms: int | None = None
    exit_price: float | None = None
    status: str | None = None
    fees: list[tuple[int, float]] = field(default_factory=list)
    funding: list[tuple[int, float]] = field(default_factory=list)

    def gross_r(self, price: float) -> float:
        """R before costs if all that is open left at `price`."""
        rest = self.side * (price - self.entry_price) / self.risk_distance
        if self.tp1_ms is None:
            return rest
        return 0.5 * (self.side * (self.tp1_price - self.entry_price) / self.risk_distance) + 0.5 * rest

    def row(self) -> dict[str, Any]:
        """The columns of trades.parquet; null results while open."""
        closed = self.exit_price is not None
        gross = self.gross_r(self.exit_price) if self.exit_price is not None else None
        fee, paid = sum(r for _, r in self.fees), sum(r for _, r in self.funding)
        net = gross - fee - paid if gross is not None else None
        return {
            "direction": "LONG" if self.side > 0 else "SHORT",
            "score": self.score,
            "tier": self.tier,
            "signal_ms": self.signal_ms,
            "entry_ms": self.entry_ms,
            "entry_price": self.entry_price,
            "qty": self.qty,
            "risk_distance": self.risk_distance,
            "sl_price": self.sl_price,
            "tp1_price": self.tp1_price,
            "tp2_price": self.tp2_price,
            "tp1_ms": self.tp1_ms,
            "exit_ms": self.exit_ms,
            "exit_price": self.exit_price,
            "status": self.status or ("active" if self.tp1_ms is None else "tp1_hit"),
            "gross_r": gross,
            "fee_r": fee if closed else None,
            "funding_r": paid if closed else None,
            "pnl_r": net,
            "pnl_usdt": net * self.qty * self.risk_distance if net is not None else None,
        }


@dataclass(frozen=True)
class Entry:
    """An entry decided at an evaluation, filled there (`level`) or by a later trade (`tape`)."""

    side: int
    signal_ms: int
    qty: float
    atr: float
    score: float
    tier: str
    regime: str


@dataclass(frozen=True)
class Pending:
    t_ms: int
    flips: bool
    entry: Entry | None


class Replay:
    """Feed trades and evaluations in order."""

    def __init__(self, tape: Tape, p: Params, settings: Settings, samples: list[Sample]) -> None:
        self.tape, self.p, self.settings, self.samples = tape, p, settings, samples
        self.sources = sources_of(samples)
        self.positions: list[Position] = []
        self.pending: Pending | None = None
        self.last_signal_ms: int | None = None
        self.last_trade_ms: int | None = None
        self.cascade = rules.Cascade()
        self.decisions: list[dict[str, Any]] = []

    @property
    def open_position(self) -> Position | None:
        return self.positions[-1] if self.positions and self.positions[-1].status is None else None

    # --- evaluations ---

    def on_evaluation(self, row: dict[str, Any]) -> None:
        self.cascade.update(row)
        t, p, s = row["t_ms"], self.p, self.settings
        if (s.start_ms is not None and t < s.start_ms) or (s.end_ms is not None and t >= s.end_ms):
            return
        decision = evaluate(row, p, self.sources)
        side, total, reason = decision["side"], decision["tenths"] / 10, decision["reason"]
        is_signal = flips = False
        entry: Entry | None = None
        if reason is None and total < p.entry_score:
            reason = "below_entry"
        if reason is None and p.direction == ("short_only" if side > 0 else "long_only"):
            reason = "direction"
        if reason is None:
            old = self.open_position
            flips = (
                old is not None and old.side != side and total >= p.flip_threshold and self.pending is None
            )
            wait = rules.cooldown_ms(t, side, p, self.positions)
            if self.last_signal_ms is not None and t - self.last_signal_ms < wait:
                reason = "cooldown"
            else:
                is_signal = True
                self.last_signal_ms = t
                reason, entry = self.entry_for(row, decision, flips)
        self.decisions.append(
            {
                **decision,
                "reason": reason,
                "is_signal": is_signal,
                "flips": flips,
                "enters": entry is not None,
            }
        )
        if flips or entry:
            self.place(Pending(t, flips, entry), row["price"])

    def entry_for(
        self, row: dict[str, Any], decision: dict[str, Any], flips: bool
    ) -> tuple[str | None, Entry | None]:
        """What a signal leads to: a reason against an entry, or the entry."""
        side, tenths, tier = decision["side"], decision["tenths"], decision["tier"]
        if (self.open_position or self.pending) and not flips:
            return "position_open", None
        waiting = [self.pending.entry.signal_ms] if self.pending and self.pending.entry else []
        rule = rules.risk_rule(row, side, tenths, self.p, self.positions, waiting, self.cascade)
        if rule:
            return rule, None
        qty = rules.quantity(row, side, tier, self.p, self.settings)
        if qty is None:
            return "min_notional", None
        atr = rules.risk_atr(row, self.p)
        return None, Entry(side, row["t_ms"], qty, atr, tenths / 10, tier, decision["regime"])

    def place(self, pending: Pending, price: float) -> None:
        if self.settings.fill == "level":
            self.fill(pending, pending.t_ms, price)
        else:
            self.pending = pending

    # --- fills ---

    def slipped(self, price: float, side: int) -> float:
        """A buy (side 1) pays more, a sell receives less."""
        return price * (1.0 + side * self.settings.slippage_bps / 10_000.0)

    def fill(self, pending: Pending, time_ms: int, price: float) -> None:
        old = self.open_position
        if pending.flips and old is not None:
            self.close(old, time_ms, self.slipped(price, -old.side), "signal_flip")
        if pending.entry is not None:
            self.open(pending.entry, time_ms, self.slipped(price, pending.entry.side))

    def open(self, e: Entry, time_ms: int, price: float) -> None:
        distance = self.p.sl_atr_multiplier * e.atr
        stop = price - e.side * distance
        position = Position(
            side=e.side,
            signal_ms=e.signal_ms,
            entry_ms=time_ms,
            entry_price=price,
            qty=e.qty,
            risk_distance=distance,
            atr=e.atr,
            sl_price=stop,
            tp1_price=price + e.side * (self.p.tp1_ratio * distance),
            tp2_price=price + e.side * (self.p.tp2_ratio * distance),
            score=e.score,
            tier=e.tier,
            regime=e.regime,
            stop=stop,
            best=price,
        )
        self.positions.append(position)
        self.pay_fee(position, time_ms, price, 1.0, self.settings.fee_rate)

    def pay_fee(self, q: Position, time_ms: int, price: float, part: float, rate: float) -> None:
        q.fees.append((time_ms, price * (q.qty * part) * rate / (q.qty * q.risk_distance)))

    def close(self, q: Position, time_ms: int, price: float, status: str) -> None:
        q.exit_ms, q.exit_price, q.status = time_ms, price, status
        maker = status == "tp" and self.settings.tp_maker
        rate = self.settings.maker_fee_rate if maker else self.settings.fee_rate
        self.pay_fee(q, time_ms, price, 1.0 if q.tp1_ms is None else 0.5, rate)

    # --- trades ---

    def on_trade(self, trade: Trade) -> None:
        self.settle_funding(trade)
        self.last_trade_ms = trade.time_ms
        price = self.tape.grid.price(trade.price_ticks)
        if self.pending and trade.time_ms > self.pending.t_ms + self.settings.latency_ms:
            due, self.pending = self.pending, None
            self.fill(due, trade.time_ms, price)
            return
        if self.open_position:
            self.check_exits(self.open_position, trade.time_ms, price)

    def check_exits(self, q: Position, time_ms: int, price: float) -> None:
        on_tape = self.settings.fill == "tape"
        side, level_only = q.side, not on_tape

        def takes(level: float) -> bool:
            return side * price > side * level or (level_only and price == level)

        if side * price <= side * q.stop:
            status = "sl" if q.tp1_ms is None else "sl_be"
            self.close(q, time_ms, self.slipped(price if on_tape else q.stop, -side), status)
            return
        q.best = max(q.best, price) if side > 0 else min(q.best, price)
        if q.tp1_ms is None and takes(q.tp1_price):
            q.tp1_ms = time_ms
            rate = self.settings.maker_fee_rate if self.settings.tp_maker else self.settings.fee_rate
            self.pay_fee(q, time_ms, q.tp1_price, 0.5, rate)
            q.stop = q.entry_price + side * (self.p.be_buffer_atr * q.atr)
        if q.tp1_ms is not None and not self.p.trailing and takes(q.tp2_price):
            self.close(q, time_ms, q.tp2_price, "tp")
            return
        if self.p.trailing and q.tp1_ms is not None:
            q.trails = q.trails or side * price >= side * q.tp2_price
            if q.trails:
                q.stop = side * max(side * q.stop, side * (q.best - side * q.risk_distance))
        if time_ms >= q.entry_ms + self.p.timeout_minutes * MINUTE:
            self.close(q, time_ms, self.slipped(price, -side), "timeout")

    def settle_funding(self, trade: Trade) -> None:
        """Charge every settlement in (previous trade, this trade], before this trade does anything."""
        q = self.open_position
        if q is None or self.last_trade_ms is None:
            return
        hours = self.settings.funding_interval_hours
        for time_ms in settlement_times(self.last_trade_ms, trade.time_ms, hours):
            due = settlement(self.samples, self.tape, time_ms)
            if due is not None and q.entry_ms < time_ms:
                part = 1.0 if q.tp1_ms is None else 0.5
                cost = q.side * due.rate * (q.qty * part) * due.mark
                q.funding.append((time_ms, cost / (q.qty * q.risk_distance)))


def feature_rows(tape: Tape, settings: Settings, samples: list[Sample], symbol: str) -> list[dict[str, Any]]:
    """The rows a strategy sees; they depend on no strategy and may be shared between replays."""
    floors = settings.floors or floors_of(symbol)
    return [
        features_at(tape, t, every_ms=EVAL_INTERVAL, warmup_ms=settings.warmup_ms, floors=floors)
        | indicators_at(samples, t)
        for t in evaluation_times(tape)
    ]


def replay(
    tape: Tape,
    p: Params,
    settings: Settings,
    samples: list[Sample] | None = None,
    rows: list[dict[str, Any]] | None = None,
) -> Replay:
    """Run one strategy over the tape: trades with time <= t, then the evaluation at t."""
    samples = samples or []
    run = Replay(tape, p, settings, samples)
    trades = iter(tape.trades)
    trade = next(trades, None)
    for row in feature_rows(tape, settings, samples, p.symbol) if rows is None else rows:
        while trade is not None and trade.time_ms <= row["t_ms"]:
            run.on_trade(trade)
            trade = next(trades, None)
        run.on_evaluation(row)
    while trade is not None:
        run.on_trade(trade)
        trade = next(trades, None)
    return run
