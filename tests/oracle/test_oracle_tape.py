"""The oracles against numbers worked out by hand: tape, windows, features, indicators, bars."""

from __future__ import annotations

from fractions import Fraction

import pytest

from oracle.bars import bars, tier_of
from oracle.features import (
    COLUMNS,
    Candle,
    Floors,
    all_features,
    atr,
    features_at,
    percentile_minimum,
    percentile_of_last,
)
from oracle.indicators import Sample, indicators_at, settlement, settlement_times
from oracle.tape import DAY, HOUR, MINUTE, Grid, IdError, Tape, Trade, admit, evaluation_times

GRID = Grid(1, 3)


def tape_of(*rows: tuple[int, int, int, str], grid: Grid = GRID) -> Tape:
    """Rows (time_ms, ticks, lots, "buy" or "sell")."""
    trades = [
        Trade(i + 1, time, ticks, lots, side == "sell") for i, (time, ticks, lots, side) in enumerate(rows)
    ]
    return Tape(trades, grid)


def ids(*numbers: int) -> list[Trade]:
    return [Trade(n, 1_000 + i, 10, 10, False) for i, n in enumerate(numbers)]


def test_drop_keeps_rising_ids_and_records_gaps() -> None:
    out = admit(ids(5, 6, 6, 9, 7, 10))
    assert [t.agg_id for t in out.trades] == [5, 6, 9, 10]
    assert (out.dropped, out.gaps, out.missing_ids) == (2, [(7, 8)], 2)


def test_accept_takes_an_id_of_a_gap_once_and_the_gap_shrinks() -> None:
    out = admit(ids(5, 9, 7, 7, 4, 10), "accept")
    assert [t.agg_id for t in out.trades] == [5, 9, 7, 10]
    assert (out.late, out.dropped, out.gaps) == (1, 2, [(6, 6), (8, 8)])


@pytest.mark.parametrize("sequence", [(5, 5), (5, 4), (5, 7)])
def test_reject_refuses_duplicate_lower_and_skipped(sequence: tuple[int, int]) -> None:
    with pytest.raises(IdError):
        admit(ids(*sequence), "reject")


def test_a_falling_time_is_raised_and_counted() -> None:
    trades = [Trade(None, 100, 1, 1, False), Trade(None, 90, 1, 1, False), Trade(None, 101, 1, 1, False)]
    out = admit(trades)
    assert [t.time_ms for t in out.trades] == [100, 100, 101]
    assert out.raised == 1


def test_the_evaluation_grid_includes_both_ends() -> None:
    assert evaluation_times(tape_of((15_000, 1, 1, "buy"), (45_000, 1, 1, "buy"))) == [15_000, 30_000, 45_000]
    assert evaluation_times(tape_of((15_001, 1, 1, "buy"), (44_999, 1, 1, "buy"))) == [30_000]
    assert evaluation_times(tape_of((15_001, 1, 1, "buy"), (15_002, 1, 1, "buy"))) == []


def test_windows_are_closed_at_both_ends() -> None:
    t = 20 * MINUTE
    tape = tape_of((t - 5 * MINUTE - 1, 1, 1, "buy"), (t - 5 * MINUTE, 1, 10, "buy"), (t, 1, 100, "sell"))
    row = features_at(tape, t)
    assert row["cvd_5m"] == (10 - 100) / 1000
    assert row["cvd_15m"] == (11 - 100) / 1000


def test_cvd_of_the_utc_day_starts_again_at_midnight() -> None:
    tape = tape_of((DAY - 10_000, 1, 7, "buy"), (DAY, 1, 2, "sell"), (DAY + 15_000, 1, 1, "buy"))
    by_time = {row["t_ms"]: row for row in all_features(tape)}
    assert sorted(by_time) == [DAY, DAY + 15_000]
    assert by_time[DAY]["cvd_utc_day"] == -0.002
    assert by_time[DAY + 15_000]["cvd_utc_day"] == -0.001
    assert by_time[DAY + 15_000]["cvd_slope_utc_day"] == 0.001


