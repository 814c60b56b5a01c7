//! Mark-to-market equity: hourly marks, one at each exit, one at the end.

use crate::types::DAY_MS;

/// Marks in time order, as columns.
#[derive(Debug, Clone, PartialEq)]
pub struct EquityCurve {
    initial_usdt: f64,
    realised_usdt: f64,
    realised_r: f64,
    peak_usdt: f64,
    peak_r: f64,
    max_drawdown_usdt: f64,
    max_drawdown_r: f64,
    max_drawdown: f64,
    time_ms: Vec<i64>,
    equity_usdt: Vec<f64>,
    equity_r: Vec<f64>,
    drawdown: Vec<f64>,
}

impl EquityCurve {
    /// A curve without marks that starts at `initial_usdt`.
    pub fn new(initial_usdt: f64) -> Self {
        Self {
            initial_usdt,
            realised_usdt: 0.0,
            realised_r: 0.0,
            // A loss before the first mark is a drawdown, too.
            peak_usdt: initial_usdt,
            peak_r: 0.0,
            max_drawdown_usdt: 0.0,
            max_drawdown_r: 0.0,
            max_drawdown: 0.0,
            time_ms: Vec::new(),
            equity_usdt: Vec::new(),
            equity_r: Vec::new(),
            drawdown: Vec::new(),
        }
    }

    /// Books the net result of a closed position.
    pub fn realise(&mut self, usdt: f64, r: f64) {
        self.realised_usdt += usdt;
        self.realised_r += r;
    }

    /// Adds a mark with the floating result of what is open.
    pub fn mark(&mut self, time_ms: i64, floating_usdt: f64, floating_r: f64) {
        let usdt = self.initial_usdt + self.realised_usdt + floating_usdt;
        let r = self.realised_r + floating_r;
        self.peak_usdt = self.peak_usdt.max(usdt);
        self.peak_r = self.peak_r.max(r);
        // Without a positive peak there is nothing left to lose.
        let drawdown = if self.peak_usdt > 0.0 { (self.peak_usdt - usdt) / self.peak_usdt } else { 1.0 };
        self.max_drawdown_usdt = self.max_drawdown_usdt.max(self.peak_usdt - usdt);
        self.max_drawdown_r = self.max_drawdown_r.max(self.peak_r - r);
        self.max_drawdown = self.max_drawdown.max(drawdown);
        self.time_ms.push(time_ms);
        self.equity_usdt.push(usdt);
        self.equity_r.push(r);
        self.drawdown.push(drawdown);
    }

    /// Adds the mark at the end, unless the last one already says the same.
    pub fn mark_end(&mut self, time_ms: i64, floating_usdt: f64, floating_r: f64) {
        let usdt = self.initial_usdt + self.realised_usdt + floating_usdt;
        if self.time_ms.last() != Some(&time_ms) || self.equity_usdt.last() != Some(&usdt) {
            self.mark(time_ms, floating_usdt, floating_r);
        }
    }

    /// Number of marks.
    pub fn len(&self) -> usize {
        self.time_ms.len()
    }

    /// True without marks.
    pub fn is_empty(&self) -> bool {
        self.time_ms.is_empty()
    }

    /// Times of the marks.
    pub fn time_ms(&self) -> &[i64] {
        &self.time_ms
    }

    /// Initial balance, realised and floating result, USDT.
    pub fn equity_usdt(&self) -> &[f64] {
        &self.equity_usdt
    }

    /// Realised and floating result, R.
    pub fn equity_r(&self) -> &[f64] {
        &self.equity_r
    }

    /// Fraction below the running peak of `equity_usdt`.
    pub fn drawdown(&self) -> &[f64] {
        &self.drawdown
    }

    /// Greatest fall below a running peak as a fraction of it; `None` without marks.
    pub fn max_drawdown(&self) -> Option<f64> {
        (!self.is_empty()).then_some(self.max_drawdown)
    }

    /// The same in USDT.
    pub fn max_drawdown_usdt(&self) -> Option<f64> {
        (!self.is_empty()).then_some(self.max_drawdown_usdt)
    }

