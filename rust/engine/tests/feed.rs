//! Feeding: whatever the pieces a log comes in, the folder is the ledger; what does not hold is named and not kept.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected should stop")]

use counterfoil_core::Id;
use counterfoil_core::note::Checkpoint;
use counterfoil_core::ops::Operation;
use counterfoil_core::ops::account::Once;
use counterfoil_core::signature;
use counterfoil_core::state::Table;
use counterfoil_core::wire::{
    AssetCreators, Authorizer, Entry, Genesis, Parameters, SignedTransaction, Transaction, encode, transaction_id,
};
use counterfoil_engine::{Batch, Error, Fed, Feed, Ledger, Options, Result, fsck};
use std::path::Path;

const SEED: [u8; 32] = [1; 32];
const ORIGIN: &str = "club.example/beans";

fn options() -> Options {
    Options { commit_every_ms: None, flush_records: 7, ..Options::default() }
}

/// A closed ledger: its entries, its notes, and its last state root.
fn write(folder: &Path) -> (Vec<Vec<u8>>, Vec<Vec<u8>>, Id) {
    let parameters = Parameters {
        window_ms: 3_600_000,
        asset_creators: AssetCreators::Anyone,
        transaction_bytes_max: 16_384,
        operations_max: 128,
        governor: None,
    };
    let operator = Id(signature::public_key(&SEED));
    let genesis = Genesis { origin: ORIGIN.to_owned(), operator, time: 1_000, salt: [0; 16], parameters };
    let ledger = Ledger::create(folder, &genesis, Some(SEED), &options()).unwrap();
    for number in 0..40 {
        let transaction = Transaction {
            version: 1,
            ledger: ledger.id(),
            valid_until: 2_000,
            nonce: [number; 16],
            authorizers: vec![Authorizer { account: operator, key: None }],
            operations: vec![Operation::Once(Once { account: operator, key: [number; 32] })],
        };
        let id = transaction_id(&encode(&transaction));
        let message = [b"counterfoil/sign/v1\n".as_slice(), id.as_ref()].concat();
        let mut batch = Batch::default();
        batch.push(&encode(&SignedTransaction { transaction, signatures: vec![signature::sign(&SEED, &message)] }));
        assert!(ledger.apply(batch, Some(1_000)).unwrap().iter().all(|row| row.index.is_some()));
        if number % 9 == 0 {
            ledger.checkpoint(Some(1_000)).unwrap();
        }
    }
    ledger.checkpoint(Some(1_000)).unwrap();
    let entries = ledger.entries(0, 1_000).unwrap();
    let notes = ledger.notes(0, 1_000).unwrap().into_iter().map(|(_, note)| note).collect();
    let (_, commit) = ledger.last_commit().unwrap();
    ledger.close().unwrap();
    (entries, notes, commit.state_root)
}

fn feed(feed: &mut Feed, first: u64, entries: &[Vec<u8>], apart: usize) -> Result<Fed> {
    let mut pieces = entries.chunks(apart);
    let mut next = || {
        Ok(pieces.next().map(|piece| {
            let mut batch = Batch::default();
            for entry in piece {
                batch.push(entry);
            }
            batch
        }))
    };
    feed.run(first, &mut next, &mut |_| Ok(()))
}

fn size(feed: &Feed) -> usize {
    usize::try_from(feed.log().stored_size().unwrap()).unwrap()
}

