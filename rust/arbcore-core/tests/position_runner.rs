//! The strategy around a position: signal order, cooldown, pending fills, flips, size, optional rules.

mod position_support;

use arbcore_core::feature::{FeatureRow, Window};
use arbcore_core::position::{FillModel, Filters, Outcome, Runner, Simulation, Status};
use arbcore_core::strategy::{DirectionFilter, Model, Reason, Rule, StrategyConfig, Tier};
use arbcore_core::types::{HOUR_MS, MINUTE_MS, Side};
use position_support::{GRID, config, decision, filters, row, simulation};

const LONG: Side = Side::Long;
const SHORT: Side = Side::Short;
/// Midnight of some day, so that hours of day are easy.
const T0: i64 = 20_000 * 24 * HOUR_MS;

fn runner_with(config: StrategyConfig, simulation: Simulation) -> Runner {
    Runner::new(config, GRID, simulation, filters())
}

fn runner(fill: FillModel) -> Runner {
    runner_with(config(), simulation(fill))
}

fn evaluate(runner: &mut Runner, row: &FeatureRow, side: Side, total: i32) -> Outcome {
    let open = usize::from(runner.is_engaged());
    runner.on_evaluation(row, &decision(side, total), 0, open)
}

fn entered() -> Outcome {
    Outcome { signal: true, entry: true, ..Outcome::default() }
}

fn refused(reason: Reason) -> Outcome {
    Outcome { signal: true, reason: Some(reason), ..Outcome::default() }
}

#[test]
fn an_entry_fills_on_the_first_trade_after_the_latency_and_is_not_checked_on_it() {
    let mut runner = runner_with(config(), Simulation { latency_ms: 40, ..simulation(FillModel::Tape) });
    assert_eq!(evaluate(&mut runner, &row(T0), LONG, 750), entered());
    assert_eq!(runner.next_event().unwrap().deadline_ms, T0 + 41);
    runner.on_trade(T0 + 40, 9_000);
    assert!(runner.position().is_none() && runner.is_engaged());
    runner.on_trade(T0 + 41, 10_010);
    let open = runner.open_trade().unwrap();
    assert_eq!((open.entry_ms, open.entry_price, open.signal_ms), (T0 + 41, 1_001.0, T0));
    assert_eq!((open.sl_price, open.tp1_price, open.tp2_price), (985.0, 1_013.0, 1_025.0));
    assert_eq!((open.status, open.exit_ms, open.pnl_r), (Status::Active, None, None));
    // 2 % of 10,000 over 16 is 12.5 lots of 1: floored to an even number of 0.001.
    assert_eq!(open.qty, 12.5);
    runner.on_trade(T0 + 42, 9_849);
    assert_eq!((runner.trades().len(), runner.trades()[0].status), (1, Status::Sl));
    assert!(!runner.is_engaged() && runner.next_event().is_none());
}

#[test]
fn level_enters_at_the_evaluation() {
    let mut runner = runner(FillModel::Level);
    assert_eq!(evaluate(&mut runner, &row(T0), SHORT, 750), entered());
    let open = runner.open_trade().unwrap();
    assert_eq!((open.entry_ms, open.entry_price, open.sl_price), (T0, 1_000.0, 1_016.0));
}

#[test]
fn thresholds_direction_and_cooldown_come_before_the_signal() {
    let mut runner =
        runner_with(StrategyConfig { direction: DirectionFilter::LongOnly, ..config() }, simulation(FillModel::Tape));
    let silent = |reason| Outcome { reason: Some(reason), ..Outcome::default() };
    assert_eq!(evaluate(&mut runner, &row(T0), LONG, 0), silent(Reason::LowVol));
    assert_eq!(evaluate(&mut runner, &row(T0), LONG, 749), silent(Reason::BelowEntry));
    assert_eq!(evaluate(&mut runner, &row(T0), SHORT, 749), silent(Reason::BelowEntry));
    assert_eq!(evaluate(&mut runner, &row(T0), SHORT, 900), silent(Reason::Direction));
    assert_eq!(evaluate(&mut runner, &row(T0), LONG, 750), entered());
    let early = T0 + 10 * MINUTE_MS - 1;
    assert_eq!(evaluate(&mut runner, &row(early), LONG, 900), silent(Reason::Cooldown));
    // Exactly ten minutes is allowed; the position refuses the entry but the signal restarts the cooldown.
    assert_eq!(evaluate(&mut runner, &row(early + 1), LONG, 900), refused(Reason::PositionOpen));
    assert_eq!(evaluate(&mut runner, &row(early + 2), LONG, 900), silent(Reason::Cooldown));
    assert_eq!(runner.signals(), 2);
}

