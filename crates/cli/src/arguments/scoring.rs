//! The commands around a submission and its score, as types.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use spinefairbench_scoring::Scope;

use super::{DEFAULT_BUNDLE, FormatArguments, ResamplingArguments};

/// Everything around a submission and its score.
#[derive(Debug, Subcommand)]
pub(crate) enum ScoringCommand {
    /// The score file of a submission: both endpoints with intervals, strata, provenance.
    Score(ScoreArguments),
    /// The validation of a submission alone, and advice.
    Lint(LintArguments),
    /// A submission to fill in: every pair of a scope.
    Template(TemplateArguments),
    /// The JSON Schema of a file form, on standard output.
    Schema(SchemaArguments),
    /// Why a pair scored as it did, or which pairs of a submission moved.
    Explain(ExplainArguments),
}

/// `score`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The scope is the one that the submission states. `--scope` does not change it: it says which one is expected, and a submission of
another scope is refused.

Examples:
  spinefairbench score --artifacts artifacts --submission artifacts/metrics/toy_submission.json --output score.json
  zstd -dc run.jsonl.zst | spinefairbench score --submission - --output score.json --per-pair pairs.csv")]
pub(crate) struct ScoreArguments {
    /// The bundle's folder.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE, value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: PathBuf,
    /// The submission: JSON or JSON Lines, plain, gzip or zstd; `-` is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) submission: PathBuf,
    /// Where the score file goes; it is written whole or not at all.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    /// Where a table of the pairs goes, as CSV.
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    pub(crate) per_pair: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) scope: ScopeArguments,
    #[command(flatten)]
    pub(crate) resampling: ResamplingArguments,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

/// Which coverage a submission must have.
#[derive(Debug, Clone, Args)]
pub(crate) struct ScopeArguments {
    /// The scope that the submission must state (whatever it states without this).
    #[arg(long, value_name = "SCOPE", value_parser = parse_scope)]
    pub(crate) scope: Option<Scope>,
    /// Accept a submission with missing pairs, with a warning.
    #[arg(long)]
    pub(crate) allow_partial: bool,
}

/// `lint`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Without `--artifacts` the form is judged and the coverage of the scope is not. Advice never makes the command fail.

Example:
  spinefairbench lint artifacts/metrics/toy_submission.json --artifacts artifacts")]
pub(crate) struct LintArguments {
    /// The submission: JSON or JSON Lines, plain, gzip or zstd; `-` is standard input.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) submission: PathBuf,
    /// The bundle's folder, to judge the coverage too.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: Option<PathBuf>,
    /// The release description whose models are the published ones.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) scope: ScopeArguments,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

/// `template`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  spinefairbench template --artifacts artifacts --scope common-core-1000 --output submission.json")]
pub(crate) struct TemplateArguments {
    /// The bundle's folder.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE, value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: PathBuf,
    /// The scope; of `toy`, which may leave out any pair, the template has every pair of the benchmark.
    #[arg(long, value_name = "SCOPE", value_parser = parse_scope)]
    pub(crate) scope: Scope,
    /// Where the template goes (standard output without it).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// JSON Lines: the header on the first line, then one pair a line.
    #[arg(long)]
    pub(crate) jsonl: bool,
}

/// `schema`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  spinefairbench schema submission > submission_schema.json")]
pub(crate) struct SchemaArguments {
    /// The file form.
    #[arg(value_enum)]
    pub(crate) form: SchemaForm,
}

/// A file form with a JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaForm {
    /// What is scored.
    Submission,
    /// What scoring gives.
    Score,
}

/// `explain`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  spinefairbench explain artifacts/metrics/toy_submission.json --changed
  spinefairbench explain --artifacts artifacts --model gpt-5.4 --changed --limit 3")]
pub(crate) struct ExplainArguments {
    /// The submission that the reports are in; `-` is standard input.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "model", conflicts_with = "model")]
    pub(crate) submission: Option<PathBuf>,
    /// A retained model of the bundle, instead of a submission.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// The bundle's folder, for `--model`.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE, value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: PathBuf,
    /// The pair to explain.
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "changed",
        conflicts_with = "changed"
    )]
    pub(crate) pair: Option<String>,
    /// The pairs that moved, by what was lost and gained, the most frequent first.
    #[arg(long)]
    pub(crate) changed: bool,
    /// How many pairs of each transition are listed as text; JSON has all of them.
    #[arg(long, value_name = "N", default_value_t = 10, requires = "changed")]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

fn parse_scope(text: &str) -> Result<Scope, String> {
    text.parse().map_err(|error: spinefairbench_scoring::UnknownScope| error.to_string())
}
