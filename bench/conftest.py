"""Figures, their budgets, and the table that is printed at the end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from arbcore import _arbcore

HERE = Path(__file__).parent
ROOT = HERE.parent
BUDGETS: dict[str, dict[str, Any]] = tomllib.loads((HERE / "budgets.toml").read_text(encoding="utf-8"))
GREATER_IS_BETTER = {"M/s", "x"}
"""Units whose cap is the least that is accepted."""

MEASURED: dict[str, tuple[float, float]] = {}
"""Best and median of each figure of this run."""


def pytest_configure(config: pytest.Config) -> None:
    # The table below says it in the units of the budgets.
    config.option.benchmark_quiet = True


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not MEASURED:
        return
    write = terminalreporter.write_line
    write("")
    write(f"{'':74} {'measured':>14} {'median':>9} {'target':>8} {'prototype':>10}")
    for name, budget in BUDGETS.items():
        if name not in MEASURED:
            continue
        best, median = MEASURED[name]
        unit = budget["unit"]
        reached = best >= budget["target"] if unit in GREATER_IS_BETTER else best <= budget["target"]
        write(
            f"{budget['title']:74} {_short(best):>9} {unit:4} {_short(median):>9} {budget['target']:>8} "
            f"{budget.get('prototype', ''):>10} {'' if reached else '  below target'}"
        )
    write(f"best rounds on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; see bench/budgets.toml")


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


class Run(NamedTuple):
    """What a process took."""

    seconds: float
    peak_mb: float
    stdout: str


class Recorder:
    """Takes the figures of one benchmark and holds them against their budgets."""

    def __init__(self, benchmark: Any) -> None:
        self._benchmark = benchmark
        self._broken: list[str] = []

    def add(self, name: str, best: float, median: float | None = None) -> None:
        """Take a figure; figures without a budget only go into the JSON."""
        self._benchmark.extra_info[name] = best
        if name not in BUDGETS:
            return
        MEASURED[name] = (best, best if median is None else median)
        cap, unit = BUDGETS[name]["cap"], BUDGETS[name]["unit"]
        if best < cap if unit in GREATER_IS_BETTER else best > cap:
            self._broken.append(f"{name} = {best:.4g} {unit}: the budget is {cap}")

    def check(self) -> None:
        """Fail with every budget that was broken."""
        assert not self._broken, "; ".join(self._broken)


@pytest.fixture
def figures(benchmark: Any) -> Any:
    """Recorder of this benchmark's figures, checked at its end."""
    recorder = Recorder(benchmark)
    yield recorder
    recorder.check()


@pytest.fixture(scope="session", autouse=True)
def release_build() -> None:
    """Refuse to measure a debug build."""
    if _arbcore.build_profile != "release":
        pytest.fail(
            f"arbcore is a {_arbcore.build_profile} build, which says nothing about speed: run make setup"
        )


@pytest.fixture(scope="session")
def speed() -> Path:
    """The compiled benchmark program of the core."""
    if shutil.which("cargo") is None:
        pytest.fail("cargo is not on PATH: the benchmarks of the core cannot be built")
    command = ["cargo", "bench", "--quiet", "--package", "arbcore-io", "--bench", "speed", "--no-run"]
    built = subprocess.run(
        [*command, "--message-format=json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    return next(
        Path(message["executable"])
        for message in messages
        if message.get("executable") and message["target"]["name"] == "speed"
    )


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> Run:
    """Run a process to its end; fail with its output if it fails."""
    started = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        # Outputs are short: they fit the pipes, and the resources are those of this process alone.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.stdout is not None
        assert process.stderr is not None
        stdout, stderr = process.stdout.read(), process.stderr.read()
    assert process.returncode == 0, f"{command}: exit code {process.returncode}\n{stdout}{stderr}"
    return Run(seconds, usage.ru_maxrss / 1024, stdout)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment in which modules are compiled once, as an installed package's are."""
    env = dict(os.environ)
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    env["PYTHONPYCACHEPREFIX"] = str(tmp_path_factory.mktemp("pycache"))
    run(sys.executable, "-c", "import arbcore.cli", env=env)
    return env
