//! How a ledger begins.

use crate::id::{Id, record_id};
use crate::note::is_valid_origin;
use crate::wire::{TRANSACTION_BYTES_MAX, encode};
use borsh::{BorshDeserialize, BorshSerialize};

/// The first entry of a log; its hash is the ledger's id.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Genesis {
    /// A DNS-like name with a path, e.g. `club.example/beans`; the name in every checkpoint.
    pub origin: String,
    /// The Ed25519 key that signs checkpoints.
    pub operator: Id,
    /// Creation time, ms.
    pub time: u64,
    /// Makes two ledgers of one origin differ.
    pub salt: [u8; 16],
    /// The first parameters.
    pub parameters: Parameters,
}

impl Genesis {
    /// The ledger's id.
    pub fn ledger_id(&self) -> Id {
        record_id("ledger", &[&encode(self)])
    }

    /// Why this cannot begin a ledger, if it cannot.
    pub fn problem(&self) -> Option<String> {
        if !is_valid_origin(&self.origin) {
            return Some(format!(
                "origin must be 1 to 255 printable ASCII characters without space and '+', like club.example/beans; found {:?}",
                self.origin.chars().take(40).collect::<String>()
            ));
        }
        self.parameters.problem().map(|problem| format!("parameters: {problem}"))
    }
}

/// The rules of the ledger itself.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Parameters {
    /// How far ahead `valid_until` may lie, ms.
    pub window_ms: u64,
    /// Who may create assets.
    pub asset_creators: AssetCreators,
    /// The most bytes of a transaction without its signatures.
    pub transaction_bytes_max: u32,
    /// The most operations in a transaction.
    pub operations_max: u16,
    /// Whose authority changes these parameters; nobody's when absent.
    pub governor: Option<Id>,
}

/// Who may create assets.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum AssetCreators {
    /// Everybody.
    Anyone,
    /// These accounts, strictly ascending.
    Listed {
        /// 1 to 64 accounts.
        accounts: Vec<Id>,
    },
}

impl Parameters {
    /// The id of their record.
    pub fn record_id() -> Id {
        record_id("parameters", &[])
    }

    /// Why these parameters are refused, if they are.
    pub fn problem(&self) -> Option<String> {
        if !(1_000..=86_400_000).contains(&self.window_ms) {
            return Some(format!("window_ms must be 1,000 to 86,400,000, found {}", self.window_ms));
        }
        if !(1_024..=TRANSACTION_BYTES_MAX).contains(&self.transaction_bytes_max) {
            return Some(format!(
                "transaction_bytes_max must be 1,024 to 60,000, found {}",
                self.transaction_bytes_max
            ));
        }
        if !(1..=1_000).contains(&self.operations_max) {
            return Some(format!("operations_max must be 1 to 1,000, found {}", self.operations_max));
        }
        if let AssetCreators::Listed { accounts } = &self.asset_creators {
            if accounts.is_empty() || accounts.len() > 64 {
                return Some(format!("asset_creators must list 1 to 64 accounts, found {}", accounts.len()));
            }
            if !accounts.is_sorted_by(|left, right| left < right) {
                return Some("asset_creators must be strictly ascending".to_owned());
            }
        }
        None
    }

    /// Whether this account may create assets.
    pub fn may_create_assets(&self, account: &Id) -> bool {
        match &self.asset_creators {
            AssetCreators::Anyone => true,
            AssetCreators::Listed { accounts } => accounts.binary_search(account).is_ok(),
        }
    }
}
