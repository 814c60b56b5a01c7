"""What all tests share: where the real market data is, which folder needs which tool, and no silent skips."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
# Tests of these folders carry the folder's name as a mark, so that `-m` can choose them.
MARKED_FOLDERS = ("browser", "packaging")


def pytest_configure(config: pytest.Config) -> None:
    beside = REPO.parent / "shared" / "data"
    if "ARBCORE_SHARED_DATA" not in os.environ and beside.is_dir():
        os.environ["ARBCORE_SHARED_DATA"] = str(beside)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.parent.name
        if folder in MARKED_FOLDERS:
            item.add_marker(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> object:
    """Under CI a browser or packaging test that cannot run is a failure: nobody reads the list of skips there."""
    report = yield
    needs_tool = any(item.get_closest_marker(name) for name in MARKED_FOLDERS)
    if report.skipped and needs_tool and os.environ.get("CI") == "true":
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real market data; without it the test skips and says so."""
    folder = Path(os.environ.get("ARBCORE_SHARED_DATA", REPO.parent / "shared" / "data"))
    if not (folder / "aggtrades").is_dir():
        pytest.skip(
            f"NO REAL DATA: {folder} has no aggtrades; set ARBCORE_SHARED_DATA to check the real files"
        )
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every reason for a skip once, loudly, at the end."""
    reasons = [str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", [])]
    for reason in dict.fromkeys(reasons):
        count = reasons.count(reason)
        terminalreporter.write_line(
            f"SKIPPED {count}: {reason.removeprefix('Skipped: ')}", yellow=True, bold=True
        )
