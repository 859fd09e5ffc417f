//! Comparisons as they stand on disk. Fields are declared in the order of their names: that is the order of the keys.

use std::collections::BTreeMap;

use serde::Serialize;
use spinefairbench_bootstrap::SignPatterns;

use super::{Comparison, Comparisons, EndpointComparison};
use crate::score_file::{Ci95, SeedNumber};

/// The schema version of a file of comparisons.
pub const COMPARISON_SCHEMA_VERSION: &str = "spinefairbench-comparison-v1";

/// All comparisons of one call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonFile {
    /// The estimator of the intervals.
    pub bootstrap: &'static str,
    /// How many resamples, and how many random sign patterns.
    pub bootstrap_iterations: u32,
    /// The seed.
    pub bootstrap_seed: SeedNumber,
    /// Each comparison.
    pub comparisons: Vec<ComparisonRow>,
    /// `spinefairbench-comparison-v1`.
    pub schema_version: &'static str,
    /// Over how many tests p-values are adjusted.
    pub tests_in_family: usize,
    /// What a reader must know about the inputs.
    pub warnings: Vec<String>,
}

/// Two models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonRow {
    /// How the pairs of the two meet.
    pub alignment: AlignmentRow,
    /// Each endpoint, by name.
    pub endpoints: BTreeMap<&'static str, EndpointRow>,
    /// The first model.
    pub first: String,
    /// Sources of the shared pairs.
    pub n_sources: usize,
    /// The second model.
    pub second: String,
}

/// How many pairs two models share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AlignmentRow {
    /// Pairs that only the first model has.
    pub only_in_first: usize,
    /// Pairs that only the second model has.
    pub only_in_second: usize,
    /// Pairs of both that a full refusal excludes.
    pub shared_unusable: usize,
    /// Pairs that are compared.
    pub shared_usable: usize,
}

/// One endpoint of two models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndpointRow {
    /// The interval of the mean difference.
    pub ci95: Ci95,
    /// Cohen's `d_z`; null where the differences have no spread.
    pub cohens_dz: Option<f64>,
    /// Why the numbers say less than they seem to.
    pub degenerate: Vec<&'static str>,
    /// The finding in plain words.
    pub finding: String,
    /// The first model's mean.
    pub first_mean: f64,
    /// First minus second.
    pub mean_difference: f64,
    /// The second model's mean.
    pub second_mean: f64,
    /// The test over the sources.
    pub sign_flip: TestRow,
    /// `first_better`, `second_better`, `not_shown`, `identical` or `undecidable`.
    pub verdict: &'static str,
    /// The test over the pairs.
    pub wilcoxon: TestRow,
}

/// One test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TestRow {
    /// The p-value.
    pub p: f64,
    /// The p-value after Benjamini and Hochberg.
    pub p_benjamini_hochberg: f64,
    /// The p-value after Holm.
    pub p_holm: f64,
    /// How many sign patterns were looked at; with the sign-flip test alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patterns: Option<u32>,
    /// Whether those are all patterns, so that the p-value is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patterns_are_all: Option<bool>,
    /// The statistic.
    pub statistic: f64,
}

impl ComparisonFile {
    /// The file of `comparisons`.
    #[must_use]
    pub fn new(comparisons: &Comparisons) -> Self {
        let rows: Vec<ComparisonRow> = comparisons.comparisons.iter().map(comparison_row).collect();
        Self {
            bootstrap: comparisons.plan.generator.score_file_name(),
            bootstrap_iterations: comparisons.plan.iterations.get(),
            bootstrap_seed: SeedNumber(comparisons.plan.seed.clone()),
            schema_version: COMPARISON_SCHEMA_VERSION,
            tests_in_family: rows.iter().map(|row| row.endpoints.len()).sum(),
            comparisons: rows,
            warnings: comparisons.warnings.clone(),
        }
    }

    /// The bytes of the file.
    ///
    /// # Panics
    ///
    /// Never: every value is a finite number, text, a list or an object with text keys.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("comparisons have only JSON values");
        bytes.push(b'\n');
        bytes
    }
}

fn comparison_row(comparison: &Comparison) -> ComparisonRow {
    let alignment = comparison.alignment;
    ComparisonRow {
        alignment: AlignmentRow {
            only_in_first: alignment.only_in_first,
            only_in_second: alignment.only_in_second,
            shared_unusable: alignment.shared_unusable,
            shared_usable: alignment.shared_usable,
        },
        endpoints: comparison
            .endpoints
            .iter()
            .map(|compared| (compared.endpoint.as_str(), endpoint_row(compared)))
            .collect(),
        first: comparison.first.clone(),
        n_sources: comparison.n_sources,
        second: comparison.second.clone(),
    }
}

fn endpoint_row(compared: &EndpointComparison) -> EndpointRow {
    let (patterns, are_all) = match compared.sign_flip.patterns {
        SignPatterns::All { patterns } => (patterns, true),
        SignPatterns::Sampled { patterns } => (patterns, false),
    };
    EndpointRow {
        ci95: Ci95 { lower: compared.interval.lower, upper: compared.interval.upper },
        cohens_dz: compared.cohens_dz,
        degenerate: compared.degeneracies.iter().map(|reason| reason.as_str()).collect(),
        finding: compared.finding.sentence.clone(),
        first_mean: compared.first_mean,
        mean_difference: compared.mean_difference,
        second_mean: compared.second_mean,
        sign_flip: TestRow {
            p: compared.sign_flip.p_value,
            p_benjamini_hochberg: compared.sign_flip_benjamini_hochberg,
            p_holm: compared.sign_flip_holm,
            patterns: Some(patterns),
            patterns_are_all: Some(are_all),
            statistic: compared.sign_flip.statistic,
        },
        verdict: compared.finding.verdict.as_str(),
        wilcoxon: TestRow {
            p: compared.wilcoxon.p_value,
            p_benjamini_hochberg: compared.wilcoxon_benjamini_hochberg,
            p_holm: compared.wilcoxon_holm,
            patterns: None,
            patterns_are_all: None,
            statistic: compared.wilcoxon.statistic,
        },
    }
}
