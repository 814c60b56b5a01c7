"""Keeping trades: into the archive, out of it, and a look at what is there."""

from arbcore.store.archive import Day, ImportReport, export_trades, import_trades
from arbcore.store.inspect import Inspection, inspect_trades
from arbcore.store.source import Progress, TradeSource

__all__ = [
    "Day",
    "ImportReport",
    "Inspection",
    "Progress",
    "TradeSource",
    "export_trades",
    "import_trades",
    "inspect_trades",
]
