"""The core by itself: sections of the benchmark program in Rust."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conftest import Recorder

SECTIONS = ("features", "push", "book", "sweep", "bars", "frames", "csv", "warm_start", "hostile")


@pytest.mark.parametrize("section", SECTIONS)
def bench_core(benchmark: Any, figures: Recorder, speed: Path, section: str) -> None:
    def measure() -> str:
        return subprocess.run([speed, section], stdout=subprocess.PIPE, text=True, check=True).stdout

    output = benchmark.pedantic(measure, rounds=1)
    for line in output.splitlines():
        figure = json.loads(line)
        figures.add(figure["name"], figure["best"], figure["median"])