#[test]
fn a_flip_closes_and_opens_at_one_fill() {
    let mut runner = runner(FillModel::Tape);
    evaluate(&mut runner, &row(T0), LONG, 750);
    runner.on_trade(T0 + 1, 10_000);
    let later = T0 + 11 * MINUTE_MS;
    assert_eq!(evaluate(&mut runner, &row(later), SHORT, 799), refused(Reason::PositionOpen), "below the threshold");
    let later = later + 10 * MINUTE_MS;
    assert_eq!(evaluate(&mut runner, &row(later), SHORT, 800), Outcome { flip: true, ..entered() });
    // This print is beyond the old stop: the flip comes first, and the new position is not checked.
    runner.on_trade(later + 5, 9_800);
    let closed = runner.trades()[0];
    assert_eq!((closed.status, closed.exit_ms, closed.exit_price), (Status::SignalFlip, Some(later + 5), Some(980.0)));
    let open = runner.open_trade().unwrap();
    assert_eq!((open.trade_id, open.side, open.entry_ms, open.tier), (2, SHORT, later + 5, Tier::Heavy));
}

#[test]
fn the_cooldown_delays_only_the_opening_of_a_flip() {
    let mut runner = runner(FillModel::Tape);
    evaluate(&mut runner, &row(T0), LONG, 750);
    runner.on_trade(T0 + 1, 10_000);
    let soon = T0 + MINUTE_MS;
    let outcome = evaluate(&mut runner, &row(soon), SHORT, 950);
    assert_eq!(outcome, Outcome { signal: false, reason: Some(Reason::Cooldown), flip: true, entry: false });
    runner.on_trade(soon + 1, 9_990);
    assert_eq!(runner.trades()[0].status, Status::SignalFlip);
    assert!(!runner.is_engaged() && runner.next_event().is_none());
}

#[test]
fn while_a_flip_is_pending_the_old_exits_apply_and_only_the_opening_remains() {
    let latent = Simulation { latency_ms: 60_000, ..simulation(FillModel::Tape) };
    let mut runner = runner_with(config(), latent);
    evaluate(&mut runner, &row(T0), LONG, 750);
    runner.on_trade(T0 + 60_001, 10_000);
    let later = T0 + 11 * MINUTE_MS;
    assert!(evaluate(&mut runner, &row(later), SHORT, 850).flip);
    assert!(!evaluate(&mut runner, &row(later + 15_000), SHORT, 850).flip, "a pending flip is not repeated");
    runner.on_trade(later + 30_000, 9_830);
    assert_eq!(runner.trades()[0].status, Status::Sl);
    assert!(runner.is_engaged());
    runner.on_trade(later + 60_001, 9_840);
    let open = runner.open_trade().unwrap();
    assert_eq!((open.side, open.entry_price, runner.trades().len()), (SHORT, 984.0, 1));
}

#[test]
fn a_pending_entry_is_never_flipped() {
    let latent = Simulation { latency_ms: 20 * MINUTE_MS, ..simulation(FillModel::Tape) };
    let mut runner = runner_with(config(), latent);
    evaluate(&mut runner, &row(T0), LONG, 950);
    let outcome = evaluate(&mut runner, &row(T0 + 10 * MINUTE_MS), SHORT, 950);
    assert_eq!(outcome, refused(Reason::PositionOpen));
    runner.on_trade(T0 + 20 * MINUTE_MS + 1, 10_000);
    assert_eq!(runner.open_trade().unwrap().side, LONG);
}

#[test]
fn limits_of_number_and_size_refuse_with_their_reason() {
    let mut runner = runner_with(config(), Simulation { max_positions: 3, ..simulation(FillModel::Tape) });
    let outcome = runner.on_evaluation(&row(T0), &decision(LONG, 900), 0, 3);
    assert_eq!(outcome, refused(Reason::MaxPositions));
    // 200 USD over 16 is 12.5: floored to 12 by steps of 6, notional 12,000.
    let sized = |lot_step, min_notional| {
        let filters = Filters::new(lot_step, min_notional).unwrap();
        let mut runner = Runner::new(config(), GRID, simulation(FillModel::Level), filters);
        let outcome = evaluate(&mut runner, &row(T0), LONG, 750);
        (outcome.reason, runner.open_trade().map(|open| open.qty))
    };
    assert_eq!(sized(3.0, 0.0), (None, Some(12.0)));
    assert_eq!(sized(3.0, 12_000.0), (None, Some(12.0)));
    assert_eq!(sized(3.0, 12_000.1), (Some(Reason::MinNotional), None));
    assert_eq!(sized(7.0, 0.0), (Some(Reason::MinNotional), None), "zero lots");
    let mut still = runner_with(config(), simulation(FillModel::Tape));
    let flat = FeatureRow { atr_5m: Some(0.0), ..row(T0) };
    assert_eq!(evaluate(&mut still, &flat, LONG, 900), refused(Reason::MinNotional));
}

