"""Durations and times as people write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from arbcore.errors import InputError
from arbcore.units import duration_ms, time_ms


@pytest.mark.parametrize(
    ("text", "want"),
    [("250ms", 250), ("15s", 15_000), ("5m", 300_000), (" 24 h ", 86_400_000), ("2d", 172_800_000), (7, 7)],
)
def test_durations(text, want):
    assert duration_ms(text, "every") == want


@pytest.mark.parametrize("text", ["", "15", "1.5h", "-5m", "5 weeks", "m"])
def test_other_durations_are_refused(text):
    with pytest.raises(InputError, match=r"every = .*must be a whole number with a unit"):
        duration_ms(text, "every")


@pytest.mark.parametrize(
    "text",
    [
        "2025-06-21T12:00",
        "2025-06-21T12:00:00Z",
        "2025-06-21 14:00:00+02:00",
        "1750507200000",
        1_750_507_200_000,
        datetime(2025, 6, 21, 12, tzinfo=UTC),
        datetime(2025, 6, 21, 12),
        datetime(2025, 6, 21, 7, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_times(text):
    assert time_ms(text, "from") == 1_750_507_200_000


def test_a_date_is_its_midnight():
    assert time_ms("2025-06-21", "from") == 1_750_464_000_000


@pytest.mark.parametrize("text", ["yesterday", "2025-13-01", "21.06.2025", "12", ""])
def test_other_times_are_refused(text):
    with pytest.raises(InputError, match=r"from = .*must be a UTC time such as"):
        time_ms(text, "from")
