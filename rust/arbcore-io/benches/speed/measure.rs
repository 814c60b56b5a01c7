//! Rounds of work, timed, and the lines that report them.

use std::hint::black_box;
use std::time::Instant;

/// Seconds of each of `rounds` rounds; making the input and letting go of the output is not timed.
pub fn rounds<T, R>(rounds: usize, mut prepare: impl FnMut() -> T, mut work: impl FnMut(T) -> R) -> Vec<f64> {
    (0..rounds)
        .map(|_| {
            let input = prepare();
            let started = Instant::now();
            let output = black_box(work(input));
            let seconds = started.elapsed().as_secs_f64();
            drop(output);
            seconds
        })
        .collect()
}

/// The best round.
pub fn best(seconds: &[f64]) -> f64 {
    seconds.iter().copied().fold(f64::INFINITY, f64::min)
}

fn median(seconds: &[f64]) -> f64 {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn print(name: &str, unit: &str, best: f64, median: f64, rounds: usize) {
    println!(
        "{{\"name\": \"{name}\", \"unit\": \"{unit}\", \"best\": {best:.6}, \"median\": {median:.6}, \"rounds\": {rounds}}}"
    );
}

/// A figure that is no time.
pub fn report_value(name: &str, unit: &str, value: f64) {
    print(name, unit, value, value, 1);
}

/// Items a second, in millions.
pub fn report_rate(name: &str, items: usize, seconds: &[f64]) {
    let rate = |seconds: f64| items as f64 / seconds / 1e6;
    print(name, "M/s", rate(best(seconds)), rate(median(seconds)), seconds.len());
}

/// Nanoseconds an item.
pub fn report_ns(name: &str, items: usize, seconds: &[f64]) {
    let each = |seconds: f64| seconds / items as f64 * 1e9;
    print(name, "ns", each(best(seconds)), each(median(seconds)), seconds.len());
}

/// Microseconds an item.
pub fn report_us(name: &str, items: usize, seconds: &[f64]) {
    let each = |seconds: f64| seconds / items as f64 * 1e6;
    print(name, "us", each(best(seconds)), each(median(seconds)), seconds.len());
}

/// Seconds a round.
pub fn report_s(name: &str, seconds: &[f64]) {
    print(name, "s", best(seconds), median(seconds), seconds.len());
}

/// How many times as fast as the baseline, both at their best.
pub fn report_ratio(name: &str, baseline: f64, seconds: f64) {
    report_value(name, "x", baseline / seconds);
}
