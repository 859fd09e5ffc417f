//! The seed of a picture.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A seed as the original accepts it: a whole number from -2^63 to 2^64 - 1, where a negative number means itself plus
/// 2^64. On the CPU only the low 32 bits reach the stream, so that 42 and 42 + 2^32 give the same picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seed(i128);

impl Seed {
    /// The seed of the release's configuration.
    pub const RELEASED: Self = Self(42);

    const RANGE: std::ops::RangeInclusive<i128> = -(1 << 63)..=(1 << 64) - 1;

    /// The low 64 bits, in two's complement.
    #[must_use]
    pub fn bits(self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the low bits are what is asked for"
        )]
        let bits = self.0 as u64;
        bits
    }

    /// The seed `offset` further on, around the end of the 64-bit numbers: the rule for further attempts.
    #[must_use]
    pub fn following(self, offset: u64) -> Self {
        Self(i128::from(self.bits().wrapping_add(offset)))
    }
}

impl From<u64> for Seed {
    fn from(seed: u64) -> Self {
        Self(seed.into())
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Text that is no seed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no seed (expected a whole number from -2^63 to 2^64 - 1)")]
pub struct InvalidSeed {
    /// The text as given.
    pub text: String,
}

impl FromStr for Seed {
    type Err = InvalidSeed;

    fn from_str(text: &str) -> Result<Self, InvalidSeed> {
        text.parse::<i128>()
            .ok()
            .filter(|seed| Self::RANGE.contains(seed))
            .map(Self)
            .ok_or_else(|| InvalidSeed { text: text.into() })
    }
}

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0) {
            Ok(seed) => serializer.serialize_i64(seed),
            Err(_) => serializer.serialize_u64(self.bits()),
        }
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl serde::de::Visitor<'_> for Number {
            type Value = Seed;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a whole number from -2^63 to 2^64 - 1")
            }

            fn visit_i64<E>(self, seed: i64) -> Result<Seed, E> {
                Ok(Seed(seed.into()))
            }

            fn visit_u64<E>(self, seed: u64) -> Result<Seed, E> {
                Ok(Seed(seed.into()))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_one_is_the_largest_seed() {
        let (minus_one, largest): (Seed, Seed) =
            ("-1".parse().unwrap(), "18446744073709551615".parse().unwrap());
        assert_eq!(minus_one.bits(), largest.bits());
        assert_eq!(minus_one.following(1).bits(), 0);
    }

    #[test]
    fn seeds_outside_64_bits_are_refused() {
        assert!("18446744073709551616".parse::<Seed>().is_err());
        assert!("-9223372036854775809".parse::<Seed>().is_err());
        assert!("4.0".parse::<Seed>().is_err());
    }
}