def test_slope_and_acceleration_start_at_zero() -> None:
    rows = all_features(
        tape_of(
            (0, 1, 1000, "buy"), (10_000, 1, 2000, "buy"), (20_000, 1, 4000, "sell"), (45_000, 1, 500, "buy")
        )
    )
    assert [row["cvd_1h"] for row in rows] == [1.0, 3.0, -1.0, -0.5]
    assert [row["cvd_slope_1h"] for row in rows] == [0.0, 2.0, -4.0, 0.5]
    assert [row["cvd_accel_1h"] for row in rows] == [0.0, 0.0, -6.0, 4.5]
    assert [name for name in COLUMNS if name not in rows[0]] == []


def test_trades_of_one_millisecond_count_in_their_order() -> None:
    tape = tape_of((15_000, 10, 1, "buy"), (15_000, 30, 1, "buy"), (15_000, 20, 1, "sell"))
    row = features_at(tape, 15_000)
    assert row["price"] == 2.0
    assert (row["buy_vol_1m"], row["sell_vol_1m"], row["trade_rate_1m"]) == (0.002, 0.001, 3 / 60)


def test_vwap_is_the_nearest_float_and_absent_in_silence() -> None:
    tape = tape_of((0, 1, 3, "buy"), (1, 2, 7, "buy"), (40 * MINUTE, 1, 1, "buy"))
    assert features_at(tape, 0)["vwap_30m"] == 0.1
    assert features_at(tape, 15_000)["vwap_30m"] == 17 / 100
    assert features_at(tape, 31 * MINUTE)["vwap_30m"] is None


def test_atr_seeds_with_the_first_true_range() -> None:
    candle_list = [Candle(0, 10, 12, 9, 10), Candle(1, 10, 11, 10, 11), Candle(2, 11, 40, 30, 35)]
    assert atr(candle_list[:1], 1) is None
    assert atr(candle_list[:2], 1) == 0.1
    assert atr(candle_list, 1) == ((1 * 13.0 + 29) / 14.0) / 10


def test_atr_looks_at_fifteen_candles_only() -> None:
    flat = [Candle(i, 10, 10, 10, 10) for i in range(15)]
    assert atr([Candle(-1, 99, 99, 99, 99), *flat], 0) == 0.0


def test_a_candle_is_closed_at_its_end_without_a_later_trade() -> None:
    p = 5 * MINUTE
    tape = tape_of((0, 100, 1, "buy"), (p, 103, 1, "buy"), (p + 1, 101, 1, "buy"), (4 * p, 101, 1, "buy"))
    assert features_at(tape, 2 * p - 15_000)["atr_5m"] is None
    assert features_at(tape, 2 * p)["atr_5m"] == 0.3  # the third period is silent and makes no candle
    assert features_at(tape, 4 * p)["atr_5m"] == 0.3


def test_percentile_of_atr_samples() -> None:
    assert percentile_of_last([1.0] * 9) == 50.0
    assert percentile_of_last([1.0] * 10) == 100.0
    assert percentile_of_last([*[2.0] * 9, 1.0]) == 10.0
    assert percentile_of_last([0.0] * 5 + [9.0] * 287 + [8.0]) == 100 / 288
    rising_after_low = [*[5.0] * 12, 1.0, 9.0]
    assert percentile_minimum(rising_after_low) == 100 / 13
    assert percentile_minimum([]) == 50.0


def test_quantity_percentiles_are_order_statistics() -> None:
    few = tape_of(*[(i, 10, 1_000_000, "buy") for i in range(99)], (15_000, 10, 1, "buy"))
    assert features_at(few, 0)["p99_qty"] == 10.0
    many = tape_of(*[(i, 10, 100_000 + i, "buy") for i in range(100)], (15_000, 10, 1, "buy"))
    row = features_at(many, 15_000)  # 101 trades: sorted[95] and sorted[99], the 1-lot trade first
    assert (row["p95_qty"], row["p99_qty"]) == (100.094, 100.098)
    assert (row["large_buy_count"], row["max_large_buy"]) == (2, 100.099)
    floored = features_at(many, 15_000, floors=Floors(Fraction(50), Fraction(200)))
    assert (floored["p95_qty"], floored["p99_qty"], floored["large_buy_count"]) == (100.094, 200.0, 0)


