//! Amounts: unsigned 128-bit minor units, never floats.

/// The largest supply of an asset, and so the largest amount: 10^38 − 1 (SQL `NUMERIC(38)`, Arrow `decimal128`).
pub const AMOUNT_MAX: u128 = 99_999_999_999_999_999_999_999_999_999_999_999_999;

#[cfg(test)]
mod tests {
    #[test]
    fn amount_max_has_38_nines() {
        assert_eq!(super::AMOUNT_MAX.to_string(), "9".repeat(38));
    }
}