    /// The same in R, on `equity_r`.
    pub fn max_drawdown_r(&self) -> Option<f64> {
        (!self.is_empty()).then_some(self.max_drawdown_r)
    }

    /// Days between the first and the last mark.
    pub(super) fn days(&self) -> Option<f64> {
        let (first, last) = (self.time_ms.first()?, self.time_ms.last()?);
        Some((last - first) as f64 / DAY_MS as f64)
    }

    /// Growth from the first mark to the last one.
    pub(super) fn growth(&self) -> Option<f64> {
        let (first, last) = (self.equity_usdt.first()?, self.equity_usdt.last()?);
        (*first > 0.0).then_some(last / first)
    }

    /// Returns between the first mark, the marks at 00:00 UTC and the last mark.
    ///
    /// `None` when the equity is not positive where a return starts.
    pub(super) fn daily_returns(&self) -> Option<Vec<f64>> {
        let end = self.len().checked_sub(1)?;
        let mut returns = Vec::new();
        let mut base = self.equity_usdt[0];
        for i in 1..=end {
            // Of several marks at one midnight the last one stands for it.
            let midnight = self.time_ms[i] % DAY_MS == 0 && self.time_ms[i] > self.time_ms[0];
            if i == end || (midnight && self.time_ms[i + 1] > self.time_ms[i]) {
                if base <= 0.0 {
                    return None;
                }
                returns.push(self.equity_usdt[i] / base - 1.0);
                base = self.equity_usdt[i];
            }
        }
        Some(returns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawdown_is_the_fraction_below_the_running_peak() {
        let mut curve = EquityCurve::new(1_000.0);
        curve.mark(0, 0.0, 0.0);
        curve.mark(1, 250.0, 2.5);
        curve.realise(-100.0, -1.0);
        curve.mark(2, 0.0, 0.0);
        curve.mark(3, 600.0, 6.0);
        assert_eq!(curve.equity_usdt(), [1_000.0, 1_250.0, 900.0, 1_500.0]);
        assert_eq!(curve.equity_r(), [0.0, 2.5, -1.0, 5.0]);
        assert_eq!(curve.drawdown(), [0.0, 0.0, 0.28, 0.0]);
        assert_eq!(curve.max_drawdown(), Some(0.28));
        assert_eq!(curve.max_drawdown_usdt(), Some(350.0));
        assert_eq!(curve.max_drawdown_r(), Some(3.5));
    }

    #[test]
    fn the_end_is_marked_once() {
        let mut curve = EquityCurve::new(10.0);
        curve.mark(5, 1.0, 1.0);
        curve.mark_end(5, 1.0, 1.0);
        assert_eq!(curve.len(), 1);
        curve.mark_end(5, 2.0, 2.0);
        assert_eq!(curve.equity_usdt(), [11.0, 12.0]);
        curve.mark_end(6, 2.0, 2.0);
        assert_eq!(curve.time_ms(), [5, 5, 6]);
    }

    #[test]
    fn days_end_at_midnight_and_at_both_ends() {
        let mut curve = EquityCurve::new(100.0);
        let half = DAY_MS / 2;
        for (time_ms, floating) in [
            (half, 0.0),
            (DAY_MS, 7.0),
            (DAY_MS, 10.0),
            (DAY_MS + 1, 50.0),
            (2 * DAY_MS, -12.0),
            (2 * DAY_MS + 5, 32.0),
        ] {
            curve.mark(time_ms, floating, 0.0);
        }
        assert_eq!(curve.daily_returns(), Some(vec![110.0 / 100.0 - 1.0, 88.0 / 110.0 - 1.0, 132.0 / 88.0 - 1.0]));
        assert_eq!(curve.growth(), Some(1.32));
        assert_eq!(EquityCurve::new(1.0).daily_returns(), None);
    }

    #[test]
    fn ruin_has_no_returns() {
        let mut curve = EquityCurve::new(100.0);
        for (day, floating) in [(1, 0.0), (2, -100.0), (3, -50.0)] {
            curve.mark(day * DAY_MS, floating, 0.0);
        }
        assert_eq!(curve.daily_returns(), None);
        assert_eq!(curve.max_drawdown(), Some(1.0));
    }
}
