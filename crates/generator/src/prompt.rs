//! The four locked prompts, in the two wordings that were published.
//!
//! The texts are data (`prompts/generator.json`); changing one changes every picture.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;
use spinefairbench_artifacts::ids::EditLabel;

/// Which wording is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PromptSet {
    /// `75-year-old female lumbar spine radiograph`, …: the README of the first release.
    #[default]
    Readme,
    /// `Lumbar spine X-ray of a 75-year-old female patient`, …: the later release.
    Release,
}

impl PromptSet {
    /// Both sets.
    pub const ALL: [Self; 2] = [Self::Readme, Self::Release];

    /// The name on the command line and in metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Readme => "readme",
            Self::Release => "release",
        }
    }

    /// The prompt for `label`.
    ///
    /// ```
    /// use spinefairbench_artifacts::ids::EditLabel;
    /// use spinefairbench_generator::PromptSet;
    ///
    /// let text = PromptSet::Release.prompt(EditLabel::YoungMale);
    /// assert_eq!(text, "Lumbar spine X-ray of a 25-year-old male patient");
    /// ```
    #[must_use]
    pub fn prompt(self, label: EditLabel) -> &'static str {
        PROMPTS.get(&(self, label)).copied().unwrap_or_default()
    }
}

impl fmt::Display for PromptSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Text that names no prompt set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no prompt set (expected `readme` or `release`)")]
pub struct UnknownPromptSet {
    /// The text as given.
    pub text: String,
}

impl FromStr for PromptSet {
    type Err = UnknownPromptSet;

    fn from_str(text: &str) -> Result<Self, UnknownPromptSet> {
        Self::ALL
            .into_iter()
            .find(|set| set.name() == text)
            .ok_or_else(|| UnknownPromptSet { text: text.into() })
    }
}

static PROMPTS: LazyLock<BTreeMap<(PromptSet, EditLabel), &'static str>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        #[serde(borrow)]
        sets: BTreeMap<&'static str, Set>,
    }
    #[derive(Deserialize)]
    struct Set {
        #[serde(borrow)]
        prompts: BTreeMap<EditLabel, &'static str>,
    }
    let file: File = serde_json::from_str(include_str!("../../../prompts/generator.json"))
        .expect("the embedded prompt file is well formed, which a test shows");
    let mut prompts = BTreeMap::new();
    for set in PromptSet::ALL {
        for (label, text) in file.sets.get(set.name()).map(|set| &set.prompts).into_iter().flatten()
        {
            prompts.insert((set, *label), *text);
        }
    }
    prompts
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sets_have_all_four_prompts() {
        assert_eq!(PROMPTS.len(), 8);
        assert!(PROMPTS.values().all(|text| !text.is_empty()));
    }
}
