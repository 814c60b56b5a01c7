//! Named result columns, the one shape in which the core hands tables to files and to Python.

/// One column. `None` is null.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Integers without nulls.
    I64(Vec<i64>),
    /// Integers with nulls.
    OptI64(Vec<Option<i64>>),
    /// Floats without nulls.
    F64(Vec<f64>),
    /// Floats with nulls.
    OptF64(Vec<Option<f64>>),
    /// Booleans.
    Bool(Vec<bool>),
    /// Text with nulls as codes into a dictionary; code `u32::MAX` is null.
    Text {
        /// One code a row.
        codes: Vec<u32>,
        /// The distinct texts.
        dictionary: Vec<String>,
    },
}

impl Column {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::I64(v) => v.len(),
            Self::OptI64(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::OptF64(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text { codes, .. } => codes.len(),
        }
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Columns of one length, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Name and values of each column.
    pub columns: Vec<(String, Column)>,
}

impl Table {
    /// Appends a column.
    pub fn push(&mut self, name: impl Into<String>, column: Column) {
        self.columns.push((name.into(), column));
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }
}

/// Builds a [`Column::Text`], one code per distinct text in order of appearance.
#[derive(Debug, Default)]
pub struct TextBuilder {
    codes: Vec<u32>,
    dictionary: Vec<String>,
}

impl TextBuilder {
    /// Appends a text, or null.
    pub fn push(&mut self, text: Option<&str>) {
        let Some(text) = text else {
            self.codes.push(u32::MAX);
            return;
        };
        // Few distinct texts (reasons, statuses), the last one most often again.
        let code = self.dictionary.iter().rposition(|known| known == text).unwrap_or_else(|| {
            self.dictionary.push(text.to_owned());
            self.dictionary.len() - 1
        });
        self.codes.push(code as u32);
    }

    /// The finished column.
    pub fn finish(self) -> Column {
        Column::Text { codes: self.codes, dictionary: self.dictionary }
    }
}
