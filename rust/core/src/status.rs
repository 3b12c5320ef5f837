//! Outcome codes. A refused transaction is a value, not an error: `docs/reference/operations.md`.

use std::fmt;

/// Why a transaction was refused, or `OK`: family tag in the high byte, local code in the low one. Never renumbered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u16);

impl Status {
    /// The status `code` of `family` (0: common).
    pub const fn new(family: u8, code: u8) -> Self {
        Self(u16::from_be_bytes([family, code]))
    }

    /// The number on the wire.
    pub const fn code(self) -> u16 {
        self.0
    }

    /// The snake-case name, as in Python and the docs.
    pub fn name(self) -> &'static str {
        crate::ops::statuses().find(|info| info.status == self).map_or("unknown", |info| info.name)
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.name())
    }
}

/// A line of the list of statuses.
#[derive(Clone, Copy, Debug)]
pub struct StatusInfo {
    /// The code.
    pub status: Status,
    /// The name.
    pub name: &'static str,
    /// Whether it may turn into success later with the same bytes.
    pub transient: bool,
}

/// Defines the statuses of a family and the list `STATUSES` of them: those of an operation in order of precedence.
macro_rules! statuses {
    ($family:expr; $($(#[$doc:meta])* $constant:ident = $code:literal $name:literal $($transient:ident)?;)*) => {
        $($(#[$doc])* pub const $constant: $crate::status::Status = $crate::status::Status::new($family, $code);)*
        /// The statuses of this family.
        pub const STATUSES: &[$crate::status::StatusInfo] = &[$($crate::status::StatusInfo {
            status: $constant,
            name: $name,
            transient: statuses!(@transient $($transient)?),
        },)*];
    };
    (@transient transient) => { true };
    (@transient) => { false };
}
pub(crate) use statuses;

statuses! { 0;
    /// Applied.
    OK = 0x00 "ok";
    /// Not one strictly encoded signed transaction.
    MALFORMED = 0x01 "malformed";
    /// The version is not 1.
    UNKNOWN_VERSION = 0x02 "unknown_version";
    /// The transaction or its entry is over the limit.
    TOO_LARGE = 0x03 "too_large";
    /// Signed for another ledger.
    WRONG_LEDGER = 0x04 "wrong_ledger";
    /// No authorizers.
    NO_AUTHORIZER = 0x05 "no_authorizer";
    /// More than 16 authorizers.
    TOO_MANY_AUTHORIZERS = 0x06 "too_many_authorizers";
    /// The same account and key twice.
    DUPLICATE_AUTHORIZER = 0x07 "duplicate_authorizer";
    /// Not one signature per authorizer.
    SIGNATURE_COUNT = 0x08 "signature_count";
    /// No operations.
    NO_OPERATION = 0x09 "no_operation";
    /// More operations than the parameters allow.
    TOO_MANY_OPERATIONS = 0x0a "too_many_operations";
    /// A signature does not hold.
    BAD_SIGNATURE = 0x0b "bad_signature";
    /// `valid_until` has passed.
    EXPIRED = 0x0c "expired";
    /// `valid_until` is further ahead than the window.
    TOO_FAR_AHEAD = 0x0d "too_far_ahead" transient;
    /// Another transaction used this nonce.
    NONCE_REUSED = 0x0e "nonce_reused";
    /// The account has keys; the authorizer must name one.
    KEY_MISSING = 0x0f "key_missing";
    /// The account has no record; its id is its key.
    KEY_UNEXPECTED = 0x10 "key_unexpected";
    /// The account does not have this key.
    UNKNOWN_KEY = 0x11 "unknown_key";
    /// Nobody with the authority signed.
    UNAUTHORIZED = 0x12 "unauthorized";
    /// The key may not do this operation.
    WRONG_SCOPE = 0x13 "wrong_scope";
    /// Too few of the account's keys signed.
    THRESHOLD_NOT_MET = 0x14 "threshold_not_met";
    /// The mandate does not cover this operation.
    MANDATE_OPERATION = 0x15 "mandate_operation";
    /// The mandate's time is over.
    MANDATE_EXPIRED = 0x16 "mandate_expired";
    /// Over the cap in this window.
    MANDATE_SPENT = 0x17 "mandate_spent" transient;
    /// Only its own operations pay into it or out of it, and nobody signs for it.
    PROGRAMME_ACCOUNT = 0x18 "programme_account";
    /// The account is an alias; the account that it is one of signs.
    ACCOUNT_ALIASED = 0x19 "account_aliased";
    /// The account's constitution leaves this to proposals; its keys may not do it.
    NEEDS_PROPOSAL = 0x1a "needs_proposal";
    /// The account's constitution lets nobody do this.
    CONSTITUTION_FORBIDS = 0x1b "constitution_forbids";
    /// The account's constitution does not leave this to the proposal's rule.
    WRONG_RULE = 0x1c "wrong_rule";
}
