//! An object with keys that are data: the order of the file is kept, a duplicate key is refused.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// A JSON object from text to `V`, in the order of the file, each key once.
///
/// ```
/// # use spinefairbench_artifacts::json::{UniqueMap, from_slice};
/// let map: UniqueMap<u8> = from_slice("a.json", br#"{"b": 1, "a": 2}"#)?;
/// assert_eq!(map.keys().collect::<Vec<_>>(), ["b", "a"]);
/// assert_eq!(map.get("a"), Some(&2));
/// assert!(from_slice::<UniqueMap<u8>>("a.json", br#"{"a": 1, "a": 1}"#).is_err());
/// # Ok::<(), spinefairbench_artifacts::ArtifactError>(())
/// ```
#[derive(Debug, Clone)]
pub struct UniqueMap<V> {
    entries: Vec<(String, V)>,
    places: BTreeMap<String, usize>,
}

impl<V> UniqueMap<V> {
    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&V> {
        self.places.get(key).map(|place| &self.entries[*place].1)
    }

    /// Whether `key` is there.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    /// Keys and values in the order of the file.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &V)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The keys in the order of the file.
    #[must_use]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.as_str())
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds `value` at the end, or gives it back if `key` is there already.
    ///
    /// # Errors
    ///
    /// The value itself, for a key that is there.
    pub fn insert(&mut self, key: impl Into<String>, value: V) -> Result<(), V> {
        let key = key.into();
        if self.places.contains_key(&key) {
            return Err(value);
        }
        self.places.insert(key.clone(), self.entries.len());
        self.entries.push((key, value));
        Ok(())
    }
}

impl<V> Default for UniqueMap<V> {
    fn default() -> Self {
        Self { entries: Vec::new(), places: BTreeMap::new() }
    }
}

impl<V> IntoIterator for UniqueMap<V> {
    type Item = (String, V);
    type IntoIter = std::vec::IntoIter<(String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<V> FromIterator<(String, V)> for UniqueMap<V> {
    /// Of two equal keys the first stays.
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        for (key, value) in entries {
            drop(map.insert(key, value));
        }
        map
    }
}

impl<V: Eq> Eq for UniqueMap<V> {}

impl<V: PartialEq> PartialEq for UniqueMap<V> {
    /// Equal keys with equal values, in whatever order.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for UniqueMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MapVisitor(PhantomData))
    }
}

impl<V: Serialize> Serialize for UniqueMap<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

struct MapVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for MapVisitor<V> {
    type Value = UniqueMap<V>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<UniqueMap<V>, A::Error> {
        let mut map = UniqueMap::default();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate key `{key}`")));
            }
            let value = access.next_value()?;
            // The key was just seen to be new.
            drop(map.insert(key, value));
        }
        Ok(map)
    }
}
