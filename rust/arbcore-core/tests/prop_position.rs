//! The position machine against its definition, the table of results, and the bulk-skip promise.

mod position_support;

use arbcore_core::grid::Grid;
use arbcore_core::position::{Events, FillModel, Plan, Position, Simulation, Status, TradeRecord};
use arbcore_core::types::Side;
use position_support::{plan, simulation};
use proptest::prelude::*;

/// Whole prices: with the dyadic plan every level is exact.
const WHOLE: Grid = Grid { price_decimals: 0, qty_decimals: 3 };

type Trades = &'static [(i64, i64)];

/// Opens at 1000 and feeds (time, price) pairs.
fn play(plan: Plan, simulation: Simulation, trades: &[(i64, i64)]) -> TradeRecord {
    let mut position = Position::open(plan, WHOLE, simulation, 1_000, 1_000);
    for &(time_ms, price) in trades {
        position.on_trade(time_ms, price);
    }
    position.record(1)
}

fn free(fill: FillModel) -> Simulation {
    Simulation { fee_rate: 0.0, ..simulation(fill) }
}

#[test]
fn the_table_of_results_is_exact_under_level() {
    // LONG from 1000: stop 984, TP1 1012, TP2 1024, break-even 1002; SHORT mirrored around 1000.
    let cases: [(Trades, Status, f64, f64); 5] = [
        (&[(2_000, 985), (3_000, 980)], Status::Sl, -1.0, 984.0),
        (&[(2_000, 1_012), (3_000, 1_001)], Status::SlBe, 0.5 * 0.75 + 0.5 * 2.0 / 16.0, 1_002.0),
        (&[(2_000, 1_013), (3_000, 1_024)], Status::Tp, 0.5 * 0.75 + 0.5 * 1.5, 1_024.0),
        (&[(60_999, 1_004), (61_000, 996)], Status::Timeout, -4.0 / 16.0, 996.0),
        (&[(2_000, 1_012), (61_000, 1_008)], Status::Timeout, 0.5 * 0.75 + 0.5 * 8.0 / 16.0, 1_008.0),
    ];
    for (trades, status, gross_r, exit_price) in cases {
        let long = play(plan(Side::Long), free(FillModel::Level), trades);
        assert_eq!((long.status, long.gross_r, long.exit_price), (status, Some(gross_r), Some(exit_price)));
        let mirrored: Vec<_> = trades.iter().map(|&(time_ms, price)| (time_ms, 2_000 - price)).collect();
        let short = play(plan(Side::Short), free(FillModel::Level), &mirrored);
        let mirror = Some(2_000.0 - exit_price);
        assert_eq!((short.status, short.gross_r, short.exit_price), (status, Some(gross_r), mirror));
        assert_eq!(short.pnl_usdt, Some(gross_r * 2.0 * 16.0));
    }
}

#[test]
fn tape_stops_at_the_print_and_takes_profit_only_beyond_the_level() {
    let stopped = play(plan(Side::Long), free(FillModel::Tape), &[(2_000, 985), (3_000, 976)]);
    assert_eq!((stopped.status, stopped.gross_r), (Status::Sl, Some(-1.5)), "a gap costs more than 1R");
    let touched = play(plan(Side::Long), free(FillModel::Tape), &[(2_000, 1_012), (3_000, 1_024), (4_000, 984)]);
    // 1024 prints beyond TP1 only: TP2 needs more than a touch.
    assert_eq!((touched.tp1_ms, touched.status), (Some(3_000), Status::SlBe));
    assert_eq!(touched.gross_r, Some(0.5 * 0.75 - 0.5));
    let short = play(plan(Side::Short), free(FillModel::Tape), &[(2_000, 988), (3_000, 975)]);
    assert_eq!((short.status, short.tp1_ms, short.exit_ms), (Status::Tp, Some(3_000), Some(3_000)));
}

#[test]
fn one_trade_may_take_both_profits_or_half_and_the_timeout() {
    let both = play(plan(Side::Long), free(FillModel::Tape), &[(61_000, 1_030)]);
    assert_eq!((both.status, both.gross_r, both.tp1_ms), (Status::Tp, Some(1.125), Some(61_000)));
    let half = play(plan(Side::Long), free(FillModel::Tape), &[(61_000, 1_020)]);
    assert_eq!((half.status, half.gross_r), (Status::Timeout, Some(0.5 * 0.75 + 0.5 * 20.0 / 16.0)));
    let stop_first = play(plan(Side::Long), free(FillModel::Tape), &[(99_000, 980)]);
    assert_eq!(stop_first.status, Status::Sl, "the stop comes before the timeout");
}

