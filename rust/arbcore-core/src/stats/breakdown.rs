//! The trades of a run, cut by symbol, direction, tier, regime, hour, score band, exit and configuration.

use super::statistics::{TradeFigures, holding_ms, quotient};
use crate::position::{Status, TradeRecord};
use crate::strategy::{Regime, Tier};
use crate::types::{HOUR_MS, Side};

/// Score bands: name and the tenths from which they reach up.
const SCORE_BANDS: [(&str, i32); 4] = [("85+", 850), ("80-84", 800), ("75-79", 750), ("60-74", i32::MIN)];

/// By what trades are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Breakdown {
    /// By symbol.
    Symbol,
    /// `LONG`, `SHORT`.
    Direction,
    /// `light`, `standard`, `heavy`.
    Tier,
    /// By regime at the signal.
    Regime,
    /// By UTC hour of the signal.
    HourOfDay,
    /// 60–74, 75–79, 80–84, 85+.
    ScoreBand,
    /// By final status.
    ExitStatus,
    /// By configuration.
    ConfigHash,
}

impl Breakdown {
    /// All of them, in report order.
    pub const ALL: [Self; 8] = [
        Self::Symbol,
        Self::Direction,
        Self::Tier,
        Self::Regime,
        Self::HourOfDay,
        Self::ScoreBand,
        Self::ExitStatus,
        Self::ConfigHash,
    ];

    /// `symbol`, `direction`, `tier`, `regime`, `hour`, `score_band`, `exit_status`, `config_hash`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Symbol => "symbol",
            Self::Direction => "direction",
            Self::Tier => "tier",
            Self::Regime => "regime",
            Self::HourOfDay => "hour",
            Self::ScoreBand => "score_band",
            Self::ExitStatus => "exit_status",
            Self::ConfigHash => "config_hash",
        }
    }
}

/// Closed trades of one strategy with the names that records leave out.
#[derive(Debug, Clone, Copy)]
pub struct TradeGroup<'a> {
    /// For example `BTCUSDT`.
    pub symbol: &'a str,
    /// Hash of the configuration that made them.
    pub config_hash: &'a str,
    /// In order of exit.
    pub trades: &'a [TradeRecord],
}

/// Figures of one part.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakdownRow {
    /// What the trades were grouped by.
    pub by: Breakdown,
    /// The part.
    pub key: String,
    /// Closed trades.
    pub total_trades: u64,
    /// Wins over trades, 0..1.
    pub win_rate: Option<f64>,
    /// Sum of wins over sum of losses, in R.
    pub profit_factor: Option<f64>,
    /// Mean `pnl_r`.
    pub expectancy: Option<f64>,
    /// Mean of the wins, R.
    pub avg_win_r: Option<f64>,
    /// Mean of the losses, R (negative).
    pub avg_loss_r: Option<f64>,
    /// Average win over average loss, both as amounts.
    pub payoff_ratio: Option<f64>,
    /// Sum of `pnl_r`.
    pub net_r: f64,
    /// Sum of `pnl_usdt`.
    pub net_usdt: f64,
    /// Mean time from entry to exit.
    pub holding_ms_mean: Option<f64>,
    /// Median time from entry to exit (mean of the two middle ones for an even count).
    pub holding_ms_median: Option<f64>,
}

/// One row per non-empty part, parts in their natural order.
pub fn breakdown(by: Breakdown, groups: &[TradeGroup]) -> Vec<BreakdownRow> {
    // Parts are few: a sorted list of (rank, key) with their trades.
    let mut parts: Vec<(usize, &str, Vec<&TradeRecord>)> = Vec::new();
    let hours: Vec<String> = (0..24).map(|hour| format!("{hour:02}")).collect();
    for group in groups {
        for trade in group.trades.iter().filter(|trade| !trade.status.is_open()) {
            let (rank, key) = part(by, group, trade, &hours);
            match parts.iter_mut().find(|(_, known, _)| *known == key) {
                Some((_, _, trades)) => trades.push(trade),
                None => parts.push((rank, key, vec![trade])),
            }
        }
    }
    // Stable: parts of equal rank (symbols, configurations) stay in order of appearance.
    parts.sort_by_key(|(rank, _, _)| *rank);
    parts.into_iter().map(|(_, key, trades)| row(by, key, &trades)).collect()
}

/// Rank among the parts, and key.
fn part<'a>(by: Breakdown, group: &TradeGroup<'a>, trade: &TradeRecord, hours: &'a [String]) -> (usize, &'a str) {
    match by {
        Breakdown::Symbol => (0, group.symbol),
        Breakdown::ConfigHash => (0, group.config_hash),
        Breakdown::Direction => (usize::from(trade.side == Side::Short), trade.side.name()),
        Breakdown::Tier => {
            let rank = match trade.tier {
                Tier::Light => 0,
                Tier::Standard => 1,
                Tier::Heavy => 2,
            };
            (rank, trade.tier.name())
        }
        Breakdown::Regime => {
            let code = usize::from(trade.regime);
            (code, Regime::ALL.get(code).map_or("unknown", |regime| regime.name()))
        }
        Breakdown::HourOfDay => {
            let hour = trade.signal_ms.div_euclid(HOUR_MS).rem_euclid(24) as usize;
            (hour, &hours[hour])
        }
        Breakdown::ScoreBand => {
            let rank = SCORE_BANDS.iter().position(|(_, from)| trade.score >= *from).unwrap_or(SCORE_BANDS.len() - 1);
            (SCORE_BANDS.len() - rank, SCORE_BANDS[rank].0)
        }
        Breakdown::ExitStatus => {
            let rank = Status::ALL.iter().position(|status| *status == trade.status).unwrap_or(0);
            (rank, trade.status.name())
        }
    }
}

