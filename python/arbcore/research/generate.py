"""Seeded, realistic trades and the indicator samples that belong to them."""

from __future__ import annotations

from contextlib import ExitStack
from decimal import Decimal, InvalidOperation
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from arbcore._arbcore import ArchiveWriter, Generator, TradeBatch
from arbcore.errors import ConfigError, InputError
from arbcore.units import time_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

BATCH_TRADES = 1 << 16
_HOUR_MS = 3_600_000


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """What to generate.

    Attributes
    ----------
    symbol : str
        BTCUSDT, ETHUSDT, SOLUSDT and XRPUSDT have built-in parameters; any other needs ``price`` and the
        decimals.
    hours : float
        Length of the stream.
    start : str or int
        UTC time of its begin.
    seed : int
        Same seed and parameters: same trades, to the bit, on every machine.
    trades_per_day : float, optional
        Mean number of trades a day; left out, the symbol's own (BTCUSDT 4 million).
    price : str, optional
        Price at the start, as exact text.
    price_decimals, qty_decimals : int, optional
        The grid.
    id_gaps : int, optional
        Mean number of trades between two gaps in the ids; left out, the ids are consecutive.
    indicators : bool
        Generate indicator samples.
    book : bool
        Among them those of every 5 seconds: book, mark and spot price.
    parameters : dict
        Further ones by name: ``daily_volatility``, ``size_scale``, ``episodes_per_day``,
        ``shocks_per_day``, and the strengths ``flow``, ``crowding``, ``open_interest``, ``premium``,
        ``book_lean`` (1 is the default of each).
    """

    symbol: str
    hours: float = 24.0
    start: str | int = "2025-01-01"
    seed: int = 1
    trades_per_day: float | None = None
    price: str | None = None
    price_decimals: int | None = None
    qty_decimals: int | None = None
    id_gaps: int | None = None
    indicators: bool = True
    book: bool = True
    parameters: dict[str, float] = {}

    def generator(self) -> Generator:
        """Start the stream.

        Raises
        ------
        ConfigError, InputError
            If a parameter is unknown or out of its range.
        """
        if not 0 <= self.seed < 1 << 64:
            message = f"seed = {self.seed}: must be between 0 and 2^64 - 1"
            raise ConfigError(message)
        values: dict[str, Any] = {
            **self.parameters,
            "seed": self.seed,
            "start_ms": time_ms(self.start, "start"),
            "duration_ms": round(self.hours * _HOUR_MS),
            "indicators": self.indicators,
            "book": self.book,
        }
        if self.trades_per_day is not None:
            values["trades_per_day"] = self.trades_per_day
        if self.id_gaps is not None:
            values["trades_per_id_gap"] = self.id_gaps
        return Generator(self.symbol, *self._grid_and_price(), **values)

    def _grid_and_price(self) -> tuple[tuple[int, int] | None, int | None]:
        price, decimals, qty_decimals = self.price, self.price_decimals, self.qty_decimals
        if price is None and decimals is None and qty_decimals is None:
            return None, None
        if price is None or decimals is None or qty_decimals is None:
            message = "price, price_decimals and qty_decimals: give all three, or none"
            raise ConfigError(message)
        try:
            ticks = Decimal(price).scaleb(decimals)
        except InvalidOperation as error:
            message = f"price = {price!r}: must be a decimal number"
            raise ConfigError(message) from error
        if not ticks.is_finite() or ticks != ticks.to_integral_value():
            message = f"price = {price}: must be a number with at most {decimals} decimals"
            raise ConfigError(message)
        return (decimals, qty_decimals), int(ticks)


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """A generated stream in memory.

    Attributes
    ----------
    trades : polars.DataFrame
        agg_id, time_ms, price, qty, is_buyer_maker, first_trade_id, last_trade_id.
    indicators : polars.DataFrame
        time_ms, available_ms, symbol, name, value, in order of ``available_ms``.
    """

    trades: pl.DataFrame
    indicators: pl.DataFrame


class GeneratedFiles(msgspec.Struct, frozen=True, kw_only=True):
    """What `generate_files` wrote.

    Attributes
    ----------
    symbol : str
        Symbol of the trades.
    trades, samples : int
        Number of rows.
    first_ms, last_ms : int
        Times of the first and the last trade.
    files : list of Path
        Files of trades; the archive's in order of their days.
    indicators : Path or None
        File of the samples.
    """

    symbol: str
    trades: int
    samples: int
    first_ms: int
    last_ms: int
    files: list[Path]
    indicators: Path | None


