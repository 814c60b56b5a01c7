"""A strategy's parameters with the defaults of the definitions, and every preset."""

from __future__ import annotations

from dataclasses import dataclass, replace

FACTORY_SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")


@dataclass(frozen=True)
class Params:
    display_name: str = "strategy"
    symbol: str = "BTCUSDT"
    direction: str = "both"  # long_only, short_only, both
    model: str = "factory"  # factory, layers, bonus
    profile: str = "standard"  # standard, fast; for layers: v51_baseline, v52_8signals
    accel_independent: bool = False
    cvd_fast_window: str = "30m"
    cvd_slow_window: str = "4h"
    weight_direction: int = 55
    weight_env: int = 25
    weight_aux: int = 15
    weight_momentum: int = 5
    entry_score: float = 75
    flip_threshold: float = 80
    heavy_from: float | None = None  # None: the flip threshold
    on_missing: str = "block"
    gate_vol_enabled: bool = True
    vol_atr_pct_min: float = 0.002
    gate_cvd_enabled: bool = True
    gate_whale_enabled: bool = True
    whale_usd_threshold: float = 50_000
    whale_flow_pct: float = 0.5
    gate_obi_enabled: bool = True
    obi_threshold: float = 0.35
    gate_spot_perp_enabled: bool = False
    spot_perp_threshold: float = 0.005
    gate_spot_cvd_enabled: bool = False
    sl_atr_multiplier: float = 1.5
    tp1_ratio: float = 0.75
    tp2_ratio: float = 1.5
    be_buffer_atr: float = 0.0
    trailing: bool = False
    timeout_minutes: int = 240
    initial_balance: float = 10_000.0
    risk_per_trade: float = 0.02
    # optional rules
    adaptive_cooldown: bool = False
    hour_filter: bool = False
    funding_bias: bool = False
    dual_atr: bool = False
    cascade: bool = False
    blackout_hours: tuple[int, ...] = ()
    disabled_symbols: tuple[str, ...] = ()
    hourly_entry_cap: int | None = None

    @property
    def track(self) -> str:
        return "BTC" if self.symbol.startswith("BTC") else "ALT"


SYMBOL_GATES: dict[str, dict[str, float]] = {
    "BTCUSDT": {
        "vol_atr_pct_min": 0.002,
        "whale_usd_threshold": 100_000,
        "whale_flow_pct": 0.5,
        "obi_threshold": 0.30,
        "spot_perp_threshold": 0.003,
    },
    "ETHUSDT": {
        "vol_atr_pct_min": 0.003,
        "whale_usd_threshold": 50_000,
        "obi_threshold": 0.35,
        "spot_perp_threshold": 0.005,
    },
    "SOLUSDT": {
        "vol_atr_pct_min": 0.004,
        "whale_usd_threshold": 20_000,
        "obi_threshold": 0.45,
        "spot_perp_threshold": 0.008,
    },
    "XRPUSDT": {
        "vol_atr_pct_min": 0.0025,
        "whale_usd_threshold": 30_000,
        "obi_threshold": 0.40,
        "spot_perp_threshold": 0.006,
    },
}

FACTORY_WEIGHTS = {  # direction, env, aux, momentum, entry score
    "BTCUSDT": (38, 32, 28, 2, 71),
    "ETHUSDT": (51, 18, 28, 3, 75),
    "XRPUSDT": (58, 8, 32, 2, 80),
    "SOLUSDT": (38, 42, 8, 12, 65),
}
FACTORY_WINDOWS = [("5m", "30m"), ("5m", "1h"), ("15m", "1h"), ("15m", "4h"), ("30m", "1h"), ("30m", "4h")]
FACTORY_EXITS = [(0.75, 1.5), (1.0, 2.0), (1.5, 2.5)]

ONLY_CVD = {"gate_vol_enabled": False, "gate_whale_enabled": False, "gate_obi_enabled": False}
NO_GATES = {**ONLY_CVD, "gate_cvd_enabled": False}


def defaults(symbol: str) -> Params:
    """The plain defaults with the gates of the symbol."""
    return replace(Params(symbol=symbol), **SYMBOL_GATES.get(symbol, {}))  # type: ignore[arg-type]


def preset(name: str, symbol: str) -> Params:
    """`v50`, `v51_baseline`, `v52_8signals`, `v53`, `v53_middle`, `v53_fast`."""
    gated = replace(defaults(symbol), display_name=name)
    layered = replace(
        gated,
        model="layers",
        timeout_minutes=60,
        heavy_from=85,
        entry_score=75,
        flip_threshold=75,
        **ONLY_CVD,
    )
    v53 = replace(
        gated,
        entry_score=75,
        flip_threshold=85,
        be_buffer_atr=0.2,
        timeout_minutes=60,
        sl_atr_multiplier=2.0,
        tp1_ratio=1.5 / 2.0,
        tp2_ratio=3.0 / 2.0,
    )
    if name == "v51_baseline":
        return replace(
            layered, profile="v51_baseline", sl_atr_multiplier=1.4, tp1_ratio=1.05 / 1.4, tp2_ratio=2.1 / 1.4
        )
    if name == "v52_8signals":
        return replace(
            layered, profile="v52_8signals", sl_atr_multiplier=2.1, tp1_ratio=1.4 / 2.1, tp2_ratio=3.15 / 2.1
        )
    if name == "v53":
        return v53
    if name == "v53_middle":
        return replace(v53, cvd_fast_window="15m", cvd_slow_window="1h")
    if name == "v53_fast":
        return replace(v53, cvd_fast_window="5m", cvd_slow_window="30m", profile="fast")
    assert name == "v50", name
    return replace(
        gated,
        model="bonus",
        entry_score=60,
        flip_threshold=95,
        sl_atr_multiplier=1.2,
        tp1_ratio=1.0,
        tp2_ratio=2.0,
        trailing=True,
        timeout_minutes=30,
        hourly_entry_cap=2,
        **NO_GATES,
    )


def factory_presets() -> list[Params]:
    """The 72: four symbols, six window pairs, three exits."""
    out = []
    for symbol in FACTORY_SYMBOLS:
        d, e, a, m, entry = FACTORY_WEIGHTS[symbol]
        for fast, slow in FACTORY_WINDOWS:
            for tp1, tp2 in FACTORY_EXITS:
                base = Params(
                    symbol=symbol,
                    cvd_fast_window=fast,
                    cvd_slow_window=slow,
                    weight_direction=d,
                    weight_env=e,
                    weight_aux=a,
                    weight_momentum=m,
                    entry_score=entry,
                    flip_threshold=80,
                    timeout_minutes=240,
                    sl_atr_multiplier=2.0,
                    tp1_ratio=tp1,
                    tp2_ratio=tp2,
                )
                out.append(replace(base, **SYMBOL_GATES[symbol]))  # type: ignore[arg-type]
    return out
