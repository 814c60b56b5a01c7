"""The tape: aggregated trades on an integer grid, in agg_id order, with times that never fall."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Any, NamedTuple

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EVAL_INTERVAL = 15 * SECOND


class Grid(NamedTuple):
    """A price is `ticks / 10**price_decimals`, a quantity `lots / 10**qty_decimals`."""

    price_decimals: int
    qty_decimals: int

    def price(self, ticks: int) -> float:
        return ticks / 10**self.price_decimals

    def qty(self, lots: int) -> float:
        return lots / 10**self.qty_decimals

    def usd(self, ticks_times_lots: int) -> float:
        return ticks_times_lots / 10 ** (self.price_decimals + self.qty_decimals)


class Trade(NamedTuple):
    """One aggregated trade; `is_buyer_maker` false means the taker bought."""

    agg_id: int | None
    time_ms: int
    price_ticks: int
    qty_lots: int
    is_buyer_maker: bool
    first_id: int | None = None
    last_id: int | None = None

    @property
    def signed_lots(self) -> int:
        return -self.qty_lots if self.is_buyer_maker else self.qty_lots


class IdError(ValueError):
    """The policy `reject` met an id that is not the next one."""


@dataclass
class Admitted:
    """What an id policy let through, and what it counted."""

    trades: list[Trade] = field(default_factory=list)
    raised: int = 0
    dropped: int = 0
    late: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)

    @property
    def missing_ids(self) -> int:
        return sum(last - first + 1 for first, last in self.gaps)


def admit(trades: list[Trade], policy: str = "drop") -> Admitted:
    """Apply the id policy, then raise every time that lies below its predecessor's.

    `reject`: anything but the next id is an error. `drop`: ids not above the last are dropped, skipped ids
    become gaps. `accept`: as `drop`, but an id inside a recorded gap is taken when it arrives. An id below
    the very first one lies in no recorded gap and is dropped under both.
    """
    out = Admitted()
    missing: set[int] = set()
    last_id: int | None = None
    last_time: int | None = None
    for trade in trades:
        if trade.agg_id is not None:
            if last_id is None or trade.agg_id == last_id + 1:
                last_id = trade.agg_id
            elif policy == "reject":
                raise IdError(f"id {trade.agg_id} after {last_id}")
            elif trade.agg_id > last_id:
                missing.update(range(last_id + 1, trade.agg_id))
                last_id = trade.agg_id
            elif policy == "accept" and trade.agg_id in missing:
                missing.remove(trade.agg_id)
                out.late += 1
            else:
                out.dropped += 1
                continue
        if last_time is not None and trade.time_ms < last_time:
            trade = trade._replace(time_ms=last_time)  # noqa: PLW2901
            out.raised += 1
        last_time = trade.time_ms
        out.trades.append(trade)
    for missing_id in sorted(missing):
        if out.gaps and out.gaps[-1][1] == missing_id - 1:
            out.gaps[-1] = (out.gaps[-1][0], missing_id)
        else:
            out.gaps.append((missing_id, missing_id))
    return out


class Tape:
    """Admitted trades of one symbol. `memo` only spares repeated scans of the very same window."""

    def __init__(self, trades: list[Trade], grid: Grid) -> None:
        times = [trade.time_ms for trade in trades]
        assert times == sorted(times), "admit() comes first"
        self.trades = trades
        self.times = times
        self.grid = grid
        self.memo: dict[Any, Any] = {}

    def closed_window(self, t: int, length_ms: int) -> list[Trade]:
        """Trades with `t - length_ms <= time_ms <= t`."""
        return self.trades[bisect_left(self.times, t - length_ms) : bisect_right(self.times, t)]

    def half_open_window(self, t: int, length_ms: int) -> list[Trade]:
        """Trades with `t - length_ms < time_ms <= t`."""
        return self.trades[bisect_right(self.times, t - length_ms) : bisect_right(self.times, t)]

    def last_at(self, t: int) -> Trade | None:
        """The last trade with `time_ms <= t`."""
        count = bisect_right(self.times, t)
        return self.trades[count - 1] if count else None

    def last_before(self, t: int) -> Trade | None:
        """The last trade with `time_ms < t`."""
        count = bisect_left(self.times, t)
        return self.trades[count - 1] if count else None


def evaluation_times(tape: Tape, every_ms: int = EVAL_INTERVAL) -> list[int]:
    """Multiples of `every_ms` from the first >= the first trade to the last <= the last trade."""
    if not tape.trades:
        return []
    first = -(-tape.times[0] // every_ms) * every_ms
    last = tape.times[-1] // every_ms * every_ms
    return list(range(first, last + 1, every_ms))
