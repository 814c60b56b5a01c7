"""The report of a back-test: its JSON, its terminal summary, and what the page is made of."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from arbcore.errors import InputError
from arbcore.report import catalogue, from_json, print_report, render_html, to_json
from arbcore.report import format as fmt
from arbcore.report import html as page_module
from arbcore.report.schema import Bound, judge, without_timing
from arbcore.report.series import HOLDING_EDGES_MS, deltas, extremes, holding_histogram, r_histogram
from support.report_sample import START, Sample, sample

MINUTE = 60_000


@pytest.fixture(scope="module")
def month() -> Sample:
    return sample()


@pytest.fixture(scope="module")
def empty() -> Sample:
    return sample(days=3, empty=True)


def page(of: Sample) -> str:
    return render_html(of.report, of.trades, of.equity, of.price)


def payload(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="run">(.*?)</script>', text, re.DOTALL)
    assert found
    decoded: dict[str, Any] = json.loads(found[1])
    return decoded


def printed(of: Sample, *, width: int = 80, encoding: str = "utf-8", **more: Any) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    print_report(of.report, Console(file=stream, width=width), **more)
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_json_round_trip_keeps_everything(month: Sample) -> None:
    assert from_json(to_json(month.report)) == month.report


def test_json_uses_the_names_that_quants_expect(month: Sample) -> None:
    decoded = json.loads(to_json(month.report))
    assert decoded["statistics"]["total_trades"] == len(month.trades["trade_id"])
    assert decoded["statistics"]["calmar"] is None
    row = decoded["verdict"][0]
    assert row["name"] == "win_rate"
    assert row["bound"] == {"at_least": 0.45}
    assert row["pass"] is True
    assert set(decoded["breakdowns"]) == {
        "by_symbol",
        "by_direction",
        "by_tier",
        "by_regime",
        "by_hour",
        "by_score_band",
        "by_status",
        "by_config_hash",
    }


def test_only_timing_depends_on_the_clock(month: Sample) -> None:
    other = msgspec.structs.replace(
        month.report, timing=msgspec.structs.replace(month.report.timing, total_s=9.0)
    )
    assert to_json(other) != to_json(month.report)
    assert to_json(without_timing(other)) == to_json(without_timing(month.report))


def test_json_of_not_a_number_is_null(month: Sample) -> None:
    report = msgspec.structs.replace(month.report, statistics={"sharpe": math.nan})
    assert json.loads(to_json(report))["statistics"] == {"sharpe": None}


def test_broken_json_is_refused_with_the_place(month: Sample) -> None:
    with pytest.raises(InputError, match=r"\$\.evaluations"):
        from_json(to_json(month.report).replace(b'"evaluations": 178560', b'"evaluations": "many"'))


@pytest.mark.parametrize(
    ("name", "value", "passed"),
    [
        ("win_rate", 0.45, True),
        ("win_rate", 0.4499, False),
        ("payoff_ratio", 1.5, True),
        ("max_drawdown_pct", 5.0, True),
        ("max_drawdown_pct", 5.01, False),
        ("signals_per_day", 2.0, True),
        ("signals_per_day", 8.0, True),
        ("signals_per_day", 8.01, False),
        ("signals_per_day", 1.99, False),
        ("net_r", 0.0, False),
        ("net_r", 0.001, True),
        ("payoff_ratio", None, None),
    ],
)
def test_pass_lines(name: str, value: float | None, passed: bool | None) -> None:
    row = next(row for row in judge({name: value}) if row.name == name)
    assert row.passed is passed


def test_bounds_are_written_in_the_unit_of_the_statistic() -> None:
    assert catalogue.bound("win_rate", Bound(at_least=0.45)) == "≥ 45 %"
    assert catalogue.bound("max_drawdown_pct", Bound(at_most=5.0)) == "≤ 5 %"
    assert catalogue.bound("signals_per_day", Bound(at_least=2.0, at_most=8.0)) == "2 to 8"
    assert catalogue.bound("net_r", Bound(above=0.0)) == "> 0 R"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("net_r", 12.345, "+12.35 R"),
        ("net_r", -0.001, "0.00 R"),
        ("net_usdt", -1234.5, "−1,234.50 USDT"),
        ("net_usdt", 1_234_567.8, "+1,234,568 USDT"),
        ("win_rate", 0.4715, "47.1 %"),
        ("max_drawdown_pct", 4.2, "4.20 %"),
        ("total_trades", 1234, "1,234"),
        ("expectancy", 0.1014, "+0.101 R"),
        ("avg_holding_minutes", 95.0, "1 h 35 min"),
        ("sharpe", None, "–"),
        ("sharpe", math.nan, "–"),
        ("profit_factor", math.inf, "–"),
        ("something_new_r", 1.0, "+1.00 R"),
        ("something_new_pct", 1.0, "1.00 %"),
    ],
)
def test_statistics_are_written_with_their_unit(name: str, value: float | None, text: str) -> None:
    assert catalogue.statistic(name, value) == text


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [
        (0, "0 ms"),
        (250, "250 ms"),
        (59_600, "1 min"),
        (59_400, "59 s"),
        (3_599_600, "1 h"),
        (4 * 3_600_000 + 600_000, "4 h 10 min"),
        (31 * 86_400_000, "31 d"),
        (None, "–"),
    ],
)
def test_spans(duration_ms: float | None, text: str) -> None:
    assert fmt.span(duration_ms) == text


def test_plain_numbers_and_shares() -> None:
    assert [fmt.plain_number(x) for x in (0.0005, 75.0, 10_000, -0.5, -0.0)] == [
        "0.0005",
        "75",
        "10000",
        "−0.5",
        "0",
    ]
    assert [fmt.share(part, 10_000) for part in (0, 1, 5, 5_000)] == ["0.0 %", "<0.1 %", "0.1 %", "50.0 %"]
    assert fmt.time_utc(START + 61_000, seconds=True) == "2025-03-01 00:01:01"


def test_downsampling_keeps_the_extremes_of_every_column() -> None:
    spiky = [float(index % 7) for index in range(10_000)]
    spiky[4_321], other = 1e6, [0.0] * 10_000
    other[1_234] = -9.0
    kept = extremes([spiky, other], 400)
    assert len(kept) <= 402
    assert list(kept) == sorted(set(kept))
    assert {0, 1_234, 4_321, 9_999} <= set(kept)
    assert list(extremes([[1.0, 2.0, 3.0]], 400)) == [0, 1, 2]
    assert list(extremes([[]], 400)) == []


def test_deltas_add_up_again() -> None:
    assert deltas([1_000, 1_250, 1_250, 4_000]) == [1_000, 250, 0, 2_750]


def test_histogram_never_mixes_wins_and_losses() -> None:
    values = [-1.0, -1e-12, 0.0, 1e-12, 0.3, 0.1 + 0.2, 0.95]
    found = r_histogram(values)
    assert found["width"] == 0.1
    below = sum(count for index, count in enumerate(found["counts"], found["first"]) if index < 0)
    assert below == 2
    assert sum(found["counts"]) == len(values)
    assert found["counts"][3 - found["first"]] == 2
    assert found["first"] == -10


def test_histogram_gathers_outliers_at_its_ends() -> None:
    found = r_histogram([index / 1000 for index in range(-1000, 1000)] + [-80.0, 500.0])
    assert found["low_open"]
    assert found["high_open"]
    assert len(found["counts"]) <= 40
    assert sum(found["counts"]) == 2_002
    assert r_histogram([])["counts"] == []
    assert r_histogram([-1.0])["counts"] == [1]


def test_holding_times_fall_into_their_bins() -> None:
    held = [0, 59_999, MINUTE, 239 * MINUTE, 240 * MINUTE, 100_000 * MINUTE]
    found = holding_histogram(held, ["sl", "sl", "tp", "tp", "timeout", "odd"], ("tp", "sl", "timeout"))
    assert found["edges_ms"] == [*HOLDING_EDGES_MS, None]
    counts = dict(found["series"])
    assert list(counts) == ["tp", "sl", "timeout", "odd"]
    assert counts["sl"][0] == 2
    assert (counts["tp"][1], counts["tp"][HOLDING_EDGES_MS.index(120 * MINUTE)]) == (1, 1)
    assert counts["timeout"][HOLDING_EDGES_MS.index(240 * MINUTE)] == 1
    assert counts["odd"][-1] == 1
    trimmed = holding_histogram([6 * MINUTE, 11 * MINUTE], ["tp", "tp"], ("tp",))
    assert trimmed == {"edges_ms": [5 * MINUTE, 10 * MINUTE, 15 * MINUTE], "series": [["tp", [1, 1]]]}


def test_summary_fits_eighty_columns_and_is_plain_when_piped(month: Sample) -> None:
    text = printed(month, equity=month.equity)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert re.search(r"Net result +\+16\.96 R", text)
    assert re.search(r"Payoff ratio +0\.72 +>= 1\.5 +FAIL", text)
    assert re.search(r"Win rate +66\.7 % +>= 45 % +pass", text)
    assert re.search(r"^ sl +30 +0\.0 % +-35\.36 +-1\.179 +1 h 28 min", text, re.MULTILINE)
    assert "no_direction_consensus       69,638  41.2 %" in text
    assert "43,782,509 trades" in text
    assert fmt.MINUS not in text


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_number_is_cut(month: Sample, width: int) -> None:
    text = printed(month, width=width)
    assert max(map(len, text.splitlines())) <= width
    for figure in ("+4,816.33 USDT", "14.90 %", "+0.141 R", "2025-03-01 00:00", "7.74"):
        assert figure in text


def test_summary_names_every_file_on_one_line(month: Sample) -> None:
    path = Path("out") / ("long-" * 30) / "report.html"
    assert f" {path}" in printed(month, files=[path]).splitlines()


def test_summary_in_colour_links_the_files(month: Sample) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=True, color_system="standard")
    print_report(month.report, console, files=[Path("report.html")])
    assert Path("report.html").resolve().as_uri() in stream.getvalue()
    assert "\x1b[" in stream.getvalue()


def test_summary_on_an_ascii_terminal(month: Sample) -> None:
    text = printed(month, encoding="ascii", equity=month.equity, files=[Path("report.html")])
    assert "fill tape | latency 50 ms" in text
    assert re.search(r"Calmar +- *$", text, re.MULTILINE)
    assert "?" not in text


def test_summary_does_not_read_markup_in_names(month: Sample) -> None:
    header = msgspec.structs.replace(
        month.report.header, preset="[red]x[/red]", warnings=("[bold]odd[/bold]",)
    )
    report = msgspec.structs.replace(month.report, header=header)
    text = printed(Sample(report, month.trades, month.equity, month.price))
    assert "[red]x[/red]" in text
    assert "warning: [bold]odd[/bold]" in text


def test_summary_of_an_empty_run_says_why(empty: Sample) -> None:
    text = printed(empty)
    assert "No position was closed. 17,280 evaluations, 0 signals." in text
    assert re.search(r"no_direction_consensus +6,739 +34\.1 %", text)
    assert "warning: The highest total" in text
    assert re.search(r"Win rate +– +>= 45 % +n/a", text)


class Outside(HTMLParser):
    """Collects whatever a page would fetch, and its inline scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.references: list[str] = []
        self.scripts: list[str] = []
        self.policy = ""
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.references += [str(given[name]) for name in ("src", "href", "data", "action") if name in given]
        if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(given["content"])
        self._in_script = tag == "script" and "type" not in given
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data


