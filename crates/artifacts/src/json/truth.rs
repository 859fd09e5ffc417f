//! Whether a JSON value counts as true for Python, without building it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Python's truth of a value: `false`, `0`, `0.0`, `""`, `null`, `[]` and `{}` are false, all else is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Truth(pub bool);

impl<'de> Deserialize<'de> for Truth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TruthVisitor)
    }
}

struct TruthVisitor;

impl<'de> Visitor<'de> for TruthVisitor {
    type Value = Truth;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Truth, E> {
        Ok(Truth(false))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Truth, E> {
        Ok(Truth(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Truth, E> {
        Ok(Truth(value != 0))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Truth, E> {
        Ok(Truth(value != 0))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Truth, E> {
        Ok(Truth(value != 0.0))
    }

    fn visit_str<E>(self, value: &str) -> Result<Truth, E> {
        Ok(Truth(!value.is_empty()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Truth, A::Error> {
        let mut any = false;
        while items.next_element::<IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(Truth(any))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Truth, A::Error> {
        let mut any = false;
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(Truth(any))
    }
}
