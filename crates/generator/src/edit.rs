//! What a batch makes of a source: one of the benchmark's four edits, or a null edit.
//!
//! A null edit is the same pass with a prompt that names no patient. The difference between a source and its null edit is
//! the generator's own; the pairs are a control for the benchmark's noise floor and no part of the benchmark: they have
//! their own folder and prompt, and [`crate::assemble`] refuses them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use spinefairbench_artifacts::ids::{EditLabel, PairId, SourceId};
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::path::{ReleasePath, UnsafePath};

use crate::PromptSet;

/// The prompt of a null edit. It is this project's, not the benchmark's.
pub const NULL_PROMPT: &str = "lumbar spine radiograph";

/// The name of the null edit.
const NULL: &str = "null";

/// What is made of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edit {
    /// One of the benchmark's.
    Demographic(EditLabel),
    /// The pass alone.
    Null,
}

impl Edit {
    /// The name on the command line and in journals.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Demographic(label) => label.as_str(),
            Self::Null => NULL,
        }
    }

    /// What the model is conditioned on.
    #[must_use]
    pub fn prompt(self, set: PromptSet) -> &'static str {
        match self {
            Self::Demographic(label) => set.prompt(label),
            Self::Null => NULL_PROMPT,
        }
    }

    /// The pair of `source` under this edit.
    ///
    /// # Panics
    ///
    /// Never: a name with an ending is not blank.
    #[must_use]
    pub fn pair_id(self, source: &SourceId) -> PairId {
        match self {
            Self::Demographic(label) => PairId::of(source, label),
            Self::Null => format!("{source}__{NULL}")
                .parse()
                .expect("a text that ends in a name is not blank"),
        }
    }

    /// Where the picture goes below a batch's folder.
    ///
    /// # Errors
    ///
    /// If the source's name cannot be a folder.
    pub fn image_path(self, source: &SourceId) -> Result<ReleasePath, UnsafePath> {
        match self {
            Self::Demographic(label) => layout::counterfactual_image(source, label),
            Self::Null => format!("null_edits/{source}/{NULL}.png").parse(),
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Text that names no edit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no edit (expected one of `elderly_female`, `elderly_male`, `young_female`, `young_male`, or `null` alone)"
)]
pub struct UnknownEdit {
    /// The text as given.
    pub text: String,
}

impl FromStr for Edit {
    type Err = UnknownEdit;

    fn from_str(text: &str) -> Result<Self, UnknownEdit> {
        if text == NULL {
            return Ok(Self::Null);
        }
        text.parse().map(Self::Demographic).map_err(|_| UnknownEdit { text: text.into() })
    }
}

impl Serialize for Edit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Edit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_edit_has_names_and_a_prompt_of_its_own() {
        let source: SourceId = "S1".parse().unwrap();
        let null: Edit = "null".parse().unwrap();
        assert_eq!(null.pair_id(&source).as_str(), "S1__null");
        assert_eq!(null.image_path(&source).unwrap().as_str(), "null_edits/S1/null.png");
        for set in PromptSet::ALL {
            assert_eq!(null.prompt(set), "lumbar spine radiograph");
            assert!(EditLabel::ALL.iter().all(|label| set.prompt(*label) != NULL_PROMPT));
        }
        let young: Edit = "young_male".parse().unwrap();
        assert_eq!(young.pair_id(&source), PairId::of(&source, EditLabel::YoungMale));
        assert!("Null".parse::<Edit>().is_err());
        assert_eq!(serde_json::from_str::<Edit>("\"null\"").unwrap(), Edit::Null);
    }
}
