"""Filters, run options and grids: what they take, and how they refuse."""

import pytest

from arbcore.errors import ConfigError
from arbcore.research.filters import BUILT_IN, Filters, filters_for, read_filters
from arbcore.research.options import RunOptions
from arbcore.research.sweep import MOST_CONFIGURATIONS, Grid, read_grid


def test_filters_are_given_then_built_in_then_the_decimals():
    given = Filters(lot_step=0.5, min_notional=7)
    assert filters_for("BTCUSDT", 3, given) == given
    assert filters_for("BTCUSDT", 3, {"lot_step": 0.5, "min_notional": 7}) == given
    assert filters_for("BTCUSDT", 3) == BUILT_IN["BTCUSDT"]
    assert filters_for("LTCUSDT", 3) == Filters(lot_step=0.001, min_notional=0.0)
    assert filters_for("PEPEUSDT", 0) == Filters(lot_step=1.0, min_notional=0.0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lot_step": 0}, "lot_step = 0"),
        ({"lot_step": float("inf")}, "lot_step = inf"),
        ({"lot_step": 0.1, "min_notional": -1}, "min_notional = -1"),
        ({"lot_step": 0.1, "tick": 1}, "unknown field `tick`"),
        ({}, "missing required field `lot_step`"),
    ],
)
def test_bad_filters_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        filters_for("BTCUSDT", 3, values)


def test_filters_from_a_file(tmp_path):
    path = tmp_path / "filters.toml"
    path.write_text("[LTCUSDT]\nlot_step = 0.01\n[XRPUSDT]\nlot_step = 1\nmin_notional = 5\n")
    assert read_filters(path) == {
        "LTCUSDT": Filters(lot_step=0.01),
        "XRPUSDT": Filters(lot_step=1, min_notional=5),
    }
    for text in ("[LTCUSDT]\nlot = 1", "[LTCUSDT"):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"filters\.toml.*\[BTCUSDT\]"):
            read_filters(path)
    path.write_text("[LTCUSDT]\nlot_step = -1")
    with pytest.raises(ConfigError, match=r"lot_step = -1"):
        read_filters(path)
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        read_filters(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fill": "best"}, "fill = 'best': must be one of tape, level"),
        ({"ids": "sort"}, "ids = 'sort': must be one of drop, accept, reject"),
        ({"from_ms": 5, "to_ms": 5}, "from = 5: must be before to = 5"),
        ({"funding_interval_hours": 0}, "funding_interval_hours = 0: must be between 1 and 24"),
    ],
)
def test_bad_options_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        RunOptions(**values)


def test_a_grid_is_the_product_within_the_list(tmp_path):
    path = tmp_path / "grid.toml"
    path.write_text(
        'preset = "v50"\n[set]\ntimeout_minutes = 90\n'
        "[[list]]\nentry_score = 60\n[[list]]\nentry_score = 70\n"
        "[grid]\nsl_atr_multiplier = [1.0, 2.0]\nbe_buffer_atr = [0.0, 0.1]\n"
    )
    grid = read_grid(path)
    assert grid.preset == "v50"
    assert [
        (row["timeout_minutes"], row["entry_score"], row["sl_atr_multiplier"], row["be_buffer_atr"])
        for row in grid.changes()
    ] == [
        (90, 60, 1.0, 0.0),
        (90, 60, 1.0, 0.1),
        (90, 60, 2.0, 0.0),
        (90, 60, 2.0, 0.1),
        (90, 70, 1.0, 0.0),
        (90, 70, 1.0, 0.1),
        (90, 70, 2.0, 0.0),
        (90, 70, 2.0, 0.1),
    ]


def test_an_empty_grid_is_the_preset():
    assert Grid().changes() == [{}]


def test_bad_grids_are_refused(tmp_path):
    path = tmp_path / "grid.toml"
    for text in ('presets = "v53"', "[grid]\nentry_score = 70", "[grid"):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"grid\.toml.*expected preset"):
            read_grid(path)
    with pytest.raises(ConfigError, match=r"grid\.entry_score = \[\]"):
        Grid(grid={"entry_score": []}).changes()
    side = list(range(1_001))
    with pytest.raises(ConfigError, match=f"must be at most {MOST_CONFIGURATIONS}"):
        Grid(grid={"a": side, "b": side}).changes()
