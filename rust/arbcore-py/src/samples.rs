//! Indicator samples of one symbol, read once and handed to replays.

use std::path::PathBuf;

use arbcore_core::sample::{Sample, SampleKind, Settlement, Settlements};
use arbcore_io::samples::read_samples;
use pyo3::prelude::*;

use crate::errors::{InputError, OrRaise, guard};

/// Settlements are known this far beyond the last sample.
const SETTLEMENTS_BEYOND_MS: i64 = 366 * 86_400_000;

/// Samples of one symbol in the order in which they count.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct Samples {
    pub samples: Vec<Sample>,
}

impl Samples {
    /// The names that occur, in the order of their definition.
    pub fn kinds(&self) -> Vec<SampleKind> {
        SampleKind::ALL.into_iter().filter(|kind| self.samples.iter().any(|s| s.kind == *kind)).collect()
    }

    /// Funding settlements that these samples describe.
    pub fn settlements(&self, interval_hours: u32) -> Vec<Settlement> {
        let until = self.samples.iter().map(|s| s.available_ms).max().unwrap_or(0) + SETTLEMENTS_BEYOND_MS;
        Settlements::from_samples(&self.samples, interval_hours, until).list
    }
}

#[pymethods]
impl Samples {
    /// Reads files of indicator rows (Parquet or CSV) for `symbol`.
    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn read(py: Python<'_>, paths: Vec<PathBuf>, symbol: &str) -> PyResult<Self> {
        let read = || -> arbcore_core::Result<Vec<Sample>> {
            let mut all = Vec::new();
            for path in &paths {
                all.extend(read_samples(path, symbol)?);
            }
            all.sort_by_key(|sample| sample.available_ms);
            Ok(all)
        };
        let samples = py.detach(|| guard(read)).or_raise()?;
        Ok(Self { samples })
    }

    /// Builds samples from columns of equal length; rows of other symbols are left out.
    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python lists")]
    fn from_columns(
        symbol: &str,
        time_ms: Vec<i64>,
        available_ms: Vec<i64>,
        symbols: Vec<String>,
        names: Vec<String>,
        values: Vec<f64>,
    ) -> PyResult<Self> {
        let n = time_ms.len();
        if [available_ms.len(), symbols.len(), names.len(), values.len()] != [n; 4] {
            return Err(InputError::new_err("indicator columns differ in length"));
        }
        let mut samples = Vec::with_capacity(n);
        for i in (0..n).filter(|&i| symbols[i] == symbol) {
            let kind = SampleKind::parse(&names[i]).or_raise()?;
            let row = i + 1;
            if let Some(reason) = kind.refuse(values[i]) {
                return Err(InputError::new_err(format!(
                    "indicators: row {row}: {} = {}: {reason}",
                    names[i], values[i]
                )));
            }
            if available_ms[i] < time_ms[i] {
                return Err(InputError::new_err(format!(
                    "indicators: row {row}: available_ms = {}: must not lie before time_ms = {}",
                    available_ms[i], time_ms[i]
                )));
            }
            samples.push(Sample { time_ms: time_ms[i], available_ms: available_ms[i], kind, value: values[i] });
        }
        samples.sort_by_key(|sample| sample.available_ms);
        Ok(Self { samples })
    }

    /// Names that occur.
    fn names(&self) -> Vec<&'static str> {
        self.kinds().into_iter().map(SampleKind::name).collect()
    }

    fn __len__(&self) -> usize {
        self.samples.len()
    }
}

/// Adds this module's classes.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Samples>()
}
