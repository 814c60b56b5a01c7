"""What the property tests draw: tapes realistic and nasty, indicator samples, strategy parameters.

A tape is a list of segments (bursts, silences, jumps to window ends), so that a failure shrinks to the few
segments that matter. Trades inside a segment come from a seeded generator.
"""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from oracle.indicators import Sample
from oracle.tape import DAY, EVAL_INTERVAL, HOUR, MINUTE, Grid, Trade, admit

START = 1_760_000_000_000 // DAY * DAY  # a UTC midnight
WINDOW_ENDS = [EVAL_INTERVAL, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR, 8 * HOUR, DAY]

BTC_GRID = Grid(1, 3)
GRIDS = st.sampled_from([BTC_GRID, Grid(2, 2), Grid(4, 0), Grid(0, 8), Grid(8, 8)])


# --- segments ------------------------------------------------------------------------------------------


def steady(gap_ms: int) -> st.SearchStrategy[tuple[str, int, int]]:
    return st.tuples(st.just("steady"), st.integers(1, 40), st.just(gap_ms))


SEGMENTS = st.one_of(
    steady(100),
    steady(3_000),
    steady(40_000),
    st.tuples(st.just("burst"), st.integers(1, 60), st.just(0)),
    st.tuples(
        st.just("silence"), st.sampled_from([*WINDOW_ENDS, 90_000, 7 * MINUTE, 26 * HOUR]), st.integers(-1, 1)
    ),
    st.tuples(st.just("to_edge"), st.sampled_from(WINDOW_ENDS), st.integers(-1, 1)),
    st.tuples(st.just("percentile"), st.integers(95, 106), st.just(0)),
)

QUANTITIES = st.sampled_from(["typical", "constant", "nine_decades", "extreme", "round"])
PRICES = st.sampled_from(["walk", "constant", "saw", "extreme"])


def draw_lots(rng: random.Random, kind: str) -> int:
    if kind == "constant":
        return 1_000
    if kind == "nine_decades":
        return rng.randint(1, 10**9)
    if kind == "extreme":
        return rng.choice([1, 10**12, 10**12 - 1])
    if kind == "round":
        return rng.choice([1, 10, 100, 1_000, 10_000]) * 10
    return max(1, round(rng.lognormvariate(5.0, 2.0)))


def next_ticks(rng: random.Random, kind: str, ticks: int) -> int:
    if kind == "constant":
        return ticks
    if kind == "saw":
        return max(1, ticks + (1 if ticks % 2 == 0 else -1))
    if kind == "extreme":
        return rng.choice([1, 2, 10**12, 10**12 - 1])
    return max(1, ticks + round(rng.gauss(0.0, max(1.0, ticks * 0.0005))))


