//! The bytes of the CSV files in a dump: plain, gzipped or zipped, checked against damage, bombs and change.

use std::fs::{File, Metadata};
use std::io::{BufReader, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use arbcore_core::error::{CoreError, Result};
use flate2::Crc;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};

use super::sha256;
use super::zip::{self, Entry};

/// Trades compress about six-fold, constant ones a hundred-fold. More, beyond a harmless amount, is an attack.
const GREATEST_RATIO: u64 = 200;
const HARMLESS_BYTES: u64 = 16 << 20;
const BUFFER: usize = 128 << 10;

/// One CSV file: a file by itself or a member of an archive.
#[derive(Debug, Clone)]
pub(super) struct Member {
    path: PathBuf,
    /// Name in messages: the file's, and the member's behind it.
    pub name: String,
    packing: Packing,
    stamp: Stamp,
    /// Bytes of the file that hold it, packed.
    pub packed_bytes: u64,
    /// True when the archive's published checksum was there and right.
    pub checksum_verified: bool,
}

#[derive(Debug, Clone)]
enum Packing {
    None,
    Gzip,
    Zip(Entry),
}

/// What shows that a file is still the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { length: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// What was read of a member, to compare two readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint {
    packed_bytes: u64,
    packed_crc: u32,
    bytes: u64,
}

fn store(path: &Path, problem: impl std::fmt::Display) -> CoreError {
    CoreError::Store(format!("{}: {problem}", path.display()))
}

/// The CSV files that `path` holds.
pub(super) fn members(path: &Path) -> Result<Vec<Member>> {
    let fail = |problem: String| store(path, problem);
    let mut file = File::open(path).map_err(|error| fail(error.to_string()))?;
    let metadata = file.metadata().map_err(|error| fail(error.to_string()))?;
    if !metadata.is_file() {
        return Err(fail("is not a file".to_owned()));
    }
    let stamp = Stamp::of(&metadata);
    let mut magic = Vec::new();
    (&mut file).take(4).read_to_end(&mut magic).map_err(|error| fail(error.to_string()))?;
    let whole = |packing| Member {
        path: path.to_owned(),
        name: path.display().to_string(),
        packing,
        stamp,
        packed_bytes: stamp.length,
        checksum_verified: false,
    };
    match magic.as_slice() {
        [] => Err(fail("is empty".to_owned())),
        [0x1f, 0x8b, ..] => Ok(vec![whole(Packing::Gzip)]),
        b"PK\x03\x04" | b"PK\x05\x06" | b"PK\x07\x08" => {
            let checksum_verified = verify_checksum(path, &mut file)?;
            let entries =
                zip::entries(&mut file, stamp.length).map_err(|problem| fail(format!("zip archive: {problem}")))?;
            Ok(entries
                .into_iter()
                .map(|entry| Member {
                    name: format!("{}/{}", path.display(), entry.name),
                    packed_bytes: entry.compressed,
                    checksum_verified,
                    ..whole(Packing::Zip(entry))
                })
                .collect())
        }
        b"PAR1" => Err(fail("is a Parquet file, not a csv dump".to_owned())),
        [0x28, 0xb5, 0x2f, 0xfd] => Err(fail("is packed with zstd; only zip and gzip are read".to_owned())),
        _ => Ok(vec![whole(Packing::None)]),
    }
}

/// Compares a zip file with the `.CHECKSUM` file beside it; false when there is none.
fn verify_checksum(path: &Path, file: &mut File) -> Result<bool> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".CHECKSUM");
    let beside = PathBuf::from(beside);
    let mut text = String::new();
    match File::open(&beside) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(store(&beside, error)),
        Ok(checksum) => checksum.take(4096).read_to_string(&mut text).map_err(|error| store(&beside, error))?,
    };
    let expected = text.split_ascii_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if expected.len() != 64 || !expected.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(store(&beside, "does not begin with a sha256 checksum of 64 hexadecimal digits"));
    }
    let found =
        file.seek(SeekFrom::Start(0)).and_then(|_| sha256::digest(&mut *file)).map_err(|error| store(path, error))?;
    if found == expected {
        Ok(true)
    } else {
        Err(store(path, format!("its sha256 is {found}, but {} says {expected}; load it again", beside.display())))
    }
}

/// The packed bytes of a member, counted on their way.
struct Packed {
    file: Take<File>,
    crc: Crc,
    count: u64,
    progress: Arc<AtomicU64>,
}

impl Read for Packed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.crc.update(&buffer[..read]);
        self.count += read as u64;
        self.progress.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

enum Stream {
    Plain(Packed),
    Gzip(Box<MultiGzDecoder<BufReader<Packed>>>),
    Deflate(Box<DeflateDecoder<BufReader<Packed>>>),
}

