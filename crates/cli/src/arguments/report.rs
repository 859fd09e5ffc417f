//! `report`, as types.

use clap::{ArgGroup, Args, ValueHint};

use super::limits::InputLimitArguments;
use crate::places::{BundleFolder, InputFile, OutputFile};

/// `report`.
#[derive(Debug, Clone, Args)]
#[command(after_help = examples!(
    "score --artifacts demo --submission demo/metrics/core_submission.json \\\n      --output core.json",
    "report core.json --html core.html --svg core.svg",
    "report core.json --html core.html --artifacts demo \\\n      --release demo.release.json --submission demo/metrics/core_submission.json"
))]
#[command(group = ArgGroup::new("form").required(true).multiple(true).args(["html", "svg"]))]
pub(crate) struct ReportArguments {
    /// The score file; `-` is standard input.
    #[arg(value_name = "SCORE.json", value_hint = ValueHint::FilePath)]
    pub(crate) score: InputFile,
    /// Where the page goes: one file that loads nothing.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<OutputFile>,
    /// Where the plot of both endpoints goes.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) svg: Option<OutputFile>,
    /// The bundle's folder, for the frozen intervals of all published models.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: Option<BundleFolder>,
    /// The release description whose models are the published ones; the pinned release without it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<InputFile>,
    /// The submission that was scored: its reports go into the page, every matched term marked.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "html")]
    pub(crate) submission: Option<InputFile>,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}
