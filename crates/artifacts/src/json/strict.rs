//! Records are objects, and what is wrong with one is known by its kind.
//!
//! The readers that `serde` derives also take a list in the place of a record, its fields by position, and their errors
//! come back as sentences. This wrapper around a deserializer asks for an object wherever a record is read, and notes
//! which problem a reader found before the parser turns it into a sentence. Every value is offered by its own type, so
//! that it is the reader who refuses it and not the parser.

use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{DUPLICATE_KEY, JsonProblem};
use crate::text::shown;

/// A deserializer, or one of the parts it hands out, under which records are objects.
#[derive(Debug)]
pub(super) struct Strict<D>(pub(super) D);

/// An error of the parser, with what a reader found.
#[derive(Debug)]
pub(super) struct Failure<E> {
    pub(super) error: E,
    pub(super) problem: Option<JsonProblem>,
}

impl<E> From<E> for Failure<E> {
    fn from(error: E) -> Self {
        Self { error, problem: None }
    }
}

impl<E: Display> Display for Failure<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}

impl<E: std::error::Error> std::error::Error for Failure<E> {}

impl<E: de::Error> Failure<E> {
    fn new(problem: JsonProblem) -> Self {
        Self { error: E::custom(&problem), problem: Some(problem) }
    }
}

impl<E: de::Error> de::Error for Failure<E> {
    fn custom<T: Display>(message: T) -> Self {
        let message = message.to_string();
        Self::new(match message.strip_prefix(DUPLICATE_KEY) {
            Some(key) => JsonProblem::DuplicateKey { key: shown(key) },
            None => JsonProblem::Value { detail: shown(&message) },
        })
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let token = match found {
            Unexpected::Str(text) => super::python::not_finite(text),
            _ => None,
        };
        Self::new(match token {
            Some(token) => JsonProblem::NotFinite { token },
            None => JsonProblem::Type {
                expected: plain(&expected.to_string()),
                found: shown(&plain(&found.to_string())),
            },
        })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(JsonProblem::Type {
            expected: expected.to_string(),
            found: format!("a list of {length}"),
        })
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let names: Vec<String> = expected.iter().map(|name| format!("`{name}`")).collect();
        Self::new(JsonProblem::Type {
            expected: if names.len() > 1 {
                format!("one of {}", names.join(", "))
            } else {
                names.concat()
            },
            found: format!("`{}`", shown(variant)),
        })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(JsonProblem::MissingField { field: field.to_owned() })
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(JsonProblem::DuplicateKey { key: field.to_owned() })
    }
}

/// The name by which `serde_json` is asked for a value as it stands in the text ([`serde_json::value::RawValue`]); only the parser
/// itself can give that.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// What `serde` calls by the names of Rust, in the words of JSON.
fn plain(kind: &str) -> String {
    match kind {
        "map" | "a map" => "an object".to_owned(),
        "sequence" | "a sequence" => "a list".to_owned(),
        "u64" | "usize" => "a whole number from 0".to_owned(),
        "f64" => "a number".to_owned(),
        _ if kind.starts_with("struct ") => "an object".to_owned(),
        _ => kind.to_owned(),
    }
}

/// A reader, under whose hands all that is below becomes strict.
#[derive(Debug)]
struct Reader<'p, V> {
    visitor: V,
    is_record: bool,
    problem: &'p mut Option<JsonProblem>,
}

/// Runs a step of the parser with a reader below it, and keeps what the reader found.
fn noting<T, E>(
    step: impl FnOnce(&mut Option<JsonProblem>) -> Result<T, E>,
) -> Result<T, Failure<E>> {
    let mut problem = None;
    step(&mut problem).map_err(|error| Failure { error, problem })
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = Failure<D::Error>;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        noting(|problem| self.0.deserialize_any(Reader { visitor, is_record: false, problem }))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        noting(|problem| self.0.deserialize_option(Reader { visitor, is_record: false, problem }))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        noting(|problem| self.0.deserialize_any(Reader { visitor, is_record: true, problem }))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        if name == RAW_VALUE {
            return noting(|_| self.0.deserialize_newtype_struct(name, visitor));
        }
        visitor.visit_newtype_struct(self)
    }

    /// The enums of the bundle are names alone, with nothing below them.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.deserialize_any(Name(visitor))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        // Nothing below is read as anything, and the parser can pass over it at full speed.
        Ok(self.0.deserialize_ignored_any(visitor)?)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier
    }
}

/// A reader of a name out of a list of names.
struct Name<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Name<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<V::Value, E> {
        let name: StrDeserializer<'_, E> = name.into_deserializer();
        self.0.visit_enum(name)
    }
}

macro_rules! visit {
    ($($method:ident: $value:ty),* $(,)?) => {
        $(fn $method<E: de::Error>(self, value: $value) -> Result<V::Value, E> {
            let Self { visitor, problem, .. } = self;
            visitor.$method(value).map_err(|failure| passed(failure, problem))
        })*
    };
}

/// The parser's part of a failure; the other part is kept in `problem`.
fn passed<E>(failure: Failure<E>, problem: &mut Option<JsonProblem>) -> E {
    *problem = failure.problem;
    failure.error
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Reader<'_, V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(formatter)
    }

    visit! {
        visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str,
        visit_borrowed_str: &'de str, visit_string: String,
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none().map_err(|failure| passed(failure, self.problem))
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit().map_err(|failure| passed(failure, self.problem))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor
            .visit_some(Strict(deserializer))
            .map_err(|failure| passed(failure, self.problem))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        let read = if self.is_record {
            Err(Failure::invalid_type(Unexpected::Seq, &self.visitor))
        } else {
            self.visitor.visit_seq(Strict(items))
        };
        read.map_err(|failure| passed(failure, self.problem))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Strict(entries)).map_err(|failure| passed(failure, self.problem))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = Failure<A::Error>;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Self::Error> {
        noting(|problem| self.0.next_element_seed(Seed { seed, problem }))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<A> {
    type Error = Failure<A::Error>;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Self::Error> {
        noting(|problem| self.0.next_key_seed(Seed { seed, problem }))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, Self::Error> {
        noting(|problem| self.0.next_value_seed(Seed { seed, problem }))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

/// What is to be read, strictly.
struct Seed<'p, S> {
    seed: S,
    problem: &'p mut Option<JsonProblem>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(Strict(deserializer)).map_err(|failure| passed(failure, self.problem))
    }
}
