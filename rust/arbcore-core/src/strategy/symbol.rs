//! What follows from a symbol's name: its coin, its track, the default thresholds of its gates.

use super::config::Track;

/// Currencies a symbol can be quoted in, longest first so that none hides another.
const QUOTES: [&str; 6] = ["FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD"];

/// Default gate thresholds of one symbol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SymbolDefaults {
    /// Which whale gate applies.
    pub track: Track,
    /// Least `atr_5m/price`.
    pub vol_atr_pct_min: f64,
    /// Size of a whale trade in USD (track ALT).
    pub whale_usd_threshold: f64,
    /// Flow ratio that blocks (track BTC).
    pub whale_flow_pct: f64,
    /// Order-book imbalance that blocks.
    pub obi_threshold: f64,
    /// Spot-perp divergence that blocks.
    pub spot_perp_threshold: f64,
}

/// The coin of a symbol: what precedes its quote currency (`BTC` of `BTCUSDT`, `BTCUSD_PERP`); else all of it.
pub fn coin(symbol: &str) -> &str {
    let pair = symbol.split_once('_').map_or(symbol, |(pair, _)| pair);
    QUOTES.iter().find_map(|quote| pair.strip_suffix(quote)).filter(|coin| !coin.is_empty()).unwrap_or(pair)
}

/// Default gate thresholds: a row for BTC, ETH, SOL and XRP, one for everything else.
pub fn symbol_defaults(symbol: &str) -> SymbolDefaults {
    let (vol_atr_pct_min, whale_usd_threshold, obi_threshold, spot_perp_threshold) = match coin(symbol) {
        "BTC" => (0.002, 100_000.0, 0.30, 0.003),
        "ETH" => (0.003, 50_000.0, 0.35, 0.005),
        "SOL" => (0.004, 20_000.0, 0.45, 0.008),
        "XRP" => (0.0025, 30_000.0, 0.40, 0.006),
        _ => (0.002, 50_000.0, 0.35, 0.005),
    };
    SymbolDefaults {
        track: if symbol.starts_with("BTC") { Track::Btc } else { Track::Alt },
        vol_atr_pct_min,
        whale_usd_threshold,
        whale_flow_pct: 0.5,
        obi_threshold,
        spot_perp_threshold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coin_is_what_precedes_the_quote_currency() {
        for (symbol, expected) in [
            ("BTCUSDT", "BTC"),
            ("ETHUSDC", "ETH"),
            ("SOLFDUSD", "SOL"),
            ("BTCUSD_PERP", "BTC"),
            ("BTCUSDT_261225", "BTC"),
            ("ETHBTC", "ETHBTC"),
            ("USDT", "USDT"),
            ("", ""),
        ] {
            assert_eq!(coin(symbol), expected, "{symbol}");
        }
    }

    #[test]
    fn thresholds_follow_the_table() {
        let btc = symbol_defaults("BTCUSDC");
        assert_eq!((btc.track, btc.vol_atr_pct_min, btc.whale_usd_threshold), (Track::Btc, 0.002, 100_000.0));
        assert_eq!((btc.obi_threshold, btc.spot_perp_threshold, btc.whale_flow_pct), (0.30, 0.003, 0.5));
        let xrp = symbol_defaults("XRPUSDT");
        assert_eq!((xrp.track, xrp.vol_atr_pct_min, xrp.whale_usd_threshold), (Track::Alt, 0.0025, 30_000.0));
        let other = symbol_defaults("LTCUSDT");
        assert_eq!((other.track, other.vol_atr_pct_min, other.whale_usd_threshold), (Track::Alt, 0.002, 50_000.0));
        assert_eq!((other.obi_threshold, other.spot_perp_threshold), (0.35, 0.005));
        assert_eq!(symbol_defaults("BTCDOMUSDT").track, Track::Btc);
    }
}