#[test]
fn pieces_of_any_size_give_the_same_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let (entries, notes, root) = write(&folder.path().join("written"));
    for apart in [1, 2, 7, 100] {
        let path = folder.path().join(apart.to_string());
        let mut at = 0;
        while at < entries.len() {
            // A new handle each time, as after a crash.
            let mut fed = Feed::open(&path, &entries[0], &options()).unwrap();
            let known = size(&fed);
            at = (known.max(at) + 3 * apart).min(entries.len());
            let run = feed(&mut fed, u64::try_from(known).unwrap(), &entries[known..at], apart);
            // Too little for a first commit is refused; nothing else is.
            assert!(run.is_ok() || (known == 0 && at < 2), "{run:?}");
        }
        let mut fed = Feed::open(&path, &entries[0], &options()).unwrap();
        assert_eq!(feed(&mut fed, 0, &entries, apart).unwrap().uncommitted, 0);
        fed.put_notes(&notes).unwrap();
        assert_eq!(size(&fed), entries.len());
        drop(fed);
        assert_eq!(fsck(&path, true, &mut |_, _| Ok(())).unwrap().state_root, root);
        let mut read_only = options();
        read_only.store.read_only = true;
        let ledger = Ledger::open(&path, None, &read_only, &mut |_, _| Ok(())).unwrap();
        assert_eq!(ledger.total(&Table::single(counterfoil_core::state::TableName::Once)).unwrap().0, 40);
        assert!(ledger.note().unwrap().is_some());
    }
}

#[test]
fn what_does_not_hold_is_named_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (entries, notes, root) = write(&folder.path().join("written"));
    let path = folder.path().join("fed");
    for (index, original) in entries.iter().enumerate().skip(1) {
        let mut tampered = entries.clone();
        tampered[index][original.len() / 2] ^= 1;
        let mut fed = Feed::open(&path, &entries[0], &options()).unwrap();
        let known = size(&fed);
        let error = feed(&mut fed, 0, &tampered, 5).unwrap_err();
        let Error::Entry { index: named, .. } = error else { panic!("{error:?}") };
        assert_eq!(named, u64::try_from(index).unwrap(), "{error}");
        let kept = size(&fed);
        assert!(known <= kept && kept <= index, "{kept} entries are kept");
        for (at, entry) in entries.iter().enumerate().take(kept) {
            assert_eq!(fed.log().entry(u64::try_from(at).unwrap()).unwrap(), *entry);
        }
    }
    let mut fed = Feed::open(&path, &entries[0], &options()).unwrap();
    feed(&mut fed, 0, &entries, 5).unwrap();
    let tree_size = fed.log().stored_size().unwrap();
    let forged = Checkpoint { origin: ORIGIN.to_owned(), tree_size, root_hash: Id([7; 32]) };
    let forged = forged.sign(&SEED).unwrap().to_string().into_bytes();
    let mixed: Vec<Vec<u8>> = notes.iter().cloned().chain([forged]).collect();
    assert!(matches!(fed.put_notes(&mixed), Err(Error::Checkpoint { .. })));
    assert!(fed.log().latest_note().unwrap().is_none(), "all or none");
    fed.put_notes(&notes).unwrap();
    drop(fed);
    assert_eq!(fsck(&path, true, &mut |_, _| Ok(())).unwrap().state_root, root);
}

#[test]
fn a_folder_that_was_written_to_is_not_fed() {
    let folder = tempfile::tempdir().unwrap();
    let (entries, ..) = write(&folder.path().join("written"));
    let refused = |path: &Path| Feed::open(path, &entries[0], &options()).unwrap_err();
    assert!(matches!(refused(&folder.path().join("written")), Error::AlreadyExists { .. }));
    let path = folder.path().join("fed");
    let mut fed = Feed::open(&path, &entries[0], &options()).unwrap();
    feed(&mut fed, 0, &entries, 5).unwrap();
    assert!(matches!(refused(&path), Error::Locked { .. }));
    drop(fed);
    let Some(Entry::Genesis(mut genesis)) = Entry::decode(&entries[0]) else { panic!("no genesis") };
    genesis.salt = [1; 16];
    let other = Entry::Genesis(genesis).encode();
    assert!(matches!(Feed::open(&path, &other, &options()), Err(Error::Entry { index: 0, .. })));
    Ledger::open(&path, None, &options(), &mut |_, _| Ok(())).unwrap().close().unwrap();
    assert!(matches!(refused(&path), Error::AlreadyExists { .. }));
}
