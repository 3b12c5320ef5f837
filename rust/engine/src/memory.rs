//! How the bound on memory is divided, and what of it the changes take that wait to be written.
//!
//! | part | of `memory_bytes` | bounds |
//! |---|---|---|
//! | records | 3/12 | the cache of records, at [`RECORD_BYTES`] each |
//! | keys | 5/12 | the cache of decoded keys, at [`KEY_BYTES`] each |
//! | changes | 4/12 | what no flush has written yet |
//!
//! A key costs more than a record to have again, and there are about as many of them: with the whole of what is the
//! default, a million of each. What changes is committed, and then written, as soon as it fills half of its part. The
//! other half is for what changes meanwhile; when that is filled as well, nothing is applied until there is room.

/// What a record in the cache takes: 96 bytes and its place in two tables, a value of some bytes, and the mark of one
/// that has gone.
const RECORD_BYTES: usize = 128;

/// What a decoded key takes, with its place in a table.
const KEY_BYTES: usize = 210;

/// What a changed block takes beside its bytes: its counts, the allocator's, and its place in the list of a flush.
pub(crate) const BLOCK_MORE_BYTES: usize = 96;

/// What an entry that waits takes beside its bytes: its place in a list, and the allocator's.
const ENTRY_MORE_BYTES: usize = 64;

/// What entries take that wait for a commit.
pub(crate) const fn entries_memory_bytes(count: usize, bytes: usize) -> usize {
    bytes.saturating_add(count.saturating_mul(ENTRY_MORE_BYTES))
}

/// What a changed block takes.
pub(crate) fn block_memory_bytes(block: &[u8]) -> usize {
    block.len().saturating_add(BLOCK_MORE_BYTES)
}

/// About what a changed block takes, as long as it is not made yet: eleven leaves of balances, and the above.
const BLOCK_BYTES: usize = 500;

/// The parts of the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryParts {
    /// Records in the cache.
    pub(crate) cache_records: usize,
    /// Decoded keys in memory.
    pub(crate) cache_keys: usize,
    /// Bytes of changes that no flush has written yet.
    pub(crate) unflushed_bytes: usize,
}

impl MemoryParts {
    pub(crate) const fn of(memory_bytes: usize) -> Self {
        let twelfth = memory_bytes / 12;
        Self {
            cache_records: twelfth.saturating_mul(3) / RECORD_BYTES,
            cache_keys: twelfth.saturating_mul(5) / KEY_BYTES,
            unflushed_bytes: twelfth.saturating_mul(4),
        }
    }
}

/// How large the tree of the state is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TreeSize {
    /// Blocks, changed or not.
    pub(crate) blocks: usize,
    /// Bytes of memory of the blocks that changed since the last flush began.
    pub(crate) changed_bytes: usize,
}

/// Bytes of memory of what no flush has written yet, by how far it is.
#[derive(Debug)]
pub(crate) struct Unflushed {
    bytes_max: usize,
    blocks: usize,
    /// No commit covers it.
    uncommitted: usize,
    /// The state root of its commit is being found.
    committing: usize,
    /// A commit covers it, and no flush has begun: the tree's blocks, and what is indexed and remembered.
    committed: usize,
    staged: usize,
    /// It is being written.
    flushing: usize,
}

impl Unflushed {
    /// What the log led to when the ledger was opened.
    pub(crate) const fn new(bytes_max: usize, tree: TreeSize) -> Self {
        let TreeSize { blocks, changed_bytes } = tree;
        Self { bytes_max, blocks, uncommitted: 0, committing: 0, committed: changed_bytes, staged: 0, flushing: 0 }
    }

    /// So many records have changed since the last commit, and so many bytes are to be indexed and remembered.
    pub(crate) fn changed(&mut self, records: usize, staged: usize) {
        // Records share blocks: no more of these change than there are, but for those that new records make.
        let blocks = records.min(self.blocks.saturating_add(records / 11));
        self.uncommitted = blocks.saturating_mul(BLOCK_BYTES).saturating_add(staged);
    }

