//! Hashes for look-ups in memory, seeded by the system: ids and keys can be chosen so that an unseeded table slows down.

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

static SHARED: LazyLock<SharedSeed> = LazyLock::new(|| SharedSeed::from_u64(random()));

/// 64 bits that nobody outside of this process knows. The standard library seeds its own tables by the system.
fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// A seeded hash function, an order of magnitude faster than the standard library's for ids.
#[derive(Clone, Debug)]
pub(crate) struct Seeded(SeedableRandomState);

impl Seeded {
    pub(crate) fn new() -> Self {
        Self(SeedableRandomState::with_seed(random(), &SHARED))
    }

    /// The hash of a number.
    pub(crate) fn hash_number(&self, number: u64) -> u64 {
        self.0.hash_one(number)
    }

    /// The hash of an id or a key.
    pub(crate) fn hash(&self, bytes: &[u8; 32]) -> u64 {
        let mut hasher = self.0.build_hasher();
        // As two numbers: for bytes there is a call made for longer ones.
        let (halves, _) = bytes.as_chunks::<16>();
        for half in halves {
            hasher.write_u128(u128::from_le_bytes(*half));
        }
        hasher.finish()
    }
}
