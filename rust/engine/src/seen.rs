//! Which transactions were applied and may still be sent again: spec section *Replay*.
//!
//! Derived from the log; kept in memory for look-ups and in the state environment, in buckets by `valid_until` that are
//! dropped whole, so that opening need not read an hour of log.

use counterfoil_core::Id;
use std::collections::BTreeMap;
#[expect(clippy::disallowed_types, reason = "looked up by key only; its order never shows")]
use std::collections::HashMap;

/// Half of the hash of (first authorizer, nonce): to make an honest pair collide takes 2^128 tries.
pub(crate) type ShortPair = [u8; 16];

const BUCKET_MS: u64 = 60_000;

/// A remembered transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) valid_until: u64,
    pub(crate) index: u64,
}

#[expect(clippy::disallowed_types, reason = "looked up by key only; its order never shows")]
#[derive(Debug, Default)]
pub(crate) struct Seen {
    live: HashMap<ShortPair, Remembered>,
    buckets: BTreeMap<u64, Vec<ShortPair>>,
    /// Remembered since the last call of [`Seen::take_unsaved`].
    unsaved: Vec<(ShortPair, Remembered)>,
}

pub(crate) fn short(pair: &Id) -> ShortPair {
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(pair.as_bytes()) {
        *to = *from;
    }
    short
}

/// The key of a remembered pair in the database: bucket, then pair.
pub(crate) fn database_key(pair: &ShortPair, valid_until: u64) -> Vec<u8> {
    let mut key = bucket(valid_until).to_be_bytes().to_vec();
    key.extend_from_slice(pair);
    key
}

/// Everything below this key in the database has lapsed at this time.
pub(crate) fn database_bound(time: u64) -> [u8; 8] {
    bucket(time).to_be_bytes()
}

fn bucket(valid_until: u64) -> u64 {
    valid_until.wrapping_div(BUCKET_MS)
}

impl Remembered {
    pub(crate) fn encode(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let both = self.valid_until.to_be_bytes().into_iter().chain(self.index.to_be_bytes());
        for (to, from) in bytes.iter_mut().zip(both) {
            *to = from;
        }
        bytes
    }

    /// The pair and what is remembered, from a database entry.
    pub(crate) fn decode(key: &[u8], value: &[u8]) -> Option<(ShortPair, Self)> {
        let (_, pair) = key.split_first_chunk::<8>()?;
        let (valid_until, index) = value.split_first_chunk::<8>()?;
        let index: [u8; 8] = index.try_into().ok()?;
        let remembered = Self { valid_until: u64::from_be_bytes(*valid_until), index: u64::from_be_bytes(index) };
        Some((pair.try_into().ok()?, remembered))
    }
}

impl Seen {
    /// The log index of the transaction that used this pair, while time has not reached its `valid_until`.
    pub(crate) fn find(&self, pair: &ShortPair, time: u64) -> Option<u64> {
        self.live.get(pair).filter(|remembered| time < remembered.valid_until).map(|remembered| remembered.index)
    }

    /// Remembers a transaction that was just applied.
    pub(crate) fn remember(&mut self, pair: ShortPair, remembered: Remembered) {
        self.restore(pair, remembered);
        self.unsaved.push((pair, remembered));
    }

    /// Remembers one that the database holds already.
    pub(crate) fn restore(&mut self, pair: ShortPair, remembered: Remembered) {
        self.live.insert(pair, remembered);
        self.buckets.entry(bucket(remembered.valid_until)).or_default().push(pair);
    }

    /// Drops the buckets that lie wholly before this time.
    pub(crate) fn forget_before(&mut self, time: u64) {
        while let Some(first) = self.buckets.first_entry() {
            if *first.key() >= bucket(time) {
                break;
            }
            for pair in first.remove() {
                // The pair may have been used again since.
                if self.live.get(&pair).is_some_and(|remembered| remembered.valid_until <= time) {
                    self.live.remove(&pair);
                }
            }
        }
    }

    /// What the database does not hold yet.
    pub(crate) fn take_unsaved(&mut self) -> Vec<(ShortPair, Remembered)> {
        std::mem::take(&mut self.unsaved)
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_until_valid_until_exactly() {
        let mut seen = Seen::default();
        seen.remember([1; 16], Remembered { valid_until: 120_500, index: 7 });
        assert_eq!(seen.find(&[1; 16], 120_499), Some(7));
        assert_eq!(seen.find(&[1; 16], 120_500), None);
        seen.forget_before(120_500);
        assert_eq!(seen.len(), 1, "its bucket has not passed");
        seen.forget_before(180_000);
        assert_eq!(seen.len(), 0);
    }

    #[test]
    fn a_pair_used_again_outlives_its_first_bucket() {
        let mut seen = Seen::default();
        seen.remember([1; 16], Remembered { valid_until: 60_000, index: 1 });
        seen.remember([1; 16], Remembered { valid_until: 600_000, index: 2 });
        seen.forget_before(300_000);
        assert_eq!(seen.find(&[1; 16], 300_000), Some(2));
    }

    #[test]
    fn database_entries_decode_back() {
        let remembered = Remembered { valid_until: 123_456_789, index: 42 };
        let key = database_key(&[9; 16], remembered.valid_until);
        assert_eq!(Remembered::decode(&key, &remembered.encode()), Some(([9; 16], remembered)));
        assert_eq!(Remembered::decode(&key[..7], &remembered.encode()), None);
        assert!(key.as_slice() < database_bound(123_516_789).as_slice());
    }
}
