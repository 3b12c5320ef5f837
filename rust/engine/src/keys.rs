//! Decoded keys of those who signed, in memory up to a bound: spares over half of what verifying a signature costs.

use crate::hashing::Seeded;
use counterfoil_core::signature::{DecodedKey, KnownKeys};
use hashbrown::HashTable;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// As many threads find keys at once without waiting for each other, nearly always.
const SHARDS: usize = 16;

/// The cache. Which key makes room for a new one follows a clock: the first that was not used since the hand last passed.
#[derive(Debug)]
pub(crate) struct KeyCache {
    hashing: Seeded,
    shards: Vec<Mutex<Shard>>,
    /// Of each shard.
    keys_max: usize,
}

#[derive(Debug, Default)]
struct Shard {
    places: HashTable<usize>,
    kept: Vec<Kept>,
    hand: usize,
}

#[derive(Debug)]
struct Kept {
    encoding: [u8; 32],
    key: DecodedKey,
    used: bool,
}

impl KeyCache {
    /// A cache of at most about this many keys, of some 210 bytes each. It takes memory as it fills.
    pub(crate) fn new(keys_max: usize) -> Self {
        let keys_max = keys_max.div_ceil(SHARDS);
        let shard = || {
            let mut shard = Shard::default();
            // Address space, all at once: a list that grows leaves holes behind. Where there is none it has to grow.
            let _ = shard.kept.try_reserve_exact(keys_max);
            Mutex::new(shard)
        };
        let shards = std::iter::repeat_with(shard).take(SHARDS).collect();
        Self { hashing: Seeded::new(), shards, keys_max }
    }

    /// How many keys are kept.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).kept.len()).sum()
    }

    fn shard(&self, hash: u64) -> Option<MutexGuard<'_, Shard>> {
        self.shards.get(shard_number(hash)).map(lock)
    }
}

/// The table of a shard takes a key's place from the low bits and the highest seven.
fn shard_number(hash: u64) -> usize {
    usize::try_from(hash >> 40).unwrap_or_default() % SHARDS
}

impl KnownKeys for KeyCache {
    fn find(&self, keys: &[&[u8; 32]]) -> Vec<Option<DecodedKey>> {
        let mut found = vec![None; keys.len()];
        let mut wanted: Vec<Vec<(u64, usize)>> = vec![Vec::new(); SHARDS];
        for (number, encoding) in keys.iter().enumerate() {
            let hash = self.hashing.hash(encoding);
            if let Some(wanted) = wanted.get_mut(shard_number(hash)) {
                wanted.push((hash, number));
            }
        }
        for (shard, wanted) in self.shards.iter().zip(wanted).filter(|(_, wanted)| !wanted.is_empty()) {
            lock(shard).find(&wanted, keys, &mut found);
        }
        found
    }

    fn keep(&self, keys: &[(&[u8; 32], DecodedKey)]) {
        for (encoding, key) in keys {
            let hash = self.hashing.hash(encoding);
            if let Some(mut shard) = self.shard(hash) {
                shard.keep(&self.hashing, hash, Kept { encoding: **encoding, key: *key, used: false }, self.keys_max);
            }
        }
    }
}

impl Shard {
    /// Memory answers several questions at once if none of them waits for the answer to another: hence the steps, each
    /// over all keys. In the first, the key whose place looks right is taken for the one; it nearly always is.
    fn find(&mut self, wanted: &[(u64, usize)], keys: &[&[u8; 32]], found: &mut [Option<DecodedKey>]) {
        let Self { places, kept, .. } = self;
        let guesses: Vec<Option<usize>> =
            wanted.iter().map(|(hash, _)| places.find(*hash, |_| true).copied()).collect();
        for ((hash, number), guess) in wanted.iter().zip(guesses) {
            let (Some(guess), Some(encoding), Some(found)) = (guess, keys.get(*number), found.get_mut(*number)) else {
                continue;
            };
            let is_it = |place: &usize| kept.get(*place).is_some_and(|kept| kept.encoding == **encoding);
            let place = if is_it(&guess) { Some(guess) } else { places.find(*hash, is_it).copied() };
            if let Some(kept) = place.and_then(|place| kept.get_mut(place)) {
                kept.used = true;
                *found = Some(kept.key);
            }
        }
    }

    fn keep(&mut self, hashing: &Seeded, hash: u64, new: Kept, keys_max: usize) {
        let Self { places, kept, hand } = self;
        // Another thread may have met the key at the same time.
        if keys_max == 0
            || places.find(hash, |place| kept.get(*place).is_some_and(|kept| kept.encoding == new.encoding)).is_some()
        {
            return;
        }
        let place = if kept.len() < keys_max {
            kept.push(new);
            kept.len().saturating_sub(1)
        } else {
            let all = kept.len();
            let after = |hand: usize| if hand.saturating_add(1) < all { hand.saturating_add(1) } else { 0 };
            while let Some(found) = kept.get_mut(*hand)
                && std::mem::take(&mut found.used)
            {
                *hand = after(*hand);
            }
            let place = *hand;
            *hand = after(place);
            let Some(found) = kept.get_mut(place) else { return };
            let old = std::mem::replace(found, new);
            if let Ok(entry) = places.find_entry(hashing.hash(&old.encoding), |at| *at == place) {
                entry.remove();
            }
            place
        };
        places.insert_unique(hash, place, |place| kept.get(*place).map_or(0, |kept| hashing.hash(&kept.encoding)));
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // A panic between two of its steps can lose a key, which is decoded again then.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterfoil_core::signature::public_key;

    fn keys(numbers: std::ops::Range<u8>) -> Vec<([u8; 32], DecodedKey)> {
        let key = |number| {
            let encoding = public_key(&[number; 32]);
            (encoding, DecodedKey::decode(&encoding).unwrap())
        };
        numbers.map(key).collect()
    }

    fn keep(cache: &KeyCache, keys: &[([u8; 32], DecodedKey)]) {
        cache.keep(&keys.iter().map(|(encoding, key)| (encoding, *key)).collect::<Vec<_>>());
    }

    fn known(cache: &KeyCache, keys: &[([u8; 32], DecodedKey)]) -> usize {
        let encodings: Vec<_> = keys.iter().map(|(encoding, _)| encoding).collect();
        let found = cache.find(&encodings);
        for ((_, key), found) in keys.iter().zip(&found) {
            assert!(found.is_none_or(|found| found == *key));
        }
        found.iter().flatten().count()
    }

    #[test]
    fn what_was_kept_is_found_and_nothing_else() {
        let cache = KeyCache::new(1_000);
        let (kept, others) = (keys(0..100), keys(100..200));
        keep(&cache, &kept);
        keep(&cache, &kept);
        assert_eq!((cache.len(), known(&cache, &kept), known(&cache, &others)), (100, 100, 0));
    }

    #[test]
    fn a_full_cache_makes_room_first_where_a_key_was_not_used() {
        let cache = KeyCache::new(64);
        let often = keys(0..1);
        keep(&cache, &often);
        for number in 1..250 {
            assert_eq!(known(&cache, &often), 1);
            keep(&cache, &keys(number..number + 1));
            assert!(cache.len() <= 64);
        }
        let none = KeyCache::new(0);
        keep(&none, &often);
        assert_eq!((none.len(), known(&none, &often)), (0, 0));
    }
}
