"""Features, admission and chunking: equal to the oracle bit for bit, whatever the tape.

No tolerance: every feature is an integer sum, a correctly rounded quotient of integers, or (ATR) a float
expression whose order of operations docs/semantics.md fixes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.features import COLUMNS, features_at, floors_of
from oracle.tape import DAY, EVAL_INTERVAL, MINUTE, Grid, Tape, Trade, admit, evaluation_times

from . import engine
from .profile import THOROUGH
from .strategies import BTC_GRID, GRIDS, START, trade_lists, unsorted_trade_lists

if TYPE_CHECKING:
    import random

EVERY = st.sampled_from([EVAL_INTERVAL, EVAL_INTERVAL, MINUTE, 5 * MINUTE])
SYMBOLS = st.sampled_from(["BTCUSDT", "ETHUSDT", "LTCUSDT"])


def checked_times(tape: Tape, every_ms: int, rng: random.Random, most: int = 50) -> list[int]:
    """All evaluations, or the ends, those around trades and some at random."""
    times = evaluation_times(tape, every_ms)
    if len(times) <= most:
        return times
    near = {
        -(-trade.time_ms // every_ms) * every_ms
        for trade in rng.sample(tape.trades, min(20, len(tape.trades)))
    }
    picked = {*times[:3], *times[-3:], *rng.sample(times, most // 2), *(near & set(times))}
    return sorted(picked)


def assert_rows_match(  # noqa: PLR0917
    got: list[dict[str, Any]], tape: Tape, every_ms: int, warmup_ms: int, symbol: str, rng: random.Random
) -> None:
    assert [row["t_ms"] for row in got] == evaluation_times(tape, every_ms)
    by_time = {row["t_ms"]: row for row in got}
    for t in checked_times(tape, every_ms, rng):
        want = features_at(tape, t, every_ms=every_ms, warmup_ms=warmup_ms, floors=floors_of(symbol))
        assert {name: by_time[t][name] for name in COLUMNS} == {name: want[name] for name in COLUMNS}


@THOROUGH
@given(
    trades=trade_lists(), grid=GRIDS, every_ms=EVERY, symbol=SYMBOLS,
    warmup_ms=st.sampled_from([0, 60 * MINUTE, DAY]), rng=st.randoms(use_true_random=False),
)  # fmt: skip
def test_features_equal_the_oracle(  # noqa: PLR0917
    trades: list[Trade], grid: Grid, every_ms: int, symbol: str, warmup_ms: int, rng: random.Random
) -> None:
    got = engine.features(trades, grid, symbol=symbol, every_ms=every_ms, warmup_ms=warmup_ms)
    assert_rows_match(got, Tape(trades, grid), every_ms, warmup_ms, symbol, rng)


@THOROUGH
@given(trades=unsorted_trade_lists(), rng=st.randoms(use_true_random=False))
def test_a_broken_feed_is_admitted_like_the_oracle_admits_it(trades: list[Trade], rng: random.Random) -> None:
    got = engine.features(trades, BTC_GRID, symbol="BTCUSDT", every_ms=EVAL_INTERVAL, warmup_ms=DAY)
    tape = Tape(admit(trades, "drop").trades, BTC_GRID)
    assert_rows_match(got, tape, EVAL_INTERVAL, DAY, "BTCUSDT", rng)


@THOROUGH
@given(
    trades=trade_lists(max_segments=5),
    cuts=st.lists(st.floats(0, 1), max_size=4),
    singly=st.sets(st.integers(0, 4)),
)
def test_incremental_equals_chunked_equals_batch(
    trades: list[Trade], cuts: list[float], singly: set[int]
) -> None:
    batch = engine.features(trades, BTC_GRID, symbol="BTCUSDT", every_ms=EVAL_INTERVAL, warmup_ms=DAY)
    edges = [0, *sorted(round(cut * len(trades)) for cut in cuts), len(trades)]
    tape = engine.tape(BTC_GRID, "BTCUSDT")
    for number, (start, end) in enumerate(pairwise(edges)):
        if number in singly:
            for trade in trades[start:end]:
                engine.push(tape, trade, BTC_GRID)
        elif end > start:
            engine.push_many(tape, trades[start:end], BTC_GRID)
    assert engine.rows(tape.features(every="15s")) == batch


@THOROUGH
@given(trades=trade_lists(max_segments=4), last_lots=st.integers(1, 10**9))
def test_what_expired_leaves_exactly_nothing(trades: list[Trade], last_lots: int) -> None:
    """Adding and then expiring returns to zero, however many trades and however extreme."""
    later = (trades[-1].time_ms + DAY) // EVAL_INTERVAL * EVAL_INTERVAL + EVAL_INTERVAL
    number = None if trades[-1].agg_id is None else trades[-1].agg_id + 1
    only = Trade(
        number, later, 500, last_lots, False, None if number is None else 1, None if number is None else 1
    )
    last = engine.features([*trades, only], BTC_GRID, symbol="BTCUSDT", every_ms=EVAL_INTERVAL, warmup_ms=0)[
        -1
    ]
    assert last["t_ms"] == later
    assert {last[f"cvd_{w}"] for w in ("5m", "15m", "30m", "1h", "4h", "24h")} == {last_lots / 1000}
    assert (last["buy_vol_1m"], last["sell_vol_1m"], last["vwap_30m"]) == (last_lots / 1000, 0.0, 50.0)
    assert last["p99_qty"] == 10.0


@pytest.mark.parametrize(("time_ms", "count"), [(START, 1), (START + 1, 0)])
def test_one_trade(time_ms: int, count: int) -> None:
    got = engine.features(
        [Trade(1, time_ms, 7, 3, True)], BTC_GRID, symbol="BTCUSDT", every_ms=EVAL_INTERVAL, warmup_ms=0
    )
    assert len(got) == count
    if got:
        assert (got[0]["price"], got[0]["cvd_24h"], got[0]["cvd_slope_24h"], got[0]["atr_5m"]) == (
            0.7,
            -0.003,
            0.0,
            None,
        )


def test_an_empty_tape_has_no_rows_but_all_columns() -> None:
    frame = engine.arbcore.features(
        engine.trades_frame([], BTC_GRID), symbol="BTCUSDT", every="15s", **engine.decimals(BTC_GRID)
    )
    assert frame.height == 0
    assert [name for name in COLUMNS if name not in frame.columns] == []
