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

fn genesis() -> Genesis {
    let parameters = Parameters {
        window_ms: 3_600_000,
        asset_creators: AssetCreators::Anyone,
        transaction_bytes_max: 16_384,
        operations_max: 128,
        governor: None,
    };
    let operator = Id(signature::public_key(&SEED));
    Genesis { origin: ORIGIN.to_owned(), operator, time: 1_000, salt: [0; 16], parameters }
}

/// A transaction in which the operator takes these keys, each once.
fn signed(ledger: &Ledger, nonce: [u8; 16], keys: Vec<[u8; 32]>) -> Vec<u8> {
    let account = Id(signature::public_key(&SEED));
    let transaction = Transaction {
        version: 1,
        ledger: ledger.id(),
        valid_until: 2_000,
        nonce,
        authorizers: vec![Authorizer { account, key: None }],
        operations: keys.into_iter().map(|key| Operation::Once(Once { account, key })).collect(),
    };
    let id = transaction_id(&encode(&transaction));
    let message = [b"counterfoil/sign/v1\n".as_slice(), id.as_ref()].concat();
    encode(&SignedTransaction { transaction, signatures: vec![signature::sign(&SEED, &message)] })
}

/// A closed ledger: its entries, its notes, and its last state root.
fn write(folder: &Path) -> (Vec<Vec<u8>>, Vec<Vec<u8>>, Id) {
    let genesis = genesis();
    let ledger = Ledger::create(folder, &genesis, Some(SEED), &options()).unwrap();
    for number in 0..40 {
        let mut batch = Batch::default();
        batch.push(&signed(&ledger, [number; 16], vec![[number; 32]]));
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

#[test]
fn what_is_no_entry_does_not_wait_for_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (entries, _, _) = write(&folder.path().join("written"));
    let long = [vec![1], vec![0; 65_535]].concat();
    for (number, bytes) in [vec![], vec![4], vec![255; 200], long].into_iter().enumerate() {
        let mut fed = Feed::open(&folder.path().join(number.to_string()), &entries[0], &options()).unwrap();
        let (mut given, mut count) = (entries[..2].to_vec(), 0);
        given.extend(vec![bytes; 50]);
        let mut next = || {
            count += 1;
            Ok(given.get(count - 1).map(|entry| {
                let mut batch = Batch::default();
                batch.push(entry);
                batch
            }))
        };
        let error = fed.run(0, &mut next, &mut |_| Ok(())).unwrap_err();
        assert!(matches!(error, Error::Entry { index: 2, .. }), "{error}");
        assert_eq!(count, 3, "the first of them is refused");
    }
}

#[test]
fn cosignatures_are_added_and_none_goes_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let (entries, notes, _) = write(&folder.path().join("written"));
    let mut fed = Feed::open(&folder.path().join("fed"), &entries[0], &options()).unwrap();
    feed(&mut fed, 0, &entries, 50).unwrap();
    let note = String::from_utf8(notes.last().unwrap().clone()).unwrap();
    // The first four bytes are the key's id.
    let line = |name: &str, letter: &str| format!("\u{2014} {name} AQIDBAAA{}\n", letter.repeat(96));
    let cosigned = note.clone() + &line("w.example/a", "A");
    let others = note.clone() + &line("w.example/a", "B") + &line("w.example/b", "C") + &line("w.example/c", "D");
    let many = (0..60).fold(note.clone(), |note, number| note + &line(&format!("{number}.example/w"), "E"));
    fed.put_notes(&[cosigned.into_bytes(), note.clone().into_bytes(), others.into_bytes()]).unwrap();
    let kept = note + &line("w.example/a", "A") + &line("w.example/b", "C") + &line("w.example/c", "D");
    assert_eq!(String::from_utf8(fed.log().latest_note().unwrap().unwrap().1).unwrap(), kept);
    fed.put_notes(&[many.into_bytes()]).unwrap();
    let (_, after) = fed.log().latest_note().unwrap().unwrap();
    assert!(String::from_utf8(after).unwrap().starts_with(&kept), "what there is stays, whether more fits or not");
}

#[test]
fn the_writer_commits_before_readers_have_to_keep_much() {
    let folder = tempfile::tempdir().unwrap();
    // Neither time nor memory asks for a commit.
    let options = Options { flush_records: usize::MAX, memory_bytes: 1 << 40, ..options() };
    let ledger = Ledger::create(&folder.path().join("l"), &genesis(), Some(SEED), &options).unwrap();
    let (mut written, mut number) = (0, 0_u64);
    while written < 144 << 20 {
        let mut batch = Batch::default();
        for _ in 0..500 {
            let keys = (0..128_u8).map(|place| {
                let mut key = [place; 32];
                key[..8].copy_from_slice(&number.to_le_bytes());
                key
            });
            let mut nonce = [0; 16];
            nonce[..8].copy_from_slice(&number.to_le_bytes());
            let bytes = signed(&ledger, nonce, keys.collect());
            written += bytes.len();
            number += 1;
            batch.push(&bytes);
        }
        assert!(ledger.apply(batch, Some(1_000)).unwrap().iter().all(|row| row.index.is_some()));
    }
    // One more when it is closed.
    ledger.close().unwrap();
    let mut read_only = options;
    read_only.store.read_only = true;
    let ledger = Ledger::open(&folder.path().join("l"), None, &read_only, &mut |_, _| Ok(())).unwrap();
    assert_eq!(ledger.last_commit().unwrap().1.height, 2);
}
