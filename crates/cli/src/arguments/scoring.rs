//! The commands around a submission and its score, as types.

use std::path::Path;

use clap::{ArgGroup, Args, Subcommand, ValueEnum, ValueHint};

use spinefairbench_scoring::Scope;

use super::benchmark::{BenchmarkArguments, ScopedArguments, parse_scope};
use super::limits::InputLimitArguments;
use super::resampling::ResamplingArguments;
use super::{DEFAULT_BUNDLE, FormatArguments};
use crate::places::{BundleFolder, InputFile, OutputFile};

/// Everything around a submission and its score.
#[derive(Debug, Subcommand)]
pub(crate) enum ScoringCommand {
    /// The score file of a submission: both endpoints with intervals, strata, provenance.
    Score(ScoreArguments),
    /// The validation of a submission alone, and advice.
    Lint(LintArguments),
    /// What is done with a submission before it is scored.
    Submission {
        /// What to do.
        #[command(subcommand)]
        command: SubmissionCommand,
    },
    /// A submission to fill in: every pair of a scope.
    Template(TemplateArguments),
    /// The JSON Schema of a file form, on standard output.
    Schema(SchemaArguments),
    /// Why a pair scored as it did, or which pairs of a submission moved.
    Explain(ExplainArguments),
}

/// `score`.
#[derive(Debug, Clone, Args)]
#[command(after_help = concat!(
    "The scope is the one that the submission states, unless `--scope` names another. Every pair must then be of that one, and none of \
     it may be missing without `--allow-partial`.\n\n\
     With `--repeat`, or a submission of version 2 that holds repeats, the score says how far two calls on the same radiograph differ.\n\n",
    examples!(
        "score --artifacts demo --submission demo/metrics/toy_submission.json \\\n      --output score.json --bootstrap-iterations 1000",
        "score --artifacts demo --submission demo/metrics/core_submission.json \\\n      --output core.json --per-pair pairs.csv"
    )
))]
pub(crate) struct ScoreArguments {
    #[command(flatten)]
    pub(crate) benchmark: BenchmarkArguments,
    /// The submission: JSON or JSON Lines, plain, gzip or zstd; `-` is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) submission: InputFile,
    /// A further submission of the same model on the same scope, for the noise floor; may be given several times, and may lack pairs.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) repeat: Vec<InputFile>,
    /// Where the score file goes; it is written whole or not at all.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: OutputFile,
    /// Where a table of the pairs goes: CSV, or Parquet if its name ends so and the build has the feature `parquet`.
    #[arg(long, value_name = "FILE.csv|.parquet", value_hint = ValueHint::FilePath)]
    pub(crate) per_pair: Option<OutputFile>,
    #[command(flatten)]
    pub(crate) scope: ScopeArguments,
    #[command(flatten)]
    pub(crate) resampling: ResamplingArguments,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}

/// Which coverage a submission must have.
#[derive(Debug, Clone, Args)]
pub(crate) struct ScopeArguments {
    /// The scope to judge the submission on, in place of the one that it states.
    #[arg(long, value_name = "SCOPE", value_parser = parse_scope)]
    pub(crate) scope: Option<Scope>,
    /// Accept a submission with missing pairs, with a warning.
    #[arg(long)]
    pub(crate) allow_partial: bool,
}

/// Which submission is meant, by its place or by an option as `score` has it.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub(crate) struct SubmissionArgument {
    /// The submission: JSON or JSON Lines, plain, gzip or zstd; `-` is standard input.
    #[arg(value_name = "SUBMISSION", value_hint = ValueHint::FilePath)]
    place: Option<InputFile>,
    /// The same by name, as `score` takes it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    submission: Option<InputFile>,
}

impl SubmissionArgument {
    /// The file, if one is named.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.place.as_deref().or(self.submission.as_deref())
    }
}

/// `lint`.
#[derive(Debug, Clone, Args)]
#[command(after_help = concat!(
    "Without `--artifacts` the form is judged and the coverage of the scope is not. Advice never makes the command fail.\n\n",
    examples!("lint demo/metrics/core_submission.json --artifacts demo")
))]
#[command(group = ArgGroup::new("input").required(true).args(["place", "submission"]))]
pub(crate) struct LintArguments {
    #[command(flatten)]
    pub(crate) submission: SubmissionArgument,
    /// The bundle's folder, to judge the coverage too.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: Option<BundleFolder>,
    /// The release description whose models are the published ones, and whose pins the scope's manifests must have.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<InputFile>,
    #[command(flatten)]
    pub(crate) scope: ScopeArguments,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}

/// What is done with a submission before it is scored.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum SubmissionCommand {
    /// A copy without the reasoning that a model left in its reports.
    Strip(StripArguments),
}

/// `submission strip`.
#[derive(Debug, Clone, Args)]
#[command(after_help = concat!(
    "All between the marks of reasoning is taken out (`<think>…</think>` and its relatives), with the white space behind it. The copy says \
     what was taken out of which report, and a score of it is marked as that of a changed submission. Refused, with every place, are \
     reasoning without an end and reports that would be empty.\n\n",
    examples!(
        "submission strip --reasoning demo/metrics/core_submission.json \\\n      --output stripped.json"
    )
))]
pub(crate) struct StripArguments {
    /// The submission: JSON or JSON Lines, plain, gzip or zstd; `-` is standard input.
    #[arg(value_name = "SUBMISSION", value_hint = ValueHint::FilePath)]
    pub(crate) submission: InputFile,
    /// Take out reasoning; there is nothing else yet that could be taken out, and it has to be asked for.
    #[arg(long, required = true)]
    pub(crate) reasoning: bool,
    /// Where the copy goes, in the form of the original but not compressed; it is written whole or not at all.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: OutputFile,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

/// `template`.
#[derive(Debug, Clone, Args)]
#[command(after_help = examples!(
    "template --artifacts demo --scope common-core-1000 --output template.json",
    "template --artifacts demo --scope qc-passed --jsonl --output template.jsonl"
))]
pub(crate) struct TemplateArguments {
    #[command(flatten)]
    pub(crate) pairs: ScopedArguments,
    /// Where the template goes (standard output without it).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<OutputFile>,
    /// JSON Lines: the header on the first line, then one pair a line.
    #[arg(long)]
    pub(crate) jsonl: bool,
}

/// `schema`.
#[derive(Debug, Clone, Args)]
#[command(after_help = examples!("schema submission > submission_schema.json"))]
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
    /// What `power --json` gives.
    Power,
    /// What `compare --json` gives.
    Comparison,
}

/// `explain`.
#[derive(Debug, Clone, Args)]
#[command(after_help = examples!(
    "explain demo/metrics/toy_submission.json --changed",
    "explain --artifacts demo --model gpt-5.4 --changed --limit 3"
))]
#[command(group = ArgGroup::new("input").required(true).args(["place", "submission", "model"]))]
pub(crate) struct ExplainArguments {
    #[command(flatten)]
    pub(crate) submission: SubmissionArgument,
    /// A retained model of the bundle, instead of a submission.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// The bundle's folder, for `--model`.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE, value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: BundleFolder,
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
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}
