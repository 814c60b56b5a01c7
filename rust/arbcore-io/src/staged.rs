//! Files that become visible whole or not at all: written beside, synced, renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use arbcore_core::{CoreError, Result};

/// Ends the name of every unfinished file; no reader takes such a name.
const UNFINISHED: &str = ".tmp";

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A file being written beside its final place. Dropped before [`StagedFile::commit`], it leaves nothing.
#[derive(Debug)]
pub struct StagedFile {
    target: PathBuf,
    staged: PathBuf,
    writer: Option<BufWriter<File>>,
}

impl StagedFile {
    /// Starts a file that will stand at `target`; makes the directories above it.
    pub fn create(target: &Path) -> Result<Self> {
        let name = target
            .file_name()
            .ok_or_else(|| CoreError::Store(format!("{}: not a file name to write to", target.display())))?;
        let directory = parent(target);
        fs::create_dir_all(directory).map_err(|e| failed("cannot make directory", directory, &e))?;
        sweep(directory, &name.to_string_lossy());
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let staged = directory.join(format!(".{}.{}-{number}{UNFINISHED}", name.to_string_lossy(), std::process::id()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&staged)
            .map_err(|e| failed("cannot write", &staged, &e))?;
        Ok(Self { target: target.to_owned(), staged, writer: Some(BufWriter::with_capacity(1 << 20, file)) })
    }

    /// Where the bytes stand until the commit.
    pub fn staged_path(&self) -> &Path {
        &self.staged
    }

    /// Flushes and syncs what was written; nothing can be written afterwards.
    pub fn seal(&mut self) -> Result<()> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let file = writer.into_inner().map_err(|e| failed("cannot write", &self.staged, e.error()))?;
        file.sync_all().map_err(|e| failed("cannot sync", &self.staged, &e))
    }

    /// Puts the file in its place, over what was there, and syncs the directory.
    pub fn commit(mut self) -> Result<()> {
        self.seal()?;
        fs::rename(&self.staged, &self.target).map_err(|e| failed("cannot put in place", &self.target, &e))?;
        let directory = parent(&self.target);
        File::open(directory).and_then(|d| d.sync_all()).map_err(|e| failed("cannot sync directory", directory, &e))
    }
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open()?.flush()
    }
}

impl StagedFile {
    fn open(&mut self) -> io::Result<&mut BufWriter<File>> {
        self.writer.as_mut().ok_or_else(|| io::Error::other("the file is already sealed"))
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        // After a commit the name is gone and this does nothing.
        let _ = fs::remove_file(&self.staged);
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    }
}

fn failed(what: &str, path: &Path, error: &io::Error) -> CoreError {
    CoreError::Store(format!("{}: {what}: {error}", path.display()))
}

/// Removes what a killed process left of the same file. A writer that still lives keeps its own.
fn sweep(directory: &Path, name: &str) {
    let processes = Path::new("/proc");
    if !processes.join("self").exists() {
        return;
    }
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let file_name = entry.file_name();
        let writer = file_name
            .to_str()
            .and_then(|text| text.strip_prefix('.')?.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(UNFINISHED))
            .and_then(|owner| owner.split_once('-')?.0.parse::<u32>().ok());
        if writer.is_some_and(|process| !processes.join(process.to_string()).exists()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::testing::scratch;

    #[test]
    fn nothing_is_visible_before_the_commit_and_nothing_stays_without_it() {
        let directory = scratch("staged");
        let target = directory.join("deep/er/x.bin");
        let mut file = StagedFile::create(&target).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!target.exists());
        drop(file);
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 0);

        let mut file = StagedFile::create(&target).unwrap();
        file.write_all(b"whole").unwrap();
        file.seal().unwrap();
        assert!(file.write_all(b"more").is_err());
        file.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"whole");
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn leftovers_of_dead_writers_go_and_those_of_live_ones_stay() {
        let directory = scratch("sweep");
        // Process ids end far below this one.
        let dead = directory.join(".x.bin.4294967295-0.tmp");
        let alive = directory.join(format!(".x.bin.{}-999.tmp", std::process::id()));
        let other = directory.join(".y.bin.4294967295-0.tmp");
        for path in [&dead, &alive, &other] {
            fs::write(path, b"x").unwrap();
        }
        drop(StagedFile::create(&directory.join("x.bin")).unwrap());
        assert_eq!((dead.exists(), alive.exists(), other.exists()), (false, true, true));
    }
}
