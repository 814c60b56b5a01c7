//! Trades and directories for tests.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use arbcore_core::batch::TradeBatch;

/// A fresh directory of this test's own.
pub fn scratch(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("arbcore-{name}-{}-{number}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// `n` seeded trades from `start_ms` on, about `mean_ms` apart, with ids from `first_id` on.
pub fn trades(seed: u64, n: usize, start_ms: i64, mean_ms: u64, first_id: i64) -> TradeBatch {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 11
    };
    let (mut time, mut price, mut last) = (start_ms, 1_000_000_i64, 5_000_i64);
    let mut batch = TradeBatch { agg_id: Some(vec![]), first_last_id: Some((vec![], vec![])), ..TradeBatch::default() };
    for row in 0..n {
        time += (next() % (2 * mean_ms + 1)) as i64;
        price = (price + (next() % 21) as i64 - 10).max(1);
        batch.time_ms.push(time);
        batch.price.push(price);
        batch.qty.push(1 + (next() % 5_000) as i64);
        batch.is_buyer_maker.push(next() % 2 == 0);
        batch.agg_id.as_mut().unwrap().push(first_id + row as i64);
        let ids = batch.first_last_id.as_mut().unwrap();
        ids.0.push(last + 1);
        last += 1 + (next() % 4) as i64;
        ids.1.push(last);
    }
    batch
}
