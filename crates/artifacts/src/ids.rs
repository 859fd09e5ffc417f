//! The names of things: pairs, sources, models, edit labels.
//!
//! A value of these types is known to hold a name: it was checked once, here. Names order by their UTF-8 bytes, which is the order
//! of Python's `sorted` on the same names.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name that is empty or holds only white space.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} is blank (found {text:?})")]
pub struct BlankName {
    /// What the name was to name.
    pub kind: &'static str,
    /// The text as given.
    pub text: String,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BlankName;

            fn from_str(text: &str) -> Result<Self, BlankName> {
                if text.trim().is_empty() {
                    return Err(BlankName { kind: $kind, text: text.to_owned() });
                }
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = BlankName;

            fn try_from(text: String) -> Result<Self, BlankName> {
                if text.trim().is_empty() {
                    return Err(BlankName { kind: $kind, text });
                }
                Ok(Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// One pair of a source radiograph and a counterfactual: `<source_id>__<edit_label>`.
    PairId, "pair id"
);
name!(
    /// One source radiograph.
    SourceId, "source id"
);
name!(
    /// One evaluated model, as the panels spell it.
    ModelName, "model name"
);

impl PairId {
    /// The pair of `source` under `label`.
    #[must_use]
    pub fn of(source: &SourceId, label: EditLabel) -> Self {
        Self(format!("{source}__{label}").into())
    }
}

/// The age group that an edit makes of a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgeGroup {
    /// `elderly_…`
    Elderly,
    /// `young_…`
    Young,
}

/// The sex that an edit makes of a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// `…_female`
    Female,
    /// `…_male`
    Male,
}

/// The four demographic edits of the benchmark, declared in the order of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditLabel {
    /// `elderly_female`
    ElderlyFemale,
    /// `elderly_male`
    ElderlyMale,
    /// `young_female`
    YoungFemale,
    /// `young_male`
    YoungMale,
}

/// Text that is none of the four edit labels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no edit label (expected one of `elderly_female`, `elderly_male`, `young_female`, `young_male`)"
)]
pub struct UnknownEditLabel {
    /// The text as given.
    pub text: String,
}

impl EditLabel {
    /// All labels, in the order of their names.
    pub const ALL: [Self; 4] =
        [Self::ElderlyFemale, Self::ElderlyMale, Self::YoungFemale, Self::YoungMale];

    /// The label as the bundle writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ElderlyFemale => "elderly_female",
            Self::ElderlyMale => "elderly_male",
            Self::YoungFemale => "young_female",
            Self::YoungMale => "young_male",
        }
    }

    /// The age group of the counterfactual.
    #[must_use]
    pub const fn age(self) -> AgeGroup {
        match self {
            Self::ElderlyFemale | Self::ElderlyMale => AgeGroup::Elderly,
            Self::YoungFemale | Self::YoungMale => AgeGroup::Young,
        }
    }

    /// The sex of the counterfactual.
    #[must_use]
    pub const fn sex(self) -> Sex {
        match self {
            Self::ElderlyFemale | Self::YoungFemale => Sex::Female,
            Self::ElderlyMale | Self::YoungMale => Sex::Male,
        }
    }
}

impl FromStr for EditLabel {
    type Err = UnknownEditLabel;

    fn from_str(text: &str) -> Result<Self, UnknownEditLabel> {
        Self::ALL
            .into_iter()
            .find(|label| label.as_str() == text)
            .ok_or_else(|| UnknownEditLabel { text: text.to_owned() })
    }
}

impl fmt::Display for EditLabel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_names_are_refused() {
        for text in ["", " ", "\t\n"] {
            assert!(text.parse::<PairId>().is_err(), "{text:?}");
            assert!(serde_json::from_value::<ModelName>(text.into()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn labels_round_trip_and_stand_in_name_order() {
        for label in EditLabel::ALL {
            assert_eq!(label.as_str().parse(), Ok(label));
            assert_eq!(serde_json::to_value(label).unwrap(), label.as_str());
        }
        assert!(EditLabel::ALL.is_sorted_by_key(|label| label.as_str()));
        assert!("Elderly_female".parse::<EditLabel>().is_err());
    }

    #[test]
    fn a_pair_id_joins_source_and_label() {
        let source = "buu_0002-M-049Y1".parse().unwrap();
        assert_eq!(
            PairId::of(&source, EditLabel::YoungMale).as_str(),
            "buu_0002-M-049Y1__young_male"
        );
    }
}
