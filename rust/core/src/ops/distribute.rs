//! distribute (family 8): snapshot and release snapshot (beside this file), distribute, collect, close distribution.
//!
//! A distribution shares an amount out among many, each of whom anybody may have paid: by what they held in a snapshot,
//! by their membership, by a list that is a sum map, or by what they put into a group of holds.

use crate::status::statuses;

statuses! { 8;
    /// Accounts left out that are over 16 or not ascending, a sum map of nothing, or a group whose payers could take out
    /// what they are to be paid for.
    INVALID_BASIS = 0x01 "invalid_basis";
    /// The list of parts is empty.
    NO_PART = 0x02 "no_part";
    /// Two parts are the same one's.
    INVALID_PART = 0x03 "invalid_part";
    /// The snapshot would end before it begins, or be live for more than 36,525 days.
    INVALID_UNTIL = 0x04 "invalid_until";
    /// The asset has 64 live snapshots.
    TOO_MANY_SNAPSHOTS = 0x05 "too_many_snapshots" transient;
    /// The asset has no such snapshot, or has none any more.
    UNKNOWN_SNAPSHOT = 0x06 "unknown_snapshot";
    /// The snapshot is live.
    SNAPSHOT_NEEDED = 0x07 "snapshot_needed" transient;
    /// The snapshot ends before the deadline.
    SNAPSHOT_TOO_SHORT = 0x08 "snapshot_too_short";
    /// The schema lets others attest, too: nobody knows how many its issuer's members are.
    INVALID_ELECTORATE = 0x09 "invalid_electorate";
    /// The group still takes holds.
    GROUP_OPEN = 0x0a "group_open" transient;
    /// There is nobody to share with.
    NOTHING_TO_SHARE = 0x0b "nothing_to_share";
    /// The fund opened a distribution with this salt.
    DISTRIBUTION_EXISTS = 0x0c "distribution_exists";
    /// The sum map gives more than there is.
    LEAVES_EXCEED_FUNDS = 0x0d "leaves_exceed_funds";
    /// There is no such distribution.
    UNKNOWN_DISTRIBUTION = 0x0e "unknown_distribution";
    /// It pays no more.
    DISTRIBUTION_ENDED = 0x0f "distribution_ended";
    /// The proof does not show what the account gets.
    WRONG_PROOF = 0x10 "wrong_proof";
    /// It gets nothing of it.
    NOT_ENTITLED = 0x11 "not_entitled";
    /// It was paid before.
    ALREADY_COLLECTED = 0x12 "already_collected";
    /// Its part is less than a minor unit.
    NOTHING_DUE = 0x13 "nothing_due";
    /// It has given back what it had left.
    DISTRIBUTION_CLOSED = 0x14 "distribution_closed";
    /// It still pays.
    DISTRIBUTION_OPEN = 0x15 "distribution_open" transient;
}
