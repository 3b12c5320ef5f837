//! Time as the log states it: milliseconds since 1970-01-01 UTC, days and calendar months. Never a clock.

/// Milliseconds in a day.
pub const DAY_MS: u64 = 86_400_000;

/// The day of a time, saturating at `u32::MAX` (11.7 million years ahead).
pub fn day(time_ms: u64) -> u32 {
    u32::try_from(time_ms.wrapping_div(DAY_MS)).unwrap_or(u32::MAX)
}

/// The number of the window of this length in which a time is, where the first begins at `since`; 0 for windows of no
/// length.
pub fn window(since: u64, window_ms: u64, time: u64) -> u64 {
    time.saturating_sub(since).checked_div(window_ms).unwrap_or(0)
}

/// The calendar month of a day, counted from January 1970 = 0 (UTC, proleptic Gregorian).
///
/// Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*, `civil_from_days`, for days from 1970 on.
#[expect(clippy::arithmetic_side_effects, reason = "u64 arithmetic on values below 2^33; divisors are literals")]
pub fn month(day: u32) -> u32 {
    let shifted = u64::from(day) + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    // March = 0 … February = 11 of the year that began in March.
    let months_from_year_zero = (era * 400 + year_of_era) * 12 + month_from_march + 2;
    u32::try_from(months_from_year_zero - 1_970 * 12).unwrap_or(u32::MAX)
}

/// The first day of a calendar month (counted from January 1970 = 0), saturating at `u32::MAX`.
///
/// Hinnant, `days_from_civil`.
#[expect(clippy::arithmetic_side_effects, reason = "u64 arithmetic on values below 2^45; divisors are literals")]
pub fn first_day_of_month(month: u32) -> u32 {
    // Months since March of year 0: January 1970 is month 10 of the March-year 1969.
    let from_march = u64::from(month) + 1_969 * 12 + 10;
    let year = from_march / 12;
    let month_from_march = from_march % 12;
    let era = year / 400;
    let year_of_era = year % 400;
    let day_of_year = (153 * month_from_march + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    u32::try_from(era * 146_097 + day_of_era - 719_468).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Day by day over 400 years and a bit, against a calendar that counts month lengths.
    #[test]
    fn months_follow_the_calendar() {
        let (mut year, mut month_of_year, mut day_of_month) = (1970u32, 0usize, 1u32);
        for number in 0..200_000 {
            let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            let expected = (year - 1970) * 12 + u32::try_from(month_of_year).unwrap();
            assert_eq!(month(number), expected, "day {number}");
            if day_of_month == 1 {
                assert_eq!(first_day_of_month(expected), number);
            }
            day_of_month += 1;
            if day_of_month > lengths[month_of_year] {
                day_of_month = 1;
                month_of_year += 1;
                if month_of_year == 12 {
                    month_of_year = 0;
                    year += 1;
                }
            }
        }
    }

    #[test]
    fn windows_follow_each_other() {
        assert_eq!([100, 109, 110, 129].map(|time| window(100, 10, time)), [0, 0, 1, 2]);
        assert_eq!((window(100, 10, 99), window(100, 0, 200)), (0, 0));
    }

    #[test]
    fn the_far_future_saturates() {
        assert_eq!(day(u64::MAX), u32::MAX);
        assert_eq!(first_day_of_month(u32::MAX), u32::MAX);
        assert!(month(u32::MAX) < u32::MAX);
    }
}
