"""``arbcore data``: import, inspect, export, from files to the archive and back."""

import gzip
import json
import os
import signal
import subprocess
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from arbcore.cli.data import data_app
from arbcore.errors import InputError, InsufficientDataError, StoreError
from arbcore.store import export_trades, import_trades, inspect_trades

START = 1_750_464_000_000  # 2025-06-21
DAY = 86_400_000
HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"


def lines(n, start_ms=START, first_id=1, step_ms=60_000, seed=1):
    """Seeded trades as dump lines; prices and quantities without trailing zeros."""
    state, out, trade_id = seed, [], first_id * 3
    for row in range(n):
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        price = Decimal(8_000 + (state >> 33) % 700) / 100
        qty = Decimal(1 + (state >> 21) % 99_999) / 1000
        last = trade_id + (state >> 11) % 3
        maker = "true" if state >> 63 else "false"
        time_ms = start_ms + row * step_ms
        values = f"{price.normalize():f},{qty.normalize():f},{trade_id},{last},{time_ms},{maker}"
        out.append(f"{first_id + row},{values}\n")
        trade_id = last + 1
    return out


def write(path: Path, body, header=HEADER):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + "".join(body))
    return path


def run(*arguments):
    data_app([str(argument) for argument in arguments], exit_on_error=False, result_action="return_value")


def days(archive):
    return sorted(path.relative_to(archive).as_posix() for path in archive.rglob("*") if path.is_file())


def days_of(report):
    return [(day.day, day.outcome, day.rows) for day in report.days]


@pytest.fixture
def dump(tmp_path):
    # 48 hours and 20 minutes of a trade a minute: three UTC days.
    return write(tmp_path / "LTCUSDT-aggTrades.csv", lines(2_900))


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.zip", "out.parquet"])
def test_import_of_export_is_what_was_there(dump, tmp_path, name, capsys):
    archive = tmp_path / "archive"
    run("import", dump, "--symbol", "LTCUSDT", "--archive", archive, "--market", "spot")
    assert "2025-06-23" in capsys.readouterr().out
    assert days(archive) == [f"spot/LTCUSDT/2025-06-{day}.parquet" for day in (21, 22, 23)]
    out = tmp_path / name
    run("export", archive, "--symbol", "LTCUSDT", "--out", out)
    if name == "out.csv":
        assert out.read_text() == dump.read_text()
    elif name == "out.csv.gz":
        assert gzip.decompress(out.read_bytes()).decode() == dump.read_text()
    elif name == "out.zip":
        with zipfile.ZipFile(out) as packed:
            assert packed.namelist() == ["out.csv"]
            assert packed.read("out.csv").decode() == dump.read_text()
    else:
        assert pl.read_parquet(out).columns == HEADER.strip().split(",")
        assert pl.read_parquet(out)["price"].dtype == pl.Decimal(18, 2)
    again = tmp_path / "again"
    import_trades([out], symbol="LTCUSDT", archive=again, market="spot")
    for path in days(archive):
        assert (again / path).read_bytes() == (archive / path).read_bytes(), path
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_range_of_times_is_exported(dump, tmp_path):
    archive = tmp_path / "archive"
    import_trades([dump], symbol="LTCUSDT", archive=archive)
    run("export", archive, "--from", "2025-06-22", "--to", "2025-06-22T01:00", "--out", tmp_path / "hour.csv")
    body = dump.read_text().splitlines(keepends=True)
    assert (tmp_path / "hour.csv").read_text() == HEADER + "".join(body[1 + 1440 : 1 + 1500])
    with pytest.raises(InsufficientDataError, match="no day of the archive"):
        export_trades([archive], tmp_path / "none.csv", start_ms=START + 30 * DAY)
    with pytest.raises(InputError, match=r"must end in \.csv"):
        export_trades([archive], tmp_path / "none.xlsx")
    assert not (tmp_path / "none.csv").exists()


