//! What an archive file says about itself.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use arbcore_core::grid::Grid;
use arbcore_core::types::DAY_MS;
use arbcore_core::{CoreError, Result};
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;

/// Version of the layout that this build writes, and the newest it reads.
pub const FORMAT_VERSION: u32 = 1;
/// Decimal digits of every price and quantity column; 10^18 is the least power of ten above which `i64` ends.
pub(super) const PRECISION: u32 = 18;

const KEY_VERSION: &str = "arbcore.trades.version";

/// A market of the exchange: its perpetuals or its spot pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Market {
    /// USD-M perpetuals.
    Um,
    /// Spot.
    Spot,
}

impl Market {
    /// Both, in the order in which they are looked for.
    pub const ALL: [Self; 2] = [Self::Um, Self::Spot];

    /// `um` or `spot`, as in the path.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Um => "um",
            Self::Spot => "spot",
        }
    }
}

impl FromStr for Market {
    type Err = CoreError;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "um" => Ok(Self::Um),
            "spot" => Ok(Self::Spot),
            other => Err(CoreError::input(format!("market = {other:?}: must be \"um\" or \"spot\""))),
        }
    }
}

/// A UTC day, counted from the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    /// The day of a time.
    pub const fn of(time_ms: i64) -> Self {
        Self(time_ms.div_euclid(DAY_MS))
    }

    /// Its first millisecond.
    pub const fn start_ms(self) -> i64 {
        self.0 * DAY_MS
    }

    /// The first millisecond of the next one.
    pub const fn end_ms(self) -> i64 {
        (self.0 + 1) * DAY_MS
    }

    /// From `YYYY-MM-DD`, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let mut number = |digits: usize| {
            let part = parts.next()?;
            (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i64>().ok())?
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let found = Self(days_before_year(year) + days_before_month(year, month) + day - 1);
        (found.civil() == (year, month, day)).then_some(found)
    }

    /// Year, month, day of the month.
    fn civil(self) -> (i64, i64, i64) {
        // 146,097 days are 400 years; the estimate is at most one year off.
        let mut year = 1970 + self.0 * 400 / 146_097;
        while days_before_year(year) > self.0 {
            year -= 1;
        }
        while days_before_year(year + 1) <= self.0 {
            year += 1;
        }
        let in_year = self.0 - days_before_year(year);
        let month = (1..=12).rev().find(|&m| days_before_month(year, m) <= in_year).unwrap_or(1);
        (year, month, in_year - days_before_month(year, month) + 1)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// Days from the epoch to 1 January.
fn days_before_year(year: i64) -> i64 {
    let y = year - 1;
    let leap_days = |y: i64| y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400);
    (year - 1970) * 365 + leap_days(y) - leap_days(1969)
}

fn days_before_month(year: i64, month: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    BEFORE[(month - 1) as usize] + i64::from(leap && month > 2)
}

/// How whole the ids of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdSummary {
    /// Lowest id.
    pub first: i64,
    /// Highest id.
    pub last: i64,
    /// Number of holes between them.
    pub gaps: u64,
    /// Ids in those holes.
    pub missing: u64,
}

/// Sums over one row group, wrapping: zstd frames carry no checksum of their own, and a flipped bit must not
/// become a wrong price.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct GroupSums {
    pub time: u64,
    pub price: u64,
    pub qty: u64,
    pub sells: u64,
    pub ids: u64,
    pub trade_ids: u64,
}

/// What an archive file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayMeta {
    /// Symbol, as the exchange spells it.
    pub symbol: String,
    /// Its market.
    pub market: Market,
    /// The day.
    pub day: Day,
    /// Grid of the prices and quantities.
    pub grid: Grid,
    /// Trades in the file.
    pub rows: u64,
    /// Continuity of the ids; `None` without ids.
    pub ids: Option<IdSummary>,
    /// True with first and last underlying trade ids.
    pub has_trade_ids: bool,
    pub(super) sums: Vec<GroupSums>,
}

/// Names of the columns of a trades file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `agg_id, time_ms, price, qty, is_buyer_maker, first_trade_id, last_trade_id`.
    Archive,
    /// The exchange's dump: `agg_trade_id, price, quantity, first_trade_id, last_trade_id, transact_time,
    /// is_buyer_maker`.
    Dump,
}

/// A column of a trades file, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Time,
    Price,
    Qty,
    Side,
    FirstTradeId,
    LastTradeId,
}

