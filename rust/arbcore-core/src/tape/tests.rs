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
