//! Seconds since 1970 as RFC 3339 text, in UTC.

use anyhow::Result;

use crate::exit_status::CallError;

/// `seconds` since 1970-01-01T00:00:00Z as `YYYY-MM-DDTHH:MM:SS+00:00`, without leap seconds.
///
/// # Errors
///
/// For a moment after the year 9999, which the form cannot express.
pub(crate) fn rfc3339(seconds: u64) -> Result<String> {
    const SECONDS_A_DAY: u64 = 86_400;
    /// The first second of the year 10000.
    const END: u64 = 253_402_300_800;
    if seconds >= END {
        let message = format!("{seconds} seconds since 1970 lie after the year 9999");
        return Err(CallError::new(message).into());
    }
    let (year, month, day) = date(seconds / SECONDS_A_DAY);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    Ok(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00"))
}

/// The Gregorian date `days` after 1970-01-01.
///
/// Years are counted from March, so that the leap day is the last of its year and the months before it have a fixed pattern of
/// lengths.
fn date(days: u64) -> (u64, u64, u64) {
    /// From 0000-03-01 to 1970-01-01.
    const DAYS_BEFORE_1970: u64 = 719_468;
    const DAYS_IN_400_YEARS: u64 = 146_097;
    let days = days + DAYS_BEFORE_1970;
    let (cycle, day_of_cycle) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524
        - day_of_cycle / 146_096)
        / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    // Five months from March have 153 days, and so have the next five.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = 400 * cycle + year_of_cycle + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: u64, expected: &str) {
        assert_eq!(rfc3339(seconds).unwrap(), expected);
    }

    // The expected texts are Python's `datetime.fromtimestamp(seconds, timezone.utc).isoformat()`.
    #[test]
    fn moments_are_written_as_python_writes_them() {
        check(0, "1970-01-01T00:00:00+00:00");
        check(951_782_399, "2000-02-28T23:59:59+00:00");
        check(951_782_400, "2000-02-29T00:00:00+00:00");
        check(1_709_164_800, "2024-02-29T00:00:00+00:00");
        check(1_767_225_599, "2025-12-31T23:59:59+00:00");
        check(1_777_777_777, "2026-05-03T03:09:37+00:00");
        check(4_107_542_399, "2100-02-28T23:59:59+00:00");
        check(4_107_542_400, "2100-03-01T00:00:00+00:00");
        check(253_402_300_799, "9999-12-31T23:59:59+00:00");
    }

    #[test]
    fn a_moment_that_has_no_form_is_refused() {
        assert!(rfc3339(253_402_300_800).is_err());
        assert!(rfc3339(u64::MAX).is_err());
    }
}
