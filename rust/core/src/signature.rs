//! Which Ed25519 signatures are valid, checked one by one or many at once with the same verdict.
//!
//! Formats: `docs/reference/formats.md`, *Valid signatures*. `A` and `R` are canonical encodings of curve points that do
//! not have small order, `S < L`, and the cofactored equation `8(S·B − R − k·A) = 0` holds. The cofactor is what makes
//! one verdict possible: a torsion component in `A` or `R` vanishes in the single equation and in every sum of
//! equations alike, so no signature can pass in a batch and fail alone, or the other way round.
//!
//! Signing is `ed25519-dalek`'s, verification is this file's alone: no verifier of that crate follows this rule.

use crate::hash_many::{Backend, join};
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha512};

/// One signature to check. Keys and signatures of another length are refused by the type.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// The public key, `A`.
    pub key: &'a [u8; 32],
    /// `R ‖ S`.
    pub signature: &'a [u8; 64],
    /// What was signed.
    pub message: &'a [u8],
}

/// A public key as a point of the curve. To decode one costs over half as much as to verify a signature in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodedKey(EdwardsPoint);

impl DecodedKey {
    /// The key of this encoding, if it is one (see [`is_valid_key`]).
    pub fn decode(key: &[u8; 32]) -> Option<Self> {
        decode_point(key).map(Self)
    }
}

/// Keys that were decoded for earlier batches. What it gives back for a key must be what [`DecodedKey::decode`] gives.
pub trait KnownKeys {
    /// What is known of each of these keys, in order.
    fn find(&self, keys: &[&[u8; 32]]) -> Vec<Option<DecodedKey>>;

    /// Hears of keys that it did not know, each of which has made a valid signature. (A key that has not is worth
    /// nothing: anybody can make up as many as he likes.)
    fn keep(&self, keys: &[(&[u8; 32], DecodedKey)]);
}

/// Knows no key: all are decoded.
#[derive(Clone, Copy, Debug)]
pub struct NoKeys;

impl KnownKeys for NoKeys {
    fn find(&self, keys: &[&[u8; 32]]) -> Vec<Option<DecodedKey>> {
        vec![None; keys.len()]
    }

    fn keep(&self, _: &[(&[u8; 32], DecodedKey)]) {}
}

/// Whether this signature is valid.
pub fn verify(check: &Check<'_>) -> bool {
    let Some(key) = DecodedKey::decode(check.key) else { return false };
    parse(&[(0, &key.0, check)]).first().is_some_and(Parsed::holds)
}

