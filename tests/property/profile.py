"""How long the property tests search. `ARBCORE_PROPERTY_EXAMPLES` multiplies the number of examples."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

FACTOR = float(os.environ.get("ARBCORE_PROPERTY_EXAMPLES", "1"))


def examples(count: int) -> settings:
    """A derandomized search, so that a run is repeatable; drawing a tape is slow by nature."""
    return settings(
        max_examples=max(1, round(count * FACTOR)),
        deadline=None,
        database=None,
        derandomize=FACTOR == 1,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )


THOROUGH = examples(60)
SLOW = examples(12)
