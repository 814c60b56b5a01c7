"""Trades of any file: dumps, the archive, and Parquet of other origins."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from arbcore._arbcore import TradeBatch, TradeReader, dump_first_ms, frame_grid, path_kind
from arbcore.errors import InputError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

#: Rows of a foreign Parquet file taken at a time.
SLICE_ROWS = 1 << 20

_PRICES = ("price",)
_QUANTITIES = ("qty", "quantity")
_IDS = ("agg_id", "agg_trade_id", "id")
_FIRST_IDS = ("first_trade_id", "first_id")
_NEEDED = (
    *_IDS,
    *_FIRST_IDS,
    *("last_trade_id", "last_id"),
    *("time_ms", "transact_time", "time"),
    *_PRICES,
    *_QUANTITIES,
    *("is_buyer_maker", "side"),
)


class Progress(Protocol):
    """Is told of each batch: trades in it, and how much of how much is done, in units of the source."""

    def __call__(self, trades: int, done: int, total: int, /) -> None:
        """Take note."""


class _ParquetFile:
    """A Parquet file of another origin, read in slices."""

    def __init__(self, path: Path) -> None:
        import polars as pl

        self.path = path
        try:
            lazy = pl.scan_parquet(path)
            self.schema = lazy.collect_schema()
            self.rows = int(lazy.select(pl.len()).collect().item())
        except (OSError, pl.exceptions.PolarsError) as error:
            message = f"{path}: cannot read as Parquet: {error}"
            raise StoreError(message) from error
        names = self.schema.names()
        self.columns = [name for name in _NEEDED if name in names]
        if not any(name in names for name in _PRICES) or not any(name in names for name in _QUANTITIES):
            message = f"{path}: no columns price and quantity; it has {', '.join(names)}"
            raise InputError(message)

    def floats(self) -> list[str]:
        """Price and quantity columns that hold floats."""
        return [
            name for name in (*_PRICES, *_QUANTITIES) if name in self.columns and self.schema[name].is_float()
        ]

    def has(self, names: tuple[str, ...]) -> bool:
        return any(name in self.columns for name in names)

    def slices(self, *, skip_bad: bool) -> Iterator[tuple[int, int, pl.DataFrame]]:
        """First row, rows left out, and trades of each slice."""
        import polars as pl

        lazy = pl.scan_parquet(self.path).select(self.columns)
        for first in range(0, self.rows, SLICE_ROWS):
            frame = lazy.slice(first, SLICE_ROWS).collect()
            rows = frame.height
            if skip_bad:
                values = [name for name in (*_PRICES, *_QUANTITIES) if name in self.columns]
                numbers = [pl.col(name).cast(pl.Float64, strict=False) for name in values]
                above_zero = [number.is_finite() & (number > 0) for number in numbers]
                frame = frame.drop_nulls().filter(pl.all_horizontal(above_zero))
            yield first, rows - frame.height, frame

    def grid(self, *, skip_bad: bool) -> tuple[int, int]:
        """Decimals of price and quantity that hold every value."""
        grid = (0, 0)
        for first, _, frame in self.slices(skip_bad=skip_bad):
            with _named(self.path, first):
                grid = _finer(grid, frame_grid(frame))
        return grid


class _named:  # noqa: N801 - reads as a clause
    """Puts the file before the message of an input error."""

    def __init__(self, path: Path, first: int) -> None:
        self.prefix = f"{path}: in the rows from {first} on (counted from there): " if first else f"{path}: "

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InputError):
            raise InputError(self.prefix + str(error)) from error


def _finer(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return max(a[0], b[0]), max(a[1], b[1])


class TradeSource:
    """Trades of files of any kind, in the order of their first trades, on one grid.

    Parameters
    ----------
    paths : sequence of path
        Dump files (csv, csv.gz, zip), Parquet files, day files or directories of the archive.
    symbol : str, optional
        Symbol to take from files that hold several.
    grid : tuple of int, optional
        Decimals of price and quantity; found from the data when left out.
    skip_bad : bool
        Count broken rows and go on, instead of stopping at the first.
    start_ms, end_ms : int, optional
        Trades with ``start_ms <= time_ms < end_ms``; not for Parquet of another origin.

    Attributes
    ----------
    grid : tuple of int
        Decimals of price and quantity of every batch.
    warnings : list of str
        What a careful reader should know about these files.
    bad_rows : int
        Broken rows left out so far.
    bad_messages : list of str
        What was wrong with the first of them.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        symbol: str | None = None,
        grid: tuple[int, int] | None = None,
        *,
        skip_bad: bool = False,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> None:
        if not paths:
            message = "no files were given"
            raise InputError(message)
        self._symbol = symbol
        self._skip_bad = skip_bad
        self._range = (start_ms, end_ms)
        self.warnings: list[str] = []
        self.bad_rows = 0
        self.bad_messages: list[str] = []
        self._parts = self._open(_in_order([Path(path) for path in paths]), grid)
        self.grid = grid or self._common_grid()
        if grid is None:
            # Parts that were opened on a coarser grid of their own start over on the common one.
            self._parts = [self._on_grid(part) for part in self._parts]
        self._total = sum(_total(part) for part, _ in self._parts)
        self._before = 0
        self._within = 0

    def _reader(self, paths: list[Path], grid: tuple[int, int] | None) -> TradeReader:
        start_ms, end_ms = self._range
        return TradeReader(
            paths,
            self._symbol,
            grid,
            skip_bad=self._skip_bad,
            start_ms=start_ms,
            end_ms=end_ms,
            with_trade_ids=True,
        )

    def _open(
        self, groups: list[tuple[str, list[Path]]], grid: tuple[int, int] | None
    ) -> list[tuple[TradeReader | _ParquetFile, list[Path]]]:
        parts: list[tuple[TradeReader | _ParquetFile, list[Path]]] = []
        for kind, paths in groups:
            if kind != "parquet":
                parts.append((self._reader(paths, grid), paths))
                continue
            if self._range != (None, None):
                message = f"{paths[0]}: a time range needs a dump or the archive: import the file first"
                raise InputError(message)
            for path in paths:
                file = _ParquetFile(path)
                if floats := file.floats():
                    self.warnings.append(
                        f"{path}: {' and '.join(floats)} stored as floats; "
                        "taken as the shortest decimals that give them"
                    )
                parts.append((file, [path]))
        return parts

    def _common_grid(self) -> tuple[int, int]:
        grid = (0, 0)
        for part, _ in self._parts:
            own = part.grid if isinstance(part, TradeReader) else part.grid(skip_bad=self._skip_bad)
            grid = _finer(grid, own)
        return grid

    def _on_grid(
        self, part: tuple[TradeReader | _ParquetFile, list[Path]]
    ) -> tuple[TradeReader | _ParquetFile, list[Path]]:
        reader, paths = part
        if isinstance(reader, TradeReader) and reader.grid != self.grid:
            return self._reader(paths, self.grid), paths
        return part

    @property
    def symbol(self) -> str | None:
        """The symbol, where a source itself knows it."""
        return next(
            (part.symbol for part, _ in self._parts if isinstance(part, TradeReader) and part.symbol), None
        )

    def __iter__(self) -> Iterator[TradeBatch]:
        """Give the trades, batch by batch; once only."""
        noted: set[str] = set()
        for part, paths in self._parts:
            batches = self._of_reader(part) if isinstance(part, TradeReader) else self._of_parquet(part)
            for batch in batches:
                self._note(noted, paths[0], batch)
                yield batch
            self._before += _total(part)
            self._within = 0

    def _of_reader(self, reader: TradeReader) -> Iterator[TradeBatch]:
        for batch in reader:
            self._within = reader.progress()[0]
            yield batch
        report = reader.report()
        self.bad_rows += report["bad_rows"]
        self.bad_messages += report["bad_messages"]

    def _of_parquet(self, file: _ParquetFile) -> Iterator[TradeBatch]:
        bad_rows = 0
        for first, bad, frame in file.slices(skip_bad=self._skip_bad):
            with _named(file.path, first):
                batch = TradeBatch.from_frame(frame, self.grid)
            bad_rows += bad
            self._within = first + bad + frame.height
            yield batch
        if bad_rows:
            self.bad_rows += bad_rows
            self.bad_messages.append(
                f"{file.path}: {bad_rows:,} rows with nulls, or a price or quantity not above 0"
            )

    def _note(self, noted: set[str], path: Path, batch: TradeBatch) -> None:
        if not batch.has_ids and "ids" not in noted:
            noted.add("ids")
            self.warnings.append(f"{path}: no trade ids: gaps and duplicates cannot be seen")
        elif batch.has_ids and not batch.has_trade_ids and "trade_ids" not in noted:
            noted.add("trade_ids")
            self.warnings.append(
                f"{path}: no first_trade_id and last_trade_id: every record counts as one underlying trade"
            )

    def progress(self) -> tuple[int, int]:
        """How much of how much is read, in bytes or rows."""
        return min(self._before + self._within, self._total), self._total


def _total(part: TradeReader | _ParquetFile) -> int:
    return part.progress()[1] if isinstance(part, TradeReader) else part.rows


def _in_order(paths: list[Path]) -> list[tuple[str, list[Path]]]:
    """Files by the time of their first trade, neighbours of one kind together."""
    for path in paths:
        if not path.exists():
            message = f"{path}: no such file or directory"
            raise StoreError(message)
    kinds = [(path_kind(path), path) for path in paths]
    if len(paths) > 1 and all(kind != "archive" for kind, _ in kinds):
        starts = [dump_first_ms(path) if kind == "dump" else _parquet_first_ms(path) for kind, path in kinds]
        if all(start is not None for start in starts):
            order = sorted(range(len(paths)), key=lambda index: starts[index] or 0)
            kinds = [kinds[index] for index in order]
    return [(kind, [path for _, path in group]) for kind, group in groupby(kinds, key=lambda pair: pair[0])]


def _parquet_first_ms(path: Path) -> int | None:
    for _, _, frame in _ParquetFile(path).slices(skip_bad=True):
        return TradeBatch.from_frame(frame.head(1), None).first_ms if frame.height else None
    return None