/// Whether each of these signatures is valid: exactly what [`verify`] says of each, in the same order, several times
/// faster for many.
///
/// It runs on the calling thread. To use more threads split the checks, best with those of one key together: a
/// signature whose key occurs again in the same call costs less.
pub fn verify_batch(checks: &[Check<'_>]) -> Vec<bool> {
    verify_batch_with(checks, &NoKeys)
}

/// As [`verify_batch`], without decoding the keys that are known.
pub fn verify_batch_with(checks: &[Check<'_>], known: &impl KnownKeys) -> Vec<bool> {
    let mut verdicts = vec![false; checks.len()];
    // Equal keys stand side by side, so that a chunk decodes each of its keys once and has one term for it. Eight bytes
    // order nearly all of them.
    let prefix = |check: &Check<'_>| check.key.first_chunk().map_or(0, |prefix| u64::from_be_bytes(*prefix));
    let mut order: Vec<(u64, usize, &Check<'_>)> =
        checks.iter().enumerate().map(|(position, check)| (prefix(check), position, check)).collect();
    order.sort_unstable_by(|left, right| left.0.cmp(&right.0).then_with(|| left.2.key.cmp(right.2.key)));
    let order: Vec<(usize, &Check<'_>)> = order.into_iter().map(|(_, position, check)| (position, check)).collect();
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        let (chunk, tail) = rest.split_at(chunk_length(rest));
        verify_chunk(chunk, known, &mut verdicts);
        rest = tail;
    }
    verdicts
}

/// Whether these bytes may be a key: the canonical encoding of a curve point that does not have small order.
pub fn is_valid_key(key: &[u8; 32]) -> bool {
    decode_point(key).is_some()
}

/// The Ed25519 signature (RFC 8032, deterministic) by the key of this seed.
pub fn sign(seed: &[u8; 32], message: &[u8]) -> [u8; 64] {
    SigningKey::from_bytes(seed).sign(message).to_bytes()
}

/// The public key of this seed.
pub fn public_key(seed: &[u8; 32]) -> [u8; 32] {
    SigningKey::from_bytes(seed).verifying_key().to_bytes()
}

/// How many points one equation has at most: about 2,048 signatures of as many keys. Larger sums fall out of the
/// second-level cache and are slower.
const TERMS_MAX: usize = 4_096;

/// How many signatures' part of the transcript is hashed in one lane. With more a small batch would not fill the lanes.
const PIECE_SIGNATURES: usize = 32;

/// How many signatures may be summed again, per signature of a failed chunk, before the rest is checked one by one.
/// Halving finds a few bad ones cheaply; against many it would cost more than checking each.
const RETRIED_TERMS_FACTOR: usize = 3;

/// So few signatures are checked faster one by one than by further sums.
const SINGLE_MAX: usize = 4;

/// The y-coordinates, little-endian, of the eight points whose order divides 8: (0, 1), (0, −1), the two of order 4
/// and the four of order 8.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
    [0; 32],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// L = 2^252 + 27742317777372353535851937790883648493, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The point of a canonical encoding, unless it has small order.
fn decode_point(encoding: &[u8; 32]) -> Option<EdwardsPoint> {
    let mut y = *encoding;
    y[31] &= 0x7f;
    // The sign is masked off: with x = 0 both signs decode to a point of small order and only one is canonical, so one
    // comparison refuses both.
    if SMALL_ORDER_Y.contains(&y) || !is_below_field_prime(&y) {
        return None;
    }
    CompressedEdwardsY(*encoding).decompress()
}

/// Whether y < 2^255 − 19. A point decodes from y + p as well, so this is the rest of being canonical.
fn is_below_field_prime(y: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = y;
    *first < 0xed || *last != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

/// Whether S < L, the order of the base point.
fn is_below_order(response: &[u8; 32]) -> bool {
    response.iter().rev().lt(ORDER.iter().rev())
}

/// A signature whose parts are well-formed: only the equation is left to check.
struct Parsed<'k> {
    /// Its place among the caller's checks.
    position: usize,
    key: &'k EdwardsPoint,
    commitment: EdwardsPoint,
    /// S, which is below L.
    response: [u8; 32],
    /// SHA-512(R ‖ A ‖ message), of which `k` is the remainder modulo L.
    challenge_hash: [u8; 64],
}

/// Those of these signatures that are well-formed, in order. With each comes its place, and its key.
fn parse<'k>(checks: &[(usize, &'k EdwardsPoint, &Check<'_>)]) -> Vec<Parsed<'k>> {
    // Both halves are copied: they lie scattered, and to decode a point takes so long that they would be fetched again.
    let mut halves: Vec<(_, [u8; 32], [u8; 32])> = Vec::with_capacity(checks.len());
    for of in checks {
        if let ([commitment, response], []) = of.2.signature.as_chunks()
            && is_below_order(response)
        {
            halves.push((of, *commitment, *response));
        }
    }
    let challenges = halves.iter().map(|((_, _, check), commitment, _)| [commitment, &check.key[..], check.message]);
    let challenge_hashes = Backend::detect().sha512_many(challenges);
    // Points are large: they are put in place once.
    let mut parsed = Vec::with_capacity(halves.len());
    for (((position, key, _), commitment, response), challenge_hash) in halves.into_iter().zip(challenge_hashes) {
        if let Some(commitment) = decode_point(&commitment) {
            parsed.push(Parsed { position: *position, key, commitment, response, challenge_hash });
        }
    }
    parsed
}

impl Parsed<'_> {
    fn challenge(&self) -> Scalar {
        Scalar::from_bytes_mod_order_wide(&self.challenge_hash)
    }

    /// The equation of this signature alone.
    #[expect(clippy::arithmetic_side_effects, reason = "group arithmetic is modular: it cannot overflow")]
    fn holds(&self) -> bool {
        let minus_key = -self.key;
        let response = Scalar::from_bytes_mod_order(self.response);
        let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&self.challenge(), &minus_key, &response);
        (expected - self.commitment).mul_by_cofactor().is_identity()
    }
}

/// A signature and its part of the summed equation.
struct Term<'p> {
    parsed: &'p Parsed<'p>,
    /// z
    coefficient: u128,
    /// k
    challenge: Scalar,
}

