//! `report`, as types.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueHint};

use super::limits::InputLimitArguments;

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
    pub(crate) score: PathBuf,
    /// Where the page goes: one file that loads nothing.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<PathBuf>,
    /// Where the plot of both endpoints goes.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) svg: Option<PathBuf>,
    /// The bundle's folder, for the frozen intervals of all published models.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: Option<PathBuf>,
    /// The release description whose models are the published ones; the pinned release without it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<PathBuf>,
    /// The submission that was scored: its reports go into the page, every matched term marked.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "html")]
    pub(crate) submission: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}
