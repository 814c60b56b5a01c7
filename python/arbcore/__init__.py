"""Order-flow features, scores, positions and replay over Binance's trade tape."""

from arbcore._arbcore import __version__

__all__ = ["__version__"]
