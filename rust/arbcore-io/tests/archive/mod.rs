//! Files to read: a folder of its own for each test, rows, gzip and zip writers.
#![allow(dead_code, reason = "each test file uses its part")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arbcore_core::Result;
use arbcore_io::dump::{DumpOptions, DumpReader};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

/// A folder that goes away with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub const HEADER: &str = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n";

/// Rows with these ids, without a header: prices in steps of 0.1, quantities of 0.001.
pub fn rows(ids: Range<i64>) -> String {
    let mut text = String::new();
    for id in ids {
        let (price, qty, side) = (1_000_000 + id % 977, 1 + id % 61, id % 3 == 0);
        let time = 1_761_091_200_000 + 17 * id;
        let id = 2_907_604_449 + id;
        writeln!(text, "{id},{}.{},0.{qty:03},{id},{id},{time},{side}", price / 10, price % 10).unwrap();
    }
    text
}

pub fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    gzip_as(text, Compression::fast())
}

/// As small as it gets: what a bomb is made of.
pub fn gzip_tight(text: impl AsRef<[u8]>) -> Vec<u8> {
    gzip_as(text, Compression::best())
}

fn gzip_as(text: impl AsRef<[u8]>, level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// An archive of (name, text, deflated).
pub fn zip(members: &[(&str, &str, bool)]) -> Vec<u8> {
    let packed: Vec<_> =
        members.iter().map(|(name, text, deflated)| Member::new(name, text.as_bytes(), *deflated)).collect();
    archive(&packed, false)
}

/// One member with the fields that a test may want to be wrong.
pub struct Member {
    pub name: String,
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub data: Vec<u8>,
    pub size: u64,
}

impl Member {
    pub fn new(name: &str, text: &[u8], deflated: bool) -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(text);
        let data = if deflated {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        } else {
            text.to_vec()
        };
        let method = if deflated { 8 } else { 0 };
        Self { name: name.to_owned(), flags: 0, method, crc: crc.sum(), data, size: text.len() as u64 }
    }
}

/// A zip archive, with 64-bit fields throughout if wanted.
pub fn archive(members: &[Member], is_64: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for member in members {
        let at = out.len() as u64;
        let lengths = if is_64 { [u32::MAX; 2] } else { [member.data.len() as u32, member.size as u32] };
        let mut common = Vec::new();
        common.extend([45_u16, member.flags, member.method, 0, 0].map(u16::to_le_bytes).concat());
        common.extend(member.crc.to_le_bytes());
        common.extend(lengths.map(u32::to_le_bytes).concat());
        common.extend((member.name.len() as u16).to_le_bytes());
        let mut extra = Vec::new();
        if is_64 {
            extra.extend([1_u16, 24].map(u16::to_le_bytes).concat());
            extra.extend([member.size, member.data.len() as u64, at].map(u64::to_le_bytes).concat());
        }
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend((extra.len() as u16).to_le_bytes());
        out.extend(member.name.as_bytes());
        out.extend(&extra);
        out.extend(&member.data);
        directory.extend(b"PK\x01\x02\x2d\x00");
        directory.extend(&common);
        directory.extend((extra.len() as u16).to_le_bytes());
        directory.extend([0; 10]);
        directory.extend(if is_64 { u32::MAX } else { at as u32 }.to_le_bytes());
        directory.extend(member.name.as_bytes());
        directory.extend(&extra);
    }
    let (count, at, size) = (members.len() as u64, out.len() as u64, directory.len() as u64);
    out.extend(directory);
    if is_64 {
        let record = out.len() as u64;
        out.extend(b"PK\x06\x06");
        out.extend(44_u64.to_le_bytes());
        out.extend([45_u16, 45].map(u16::to_le_bytes).concat());
        out.extend([0; 8]);
        out.extend([count, count, size, at].map(u64::to_le_bytes).concat());
        out.extend(b"PK\x06\x07\0\0\0\0");
        out.extend(record.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
    }
    out.extend(b"PK\x05\x06\0\0\0\0");
    let count = if is_64 { u16::MAX } else { count as u16 };
    out.extend([count, count].map(u16::to_le_bytes).concat());
    out.extend(if is_64 { [u32::MAX; 2] } else { [size as u32, at as u32] }.map(u32::to_le_bytes).concat());
    out.extend([0; 2]);
    out
}

/// The ids of all trades, from the first of [`rows`] on.
pub fn read_all(paths: &[PathBuf], options: DumpOptions) -> Result<Vec<i64>> {
    let mut reader = DumpReader::open(paths, options)?;
    let mut ids = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        batch.check_lengths()?;
        ids.extend(batch.agg_id.unwrap().iter().map(|id| id - 2_907_604_449));
    }
    Ok(ids)
}