    pub(crate) fn begin_commit(&mut self, staged: usize) {
        self.committing = std::mem::take(&mut self.uncommitted).saturating_sub(staged);
        self.staged = self.staged.saturating_add(staged);
    }

    pub(crate) fn end_commit(&mut self, tree: TreeSize) {
        self.committing = 0;
        self.committed = tree.changed_bytes;
        self.blocks = tree.blocks;
    }

    pub(crate) fn begin_flush(&mut self) {
        self.flushing = std::mem::take(&mut self.committed).saturating_add(std::mem::take(&mut self.staged));
    }

    pub(crate) fn end_flush(&mut self) {
        self.flushing = 0;
    }

    /// Whether what is committed has to be written.
    pub(crate) fn needs_flush(&self) -> bool {
        self.committed.saturating_add(self.staged) >= self.bytes_max / 2
    }

    /// Whether what is not has to be committed, so that it can be written.
    pub(crate) fn needs_commit(&self) -> bool {
        self.uncommitted >= self.bytes_max / 2 || self.is_full()
    }

    /// Whether nothing more fits.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting().saturating_add(self.flushing) >= self.bytes_max
    }

    fn waiting(&self) -> usize {
        [self.committing, self.committed, self.staged].into_iter().fold(self.uncommitted, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_do_not_exceed_the_whole() {
        for memory_bytes in [0, 1, 1_000, 600_000_000, usize::MAX] {
            let MemoryParts { cache_records, cache_keys, unflushed_bytes } = MemoryParts::of(memory_bytes);
            let caches = cache_records * RECORD_BYTES + cache_keys * KEY_BYTES;
            assert!(caches.checked_add(unflushed_bytes).unwrap() <= memory_bytes);
        }
    }

    #[test]
    fn changes_count_until_they_are_written() {
        let mut unflushed = Unflushed::new(200_000, TreeSize { blocks: 50, changed_bytes: 0 });
        unflushed.changed(40, 1_000);
        assert!(!unflushed.needs_commit(), "21,000");
        unflushed.changed(1_000, 40_000);
        assert!(unflushed.needs_commit() && !unflushed.needs_flush() && !unflushed.is_full(), "140 blocks, 110,000");
        unflushed.begin_commit(40_000);
        assert!(!unflushed.needs_commit() && !unflushed.needs_flush());
        unflushed.end_commit(TreeSize { blocks: 130, changed_bytes: 80_000 });
        assert!(unflushed.needs_flush(), "80,000, as is known now, and 40,000");
        unflushed.begin_flush();
        assert!(!unflushed.needs_flush() && !unflushed.needs_commit() && !unflushed.is_full());
        unflushed.changed(1_000_000, 0);
        assert!(unflushed.is_full() && unflushed.needs_commit(), "120,000 are being written");
        unflushed.changed(150, 0);
        assert!(!unflushed.is_full() && !unflushed.needs_commit(), "130 blocks and 13");
        unflushed.end_flush();
        assert!(!unflushed.is_full() && !unflushed.needs_flush());
    }

    #[test]
    fn what_was_replayed_counts() {
        let unflushed = Unflushed::new(1_000, TreeSize { blocks: 1, changed_bytes: 500 });
        assert!(unflushed.needs_flush() && !unflushed.is_full());
    }

    #[test]
    fn a_few_records_that_change_all_the_time_are_flushed_for_what_is_indexed() {
        let mut unflushed = Unflushed::new(100_000, TreeSize { blocks: 1, changed_bytes: 0 });
        for _ in 0..5 {
            assert!(!unflushed.needs_flush());
            unflushed.changed(2, 10_000);
            unflushed.begin_commit(10_000);
            unflushed.end_commit(TreeSize { blocks: 1, changed_bytes: 600 });
        }
        assert!(unflushed.needs_flush());
    }
}
