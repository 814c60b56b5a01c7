"""The generator from Python: frames, files, the command."""

import os
import subprocess
import sys

import polars as pl
import pytest

import arbcore
from arbcore.errors import ConfigError, InputError
from arbcore.research.generate import Market, generate_files

SMALL = {"symbol": "BTCUSDT", "hours": 3.0, "trades_per_day": 80_000.0}


def test_frames_hold_trades_and_their_samples():
    stream = arbcore.generate("BTCUSDT", hours=3, trades_per_day=80_000, seed=7)
    trades, samples = stream.trades, stream.indicators
    assert trades.columns == [
        "agg_id",
        "time_ms",
        "price",
        "qty",
        "is_buyer_maker",
        "first_trade_id",
        "last_trade_id",
    ]
    assert 3_000 < trades.height < 30_000
    assert trades["agg_id"].diff().drop_nulls().unique().to_list() == [1]
    assert trades["time_ms"].is_sorted()
    assert trades["time_ms"].is_between(1_735_689_600_000, 1_735_689_600_000 + 3 * 3_600_000).all()
    assert samples.columns == ["time_ms", "available_ms", "symbol", "name", "value"]
    assert samples["available_ms"].is_sorted()
    assert samples["symbol"].unique().to_list() == ["BTCUSDT"]
    assert set(samples["name"].unique()) >= {
        "long_short_ratio",
        "open_interest_value",
        "obi_10",
        "mark_price",
    }
    assert arbcore.generate("BTCUSDT", hours=3, trades_per_day=80_000, seed=7).trades.equals(trades)
    assert not arbcore.generate("BTCUSDT", hours=3, trades_per_day=80_000, seed=8).trades.equals(trades)


def test_switches_leave_out_samples_but_change_no_trade():
    everything = arbcore.generate("ETHUSDT", hours=2, trades_per_day=50_000)
    no_book = arbcore.generate("ETHUSDT", hours=2, trades_per_day=50_000, book=False)
    nothing = arbcore.generate("ETHUSDT", hours=2, trades_per_day=50_000, indicators=False)
    assert everything.trades.equals(no_book.trades)
    assert everything.trades.equals(nothing.trades)
    assert "obi_10" not in no_book.indicators["name"].unique().to_list()
    assert nothing.indicators.height == 0


@pytest.mark.parametrize("form", ["archive", "csv", "zip"])
def test_files_read_back_as_the_same_trades(tmp_path, form):
    market = Market(**SMALL, start="2025-01-01T22:30")
    done = generate_files(market, tmp_path, form=form)
    frame = arbcore.generate(**SMALL, start="2025-01-01T22:30").trades
    assert (done.trades, done.first_ms, done.last_ms) == (
        frame.height,
        frame["time_ms"][0],
        frame["time_ms"][-1],
    )
    assert len(done.files) == (2 if form == "archive" else 1)
    assert done.indicators == tmp_path / "indicators.parquet"
    samples = pl.read_parquet(done.indicators)
    assert samples.height == done.samples > 1_000
    one = arbcore.bars(done.files, symbol="BTCUSDT", intervals=["5m", "1h"])
    other = arbcore.bars(frame, symbol="BTCUSDT", intervals=["5m", "1h"], price_decimals=1, qty_decimals=3)
    assert one.equals(other)
    assert one.height > 30
    assert sorted(path.name for path in tmp_path.rglob("*") if path.name.endswith(".tmp")) == []


def test_the_same_files_again_and_again(tmp_path):
    first = generate_files(Market(**SMALL), tmp_path / "a")
    for _ in range(2):
        again = generate_files(Market(**SMALL), tmp_path / "b")
    assert first.files[0].read_bytes() == again.files[0].read_bytes()
    other = generate_files(Market(**SMALL, seed=2), tmp_path / "b")
    assert other.files == again.files, "the day is replaced, not merged"
    assert other.files[0].read_bytes() != first.files[0].read_bytes()


def test_any_symbol_with_a_grid(tmp_path):
    market = Market(
        symbol="1000PEPEUSDT",
        hours=2,
        trades_per_day=60_000,
        price="0.0123456",
        price_decimals=7,
        qty_decimals=0,
    )
    done = generate_files(market, tmp_path, form="csv")
    first = done.files[0].read_text().splitlines()[1].split(",")
    assert 0.012 < float(first[1]) < 0.013


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"symbol": "DOGEUSDT"}, "no built-in parameters"),
        ({"price": "1"}, "all three"),
        ({"price": "1.25", "price_decimals": 1, "qty_decimals": 0}, "at most 1 decimals"),
        ({"price": "x", "price_decimals": 1, "qty_decimals": 0}, "decimal number"),
        ({"hours": 0}, "duration_ms = 0"),
        ({"trades_per_day": 0}, "trades_per_day = 0"),
        ({"seed": -1}, "seed = -1"),
        ({"parameters": {"size": 1.0}}, "size: no such parameter"),
        ({"hours": 0.0001, "trades_per_day": 10.0}, "no trade falls into"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, changes, message):
    with pytest.raises((ConfigError, InputError), match=message):
        generate_files(Market(**{**SMALL, **changes}), tmp_path, form="csv")
    assert list(tmp_path.rglob("*.csv")) == []


def test_the_command_names_what_it_wrote(tmp_path):
    command = [
        sys.executable,
        "-c",
        "from arbcore.cli import main; main()",
        "data",
        "generate",
        "--symbol",
        "XRPUSDT",
        "--days",
        "0.1",
    ]
    command += ["--trades-per-day", "50000", "--no-book", "--out", str(tmp_path), "--set", "flow=0.5"]
    run = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=60, env={**os.environ, "COLUMNS": "200"}
    )
    assert run.returncode == 0, run.stderr
    assert "trades of XRPUSDT, 2025-01-01 00:00:" in run.stdout
    assert str(tmp_path / "indicators.parquet") in run.stdout
    assert "obi_10" not in pl.read_parquet(tmp_path / "indicators.parquet")["name"].unique().to_list()
    refused = subprocess.run(
        [*command, "--set", "flow=9"], check=False, capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("arbcore: strength.flow = 9")
