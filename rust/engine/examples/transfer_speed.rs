//! Applies signed transfers and says where the processor time goes, thread by thread: what to run under a profiler.
//!
//! `cargo run --release -p counterfoil-engine --example transfer_speed -- [accounts] [signers] [transfers a round]
//! [rounds] [transfers a call] [calling threads] [payees a transfer]`
//!
//! What users see is measured by `make bench`, from Python.

#![expect(clippy::disallowed_methods, reason = "it measures time")]
#![expect(clippy::print_stdout, reason = "it reports to the terminal")]
#![expect(clippy::arithmetic_side_effects, reason = "an overflow may stop a measurement")]
#![expect(clippy::float_arithmetic, reason = "rates")]

use counterfoil_core::Id;
use counterfoil_core::id::{asset_id, sha256};
use counterfoil_core::ops::Operation;
use counterfoil_core::ops::asset::Create;
use counterfoil_core::ops::r#move::{Mint, Pay, Payee, Transfer};
use counterfoil_core::signature::{Check, public_key, sign};
use counterfoil_core::state::Powers;
use counterfoil_core::wire::{
    AssetCreators, Authorizer, Genesis, Parameters, SignedTransaction, Transaction, encode, signed_message,
    transaction_id,
};
use counterfoil_engine::{Batch, Ledger, Options, Result};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.replace('_', "").parse::<usize>().ok());
    let mut argument = |default: usize| arguments.next().flatten().unwrap_or(default);
    let plan = Plan {
        accounts: argument(1_000_000),
        signers: argument(1_000_000),
        transfers: argument(200_000),
        rounds: argument(5),
        call: argument(30_000),
        threads: argument(3),
        payees: argument(1),
    };
    let folder = std::env::temp_dir().join(format!("counterfoil-transfer-speed-{}", std::process::id()));
    let measured = plan.measure(&folder);
    let removed = std::fs::remove_dir_all(&folder);
    println!("removed {}: {}", folder.display(), removed.is_ok());
    measured
}

struct Plan {
    accounts: usize,
    signers: usize,
    transfers: usize,
    rounds: usize,
    call: usize,
    threads: usize,
    payees: usize,
}

/// A transaction, and its signature taken apart.
struct Signed {
    bytes: Vec<u8>,
    key: [u8; 32],
    signature: [u8; 64],
    message: Vec<u8>,
}

impl Plan {
    fn measure(&self, folder: &Path) -> Result<()> {
        let operator = seed(usize::MAX);
        let genesis = Genesis {
            origin: "bench.example/coin".to_owned(),
            operator: Id(public_key(&operator)),
            time: clock_ms(),
            salt: [0; 16],
            parameters: Parameters {
                window_ms: 3_600_000,
                asset_creators: AssetCreators::Anyone,
                transaction_bytes_max: 60_000,
                operations_max: 100,
                governor: None,
            },
        };
        let begun = Instant::now();
        let keys = self.keys();
        println!("keys in {:.1?}", begun.elapsed());
        let ledger = Ledger::create(folder, &genesis, Some(operator), &Options::default())?;
        let begun = Instant::now();
        let asset = Self::fund(&ledger, &genesis, &keys)?;
        println!("funded in {:.1?}", begun.elapsed());
        if self.payees == 1 {
            // Whatever is remembered of a signer is remembered from here on.
            let everybody = self.sign(&ledger, asset, &keys, 0, self.signers);
            self.apply(&ledger, &everybody)?;
        }
        let mut ratios = Vec::new();
        for round in 1..=self.rounds {
            let signed = self.sign(&ledger, asset, &keys, round, self.transfers / self.payees);
            let (raw, rate) = self.round(&ledger, &signed)?;
            ratios.push(rate / raw);
        }
        ratios.sort_by(f64::total_cmp);
        println!("median ratio {:.3}", ratios.get(ratios.len() / 2).copied().unwrap_or_default());
        println!("{:?}", ledger.stats()?);
        let begun = Instant::now();
        ledger.close()?;
        println!("closed in {:.1?}", begun.elapsed());
        Ok(())
    }

    fn keys(&self) -> Vec<[u8; 32]> {
        (0..self.accounts)
            .into_par_iter()
            .map(|number| if number < self.signers { public_key(&seed(number)) } else { seed(number) })
            .collect()
    }

    fn fund(ledger: &Ledger, genesis: &Genesis, keys: &[[u8; 32]]) -> Result<Id> {
        let issuer = seed(usize::MAX - 1);
        let account = Id(public_key(&issuer));
        let asset = asset_id(&account, "COIN");
        let powers = Powers { mint: Some(account), ..Powers::default() };
        let create = Create {
            issuer: account,
            symbol: "COIN".to_owned(),
            decimals: 0,
            supply_cap: u128::from(u64::MAX),
            policy: Vec::new(),
            powers,
        };
        let total = u128::try_from(keys.len()).unwrap_or_default() * 1_000_000;
        let mint = Mint { asset, to: account, amount: total, reference: None };
        let mut batch = Batch::default();
        let id = genesis.ledger_id();
        batch.push(&transaction(id, &issuer, [0; 16], vec![Operation::Create(create), Operation::Mint(mint)]).bytes);
        ledger.apply(std::mem::take(&mut batch), None)?;
        for (number, part) in keys.chunks(1_000).enumerate() {
            let payees = part.iter().map(|key| Payee { to: Id(*key), amount: 1_000_000 }).collect();
            let pay = Pay { asset, sender: account, payees, reference: None };
            batch.push(&transaction(id, &issuer, nonce(usize::MAX, number), vec![Operation::Pay(pay)]).bytes);
        }
        let rows = ledger.apply(batch, None)?;
        assert!(rows.iter().all(|row| row.index.is_some()), "funding was refused");
        ledger.checkpoint(None)?;
        ledger.flush()?;
        Ok(asset)
    }