def test_page_is_self_contained_and_small(month: Sample) -> None:
    text = page(month)
    assert len(text.encode()) < 3_000_000
    parser = Outside()
    parser.feed(text)
    assert parser.references == ["data:,"]
    assert "@import" not in text
    assert "url(" not in text


def test_page_admits_its_own_scripts_only(month: Sample) -> None:
    parser = Outside()
    parser.feed(page(month))
    assert len(parser.scripts) == len(page_module.SCRIPTS)
    hashes = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in parser.scripts
    ]
    admitted = re.search(r"script-src([^;]*)", parser.policy)
    assert admitted
    assert admitted[1].split() == [f"'sha256-{value}'" for value in hashes]
    assert "default-src 'none'" in parser.policy


def test_page_escapes_whatever_a_run_brings(month: Sample) -> None:
    evil = "</script><script>alert(1)</script><!--"
    header = msgspec.structs.replace(month.report.header, preset=evil, symbol=evil, warnings=(evil,))
    report = msgspec.structs.replace(month.report, header=header)
    trades = month.trades | {"strategy": [evil] * len(month.trades["strategy"])}
    text = render_html(report, trades, month.equity, month.price)
    assert "<script>alert" not in text
    assert text.count("</script>") == len(page_module.SCRIPTS) + 1
    assert payload(text)["symbol"] == evil
    assert payload(text)["trades"]["columns"]["strategy"][0] == evil