@st.composite
def trade_lists(draw: st.DrawFn, *, max_segments: int = 8, with_ids: bool | None = None) -> list[Trade]:
    """Admitted trades (consecutive ids or none, times that never fall), at least one."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    quantity, price = draw(QUANTITIES), draw(PRICES)
    ticks = draw(st.sampled_from([1, 996, 1_000_000]))
    buy_share = draw(st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]))
    time_ms = START + draw(st.integers(0, DAY - 1))
    ids = draw(st.booleans()) if with_ids is None else with_ids
    segments = draw(st.lists(SEGMENTS, min_size=1, max_size=max_segments))

    trades: list[Trade] = []

    def add() -> None:
        nonlocal ticks
        ticks = next_ticks(rng, price, ticks)
        number = len(trades) + 7 if ids else None
        maker = rng.random() >= buy_share
        first = rng.randint(0, 10**6) if ids else None
        last = first + rng.randint(0, 5) if first is not None else None
        trades.append(Trade(number, time_ms, ticks, draw_lots(rng, quantity), maker, first, last))

    for kind, size, detail in segments:
        if kind == "silence":
            time_ms += max(0, size + detail)
        elif kind == "to_edge":
            time_ms += max(0, size - time_ms % size + detail)
        for _ in range(1 if kind in ("silence", "to_edge") else size):
            if kind == "steady":
                time_ms += rng.randint(0, detail)
            elif kind == "percentile":
                time_ms += rng.randint(0, 20)
            add()
    return trades


@st.composite
def unsorted_trade_lists(draw: st.DrawFn) -> list[Trade]:
    """Trades as a broken feed delivers them: duplicate, skipped and late ids, times that fall."""
    trades = draw(trade_lists(max_segments=4, with_ids=True))
    rng = random.Random(draw(st.integers(0, 2**32)))
    out: list[Trade] = []
    held: list[Trade] = []
    for trade in trades:
        what = rng.choice(["keep"] * 8 + ["skip", "hold", "twice", "earlier"])
        if what == "hold":
            held.append(trade)
        elif what == "twice":
            out += [trade, trade]
        elif what == "earlier":
            out.append(trade._replace(time_ms=trade.time_ms - rng.randint(1, 60_000)))
        elif what == "keep" or not out:
            out.append(trade)
        if held and rng.random() < 0.3:
            out.append(held.pop(0))
    return out + held


class DrawnTape(list[Trade]):
    """Trades that a failure report names in one line."""

    def __repr__(self) -> str:
        return f"<{len(self)} trades from {self[0]} to {self[-1]}>"


# --- tapes that strategies trade on --------------------------------------------------------------------


@st.composite
def moving_tapes(draw: st.DrawFn, *, minutes: int = 150) -> list[Trade]:
    """A market in spells of one direction: prices and takers lean the same way, so that signals, stops,
    take-profits and flips occur. About six trades a minute, with pauses, bursts and a few large trades."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    spells = draw(st.lists(st.sampled_from([-2, -1, 0, 1, 2]), min_size=3, max_size=12))
    volatility = draw(st.sampled_from([0.0003, 0.0008, 0.002]))
    large_share = draw(st.sampled_from([0.0, 0.01, 0.05]))
    start = START + draw(st.integers(0, DAY - 1))
    time_ms, price = start, 1_000_000.0
    trades: list[Trade] = []
    length = minutes * MINUTE
    while time_ms < start + length:
        lean = spells[(time_ms - start) * len(spells) // length]
        price = max(1_000.0, price * (1 + rng.gauss(0.25 * lean * volatility, volatility)))
        large = rng.random() < large_share
        lots = rng.randint(10_000, 40_000) if large else rng.randint(1, 2_000)
        maker = rng.random() >= 0.5 + 0.2 * lean
        trades.append(Trade(len(trades) + 1, time_ms, round(price), lots, maker, len(trades), len(trades)))
        pause = rng.random()
        time_ms += (
            0 if pause < 0.1 else rng.randint(60_000, 400_000) if pause > 0.995 else rng.randint(1, 20_000)
        )
    return DrawnTape(admit(trades).trades)


@st.composite
def sample_lists(draw: st.DrawFn, trades: list[Trade]) -> list[Sample]:
    """Indicator samples over the tape's span: some names, some never, with delays and holes."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    chosen = draw(
        st.lists(st.sampled_from(sorted(SAMPLE_SOURCES)), unique=True, max_size=len(SAMPLE_SOURCES))
    )
    first, last = trades[0].time_ms, trades[-1].time_ms
    out: list[Sample] = []
    for name in chosen:
        period, low, high = SAMPLE_SOURCES[name]
        time_ms = first - 22 * period if name == "funding_rate" else first - 2 * period
        time_ms = time_ms // period * period
        while time_ms <= last:
            delay = rng.choice([0, 1, 500, 2_000])
            value = round(rng.uniform(low, high), 6)
            if rng.random() > 0.1:
                out.append(Sample(time_ms, time_ms + delay, name, value))
            time_ms += period
    return sorted(out, key=lambda sample: sample.available_ms)


SAMPLE_SOURCES: dict[str, tuple[int, float, float]] = {  # period, least, greatest value
    "long_short_ratio": (5 * MINUTE, 0.3, 2.5),
    "top_trader_long": (5 * MINUTE, 0.3, 0.7),
    "open_interest_value": (5 * MINUTE, 9.0e8, 1.1e9),
    "coinbase_premium": (5 * MINUTE, -0.001, 0.001),
    "funding_rate": (8 * HOUR, -0.001, 0.001),
    "mark_price": (20_000, 99_800.0, 100_200.0),
    "spot_mid": (20_000, 99_800.0, 100_200.0),
    "obi_10": (10_000, -0.6, 0.6),
    "spread_bps": (10_000, 0.1, 3.0),
    "liq_long_usd": (MINUTE, 0, 1_000_000),
    "liq_short_usd": (MINUTE, 0, 1_000_000),
}


# --- parameters ----------------------------------------------------------------------------------------


@st.composite
def factory_overrides(draw: st.DrawFn) -> dict[str, Any]:
    """Fields of a `model: factory` strategy, often within reach of trade-only totals."""
    fast, slow = draw(
        st.sampled_from(
            [("5m", "30m"), ("5m", "1h"), ("15m", "1h"), ("15m", "4h"), ("30m", "1h"), ("30m", "4h")]
        )
    )
    env = draw(st.integers(5, 25))
    aux = draw(st.integers(0, 15))
    momentum = draw(st.integers(0, min(20, 90 - env - aux)))
    direction = 100 - env - aux - momentum
    if direction > 80:
        momentum += direction - 80
        direction = 80
    if momentum > 20:
        env += momentum - 20
        momentum = 20
    entry = draw(st.sampled_from([60, 60, 62, 65, 70]))
    profile = draw(st.sampled_from(["standard", "fast"]))
    tp1 = draw(st.sampled_from([0.3, 0.75, 1.0, 2.0]))
    return {
        "direction": draw(st.sampled_from(["both", "both", "long_only", "short_only"])),
        "profile": profile,
        "accel_independent": profile == "fast" and draw(st.booleans()),
        "cvd_fast_window": fast,
        "cvd_slow_window": slow,
        "weight_direction": direction,
        "weight_env": env,
        "weight_aux": aux,
        "weight_momentum": momentum,
        "entry_score": entry,
        "flip_threshold": entry + draw(st.sampled_from([0, 0, 5, 20])),
        "on_missing": draw(st.sampled_from(["block", "pass"])),
        "gate_vol_enabled": draw(st.booleans()),
        "vol_atr_pct_min": draw(st.sampled_from([0.0001, 0.002, 0.006])),
        "gate_cvd_enabled": draw(st.booleans()),
        "gate_whale_enabled": draw(st.booleans()),
        "whale_flow_pct": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "whale_usd_threshold": draw(st.sampled_from([1_000.0, 50_000.0, 1_000_000.0])),
        "gate_obi_enabled": draw(st.booleans()),
        "obi_threshold": draw(st.sampled_from([0.1, 0.35])),
        "gate_spot_perp_enabled": draw(st.booleans()),
        "spot_perp_threshold": draw(st.sampled_from([0.0005, 0.01])),
        "sl_atr_multiplier": draw(st.sampled_from([0.5, 1.0, 1.5, 3.0])),
        "tp1_ratio": tp1,
        "tp2_ratio": tp1 + draw(st.sampled_from([0.2, 0.75, 2.0])),
        "be_buffer_atr": draw(st.sampled_from([0.0, 0.2, 1.0])),
        "timeout_minutes": draw(st.sampled_from([30, 60, 240])),
    }


RULES = st.fixed_dictionaries(
    {},
    optional={
        "adaptive_cooldown": st.just(True),
        "hour_filter": st.just(True),
        "funding_bias": st.just(True),
        "dual_atr": st.just(True),
        "cascade": st.just(True),
        "blackout_hours": st.just((1, 5, 13, 20)),
        "hourly_entry_cap": st.integers(1, 3),
    },
)

FILLS = st.fixed_dictionaries(
    {
        "fill": st.sampled_from(["tape", "level"]),
        "latency_ms": st.sampled_from([0, 0, 250, 20_000]),
        "slippage_bps": st.sampled_from([0.0, 0.0, 2.5]),
        "lot_step": st.sampled_from([0.001, 0.01]),
        "min_notional": st.sampled_from([0.0, 100.0]),
    }
)
