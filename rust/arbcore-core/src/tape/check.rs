//! Checks over whole columns: folds of bits without an early exit, which vectorise on every machine.
//!
//! They only say whether all is well. Whoever is told otherwise looks for the row.

/// True when every value is above 0.
pub(super) fn all_positive(values: &[i64]) -> bool {
    // Without the value itself the least `i64` would wrap to a positive number.
    values.iter().fold(0, |bits, &value| bits | value | value.wrapping_sub(1)) >= 0
}

/// True when the ids are `first`, `first + 1`, and so on.
pub(super) fn consecutive(ids: &[i64], first: i64) -> bool {
    ids.iter().zip(0..).fold(0, |bits, (&id, i)| bits | (id ^ first.wrapping_add(i))) == 0
}

/// True when no time lies below its predecessor's. False may also mean that a time is beyond 2^62, where a
/// difference could overflow.
pub(super) fn surely_rises(times: &[i64]) -> bool {
    let bits = times.iter().zip(times.iter().skip(1)).fold(0, |bits, (&a, &b)| bits | b.wrapping_sub(a));
    let beyond = times.iter().fold(0, |bits, &t| bits | (t ^ (t << 1)));
    bits >= 0 && beyond >= 0
}

/// A number that no value lies above: less than twice the greatest one. Values are positive.
pub(super) fn upper_bound(values: &[i64]) -> i64 {
    values.iter().fold(0, |bits, &value| bits | value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_are_judged_as_a_plain_comparison_judges_them() {
        let values = [i64::MIN, i64::MIN + 1, -1, 0, 1, 2, 1 << 61, i64::MAX - 1, i64::MAX];
        for a in values {
            assert_eq!(all_positive(&[a]), a > 0, "{a}");
            assert_eq!(all_positive(&[1, a, 5]), a > 0, "{a}");
            for b in values {
                let sane = |t: i64| (-(1 << 62)..1 << 62).contains(&t);
                assert_eq!(surely_rises(&[a, b]), a <= b && sane(a) && sane(b), "{a} {b}");
                if a > 0 && b > 0 {
                    let bound = upper_bound(&[a, b]);
                    assert!(bound >= a.max(b) && bound / 2 < a.max(b), "{a} {b}");
                }
            }
        }
        assert!(consecutive(&[7, 8, 9], 7));
        assert!(!consecutive(&[7, 8, 10], 7));
        assert!(!consecutive(&[8, 9], 7));
        assert!(surely_rises(&[]) && surely_rises(&[3]));
    }
}
