//! The folder of a ledger: its format file, the writer's lock, and how a copy of it is told from the original.
//!
//! ```text
//! club.ledger/
//!   format     "counterfoil ledger\nformat 1\n"
//!   lock       held by the one writer
//!   identity   which objects of the file system log/data.mdb and this file itself are, and what was signed last
//!   handed-over   the key of the operator that it goes on with elsewhere; only where it was handed over
//!   log/       LMDB: entries, log tree, notes
//!   state/     LMDB: tables, indexes
//! ```

use crate::error::{Error, Result};
use crate::log_store::LogReader;
use counterfoil_core::Id;
use std::fs::{File, Metadata, TryLockError};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The format that this version writes.
pub const FORMAT: u32 = 1;

/// Names the file that says to whom the ledger was handed over.
const HEIR: &str = "handed-over";

const FIRST_LINE: &str = "counterfoil ledger";

/// Stands in a folder while a ledger is being created there.
const CREATING: &str = "creating";

/// What the identity of a folder says that was only ever fed.
const REPLICA: &str = "a replica\n";

/// What the identity of a copy says.
const COPY: &str = "a copy\n";

/// A ledger's folder.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
}

impl Home {
    /// A new folder, an empty one, or one in which an earlier creation did not get to its end; and the writer's lock on it.
    pub(crate) fn create(path: &Path) -> Result<(Self, File)> {
        // The folder stays the one it was when this process goes elsewhere.
        let home = Self { path: std::path::absolute(path).map_err(|source| io(path, source))? };
        let exists = || Error::AlreadyExists { path: path.to_owned() };
        if path.exists() && !path.is_dir() {
            return Err(exists());
        }
        std::fs::create_dir_all(path).map_err(|source| io(path, source))?;
        let is_free = || -> Result<bool> {
            if path.join("format").exists() {
                return Ok(false);
            }
            let mut entries = std::fs::read_dir(path).map_err(|source| io(path, source))?;
            let only_lock = entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == "lock"));
            Ok(only_lock || path.join(CREATING).exists())
        };
        if !is_free()? {
            return Err(exists());
        }
        let lock = home.lock()?;
        // Another process may have got to the end of creating a ledger here before this one got the lock.
        if !is_free()? {
            return Err(exists());
        }
        let creating = path.join(CREATING);
        File::create(&creating).map_err(|source| io(&creating, source))?;
        // What an earlier creation left was never a ledger: the format is written last.
        for environment in [home.log(), home.state()] {
            if environment.exists() {
                std::fs::remove_dir_all(&environment).map_err(|source| io(&environment, source))?;
            }
        }
        Ok((home, lock))
    }

    /// Says that the folder is a ledger; the last step of creating one.
    pub(crate) fn seal(&self) -> Result<()> {
        self.write_file("format", &format!("{FIRST_LINE}\nformat {FORMAT}\n"))?;
        let creating = self.path.join(CREATING);
        std::fs::remove_file(&creating).map_err(|source| io(&creating, source))?;
        // That the folder above lists this one has to survive a crash as well.
        let above = self.path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_owned));
        match above {
            Some(above) => File::open(&above).and_then(|folder| folder.sync_all()).map_err(|source| io(&above, source)),
            None => Ok(()),
        }
    }

    /// The folder of a ledger of a format that this version reads.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        // The folder stays the one it was when this process goes elsewhere.
        let home = Self { path: std::path::absolute(path).map_err(|source| io(path, source))? };
        let not_a_ledger = |reason: &str| Error::NotALedger { path: path.to_owned(), reason: reason.to_owned() };
        if !path.is_dir() {
            return Err(not_a_ledger("there is no such folder"));
        }
        let text = match std::fs::read(path.join("format")) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(not_a_ledger("it has no file named format"));
            }
            Err(source) => return Err(io(&path.join("format"), source)),
        };
        let mut lines = text.lines();
        let number = lines.next().filter(|first| *first == FIRST_LINE).and_then(|_| lines.next());
        match number.and_then(|line| line.strip_prefix("format ")).and_then(|digits| digits.parse::<u32>().ok()) {
            Some(FORMAT) => Ok(home),
            Some(found) if found > FORMAT => Err(Error::NewerFormat { path: path.to_owned(), found, expected: FORMAT }),
            Some(_) | None => Err(not_a_ledger("its file format does not say 'counterfoil ledger' and 'format 1'")),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path.join("state")
    }

    /// Takes the writer's lock; it is let go when the file is dropped or the process ends, however it ends.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = self.path.join("lock");
        let file =
            File::options().create(true).truncate(false).write(true).open(&path).map_err(|source| io(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Error::Locked { path: self.path.clone() }),
            Err(TryLockError::Error(source)) => Err(io(&path, source)),
        }
    }

    /// Whether this folder is the original: the log's file and the identity file itself are the file system objects that
    /// the identity names, and the log has what was signed last. A copy has other objects. An older copy that was
    /// written back into this folder brings an identity that names a file replaced since, or a log that is behind.
    pub(crate) fn is_original(&self, log: &LogReader) -> Result<bool> {
        let path = self.path.join("identity");
        let Some(recorded) = self.read_file("identity")? else { return Ok(false) };
        let own = std::fs::metadata(&path).map_err(|source| io(&path, source))?;
        let signed = recorded.lines().last().and_then(|line| line.strip_prefix("signed "));
        let Some(tree_size) = signed.and_then(|line| line.split(' ').next()?.parse::<u64>().ok()) else {
            return Ok(false);
        };
        if tree_size > log.stored_size()? {
            return Ok(false);
        }
        Ok(recorded == self.identity(&own, tree_size, &log.root_at(tree_size)?)?)
    }

    /// Records that this folder is the original and what is signed last in it, in a new file each time: at opening, and
    /// before each checkpoint.
    pub(crate) fn record_identity(&self, tree_size: u64, root: &Id) -> Result<()> {
        self.replace_file("identity", |file| {
            self.identity(&file.metadata().map_err(|source| io(&self.path, source))?, tree_size, root)
        })
    }

    /// Records that this folder is a copy, whatever it is written back into.
    pub(crate) fn record_copy(&self) -> Result<()> {
        self.write_file("identity", COPY)
    }

    /// Records that this folder is only ever fed with the entries of a log.
    pub(crate) fn record_replica(&self) -> Result<()> {
        self.write_file("identity", REPLICA)
    }

    /// Whether this folder was only ever fed: nothing was applied in it of which the log that it was fed from does not
    /// know.
    pub(crate) fn is_replica(&self) -> Result<bool> {
        Ok(self.read_file("identity")?.is_some_and(|text| text == REPLICA))
    }

    /// Records that this folder is handed over: the operator that follows these will be `heir`. It counts from when the
    /// log says so.
    pub(crate) fn record_heir(&self, operators: &[Id], heir: &Id) -> Result<()> {
        self.write_file(HEIR, &format!("{} {heir}\n", operators.len()))
    }

    /// Whom the folder was handed over to. A crash may have left the record without the entry that makes it count: then it
    /// goes.
    pub(crate) fn handed_over(&self, operators: &[Id]) -> Result<Option<Id>> {
        let Some(text) = self.read_file(HEIR)? else { return Ok(None) };
        let recorded = text.trim_end();
        let is_heir = |(place, operator): &(usize, &Id)| format!("{place} {operator}") == recorded;
        if let Some((_, heir)) = operators.iter().enumerate().find(is_heir) {
            return Ok(Some(*heir));
        }
        let path = self.path.join(HEIR);
        std::fs::remove_file(&path).map_err(|source| io(&path, source))?;
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(|source| io(&path, source))?;
        Ok(None)
    }

    /// A small file's text; none where there is no such file.
    fn read_file(&self, name: &str) -> Result<Option<String>> {
        let path = self.path.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(io(&path, source)),
        }
    }

    fn identity(&self, own: &Metadata, tree_size: u64, root: &Id) -> Result<String> {
        let path = self.log().join("data.mdb");
        let log = std::fs::metadata(&path).map_err(|source| io(&path, source))?;
        Ok(format!("log {}\nidentity {}\nsigned {tree_size} {root}\n", object(&log), object(own)))
    }

    fn write_file(&self, name: &str, text: &str) -> Result<()> {
        self.replace_file(name, |_| Ok(text.to_owned()))
    }

    /// Replaces a small file, so that a crash leaves the old one or the new one.
    fn replace_file(&self, name: &str, text: impl FnOnce(&File) -> Result<String>) -> Result<()> {
        let path = self.path.join(name);
        let temporary = self.path.join(format!("{name}.new"));
        let at = |source| io(&path, source);
        // The new file is an object of its own while the old one is still there: the identity depends on it.
        match std::fs::remove_file(&temporary) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(at(error)),
            Ok(()) | Err(_) => {}
        }
        let mut file = File::create_new(&temporary).map_err(at)?;
        let text = text(&file)?;
        file.write_all(text.as_bytes()).map_err(at)?;
        file.sync_all().map_err(at)?;
        std::fs::rename(&temporary, &path).map_err(at)?;
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(at)
    }
}

/// Which object of the file system a file is. Where a file system does not tell a file's birth, the inode alone decides.
fn object(metadata: &Metadata) -> String {
    let born = metadata
        .created()
        .ok()
        .and_then(|created| created.duration_since(UNIX_EPOCH).ok())
        .map_or_else(|| "unknown".to_owned(), |since| since.as_nanos().to_string());
    format!("inode {} born {born}", metadata.ino())
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}
