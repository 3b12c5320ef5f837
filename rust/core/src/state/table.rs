//! The names of tables and records: `docs/reference/formats.md`, section *Tables*.

use crate::hash_many::{Backend, join, sha256_short};
use crate::id::{Id, record_id};

/// Defines the names of the tables, in the order in which they were added.
macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident $text:literal $($keyed:ident)?;)*) => {
        /// The name of a table. Families that come later append theirs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TableName {
            $($(#[$doc])* $name,)*
        }

        impl TableName {
            /// Every table name, in the order in which they were added.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name as it is hashed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether there is one such table for each key.
            pub const fn is_keyed(self) -> bool {
                match self { $(Self::$name => tables!(@keyed $($keyed)?),)* }
            }
        }
    };
    (@keyed keyed) => { true };
    (@keyed) => { false };
}

tables! {
    /// The top table: the root of every other one.
    Directory "directory";
    /// The ledger's parameters.
    Parameters "parameters";
    /// Keys of accounts that have a record, and programme accounts.
    Accounts "accounts";
    /// Caps under which an agent acts for an account.
    Mandates "mandates";
    /// Keys that were used once for ever.
    Once "once";
    /// Assets: policy, powers and totals.
    Assets "assets";
    /// Balances of one asset; its sum is the supply.
    Holders "holders" keyed;
    /// Totals of one asset by lot; its sum is the supply of assets with lots.
    Lots "lots" keyed;
    /// Frozen accounts of one asset.
    Freezes "freezes" keyed;
    /// Units that wait for a condition.
    Holds "holds";
    /// Holds that have the same terms.
    HoldGroups "hold_groups";
    /// What the items of one collection may look like.
    Designs "designs" keyed;
    /// The items of one collection; its sum is how many there are.
    Items "items" keyed;
    /// Accounts that pay out against slips.
    Campaigns "campaigns";
    /// What each member claimed of one campaign.
    Claimants "claimants" keyed;
    /// What may be attested, and by whom.
    Schemas "schemas";
    /// What was attested by one schema.
    Attestations "attestations" keyed;
    /// What was redeemed of one asset, order by order.
    Redemptions "redemptions" keyed;
    /// What accounts owe the issuer of one asset; its sum is all of it.
    Debts "debts" keyed;
    /// Accounts that may together set another account's keys, after a delay.
    Guardians "guardians";
    /// Keys that guardians set, until the delay is over.
    Recoveries "recoveries";
    /// Who may do what in the name of governed accounts.
    Constitutions "constitutions";
    /// What a governed account is asked to do.
    Proposals "proposals";
    /// The votes on one proposal; its sum is their weight.
    Votes "votes" keyed;
    /// How much weight each ranking of one proposal's options has.
    Rankings "rankings" keyed;
    /// Who votes for whom on the proposals of governed accounts.
    Delegations "delegations";
    /// What governed accounts resolved.
    Resolutions "resolutions";
    /// Balances of assets that are fixed as they stood at a time.
    Snapshots "snapshots";
    /// Of one asset, what accounts had before they moved units, for the snapshots that are live.
    Saved "saved" keyed;
    /// Amounts that are shared out among many.
    Distributions "distributions";
    /// Who was paid of one distribution; its sum is all that was paid.
    Collected "collected" keyed;
}

impl TableName {
    /// The name that `text` spells.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.as_str() == text)
    }
}

/// One table: a name and, where there is one table per asset (or other thing), its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table {
    /// Which table.
    pub name: TableName,
    /// Which of them, where there are many.
    pub key: Option<Id>,
}

impl Table {
    /// The directory.
    pub const DIRECTORY: Self = Self::single(TableName::Directory);
    /// The parameters.
    pub const PARAMETERS: Self = Self::single(TableName::Parameters);
    /// The account records.
    pub const ACCOUNTS: Self = Self::single(TableName::Accounts);
    /// The mandates.
    pub const MANDATES: Self = Self::single(TableName::Mandates);
    /// The used keys.
    pub const ONCE: Self = Self::single(TableName::Once);
    /// The assets.
    pub const ASSETS: Self = Self::single(TableName::Assets);
    /// The schemas.
    pub const SCHEMAS: Self = Self::single(TableName::Schemas);
    /// The guardians of accounts.
    pub const GUARDIANS: Self = Self::single(TableName::Guardians);
    /// The recoveries that are running.
    pub const RECOVERIES: Self = Self::single(TableName::Recoveries);
    /// The constitutions.
    pub const CONSTITUTIONS: Self = Self::single(TableName::Constitutions);
    /// The proposals.
    pub const PROPOSALS: Self = Self::single(TableName::Proposals);

