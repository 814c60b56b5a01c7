"""Whole back-tests: the command, from the archive to the report."""

import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Recorder, Run, run

TRADES = 10_000_000
LONG_TRADES = 100_000_000
ROUNDS = 5


def backtest(archive: Path, out: Path, env: dict[str, str]) -> Run:
    """Run the command as a user does."""
    changes = ("--set", "entry_score=60", "--set", "flip_threshold=70")
    arguments = ("backtest", archive, "--symbol", "BTCUSDT", "--preset", "v53", *changes, "--out", out)
    return run(Path(sys.executable).with_name("arbcore"), *arguments, env=env)


def bench_backtest(
    benchmark: Any, figures: Recorder, speed: Path, installed: dict[str, str], tmp_path: Path
) -> None:
    run(speed, "archive", tmp_path / "archive", str(TRADES))
    out = tmp_path / "out"
    backtest(tmp_path / "archive", out, installed)
    runs: list[Run] = []
    benchmark.pedantic(lambda: runs.append(backtest(tmp_path / "archive", out, installed)), rounds=ROUNDS)
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["header"]["data"]["trades"] == TRADES
    assert report["statistics"]["total_trades"] > 0
    figures.add("backtest", min(r.seconds for r in runs), statistics.median(r.seconds for r in runs))
    figures.add("backtest_peak", max(r.peak_mb for r in runs))


@pytest.mark.skipif(
    os.environ.get("ARBCORE_BENCH_LONG") != "1", reason="takes a minute: set ARBCORE_BENCH_LONG=1 to run it"
)
@pytest.mark.timeout(1_200)
def bench_backtest_of_100_million(
    benchmark: Any, figures: Recorder, speed: Path, installed: dict[str, str], tmp_path: Path
) -> None:
    run(speed, "archive", tmp_path / "archive", str(LONG_TRADES))
    taken = benchmark.pedantic(backtest, args=(tmp_path / "archive", tmp_path / "out", installed), rounds=1)
    figures.add("backtest_100m_peak", taken.peak_mb)
    figures.add("backtest_100m", taken.seconds)
