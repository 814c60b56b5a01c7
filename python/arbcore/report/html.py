"""`report.html`: one self-contained page that works from a file, without a network."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from arbcore.report import catalogue
from arbcore.report import format as fmt
from arbcore.report.schema import BreakdownRow, Report, Scalar
from arbcore.report.series import Columns, deltas, extremes, holding_histogram, r_histogram

if TYPE_CHECKING:
    from jinja2 import Template

PRICE_POINTS = 16_000
EQUITY_POINTS = 6_000
CHARTED_TRADES = 10_000
LISTED_TRADES = 2_000

STYLES = ("uplot/uPlot.min.css", "report.css")
SCRIPTS = ("uplot/uPlot.iife.min.js", "charts.js", "trades.js", "page.js")
STATUSES = tuple(catalogue.STATUS_MEANING)

_CHART_COLUMNS = (
    "trade_id",
    "direction",
    "score",
    "entry_ms",
    "entry_price",
    "tp1_ms",
    "tp1_price",
    "exit_ms",
    "exit_price",
    "status",
    "pnl_r",
)
_LIST_COLUMNS = (
    "strategy",
    "symbol",
    "tier",
    "qty",
    "sl_price",
    "gross_r",
    "fee_r",
    "funding_r",
    "pnl_usdt",
)
_BREAKDOWNS = (
    ("by_status", "Exit status"),
    ("by_direction", "Direction"),
    ("by_tier", "Tier"),
    ("by_score_band", "Score band"),
    ("by_regime", "Regime"),
    ("by_symbol", "Symbol"),
    ("by_config_hash", "Configuration hash"),
    ("by_hour", "Hour, UTC"),
)


def render_html(report: Report, trades: Columns, equity: Columns, price: Columns) -> str:
    """Render a run as one HTML page.

    Parameters
    ----------
    report : Report
    trades : columns of `trades.parquet`
        Positions in the order of their entries; open ones have null exits. The charts mark the first 10,000,
        the list shows the first 2,000.
    equity : columns `time_ms`, `equity_usdt`, `equity_r`, `drawdown` (fraction)
    price : columns `time_ms`, `price`

    Returns
    -------
    str
        The page: no reference leads outside it.
    """
    scripts = [_asset(name) for name in SCRIPTS]
    return _template().render(
        report=report,
        header=report.header,
        title=" · ".join(part for part in (report.header.symbol, report.header.preset) if part),
        styles=[_asset(name) for name in STYLES],
        scripts=scripts,
        script_hashes=[_hash(script) for script in scripts],
        payload=_embed(_payload(report, trades, equity, price)),
        key_numbers=[_statistic(report, name) for name in catalogue.KEY_NUMBERS],
        verdict=_verdict(report),
        groups=_groups(report),
        breakdowns=_breakdowns(report),
        rejections=_rejections(report),
        listed=min(_rows(trades), LISTED_TRADES),
        charted=min(_rows(trades), CHARTED_TRADES),
        positions=_rows(trades),
        statuses=catalogue.STATUS_MEANING,
        has_price=_rows(price) > 1,
    )


@cache
def _asset(name: str) -> str:
    return files("arbcore.report").joinpath("assets", *name.split("/")).read_text(encoding="utf-8")


@cache
def _template() -> "Template":
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("arbcore.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        time=fmt.time_utc,
        span=fmt.span,
        integer=_integer,
        percent_fine=_percent_fine,
        parameter=_parameter,
    )
    return environment.get_template("report.html.j2")


def _hash(script: str) -> str:
    # The page's policy admits these scripts only, so that no text of a run can ever be executed.
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _embed(payload: dict[str, Any]) -> str:
    # Inside a script element only "</script" and "<!--" end or alter it; both need a "<".
    return msgspec.json.encode(payload).decode().replace("<", "\\u003c")


def _rows(columns: Columns) -> int:
    return len(next(iter(columns.values()), ()))


def _payload(report: Report, trades: Columns, equity: Columns, price: Columns) -> dict[str, Any]:
    closed = [row for row, exit_ms in enumerate(trades.get("exit_ms", ())) if exit_ms is not None]
    pnl_r: list[float] = [trades["pnl_r"][row] for row in closed]
    held = [trades["exit_ms"][row] - trades["entry_ms"][row] for row in closed]
    status = [trades["status"][row] for row in closed]
    return {
        "symbol": report.header.symbol,
        "equity": _equity(equity),
        "price": _price(price),
        "trades": _trades(trades),
        "r_histogram": r_histogram(pnl_r),
        "mean_r": sum(pnl_r) / len(pnl_r) if pnl_r else None,
        "holding": holding_histogram(held, status, STATUSES),
    }


def _equity(equity: Columns) -> dict[str, Any]:
    if not _rows(equity):
        return {"dt": [], "usdt": [], "r": [], "drawdown": []}
    kept = extremes([equity["equity_usdt"], equity["equity_r"], equity["drawdown"]], EQUITY_POINTS)
    return {
        "dt": deltas([equity["time_ms"][row] for row in kept]),
        "usdt": [round(equity["equity_usdt"][row], 2) for row in kept],
        "r": [round(equity["equity_r"][row], 4) for row in kept],
        "drawdown": [round(equity["drawdown"][row], 6) for row in kept],
    }


def _price(price: Columns) -> dict[str, Any]:
    if not _rows(price):
        return {"dt": [], "price": []}
    kept = extremes([price["price"]], PRICE_POINTS)
    return {
        "dt": deltas([price["time_ms"][row] for row in kept]),
        "price": [price["price"][row] for row in kept],
    }


def _trades(trades: Columns) -> dict[str, Any]:
    if not _rows(trades):
        return {"total": 0, "charted": 0, "listed": 0, "columns": {}}
    columns = {name: list(trades[name][:CHARTED_TRADES]) for name in _CHART_COLUMNS}
    columns |= {name: list(trades[name][:LISTED_TRADES]) for name in _LIST_COLUMNS}
    return {
        "total": _rows(trades),
        "charted": len(columns["entry_ms"]),
        "listed": len(columns["tier"]),
        "columns": columns,
    }


def _statistic(report: Report, name: str) -> dict[str, Any]:
    value = report.statistics.get(name)
    described = catalogue.entry(name)
    text = catalogue.write(described.kind, value)
    figure, _, unit = text.partition(" ")
    return {
        "name": name,
        "label": described.label,
        "text": text,
        "figure": figure,
        "unit": unit,
        "sign": _sign(value) if described.kind in catalogue.TINTED else "",
        "defined": value is not None,
        "explanation": catalogue.explain(name, value),
    }


def _sign(value: float | None) -> str:
    # What is written as 0.00 is neither.
    if value is None or abs(value) < 0.000_5:
        return ""
    return "gain" if value > 0 else "loss"


def _verdict(report: Report) -> dict[str, Any]:
    rows = [
        {
            **_statistic(report, row.name),
            "text": catalogue.statistic(row.name, row.value),
            "bound": catalogue.bound(row.name, row.bound),
            "state": "undefined" if row.passed is None else "pass" if row.passed else "fail",
        }
        for row in report.verdict
    ]
    failed = sum(row["state"] == "fail" for row in rows)
    undecided = sum(row["state"] == "undefined" for row in rows)
    if not rows or undecided == len(rows):
        return {"rows": rows, "state": "undefined", "summary": "No verdict"}
    if failed:
        return {"rows": rows, "state": "fail", "summary": f"Fails {failed} of {len(rows)} pass lines"}
    if undecided:
        return {
            "rows": rows,
            "state": "undefined",
            "summary": f"{undecided} of {len(rows)} pass lines undefined",
        }
    return {"rows": rows, "state": "pass", "summary": f"Passes all {len(rows)} pass lines"}


def _groups(report: Report) -> list[dict[str, Any]]:
    # Known statistics in the catalogue's order, then whatever else the run computed.
    names = [name for name in catalogue.ENTRIES if name in report.statistics]
    names += [name for name in report.statistics if name not in catalogue.ENTRIES]
    grouped: dict[str, list[dict[str, Any]]] = {group: [] for group in catalogue.GROUPS}
    for name in names:
        grouped[catalogue.entry(name).group].append(_statistic(report, name))
    return [{"title": group, "rows": rows} for group, rows in grouped.items() if rows]


def _breakdowns(report: Report) -> list[dict[str, Any]]:
    tables: list[dict[str, Any]] = []
    for field, title in _BREAKDOWNS:
        rows: tuple[BreakdownRow, ...] = getattr(report.breakdowns, field)
        widest = max((abs(row.net_r) for row in rows), default=0.0)
        tables.append(
            {
                "field": field,
                "title": title,
                "rows": [
                    {
                        "key": row.key,
                        "hint": catalogue.STATUS_MEANING.get(row.key, "") if field == "by_status" else "",
                        "trades": row.trades,
                        "win_rate": fmt.percent(row.win_rate),
                        "net_r": fmt.number(row.net_r, 2, signed=True),
                        "sign": _sign(round(row.net_r, 2)),
                        "bar": round(50 * abs(row.net_r) / widest, 2) if widest else 0,
                        "expectancy": fmt.number(row.expectancy, 3, signed=True),
                        "profit_factor": fmt.number(row.profit_factor),
                    }
                    for row in rows
                ],
            }
        )
    return [table for table in tables if table["rows"]]


def _rejections(report: Report) -> list[dict[str, Any]]:
    total = sum(report.rejections.values())
    most = max(report.rejections.values(), default=0)
    ranked = sorted(report.rejections.items(), key=lambda item: (-item[1], item[0]))
    return [
        {
            "reason": reason,
            "meaning": catalogue.reason_meaning(reason),
            "count": count,
            "share": fmt.share(count, total),
            "bar": round(100 * count / most, 2),
        }
        for reason, count in ranked
        if count
    ]


def _integer(value: float) -> str:
    return fmt.number(value, 0)


def _percent_fine(value: float) -> str:
    return fmt.plain_number(round(value * 100, 8)) + " %"


def _parameter(value: Scalar | list[Scalar]) -> str:
    if value is None:
        return fmt.UNDEFINED
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return ", ".join(_parameter(part) for part in value) or "none"
    return fmt.plain_number(value)
