//! Any JSON value, compared as values.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::python::not_finite;

/// A JSON number: whole if it was written as a whole number of at most 64 bits.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// Written without a fraction or exponent.
    Whole(i128),
    /// Any other finite number.
    Float(f64),
}

impl Number {
    /// The nearest float.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the nearest float is what is asked for")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }

    /// The number, if it was written as a whole number that is not negative.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        match self {
            Self::Whole(whole) => u64::try_from(whole).ok(),
            Self::Float(_) => None,
        }
    }
}

impl PartialEq for Number {
    /// Equal as numbers, exactly: `1` equals `1.0`, and 2⁵³ + 1 equals no float.
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Whole(left), Self::Whole(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => left == right,
            (Self::Whole(whole), Self::Float(float)) | (Self::Float(float), Self::Whole(whole)) => {
                is_whole(float, whole)
            }
        }
    }
}

/// Whether `float` has exactly the value `whole`. Both are at most 2⁶⁴ in size where this can hold.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float without a fraction below 2^65 fits 128 bits"
)]
fn is_whole(float: f64, whole: i128) -> bool {
    const LIMIT: f64 = 36_893_488_147_419_103_232.0; // 2^65
    float.abs() < LIMIT && float.fract() == 0.0 && float as i128 == whole
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => write!(formatter, "{whole}"),
            Self::Float(float) => write!(formatter, "{float:?}"),
        }
    }
}

/// Any JSON value. The order of keys is of no meaning; a key that stands twice has a value that is of no type, so that
/// only who reads it is stopped.
///
/// Two values are equal as Python's are after reading the same texts: `true` equals `1`, and of a key that stands twice the last
/// value counts.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// An object.
    Object(BTreeMap<String, Value>),
    /// `NaN`, an infinity or a number beyond the largest float, as [`released`](super::released) lets them through.
    NotFinite(&'static str),
    /// The last of several values of one key, which is the one that Python reads.
    Repeated(Box<Value>),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Repeated(last), other) | (other, Self::Repeated(last)) => **last == *other,
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Bool(truth), Self::Number(number))
            | (Self::Number(number), Self::Bool(truth)) => {
                *number == Number::Whole(i128::from(*truth))
            }
            (Self::Number(left), Self::Number(right)) => left == right,
            (Self::String(left), Self::String(right)) => left == right,
            (Self::Array(left), Self::Array(right)) => left == right,
            (Self::Object(left), Self::Object(right)) => left == right,
            (Self::NotFinite(left), Self::NotFinite(right)) => left == right,
            _ => false,
        }
    }
}

impl Value {
    /// Python's truth of the value: `false`, `0`, `0.0`, `""`, `null`, `[]` and `{}` are false.
    #[must_use]
    pub(crate) fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => number.as_f64() != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::Array(items) => !items.is_empty(),
            Self::Object(entries) => !entries.is_empty(),
            Self::NotFinite(_) => true,
            Self::Repeated(last) => last.is_truthy(),
        }
    }

    /// The value under `key`, if this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key)
    }

    /// The entries, if this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items, if this is a list.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if this is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if this is one.
    #[must_use]
    pub fn as_number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The number as a float, if this is a number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().map(Number::as_f64)
    }

    /// The number, if this is a whole one that is not negative.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.as_number().and_then(Number::as_u64)
    }

    /// The value that `text` stands for in a file that [`as_python_reads`](super::as_python_reads) rewrote: text, or no finite number.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        not_finite(text).map_or_else(|| Self::String(text.to_owned()), Self::NotFinite)
    }

    /// What kind of value this is, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
            Self::NotFinite(_) => "no finite number",
            Self::Repeated(_) => "the value of a key that stands twice",
        }
    }
}

impl fmt::Display for Value {
    /// Compact JSON with sorted keys.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Number(number) => write!(formatter, "{number}"),
            Self::String(text) => write_string(formatter, text),
            Self::Array(items) => {
                formatter.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(formatter, "{}{item}", if index == 0 { "" } else { "," })?;
                }
                formatter.write_str("]")
            }
            Self::Object(entries) => {
                formatter.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    formatter.write_str(if index == 0 { "" } else { "," })?;
                    write_string(formatter, key)?;
                    write!(formatter, ":{value}")?;
                }
                formatter.write_str("}")
            }
            Self::NotFinite(token) => formatter.write_str(token),
            Self::Repeated(last) => last.fmt(formatter),
        }
    }
}

