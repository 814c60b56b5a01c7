"""Strategies: what is refused and how, what survives a round trip, what the languages agree on."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from arbcore import _arbcore
from arbcore.errors import ConfigError
from arbcore.model import Strategy
from arbcore.presets import preset, preset_names

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = {
    name: (least, greatest, choices) for name, _, least, greatest, choices in _arbcore.strategy_fields()
}


def _bounds_of(node: Any) -> tuple[float | None, float | None, list[str]]:
    """Bounds of a type as msgspec sees it, in the shape of `strategy_fields`."""
    if isinstance(node, msgspec.inspect.Metadata):
        return _bounds_of(node.type)
    if isinstance(node, msgspec.inspect.UnionType):
        (value,) = [member for member in node.types if not isinstance(member, msgspec.inspect.NoneType)]
        return _bounds_of(value)
    if isinstance(node, msgspec.inspect.LiteralType):
        return None, None, sorted(map(str, node.values))
    if isinstance(node, msgspec.inspect.FloatType | msgspec.inspect.IntType):
        return node.ge, node.le, []
    return None, None, []


def test_both_languages_list_the_same_parameters_with_the_same_bounds() -> None:
    info = msgspec.inspect.type_info(Strategy)
    assert isinstance(info, msgspec.inspect.StructType)
    python = {field.name: field for field in info.fields}
    assert set(python) - set(FIELDS) == {"description", "tags"}
    for name, (least, greatest, choices) in FIELDS.items():
        assert _bounds_of(python[name].type) == (least, greatest, sorted(choices)), name


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDC", "SOLUSDT", "XRPUSDT", "LTCUSDT"])
def test_both_languages_have_the_same_defaults(symbol: str) -> None:
    strategy = Strategy(symbol=symbol)
    from_core = _arbcore.check_strategy({"symbol": symbol})
    assert {name: getattr(strategy, name) for name in FIELDS} == from_core
    for field in msgspec.structs.fields(Strategy):
        if field.name in FIELDS and field.default not in (None, msgspec.NODEFAULT):
            assert from_core[field.name] == field.default, field.name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"entry_score": 97}, "entry_score = 97: must be between 60 and 95, with one decimal at most"),
        ({"entry_score": 75.25}, "entry_score = 75.25: must be between 60 and 95, with one decimal at most"),
        ({"entry_score": "75"}, 'entry_score = "75": must be between 60 and 95, with one decimal at most'),
        ({"entry_score": None}, "entry_score = null: must be between 60 and 95, with one decimal at most"),
        ({"obi_threshold": None}, "obi_threshold = null: must be a number between 0.1 and 0.9"),
        ({"cvd_fast_window": "1h"}, 'cvd_fast_window = "1h": must be one of 5m, 15m, 30m'),
        ({"gate_obi_enabled": 1}, "gate_obi_enabled = 1: must be true or false"),
        ({"timeout_minutes": 60.0}, "timeout_minutes = 60: must be an integer between 30 and 1440"),
        ({"timeout_minutes": 10**30}, f"timeout_minutes = {10**30}: must be an integer between 30 and 1440"),
        ({"tp1_ratio": float("nan")}, "tp1_ratio = NaN: must be a number between 0.3 and 2"),
        ({"tp1_ratio": {}}, "tp1_ratio = {}: must be a number between 0.3 and 2"),
        (
            {"blackout_hours": [24]},
            "blackout_hours = [24]: must be a list of different UTC hours between 0 and 23",
        ),
        ({"display_name": "x" * 51}, f'display_name = "{"x" * 51}": must be text of 1 to 50 characters'),
        ({"tags": "a"}, "tags = 'a': must be a list of texts"),
        ({"weight_env": 26}, "= 55 + 26 + 15 + 5 = 101: must be 100"),
        ({"cvd_slow_window": "30m"}, "cvd_fast_window = 30m: must be shorter than cvd_slow_window = 30m"),
        ({"tp1_ratio": 1.5}, "tp2_ratio = 1.5: must be greater than tp1_ratio = 1.5"),
        ({"flip_threshold": 74.9}, "flip_threshold = 74.9: must be at least entry_score = 75"),
        (
            {"profile": "v51_baseline"},
            "profile = v51_baseline: must be one of standard, fast with model = factory",
        ),
        ({"entri_score": 70}, "entri_score = 70: no such parameter; the nearest is entry_score"),
        ({"symbol": "btcusdt"}, 'symbol = "btcusdt": must be the exchange\'s name of a symbol'),
    ],
)
def test_refusals_name_field_value_and_bound(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Strategy.from_dict({"symbol": "BTCUSDT", **changes})
    assert message in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        Strategy(symbol="BTCUSDT").replace(**changes)
    assert message in str(caught.value)


def test_the_constructor_checks_and_gives_numbers_their_type() -> None:
    strategy = Strategy(symbol="BTCUSDT", entry_score=70, blackout_hours=[5, 1], heavy_from=90)  # type: ignore[arg-type]
    assert (strategy.entry_score, type(strategy.entry_score)) == (70.0, float)
    assert strategy.blackout_hours == (1, 5)
    assert strategy.config_hash == strategy.replace(entry_score=70.0, blackout_hours=(1, 5)).config_hash
    assert hash(strategy) == hash(strategy.replace())
    with pytest.raises(ConfigError, match=r"sl_atr_multiplier = 4: must be a number between 0\.5 and 3"):
        Strategy(symbol="BTCUSDT", sl_atr_multiplier=4)
    with pytest.raises(ConfigError, match="symbol: missing; must be"):
        Strategy.from_dict({"entry_score": 70})
    with pytest.raises(AttributeError):
        strategy.entry_score = 80.0  # type: ignore[misc]


def test_thresholds_default_to_those_of_the_symbol_unless_given() -> None:
    xrp = Strategy(symbol="XRPUSDT", obi_threshold=0.5)
    assert (xrp.track, xrp.vol_atr_pct_min, xrp.whale_usd_threshold) == ("ALT", 0.0025, 30_000.0)
    assert (xrp.obi_threshold, xrp.spot_perp_threshold, xrp.display_name) == (0.5, 0.006, "XRPUSDT")
    assert Strategy(symbol="BTCUSDC").track == "BTC"
    # Changing the symbol later leaves the thresholds alone.
    assert xrp.replace(symbol="SOLUSDT").vol_atr_pct_min == 0.0025


@pytest.mark.parametrize("name", [*preset_names()])
def test_presets_survive_every_round_trip(name: str) -> None:
    implied = len(name.split("_")) == 4
    strategy = preset(name) if implied else preset(name, "LTCUSDT")
    assert strategy.display_name == name
    assert strategy.symbol == (name[:3].upper() + "USDT" if implied else "LTCUSDT")
    assert Strategy.from_dict(strategy.to_dict()) == strategy
    assert Strategy.from_json(msgspec.json.encode(strategy)) == strategy
    assert msgspec.json.decode(msgspec.json.encode(strategy), type=Strategy) == strategy
    core = _arbcore.check_strategy({"description": "ignored", **strategy.to_dict()})
    assert core == {field: getattr(strategy, field) for field in FIELDS}


def test_presets_refuse_wrong_names_and_symbols() -> None:
    with pytest.raises(
        ConfigError, match=r'symbol = "ETHUSDT": must be "BTCUSDT" with preset = "btc_5m_1h_tp1.0"'
    ):
        preset("btc_5m_1h_tp1.0", "ETHUSDT")
    with pytest.raises(
        ConfigError, match=r'preset = "v54": no such preset; the nearest is "v50".*preset_names\(\)'
    ):
        preset("v54", "ETHUSDT")
    with pytest.raises(ConfigError, match="symbol: missing"):
        preset("v53")
    assert preset("v53", "LTCUSDT").flip_threshold == 85.0
    assert preset("eth_30m_4h_tp1.5").entry_score == 75.0


def test_set_reads_values_as_a_command_line_writes_them() -> None:
    strategy = preset("v53", "LTCUSDT").set(
        "entry_score=60",
        "flip_threshold = 70.5",
        "gate_obi_enabled=false",
        "cvd_slow_window=1h",
        "blackout_hours=[1, 2]",
        "hourly_entry_cap=3",
        "tags=a,b",
        "description=x=y",
    )
    assert (strategy.entry_score, strategy.flip_threshold, strategy.gate_obi_enabled) == (60.0, 70.5, False)
    assert (strategy.cvd_slow_window, strategy.blackout_hours, strategy.hourly_entry_cap) == ("1h", (1, 2), 3)
    assert (strategy.tags, strategy.description) == (("a", "b"), "x=y")
    assert strategy.set("hourly_entry_cap=null", "blackout_hours=").hourly_entry_cap is None
    for assignment, message in [
        ("entry_score", "'entry_score': must be key=value"),
        ("entry_score=much", "entry_score = much: must be between 60 and 95"),
        ("entry_score=50", "entry_score = 50: must be between 60 and 95"),
        ("obi_treshold=0.3", "obi_treshold = 0.3: no such parameter; the nearest is obi_threshold"),
        ("blackout_hours=1,1", r"blackout_hours = \[1, 1\]: must be a list of different"),
        ("gate_vol_enabled=maybe", "gate_vol_enabled = maybe: must be true or false"),
    ]:
        with pytest.raises(ConfigError, match=message):
            strategy.set(assignment)


def test_files_and_text_are_read(tmp_path: Path) -> None:
    toml = tmp_path / "strategy.toml"
    toml.write_text('symbol = "ETHUSDT"\nentry_score = 72\nblackout_hours = [3]\n')
    assert Strategy.from_toml(toml) == Strategy(symbol="ETHUSDT", entry_score=72.0, blackout_hours=(3,))
    assert Strategy.from_toml(toml.read_bytes()) == Strategy.from_toml(toml)
    document = tmp_path / "strategy.json"
    document.write_text('{"symbol": "ETHUSDT", "entry_score": 72}')
    assert Strategy.from_json(document).entry_score == 72.0
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        Strategy.from_toml(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="not valid TOML"):
        Strategy.from_toml("symbol = ")
    with pytest.raises(ConfigError, match="not a JSON object"):
        Strategy.from_json("[1]")
    with pytest.raises(ConfigError, match="not UTF-8"):
        Strategy.from_json(b"\xff")


def test_the_hash_follows_what_decides_and_nothing_else() -> None:
    strategy = preset("v53", "LTCUSDT")
    labelled = strategy.replace(display_name="mine", description="words", tags=["a"])
    assert labelled.config_hash == strategy.config_hash
    hashes = {strategy.config_hash}
    changes: list[dict[str, Any]] = [
        {"entry_score": 75.1},
        {"symbol": "ETCUSDT"},
        {"initial_balance": 10_001},
        {"heavy_from": 90},
    ]
    for change in changes:
        hashes.add(strategy.replace(**change).config_hash)
    assert len(hashes) == 5
    assert all(len(value) == 16 and int(value, 16) >= 0 for value in hashes)
    program = "from arbcore.presets import preset; print(preset('v53', 'LTCUSDT').config_hash)"
    for seed in ("0", "1"):
        out = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        )
        assert out.stdout.strip() == strategy.config_hash


def test_the_json_schema_states_bounds_and_defaults() -> None:
    schema = Strategy.json_schema()
    json.dumps(schema)
    assert schema["required"] == ["symbol"]
    assert schema["additionalProperties"] is False
    score = schema["properties"]["flip_threshold"]
    assert (score["minimum"], score["maximum"], score["default"]) == (60, 95, 80.0)
    assert "default" not in schema["properties"]["obi_threshold"]
    assert schema["properties"]["heavy_from"]["default"] is None
    assert schema["properties"]["cvd_fast_window"]["enum"] == ["15m", "30m", "5m"]