@pytest.mark.parametrize(
    "form", ["gz", "zip", "no header", "microseconds", "parquet text", "parquet decimal"]
)
def test_every_form_of_a_dump_gives_the_same_archive(dump, tmp_path, form):
    text = dump.read_text()
    source = tmp_path / "other.csv"
    if form == "gz":
        source = tmp_path / "other.csv.gz"
        source.write_bytes(gzip.compress(text.encode()))
    elif form == "zip":
        source = tmp_path / "other.zip"
        with zipfile.ZipFile(source, "w") as packed:
            packed.writestr("LTCUSDT-aggTrades.csv", text)
    elif form == "no header":
        source.write_text(text.removeprefix(HEADER))
    elif form == "microseconds":
        rows = [line.split(",") for line in text.splitlines()[1:]]
        source.write_text(
            HEADER + "".join(",".join([*row[:5], row[5] + "123", row[6]]) + "\n" for row in rows)
        )
    else:
        source = tmp_path / "other.parquet"
        frame = pl.read_csv(dump, schema_overrides={"price": pl.String, "quantity": pl.String})
        if form == "parquet decimal":
            frame = frame.with_columns(pl.col("price", "quantity").cast(pl.Decimal(20, 8)))
        frame.write_parquet(source)
    expected, found = tmp_path / "expected", tmp_path / "found"
    import_trades([dump], symbol="LTCUSDT", archive=expected)
    report = import_trades([source], symbol="LTCUSDT", archive=found)
    assert report.warnings == []
    assert days(found) == days(expected)
    for path in days(expected):
        assert (found / path).read_bytes() == (expected / path).read_bytes(), path


def test_files_in_any_order_and_repeated_give_the_same(tmp_path):
    body = lines(4_000, step_ms=40_000)
    parts = [write(tmp_path / f"part-{k}.csv", body[k * 1_000 : (k + 1) * 1_000]) for k in range(4)]
    whole = import_trades([write(tmp_path / "whole.csv", body)], symbol="LTCUSDT", archive=tmp_path / "whole")
    mixed = import_trades([parts[k] for k in (2, 0, 3, 1)], symbol="LTCUSDT", archive=tmp_path / "mixed")
    assert days_of(mixed) == days_of(whole)
    # One by one, last first: each day is merged from its pieces.
    for part in reversed(parts):
        import_trades([part], symbol="LTCUSDT", archive=tmp_path / "pieces")
    for path in days(tmp_path / "whole"):
        assert (tmp_path / "mixed" / path).read_bytes() == (tmp_path / "whole" / path).read_bytes()
    assert inspect_trades([tmp_path / "pieces"]) == inspect_trades([tmp_path / "whole"])
    again = import_trades([parts[1]], symbol="LTCUSDT", archive=tmp_path / "whole")
    assert {day.outcome for day in again.days} == {"unchanged"}


def test_a_parquet_beside_a_dump_is_put_in_order_on_one_grid(tmp_path):
    body = lines(200)
    late = write(tmp_path / "a-late.csv", body[100:])
    early = tmp_path / "z-early.parquet"
    write(tmp_path / "early.csv", body[:100])
    frame = pl.read_csv(tmp_path / "early.csv").with_columns((pl.col("price") + 0.0005).round(4))
    frame.write_parquet(early)
    report = import_trades([late, early], symbol="LTCUSDT", archive=tmp_path / "archive")
    assert report.grid == (4, 3)
    assert (report.trades, report.dropped, report.gaps) == (200, 0, 0)
    assert len(report.warnings) == 1
    assert "z-early.parquet: price and quantity stored as floats" in report.warnings[0]
    stored = pl.read_parquet(report.days[0].path)
    assert stored["price"][0] == Decimal(body[0].split(",")[1]) + Decimal("0.0005")
    assert stored["price"][150] == Decimal(body[150].split(",")[1])


