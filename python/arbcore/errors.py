"""All errors of arbcore. Messages name what, where, the bound and the remedy."""


class ArbcoreError(Exception):
    """Base of every error that arbcore raises on purpose."""


class InputError(ArbcoreError, ValueError):
    """A value or file handed in is not acceptable."""


class ConfigError(ArbcoreError):
    """A configuration value is unknown, out of range, or contradicts another."""


class InsufficientDataError(ArbcoreError):
    """There is not enough data for what was asked."""


class StoreError(ArbcoreError):
    """A file, archive or database could not be read or written."""


class InternalError(ArbcoreError):
    """An invariant of arbcore itself does not hold; please report it."""
