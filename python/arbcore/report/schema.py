"""The contents of `report.json`, as frozen structs.

Conventions, throughout: times are integer UTC milliseconds; rates and shares are fractions (`win_rate` 0.47),
statistics named `_pct` are in percent (`max_drawdown_pct` 4.2); a value that is undefined is null, never 0 or
NaN. Nothing here depends on the wall clock, the machine or the number of threads, except the block `timing`.
Unknown keys are ignored when a report is read.
"""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

SCHEMA_VERSION = 1

Scalar: TypeAlias = str | int | float | bool | None
"""What a strategy parameter can be."""


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """What was read. `first_ms` and `last_ms` are null when there was no trade at all.

    Attributes
    ----------
    files : names or paths as given on the command line
    first_ms, last_ms : int, time of the first and the last trade
    trades : int, aggregated trades taken
    gaps, missing_ids : int, breaks in the id sequence, and how many ids they leave out
    duplicates : int, trades dropped because their id was already taken
    raised_times : int, times below their predecessor's, raised to it
    skipped_rows : int, broken rows dropped by `--skip-bad`
    """

    files: tuple[str, ...]
    first_ms: int | None
    last_ms: int | None
    trades: int
    gaps: int = 0
    missing_ids: int = 0
    duplicates: int = 0
    raised_times: int = 0
    skipped_rows: int = 0


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """How orders were filled and what they cost; rates are fractions of notional."""

    fill: str
    latency_ms: int
    slippage_bps: float
    fee_rate: float
    tp_maker: bool = False
    tp_fee_rate: float | None = None
    max_positions: int | None = None


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Indicator sources that were not given, and the gates that this disabled."""

    absent: tuple[str, ...] = ()
    disabled_gates: tuple[str, ...] = ()


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What was run on what.

    Attributes
    ----------
    strategy : every parameter of the strategy, by its name in the configuration
    from_ms, to_ms : int or null, bounds of the evaluations that were scored (`--from`, `--to`)
    warmup_ms : int, history required before the first signal
    highest_total : float or null, the greatest total that the given sources can reach
    interrupted_ms : int or null, event time at which the run was stopped by Ctrl-C
    """

    arbcore_version: str
    symbol: str
    preset: str | None
    strategy: dict[str, Scalar | list[Scalar]]
    config_hash: str
    data: Data
    from_ms: int | None
    to_ms: int | None
    warmup_ms: int
    simulation: Simulation
    sources: Sources
    highest_total: float | None
    warnings: tuple[str, ...] = ()
    interrupted_ms: int | None = None


class HoldingTime(msgspec.Struct, frozen=True, kw_only=True):
    """How long the positions of one exit status were held, in milliseconds."""

    trades: int
    median_ms: float | None
    mean_ms: float | None


class BreakdownRow(msgspec.Struct, frozen=True, kw_only=True):
    """The closed trades that share one key (a symbol, an hour, a tier …)."""

    key: str
    trades: int
    win_rate: float | None
    net_r: float
    expectancy: float | None
    profit_factor: float | None


class Breakdowns(msgspec.Struct, frozen=True, kw_only=True):
    """The same trades, split by one property at a time. `by_hour` goes by the UTC hour of the signal."""

    by_symbol: tuple[BreakdownRow, ...] = ()
    by_direction: tuple[BreakdownRow, ...] = ()
    by_tier: tuple[BreakdownRow, ...] = ()
    by_regime: tuple[BreakdownRow, ...] = ()
    by_hour: tuple[BreakdownRow, ...] = ()
    by_score_band: tuple[BreakdownRow, ...] = ()
    by_status: tuple[BreakdownRow, ...] = ()
    by_config_hash: tuple[BreakdownRow, ...] = ()


class Bound(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pass line: any of `>= at_least`, `<= at_most`, `> above`."""

    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None

    def admits(self, value: float) -> bool:
        """Whether `value` lies within the bound."""
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.above is None or value > self.above)
        )


class VerdictRow(msgspec.Struct, frozen=True, kw_only=True):
    """One statistic against its pass line; `passed` (`pass` in JSON) is null when the value is undefined."""

    name: str
    value: float | None
    bound: Bound
    passed: bool | None = msgspec.field(name="pass")


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Wall-clock figures: the only part of a report that differs between two equal runs."""

    total_s: float
    read_s: float | None = None
    replay_s: float | None = None
    write_s: float | None = None
    trades_per_s: float | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `report.json` holds.

    Attributes
    ----------
    evaluations, signals, open_positions : int; positions still open at the end stay out of the statistics
    statistics : name to number or null
    holding_times : by exit status
    rejections : evaluations without an entry, by reason
    decision_hash : hash of every decision of the run; equal runs have equal hashes
    """

    schema_version: int = SCHEMA_VERSION
    header: Header
    evaluations: int
    signals: int
    open_positions: int
    statistics: dict[str, int | float | None]
    verdict: tuple[VerdictRow, ...]
    holding_times: dict[str, HoldingTime]
    breakdowns: Breakdowns
    rejections: dict[str, int]
    decision_hash: str
    timing: Timing | None = None


PASS_LINES: dict[str, Bound] = {
    "win_rate": Bound(at_least=0.45),
    "payoff_ratio": Bound(at_least=1.5),
    "max_drawdown_pct": Bound(at_most=5.0),
    "signals_per_day": Bound(at_least=2.0, at_most=8.0),
    "net_r": Bound(above=0.0),
}
"""The pass lines of a back-test, by statistic."""


def judge(statistics: Mapping[str, float | None]) -> tuple[VerdictRow, ...]:
    """Hold the statistics against the pass lines.

    Parameters
    ----------
    statistics : mapping
        Name to value; a name that is missing counts as undefined.

    Returns
    -------
    tuple of VerdictRow
        One row for each entry of `PASS_LINES`, in that order.
    """
    rows: list[VerdictRow] = []
    for name, bound in PASS_LINES.items():
        value = statistics.get(name)
        passed = None if value is None else bound.admits(value)
        rows.append(VerdictRow(name=name, value=value, bound=bound, passed=passed))
    return tuple(rows)


def to_json(report: Report) -> bytes:
    """Encode a report as indented JSON, fields in the order of the structs, with a final newline."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def from_json(text: bytes | str) -> Report:
    """Decode what `to_json` wrote.

    Raises
    ------
    InputError
        If the text is no JSON, or lacks a field, or holds one of another type.
    """
    from arbcore.errors import InputError

    try:
        return msgspec.json.decode(text, type=Report)
    except msgspec.DecodeError as error:
        message = f"report.json cannot be read: {error}; was it written by arbcore backtest?"
        raise InputError(message) from error


def without_timing(report: Report) -> Report:
    """Drop the block that depends on the wall clock, for comparing two runs."""
    return msgspec.structs.replace(report, timing=None)