/// A sum of products of coefficients and scalars: a number that is reduced modulo L when it is complete, instead of each
/// product. A scalar has 253 bits and an equation some thousands of products, so that 512 bits are plenty.
#[derive(Default)]
struct Sum([u64; 8]);

impl Sum {
    #[expect(clippy::arithmetic_side_effects, reason = "(2^64 − 1)² + 2(2^64 − 1) is 2^128 − 1")]
    fn add_product(&mut self, coefficient: u128, scalar: &[u8; 32]) {
        let scalar = scalar.as_chunks().0.iter().copied().map(u64::from_le_bytes);
        for (digit, places) in low_and_high(coefficient).into_iter().zip([0, 1]) {
            let mut carry = 0;
            for (place, factor) in self.0.iter_mut().skip(places).zip(scalar.clone().chain(std::iter::repeat(0))) {
                let sum = u128::from(*place) + u128::from(digit) * u128::from(factor) + u128::from(carry);
                [*place, carry] = low_and_high(sum);
            }
        }
    }

    fn reduce(&self) -> Scalar {
        let mut bytes = [0; 64];
        for (place, digit) in bytes.as_chunks_mut().0.iter_mut().zip(self.0) {
            *place = digit.to_le_bytes();
        }
        Scalar::from_bytes_mod_order_wide(&bytes)
    }
}

fn low_and_high(number: u128) -> [u64; 2] {
    let bytes = number.to_le_bytes();
    let mut halves = [0; 2];
    for (half, bytes) in halves.iter_mut().zip(bytes.as_chunks().0) {
        *half = u64::from_le_bytes(*bytes);
    }
    halves
}

