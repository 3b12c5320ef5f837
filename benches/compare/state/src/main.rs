//! Balances in an authenticated state: `nomt` or `jmt`, told what to do by lines on stdin, answering each in JSON.
//!
//! ```text
//! compare-state nomt FOLDER
//! fund FILE AMOUNT    every account in FILE (32 bytes each) gets AMOUNT
//! load FILE           read transfers (sender 32, to 32, amount 8 bytes, little-endian), untimed
//! apply BATCH         apply them, BATCH to a commit, each with a root of its own; which ones were refused
//! check FILE          supply, root, root rebuilt, proofs made and verified; balances go to FILE (account 32, amount 8)
//! ```
//!
//! There are no signatures here and no protection against replay: this is the state alone.

mod jellyfish;
mod nearly_optimal;

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Where an account is in the tree: its id hashed, so that nobody can choose a deep place.
pub type Place = [u8; 32];

/// How many accounts are funded in one commit.
const FUND_BATCH: usize = 50_000;
/// One in so many balances is proven at the end, and as many absences.
const PROVEN_EVERY: usize = 97;

/// Reads a balance as it was before the update.
pub type Read<'a> = &'a dyn Fn(&Place) -> Result<Option<u64>>;
/// Balances that an update changes.
pub type Changes = BTreeMap<Place, u64>;

/// What both peers do.
pub trait State {
    /// Let `work` read and say what changes, then renew the root and store as safely as the peer does.
    fn update(&mut self, work: &mut dyn FnMut(Read) -> Result<Changes>) -> Result<()>;
    /// The balance now.
    fn balance(&self, place: &Place) -> Result<Option<u64>>;
    /// The root now.
    fn root(&self) -> Result<[u8; 32]>;
    /// The root that a new tree with these balances has.
    fn rebuilt_root(&self, balances: &Changes) -> Result<[u8; 32]>;
    /// Make a proof that this is the balance, or that there is none, and verify it against the root.
    fn prove(&self, place: &Place, balance: Option<u64>) -> Result<()>;
}

struct Transfer {
    sender: Place,
    to: Place,
    amount: u64,
}

struct Peer {
    state: Box<dyn State>,
    accounts: BTreeMap<Place, [u8; 32]>,
    transfers: Vec<Transfer>,
}

fn place(account: &[u8]) -> Place {
    Sha256::digest(account).into()
}

/// Cut a file into records of `SIZE` bytes.
fn records<const SIZE: usize>(file: &str) -> Result<Vec<[u8; SIZE]>> {
    let data = std::fs::read(file).with_context(|| format!("reading {file}"))?;
    let (records, rest) = data.as_chunks();
    ensure!(rest.is_empty(), "{file}: {} bytes are not a multiple of {SIZE}", data.len());
    Ok(records.to_vec())
}

/// Apply transfers in order, each only if the sender has enough, and say which positions were refused.
fn apply(read: Read, transfers: &[Transfer], first: usize, refused: &mut Vec<usize>) -> Result<Changes> {
    let mut changes = Changes::new();
    for (position, transfer) in transfers.iter().enumerate() {
        let now = |place: &Place, changes: &Changes| match changes.get(place) {
            Some(balance) => Ok(Some(*balance)),
            None => read(place),
        };
        let Some(left) = now(&transfer.sender, &changes)?.and_then(|balance| balance.checked_sub(transfer.amount))
        else {
            refused.push(first + position);
            continue;
        };
        changes.insert(transfer.sender, left);
        let before = now(&transfer.to, &changes)?.unwrap_or(0);
        changes.insert(transfer.to, before.checked_add(transfer.amount).context("a balance above 64 bits")?);
    }
    Ok(changes)
}

impl Peer {
    fn fund(&mut self, file: &str, amount: u64) -> Result<Value> {
        let accounts = records::<32>(file)?;
        for part in accounts.chunks(FUND_BATCH) {
            let changes: Changes = part.iter().map(|account| (place(account), amount)).collect();
            self.state.update(&mut |_| Ok(changes.clone()))?;
            self.accounts.extend(part.iter().map(|account| (place(account), *account)));
        }
        Ok(json!({ "accounts": accounts.len() }))
    }

    fn load(&mut self, file: &str) -> Result<Value> {
        self.transfers.clear();
        for record in records::<72>(file)? {
            let (sender, rest) = record.split_at(32);
            let (to, amount) = rest.split_at(32);
            // A payee of whom nothing is known yet comes to be by being paid.
            self.accounts.entry(place(to)).or_insert(to.try_into()?);
            let amount = u64::from_le_bytes(amount.try_into()?);
            self.transfers.push(Transfer { sender: place(sender), to: place(to), amount });
        }
        Ok(json!({ "transfers": self.transfers.len() }))
    }

    fn apply(&mut self, batch: usize) -> Result<Value> {
        ensure!(batch > 0, "batch: expected at least 1, found 0");
        let mut refused = Vec::new();
        for (number, part) in self.transfers.chunks(batch).enumerate() {
            self.state.update(&mut |read| apply(read, part, number * batch, &mut refused))?;
        }
        Ok(json!({ "refused": refused }))
    }

    fn check(&self, file: &str) -> Result<Value> {
        let mut balances = Changes::new();
        let mut out = Vec::new();
        for (place, account) in &self.accounts {
            if let Some(balance) = self.state.balance(place)? {
                balances.insert(*place, balance);
                out.extend_from_slice(account);
                out.extend_from_slice(&balance.to_le_bytes());
            }
        }
        std::fs::write(file, out).with_context(|| format!("writing {file}"))?;
        let mut proven = 0;
        for (place, balance) in balances.iter().step_by(PROVEN_EVERY) {
            self.state.prove(place, Some(*balance))?;
            // Nobody has this place: it is a hash of a hash.
            self.state.prove(&self::place(place), None)?;
            ensure!(self.state.prove(place, Some(balance + 1)).is_err(), "a false balance was proven");
            proven += 2;
        }
        Ok(json!({
            "supply": balances.values().sum::<u64>(),
            "root": self.state.root()?,
            "rebuilt_root": self.state.rebuilt_root(&balances)?,
            "proven": proven,
        }))
    }

    fn answer(&mut self, line: &str) -> Result<Value> {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["fund", file, amount] => self.fund(file, amount.parse()?),
            ["load", file] => self.load(file),
            ["apply", batch] => self.apply(batch.parse()?),
            ["check", file] => self.check(file),
            _ => bail!("no such command: {line}"),
        }
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let state: Box<dyn State> = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["nomt", folder] => Box::new(nearly_optimal::Trie::open(Path::new(folder))?),
        ["jmt", _] => Box::new(jellyfish::Tree::default()),
        _ => bail!("usage: compare-state nomt|jmt FOLDER"),
    };
    let mut peer = Peer { state, accounts: BTreeMap::new(), transfers: Vec::new() };
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = peer.answer(&line?)?;
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
