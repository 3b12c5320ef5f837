//! `fsck`: reads everything that a closed ledger stores, and computes again what can be.

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::home::Home;
use crate::keys::KeyCache;
use crate::ledger::Options;
use crate::log_store::LogReader;
use crate::opening::load;
use crate::replica::Replica;
use crate::state_store::StateStore;
use crate::tree::Tree;
use counterfoil_core::Id;
use std::path::Path;

/// What was found to hold.
#[derive(Clone, Copy, Debug)]
pub struct Findings {
    /// Entries in the log.
    pub entries: u64,
    /// The last commit's height.
    pub height: u64,
    /// Tables that are not empty.
    pub tables: usize,
    /// The last commit's state root.
    pub state_root: Id,
    /// The root of the log.
    pub log_root: Id,
}

/// Checks a ledger's folder and changes nothing in it.
///
/// The log: entries without gaps, every stored hash, every checkpoint's root. The state: every table's root from its
/// records. Then what the log has beyond the flushed state is applied, and must give the committed roots. With `full`,
/// the whole log is applied again from genesis, signatures included, in a temporary folder, and the indexes are compared
/// with it. `progress` is told (entries done, entries in all).
///
/// # Errors
///
/// `Corrupt` says the place, what was expected and what was found; `Locked` while a writer has it open.
pub fn fsck(path: &Path, full: bool, progress: &mut dyn FnMut(u64, u64) -> Result<()>) -> Result<Findings> {
    let home = Home::open(path)?;
    let _lock = home.lock()?;
    let mut options = Options::default();
    options.store.read_only = true;
    let store = StateStore::open(&home.state(), &options.store)?;
    let log = LogReader::follow(&home.log(), &options.store)?;
    let frontier = log.check(&mut *progress)?;
    Tree::check(&store)?;
    let loaded = load(&store, &log, &options)?;
    let keys = KeyCache::new(options.memory().cache_keys);
    let (mut tree, mut replica) = (loaded.tree, loaded.replica);
    if replica.position.through > frontier.size() {
        return Err(Error::Corrupt {
            place: "state".to_owned(),
            expected: format!("a state of at most the log's {} entries", frontier.size()),
            found: format!("one of {}", replica.position.through),
        });
    }
    if full && replica.position.indexed {
        store.check_indexes_by_log(&log, replica.position.through, progress)?;
    }
    replica.replay(&mut tree, &store, &log, frontier.size(), Some(&keys), &mut |_, _| Ok(()))?;
    if full {
        let again = replay_from_genesis(&loaded.genesis, &log, frontier.size(), &options, &keys, progress)?;
        if again != tree.root() {
            return Err(Error::Corrupt {
                place: "state".to_owned(),
                expected: format!("root {again}, as the log gives it from genesis"),
                found: tree.root().to_string(),
            });
        }
    }
    Ok(Findings {
        entries: frontier.size(),
        height: replica.position.height,
        tables: tree.tables().count(),
        state_root: replica.position.state_root,
        log_root: frontier.root(),
    })
}

fn replay_from_genesis(
    genesis: &counterfoil_core::wire::Genesis,
    log: &LogReader,
    size: u64,
    options: &Options,
    keys: &KeyCache,
    progress: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<Id> {
    let scratch = tempfile::tempdir().map_err(|source| Error::Io { path: std::env::temp_dir(), source })?;
    let mut store_options = options.store;
    store_options.read_only = false;
    let store = StateStore::create(scratch.path(), &store_options)?;
    let mut tree = Tree::open(&store)?;
    let mut replica = Replica::begin(genesis, Cache::new(options.memory().cache_records), &store, log, false)?;
    replica.replay(&mut tree, &store, log, size, Some(keys), progress)?;
    Ok(tree.root())
}
