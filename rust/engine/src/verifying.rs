//! Statements verified on all cores.

use counterfoil_core::statement::{Expected, RecordClaim, StatementError, StatementVerifier};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many statements a thread takes at a time.
const STATEMENTS_PER_PART: usize = 256;

/// A statement that is refused: its position, and why.
pub type Refused = (usize, StatementError);

/// What each of these statements proves, in order, or the first that is refused. Each is given with what it must be
/// about.
///
/// Statements under the checkpoint that `verifier` verified last cost no further signature.
pub fn verify_statements(
    verifier: &StatementVerifier,
    statements: &[(&[u8], Expected)],
) -> Result<Vec<RecordClaim>, Refused> {
    let parts: Vec<_> = statements.chunks(STATEMENTS_PER_PART).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut verifier = verifier.clone();
        let mut verified = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(number) else { return Ok(verified) };
            let refused = |(place, error)| {
                // Parts are taken in order: of those that nobody has begun none can be refused before this one.
                next.store(parts.len(), Ordering::Relaxed);
                (number.saturating_mul(STATEMENTS_PER_PART).saturating_add(place), error)
            };
            verified.push((number, verify_part(&mut verifier, part).map_err(refused)?));
        }
    };
    // Threads of its own and not the shared pool: in a forked child the pool's threads are gone, and a verifier, unlike a
    // ledger, may be used there.
    let helpers = thread::available_parallelism().map_or(1, NonZero::get).min(parts.len()).saturating_sub(1);
    let outcomes = thread::scope(|scope| {
        let helpers: Vec<_> = (0..helpers).map(|_| scope.spawn(work)).collect();
        let mut outcomes = vec![work()];
        let joined =
            helpers.into_iter().map(|helper| helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        outcomes.extend(joined);
        outcomes
    });
    let (mut verified, mut refused) = (Vec::with_capacity(parts.len()), Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(parts) => verified.extend(parts),
            Err(error) => refused.push(error),
        }
    }
    if let Some(first) = refused.into_iter().min_by_key(|(position, _)| *position) {
        return Err(first);
    }
    verified.sort_unstable_by_key(|(number, _)| *number);
    Ok(verified.into_iter().flat_map(|(_, claims)| claims).collect())
}

fn verify_part(verifier: &mut StatementVerifier, part: &[(&[u8], Expected)]) -> Result<Vec<RecordClaim>, Refused> {
    let mut claims = Vec::with_capacity(part.len());
    for (place, (bytes, expected)) in part.iter().enumerate() {
        claims.push(verifier.verify(bytes, expected).map_err(|error| (place, error))?);
    }
    Ok(claims)
}
