"""Writes again what is generated in the documentation: outputs of examples, and the table of parameters.

``make docs`` runs it; the tests in tests/docs fail while a page differs from what it would write.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from doc_examples import refreshed

REPO = Path(__file__).resolve().parents[1]
PAGES = (REPO / "README.md", REPO / "docs" / "walkthrough.md")
CONFIGURATION = REPO / "docs" / "configuration.md"
MARKS = "<!-- {name}: written by scripts/make_docs.py -->\n", "<!-- end of {name} -->\n"


def kind_of(field: dict[str, Any], bounds: str) -> str:
    """The core's own words for the range, or the schema's type for what the core does not know."""
    if bounds:
        return bounds
    return "a list of texts" if field["type"] == "array" else "text"


def shown(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if value is None:
        return "`null`"
    if isinstance(value, str):
        return f"`{value}`" if value else "empty"
    if isinstance(value, (list, tuple)):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value:g}`"


def parameter_table() -> str:
    """Every parameter with range, default and meaning, from the schema."""
    from arbcore._arbcore import strategy_fields
    from arbcore.model import Strategy

    bounds = {name: text for name, text, *_ in strategy_fields()}
    lines = ["| parameter | value | default | |", "|---|---|---|---|"]
    for name, field in Strategy.json_schema()["properties"].items():
        text = field.get("description", "")
        for inner in field.get("anyOf", []):
            text = text or inner.get("description", "")
        default = (
            shown(field["default"])
            if "default" in field
            else ("required" if name == "symbol" else "by symbol")
        )
        text = text.replace("; default: by symbol", "").replace("default: the symbol", "a name for people")
        lines.append(f"| `{name}` | {kind_of(field, bounds.get(name, ''))} | {default} | {text} |")
    return "\n".join(lines) + "\n"


def symbol_table() -> str:
    """Defaults that the symbol gives."""
    from arbcore.model import Strategy

    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "any other")
    names = [
        "track",
        "vol_atr_pct_min",
        "whale_usd_threshold",
        "whale_flow_pct",
        "obi_threshold",
        "spot_perp_threshold",
    ]
    lines = [f"| symbol | {' | '.join(f'`{name}`' for name in names)} |", "|---" * (len(names) + 1) + "|"]
    for symbol in symbols:
        values = Strategy(symbol="LTCUSDT" if symbol == "any other" else symbol).to_dict()
        lines.append(f"| {symbol} | {' | '.join(shown(values[name]).strip('`') for name in names)} |")
    return "\n".join(lines) + "\n"


def preset_table() -> str:
    """What the presets for any symbol set, where it is not the default."""
    import arbcore

    columns = ["model", "profile", "cvd_fast_window", "cvd_slow_window", "entry_score", "flip_threshold"]
    columns += ["sl_atr_multiplier", "tp1_ratio", "tp2_ratio", "timeout_minutes"]
    lines = [f"| preset | {' | '.join(f'`{name}`' for name in columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name in [name for name in arbcore.preset_names() if name.startswith("v5")]:
        values = arbcore.preset(name, "BTCUSDT").to_dict()
        lines.append(f"| `{name}` | {' | '.join(shown(values[column]).strip('`') for column in columns)} |")
    return "\n".join(lines) + "\n"


def with_tables(page: str) -> str:
    """The configuration page with its tables as the code has them now."""
    tables = {"parameters": parameter_table(), "symbols": symbol_table(), "presets": preset_table()}
    for name, table in tables.items():
        begin, end = (mark.format(name=name) for mark in MARKS)
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if not pattern.search(page):
            message = f"docs/configuration.md has no place for the table of {name}: {begin.strip()}"
            raise ValueError(message)
        page = pattern.sub(lambda _, table=table, begin=begin, end=end: f"{begin}\n{table}\n{end}", page)
    return page


def main() -> None:
    """Write all pages."""
    CONFIGURATION.write_text(with_tables(CONFIGURATION.read_text()))
    for page in PAGES:
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(refreshed(page.read_text(), Path(folder)))
        print(f"{page.relative_to(REPO)}: examples run")


if __name__ == "__main__":
    main()
