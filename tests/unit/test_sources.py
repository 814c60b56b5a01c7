"""What a caller may name as data, and what is refused."""

from pathlib import Path

import polars as pl
import pytest

import arbcore
from arbcore._arbcore import TradeReader
from arbcore.errors import ArbcoreError, ConfigError, InputError, InsufficientDataError, StoreError
from arbcore.signal.source import names_of, open_indicators, open_trades, paths_of

ROWS = {
    "price": ["100.0", "100.5", "101.0"],
    "quantity": ["1.5", "0.5", "2.0"],
    "transact_time": [1_735_689_600_000, 1_735_689_610_000, 1_735_689_616_000],
    "is_buyer_maker": [False, True, False],
}
SAMPLE = {
    "time_ms": [1_735_689_600_000],
    "available_ms": [1_735_689_600_500],
    "symbol": ["BTCUSDT"],
    "name": ["funding_rate"],
    "value": [0.0001],
}


def test_paths():
    assert paths_of("a.csv") == [Path("a.csv")]
    assert paths_of(Path("a.csv")) == [Path("a.csv")]
    assert paths_of(["a.csv", Path("b.zip")]) == [Path("a.csv"), Path("b.zip")]
    assert paths_of([]) is None
    assert paths_of(ROWS) is None
    assert names_of(["a.csv", Path("b.zip")]) == ["a.csv", "b.zip"]
    assert names_of(ROWS) == ["<frame>"]


@pytest.mark.parametrize("kind", ["mapping", "polars", "arrow"])
def test_frames(kind):
    frame = pl.DataFrame(ROWS)
    data = {"mapping": ROWS, "polars": frame, "arrow": frame.to_arrow()}[kind]
    reader = open_trades(data, symbol="BTCUSDT")
    assert reader.grid == (1, 1)
    assert reader.kind == "memory"
    batch = reader.next_batch()
    assert batch is not None
    assert batch.to_table().column("price") == [100.0, 100.5, 101.0]
    assert reader.next_batch() is None


def test_an_open_reader_is_taken_as_it_is():
    reader = TradeReader.from_frame(ROWS)
    assert open_trades(reader, symbol="BTCUSDT") is reader


def test_half_a_grid_is_refused():
    with pytest.raises(InputError, match="price_decimals and qty_decimals: give both"):
        open_trades(ROWS, symbol="BTCUSDT", price_decimals=1)


@pytest.mark.parametrize("name", list(ROWS))
def test_a_frame_without_a_column_is_refused(name):
    rows = {key: value for key, value in ROWS.items() if key != name}
    with pytest.raises(InputError, match=name.split("_", maxsplit=1)[0]):
        open_trades(rows, symbol="BTCUSDT")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(StoreError, match=r"absent\.csv"):
        arbcore.features(tmp_path / "absent.csv", symbol="BTCUSDT")


def test_indicators_of_other_symbols_are_left_out():
    samples = open_indicators(pl.DataFrame(SAMPLE), "BTCUSDT")
    assert samples is not None
    assert (len(samples), samples.names()) == (1, ["funding_rate"])
    others = open_indicators(pl.DataFrame(SAMPLE), "ETHUSDT")
    assert others is not None
    assert len(others) == 0
    assert open_indicators(None, "BTCUSDT") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ["mood"]}, "mood"),
        ({"available_ms": [1_735_689_599_999]}, "must not lie before time_ms"),
        ({"value": [float("nan")]}, "funding_rate = NaN"),
        ({"value": [None]}, "column value has nulls"),
        ({"time_ms": ["noon"]}, "wrong type"),
    ],
)
def test_bad_indicators_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        open_indicators(pl.DataFrame(SAMPLE | change), "BTCUSDT")
    with pytest.raises(InputError, match="no column value"):
        open_indicators(pl.DataFrame(SAMPLE).drop("value"), "BTCUSDT")


def test_nothing_to_run_on_is_an_error():
    with pytest.raises(ArbcoreError):
        arbcore.backtest({name: [] for name in ROWS}, symbol="BTCUSDT", price_decimals=1, qty_decimals=1)
    with pytest.raises((InsufficientDataError, InputError)):
        arbcore.sweep(
            {name: [] for name in ROWS}, symbol="BTCUSDT", grid={}, price_decimals=1, qty_decimals=1
        )
    with pytest.raises(ConfigError, match="strategies and grid: give one of them"):
        arbcore.sweep(ROWS, symbol="BTCUSDT")
