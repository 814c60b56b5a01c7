//! One CSV row, read carefully: the definition of what a row means, and of what is wrong with it.

use super::bad::shortened;
use super::decimal::{parse_decimal, parse_integer};
use super::layout::{Layout, Role, TimeUnit};
use crate::grid::Grid;

/// One row of trades. Ids that the layout lacks are 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub id: i64,
    pub first_id: i64,
    pub last_id: i64,
    pub time_ms: i64,
    pub price: i64,
    pub qty: i64,
    pub is_buyer_maker: bool,
}

/// What is wrong with a row: column, text, reason.
#[derive(Debug)]
pub(super) struct RowError {
    column: Option<usize>,
    text: Vec<u8>,
    reason: String,
}

impl RowError {
    pub(super) fn new(column: Option<usize>, text: &[u8], reason: impl Into<String>) -> Self {
        // A little more than a message shows, so that the message can say that it is cut.
        Self { column, text: text[..text.len().min(1_000)].to_vec(), reason: reason.into() }
    }

    pub(super) fn message(&self, file: &str, line: u64, layout: Option<&Layout>) -> String {
        let column = self.column.zip(layout).map(|(column, layout)| layout.names[column].as_str());
        let column = column.map(|name| format!(", column {name}")).unwrap_or_default();
        format!("{file}: line {line}{column}: {} {}", shortened(&self.text), self.reason)
    }
}

/// `true`, `True`, `1`, `false`, `False`, `0`.
pub(super) fn flag(text: &[u8]) -> Option<bool> {
    match text {
        b"true" | b"True" | b"TRUE" | b"1" => Some(true),
        b"false" | b"False" | b"FALSE" | b"0" => Some(false),
        _ => None,
    }
}

/// Reads `line` (without its line end); `None` when it is of another symbol than `symbol`.
///
/// The first time that is read decides the file's unit.
pub(super) fn read_row(
    line: &[u8],
    layout: &Layout,
    grid: Grid,
    unit: &mut Option<TimeUnit>,
    symbol: Option<&[u8]>,
) -> Result<Option<Row>, RowError> {
    let columns = layout.names.len();
    let found = line.split(|&byte| byte == b',').count();
    if found != columns {
        return Err(RowError::new(None, line, format!("has {found} columns, not {columns}")));
    }
    if let Some(column) = layout.symbol.filter(|_| symbol.is_some())
        && line.split(|&byte| byte == b',').nth(column) != symbol
    {
        return Ok(None);
    }
    let mut row = Row::default();
    let mut seen_unit = None;
    for (column, text) in line.split(|&byte| byte == b',').enumerate() {
        let wrong = |reason: String| RowError::new(Some(column), text, reason);
        let integer = || parse_integer(text).map_err(|error| wrong(error.to_string()));
        let positive = |decimals: u32| match parse_decimal(text, decimals) {
            Ok(value) if value > 0 => Ok(value),
            Ok(_) => Err(wrong("must be above 0".to_owned())),
            Err(error) => Err(wrong(error.to_string())),
        };
        match layout.roles[column] {
            None | Some(Role::Symbol) => {}
            Some(Role::Id) => row.id = integer()?,
            Some(Role::FirstId) => row.first_id = integer()?,
            Some(Role::LastId) => row.last_id = integer()?,
            Some(Role::Price) => row.price = positive(grid.price_decimals)?,
            Some(Role::Qty) => row.qty = positive(grid.qty_decimals)?,
            Some(Role::IsBuyerMaker) => {
                row.is_buyer_maker = flag(text).ok_or_else(|| wrong("is neither true nor false".to_owned()))?;
            }
            Some(Role::Time) => {
                let time = integer()?;
                let its_unit = TimeUnit::of(time)
                    .ok_or_else(|| wrong("is beyond microseconds; only milli- and microseconds are read".to_owned()))?;
                if let Some(unit) = unit.filter(|&unit| unit != its_unit) {
                    let (was, is) = (unit.name(), its_unit.name());
                    return Err(wrong(format!("is in {is}, but the file began in {was}")));
                }
                seen_unit = Some(its_unit);
                row.time_ms = if its_unit == TimeUnit::Microseconds { time / 1_000 } else { time };
            }
        }
    }
    // Only a row that is right as a whole decides.
    *unit = unit.or(seen_unit);
    Ok(Some(row))
}
