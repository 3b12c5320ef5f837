//! Which transactions were applied and may still be sent again: spec section *Replay*.
//!
//! What is kept of each is a place in the log under a part of its replay pair's hash, in buckets of a minute by
//! `valid_until` that are dropped whole. So a look-up gives candidates: their log entries say whether they are it, and
//! whether time has reached their `valid_until`. All of it derives from the log; the state environment keeps it so that
//! opening need not read an hour of log.
//!
//! ```text
//! key    minute u64 ‖ the first log index u64
//! value  CRC-32 of key and rest u32 ‖ for each transaction, in the order of the log:
//!        the first 8 bytes of the pair ‖ log index u64 ‖ ms of valid_until within the minute u16
//! ```

use crate::block::{seal, unseal};
use crate::error::{Error, Result};
use crate::hashing::Seeded;
use counterfoil_core::Id;
use hashbrown::HashTable;
use std::collections::BTreeMap;

const MINUTE_MS: u64 = 60_000;

/// What a transaction takes in the database.
const PACKED_BYTES: usize = 18;

/// An entry of the database has at most so many transactions.
const CHUNK_MAX: usize = 880;

/// A transaction, as it is remembered on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    /// Of the hash of first authorizer and nonce.
    pub(crate) pair_prefix: u64,
    pub(crate) valid_until: u64,
    /// Its place in the log.
    pub(crate) index: u64,
}

/// A transaction, as it is remembered in memory: 12 bytes.
#[derive(Clone, Copy, Debug)]
struct Short {
    /// A part of the seeded hash: pairs can be chosen.
    tag: u32,
    index_high: u32,
    index_low: u32,
}