#[test]
fn v50_sizes_by_notional() {
    let bonus = StrategyConfig { model: Model::Bonus, ..config() };
    for (tier, qty) in [(Tier::Light, 0.2), (Tier::Standard, 0.5), (Tier::Heavy, 0.8)] {
        let mut runner = runner_with(bonus.clone(), simulation(FillModel::Level));
        let decided = arbcore_core::strategy::Decision { tier, ..decision(LONG, 750) };
        assert!(runner.on_evaluation(&row(T0), &decided, 0, 0).entry);
        assert_eq!((runner.open_trade().unwrap().qty, runner.open_trade().unwrap().tier), (qty, tier));
    }
}

#[test]
fn size_rules_scale_the_risk_unit() {
    let base = StrategyConfig { rule_hour_filter: true, rule_funding_bias: true, rule_dual_atr: true, ..config() };
    let qty = |row: &FeatureRow, side, total| {
        let mut runner = runner_with(base.clone(), simulation(FillModel::Level));
        let outcome = evaluate(&mut runner, row, side, total);
        (outcome.reason, runner.open_trade().map(|open| (open.qty, open.risk_distance)))
    };
    let mut now = row(T0);
    assert_eq!(qty(&now, LONG, 750), (None, Some((12.5, 16.0))));
    now.cvd[Window::H1 as usize] = -5;
    assert_eq!(qty(&now, LONG, 750), (None, Some((8.75, 16.0))), "one opposes: 0.7");
    now.hour_closes = Some([9_990, 10_000]);
    assert_eq!(qty(&now, LONG, 849).0, Some(Reason::Risk(Rule::HourFilter)));
    // Heavy from the flip threshold of 80: 1.5 × 0.5.
    assert_eq!(qty(&now, LONG, 850), (None, Some((9.374, 16.0))));
    assert_eq!(qty(&now, SHORT, 750), (None, Some((12.5, 16.0))));
    let mut now = row(T0);
    now.indicators.funding_bias = Some(0.4);
    assert_eq!(qty(&now, LONG, 750), (None, Some((10.0, 16.0))), "longs pay");
    assert_eq!(qty(&now, SHORT, 750), (None, Some((12.5, 16.0))));
    let mut now = row(T0);
    now.atr_1h = Some(28.0);
    let risk_distance = 2.0 * (0.7 * 8.0 + 0.3 * 28.0);
    assert_eq!(qty(&now, LONG, 750), (None, Some((7.142, risk_distance))));
}

#[test]
fn entry_rules_refuse_by_name() {
    let refusal = |config: StrategyConfig, row: FeatureRow| {
        evaluate(&mut runner_with(config, simulation(FillModel::Tape)), &row, LONG, 750).reason
    };
    let blackout = StrategyConfig { blackout_hours: 1 << 5, ..config() };
    assert_eq!(refusal(blackout.clone(), row(T0 + 6 * HOUR_MS - 1)), Some(Reason::Risk(Rule::BlackoutHours)));
    assert_eq!(refusal(blackout, row(T0 + 6 * HOUR_MS)), None);
    let disabled = StrategyConfig { symbol_disabled: true, ..config() };
    assert_eq!(refusal(disabled, row(T0)), Some(Reason::Risk(Rule::DisabledSymbol)));
    let cascade = FeatureRow { cascade: true, ..row(T0) };
    assert_eq!(refusal(config(), cascade.clone()), None);
    let rule = StrategyConfig { rule_cascade: true, ..config() };
    assert_eq!(refusal(rule, cascade), Some(Reason::Risk(Rule::Cascade)));
}

/// Enters at `t_ms` and leaves at `price` one second later.
fn round_trip(runner: &mut Runner, t_ms: i64, side: Side, total: i32, price: i64) -> Option<Reason> {
    let outcome = evaluate(runner, &row(t_ms), side, total);
    runner.on_trade(t_ms + 1, 10_000);
    runner.on_trade(t_ms + 1_000, price);
    outcome.reason
}

