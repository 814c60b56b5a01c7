"""Reduces a run's columns to what a screen can show, without losing its extremes."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""A table as plain columns: name to values, all of one length."""

MAX_BINS = 40
HOLDING_EDGES_MS = tuple(
    60_000 * minutes for minutes in (0, 1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 2880)
)
_WIDTHS = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0)


def extremes(columns: Sequence[Sequence[float]], limit: int) -> Sequence[int]:
    """Choose row indices so that every bucket keeps the least and the greatest value of each column.

    Parameters
    ----------
    columns : sequences of one length
    limit : int
        About how many rows to keep; all of them when there are no more.

    Returns
    -------
    sequence of int
        Ascending, with the first and the last row.
    """
    rows = len(columns[0]) if columns else 0
    if rows <= limit:
        return range(rows)
    buckets = max(1, limit // (2 * len(columns)))
    kept = {0, rows - 1}
    edges = [rows * bucket // buckets for bucket in range(buckets + 1)]
    for column in columns:
        for start, end in pairwise(edges):
            part = column[start:end]
            kept.add(start + part.index(min(part)))
            kept.add(start + part.index(max(part)))
    return sorted(kept)


def deltas(times_ms: Sequence[int]) -> list[int]:
    """Write ascending times as the first one and the steps after it (about a third of the characters)."""
    steps: list[int] = []
    last = 0
    for time_ms in times_ms:
        steps.append(time_ms - last)
        last = time_ms
    return steps


def r_histogram(pnl_r: Sequence[float]) -> dict[str, Any]:
    """Count results into bins of one width, with an edge at zero so that no bin mixes wins and losses.

    A few results far outside the rest are counted into the outermost bins (`low_open`, `high_open`) instead
    of squeezing all others into one bar.

    Returns
    -------
    dict
        `width` in R, `first` (index of the first bin; its lower edge is `first * width`), `counts`.
    """
    if not pnl_r:
        return {"width": _WIDTHS[0], "first": 0, "counts": [], "low_open": False, "high_open": False}
    ordered = sorted(pnl_r)
    tail = len(ordered) // 100
    low, high = ordered[tail], ordered[-1 - tail]
    width = next((width for width in _WIDTHS if (high - low) / width <= MAX_BINS - 8), _WIDTHS[-1])
    low, high = max(ordered[0], low - 4 * width), min(ordered[-1], high + 4 * width)
    first, last = _bin(low, width), _bin(high, width)
    counts = [0] * (last - first + 1)
    for value in ordered:
        counts[min(max(_bin(value, width), first), last) - first] += 1
    return {
        "width": width,
        "first": first,
        "counts": counts,
        "low_open": _bin(ordered[0], width) < first,
        "high_open": _bin(ordered[-1], width) > last,
    }


def _bin(value: float, width: float) -> int:
    # 0.3 / 0.1 is just below 3: the allowance puts values on an edge into the bin they open.
    index = math.floor(value / width + 1e-9)
    return min(index, -1) if value < 0 else index


def holding_histogram(held_ms: Sequence[int], status: Sequence[str], order: Sequence[str]) -> dict[str, Any]:
    """Count holding times into bins of growing length, by exit status.

    Returns
    -------
    dict
        `edges_ms` (one more than bins; null for no upper end) and `series` (status, counts), in `order`.
    """
    edges = HOLDING_EDGES_MS
    counts = {name: [0] * len(edges) for name in order}
    for held, name in zip(held_ms, status, strict=True):
        slot = max(index for index, edge in enumerate(edges) if held >= edge or index == 0)
        counts.setdefault(name, [0] * len(edges))[slot] += 1
    used = [slot for slot in range(len(edges)) if any(row[slot] for row in counts.values())]
    if not used:
        return {"edges_ms": [], "series": []}
    first, last = used[0], used[-1]
    upper: list[int | None] = [
        *edges[first + 1 : last + 1],
        edges[last + 1] if last + 1 < len(edges) else None,
    ]
    return {
        "edges_ms": [edges[first], *upper],
        "series": [[name, row[first : last + 1]] for name, row in counts.items() if any(row)],
    }
