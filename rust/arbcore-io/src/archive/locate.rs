//! Which day files a list of paths means.

use std::fs;
use std::path::{Path, PathBuf};

use arbcore_core::{CoreError, Result};

use super::format::{Day, DayMeta, Market, check_symbol, damaged, read_meta};

/// A day file and what it says about itself.
#[derive(Debug, Clone)]
pub(super) struct DayFile {
    pub path: PathBuf,
    pub meta: DayMeta,
}

/// `<root>/<market>/<SYMBOL>/<YYYY-MM-DD>.parquet`.
pub fn day_path(root: &Path, market: Market, symbol: &str, day: Day) -> PathBuf {
    root.join(market.name()).join(symbol).join(format!("{day}.parquet"))
}

/// True for what the archive reader takes: a directory, or a Parquet file of ours.
///
/// A Parquet file of another origin is an error that says how to import it.
pub fn is_archive_path(path: &Path) -> Result<bool> {
    if path.is_dir() {
        return Ok(true);
    }
    if !path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) {
        return Ok(false);
    }
    match read_meta(path)? {
        Some(_) => Ok(true),
        None => Err(foreign(path)),
    }
}

fn foreign(path: &Path) -> CoreError {
    CoreError::Store(format!(
        "{}: a Parquet file, but not of the archive: bring it in with `arbcore data import {} --symbol … --archive …`",
        path.display(),
        path.display()
    ))
}

/// The day files that the paths mean, in order of day, all of one symbol and market.
pub(super) fn locate(
    paths: &[PathBuf],
    symbol: Option<&str>,
    start_ms: Option<i64>,
    end_ms: Option<i64>,
) -> Result<Vec<DayFile>> {
    if let Some(symbol) = symbol {
        check_symbol(symbol)?;
    }
    let outside = |day: Day| start_ms.is_some_and(|t| day.end_ms() <= t) || end_ms.is_some_and(|t| day.start_ms() >= t);
    let mut found: Vec<DayFile> = Vec::new();
    for path in paths {
        let candidates =
            if path.is_dir() { days_in(&symbol_directory(path, symbol)?)? } else { vec![(None, path.clone())] };
        for (named, file) in candidates {
            if named.is_some_and(outside) {
                continue;
            }
            let meta = read_meta(&file)?.ok_or_else(|| foreign(&file))?;
            if let Some(named) = named
                && named != meta.day
            {
                return Err(damaged(&file, &format!("its metadata says it is of {}", meta.day)));
            }
            if let Some(symbol) = symbol
                && symbol != meta.symbol
            {
                return Err(CoreError::Store(format!(
                    "{}: holds trades of {}, not of {symbol}: name the files of {symbol}, or that symbol",
                    file.display(),
                    meta.symbol
                )));
            }
            if !outside(meta.day) {
                found.push(DayFile { path: file, meta });
            }
        }
    }
    found.sort_by_key(|file| file.meta.day);
    for pair in found.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        let clash = if a.meta.symbol != b.meta.symbol {
            format!("hold different symbols ({}, {}): read one at a time", a.meta.symbol, b.meta.symbol)
        } else if a.meta.market != b.meta.market {
            format!("hold different markets ({}, {}): read one at a time", a.meta.market.name(), b.meta.market.name())
        } else if a.meta.day == b.meta.day {
            format!("both hold {}: name only one of them", a.meta.day)
        } else {
            continue;
        };
        return Err(CoreError::Store(format!("{} and {} {clash}", a.path.display(), b.path.display())));
    }
    Ok(found)
}

/// `YYYY-MM-DD.parquet` in a directory.
fn days_in(directory: &Path) -> Result<Vec<(Option<Day>, PathBuf)>> {
    let mut days: Vec<(Option<Day>, PathBuf)> =
        list(directory)?.into_iter().filter_map(|path| day_of_name(&path).map(|day| (Some(day), path))).collect();
    days.sort();
    Ok(days)
}

fn day_of_name(path: &Path) -> Option<Day> {
    Day::parse(path.file_name()?.to_str()?.strip_suffix(".parquet")?)
}

fn list(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.map_err(|e| CoreError::Store(format!("{}: cannot list: {e}", directory.display())))?;
    Ok(entries.into_iter().map(|entry| entry.path()).collect())
}

/// The directory with the days of a symbol: given itself, or found in an archive's root or market directory.
fn symbol_directory(given: &Path, symbol: Option<&str>) -> Result<PathBuf> {
    let inside = list(given)?;
    if inside.iter().any(|path| day_of_name(path).is_some()) {
        return Ok(given.to_owned());
    }
    let mut symbols: Vec<PathBuf> = Vec::new();
    for path in inside.iter().filter(|path| path.is_dir()) {
        let is_market = Market::ALL.iter().any(|market| path.ends_with(market.name()));
        if is_market {
            symbols.extend(list(path)?);
        } else {
            symbols.push(path.clone());
        }
    }
    symbols
        .retain(|path| path.is_dir() && list(path).is_ok_and(|files| files.iter().any(|f| day_of_name(f).is_some())));
    symbols.sort();
    let wanted: Vec<&PathBuf> =
        symbols.iter().filter(|path| symbol.is_none_or(|symbol| path.ends_with(symbol))).collect();
    match wanted.as_slice() {
        [one] => Ok((*one).clone()),
        [] if symbols.is_empty() => Err(CoreError::Store(format!(
            "{}: no archive: expected {}/um/SYMBOL/YYYY-MM-DD.parquet; make one with `arbcore data import`",
            given.display(),
            given.display()
        ))),
        [] => Err(CoreError::Store(format!(
            "{}: no trades of {} here; there are {}",
            given.display(),
            symbol.unwrap_or_default(),
            names(&symbols)
        ))),
        several => {
            let several: Vec<PathBuf> = several.iter().map(|path| (*path).clone()).collect();
            Err(CoreError::Store(format!(
                "{}: holds {}: name a symbol, or one of these directories",
                given.display(),
                names(&several)
            )))
        }
    }
}

fn names(directories: &[PathBuf]) -> String {
    let text: Vec<String> = directories.iter().take(20).map(|path| path.display().to_string()).collect();
    text.join(", ") + if directories.len() > 20 { ", …" } else { "" }
}
