//! What is wrong with one row of a panel.

use super::RowIndex;
use crate::error::Diagnostic;
use crate::text::shown;

/// A row that is JSON but not of the right shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` row {} (line {}): {}", place.index, place.line, listed(faults))]
pub struct RowProblem {
    /// The file.
    pub path: Box<str>,
    /// Which row.
    pub place: RowIndex,
    /// The model that the row names, as far as it could be read.
    pub model: Option<String>,
    /// The pair that the row names, as far as it could be read.
    pub pair_id: Option<String>,
    /// Everything that is wrong with the row, at least one.
    pub faults: Vec<RowFault>,
}

/// The kinds of trouble with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFault {
    /// The row is no object.
    #[error("expected an object, found {found}")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// A field of another type.
    #[error("`{field}`: expected a string or null, found {found}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A field that stands twice in the row.
    #[error("`{field}` stands twice")]
    DuplicateField {
        /// The field.
        field: &'static str,
    },
}

fn listed(faults: &[RowFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Diagnostic for RowProblem {
    fn code(&self) -> &'static str {
        match self.faults.first() {
            Some(RowFault::WrongType { .. }) => "panel_row_type",
            Some(RowFault::DuplicateField { .. }) => "panel_row_duplicate_key",
            Some(RowFault::NotAnObject { .. }) | None => "panel_row_not_object",
        }
    }

    fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn line(&self) -> Option<u64> {
        Some(self.place.line)
    }

    fn expected(&self) -> Option<String> {
        Some(match self.faults.first()? {
            RowFault::NotAnObject { .. } => "an object".to_owned(),
            RowFault::WrongType { field, .. } => format!("`{field}` a string or null"),
            RowFault::DuplicateField { field } => format!("`{field}` once"),
        })
    }

    fn actual(&self) -> Option<String> {
        Some(shown(&listed(&self.faults)))
    }
}
