//! Hexadecimal floats as C99 writes them and Python's `float.hex`.
//!
//! Input: `[+-]? 0x hex* [. hex*] ([pP] [+-]? digits)?` with at least one hex digit. Output: the nearest `f64`, halfway
//! cases to even, as C99 (7.20.1.3) asks for; beyond the largest float is an error.

/// Text that is no finite hexadecimal float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHexFloat {
    /// The text has another form.
    #[error("is no hexadecimal float")]
    Form,
    /// The value is beyond the largest float.
    #[error("is beyond the largest float")]
    TooLarge,
}

/// The number that `text` writes in hexadecimal.
///
/// # Errors
///
/// [`InvalidHexFloat`].
///
/// ```
/// # use spinefairbench_artifacts::table::hex_float;
/// assert_eq!(hex_float("0x1.999999999999ap-4"), Ok(0.1));
/// ```
pub fn hex_float(text: &str) -> Result<f64, InvalidHexFloat> {
    let (negative, rest) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let rest =
        rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")).ok_or(InvalidHexFloat::Form)?;
    let (digits, exponent) = match rest.split_once(['p', 'P']) {
        Some((digits, exponent)) => (digits, read_exponent(exponent)?),
        None => (rest, 0),
    };
    let (mantissa, scale) = read_digits(digits)?;
    let size = round(mantissa, scale.saturating_add(exponent))?;
    Ok(if negative { -size } else { size })
}

/// The exponent of two, kept within a range far beyond any float, so that sums with it cannot overflow.
fn read_exponent(text: &str) -> Result<i64, InvalidHexFloat> {
    const FAR: i64 = 1 << 50;
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidHexFloat::Form);
    }
    let size =
        digits.bytes().fold(0, |size: i64, byte| (size * 10 + i64::from(byte - b'0')).min(FAR));
    Ok(if negative { -size } else { size })
}

/// The digits as a whole number times a power of two. Digits beyond the first 30 significant ones only say whether
/// anything follows, in the lowest bit.
fn read_digits(text: &str) -> Result<(u128, i64), InvalidHexFloat> {
    const KEPT: u128 = 1 << 120;
    let mut mantissa: u128 = 0;
    let mut scale: i64 = 0;
    let mut seen_point = false;
    let mut any = false;
    for character in text.chars() {
        if character == '.' && !seen_point {
            seen_point = true;
            continue;
        }
        let digit = character.to_digit(16).ok_or(InvalidHexFloat::Form)?;
        any = true;
        if mantissa < KEPT {
            mantissa = mantissa << 4 | u128::from(digit);
            scale -= if seen_point { 4 } else { 0 };
        } else {
            mantissa |= u128::from(digit != 0);
            scale += if seen_point { 0 } else { 4 };
        }
    }
    if any { Ok((mantissa, scale)) } else { Err(InvalidHexFloat::Form) }
}

/// `mantissa` times two to the `scale`, rounded to the nearest float, halfway cases to even.
fn round(mantissa: u128, scale: i64) -> Result<f64, InvalidHexFloat> {
    /// Exponent of the lowest bit of the smallest floats.
    const LOWEST: i64 = -1074;
    const PRECISION: i64 = 53;
    if mantissa == 0 {
        return Ok(0.0);
    }
    let length = 128 - i64::from(mantissa.leading_zeros());
    // The lowest bit that the result can hold, and how many bits of the mantissa lie below it.
    let lowest = (scale + length - PRECISION).max(LOWEST);
    let below = lowest - scale;
    let kept = match below {
        ..=0 => mantissa << -below,
        1..=127 => {
            let half = 1_u128 << (below - 1);
            let rest = mantissa & ((half << 1) - 1);
            let kept = mantissa >> below;
            kept + u128::from(rest > half || (rest == half && kept & 1 == 1))
        }
        // The mantissa has at most 124 bits, so all of it lies below half of the lowest bit.
        128.. => 0,
    };
    assemble(kept, lowest)
}

/// The float `kept` times two to the `lowest`, where `kept` has at most 53 bits, or is 2⁵³ after rounding.
fn assemble(kept: u128, lowest: i64) -> Result<f64, InvalidHexFloat> {
    const HIDDEN_BIT: u64 = 1 << 52;
    let mut bits = u64::try_from(kept).map_err(|_| InvalidHexFloat::TooLarge)?;
    let mut lowest = lowest;
    if bits == HIDDEN_BIT << 1 {
        bits = HIDDEN_BIT;
        lowest += 1;
    }
    if bits < HIDDEN_BIT {
        return Ok(f64::from_bits(bits));
    }
    match u64::try_from(lowest + 1075) {
        Ok(biased) if biased < 2047 => Ok(f64::from_bits(biased << 52 | (bits & (HIDDEN_BIT - 1)))),
        _ => Err(InvalidHexFloat::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<f64, InvalidHexFloat>) {
        let found = hex_float(text);
        assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits), "text: {text}");
    }

    #[test]
    fn exact_values() {
        check("0x0p0", Ok(0.0));
        check("-0x0.0p+0", Ok(-0.0));
        check("0x1p0", Ok(1.0));
        check("0X1.8P1", Ok(3.0));
        check("0x.8", Ok(0.5));
        check("0xff", Ok(255.0));
        check("0x1.", Ok(1.0));
        check("0x1.921fb54442d18p+1", Ok(std::f64::consts::PI));
        check("-0x1.fffffffffffffp+1023", Ok(f64::MIN));
        check("0x0.0000000000001p-1022", Ok(5e-324));
        check("0x1p-1074", Ok(5e-324));
        check("0x1p-1022", Ok(f64::MIN_POSITIVE));
    }

    #[test]
    fn halfway_cases_go_to_even() {
        check("0x1.00000000000008p0", Ok(1.0));
        check("0x1.00000000000018p0", Ok(1.000_000_000_000_000_4));
        check("0x1.000000000000080000000000000000000000000000001p0", Ok(1.000_000_000_000_000_2));
        check("0x1.fffffffffffff8p0", Ok(2.0));
        check("0x0.00000000000008p-1022", Ok(0.0));
        check("0x1.8p-1075", Ok(5e-324));
        check("0x0.fffffffffffff8p-1022", Ok(f64::MIN_POSITIVE));
        check("0x1p-9999999999999999999999", Ok(0.0));
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "", "0x", "0x.", "0xp1", "1.5", "0x1p", "0x1p+", "0x1.2.3", "0xg", " 0x1", "0x1p1.0",
            "nan", "é",
        ] {
            check(text, Err(InvalidHexFloat::Form));
        }
        for text in ["0x1p1024", "0x1.fffffffffffff8p1023", "0x1p99999999999999999999"] {
            check(text, Err(InvalidHexFloat::TooLarge));
        }
    }
}
