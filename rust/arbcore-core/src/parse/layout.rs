//! Which column of a CSV file holds what.

use super::bad::shortened;
use super::row::flag;

/// Unit of a file's time column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Milliseconds since the epoch.
    Milliseconds,
    /// Microseconds since the epoch; read as milliseconds, rounded down.
    Microseconds,
}

impl TimeUnit {
    /// Times above this are microseconds (as milliseconds it is the year 5138, as microseconds 1973).
    pub const GREATEST_MS: i64 = 100_000_000_000_000;
    pub(super) const GREATEST_US: i64 = 1_000 * Self::GREATEST_MS;

    /// The unit in which `time` is a date between 1973 and 5138, or milliseconds below that.
    pub(super) fn of(time: i64) -> Option<Self> {
        if time <= Self::GREATEST_MS {
            Some(Self::Milliseconds)
        } else if time <= Self::GREATEST_US {
            Some(Self::Microseconds)
        } else {
            None
        }
    }

    /// `ms` or `us`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Microseconds => "us",
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Id,
    Price,
    Qty,
    FirstId,
    LastId,
    Time,
    IsBuyerMaker,
    Symbol,
}

/// Names of columns, best first, in lower case without `_`, `-` and spaces.
const SYNONYMS: [(Role, &[&str]); 8] = [
    (Role::Id, &["aggtradeid", "aggid", "aggregatetradeid", "id", "tradeid", "a"]),
    (Role::Price, &["price", "p"]),
    (Role::Qty, &["quantity", "qty", "size", "amount", "q"]),
    (Role::FirstId, &["firsttradeid", "firstid", "f"]),
    (Role::LastId, &["lasttradeid", "lastid", "l"]),
    (Role::Time, &["transacttime", "tradetime", "time", "timems", "timestamp", "T"]),
    (Role::IsBuyerMaker, &["isbuyermaker", "buyermaker", "m"]),
    (Role::Symbol, &["symbol", "s"]),
];

/// The columns of a CSV file of trades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Column names, from the header or, without one, of the dump format that was recognised.
    pub names: Vec<String>,
    /// Whether the first line is a header.
    pub has_header: bool,
    pub(super) roles: Vec<Option<Role>>,
    pub(super) id: Option<usize>,
    pub(super) price: usize,
    pub(super) qty: usize,
    pub(super) first_last: Option<(usize, usize)>,
    pub(super) time: usize,
    pub(super) is_buyer_maker: usize,
    pub(super) symbol: Option<usize>,
}

impl Layout {
    /// True with a column of trade ids.
    pub fn has_ids(&self) -> bool {
        self.id.is_some()
    }

    /// True with columns of first and last underlying trade ids.
    pub fn has_first_last_ids(&self) -> bool {
        self.first_last.is_some()
    }

    /// True with a column of symbols.
    pub fn has_symbol(&self) -> bool {
        self.symbol.is_some()
    }

    /// The layout that a file's first line shows: a header unless it begins with a digit.
    pub(super) fn of_first_line(line: &[u8]) -> Result<Self, String> {
        if line.first().is_some_and(u8::is_ascii_digit) { Self::of_row(line) } else { Self::of_header(line) }
    }

    fn of_header(line: &[u8]) -> Result<Self, String> {
        let names: Vec<String> = line
            .split(|&byte| byte == b',')
            .map(|name| String::from_utf8_lossy(name.trim_ascii()).into_owned())
            .collect();
        let normal: Vec<String> = names.iter().map(|name| normalised(name)).collect();
        let mut roles = vec![None; names.len()];
        for (role, synonyms) in SYNONYMS {
            let Some(best) = synonyms.iter().find(|&&synonym| normal.iter().any(|name| name == synonym)) else {
                continue;
            };
            let mut columns = normal.iter().enumerate().filter(|(_, name)| name == best).map(|(column, _)| column);
            roles[columns.next().unwrap_or_default()] = Some(role);
            if columns.next().is_some() {
                return Err(format!("the header names the column {best} twice: {}", shortened(line)));
            }
        }
        Self::of_roles(names, roles, true)
            .map_err(|missing| format!("the header has no column for the {missing}: {}", shortened(line)))
    }