fn row(by: Breakdown, key: &str, trades: &[&TradeRecord]) -> BreakdownRow {
    let pnl: Vec<f64> = trades.iter().filter_map(|trade| trade.pnl_r).collect();
    let figures = TradeFigures::of(&pnl);
    let mut holding: Vec<i64> = trades.iter().map(|trade| holding_ms(trade)).collect();
    holding.sort_unstable();
    let middle = holding.len() / 2;
    let median = match holding.len() {
        0 => None,
        n if n % 2 == 1 => Some(holding[middle] as f64),
        _ => Some((holding[middle - 1] + holding[middle]) as f64 / 2.0),
    };
    BreakdownRow {
        by,
        key: key.to_owned(),
        total_trades: trades.len() as u64,
        win_rate: figures.win_rate,
        profit_factor: figures.profit_factor,
        expectancy: figures.expectancy,
        avg_win_r: figures.avg_win_r,
        avg_loss_r: figures.avg_loss_r,
        payoff_ratio: figures.payoff_ratio,
        net_r: figures.net_r,
        net_usdt: trades.iter().filter_map(|trade| trade.pnl_usdt).sum::<f64>() + 0.0,
        holding_ms_mean: quotient(Some(holding.iter().sum::<i64>() as f64), Some(holding.len() as f64)),
        holding_ms_median: median,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::stats) fn trade(pnl_r: f64) -> TradeRecord {
        TradeRecord {
            trade_id: 1,
            side: Side::Long,
            score: 750,
            tier: Tier::Standard,
            regime: Regime::Trend as u8,
            signal_ms: 0,
            entry_ms: 10,
            entry_price: 100.0,
            qty: 2.0,
            risk_distance: 5.0,
            sl_price: 95.0,
            tp1_price: 105.0,
            tp2_price: 110.0,
            tp1_ms: None,
            exit_ms: Some(110),
            exit_price: Some(100.0 + 5.0 * pnl_r),
            status: if pnl_r < 0.0 { Status::Sl } else { Status::Tp },
            gross_r: Some(pnl_r),
            fee_r: Some(0.0),
            funding_r: Some(0.0),
            pnl_r: Some(pnl_r),
            pnl_usdt: Some(pnl_r * 10.0),
        }
    }

    #[test]
    fn parts_come_in_their_natural_order_with_their_own_figures() {
        let trades = [
            TradeRecord { score: 900, signal_ms: 23 * HOUR_MS, side: Side::Short, exit_ms: Some(20), ..trade(2.0) },
            TradeRecord { score: 749, signal_ms: 25 * HOUR_MS, exit_ms: Some(40), ..trade(-1.0) },
            TradeRecord { score: 700, signal_ms: HOUR_MS, exit_ms: Some(60), ..trade(-0.5) },
        ];
        let groups = [TradeGroup { symbol: "XUSDT", config_hash: "ab", trades: &trades }];
        let keys = |by| breakdown(by, &groups).into_iter().map(|row| (row.key, row.total_trades)).collect::<Vec<_>>();
        assert_eq!(keys(Breakdown::ScoreBand), [("60-74".to_owned(), 2), ("85+".to_owned(), 1)]);
        assert_eq!(keys(Breakdown::HourOfDay), [("01".to_owned(), 2), ("23".to_owned(), 1)]);
        assert_eq!(keys(Breakdown::Direction), [("LONG".to_owned(), 2), ("SHORT".to_owned(), 1)]);
        assert_eq!(keys(Breakdown::Regime), [("trend".to_owned(), 3)]);
        assert_eq!(keys(Breakdown::Symbol), [("XUSDT".to_owned(), 3)]);
        let exits = breakdown(Breakdown::ExitStatus, &groups);
        assert_eq!((exits[0].key.as_str(), exits[0].net_r, exits[0].net_usdt), ("sl", -1.5, -15.0));
        assert_eq!((exits[0].holding_ms_mean, exits[0].holding_ms_median), (Some(40.0), Some(40.0)));
        assert_eq!((exits[1].key.as_str(), exits[1].win_rate, exits[1].profit_factor), ("tp", Some(1.0), None));
    }

    #[test]
    fn open_positions_stay_out() {
        let open = TradeRecord { status: Status::Tp1Hit, exit_ms: None, pnl_r: None, ..trade(1.0) };
        let groups = [TradeGroup { symbol: "X", config_hash: "", trades: &[open] }];
        for by in Breakdown::ALL {
            assert_eq!(breakdown(by, &groups), [], "{}", by.name());
        }
    }
}
