//! Holding a weight file against what a network needs: every tensor is accounted for, all problems at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A tensor whose shape is not the one needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeMismatch {
    /// What the network needs.
    pub needed: Vec<usize>,
    /// What the file has.
    pub found: Vec<usize>,
}

/// All that does not fit between a file and a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounting {
    /// Needed, not in the file.
    pub missing: BTreeSet<String>,
    /// In the file, needed by nothing.
    pub unexpected: BTreeSet<String>,
    /// In the file with another shape.
    pub misshapen: BTreeMap<String, ShapeMismatch>,
    /// In the file in a type that cannot be weights.
    pub mistyped: BTreeMap<String, String>,
}

impl Accounting {
    /// Whether file and network fit.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.misshapen.is_empty()
            && self.mistyped.is_empty()
    }
}

impl fmt::Display for Accounting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (kind, names) in [("missing", &self.missing), ("unexpected", &self.unexpected)] {
            if !names.is_empty() {
                write!(formatter, "{separator}{} {kind}: ", names.len())?;
                for (index, name) in names.iter().enumerate() {
                    write!(formatter, "{}`{name}`", if index == 0 { "" } else { ", " })?;
                }
                separator = "; ";
            }
        }
        for (name, ShapeMismatch { needed, found }) in &self.misshapen {
            write!(formatter, "{separator}`{name}` has shape {found:?}, not {needed:?}")?;
            separator = "; ";
        }
        for (name, dtype) in &self.mistyped {
            write!(formatter, "{separator}`{name}` is stored as {dtype}")?;
            separator = "; ";
        }
        Ok(())
    }
}
