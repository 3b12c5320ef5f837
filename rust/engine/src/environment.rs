//! One LMDB environment: opening it, its transactions and the growth of its map.
//!
//! LMDB maps its file into memory at a size that is fixed while transactions are open. [`Environment`] makes that
//! invisible: a write that does not fit is undone, the map is doubled, and the write is done again.

use crate::error::{Error, Result};
use crate::pages::{Extent, check_pages};
use heed::types::Bytes;
use heed::{
    CommitOrAbort, CompactionOption, Database, Env, EnvFlags, EnvOpenOptions, MdbError, RoTxn, RwTxn, WithoutTls,
};
use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A named database of an environment: bytes to bytes.
pub type NamedDatabase = Database<'static, Bytes, Bytes>;

/// How an environment is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// The size of the map at first. It takes address space, not memory or disk.
    pub map_bytes: usize,
    /// The size up to which the map, and with it the file, may grow.
    pub map_bytes_max: u64,
    /// Follow what another process writes.
    pub read_only: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { map_bytes: 1 << 30, map_bytes_max: 1 << 40, read_only: false }
    }
}

/// An open LMDB environment. Clones of the `Arc` it is kept in are the way to share it: LMDB forbids to open one
/// folder twice in one process, and the second opening is refused.
#[derive(Debug)]
pub struct Environment {
    env: Env<WithoutTls>,
    path: PathBuf,
    read_only: bool,
    map_bytes: AtomicUsize,
    map_bytes_max: AtomicU64,
    /// Held by the one writer of this process, and while the map changes.
    writer: Mutex<()>,
    gate: Arc<Gate>,
    /// The map could not be made again after it was taken away: there is nothing to read or write any more.
    lost: AtomicBool,
    opened_in: u32,
}

/// A consistent view of an environment. It may be sent to another thread.
///
/// While one is held the map cannot grow, and no page that it sees is used again: hold it briefly. A thread that holds
/// one neither opens another nor writes.
pub struct ReadTransaction {
    // Fields are dropped in this order: the transaction ends before the gate may close.
    txn: RoTxn<'static, WithoutTls>,
    _pass: Pass,
}

impl Deref for ReadTransaction {
    type Target = RoTxn<'static, WithoutTls>;

    fn deref(&self) -> &Self::Target {
        &self.txn
    }
}

/// The map's size is a multiple of this: of the pages of every system.
const MAP_BYTES_STEP: usize = 1 << 16;

/// How many transactions may be open at once, in all processes.
const READERS_MAX: u32 = 510;

/// How many databases an environment may have open.
const DATABASES_MAX: u32 = 16;

/// How long a write waits for the readers of this process to end before it gives up growing the map.
const GROWTH_PATIENCE: Duration = Duration::from_secs(10);

/// The place of errors that do not know their folder yet.
const UNPLACED: &str = "database";

const DATA_FILE: &str = "data.mdb";

impl Environment {
    /// Makes an environment with these databases in a folder that has none.
    pub fn create<const N: usize>(
        directory: &Path,
        options: &StoreOptions,
        names: [&str; N],
    ) -> Result<(Arc<Self>, [NamedDatabase; N])> {
        if options.read_only {
            return Err(Error::ReadOnly);
        }
        let io = |source| Error::Io { path: directory.to_owned(), source };
        std::fs::create_dir_all(directory).map_err(io)?;
        if directory.join(DATA_FILE).exists() {
            return Err(Error::AlreadyExists { path: directory.to_owned() });
        }
        let opened = Self::open_or_create(directory, options, names)?;
        // LMDB syncs its file; that the folder lists the file, and its parent the folder, has to survive a crash too.
        let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
        for folder in std::iter::once(directory).chain(parent).filter(|_| cfg!(unix)) {
            std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
        }
        Ok(opened)
    }

    /// Opens the environment in this folder, and makes those of these databases that are missing.
    pub fn open<const N: usize>(
        directory: &Path,
        options: &StoreOptions,
        names: [&str; N],
    ) -> Result<(Arc<Self>, [NamedDatabase; N])> {
        if !directory.join(DATA_FILE).is_file() {
            let reason = format!("it has no {DATA_FILE}");
            return Err(Error::NotALedger { path: directory.to_owned(), reason });
        }
        // LMDB would follow a damaged page out of its map.
        check_pages(&directory.join(DATA_FILE), Extent::Trees)?;
        Self::open_or_create(directory, options, names)
    }