def test_page_holds_the_whole_run(month: Sample) -> None:
    run = payload(page(month))
    assert sum(run["equity"]["dt"]) == month.equity["time_ms"][-1]
    assert run["equity"]["r"][-1] == round(month.equity["equity_r"][-1], 4)
    assert max(run["price"]["price"]) == max(month.price["price"])
    assert min(run["price"]["price"]) == min(month.price["price"])
    assert len(run["price"]["price"]) <= page_module.PRICE_POINTS + 2
    assert sum(run["r_histogram"]["counts"]) == 120
    assert sum(sum(counts) for _, counts in run["holding"]["series"]) == 120
    assert run["trades"]["columns"]["exit_ms"] == month.trades["exit_ms"]


def test_list_and_marks_are_cut_and_the_page_says_so(month: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "CHARTED_TRADES", 50)
    monkeypatch.setattr(page_module, "LISTED_TRADES", 20)
    text = page(month)
    run = payload(text)
    assert (run["trades"]["total"], run["trades"]["charted"], run["trades"]["listed"]) == (120, 50, 20)
    assert len(run["trades"]["columns"]["pnl_r"]) == 50
    assert len(run["trades"]["columns"]["tier"]) == 20
    assert sum(run["r_histogram"]["counts"]) == 120
    assert "The first 50 of 120 positions are marked." in text
    assert "The first 20 of 120 positions; <code>trades.parquet</code> holds all of them." in text


