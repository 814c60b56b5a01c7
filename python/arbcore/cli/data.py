"""``arbcore data``: trades into the archive, out of it, and a look at what is there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from arbcore.cli.progress import trade_progress

if TYPE_CHECKING:
    from rich.console import Console

    from arbcore.store import ImportReport, Inspection

data_app = App(name="data", help="Bring trades into the archive, look at them, and take them out.")
data_app.command("arbcore.cli.generate:app", name="generate")

_Symbol = Annotated[
    str, Parameter(name=["--symbol", "-s"], help="Symbol as the exchange spells it, e.g. BTCUSDT.")
]
_MaybeSymbol = Annotated[
    str | None, Parameter(name=["--symbol", "-s"], help="Symbol; needed where the paths hold several.")
]


@data_app.command(name="import")
def import_(
    *files: Path,
    symbol: _Symbol,
    archive: Annotated[Path, Parameter(help="Root directory of the archive.")],
    market: Annotated[Literal["um", "spot"], Parameter(help="USD-M perpetuals or spot.")] = "um",
    ids: Annotated[
        Literal["reject", "drop", "accept"],
        Parameter(
            help="Ids that are not the next one: stop; drop what is not above the last; or put into place."
        ),
    ] = "drop",
    skip_bad: Annotated[
        bool,
        Parameter(name="--skip-bad", negative=(), help="Count broken rows and go on, instead of stopping."),
    ] = False,
    replace: Annotated[
        bool,
        Parameter(
            name="--replace", negative=(), help="Days already there give way, instead of being merged."
        ),
    ] = False,
    json: Annotated[bool, Parameter(name="--json", negative=(), help="Print the report as JSON.")] = False,
) -> None:
    """Bring dump files (csv, csv.gz, zip) or Parquet files of trades into the archive.

    The archive holds one zstd Parquet file a symbol and UTC day, with exact decimals. Times may be in
    milli- or microseconds, ids may be missing. A day appears when it is complete; an import that was
    interrupted can simply be repeated.

    Examples: ``arbcore data import BTCUSDT-aggTrades-2025-06-*.zip --symbol BTCUSDT --archive data/``
    """
    from arbcore.store import import_trades

    out, err = _consoles()
    with trade_progress("importing") as progress:
        report = import_trades(
            files,
            symbol=symbol,
            archive=archive,
            market=market,
            ids=ids,
            skip_bad=skip_bad,
            replace=replace,
            progress=progress,
        )
    _warn(err, report.warnings, report.bad_rows, report.bad_messages)
    if json:
        _print_json(report)
    else:
        _print_import(out, report, symbol)


@data_app.command
def inspect(
    *paths: Path,
    symbol: _MaybeSymbol = None,
    skip_bad: Annotated[
        bool,
        Parameter(name="--skip-bad", negative=(), help="Count broken rows and go on, instead of stopping."),
    ] = False,
    json: Annotated[bool, Parameter(name="--json", negative=(), help="Print everything as JSON.")] = False,
) -> None:
    """Show what files of trades hold: span, count, ids, gaps, longest silences, hours.

    Takes dump files, Parquet files, and days or directories of the archive.

    Examples: ``arbcore data inspect data/ --symbol BTCUSDT``
    """
    from arbcore.store import inspect_trades

    out, err = _consoles()
    with trade_progress("reading") as progress:
        found = inspect_trades(paths, symbol=symbol, skip_bad=skip_bad, progress=progress)
    _warn(err, found.warnings, found.bad_rows, found.bad_messages)
    if json:
        _print_json(found)
    else:
        _print_inspection(out, found)


@data_app.command
def export(
    *paths: Path,
    symbol: _MaybeSymbol = None,
    out: Annotated[Path, Parameter(help="File to write: .csv, .csv.gz, .zip or .parquet.")],
    from_: Annotated[
        str | None, Parameter(name="--from", help="From this UTC time on, e.g. 2025-06-21T12:00.")
    ] = None,
    to: Annotated[str | None, Parameter(name="--to", help="Up to, but not including, this UTC time.")] = None,
) -> None:
    """Write trades of the archive in the layout of the exchange's dump files, with exact decimals.

    Examples: ``arbcore data export data/ -s BTCUSDT --from 2025-06-21 --to 2025-06-22 --out day.zip``
    """
    from arbcore.store import export_trades
    from arbcore.units import time_ms

    _, err = _consoles()
    with trade_progress("writing") as progress:
        trades = export_trades(
            paths,
            out,
            symbol=symbol,
            start_ms=None if from_ is None else time_ms(from_, "from"),
            end_ms=None if to is None else time_ms(to, "to"),
            progress=progress,
        )
    err.print(f"{trades:,} trades written to {out}", highlight=False)


def _consoles() -> tuple[Console, Console]:
    from rich.console import Console

    out = Console()
    # Files and pipes have no width of their own; the tables need this much.
    return out if out.is_terminal else Console(width=120), Console(stderr=True)


def _warn(console: Console, warnings: list[str], bad_rows: int, bad_messages: list[str]) -> None:
    for warning in warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    if bad_rows:
        console.print(f"warning: {bad_rows:,} broken rows left out", style="yellow", highlight=False)
        for message in bad_messages[:10]:
            console.print(f"  {message}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def _print_json(value: object) -> None:
    import sys

    import msgspec

    text = msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2)
    sys.stdout.write(text.decode() + "\n")


def _print_import(console: Console, report: ImportReport, symbol: str) -> None:
    from rich.table import Table

    table = Table(title=f"{symbol}: {report.trades:,} trades", title_justify="left")
    table.add_column("day")
    table.add_column("outcome")
    table.add_column("trades", justify="right")
    table.add_column("id gaps", justify="right")
    table.add_column("missing ids", justify="right")
    for day in report.days:
        numbers = ("–", "–") if day.gaps is None else (f"{day.gaps:,}", f"{day.missing:,}")
        table.add_row(day.day, day.outcome, f"{day.rows:,}", *numbers)
    console.print(table)
    counts = [
        ("dropped for ids seen before", report.dropped),
        ("put into an earlier place", report.late),
        ("with a time below the one before", report.backwards),
    ]
    for text, count in counts:
        if count:
            console.print(f"{count:,} trades {text}", highlight=False)


def _print_inspection(console: Console, found: Inspection) -> None:
    from rich.table import Table

    summary = Table(show_header=False, box=None)
    for name, value in _summary(found):
        summary.add_row(name, value)
    console.print(summary)
    if found.gap_list:
        gaps = Table(title=f"id gaps ({found.gaps:,})", title_justify="left")
        for name in ("first id", "last id", "missing"):
            gaps.add_column(name, justify="right")
        for name in ("after", "before"):
            gaps.add_column(name)
        for gap in found.gap_list[:20]:
            ids = (str(gap.first_id), str(gap.last_id), f"{gap.missing:,}")
            gaps.add_row(*ids, _time(gap.before_ms), _time(gap.after_ms))
        console.print(gaps)
        if found.gaps > 20:
            console.print(f"… and {found.gaps - 20:,} more (--json lists up to 10,000)", highlight=False)
    if found.silences:
        silences = Table(title="longest silences", title_justify="left")
        silences.add_column("seconds", justify="right")
        silences.add_column("from")
        silences.add_column("to")
        for silence in found.silences:
            silences.add_row(f"{silence.silence_ms / 1000:.3f}", _time(silence.from_ms), _time(silence.to_ms))
        console.print(silences)
    if found.hours:
        hours = Table(title="hours", title_justify="left")
        hours.add_column("hour (UTC)", no_wrap=True)
        for name in ("trades", "bought", "sold", "open", "high", "low", "close", "missing ids", "silence s"):
            hours.add_column(name, justify="right")
        price, qty = found.grid
        for hour in found.hours:
            prices = (hour.open, hour.high, hour.low, hour.close)
            hours.add_row(
                _time(hour.hour_ms)[:16],
                f"{hour.trades:,}",
                f"{hour.buy_volume:,.{qty}f}",
                f"{hour.sell_volume:,.{qty}f}",
                *(f"{value:.{price}f}" for value in prices),
                f"{hour.missing_ids:,}",
                f"{hour.longest_silence_ms / 1000:.1f}",
            )
        console.print(hours)


def _summary(found: Inspection) -> list[tuple[str, str]]:
    rows = [("trades", f"{found.trades:,}")]
    if found.symbol is not None:
        rows.insert(0, ("symbol", found.symbol))
    if found.first_ms is not None and found.last_ms is not None:
        hours = (found.last_ms - found.first_ms) / 3_600_000
        rows.append(("span", f"{_time(found.first_ms)} to {_time(found.last_ms)} UTC ({hours:,.2f} h)"))
    rows.append(("decimals", f"price {found.grid[0]}, quantity {found.grid[1]}"))
    if found.first_id is None:
        rows.append(("ids", "none"))
    else:
        state = f"{found.gaps:,} gaps, {found.missing:,} missing" if found.gaps else "contiguous"
        rows.append(("ids", f"{found.first_id} to {found.last_id}, {state}"))
    if found.out_of_order:
        rows.append(("ids out of order", f"{found.out_of_order:,}"))
    if found.backwards:
        rows.append(("times going back", f"{found.backwards:,}"))
    return rows


def _time(time_ms: int) -> str:
    return (
        datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{time_ms % 1000:03d}"
    )
