//! Digits and separators, eight to sixty-four bytes at a time ("SIMD within a register").

/// Eight times the character `0`.
pub(super) const ZEROS: u64 = 0x3030_3030_3030_3030;
const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
const ABOVE_NINE: u64 = 0x7676_7676_7676_7676;

/// The eight bytes from `start` as a little-endian word.
#[inline(always)]
pub(super) fn eight_from(bytes: &[u8], start: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(start..)?.first_chunk::<8>()?))
}

/// The eight bytes from `start` as a little-endian word, with zeros behind the end of `bytes`.
#[inline(always)]
pub(super) fn eight_padded(bytes: &[u8], start: usize) -> u64 {
    eight_from(bytes, start).unwrap_or_else(|| {
        bytes.get(start..).unwrap_or_default().iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
    })
}

/// A bit in every byte that is not a digit, given characters xor [`ZEROS`].
///
/// Exact for the lowest such byte and for "none"; bytes above a non-digit may be flagged too.
#[inline(always)]
pub(super) fn non_digits(digits: u64) -> u64 {
    (digits.wrapping_add(ABOVE_NINE) | digits) & HIGH_BITS
}

/// A bit in every byte that is `wanted`; exact for the lowest one and for "none".
#[inline(always)]
pub(super) fn matches(characters: u64, wanted: u8) -> u64 {
    let difference = characters ^ (LOW_BITS * u64::from(wanted));
    difference.wrapping_sub(LOW_BITS) & !difference & HIGH_BITS
}

/// A bit in every byte below `limit` (at most 128); exact for the lowest one and for "none".
#[inline(always)]
pub(super) fn below(characters: u64, limit: u8) -> u64 {
    characters.wrapping_sub(LOW_BITS * u64::from(limit)) & !characters & HIGH_BITS
}

/// The number that eight digit values (0 to 9 each, the first one in the lowest byte) spell.
#[inline(always)]
pub(super) fn eight_digits(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(2561) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(6_553_601) >> 16 & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(42_949_672_960_001) >> 32
}

/// One bit for each of sixty-four bytes: set where it is `first` or `second`.
#[inline(always)]
pub(super) fn either(block: &[u8; 64], first: u8, second: u8) -> u64 {
    // Compilers turn this loop into a few wide compares; each hit keeps the bit of its place among eight.
    let mut hits = [0_u8; 64];
    for (place, (hit, &byte)) in hits.iter_mut().zip(block).enumerate() {
        *hit = if (byte == first) | (byte == second) { 1 << (place % 8) } else { 0 };
    }
    let mut mask = 0;
    for (part, eight) in hits.as_chunks::<8>().0.iter().enumerate() {
        // Eight bytes of distinct bits: their sum, in the top byte, is the mask.
        mask |= (u64::from_le_bytes(*eight).wrapping_mul(LOW_BITS) >> 56) << (8 * part);
    }
    mask
}

/// Index of the first `wanted` byte.
#[inline]
pub(super) fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<64>();
    for (index, block) in blocks.iter().enumerate() {
        let mask = either(block, wanted, wanted);
        if mask != 0 {
            return Some(64 * index + mask.trailing_zeros() as usize);
        }
    }
    rest.iter().position(|&byte| byte == wanted).map(|at| 64 * blocks.len() + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_equal_a_byte_by_byte_search() {
        let mut state = 7_u64;
        for _ in 0..2_000 {
            let block: [u8; 64] = std::array::from_fn(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Mostly neighbours of the separators, where carries would show.
                [b',', b'\n', b'-', b'+', 0x0b, 0x8a, 0xac, (state >> 33) as u8][(state >> 60) as usize % 8]
            });
            let expected = block
                .iter()
                .enumerate()
                .fold(0_u64, |mask, (bit, &byte)| mask | u64::from(byte == b',' || byte == b'\n') << bit);
            assert_eq!(either(&block, b',', b'\n'), expected);
        }
    }

    #[test]
    fn eight_digits_reads_numbers() {
        for text in ["00000000", "12345678", "99999999", "00000001", "90000000"] {
            let word = u64::from_le_bytes(text.as_bytes().try_into().unwrap()) ^ ZEROS;
            assert_eq!(non_digits(word), 0);
            assert_eq!(eight_digits(word), text.parse::<u64>().unwrap());
        }
        for byte in (0..=255_u8).filter(|byte| !byte.is_ascii_digit()) {
            for at in 0..8 {
                let mut text = *b"12345678";
                text[at] = byte;
                let flags = non_digits(u64::from_le_bytes(text) ^ ZEROS);
                assert_eq!(flags.trailing_zeros() as usize / 8, at, "byte {byte:#x} at {at}");
            }
        }
    }

    #[test]
    fn find_finds_the_first() {
        let mut text = vec![b'x'; 200];
        assert_eq!(find(&text, b'\n'), None);
        for at in (0..200).rev() {
            text[at] = b'\n';
            assert_eq!(find(&text, b'\n'), Some(at));
        }
    }
}
