"""Into the archive and out of it."""

from __future__ import annotations

import gzip
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import msgspec

from arbcore._arbcore import ArchiveWriter, TradeBatch
from arbcore.errors import InputError, InsufficientDataError
from arbcore.store.files import beside
from arbcore.store.source import TradeSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from arbcore.store.source import Progress


#: Level of gzip and zip: level 9 takes many times as long for a few per cent.
_PACKING = 4


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the archive after an import.

    Attributes
    ----------
    day : str
        ``YYYY-MM-DD``, UTC.
    path : Path
        Its file.
    outcome : str
        ``written``, ``unchanged`` (all of it was there), ``merged`` or ``replaced``.
    rows : int
        Trades in the file.
    gaps, missing : int or None
        Holes in its ids, and ids in those holes; None without ids.
    """

    day: str
    path: Path
    outcome: Literal["written", "unchanged", "merged", "replaced"]
    rows: int
    gaps: int | None
    missing: int | None


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did.

    Attributes
    ----------
    days : list of Day
        Days touched, in order.
    trades : int
        Trades read.
    dropped : int
        Trades dropped for ids already seen.
    late : int
        Trades put into an earlier place (``ids="accept"``).
    gaps, missing : int
        Holes in the ids as read, and ids in those holes.
    backwards : int
        Trades with a time below their predecessor's.
    bad_rows : int
        Broken rows left out.
    bad_messages : list of str
        What was wrong with the first of them.
    grid : tuple of int
        Decimals of price and quantity.
    warnings : list of str
        What a careful reader should know about the files.
    """

    days: list[Day]
    trades: int
    dropped: int
    late: int
    gaps: int
    missing: int
    backwards: int
    bad_rows: int
    bad_messages: list[str]
    grid: tuple[int, int]
    warnings: list[str]


def import_trades(
    files: Sequence[str | Path],
    *,
    symbol: str,
    archive: str | Path,
    market: Literal["um", "spot"] = "um",
    ids: Literal["reject", "drop", "accept"] = "drop",
    skip_bad: bool = False,
    replace: bool = False,
    grid: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Bring trades of dump or Parquet files into an archive, one file a UTC day.

    A day becomes visible when it is complete; a day that is there already is merged by id. An import that was
    interrupted can simply be repeated.

    Parameters
    ----------
    files : sequence of path
        Dump files (csv, csv.gz, zip) and Parquet files, in any order.
    symbol : str
        Symbol of the trades, as the exchange spells it.
    archive : path
        Root directory of the archive.
    market : {"um", "spot"}
        USD-M perpetuals or spot.
    ids : {"reject", "drop", "accept"}
        What to do with ids that are not the next one: end the import; drop what is not above the last; or put
        lower ones into their place.
    skip_bad : bool
        Count broken rows and go on, instead of stopping at the first.
    replace : bool
        Days already there give way, instead of being merged.
    grid : tuple of int, optional
        Decimals of price and quantity; found from the data when left out.
    progress : callable, optional
        Called after every batch with (trades in it, done, total).

    Returns
    -------
    ImportReport
        What became of each day, counts and warnings.

    Raises
    ------
    InputError
        A broken row (with file, line, column and reason), an id that the policy refuses, a wrong argument.
    StoreError
        A file that cannot be read or written, or a day already there with other trades.
    """
    source = TradeSource(files, symbol, grid, skip_bad=skip_bad)
    if source.symbol is not None and source.symbol != symbol:
        message = f"{files[0]}: holds trades of {source.symbol}, not of {symbol}"
        raise InputError(message)
    writer = ArchiveWriter(Path(archive), symbol, source.grid, market=market, ids=ids, replace=replace)
    try:
        for batch in source:
            writer.push(batch)
            if progress is not None:
                progress(len(batch), *source.progress())
        done = writer.finish()
    finally:
        # What is not finished by now leaves no trace; after finish() this does nothing.
        writer.abandon()
    return msgspec.convert(
        {
            **done,
            "bad_rows": source.bad_rows,
            "bad_messages": source.bad_messages,
            "grid": source.grid,
            "warnings": source.warnings,
        },
        ImportReport,
    )


def export_trades(
    paths: Sequence[str | Path],
    out: str | Path,
    *,
    symbol: str | None = None,
    start_ms: int | None = None,
    end_ms: int | None = None,
    progress: Progress | None = None,
) -> int:
    """Write trades in the layout of the exchange's dump files, with exact decimals.

    Parameters
    ----------
    paths : sequence of path
        Directories or day files of the archive, or dump files.
    out : path
        File to write; its name ends in .csv, .csv.gz, .zip or .parquet. It appears when it is complete.
    symbol : str, optional
        Symbol; needed where the paths hold several.
    start_ms, end_ms : int, optional
        Trades with ``start_ms <= time_ms < end_ms``.
    progress : callable, optional
        Called after every batch with (trades in it, done, total).

    Returns
    -------
    int
        Number of trades written.

    Raises
    ------
    InputError
        A file name of another kind.
    InsufficientDataError
        There are no trades in the range.
    StoreError
        A file that cannot be read or written.
    """
    target = Path(out)
    if not target.name.endswith((".csv", ".csv.gz", ".zip", ".parquet")):
        message = f"{target}: the name must end in .csv, .csv.gz, .zip or .parquet"
        raise InputError(message)
    source = TradeSource(paths, symbol, start_ms=start_ms, end_ms=end_ms)
    batches = iter(source)
    head = next(batches, None)
    if head is None:
        message = f"{paths[0]}: no trades in the range asked for; nothing was written"
        raise InsufficientDataError(message)
    trades = 0

    def counted() -> Iterator[TradeBatch]:
        nonlocal trades
        batch: TradeBatch | None = head
        while batch is not None:
            _same_columns(head, batch)
            yield batch
            trades += len(batch)
            if progress is not None:
                progress(len(batch), *source.progress())
            batch = next(batches, None)

    if target.name.endswith(".parquet"):
        TradeBatch.write_parquet(target, counted())
        return trades
    with beside(target) as staged, ExitStack() as stack:
        stream = text_stream(staged, target.name, stack)
        stream.write(head.csv_header().encode())
        for batch in counted():
            stream.write(batch.csv_rows())
    return trades


def _same_columns(head: TradeBatch, batch: TradeBatch) -> None:
    if (head.has_ids, head.has_trade_ids) != (batch.has_ids, batch.has_trade_ids):
        message = (
            "trades with and without ids cannot stand in one file: export them apart, by --from and --to"
        )
        raise InputError(message)


def text_stream(staged: Path, name: str, stack: ExitStack) -> BinaryIO:
    """The stream that packs text as the file's name says."""
    if name.endswith(".zip"):
        packed = stack.enter_context(
            zipfile.ZipFile(staged, "w", zipfile.ZIP_DEFLATED, compresslevel=_PACKING)
        )
        # A member named by text gets a fixed time, so the same trades give the same bytes.
        member = name.removesuffix(".zip") + ".csv"
        return stack.enter_context(packed.open(member, "w", force_zip64=True))  # type: ignore[return-value]
    raw = stack.enter_context(staged.open("wb"))
    if name.endswith(".gz"):
        return stack.enter_context(gzip.GzipFile("", "wb", _PACKING, raw, mtime=0))  # type: ignore[return-value]
    return raw
