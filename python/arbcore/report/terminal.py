"""The summary of a back-test on the terminal: right at 80 columns, plain when piped."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from arbcore.report import catalogue
from arbcore.report import format as fmt
from arbcore.report.schema import Report
from arbcore.report.series import Columns

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

MAX_WIDTH = 100
TOP_REASONS = 8
_BLOCKS = "▁▂▃▄▅▆▇█"
_KEY_NUMBERS = (
    "total_trades",
    "win_rate",
    "max_drawdown_pct",
    "net_r",
    "payoff_ratio",
    "max_drawdown_r",
    "net_usdt",
    "profit_factor",
    "sharpe",
    "expectancy",
    "avg_win_r",
    "sortino",
    "std_r",
    "avg_loss_r",
    "calmar",
    "sqn",
    "fees_share_of_gross",
    "signals_per_day",
)
_SHORT = {"fees_share_of_gross": "Fees of gross", "std_r": "Std deviation", "signals_per_day": "Signals/day"}
_STATES: dict[bool | None, tuple[str, str]] = {
    True: ("pass", "bold bright_blue"),
    False: ("FAIL", "bold dark_orange"),
    None: ("n/a", "dim"),
}


def print_report(
    report: Report,
    console: "Console",
    *,
    files: Sequence[Path] = (),
    equity: Columns | None = None,
) -> None:
    """Print the summary of a run.

    Parameters
    ----------
    report : Report
    console : rich.console.Console
        Where to; its width, colours and encoding decide how.
    files : sequence of Path
        What was written, named in the last lines, each on a line of its own.
    equity : columns with `equity_r`, optional
        Draws the course of the equity in one line.
    """
    if not console.options.ascii_only:
        _print(report, console, files, equity)
        return
    with console.capture() as captured:
        _print(report, console, files, None)
    console.out(_ascii(captured.get()), end="", highlight=False)


def _print(report: Report, console: "Console", files: Sequence[Path], equity: Columns | None) -> None:
    from rich.console import Group
    from rich.padding import Padding

    width = min(console.width, MAX_WIDTH)
    parts: list[Text | Table] = [_header(report)]
    if notes := _warnings(report):
        parts.append(notes)
    if report.statistics.get("total_trades"):
        parts.append(_key_numbers(report, width - 2))
        if equity is not None and (line := _sparkline(equity, width - 2)):
            parts.append(line)
    else:
        parts.append(_empty(report))
    parts.append(_verdict(report))
    if report.holding_times:
        parts.append(_exits(report))
    if any(report.rejections.values()):
        parts.append(_rejections(report, width - 2))
    lines = [line for part in parts for line in (part, "")]
    console.print(Padding(Group(*lines[:-1]), (0, 1)), width=width, highlight=False)
    _files(report, console, files)


def _ascii(text: str) -> str:
    # One character for one, so that columns stay aligned.
    for fancy, simple in (("·", "|"), (fmt.UNDEFINED, "-"), ("→", ">"), ("…", "~")):
        text = text.replace(fancy, simple)
    return text.encode("ascii", "replace").decode()


def _header(report: Report) -> "Text":
    from rich.text import Text

    header, data, simulation = report.header, report.header.data, report.header.simulation
    title = Text.assemble((header.symbol, "bold"))
    if header.preset:
        title.append(f"  {header.preset}", style="bold bright_blue")
    title.append(f"  config {header.config_hash[:12]}", style="dim")
    if data.first_ms is None or data.last_ms is None:
        when = "The tape holds no trade."
    else:
        when = (
            f"{fmt.time_utc(data.first_ms)} → {fmt.time_utc(data.last_ms)} UTC · "
            f"{fmt.span(data.last_ms - data.first_ms)} · {fmt.number(data.trades, 0)} trades"
        )
    slippage = fmt.plain(fmt.plain_number(simulation.slippage_bps))
    fee = fmt.plain(fmt.plain_number(round(simulation.fee_rate * 100, 8)))
    how = (
        f"fill {simulation.fill} · latency {simulation.latency_ms} ms · slippage {slippage} bps · fee {fee} %"
        f" · warm-up {fmt.span(header.warmup_ms)}"
    )
    lines = [title, Text(when), Text(how, style="dim")]
    flaws = [
        f"{fmt.number(count, 0)} {name}"
        for count, name in (
            (data.gaps, "gaps"),
            (data.missing_ids, "missing ids"),
            (data.duplicates, "duplicates"),
            (data.raised_times, "times raised"),
            (data.skipped_rows, "rows skipped"),
        )
        if count
    ]
    if flaws:
        lines.append(Text("data: " + " · ".join(flaws), style="dim"))
    return Text("\n").join(lines)


def _warnings(report: Report) -> "Text | None":
    from rich.text import Text

    notes = [Text(f"warning: {warning}", style="yellow") for warning in report.header.warnings]
    sources = report.header.sources
    if sources.absent:
        text = f"not given: {', '.join(sources.absent)}"
        if sources.disabled_gates:
            text += f"; gates disabled: {', '.join(sources.disabled_gates)}"
        notes.append(Text(text, style="yellow"))
    if report.header.interrupted_ms is not None:
        stopped = fmt.time_utc(report.header.interrupted_ms)
        notes.insert(
            0,
            Text(
                f"interrupted at {stopped} UTC of the data: what follows covers the run up to there",
                style="bold yellow",
            ),
        )
    return Text("\n").join(notes) if notes else None


def _key_numbers(report: Report, width: int) -> "Table":
    from rich.table import Table
    from rich.text import Text

    across = 3 if width >= 78 else 2
    table = Table.grid(padding=(0, 1), expand=True)
    for column in range(across):
        table.add_column(style="dim", no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        if column < across - 1:
            table.add_column(width=1)
    for start in range(0, len(_KEY_NUMBERS), across):
        cells: list[Text | str] = []
        for name in _KEY_NUMBERS[start : start + across]:
            value = report.statistics.get(name)
            described = catalogue.entry(name)
            style = _tint(value) if described.kind in catalogue.TINTED else "bold"
            if cells:
                cells.append("")
            cells += [
                _SHORT.get(name, described.label),
                Text(fmt.plain(catalogue.statistic(name, value)), style=style),
            ]
        table.add_row(*cells)
    return table


def _tint(value: float | None) -> str:
    if value is None or value == 0:
        return "bold"
    return "bold bright_blue" if value > 0 else "bold dark_orange"


def _sparkline(equity: Columns, width: int) -> "Text | None":
    from rich.text import Text

    levels = [float(value) for value in equity["equity_r"]]
    if len(levels) < 2:
        return None
    label = "Equity, R  "
    low, high = min(levels), max(levels)
    ends = f"  {fmt.plain(fmt.number(low, 1, signed=True))} to {fmt.plain(fmt.number(high, 1, signed=True))}"
    room = min(width - len(label) - len(ends), len(levels))
    if high == low or room < 8:
        return None
    picked = [levels[(len(levels) - 1) * cell // (room - 1)] for cell in range(room)]
    blocks = "".join(_BLOCKS[round((level - low) / (high - low) * (len(_BLOCKS) - 1))] for level in picked)
    return Text.assemble((label, "dim"), (blocks, "bright_blue"), (ends, "dim"), no_wrap=True)


def _empty(report: Report) -> "Text":
    from rich.text import Text

    text = Text("No position was closed.", style="bold")
    if report.evaluations == 0:
        return text.append(
            " Nothing was evaluated: the data hold no evaluation between the bounds.", style="not bold"
        )
    text.append(
        f" {fmt.number(report.evaluations, 0)} evaluations, {fmt.number(report.signals, 0)} signals.",
        style="not bold",
    )
    if report.open_positions:
        text.append(f" Still open: {report.open_positions}.", style="not bold")
    return text


def _table(*columns: tuple[str, str]) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name, justify in columns:
        table.add_column(name, justify="left" if justify == "left" else "right", no_wrap=True)
    return table


def _verdict(report: Report) -> "Table":
    from rich.text import Text

    table = _table(("Verdict", "left"), ("Value", "right"), ("Bound", "left"), ("", "left"))
    for row in report.verdict:
        word, style = _STATES[row.passed]
        table.add_row(
            catalogue.entry(row.name).label,
            fmt.plain(catalogue.statistic(row.name, row.value)),
            catalogue.bound(row.name, row.bound).replace("≥", ">=").replace("≤", "<="),
            Text(word, style=style),
        )
    return table


def _exits(report: Report) -> "Table":
    from rich.text import Text

    table = _table(
        ("Exit", "left"),
        ("Trades", "right"),
        ("Win rate", "right"),
        ("Net, R", "right"),
        ("Each, R", "right"),
        ("Held (median)", "right"),
    )
    rows = {row.key: row for row in report.breakdowns.by_status}
    for status, held in report.holding_times.items():
        row = rows.get(status)
        table.add_row(
            status,
            fmt.number(held.trades, 0),
            fmt.percent(row.win_rate) if row else fmt.UNDEFINED,
            Text(fmt.plain(fmt.number(row.net_r, 2, signed=True)), style=_tint(row.net_r))
            if row
            else fmt.UNDEFINED,
            fmt.plain(fmt.number(row.expectancy, 3, signed=True)) if row else fmt.UNDEFINED,
            fmt.span(held.median_ms),
        )
    return table


def _rejections(report: Report, width: int) -> "Table":
    from rich.text import Text

    table = _table(("No entry because", "left"), ("Evaluations", "right"), ("Share", "right"), ("", "left"))
    ranked = sorted(
        ((count, reason) for reason, count in report.rejections.items() if count),
        key=lambda item: (-item[0], item[1]),
    )
    total = sum(count for count, _ in ranked)
    for count, reason in ranked[:TOP_REASONS]:
        # What does not fit beside the numbers at 80 columns is cut, not wrapped.
        meaning = Text(catalogue.reason_meaning(reason), style="dim", overflow="ellipsis", no_wrap=True)
        meaning.truncate(max(12, width - 46), overflow="ellipsis")
        table.add_row(reason, fmt.number(count, 0), fmt.share(count, total), meaning)
    rest = ranked[TOP_REASONS:]
    if rest:
        left = sum(count for count, _ in rest)
        table.add_row(f"{len(rest)} more", fmt.number(left, 0), fmt.share(left, total), "")
    return table


def _files(report: Report, console: "Console", files: Sequence[Path]) -> None:
    from rich.text import Text

    if report.timing is not None:
        took = f"took {fmt.span(report.timing.total_s * 1000)}"
        if report.timing.trades_per_s is not None:
            took += f", {fmt.number(report.timing.trades_per_s, 0)} trades/s"
        console.print(Text(f"\n {took}", style="dim"), highlight=False)
    if files:
        console.print()
    for path in files:
        # Soft wrap: a path stays one word, to be copied or clicked, however narrow the terminal.
        style = f"link {path.resolve().as_uri()}" if console.is_terminal else ""
        console.print(Text(f" {path}", style=style), soft_wrap=True, highlight=False)
