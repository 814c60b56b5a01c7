//! Many configurations over the same features and trades, each exactly as if it ran alone.
//!
//! Decisions are scored once per distinct scoring part of the configurations and only those that reach an
//! entry score are visited; between them the next trade that matters is searched, not walked to. The
//! [`Runner`](crate::position::Runner) is the one a replay uses, so a row of a sweep equals that replay bit for bit.

mod candidates;
mod index;
mod key;
mod pyramid;
mod timeline;
mod walk;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub use index::{TradeColumns, TradeIndex};
pub use pyramid::PricePyramid;

use crate::error::{CoreError, Result};
use crate::feature::FeatureRow;
use crate::position::{Filters, RunResult, Simulation};
use crate::sample::Settlement;
use crate::stats::{Activity, Statistics};
use crate::strategy::StrategyConfig;
use candidates::Candidates;
use key::ScoreKey;
use timeline::Timeline;
use walk::Walk;

/// Candidates held at once: bounds the memory of a batch, whatever the number of configurations.
const CANDIDATES_MAX: usize = 4 << 20;
const GROUPS_MAX: usize = 1_024;

/// What all configurations share.
#[derive(Debug, Clone, Copy)]
pub struct SweepInput<'a, T> {
    /// Every evaluation of the run, in order.
    pub rows: &'a [FeatureRow],
    /// Every trade of the run.
    pub trades: &'a T,
    /// Funding settlements of the run, in order.
    pub funding: &'a [Settlement],
    /// How orders are filled and what they cost.
    pub simulation: Simulation,
    /// What the exchange accepts as a quantity.
    pub filters: Filters,
    /// Signals only at evaluations from this time on.
    pub from_ms: Option<i64>,
    /// Signals only at evaluations before this time.
    pub to_ms: Option<i64>,
}

/// How to run.
#[derive(Debug, Clone, Copy)]
pub struct SweepOptions<'a> {
    /// Threads; at least 1. The results do not depend on it.
    pub threads: usize,
    /// Keep trades and equity of each configuration, not only its statistics.
    pub keep_runs: bool,
    /// Counts finished configurations.
    pub done: Option<&'a AtomicUsize>,
    /// Once true, no further configuration is begun.
    pub stop: Option<&'a AtomicBool>,
}

impl Default for SweepOptions<'_> {
    /// One thread a core.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { threads, keep_runs: false, done: None, stop: None }
    }
}

/// One configuration's result.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepRow {
    /// Its figures.
    pub statistics: Statistics,
    /// Its trades and equity, where asked for.
    pub run: Option<RunResult>,
}

/// Runs every configuration; results come in the order of `configs`, `None` for those not reached before a stop.
pub fn sweep<T: TradeIndex>(
    input: &SweepInput<T>,
    configs: &[StrategyConfig],
    options: &SweepOptions,
) -> Result<Vec<Option<SweepRow>>> {
    input.simulation.validate()?;
    check_rows(input)?;
    check_configs(configs)?;
    let threads = options.threads.max(1);
    let pyramid = PricePyramid::build(input.trades, threads);
    let timeline = Timeline::new(input);
    let activity = timeline.activity(input.rows);
    let walk = Walk { input, timeline: &timeline, pyramid: &pyramid };
    let groups = grouped(configs);
    let mut results: Vec<Option<SweepRow>> = configs.iter().map(|_| None).collect();
    let batch = (CANDIDATES_MAX / timeline.scored.len().max(1)).clamp(1, GROUPS_MAX);
    for groups in groups.chunks(batch) {
        let candidates = Candidates::find(&input.rows[timeline.scored.clone()], configs, groups, threads)?;
        // (configuration, its group) in order: neighbours share their candidates.
        let work: Vec<(usize, usize)> =
            groups.iter().enumerate().flat_map(|(group, members)| members.iter().map(move |&of| (of, group))).collect();
        let finished = in_parallel(threads, work.len(), |i| {
            if options.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return None;
            }
            let (of, group) = work[i];
            let run = walk.run(&configs[of], &candidates, group);
            let statistics = Statistics::of(&run, activity);
            if let Some(done) = options.done {
                done.fetch_add(1, Ordering::Relaxed);
            }
            Some(SweepRow { statistics, run: options.keep_runs.then_some(run) })
        });
        for (&(of, _), row) in work.iter().zip(finished) {
            results[of] = row;
        }
    }
    Ok(results)
}

/// The span over which a run may give signals: evaluations after warm-up with `from <= t < to`.
pub fn activity(rows: &[FeatureRow], from_ms: Option<i64>, to_ms: Option<i64>) -> Option<Activity> {
    let tested = timeline::scored(rows, from_ms, to_ms);
    let rows = &rows[tested];
    let start = rows.iter().find(|row| !row.warmup)?;
    Some(Activity { start_ms: start.t_ms, end_ms: rows.last()?.t_ms })
}

fn check_rows<T: TradeIndex>(input: &SweepInput<T>) -> Result<()> {
    if input.trades.is_empty() || input.rows.is_empty() {
        return Err(CoreError::InsufficientData(format!(
            "sweep: {} trades and {} evaluations; at least one of each is needed",
            input.trades.len(),
            input.rows.len()
        )));
    }
    let grid = input.rows[0].grid;
    for (i, pair) in input.rows.windows(2).enumerate() {
        if pair[1].t_ms <= pair[0].t_ms || pair[1].grid != grid {
            return Err(CoreError::input(format!(
                "sweep: evaluation {} at t_ms = {}: must be later than the one before ({}) and on the same grid",
                i + 1,
                pair[1].t_ms,
                pair[0].t_ms
            )));
        }
    }
    Ok(())
}

/// Every configuration, since only one of each group is scored.
fn check_configs(configs: &[StrategyConfig]) -> Result<()> {
    for (i, config) in configs.iter().enumerate() {
        config.validate().map_err(|error| CoreError::config(format!("sweep: configuration {i}: {error}")))?;
        if config.symbol != configs[0].symbol {
            return Err(CoreError::config(format!(
                "sweep: configuration {i}: symbol = {}: must be {}, as of the first one",
                config.symbol, configs[0].symbol
            )));
        }
    }
    Ok(())
}

/// Indices of configurations that share their decisions, groups in order of appearance.
fn grouped(configs: &[StrategyConfig]) -> Vec<Vec<usize>> {
    let mut places = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, config) in configs.iter().enumerate() {
        let group = *places.entry(ScoreKey::of(config)).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(i);
    }
    groups
}

/// `task(0..count)` in order, done by `threads` threads that take the next number each.
fn in_parallel<R: Send>(threads: usize, count: usize, task: impl Fn(usize) -> R + Sync) -> Vec<R> {
    if threads == 1 || count <= 1 {
        return (0..count).map(task).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                return done;
            }
            done.push((i, task(i)));
        }
    };
    let mut results: Vec<(usize, R)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(count)).map(|_| scope.spawn(take)).collect();
        let mut results = take();
        for other in others {
            results.extend(joined(other.join()));
        }
        results
    });
    results.sort_unstable_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, result)| result).collect()
}

/// A thread's result; its panic goes on in the caller.
fn joined<R>(result: std::thread::Result<R>) -> R {
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
