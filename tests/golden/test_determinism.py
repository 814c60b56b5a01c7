"""Nothing but trades, samples and configuration decides: not batches, formats, threads, hash seeds or builds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import arbcore
from arbcore._arbcore import Replay, Samples, TradeBatch
from arbcore.research.backtest import prepare, resolve_strategy
from arbcore.research.filters import filters_for
from arbcore.research.generate import Market, generate_files
from arbcore.research.options import RunOptions

REPO = Path(__file__).resolve().parents[2]
# The same stream as rust/arbcore-core/examples/decision_hash.rs makes.
STREAM: dict[str, Any] = {"hours": 30, "seed": 11, "trades_per_day": 60_000, "start": "2025-01-01"}
WARMUP = "1h"


@pytest.fixture(scope="module")
def made() -> Any:
    return arbcore.generate("BTCUSDT", **STREAM)


def run(data: Any, indicators: Any, **options: Any) -> arbcore.BacktestResult:
    options = {"strategy": "v53", "warmup": WARMUP, **options}
    return arbcore.backtest(data, symbol="BTCUSDT", indicators=indicators, **options)


@pytest.fixture(scope="module")
def whole(made: Any) -> arbcore.BacktestResult:
    result = run(made.trades, made.indicators)
    # A hash over nothing would be equal everywhere.
    assert result.statistics["total_trades"] >= 5
    return result


def test_other_decisions_have_another_hash(made: Any, whole: arbcore.BacktestResult) -> None:
    others = [
        run(made.trades, made.indicators, set=["entry_score=76"]),
        run(made.trades, made.indicators, slippage_bps=0.01),
        run(made.trades, made.indicators, fill="level"),
        run(made.trades.head(len(made.trades) // 2), made.indicators),
    ]
    hashes = {whole.decision_hash, *(other.decision_hash for other in others)}
    assert len(hashes) == 1 + len(others)


@pytest.mark.parametrize("size", [13, 1_000, 65_536])
def test_batches(made: Any, whole: arbcore.BacktestResult, size: int) -> None:
    """The frame pushed in pieces, whose ends fall anywhere."""
    samples = Samples.from_columns(
        "BTCUSDT", *(made.indicators[name].to_list() for name in made.indicators.columns)
    )
    setup = prepare(*resolve_strategy("v53", "BTCUSDT"), samples)
    grid = whole.grid
    chosen = filters_for("BTCUSDT", grid[1])
    options = RunOptions(warmup_ms=3_600_000).for_core(chosen.lot_step, chosen.min_notional)
    replay = Replay(
        "BTCUSDT", grid, [setup.strategy.to_dict()], options, recording="signals", samples=samples
    )
    for start in range(0, len(made.trades), size):
        replay.push(TradeBatch.from_frame(made.trades.slice(start, size), grid))
    outcome = replay.finish()
    assert outcome.decision_hash == whole.decision_hash
    assert outcome.evaluations().to_polars().equals(whole.signals)
    assert outcome.equity(0).to_polars().equals(whole.equity)


@pytest.mark.parametrize("pieces", ["one by one", "batches"])
def test_tape(made: Any, pieces: str) -> None:
    trades = made.trades.head(20_000)
    tape = arbcore.Tape("BTCUSDT", 1, 3, warmup=WARMUP)
    if pieces == "one by one":
        for row in trades.select("agg_id", "time_ms", "price", "qty", "is_buyer_maker").iter_rows():
            tape.push(*row)
    else:
        for start in range(0, len(trades), 777):
            tape.push_many(trades.slice(start, 777))
    want = arbcore.features(trades, symbol="BTCUSDT", warmup=WARMUP, price_decimals=1, qty_decimals=3)
    assert tape.features().equals(want)


@pytest.mark.parametrize("form", ["csv", "zip", "archive", "csv.gz", "parquet"])
def test_formats(whole: arbcore.BacktestResult, form: str, tmp_path: Path) -> None:
    market = Market(
        symbol="BTCUSDT",
        hours=STREAM["hours"],
        seed=STREAM["seed"],
        trades_per_day=STREAM["trades_per_day"],
        start=STREAM["start"],
    )
    if form in ("csv", "zip", "archive"):
        done = generate_files(market, tmp_path, form=form)
        data: Any = tmp_path if form == "archive" else done.files
    else:
        from arbcore.store import export_trades

        done = generate_files(market, tmp_path / "archive")
        data = tmp_path / f"trades.{form}"
        export_trades([tmp_path / "archive"], data, symbol="BTCUSDT")
    assert done.indicators is not None
    result = run(data, done.indicators)
    assert result.decision_hash == whole.decision_hash
    assert result.trades.equals(whole.trades)
    assert result.statistics == whole.statistics


PROGRAM = f"""
import hashlib
import arbcore
made = arbcore.generate("BTCUSDT", **{STREAM!r})
result = arbcore.backtest(made.trades, symbol="BTCUSDT", indicators=made.indicators, warmup={WARMUP!r})
rows = arbcore.sweep(made.trades, symbol="BTCUSDT", indicators=made.indicators, warmup={WARMUP!r},
                     grid={{"grid": {{"sl_atr_multiplier": [1.0, 1.5, 2.0]}}}}).rows
print(result.decision_hash)
print(hashlib.sha256((rows.write_csv() + result.trades.write_csv() + result.signals.write_csv()).encode()).hexdigest())
"""


def test_processes_and_hash_seeds(whole: arbcore.BacktestResult) -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        for seed in ("0", "1", "4242")
    ]
    assert outputs[0][0] == whole.decision_hash
    assert outputs[1:] == outputs[:1] * 2


def sweep(made: Any, threads: int) -> arbcore.SweepResult:
    grid = {"preset": "v53", "grid": {"entry_score": [70, 75, 78], "sl_atr_multiplier": [1.0, 1.5, 2.0]}}
    return arbcore.sweep(
        made.trades,
        symbol="BTCUSDT",
        indicators=made.indicators,
        warmup=WARMUP,
        grid=grid,
        threads=threads,
        keep_trades=True,
    )


def test_threads(made: Any) -> None:
    one, two, many = (sweep(made, threads) for threads in (1, 2, 7))
    assert one.rows.equals(two.rows)
    assert one.rows.equals(many.rows)
    assert one.all_trades().equals(two.all_trades())
    assert one.all_trades().equals(many.all_trades())


def test_sweep_is_the_single_run(made: Any) -> None:
    swept = sweep(made, 2)
    for index in (0, 4, 8):
        setup = swept.setups[index]
        single = run(made.trades, made.indicators, strategy=setup.strategy)
        assert swept.trades(index).equals(single.trades)
        row = swept.rows.row(index, named=True)
        assert {name: row[name] for name in single.statistics} == single.statistics


def rust_hashes(*arguments: str) -> list[str]:
    done = subprocess.run(
        [
            "cargo",
            "run",
            "--quiet",
            "--locked",
            "-p",
            "arbcore-core",
            "--example",
            "decision_hash",
            *arguments,
        ],
        cwd=REPO,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not on PATH")
def test_builds(made: Any) -> None:
    """Debug build, release build and the extension module make the same decisions."""
    debug, release = rust_hashes(), rust_hashes("--release")
    assert debug == release
    assert len(debug) == 10
    for line in debug:
        preset, fill, trades, decision_hash = line.split()
        result = run(made.trades, made.indicators, strategy=preset, fill=fill)
        assert result.statistics["total_trades"] == int(trades)
        assert result.decision_hash == decision_hash, preset