impl Layout {
    /// Fields in the order of the file, without those the source lacks.
    pub(super) fn fields(self, ids: bool, trade_ids: bool) -> Vec<Field> {
        use Field::{FirstTradeId, Id, LastTradeId, Price, Qty, Side, Time};
        let all = match self {
            Self::Archive => [Id, Time, Price, Qty, Side, FirstTradeId, LastTradeId],
            Self::Dump => [Id, Price, Qty, FirstTradeId, LastTradeId, Time, Side],
        };
        let present = |field: &Field| match field {
            Id => ids,
            FirstTradeId | LastTradeId => trade_ids,
            _ => true,
        };
        all.into_iter().filter(present).collect()
    }

    pub(super) const fn name(self, field: Field) -> &'static str {
        match (field, self) {
            (Field::Id, Self::Archive) => "agg_id",
            (Field::Id, Self::Dump) => "agg_trade_id",
            (Field::Time, Self::Archive) => "time_ms",
            (Field::Time, Self::Dump) => "transact_time",
            (Field::Price, _) => "price",
            (Field::Qty, Self::Archive) => "qty",
            (Field::Qty, Self::Dump) => "quantity",
            (Field::Side, _) => "is_buyer_maker",
            (Field::FirstTradeId, _) => "first_trade_id",
            (Field::LastTradeId, _) => "last_trade_id",
        }
    }

    pub(super) fn schema(self, grid: Grid, fields: &[Field]) -> Result<TypePtr> {
        use fmt::Write as _;
        let mut text = String::from("message trades {");
        for &field in fields {
            let name = self.name(field);
            let done = match field {
                Field::Price => write!(text, " required int64 {name} (DECIMAL({PRECISION},{}));", grid.price_decimals),
                Field::Qty => write!(text, " required int64 {name} (DECIMAL({PRECISION},{}));", grid.qty_decimals),
                Field::Side => write!(text, " required boolean {name};"),
                _ => write!(text, " required int64 {name};"),
            };
            done.map_err(|e| CoreError::Internal(e.to_string()))?;
        }
        text.push_str(" }");
        let schema = parse_message_type(&text).map_err(|e| CoreError::Internal(format!("schema {text}: {e}")))?;
        Ok(Arc::new(schema))
    }
}

/// Refuses names that could not be a symbol (or would leave the archive's directory).
pub fn check_symbol(symbol: &str) -> Result<()> {
    let allowed = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if symbol.is_empty() || symbol.len() > 64 || !symbol.chars().all(allowed) {
        return Err(CoreError::input(format!(
            "symbol = {symbol:?}: must be 1 to 64 letters, digits, '_' or '-', as the exchange spells it (BTCUSDT)"
        )));
    }
    Ok(())
}

impl DayMeta {
    pub(super) fn to_key_values(&self) -> Vec<KeyValue> {
        let ids = match self.ids {
            None => "none".to_owned(),
            Some(IdSummary { first, last, gaps: 0, .. }) => format!("contiguous {first} {last}"),
            Some(IdSummary { first, last, gaps, missing }) => format!("gaps {first} {last} {gaps} {missing}"),
        };
        let sums: Vec<String> = self
            .sums
            .iter()
            .map(|s| format!("{:x},{:x},{:x},{:x},{:x},{:x}", s.time, s.price, s.qty, s.sells, s.ids, s.trade_ids))
            .collect();
        [
            (KEY_VERSION, FORMAT_VERSION.to_string()),
            ("arbcore.symbol", self.symbol.clone()),
            ("arbcore.market", self.market.name().to_owned()),
            ("arbcore.day", self.day.to_string()),
            ("arbcore.price_decimals", self.grid.price_decimals.to_string()),
            ("arbcore.qty_decimals", self.grid.qty_decimals.to_string()),
            ("arbcore.rows", self.rows.to_string()),
            ("arbcore.ids", ids),
            ("arbcore.sums", sums.join(";")),
        ]
        .into_iter()
        .map(|(key, value)| KeyValue::new(key.to_owned(), value))
        .collect()
    }

