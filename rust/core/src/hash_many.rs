//! SHA-256 of many messages at once.
//!
//! A machine with AVX-512 (Ice Lake, Zen 4 and later) hashes sixteen messages side by side, one in each 32-bit lane of
//! its registers; elsewhere, and where too few messages are left, they are hashed one by one. The hashes are the same.
//! Measured on Zen 4, a node of the sum map takes less than half the time that it takes alone.

use crate::id::Id;
use sha2::block_api::compress256;
use std::cmp::Reverse;

/// How many messages are hashed side by side.
const LANES: usize = 16;

/// The fewest messages that are worth it: sixteen lanes take as long as this many messages one by one.
#[cfg(target_arch = "x86_64")]
const LANES_MIN: usize = 10;

/// What SHA-256 takes at a time.
type Block = [u8; BLOCK_BYTES];
const BLOCK_BYTES: usize = 64;

/// As much of a message as is laid out before it is hashed.
type Stretch = [Block; STRETCH_BLOCKS];
const STRETCH_BLOCKS: usize = 2;

type State = [u32; 8];

/// The initial hash value of SHA-256 (FIPS 180-4, section 5.3.3).
const INITIAL_STATE: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// What many messages are hashed by on this machine: `"avx512"`, or `"single"` for one by one.
pub fn backend() -> &'static str {
    match Backend::detect() {
        Backend::Single => "single",
        #[cfg(target_arch = "x86_64")]
        Backend::Avx512(_) => "avx512",
    }
}

/// SHA-256(prefix ‖ message) of each message, in order.
pub fn sha256_many<M: AsRef<[u8]>>(prefix: &[u8], messages: &[M]) -> Vec<Id> {
    Backend::detect().sha256_many(prefix, messages)
}

/// SHA-256 of a short message of `LENGTH` bytes, which is `write`'s. As [`Backend::sha256_each`], for one.
pub(crate) fn sha256_short<const LENGTH: usize>(write: impl FnOnce(&mut [u8; LENGTH])) -> Id {
    let mut stretch = Short::<LENGTH>::PADDED;
    if let Some(message) = stretch.as_flattened_mut().first_chunk_mut() {
        write(message);
    }
    let mut state = INITIAL_STATE;
    compress256(&mut state, stretch.get(..Short::<LENGTH>::BLOCK_COUNT).unwrap_or_default());
    id(&state)
}

/// Writes the parts one after the other; together they are as long as the message.
#[inline]
pub(crate) fn join(parts: &[&[u8]], message: &mut [u8]) {
    let mut rest = message;
    for part in parts {
        let (place, after) = rest.split_at_mut(part.len());
        place.copy_from_slice(part);
        rest = after;
    }
    debug_assert!(rest.is_empty(), "{} bytes that no part filled", rest.len());
}

/// How messages are hashed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Backend {
    /// One by one.
    Single,
    /// Sixteen side by side. The token says that the machine can.
    #[cfg(target_arch = "x86_64")]
    Avx512(fearless_simd::x86::Avx512),
}

