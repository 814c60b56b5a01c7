"""Options that the commands share."""

# No lazy annotations here: the command line is made from them.
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class RunFlags:
    """How a run evaluates, fills and charges.

    Parameters
    ----------
    from_
        Score evaluations from this UTC time on. Features use all trades.
    to
        Score evaluations before this UTC time.
    warmup
        Trades before the first signal.
    every
        Time between evaluations.
    fill
        tape: by the trades printed after the decision. level: at evaluation price and levels.
    latency_ms
        Between decision and fill (tape).
    slippage_bps
        Against us on entry, stop, flip and timeout.
    fee_rate
        Fraction of notional on entry and each exit part.
    tp_maker
        Take-profits pay the maker fee.
    indicators
        Files with rows time_ms, available_ms, symbol, name, value. May be repeated.
    filters
        TOML file with lot_step and min_notional by symbol.
    ids
        What to do with trade ids that are not the next one.
    skip_bad
        Skip and count broken rows instead of stopping.
    """

    from_: Annotated[str | None, Parameter(name="--from")] = None
    to: str | None = None
    warmup: str = "24h"
    every: str = "15s"
    fill: Literal["tape", "level"] = "tape"
    latency_ms: int = 0
    slippage_bps: float = 0.0
    fee_rate: float = 0.0005
    tp_maker: bool = False
    indicators: list[Path] | None = None
    filters: Path | None = None
    ids: Literal["drop", "accept", "reject"] = "drop"
    skip_bad: bool = False

    def arguments(self, symbol: str) -> dict[str, Any]:
        """The same as keywords of `arbcore.backtest` and `arbcore.sweep`."""
        from arbcore.research.filters import read_filters

        return {
            "symbol": symbol,
            "start": self.from_,
            "end": self.to,
            "warmup": self.warmup,
            "every": self.every,
            "fill": self.fill,
            "latency_ms": self.latency_ms,
            "slippage_bps": self.slippage_bps,
            "fee_rate": self.fee_rate,
            "tp_maker": self.tp_maker,
            "indicators": self.indicators or None,
            "filters": None if self.filters is None else read_filters(self.filters).get(symbol),
            "ids": self.ids,
            "skip_bad": self.skip_bad,
        }
