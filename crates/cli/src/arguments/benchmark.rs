//! Which bundle is meant, which release's pins it must have, and which of its pairs.

use clap::{Args, ValueHint};
use spinefairbench_scoring::Scope;

use super::DEFAULT_BUNDLE;
use crate::places::{BundleFolder, InputFile};

/// A bundle and the release that it belongs to.
#[derive(Debug, Clone, Args)]
pub(crate) struct BenchmarkArguments {
    /// The bundle's folder.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE, value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: BundleFolder,
    /// The release description, whose pins scope and prompts must have and which names the published models; without it that of the
    /// bundle, if it stands beside its folder, or the pinned release.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<InputFile>,
}

/// The pairs of one scope of a bundle.
#[derive(Debug, Clone, Args)]
pub(crate) struct ScopedArguments {
    #[command(flatten)]
    pub(crate) benchmark: BenchmarkArguments,
    /// The pairs that are meant; with `toy`, which may leave out any pair, every pair of the benchmark.
    #[arg(long, value_name = "SCOPE", value_parser = parse_scope)]
    pub(crate) scope: Scope,
}

/// The scope that `text` names.
pub(crate) fn parse_scope(text: &str) -> Result<Scope, String> {
    text.parse().map_err(|error: spinefairbench_scoring::UnknownScope| error.to_string())
}
