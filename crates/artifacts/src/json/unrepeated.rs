//! Any JSON value in which no key stands twice, without building it.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A value that was looked through: no object in it has a key twice. For files that are written by hand, where the second
/// of two values would go unnoticed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unrepeated;

impl<'de> Deserialize<'de> for Unrepeated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

macro_rules! plain {
    ($($method:ident: $value:ty),*) => {
        $(fn $method<E>(self, _: $value) -> Result<Unrepeated, E> {
            Ok(Unrepeated)
        })*
    };
}

impl<'de> Visitor<'de> for Look {
    type Value = Unrepeated;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    plain! { visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str }

    fn visit_unit<E>(self) -> Result<Unrepeated, E> {
        Ok(Unrepeated)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unrepeated, A::Error> {
        while items.next_element::<Unrepeated>()?.is_some() {}
        Ok(Unrepeated)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Unrepeated, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if keys.contains(&key) {
                return Err(A::Error::custom(super::duplicate_key(&key)));
            }
            keys.insert(key);
            entries.next_value::<Unrepeated>()?;
        }
        Ok(Unrepeated)
    }
}
