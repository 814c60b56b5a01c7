"""What calling from Python costs, and what the package weighs."""

import random
import statistics
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import msgspec

import arbcore
from arbcore.research.sweep import fit_configurations
from conftest import MEASURED, ROOT, Recorder, run

PUSHED = 200_000
Row = tuple[int, int, float, float, bool]


def trades(count: int) -> list[Row]:
    """About four million trades a day, in floats on the grid."""
    rng = random.Random(1)
    rows, time_ms, ticks = [], 1_735_689_600_000, 945_000
    for trade_id in range(count):
        time_ms += rng.choice((0, 0, 0, 86))
        ticks += rng.randint(-2, 2)
        lots = 1 + int(5 / rng.uniform(1e-6, 1) ** 0.9)
        rows.append((trade_id, time_ms, ticks / 10, lots / 1000, rng.random() < 0.5))
    return rows


def bench_push(benchmark: Any, figures: Recorder) -> None:
    rows = trades(PUSHED)

    def tape() -> tuple[tuple[Any], dict[str, Any]]:
        return (arbcore.Tape("BTCUSDT", price_decimals=1, qty_decimals=3, keep=False).push,), {}

    def push_all(push: Any) -> None:
        for trade_id, time_ms, price, qty, is_sell in rows:
            push(trade_id, time_ms, price, qty, is_sell)

    benchmark.pedantic(push_all, setup=tape, rounds=9)
    each = [seconds / PUSHED * 1e9 for seconds in benchmark.stats.stats.data]
    figures.add("python_push", min(each), statistics.median(each))
    started = time.perf_counter()
    naive_features(rows)
    figures.add("python_push_over_python", (time.perf_counter() - started) / PUSHED * 1e9 / min(each))


def naive_features(rows: list[Row]) -> list[tuple[float, ...]]:
    """CVD of six windows and the VWAP every 15 s in plain Python: the baseline, with far fewer features."""
    windows_ms = (300_000, 900_000, 1_800_000, 3_600_000, 14_400_000, 86_400_000)
    held: list[deque[tuple[int, float]]] = [deque() for _ in windows_ms]
    cvd = [0.0] * len(windows_ms)
    notional = volume = 0.0
    evaluations = []
    next_ms = rows[0][1] // 15_000 * 15_000 + 15_000
    for _, time_ms, price, qty, is_sell in rows:
        while time_ms > next_ms:
            evaluations.append((*cvd, notional / volume))
            next_ms += 15_000
        signed = -qty if is_sell else qty
        notional += price * qty
        volume += qty
        for i, window_ms in enumerate(windows_ms):
            window = held[i]
            window.append((time_ms, signed))
            cvd[i] += signed
            while window[0][0] < time_ms - window_ms:
                cvd[i] -= window.popleft()[1]
    return evaluations


class Frame(msgspec.Struct):
    """A trade frame, decoded and no more."""

    E: int
    s: str
    a: int
    p: str
    q: str
    T: int
    m: bool


def bench_msgspec(benchmark: Any, figures: Recorder, speed: Path, tmp_path: Path) -> None:
    """The fastest decoder that Python has, without conversion, checks or tape."""
    count = 200_000
    run(speed, "frames_file", tmp_path / "frames.jsonl", str(count))
    lines = (tmp_path / "frames.jsonl").read_bytes().splitlines()
    decoder = msgspec.json.Decoder(Frame)

    def decode() -> None:
        for line in lines:
            decoder.decode(line)

    benchmark.pedantic(decode, rounds=5)
    rate = count / benchmark.stats.stats.min / 1e6
    figures.add("msgspec", rate)
    if "frames" in MEASURED:
        figures.add("frames_over_msgspec", MEASURED["frames"][0] / rate)


def bench_sweep_configurations(benchmark: Any, figures: Recorder) -> None:
    tenths = [i / 10 for i in range(10)]
    grid = {
        "preset": "v53",
        "grid": {
            "entry_score": [60 + 10 * tenth for tenth in tenths],
            "sl_atr_multiplier": [0.8 + tenth for tenth in tenths],
            "tp1_ratio": [0.4 + tenth for tenth in tenths],
        },
    }
    made = benchmark.pedantic(fit_configurations, args=("BTCUSDT",), kwargs={"grid": grid}, rounds=5)
    assert len(made[1]) == 1_000
    data = [seconds * 1e3 for seconds in benchmark.stats.stats.data]
    figures.add("sweep_configurations", min(data), statistics.median(data))


def bench_import(benchmark: Any, figures: Recorder, installed: dict[str, str]) -> None:
    benchmark.pedantic(lambda: run(sys.executable, "-c", "import arbcore", env=installed), rounds=9)
    data = [seconds * 1e3 for seconds in benchmark.stats.stats.data]
    figures.add("import", min(data), statistics.median(data))


def bench_wheel(benchmark: Any, figures: Recorder, tmp_path: Path) -> None:
    command = (sys.executable, "-m", "maturin", "build", "--quiet", "--out", tmp_path)
    benchmark.pedantic(lambda: run(*command, cwd=ROOT), rounds=1)
    (wheel,) = tmp_path.glob("arbcore-*.whl")
    figures.add("wheel", wheel.stat().st_size / 1e6)
