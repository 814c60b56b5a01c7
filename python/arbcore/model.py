"""A strategy's parameters, checked where they enter: one structure for TOML, JSON, Python, database."""

from __future__ import annotations

import functools
import os
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from arbcore import _arbcore
from arbcore.errors import ConfigError

_Score = Annotated[float, Meta(ge=60, le=95)]

_BOUNDS: dict[str, str] = {name: bounds for name, bounds, *_ in _arbcore.strategy_fields()}
"""Parameters of the core and their bounds in words."""

_LABELS = {"description": "text", "tags": "a list of texts"}
"""What the core does not know: labels for people."""

_BY_SYMBOL: Any = None
"""Stands in for a default that only the symbol gives; a built strategy never holds it in such a field."""

_FROM_SYMBOL = frozenset(
    {
        "display_name",
        "track",
        "vol_atr_pct_min",
        "whale_usd_threshold",
        "whale_flow_pct",
        "obi_threshold",
        "spot_perp_threshold",
    }
)
"""Fields with that default."""


class Strategy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One strategy: windows, weights, gates, exits, rules, balance.

    Only `symbol` must be given. The track and the thresholds of the gates default to those of the symbol.
    Every construction is checked against the ranges and against contradictions between parameters;
    an error names the field, its value and the bound.

    Raises
    ------
    ConfigError
        When a value is out of its range or contradicts another.

    Notes
    -----
    :meth:`json_schema` lists the parameters with ranges, defaults and descriptions. Scores are points with
    one decimal at most; stops and targets are in ATR (`sl_atr_multiplier`, `be_buffer_atr`) or in R
    (`tp1_ratio`, `tp2_ratio`).

    Examples
    --------
    >>> strategy = Strategy(symbol="ETHUSDT", entry_score=72.5)
    >>> strategy.obi_threshold, strategy.track
    (0.35, 'ALT')
    >>> strategy.set("gate_obi_enabled=false", "cvd_slow_window=1h").cvd_slow_window
    '1h'
    >>> strategy.replace(flip_threshold=70)
    Traceback (most recent call last):
    ...
    arbcore.errors.ConfigError: flip_threshold = 70: must be at least entry_score = 72.5
    """

    symbol: Annotated[
        str, Meta(min_length=1, max_length=40, description="as the exchange writes it: BTCUSDT")
    ]
    display_name: Annotated[str, Meta(min_length=1, max_length=50, description="default: the symbol")] = (
        _BY_SYMBOL
    )
    description: str = ""
    tags: tuple[str, ...] = ()
    track: Annotated[Literal["BTC", "ALT"], Meta(description="which whale gate; default: by symbol")] = (
        _BY_SYMBOL
    )
    direction: Annotated[
        Literal["long_only", "short_only", "both"], Meta(description="allowed directions")
    ] = "both"
    model: Annotated[Literal["factory", "layers", "bonus"], Meta(description="family of the score")] = (
        "factory"
    )
    profile: Annotated[
        Literal["standard", "fast", "v51_baseline", "v52_8signals"],
        Meta(description="variant within the model"),
    ] = "standard"
    accel_independent: Annotated[
        bool, Meta(description="fast only: acceleration with a large trade lifts direction to 35")
    ] = False
    cvd_fast_window: Annotated[Literal["5m", "15m", "30m"], Meta(description="decides the direction")] = "30m"
    cvd_slow_window: Annotated[
        Literal["30m", "1h", "4h"], Meta(description="confirms it; longer than fast")
    ] = "4h"
    weight_direction: Annotated[int, Meta(ge=10, le=80, description="the four weights sum to 100")] = 55
    weight_env: Annotated[int, Meta(ge=5, le=60)] = 25
    weight_aux: Annotated[int, Meta(ge=0, le=40)] = 15
    weight_momentum: Annotated[int, Meta(ge=0, le=20, description="joins direction")] = 5
    entry_score: _Score = 75.0
    flip_threshold: Annotated[_Score, Meta(description="at least entry_score")] = 80.0
    heavy_from: Annotated[
        Annotated[float, Meta(ge=60, le=100)] | None,
        Meta(description="tier heavy from here; null: flip_threshold"),
    ] = None
    gate_vol_enabled: bool = True
    vol_atr_pct_min: Annotated[
        float, Meta(ge=0.0001, le=0.02, description="least atr_5m/price; default: by symbol")
    ] = _BY_SYMBOL
    gate_cvd_enabled: Annotated[bool, Meta(description="fast and slow CVD must agree")] = True
    gate_whale_enabled: bool = True
    whale_usd_threshold: Annotated[
        float,
        Meta(
            ge=1_000, le=1_000_000, description="size of a whale trade, USD (track ALT); default: by symbol"
        ),
    ] = _BY_SYMBOL
    whale_flow_pct: Annotated[
        float, Meta(ge=0, le=1, description="whale flow ratio that blocks (track BTC); default: by symbol")
    ] = _BY_SYMBOL
    gate_obi_enabled: bool = True
    obi_threshold: Annotated[
        float, Meta(ge=0.1, le=0.9, description="order-book imbalance that blocks; default: by symbol")
    ] = _BY_SYMBOL
    gate_spot_perp_enabled: bool = False
    spot_perp_threshold: Annotated[
        float, Meta(ge=0.0005, le=0.01, description="spot-perp divergence that blocks; default: by symbol")
    ] = _BY_SYMBOL
    gate_spot_cvd_enabled: bool = False
    on_missing: Annotated[
        Literal["block", "pass"], Meta(description="what a gate without its feature does")
    ] = "block"
    sl_atr_multiplier: Annotated[float, Meta(ge=0.5, le=3.0, description="1R in ATR")] = 1.5
    tp1_ratio: Annotated[float, Meta(ge=0.3, le=2.0, description="R; closes half")] = 0.75
    tp2_ratio: Annotated[float, Meta(ge=0.5, le=4.0, description="R; more than tp1_ratio")] = 1.5
    be_buffer_atr: Annotated[
        float, Meta(ge=0, le=1, description="break-even stop beyond the entry, in ATR")
    ] = 0.0
    timeout_minutes: Annotated[int, Meta(ge=30, le=1440)] = 240
    trailing: Annotated[bool, Meta(description="from tp2_ratio on the rest trails by 1R")] = False
    cooldown_minutes: Annotated[int, Meta(ge=0, le=1440, description="between two signals")] = 10
    initial_balance: Annotated[float, Meta(ge=1_000, le=1_000_000, description="USD")] = 10_000.0
    risk_per_trade: Annotated[
        float, Meta(ge=0.0001, le=0.5, description="share of the balance at tier standard")
    ] = 0.02
    rule_adaptive_cooldown: bool = False
    rule_hour_filter: bool = False
    rule_funding_bias: bool = False
    rule_dual_atr: bool = False
    blackout_hours: Annotated[
        tuple[Annotated[int, Meta(ge=0, le=23)], ...], Meta(description="UTC hours without entries")
    ] = ()
    symbol_disabled: Annotated[bool, Meta(description="no entries at all")] = False
    hourly_entry_cap: Annotated[
        Annotated[int, Meta(ge=1, le=60)] | None, Meta(description="entries in 60 minutes; null: any number")
    ] = None
    rule_cascade: Annotated[
        bool, Meta(description="no entries for 5 minutes after a liquidation cascade")
    ] = False

    def __post_init__(self) -> None:
        """Check all values, and give numbers their type and gaps the symbol's defaults."""
        values = {
            name: value
            for name in _BOUNDS
            if (value := getattr(self, name)) is not _BY_SYMBOL or name not in _FROM_SYMBOL
        }
        for name, value in _arbcore.check_strategy(values).items():
            msgspec.structs.force_setattr(self, name, value)
        for name in _LABELS:
            msgspec.structs.force_setattr(self, name, _converted(name, getattr(self, name), strict=True))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Strategy:
        """Build a strategy from a mapping of parameters.

        Parameters
        ----------
        values : dict
            Parameters by name; `symbol` is required, others default.

        Returns
        -------
        Strategy

        Raises
        ------
        ConfigError
            When a name is unknown (the nearest known one is named) or a value is not acceptable.

        Examples
        --------
        >>> Strategy.from_dict({"symbol": "BTCUSDT", "entri_score": 70})
        Traceback (most recent call last):
        ...
        arbcore.errors.ConfigError: entri_score = 70: no such parameter; the nearest is entry_score
        """
        for name, value in values.items():
            _check_name(name, value)
        if "symbol" not in values:
            raise ConfigError(f"symbol: missing; must be {_BOUNDS['symbol']}")
        for name in _FROM_SYMBOL & values.keys():
            # For the symbol's default a name is left out; null is a wrong value.
            if values[name] is None:
                raise ConfigError(f"{name} = null: must be {_BOUNDS[name]}")
        return cls(**values)

    @classmethod
    def from_toml(cls, source: str | bytes | os.PathLike[str]) -> Strategy:
        r"""Build a strategy from TOML.

        Parameters
        ----------
        source : str, bytes or path
            TOML text, or the path of a file as a `pathlib.Path`.

        Returns
        -------
        Strategy

        Raises
        ------
        ConfigError
            When the text is no TOML, a name unknown or a value not acceptable.

        Examples
        --------
        >>> Strategy.from_toml('symbol = "BTCUSDT"\nentry_score = 72').entry_score
        72.0
        """
        import tomllib

        text, where = _read(source)
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{where}: not valid TOML: {error}") from None
        return cls.from_dict(values)

    @classmethod
    def from_json(cls, source: str | bytes | os.PathLike[str]) -> Strategy:
        """Build a strategy from JSON.

        Parameters
        ----------
        source : str, bytes or path
            JSON text, or the path of a file as a `pathlib.Path`.

        Returns
        -------
        Strategy

        Raises
        ------
        ConfigError
            When the text is no JSON object, a name unknown or a value not acceptable.

        Examples
        --------
        >>> Strategy.from_json('{"symbol": "XRPUSDT"}').vol_atr_pct_min
        0.0025
        """
        text, where = _read(source)
        try:
            values = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise ConfigError(f"{where}: not a JSON object of parameters: {error}") from None
        return cls.from_dict(values)

    def to_dict(self) -> dict[str, Any]:
        """All parameters by name, as plain values; :meth:`from_dict` takes them back.

        Returns
        -------
        dict
        """
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values

    def replace(self, **changes: Any) -> Strategy:
        """Return a strategy with some parameters changed.

        Parameters
        ----------
        **changes
            New values by name. A new `symbol` leaves the thresholds as they are.

        Returns
        -------
        Strategy

        Raises
        ------
        ConfigError
            When a name is unknown or a value not acceptable.
        """
        return self.from_dict({**msgspec.structs.asdict(self), **changes})

    def set(self, *assignments: str) -> Strategy:
        """Return a strategy with parameters changed as a command line writes them.

        Parameters
        ----------
        *assignments : str
            `key=value`: numbers and names as they are, `true`/`false`, `null`, lists as `1,2,3`.

        Returns
        -------
        Strategy

        Raises
        ------
        ConfigError
            When one is not `key=value`, a name unknown or a value not acceptable.

        Examples
        --------
        >>> Strategy(symbol="BTCUSDT").set("entry_score=60", "blackout_hours=0,1").blackout_hours
        (0, 1)
        """
        changes: dict[str, Any] = {}
        for assignment in assignments:
            name, equals, text = (part.strip() for part in assignment.partition("="))
            if not equals:
                raise ConfigError(f"{assignment!r}: must be key=value, such as entry_score=70")
            _check_name(name, text)
            value: Any = text
            if name in ("blackout_hours", "tags"):
                value = [part.strip() for part in text.strip("[]").split(",") if part.strip()]
            changes[name] = _converted(name, value, strict=False)
        return self.replace(**changes)

    @property
    def config_hash(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of all parameters that decide anything.

        They are written as JSON with sorted keys and without spaces; `display_name`, `description` and `tags`
        are left out.
        """
        import hashlib
        import json

        deciding = {name: getattr(self, name) for name in _BOUNDS if name != "display_name"}
        text = json.dumps(deciding, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """JSON Schema of a strategy: names, types, bounds, defaults, descriptions.

        Returns
        -------
        dict
        """
        schema = msgspec.json.schema(cls)["$defs"]["Strategy"]
        for name, field in schema["properties"].items():
            # Defaults that the symbol gives are no constants.
            if name in _FROM_SYMBOL:
                del field["default"]
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "required": ["symbol"]}


@functools.cache
def _types() -> dict[str, Any]:
    """Types of the fields, with their bounds."""
    return {field.name: field.type for field in msgspec.structs.fields(Strategy)}


def _check_name(name: str, value: object) -> None:
    """Refuse a name that is no field, naming the nearest one."""
    if name in _BOUNDS or name in _LABELS:
        return
    import difflib

    names = sorted(_BOUNDS) + sorted(_LABELS)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)[0]
    raise ConfigError(f"{name} = {value}: no such parameter; the nearest is {near}")


def _converted(name: str, value: object, *, strict: bool) -> Any:
    """Convert a value to its field's type; unless strict, numbers and switches may be text."""
    try:
        return msgspec.convert(value, _types()[name], strict=strict)
    except msgspec.ValidationError:
        bounds = _BOUNDS.get(name) or _LABELS[name]
        raise ConfigError(f"{name} = {value!r}: must be {bounds}") from None


def _read(source: str | bytes | os.PathLike[str]) -> tuple[str, str]:
    """Text of a source, and what to call it in errors."""
    if isinstance(source, str):
        return source, "text"
    where = "text"
    try:
        if isinstance(source, bytes):
            return source.decode(), where
        where = os.fspath(source)
        with open(source, encoding="utf-8") as file:
            return file.read(), where
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: not UTF-8: {error}") from None
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {error.strerror}") from None
