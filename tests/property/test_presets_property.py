"""The named strategies hold what their definitions say, field by field; drawn ones are valid."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.params import FACTORY_EXITS, FACTORY_SYMBOLS, FACTORY_WINDOWS, Params, factory_presets, preset

from . import engine
from .profile import THOROUGH
from .strategies import RULES, factory_overrides

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = ["v50", "v51_baseline", "v52_8signals", "v53", "v53_middle", "v53_fast"]
LABELS = {"display_name", "disabled_symbols"}
WEIGHTS = {"weight_direction", "weight_env", "weight_aux", "weight_momentum"}
WINDOWS = {"cvd_fast_window", "cvd_slow_window"}


def matters(p: Params) -> Iterable[str]:
    """Fields that decide something for a strategy of this model."""
    fields = set(asdict(p)) - LABELS
    gates = {
        name
        for name in fields
        if name.startswith("gate_") or name.endswith(("_threshold", "_pct", "_pct_min"))
    }
    gates -= {"flip_threshold"}
    if p.model == "factory":
        return fields
    if p.model == "layers":
        return fields - WEIGHTS - gates | {"gate_cvd_enabled"}
    return fields - WEIGHTS - gates - WINDOWS - {"profile", "heavy_from"}


def assert_same(strategy: Any, p: Params) -> None:
    for name in sorted(matters(p)):
        got = getattr(strategy, engine.FIELD_NAMES.get(name, name))
        assert (
            got == pytest.approx(getattr(p, name), rel=1e-12)
            if isinstance(got, float)
            else got == getattr(p, name)
        ), name


@pytest.mark.parametrize("symbol", [*FACTORY_SYMBOLS, "LTCUSDT"])
@pytest.mark.parametrize("name", NAMES)
def test_presets_for_any_symbol(name: str, symbol: str) -> None:
    assert_same(engine.strategy(name, symbol, {}), preset(name, symbol))


def test_the_72_of_the_factory() -> None:
    from arbcore.presets import preset_names

    names = [
        f"{symbol.removesuffix('USDT').lower()}_{fast}_{slow}_tp{tp1}"
        for symbol in FACTORY_SYMBOLS
        for fast, slow in FACTORY_WINDOWS
        for tp1, _ in FACTORY_EXITS
    ]
    assert sorted([*NAMES, *names]) == sorted(preset_names())
    for name, p in zip(names, factory_presets(), strict=True):
        assert_same(engine.strategy(name, p.symbol, {}), p)


@THOROUGH
@given(overrides=factory_overrides(), rules=RULES, symbol=st.sampled_from([*FACTORY_SYMBOLS, "LTCUSDT"]))
def test_drawn_strategies_are_valid(overrides: dict[str, Any], rules: dict[str, Any], symbol: str) -> None:
    p = engine.params(None, symbol, overrides | rules)
    assert_same(engine.strategy(None, symbol, overrides | rules), replace(p, symbol=symbol))
