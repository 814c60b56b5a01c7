"""Tables, columns and the archive as Python sees them."""

import array
import math
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from arbcore._arbcore import ArchiveWriter, TradeBatch, TradeReader, frame_grid, path_kind
from arbcore.errors import InputError, InsufficientDataError, StoreError

START = 1_750_464_000_000
DAY = 86_400_000


def columns(**changes):
    """Four trades in the archive's names; keyword None leaves a column out."""
    base = {
        "agg_id": [1, 2, 3, 4],
        "time_ms": [START, START + 5, START + 5, START + 9],
        "price": ["83.29", "83.3", "83.00", "83.28"],
        "qty": ["0.107", "1.39", "2", "10.000"],
        "is_buyer_maker": [False, False, True, True],
        "first_trade_id": [10, 11, 14, 15],
        "last_trade_id": [10, 13, 14, 19],
    }
    return {name: values for name, values in (base | changes).items() if values is not None}


EXPECTED = {
    "agg_id": [1, 2, 3, 4],
    "time_ms": [START, START + 5, START + 5, START + 9],
    "price": [83.29, 83.3, 83.0, 83.28],
    "qty": [0.107, 1.39, 2.0, 10.0],
    "is_buyer_maker": [False, False, True, True],
    "first_trade_id": [10, 11, 14, 15],
    "last_trade_id": [10, 13, 14, 19],
}


def frame_of(batch):
    return pl.DataFrame(batch.to_table())


