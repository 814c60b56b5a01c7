//! Rows that could not be read: refused, or counted with the first few messages kept.

use crate::error::{CoreError, Result};

/// What happens to bad rows, and what was seen of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRows {
    /// How many there were.
    pub count: u64,
    /// The first ones: where and why.
    pub messages: Vec<String>,
    skip: bool,
    keep: usize,
}

impl BadRows {
    /// Messages that [`BadRows::skipping`] readers keep unless told otherwise.
    pub const KEEP: usize = 20;

    /// The first bad row is an error.
    pub fn refusing() -> Self {
        Self { count: 0, messages: Vec::new(), skip: false, keep: 0 }
    }

    /// Bad rows are dropped and counted; the first `keep` messages are kept.
    pub fn skipping(keep: usize) -> Self {
        Self { count: 0, messages: Vec::new(), skip: true, keep }
    }

    /// Takes note of one bad row; `message` is only called when its text is wanted.
    #[cold]
    pub(super) fn note(&mut self, message: impl FnOnce() -> String) -> Result<()> {
        self.count += 1;
        if !self.skip {
            return Err(CoreError::Input(message()));
        }
        if self.messages.len() < self.keep {
            self.messages.push(message());
        }
        Ok(())
    }
}

/// At most forty characters of `text`, quoted and escaped for a message.
pub(super) fn shortened(text: &[u8]) -> String {
    const SHOWN: usize = 40;
    let shown = String::from_utf8_lossy(&text[..text.len().min(SHOWN)]);
    if text.len() > SHOWN {
        format!("{:?}… ({} bytes)", shown.as_ref(), text.len())
    } else {
        format!("{:?}", shown.as_ref())
    }
}
