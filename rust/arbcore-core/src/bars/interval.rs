//! Lengths of bars.

use crate::error::{CoreError, Result};
use crate::types::{DAY_MS, HOUR_MS, MINUTE_MS};

/// A multiple of five minutes that divides a day; windows of it are counted from 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    length_ms: i64,
}

impl Interval {
    /// Five minutes, the base of all others.
    pub const BASE: Self = Self { length_ms: 5 * MINUTE_MS };

    /// The six intervals of the factor system, shortest first.
    pub const STANDARD: [Self; 6] = [
        Self::BASE,
        Self { length_ms: HOUR_MS },
        Self { length_ms: 4 * HOUR_MS },
        Self { length_ms: 8 * HOUR_MS },
        Self { length_ms: 12 * HOUR_MS },
        Self { length_ms: DAY_MS },
    ];

    /// An interval of that length, if it is a multiple of 5 minutes and divides a day.
    pub fn from_ms(length_ms: i64) -> Result<Self> {
        if length_ms > 0 && length_ms % Self::BASE.length_ms == 0 && DAY_MS % length_ms == 0 {
            Ok(Self { length_ms })
        } else {
            Err(CoreError::input(format!(
                "interval of {length_ms} ms: must be a multiple of 5m that divides 24h, for example 5m, 15m, 1h, 4h, 24h"
            )))
        }
    }

    /// Reads `5m`, `1h`, `24h`, `1d`.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = || {
            CoreError::input(format!(
                "interval {text:?}: must be a whole number and m, h or d, a multiple of 5m that divides 24h"
            ))
        };
        let (number, unit_ms) = match text.as_bytes().last() {
            Some(b'm') => (&text[..text.len() - 1], MINUTE_MS),
            Some(b'h') => (&text[..text.len() - 1], HOUR_MS),
            Some(b'd') => (&text[..text.len() - 1], DAY_MS),
            _ => return Err(refuse()),
        };
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refuse());
        }
        let count: i64 = number.parse().map_err(|_| refuse())?;
        count.checked_mul(unit_ms).and_then(|ms| Self::from_ms(ms).ok()).ok_or_else(refuse)
    }

    /// Length in milliseconds.
    pub const fn length_ms(self) -> i64 {
        self.length_ms
    }

    /// Number of 5-minute windows in one window of this interval.
    pub const fn parts(self) -> i64 {
        self.length_ms / Self::BASE.length_ms
    }

    /// Start of the window that holds `time_ms`.
    pub const fn start_of(self, time_ms: i64) -> i64 {
        time_ms - time_ms.rem_euclid(self.length_ms)
    }

    /// Number of the window that starts at `open_ms` within its UTC day, from 1.
    pub const fn time_label(self, open_ms: i64) -> i64 {
        open_ms.rem_euclid(DAY_MS) / self.length_ms + 1
    }

    /// `5m`, `1h`, `24h`: whole hours in hours, others in minutes.
    pub fn name(self) -> String {
        if self.length_ms % HOUR_MS == 0 {
            format!("{}h", self.length_ms / HOUR_MS)
        } else {
            format!("{}m", self.length_ms / MINUTE_MS)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_names_intervals() {
        for (text, name, parts) in
            [("5m", "5m", 1), ("60m", "1h", 12), ("8h", "8h", 96), ("1d", "24h", 288), ("90m", "90m", 18)]
        {
            let interval = Interval::parse(text).unwrap();
            assert_eq!((interval.name().as_str(), interval.parts()), (name, parts));
        }
        for text in ["", "m", "5", "7m", "25m", "5h", "2d", "-5m", "+5m", "0m", "5µ", "99999999999999999999h"] {
            let message = Interval::parse(text).unwrap_err().to_string();
            assert!(message.contains("divides 24h"), "{text}: {message}");
        }
    }

    #[test]
    fn windows_count_from_midnight_utc() {
        let eight = Interval::parse("8h").unwrap();
        let day = 20_000 * DAY_MS;
        assert_eq!(eight.start_of(day + 17 * HOUR_MS), day + 16 * HOUR_MS);
        assert_eq!(eight.time_label(day + 16 * HOUR_MS), 3);
        assert_eq!(Interval::BASE.time_label(day + DAY_MS - 5 * MINUTE_MS), 288);
        assert_eq!(Interval::BASE.start_of(-1), -5 * MINUTE_MS);
    }
}