impl Backend {
    /// The best one of this machine, which is found out once.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = fearless_simd::Level::new().as_avx512() {
            return Self::Avx512(token);
        }
        Self::Single
    }

    /// Each one that this machine has.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        vec![Self::Single, Self::detect()]
    }

    /// As [`sha256_many`].
    pub(crate) fn sha256_many<M: AsRef<[u8]>>(self, prefix: &[u8], messages: &[M]) -> Vec<Id> {
        let mut hashes = vec![Id::ZERO; messages.len()];
        let places = messages.iter().zip(&mut hashes);
        let mut messages: Vec<Message<'_>> =
            places.map(|(message, hash)| Message::new(prefix, message.as_ref(), hash)).collect();
        // Those that end first stand last, so that the lanes still in use are always the first ones.
        messages.sort_by_key(|message| Reverse(message.block_count));
        let mut lanes = Lanes::new([[0; BLOCK_BYTES]; STRETCH_BLOCKS]);
        for group in messages.chunks_mut(LANES) {
            let mut states = [INITIAL_STATE; LANES];
            let mut running = group;
            let mut first = 0_usize;
            while let Some(shortest) = running.last() {
                let end = shortest.block_count.min(first.saturating_add(STRETCH_BLOCKS));
                for (message, stretch) in running.iter().zip(&mut lanes.0) {
                    for (index, block) in (first..end).zip(stretch) {
                        message.write_block(index, block);
                    }
                }
                self.compress(&mut states, &lanes, end.saturating_sub(first), running.len());
                first = end;
                let ended = running.iter().rev().take_while(|message| message.block_count == end).count();
                let (rest, done) = running.split_at_mut(running.len().saturating_sub(ended));
                for (message, state) in done.iter_mut().zip(states.iter().skip(rest.len())) {
                    *message.hash = id(state);
                }
                running = rest;
            }
        }
        hashes
    }

    /// What `finish` makes of each item and of SHA-256 of the item's message, in order. The message has `LENGTH` bytes
    /// and is written by `write`, which finds in its place what it wrote for another item.
    ///
    /// The messages of sixteen items are written before the first of them is read: a load that spans two recent
    /// stores waits for both, and that takes a third of the time of a message that is hashed at once.
    pub(crate) fn sha256_each<T, H, const LENGTH: usize>(
        self,
        items: &[T],
        write: impl Fn(&T, &mut [u8; LENGTH]),
        finish: impl Fn(&T, Id) -> H,
    ) -> Vec<H> {
        let mut lanes = Lanes::new(Short::<LENGTH>::PADDED);
        let mut finished = Vec::with_capacity(items.len());
        for group in items.chunks(LANES) {
            for (item, stretch) in group.iter().zip(&mut lanes.0) {
                if let Some(message) = stretch.as_flattened_mut().first_chunk_mut() {
                    write(item, message);
                }
            }
            let mut states = [INITIAL_STATE; LANES];
            self.compress(&mut states, &lanes, Short::<LENGTH>::BLOCK_COUNT, group.len());
            finished.extend(group.iter().zip(&states).map(|(item, state)| finish(item, id(state))));
        }
        finished
    }

    /// Takes the first `block_count` blocks of each of the first `used` lanes into its state; what the states of the
    /// others are afterwards means nothing.
    fn compress(self, states: &mut [State; LANES], lanes: &Lanes, block_count: usize, used: usize) {
        #[cfg(target_arch = "x86_64")]
        if let (Self::Avx512(token), LANES_MIN..) = (self, used) {
            return lanes::compress(token, states, &lanes.0, block_count);
        }
        for (state, stretch) in states.iter_mut().zip(&lanes.0).take(used) {
            compress256(state, stretch.get(..block_count).unwrap_or_default());
        }
    }
}

/// What each lane takes next. A block is a register: where it is aligned, it is one load.
#[repr(align(64))]
struct Lanes([Stretch; LANES]);

impl Lanes {
    const fn new(stretch: Stretch) -> Self {
        Self([stretch; LANES])
    }
}

/// Short messages: those whose length is known beforehand, and whose padding is made with the program.
struct Short<const LENGTH: usize>;

impl<const LENGTH: usize> Short<LENGTH> {
    const BLOCK_COUNT: usize = (LENGTH + PADDING_BYTES_MIN).div_ceil(BLOCK_BYTES);

    /// The padding of a message (FIPS 180-4, section 5.1.1), and zeros in the message's place.
    const PADDED: Stretch = {
        assert!(Self::BLOCK_COUNT <= STRETCH_BLOCKS, "a short message fits into one stretch");
        let mut stretch = [[0; BLOCK_BYTES]; STRETCH_BLOCKS];
        let (padded, _) = stretch.as_flattened_mut().split_at_mut(Self::BLOCK_COUNT * BLOCK_BYTES);
        let (_, padding) = padded.split_at_mut(LENGTH);
        // The length in bits has eight bytes, but that of a short message needs only the last two.
        if let ([end, .., high, low], [.., bits_high, bits_low]) = (padding, (LENGTH * 8).to_be_bytes()) {
            (*end, *high, *low) = (0x80, bits_high, bits_low);
        }
        stretch
    };
}

/// The state as the hash that it is after the last block.
fn id(state: &State) -> Id {
    let mut hash = Id::ZERO;
    for (place, word) in hash.0.chunks_exact_mut(4).zip(state) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    hash
}

/// A byte that ends the message, and eight for its length in bits.
const PADDING_BYTES_MIN: usize = 9;

