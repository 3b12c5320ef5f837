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

/// The most of which no more than so much is left once so many basis points of it, rounded down, are off.
pub fn before_fee(left: u128, bps: u16) -> u128 {
    // a − ⌊a × bps ÷ 10,000⌋ ≤ left is a ≤ left × 10,000 ÷ kept = left + left × bps ÷ kept.
    let Some(kept) = BPS_ALL.checked_sub(bps).filter(|kept| *kept > 0).map(u128::from) else { return u128::MAX };
    let fee = u128::from(bps);
    let of_wholes = left.checked_div(kept).unwrap_or(0).saturating_mul(fee);
    let of_rest = left.checked_rem(kept).unwrap_or(0).saturating_mul(fee).checked_div(kept).unwrap_or(0);
    left.saturating_add(of_wholes).saturating_add(of_rest)
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
    fn what_is_left_after_the_fee_is_as_much_as_may_be() {
        let kept = |amount: u128, bps| amount - share_bps(amount, bps);
        for bps in [0, 1, 33, 250, 5_000, 6_667, 9_999] {
            for left in [0, 1, 2, 7, 999, 1_000_003, AMOUNT_MAX / 10_000] {
                let most = before_fee(left, bps);
                assert!(kept(most, bps) <= left, "{left} {bps}");
                assert!(kept(most + 1, bps) > left, "{left} {bps}");
            }
        }
        assert_eq!(before_fee(0, BPS_ALL), u128::MAX);
        assert_eq!(before_fee(AMOUNT_MAX, 9_999), u128::MAX);
    }

    #[test]
    fn amount_max_has_38_nines() {
        assert_eq!(AMOUNT_MAX.to_string(), "9".repeat(38));
    }
}
