"""Options of a run that are not the strategy's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from arbcore.errors import ConfigError
from arbcore.units import duration_ms, time_ms

if TYPE_CHECKING:
    from datetime import datetime

FILLS = ("tape", "level")
ID_POLICIES = ("drop", "accept", "reject")
FOREVER_MS = 2**62


class RunOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a run evaluates, fills and charges.

    Attributes
    ----------
    every_ms : int
        Milliseconds between evaluations.
    warmup_ms : int
        Milliseconds of trades before the first signal.
    from_ms, to_ms : int
        Evaluations with ``from_ms <= t < to_ms`` are scored.
    fill : str
        ``tape`` (by the trades printed) or ``level`` (at evaluation price and levels).
    latency_ms : int
        Between decision and fill, ``tape`` only.
    slippage_bps : float
        Against us on entry, stop, flip and timeout.
    fee_rate, tp_maker_fee_rate : float
        Fractions of notional; the second on take-profits with ``tp_maker``.
    max_positions : int
        Open or pending at once.
    funding_interval_hours : int
        Between funding settlements.
    ids : str
        ``drop``, ``accept`` or ``reject``: what to do with ids that are not the next one.
    """

    every_ms: int = 15_000
    warmup_ms: int = 86_400_000
    from_ms: int = -FOREVER_MS
    to_ms: int = FOREVER_MS
    fill: str = "tape"
    latency_ms: int = 0
    slippage_bps: float = 0.0
    fee_rate: float = 0.0005
    tp_maker: bool = False
    tp_maker_fee_rate: float = 0.0002
    max_positions: int = 100
    funding_interval_hours: int = 8
    ids: str = "drop"

    @classmethod
    def read(
        cls,
        *,
        start: str | int | datetime | None = None,
        end: str | int | datetime | None = None,
        warmup: str | int = "24h",
        every: str | int = "15s",
        **venue: Any,
    ) -> RunOptions:
        """Make options of times and durations as people write them; ``venue`` are further fields.

        Raises
        ------
        InputError, ConfigError
            If one of them is not acceptable.
        """
        return cls(
            every_ms=duration_ms(every, "every"),
            warmup_ms=duration_ms(warmup, "warmup"),
            from_ms=-FOREVER_MS if start is None else time_ms(start, "from"),
            to_ms=FOREVER_MS if end is None else time_ms(end, "to"),
            **venue,
        )

    def __post_init__(self) -> None:
        for field, value, allowed in (("fill", self.fill, FILLS), ("ids", self.ids, ID_POLICIES)):
            if value not in allowed:
                message = f"{field} = {value!r}: must be one of {', '.join(allowed)}"
                raise ConfigError(message)
        if self.from_ms >= self.to_ms:
            message = f"from = {self.from_ms}: must be before to = {self.to_ms}"
            raise ConfigError(message)
        if not 1 <= self.funding_interval_hours <= 24:
            message = f"funding_interval_hours = {self.funding_interval_hours}: must be between 1 and 24"
            raise ConfigError(message)

    def for_core(
        self,
        lot_step: float,
        min_notional: float,
        *,
        extra_windows_ms: tuple[int, ...] = (),
        percentile_floors: tuple[int, int] | None = None,
    ) -> dict[str, object]:
        """Make the dictionary that the compiled core reads."""
        return {
            **msgspec.structs.asdict(self),
            "lot_step": lot_step,
            "min_notional": min_notional,
            "extra_windows_ms": list(extra_windows_ms),
            "percentile_floors": percentile_floors,
        }