def generate(
    symbol: str,
    *,
    hours: float = 24.0,
    start: str | int = "2025-01-01",
    seed: int = 1,
    trades_per_day: float | None = None,
    indicators: bool = True,
    book: bool = True,
    **parameters: float,
) -> Generated:
    """Generate trades of a symbol with built-in parameters, and their indicator samples, as frames.

    Parameters
    ----------
    symbol : str
        BTCUSDT, ETHUSDT, SOLUSDT or XRPUSDT; see `Market` for others.
    hours, start, seed, trades_per_day, indicators, book, parameters
        See `Market`.

    Returns
    -------
    Generated
        ``trades`` and ``indicators``.

    Raises
    ------
    ConfigError, InputError
        If a parameter is unknown or out of its range.

    Examples
    --------
    >>> stream = generate("BTCUSDT", hours=1, trades_per_day=50_000, seed=1)
    >>> stream.trades.columns[:4]
    ['agg_id', 'time_ms', 'price', 'qty']
    >>> sorted(stream.indicators["name"].unique())[:3]
    ['coinbase_premium', 'funding_rate', 'imbalance']
    """
    import polars as pl

    market = Market(
        symbol=symbol,
        hours=hours,
        start=start,
        seed=seed,
        trades_per_day=trades_per_day,
        indicators=indicators,
        book=book,
        parameters=parameters,
    )
    stream = market.generator()
    frames = [pl.DataFrame(batch.to_table()) for batch in _batches(stream)]
    if not frames:
        raise _empty(market)
    return Generated(trades=pl.concat(frames), indicators=pl.DataFrame(stream.take_samples()))


def generate_files(
    market: Market,
    out: str | Path,
    *,
    form: Literal["archive", "csv", "zip"] = "archive",
    progress: Callable[[int, int, int], None] | None = None,
) -> GeneratedFiles:
    """Generate trades into files, and their indicator samples into ``indicators.parquet``.

    Parameters
    ----------
    market : Market
        What to generate.
    out : path
        Directory; made if it is not there.
    form : {"archive", "csv", "zip"}
        The archive's layout (days already there are replaced), or one file in the layout of the exchange's
        dumps, ``<symbol>-aggTrades.csv`` or ``.zip``.
    progress : callable, optional
        Called after every batch with (trades in it, milliseconds done, milliseconds in all).

    Returns
    -------
    GeneratedFiles
        Counts, span and files.

    Raises
    ------
    ConfigError, InputError
        If a parameter is unknown or out of its range.
    StoreError
        If a file cannot be written; no file is left half written.
    """
    out = Path(out)
    stream = market.generator()
    start_ms, end_ms = stream.span_ms
    trades = 0
    first_ms: int | None = None
    last_ms = start_ms

    def counted() -> Iterator[TradeBatch]:
        nonlocal trades, first_ms, last_ms
        for batch in _batches(stream):
            yield batch
            trades += len(batch)
            first_ms = batch.first_ms if first_ms is None else first_ms
            last_ms = batch.last_ms or last_ms
            if progress is not None:
                progress(len(batch), last_ms - start_ms, end_ms - start_ms)

    if form == "archive":
        files = _write_archive(out, market.symbol, stream.grid, counted())
    else:
        files = _write_dump(out / f"{market.symbol}-aggTrades.{form}", counted(), market)
    if first_ms is None:
        raise _empty(market)
    samples = stream.take_samples()
    indicators = out / "indicators.parquet" if market.indicators else None
    if indicators is not None:
        samples.write_parquet(indicators)
    return GeneratedFiles(
        symbol=market.symbol,
        trades=trades,
        samples=len(samples),
        first_ms=first_ms,
        last_ms=last_ms,
        files=files,
        indicators=indicators,
    )


def _batches(stream: Generator) -> Iterator[TradeBatch]:
    while (batch := stream.next_batch(BATCH_TRADES)) is not None:
        yield batch


def _empty(market: Market) -> InputError:
    return InputError(f"{market.symbol}: no trade falls into {market.hours} hours: ask for more of either")


def _write_archive(
    out: Path, symbol: str, grid: tuple[int, int], batches: Iterator[TradeBatch]
) -> list[Path]:
    from arbcore.store.archive import Day

    # Seeds and rates change the trades of a day: merging two streams by id would make nonsense of both.
    writer = ArchiveWriter(out, symbol, grid, replace=True)
    try:
        for batch in batches:
            writer.push(batch)
        days = msgspec.convert(writer.finish()["days"], list[Day])
    finally:
        # What is not finished by now leaves no trace; after finish() this does nothing.
        writer.abandon()
    return [day.path for day in days]


def _write_dump(target: Path, batches: Iterator[TradeBatch], market: Market) -> list[Path]:
    from arbcore.store.archive import text_stream
    from arbcore.store.files import beside

    head = next(batches, None)
    if head is None:
        raise _empty(market)
    with beside(target) as staged, ExitStack() as stack:
        stream = text_stream(staged, target.name, stack)
        stream.write(head.csv_header().encode())
        for batch in chain((head,), batches):
            stream.write(batch.csv_rows())
    return [target]
