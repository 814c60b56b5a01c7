"""Makes golden.json again: ``.venv/bin/python -m golden.make`` in tests/, with ARBCORE_SHARED_DATA set.

Only after a change of meaning that docs/semantics.md states, and with the review that README.md here describes.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from golden.runs import BTC, FXS, LTC, RUNS, STORED, features_of, stored_features, stored_run


def main() -> None:
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("ARBCORE_SHARED_DATA", beside))
    stored = {
        "features": {s.file: stored_features(features_of(s, folder)) for s in (LTC, BTC, FXS)},
        "runs": {run.name: stored_run(run.result(folder)) for run in RUNS},
    }
    STORED.write_text(json.dumps(stored, indent=1) + "\n")
    for name, run in stored["runs"].items():
        print(
            f"{name:48} {run['signals']:4} signals {run['statistics']['total_trades']:4} trades {run['exits']}"
        )


if __name__ == "__main__":
    main()