#[test]
fn the_stop_moved_by_the_first_profit_counts_from_the_next_trade() {
    // Break-even beyond TP1: the trade that takes half stands below the new stop, yet does not stop out.
    let wide = Plan { be_distance: 15.0, ..plan(Side::Long) };
    let mut position = Position::open(wide, WHOLE, free(FillModel::Tape), 1_000, 1_000);
    assert_eq!(position.on_trade(2_000, 1_013), Events { tp1: true, closed: None });
    assert_eq!(position.stop_price(), 1_015.0);
    assert_eq!(position.on_trade(2_000, 1_013), Events { tp1: false, closed: Some(Status::SlBe) });
}

#[test]
fn costs_are_kept_apart_and_add_up() {
    let costly = Simulation { tp_maker: true, slippage_bps: 10.0, ..simulation(FillModel::Level) };
    let mut position = Position::open(plan(Side::Short), WHOLE, costly, 1_000, 1_000);
    position.on_funding(1_000, 0.01, 1_000.0); // entered at that very time: not held over it
    position.on_funding(1_500, 0.01, 1_010.0); // a short receives a positive rate
    position.on_trade(2_000, 980);
    position.on_funding(2_500, -0.02, 990.0); // pays, on half
    position.on_trade(3_000, 1_050);
    let record = position.record(7);
    let entry = 1_000.0 * (1.0 - 0.001);
    let (tp1, stop) = (entry - 12.0, entry - 2.0);
    let exit = stop * (1.0 + 0.001);
    assert_eq!((record.entry_price, record.tp1_price, record.exit_price), (entry, tp1, Some(exit)));
    let fees = entry * 2.0 * 0.0005 + tp1 * 1.0 * 0.0002 + exit * 1.0 * 0.0005;
    let funding = -0.01 * (2.0 * 1_010.0) + 0.02 * (1.0 * 990.0);
    let gross = 0.5 * ((entry - tp1) / 16.0) + 0.5 * ((entry - exit) / 16.0);
    let close = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-12;
    assert!(close(record.fee_r, fees / 32.0) && close(record.funding_r, funding / 32.0));
    assert!(close(record.gross_r, gross) && close(record.pnl_r, gross - fees / 32.0 - funding / 32.0));
    assert!(close(record.pnl_usdt, (gross - fees / 32.0 - funding / 32.0) * 32.0));
}

#[test]
fn trailing_follows_the_best_price_by_one_r_and_never_loosens() {
    let trailing = Plan { trailing: true, ..plan(Side::Long) };
    let mut position = Position::open(trailing, WHOLE, free(FillModel::Tape), 1_000, 1_000);
    position.on_trade(2_000, 1_020);
    assert_eq!((position.tp1_ms(), position.stop_price()), (Some(2_000), 1_002.0));
    position.on_trade(3_000, 1_024); // reached, not yet beyond: trailing begins at a touch
    assert_eq!(position.stop_price(), 1_008.0);
    position.on_trade(4_000, 1_023);
    assert_eq!(position.stop_price(), 1_008.0);
    position.on_trade(5_000, 1_040);
    assert_eq!(position.stop_price(), 1_024.0);
    assert_eq!(position.on_trade(6_000, 1_024).closed, Some(Status::SlBe));
    assert_eq!(position.record(1).gross_r, Some(0.5 * 0.75 + 0.5 * 1.5));
}

/// The definition once more, written for reading: no thresholds, no state beyond what the rules name.
struct Naive {
    plan: Plan,
    simulation: Simulation,
    entry: f64,
    stop: f64,
    half: Option<i64>,
    best: Option<f64>,
    exit: Option<(Status, i64, f64)>,
}

impl Naive {
    fn on_trade(&mut self, entry_ms: i64, time_ms: i64, price: f64) {
        if self.exit.is_some() {
            return;
        }
        let sign = self.plan.side.sign();
        let tape = self.simulation.fill == FillModel::Tape;
        let slip = 1.0 - sign * (self.simulation.slippage_bps / 10_000.0);
        let r = self.plan.risk_distance;
        let level = |ratio: f64| self.entry + sign * (ratio * r);
        let beyond = |level: f64| if tape { sign * price > sign * level } else { sign * price >= sign * level };
        if sign * price <= sign * self.stop {
            let status = if self.half.is_some() { Status::SlBe } else { Status::Sl };
            self.exit = Some((status, time_ms, if tape { price } else { self.stop } * slip));
            return;
        }
        if self.half.is_none() && beyond(level(self.plan.tp1_ratio)) {
            self.half = Some(time_ms);
            self.stop = self.entry + sign * self.plan.be_distance;
        }
        if self.half.is_some() {
            if !self.plan.trailing {
                if beyond(level(self.plan.tp2_ratio)) {
                    self.exit = Some((Status::Tp, time_ms, level(self.plan.tp2_ratio)));
                    return;
                }
            } else if self.best.is_some() || sign * price >= sign * level(self.plan.tp2_ratio) {
                let best = self.best.map_or(price, |best| if sign * price > sign * best { price } else { best });
                self.best = Some(best);
                let trailed = best - sign * r;
                if sign * trailed > sign * self.stop {
                    self.stop = trailed;
                }
            }
        }
        if time_ms >= entry_ms + self.plan.timeout_ms {
            self.exit = Some((Status::Timeout, time_ms, price * slip));
        }
    }
}