FRAMES = {
    "lists": columns,
    "polars": lambda: pl.DataFrame(columns()),
    "polars in two chunks": lambda: pl.concat(
        [pl.DataFrame(columns())[:1], pl.DataFrame(columns())[1:]], rechunk=False
    ),
    "polars slice": lambda: pl.concat([pl.DataFrame(columns()), pl.DataFrame(columns())])[4:],
    "polars decimals": lambda: pl.DataFrame(columns()).with_columns(
        pl.col("price").cast(pl.Decimal(38, 8)), pl.col("qty").cast(pl.Decimal(18, 3))
    ),
    "polars floats": lambda: pl.DataFrame(columns()).with_columns(pl.col("price", "qty").cast(pl.Float64)),
    "polars narrow floats": lambda: pl.DataFrame(columns()).with_columns(
        pl.col("price", "qty").cast(pl.Float32)
    ),
    "polars narrow integers": lambda: pl.DataFrame(columns()).with_columns(pl.col("agg_id").cast(pl.UInt16)),
    "polars timestamps": lambda: pl.DataFrame(columns()).with_columns(
        pl.from_epoch("time_ms", "ms").cast(pl.Datetime("us"))
    ),
    "polars categories": lambda: pl.DataFrame(
        columns(is_buyer_maker=None, side=["buy", "buy", "sell", "sell"])
    ).with_columns(pl.col("side").cast(pl.Categorical)),
    "polars with other columns": lambda: pl.DataFrame(columns()).with_columns(
        extra=pl.lit([1, 2]), day=pl.lit(datetime.now(UTC).date())
    ),
    "pyarrow": lambda: pa.table(columns()),
    "pyarrow large text": lambda: pa.table(columns()).set_column(
        2, "price", pa.array(columns()["price"], pa.large_string())
    ),
    "pyarrow views": lambda: pa.table(columns()).set_column(
        2, "price", pa.array(columns()["price"], pa.string_view())
    ),
    "pyarrow dictionary": lambda: pa.table(
        columns(is_buyer_maker=None, side=pa.array(["BUY", "BUY", "SELL", "SELL"]).dictionary_encode())
    ),
    "pyarrow batch": lambda: pa.RecordBatch.from_pydict(columns()),
    "numpy": lambda: {
        "agg_id": np.array([1, 2, 3, 4], np.int32),
        "time_ms": np.array(EXPECTED["time_ms"]),
        "price": np.array(EXPECTED["price"]),
        "qty": np.array(EXPECTED["qty"]),
        "is_buyer_maker": np.array(EXPECTED["is_buyer_maker"]),
        "first_trade_id": np.array([10, 0, 11, 0, 14, 0, 15])[::2],
        "last_trade_id": array.array("q", [10, 13, 14, 19]),
    },
    "dump names": lambda: pl.DataFrame(columns()).rename(
        {"agg_id": "agg_trade_id", "qty": "quantity", "time_ms": "transact_time"}
    ),
    "microseconds": lambda: columns(time_ms=[t * 1000 + 7 for t in EXPECTED["time_ms"]]),
    "decimal objects": lambda: columns(price=[Decimal(text) for text in columns()["price"]]),
    "text of true and false": lambda: columns(is_buyer_maker=["false", "False", "true", "True"]),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_of_any_make_give_the_same_trades(kind):
    batch = TradeBatch.from_frame(FRAMES[kind]())
    assert batch.grid == (2, 3)
    assert frame_of(batch).to_dict(as_series=False) == EXPECTED


def test_floats_stand_for_their_shortest_decimals():
    rng = np.random.default_rng(7)
    texts = [f"{rng.integers(1, 10**6)}.{rng.integers(1, 10**6):06d}" for _ in range(500)]
    texts += [
        "0.1",
        "1e-08",
        "123456789.12345678",
        "5e-7",
        "100000000000000000",
        "0.30000000000000004",
        "4503599627370497.5",
    ]
    floats = [float(text) for text in texts]
    ones = {"time_ms": [START] * 500, "qty": ["1"] * 500, "is_buyer_maker": [True] * 500}
    assert frame_grid(ones | {"price": floats[:500]}) == (6, 0)
    for value in floats:
        plain = format(Decimal(repr(value)), "f")
        decimals = len(plain.partition(".")[2].rstrip("0"))
        one = columns(
            agg_id=None,
            first_trade_id=None,
            last_trade_id=None,
            time_ms=[START],
            price=[value],
            qty=[1],
            is_buyer_maker=[True],
        )
        batch = TradeBatch.from_frame(one)
        assert batch.grid == (decimals, 0), value
        assert batch.csv_rows().decode().split(",")[0] == (
            plain.rstrip("0").rstrip(".") if "." in plain else plain
        )


@pytest.mark.parametrize(
    ("changes", "grid", "message"),
    [
        ({"price": ["83.29", "x", "1", "1"]}, None, 'column price, row 1: "x": is not a decimal number'),
        (
            {"price": ["83.29", None, "1", "1"]},
            None,
            "column price, row 1: null where a decimal was expected",
        ),
        ({"qty": [1.0, math.nan, 1.0, 1.0]}, None, "column qty, row 1: NaN: is not a finite number"),
        ({"qty": ["1", "1", "0", "1"]}, None, 'column qty, row 2: "0": must be above 0'),
        ({"qty": [1, 2, -3, 1]}, None, "column qty, row 2: -3: must be above 0"),
        (
            {"price": ["1", "1.25", "1", "1"]},
            (1, 3),
            'column price, row 1: "1.25": is off the grid of 1 decimals',
        ),
        ({"price": ["1", "1", "1", "99999999999999999999"]}, None, "column price, row 3"),
        ({"agg_id": [1, 2, None, 4]}, None, "column agg_id, row 2: null where an integer was expected"),
        ({"time_ms": [1.5, 2, 3, 4]}, None, "column time_ms, row 0: 1.5 where an integer was expected"),
        (
            {"is_buyer_maker": ["no", "no", "no", "no"]},
            None,
            'column is_buyer_maker, row 0: "no" where true or false',
        ),
        (
            {"is_buyer_maker": None, "side": ["buy", "maker", "sell", "buy"]},
            None,
            'column side, row 1: "maker"',
        ),
        ({"price": None}, None, "trades have no column price"),
        ({"time_ms": None}, None, "trades have no column time_ms or transact_time or time"),
    ],
)
@pytest.mark.parametrize(
    "make", [lambda c: c, lambda c: pl.DataFrame(c, strict=False)], ids=["lists", "polars"]
)
def test_what_is_wrong_is_named_with_column_row_and_value(make, changes, grid, message):
    with pytest.raises(InputError) as caught:
        TradeBatch.from_frame(make(columns(**changes)), grid)
    assert message in str(caught.value)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(InputError, match="column agg_id has 2 rows, time_ms has 4"):
        TradeBatch.from_frame(columns(agg_id=[1, 2]))
    with pytest.raises(InputError, match="column price: 2 dimensions, must be one"):
        TradeBatch.from_frame(columns(price=np.ones((2, 2))))
    with pytest.raises(TypeError, match="column price: a string where a column was expected"):
        TradeBatch.from_frame(columns(price="83.29"))


def test_a_table_is_taken_by_every_library_as_it_is(tmp_path):
    table = TradeBatch.from_frame(columns()).to_table()
    assert (len(table), table.columns) == (4, list(EXPECTED))
    assert pl.DataFrame(table).to_dict(as_series=False) == EXPECTED
    assert table.to_polars().schema["is_buyer_maker"] == pl.Boolean
    arrow = pa.table(table)
    arrow.validate(full=True)
    assert arrow.to_pydict() == EXPECTED
    assert pa.schema(table) == arrow.schema
    assert table.column("price") == EXPECTED["price"]
    with pytest.raises(KeyError, match="no column nothing"):
        table.column("nothing")
    table.write_parquet(tmp_path / "t.parquet", {"made": "here"})
    assert pl.read_parquet(tmp_path / "t.parquet").to_dict(as_series=False) == EXPECTED
    assert pq.read_schema(tmp_path / "t.parquet").metadata[b"made"] == b"here"


def test_memory_of_a_table_outlives_it():
    frames = [
        pl.DataFrame(TradeBatch.from_frame(columns(price=[str(k)] * 4)).to_table()) for k in range(1, 200)
    ]
    assert [frame["price"][3] for frame in frames] == [float(k) for k in range(1, 200)]
    stream = TradeBatch.from_frame(columns()).to_table().__arrow_c_stream__()
    del stream  # a stream that nobody takes is released with its capsule


def test_numbers_of_a_table_are_shared_not_copied():
    table = TradeBatch.from_frame(columns()).to_table()
    first, second = pa.table(table), pa.table(table)
    for name in ("time_ms", "price", "qty", "agg_id"):
        addresses = [arrow.column(name).chunk(0).buffers()[1].address for arrow in (first, second)]
        assert addresses[0] == addresses[1], name


def archive(root: Path, batch, **options):
    writer = ArchiveWriter(root, "LTCUSDT", batch.grid, **options)
    writer.push(batch)
    return writer.finish()


def test_day_files_are_plain_parquet_for_everyone(tmp_path):
    report = archive(tmp_path, TradeBatch.from_frame(columns()), market="spot")
    path = tmp_path / "spot" / "LTCUSDT" / "2025-06-21.parquet"
    assert report["days"] == [
        {"day": "2025-06-21", "path": path, "outcome": "written", "rows": 4, "gaps": 0, "missing": 0}
    ]
    frame = pl.read_parquet(path)
    assert frame.schema["price"] == pl.Decimal(18, 2)
    assert frame.schema["qty"] == pl.Decimal(18, 3)
    assert frame["price"].to_list() == [
        Decimal("83.29"),
        Decimal("83.30"),
        Decimal("83.00"),
        Decimal("83.28"),
    ]
    assert pq.read_table(path).column("qty").to_pylist() == [
        Decimal("0.107"),
        Decimal("1.390"),
        Decimal(2),
        Decimal(10),
    ]
    metadata = pq.ParquetFile(path).metadata
    assert metadata.metadata[b"arbcore.symbol"] == b"LTCUSDT"
    assert metadata.metadata[b"arbcore.ids"] == b"contiguous 1 4"
    assert metadata.row_group(0).column(0).compression == "ZSTD"
    assert [path.name for path in path.parent.iterdir()] == [path.name]


def test_reader_knows_what_it_reads(tmp_path):
    batch = TradeBatch.from_frame(columns())
    archive(tmp_path, batch)
    reader = TradeReader([tmp_path], "LTCUSDT", with_trade_ids=True)
    assert (reader.kind, reader.symbol, reader.market, reader.grid) == ("archive", "LTCUSDT", "um", (2, 3))
    assert frame_of(next(reader)).to_dict(as_series=False) == EXPECTED
    assert next(reader, None) is None
    assert reader.next_batch() is None
    assert reader.progress() == (4, 4)
    assert reader.report()["rows"] == 4
    plain = TradeReader([tmp_path], with_ids=False).next_batch()
    assert plain is not None
    assert not plain.has_ids
    assert not plain.has_trade_ids
    part = TradeReader([tmp_path], start_ms=START + 1, end_ms=START + 9).next_batch()
    assert part is not None
    assert (len(part), part.first_ms, part.last_ms) == (2, START + 5, START + 5)

    memory = TradeReader.from_frame(pl.DataFrame(columns()), start_ms=START + 6)
    assert (memory.kind, memory.symbol, [len(b) for b in memory]) == ("memory", None, [1])

    foreign = tmp_path / "foreign.parquet"
    pl.DataFrame(columns()).write_parquet(foreign)
    assert [path_kind(p) for p in (tmp_path, foreign, tmp_path / "x.zip")] == ["archive", "parquet", "dump"]
    with pytest.raises(
        StoreError, match=r"foreign\.parquet: a Parquet file, but not of the archive.*arbcore data import"
    ):
        TradeReader([foreign])
    with pytest.raises(StoreError, match=r"no trades of BTCUSDT here"):
        TradeReader([tmp_path], "BTCUSDT")
    with pytest.raises(StoreError, match=r"nowhere\.csv: no such file"):
        TradeReader([tmp_path / "nowhere.csv"])
    with pytest.raises(InsufficientDataError, match="no day of the archive in the range"):
        TradeReader([tmp_path], start_ms=START + 3 * DAY)
    with pytest.raises(InputError, match="its end must be later"):
        TradeReader([tmp_path], start_ms=5, end_ms=5)
    with pytest.raises(InputError, match="price_decimals = 19"):
        TradeReader([tmp_path], grid=(19, 0))


def test_a_writer_ends_once_and_refuses_other_grids(tmp_path):
    batch = TradeBatch.from_frame(columns())
    writer = ArchiveWriter(tmp_path, "LTCUSDT", (2, 4))
    with pytest.raises(InputError, match=r"a batch on the grid \(2, 3\), the writer is on \(2, 4\)"):
        writer.push(batch)
    writer.push(TradeBatch.from_frame(columns(), (2, 4)))
    writer.abandon()
    with pytest.raises(InputError, match="is finished"):
        writer.finish()
    assert list(tmp_path.rglob("*.parquet")) == []
    for wrong, message in [({"market": "cm"}, 'market = "cm"'), ({"ids": "maybe"}, 'id policy = "maybe"')]:
        with pytest.raises(InputError, match=message):
            ArchiveWriter(tmp_path, "LTCUSDT", (2, 3), **wrong)
    with pytest.raises(InputError, match="symbol = "):
        ArchiveWriter(tmp_path, "../LTC", (2, 3))
