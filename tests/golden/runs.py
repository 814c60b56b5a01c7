"""The golden runs: which files, presets and fills; and what of a run is stored."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import arbcore

if TYPE_CHECKING:
    import polars as pl

STORED = Path(__file__).with_name("golden.json")
FILLS = ("tape", "level")
# The files span hours and carry no indicators, so the newer models cannot reach their own entry scores.
REACHABLE = ("entry_score=60", "flip_threshold=70")


class Source(NamedTuple):
    """One real file of trades."""

    symbol: str
    file: str


LTC = Source("LTCUSDT", "LTCUSDT-spot-aggTrades-2025-06-21.csv.gz")
BTC = Source("BTCUSDT", "BTCUSDT-um-aggTrades-2026-05-11-a.csv.gz")
FXS = Source("FXSUSDT", "FXSUSDT-aggTrades-2023-11-17.csv.gz")


class Run(NamedTuple):
    """One golden back-test."""

    source: Source
    preset: str
    fill: str
    warmup: str
    changes: tuple[str, ...] = ()
    latency_ms: int = 0
    slippage_bps: float = 0.0

    @property
    def name(self) -> str:
        extra = (
            f"-{self.latency_ms}ms-{self.slippage_bps:g}bps" if self.latency_ms or self.slippage_bps else ""
        )
        return f"{self.source.symbol}-{self.preset}-{self.fill}-{self.warmup}{extra}"

    def result(self, folder: Path) -> arbcore.BacktestResult:
        return arbcore.backtest(
            folder / "aggtrades" / self.source.file,
            symbol=self.source.symbol,
            strategy=strategy(self.preset, self.source.symbol),
            set=self.changes,
            warmup=self.warmup,
            fill=self.fill,
            latency_ms=self.latency_ms,
            slippage_bps=self.slippage_bps,
        )


def strategy(preset: str, symbol: str) -> arbcore.Strategy:
    """The preset for any symbol: a factory preset of BTC lends its windows, weights and exits to another."""
    if preset.startswith("btc_"):
        made = arbcore.preset(preset).to_dict()
        return arbcore.Strategy.from_dict(
            {**made, "symbol": symbol, "track": arbcore.Strategy(symbol=symbol).track}
        )
    return arbcore.preset(preset, symbol)


PRESETS = (
    ("v53", REACHABLE),
    ("v51_baseline", ()),
    ("v52_8signals", ("entry_score=65",)),
    ("v50", ()),
    ("btc_5m_30m_tp1.0", REACHABLE),
)
RUNS = [
    *(
        Run(source, preset, fill, "1h", changes)
        for source in (LTC, BTC)
        for preset, changes in PRESETS
        for fill in FILLS
    ),
    # The BTCUSDT file is 65 minutes long: these let it trade, and go through latency and slippage.
    *(Run(BTC, preset, fill, "15m", changes) for preset, changes in PRESETS[::4] for fill in FILLS),
    Run(LTC, "v53", "tape", "1h", REACHABLE, latency_ms=250, slippage_bps=1.5),
]


def digest(rows: Any) -> str:
    """SHA-256 over the rows as JSON: floats in their shortest exact form."""
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()[:32]


def stored_run(result: arbcore.BacktestResult) -> dict[str, Any]:
    """What of a back-test is held fast."""
    report = result.report
    return {
        "config_hash": report["header"]["config_hash"],
        "trades_read": report["header"]["data"]["trades"],
        "evaluations": report["evaluations"],
        "signals": report["signals"],
        "rejections": dict(sorted(report["rejections"].items())),
        "statistics": dict(sorted(result.statistics.items())),
        "exits": {row["key"]: row["trades"] for row in report["breakdowns"]["by_status"]},
        "trades_digest": digest(result.trades.rows()),
        "signals_digest": digest(result.signals.rows()),
        "equity_digest": digest(result.equity.rows()),
        "decision_hash": result.decision_hash,
    }


def features_of(source: Source, folder: Path) -> pl.DataFrame:
    return arbcore.features(folder / "aggtrades" / source.file, symbol=source.symbol, warmup="1h")


def stored_features(frame: pl.DataFrame) -> dict[str, Any]:
    """One digest a column, so that a difference names its feature."""
    return {"rows": len(frame), "columns": {name: digest(frame[name].to_list()) for name in frame.columns}}


def read_stored() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(STORED.read_text())
    return stored