/// A message and the place of its hash.
struct Message<'a> {
    prefix: &'a [u8],
    rest: &'a [u8],
    block_count: usize,
    hash: &'a mut Id,
}

impl<'a> Message<'a> {
    fn new(prefix: &'a [u8], rest: &'a [u8], hash: &'a mut Id) -> Self {
        let length = prefix.len().saturating_add(rest.len());
        Self { prefix, rest, block_count: length.saturating_add(PADDING_BYTES_MIN).div_ceil(BLOCK_BYTES), hash }
    }

    /// Block `index` of the padded message (FIPS 180-4, section 5.1.1).
    fn write_block(&self, index: usize, block: &mut Block) {
        let start = index.saturating_mul(BLOCK_BYTES);
        let inside = start.checked_sub(self.prefix.len()).and_then(|from| self.rest.get(from..)?.first_chunk());
        if let Some(whole) = inside {
            *block = *whole;
            return;
        }
        *block = [0; BLOCK_BYTES];
        let length = self.prefix.len().saturating_add(self.rest.len());
        for (at, part) in [(0, self.prefix), (self.prefix.len(), self.rest), (length, &[0x80])] {
            let place = block.get_mut(at.saturating_sub(start)..).unwrap_or_default();
            let part = part.get(start.saturating_sub(at)..).unwrap_or_default();
            for (place, byte) in place.iter_mut().zip(part) {
                *place = *byte;
            }
        }
        if index.saturating_add(1) == self.block_count {
            let bits = u64::try_from(length).unwrap_or(u64::MAX).saturating_mul(8);
            if let Some(place) = block.last_chunk_mut() {
                *place = bits.to_be_bytes();
            }
        }
    }
}

/// SHA-256 in sixteen lanes.
///
/// Everything is inlined into the one function that is compiled for AVX-512: only there the compiler makes one
/// instruction of a rotation (`vprold`) and of three operands' logic (`vpternlogd`).
#[cfg(target_arch = "x86_64")]
#[expect(clippy::inline_always, reason = "what is not inlined is not compiled for AVX-512")]
mod lanes {
    use super::{LANES, State, Stretch};
    use fearless_simd::x86::Avx512;
    use fearless_simd::{Simd, prelude::*, u8x16, u8x64, u32x16};

    pub(super) fn compress(token: Avx512, states: &mut [State; LANES], lanes: &[Stretch; LANES], block_count: usize) {
        token.vectorize(
            #[inline(always)]
            || compress_lanes(token, states, lanes, block_count),
        );
    }

    #[inline(always)]
    fn compress_lanes<S: Simd>(simd: S, states: &mut [State; LANES], lanes: &[Stretch; LANES], block_count: usize) {
        let mut state = [u32x16::splat(simd, 0); 8];
        for (vector, words) in state.iter_mut().zip(states.as_flattened().as_chunks().0) {
            *vector = u32x16::simd_from(simd, *words);
        }
        // From two states in a register to one word of all states in a register.
        state = riffle(riffle(riffle(riffle(state))));
        for index in 0..block_count {
            let mut words = [u32x16::splat(simd, 0); 16];
            for (vector, stretch) in words.iter_mut().zip(lanes) {
                if let Some(block) = stretch.get(index) {
                    *vector = big_endian(simd, u8x64::simd_from(simd, *block));
                }
            }
            // From one block in a register to one word of all blocks in a register.
            words = riffle(riffle(riffle(riffle(words))));
            state = compress_words(simd, state, words);
        }
        state = riffle(riffle(riffle(state)));
        for (words, vector) in states.as_flattened_mut().as_chunks_mut().0.iter_mut().zip(state) {
            *words = vector.into();
        }
    }

    /// The elements of the first half, each followed by its like of the second half. The index of an element is turned
    /// by one bit, so that as many of these as a register's index has bits turn rows into columns.
    #[inline(always)]
    fn riffle<S: Simd, const N: usize>(vectors: [u32x16<S>; N]) -> [u32x16<S>; N] {
        let mut riffled = vectors;
        let (low, high) = vectors.split_at(N / 2);
        for ((pair, low), high) in riffled.as_chunks_mut().0.iter_mut().zip(low).zip(high) {
            *pair = [low.zip_low(*high), low.zip_high(*high)];
        }
        riffled
    }

