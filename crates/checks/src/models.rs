//! Which models a check looks at.

use spinefairbench_artifacts::ids::ModelName;
use spinefairbench_artifacts::release::ReleaseDescription;

/// The models of one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ModelSelection {
    /// All of the published table.
    #[default]
    All,
    /// One of them.
    One(String),
}

impl ModelSelection {
    /// The selected models, in the table's order.
    #[must_use]
    pub fn of<'a>(&'a self, release: &'a ReleaseDescription) -> Vec<&'a str> {
        match self {
            Self::All => release.table2_models.iter().map(ModelName::as_str).collect(),
            Self::One(model) => vec![model],
        }
    }
}
