"""Durations and times as people write them, to integer milliseconds."""

import re
from datetime import UTC, datetime

from arbcore.errors import InputError

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def duration_ms(text: str | int, field: str) -> int:
    """Read a duration such as ``15s``, ``5m``, ``24h`` or ``90d``.

    Parameters
    ----------
    text : str or int
        A whole number with a unit (ms, s, m, h, d); an int is taken as milliseconds.
    field : str
        What the duration is, for the error.

    Returns
    -------
    int
        Milliseconds.

    Raises
    ------
    InputError
        If the text is anything else.

    Examples
    --------
    >>> duration_ms("15s", "every")
    15000
    """
    if isinstance(text, int):
        return text
    match = re.fullmatch(r"\s*(\d+)\s*(ms|s|m|h|d)\s*", text)
    if match is None:
        message = f"{field} = {text!r}: must be a whole number with a unit, such as 15s, 5m, 24h or 2d"
        raise InputError(message)
    return int(match[1]) * _UNITS_MS[match[2]]


def time_ms(text: str | int | datetime, field: str) -> int:
    """Read a UTC time: ISO 8601 text (no zone means UTC), a date, a datetime, or integer milliseconds.

    Parameters
    ----------
    text : str, int or datetime
        The time.
    field : str
        What the time is, for the error.

    Returns
    -------
    int
        UTC milliseconds.

    Raises
    ------
    InputError
        If the text is no such time.

    Examples
    --------
    >>> time_ms("2025-06-21", "from")
    1750464000000
    >>> time_ms("2025-06-21T12:00:00Z", "from")
    1750507200000
    """
    if isinstance(text, int):
        return text
    if isinstance(text, str):
        if re.fullmatch(r"\d{12,14}", text):
            return int(text)
        try:
            text = datetime.fromisoformat(text)
        except ValueError as error:
            examples = "2025-06-21, 2025-06-21T12:00 or 1750464000000"
            message = f"{field} = {text!r}: must be a UTC time such as {examples}"
            raise InputError(message) from error
    if text.tzinfo is None:
        text = text.replace(tzinfo=UTC)
    return round(text.timestamp() * 1000)
