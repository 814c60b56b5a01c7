"""HTTP API and dashboard of arbcore.

The package is a distribution of its own, at the version of ``arbcore``; it holds no routes yet.
"""

from importlib.metadata import version

__version__ = version("arbcore-api")