def test_missing_ids_are_accepted_with_a_warning(tmp_path, capsys):
    rows = [line.split(",") for line in lines(100)]
    plain = write(
        tmp_path / "plain.csv",
        [",".join([r[1], r[2], r[5], r[6]]) for r in rows],
        "price,quantity,transact_time,is_buyer_maker\n",
    )
    run("import", plain, "-s", "LTCUSDT", "--archive", tmp_path / "archive")
    captured = capsys.readouterr()
    assert "no trade ids: gaps and duplicates cannot be seen" in captured.err.replace("\n", " ")
    frame = pl.read_parquet(tmp_path / "archive/um/LTCUSDT/2025-06-21.parquet")
    assert frame.columns == ["time_ms", "price", "qty", "is_buyer_maker"]
    export_trades([tmp_path / "archive"], tmp_path / "back.csv")
    assert (tmp_path / "back.csv").read_text() == plain.read_text()
    with pytest.raises(StoreError, match=r"holds 100 trades, the import 50.*--replace"):
        import_trades(
            [
                write(
                    tmp_path / "half.csv",
                    plain.read_text().splitlines(keepends=True)[1:51],
                    "price,quantity,transact_time,is_buyer_maker\n",
                )
            ],
            symbol="LTCUSDT",
            archive=tmp_path / "archive",
        )


def test_broken_rows_stop_the_import_and_leave_nothing_or_are_counted(tmp_path, capsys):
    body = lines(3_000)
    good = [line for row, line in enumerate(body) if row not in (1_500, 2_000)]
    body[1_500] = body[1_500].replace(",", ",x", 1)
    body[2_000] = "2001,80.1\n"
    broken = write(tmp_path / "broken.csv", body)
    archive = tmp_path / "archive"
    with pytest.raises(InputError) as caught:
        import_trades([broken], symbol="LTCUSDT", archive=archive)
    assert "broken.csv" in str(caught.value)
    assert "1502" in str(caught.value)
    assert "price" in str(caught.value)
    assert days(archive) in ([], ["um/LTCUSDT/2025-06-21.parquet"])
    run("import", broken, "--symbol", "LTCUSDT", "--archive", archive, "--skip-bad", "--json")
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert (report["bad_rows"], report["trades"], report["gaps"], report["missing"]) == (2, 2_998, 2, 2)
    assert "2 broken rows left out" in captured.err
    import_trades([write(tmp_path / "good.csv", good)], symbol="LTCUSDT", archive=tmp_path / "good")
    for path in days(tmp_path / "good"):
        assert (archive / path).read_bytes() == (tmp_path / "good" / path).read_bytes()


def test_broken_rows_of_parquet_are_named_or_counted(tmp_path):
    frame = pl.read_csv(write(tmp_path / "x.csv", lines(50))).with_columns(
        quantity=pl.when(pl.int_range(pl.len()) == 20).then(None).otherwise(pl.col("quantity")),
        price=pl.when(pl.int_range(pl.len()) == 30).then(-1.0).otherwise(pl.col("price")),
    )
    path = tmp_path / "broken.parquet"
    frame.write_parquet(path)
    with pytest.raises(InputError, match=r"broken\.parquet: column quantity, row 20: null"):
        import_trades([path], symbol="LTCUSDT", archive=tmp_path / "archive")
    report = import_trades([path], symbol="LTCUSDT", archive=tmp_path / "archive", skip_bad=True)
    assert (report.trades, report.bad_rows, report.missing) == (48, 2, 2)
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match=r"other\.parquet: no columns price and quantity; it has a"):
        import_trades([tmp_path / "other.parquet"], symbol="LTCUSDT", archive=tmp_path / "archive")


def test_an_interrupted_import_leaves_whole_days_and_can_be_repeated(tmp_path):
    # Long enough for several batches of the reader, so that it is stopped in the second day.
    body = lines(200_000, step_ms=1_000)
    dump = write(tmp_path / "long.csv", body)
    archive = tmp_path / "archive"
    calls = []

    def stop(trades, done, total):
        calls.append((trades, done, total))
        if sum(call[0] for call in calls) > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_trades([dump], symbol="LTCUSDT", archive=archive, progress=stop)
    assert days(archive) == ["um/LTCUSDT/2025-06-21.parquet"]
    assert pl.read_parquet(archive / days(archive)[0]).height == 86_400
    assert all(0 < done <= total for _, done, total in calls)
    report = import_trades([dump], symbol="LTCUSDT", archive=archive)
    assert days_of(report) == [
        ("2025-06-21", "unchanged", 86_400),
        ("2025-06-22", "written", 86_400),
        ("2025-06-23", "written", 27_200),
    ]


