"""Types of the compiled core. What its names mean stands in the Python modules that use them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from os import PathLike
from typing import Any, Literal, TypeAlias, TypedDict, final

import polars as pl

__all__ = [
    "ArchiveWriter",
    "BarRun",
    "FeatureRun",
    "Generator",
    "Outcome",
    "Replay",
    "Samples",
    "SweepOutcome",
    "Table",
    "Tape",
    "TradeBatch",
    "TradeInspector",
    "TradeReader",
    "__version__",
    "check_strategy",
    "disable_gates",
    "dump_first_ms",
    "frame_grid",
    "path_kind",
    "preset",
    "preset_names",
    "strategy_fields",
]

__version__: str

_Path: TypeAlias = str | PathLike[str]
# A frame with __arrow_c_stream__, or a mapping of column names to columns.
_Frame: TypeAlias = Any
# A price or quantity on the grid.
_Number: TypeAlias = float | str | Decimal

# Strategies

def check_strategy(values: dict[str, Any]) -> dict[str, Any]: ...
def disable_gates(
    values: dict[str, Any], sources: Sequence[str]
) -> tuple[dict[str, Any], list[str], list[str], float]: ...
def strategy_fields() -> list[tuple[str, str, float | None, float | None, list[str]]]: ...
def preset(name: str, symbol: str | None = None) -> dict[str, Any]: ...
def preset_names() -> list[str]: ...

# Tables

@final
class Table:
    @property
    def columns(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...
    def to_polars(self) -> pl.DataFrame: ...
    def column(self, name: str) -> list[Any]: ...
    def write_parquet(self, path: _Path, metadata: Mapping[str, str] | None = None) -> None: ...

# Trades in and out

class _SourceFile(TypedDict, total=False):
    name: str
    rows: int
    columns: list[str]
    has_header: bool
    has_ids: bool
    has_trade_ids: bool
    checksum_verified: bool
    bad_rows: int

class _SourceReport(TypedDict):
    rows: int
    bad_rows: int
    bad_messages: list[str]
    other_symbols: int
    files: list[_SourceFile]

class _Stream(TypedDict):
    trades: int
    gaps: int
    missing_ids: int
    duplicates: int
    out_of_order: int
    late: int
    raised_times: int
    first_ms: int | None
    last_ms: int | None

class _StreamWithGaps(_Stream):
    gap_list: list[tuple[int, int]]

@final
class TradeBatch:
    @staticmethod
    def from_frame(frame: _Frame, grid: tuple[int, int] | None = None) -> TradeBatch: ...
    @staticmethod
    def write_parquet(path: _Path, batches: Iterable[TradeBatch]) -> int: ...
    def __len__(self) -> int: ...
    @property
    def grid(self) -> tuple[int, int]: ...
    @property
    def first_ms(self) -> int | None: ...
    @property
    def last_ms(self) -> int | None: ...
    @property
    def has_ids(self) -> bool: ...
    @property
    def has_trade_ids(self) -> bool: ...
    def to_table(self) -> Table: ...
    def csv_header(self) -> str: ...
    def csv_rows(self) -> bytes: ...

@final
class TradeReader:
    def __new__(
        cls,
        paths: Sequence[_Path],
        symbol: str | None = None,
        grid: tuple[int, int] | None = None,
        *,
        skip_bad: bool = False,
        start_ms: int | None = None,
        end_ms: int | None = None,
        with_ids: bool = True,
        with_trade_ids: bool = False,
    ) -> TradeReader: ...
    @staticmethod
    def from_frame(
        frame: _Frame,
        grid: tuple[int, int] | None = None,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> TradeReader: ...
    @property
    def grid(self) -> tuple[int, int]: ...
    @property
    def kind(self) -> Literal["dump", "archive", "memory"]: ...
    @property
    def symbol(self) -> str | None: ...
    @property
    def market(self) -> Literal["um", "spot"] | None: ...
    def next_batch(self) -> TradeBatch | None: ...
    def __iter__(self) -> TradeReader: ...
    def __next__(self) -> TradeBatch: ...
    def progress(self) -> tuple[int, int]: ...
    def report(self) -> _SourceReport: ...

@final
class ArchiveWriter:
    def __new__(
        cls,
        root: _Path,
        symbol: str,
        grid: tuple[int, int],
        *,
        market: str = "um",
        ids: str = "drop",
        replace: bool = False,
    ) -> ArchiveWriter: ...
    def push(self, batch: TradeBatch) -> None: ...
    def finish(self) -> dict[str, Any]: ...
    def abandon(self) -> None: ...

@final
class BarRun:
    def __new__(
        cls,
        symbol: str,
        grid: tuple[int, int],
        *,
        tier_bounds_cny: tuple[int, int, int] | None = None,
        cny_rate: tuple[int, int] = ...,
        seeded_close: tuple[int, int] | None = None,
    ) -> BarRun: ...
    def push(self, batch: TradeBatch) -> None: ...
    def advance(self, reader: TradeReader) -> tuple[int, int] | None: ...
    def close_until(self, time_ms: int) -> None: ...
    @property
    def dropped(self) -> int: ...
    @property
    def raised(self) -> int: ...
    def table(self, intervals: Sequence[str], *, partial: bool = False) -> Table: ...

@final
class Generator:
    def __new__(
        cls,
        symbol: str,
        grid: tuple[int, int] | None = None,
        start_price: int | None = None,
        **parameters: float | None,
    ) -> Generator: ...
    @property
    def grid(self) -> tuple[int, int]: ...
    @property
    def span_ms(self) -> tuple[int, int]: ...
    def next_batch(self, n: int) -> TradeBatch | None: ...
    def take_samples(self) -> Table: ...

@final
class TradeInspector:
    def __new__(cls, grid: tuple[int, int]) -> TradeInspector: ...
    def push(self, batch: TradeBatch) -> None: ...
    def summary(self) -> dict[str, int | None]: ...
    def gaps(self) -> Table: ...
    def silences(self) -> Table: ...
    def hours(self) -> Table: ...

def frame_grid(frame: _Frame) -> tuple[int, int]: ...
def dump_first_ms(path: _Path) -> int | None: ...
def path_kind(path: _Path) -> Literal["dump", "archive", "parquet"]: ...

# Indicator samples

@final
class Samples:
    @staticmethod
    def read(paths: Sequence[_Path], symbol: str) -> Samples: ...
    @staticmethod
    def from_columns(
        symbol: str,
        time_ms: Sequence[int],
        available_ms: Sequence[int],
        symbols: Sequence[str],
        names: Sequence[str],
        values: Sequence[float],
    ) -> Samples: ...
    def names(self) -> list[str]: ...
    def __len__(self) -> int: ...

# The tape

@final
class Tape:
    def __new__(
        cls,
        symbol: str,
        price_decimals: int,
        qty_decimals: int,
        *,
        every_ms: int,
        warmup_ms: int,
        ids: str,
        keep: bool,
    ) -> Tape: ...
    def push(
        self, agg_id: int | None, time_ms: int, price: _Number, qty: _Number, is_buyer_maker: bool
    ) -> bool: ...
    def push_batch(self, batch: TradeBatch) -> bool: ...
    def push_json(self, frames: bytes) -> int: ...
    def features(self, every_ms: int, warmup_ms: int, extra_windows_ms: Sequence[int]) -> Table: ...
    def latest(self) -> Table | None: ...
    def trades(self) -> Table: ...
    def report(self) -> _StreamWithGaps: ...
    @property
    def symbol(self) -> str: ...
    @property
    def grid(self) -> tuple[int, int]: ...
    @property
    def nbytes(self) -> int: ...
    def __len__(self) -> int: ...

# Runs

class _BreakdownRow(TypedDict):
    key: str
    trades: int
    win_rate: float | None
    net_r: float
    expectancy: float | None
    profit_factor: float | None
    mean_ms: float | None
    median_ms: float | None

@final
class Outcome:
    def statistics(self, index: int) -> dict[str, float | None]: ...
    def signals(self, index: int) -> int: ...
    def open_positions(self, index: int) -> int: ...
    def breakdowns(self, index: int, symbol: str, config_hash: str) -> dict[str, list[_BreakdownRow]]: ...
    def trades(self, index: int, strategy: str, symbol: str, config_hash: str) -> Table: ...
    def equity(self, index: int) -> Table: ...
    def evaluations(self) -> Table: ...
    def price(self) -> Table: ...
    @property
    def evaluation_count(self) -> int: ...
    @property
    def rejections(self) -> dict[str, int]: ...
    @property
    def decision_hash(self) -> str: ...
    def stream(self) -> _StreamWithGaps: ...

@final
class Replay:
    def __new__(
        cls,
        symbol: str,
        grid: tuple[int, int],
        strategies: Sequence[dict[str, Any]],
        options: dict[str, object],
        *,
        recording: str,
        spot_grid: tuple[int, int] | None = None,
        samples: Samples | None = None,
    ) -> Replay: ...
    def push(self, batch: TradeBatch) -> None: ...
    def push_spot(self, batch: TradeBatch) -> None: ...
    def advance(self, reader: TradeReader) -> tuple[int, int] | None: ...
    def finish(self) -> Outcome: ...

@final
class FeatureRun:
    def __new__(
        cls,
        symbol: str,
        grid: tuple[int, int],
        options: dict[str, object],
        *,
        keep_trades: bool,
        spot_grid: tuple[int, int] | None = None,
        samples: Samples | None = None,
    ) -> FeatureRun: ...
    def push(self, batch: TradeBatch) -> None: ...
    def push_spot(self, batch: TradeBatch) -> None: ...
    def advance(self, reader: TradeReader) -> tuple[int, int] | None: ...
    def end(self) -> None: ...
    def table(self) -> Table: ...
    def stream(self) -> _Stream: ...
    def sweep(
        self,
        strategies: Sequence[dict[str, Any]],
        threads: int,
        *,
        keep_runs: bool,
        progress: Callable[[int], object] | None = None,
    ) -> SweepOutcome: ...

@final
class SweepOutcome:
    @property
    def interrupted(self) -> bool: ...
    def finished(self) -> list[int]: ...
    def statistics(self) -> Table: ...
    def trades(self, index: int, strategy: str, symbol: str, config_hash: str) -> Table: ...
