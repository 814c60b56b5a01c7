"""The named strategies; their parameters live in the core."""

from arbcore import _arbcore
from arbcore.model import Strategy

__all__ = ["preset", "preset_names"]


def preset(name: str, symbol: str | None = None) -> Strategy:
    """Return the strategy of that name.

    Parameters
    ----------
    name : str
        One of :func:`preset_names`.
    symbol : str, optional
        Required for the presets that take any symbol (`v50` … `v53_fast`); a factory strategy
        (`btc_5m_30m_tp0.75`: coin, fast and slow window, TP1 in R) implies its own.

    Returns
    -------
    Strategy

    Raises
    ------
    ConfigError
        When the name is unknown (the nearest one is named) or belongs to another symbol.

    Examples
    --------
    >>> preset("v53", "ETHUSDT").flip_threshold
    85.0
    >>> preset("sol_15m_4h_tp1.0").symbol
    'SOLUSDT'
    """
    return Strategy.from_dict(_arbcore.preset(name, symbol))


def preset_names() -> list[str]:
    """Return all preset names: those that take any symbol first, then the 72 of the factory.

    Returns
    -------
    list of str

    Examples
    --------
    >>> preset_names()[:3], len(preset_names())
    (['v50', 'v51_baseline', 'v52_8signals'], 78)
    """
    return _arbcore.preset_names()