def test_large_trades_leave_at_fifteen_minutes_whales_just_after() -> None:
    t = 15 * MINUTE
    tape = tape_of((0, 1_000_000, 10_000, "buy"), (1, 1_000_000, 10_000, "sell"), (t, 1, 1, "buy"))
    row = features_at(tape, t)
    assert (row["large_buy_count"], row["large_sell_count"]) == (0, 1)
    assert row["whale_ratio"] == 0.0
    assert features_at(tape, t - 15_000)["large_buy_count"] == 1


def test_whales_are_told_apart_exactly() -> None:
    tape = tape_of(
        (0, 1_000_000, 1_000, "buy"),
        (1, 999_999, 1_000, "sell"),
        (2, 2_000_000, 1_500, "sell"),
        (15_000, 1, 1, "buy"),
    )
    assert features_at(tape, 15_000)["whale_ratio"] == (1 - 3) / (1 + 3)


def test_warmup_ends_when_its_length_has_passed() -> None:
    tape = tape_of((1, 1, 1, "buy"), (2 * HOUR, 1, 1, "buy"))
    assert features_at(tape, HOUR, warmup_ms=HOUR)["warmup"] is True
    assert features_at(tape, HOUR + 15_000, warmup_ms=HOUR)["warmup"] is False


def s(time_ms: int, name: str, value: float, available_ms: int | None = None) -> Sample:
    return Sample(time_ms, time_ms if available_ms is None else available_ms, name, value)


def test_a_sample_counts_from_its_availability_until_it_is_stale() -> None:
    samples = [s(0, "obi_10", 0.5, available_ms=1_000)]
    assert [indicators_at(samples, t)["obi_10"] for t in (999, 1_000, 6_000, 6_001)] == [None, 0.5, 0.5, None]


def test_oi_change_looks_back_fifteen_minutes_and_counts_persistence() -> None:
    p = 5 * MINUTE
    samples = [s(k * p, "open_interest", v) for k, v in enumerate([100.0, 90.0, 95.0, 110.0, 99.0])]
    assert indicators_at(samples, 2 * p)["oi_change"] is None
    assert indicators_at(samples, 3 * p)["oi_change"] == 110.0 / 100.0 - 1
    assert indicators_at(samples, 3 * p)["oi_persist_n"] == 2
    assert indicators_at(samples, 4 * p)["oi_change"] == 99.0 / 90.0 - 1
    assert indicators_at(samples, 4 * p)["oi_persist_n"] == -1
    assert indicators_at([*samples, s(4 * p, "oi_change", 0.25)], 4 * p)["oi_change"] == 0.25


def test_divergence_falls_back_to_its_parts() -> None:
    parts = [s(0, "spot_mid", 101.0), s(0, "mark_price", 100.0)]
    assert indicators_at(parts, 5_000)["spot_perp_divergence"] == 0.01
    assert indicators_at(parts, 5_001)["spot_perp_divergence"] is None
    assert indicators_at([*parts, s(0, "spot_perp_divergence", -0.5)], 1)["spot_perp_divergence"] == -0.5


def test_liquidations_sum_five_minutes_and_need_a_source() -> None:
    samples = [s(0, "liq_long_usd", 5.0), s(300_000, "liq_long_usd", 7.0)]
    assert indicators_at(samples, 300_000)["liq_long_usd"] == 12.0
    assert indicators_at(samples, 300_001)["liq_long_usd"] == 7.0
    assert indicators_at(samples, 900_000)["liq_long_usd"] == 0.0
    assert indicators_at(samples, 0)["liq_short_usd"] is None