def test_a_killed_import_leaves_whole_days_and_its_leftovers_go_with_the_next(tmp_path):
    dump = write(tmp_path / "long.csv", lines(200_000, step_ms=1_000))
    archive = tmp_path / "archive"
    program = f"""
import os, signal
from arbcore.store import import_trades
taken = 0
def die(trades, done, total):
    global taken
    taken += trades
    if taken > 100_000:
        os.kill(os.getpid(), signal.SIGKILL)
import_trades([{str(dump)!r}], symbol="LTCUSDT", archive={str(archive)!r}, progress=die)
"""
    died = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    visible = [path for path in days(archive) if path.endswith(".parquet")]
    assert visible == ["um/LTCUSDT/2025-06-21.parquet"]
    assert inspect_trades([archive]).trades == 86_400
    import_trades([dump], symbol="LTCUSDT", archive=archive)
    assert days(archive) == [f"um/LTCUSDT/2025-06-{day}.parquet" for day in (21, 22, 23)]
    assert inspect_trades([archive]).trades == 200_000


def test_a_day_with_other_trades_needs_replace(dump, tmp_path):
    archive = tmp_path / "archive"
    import_trades([dump], symbol="LTCUSDT", archive=archive)
    other = write(tmp_path / "other.csv", lines(2_900, seed=2))
    with pytest.raises(
        StoreError, match=r"2025-06-21\.parquet: the day is there with other trades: agg_id 1 has another"
    ):
        run("import", other, "--symbol", "LTCUSDT", "--archive", archive)
    run("import", other, "--symbol", "LTCUSDT", "--archive", archive, "--replace")
    export_trades([archive], tmp_path / "now.csv")
    assert (tmp_path / "now.csv").read_text() == other.read_text()


@pytest.mark.parametrize(
    ("policy", "rows", "counts"),
    [
        ("drop", 98, {"dropped": 3, "gaps": 1, "missing": 2, "late": 0}),
        ("accept", 100, {"dropped": 1, "late": 2}),
    ],
)
def test_ids_out_of_order_follow_the_policy(tmp_path, policy, rows, counts):
    body = lines(100)
    shuffled = [*body[:50], *body[52:], body[50], body[51], body[51]]
    path = write(tmp_path / "shuffled.csv", shuffled)
    report = import_trades([path], symbol="LTCUSDT", archive=tmp_path / policy, ids=policy)
    assert {name: getattr(report, name) for name in counts} == counts
    assert report.days[0].rows == rows
    with pytest.raises(InputError, match="agg_id = 53 after 50: 2 ids are missing"):
        run("import", path, "--symbol", "LTCUSDT", "--archive", tmp_path / "reject", "--ids", "reject")