const LONG_STOP: i64 = 9_800;
const LONG_TP: i64 = 10_300;

#[test]
fn the_hourly_cap_counts_entries_of_sixty_minutes() {
    let capped = StrategyConfig { hourly_entry_cap: Some(2), ..config() };
    let mut runner = runner_with(capped, simulation(FillModel::Tape));
    assert_eq!(round_trip(&mut runner, T0, LONG, 750, LONG_TP), None);
    assert_eq!(round_trip(&mut runner, T0 + 20 * MINUTE_MS, LONG, 750, LONG_TP), None);
    let cap = Some(Reason::Risk(Rule::HourlyEntryCap));
    assert_eq!(round_trip(&mut runner, T0 + 60 * MINUTE_MS - 1, LONG, 750, LONG_TP), cap);
    assert_eq!(round_trip(&mut runner, T0 + 70 * MINUTE_MS, LONG, 750, LONG_TP), None);
    assert_eq!(round_trip(&mut runner, T0 + 81 * MINUTE_MS, LONG, 750, LONG_TP), None);
}

#[test]
fn the_adaptive_cooldown_lengthens_after_two_stop_outs_and_shortens_after_a_first_profit() {
    let adaptive = StrategyConfig { rule_adaptive_cooldown: true, ..config() };
    let mut runner = runner_with(adaptive, simulation(FillModel::Tape));
    let cooldown = Some(Reason::Cooldown);
    assert_eq!(round_trip(&mut runner, T0, LONG, 750, LONG_STOP), None);
    let second = T0 + 10 * MINUTE_MS;
    assert_eq!(round_trip(&mut runner, second, LONG, 750, LONG_STOP), None, "one stop-out changes nothing");
    assert_eq!(round_trip(&mut runner, second + 20 * MINUTE_MS - 1, LONG, 750, LONG_TP), cooldown);
    let third = second + 20 * MINUTE_MS;
    assert_eq!(round_trip(&mut runner, third, LONG, 750, LONG_TP), None);
    // The stop-outs are 30 minutes old by now; the latest position took profit.
    let fourth = third + 5 * MINUTE_MS;
    assert_eq!(round_trip(&mut runner, fourth - 1, LONG, 900, LONG_TP), cooldown);
    // A fourth entry on one side needs a first profit and a score of 85.
    assert_eq!(round_trip(&mut runner, fourth, LONG, 849, LONG_TP), Some(Reason::Risk(Rule::SameSide)));
    assert_eq!(round_trip(&mut runner, fourth + 5 * MINUTE_MS, LONG, 850, LONG_TP), None);
    assert_eq!(round_trip(&mut runner, fourth + 10 * MINUTE_MS, SHORT, 750, 9_700), None);
    assert_eq!(
        round_trip(&mut runner, fourth + 15 * MINUTE_MS, LONG, 750, LONG_TP),
        None,
        "the other side restarts it"
    );
}

#[test]
fn equity_counts_what_is_open_and_is_marked_at_exits_and_the_end() {
    let mut runner = runner_with(config(), Simulation { fee_rate: 0.0, ..simulation(FillModel::Level) });
    runner.mark(T0, 10_000);
    evaluate(&mut runner, &row(T0), LONG, 750);
    runner.mark(T0 + HOUR_MS, 10_080);
    runner.on_trade(T0 + HOUR_MS + 1, 10_200);
    runner.mark(T0 + 2 * HOUR_MS, 10_080);
    runner.on_trade(T0 + 2 * HOUR_MS + 1, 9_990);
    evaluate(&mut runner, &row(T0 + 3 * HOUR_MS), SHORT, 750);
    let run = runner.finish(T0 + 3 * HOUR_MS + 7, 10_160);
    assert_eq!(
        run.equity.equity_r(),
        [0.0, 0.5, 0.5 * 0.75 + 0.5 * 0.5, 0.5 * 0.75, 0.5 * 0.75 - 1.0],
        "start, floating, half taken, break-even exit, end"
    );
    assert_eq!(run.equity.equity_usdt()[3], 10_000.0 + 0.375 * 200.0);
    assert_eq!(run.equity.time_ms()[3..], [T0 + 2 * HOUR_MS + 1, T0 + 3 * HOUR_MS + 7]);
    assert_eq!((run.trades.len(), run.open.map(|open| open.status)), (1, Some(Status::Active)));
}