fn write_string(formatter: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    formatter.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(Number::Whole(whole)) => {
                match (i64::try_from(*whole), u64::try_from(*whole)) {
                    (Ok(whole), _) => serializer.serialize_i64(whole),
                    (_, Ok(whole)) => serializer.serialize_u64(whole),
                    _ => serializer.serialize_i128(*whole),
                }
            }
            Self::Number(Number::Float(float)) => serializer.serialize_f64(*float),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(entries) => serializer.collect_map(entries),
            // JSON has no such number.
            Self::NotFinite(token) => serializer.serialize_str(token),
            Self::Repeated(last) => last.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(Number::Whole(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(Number::Whole(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(Number::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(match not_finite(value) {
            Some(token) => Value::NotFinite(token),
            None => Value::String(value.to_owned()),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some(key) = access.next_key::<String>()? {
            let value = access.next_value()?;
            match entries.entry(key) {
                Entry::Vacant(vacant) => {
                    vacant.insert(value);
                }
                Entry::Occupied(mut occupied) => {
                    occupied.insert(Value::Repeated(Box::new(value)));
                }
            }
        }
        Ok(Value::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[track_caller]
    fn check(left: &str, right: &str, equal: bool) {
        assert_eq!(value(left) == value(right), equal, "{left} and {right}");
        assert_eq!(value(right) == value(left), equal, "{right} and {left}");
    }

    #[test]
    fn values_are_equal_as_values() {
        check("1", "1.0", true);
        check("-0.0", "0", true);
        check("9007199254740993", "9007199254740992.0", false);
        check("18446744073709551615", "18446744073709551616.0", false);
        check(r#"{"a": 1, "b": [1, 2]}"#, r#"{"b": [1.0, 2], "a": 1e0}"#, true);
        check("[1, 2]", "[2, 1]", false);
        check("true", "1", true);
        check("[false]", "[0.0]", true);
        check("true", "2", false);
        check(r#"{"a": 1, "a": 2}"#, r#"{"a": 2}"#, true);
        check(r#"{"a": 2, "a": 1}"#, r#"{"a": 2}"#, false);
        check("null", "false", false);
        check(r#""\u0041""#, r#""A""#, true);
    }

    #[test]
    fn falsy_values_are_those_of_python() {
        for text in ["false", "0", "0.0", "-0.0", r#""""#, "null", "[]", "{}"] {
            assert!(!value(text).is_truthy(), "{text}");
            assert!(!serde_json::from_str::<super::super::Truth>(text).unwrap().0, "{text}");
        }
        for text in ["true", "1", "1e-300", r#"" ""#, "[null]", r#"{"a": null}"#, r#""\n""#] {
            assert!(value(text).is_truthy(), "{text}");
            assert!(serde_json::from_str::<super::super::Truth>(text).unwrap().0, "{text}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_and_a_number_that_is_none_stop_only_who_reads_them() {
        let text = super::super::as_python_reads(br#"{"a": 1, "a": 2, "b": NaN, "c": 3}"#);
        let value: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value.get("a").unwrap().as_f64(), None);
        assert_eq!(value.get("a").unwrap().kind(), "the value of a key that stands twice");
        assert_eq!(value.get("b").unwrap().as_f64(), None);
        assert_eq!(value.get("b"), Some(&Value::NotFinite("NaN")));
        assert_eq!(value.get("c").unwrap().as_u64(), Some(3));
        assert!(value.get("b").unwrap().is_truthy());
    }

    #[test]
    fn values_are_written_compactly() {
        assert_eq!(
            value(r#"{"b": [1, 2.50, null], "a": "x\ny"}"#).to_string(),
            r#"{"a":"x\ny","b":[1,2.5,null]}"#
        );
    }
}
