//! Amounts: unsigned 128-bit minor units, never floats.

/// The largest supply of an asset, and so the largest amount: 10^38 − 1 (SQL `NUMERIC(38)`, Arrow `decimal128`).
pub const AMOUNT_MAX: u128 = 99_999_999_999_999_999_999_999_999_999_999_999_999;

/// Basis points of a whole: a share of one of them is a hundredth of a per cent.
pub const BPS_ALL: u16 = 10_000;

/// So many basis points of an amount, rounded down.
pub fn share_bps(amount: u128, bps: u16) -> u128 {
    share(amount, bps.into(), BPS_ALL.into())
}

/// `amount × part ÷ whole`, rounded down, where `part` is at most `whole`; 0 of a whole of 0.
///
/// Whole multiples and the rest are taken apart, so that nothing passes 128 bits.
pub fn share(amount: u128, part: u64, whole: u64) -> u128 {
    let (part, whole) = (u128::from(part.min(whole)), u128::from(whole));
    let of_wholes = amount.checked_div(whole).unwrap_or(0).saturating_mul(part);
    let of_rest = amount.checked_rem(whole).unwrap_or(0).saturating_mul(part).checked_div(whole).unwrap_or(0);
    of_wholes.saturating_add(of_rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_exact_and_rounded_down() {
        assert_eq!(share(10, 3_333, 10_000), 3);
        assert_eq!(share(1, 9_999, 10_000), 0);
        assert_eq!(share(7, 0, 10_000), 0);
        assert_eq!(share_bps(10, 3_333), 3);
        assert_eq!(share_bps(1, 9_999), 0);
        assert_eq!(share_bps(AMOUNT_MAX, 10_000), AMOUNT_MAX);
        assert_eq!(share(7, 5, 0), 0);
        assert_eq!(share(u128::MAX, u64::MAX, u64::MAX), u128::MAX);
        assert_eq!(share(AMOUNT_MAX, 1, 3), AMOUNT_MAX / 3);
        assert_eq!(share(u128::MAX, u64::MAX - 1, u64::MAX), u128::MAX - u128::MAX / u128::from(u64::MAX));
    }

    #[test]
    fn amount_max_has_38_nines() {
        assert_eq!(AMOUNT_MAX.to_string(), "9".repeat(38));
    }
}
