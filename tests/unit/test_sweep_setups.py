"""Configurations of a sweep: fitted at once, each as if it were made by itself."""

import pytest

from arbcore import preset
from arbcore.errors import ConfigError
from arbcore.research.backtest import prepare
from arbcore.research.sweep import fit_configurations

GRID = {"preset": "v53", "grid": {"entry_score": [60, 72.5], "blackout_hours": [[], [3, 4]]}}


def test_every_setup_is_that_of_the_strategy_alone():
    changes, setups = fit_configurations("BTCUSDT", grid=GRID)
    assert len(setups) == len(changes) == 4
    base = preset("v53", "BTCUSDT")
    for setup, change in zip(setups, changes, strict=True):
        expected = prepare(base.replace(**change), "v53", None)
        assert setup == expected
        assert setup.disabled_gates == ("obi",)
    assert setups[1:3] == [setups[1], setups[2]]
    assert len({setup.config_hash for setup in setups}) == 4


def test_strategies_keep_their_presets_and_labels():
    named = preset("v51_baseline", "BTCUSDT").replace(description="mine", tags=["a"])
    _, setups = fit_configurations("BTCUSDT", strategies=["v53", named])
    assert [setup.preset for setup in setups] == ["v53", None]
    assert (setups[1].strategy.description, setups[1].strategy.tags) == ("mine", ("a",))
    labelled = {**GRID, "set": {"description": "all", "tags": ["x"]}}
    _, setups = fit_configurations("BTCUSDT", grid=labelled)
    assert (setups[3].strategy.description, setups[3].strategy.tags) == ("all", ("x",))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entri_score": 70}, "entri_score = 70: no such parameter; the nearest is entry_score"),
        ({"entry_score": 59}, "entry_score = 59: must be"),
        ({"tp1_ratio": "far"}, 'tp1_ratio = "far": must be'),
        ({"obi_threshold": None}, "obi_threshold = null: must be"),
        ({"description": 5}, "description = 5: must be text"),
    ],
)
def test_a_change_that_is_not_acceptable_is_named(change, message):
    with pytest.raises(ConfigError) as error:
        fit_configurations("BTCUSDT", grid={"preset": "v53", "list": [{"entry_score": 61}, change]})
    assert message in str(error.value)
