//! The reviewer checks, as types.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use crate::arguments::limits::LimitArguments;
use crate::arguments::resampling::ResamplingArguments;
use crate::arguments::{BundleArguments, FormatArguments};

/// One check alone.
#[derive(Debug, Subcommand)]
pub(crate) enum CheckCommand {
    /// Required files, declared counts, the two frozen prompts.
    #[command(after_help = examples!("inspect --artifacts demo --release demo.release.json"))]
    Inspect(CheckArguments),
    /// Images, quality-control rows and source lists against each other.
    #[command(after_help = examples!("dataset --artifacts demo --release demo.release.json --hash"))]
    Dataset(DatasetArguments),
    /// Share of Stage-1 files that parse, per model of the mitigation analysis.
    #[command(name = "stage1-confidence", after_help = examples!("stage1-confidence --artifacts demo --release demo.release.json"))]
    Stage1Confidence(CheckArguments),
    /// The mitigation table: the gate, the deltas and the binding rule.
    #[command(after_help = examples!("mitigation --artifacts demo --release demo.release.json", "mitigation --artifacts demo --release demo.release.json --recompute \\\n      --format json"))]
    Mitigation(MitigationArguments),
    /// The labels and recommendations of a model's first usable pair.
    #[command(name = "parse-sample", after_help = examples!("parse-sample --artifacts demo --release demo.release.json --model gpt-5.4"))]
    ParseSample(ParseSampleArguments),
    /// The frozen diagnostic-label registry and its digest.
    #[command(name = "diagnostic-scoring", after_help = examples!("diagnostic-scoring --format json"))]
    DiagnosticScoring(CheckArguments),
    /// The endpoints of the retained models against the frozen summary.
    #[command(alias = "table3", after_help = examples!("table2 --artifacts demo --release demo.release.json --model gpt-5.4 \\\n      --recompute-ci", "table2 --artifacts demo --release demo.release.json --recompute-ci --seed 7 \\\n      --no-compare"))]
    Table2(Table2Arguments),
    /// The stability gaps at two granularities.
    #[command(name = "gap-sensitivity", after_help = examples!("gap-sensitivity --artifacts demo --release demo.release.json"))]
    GapSensitivity(ModelCheckArguments),
    /// Usable pairs without a diagnostic label on either side.
    #[command(name = "both-empty-diagnostic", after_help = examples!("both-empty-diagnostic --artifacts demo --release demo.release.json"))]
    BothEmptyDiagnostic(ModelCheckArguments),
    /// The radiologists' ratings against the published sets.
    #[command(after_help = examples!("radiologist --artifacts demo --release demo.release.json"))]
    Radiologist(CheckArguments),
    /// Every file of a checksum manifest against its digest.
    #[command(after_help = examples!("checksums --artifacts demo", "checksums demo/SHA256SUMS.txt --format json"))]
    Checksums(ChecksumsArguments),
    /// The bundle's anchors and prompts against the release description.
    #[command(name = "release-identity", after_help = examples!("release-identity --artifacts demo --release demo.release.json"))]
    ReleaseIdentity(CheckArguments),
}

/// A check without options of its own.
#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) bundle: BundleArguments,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
}

/// `dataset`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DatasetArguments {
    #[command(flatten)]
    pub(crate) check: CheckArguments,
    /// Also compare every image with the SHA-256 that its row states.
    #[arg(long)]
    pub(crate) hash: bool,
}

/// `mitigation`.
#[derive(Debug, Clone, Args)]
pub(crate) struct MitigationArguments {
    #[command(flatten)]
    pub(crate) check: CheckArguments,
    /// Recompute the whole analysis from the retained outputs and compare it with the frozen files.
    #[arg(long)]
    pub(crate) recompute: bool,
    /// How many resamples are drawn; with another number than the frozen one intervals are not compared.
    #[arg(
        long,
        visible_alias = "iterations",
        value_name = "N",
        requires = "recompute",
        allow_hyphen_values = true
    )]
    pub(crate) bootstrap_iterations: Option<String>,
}

/// A check that may be narrowed to one model.
#[derive(Debug, Clone, Args)]
pub(crate) struct ModelCheckArguments {
    #[command(flatten)]
    pub(crate) check: CheckArguments,
    /// One retained model; all of them without it.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
}

/// `parse-sample`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ParseSampleArguments {
    #[command(flatten)]
    pub(crate) check: CheckArguments,
    /// The retained model.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: String,
}

/// `table2`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Table2Arguments {
    #[command(flatten)]
    pub(crate) check: CheckArguments,
    /// One retained model; all of them without it.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Recompute the intervals from the per-pair values and compare them with the frozen ones.
    #[arg(long)]
    pub(crate) recompute_ci: bool,
    #[command(flatten)]
    pub(crate) resampling: ResamplingArguments,
    /// Show recomputed intervals without comparing them, so that other settings than the frozen ones may be used.
    #[arg(long, requires = "recompute_ci")]
    pub(crate) no_compare: bool,
}

/// `checksums`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChecksumsArguments {
    /// Manifests to verify, each against the files beside it; without any, both manifests of the bundle.
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub(crate) manifests: Vec<PathBuf>,
    /// The bundle's folder, for manifests that are named from it.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: Option<PathBuf>,
    /// The release description; which manifests a release pins is `release-identity`'s to judge.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<PathBuf>,
    /// Files that no manifest lists are findings.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
}