    fn sign(&self, ledger: &Ledger, asset: Id, keys: &[[u8; 32]], round: usize, count: usize) -> Vec<Signed> {
        let id = ledger.id();
        (0..count)
            .into_par_iter()
            .map(|number| {
                let random = sha256(&[&round.to_be_bytes(), &number.to_be_bytes()]).0;
                let pick = |at: usize, below: usize| {
                    let part = random.get(at..at + 8).and_then(|part| part.try_into().ok()).unwrap_or_default();
                    usize::try_from(u64::from_be_bytes(part)).unwrap_or_default() % below
                };
                // In the first round everybody signs once.
                let from = if round == 0 { number % self.signers } else { pick(0, self.signers) };
                let account = |number: usize| Id(keys.get(number).copied().unwrap_or_default());
                let sender = account(from);
                let other = |number: usize| if number == from { (number + 1) % self.accounts } else { number };
                let operation = if self.payees == 1 {
                    let to = account(other(pick(8, self.accounts)));
                    Operation::Transfer(Transfer { asset, sender, to, amount: 1, reference: None })
                } else {
                    let first = pick(8, self.accounts);
                    let payees = (0..self.payees)
                        .map(|step| Payee { to: account(other((first + step * 7_919) % self.accounts)), amount: 1 })
                        .collect();
                    Operation::Pay(Pay { asset, sender, payees, reference: None })
                };
                transaction(id, &seed(from), nonce(round, number), vec![operation])
            })
            .collect()
    }

    fn round(&self, ledger: &Ledger, signed: &[Signed]) -> Result<(f64, f64)> {
        let checks: Vec<Check<'_>> = signed
            .iter()
            .map(|one| Check { key: &one.key, signature: &one.signature, message: &one.message })
            .collect();
        let begun = Instant::now();
        let valid = ledger.count_valid_signatures(&checks)?;
        let raw = rate(checks.len(), begun.elapsed());
        assert_eq!(valid, checks.len());
        println!("raw {raw:.0}/s");
        let before = processor_time();
        let begun = Instant::now();
        self.apply(ledger, signed)?;
        let rate = rate(signed.len(), begun.elapsed());
        println!(
            "   applied {rate:.0}/s, {:.0} payees/s, ratio {:.3}",
            rate * f64::from(u32::try_from(self.payees).unwrap_or(1)),
            rate / raw
        );
        let after = processor_time();
        let each = |name: &str| after.get(name).copied().unwrap_or(0) - before.get(name).copied().unwrap_or(0);
        for name in after.keys() {
            let micros = each(name) * 1_000 * 100 / u64::try_from(signed.len()).unwrap_or(1);
            if micros > 0 {
                println!("   {name:20} {:>4}.{:02} us", micros / 100, micros % 100);
            }
        }
        Ok((raw, rate))
    }

    fn apply(&self, ledger: &Ledger, signed: &[Signed]) -> Result<()> {
        let batches = Mutex::new(signed.chunks(self.call).map(|part| {
            let mut batch = Batch::default();
            for one in part {
                batch.push(&one.bytes);
            }
            batch
        }));
        std::thread::scope(|scope| {
            let call = || -> Result<()> {
                loop {
                    let Some(batch) = batches.lock().ok().and_then(|mut batches| batches.next()) else { return Ok(()) };
                    let rows = ledger.apply(batch, None)?;
                    assert!(rows.iter().all(|row| row.index.is_some() && !row.duplicate), "a transfer was refused");
                }
            };
            let calls: Vec<_> = (0..self.threads).map(|_| scope.spawn(call)).collect();
            calls.into_iter().try_for_each(|call| call.join().expect("a caller panicked"))
        })
    }
}

/// Processor time of each kind of thread of this process, ms.
fn processor_time() -> BTreeMap<String, u64> {
    let mut times = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let read = |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let used: u64 = read("schedstat").split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
        *times.entry(read("comm").trim().to_owned()).or_default() += used / 1_000_000;
    }
    // What the machine did besides: ticks of 10 ms.
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    for (name, ticks) in
        ["(user)", "(nice)", "(system)", "(idle)", "(io wait)", "(irq)", "(soft irq)", "(steal)"].into_iter().zip(ticks)
    {
        times.insert(name.to_owned(), ticks.parse::<u64>().unwrap_or(0) * 10);
    }
    times
}

fn rate(count: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64()
}

fn seed(number: usize) -> [u8; 32] {
    sha256(&[b"bench", &number.to_be_bytes()]).0
}

fn nonce(round: usize, number: usize) -> [u8; 16] {
    let mut nonce = [0; 16];
    let bytes = round.to_be_bytes().into_iter().chain(number.to_be_bytes());
    nonce.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    nonce
}

fn transaction(ledger: Id, seed: &[u8; 32], nonce: [u8; 16], operations: Vec<Operation>) -> Signed {
    let key = public_key(seed);
    let transaction = Transaction {
        version: 1,
        ledger,
        valid_until: clock_ms() + 1_800_000,
        nonce,
        authorizers: vec![Authorizer { account: Id(key), key: None }],
        operations,
    };
    let message = signed_message(&transaction_id(&encode(&transaction))).to_vec();
    let signature = sign(seed, &message);
    let bytes = encode(&SignedTransaction { transaction, signatures: vec![signature] });
    Signed { bytes, key, signature, message }
}

fn clock_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(0)
}
