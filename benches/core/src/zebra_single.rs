//! How many signatures ed25519-zebra checks in a second, one by one on one core: what `make bench` compares with.
//!
//! `zebra-single FOLDER SECONDS` reads the columns `keys`, `signatures` and `messages` of signed transfers from a folder,
//! and goes through them until the time is up. Keys are decoded beforehand, which is to its advantage.

#![expect(clippy::disallowed_methods, reason = "it measures time")]

use ed25519_zebra::{Signature, VerificationKey};
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

/// So many different keys are enough to see that none is special.
const CHECKS_MAX: usize = 10_000;
/// `counterfoil/sign/v1\n` and an id.
const MESSAGE_BYTES: usize = 52;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(seconds)) = (arguments.next(), arguments.next()) else {
        return Err("expected a folder and seconds".into());
    };
    let lasting = Duration::try_from_secs_f64(seconds.parse()?)?;
    let folder = Path::new(&folder);
    let keys = std::fs::read(folder.join("keys"))?;
    let signatures = std::fs::read(folder.join("signatures"))?;
    let messages = std::fs::read(folder.join("messages"))?;
    let columns = keys.as_chunks::<32>().0.iter().zip(signatures.as_chunks::<64>().0);
    let checks = columns
        .zip(messages.as_chunks::<MESSAGE_BYTES>().0)
        .take(CHECKS_MAX)
        .map(|((key, signature), message)| Ok((VerificationKey::try_from(*key)?, Signature::from(*signature), message)))
        .collect::<Result<Vec<_>, ed25519_zebra::Error>>()?;
    if checks.is_empty() {
        return Err("expected signatures, found none".into());
    }
    let mut count = 0_u64;
    let began = Instant::now();
    let rate = 'time: loop {
        for (key, signature, message) in &checks {
            key.verify(signature, *message)?;
            count += 1;
            let lasted = began.elapsed();
            if lasted >= lasting {
                break 'time count as f64 / lasted.as_secs_f64();
            }
        }
    };
    println!("{{\"checks\": {count}, \"checks_per_second\": {rate:.1}}}");
    Ok(())
}
