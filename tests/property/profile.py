"""How long the property tests search. `ARBCORE_PROPERTY_EXAMPLES` multiplies the number of examples."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

FACTOR = float(os.environ.get("ARBCORE_PROPERTY_EXAMPLES", "1"))


def examples(count: int, *, shrink: bool = True) -> settings:
    """A derandomized search, so that a run is repeatable; drawing a tape is slow by nature."""
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if shrink else [])]
    return settings(
        max_examples=max(1, round(count * FACTOR)),
        deadline=None,
        phases=phases,
        database=None,
        derandomize=FACTOR == 1,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )


THOROUGH = examples(60)
# A tape that hangs on a seed does not get shorter, and each attempt costs seconds.
SLOW = examples(12, shrink=False)