def test_open_position_counts_nowhere_but_is_charted(month: Sample) -> None:
    trades = {name: list(column) for name, column in month.trades.items()}
    for name in ("exit_ms", "exit_price", "status", "gross_r", "fee_r", "funding_r", "pnl_r", "pnl_usdt"):
        trades[name][-1] = None
    report = msgspec.structs.replace(month.report, open_positions=1)
    text = render_html(report, trades, month.equity, month.price)
    run = payload(text)
    assert sum(run["r_histogram"]["counts"]) == 119
    assert run["trades"]["charted"] == 120
    assert "1 position still open at the end" in text


def test_undefined_statistics_explain_themselves(month: Sample) -> None:
    row = re.search(
        r'<div title="([^"]*)" data-name="calmar"><dt>Calmar</dt><dd class="[^"]*undefined">–</dd>',
        page(month),
    )
    assert row
    assert "needs at least two daily returns" in row[1]


def test_every_parameter_is_listed(month: Sample) -> None:
    text = page(month)
    for name in month.report.header.strategy:
        assert f"<dt>{name}</dt>" in text
    assert "<dt>whale_flow_pct</dt><dd>0.5</dd>" in text
    assert "<dd>BTC 30m/4h &lt;standard&gt;</dd>" in text


def test_page_of_an_empty_run_says_why(empty: Sample) -> None:
    text = page(empty)
    assert "No position was opened" in text
    assert "With the sources given, no total can reach the entry score of 75: 72.9 is the highest." in text
    assert 'id="equity"' not in text
    assert 'id="trades"' not in text
    assert 'id="price"' in text


def test_page_without_any_data(empty: Sample) -> None:
    header = msgspec.structs.replace(
        empty.report.header,
        data=msgspec.structs.replace(empty.report.header.data, first_ms=None, last_ms=None, trades=0),
    )
    report = msgspec.structs.replace(
        empty.report, header=header, evaluations=0, signals=0, statistics={}, verdict=(), rejections={}
    )
    text = render_html(report, {}, {}, {})
    assert "The tape holds no trade." in text
    assert "Nothing was evaluated" in text
    assert "No verdict" in text
    nothing = Sample(report, {}, {}, {})
    assert "Nothing was evaluated" in printed(nothing)


def test_interrupted_run_says_so(month: Sample) -> None:
    header = msgspec.structs.replace(month.report.header, interrupted_ms=START + 3_600_000)
    report = msgspec.structs.replace(month.report, header=header)
    cut = Sample(report, month.trades, month.equity, month.price)
    assert "Interrupted at 2025-03-01 01:00 UTC" in page(cut)
    assert "interrupted at 2025-03-01 01:00 UTC" in printed(cut)


def test_rendering_two_thousand_trades_takes_a_moment() -> None:
    # Measured at about 40 ms; the cap is generous for a busy machine, and still catches a quadratic step.
    base = sample(days=60, count=500)
    copies = 2_000 // len(base.trades["trade_id"]) + 1
    trades = {name: (column * copies)[:2_000] for name, column in base.trades.items()}
    page(base)
    taken = []
    for _ in range(3):
        start = time.process_time()
        render_html(base.report, trades, base.equity, base.price)
        taken.append(time.process_time() - start)
    assert min(taken) < 0.15


def test_importing_the_report_pulls_in_nothing_heavy() -> None:
    heavy = ("jinja2", "rich", "polars", "numpy")
    code = f"import sys, arbcore.report; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