fn plans() -> impl Strategy<Value = (Plan, Simulation)> {
    let shape = (any::<bool>(), 1.0..400.0_f64, 0.3..2.0_f64, 0.05..2.0_f64, 0.0..2.0_f64, any::<bool>());
    let venue = (any::<bool>(), prop_oneof![Just(0.0), 0.0..50.0_f64], any::<bool>());
    (shape, 1_i64..200, venue).prop_map(|((long, r, tp1, further, be, trailing), timeout, (tape, bps, maker))| {
        let side = if long { Side::Long } else { Side::Short };
        let plan = Plan {
            risk_distance: r,
            tp1_ratio: tp1,
            tp2_ratio: tp1 + further,
            be_distance: be * r,
            timeout_ms: timeout * 100,
            trailing,
            ..plan(side)
        };
        let fill = if tape { FillModel::Tape } else { FillModel::Level };
        (plan, Simulation { slippage_bps: bps, tp_maker: maker, ..simulation(fill) })
    })
}

fn walks() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let step = prop_oneof![8 => -30_i64..=30, 1 => -600_i64..=600];
    prop::collection::vec((0_i64..60, step), 1..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn skipped_trades_change_nothing_and_hits_at_a_threshold_change_something(
        (plan, simulation) in plans(), start in 2_000_i64..60_000, decimals in 0_u32..=2, walk in walks(),
    ) {
        let grid = Grid { price_decimals: decimals, qty_decimals: 3 };
        let mut position = Position::open(plan, grid, simulation, 1_000, start);
        let (mut time_ms, mut price) = (1_000, start);
        for (wait, step) in walk {
            time_ms += wait;
            price = (price + step).max(1);
            let triggers = position.triggers();
            let before = position;
            // The last tick inside and the first outside, at the last quiet moment.
            let quiet_ms = time_ms.min(triggers.deadline_ms.saturating_sub(1));
            for inside in [triggers.low.saturating_add(1), triggers.high.saturating_sub(1)] {
                if !triggers.hit(quiet_ms, inside) && inside > 0 {
                    prop_assert_eq!(position.on_trade(quiet_ms, inside), Events::default());
                    prop_assert_eq!(position, before);
                }
            }
            for outside in [triggers.low, triggers.high] {
                if outside > 0 && outside < i64::MAX && position.status().is_open() {
                    let mut moved = before;
                    moved.on_trade(quiet_ms, outside);
                    prop_assert_ne!(moved, before);
                }
            }
            let events = position.on_trade(time_ms, price);
            if !triggers.hit(time_ms, price) {
                prop_assert_eq!(events, Events::default());
                prop_assert_eq!(position, before);
            }
        }
    }

    #[test]
    fn the_machine_follows_the_definition(
        (plan, simulation) in plans(), start in 2_000_i64..60_000, decimals in 0_u32..=2, walk in walks(),
    ) {
        let grid = Grid { price_decimals: decimals, qty_decimals: 3 };
        let mut position = Position::open(plan, grid, simulation, 1_000, start);
        let sign = plan.side.sign();
        let entry = grid.price(start) * (1.0 + sign * (simulation.slippage_bps / 10_000.0));
        let stop = entry - sign * plan.risk_distance;
        let mut naive = Naive { plan, simulation, entry, stop, half: None, best: None, exit: None };
        let (mut time_ms, mut price) = (1_000, start);
        for (wait, step) in walk {
            time_ms += wait;
            price = (price + step).max(1);
            position.on_trade(time_ms, price);
            naive.on_trade(1_000, time_ms, grid.price(price));
            prop_assert_eq!(position.tp1_ms(), naive.half);
            prop_assert_eq!(position.status().is_open(), naive.exit.is_none());
        }
        let record = position.record(1);
        prop_assert_eq!(record.entry_price, entry);
        prop_assert_eq!(record.exit_ms, naive.exit.map(|(_, time_ms, _)| time_ms));
        prop_assert_eq!(record.exit_price, naive.exit.map(|(_, _, price)| price));
        if let Some((status, _, exit)) = naive.exit {
            prop_assert_eq!(record.status, status);
            let in_r = |price: f64| sign * (price - entry) / plan.risk_distance;
            let tp1 = entry + sign * (plan.tp1_ratio * plan.risk_distance);
            let gross = if naive.half.is_some() { 0.5 * in_r(tp1) + 0.5 * in_r(exit) } else { in_r(exit) };
            prop_assert_eq!(record.gross_r, Some(gross));
            prop_assert_eq!(record.pnl_r, Some(gross - record.fee_r.unwrap() - 0.0));
        }
    }
}
