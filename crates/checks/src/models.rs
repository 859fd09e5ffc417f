//! Which models a check looks at.

use spinefairbench_artifacts::ids::ModelName;
use spinefairbench_artifacts::release::ReleaseDescription;

use crate::check::Argument;

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
    /// By this name a call may ask for all.
    pub(crate) const ALL: &'static str = "all";

    /// The option by which a call selects one.
    pub(crate) const ARGUMENT: Argument = Argument::option(
        "model",
        "MODEL",
        "One retained model; all of them without it, or with `all`",
    );

    /// The selected models, in the table's order.
    pub fn of<'a>(
        &'a self,
        release: &'a ReleaseDescription,
    ) -> impl Iterator<Item = &'a str> + Clone {
        let (all, one) = match self {
            Self::All => (release.table2_models.as_slice(), None),
            Self::One(model) => (&[][..], Some(model.as_str())),
        };
        all.iter().map(ModelName::as_str).chain(one)
    }
}