    fn open_or_create<const N: usize>(
        directory: &Path,
        options: &StoreOptions,
        names: [&str; N],
    ) -> Result<(Arc<Self>, [NamedDatabase; N])> {
        if u64::try_from(options.map_bytes).is_ok_and(|map_bytes| map_bytes > options.map_bytes_max) {
            let (first, max) = (options.map_bytes, options.map_bytes_max);
            return Err(Error::Invalid(format!("map_bytes: expected at most map_bytes_max, {max}, found {first}")));
        }
        let env = open_env(directory, options).map_err(|error| match error {
            heed::Error::EnvAlreadyOpened => Error::Locked { path: directory.to_owned() },
            heed::Error::Io(_) | heed::Error::Mdb(_) | heed::Error::Encoding(_) | heed::Error::Decoding(_) => {
                locate(error.into(), directory, options.map_bytes_max)
            }
        })?;
        let environment = Self {
            map_bytes: AtomicUsize::new(env.info().map_size),
            env,
            path: directory.to_owned(),
            read_only: options.read_only,
            map_bytes_max: AtomicU64::new(options.map_bytes_max),
            writer: Mutex::new(()),
            gate: Arc::new(Gate::default()),
            lost: AtomicBool::new(false),
            opened_in: std::process::id(),
        };
        // Readers that were killed keep every page they saw from being used again, for ever.
        environment.clear_stale_readers()?;
        if !options.read_only {
            // A writer that was killed at the very end of a commit may have stored it without telling the readers, who
            // go on to see the one before as long as a follower keeps the lock file alive. Whoever takes the writer's
            // lock next repairs that: so it is taken before anything is read.
            let txn = environment.env.write_txn().map_err(|error| environment.located(error.into()))?;
            txn.abort();
        }
        let databases = environment.databases(names)?;
        Ok((Arc::new(environment), databases))
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it only follows.
    pub const fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The present size of the map.
    pub fn map_bytes(&self) -> usize {
        // LMDB's own number may not be read while the map changes.
        self.map_bytes.load(Ordering::Acquire)
    }

    /// Sets the size up to which the map may grow.
    pub fn set_map_bytes_max(&self, map_bytes_max: u64) {
        self.map_bytes_max.store(map_bytes_max, Ordering::Relaxed);
    }

    /// Forgets readers whose process died, and says how many there were.
    pub fn clear_stale_readers(&self) -> Result<usize> {
        self.check_usable()?;
        self.env.clear_stale_readers().map_err(|error| self.located(error.into()))
    }

    /// Checks every page of the file: what opening it checked, and the pages of long values as well.
    pub fn check_pages(&self) -> Result<()> {
        check_pages(&self.path.join(DATA_FILE), Extent::LongValues)
    }

    /// Writes a consistent copy into a folder that has none, while reading and writing go on. It is durable when this
    /// returns. The map cannot grow meanwhile.
    pub fn copy_to(&self, directory: &Path) -> Result<()> {
        self.check_usable()?;
        let _pass = Gate::enter(&self.gate);
        let path = directory.join(DATA_FILE);
        let io = |source| Error::Io { path: path.clone(), source };
        std::fs::create_dir_all(directory).map_err(io)?;
        if path.exists() {
            return Err(Error::AlreadyExists { path });
        }
        let copied = self.env.copy_to_path(&path, CompactionOption::Disabled);
        copied.map_err(|error| self.located(error.into()))?.sync_all().map_err(io)?;
        std::fs::File::open(directory).and_then(|folder| folder.sync_all()).map_err(io)
    }

    /// Begins a consistent view.
    pub fn read_transaction(&self) -> Result<ReadTransaction> {
        self.check_usable()?;
        loop {
            let pass = Gate::enter(&self.gate);
            let map_bytes = self.map_bytes();
            match self.env.clone().static_read_txn() {
                Ok(txn) => return Ok(ReadTransaction { txn, _pass: pass }),
                Err(heed::Error::Mdb(MdbError::MapResized)) => {
                    drop(pass);
                    self.adopt_map_bytes(map_bytes)?;
                }
                Err(error) => return Err(self.located(error.into())),
            }
        }
    }

    /// Reads in one consistent view.
    pub fn read<T>(&self, work: impl FnOnce(&ReadTransaction) -> Result<T>) -> Result<T> {
        let txn = self.read_transaction()?;
        work(&txn).map_err(|error| self.located(error))
    }

    /// Writes in one transaction, which is durable when this returns. Where it fails nothing of it is kept.
    ///
    /// When the map is full the transaction is undone, the map grows and `work` runs again from the start: whatever it
    /// changes outside the transaction it must set, not add to. The caller holds no [`ReadTransaction`].
    pub fn write<T>(&self, work: impl FnMut(&mut RwTxn<'_>) -> Result<T>) -> Result<T> {
        if self.read_only {
            return Err(Error::ReadOnly);
        }
        self.check_usable()?;
        let mut work = work;
        let writer = lock(&self.writer);
        loop {
            let mut txn = self.env.write_txn().map_err(|error| self.located(error.into()))?;
            let done = work(&mut txn);
            let outcome = match done {
                Ok(value) => txn.commit().map(|()| value).map_err(Error::from),
                Err(error) => {
                    txn.abort();
                    Err(error)
                }
            };
            match outcome {
                Err(Error::MapFull { .. }) => self.grow(&writer)?,
                Err(error) => return Err(self.located(error)),
                Ok(value) => return Ok(value),
            }
        }
    }

    /// Does work that writes much, and syncs meanwhile what it has written so far. Little is left to sync at its end, where
    /// others who sync a file of the same disk would have to wait for all of it.
    pub(crate) fn sync_meanwhile<T>(&self, work: impl FnOnce() -> T) -> T {
        const EVERY: Duration = Duration::from_millis(3);
        let file = File::open(self.path.join(DATA_FILE));
        std::thread::scope(|scope| {
            let (working, ended) = std::sync::mpsc::channel::<()>();
            let sync = move || {
                let Ok(file) = file else { return };
                while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                    // The database's own sync tells of what fails.
                    let _ = file.sync_data();
                }
            };
            // Where no thread is to be had it is all synced at the end.
            let _ = std::thread::Builder::new().name("counterfoil-sync".to_owned()).spawn_scoped(scope, sync);
            let done = work();
            drop(working);
            done
        })
    }

    /// Opens these databases, and makes those that are missing.
    pub(crate) fn databases<const N: usize>(&self, names: [&str; N]) -> Result<[NamedDatabase; N]> {
        // heed ends the transaction in which databases are opened, so that one is its own; this one keeps the map in
        // place meanwhile, and has made sure that the map is large enough.
        let guard = self.read_transaction()?;
        let txn = self.env.read_txn().map_err(|error| self.located(error.into()))?;
        let opened = self.env.open_databases_and_commit::<_, _, (), heed::Error>(txn, |opener, txn| {
            let mut found = [None; N];
            for (database, name) in found.iter_mut().zip(names) {
                *database = opener.open_database::<Bytes, Bytes>(txn, Some(name))?;
            }
            Ok(CommitOrAbort::Commit(found))
        });
        drop(guard);
        let found = opened.map_err(|error| self.located(error.into()))?.commit();
        let mut present: Vec<NamedDatabase> = found.into_iter().flatten().flatten().collect();
        if present.len() < N {
            if self.read_only {
                return Err(Error::NotALedger {
                    path: self.path.clone(),
                    reason: format!("expected the databases {names:?}, found {} of them", present.len()),
                });
            }
            present = self.create_databases(names)?.to_vec();
        }
        present.try_into().map_err(|_| Error::Storage("databases were not opened".to_owned()))
    }

    fn create_databases<const N: usize>(&self, names: [&str; N]) -> Result<[NamedDatabase; N]> {
        let writer = lock(&self.writer);
        loop {
            let txn = self.env.write_txn().map_err(|error| self.located(error.into()))?;
            let created = self.env.create_databases_and_commit::<_, _, [Option<NamedDatabase>; N], heed::Error>(
                txn,
                |opener, txn| {
                    let mut made = [None; N];
                    for (database, name) in made.iter_mut().zip(names) {
                        *database = Some(opener.create_database::<Bytes, Bytes>(txn, Some(name))?);
                    }
                    Ok(CommitOrAbort::Commit(made))
                },
            );
            match created.map_err(Error::from) {
                Ok(created) => {
                    let created: Vec<NamedDatabase> = created.commit().into_iter().flatten().flatten().collect();
                    return created.try_into().map_err(|_| Error::Storage("databases were not created".to_owned()));
                }
                Err(Error::MapFull { .. }) => self.grow(&writer)?,
                Err(error) => return Err(self.located(error)),
            }
        }
    }

    /// Doubles the map, once no transaction of this process is left. The writer's lock says that none is written.
    fn grow(&self, _writer: &MutexGuard<'_, ()>) -> Result<()> {
        let limit_bytes = self.map_bytes_max.load(Ordering::Relaxed);
        let limit = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
        let present = self.map_bytes();
        let new_size = round_down(present.saturating_mul(2).min(limit));
        if new_size <= present {
            return Err(Error::MapFull { limit_bytes });
        }
        let Some(closed) = self.gate.close(GROWTH_PATIENCE) else {
            let patience = GROWTH_PATIENCE.as_secs();
            return Err(Error::Storage(format!(
                "the database must grow and cannot while it is being read: a reader has been open for {patience} s"
            )));
        };
        self.resize(&closed, new_size)
    }

    /// Takes over the size to which the writing process grew the map.
    fn adopt_map_bytes(&self, stale_bytes: usize) -> Result<()> {
        // A writer that meets this shares the folder with another writer; it must not wait for itself here.
        let Ok(_writer) = self.writer.try_lock() else {
            return Err(Error::Locked { path: self.path.clone() });
        };
        let Some(closed) = self.gate.close(GROWTH_PATIENCE) else {
            return Err(Error::Storage("the database grew and cannot be followed while older readers are open".into()));
        };
        if self.map_bytes() == stale_bytes { self.resize(&closed, 0) } else { Ok(()) }
    }

    #[expect(unsafe_code, reason = "resizing an LMDB map is unsafe in heed: nothing may be using the map")]
    fn resize(&self, _closed: &Closed<'_>, new_size: usize) -> Result<()> {
        // SAFETY: no transaction of this process is active. Read transactions hold a pass of the gate, which is closed
        // and empty; write transactions are made under the writer's lock, which the caller of `grow` and
        // `adopt_map_bytes` holds, and none is open there. References into the map borrow their transaction.
        let resized = unsafe { self.env.resize(new_size) };
        self.map_bytes.store(self.env.info().map_size, Ordering::Release);
        resized.map_err(|error| {
            // LMDB has taken the old map away before it failed to make the new one.
            self.lost.store(true, Ordering::Release);
            self.located(error.into())
        })
    }

    fn check_usable(&self) -> Result<()> {
        let used_in = std::process::id();
        if used_in != self.opened_in {
            return Err(Error::Forked { opened_in: self.opened_in, used_in });
        }
        if self.lost.load(Ordering::Acquire) {
            return Err(Error::Poisoned { reason: "the database could not be mapped again after it grew".into() });
        }
        Ok(())
    }

    fn located(&self, error: Error) -> Error {
        locate(error, &self.path, self.map_bytes_max.load(Ordering::Relaxed))
    }
}

/// What LMDB says, without saying which: [`Environment::read`] and [`Environment::write`] add the folder.
impl From<heed::Error> for Error {
    fn from(error: heed::Error) -> Self {
        let corrupt = |found: String| Self::Corrupt {
            place: UNPLACED.to_owned(),
            expected: "pages that belong together".to_owned(),
            found,
        };
        match error {
            heed::Error::Io(source) => Self::Io { path: UNPLACED.into(), source },
            heed::Error::Mdb(MdbError::MapFull) => Self::MapFull { limit_bytes: 0 },
            heed::Error::Mdb(
                damage @ (MdbError::PageNotFound
                | MdbError::Corrupted
                | MdbError::Invalid
                | MdbError::CursorFull
                | MdbError::PageFull
                | MdbError::Incompatible),
            ) => corrupt(damage.to_string()),
            heed::Error::Mdb(other) => Self::Storage(other.to_string()),
            heed::Error::Encoding(source) | heed::Error::Decoding(source) => Self::Storage(source.to_string()),
            heed::Error::EnvAlreadyOpened => Self::Locked { path: UNPLACED.into() },
        }
    }
}

fn locate(mut error: Error, directory: &Path, map_bytes_max: u64) -> Error {
    if let Error::Io { path, .. } | Error::Locked { path } = &mut error
        && path.as_os_str() == UNPLACED
    {
        directory.clone_into(path);
    }
    if let Error::Corrupt { place, .. } = &mut error
        && place == UNPLACED
    {
        *place = directory.display().to_string();
    }
    if let Error::MapFull { limit_bytes: limit_bytes @ 0 } = &mut error {
        *limit_bytes = map_bytes_max;
    }
    error
}

#[expect(unsafe_code, reason = "opening an LMDB environment is unsafe in heed: the file is mapped")]
fn open_env(directory: &Path, options: &StoreOptions) -> heed::Result<Env<WithoutTls>> {
    let mut open = EnvOpenOptions::new().read_txn_without_tls();
    let step = MAP_BYTES_STEP;
    open.map_size(round_down(options.map_bytes).max(step)).max_readers(READERS_MAX).max_dbs(DATABASES_MAX);
    let flags = if options.read_only { EnvFlags::READ_ONLY } else { EnvFlags::empty() };
    // SAFETY: READ_ONLY weakens no guarantee. The map is the file, so nobody but LMDB may change the file while it is
    // open: the ledger's folder is ours, one process writes to it (the ledger's lock), and heed refuses to open it
    // twice in one process. Every value read is treated as untrusted bytes.
    unsafe { open.flags(flags).open(directory) }
}

const fn round_down(bytes: usize) -> usize {
    bytes & !(MAP_BYTES_STEP - 1)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these mutexes guard is consistent at every step: a panic elsewhere does not spoil it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts the open read transactions, and lets the map change when there are none.
///
/// An `RwLock` would do but for its guard, which cannot go to another thread with the transaction.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    passes: usize,
    closed: bool,
}

/// One open read transaction.
#[derive(Debug)]
struct Pass(Arc<Gate>);

/// No read transaction is open and none begins.
struct Closed<'a>(&'a Gate);