    /// The one table with this name.
    pub const fn single(name: TableName) -> Self {
        Self { name, key: None }
    }

    /// The table with this name and key.
    pub const fn keyed(name: TableName, key: Id) -> Self {
        Self { name, key: Some(key) }
    }

    /// The balances of an asset.
    pub const fn holders(asset: Id) -> Self {
        Self::keyed(TableName::Holders, asset)
    }

    /// The lot totals of an asset.
    pub const fn lots(asset: Id) -> Self {
        Self::keyed(TableName::Lots, asset)
    }

    /// The frozen accounts of an asset.
    pub const fn freezes(asset: Id) -> Self {
        Self::keyed(TableName::Freezes, asset)
    }

    /// The attestations of a schema.
    pub const fn attestations(schema: Id) -> Self {
        Self::keyed(TableName::Attestations, schema)
    }

    /// The redemptions of an asset.
    pub const fn redemptions(asset: Id) -> Self {
        Self::keyed(TableName::Redemptions, asset)
    }

    /// The debts in an asset.
    pub const fn debts(asset: Id) -> Self {
        Self::keyed(TableName::Debts, asset)
    }

    /// What accounts of an asset had, for its snapshots.
    pub const fn saved(asset: Id) -> Self {
        Self::keyed(TableName::Saved, asset)
    }

    /// Who was paid of a distribution.
    pub const fn collected(distribution: Id) -> Self {
        Self::keyed(TableName::Collected, distribution)
    }

    /// The table key's bytes: none, or the 32 of the key.
    pub fn key_bytes(&self) -> &[u8] {
        self.key.as_ref().map_or(&[], |key| key.as_bytes().as_slice())
    }

    /// Its record id in the directory.
    pub fn directory_record_id(&self) -> Id {
        let name = self.name.as_str();
        let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
        record_id("table", &[&[length], name.as_bytes(), self.key_bytes()])
    }
}

/// What a table holds under a record id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What the record weighs in its table's sum.
    pub sum: u128,
    /// At most 4,096 bytes.
    pub value: Vec<u8>,
}

/// The most bytes that a record's value has.
pub const VALUE_BYTES_MAX: usize = 4_096;

/// Where a record stands in its table's tree: ids can be chosen by an attacker, their hashes cannot.
pub fn tree_key(record_id: &Id) -> Id {
    sha256_short(|message| write_tree_key(record_id, message))
}

/// The [`tree_key`] of each item's record id, many at once.
pub fn tree_keys<T>(items: &[T], record_id: impl Fn(&T) -> &Id) -> Vec<Id> {
    Backend::detect().sha256_each(items, |item, message| write_tree_key(record_id(item), message), |_, hash| hash)
}

fn write_tree_key(record_id: &Id, message: &mut [u8; 51]) {
    join(&[b"counterfoil/key/v1\n", &record_id.0], message);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::sha256;

    #[test]
    fn names_parse_back() {
        for name in TableName::ALL {
            assert_eq!(TableName::parse(name.as_str()), Some(*name));
        }
        assert_eq!(TableName::parse("holder"), None);
    }

    #[test]
    fn tree_keys_are_hashes_of_their_written_form() {
        let ids: Vec<Id> = (0..40).map(|byte| Id([byte; 32])).collect();
        let keys = tree_keys(&ids, |id| id);
        for (id, key) in ids.iter().zip(&keys) {
            assert_eq!(tree_key(id), *key);
            assert_eq!(sha256(&[b"counterfoil/key/v1\n", &id.0]), *key);
        }
        assert_eq!(keys.len(), ids.len());
    }
}
