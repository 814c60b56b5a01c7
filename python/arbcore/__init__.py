"""Order-flow features, scores, positions and replay over Binance's trade tape.

The names below are loaded when they are first used, so that ``import arbcore`` costs a few milliseconds.

Examples
--------
>>> import arbcore
>>> trades = arbcore.generate("BTCUSDT", hours=30, trades_per_day=50_000, seed=1).trades
>>> result = arbcore.backtest(trades, symbol="BTCUSDT", strategy="v53", set=["entry_score=60"])
>>> result.trades.columns[:4]
['trade_id', 'strategy', 'symbol', 'direction']
"""

from typing import TYPE_CHECKING

from arbcore._arbcore import __version__

if TYPE_CHECKING:
    from arbcore.model import Strategy
    from arbcore.presets import preset, preset_names
    from arbcore.research.backtest import BacktestResult, backtest
    from arbcore.research.generate import generate
    from arbcore.research.sweep import SweepResult, sweep
    from arbcore.signal.bars import bars
    from arbcore.signal.features import features
    from arbcore.signal.tape import Tape

_WHERE = {
    "BacktestResult": "arbcore.research.backtest",
    "Strategy": "arbcore.model",
    "SweepResult": "arbcore.research.sweep",
    "Tape": "arbcore.signal.tape",
    "backtest": "arbcore.research.backtest",
    "bars": "arbcore.signal.bars",
    "features": "arbcore.signal.features",
    "generate": "arbcore.research.generate",
    "preset": "arbcore.presets",
    "preset_names": "arbcore.presets",
    "sweep": "arbcore.research.sweep",
}

__all__ = [
    "BacktestResult",
    "Strategy",
    "SweepResult",
    "Tape",
    "__version__",
    "backtest",
    "bars",
    "features",
    "generate",
    "preset",
    "preset_names",
    "sweep",
]


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        message = f"module 'arbcore' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