    fn of_row(line: &[u8]) -> Result<Self, String> {
        let fields: Vec<&[u8]> = line.split(|&byte| byte == b',').collect();
        let is_flag = |column: usize| flag(fields[column]).is_some();
        // Seven columns are aggregated trades of futures or single trades of spot; the latter end in two booleans.
        let names = match fields.len() {
            6 => "id,price,qty,quote_qty,time,is_buyer_maker",
            7 if is_flag(5) && is_flag(6) => "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match",
            7 => "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
            8 => "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker,is_best_match",
            count => {
                return Err(format!(
                    "there is no header, and {count} columns are no known dump format (6: trades, 7: aggTrades or spot \
                     trades, 8: spot aggTrades); add a header line with price, quantity, transact_time, is_buyer_maker"
                ));
            }
        };
        let mut layout = Self::of_header(names.as_bytes())?;
        layout.has_header = false;
        Ok(layout)
    }

    fn of_roles(names: Vec<String>, mut roles: Vec<Option<Role>>, has_header: bool) -> Result<Self, &'static str> {
        // One of the two says nothing.
        if !(roles.contains(&Some(Role::FirstId)) && roles.contains(&Some(Role::LastId))) {
            roles
                .iter_mut()
                .filter(|role| matches!(role, Some(Role::FirstId | Role::LastId)))
                .for_each(|role| *role = None);
        }
        let column = |role: Role| roles.iter().position(|&held| held == Some(role));
        Ok(Self {
            id: column(Role::Id),
            price: column(Role::Price).ok_or("price")?,
            qty: column(Role::Qty).ok_or("quantity")?,
            first_last: column(Role::FirstId).zip(column(Role::LastId)),
            time: column(Role::Time).ok_or("time (transact_time)")?,
            is_buyer_maker: column(Role::IsBuyerMaker).ok_or("taker's side (is_buyer_maker)")?,
            symbol: column(Role::Symbol),
            names,
            has_header,
            roles,
        })
    }
}

/// `agg_trade_id`, `aggTradeId` and `Agg Trade ID` are one name; `t` and `T` are not (trade id and trade time).
fn normalised(name: &str) -> String {
    if name.len() == 1 {
        return name.to_owned();
    }
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(line: &str) -> Layout {
        Layout::of_first_line(line.as_bytes()).unwrap()
    }

    #[test]
    fn headers_are_read_by_name() {
        let dump = layout("agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker");
        assert_eq!((dump.id, dump.price, dump.qty, dump.time, dump.is_buyer_maker), (Some(0), 1, 2, 5, 6));
        assert_eq!(dump.first_last, Some((3, 4)));
        let rest = layout("a,p,q,f,l,T,m,M");
        assert_eq!((rest.id, rest.first_last, rest.time, rest.is_buyer_maker), (Some(0), Some((3, 4)), 5, 6));
        let mixed = layout("symbol, isBuyerMaker ,Time,event_time,Qty,Price,id,agg_trade_id");
        assert_eq!((mixed.symbol, mixed.is_buyer_maker, mixed.time, mixed.qty, mixed.price), (Some(0), 1, 2, 4, 5));
        assert_eq!((mixed.id, mixed.first_last), (Some(7), None));
        assert!(mixed.has_header);
    }

    #[test]
    fn headers_that_lack_or_repeat_a_column_say_so() {
        let error = |line: &str| Layout::of_first_line(line.as_bytes()).unwrap_err();
        assert!(error("price,quantity,is_buyer_maker").contains("no column for the time (transact_time)"));
        assert!(error("price,price,quantity,time,m").contains("names the column price twice"));
        assert!(error("\u{feff}").contains("no column for the price"));
    }

    #[test]
    fn dumps_without_header_are_known_by_their_columns() {
        let spot = layout("1,7.5,2.5,10,12,1700179210707,True,True");
        assert_eq!((spot.names.len(), spot.first_last, spot.time, spot.is_buyer_maker), (8, Some((3, 4)), 5, 6));
        assert!(!spot.has_header);
        assert_eq!(layout("1,7.5,2.5,10,12,1700179210707,true").time, 5);
        let trades = layout("1,7.5,2.5,18.75,1700179210707,True,True");
        assert_eq!((trades.time, trades.is_buyer_maker, trades.first_last), (4, 5, None));
        assert_eq!(layout("1,7.5,2.5,18.75,1700179210707,true").time, 4);
        assert!(Layout::of_first_line(b"1,2,3").unwrap_err().contains("3 columns are no known dump format"));
    }
}