/// How many of these checks, sorted by key, go into one equation: at least one.
fn chunk_length(sorted: &[(usize, &Check<'_>)]) -> usize {
    let mut terms = 0_usize;
    let mut last_key = None;
    for (count, (_, check)) in sorted.iter().enumerate() {
        terms = terms.saturating_add(if last_key == Some(check.key) { 1 } else { 2 });
        if terms > TERMS_MAX && count > 0 {
            return count;
        }
        last_key = Some(check.key);
    }
    sorted.len()
}

fn verify_chunk(sorted: &[(usize, &Check<'_>)], known: &impl KnownKeys, verdicts: &mut [bool]) {
    let runs: Vec<_> = sorted.chunk_by(|left, right| left.1.key == right.1.key).collect();
    let encodings: Vec<&[u8; 32]> = runs.iter().filter_map(|run| run.first()).map(|(_, check)| check.key).collect();
    let mut keys = known.find(&encodings);
    let mut unknown = Vec::new();
    for ((run, encoding), key) in runs.iter().zip(encodings).zip(&mut keys).filter(|(_, key)| key.is_none()) {
        *key = DecodedKey::decode(encoding);
        if let Some(key) = key {
            unknown.push((*run, encoding, *key));
        }
    }
    let with_keys: Vec<_> = (runs.iter().zip(&keys))
        .filter_map(|(run, key)| Some((run, key.as_ref()?)))
        .flat_map(|(run, key)| run.iter().map(|(position, check)| (*position, &key.0, *check)))
        .collect();
    let parsed = parse(&with_keys);
    let coefficients = coefficients(&parsed);
    let terms: Vec<Term<'_>> = parsed
        .iter()
        .zip(coefficients)
        .map(|(parsed, coefficient)| Term { parsed, coefficient, challenge: parsed.challenge() })
        .collect();
    if sum_holds(&terms) {
        accept(&terms, verdicts);
    } else {
        let mut budget = terms.len().saturating_mul(RETRIED_TERMS_FACTOR);
        isolate(&terms, &mut budget, verdicts);
    }
    let has_signed =
        |run: &[(usize, &Check<'_>)]| run.iter().any(|(position, _)| verdicts.get(*position) == Some(&true));
    unknown.retain(|(run, ..)| has_signed(run));
    let learnt: Vec<(&[u8; 32], DecodedKey)> = unknown.into_iter().map(|(_, encoding, key)| (encoding, key)).collect();
    known.keep(&learnt);
}

/// One 128-bit, non-zero coefficient for each signature, derived from all of them: whoever makes a signature fixes its
/// coefficient and everybody else's by making it, so errors cannot be chosen to cancel.
///
/// The seed is the hash of the hashes of pieces, which are hashed side by side: two lists of signatures with one seed
/// would be a collision of SHA-512, in a piece or in the list of their hashes.
fn coefficients(parsed: &[Parsed<'_>]) -> Vec<u128> {
    let backend = Backend::detect();
    // The hash stands for A, R and the message: two triples with one hash would be a collision of SHA-512.
    let transcript: Vec<[u8; 96]> = parsed
        .iter()
        .map(|signature| {
            let mut both = [0; 96];
            join(&[&signature.challenge_hash, &signature.response], &mut both);
            both
        })
        .collect();
    let pieces = transcript.chunks(PIECE_SIGNATURES).map(|piece| [piece.as_flattened()]);
    let hashes = backend.sha512_many(pieces);
    let seed: [u8; 64] =
        Sha512::new().chain_update(b"counterfoil/batch/v2\n").chain_update(hashes.as_flattened()).finalize().into();
    let counters: Vec<[u8; 8]> = (0_u64..).take(parsed.len().div_ceil(4)).map(u64::to_be_bytes).collect();
    let blocks = backend.sha512_many(counters.iter().map(|counter| [seed.as_slice(), counter]));
    let quarters = blocks.as_flattened().as_chunks::<16>().0.iter();
    quarters.map(|quarter| u128::from_be_bytes(*quarter).max(1)).take(parsed.len()).collect()
}

/// Whether Σ z(−S·B + R + k·A), times 8, is the neutral element. Terms of one key stand side by side.
#[expect(clippy::arithmetic_side_effects, reason = "scalar arithmetic is modular: it cannot overflow")]
fn sum_holds(terms: &[Term<'_>]) -> bool {
    let capacity = terms.len().saturating_mul(2).saturating_add(1);
    let mut scalars = Vec::with_capacity(capacity);
    let mut points: Vec<&EdwardsPoint> = Vec::with_capacity(capacity);
    let mut base = Sum::default();
    for run in terms.chunk_by(|left, right| std::ptr::eq(left.parsed.key, right.parsed.key)) {
        let mut of_key = Sum::default();
        for term in run {
            base.add_product(term.coefficient, &term.parsed.response);
            of_key.add_product(term.coefficient, term.challenge.as_bytes());
            scalars.push(Scalar::from(term.coefficient));
            points.push(&term.parsed.commitment);
        }
        if let Some(term) = run.first() {
            scalars.push(of_key.reduce());
            points.push(term.parsed.key);
        }
    }
    scalars.push(-base.reduce());
    points.push(&ED25519_BASEPOINT_POINT);
    EdwardsPoint::vartime_multiscalar_mul(&scalars, points).mul_by_cofactor().is_identity()
}

/// Finds the bad ones among terms whose sum is known to fail, summing again what was decoded and hashed before.
///
/// The coefficients stay: they were derived from a superset, so every part of it was fixed before they were.
fn isolate(failing: &[Term<'_>], budget: &mut usize, verdicts: &mut [bool]) {
    if failing.len() < 2 {
        // A sum of one fails exactly when its own equation does: the coefficient is not zero modulo L, and eight times
        // a point lies in the subgroup of prime order L. The verdict is false already.
        return;
    }
    let (left, right) = failing.split_at(failing.len().div_ceil(2));
    if *budget < left.len() || failing.len() <= SINGLE_MAX {
        for term in failing {
            set(verdicts, term.parsed.position, term.parsed.holds());
        }
        return;
    }
    *budget = budget.saturating_sub(left.len());
    if sum_holds(left) {
        accept(left, verdicts);
        // The whole fails and the left half does not, so the right half does.
        isolate(right, budget, verdicts);
        return;
    }
    isolate(left, budget, verdicts);
    *budget = budget.saturating_sub(right.len());
    if sum_holds(right) {
        accept(right, verdicts);
    } else {
        isolate(right, budget, verdicts);
    }
}

fn accept(terms: &[Term<'_>], verdicts: &mut [bool]) {
    for term in terms {
        set(verdicts, term.parsed.position, true);
    }
}

fn set(verdicts: &mut [bool], position: usize, verdict: bool) {
    if let Some(place) = verdicts.get_mut(position) {
        *place = verdict;
    }
}

/// The curve arithmetic that this build runs on this machine: `avx512`, `avx2` or `serial`. All give equal results.
pub fn backend() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if cfg!(curve25519_dalek_backend = "avx512")
            && std::is_x86_feature_detected!("avx512ifma")
            && std::is_x86_feature_detected!("avx512vl")
        {
            return "avx512";
        }
        if std::is_x86_feature_detected!("avx2") {
            return "avx2";
        }
    }
    "serial"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::test_support::Random;
    use curve25519_dalek::constants::EIGHT_TORSION;

    struct Owned {
        key: [u8; 32],
        signature: [u8; 64],
        message: Vec<u8>,
    }

    impl Owned {
        fn check(&self) -> Check<'_> {
            Check { key: &self.key, signature: &self.signature, message: &self.message }
        }
    }

    fn honest(count: usize, signers: usize) -> Vec<Owned> {
        (0..signers)
            .cycle()
            .zip(0..count)
            .map(|(signer, number)| {
                let seed = crate::id::sha256(&[&signer.to_be_bytes()]).0;
                let message = number.to_be_bytes().to_vec();
                Owned { key: public_key(&seed), signature: sign(&seed, &message), message }
            })
            .collect()
    }

    fn batch(owned: &[Owned]) -> Vec<bool> {
        let checks: Vec<_> = owned.iter().map(Owned::check).collect();
        let verdicts = verify_batch(&checks);
        let singly: Vec<_> = checks.iter().map(verify).collect();
        assert_eq!(verdicts, singly);
        verdicts
    }

    #[test]
    fn the_listed_small_order_points_are_the_torsion_subgroup() {
        let mut listed = std::collections::BTreeSet::new();
        for point in EIGHT_TORSION {
            let mut encoding = point.compress().to_bytes();
            assert!(!is_valid_key(&encoding));
            encoding[31] ^= 0x80;
            assert!(!is_valid_key(&encoding));
            encoding[31] &= 0x7f;
            listed.insert(encoding);
        }
        assert_eq!(listed, SMALL_ORDER_Y.into_iter().collect());
    }

    #[test]
    fn keys_are_canonical_points() {
        assert!(is_valid_key(&public_key(&[7; 32])));
        assert!(!is_valid_key(&[0xff; 32]));
        // y = p + 2 .. p + 18 decode to the points of y = 2 .. 18 where there are such, and are never canonical.
        for low in 0xed..=0xff {
            let mut above = [0xff; 32];
            above[0] = low;
            above[31] = 0x7f;
            assert!(!is_valid_key(&above));
        }
        let mut small = [0; 32];
        small[0] = 3;
        assert!(is_valid_key(&small));
        small[0] = 2;
        assert!(!is_valid_key(&small), "y = 2 is on no point");
    }

    #[test]
    fn responses_are_below_the_order() {
        let beside = |change: i8| {
            let mut response = ORDER;
            response[0] = response[0].checked_add_signed(change).unwrap();
            response
        };
        let mut random = Random::new(1);
        let mut responses = vec![[0; 32], [0xff; 32], beside(-1), ORDER, beside(1)];
        for top in 0..=0x20 {
            let mut response: [u8; 32] = random.bytes(32).try_into().unwrap();
            response[31] = top;
            responses.push(response);
            let mut nearly = ORDER;
            nearly[usize::from(top) % 32] ^= 1 << (top % 8);
            responses.push(nearly);
        }
        for response in responses {
            let canonical = bool::from(Scalar::from_canonical_bytes(response).is_some());
            assert_eq!(is_below_order(&response), canonical, "{response:x?}");
        }
        assert!(is_below_order(&beside(-1)) && !is_below_order(&ORDER));
    }

    #[test]
    fn sums_of_products_are_those_of_scalars() {
        let mut random = Random::new(2);
        let largest = vec![(u128::MAX, -Scalar::ONE); TERMS_MAX];
        let mixed: Vec<(u128, Scalar)> = (0..1_000)
            .map(|_| (random.wide(), Scalar::from_bytes_mod_order(random.bytes(32).try_into().unwrap())))
            .collect();
        for products in [&[][..], &largest[..1], &largest, &mixed] {
            let mut sum = Sum::default();
            let mut expected = Scalar::ZERO;
            for (coefficient, scalar) in products {
                sum.add_product(*coefficient, scalar.as_bytes());
                expected += Scalar::from(*coefficient) * scalar;
            }
            assert_eq!(sum.reduce(), expected, "{} products", products.len());
        }
    }

    #[test]
    fn honest_batches_of_every_shape_pass() {
        for (count, signers) in [(0, 1), (1, 1), (2, 1), (2, 2), (3, 2), (100, 7), (1_030, 1_030), (2_100, 3)] {
            assert!(batch(&honest(count, signers)).iter().all(|valid| *valid), "{count} by {signers}");
        }
    }

    #[test]
    fn any_number_of_bad_ones_is_found() {
        for (count, signers) in [(16, 16), (64, 3), (300, 300)] {
            for step in [1, 2, 3, 7, 50, 299] {
                let mut owned = honest(count, signers);
                for signature in owned.iter_mut().step_by(step) {
                    signature.message.push(0);
                }
                let verdicts = batch(&owned);
                for (number, valid) in verdicts.into_iter().enumerate() {
                    assert_eq!(valid, number % step != 0, "{number} of {count}, every {step}th is bad");
                }
            }
        }
    }

    #[test]
    fn errors_that_cancel_without_coefficients_are_found() {
        let mut owned = honest(2, 1);
        let one = Scalar::ONE;
        for (signature, change) in owned.iter_mut().zip([one, -one]) {
            let response: [u8; 32] = signature.signature[32..].try_into().unwrap();
            let moved = Scalar::from_canonical_bytes(response).unwrap() + change;
            signature.signature[32..].copy_from_slice(moved.as_bytes());
        }
        assert_eq!(batch(&owned), [false, false]);
    }

    #[test]
    fn coefficients_depend_on_every_part() {
        // Several pieces, the last of which is not full.
        let count = 3 * PIECE_SIGNATURES + 5;
        let owned = honest(count, count);
        let of = |owned: &[Owned]| {
            let keys: Vec<_> = owned.iter().map(|signature| decode_point(&signature.key).unwrap()).collect();
            let checks: Vec<_> = owned.iter().map(Owned::check).collect();
            let parsed = parse(&checks.iter().zip(&keys).map(|(check, key)| (0, key, check)).collect::<Vec<_>>());
            coefficients(&parsed)
        };
        let before = of(&owned);
        assert_eq!(before.len(), count);
        for place in [0, PIECE_SIGNATURES - 1, PIECE_SIGNATURES, count - 1] {
            let mut changed_message = honest(count, count);
            changed_message[place].message.push(1);
            let mut changed_response = honest(count, count);
            changed_response[place].signature[32] ^= 1;
            let mut changed_order = honest(count, count);
            changed_order.swap(place, 1);
            let mut one_less = honest(count, count);
            one_less.remove(place);
            for changed in [changed_message, changed_response, changed_order, one_less] {
                assert!(of(&changed).iter().zip(&before).all(|(left, right)| left != right), "{place}");
            }
        }
        for fewer in [0, 1, 2] {
            assert_eq!(of(&owned[..fewer]).len(), fewer);
        }
    }
}
