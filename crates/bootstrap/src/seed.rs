//! A seed: a non-negative integer of any size, as both generators take it.
//!
//! Input: decimal digits or a machine integer. Output: the 32-bit words of the number, the least significant first,
//! which is the form NumPy's `SeedSequence` and CPython's `random.seed` start from (rule B-01).

use crate::BootstrapError;
use std::fmt;
use std::str::FromStr;

/// A non-negative integer of any size.
///
/// ```
/// # use spinefairbench_bootstrap::Seed;
/// let seed: Seed = "18446744073709551627".parse()?;
/// assert_eq!(seed.words(), [11, 0, 1]);
/// assert_eq!(seed.to_string(), "18446744073709551627");
/// assert_eq!("042".parse::<Seed>()?, Seed::from(42));
/// # Ok::<(), spinefairbench_bootstrap::BootstrapError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Seed {
    /// Least significant first, without leading zero words; zero is one word 0.
    words: Box<[u32]>,
}

impl Seed {
    /// The number in base 2³², the least significant word first; zero is one word 0 (rule B-01).
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// The seed of NumPy's `default_rng([seed, number])`: a stream of its own for every number (rule B-22).
    ///
    /// ```
    /// # use spinefairbench_bootstrap::Seed;
    /// # use std::num::NonZeroU32;
    /// let seventh = Seed::from(42).numbered(NonZeroU32::new(7).expect("not 0"));
    /// assert_eq!(seventh.words(), [42, 7]);
    /// ```
    #[must_use]
    pub fn numbered(&self, number: std::num::NonZeroU32) -> Self {
        // A last word of 0 would not count, so that 0 would give the seed itself.
        Self::from_words(self.words.iter().copied().chain([number.get()]).collect())
    }

    fn from_words(mut words: Vec<u32>) -> Self {
        while words.len() > 1 && words.last() == Some(&0) {
            words.pop();
        }
        if words.is_empty() {
            words.push(0);
        }
        Self { words: words.into() }
    }
}

/// In decimal, as text: few formats have integers of any size.
#[cfg(feature = "serde")]
impl serde::Serialize for Seed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<u64> for Seed {
    fn from(number: u64) -> Self {
        Self::from_words(vec![low_word(number), low_word(number >> 32)])
    }
}

/// How many decimal digits are moved at once between text and words: the most whose power of ten fits a word.
const DIGITS_AT_ONCE: usize = 9;
const TEN_TO_DIGITS_AT_ONCE: u64 = 1_000_000_000;

impl FromStr for Seed {
    type Err = BootstrapError;

    fn from_str(text: &str) -> Result<Self, BootstrapError> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BootstrapError::Seed { text: text.to_owned() });
        }
        let mut words: Vec<u32> = Vec::with_capacity(text.len() / DIGITS_AT_ONCE + 1);
        let digits = text.trim_start_matches('0').as_bytes();
        // The first group may be short, so that every later one has the full number of digits.
        let (first, rest) = digits.split_at(digits.len() % DIGITS_AT_ONCE);
        for group in std::iter::once(first).chain(rest.chunks_exact(DIGITS_AT_ONCE)) {
            let mut carry =
                group.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
            for word in &mut words {
                let product = u64::from(*word) * TEN_TO_DIGITS_AT_ONCE + carry;
                *word = low_word(product);
                carry = product >> 32;
            }
            if carry > 0 {
                words.push(low_word(carry));
            }
        }
        Ok(Self::from_words(words))
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.words.to_vec();
        let mut groups = Vec::new();
        while words.iter().any(|word| *word != 0) {
            let mut remainder = 0;
            for word in words.iter_mut().rev() {
                let dividend = (remainder << 32) | u64::from(*word);
                *word = low_word(dividend / TEN_TO_DIGITS_AT_ONCE);
                remainder = dividend % TEN_TO_DIGITS_AT_ONCE;
            }
            groups.push(remainder);
            while words.last() == Some(&0) {
                words.pop();
            }
        }
        write!(formatter, "{}", groups.pop().unwrap_or(0))?;
        groups.iter().rev().try_for_each(|group| write!(formatter, "{group:09}"))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn low_word(number: u64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn zero_is_one_word() {
        assert_eq!(Seed::from(0).words(), [0]);
        assert_eq!("000".parse::<Seed>().unwrap().words(), [0]);
        assert_eq!(Seed::from(0).to_string(), "0");
    }

    #[test]
    fn anything_but_decimal_digits_is_refused() {
        for text in ["", "-1", "+1", " 1", "1 ", "1_000", "0x10", "1.0", "١"] {
            assert_eq!(
                text.parse::<Seed>(),
                Err(BootstrapError::Seed { text: text.to_owned() }),
                "{text:?}"
            );
        }
    }

    #[test]
    fn groups_of_nine_digits_keep_their_zeros() {
        for text in
            ["1000000000", "1000000000000000000", "4294967296", "100000000000000000000000000001"]
        {
            assert_eq!(text.parse::<Seed>().unwrap().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn text_and_words_are_two_forms_of_one_number(number: u128) {
            let seed: Seed = number.to_string().parse().unwrap();
            let back = seed.words().iter().rev().fold(0_u128, |sum, word| (sum << 32) | u128::from(*word));
            prop_assert_eq!(back, number);
            prop_assert_eq!(seed.to_string(), number.to_string());
        }

        #[test]
        fn any_digits_survive_the_round_trip(digits in "[1-9][0-9]{0,300}", zeros in 0_usize..4) {
            let seed: Seed = format!("{}{digits}", "0".repeat(zeros)).parse().unwrap();
            prop_assert_eq!(seed.to_string(), digits);
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            prop_assert_eq!(text.parse::<Seed>().is_ok(), digits);
        }
    }
}
