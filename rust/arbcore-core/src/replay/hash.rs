//! A hash over all decisions of a run: equal runs have equal hashes, whatever threads, chunks or builds made them.

/// 128-bit FNV-1a over 64-bit words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionHash(u128);

impl Default for DecisionHash {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl DecisionHash {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

    /// Adds one word.
    #[inline]
    pub fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ u128::from(word)).wrapping_mul(Self::PRIME);
        // Multiplication alone never carries high bits down.
        self.0 ^= self.0 >> 64;
    }

    /// Adds an integer.
    #[inline]
    pub fn int(&mut self, value: i64) {
        self.word(value as u64);
    }

    /// Adds a float by its bits.
    #[inline]
    pub fn float(&mut self, value: f64) {
        self.word(value.to_bits());
    }

    /// 32 hexadecimal digits.
    pub fn hex(self) -> String {
        format!("{:032x}", self.0)
    }
}
