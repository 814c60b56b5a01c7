"""Numbers, times and spans as people read them; None and NaN become an en dash.

Typographic signs (U+2212 for minus, U+2013 for "undefined") are for the page; the terminal asks for plain
ones, so that what is piped into a file can be searched and parsed.
"""

import math
from datetime import UTC, datetime

UNDEFINED = "–"
MINUS = "−"

_SECOND_MS = 1_000
_MINUTE_MS = 60 * _SECOND_MS
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS


def number(value: float | None, decimals: int = 2, *, signed: bool = False) -> str:
    """Thousands separated, fixed decimals; a value that rounds to zero carries no sign."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    text = f"{abs(value):,.{decimals}f}"
    if not any(digit in "123456789" for digit in text):
        return text
    if value < 0:
        return MINUS + text
    return f"+{text}" if signed else text


def percent(value: float | None, decimals: int = 1, *, signed: bool = False) -> str:
    """Write a fraction as a percentage: 0.472 is `47.2 %`."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    return number(value * 100.0, decimals, signed=signed) + " %"


def share(part: int, whole: int) -> str:
    """Write a share as a percentage; one that is not zero never reads as zero."""
    value = part / whole if whole else 0.0
    return "<0.1 %" if 0 < value < 0.000_5 else percent(value)


def plain_number(value: float) -> str:
    """Write a parameter as it would be typed: no trailing zeros, no exponent, up to ten decimals."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return UNDEFINED
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text.replace("-", MINUS)


def price(value: float | None) -> str:
    """Write a price with as many decimals as it carries, at most eight."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    text = f"{value:,.8f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def time_utc(time_ms: int | None, *, seconds: bool = False) -> str:
    """Write UTC milliseconds as `2025-03-01 00:15` (without the zone)."""
    if time_ms is None:
        return UNDEFINED
    form = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
    return datetime.fromtimestamp(time_ms // _SECOND_MS, tz=UTC).strftime(form)


def span(duration_ms: float | None) -> str:
    """Write a span of time in its two largest units: `31 d`, `4 h 10 min`, `12 min 5 s`, `40 s`, `250 ms`."""
    if duration_ms is None or not math.isfinite(duration_ms):
        return UNDEFINED
    if duration_ms < _SECOND_MS:
        return f"{round(duration_ms)} ms"
    units = ((_DAY_MS, "d", _HOUR_MS), (_HOUR_MS, "h", _MINUTE_MS), (_MINUTE_MS, "min", _SECOND_MS))
    smaller_names = {_HOUR_MS: "h", _MINUTE_MS: "min", _SECOND_MS: "s"}
    for unit, name, smaller in units:
        # Rounding first lets 59 min 59.6 s become 1 h instead of "59 min 60 s".
        total = round(duration_ms / smaller) * smaller
        if total >= unit:
            whole, rest = divmod(total, unit)
            return f"{whole} {name}" + (f" {rest // smaller} {smaller_names[smaller]}" if rest else "")
    return f"{round(duration_ms / _SECOND_MS)} s"


def plain(text: str) -> str:
    """Replace the typographic minus by the one on keyboards."""
    return text.replace(MINUS, "-")


def words(name: str) -> str:
    """Write an identifier as words: `signal_flip` is `signal flip`."""
    return name.replace("_", " ")
