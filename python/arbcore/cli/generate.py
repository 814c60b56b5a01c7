"""``arbcore data generate``."""

# No lazy annotations here: the command line is made from them.
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

app = App(name="generate")


@app.default
def generate(
    *,
    symbol: Annotated[str, Parameter(name=["--symbol", "-s"])],
    out: Path,
    days: float = 1.0,
    start: str = "2025-01-01",
    seed: int = 1,
    trades_per_day: float | None = None,
    indicators: bool = True,
    book: bool = True,
    format_: Annotated[Literal["archive", "csv", "zip"], Parameter(name="--format")] = "archive",
    price: str | None = None,
    price_decimals: int | None = None,
    qty_decimals: int | None = None,
    id_gaps: int | None = None,
    set_: Annotated[list[str] | None, Parameter(name="--set")] = None,
) -> None:
    """Make realistic trades, and the indicator samples that belong to them, from a seed.

    The same seed and parameters give the same trades on every machine. Trades come in bursts, with
    heavy-tailed sizes, volatility that clusters, and flow that leads the price a little.

    Parameters
    ----------
    symbol
        BTCUSDT, ETHUSDT, SOLUSDT or XRPUSDT; any other with --price, --price-decimals and --qty-decimals.
    out
        Directory for the trades and `indicators.parquet`.
    days
        Length of the stream; fractions are fine.
    start
        UTC time of its begin.
    seed
        Any whole number from 0 on.
    trades_per_day
        Mean number of trades a day; left out, the symbol's own (BTCUSDT 4 million).
    indicators
        Also write indicator samples.
    book
        Among them those of every 5 seconds: book, mark and spot price (about 100,000 rows a day).
    format_
        The archive's layout, or one csv or zip file in the layout of the exchange's dumps.
    price
        Price at the start.
    price_decimals
        Decimals of prices.
    qty_decimals
        Decimals of quantities.
    id_gaps
        Mean number of trades between two gaps in the ids; left out, the ids are consecutive.
    set_
        Further parameters, key=value: daily_volatility, size_scale, episodes_per_day, shocks_per_day, and the
        strengths flow, crowding, open_interest, premium, book_lean (1 is the default of each).
    """
    from rich.console import Console

    from arbcore.cli.progress import trade_progress
    from arbcore.research.generate import Market, generate_files

    market = Market(
        symbol=symbol,
        hours=24.0 * days,
        start=start,
        seed=seed,
        trades_per_day=trades_per_day,
        price=price,
        price_decimals=price_decimals,
        qty_decimals=qty_decimals,
        id_gaps=id_gaps,
        indicators=indicators,
        book=book,
        parameters=dict(_pair(text) for text in set_ or []),
    )
    began = time.perf_counter()
    with trade_progress(f"generate {symbol}") as progress:
        done = generate_files(market, out, form=format_, progress=progress)
    seconds = time.perf_counter() - began

    console = Console(highlight=False, soft_wrap=True)
    span = f"{_time(done.first_ms)} to {_time(done.last_ms)} UTC"
    rate = f"{done.trades / seconds / 1e6:.1f} M trades/s"
    console.print(f"{done.trades:,} trades of {symbol}, {span} ({seconds:.2f} s, {rate})", markup=False)
    for file in done.files:
        console.print(f"  {file}", markup=False)
    if done.indicators is not None:
        console.print(f"{done.samples:,} indicator samples", markup=False)
        console.print(f"  {done.indicators}", markup=False)


def _pair(text: str) -> tuple[str, float]:
    from arbcore.errors import ConfigError

    key, _, value = text.partition("=")
    try:
        return key.strip(), float(value)
    except ValueError as error:
        message = f"--set {text}: must be key=number"
        raise ConfigError(message) from error


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
