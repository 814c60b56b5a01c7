"""The tape: trades of one symbol as exact integer columns, with the features over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arbcore._arbcore import Tape as CoreTape
from arbcore._arbcore import TradeBatch
from arbcore.units import duration_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl


class Tape:
    """Trades of one symbol in order, and their features, kept up to date as trades come.

    Parameters
    ----------
    symbol : str
        For example ``BTCUSDT``.
    price_decimals, qty_decimals : int
        The grid: a tick is ``10**-price_decimals``, a lot ``10**-qty_decimals``.
    every : str
        Time between evaluations, whole seconds.
    warmup : str
        History before the first signal is allowed.
    ids : str
        ``drop`` (count and leave out ids not above the last, record gaps), ``accept`` (also take ids late
        that a gap lacks) or ``reject`` (an error).
    keep : bool
        True keeps all trades; False lets go of those that no 24-hour window needs.

    Examples
    --------
    >>> tape = Tape("BTCUSDT", price_decimals=1, qty_decimals=3)
    >>> tape.push(1, 1_735_689_600_000, 100.0, 1.5, False)
    False
    >>> tape.push(2, 1_735_689_616_000, 100.1, 0.5, True)
    True
    >>> tape.latest()["cvd_5m"], len(tape)
    (1.5, 2)
    """

    def __init__(
        self,
        symbol: str,
        price_decimals: int,
        qty_decimals: int,
        *,
        every: str | int = "15s",
        warmup: str | int = "24h",
        ids: str = "drop",
        keep: bool = True,
    ) -> None:
        self._every_ms = duration_ms(every, "every")
        self._warmup_ms = duration_ms(warmup, "warmup")
        self._core = CoreTape(
            symbol,
            price_decimals,
            qty_decimals,
            every_ms=self._every_ms,
            warmup_ms=self._warmup_ms,
            ids=ids,
            keep=keep,
        )
        self.push = self._core.push
        """``push(agg_id, time_ms, price, qty, is_buyer_maker) -> bool``: take one trade; True when an
        evaluation was completed. Prices and quantities are floats on the grid, or exact text or Decimal."""

    def push_many(self, frame: pl.DataFrame | Any) -> bool:
        """Take a batch in a dump's columns (a frame or a mapping); True when it completed an evaluation.

        Raises
        ------
        InputError
            If a column, a value or (policy ``reject``) an id is not acceptable; nothing is taken then.
        """
        return self._core.push_batch(TradeBatch.from_frame(frame, self.grid))

    def push_json(self, frames: bytes) -> int:
        """Take raw aggTrade frames, one a line, any key order; return how many were trades of this symbol."""
        return self._core.push_json(frames)

    def latest(self) -> dict[str, Any] | None:
        """Features of the last completed evaluation; None before the first."""
        table = self._core.latest()
        return None if table is None else {name: table.column(name)[0] for name in table.columns}

    def features(self, every: str | int | None = None, windows: Sequence[str | int] = ()) -> pl.DataFrame:
        """Features at every evaluation up to the last trade, as `arbcore.features` gives them."""
        import polars as pl

        every_ms = self._every_ms if every is None else duration_ms(every, "every")
        extra = [duration_ms(window, "window") for window in windows]
        return pl.DataFrame(self._core.features(every_ms, self._warmup_ms, extra))

    def trades(self) -> pl.DataFrame:
        """The trades held: agg_id, time_ms, price, qty, is_buyer_maker."""
        import polars as pl

        return pl.DataFrame(self._core.trades())

    def report(self) -> dict[str, Any]:
        """Counts of what was taken, dropped, late, missing; ``gap_list`` of missing id ranges, inclusive."""
        return self._core.report()

    @property
    def symbol(self) -> str:
        """The symbol."""
        return self._core.symbol

    @property
    def grid(self) -> tuple[int, int]:
        """Decimals of price and quantity."""
        return self._core.grid

    @property
    def nbytes(self) -> int:
        """Bytes that the trades take."""
        return self._core.nbytes

    def __len__(self) -> int:
        return len(self._core)

    def __repr__(self) -> str:
        return f"Tape({self.symbol!r}, {len(self)} trades)"