impl Stream {
    fn packed(&self) -> &Packed {
        match self {
            Self::Plain(packed) => packed,
            Self::Gzip(decoder) => decoder.get_ref().get_ref(),
            Self::Deflate(decoder) => decoder.get_ref().get_ref(),
        }
    }
}

/// Reads the unpacked bytes of a member.
pub(super) struct MemberReader<'a> {
    member: &'a Member,
    stream: Stream,
    crc: Crc,
    bytes: u64,
}

impl Member {
    /// Opens it for reading; what is read of its file is added to `progress`.
    pub(super) fn open(&self, progress: &Arc<AtomicU64>) -> Result<MemberReader<'_>> {
        let fail = |error: std::io::Error| store(&self.path, error);
        let mut file = File::open(&self.path).map_err(fail)?;
        if Stamp::of(&file.metadata().map_err(fail)?) != self.stamp {
            return Err(self.changed());
        }
        let (start, count) = match &self.packing {
            Packing::Zip(entry) => (entry.data, entry.compressed),
            Packing::None | Packing::Gzip => (0, u64::MAX),
        };
        file.seek(SeekFrom::Start(start)).map_err(fail)?;
        let packed = Packed { file: file.take(count), crc: Crc::new(), count: 0, progress: Arc::clone(progress) };
        let buffered = |packed| BufReader::with_capacity(BUFFER, packed);
        let stream = match &self.packing {
            Packing::Zip(entry) if entry.deflated => Stream::Deflate(Box::new(DeflateDecoder::new(buffered(packed)))),
            Packing::Zip(_) | Packing::None => Stream::Plain(packed),
            Packing::Gzip => Stream::Gzip(Box::new(MultiGzDecoder::new(buffered(packed)))),
        };
        Ok(MemberReader { member: self, stream, crc: Crc::new(), bytes: 0 })
    }

    pub(super) fn fail(&self, problem: impl std::fmt::Display) -> CoreError {
        CoreError::Store(format!("{}: {problem}", self.name))
    }

    pub(super) fn changed(&self) -> CoreError {
        self.fail("changed while it was read; read it again when nothing writes to it")
    }
}

impl MemberReader<'_> {
    /// Fills `buffer` as far as there are bytes; 0 at the end, once everything proved sound.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let target = &mut buffer[filled..];
            let read = match &mut self.stream {
                Stream::Plain(stream) => stream.read(target),
                Stream::Gzip(stream) => stream.read(target),
                Stream::Deflate(stream) => stream.read(target),
            };
            match read {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.unreadable(&error)),
            }
        }
        self.bytes += filled as u64;
        let packed = self.stream.packed().count.max(1);
        if self.bytes > HARMLESS_BYTES && self.bytes / packed > GREATEST_RATIO {
            let ratio = self.bytes / packed;
            return Err(self
                .member
                .fail(format!("unpacks to {ratio} times its size (at most {GREATEST_RATIO}): no dump")));
        }
        if let Packing::Zip(_) = self.member.packing {
            self.crc.update(&buffer[..filled]);
        }
        if filled < buffer.len() {
            self.check_end()?;
        }
        Ok(filled)
    }

    fn unreadable(&self, error: &std::io::Error) -> CoreError {
        match (&self.stream, error.kind()) {
            (Stream::Plain(_), _) => self.member.fail(error),
            (_, std::io::ErrorKind::UnexpectedEof) => {
                self.member.fail(format!("is cut short after {} unpacked bytes; load it again", self.bytes))
            }
            _ => self.member.fail(format!("is damaged ({error}) after {} unpacked bytes; load it again", self.bytes)),
        }
    }

    fn check_end(&self) -> Result<()> {
        let Packing::Zip(entry) = &self.member.packing else { return Ok(()) };
        if self.bytes != entry.size || self.crc.sum() != entry.crc {
            return Err(self.member.fail(format!(
                "is damaged: {} bytes with checksum {:08x} instead of {} with {:08x}; load it again",
                self.bytes,
                self.crc.sum(),
                entry.size,
                entry.crc
            )));
        }
        Ok(())
    }

    /// What was read, after checking that the file is still the one that was opened.
    pub(super) fn fingerprint(&self) -> Result<Fingerprint> {
        let packed = self.stream.packed();
        let metadata = packed.file.get_ref().metadata().map_err(|error| self.member.fail(error))?;
        if Stamp::of(&metadata) != self.member.stamp {
            return Err(self.member.changed());
        }
        Ok(Fingerprint { packed_bytes: packed.count, packed_crc: packed.crc.sum(), bytes: self.bytes })
    }
}
