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

/// `a × b ÷ c`, rounded down, whatever the product; nothing where `c` is 0 or the result passes 128 bits.
pub fn mul_div(a: u128, b: u128, c: u128) -> Option<u128> {
    let (quotient, rest) = (a.checked_div(c)?, a.checked_rem(c)?);
    if let Some(product) = a.checked_mul(b) {
        return product.checked_div(c);
    }
    // The digits of `b`, highest first: (whole, left) is what the ones so far make, so that no product is ever there. It
    // only grows, so that what passes 128 bits on the way does so at the end as well.
    let (mut whole, mut left) = (0u128, 0u128);
    for place in (0..u128::BITS).rev() {
        let (doubled, carry) = add_below(left, left, c)?;
        whole = whole.checked_mul(2)?.checked_add(carry)?;
        left = doubled;
        if (b >> place) & 1 == 1 {
            let (sum, carry) = add_below(left, rest, c)?;
            whole = whole.checked_add(quotient)?.checked_add(carry)?;
            left = sum;
        }
    }
    Some(whole)
}

/// The sum of two numbers below a third, and how often that goes into it. The sum itself may have a bit too many.
fn add_below(left: u128, right: u128, whole: u128) -> Option<(u128, u128)> {
    let room = whole.checked_sub(left)?;
    match right.checked_sub(room) {
        Some(sum) => Some((sum, 1)),
        None => Some((left.checked_add(right)?, 0)),
    }
}

/// So many basis points of an amount, at most all of it, rounded up.
pub fn share_up_bps(amount: u128, bps: u16) -> u128 {
    let (whole, part) = (u128::from(BPS_ALL), u128::from(bps.min(BPS_ALL)));
    let is_rounded = amount
        .checked_rem(whole)
        .and_then(|rest| rest.checked_mul(part))
        .and_then(|product| product.checked_rem(whole))
        .is_some_and(|rest| rest > 0);
    share_bps(amount, bps).saturating_add(u128::from(is_rounded))
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
    fn products_of_256_bits_are_divided_exactly() {
        let most = u128::MAX;
        assert_eq!(mul_div(7, 5, 3), Some(11));
        assert_eq!(mul_div(7, 5, 0), None);
        assert_eq!(mul_div(0, 0, 0), None);
        assert_eq!(mul_div(0, most, 1), Some(0));
        assert_eq!(mul_div(most, most, most), Some(most));
        assert_eq!(mul_div(most, 1, 1), Some(most));
        assert_eq!(mul_div(most, 2, 1), None);
        assert_eq!(mul_div(most, 2, 2), Some(most));
        assert_eq!(mul_div(most, most, most - 1), None, "2^128 and a rest");
        assert_eq!(mul_div(most - 1, most, most), Some(most - 1));
        assert_eq!(mul_div(most - 1, most - 1, most), Some(most - 2), "and 1 is left");
        assert_eq!(mul_div(most, most - 1, most), Some(most - 1));
        assert_eq!(mul_div(AMOUNT_MAX, AMOUNT_MAX, AMOUNT_MAX), Some(AMOUNT_MAX));
        assert_eq!(mul_div(AMOUNT_MAX, AMOUNT_MAX - 1, AMOUNT_MAX), Some(AMOUNT_MAX - 1));
        // (2^127 + 1) × (2^127 − 1) = 2^254 − 1.
        assert_eq!(mul_div((1 << 127) + 1, (1 << 127) - 1, 1 << 126), Some(most));
        assert_eq!(mul_div((1 << 127) + 1, (1 << 127) - 1, (1 << 126) - 1), None);
        assert_eq!(mul_div((1 << 127) + 1, (1 << 127) - 1, 1 << 127), Some((1 << 127) - 1));
    }

    #[test]
    fn quotients_multiplied_back_leave_less_than_the_divisor() {
        // Modulo 2^128 the rest is what it is, for it is below the divisor.
        let (mut state, mut wide) = (1u128, 0);
        let mut next = || {
            state = state.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
            state
        };
        for round in 0u32..4_000 {
            let (a, b, c) = (next() >> (round % 64), next() >> (round % 50), next() >> (round % 3));
            let Some(quotient) = mul_div(a, b, c) else { continue };
            let rest = a.wrapping_mul(b).wrapping_sub(quotient.wrapping_mul(c));
            assert!(rest < c, "{a} × {b} ÷ {c}");
            assert_eq!(mul_div(b, a, c), Some(quotient));
            wide += u32::from(a.checked_mul(b).is_none());
        }
        assert!(wide > 1_000, "{wide}");
    }

    #[test]
    fn shares_rounded_up_are_at_most_one_more() {
        assert_eq!(share_up_bps(0, 5_000), 0);
        assert_eq!(share_up_bps(1, 1), 1);
        assert_eq!(share_up_bps(1, 0), 0);
        assert_eq!(share_up_bps(10, 3_333), 4);
        assert_eq!(share_up_bps(10_000, 3_333), 3_333);
        assert_eq!(share_up_bps(10_001, 3_333), 3_334);
        assert_eq!(share_up_bps(u128::MAX, BPS_ALL), u128::MAX);
        assert_eq!(share_up_bps(u128::MAX, 9_999), share_bps(u128::MAX, 9_999) + 1);
    }

    #[test]
    fn amount_max_has_38_nines() {
        assert_eq!(AMOUNT_MAX.to_string(), "9".repeat(38));
    }
}
