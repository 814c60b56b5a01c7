"""The look-ahead check passes an honest engine, and would catch one that peeks."""

import polars as pl
import pytest

import arbcore
from arbcore.research import lookahead
from arbcore.research.lookahead import LookAheadError, check_lookahead


@pytest.fixture(scope="module")
def made():
    return arbcore.generate("BTCUSDT", hours=12, trades_per_day=60_000, seed=5, daily_volatility=0.08)


# Ten minutes before the end of the stream: every cut lies before it.
END_MS = 1_735_689_600_000 + 12 * 3_600_000 - 600_000
ARGUMENTS = {"symbol": "BTCUSDT", "strategy": "v51_baseline", "warmup": "1h"}


def test_an_honest_engine_passes(made):
    cuts = check_lookahead(made.trades, cuts=3, indicators=made.indicators, **ARGUMENTS)
    first, last = made.trades["time_ms"][0], made.trades["time_ms"][-1]
    assert cuts == [first + (last - first) * (i + 1) // 4 for i in range(3)]


class Peeking:
    """A back-test whose figures depend on how much of the future it was given."""

    def __init__(self, result, column):
        self.typed_report = result.typed_report
        self.grid = result.grid
        self.signals, self.trades = result.signals, result.trades
        future = float(result.signals["t_ms"].max())
        if column == "score":
            self.signals = self.signals.with_columns(pl.lit(future).alias("score"))
        elif column == "qty":
            self.trades = self.trades.with_columns(pl.lit(future).alias("qty"))
        elif result.typed_report.header.data.last_ms < END_MS:
            self.trades = self.trades.head(0)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("score", "the evaluation at .* has score"),
        ("qty", "the trade at .* has qty"),
        (None, "there are 0 trades, in the whole run"),
    ],
)
def test_a_peeking_engine_is_caught(made, monkeypatch, column, message):
    honest = lookahead.backtest

    def peeking(*args, **kwargs):
        return Peeking(honest(*args, **kwargs), column)

    monkeypatch.setattr(lookahead, "backtest", peeking)
    with pytest.raises(LookAheadError, match=message):
        check_lookahead(made.trades, cuts=2, indicators=made.indicators, **ARGUMENTS)
