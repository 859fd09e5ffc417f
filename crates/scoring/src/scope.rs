//! The four scopes of a submission: which pairs it must cover.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A set of pairs that a submission covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Scope {
    /// Every released pair of the thousand common-core sources; comparable with the published panel.
    CommonCore1000,
    /// The pairs that all nine published models answered; comparable with the published panel.
    AllModelIntersection2166,
    /// Every pair that passed quality control.
    QcPassed,
    /// Whatever was submitted, as long as the benchmark knows it: a smoke test.
    Toy,
}

impl Scope {
    /// Every scope, in the order in which they are documented.
    pub const ALL: [Self; 4] =
        [Self::CommonCore1000, Self::AllModelIntersection2166, Self::QcPassed, Self::Toy];

    /// The scope's name in files and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CommonCore1000 => "common-core-1000",
            Self::AllModelIntersection2166 => "all-model-intersection-2166",
            Self::QcPassed => "qc-passed",
            Self::Toy => "toy",
        }
    }

    /// Whether a complete score of this scope stands beside the published panel.
    #[must_use]
    pub(crate) const fn is_panel_scope(self) -> bool {
        matches!(self, Self::CommonCore1000 | Self::AllModelIntersection2166)
    }
}

impl From<Scope> for &'static str {
    fn from(scope: Scope) -> Self {
        scope.as_str()
    }
}

impl TryFrom<String> for Scope {
    type Error = UnknownScope;

    fn try_from(text: String) -> Result<Self, UnknownScope> {
        text.parse()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Text that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no scope (expected one of `common-core-1000`, `all-model-intersection-2166`, `qc-passed`, `toy`)"
)]
pub struct UnknownScope {
    /// The text as given.
    pub text: String,
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| UnknownScope { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        assert!("Toy".parse::<Scope>().is_err());
    }
}
