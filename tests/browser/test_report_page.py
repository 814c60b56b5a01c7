"""The page in a real browser: what it draws, what it does when used, and that it asks nobody for anything.

Runs Chromium without a window, through Playwright; skips where there is none, fails under `CI=true`.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from arbcore.report import render_html
from support.report_sample import Sample, sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1440, "height": 1000}
PHONE = {"width": 390, "height": 844}

# How many pixels of a chart's canvas hold the colour of a custom property (within a small distance).
COUNT_PIXELS = """([id, colour]) => {
  const canvas = document.querySelector(`#${id} canvas`);
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(`--${colour}`);
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    const near = Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 24;
    if (near && data[at + 3] > 200) count += 1;
  }
  return count;
}"""
# Where on the page a chart draws a point, in CSS pixels.
POSITION = """([name, x, y]) => {
  const chart = arbcoreReport.charts[name];
  const box = chart.over.getBoundingClientRect();
  return [box.left + chart.valToPos(x, "x"), box.top + chart.valToPos(y, "y")];
}"""
RANGES = """() => ["equity", "drawdown", "price"].map(name => {
  const { min, max } = arbcoreReport.charts[name].scales.x;
  return [Math.round(min), Math.round(max)];
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = os.environ.get("ARBCORE_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        message = f"NO BROWSER: none of {', '.join(BROWSERS)} is installed; the report's page stays unseen"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def month() -> Sample:
    return sample()


@pytest.fixture(scope="module")
def files(month: Sample, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    samples = {"month": month, "dense": sample(days=60, count=900), "empty": sample(days=3, empty=True)}
    for name, of in samples.items():
        text = render_html(of.report, of.trades, of.equity, of.price)
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in samples}


@dataclass
class Watched:
    """A page, with whatever it complained about or asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def pixels(self, chart: str, colour: str) -> int:
        count = self.page.evaluate(COUNT_PIXELS, [chart, colour])
        assert isinstance(count, int)
        return count


@pytest.fixture
def watch(browser: Browser, files: dict[str, Path]) -> Iterator[Any]:
    contexts = []

    def opened(name: str, viewport: dict[str, int], scheme: str = "light") -> Watched:
        context = browser.new_context(viewport=viewport, color_scheme=scheme, timezone_id="Asia/Kolkata")
        contexts.append(context)
        watched = Watched(context.new_page())
        watched.page.on("console", lambda message: watched.complaints.append(message.text))
        watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        watched.page.on("request", lambda request: watched.requests.append(request.url))
        watched.page.goto(files[name].as_uri())
        watched.page.wait_for_selector("html[data-ready=true]")
        return watched

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", ["month", "dense", "empty"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_page_is_quiet_and_never_wider_than_the_screen(
    watch: Any, files: dict[str, Path], name: str, viewport: dict[str, int]
) -> None:
    watched = watch(name, viewport)
    assert watched.complaints == []
    # The empty favicon keeps browsers from asking for one; nothing else is fetched.
    assert [url for url in watched.requests if not url.startswith("data:")] == [files[name].as_uri()]
    assert watched.page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_numbers_of_the_first_glance(watch: Any) -> None:
    page = watch("month", DESKTOP).page
    figures = {
        key.get_attribute("data-name"): " ".join(key.locator(".figure").inner_text().split())
        for key in page.locator("#keys .key").all()
    }
    assert figures == {
        "net_r": "+16.96 R",
        "net_usdt": "+4,816.33 USDT",
        "total_trades": "120",
        "win_rate": "66.7 %",
        "profit_factor": "1.43",
        "expectancy": "+0.141 R",
        "max_drawdown_pct": "14.90 %",
        "sharpe": "6.32",
    }
    assert page.inner_text("#verdict-badge") == "Fails 2 of 5 pass lines"
    assert [row.get_attribute("class") for row in page.locator("#verdict li").all()] == [
        "pass",
        "fail",
        "fail",
        "pass",
        "pass",
    ]


def test_breakdowns_add_up_to_the_whole(watch: Any) -> None:
    page = watch("month", DESKTOP).page
    for table in (
        "by_status",
        "by_direction",
        "by_tier",
        "by_score_band",
        "by_regime",
        "by_hour",
        "by_symbol",
    ):
        trades = [int(cell.inner_text()) for cell in page.locator(f"#{table} tbody tr td:nth-child(2)").all()]
        assert sum(trades) == 120, table
    status = page.locator("#by_status tbody tr").all()
    assert [row.locator("th").inner_text() for row in status] == [
        "tp",
        "sl",
        "sl_be",
        "timeout",
        "signal_flip",
    ]
    assert page.locator("#rejections tbody tr").first.inner_text().split()[0] == "no_direction_consensus"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_are_drawn_in_the_colours_of_the_scheme(watch: Any, scheme: str) -> None:
    watched = watch("month", DESKTOP, scheme)
    background = watched.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 18, 22)"}[scheme]
    assert watched.pixels("equity", "accent") > 800
    assert watched.pixels("drawdown", "loss") > 400
    assert watched.pixels("price", "price") > 300
    for status in ("tp", "sl", "sl_be", "timeout", "signal_flip"):
        assert watched.pixels("price", status) > 40, status
        assert watched.pixels("holding", status) > 40, status
    assert watched.pixels("r-histogram", "gain") > 5_000
    assert watched.pixels("r-histogram", "loss") > 5_000


def test_charts_follow_a_change_of_scheme(watch: Any) -> None:
    watched = watch("month", DESKTOP)
    watched.page.emulate_media(color_scheme="dark")
    watched.page.wait_for_function("getComputedStyle(document.body).backgroundColor === 'rgb(15, 18, 22)'")
    assert watched.pixels("equity", "accent") > 800
    assert watched.complaints == []


def test_pixels_of_the_equity_lie_where_the_data_say(watch: Any, month: Sample) -> None:
    page = watch("month", DESKTOP).page
    level = month.equity["equity_r"]
    highest, lowest = level.index(max(level)), level.index(min(level))
    spots = [
        page.evaluate(POSITION, ["equity", month.equity["time_ms"][row], level[row]])
        for row in (highest, lowest)
    ]
    colour = page.evaluate(
        """spots => spots.map(([x, y]) => {
          const canvas = document.querySelector("#equity canvas"), box = canvas.getBoundingClientRect();
          const [left, top] = [x - box.left, y - box.top].map(at => Math.round(at * devicePixelRatio) - 2);
          const { data } = canvas.getContext("2d").getImageData(left, top, 5, 5);
          return Math.max(...data.filter((_, at) => at % 4 === 3));
        })""",
        spots,
    )
    assert min(colour) > 150
    assert spots[0][1] < spots[1][1]


def test_readouts_follow_the_cursor_across_charts_in_utc(watch: Any, month: Sample) -> None:
    page = watch("month", DESKTOP).page
    assert page.inner_text("#equity-readout") == "ends at +16.96 R"
    row = len(month.equity["time_ms"]) // 2
    page.locator("#equity .u-over").scroll_into_view_if_needed()
    page.mouse.move(
        *page.evaluate(POSITION, ["equity", month.equity["time_ms"][row], month.equity["equity_r"][row]])
    )
    shown = page.inner_text("#equity-readout")
    found = re.fullmatch(r"2025-03-\d\d \d\d:\d\d UTC\s+([+−]?[\d.]+) R", shown)
    assert found, shown
    index = page.evaluate("arbcoreReport.charts.equity.cursor.idx")
    value = page.evaluate("index => arbcoreReport.run.equity.r[index]", index)
    assert float(found[1].replace("−", "-")) == pytest.approx(value, abs=0.005_1)
    day = shown[:10]
    assert page.inner_text("#drawdown-readout").startswith(day)
    assert page.inner_text("#price-readout").startswith(day)
    page.mouse.move(5, 5)
    assert page.inner_text("#price-readout") == f"last {month.price['price'][-1]:,} USDT"


def test_tooltip_of_an_exit_tells_side_status_and_result(watch: Any, month: Sample) -> None:
    page = watch("month", DESKTOP).page
    row = month.trades["status"].index("timeout")
    page.locator("#trades tbody button").nth(row).click()
    page.locator("#price .u-over").scroll_into_view_if_needed()
    at = [month.trades["exit_ms"][row], month.trades["exit_price"][row]]
    page.mouse.move(*page.evaluate(POSITION, ["price", *at]))
    tip = page.inner_text("#price .tip")
    result = f"{month.trades['pnl_r'][row]:+.2f}".replace("-", "−")
    assert f"{month.trades['direction'][row]} #{month.trades['trade_id'][row]} " in tip
    assert f"timeout · {result} R" in tip
    assert "held 4 h" in tip
    page.mouse.move(5, 5)
    assert page.locator("#price .tip").count() == 0


def test_zooming_one_chart_zooms_all_and_double_click_shows_the_whole_run(watch: Any) -> None:
    page = watch("month", DESKTOP).page
    whole = page.evaluate(RANGES)
    assert whole[0] == whole[1] == whole[2]
    assert page.is_disabled("#reset")
    page.locator("#price .u-over").scroll_into_view_if_needed()
    box = page.locator("#price .u-over").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 300, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, middle, steps=4)
    page.mouse.up()
    page.wait_for_function("!document.getElementById('reset').disabled")
    zoomed = page.evaluate(RANGES)
    assert zoomed[0] == zoomed[1] == zoomed[2]
    assert (zoomed[0][1] - zoomed[0][0]) / (whole[0][1] - whole[0][0]) == pytest.approx(
        200 / box["width"], rel=0.02
    )
    page.mouse.dblclick(box["x"] + 400, middle)
    page.wait_for_function("document.getElementById('reset').disabled")
    assert page.evaluate(RANGES) == whole


def test_unit_of_equity_can_be_switched(watch: Any, month: Sample) -> None:
    watched = watch("month", DESKTOP)
    watched.page.click("#unit-usdt")
    assert (
        watched.page.inner_text("#equity-readout") == f"ends at {month.equity['equity_usdt'][-1]:,.2f} USDT"
    )
    assert watched.page.get_attribute("#unit-usdt", "aria-pressed") == "true"
    assert watched.pixels("equity", "accent") > 800
    assert watched.page.locator("#equity canvas").count() == 1


def test_trade_list_sorts_and_grows(watch: Any, month: Sample) -> None:
    page = watch("month", DESKTOP).page
    heads = page.locator("#trades thead th").all_inner_texts()
    column = heads.index("Net, R")
    cells = page.locator(f"#trades tbody td:nth-child({column + 1})")
    assert cells.count() == 100
    assert page.inner_text("#trade-count") == "100 of 120 shown"

    def values() -> list[float]:
        return [float(text.replace("−", "-")) for text in cells.all_inner_texts()]

    expected = [round(value, 3) for value in month.trades["pnl_r"]]
    assert values() == pytest.approx(expected[:100], abs=0.000_51)
    button = page.locator("#trades thead button").nth(column)
    button.click()
    assert page.locator("#trades thead th").nth(column).get_attribute("aria-sort") == "descending"
    assert values() == pytest.approx(sorted(expected, reverse=True)[:100], abs=0.000_51)
    button.click()
    assert values() == pytest.approx(sorted(expected)[:100], abs=0.000_51)
    page.click("#more")
    assert cells.count() == 120
    assert page.inner_text("#trade-count") == "120 of 120 shown"
    assert page.is_hidden("#more")


def test_picking_a_trade_zooms_to_it(watch: Any, month: Sample) -> None:
    page = watch("month", DESKTOP).page
    page.locator("#trades tbody button").nth(60).click()
    page.wait_for_function("!document.getElementById('reset').disabled")
    low, high = page.evaluate(RANGES)[2]
    assert low < month.trades["entry_ms"][60] < month.trades["exit_ms"][60] < high
    assert high - low < 24 * 3_600_000


def test_empty_run_shows_the_reasons_and_the_price_alone(watch: Any) -> None:
    watched = watch("empty", DESKTOP)
    assert watched.page.inner_text("#h-empty") == "No position was opened"
    first = watched.page.locator("#rejections tbody tr").first.inner_text()
    assert first.split("\t")[0] == "no_direction_consensus"
    assert watched.page.locator("canvas").count() == 1
    assert watched.pixels("price", "price") > 500


def test_paper_is_light_and_fits(watch: Any) -> None:
    watched = watch("month", DESKTOP, "dark")
    document = watched.page.pdf(format="A4")
    assert document.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", document)) <= 12
    watched.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert watched.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    watched.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert watched.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 18, 22)"
    assert watched.complaints == []
