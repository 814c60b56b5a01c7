"""Real files through features and back-tests give what was reviewed and stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from golden.runs import (
    BTC,
    FXS,
    LTC,
    RUNS,
    Run,
    Source,
    features_of,
    read_stored,
    stored_features,
    stored_run,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.data


@pytest.mark.parametrize("source", [LTC, BTC, FXS], ids=lambda source: source.symbol)
def test_features(source: Source, shared_data: Path) -> None:
    stored = read_stored()["features"][source.file]
    found = stored_features(features_of(source, shared_data))
    assert found["rows"] == stored["rows"]
    assert {n for n, d in found["columns"].items() if stored["columns"].get(n) != d} == set()
    assert list(found["columns"]) == list(stored["columns"])


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_backtest(run: Run, shared_data: Path) -> None:
    stored = read_stored()["runs"][run.name]
    found = stored_run(run.result(shared_data))
    # Counts first, then numbers, then digests: the first difference says the most.
    for part in stored:
        assert found[part] == stored[part], part
    assert found.keys() == stored.keys()


def test_stored_are_the_runs() -> None:
    """No stored run is left unchecked."""
    assert list(read_stored()["runs"]) == [run.name for run in RUNS]
