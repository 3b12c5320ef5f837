//! Statements verified on all cores.

use counterfoil_core::statement::{Expected, RecordClaim, StatementError, StatementVerifier};
use rayon::prelude::*;

/// How many statements one task verifies.
const STATEMENTS_PER_TASK: usize = 256;

/// What each of these statements proves, in order; or the first that is refused, its position and why. Each is given
/// with what it must be about.
///
/// Statements under the checkpoint that `verifier` verified last cost no further signature.
pub fn verify_statements(
    verifier: &StatementVerifier,
    statements: &[(&[u8], Expected)],
) -> Result<Vec<RecordClaim>, (usize, StatementError)> {
    let verify = |(part, statements): (usize, &[(&[u8], Expected)])| {
        let mut verifier = verifier.clone();
        let mut claims = Vec::with_capacity(statements.len());
        for (place, (bytes, expected)) in statements.iter().enumerate() {
            let position = || part.saturating_mul(STATEMENTS_PER_TASK).saturating_add(place);
            claims.push(verifier.verify(bytes, expected).map_err(|error| (position(), error))?);
        }
        Ok(claims)
    };
    let parts: Vec<Result<Vec<RecordClaim>, _>> =
        statements.par_chunks(STATEMENTS_PER_TASK).enumerate().map(verify).collect();
    let mut claims = Vec::with_capacity(statements.len());
    for part in parts {
        claims.extend(part?);
    }
    Ok(claims)
}
