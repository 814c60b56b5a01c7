//! The directory of a zip archive: just what dumps need, nothing trusted.
//!
//! Stored and deflated members, with the 64-bit extension (a month of a large symbol is beyond 4 GiB). Everything else
//! is refused with its reason.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";

const END_BYTES: u64 = 22;
const LOCATOR_BYTES: u64 = 20;
const LONGEST_COMMENT: u64 = 0xffff;
const LARGEST_DIRECTORY: u64 = 16 << 20;
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;

/// One CSV file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: String,
    /// Where the compressed bytes start.
    pub data: u64,
    pub compressed: u64,
    pub size: u64,
    pub crc: u32,
    pub deflated: bool,
}

/// Fields of a record, read from front to back; reading past its end is the one error.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("its directory is cut short")?;
        self.0 = rest;
        Ok(taken)
    }

    fn u16(&mut self) -> Result<u16, String> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }
}

fn read_at(file: &mut File, at: u64, count: u64) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; count as usize];
    file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut bytes)).map_err(|error| {
        if error.kind() == std::io::ErrorKind::UnexpectedEof { "it is cut short".to_owned() } else { error.to_string() }
    })?;
    Ok(bytes)
}

/// The CSV members of an archive of `length` bytes, in the order of their names.
pub(super) fn entries(file: &mut File, length: u64) -> Result<Vec<Entry>, String> {
    let (count, size, at) = directory(file, length)?;
    if size > LARGEST_DIRECTORY {
        return Err(format!("its directory of {size} bytes is no dump's (at most {LARGEST_DIRECTORY})"));
    }
    let directory = read_at(file, at, size)?;
    let mut fields = Fields(&directory);
    let mut entries = Vec::new();
    for _ in 0..count {
        if let Some((entry, local)) = entry(&mut fields)? {
            entries.push(located(file, entry, local, at)?);
        }
    }
    // Members that share bytes are how a small archive pretends to be a huge one.
    entries.sort_by_key(|entry| entry.data);
    if let Some(pair) = entries.windows(2).find(|pair| pair[0].data + pair[0].compressed > pair[1].data) {
        return Err(format!("its members {} and {} overlap", pair[0].name, pair[1].name));
    }
    entries.sort_by(|left, right| left.name.cmp(&right.name));
    if entries.is_empty() { Err("it holds no csv file".to_owned()) } else { Ok(entries) }
}

/// Number of entries, size and position of the central directory.
fn directory(file: &mut File, length: u64) -> Result<(u64, u64, u64), String> {
    let tail_bytes = length.min(END_BYTES + LONGEST_COMMENT);
    let tail_at = length - tail_bytes;
    let tail = read_at(file, tail_at, tail_bytes)?;
    let end = tail
        .windows(END_BYTES as usize)
        .rposition(|record| record.starts_with(&END))
        .ok_or("it has no directory at its end: it is cut short or no zip archive")?;
    let end_at = tail_at + end as u64;
    let mut fields = Fields(&tail[end + 4..]);
    let (disk, directory_disk) = (fields.u16()?, fields.u16()?);
    let _on_this_disk = fields.u16()?;
    let (count, size, at) = (fields.u16()?, fields.u32()?, fields.u32()?);
    let is_64 = count == u16::MAX || size == u32::MAX || at == u32::MAX;
    let (count, size, at, limit) = if is_64 {
        let locator_at = end_at.checked_sub(LOCATOR_BYTES).ok_or("its 64-bit directory is missing")?;
        let locator = read_at(file, locator_at, LOCATOR_BYTES)?;
        let mut fields = Fields(&locator);
        if fields.array()? != LOCATOR_64 {
            return Err("its 64-bit directory is missing".to_owned());
        }
        let _disk = fields.u32()?;
        let record_at = fields.u64()?;
        if record_at.checked_add(56).is_none_or(|end| end > locator_at) {
            return Err("its 64-bit directory is damaged".to_owned());
        }
        let record = read_at(file, record_at, 56)?;
        let mut fields = Fields(&record);
        if fields.array()? != END_64 {
            return Err("its 64-bit directory is damaged".to_owned());
        }
        fields.take(28)?;
        (fields.u64()?, fields.u64()?, fields.u64()?, record_at)
    } else {
        if disk != 0 || directory_disk != 0 {
            return Err("it is one part of a split archive".to_owned());
        }
        (u64::from(count), u64::from(size), u64::from(at), end_at)
    };
    if at.checked_add(size).is_none_or(|end| end > limit) {
        return Err("its directory is damaged".to_owned());
    }
    Ok((count, size, at))
}

/// The next entry and the position of its local header; `None` for what is passed over.
fn entry(fields: &mut Fields<'_>) -> Result<Option<(Entry, u64)>, String> {
    if fields.array()? != ENTRY {
        return Err("its directory is damaged".to_owned());
    }
    fields.take(4)?;
    let (flags, method) = (fields.u16()?, fields.u16()?);
    fields.take(4)?;
    let crc = fields.u32()?;
    let (mut compressed, mut size) = (u64::from(fields.u32()?), u64::from(fields.u32()?));
    let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
    fields.take(8)?;
    let mut local = u64::from(fields.u32()?);
    let name = String::from_utf8_lossy(fields.take(usize::from(name))?).into_owned();
    let mut extra = Fields(fields.take(usize::from(extra))?);
    fields.take(usize::from(comment))?;
    while extra.0.len() >= 4 {
        let (kind, length) = (extra.u16()?, extra.u16()?);
        let mut value = Fields(extra.take(usize::from(length))?);
        if kind == 1 {
            for field in [&mut size, &mut compressed, &mut local] {
                if *field == u64::from(u32::MAX) {
                    *field = value.u64()?;
                }
            }
        }
    }
    if name.ends_with('/') || name.starts_with("__MACOSX/") {
        return Ok(None);
    }
    if !name.to_ascii_lowercase().ends_with(".csv") {
        return Err(format!("its member {name} is no csv file"));
    }
    if flags & ENCRYPTED != 0 {
        return Err(format!("its member {name} is encrypted; unpack it first"));
    }
    let deflated = match method {
        0 if size == compressed => false,
        8 => true,
        _ => return Err(format!("its member {name} is packed with method {method}; only deflate is read")),
    };
    Ok(Some((Entry { name, data: 0, compressed, size, crc, deflated }, local)))
}

/// The entry with the position of its bytes, which the header in front of them tells.
fn located(file: &mut File, entry: Entry, local: u64, directory: u64) -> Result<Entry, String> {
    let damaged = || format!("its member {} is damaged", entry.name);
    if local.checked_add(30).is_none_or(|end| end > directory) {
        return Err(damaged());
    }
    let header = read_at(file, local, 30)?;
    let mut fields = Fields(&header);
    if fields.array()? != LOCAL {
        return Err(damaged());
    }
    fields.take(22)?;
    let data = local + 30 + u64::from(fields.u16()?) + u64::from(fields.u16()?);
    if data.checked_add(entry.compressed).is_none_or(|end| end > directory) {
        return Err(damaged());
    }
    Ok(Entry { data, ..entry })
}