def test_funding_bias_needs_twenty_one_samples() -> None:
    rates = [s(k * 8 * HOUR, "funding_rate", 0.0001) for k in range(20)]
    spike = s(20 * 8 * HOUR, "funding_rate", 0.0022)
    assert indicators_at(rates, rates[-1].time_ms)["funding_bias"] is None
    # mean 0.0002, deviation sqrt(20*1e-8 + 4e-6)/21) -> z = sqrt(20); sign +1; clamped at 1
    assert indicators_at([*rates, spike], spike.time_ms)["funding_bias"] == 1.0
    assert indicators_at([*rates, spike], spike.time_ms)["funding_rate_max_abs"] == 0.0022
    flat = [*rates, s(20 * 8 * HOUR, "funding_rate", 0.0001)]
    assert indicators_at(flat, spike.time_ms)["funding_bias"] == 0.0


def test_settlements() -> None:
    eight = 8 * HOUR
    assert settlement_times(0, 2 * eight) == [eight, 2 * eight]
    assert settlement_times(eight - 1, eight) == [eight]
    tape = tape_of((eight - 5, 500, 1, "buy"), (eight, 900, 1, "buy"))
    rate = s(eight + 59_999, "funding_rate", 0.001)
    assert settlement([rate], tape, eight) == (eight, 0.001, 50.0)
    assert settlement([rate, s(eight - 60_000, "mark_price", 51.0)], tape, eight) == (eight, 0.001, 51.0)
    assert settlement([rate, s(eight - 60_001, "mark_price", 51.0)], tape, eight) == (eight, 0.001, 50.0)
    assert settlement([s(eight + 60_000, "funding_rate", 0.001)], tape, eight) is None


def test_tiers_include_their_upper_bound() -> None:
    assert [
        tier_of(Fraction(x)) for x in ("40000/7", "5714.29", "200000/7", "28571.43", "1000000/7", "142857.15")
    ] == list("122334")


def test_bars_carry_the_close_through_silence() -> None:
    p = 5 * MINUTE
    trades = [
        Trade(1, 10, 100, 2_000, False, 1, 3),
        Trade(2, 11, 90, 1_000, True, 4, 4),
        Trade(3, 2 * p, 120, 500, False, 9, 8),
        Trade(4, 3 * p - 1, 110, 500, False),
    ]
    first, silent = bars(trades, GRID, "X", "5m")
    assert (first["open"], first["high"], first["low"], first["close"]) == (10.0, 10.0, 9.0, 9.0)
    assert (first["volume"], first["buyvolume"], first["sellvolume"]) == (3.0, 2.0, 1.0)
    assert (first["quote_volume"], first["vwap"]) == (29.0, 29 / 3)
    assert (first["trade_count"], first["tradecount"], first["buytradecount"], first["selltradecount"]) == (
        2,
        4,
        3,
        1,
    )
    assert (first["buy_dolvol1"], first["sell_trade_count1"], first["buy_volume4"]) == (20.0, 1, 0.0)
    assert (silent["span_status"], silent["open"], silent["close"], silent["vwap"], silent["volume"]) == (
        "NoTrade",
        9.0,
        9.0,
        None,
        0.0,
    )
    assert (silent["open_time"], silent["close_time"], silent["time_label"]) == (p, 2 * p, 2)
    third = bars(trades, GRID, "X", "5m", partial=True)[2]
    assert (third["close"], third["tradecount"], third["time_label"]) == (11.0, 2, 3)
    assert bars(trades, GRID, "X", "1h") == []
    (hour,) = bars(trades, GRID, "X", "1h", partial=True)
    assert (hour["open"], hour["high"], hour["low"], hour["close"], hour["volume"]) == (
        10.0,
        12.0,
        9.0,
        11.0,
        4.0,
    )


def test_a_whole_hour_needs_twelve_parts() -> None:
    trades = [Trade(k, k * 5 * MINUTE, 100 + k, 1, False) for k in range(26)]
    rows = bars(trades, GRID, "X", "1h")
    assert [row["open_time"] for row in rows] == [0, HOUR]
    assert [row["time_label"] for row in rows] == [1, 2]
    assert bars(trades[1:], GRID, "X", "1h")[0]["open_time"] == HOUR
