"""The drawn tapes lead to every way out, to flips and to refusals; else the property tests prove little."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from oracle.positions import Settings, feature_rows, replay
from oracle.tape import Tape

from .engine import params
from .profile import SLOW
from .strategies import BTC_GRID, factory_overrides, moving_tapes

SETTINGS = Settings(warmup_ms=0)
OUTCOMES = ["sl", "sl_be", "tp", "timeout", "signal_flip"]
REASONS = [
    "below_entry",
    "cooldown",
    "direction",
    "low_vol",
    "no_direction_consensus",
    "position_open",
    "whale",
]


def test_every_outcome_and_reason_occurs() -> None:
    seen: Counter[str] = Counter()

    @SLOW
    @given(data=st.data())
    def search(data: st.DataObject) -> None:
        tape = Tape(data.draw(moving_tapes()), BTC_GRID)
        rows = feature_rows(tape, SETTINGS, [], "BTCUSDT")
        for _ in range(10):
            run = replay(tape, params(None, "BTCUSDT", data.draw(factory_overrides())), SETTINGS, [], rows)
            seen.update(q.status for q in run.positions if q.status)
            seen.update(d["reason"] for d in run.decisions if d["reason"])

    search()
    assert [name for name in [*OUTCOMES, *REASONS] if not seen[name]] == []
