//! Opening: the flushed state is read, and what the log has beyond it is applied again.

use crate::cache::Cache;
use crate::environment::StoreOptions;
use crate::error::{Error, Result};
use crate::ledger::Options;
use crate::log_store::{LogReader, LogStore};
use crate::replica::{POSITION, Position, Replica};
use crate::state_store::{StateMark, StateStore};
use crate::tree::Tree;
use counterfoil_core::Id;
use counterfoil_core::note::Checkpoint;
use counterfoil_core::signature;
use counterfoil_core::state::{Table, TableName};
use counterfoil_core::wire::{Entry, Genesis, decode};
use std::path::Path;

pub(crate) const INDEX_HOLE: &str = "the index lacks what was applied while the ledger was open with index=False: open it with \
                          index=False again, or delete its folder state, which the next opening makes again from the log";

/// Tables of at most so many records are read at opening.
const COMPLETE_RECORDS: u64 = 10_000;

/// What is read at opening.
pub(crate) struct Loaded {
    pub(crate) genesis: Genesis,
    pub(crate) tree: Tree,
    pub(crate) replica: Replica,
}

/// What stands once the log is applied.
pub(crate) struct Replayed {
    /// What the flushed state stood for.
    pub(crate) loaded: Option<StateMark>,
    pub(crate) genesis: Genesis,
    pub(crate) tree: Tree,
    pub(crate) replica: Replica,
    /// The last commit.
    pub(crate) commit_index: u64,
    /// Of the log.
    pub(crate) size: u64,
}

/// A writer's state. It is a cache of the log: where it is missing, or laid out as an older version did, an empty one
/// takes its place, and everything is replayed.
pub(crate) fn open_or_renew_state(directory: &Path, options: &StoreOptions) -> Result<StateStore> {
    if directory.join("data.mdb").exists() {
        match StateStore::open(directory, options) {
            Err(Error::OlderState { .. }) => {}
            opened => return opened,
        }
        std::fs::remove_dir_all(directory).map_err(|source| Error::Io { path: directory.to_owned(), source })?;
    }
    StateStore::create(directory, options)
}

/// The flushed state, and what the log has beyond it.
pub(crate) fn load_and_replay(
    store: &StateStore,
    reader: &LogReader,
    options: &Options,
    progress: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<Replayed> {
    let loaded = store.mark()?;
    let Loaded { genesis, mut tree, mut replica } = load(store, reader, options)?;
    if options.indexed && !replica.position.indexed {
        return Err(Error::Invalid(INDEX_HOLE.to_owned()));
    }
    let size = reader.stored_size()?;
    if replica.position.through > size {
        return Err(Error::Corrupt {
            place: "state".to_owned(),
            expected: format!("a state of at most the log's {size} entries"),
            found: format!("one of {}: the log was truncated or replaced", replica.position.through),
        });
    }
    let last = if options.store.read_only {
        let last = replica.replay_commits(&mut tree, store, reader, size, false)?;
        replica.apply_tail(store, reader, size)?;
        last
    } else {
        replica.replay(&mut tree, store, reader, size, None, progress)?
    };
    let commit_index = last.ok_or_else(|| no_commit(size))?;
    Ok(Replayed { loaded, genesis, tree, replica, commit_index, size })
}

/// The state as it was flushed, and where in the log it stands.
pub(crate) fn load(store: &StateStore, log: &LogReader, options: &Options) -> Result<Loaded> {
    let genesis = match Entry::decode(&log.entry(0)?) {
        Some(Entry::Genesis(genesis)) => genesis,
        Some(Entry::Applied(_) | Entry::Commit(_) | Entry::Operator(_)) | None => {
            return Err(Error::Corrupt {
                place: "log entry 0".to_owned(),
                expected: "the genesis".to_owned(),
                found: "something else".to_owned(),
            });
        }
    };
    let tree = Tree::open(store)?;
    let mut cache = Cache::new(options.memory().cache_records);
    for table in TableName::ALL.iter().filter(|name| !name.is_keyed()).map(|name| Table::single(*name)) {
        // Most accounts have no record, and every transaction asks for some: so they are looked for in memory.
        if (1..=COMPLETE_RECORDS).contains(&tree.count(&table)) {
            let rows = tree.page(store, &table, None, usize::MAX)?;
            cache.complete(&table, rows.into_iter().map(|row| (row.record_id, row.record)));
        }
    }
    let replica = match store.value(POSITION)? {
        None => Replica::begin(&genesis, cache, store, log, options.indexed)?,
        Some(bytes) => {
            let position: Position = decode(&bytes).ok_or_else(|| Error::Corrupt {
                place: "state/meta".to_owned(),
                expected: "a position".to_owned(),
                found: format!("{} bytes that do not decode", bytes.len()),
            })?;
            Replica::resume(&genesis, position, cache, store, log, options.indexed)?
        }
    };
    Ok(Loaded { genesis, tree, replica })
}

pub(crate) fn check_operator(seed: &[u8; 32], operator: &Id) -> Result<()> {
    let given = Id(signature::public_key(seed));
    if given == *operator {
        Ok(())
    } else {
        Err(Error::WrongOperatorKey { given: given.to_string(), expected: operator.to_string() })
    }
}

pub(crate) fn no_commit(size: u64) -> Error {
    Error::Corrupt {
        place: "log".to_owned(),
        expected: "a commit after the state's position".to_owned(),
        found: format!("none among {size} entries"),
    }
}

/// The note of the log at a size: the stored one, or one that is signed now. A crash may have left the commit without.
pub(crate) fn sign_if_missing(
    log: &mut LogStore,
    origin: &str,
    operator: Option<&[u8; 32]>,
    tree_size: u64,
) -> Result<Option<String>> {
    if let Some(bytes) = log.reader().note(tree_size)? {
        return Ok(String::from_utf8(bytes).ok());
    }
    let Some(seed) = operator else { return Ok(None) };
    let root_hash = log.reader().root_at(tree_size)?;
    let checkpoint = Checkpoint { origin: origin.to_owned(), tree_size, root_hash };
    let note = checkpoint.sign(seed).map_err(|error| Error::Invalid(error.to_string()))?.to_string();
    log.put_note(tree_size, note.as_bytes())?;
    Ok(Some(note))
}
