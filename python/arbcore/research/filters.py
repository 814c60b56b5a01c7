"""What the exchange accepts as a quantity, by symbol."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from arbcore.errors import ConfigError


class Filters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Quantity filters of one symbol.

    Attributes
    ----------
    lot_step : float
        Quantities are multiples of it, base currency, > 0.
    min_notional : float
        Least price times quantity, quote currency, >= 0.
    """

    lot_step: float
    min_notional: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.lot_step < float("inf"):
            message = f"lot_step = {self.lot_step}: must be above 0"
            raise ConfigError(message)
        if not 0 <= self.min_notional < float("inf"):
            message = f"min_notional = {self.min_notional}: must not be negative"
            raise ConfigError(message)


BUILT_IN: dict[str, Filters] = {
    "BTCUSDT": Filters(lot_step=0.001, min_notional=50.0),
    "ETHUSDT": Filters(lot_step=0.001, min_notional=20.0),
    "SOLUSDT": Filters(lot_step=0.01, min_notional=5.0),
    "XRPUSDT": Filters(lot_step=0.1, min_notional=5.0),
}
"""USD-M perpetuals as of 2026-11; the exchange changes them, so a ``--filters`` file wins."""


def read_filters(path: Path) -> dict[str, Filters]:
    """Read a TOML file of filters: one table a symbol with ``lot_step`` and ``min_notional``.

    Raises
    ------
    ConfigError
        If the file cannot be read, or holds anything else.
    """
    import tomllib

    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(tables, dict[str, Filters])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        message = (
            f"{path}: cannot be read as filters: {error}; "
            "expected tables such as [BTCUSDT] with lot_step = 0.001 and min_notional = 50"
        )
        raise ConfigError(message) from error


def filters_for(
    symbol: str, qty_decimals: int, given: Filters | Mapping[str, float] | None = None
) -> Filters:
    """Choose the filters of ``symbol``: those given, the built-in ones, or the decimals seen and no minimum.

    Raises
    ------
    ConfigError
        If ``given`` is a mapping with other keys than ``lot_step`` and ``min_notional``, or bad values.
    """
    if given is None:
        return BUILT_IN.get(symbol) or Filters(lot_step=float(f"1e-{qty_decimals}"))
    if isinstance(given, Filters):
        return given
    try:
        return msgspec.convert(dict(given), Filters)
    except msgspec.ValidationError as error:
        message = f"filters: {error}"
        raise ConfigError(message) from error