impl Gate {
    fn enter(gate: &Arc<Self>) -> Pass {
        let state = lock(&gate.state);
        let mut state = gate.changed.wait_while(state, |state| state.closed).unwrap_or_else(PoisonError::into_inner);
        state.passes = state.passes.saturating_add(1);
        Pass(Arc::clone(gate))
    }

    fn close(&self, patience: Duration) -> Option<Closed<'_>> {
        let mut state = lock(&self.state);
        // Closed first, emptied then: readers that keep coming would hold up the writer for ever.
        state.closed = true;
        let waited = self.changed.wait_timeout_while(state, patience, |state| state.passes > 0);
        let (mut state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            state.closed = false;
            self.changed.notify_all();
            return None;
        }
        Some(Closed(self))
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.passes = state.passes.saturating_sub(1);
        self.0.changed.notify_all();
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).closed = false;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heed::PutFlags;

    fn tiny(map_bytes_max: u64) -> StoreOptions {
        StoreOptions { map_bytes: MAP_BYTES_STEP, map_bytes_max, read_only: false }
    }

    fn fill(environment: &Environment, database: NamedDatabase, from: u32, count: u32) -> Result<()> {
        environment.write(|txn| {
            for key in (from..).take(count.try_into().unwrap()) {
                database.put_with_flags(txn, PutFlags::APPEND, &key.to_be_bytes(), &[7; 1_000])?;
            }
            Ok(())
        })
    }

    fn count(environment: &Environment, database: NamedDatabase) -> u64 {
        environment.read(|txn| Ok(database.len(txn)?)).unwrap()
    }

    #[test]
    fn a_map_that_is_full_grows() {
        let folder = tempfile::tempdir().unwrap();
        let (environment, [first, second]) =
            Environment::create(folder.path(), &tiny(1 << 30), ["first", "second"]).unwrap();
        fill(&environment, first, 0, 2_000).unwrap();
        fill(&environment, second, 0, 1).unwrap();
        assert!(environment.map_bytes() > 2_000_000);
        assert_eq!((count(&environment, first), count(&environment, second)), (2_000, 1));
        drop(environment);
        let (environment, [second, first]) =
            Environment::open(folder.path(), &tiny(1 << 30), ["second", "first"]).unwrap();
        assert_eq!((count(&environment, first), count(&environment, second)), (2_000, 1));
    }

    #[test]
    fn at_the_limit_nothing_changes_and_a_higher_limit_helps() {
        let folder = tempfile::tempdir().unwrap();
        let (environment, [database]) = Environment::create(folder.path(), &tiny(1 << 20), ["database"]).unwrap();
        fill(&environment, database, 0, 100).unwrap();
        let full = fill(&environment, database, 100, 2_000);
        assert!(matches!(full, Err(Error::MapFull { limit_bytes: 0x10_0000 })), "{full:?}");
        assert_eq!(count(&environment, database), 100);
        fill(&environment, database, 100, 10).unwrap();
        environment.set_map_bytes_max(1 << 30);
        fill(&environment, database, 110, 2_000).unwrap();
        assert_eq!(count(&environment, database), 2_110);
    }

    #[test]
    fn growth_waits_for_readers_and_readers_for_growth() {
        let folder = tempfile::tempdir().unwrap();
        let (environment, [database]) = Environment::create(folder.path(), &tiny(1 << 30), ["database"]).unwrap();
        fill(&environment, database, 0, 10).unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        environment
                            .read(|txn| {
                                let before = database.len(txn)?;
                                for item in database.iter(txn)? {
                                    assert_eq!(item?.1, [7; 1_000]);
                                }
                                assert_eq!(database.len(txn)?, before);
                                Ok(())
                            })
                            .unwrap();
                    }
                });
            }
            for batch in 0..20 {
                fill(&environment, database, 10 + batch * 100, 100).unwrap();
            }
            // A reader may be used and dropped in another thread than it was begun in.
            let txn = environment.read_transaction().unwrap();
            scope.spawn(move || assert_eq!(database.len(&txn).unwrap(), 2_010)).join().unwrap();
            done.store(true, Ordering::Relaxed);
        });
        assert_eq!(count(&environment, database), 2_010);
    }

    #[test]
    fn what_fails_in_a_write_is_undone() {
        let folder = tempfile::tempdir().unwrap();
        let (environment, [database]) = Environment::create(folder.path(), &tiny(1 << 30), ["database"]).unwrap();
        let failed: Result<()> = environment.write(|txn| {
            database.put(txn, b"key", b"value")?;
            Err(Error::Invalid("no".into()))
        });
        assert!(matches!(failed, Err(Error::Invalid(_))));
        assert_eq!(count(&environment, database), 0);
    }

    #[test]
    fn one_folder_is_opened_once() {
        let folder = tempfile::tempdir().unwrap();
        let (_environment, [_database]) = Environment::create(folder.path(), &tiny(1 << 20), ["database"]).unwrap();
        let again = Environment::open(folder.path(), &tiny(1 << 20), ["database"]);
        assert!(matches!(again, Err(Error::Locked { .. })), "{again:?}");
        let created = Environment::create(folder.path(), &tiny(1 << 20), ["database"]);
        assert!(matches!(created, Err(Error::AlreadyExists { .. })), "{created:?}");
    }

    #[test]
    fn a_follower_reads_and_does_not_write() {
        let folder = tempfile::tempdir().unwrap();
        let follow = StoreOptions { read_only: true, ..tiny(1 << 20) };
        let absent = Environment::open(folder.path(), &follow, ["database"]);
        assert!(matches!(absent, Err(Error::NotALedger { .. })), "{absent:?}");
        let (environment, [database]) = Environment::create(folder.path(), &tiny(1 << 20), ["database"]).unwrap();
        fill(&environment, database, 0, 10).unwrap();
        drop(environment);
        let (environment, [database]) = Environment::open(folder.path(), &follow, ["database"]).unwrap();
        assert_eq!(count(&environment, database), 10);
        assert!(matches!(fill(&environment, database, 10, 1), Err(Error::ReadOnly)));
        drop(environment);
        let other = Environment::open(folder.path(), &follow, ["database", "other"]);
        assert!(matches!(other, Err(Error::NotALedger { .. })), "{other:?}");
    }
}