    /// From a file's metadata; `Ok(None)` for a Parquet file that is not ours.
    pub(super) fn from_metadata(path: &Path, metadata: &ParquetMetaData) -> Result<Option<Self>> {
        let file = metadata.file_metadata();
        let Some(pairs) = file.key_value_metadata() else { return Ok(None) };
        let get = |key: &str| pairs.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_deref());
        let Some(version) = get(KEY_VERSION) else { return Ok(None) };
        if version != FORMAT_VERSION.to_string() {
            return Err(CoreError::Store(format!(
                "{}: archive format version {version}, this arbcore reads {FORMAT_VERSION}: upgrade arbcore, or \
                 import the day again with this version",
                path.display()
            )));
        }
        let bad = |key: &str| damaged(path, &format!("its metadata {key} is missing or unreadable"));
        let text = |key: &str| get(key).ok_or_else(|| bad(key));
        let number = |key: &str| text(key)?.parse::<u32>().map_err(|_| bad(key));
        let grid = Grid::new(number("arbcore.price_decimals")?, number("arbcore.qty_decimals")?)
            .map_err(|_| bad("arbcore.price_decimals"))?;
        let rows = text("arbcore.rows")?.parse::<u64>().map_err(|_| bad("arbcore.rows"))?;
        if u64::try_from(file.num_rows()) != Ok(rows) {
            return Err(damaged(path, &format!("it holds {} rows, its metadata says {rows}", file.num_rows())));
        }
        let ids = parse_ids(text("arbcore.ids")?).ok_or_else(|| bad("arbcore.ids"))?;
        let sums = parse_sums(text("arbcore.sums")?).ok_or_else(|| bad("arbcore.sums"))?;
        if sums.len() != metadata.num_row_groups() {
            return Err(bad("arbcore.sums"));
        }
        let columns: Vec<&str> = file.schema_descr().columns().iter().map(|column| column.name()).collect();
        let has_trade_ids = columns.contains(&Layout::Archive.name(Field::FirstTradeId));
        let expected = Layout::Archive.fields(ids.is_some(), has_trade_ids);
        let schema = Layout::Archive.schema(grid, &expected)?;
        if file.schema().get_fields() != schema.get_fields() {
            return Err(damaged(path, &format!("its columns ({}) are not those of an archive", columns.join(", "))));
        }
        Ok(Some(Self {
            symbol: text("arbcore.symbol")?.to_owned(),
            market: text("arbcore.market")?.parse().map_err(|_| bad("arbcore.market"))?,
            day: Day::parse(text("arbcore.day")?).ok_or_else(|| bad("arbcore.day"))?,
            grid,
            rows,
            ids,
            has_trade_ids,
            sums,
        }))
    }
}

/// Outer `None`: unreadable. Inner `None`: a file without ids.
#[expect(clippy::option_option, reason = "unreadable and absent are two things")]
fn parse_ids(text: &str) -> Option<Option<IdSummary>> {
    let mut words = text.split(' ');
    let kind = words.next()?;
    let numbers: Vec<i64> = words.map(str::parse).collect::<std::result::Result<_, _>>().ok()?;
    match (kind, numbers.as_slice()) {
        ("none", []) => Some(None),
        ("contiguous", &[first, last]) => Some(Some(IdSummary { first, last, gaps: 0, missing: 0 })),
        ("gaps", &[first, last, gaps, missing]) => {
            let (gaps, missing) = (gaps.try_into().ok()?, missing.try_into().ok()?);
            Some(Some(IdSummary { first, last, gaps, missing }))
        }
        _ => None,
    }
}

fn parse_sums(text: &str) -> Option<Vec<GroupSums>> {
    text.split(';')
        .filter(|group| !group.is_empty())
        .map(|group| {
            let numbers: Vec<u64> =
                group.split(',').map(|n| u64::from_str_radix(n, 16)).collect::<std::result::Result<_, _>>().ok()?;
            let &[time, price, qty, sells, ids, trade_ids] = numbers.as_slice() else { return None };
            Some(GroupSums { time, price, qty, sells, ids, trade_ids })
        })
        .collect()
}

/// A file of ours that cannot be trusted.
pub(super) fn damaged(path: &Path, reason: &str) -> CoreError {
    CoreError::Store(format!(
        "{}: damaged archive file: {reason}. Import that day again with `arbcore data import … --replace`",
        path.display()
    ))
}

/// Opens a Parquet file; damage of any kind is an error, never a panic.
pub(super) fn open_parquet(path: &Path) -> Result<SerializedFileReader<File>> {
    let file = File::open(path).map_err(|e| CoreError::Store(format!("{}: cannot open: {e}", path.display())))?;
    guarded(path, || SerializedFileReader::new(file))
}

/// Runs a step of the Parquet reader; its errors, and its panics on hostile bytes, name the file.
pub(super) fn guarded<T>(path: &Path, step: impl FnOnce() -> parquet::errors::Result<T>) -> Result<T> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(damaged(path, &error.to_string())),
        Err(_) => Err(damaged(path, "its bytes make no sense")),
    }
}

/// What a Parquet file says about itself; `None` for one that is not an archive file.
pub fn read_meta(path: &Path) -> Result<Option<DayMeta>> {
    DayMeta::from_metadata(path, open_parquet(path)?.metadata())
}