impl Short {
    fn new(tag: u32, index: u64) -> Self {
        let half = |index: u64| u32::try_from(index & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        Self { tag, index_high: half(index >> 32), index_low: half(index) }
    }

    fn index(self) -> u64 {
        u64::from(self.index_high) << 32 | u64::from(self.index_low)
    }
}

/// Where the tables below look for a tag: they take their places from the low bits and the highest ones.
fn spread(tag: u32) -> u64 {
    u64::from(tag).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[derive(Debug)]
pub(crate) struct Seen {
    hashing: Seeded,
    minutes: BTreeMap<u64, HashTable<Short>>,
    /// Remembered since the last call of [`Seen::take_unsaved`].
    unsaved: Vec<Remembered>,
}

impl Remembered {
    pub(crate) fn new(pair: &Id, valid_until: u64, index: u64) -> Self {
        Self { pair_prefix: pair.prefix(), valid_until, index }
    }

    fn minute(&self) -> u64 {
        minute(self.valid_until)
    }
}

fn minute(time: u64) -> u64 {
    time.wrapping_div(MINUTE_MS)
}

impl Seen {
    pub(crate) fn new() -> Self {
        Self { hashing: Seeded::new(), minutes: BTreeMap::new(), unsaved: Vec::new() }
    }

    fn tag(&self, pair_prefix: u64) -> u32 {
        let hash = self.hashing.hash_number(pair_prefix).to_be_bytes();
        hash.first_chunk().map_or(0, |first| u32::from_be_bytes(*first))
    }

    /// The log indexes of transactions that may have used this pair and whose `valid_until` may lie after this time.
    pub(crate) fn candidates(&self, pair: &Id, time: u64) -> impl Iterator<Item = u64> {
        let tag = self.tag(pair.prefix());
        let live = self.minutes.range(minute(time)..);
        live.flat_map(move |(_, seen)| seen.iter_hash(spread(tag)).filter(move |short| short.tag == tag))
            .map(|short| short.index())
    }

    /// Remembers a transaction that was just applied.
    pub(crate) fn remember(&mut self, remembered: Remembered) {
        self.restore(remembered);
        self.unsaved.push(remembered);
    }

    /// Remembers one that the database holds already.
    pub(crate) fn restore(&mut self, remembered: Remembered) {
        let short = Short::new(self.tag(remembered.pair_prefix), remembered.index);
        // The next minute will be about as busy as the last one: a table that grows has to move everything.
        let expected = self.minutes.last_key_value().map_or(0, |(_, last)| last.len());
        let seen = self.minutes.entry(remembered.minute()).or_insert_with(|| HashTable::with_capacity(expected));
        seen.insert_unique(spread(short.tag), short, |short| spread(short.tag));
    }

    /// Drops the buckets that lie wholly before this time.
    pub(crate) fn forget_before(&mut self, time: u64) {
        while let Some(first) = self.minutes.first_entry() {
            if *first.key() >= minute(time) {
                break;
            }
            first.remove();
        }
    }

    /// What the database does not hold yet.
    pub(crate) fn take_unsaved(&mut self) -> Vec<Remembered> {
        std::mem::take(&mut self.unsaved)
    }

    /// Bytes of memory of what the database does not hold yet, and of what is packed of it for a flush.
    pub(crate) fn unsaved_bytes(&self) -> usize {
        self.unsaved.len().saturating_mul(size_of::<Remembered>().saturating_add(PACKED_BYTES))
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.minutes.values().map(HashTable::len).sum()
    }
}

/// Everything below this key in the database has lapsed at this time.
pub(crate) fn database_bound(time: u64) -> [u8; 8] {
    minute(time).to_be_bytes()
}

/// An entry of the database: its key and its value.
pub(crate) type Chunk = ([u8; 16], Vec<u8>);

/// The database's entries for these, in the order of their keys.
pub(crate) fn pack(remembered: &mut [Remembered]) -> Vec<Chunk> {
    remembered.sort_unstable_by_key(|one| (one.minute(), one.index));
    let by_minute = remembered.chunk_by(|left, right| left.minute() == right.minute());
    by_minute.flat_map(|of_minute| of_minute.chunks(CHUNK_MAX)).filter_map(pack_chunk).collect()
}

fn pack_chunk(chunk: &[Remembered]) -> Option<Chunk> {
    let first = chunk.first()?;
    let mut key = [0; 16];
    let (minute, index) = key.split_at_mut(8);
    minute.copy_from_slice(&first.minute().to_be_bytes());
    index.copy_from_slice(&first.index.to_be_bytes());
    let mut value = vec![0; 4];
    for one in chunk {
        value.extend_from_slice(&one.pair_prefix.to_be_bytes());
        value.extend_from_slice(&one.index.to_be_bytes());
        // Less than 60,000.
        let rest = u16::try_from(one.valid_until.wrapping_rem(MINUTE_MS)).unwrap_or(u16::MAX);
        value.extend_from_slice(&rest.to_be_bytes());
    }
    seal(&key, &mut value);
    Some((key, value))
}

/// What an entry of the database remembers.
pub(crate) fn unpack(key: &[u8], value: &[u8], mut visit: impl FnMut(Remembered)) -> Result<()> {
    let corrupt = |expected: &str, found: String| Error::Corrupt {
        place: format!("state, seen, {key:02x?}"),
        expected: expected.to_owned(),
        found,
    };
    let Some((minute, _)) = key.split_first_chunk().filter(|(_, rest)| rest.len() == 8) else {
        return Err(corrupt("a key of 16 bytes", key.len().to_string()));
    };
    let start = u64::from_be_bytes(*minute).checked_mul(MINUTE_MS);
    let mut rest = unseal(key, value).map_err(|found| corrupt("bytes that match their checksum", found))?;
    while !rest.is_empty() {
        let one = take(&mut rest).and_then(|pair| Some((pair, take(&mut rest)?, take(&mut rest)?)));
        let parts = one.zip(start).map(|((pair, index, ms), start)| (pair, index, start, u16::from_be_bytes(ms)));
        let Some((pair, index, start, ms)) = parts else {
            return Err(corrupt("transactions of 18 bytes", format!("{} bytes at the end", rest.len())));
        };
        visit(Remembered {
            pair_prefix: u64::from_be_bytes(pair),
            valid_until: start.saturating_add(ms.into()),
            index: u64::from_be_bytes(index),
        });
    }
    Ok(())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(number: u8) -> Id {
        Id([number; 32])
    }

    fn found(seen: &Seen, pair: &Id, time: u64) -> Vec<u64> {
        let mut found: Vec<u64> = seen.candidates(pair, time).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn remembers_to_the_end_of_the_minute() {
        let mut seen = Seen::new();
        let index = 7 << 33 | 9;
        seen.remember(Remembered::new(&pair(1), 120_500, index));
        assert_eq!(found(&seen, &pair(1), 119_999), [index]);
        assert_eq!(found(&seen, &pair(1), 120_500), [index], "its entry tells that it has lapsed");
        assert_eq!(found(&seen, &pair(1), 180_000), [0_u64; 0]);
        assert_eq!(found(&seen, &pair(2), 0), [0_u64; 0]);
        seen.forget_before(120_500);
        assert_eq!(seen.len(), 1, "its bucket has not passed");
        seen.forget_before(180_000);
        assert_eq!(seen.len(), 0);
    }

    #[test]
    fn a_pair_used_again_outlives_its_first_bucket() {
        let mut seen = Seen::new();
        seen.remember(Remembered::new(&pair(1), 60_000, 1));
        seen.remember(Remembered::new(&pair(1), 600_000, 2));
        assert_eq!(found(&seen, &pair(1), 60_000), [1, 2]);
        seen.forget_before(300_000);
        assert_eq!(found(&seen, &pair(1), 300_000), [2]);
    }

    #[test]
    fn what_is_packed_comes_back() {
        let all: Vec<Remembered> = (0..5_000_u64)
            .map(|number| Remembered { pair_prefix: number << 40, valid_until: number * 40, index: 9_000 - number })
            .collect();
        let mut shuffled = all.clone();
        shuffled.reverse();
        let packed = pack(&mut shuffled);
        assert!(packed.is_sorted_by(|left, right| left.0 < right.0) && packed.len() >= 6);
        let mut back = Vec::new();
        for (key, value) in &packed {
            assert!(key.as_slice() < database_bound(200_000 + MINUTE_MS).as_slice());
            unpack(key, value, |one| back.push(one)).unwrap();
        }
        back.sort_by_key(|one| one.pair_prefix);
        assert_eq!(back, all);
        let (key, value) = &packed[0];
        let mut turned = value.clone();
        turned[9] ^= 1;
        assert!(unpack(key, &turned, |_| ()).is_err());
        assert!(unpack(&key[..15], value, |_| ()).is_err());
        let mut short = value[..value.len() - 1].to_vec();
        seal(key, &mut short);
        assert!(unpack(key, &short, |_| ()).is_err());
    }
}
