//! NOMT, on disk: every commit is durable when it returns.

use std::path::Path;
use std::thread::available_parallelism;

use anyhow::{Result, anyhow, bail, ensure};
use bitvec::prelude::*;
use nomt::hasher::Blake3Hasher;
use nomt::trie::LeafData;
use nomt::{IoUringPermission, KeyReadWrite, Nomt, Options, SessionParams};
use nomt_core::hasher::ValueHasher as _;
use nomt_core::update::build_trie;

use crate::{Changes, Place, Read, State};

pub struct Trie {
    nomt: Nomt<Blake3Hasher>,
}

fn amount(value: &[u8]) -> Result<u64> {
    Ok(u64::from_le_bytes(value.try_into()?))
}

impl Trie {
    /// Open a new trie in an empty folder.
    pub fn open(folder: &Path) -> Result<Self> {
        match nomt::check_iou_permissions() {
            IoUringPermission::Allowed => {}
            IoUringPermission::Denied => bail!("nomt needs io_uring, and this system does not allow it"),
            IoUringPermission::NotSupported => bail!("nomt needs io_uring, and this system does not have it"),
        }
        let mut options = Options::new();
        options.path(folder);
        options.commit_concurrency(available_parallelism()?.get());
        Ok(Self { nomt: Nomt::open(options)? })
    }
}

impl State for Trie {
    fn update(&mut self, work: &mut dyn FnMut(Read) -> Result<Changes>) -> Result<()> {
        let session = self.nomt.begin_session(SessionParams::default());
        let changes = work(&|place| session.read(*place)?.map(|value| amount(&value)).transpose())?;
        let writes = changes
            .into_iter()
            .map(|(place, balance)| (place, KeyReadWrite::Write(Some(balance.to_le_bytes().to_vec()))))
            .collect();
        session.finish(writes)?.commit(&self.nomt)
    }

    fn balance(&self, place: &Place) -> Result<Option<u64>> {
        self.nomt.read(*place)?.map(|value| amount(&value)).transpose()
    }

    fn root(&self) -> Result<[u8; 32]> {
        Ok(self.nomt.root().into_inner())
    }

    fn rebuilt_root(&self, balances: &Changes) -> Result<[u8; 32]> {
        let leaves = balances.iter().map(|(place, balance)| (*place, Blake3Hasher::hash_value(&balance.to_le_bytes())));
        Ok(build_trie::<Blake3Hasher>(0, leaves, |_| {}))
    }

    fn prove(&self, place: &Place, balance: Option<u64>) -> Result<()> {
        let proof = self.nomt.begin_session(SessionParams::default()).prove(*place)?;
        let verified = proof
            .verify::<Blake3Hasher>(place.view_bits::<Msb0>(), self.root()?)
            .map_err(|error| anyhow!("the proof does not verify: {error:?}"))?;
        let confirmed = match balance {
            Some(balance) => verified.confirm_value(&LeafData {
                key_path: *place,
                value_hash: Blake3Hasher::hash_value(&balance.to_le_bytes()),
            }),
            None => verified.confirm_nonexistence(place),
        };
        ensure!(matches!(confirmed, Ok(true)), "the proof is of something else");
        Ok(())
    }
}
