//! One result of a submission as it stands in the file, before any judgement.
//!
//! Reading never fails on a wrong type, an unknown key or a key that stands twice: each is kept, so that validation can
//! name all of them. Text is borrowed from the file where it has no escapes.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use spinefairbench_artifacts::json::Value;

use super::version2;

/// The visitor methods of a reader that wants an object or a list and keeps a few words about anything else.
macro_rules! keep_words_about_scalars {
    ($found:ident => $value:expr) => {
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            let $found = crate::submission::field::Field::Text(text.into()).found();
            Ok($value)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            let $found = "null".to_owned();
            Ok($value)
        }

        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            let $found = format!("`{value}`");
            Ok($value)
        }

        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            let $found = format!("`{value}`");
            Ok($value)
        }

        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            let $found = format!("`{value}`");
            Ok($value)
        }

        fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
            let $found = format!("`{value}`");
            Ok($value)
        }
    };
}
pub(super) use keep_words_about_scalars;

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// Anything else.
    Other(Value),
    /// Something that is no text and has more bytes than [`MOST_BYTES`]: no field needs it, and as a value it would take many
    /// times its length in memory.
    TooLong(usize),
}

/// The most bytes of a field that is no text: the model's facts, or the metadata of a result.
const MOST_BYTES: usize = 1 << 20;

/// The most keys of an object that are kept where no key may stand.
pub(super) const MOST_KEYS: usize = 100;

impl Field<'_> {
    /// Tells what stands for `NaN` or an infinity, in text that `as_python_reads_all` gave, from text.
    pub(super) fn tell_numbers(&mut self) {
        if let Self::Text(text) = self
            && text.starts_with('\u{7f}')
        {
            *self = Self::from(Value::from_text(text));
        }
    }

    /// The value in a few words, for messages.
    pub(super) fn found(&self) -> String {
        match self {
            Self::Text(text) if text.is_empty() => "an empty string".to_owned(),
            Self::Text(text) => format!("`{}`", spinefairbench_artifacts::text::shown(text)),
            Self::Other(Value::Null) => "null".to_owned(),
            Self::Other(value @ (Value::Bool(_) | Value::Number(_) | Value::NotFinite(_))) => {
                format!("`{value}`")
            }
            Self::Other(value) => value.kind().to_owned(),
            Self::TooLong(n_bytes) => {
                format!("a value of {n_bytes} bytes (at most {MOST_BYTES} are read)")
            }
        }
    }
}

/// The keys that a result may have, those of version 2 alone last.
pub(super) const RESULT_KEYS: [&str; 9] = [
    "pair_id",
    "source_id",
    "source_report",
    "counterfactual_report",
    "metadata",
    version2::KEYS[0],
    version2::KEYS[1],
    version2::KEYS[2],
    version2::KEYS[3],
];

impl RawResult<'_> {
    /// As [`Field::tell_numbers`], for every field.
    pub(super) fn tell_numbers(&mut self) {
        self.fields.iter_mut().flatten().for_each(Field::tell_numbers);
    }
}

/// One element of `results`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RawResult<'a> {
    /// The fields of [`RESULT_KEYS`], in that order.
    pub(super) fields: [Option<Field<'a>>; 9],
    /// Keys that a result may not have, in file order.
    pub(super) unknown: Vec<String>,
    /// Keys that stand twice.
    pub(super) duplicates: Vec<String>,
    /// What stands there instead of an object.
    pub(super) not_an_object: Option<String>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if !raw.starts_with('"') && raw.len() > MOST_BYTES {
            return Ok(Self::TooLong(raw.len()));
        }
        let mut parser = serde_json::Deserializer::from_str(raw);
        parser.deserialize_any(FieldVisitor).map_err(|error| {
            let message = error.to_string();
            serde::de::Error::custom(in_words(&message))
        })
    }
}

/// What the parser says of a field, without the place inside the field.
fn in_words(message: &str) -> &str {
    if message.contains("recursion limit") {
        "nested deeper than 128 levels"
    } else if message.contains("surrogate") || message.contains("hex escape") {
        "a `\\u` escape is half of a surrogate pair"
    } else {
        message.split_once(" at line ").map_or(message, |(detail, _)| detail)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Owned(text)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Other(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Field::Other(Value::Bool(value)))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Value::deserialize(serde::de::value::I64Deserializer::new(value)).map(Field::Other)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Value::deserialize(serde::de::value::U64Deserializer::new(value)).map(Field::Other)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Value::deserialize(serde::de::value::F64Deserializer::new(value)).map(Field::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Value::deserialize(serde::de::value::SeqAccessDeserializer::new(items)).map(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        Value::deserialize(serde::de::value::MapAccessDeserializer::new(entries)).map(Field::Other)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawResult<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawResultVisitor)
    }
}

struct RawResultVisitor;

impl<'de> Visitor<'de> for RawResultVisitor {
    type Value = RawResult<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut result = RawResult::default();
        while let Some(key) = entries.next_key::<Cow<'de, str>>()? {
            let known = RESULT_KEYS.iter().position(|known| *known == key);
            if known.is_none() {
                entries.next_value::<IgnoredAny>()?;
                if result.unknown.len() < MOST_KEYS {
                    result.unknown.push(key.into_owned());
                }
                continue;
            }
            let value: Field<'de> = entries.next_value()?;
            match known {
                Some(index)
                    if result.fields[index].is_some() && result.duplicates.len() < MOST_KEYS =>
                {
                    result.duplicates.push(key.into_owned());
                }
                Some(index) => result.fields[index] = Some(value),
                None => {}
            }
        }
        Ok(result)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(RawResult { not_an_object: Some("a list".to_owned()), ..RawResult::default() })
    }

    keep_words_about_scalars!(found => RawResult { not_an_object: Some(found), ..RawResult::default() });
}

impl From<Value> for Field<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::Text(Cow::Owned(text)),
            other => Self::Other(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_no_text_is_read_up_to_its_limit() {
        let list = |n_bytes: usize| format!("[{}]", " ".repeat(n_bytes - 2));
        let read = |raw: &str| serde_json::from_str::<Field<'_>>(raw).map(|field| field.found());
        assert_eq!(read(&list(MOST_BYTES)).unwrap(), "a list");
        let beyond = "a value of 1048577 bytes (at most 1048576 are read)";
        assert_eq!(read(&list(MOST_BYTES + 1)).unwrap(), beyond);
        let halves = [r#""\ud800 and text""#, r#""\ud800A""#, r#""\udc00""#];
        for half in halves {
            let error = read(half).unwrap_err().to_string();
            assert!(error.starts_with("a `\\u` escape is half of a surrogate pair"), "{error}");
        }
        // Text has the limits of its file alone.
        let text = format!("\"{}\"", "a".repeat(MOST_BYTES));
        assert!(matches!(serde_json::from_str(&text), Ok(Field::Text(_))));
    }
}