def test_inspect_finds_gaps_silences_and_hours(tmp_path, capsys):
    body = lines(300)
    del body[100:110]
    path = write(tmp_path / "holes.csv", body)
    run("inspect", path, "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["trades"], found["first_ms"], found["last_ms"]) == (290, START, START + 299 * 60_000)
    assert (found["first_id"], found["last_id"], found["gaps"], found["missing"]) == (1, 300, 1, 10)
    gap = {
        "first_id": 101,
        "last_id": 110,
        "missing": 10,
        "before_ms": START + 99 * 60_000,
        "after_ms": START + 110 * 60_000,
    }
    assert found["gap_list"] == [gap]
    assert found["silences"][0] == {
        "from_ms": gap["before_ms"],
        "to_ms": gap["after_ms"],
        "silence_ms": 660_000,
    }
    assert [hour["trades"] for hour in found["hours"]] == [60, 50, 60, 60, 60]
    hour = [line.split(",") for line in body[:60]]
    assert found["hours"][0]["open"] == float(hour[0][1])
    assert found["hours"][0]["high"] == max(float(row[1]) for row in hour)
    bought = sum(Decimal(row[2]) for row in hour if row[6] == "false\n")
    assert found["hours"][0]["buy_volume"] == float(bought)

    archive = tmp_path / "archive"
    import_trades([path], symbol="LTCUSDT", archive=archive)
    stored = inspect_trades([archive])
    assert stored.symbol == "LTCUSDT"
    assert [hour.missing_ids for hour in stored.hours] == [0, 10, 0, 0, 0]
    run("inspect", archive, "--symbol", "LTCUSDT")
    text = capsys.readouterr().out
    for expected in (
        "290",
        "1 to 300, 1 gaps, 10 missing",
        "660.000",
        "2025-06-21 01:00",
        "2025-06-21 00:00:00.000",
    ):
        assert expected in text, expected


def test_wrong_arguments_are_named(dump, tmp_path):
    with pytest.raises(InputError, match="no files were given"):
        import_trades([], symbol="LTCUSDT", archive=tmp_path)
    with pytest.raises(StoreError, match=r"absent\.csv: no such file"):
        import_trades([tmp_path / "absent.csv"], symbol="LTCUSDT", archive=tmp_path)
    with pytest.raises(InputError, match="symbol = "):
        import_trades([dump], symbol="LTC/USDT", archive=tmp_path)
    import_trades([dump], symbol="LTCUSDT", archive=tmp_path / "archive")
    with pytest.raises(StoreError, match="no trades of BTCUSDT"):
        inspect_trades([tmp_path / "archive"], symbol="BTCUSDT")
    bad = tmp_path / "archive/um/LTCUSDT/2025-06-22.parquet"
    bad.write_bytes(bad.read_bytes()[:1000])
    with pytest.raises(StoreError, match=r"2025-06-22\.parquet: damaged archive file.*--replace"):
        inspect_trades([tmp_path / "archive"])
    with pytest.raises(StoreError, match=r"2025-06-22\.parquet: damaged"):
        import_trades([dump], symbol="LTCUSDT", archive=tmp_path / "archive")
    report = import_trades([dump], symbol="LTCUSDT", archive=tmp_path / "archive", replace=True)
    assert [day.outcome for day in report.days] == ["replaced"] * 3


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "trades", "gaps"),
    [
        ("BTCUSDT-um-aggTrades-2025-10-22-head6", 6, 0),
        ("BTCUSDT-um-aggTrades-2026-05-11-a", 67_652, None),
        ("FXSUSDT-aggTrades-2023-11-17", 3_600, 0),
        ("LTCUSDT-spot-aggTrades-2025-06-21", 53_325, 16),
    ],
)
def test_real_dumps_come_back_as_they_were(tmp_path, name, trades, gaps):
    shared = os.environ.get("ARBCORE_SHARED_DATA")
    if not shared:
        pytest.skip("ARBCORE_SHARED_DATA is not set: the real market data is not here")
    source = Path(shared) / "aggtrades" / f"{name}.csv.gz"
    archive = tmp_path / "archive"
    symbol = name.split("-")[0]
    report = import_trades([source], symbol=symbol, archive=archive)
    assert (report.trades, sum(day.rows for day in report.days)) == (trades, trades)
    assert sum(day.gaps or 0 for day in report.days) == (gaps or 0)
    assert inspect_trades([archive], symbol=symbol).gaps == (gaps or 0)
    export_trades([archive], tmp_path / "back.csv", symbol=symbol)
    numbers = {"price": pl.Decimal(38, 12), "quantity": pl.Decimal(38, 12)}
    with gzip.open(source) as stream:
        original = pl.read_csv(stream.read(), schema_overrides=dict.fromkeys(numbers, pl.String)).cast(
            numbers
        )
    back = pl.read_csv(tmp_path / "back.csv", schema_overrides=dict.fromkeys(numbers, pl.String)).cast(
        numbers
    )
    assert back.select(original.columns).equals(original)