    /// The words of a block.
    #[inline(always)]
    fn big_endian<S: Simd>(simd: S, block: u8x64<S>) -> u32x16<S> {
        let order = u8x16::simd_from(simd, [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]);
        block.swizzle_dyn_within_blocks(u8x64::block_splat(order)).bitcast()
    }

    /// FIPS 180-4, section 6.2.2. The schedule runs sixteen words ahead of the rounds, in the place of the words that
    /// they have used: sixteen words and the state fit into the registers.
    #[inline(always)]
    #[expect(clippy::arithmetic_side_effects, reason = "the sums of lanes wrap around, as those of SHA-256 do")]
    #[expect(clippy::many_single_char_names, reason = "the standard names them so")]
    fn compress_words<S: Simd>(simd: S, state: [u32x16<S>; 8], words: [u32x16<S>; 16]) -> [u32x16<S>; 8] {
        let mut words = words;
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        macro_rules! round {
            ($constants:ident, $index:expr) => {
                let choice = (e & f) ^ (!e & g);
                let majority = (a & b) ^ (a & c) ^ (b & c);
                let constant = u32x16::splat(simd, $constants[$index]);
                let first = h + words[$index] + constant + choice + rotations!(e, 6, 11, 25);
                let second = rotations!(a, 2, 13, 22) + majority;
                (h, g, f, e, d, c, b, a) = (g, f, e, d + first, c, b, a, first + second);
            };
        }
        macro_rules! round_and_next_word {
            ($constants:ident, $index:expr) => {
                round!($constants, $index);
                let (early, late) = (words[($index + 1) % 16], words[($index + 14) % 16]);
                let early = right!(early, 7) ^ right!(early, 18) ^ (early >> 3);
                let late = right!(late, 17) ^ right!(late, 19) ^ (late >> 10);
                words[$index] = words[$index] + words[($index + 9) % 16] + early + late;
            };
        }
        macro_rules! right {
            ($word:ident, $count:literal) => {
                ($word >> $count) | ($word << (32 - $count))
            };
        }
        macro_rules! rotations {
            ($word:ident, $first:literal, $second:literal, $third:literal) => {
                right!($word, $first) ^ right!($word, $second) ^ right!($word, $third)
            };
        }
        macro_rules! sixteen {
            ($step:ident, $constants:ident) => {
                $step!($constants, 0);
                $step!($constants, 1);
                $step!($constants, 2);
                $step!($constants, 3);
                $step!($constants, 4);
                $step!($constants, 5);
                $step!($constants, 6);
                $step!($constants, 7);
                $step!($constants, 8);
                $step!($constants, 9);
                $step!($constants, 10);
                $step!($constants, 11);
                $step!($constants, 12);
                $step!($constants, 13);
                $step!($constants, 14);
                $step!($constants, 15);
            };
        }
        let [scheduling @ .., last] = &ROUND_CONSTANTS;
        for constants in scheduling {
            sixteen!(round_and_next_word, constants);
        }
        sixteen!(round, last);
        let mut sums = state;
        for (sum, word) in sums.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *sum += word;
        }
        sums
    }

    /// FIPS 180-4, section 4.2.2.
    const ROUND_CONSTANTS: [[u32; 16]; 4] = [
        [
            0x428a_2f98,
            0x7137_4491,
            0xb5c0_fbcf,
            0xe9b5_dba5,
            0x3956_c25b,
            0x59f1_11f1,
            0x923f_82a4,
            0xab1c_5ed5,
            0xd807_aa98,
            0x1283_5b01,
            0x2431_85be,
            0x550c_7dc3,
            0x72be_5d74,
            0x80de_b1fe,
            0x9bdc_06a7,
            0xc19b_f174,
        ],
        [
            0xe49b_69c1,
            0xefbe_4786,
            0x0fc1_9dc6,
            0x240c_a1cc,
            0x2de9_2c6f,
            0x4a74_84aa,
            0x5cb0_a9dc,
            0x76f9_88da,
            0x983e_5152,
            0xa831_c66d,
            0xb003_27c8,
            0xbf59_7fc7,
            0xc6e0_0bf3,
            0xd5a7_9147,
            0x06ca_6351,
            0x1429_2967,
        ],
        [
            0x27b7_0a85,
            0x2e1b_2138,
            0x4d2c_6dfc,
            0x5338_0d13,
            0x650a_7354,
            0x766a_0abb,
            0x81c2_c92e,
            0x9272_2c85,
            0xa2bf_e8a1,
            0xa81a_664b,
            0xc24b_8b70,
            0xc76c_51a3,
            0xd192_e819,
            0xd699_0624,
            0xf40e_3585,
            0x106a_a070,
        ],
        [
            0x19a4_c116,
            0x1e37_6c08,
            0x2748_774c,
            0x34b0_bcb5,
            0x391c_0cb3,
            0x4ed8_aa4a,
            0x5b9c_ca4f,
            0x682e_6ff3,
            0x748f_82ee,
            0x78a5_636f,
            0x84c8_7814,
            0x8cc7_0208,
            0x90be_fffa,
            0xa450_6ceb,
            0xbef9_a3f7,
            0xc671_78f2,
        ],
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::sha256;
    use crate::merkle::test_support::Random;

    /// The lengths around which the padding takes another block.
    const EDGES: [u64; 10] = [0, 1, 54, 55, 56, 63, 64, 119, 120, 128];

    fn expect_equal(prefix: &[u8], messages: &[Vec<u8>]) {
        let expected: Vec<Id> = messages.iter().map(|message| sha256(&[prefix, message])).collect();
        for backend in Backend::all() {
            assert_eq!(backend.sha256_many(prefix, messages), expected, "{backend:?}, {} messages", messages.len());
        }
    }

    #[test]
    fn mixed_messages_hash_as_they_do_alone() {
        let mut random = Random::new(1);
        for _ in 0..100 {
            let prefix_length = random.below(70);
            let prefix = random.bytes(prefix_length);
            let length_max = [70, 300, 1001][usize::try_from(random.below(3)).unwrap()];
            let messages: Vec<Vec<u8>> = (0..random.below(101))
                .map(|_| {
                    let length = random.below(length_max);
                    random.bytes(length)
                })
                .collect();
            expect_equal(&prefix, &messages);
        }
    }

    #[test]
    fn messages_of_one_length_hash_as_they_do_alone() {
        let mut random = Random::new(2);
        for length in EDGES {
            for count in 0..=40 {
                let messages: Vec<Vec<u8>> = (0..count).map(|_| random.bytes(length)).collect();
                expect_equal(&[], &messages);
            }
        }
    }

    #[test]
    fn a_long_message_goes_on_beside_lanes_that_ended() {
        let mut random = Random::new(3);
        for place in [0, 7, 15, 16] {
            let mut messages: Vec<Vec<u8>> = (0..20).map(|index| random.bytes(index * 11)).collect();
            messages[place] = random.bytes(20_000);
            expect_equal(b"prefix", &messages);
        }
    }

    #[test]
    fn short_messages_hash_as_they_do_alone() {
        fn check<const LENGTH: usize>(random: &mut Random) {
            let items: Vec<[u8; LENGTH]> =
                (0..50).map(|_| random.bytes(LENGTH.try_into().unwrap()).try_into().unwrap()).collect();
            let expected: Vec<Id> = items.iter().map(|item| sha256(&[item])).collect();
            for backend in Backend::all() {
                for count in 0..=items.len() {
                    let found = backend.sha256_each(&items[..count], |item, message| *message = *item, |_, hash| hash);
                    assert_eq!(found, expected[..count], "{backend:?}, {count} messages of {LENGTH} bytes");
                }
            }
            for (item, expected) in items.iter().zip(expected) {
                assert_eq!(sha256_short(|message| *message = *item), expected, "{LENGTH} bytes");
            }
        }
        let mut random = Random::new(4);
        check::<0>(&mut random);
        check::<1>(&mut random);
        check::<51>(&mut random);
        check::<55>(&mut random);
        check::<56>(&mut random);
        check::<63>(&mut random);
        check::<64>(&mut random);
        check::<65>(&mut random);
        check::<81>(&mut random);
        check::<97>(&mut random);
        check::<119>(&mut random);
    }

    #[test]
    fn parts_are_joined_in_order() {
        let mut message = [0; 5];
        join(&[b"ab", b"", b"cde"], &mut message);
        assert_eq!(&message, b"abcde");
    }

    #[test]
    fn the_backend_has_a_name() {
        assert_eq!(backend() == "single", matches!(Backend::detect(), Backend::Single));
    }
}
