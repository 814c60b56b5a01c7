"""Pages say what is: examples run and print what stands there, tables are current, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import arbcore
import make_docs
from doc_examples import refreshed, run_command, run_python, without_clock

REPO = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPO.glob("*.md"), *REPO.glob("docs/*.md"), *REPO.glob("tests/golden/*.md"), *REPO.glob("api/*.md")])


@pytest.mark.parametrize("page", make_docs.PAGES, ids=lambda page: page.name)
def test_examples(page: Path, tmp_path: Path) -> None:
    """If this fails because something now prints better: ``make docs``."""
    text = page.read_text()
    assert without_clock(refreshed(text, tmp_path)) == without_clock(text)


def test_configuration_is_current() -> None:
    """``make docs`` writes it."""
    text = make_docs.CONFIGURATION.read_text()
    assert make_docs.with_tables(text) == text


def test_every_parameter_is_described() -> None:
    table = make_docs.parameter_table()
    for name in arbcore.Strategy.__struct_fields__:
        assert f"| `{name}` |" in table


def test_toml_examples_are_accepted(tmp_path: Path) -> None:
    from arbcore.research.filters import read_filters
    from arbcore.research.sweep import read_grid

    strategy, grid, filters = re.findall(r"```toml\n(.*?)```", make_docs.CONFIGURATION.read_text(), re.DOTALL)
    assert arbcore.Strategy.from_toml(strategy).blackout_hours == (0, 1)
    (tmp_path / "grid.toml").write_text(grid)
    assert len(read_grid(tmp_path / "grid.toml").changes()) == 9
    (tmp_path / "filters.toml").write_text(filters)
    assert read_filters(tmp_path / "filters.toml")["BTCUSDT"].min_notional == 50


def described(heading: str) -> list[str]:
    """Names in the first column of the table under a heading of formats.md."""
    text = (REPO / "docs" / "formats.md").read_text()
    section = re.split(r"^##", text.split(f"### {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")][2:]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


@pytest.fixture(scope="module")
def made() -> Any:
    return arbcore.generate("BTCUSDT", hours=8, trades_per_day=100_000, seed=3)


@pytest.fixture(scope="module")
def result(made: Any) -> arbcore.BacktestResult:
    return arbcore.backtest(made.trades, symbol="BTCUSDT", strategy="v51_baseline", warmup="1h")


def test_formats_of_a_backtest(result: arbcore.BacktestResult, made: Any) -> None:
    assert described("trades.parquet") == result.trades.columns
    assert described("signals.parquet") == result.signals.columns
    assert described("equity.parquet") == result.equity.columns
    assert described("report.json") == list(result.report)
    assert described("indicators") == made.indicators.columns
    # The frame of a generator has the archive's columns.
    assert described("archive") == made.trades.columns


def test_formats_name_every_statistic_and_indicator(result: arbcore.BacktestResult, made: Any) -> None:
    text = (REPO / "docs" / "formats.md").read_text()
    for name in [*result.statistics, *made.indicators["name"].unique()]:
        assert f"`{name}`" in text, name


def test_formats_of_features(made: Any) -> None:
    windows = ["5m", "15m", "30m", "1h", "4h", "24h", "utc_day"]
    expected: list[str] = []
    for name in described("features"):
        expected += [name.replace("<w>", window) for window in windows] if "<w>" in name else [name]
    assert arbcore.features(made.trades, symbol="BTCUSDT").columns == expected


def test_formats_of_bars(made: Any) -> None:
    names = described("bars")
    stats = [f"{side}_{what}" for side in ("buy", "sell") for what in ("volume", "dolvol", "trade_count")]
    tiers = [f"{name}{tier}" for tier in (1, 2, 3, 4) for name in stats]
    columns = arbcore.bars(made.trades, symbol="BTCUSDT").columns
    assert [*names[:-1], *tiers, names[-1]] == columns


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_links(page: Path) -> None:
    """What a page points to in the repository is there, with its heading."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            anchors = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
            assert anchor in anchors, target


def test_the_runner_reports_failures(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="example failed"):
        run_python("1 / 0", {})
    with pytest.raises(RuntimeError, match="example failed with 3"):
        run_command("exit 3", tmp_path)
    assert refreshed("```python\n1 + 1\n```\n\n```text\n3\n```\n", tmp_path).endswith("```text\n2\n```\n")
