use super::*;

fn trade(id: i64, time_ms: i64, price: i64, qty: i64, sell: bool) -> Trade {
    Trade { agg_id: Some(id), time_ms, price, qty, is_buyer_maker: sell, count: 1 }
}

fn tape(policy: IdPolicy) -> Tape {
    Tape::new(Grid { price_decimals: 1, qty_decimals: 3 }, policy)
}

#[test]
fn ids_follow_runs_and_gaps_fill_late() {
    let mut t = tape(IdPolicy::Accept);
    for id in [10, 11, 15, 16, 13, 17, 13, 9] {
        t.push(&trade(id, 1_000, 5, 1, false)).unwrap();
    }
    let ids: Vec<_> = (0..t.len()).map(|i| t.trade(i).unwrap().agg_id.unwrap()).collect();
    assert_eq!(ids, [10, 11, 15, 16, 13, 17]);
    assert_eq!(t.gaps(), [(12, 12), (14, 14)]);
    let report = t.report();
    assert_eq!((report.gaps, report.missing, report.late, report.duplicates, report.out_of_order), (1, 2, 1, 1, 1));
}

#[test]
fn reject_leaves_the_tape_as_it_was() {
    let mut t = tape(IdPolicy::Reject);
    t.push(&trade(1, 0, 5, 1, false)).unwrap();
    let batch = TradeBatch {
        agg_id: Some(vec![2, 4]),
        time_ms: vec![1, 2],
        price: vec![5, 5],
        qty: vec![1, 1],
        is_buyer_maker: vec![false, true],
        first_last_id: None,
    };
    let message = t.push_many(&batch).unwrap_err().to_string();
    assert!(message.contains("agg_id 4 after 2: 1 ids are missing"), "{message}");
    assert_eq!((t.len(), t.report().gaps), (1, 0));
}

#[test]
fn wide_numbers_survive_beside_narrow_ones() {
    let mut t = tape(IdPolicy::Drop);
    let rows = [
        trade(1, 0, 7, 3, true),
        trade(2, 1, i64::MAX, 4, false),
        trade(3, 1 << 40, 9, i64::from(i32::MAX) + 1, true),
        trade(4, (1 << 40) - 5, 9, 1, true),
    ];
    for row in &rows {
        t.push(row).unwrap();
    }
    for (i, row) in rows.iter().enumerate().take(3) {
        assert_eq!(t.trade(i as u64).as_ref(), Some(row));
    }
    assert_eq!((t.time_ms(3), t.report().times_raised), (1 << 40, 1));
    assert_eq!(t.first_at_or_after(1), 1);
    assert_eq!(t.first_at_or_after(2), 2);
}

#[test]
fn a_batch_equals_single_pushes_and_old_chunks_go() {
    let n = 3 * CHUNK_LEN as i64 + 17;
    let (mut single, mut batched) = (tape(IdPolicy::Drop), tape(IdPolicy::Drop));
    let mut batch = TradeBatch { agg_id: Some(vec![]), first_last_id: Some((vec![], vec![])), ..TradeBatch::default() };
    for i in 0..n {
        let count = if i % 1000 == 0 { 70_000 } else { 1 + i % 3 };
        let row = Trade { count: count as u32, ..trade(i, i / 3, 100 + i % 7, 1 + i % 11, i % 2 == 0) };
        single.push(&row).unwrap();
        batch.agg_id.as_mut().unwrap().push(i);
        batch.time_ms.push(row.time_ms);
        batch.price.push(row.price);
        batch.qty.push(row.qty);
        batch.is_buyer_maker.push(row.is_buyer_maker);
        let ids = batch.first_last_id.as_mut().unwrap();
        ids.0.push(10 * i);
        ids.1.push(10 * i + count - 1);
    }
    batched.push_many(&batch).unwrap();
    for i in (0..n as u64).step_by(97) {
        assert_eq!(single.trade(i), batched.trade(i));
    }
    batched.drop_before(batched.time_ms(2 * CHUNK_LEN as u64 + 5));
    assert_eq!(batched.start(), 2 * CHUNK_LEN as u64);
    assert_eq!(batched.trade(2 * CHUNK_LEN as u64), single.trade(2 * CHUNK_LEN as u64));
    assert_eq!(batched.trade(5), None);
}

#[test]
fn counts_are_the_same_whether_pushed_alone_or_in_batches() {
    let mut state = 9_u64;
    let mut random = move |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let n = CHUNK_LEN + 5_000;
    let counts: Vec<u32> = (0..n)
        .map(|i| match i {
            ..3_000 => 1,
            60_000 => 40_000,
            66_000 => 70_000,
            _ => 1 + random(5) as u32,
        })
        .collect();
    let trades: Vec<Trade> = (0..)
        .zip(&counts)
        .map(|(i, &count)| Trade { count, ..trade(i, i * 3, 5 + i % 7, 1 + i % 5, i % 3 == 0) })
        .collect();
    let mut alone = tape(IdPolicy::Drop);
    for trade in &trades {
        assert!(alone.push(trade).unwrap());
    }
    let mut together = tape(IdPolicy::Drop);
    let mut from = 0;
    while from < n {
        let to = n.min(from + 1 + random(9_000) as usize);
        let part = &trades[from..to];
        let first: Vec<i64> = part.iter().map(|trade| trade.time_ms * 10).collect();
        let last = first.iter().zip(part).map(|(first, trade)| first + i64::from(trade.count) - 1).collect();
        let batch = TradeBatch {
            agg_id: Some(part.iter().filter_map(|trade| trade.agg_id).collect()),
            time_ms: part.iter().map(|trade| trade.time_ms).collect(),
            price: part.iter().map(|trade| trade.price).collect(),
            qty: part.iter().map(|trade| trade.qty).collect(),
            is_buyer_maker: part.iter().map(|trade| trade.is_buyer_maker).collect(),
            first_last_id: Some((first, last)),
        };
        together.push_many(&batch).unwrap();
        from = to;
    }
    for (i, trade) in (0..).zip(&trades) {
        assert_eq!((alone.trade(i).as_ref(), together.trade(i).as_ref()), (Some(trade), Some(trade)), "{i}");
    }
    // A pair that is no range counts as one trade.
    let odd = TradeBatch {
        agg_id: Some(vec![n as i64, n as i64 + 1]),
        time_ms: vec![1 << 20; 2],
        price: vec![5; 2],
        qty: vec![1; 2],
        is_buyer_maker: vec![true; 2],
        first_last_id: Some((vec![7, 10], vec![3, 11])),
    };
    together.push_many(&odd).unwrap();
    let count = |i: usize| together.trade(i as u64).unwrap().count;
    assert_eq!((count(n), count(n + 1)), (1, 2));
}
