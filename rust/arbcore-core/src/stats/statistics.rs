//! The figures of one run, each under the name quants know it by; undefined is `None`.

use super::equity::EquityCurve;
use crate::position::{RunResult, Status, TradeRecord};
use crate::types::{DAY_MS, MINUTE_MS, Side};

/// What statistics need besides trades and equity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// First evaluation at which a signal was allowed (after warm-up, inside `from`/`to`).
    pub start_ms: i64,
    /// Last such evaluation.
    pub end_ms: i64,
}

/// A figure as a float: counts are always defined.
trait Figure: Copy {
    fn figure(self) -> Option<f64>;
}

impl Figure for u64 {
    fn figure(self) -> Option<f64> {
        Some(self as f64)
    }
}

impl Figure for f64 {
    fn figure(self) -> Option<f64> {
        Some(self)
    }
}

impl Figure for Option<f64> {
    fn figure(self) -> Option<f64> {
        self
    }
}

/// Declares the structure and the one list of its names, so that no table can miss a figure.
macro_rules! figures {
    ($(#[$of:meta])* $structure:ident { $($(#[$doc:meta])* $name:ident: $kind:ty,)* }) => {
        $(#[$of])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $structure {
            $($(#[$doc])* pub $name: $kind,)*
        }

        impl $structure {
            /// Names of all figures, in report order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Name and value of each figure, in report order; `None` is null.
            pub fn fields(&self) -> Vec<(&'static str, Option<f64>)> {
                vec![$((stringify!($name), self.$name.figure())),*]
            }
        }
    };
}

figures! {
    /// Statistics of section 8 over the closed trades and the equity marks of one run.
    Statistics {
        /// Closed trades.
        total_trades: u64,
        /// Trades with `pnl_r > 0`.
        winning_trades: u64,
        /// Trades with `pnl_r < 0`.
        losing_trades: u64,
        /// Closed long trades.
        long_trades: u64,
        /// Closed short trades.
        short_trades: u64,
        /// Wins over trades, 0..1.
        win_rate: Option<f64>,
        /// Sum of wins over sum of losses, in R.
        profit_factor: Option<f64>,
        /// Mean `pnl_r`.
        expectancy: Option<f64>,
        /// Mean of the wins, R.
        avg_win_r: Option<f64>,
        /// Mean of the losses, R (negative).
        avg_loss_r: Option<f64>,
        /// Average win over average loss, both as amounts.
        payoff_ratio: Option<f64>,
        /// Best `pnl_r`.
        best_r: Option<f64>,
        /// Worst `pnl_r`.
        worst_r: Option<f64>,
        /// Sample standard deviation of `pnl_r`.
        std_r: Option<f64>,
        /// Sum of `pnl_r`.
        net_r: f64,
        /// Sum of `pnl_usdt`.
        net_usdt: f64,
        /// Sum of `gross_r`.
        gross_r: f64,
        /// Sum of `fee_r`.
        fee_r: f64,
        /// Sum of `funding_r`.
        funding_r: f64,
        /// `fee_r` over `gross_r`; null unless the gross result is positive.
        fees_share_of_gross: Option<f64>,
        /// Sum of the losses (`pnl_r < 0`) of trades closed by a flip, R.
        flip_loss_r: f64,
        /// Growth of the equity over the run, percent.
        return_pct: Option<f64>,
        /// Greatest fall below a running peak of `equity_r`, R.
        max_drawdown_r: Option<f64>,
        /// Greatest fall below a running peak of `equity_usdt`, USDT.
        max_drawdown_usdt: Option<f64>,
        /// Greatest fall below a running peak of `equity_usdt`, percent of that peak.
        max_drawdown_pct: Option<f64>,
        /// Daily returns, 365 days.
        sharpe: Option<f64>,
        /// Daily returns, 365 days, against the downside deviation.
        sortino: Option<f64>,
        /// Annualised growth over the greatest drawdown fraction.
        calmar: Option<f64>,
        /// Mean over standard deviation of `pnl_r`.
        sharpe_per_trade: Option<f64>,
        /// `sqrt(total_trades)` times `sharpe_per_trade`.
        sqn: Option<f64>,
        /// Most wins in a row.
        max_win_streak: u64,
        /// Most losses in a row.
        max_loss_streak: u64,
        /// Mean time from entry to exit, minutes.
        avg_holding_minutes: Option<f64>,
        /// Share of the tested span with an open position (one still open counts to its end).
        exposure: Option<f64>,
        /// Evaluations that were signals.
        signals: u64,
        /// Signals per day of the tested span.
        signals_per_day: Option<f64>,
    }
}

impl Statistics {
    /// All figures of a run; `activity` is `None` when no signal was ever allowed.
    pub fn of(run: &RunResult, activity: Option<Activity>) -> Self {
        let trades = &run.trades;
        let equity = &run.equity;
        let pnl: Vec<f64> = trades.iter().filter_map(|trade| trade.pnl_r).collect();
        let figures = TradeFigures::of(&pnl);
        let sum = |value: fn(&TradeRecord) -> Option<f64>| trades.iter().filter_map(value).sum::<f64>() + 0.0;
        let gross_r = sum(|trade| trade.gross_r);
        let fee_r = sum(|trade| trade.fee_r);
        let std_r = sample_std(&pnl);
        let sharpe_per_trade = quotient(figures.expectancy, std_r);
        let returns = equity.daily_returns().filter(|returns| returns.len() >= 2);
        let returns = returns.as_deref();
        let (max_win_streak, max_loss_streak) = streaks(&pnl);
        let longs = trades.iter().filter(|trade| trade.side == Side::Long).count() as u64;
        let held_ms: i64 = trades.iter().map(holding_ms).sum();
        let span_ms = activity.map(|span| span.end_ms - span.start_ms).filter(|&span| span > 0);
        let open_ms =
            run.open.and_then(|open| Some(activity?.end_ms.saturating_sub(open.entry_ms).max(0))).unwrap_or(0);
        let exposure = span_ms.map(|span| ((held_ms + open_ms) as f64 / span as f64).min(1.0));
        Self {
            total_trades: pnl.len() as u64,
            winning_trades: figures.wins,
            losing_trades: figures.losses,
            long_trades: longs,
            short_trades: trades.len() as u64 - longs,
            win_rate: figures.win_rate,
            profit_factor: figures.profit_factor,
            expectancy: figures.expectancy,
            avg_win_r: figures.avg_win_r,
            avg_loss_r: figures.avg_loss_r,
            payoff_ratio: figures.payoff_ratio,
            best_r: pnl.iter().copied().reduce(f64::max),
            worst_r: pnl.iter().copied().reduce(f64::min),
            std_r,
            net_r: figures.net_r,
            net_usdt: sum(|trade| trade.pnl_usdt),
            gross_r,
            fee_r,
            funding_r: sum(|trade| trade.funding_r),
            fees_share_of_gross: (gross_r > 0.0).then(|| fee_r / gross_r),
            flip_loss_r: sum(|trade| trade.pnl_r.filter(|&pnl_r| trade.status == Status::SignalFlip && pnl_r < 0.0)),
            return_pct: equity.growth().map(|growth| (growth - 1.0) * 100.0),
            max_drawdown_r: equity.max_drawdown_r(),
            max_drawdown_usdt: equity.max_drawdown_usdt(),
            max_drawdown_pct: equity.max_drawdown().map(|fraction| fraction * 100.0),
            sharpe: returns.and_then(|returns| annualised(returns, sample_std(returns))),
            sortino: returns.and_then(|returns| annualised(returns, downside_deviation(returns))),
            calmar: returns.and_then(|_| calmar(equity)),
            sharpe_per_trade,
            sqn: sharpe_per_trade.map(|ratio| (pnl.len() as f64).sqrt() * ratio),
            max_win_streak,
            max_loss_streak,
            avg_holding_minutes: quotient(Some(held_ms as f64 / MINUTE_MS as f64), Some(trades.len() as f64)),
            exposure,
            signals: run.signals,
            signals_per_day: span_ms.map(|span| run.signals as f64 * DAY_MS as f64 / span as f64),
        }
    }
}

/// Figures of a set of trades, shared by the whole run and by its breakdowns.
pub(super) struct TradeFigures {
    pub wins: u64,
    pub losses: u64,
    pub win_rate: Option<f64>,
    pub profit_factor: Option<f64>,
    pub expectancy: Option<f64>,
    pub avg_win_r: Option<f64>,
    pub avg_loss_r: Option<f64>,
    pub payoff_ratio: Option<f64>,
    pub net_r: f64,
}

impl TradeFigures {
    pub(super) fn of(pnl: &[f64]) -> Self {
        let (mut wins, mut losses, mut gains_r, mut losses_r, mut net_r) = (0_u64, 0_u64, 0.0, 0.0, 0.0);
        for &pnl_r in pnl {
            net_r += pnl_r;
            if pnl_r > 0.0 {
                wins += 1;
                gains_r += pnl_r;
            } else if pnl_r < 0.0 {
                losses += 1;
                losses_r -= pnl_r;
            }
        }
        let count = Some(pnl.len() as f64);
        let avg_win_r = quotient(Some(gains_r), Some(wins as f64));
        let avg_loss = quotient(Some(losses_r), Some(losses as f64));
        Self {
            wins,
            losses,
            win_rate: quotient(Some(wins as f64), count),
            profit_factor: quotient(Some(gains_r), Some(losses_r)),
            expectancy: quotient(Some(net_r), count),
            avg_win_r,
            avg_loss_r: avg_loss.map(|loss| -loss),
            payoff_ratio: quotient(avg_win_r, avg_loss),
            net_r,
        }
    }
}

/// Time from entry to exit; 0 while open.
pub(super) fn holding_ms(trade: &TradeRecord) -> i64 {
    trade.exit_ms.map_or(0, |exit_ms| exit_ms - trade.entry_ms)
}

/// `None` when a side is undefined, the denominator is 0 or the result is not finite.
pub(super) fn quotient(numerator: Option<f64>, denominator: Option<f64>) -> Option<f64> {
    let (numerator, denominator) = (numerator?, denominator?);
    Some(numerator / denominator).filter(|value| denominator != 0.0 && value.is_finite())
}

fn mean(values: &[f64]) -> Option<f64> {
    quotient(Some(values.iter().sum()), Some(values.len() as f64))
}

/// With n - 1; exactly 0 for equal values, whose rounded mean may differ from them; `None` below two.
fn sample_std(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    if values.iter().all(|value| value == &values[0]) {
        return Some(0.0);
    }
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

fn downside_deviation(returns: &[f64]) -> Option<f64> {
    let squares: f64 = returns.iter().map(|value| value.min(0.0) * value.min(0.0)).sum();
    quotient(Some(squares), Some(returns.len() as f64)).map(f64::sqrt)
}

fn annualised(returns: &[f64], deviation: Option<f64>) -> Option<f64> {
    quotient(mean(returns), deviation).map(|ratio| ratio * 365.0_f64.sqrt())
}

fn calmar(equity: &EquityCurve) -> Option<f64> {
    let growth = equity.growth().filter(|&growth| growth > 0.0)?;
    let exponent = quotient(Some(365.0), equity.days())?;
    quotient(Some(growth.powf(exponent) - 1.0), equity.max_drawdown())
}

fn streaks(pnl: &[f64]) -> (u64, u64) {
    let (mut wins, mut losses, mut most_wins, mut most_losses) = (0_u64, 0_u64, 0, 0);
    for &pnl_r in pnl {
        wins = if pnl_r > 0.0 { wins + 1 } else { 0 };
        losses = if pnl_r < 0.0 { losses + 1 } else { 0 };
        most_wins = wins.max(most_wins);
        most_losses = losses.max(most_losses);
    }
    (most_wins, most_losses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::breakdown::tests::trade;

    fn run(results: &[f64], marks: &[(i64, f64)]) -> RunResult {
        let mut equity = EquityCurve::new(0.0);
        for &(time_ms, value) in marks {
            equity.mark(time_ms, value, value / 100.0);
        }
        let trades = results.iter().map(|&pnl_r| trade(pnl_r)).collect();
        RunResult { trades, open: None, equity, signals: 6 }
    }

    #[test]
    fn figures_of_a_small_run_are_what_paper_gives() {
        let day = DAY_MS;
        let run = run(&[2.0, -1.0, -0.5, 0.0, 1.0], &[(0, 100.0), (day, 110.0), (2 * day, 99.0), (3 * day, 108.9)]);
        let stats = Statistics::of(&run, Some(Activity { start_ms: 0, end_ms: 2 * day }));
        assert_eq!((stats.total_trades, stats.winning_trades, stats.losing_trades), (5, 2, 2));
        assert_eq!(stats.win_rate, Some(0.4));
        assert_eq!(stats.profit_factor, Some(2.0));
        assert_eq!(stats.expectancy, Some(0.3));
        assert_eq!((stats.avg_win_r, stats.avg_loss_r, stats.payoff_ratio), (Some(1.5), Some(-0.75), Some(2.0)));
        // Squares around 0.3: 2.89 + 1.69 + 0.64 + 0.09 + 0.49 = 5.8, over 4.
        let std = 1.45_f64.sqrt();
        assert!((stats.std_r.unwrap() - std).abs() < 1e-12);
        assert!((stats.sharpe_per_trade.unwrap() - 0.3 / std).abs() < 1e-12);
        assert!((stats.sqn.unwrap() - 5.0_f64.sqrt() * 0.3 / std).abs() < 1e-12);
        assert_eq!((stats.max_win_streak, stats.max_loss_streak), (1, 2));
        // Returns 0.1, -0.1, 0.1.
        let mean = 0.1_f64 / 3.0;
        let deviation = ((0.1 - mean).powi(2) + (0.1 + mean).powi(2) / 2.0).sqrt();
        assert!((stats.sharpe.unwrap() - mean / deviation * 365.0_f64.sqrt()).abs() < 1e-9);
        assert!((stats.sortino.unwrap() - mean / (0.01_f64 / 3.0).sqrt() * 365.0_f64.sqrt()).abs() < 1e-9);
        assert!((stats.calmar.unwrap() / ((1.089_f64.powf(365.0 / 3.0) - 1.0) / 0.1) - 1.0).abs() < 1e-9);
        assert!((stats.max_drawdown_pct.unwrap() - 10.0).abs() < 1e-12);
        assert!((stats.max_drawdown_usdt.unwrap() - 11.0).abs() < 1e-12);
        assert_eq!(stats.signals_per_day, Some(3.0));
    }

    #[test]
    fn what_is_undefined_is_null() {
        let stats = Statistics::of(&run(&[], &[]), None);
        let defined: Vec<_> = stats.fields().into_iter().filter(|(_, value)| value.is_some_and(|v| v != 0.0)).collect();
        assert_eq!(defined, [("signals", Some(6.0))]);
        assert_eq!((stats.win_rate, stats.expectancy, stats.sharpe, stats.exposure), (None, None, None, None));
        let winners = Statistics::of(&run(&[0.1, 0.1, 0.1], &[(0, 5.0), (1, 6.0)]), None);
        assert_eq!((winners.profit_factor, winners.payoff_ratio, winners.avg_loss_r), (None, None, None));
        assert_eq!((winners.std_r, winners.sqn), (Some(0.0), None), "equal results have no ratio to their spread");
        assert_eq!((winners.sharpe, winners.calmar), (None, None), "one return is too few");
    }

    #[test]
    fn names_are_unique_and_in_the_order_of_the_fields() {
        let stats = Statistics::of(&run(&[1.0], &[(0, 1.0)]), None);
        let names: Vec<_> = stats.fields().iter().map(|(name, _)| *name).collect();
        assert_eq!(names, Statistics::NAMES);
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
    }
}
